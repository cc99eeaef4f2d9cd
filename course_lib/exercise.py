"""An exercise: its cases, the mistakes it knows, and how it examines a learner's function.

An exercise never compares source code. It runs the learner's function and, when a case fails, runs every known
mistake on the same cases: the mistake that behaves the same is the one to name.
"""

import _thread
import contextlib
import copy
import inspect
import io
import secrets
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import numpy as np

from course_lib.compare import brief, difference, is_tensor, kind, unchanged

NOT_WRITTEN, RAISES, WRONG, PASSED = "not written", "raises", "wrong", "passed"
TIME_LIMIT = 8.0  # seconds for one whole examination: an endless loop that fills a list has no time to fill the memory
_PACKAGE = str(Path(__file__).resolve().parent)


@dataclass(frozen=True)
class Case:
    """One set of arguments on which an exercise is tried."""

    args: tuple
    kwargs: dict = field(default_factory=dict)
    label: str = ""


def case(*args, label: str = "", **kwargs) -> Case:
    """A case: the arguments as the learner's function gets them, and what to call it in a message."""
    return Case(args, kwargs, label)


@dataclass(frozen=True)
class Mistake:
    """A wrong function that learners write, what it looks like, and what to do about it."""

    function: Callable
    text: str
    do: str = ""


@dataclass(frozen=True)
class Outcome:
    """What an examination found.

    status: one of NOT_WRITTEN, RAISES, WRONG, PASSED.
    message: the main sentence.
    details: further sentences: on which input, what to do.
    mistake: the known mistake it looks like, or None.
    code: the learner's lines that led to an exception, one string a line.
    printed: what the function printed in the failing case.
    """

    exercise: str
    status: str
    message: str
    details: tuple[str, ...] = ()
    mistake: Mistake | None = None
    code: tuple[str, ...] = ()
    printed: str = ""

    @property
    def passed(self) -> bool:
        return self.status == PASSED


@dataclass
class _Run:
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
        for position, (before, after) in enumerate(zip(self.before, self.after, strict=True)):
            if not unchanged(before, after):
                return position
        return None


class Exercise:
    """One function or class that a learner writes, and everything needed to judge it.

    reference: the course's own version; its name is the exercise's name.
    cases: called with a numpy Generator, yields `case(...)`: the worked example first, then edge cases, then random
        ones. It is run with seed 0, so that messages repeat, and then with a fresh seed, so that no answer can be
        learnt by heart.
    hints: from a gentle nudge to nearly the answer.
    differ: `differ(got, expected, *args, **kwargs)` returns None or what differs; for results with a free choice.
    probe: `probe(subject, *args, **kwargs)` drives the learner's function or class; by default it is just called.
    rtol, atol, strict_dtype: as in `compare.difference`.
    lazy: a generator is right, too, where the reference returns a list.
    aliases: earlier names of this exercise, so that an update finds the learner's answer.
    """

    def __init__(
        self,
        reference: Callable,
        cases: Callable[[np.random.Generator], Iterable[Case]],
        *,
        hints: Iterable[str],
        differ: Callable | None = None,
        probe: Callable | None = None,
        rtol: float | None = None,
        atol: float | None = None,
        strict_dtype: bool = False,
        lazy: bool = False,
        aliases: Iterable[str] = (),
    ):
        self.reference = reference
        self.name = reference.__name__
        self.cases = cases
        self.hints = tuple(hints)
        self.aliases = tuple(aliases)
        self.mistakes: list[Mistake] = []
        self.alternatives: list[Callable] = []
        self._differ = differ
        self._probe = probe
        self._lazy = lazy
        self._tolerance = {"rtol": rtol, "atol": atol, "strict_dtype": strict_dtype}

    def mistake(self, text: str, do: str = "") -> Callable[[Callable], Callable]:
        """Decorate a wrong function. text completes 'It looks as if ...'; do says what to try next."""

        def register(function: Callable) -> Callable:
            self.mistakes.append(Mistake(function, text, do))
            return function

        return register

    def alternative(self, function: Callable) -> Callable:
        """Decorate a right function that differs from the reference; the check must accept it."""
        self.alternatives.append(function)
        return function

    def examine(self, subject: Callable, seed: int | None = None, time_limit: float = TIME_LIMIT) -> Outcome:
        """Try a function on all cases and say what is found.

        subject: the learner's function or class.
        seed: of the second round of cases; a fresh one by default.
        time_limit: seconds after which the examination stops, where threads can interrupt the main one.
        Returns an Outcome; an exception of the subject becomes one too.
        """
        fresh = secrets.randbits(32) if seed is None else seed
        watch = _Watchdog(time_limit)
        try:
            with watch:
                for number in (0, fresh):
                    outcome = self._examine_round(subject, list(self.cases(np.random.default_rng(number))))
                    if outcome is not None:
                        return outcome
        except KeyboardInterrupt:
            if not watch.fired:
                return Outcome(self.name, RAISES, "The check was interrupted.")
            return Outcome(
                self.name,
                RAISES,
                f"The check stopped after {time_limit:g} seconds: the function does not come to an end, or is slow.",
                ("Look for a loop whose condition never changes.",),
            )
        return Outcome(self.name, PASSED, "Passed.")

    def _examine_round(self, subject, cases: list[Case]) -> Outcome | None:
        for index, this in enumerate(cases):
            expected = self._run(self.reference, this)
            got = self._run(subject, this)
            if isinstance(got.error, NotImplementedError):
                return Outcome(self.name, NOT_WRITTEN, "Not written yet.", code=())
            fault = self._fault(got, expected, this)
            if fault is None and index == 0:
                fault = self._repeatable(subject, this, got)
            if fault is not None:
                return self._diagnose(subject, cases, index, got, expected, fault)
        return None

    def _run(self, function, this: Case) -> _Run:
        args, kwargs = copy.deepcopy((this.args, this.kwargs))
        run = _Run(before=(*this.args, *this.kwargs.values()), after=(*args, *kwargs.values()))
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a division by zero shows in the result, with its place
                run.value = self._probe(function, *args, **kwargs) if self._probe else function(*args, **kwargs)
                if inspect.isgenerator(run.value):
                    run.value, run.generator = list(run.value), True
            run.gradients = _gradients(run.value, run.after)
        except (Exception, SystemExit) as error:
            run.error = error
        run.printed = printed.getvalue()
        return run

    def _compare(self, got, expected, this: Case) -> str | None:
        """What differs between two returned values, under the exercise's own comparison if it has one."""
        if self._differ is None:
            return difference(got, expected, **self._tolerance)
        try:
            return self._differ(got, expected, *copy.deepcopy(this.args), **copy.deepcopy(this.kwargs))
        except Exception as error:  # a comparison written for right types meets a wrong one
            text = difference(got, expected, **self._tolerance)
            return text or f"the result is {kind(got)} and cannot be compared ({error})"

    def _fault(self, got: _Run, expected: _Run, this: Case) -> str | None:
        """What is wrong with a run, or None."""
        if expected.error is not None:
            if isinstance(got.error, type(expected.error)):
                return None
            wanted = type(expected.error).__name__
            if got.error is not None:
                return f"{type(got.error).__name__} was raised, expected {wanted}"
            return f"{brief(got.value)} was returned, expected {wanted} to be raised"
        if got.error is not None:
            return f"{type(got.error).__name__}: {got.error}".rstrip(": ")
        if text := self._compare(got.value, expected.value, this):
            return text
        if got.generator and not (expected.generator or self._lazy):
            return f"the values are right, but they come as a generator, expected {kind(expected.value)}: use list(...)"
        if (position := got.changed_argument) is not None and expected.changed_argument is None:
            return f"the result is right, but {self._argument(position, this)} was changed in place: work on a copy"
        if expected.gradients is not None:
            if got.gradients is None:
                return (
                    "the values are right, but no gradient flows through the result: "
                    "keep to torch operations, without .detach(), .item(), .numpy() or torch.tensor(...)"
                )
            for position, (ours, theirs) in enumerate(zip(got.gradients, expected.gradients, strict=True)):
                if text := difference(ours, theirs, where=f"gradient {position}", **self._tolerance):
                    return f"the values are right, but {text}"
        return None

    def _repeatable(self, subject, this: Case, first: _Run) -> str | None:
        second = self._run(subject, this)
        if first.error is None and (second.error is not None or difference(second.value, first.value)):
            return "two calls with the same input gave different results: is something kept between calls?"
        return None

    def _diagnose(self, subject, cases, index, got: _Run, expected: _Run, fault: str) -> Outcome:
        this = cases[index]
        place = self._call_text(this)
        status = RAISES if got.error is not None and expected.error is None else WRONG
        found = self._known_mistake(subject, cases, index)
        details = []
        if found is not None:
            message = f"It looks as if {found.text}."
            if found.do:
                details.append(found.do)
            details.append(_sentence(f"On {place}: {fault}"))
        else:
            message = _sentence(f"On {place}: {fault}")
            if (
                status == WRONG
                and got.value is not None
                and (ignored := self._ignored_argument(subject, this, expected))
            ):
                details.append(ignored)
        code = _learner_lines(got.error, subject) if status == RAISES else ()
        return Outcome(self.name, status, message, tuple(details), found, code, _shorten(got.printed))

    def _known_mistake(self, subject, cases: list[Case], index: int) -> Mistake | None:
        """The mistake that behaves as the subject does: on the failing case, and on the most others."""
        expected = [self._run(self.reference, this) for this in cases]
        got = [self._run(subject, this) for this in cases]
        failing = [i for i, this in enumerate(cases) if self._fault(got[i], expected[i], this)]
        best, most = None, 0
        for mistake in self.mistakes:
            first = self._run(mistake.function, cases[index])
            if not self._behaves_alike(got[index], first, cases[index]):
                continue
            runs = [self._run(mistake.function, this) for this in cases]
            alike = [self._behaves_alike(got[i], runs[i], this) for i, this in enumerate(cases)]
            failing_alike = sum(alike[i] for i in failing)
            if 2 * failing_alike >= len(failing) and (score := sum(alike) + failing_alike) > most:
                best, most = mistake, score
        return best

    def _behaves_alike(self, one: _Run, other: _Run, this: Case) -> bool:
        if one.error is not None or other.error is not None:
            return type(one.error) is type(other.error) and str(one.error) == str(other.error)
        changed = [run.changed_argument is not None for run in (one, other)]
        if changed[0] != changed[1] or (one.gradients is None) != (other.gradients is None):
            return False
        if difference(one.value, other.value, **self._tolerance) is None:
            pass
        elif self._differ is None or self._compare(one.value, other.value, this):
            return False
        if one.gradients is None:
            return True
        pairs = zip(one.gradients, other.gradients, strict=True)
        return all(difference(a, b, **self._tolerance) is None for a, b in pairs)

    def _ignored_argument(self, subject, this: Case, expected: _Run) -> str | None:
        """Name an argument that changes the right result but not the learner's."""
        if self._probe is not None or expected.error is not None:
            return None
        base = self._run(subject, this)
        if base.value is None:  # there is a simpler thing to say
            return None
        for position, value in enumerate(this.args):
            for other in _variations(value):
                varied = Case((*this.args[:position], other, *this.args[position + 1 :]), this.kwargs)
                right, ours = self._run(self.reference, varied), self._run(subject, varied)
                if right.error or ours.error or not self._compare(right.value, expected.value, this):
                    continue
                if difference(ours.value, base.value) is None:
                    name = self._argument(position, this)
                    return f"{name[0].upper()}{name[1:]} makes no difference to your result."
                break
        return None

    def _argument(self, position: int, this: Case) -> str:
        names = _parameter_names(self.reference) if self._probe is None else []
        names = names[: len(this.args)] + list(this.kwargs)
        return f"the argument `{names[position]}`" if position < len(names) else f"argument number {position + 1}"

    def _call_text(self, this: Case) -> str:
        parts = [brief(value, 40) for value in this.args]
        parts += [f"{name}={brief(value, 40)}" for name, value in this.kwargs.items()]
        call = f"{self.name}({', '.join(parts)})" if self._probe is None else ""
        if this.label and (not call or len(call) > 100):
            return this.label
        return f"{this.label}, {call}" if this.label else call or "a case"


class _Watchdog:
    """Interrupt the main thread when the time is up; does nothing in other threads."""

    def __init__(self, seconds: float):
        self.fired = False
        self._done = False
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._fire)
        self._timer.daemon = True

    def _fire(self) -> None:
        with self._lock:
            if not self._done:
                self.fired = True
                _thread.interrupt_main()

    def __enter__(self) -> "_Watchdog":
        if threading.current_thread() is threading.main_thread():
            self._timer.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._lock:
            self._done = True
        self._timer.cancel()
        if self.fired and kind is not KeyboardInterrupt:
            time.sleep(0.1)  # the interrupt is under way: let it arrive inside examine(), where it is caught


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


def _variations(value) -> Iterator:
    """Other values of the same type and shape, to find out whether an argument is used at all."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, float):
        yield value * 1.5 + 0.1
    elif isinstance(value, np.ndarray) and value.size:
        yield ~value if value.dtype == bool else value[::-1].copy() if value.dtype.kind in "iu" else value * 1.5 + 0.1
    elif is_tensor(value) and value.numel():
        yield (value * 1.5 + 0.1).detach() if value.dtype.is_floating_point else value.flip(0)
    elif isinstance(value, (list, tuple)) and len(value) > 1:
        yield value[::-1]


def _parameter_names(function) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _learner_lines(error: BaseException | None, subject) -> tuple[str, ...]:
    """The traceback of an exception, cut to the lines that the learner wrote."""
    if error is None:
        return ()
    if isinstance(error, SyntaxError):
        return (f"line {error.lineno}: {(error.text or '').strip()}",)
    own = getattr(getattr(subject, "__code__", None), "co_filename", None)
    lines = []
    for frame in traceback.extract_tb(error.__traceback__):
        foreign = "site-packages" in frame.filename or frame.filename.startswith((_PACKAGE, "<frozen"))
        if frame.filename == own or not (foreign or "lib/python" in frame.filename.replace("\\", "/")):
            line = f"in {frame.name}, line {frame.lineno}: {(frame.line or '').strip()}".rstrip(": ")
            if line not in lines[-1:]:  # a recursion repeats itself
                lines.append(line)
    return tuple(lines[-4:])


def _sentence(text: str) -> str:
    return text if text.endswith("?") else f"{text}."


def _shorten(text: str, lines: int = 8) -> str:
    kept = text.rstrip().splitlines()
    return "\n".join(kept[:lines] + (["…"] if len(kept) > lines else []))
