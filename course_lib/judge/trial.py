"""One run of a function on one case of an exercise, and what is wrong with it."""

import contextlib
import copy
import inspect
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from course_lib.judge.compare import brief, is_tensor, kind, unchanged
from course_lib.judge.exercise import Case, Exercise
from course_lib.language import say


@dataclass
class Run:
    """How a function behaved on one case."""

    value: object = None
    error: BaseException | None = None
    before: tuple = ()
    after: tuple = ()
    gradients: list | None = None
    printed: str = ""
    generator: bool = False

    @property
    def changed_argument(self) -> int | None:
        """The position of the first argument that the function changed in place, or None."""
        pairs = enumerate(zip(self.before, self.after, strict=True))
        return next((position for position, pair in pairs if not unchanged(*pair)), None)


def run(exercise: Exercise, function: Callable, this: Case) -> Run:
    """Run a function on a case; its exception becomes part of the Run."""
    args, kwargs = copy.deepcopy((this.args, this.kwargs))
    found = Run(before=(*this.args, *this.kwargs.values()), after=(*args, *kwargs.values()))
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a division by zero shows in the result, with its place
            found.value = exercise.probe(function, *args, **kwargs) if exercise.probe else function(*args, **kwargs)
            if inspect.isgenerator(found.value):
                found.value, found.generator = list(found.value), True
        found.gradients = _gradients(found.value, found.after)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an answer may leave by SystemExit, GeneratorExit or one of its own
        found.error = error
    found.printed = printed.getvalue()
    return found


def compared(exercise: Exercise, got, expected, this: Case) -> str | None:
    """What differs between two returned values, under the exercise's own comparison if it has one."""
    if exercise.differ is None:
        return exercise.difference(got, expected)
    try:
        return exercise.differ(got, expected, *copy.deepcopy(this.args), **copy.deepcopy(this.kwargs))
    except Exception as error:  # a comparison written for right types meets a wrong one
        text = exercise.difference(got, expected)
        return text or say("the result is {kind} and cannot be compared ({error})", kind=kind(got), error=error)


def fault(exercise: Exercise, got: Run, expected: Run, this: Case) -> str | None:
    """What is wrong with a run beside the reference's on the same case, as a clause without a full stop; or None."""
    if expected.error is not None:
        if isinstance(got.error, type(expected.error)):
            return None
        wanted = type(expected.error).__name__
        if got.error is not None:
            return say("{got} was raised, expected {wanted}", got=type(got.error).__name__, wanted=wanted)
        return say("{got} was returned, expected {wanted} to be raised", got=brief(got.value), wanted=wanted)
    if got.error is not None:
        return error_text(got.error)
    if text := compared(exercise, got.value, expected.value, this):
        return text
    if got.generator and not (expected.generator or exercise.lazy):
        text = "the values are right, but they come as a generator, expected {kind}: use list(...)"
        return say(text, kind=kind(expected.value))
    if (position := got.changed_argument) is not None and expected.changed_argument is None:
        text = "the result is right, but {argument} was changed in place: work on a copy"
        return say(text, argument=argument_text(exercise, position, this))
    if expected.gradients is None:
        return None
    if got.gradients is None or len(got.gradients) != len(expected.gradients):
        return say(
            "the values are right, but no gradient flows through the result: "
            "keep to torch operations, without .detach(), .item(), .numpy() or torch.tensor(...)"
        )
    for position, (ours, theirs) in enumerate(zip(got.gradients, expected.gradients, strict=True)):
        if text := exercise.difference(ours, theirs, say("gradient {position}", position=position)):
            return say("the values are right, but {fault}", fault=text)
    return None


def alike(exercise: Exercise, one: Run, other: Run, this: Case) -> bool:
    """Whether two runs on the same case did the same: result, error, gradients, changed arguments."""
    if one.error is not None or other.error is not None:
        return type(one.error) is type(other.error) and error_text(one.error) == error_text(other.error)
    if (one.changed_argument is None) != (other.changed_argument is None):
        return False
    if exercise.difference(one.value, other.value) and compared(exercise, one.value, other.value, this):
        return False
    return exercise.difference(one.gradients, other.gradients) is None


def error_text(error: BaseException) -> str:
    """Type and message of an exception, also of one that cannot say its own."""
    try:
        said = str(error)
    except Exception:
        said = ""
    return f"{type(error).__name__}: {said}".rstrip(": ")


def argument_text(exercise: Exercise, position: int, this: Case) -> str:
    """What to call an argument in a sentence."""
    names = parameter_names(exercise.reference) if exercise.probe is None else []
    names = names[: len(this.args)] + list(this.kwargs)
    if position < len(names):
        return say("the argument `{name}`", name=names[position])
    return say("argument number {number}", number=position + 1)


def call_text(exercise: Exercise, this: Case) -> str:
    """What to call a case in a sentence: its label, the call, or both."""
    parts = [brief(value, 40) for value in this.args]
    parts += [f"{name}={brief(value, 40)}" for name, value in this.kwargs.items()]
    call = f"{exercise.name}({', '.join(parts)})" if exercise.probe is None else ""
    label = say(this.label) if this.label else ""
    if label and (not call or len(call) > 100):
        return label
    return f"{label}, {call}" if label else call or say("a case")


def parameter_names(function: Callable) -> list[str]:
    """The names of a function's parameters, [] where Python cannot tell them."""
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _gradients(value, args) -> list | None:
    """Gradients of a fixed weighted sum of a torch result with respect to the arguments that require them."""
    inputs = [arg for arg in args if is_tensor(arg) and arg.requires_grad]
    outputs = [item for item in (value if isinstance(value, (tuple, list)) else [value]) if is_tensor(item)]
    outputs = [item for item in outputs if item.requires_grad]
    if not inputs or not outputs:
        return None
    import torch

    total = sum((out * torch.linspace(0.5, 1.5, out.numel()).reshape(out.shape).to(out)).sum() for out in outputs)
    found = torch.autograd.grad(total, inputs, allow_unused=True)
    return [torch.zeros_like(arg) if grad is None else grad for arg, grad in zip(inputs, found, strict=True)]
