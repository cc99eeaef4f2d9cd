"""The co-occurrence window's pure functions in Node."""

import numpy as np

from course_lib.widgets import CooccurrenceWindow
from widgets.node import node


def test_the_browser_counts_what_python_counts():
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(9)]
    text = [[words[i] for i in rng.integers(0, 9, size=n)] for n in (1, 2, 7, 12)]
    for size in (1, 3, 5):
        widget = CooccurrenceWindow(text, vocabulary=words[:7], window=size)
        [pairs] = node("window", ["pairs", text, words[:7], size])
        counts, half = node("window", ["counts", pairs, len(pairs), 7], ["counts", pairs, 5, 7])
        np.testing.assert_array_equal(np.reshape(counts, (7, 7)), widget.counts())
        assert sum(half) == min(5, len(pairs))


def test_the_first_sentence_is_read_in_order():
    [pairs] = node("window", ["pairs", [["a", "b"], [], ["b", "a", "b"]], ["a", "b"], 1])
    assert pairs == [
        [0, 0, 1, 0, 1],
        [0, 1, 0, 1, 0],
        [2, 0, 1, 1, 0],
        [2, 1, 0, 0, 1],
        [2, 1, 2, 0, 1],
        [2, 2, 1, 1, 0],
    ]
    starts, sources = node("window", ["starts", pairs, 3], ["sources", pairs, 5, 0, 1])
    assert starts == [0, 2, 2, 6]
    assert sources == [pairs[0], pairs[3], pairs[4]]


def test_numbers_are_written_shortly():
    assert node("window", *(["number", value] for value in (2, 0.5, 1 / 3))) == ["2", "0.5", "0.333"]
