"""The filters' pure functions in Node."""

import numpy as np
import pytest

from widgets.node import node


def test_the_winner_is_the_first_of_the_greatest_answers():
    answers = np.random.default_rng(0).normal(size=20).tolist()
    assert node("filters", ["winner", answers], ["winner", [1, 3, 3]], ["winner", [-2]]) == [np.argmax(answers), 1, 0]


def test_a_window_is_filled_up_with_dots():
    words = ["not", "so", "good"]
    assert node("filters", ["group", words, -1, 3], ["group", words, 2, 2]) == [["·", "not", "so"], ["good", "·"]]


def test_the_sum_of_a_window_is_said_in_words():
    assert node("filters", ["sum", ["not", "good"], [2, -0.25], -0.5]) == ["2 (not) − 0.25 (good) − 0.5 (bias) = 1.25"]


@pytest.mark.parametrize("long", [0.003, 0.9, 1, 2.4, 7, 99, 4000])
def test_an_axis_gets_two_to_five_ticks(long):
    [step] = node("filters", ["tick", long])
    assert 2 <= long / step <= 5
