"""Which mistake does a wrong answer look like? The one that behaves the same, not the one that is written the same."""

from collections.abc import Callable, Iterator

import numpy as np

from course_lib.judge import families
from course_lib.judge.compare import difference, is_tensor
from course_lib.judge.exercise import Case, Exercise, Mistake
from course_lib.judge.trial import Run, alike, argument_text, compared, fault, run
from course_lib.language import say


def known_mistake(exercise: Exercise, cases: list[Case], index: int, got: list[Run], expected: list[Run]):
    """The mistake that behaves as the answer does: on the failing case, and on the most others.

    exercise: the exercise.
    cases: all cases of the round.
    index: the case on which the answer failed.
    got, expected: the runs of the answer and of the reference, a run for each case.
    Returns a Mistake, or None.
    """
    failing = [i for i, this in enumerate(cases) if fault(exercise, got[i], expected[i], this)]
    best: Mistake | None = None
    most = 0
    for mistake in exercise.mistakes:
        try:
            function = mistake.function
        except ValueError:  # the author's error, which the tests tell
            continue
        if not alike(exercise, got[index], run(exercise, function, cases[index]), cases[index]):
            continue
        agrees = [alike(exercise, got[i], run(exercise, function, this), this) for i, this in enumerate(cases)]
        failing_agrees = sum(agrees[i] for i in failing)
        if 2 * failing_agrees >= len(failing) and (score := sum(agrees) + failing_agrees) > most:
            best, most = mistake, score
    return best or families.known(exercise, got, expected, [index, *(i for i in failing if i != index)])


def ignored_argument(exercise: Exercise, subject: Callable, this: Case, expected: Run) -> str | None:
    """A sentence about an argument that changes the right result but not the learner's, or None."""
    if exercise.probe is not None or expected.error is not None:
        return None
    base = run(exercise, subject, this)
    if base.value is None:  # there is a simpler thing to say
        return None
    for position, value in enumerate(this.args):
        for other in _variations(value):
            varied = Case((*this.args[:position], other, *this.args[position + 1 :]), this.kwargs)
            right, ours = run(exercise, exercise.reference, varied), run(exercise, subject, varied)
            if right.error or ours.error or not compared(exercise, right.value, expected.value, this):
                continue
            if difference(ours.value, base.value) is None:
                name = argument_text(exercise, position, this)
                return say("It makes no difference to your result what {argument} is.", argument=name)
            break
    return None


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
