"""How two values are compared, and in which words they differ."""

import collections
import fractions

import numpy as np
import pytest

from course_lib.judge.compare import brief, difference, unchanged


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (1, 1.0),
        (np.float32(0.1), 0.1),
        (np.array(2.0), 2.0),
        (True, np.True_),
        ((1, 2), [1, 2]),
        (np.array([1, 2]), [1, 2]),
        (np.array([1.0, 2.0]), np.array([1, 2])),
        (collections.Counter(a=2), {"a": 2}),
        (frozenset("ab"), {"a", "b"}),
        (np.array([np.inf, np.nan]), np.array([np.inf, np.nan])),
        (["a", ("b", 1)], ["a", ["b", 1.0]]),
        (None, None),
        (fractions.Fraction(1, 2), fractions.Fraction(1, 2)),
    ],
)
def test_right_in_another_form_is_right(got, expected):
    assert difference(got, expected) is None


@pytest.mark.parametrize(
    ("got", "expected", "words"),
    [
        (2, 3, "the result is 2, expected 3"),
        (0.1 + 1e-5, 0.1, "the result is 0.10001, expected 0.1"),
        (
            np.array([[1, 2], [3, 5]]),
            np.array([[1, 2], [3, 4]]),
            "1 of 4 entries of the result differs, first at [1, 1]: 5",
        ),
        (np.ones(3), 1.0, "has shape (3,), expected a single number"),
        ([1], [1, 2], "the result has 1 items, expected 2"),
        ({"a": 1}, {"a": 1, "b": 2}, "has no entry 'b'"),
        ({"a": 1, "c": 0}, {"a": 1}, "has an entry 'c' that should not be there"),
        ({"a": 1}, {"a": 2}, "the result['a'] is 1, expected 2"),
        (["x", "y"], ["x", "z"], "item 1 of the result is 'y', expected 'z'"),
        ({"a"}, {"b"}, "the result is {'a'}, expected {'b'}"),
        (None, 3, "is None, expected a number"),
        (3, None, "is 3, expected None"),
        ("3", 3, "is a text, expected a number"),
        ("cat", "dog", "is 'cat', expected 'dog'"),
    ],
)
def test_a_difference_is_said_in_words(got, expected, words):
    assert words in difference(got, expected)


def test_the_tolerance_follows_the_coarser_dtype():
    expected = np.array([1.0, 2.0])
    assert difference(expected + 1e-5, expected)
    assert difference((expected + 1e-5).astype(np.float32), expected) is None


def test_a_dtype_is_compared_when_the_exercise_asks_for_it():
    assert difference(np.ones(2), np.ones(2, dtype=np.int64)) is None
    assert "dtype float64, expected int64" in difference(np.ones(2), np.ones(2, dtype=np.int64), strict_dtype=True)


def test_unchanged_looks_into_containers():
    before = ([np.zeros(2)], {"a": [1]})
    assert unchanged(before, ([np.zeros(2)], {"a": [1]}))
    assert not unchanged(before, ([np.array([0.0, 1.0])], {"a": [1]}))
    assert not unchanged(before, ([np.zeros(2)], {"a": [2]}))
    assert not unchanged([3, 1, 2], [1, 2, 3])


def test_brief_texts_stay_brief():
    assert brief(np.zeros((30, 4))) == "<array (30, 4)>"
    assert brief(np.array([1 / 3])) == "[0.333333]"
    assert len(brief(["word"] * 100)) <= 60
