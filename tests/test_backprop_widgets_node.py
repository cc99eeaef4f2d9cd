"""The pure functions of the graph's and the gradients' modules, in Node."""

import numpy as np
import pytest
from small_network import train
from test_widgets_node import node, pytestmark  # noqa: F401

from course_lib.widgets.gradients import GradientFlow


def test_a_number_in_nested_lists_is_found_and_replaced():
    rows = [[1, 2], [3, 4]]
    assert node(
        "graph",
        ["paths", rows],
        ["at", rows, [1, 0]],
        ["replaced", rows, [0, 1], 9],
        ["paths", 5],
        ["replaced", 5, [], 7],
    ) == [[[0, 0], [0, 1], [1, 0], [1, 1]], 3, [[1, 9], [3, 4]], [[]], 7]


def test_a_gradient_reads_as_it_was_after_the_last_step_reached():
    rows = [[6, "3"], [7, "3 + 2 = 5"]]
    assert node("graph", *(["reached", rows, step] for step in (5, 6, 9))) == [None, rows[0], rows[1]]


def test_the_picture_scrolls_to_a_node_but_not_beyond_its_ends():
    asked = [["scrolled", left, 100, 400, 1000] for left in (0, 500, 950)]
    assert node("graph", *asked) == [0, 350, 600]


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
