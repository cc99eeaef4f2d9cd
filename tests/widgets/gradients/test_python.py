import base64
import re

import numpy as np
import pytest

from course_lib.widgets.gradients import BINS, HIGHEST, LOWEST, GradientFlow, measure
from widgets.gradients.small import train


def test_a_deep_sigmoid_network_loses_its_gradient_on_the_way_to_the_first_layer():
    flow = GradientFlow(train, depth=12, activation="sigmoid", initialisation="Xavier", steps=3)
    _, sizes = flow.numbers()
    assert sizes.shape == (3, 12, 2, 3)
    assert sizes[0, 0, 0, 0] < 1e-4 * sizes[0, -1, 0, 0]


def test_relu_keeps_its_signal_with_kaiming_and_explodes_when_the_start_is_too_large():
    flow = GradientFlow(train, depth=12, activation="relu", initialisation="Kaiming", steps=1)
    _, sizes = flow.numbers()
    assert 0.1 < sizes[0, -1, 1, 0] / sizes[0, 0, 1, 0] < 10
    flow.initialisation = "too large"
    _, sizes = flow.numbers()
    assert sizes[0, -1, 1, 0] / sizes[0, 0, 1, 0] > 1e3


def test_the_sizes_are_those_of_the_arrays_the_network_gave():
    flow = GradientFlow(train, depth=4, steps=2)
    losses, sizes = flow.numbers()
    for number, step in enumerate(train(4, "sigmoid", "Xavier", 2)):
        assert losses[number] == pytest.approx(step["loss"], rel=1e-6)
        for layer in range(4):
            for kind, values in enumerate((step["gradients"][layer], step["activations"][layer])):
                expected = np.linalg.norm(values) / np.sqrt(values.size)
                assert sizes[number, layer, kind, 0] == pytest.approx(expected, rel=1e-6)


def test_a_histogram_puts_each_value_under_its_power_of_ten():
    values = np.array([1e-3] * 3 + [-2.0])
    histogram, _ = measure(values)
    edges = np.linspace(LOWEST, HIGHEST, BINS + 1)
    expected, _ = np.histogram(np.log10(np.abs(values)), edges)
    np.testing.assert_array_equal(histogram, np.ceil(255 * expected / 4))


@pytest.mark.parametrize(
    "values, size, zeros, lost",
    [([0.0, 0.0], 0, 1, 0), ([0.0, 2.0], np.sqrt(2), 0.5, 0), ([1.0, np.inf], np.inf, 0, 0.5), ([np.nan], np.inf, 0, 1),
     ([1e300, 1e300], 1e300, 0, 0), ([1e-300, 1e-300], 1e-300, 1, 0)],
)  # fmt: skip
def test_zeros_overflow_and_extreme_sizes_are_measured(values, size, zeros, lost):
    _, found = measure(np.array(values))
    assert found == pytest.approx((size, zeros, lost))


def test_a_dict_of_lists_is_as_good_as_a_generator():
    def all_at_once(*settings):
        steps = list(train(*settings))
        return {key: [step[key] for step in steps] for key in steps[0]}

    one, other = (GradientFlow(function, depth=3, steps=4) for function in (train, all_at_once))
    assert one.sizes == other.sizes and one.histograms == other.histograms and one.losses == other.losses


def test_a_change_of_any_setting_trains_again():
    asked = []

    def watched(*settings):
        asked.append(settings)
        return train(*settings)

    flow = GradientFlow(watched, depth=3, steps=2)
    flow.depth, flow.activation, flow.initialisation = 4, "tanh", "too small"
    assert asked == [
        (3, "sigmoid", "Xavier", 2), (4, "sigmoid", "Xavier", 2), (4, "tanh", "Xavier", 2), (4, "tanh", "too small", 2),
    ]  # fmt: skip


def test_a_question_that_changes_nothing_is_answered_without_training():
    asked = []
    flow = GradientFlow(lambda *settings: asked.append(settings) or train(*settings), depth=3, steps=2)
    flow.set_state({"depth": 3, "asked": 1})
    assert flow.answered == 1 and len(asked) == 1
    flow.set_state({"depth": 4, "asked": 2})
    assert flow.answered == 2 and len(asked) == 2


def test_a_slow_training_is_shown_while_it_runs(monkeypatch):
    monkeypatch.setattr("course_lib.widgets.gradients.LIVE", 0)
    flow, lengths = GradientFlow(train, depth=3, steps=4), []
    flow.observe(lambda change: lengths.append(len(change["new"]) // 4), "losses")
    flow.depth = 5
    assert lengths == [1, 2, 3, 4]


def test_an_exception_in_the_middle_becomes_text_and_the_last_run_stays(monkeypatch):
    monkeypatch.setattr("course_lib.widgets.gradients.LIVE", 0)

    def breaks(depth, *settings):
        yield from train(depth, *settings)
        if depth == 5:
            raise ZeroDivisionError("the learning rate is 0")

    flow = GradientFlow(breaks, depth=3, steps=2)
    before = flow.sizes
    flow.depth = 5
    assert flow.sizes == before
    assert flow.status == (
        "Your breaks raised ZeroDivisionError: the learning rate is 0 The picture shows the last run that worked."
    )
    flow.depth = 4
    assert flow.status == "" and flow.shown["layers"] == 4


@pytest.mark.parametrize(
    "answer, message",
    [(None, "got NoneType"), ([], "it trained for no step"), ([1.0], "step 0 is float, not a dict"),
     ([{"loss": 1.0}], "step 0 has no 'gradients'"), ({"loss": []}, "the dict has no 'gradients'"),
     ([{"loss": 1.0, "gradients": [np.ones(2)], "activations": []}], "1 gradients and 0 activations"),
     ([{"loss": 1.0, "gradients": [np.ones(0)], "activations": [1.0]}], "an empty array")],
)  # fmt: skip
def test_what_is_no_training_run_is_refused_with_a_reason(answer, message):
    flow = GradientFlow(lambda *settings: answer)
    assert message in flow.status and message in flow.alt_text()


def test_an_unknown_start_is_refused_with_the_choices():
    with pytest.raises(ValueError, match="'gelu' and 'Xavier' must be among"):
        GradientFlow(train, activation="gelu")


def test_thirty_steps_of_ten_layers_are_a_small_message():
    flow = GradientFlow(train)
    assert len(flow.histograms) + len(flow.sizes) + len(flow.losses) < 40_000


def test_the_still_picture_is_small_and_has_its_numbers_in_words():
    flow = GradientFlow(train, depth=3, steps=2)
    still = flow.still()
    assert len(still) < 50_000
    assert base64.b64decode(re.search('base64,([^"]*)', still)[1]).startswith(b"\x89PNG")
    first = f"{flow.numbers()[1][-1, 0, 0, 0]:.1e}"
    assert "3 layers, sigmoid, Xavier, after 2 steps" in flow.alt_text() and first in flow.alt_text()
