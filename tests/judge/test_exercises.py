"""The proof of the proofs: every check of the course has been seen to pass and to fail."""

import inspect
import re
from collections.abc import Iterator

import numpy as np
import pytest

from course_lib import checks
from course_lib.judge.examine import examine
from course_lib.judge.exercise import Exercise, Mistake
from course_lib.judge.status import Status
from course_lib.lesson.script import lessons
from course_lib.lesson.stub import stub
from judge.spoilt import spoilt

EXERCISES = [checks.find(name) for name in sorted(checks.index())]
ALTERNATIVES = [(exercise, function) for exercise in EXERCISES for function in exercise.alternatives]
MISTAKES = [(exercise, mistake) for exercise in EXERCISES for mistake in exercise.mistakes]


def _name(value) -> str:
    if isinstance(value, Mistake):
        return value.where
    return getattr(value, "name", None) or getattr(value, "__name__", str(value))


def _where(exercise: Exercise) -> str:
    return f"checks/{checks.index().get(exercise.name, '?')}.py, {exercise.name}"


def test_there_are_exercises_and_every_one_stands_in_a_lesson():
    in_lessons = [entry.name for lesson in lessons() for entry in lesson.exercises]
    assert len(EXERCISES) == sum(len(lesson.exercises) for lesson in lessons()) > 0
    assert sorted(in_lessons) == sorted(checks.index())


@pytest.mark.parametrize("exercise", EXERCISES, ids=_name)
def test_the_stub_is_refused_as_not_written(exercise: Exercise):
    namespace: dict = {"__name__": "__main__"}
    exec(stub(exercise.reference.__module__, exercise.name), namespace)
    assert examine(exercise, namespace[exercise.name]).status is Status.NOT_WRITTEN


@pytest.mark.parametrize("exercise", EXERCISES, ids=_name)
def test_the_reference_passes(exercise: Exercise):
    outcome = examine(exercise, exercise.reference)
    assert outcome.status is Status.PASSED, outcome


@pytest.mark.parametrize(("exercise", "function"), ALTERNATIVES, ids=_name)
def test_another_right_answer_passes(exercise: Exercise, function):
    outcome = examine(exercise, function)
    assert outcome.status is Status.PASSED, outcome


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES, ids=_name)
def test_a_known_mistake_is_refused_with_its_own_message(exercise: Exercise, mistake):
    where = f"{_where(exercise)}: {mistake.where}"
    for seed in (None, 1):
        outcome = examine(exercise, mistake.function, seed=seed)
        assert not outcome.passed, f"{where} passes the check: it is harmless, or no case shows it; add one"
        taken = outcome.mistake.looks if outcome.mistake else f"nothing known ({outcome.message})"
        again = f"seed {outcome.seed} repeats it"
        assert outcome.mistake is mistake, (
            f"{where} is taken for {taken!r}; add a case that tells the two apart ({again})"
        )
        assert mistake.looks in outcome.message


@pytest.mark.parametrize("exercise", EXERCISES, ids=_name)
def test_a_mistake_of_every_family_is_refused_and_named(exercise: Exercise):
    if isinstance(exercise.reference, type) or exercise.probe:
        return  # what the function returns is not what is compared
    for name, function in spoilt(exercise):
        outcome = examine(exercise, function, seed=1)
        # passed: it changes nothing here, for there is no tuple, no gradient, no argument that can be changed;
        # and where the result is a view of an argument, or needed for a gradient, changing it does more than that
        assert outcome.passed or outcome.mistake or name == "in place", f"{name}: {outcome.message}"


def wants(exercise: Exercise) -> Iterator[str]:
    """What an author still has to do about an exercise, a line each."""
    where = _where(exercise)
    if not list(exercise.cases(np.random.default_rng(0))):
        yield f"{where} has no case, so that anything passes; yield case(...), the worked example first"
    if not inspect.getdoc(exercise.reference):
        yield f"{where}: the reference has no docstring, which is the learner's task; say what goes in and comes out"
    for kind, number, least in (
        ("mistakes", len(exercise.mistakes), 3),
        ("alternatives", len(exercise.alternatives), 1),
        ("hints", len(exercise.hints), 2),
    ):
        if number < least:
            yield f"{where} lists {number} {kind}, needed are {least}"
    for mistake in exercise.mistakes:
        if mistake.looks.endswith(".") or re.match(r"[A-Z][a-z]+ ", mistake.looks):
            yield f"{where}: {mistake.looks!r} does not complete 'It looks as if ...'; no capital, no full stop"


@pytest.mark.parametrize("exercise", EXERCISES, ids=_name)
def test_an_exercise_knows_enough(exercise: Exercise):
    assert "\n".join(wants(exercise)) == ""


def test_what_an_exercise_lacks_is_said_in_a_line_each():
    made = Exercise(lambda number: number, lambda rng: [], hints=["h"])
    made.slip("number", "numbers", looks="Too many numbers.")
    said = list(wants(made))
    words = ("no case", "no docstring", "1 mistakes, needed are 3", "0 alternatives", "1 hints", "does not complete")
    assert len(said) == len(words)
    assert all(word in line for word, line in zip(words, said, strict=True))


@pytest.mark.parametrize("exercise", EXERCISES, ids=_name)
def test_a_learners_nonsense_never_gets_through_or_out(exercise: Exercise):
    nonsense = [
        lambda *args, **kwargs: None,
        lambda *args, **kwargs: args[0] if args else 0,
        lambda: 0,
        lambda *args, **kwargs: "text",
        lambda *args, **kwargs: [],
        lambda *args, **kwargs: 1 / 0,
        lambda *args, **kwargs: exit(3),
    ]
    for function in nonsense:
        assert not examine(exercise, function).passed
