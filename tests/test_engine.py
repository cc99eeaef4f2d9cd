"""The engine behind `check`: what it accepts, what it refuses, and what it says."""

import numpy as np
import pytest

from course_lib.exercise import NOT_WRITTEN, PASSED, RAISES, WRONG, Exercise, case


def scale(vector, factor):
    """The exercise that these tests examine: multiply a vector by a number."""
    return vector * factor


def _cases(rng):
    yield case(np.array([1.0, 2.0, 4.0]), 3.0, label="the worked example")
    yield case(rng.normal(size=5), float(rng.uniform(2, 3)))


@pytest.fixture
def exercise() -> Exercise:
    made = Exercise(scale, _cases, hints=["multiply"])

    @made.mistake("you added instead of multiplying", do="Use `*`.")
    def added(vector, factor):
        return vector + factor

    @made.mistake("the vector was changed", do="Make a new one.")
    def in_place(vector, factor):
        vector *= factor
        return vector

    @made.mistake("the factor was looked up in a dict", do="It is a number.")
    def raising(vector, factor):
        return vector * {}[factor]

    return made


def test_the_right_answer_passes(exercise):
    assert exercise.examine(lambda vector, factor: vector * factor).status == PASSED


def test_a_list_where_an_array_is_expected_is_named(exercise):
    outcome = exercise.examine(lambda vector, factor: (vector * factor).tolist())
    assert outcome.status == WRONG
    assert "is a list, expected a NumPy array of shape (3,): np.array(...) makes one" in outcome.message


def test_a_torch_answer_to_a_numpy_exercise_passes(exercise):
    torch = pytest.importorskip("torch")
    assert exercise.examine(lambda vector, factor: torch.from_numpy(vector * factor)).status == PASSED


def test_not_written_is_told_apart_from_an_error(exercise):
    def stub(vector, factor):
        raise NotImplementedError("write scale here")

    assert exercise.examine(stub).status == NOT_WRITTEN


def test_an_unknown_wrong_answer_is_described(exercise):
    outcome = exercise.examine(lambda vector, factor: vector * factor + 1e-3)
    assert outcome.mistake is None
    assert outcome.message == (
        "On the worked example, scale([1.0, 2.0, 4.0], 3.0): "
        "3 of 3 entries of the result differ, first at [0]: 3.001, expected 3."
    )


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (
            lambda vector, factor: None,
            "the result is None, expected a NumPy array of shape (3,): is a `return` missing?",
        ),
        (lambda vector, factor: vector[:2] * factor, "has shape (2,), expected (3,)"),
        (lambda vector, factor: vector * np.nan, "is NaN at [0], expected 3"),
        (lambda vector, factor: "text", "is a text, expected a NumPy array"),
        (lambda vector, factor: vector.astype(str), "has dtype"),
    ],
)
def test_what_differs_is_said(exercise, function, words):
    outcome = exercise.examine(function)
    assert outcome.status == WRONG
    assert words in outcome.message


def test_an_argument_that_makes_no_difference_is_named(exercise):
    outcome = exercise.examine(lambda vector, factor: vector * 2)
    assert "The argument `factor` makes no difference to your result." in outcome.details


def test_an_answer_learnt_by_heart_is_refused_on_fresh_cases():
    def cases(rng):
        yield case(int(rng.integers(1_000_000)))

    made = Exercise(abs, cases, hints=["h"])
    known = [int(np.random.default_rng(0).integers(1_000_000))]
    assert made.examine(lambda number: known[0]).status == WRONG


def test_a_mistake_is_recognised_by_what_it_does_not_by_its_code(exercise):
    outcome = exercise.examine(lambda vector, factor: np.array([entry + factor for entry in vector]))
    assert outcome.message == "It looks as if you added instead of multiplying."
    assert outcome.details[0] == "Use `*`."


def test_a_changed_argument_is_noticed_though_the_value_is_right(exercise):
    def doubles_in_place(vector, factor):
        np.multiply(vector, factor, out=vector)
        return vector

    assert exercise.examine(doubles_in_place).mistake.text == "the vector was changed"


def test_a_changed_argument_without_a_known_mistake_is_described():
    made = Exercise(scale, _cases, hints=["h"])

    def sorts_first(vector, factor):
        result = vector * factor
        vector[::-1].sort()
        return result

    assert "the argument `vector` was changed in place" in made.examine(sorts_first).message


def test_an_exception_shows_the_learners_lines_only(exercise):
    def fails(vector, factor):
        total = np.linalg.inv(vector)
        return total

    outcome = exercise.examine(fails)
    assert outcome.status == RAISES
    assert "LinAlgError" in outcome.message
    assert [line for line in outcome.code if "np.linalg.inv(vector)" in line]
    assert not [line for line in outcome.code if "linalg.py" in line or "exercise.py" in line]


def test_a_mistake_that_raises_is_recognised_too(exercise):
    outcome = exercise.examine(lambda vector, factor: vector * {"a": 1}[factor])
    assert outcome.status == RAISES
    assert outcome.mistake.text == "the factor was looked up in a dict"


def test_an_expected_exception_must_come(exercise):
    def root(number):
        if number < 0:
            raise ValueError("negative")
        return number**0.5

    made = Exercise(root, lambda rng: [case(4.0), case(-1.0)], hints=["h"])
    assert made.examine(root).passed
    assert "expected ValueError to be raised" in made.examine(lambda number: abs(number) ** 0.5).message


def test_a_result_that_changes_from_call_to_call_is_refused():
    calls = []

    def count(vector, factor):
        calls.append(1)
        return vector * factor if len(calls) < 2 else vector

    made = Exercise(scale, lambda rng: [case(np.ones(3), 2.0)], hints=["h"])
    assert "two calls with the same input" in made.examine(count).message


def test_an_endless_loop_is_stopped(exercise):
    def endless(vector, factor):
        while True:
            pass

    outcome = exercise.examine(endless, time_limit=0.3)
    assert outcome.status == RAISES
    assert "does not come to an end" in outcome.message


def test_a_function_that_leaves_the_program_is_an_error_not_an_exit(exercise):
    outcome = exercise.examine(lambda vector, factor: exit(0))
    assert outcome.status == RAISES


def test_what_the_function_prints_is_shown_only_when_it_fails(exercise, capsys):
    def talks(vector, factor):
        print("factor is", factor)
        return vector

    assert exercise.examine(talks).printed == "factor is 3.0"
    assert capsys.readouterr().out == ""


def test_a_result_cut_off_from_autograd_is_refused():
    torch = pytest.importorskip("torch")

    def double(tensor):
        return tensor * 2

    def cases(rng):
        yield case(torch.arange(3.0, dtype=torch.float64).requires_grad_())

    made = Exercise(double, cases, hints=["h"])
    assert made.examine(lambda tensor: tensor + tensor).passed
    assert "no gradient flows" in made.examine(lambda tensor: (tensor * 2).detach()).message
    assert "gradient 0" in made.examine(lambda tensor: tensor + tensor.detach()).message


def test_a_free_choice_is_judged_by_the_exercises_own_comparison():
    def sign_free(got, expected, vector):
        return None if np.allclose(abs(got), abs(expected)) else "not even the absolute values agree"

    made = Exercise(np.negative, lambda rng: [case(np.array([1.0, 2.0]))], hints=["h"], differ=sign_free)
    assert made.examine(lambda vector: vector).passed
    assert "not even the absolute values agree" in made.examine(lambda vector: vector * 2).message
    assert made.examine(lambda vector: "nonsense").status == WRONG


def test_a_class_is_examined_through_a_probe():
    class Counter:
        def __init__(self, start):
            self.value = start

        def step(self):
            self.value += 1
            return self.value

    class Stuck(Counter):
        def step(self):
            return self.value

    def two_steps(subject, start):
        counter = subject(start)
        return [counter.step(), counter.step()]

    made = Exercise(Counter, lambda rng: [case(5, label="from 5")], hints=["h"], probe=two_steps)
    assert made.examine(Counter).passed
    assert made.examine(Stuck).message == "On from 5: item 0 of the result is 5, expected 6."


def test_messages_repeat_word_for_word(exercise):
    wrong = [exercise.examine(lambda vector, factor: vector - factor).message for _ in range(3)]
    assert len(set(wrong)) == 1


def test_a_generator_where_a_list_is_asked_is_named():
    def squares(numbers):
        return [number**2 for number in numbers]

    made = Exercise(squares, lambda rng: [case([1, 2, 3])], hints=["h"])

    def one_by_one(numbers):
        for number in numbers:
            yield number**2

    assert "they come as a generator, expected a list: use list(...)" in made.examine(one_by_one).message


def test_an_endless_recursion_is_told_in_one_line(exercise):
    def recursive(vector, factor):
        return recursive(vector, factor)

    outcome = exercise.examine(recursive)
    assert "RecursionError" in outcome.message
    assert len(outcome.code) == 1


def test_a_missing_return_is_asked_after_and_nothing_else(exercise):
    outcome = exercise.examine(lambda vector, factor: None)
    assert outcome.message.endswith("is a `return` missing?")
    assert outcome.details == ()
