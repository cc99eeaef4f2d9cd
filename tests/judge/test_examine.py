"""The engine behind `check`: what it accepts, what it refuses, and what it says."""

import contextlib
import sys
import time

import numpy as np
import pytest

from course_lib.judge.examine import examine, judge
from course_lib.judge.exercise import Exercise, case
from course_lib.judge.status import Status


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
    assert examine(exercise, lambda vector, factor: vector * factor).status is Status.PASSED


def test_a_list_where_an_array_is_expected_is_named(exercise):
    outcome = examine(exercise, lambda vector, factor: (vector * factor).tolist())
    assert outcome.status is Status.WRONG
    assert "is a list, expected a NumPy array of shape (3,): np.array(...) makes one" in outcome.message


def test_a_torch_answer_to_a_numpy_exercise_passes(exercise):
    torch = pytest.importorskip("torch")
    assert examine(exercise, lambda vector, factor: torch.from_numpy(vector * factor)).status is Status.PASSED


def test_not_written_is_told_apart_from_an_error(exercise):
    def stub(vector, factor):
        raise NotImplementedError("write scale here")

    assert examine(exercise, stub).status is Status.NOT_WRITTEN


def test_an_unknown_wrong_answer_is_described(exercise):
    outcome = examine(exercise, lambda vector, factor: vector * factor + 1e-3)
    assert outcome.mistake is None
    assert outcome.message == (
        "On the worked example, scale([1.0, 2.0, 4.0], 3.0): "
        "3 of 3 entries of the result differ, first at [0]: 3.001, expected 3."
    )


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda vector, factor: vector[:2] * factor, "has shape (2,), expected (3,)"),
        (lambda vector, factor: vector * np.nan, "is NaN at [0], expected 3"),
        (lambda vector, factor: "text", "is a text, expected a NumPy array"),
        (lambda vector, factor: vector.astype(str), "has dtype"),
    ],
)
def test_what_differs_is_said(exercise, function, words):
    outcome = examine(exercise, function)
    assert outcome.status is Status.WRONG
    assert words in outcome.message


def test_an_argument_that_makes_no_difference_is_named(exercise):
    outcome = examine(exercise, lambda vector, factor: vector * 2)
    assert "It makes no difference to your result what the argument `factor` is." in outcome.details


def test_an_answer_learnt_by_heart_is_refused_on_fresh_cases():
    def cases(rng):
        yield case(int(rng.integers(1_000_000)))

    made = Exercise(abs, cases, hints=["h"])
    known = [int(np.random.default_rng(0).integers(1_000_000))]
    assert examine(made, lambda number: known[0]).status is Status.WRONG


def test_a_mistake_is_recognised_by_what_it_does_not_by_its_code(exercise):
    outcome = examine(exercise, lambda vector, factor: np.array([entry + factor for entry in vector]))
    assert outcome.message == "It looks as if you added instead of multiplying."
    assert outcome.details[0] == "Use `*`."


def test_a_changed_argument_is_noticed_though_the_value_is_right(exercise):
    def doubles_in_place(vector, factor):
        np.multiply(vector, factor, out=vector)
        return vector

    assert examine(exercise, doubles_in_place).mistake.looks == "the vector was changed"


def test_a_changed_argument_without_a_known_mistake_is_described():
    made = Exercise(scale, _cases, hints=["h"])

    def sorts_first(vector, factor):
        result = vector * factor
        vector[::-1].sort()
        return result

    outcome = examine(made, sorts_first)
    assert outcome.message == "It looks as if an argument was changed in place."
    assert "the argument `vector` was changed in place" in outcome.details[-1]


def test_an_exception_shows_the_learners_lines_only(exercise):
    def fails(vector, factor):
        total = np.linalg.inv(vector)
        return total

    outcome = examine(exercise, fails)
    assert outcome.status is Status.RAISES
    assert "LinAlgError" in outcome.message
    assert [line for line in outcome.code if "np.linalg.inv(vector)" in line]
    assert not [line for line in outcome.code if "linalg.py" in line or "exercise.py" in line]


def test_a_mistake_that_raises_is_recognised_too(exercise):
    outcome = examine(exercise, lambda vector, factor: vector * {"a": 1}[factor])
    assert outcome.status is Status.RAISES
    assert outcome.mistake.looks == "the factor was looked up in a dict"


def test_an_expected_exception_must_come(exercise):
    def root(number):
        if number < 0:
            raise ValueError("negative")
        return number**0.5

    made = Exercise(root, lambda rng: [case(4.0), case(-1.0)], hints=["h"])
    assert examine(made, root).passed
    assert "expected ValueError to be raised" in examine(made, lambda number: abs(number) ** 0.5).message


def test_a_result_that_changes_from_call_to_call_is_refused():
    calls = []

    def count(vector, factor):
        calls.append(1)
        return vector * factor if len(calls) < 2 else vector

    made = Exercise(scale, lambda rng: [case(np.ones(3), 2.0)], hints=["h"])
    assert "two calls with the same input" in examine(made, count).message


def test_an_endless_loop_is_stopped(exercise):
    def endless(vector, factor):
        while True:
            pass

    outcome = examine(exercise, endless, time_limit=0.3)
    assert outcome.status is Status.RAISES
    assert "does not come to an end" in outcome.message


def test_a_function_that_leaves_the_program_is_an_error_not_an_exit(exercise):
    outcome = examine(exercise, lambda vector, factor: exit(0))
    assert outcome.status is Status.RAISES


def test_what_the_function_prints_is_shown_only_when_it_fails(exercise, capsys):
    def talks(vector, factor):
        print("factor is", factor)
        return vector

    assert examine(exercise, talks).printed == "factor is 3.0"
    assert capsys.readouterr().out == ""


def test_a_result_cut_off_from_autograd_is_refused():
    torch = pytest.importorskip("torch")

    def double(tensor):
        return tensor * 2

    def cases(rng):
        yield case(torch.arange(3.0, dtype=torch.float64).requires_grad_())

    made = Exercise(double, cases, hints=["h"])
    assert examine(made, lambda tensor: tensor + tensor).passed
    cut = examine(made, lambda tensor: (tensor * 2).detach())
    assert cut.message == "It looks as if the result is cut off from its gradients."
    assert "no gradient flows" in cut.details[-1]
    assert "gradient 0" in examine(made, lambda tensor: tensor + tensor.detach()).message


def test_a_free_choice_is_judged_by_the_exercises_own_comparison():
    def sign_free(got, expected, vector):
        return None if np.allclose(abs(got), abs(expected)) else "not even the absolute values agree"

    made = Exercise(np.negative, lambda rng: [case(np.array([1.0, 2.0]))], hints=["h"], differ=sign_free)
    assert examine(made, lambda vector: vector).passed
    assert "not even the absolute values agree" in examine(made, lambda vector: vector * 2).message
    assert examine(made, lambda vector: "nonsense").status is Status.WRONG


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
    assert examine(made, Counter).passed
    assert examine(made, Stuck).message == "On from 5: item 0 of the result is 5, expected 6."


def test_messages_repeat_word_for_word(exercise):
    wrong = [examine(exercise, lambda vector, factor: vector - factor).message for _ in range(3)]
    assert len(set(wrong)) == 1


def test_a_generator_where_a_list_is_asked_is_named():
    def squares(numbers):
        return [number**2 for number in numbers]

    made = Exercise(squares, lambda rng: [case([1, 2, 3])], hints=["h"])

    def one_by_one(numbers):
        for number in numbers:
            yield number**2

    assert "they come as a generator, expected a list: use list(...)" in examine(made, one_by_one).message


def test_an_endless_recursion_is_told_in_one_line(exercise):
    def recursive(vector, factor):
        return recursive(vector, factor)

    outcome = examine(exercise, recursive)
    assert "RecursionError" in outcome.message
    assert len(outcome.code) == 1


def test_a_missing_return_is_asked_after_and_nothing_else(exercise):
    outcome = examine(exercise, lambda vector, factor: None)
    assert outcome.message == "It looks as if the result is not returned."
    assert "is a `return` missing" in outcome.details[0]
    assert "the result is None, expected a NumPy array of shape (3,)" in outcome.details[1]
    assert len(outcome.details) == 2


def test_a_function_that_leaves_out_one_branch_is_not_taken_for_unwritten():
    def sign(number):
        if number < 0:
            raise NotImplementedError
        return 1

    made = Exercise(lambda number: 1 if number >= 0 else -1, lambda rng: [case(2), case(-3)], hints=["h"])
    outcome = examine(made, sign)
    assert outcome.status is Status.RAISES
    assert "(-3): NotImplementedError" in outcome.message


def test_an_error_of_torch_is_not_taken_for_an_unwritten_answer():
    torch = pytest.importorskip("torch")
    made = Exercise(scale, _cases, hints=["h"])
    outcome = examine(made, lambda vector, factor: torch.nn.Module()(vector))
    assert outcome.status is Status.RAISES
    assert "forward" in outcome.message


def test_half_a_class_is_not_written_yet():
    class Pair:
        def __init__(self):
            self.left = 1

        def right(self):
            return 2

    class Half(Pair):
        def right(self):
            raise NotImplementedError("write Pair.right here")

    cases = [case("left", label="left"), case("right", label="right")]
    made = Exercise(
        Pair, lambda rng: cases, hints=["h"], probe=lambda kind, part: kind().left if part == "left" else kind().right()
    )
    assert examine(made, Half).status is Status.NOT_WRITTEN


class _Unprintable:
    def __repr__(self):
        raise ValueError("no text for this")


class _Speechless(Exception):
    def __str__(self):
        raise ValueError("no text for this")


def _raise_speechless(vector, factor):
    raise _Speechless


def _a_list_in_itself(vector, factor):
    result = []
    result.append(result)
    return result


@pytest.mark.parametrize(
    "function",
    [lambda vector, factor: _Unprintable(), lambda vector, factor: [_Unprintable()] * 3, _raise_speechless]
    + [_a_list_in_itself],
)
def test_what_cannot_be_printed_is_told_and_never_raised(function):
    outcome = examine(Exercise(scale, _cases, hints=["h"]), function)
    assert outcome.status in (Status.WRONG, Status.RAISES)
    assert outcome.message


def test_an_argument_made_to_need_gradients_counts_as_changed():
    torch = pytest.importorskip("torch")

    def both(a, b):
        return a * b

    def asks(a, b):
        b.requires_grad_()
        return a * b

    made = Exercise(both, lambda rng: [case(torch.ones(2, requires_grad=True), torch.ones(2))], hints=["h"])
    outcome = examine(made, asks)
    assert outcome.status is Status.WRONG
    assert "the argument `b` was changed in place" in outcome.details[-1]


def test_an_outcome_carries_the_seed_that_repeats_it(exercise):
    def cases(rng):
        yield case(int(rng.integers(1_000_000)), 2.0)

    made = Exercise(scale, cases, hints=["h"])
    first = int(np.random.default_rng(0).integers(1_000_000))
    by_heart = {first: 2.0 * first}
    outcome = examine(made, lambda vector, factor: by_heart.get(vector))
    assert examine(made, lambda vector, factor: by_heart.get(vector), seed=outcome.seed) == outcome
    assert examine(exercise, scale).seed != examine(exercise, scale).seed


def test_the_courses_own_version_is_no_answer(exercise):
    outcome = judge(exercise, scale)
    assert outcome.status is Status.NOT_WRITTEN
    assert "the course's version" in outcome.message
    assert judge(exercise, lambda vector, factor: vector * factor).passed


def test_a_slip_is_the_reference_with_one_place_replaced():
    made = Exercise(scale, _cases, hints=["h"])
    made.slip("vector * factor", "vector + factor", looks="you added instead of multiplying", do="Use `*`.")
    outcome = examine(made, lambda vector, factor: factor + vector)
    assert outcome.mistake.looks == "you added instead of multiplying"
    assert made.mistakes[0].function(2, 3) == 5


@pytest.mark.parametrize(
    ("place", "edit", "words"),
    [
        ("vector", "factor", r"scale.slip\('vector', ...\): the place occurs 2 times"),
        ("by a number", "by nothing", "occurs 0 times"),  # a docstring is no place
        ("vector * factor", "vector * factor", "the edit changes nothing"),
        ("vector * factor", "vector *", "is no Python"),
    ],
)
def test_a_slip_that_cannot_be_made_is_the_authors_error_told_by_name(place, edit, words):
    made = Exercise(scale, _cases, hints=["h"])
    made.slip(place, edit, looks="something is wrong")
    with pytest.raises(ValueError, match=words):
        _ = made.mistakes[0].function
    assert examine(made, lambda vector, factor: vector).status is Status.WRONG  # and no learner's


def test_a_mistake_is_listed_once(exercise):
    with pytest.raises(ValueError, match="listed twice"):
        exercise.slip("vector * factor", "vector + factor", looks="you added instead of multiplying")


def _halves(vector):
    return vector / 2, vector * 2


@pytest.mark.parametrize(
    ("function", "looks"),
    [
        (lambda vector: _halves(vector)[0], "only `half` is returned"),
        (lambda vector: _halves(vector)[1], "only `double` is returned"),
        (lambda vector: _halves(vector)[::-1], "the results are returned in the wrong order"),
        (lambda vector: print(_halves(vector)), "the result is printed, not returned"),
        (lambda vector: None, "the result is not returned"),
    ],
)
def test_families_of_mistakes_are_known_to_every_exercise(function, looks):
    made = Exercise(_halves, lambda rng: [case(rng.normal(size=3))], hints=["h"], returns=("half", "double"))
    assert examine(made, function).message == f"It looks as if {looks}."


def test_a_transposed_result_is_named():
    made = Exercise(np.sqrt, lambda rng: [case(rng.random((2, 3)))], hints=["h"])
    assert "transposed" in examine(made, lambda x: np.sqrt(x).T).message


def test_an_endless_loop_that_swallows_interrupts_is_stopped_all_the_same(exercise):
    def stubborn(vector, factor):
        while True:
            try:  # noqa: SIM105
                sum(range(1000))
            except:  # noqa: E722
                pass

    started = time.monotonic()
    outcome = examine(exercise, stubborn, time_limit=1.0)
    assert "does not come to an end" in outcome.message
    assert time.monotonic() - started < 10  # far from for ever; how soon depends on the machine's load


def test_an_answer_that_swallows_the_interrupt_and_comes_to_an_end_has_not_passed(exercise):
    def slow(vector, factor):
        end = time.monotonic() + 0.6
        while time.monotonic() < end:
            with contextlib.suppress(BaseException):
                time.sleep(0.05)
        return vector * factor

    assert "does not come to an end, or is slow" in examine(exercise, slow, time_limit=0.2).message


class _Own(BaseException):
    pass


@pytest.mark.parametrize("kind", [GeneratorExit, SystemExit, _Own])
def test_whatever_an_answer_leaves_by_becomes_an_outcome(exercise, kind):
    def leaves(vector, factor):
        raise kind("gone")

    outcome = examine(exercise, leaves)
    assert outcome.status is Status.RAISES
    assert kind.__name__ in outcome.message


def test_a_closed_stdout_and_odd_tensors_are_told_and_never_raised(exercise):
    torch = pytest.importorskip("torch")
    before = sys.stdout

    def closes(vector, factor):
        sys.stdout.close()
        return vector

    for wrong in (
        closes,
        lambda vector, factor: torch.ones(3).to_sparse(),
        lambda vector, factor: torch.ones(3, device="meta"),
    ):
        outcome = examine(exercise, wrong)
        assert not outcome.passed and outcome.message
        assert sys.stdout is before and not before.closed
