"""The gradients through time, Python side: no browser, no kernel."""

import numpy as np
import pytest
import torch

from course_lib.widgets import GradientThroughTime
from course_lib.widgets.through_time import clipping, number, story
from widgets.python import ask
from widgets.through_time import small


def through_time(**arguments):
    return GradientThroughTime(small.gradients, **arguments)


def test_the_norms_are_those_of_the_rows():
    widget = through_time(scale=1.2, length=30, activation="linear")
    expected = np.linalg.norm(small.gradients(1.2, 30, "linear"), axis=1)
    np.testing.assert_allclose(widget.norms(), expected, rtol=1e-5)


def test_the_norms_are_those_of_all_units_also_of_those_without_a_row_in_the_heat_map():
    widget = GradientThroughTime(lambda *_: np.ones((20, 100)))
    np.testing.assert_allclose(widget.norms(), 10)
    assert len(widget.values) == 20 * 24 * 4


def test_the_gradients_of_a_linear_network_grow_by_the_scale_a_step():
    norms = through_time(scale=1.5, length=20, activation="linear").norms()
    assert norms[0] / norms[-1] == pytest.approx(1.5**19, rel=1e-4)


def test_another_question_is_answered_with_its_settings():
    asked = []

    def watched(*settings):
        asked.append(settings)
        return small.gradients(*settings)

    widget = GradientThroughTime(watched, scale=0.5, length=5, activation="relu")
    ask(widget, length=7, activation="tanh")
    assert asked == [(0.5, 5, "relu"), (0.5, 7, "tanh")]
    assert widget.shown == {"scale": 0.5, "length": 7, "activation": "tanh", "hidden": 12} and len(widget.norms()) == 7


def test_an_exception_keeps_the_last_picture():
    def breaks(scale, length, activation):
        if length > 10:
            raise IndexError("no such step")
        return small.gradients(scale, length, activation)

    widget = GradientThroughTime(breaks, length=8)
    before = widget.values
    ask(widget, length=11)
    assert widget.status == "Your breaks raised IndexError: no such step The picture shows the last answer."
    assert widget.values == before and widget.shown["length"] == 8
    ask(widget, length=9)
    assert widget.status == "" and widget.shown["length"] == 9


@pytest.mark.parametrize(
    "answer, message",
    [(None, "nothing (None); expected an array of shape (20, hidden)"), ("words", "returned a str"),
     (np.ones(20), "shape (20,); expected (20, hidden)"), (np.ones((19, 4)), "shape (19, 4)"),
     (np.ones((20, 0)), "shape (20, 0)")],
)  # fmt: skip
def test_what_are_no_gradients_is_refused_with_a_reason(answer, message):
    assert message in GradientThroughTime(lambda *_: answer).status


def test_a_tensor_that_still_needs_its_gradient_is_welcome():
    rows = torch.ones(20, 3, requires_grad=True)
    np.testing.assert_allclose(GradientThroughTime(lambda *_: rows).norms(), np.sqrt(3), rtol=1e-6)


def test_overflow_is_said_and_drawn():
    widget = GradientThroughTime(lambda *_: np.array([[np.inf, 1], [1, 1.0]]), length=2)
    assert "overflows" in widget.alt_text() and len(widget.still()) > 1000


@pytest.mark.parametrize(
    "norms, words",
    [([1e-6, 1.0], "vanishes: after 1 step 1.0e−6 of it is left (1.0e−6 a step)"),
     ([0.01, 0.1, 1], "vanishes: after 2 steps 0.01 of it is left (0.1 a step)"), ([0.2, 1], "shrinks"),
     ([0.9, 1], "keeps its size"), ([4, 2, 1], "grows: after 2 steps it is 4 times as large (2 a step)"),
     ([1e5, 1], "explodes"), ([0, 1], "vanishes completely"), ([1, 0], "no gradient"), ([np.inf, 1], "overflows"),
     ([1.0], "no way back")],
)  # fmt: skip
def test_what_becomes_of_the_gradient_is_said_in_words(norms, words):
    assert words in story(np.array(norms, dtype=float))


def test_clipping_shortens_all_steps_alike_as_torch_does():
    rows = small.gradients(1.4, 20, "linear")
    parameters = [torch.nn.Parameter(torch.zeros(12)) for _ in rows]
    for parameter, row in zip(parameters, rows, strict=True):
        parameter.grad = torch.tensor(row, dtype=torch.float32)
    torch.nn.utils.clip_grad_norm_(parameters, 2.0)
    factor = float(parameters[0].grad[0] / rows[0, 0])
    assert f"Clipping to 2 multiplies every step by {number(factor)};" in clipping(np.linalg.norm(rows, axis=1), 2.0)
    assert "clipping changes nothing" in clipping(np.array([0.1, 1.0]), 2.0)
    assert clipping(np.array([9.0, 9.0]), 0) == ""


def test_a_start_outside_the_choices_is_refused():
    with pytest.raises(ValueError, match="'gelu' is not among"):
        through_time(activation="gelu")
    with pytest.raises(ValueError, match="length is 99; its slider goes from 2 to 60"):
        through_time(length=99)
