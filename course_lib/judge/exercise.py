"""What an exercise is: its cases, its hints, the mistakes it knows, and other right answers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property, partial

import numpy as np

from course_lib.judge.compare import difference
from course_lib.judge.slip import slipped


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
    """A wrong answer that learners write.

    make: returns the wrong function; called only when a check has failed.
    looks: what it looks like; completes "It looks as if ...".
    do: what to do about it.
    where: how it was listed, for a message to the author.
    """

    make: Callable[[], Callable] = field(compare=False, repr=False)
    looks: str
    do: str = ""
    where: str = ""

    @cached_property
    def function(self) -> Callable:
        """The wrong function. Raises ValueError when it was listed as a slip that cannot be made."""
        return self.make()


@dataclass(eq=False, repr=False)
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
    returns: what the parts of a tuple that it returns are called, in their order, for a message.
    aliases: earlier names of this exercise, so that an update finds the learner's answer.
    """

    reference: Callable
    cases: Callable[[np.random.Generator], Iterable[Case]]
    _: KW_ONLY
    hints: Sequence[str]
    differ: Callable | None = None
    probe: Callable | None = None
    rtol: float | None = None
    atol: float | None = None
    strict_dtype: bool = False
    lazy: bool = False
    returns: Sequence[str] = ()
    aliases: Sequence[str] = ()
    mistakes: list[Mistake] = field(default_factory=list, init=False)
    alternatives: list[Callable] = field(default_factory=list, init=False)

    @property
    def name(self) -> str:
        """The reference's name."""
        return self.reference.__name__

    def difference(self, got, expected, where: str = "") -> str | None:
        """`compare.difference` of two values within the exercise's tolerance."""
        return difference(got, expected, self.rtol, self.atol, self.strict_dtype, where)

    def slip(self, place: str, edit: str, *, looks: str, do: str = "", inside: str = "") -> None:
        """List a mistake as an edit of the reference; place, edit and inside as in `slip.slipped`.

        looks: completes "It looks as if ...".
        do: says what to try next.
        """
        make = partial(slipped, self.reference, place, edit, inside)
        self._list(Mistake(make, looks, do, f"slip({place!r}, {edit!r})"))

    def mistake(self, looks: str, do: str = "") -> Callable[[Callable], Callable]:
        """Decorate a wrong function, where the approach is wrong and not a place; looks and do as in `slip`."""

        def register(function: Callable) -> Callable:
            self._list(Mistake(lambda: function, looks, do, function.__name__))
            return function

        return register

    def alternative(self, function: Callable) -> Callable:
        """Decorate a right function that differs from the reference; the check must accept it."""
        self.alternatives.append(function)
        return function

    def _list(self, mistake: Mistake) -> None:
        for other in self.mistakes:
            if mistake.looks == other.looks or (mistake.where == other.where and mistake.where.startswith("slip(")):
                raise ValueError(f"{self.name}: {mistake.where} is listed twice ({mistake.looks!r}); remove one")
        self.mistakes.append(mistake)
