"""The names a learner needs: `check`, `hint` and `solution`."""

import difflib
import sys
from collections.abc import Callable

from course_lib import checks
from course_lib.desk import progress, report
from course_lib.judge.examine import Outcome, judge
from course_lib.judge.exercise import Exercise
from course_lib.judge.status import Status
from course_lib.language import say
from course_lib.lesson.stub import source


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
        remedy = say("Give the function itself: `check({name})`.", name=exercise.name)
        report.show(say("That is the function's name in quotes"), [remedy])
        return exercise.reference
    outcome = judge(exercise, subject)
    if outcome.examined:
        progress.record(exercise.name, outcome.status.value, outcome.message)
        report.show_outcome(outcome, _next_step(outcome, exercise))
    else:
        text = (
            "Run the cell with your own function, then this one. If that cell shows an error, mend it first; and "
            "see that the function is called `{name}` there."
        )
        headline = say("{name}: this is the course's version, not yours", name=exercise.name)
        report.show(headline, [say(text, name=exercise.name)])
    return subject if outcome.passed else exercise.reference


def hint(subject: Callable | str) -> None:
    """Show the next hint for an exercise, given its function or its name."""
    exercise = _find(subject)
    if exercise is None:
        return
    total = len(exercise.hints)
    number = progress.next_hint(exercise.name, total)
    more = say("Call it again for the next one.")
    if number + 1 == total:
        more = say("That was the last one. `solution('{name}')` shows the course's version.", name=exercise.name)
    headline = say("Hint {number} of {total} for {name}", number=number + 1, total=total, name=exercise.name)
    report.show(headline, [say(exercise.hints[number]), more])


def solution(subject: Callable | str) -> None:
    """Show the course's own version of an exercise, given its function or its name."""
    exercise = _find(subject)
    if exercise is None:
        return
    text = source(exercise.reference.__module__, exercise.name, imports=False)
    remark = say("Other ways are right too: the check compares results, not code.")
    report.show(say("The course's {name}", name=exercise.name), [remark], code=text.splitlines())


def _find(subject) -> Exercise | None:
    """The exercise a learner means; says what is wrong when there is none."""
    name = subject if isinstance(subject, str) else getattr(subject, "__name__", "")
    if callable(subject) and name not in checks.index():
        name = _bound_to(subject) or name
    if not name or not (isinstance(subject, str) or callable(subject)):
        text = "Give the function itself, without calling it: `check(one_hot)`, not `check(one_hot(...))`."
        report.show(say("That is not a function"), [say(text)])
        return None
    exercise = checks.find(name)
    if exercise is None:
        near = difflib.get_close_matches(name, checks.index(), n=3)
        lines = [say("Did you mean {names}?", names=", ".join(near))] if near else []
        rule = say("The function's own name says which exercise it is.")
        report.show(say("There is no exercise called {name}", name=name), [*lines, rule])
    return exercise


def _bound_to(subject: Callable) -> str | None:
    """The exercise's name under which the caller's notebook knows a lambda, a partial or a decorated function."""
    frame = sys._getframe(3)  # behind this function, _find, and check or hint or solution
    for names in (frame.f_locals, frame.f_globals):
        for name, value in names.items():
            if value is subject and name in checks.index():
                return name
    return None


def _next_step(outcome: Outcome, exercise: Exercise) -> str:
    if outcome.passed:
        return say("Your own version is used from here on.")
    text = "The lesson goes on with the course's version meanwhile. `hint('{name}')` gives a nudge."
    if outcome.status is Status.NOT_WRITTEN:
        text = "The lesson goes on with the course's version until yours is there. `hint('{name}')` gives a nudge."
    return say(text, name=exercise.name)
