"""Mistakes that every exercise knows without listing them, told by what a run looks like beside the reference's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from course_lib.judge.exercise import Exercise, Mistake
from course_lib.judge.trial import Run
from course_lib.language import say


@dataclass(frozen=True)
class Family:
    """A kind of mistake.

    told: `told(same, got, expected)`: whether a run looks like it; same compares two values.
    looks, do: as in `Exercise.slip`.
    """

    told: Callable[[Callable, Run, Run], bool]
    looks: str
    do: str


def known(exercise: Exercise, got: list[Run], expected: list[Run], failing: list[int]) -> Mistake | None:
    """The family that at least half of the failing cases look like, the first of them among them; or None."""

    def same(one, other) -> bool:
        return exercise.difference(one, other) is None

    def told(family: Family, i: int) -> bool:
        if got[i].error is not None or expected[i].error is not None:
            return False
        try:
            return family.told(same, got[i], expected[i])
        except Exception:  # values of unlike kinds that do not let themselves be compared
            return False

    for family in families(exercise):
        alike = [told(family, i) for i in failing]
        if alike[0] and 2 * sum(alike) >= len(alike):
            return Mistake(lambda: exercise.reference, family.looks, family.do, "family")
    return None


def families(exercise: Exercise) -> Iterator[Family]:
    """The families of an exercise; those of a tuple's parts speak of them by name where they have names."""
    yield from _FAMILIES
    parts = [f"`{name}`" for name in exercise.returns] or [say("the first result"), say("the second result")]
    whole = say("Return all of them, separated by commas: {parts}.", parts=", ".join(parts))
    for position, part in enumerate(parts):
        yield Family(partial(_part_alone, position), say("only {part} is returned", part=part), whole)
    order = say("The order is {parts}.", parts=", ".join(parts))
    yield Family(_exchanged, say("the results are returned in the wrong order"), order)


def _nothing(same, got: Run, expected: Run) -> bool:
    return got.value is None and expected.value is not None


def _detached(same, got: Run, expected: Run) -> bool:
    return expected.gradients is not None and got.gradients is None and same(got.value, expected.value)


def _changed(same, got: Run, expected: Run) -> bool:
    changed = got.changed_argument is not None and expected.changed_argument is None
    return changed and same(got.value, expected.value)


def _transposed(same, got: Run, expected: Run) -> bool:
    return getattr(expected.value, "ndim", 0) == 2 and same(got.value, expected.value.T)


def _part_alone(position: int, same, got: Run, expected: Run) -> bool:
    parts = expected.value
    return isinstance(parts, tuple) and len(parts) > position and same(got.value, parts[position])


def _exchanged(same, got: Run, expected: Run) -> bool:
    return isinstance(expected.value, tuple) and len(expected.value) > 1 and same(got.value, expected.value[::-1])


_FAMILIES = (
    Family(
        lambda same, got, expected: _nothing(same, got, expected) and bool(got.printed.strip()),
        "the result is printed, not returned",
        "print(...) shows a value and forgets it: end with `return` and the value.",
    ),
    Family(
        _nothing,
        "the result is not returned",
        "Without `return` a function gives None: is a `return` missing, or does it stand in a branch only?",
    ),
    Family(
        _detached,
        "the result is cut off from its gradients",
        "No .detach(), .item(), .numpy() or torch.tensor(...) on the way: a network could not learn through them.",
    ),
    Family(
        _changed,
        "an argument was changed in place",
        "The caller still needs it: `x /= 2` and x[...] = 0 write into it, `x / 2` makes a new one. Work on a copy.",
    ),
    Family(
        _transposed,
        "the result is transposed: rows and columns are exchanged",
        "Say what one row of the result stands for, and compare with the docstring.",
    ),
)
