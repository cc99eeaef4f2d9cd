"""The names a learner needs: `check`, `hint` and `solution`."""

import difflib
import inspect
from collections.abc import Callable

from course_lib import checks, progress, report
from course_lib.judge.examine import examine
from course_lib.judge.exercise import Exercise
from course_lib.judge.status import Status


def check(subject: Callable) -> Callable:
    """Check a function or class that you wrote for an exercise.

    subject: the function itself, not the result of calling it; its name says which exercise it is.
    Returns your function when it passes and the course's otherwise, so that `f = check(f)` keeps a lesson going.
    An outcome is shown, never raised.
    """
    exercise = _find(subject)
    if exercise is None:
        return subject
    if isinstance(subject, str):
        report.show(
            "That is the function's name in quotes",
            [f"Give the function itself: `check({exercise.name})`."],
            mark="→",
        )
        return exercise.reference
    if subject is exercise.reference:
        report.show(
            f"{exercise.name}: this is the course's version, not yours",
            [
                f"Run the cell with your own function, then this one. If that cell shows an error, mend it first; and "
                f"see that the function is called `{exercise.name}` there."
            ],
            mark="→",
        )
        return subject
    outcome = examine(exercise, subject)
    progress.record(exercise.name, outcome.status.value, outcome.message)
    report.show_outcome(outcome, _next_step(outcome, exercise))
    return subject if outcome.passed else exercise.reference


def hint(subject: Callable | str) -> None:
    """Show the next hint for an exercise, given its function or its name."""
    exercise = _find(subject)
    if exercise is None:
        return
    number = progress.next_hint(exercise.name, len(exercise.hints))
    more = "Call it again for the next one."
    if number + 1 == len(exercise.hints):
        more = f"That was the last one. `solution({exercise.name!r})` shows the course's version."
    headline = f"Hint {number + 1} of {len(exercise.hints)} for {exercise.name}"
    report.show(headline, [exercise.hints[number], more], mark="→")


def solution(subject: Callable | str) -> None:
    """Show the course's own version of an exercise, given its function or its name."""
    exercise = _find(subject)
    if exercise is None:
        return
    markers = ("# BEGIN SOLUTION", "# END SOLUTION")
    source = [line for line in inspect.getsource(exercise.reference).splitlines() if line.strip() not in markers]
    remark = "Other ways are right too: the check compares results, not code."
    report.show(f"The course's {exercise.name}", [remark], mark="→", code=source)


def _find(subject) -> Exercise | None:
    """The exercise a learner means; says what is wrong when there is none."""
    name = subject if isinstance(subject, str) else getattr(subject, "__name__", None)
    if name is None or not (isinstance(subject, str) or callable(subject)):
        report.show(
            "That is not a function",
            ["Give the function itself, without calling it: `check(one_hot)`, not `check(one_hot(...))`."],
            mark="→",
        )
        return None
    exercise = checks.find(name)
    if exercise is None:
        near = difflib.get_close_matches(name, checks.index(), n=3)
        meant = f"Did you mean {', '.join(near)}? " if near else ""
        rule = f"{meant}The function's own name says which exercise it is."
        report.show(f"There is no exercise called {name}", [rule], mark="→")
    return exercise


def _next_step(outcome, exercise: Exercise) -> str:
    if outcome.passed:
        return "Your own version is used from here on."
    help_ = f"`hint({exercise.name!r})` gives a nudge."
    if outcome.status is Status.NOT_WRITTEN:
        return f"The lesson goes on with the course's version until yours is there. {help_}"
    return f"The lesson goes on with the course's version meanwhile. {help_}"
