"""The proof of the proofs: every check of the course has been seen to pass and to fail."""

import inspect
import re

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


def test_there_are_exercises_and_every_one_stands_in_a_lesson():
    in_lessons = [entry.name for lesson in lessons() for entry in lesson.exercises]
    assert len(EXERCISES) >= 8
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
    for seed in (None, 1):
        outcome = examine(exercise, mistake.function, seed=seed)
        assert outcome.status is not Status.PASSED
        assert outcome.mistake is mistake, f"taken for: {outcome.mistake and outcome.mistake.looks}; {outcome.message}"
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


@pytest.mark.parametrize("exercise", EXERCISES, ids=_name)
def test_an_exercise_knows_enough(exercise: Exercise):
    assert len(exercise.mistakes) >= 3
    assert len({mistake.looks for mistake in exercise.mistakes}) == len(exercise.mistakes)
    for mistake in exercise.mistakes:  # each text completes "It looks as if ..."
        assert mistake.looks[-1] != "." and not re.match(r"[A-Z][a-z]+ ", mistake.looks), mistake.looks
    assert len(exercise.alternatives) >= 1
    assert len(exercise.hints) >= 2
    assert inspect.getdoc(exercise.reference)


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
