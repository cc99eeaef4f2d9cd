"""Mistakes that every exercise knows without listing them.

Each is told by what the learner's run looks like beside the reference's, and can be made from the reference, so that a
test may see it told.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from course_lib.judge.compare import difference, is_tensor
from course_lib.judge.exercise import Exercise, Mistake
from course_lib.judge.trial import Run
from course_lib.language import say


@dataclass(frozen=True)
class Family:
    """A kind of mistake.

    told: `told(exercise, got, expected)`: whether a learner's run looks like it.
    spoil: turns what the reference returns into what the mistake returns, given the arguments.
    looks, do: as in `Exercise.slip`.
    """

    told: Callable[[Exercise, Run, Run], bool]
    spoil: Callable[[object, tuple], object]
    looks: str
    do: str


def known(exercise: Exercise, got: list[Run], expected: list[Run], failing: list[int]) -> Mistake | None:
    """The family that at least half of the failing cases look like, the first of them among them; or None."""
    for family in families(exercise):
        told = [_told(family, exercise, got[i], expected[i]) for i in failing]
        if told and told[0] and 2 * sum(told) >= len(told):
            return mistake(family, exercise)
    return None


def mistake(family: Family, exercise: Exercise) -> Mistake:
    """A family as a mistake of one exercise."""
    function = exercise.reference

    @functools.wraps(function)
    def spoilt(*args, **kwargs):
        return family.spoil(function(*args, **kwargs), (*args, *kwargs.values()))

    return Mistake(lambda: spoilt, family.looks, family.do, "family")


def families(exercise: Exercise) -> Iterator[Family]:
    """The families of an exercise; those of a tuple's parts speak of them by name where they have names."""
    yield from _FAMILIES
    parts = [f"`{name}`" for name in exercise.returns] or [say("the first result"), say("the second result")]
    for position, part in enumerate(parts):
        yield Family(
            functools.partial(_part_alone, position),
            functools.partial(_only, position),
            say("only {part} is returned", part=part),
            say("Return all of them, separated by commas: {parts}.", parts=", ".join(parts)),
        )
    yield Family(
        _exchanged,
        lambda value, args: value[::-1] if isinstance(value, tuple) else value,
        say("the results are returned in the wrong order"),
        say("The order is {parts}.", parts=", ".join(parts)),
    )


def _told(family: Family, exercise: Exercise, got: Run, expected: Run) -> bool:
    if got.error is not None or expected.error is not None:
        return False
    try:
        return family.told(exercise, got, expected)
    except Exception:  # values of unlike kinds that do not let themselves be compared
        return False


def _same(exercise: Exercise, one, other) -> bool:
    return difference(one, other, **exercise.tolerance) is None


def _part_alone(position: int, exercise: Exercise, got: Run, expected: Run) -> bool:
    parts = expected.value
    return isinstance(parts, tuple) and len(parts) > position and _same(exercise, got.value, parts[position])


def _only(position: int, value, args):
    return value[position] if isinstance(value, tuple) and len(value) > position else value


def _exchanged(exercise: Exercise, got: Run, expected: Run) -> bool:
    parts = expected.value
    return isinstance(parts, tuple) and len(parts) > 1 and _same(exercise, got.value, parts[::-1])


def _transposed(exercise: Exercise, got: Run, expected: Run) -> bool:
    return getattr(expected.value, "ndim", 0) == 2 and _same(exercise, got.value, expected.value.T)


def _printed(value, args):
    print(value)


def _detach(value, args):
    if isinstance(value, tuple):
        return tuple(_detach(part, args) for part in value)
    return value.detach() if is_tensor(value) else value


def _change_argument(value, args):
    for arg in args:
        if isinstance(arg, list) and arg:
            arg.append(arg[0])
        elif isinstance(arg, np.ndarray) and arg.size and arg.flags.writeable and arg.dtype.kind in "biuf":
            arg[...] = np.logical_not(arg)
        elif is_tensor(arg) and arg.numel() and not arg.requires_grad:
            arg.logical_not_()
        else:
            continue
        break
    return value


_FAMILIES = (
    Family(
        lambda exercise, got, expected: got.value is None and expected.value is not None and bool(got.printed.strip()),
        _printed,
        "the result is printed, not returned",
        "print(...) shows a value and forgets it: end with `return` and the value.",
    ),
    Family(
        lambda exercise, got, expected: got.value is None and expected.value is not None,
        lambda value, args: None,
        "the result is not returned",
        "Without `return` a function gives None: is a `return` missing, or does it stand in a branch only?",
    ),
    Family(
        lambda exercise, got, expected: (
            expected.gradients is not None and got.gradients is None and _same(exercise, got.value, expected.value)
        ),
        _detach,
        "the result is cut off from its gradients",
        "No .detach(), .item(), .numpy() or torch.tensor(...) on the way: a network could not learn through them.",
    ),
    Family(
        lambda exercise, got, expected: (
            got.changed_argument is not None
            and expected.changed_argument is None
            and _same(exercise, got.value, expected.value)
        ),
        _change_argument,
        "an argument was changed in place",
        "The caller still needs it: `x /= 2` and x[...] = 0 write into it, `x / 2` makes a new one. Work on a copy.",
    ),
    Family(
        _transposed,
        lambda value, args: value.T if getattr(value, "ndim", 0) == 2 else value,
        "the result is transposed: rows and columns are exchanged",
        "Say what one row of the result stands for, and compare with the docstring.",
    ),
)
