"""The gradients' pure functions in Node."""

import numpy as np
import pytest

from course_lib.widgets.gradients import GradientFlow
from widgets.gradients.small import train
from widgets.node import node


def test_a_signal_vanishes_explodes_or_keeps_its_size():
    cases = [(1, 1e-6, 10), (1, 1e6, 10), (1, 0.5, 10), (1e-14, 1e-14, 10), (1, 0, 10)]
    told = node("gradients", *(["story", *case] for case in cases))
    start = "From layer 11 back to layer 1 the gradient "
    assert [text.removeprefix(start).split(" (")[0].rstrip(".") for text in told] == [
        "vanishes",
        "explodes",
        "keeps its size",
        "keeps its size, which is next to nothing",
        "is lost: it reaches 0",
    ]
    assert told[0] == f"{start}vanishes (factor 1.0e−6, 0.251 a layer)."


def test_the_browser_finds_the_size_that_python_measured():
    flow = GradientFlow(train, depth=3, steps=2)
    _, sizes = flow.numbers()
    places = [(1, 2, 0, 0), (0, 0, 1, 1), (1, 1, 1, 0)]
    found = node("gradients", *(["sizeAt", sizes.ravel().tolist(), 3, *place] for place in places))
    np.testing.assert_allclose(found, [sizes[place] for place in places])


@pytest.mark.parametrize("value, text", [(0, "0"), (0.12345, "0.123"), (3.5e-14, "3.5e−14"), (2.6e10, "2.6e10")])
def test_numbers_are_written_like_those_of_the_graph(value, text):
    assert node("gradients", ["number", value]) == [text]


def test_powers_of_ten_are_raised():
    assert node("gradients", ["power", -12], ["power", 4]) == ["10⁻¹²", "10⁴"]
