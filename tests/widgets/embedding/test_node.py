"""The embedding explorer's pure functions in Node."""

import numpy as np
from scipy.spatial import cKDTree

from widgets.node import node


def test_the_point_under_the_pointer_is_the_nearest_one():
    xy = np.random.default_rng(0).normal(size=(50, 2))
    expected = cKDTree(xy).query([0.1, 0.2])[1]
    flat = xy.ravel().tolist()
    assert node("embedding", ["closest", flat, 0.1, 0.2], ["closest", flat, 99, 99, 5]) == [int(expected), -1]


def test_an_arrow_key_goes_to_the_next_point_ahead():
    xy = [0, 0, 2, 0.1, 1, 5, -1, 0, 3, 0]
    directions = [[1, 0], [-1, 0], [0, 1], [0, -1]]
    assert node("embedding", *(["towards", xy, 0, *way] for way in directions)) == [1, 3, 2, 0]


def test_labels_never_overlap_and_try_their_places_in_turn():
    same, other = [0, 0, 10, 10], [20, 0, 10, 10]
    assert node("embedding", ["labels", [[same], [same, other], [other], []]]) == [[same, other, None, None]]
    assert node("embedding", ["labels", [[same], [other]], 1]) == [[same, None]]


def test_suggestions_ignore_capitals_and_keep_the_order():
    words = ["Paris", "park", "the", "part", "pa"]
    assert node("embedding", ["suggest", words, "PAR", 2], ["suggest", words, ""]) == [["Paris", "park"], []]
