"""The gradients through time, their pure functions in Node."""

import numpy as np
import pytest

from course_lib.widgets import through_time
from widgets.node import node

NORMS = [[1e-6, 1], [0.01, 0.1, 1], [0.2, 1], [0.9, 1], [4, 2, 1], [3e7, 1], [0, 1], [1, 0], [1], [0.3, 0.4, 0.5, 0.6]]


def test_the_browser_tells_the_story_that_python_tells():
    told = node("through_time", *(["story", norms] for norms in NORMS))
    assert told == [through_time.story(np.array(norms, dtype=float)) for norms in NORMS]


def test_clipping_is_said_and_done_alike():
    calls = [(norms, threshold) for norms in NORMS[:6] for threshold in (0, 0.5, 2, 1e3)]
    told = node("through_time", *(["clipping", *call] for call in calls))
    assert told == [through_time.clipping(np.array(norms, dtype=float), threshold) for norms, threshold in calls]
    factors = node("through_time", *(["shrink", *call] for call in calls))
    expected = [min(1, threshold / np.linalg.norm(norms)) if threshold else 1 for norms, threshold in calls]
    np.testing.assert_allclose(factors, expected)


@pytest.mark.parametrize("value", [0, 0.12345, 3.54e-14, 2.61e10, 12345, -0.5, 1e-3, 9.9949e-4, 99999, 1, 600])
def test_numbers_are_written_as_python_writes_them(value):
    assert node("through_time", ["number", value]) == [through_time.number(value)]


def test_the_axis_holds_all_sizes_in_a_fixed_range():
    sizes = [[1, 0.1], [1e-5, 1], [1e-7, 1], [1e-10, 1e9], [1e-15, 1], [1e-25, 1e10], [1e-40, 1e30], [0, 1]]
    assert node("through_time", *(["range", each] for each in sizes)) == [
        [-4, 2], [-6, 6], [-8, 4], [-12, 12], [-20, 4], [-30, 18], [-30, 18], [-4, 2],
    ]  # fmt: skip
