"""The pure functions of the widgets about reading in order, in Node."""

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy
from test_widgets_node import node, pytestmark  # noqa: F401

from course_lib.widgets import sampling, through_time

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


@pytest.mark.parametrize("temperature, top_k", [(1, 0), (0.3, 0), (2.5, 7), (0, 0), (0, 3), (0.05, 40)])
def test_the_browser_has_the_distribution_that_python_draws_from(temperature, top_k):
    logits = np.sort(np.random.default_rng(0).normal(size=60) * 5)[::-1]
    [p] = node("sampling", ["distribution", logits.tolist(), [], temperature, top_k])
    np.testing.assert_allclose(p, sampling.distribution(logits, temperature, top_k or None), rtol=1e-9, atol=1e-300)


def test_groups_of_words_count_as_many():
    scores = np.sort(np.random.default_rng(0).normal(size=30_000) * 2)[::-1]
    logits, counts = sampling.grouped(scores)
    [p] = node("sampling", ["distribution", logits.tolist(), counts.tolist(), 1.5, 0])
    [bits] = node("sampling", ["entropy", p, counts.tolist()])
    expected = softmax(scores / 1.5)
    np.testing.assert_allclose(p[:20], expected[:20], rtol=1e-4)
    assert bits == pytest.approx(entropy(expected, base=2), rel=1e-3)


def test_uncertainty_is_said_in_words():
    asked = [([1, 0], []), ([0.5, 0.5], []), ([0.1] * 10, []), ([0.25, 0.25], [3]), ([0.5, 0.25, 0.25], [])]
    assert node("sampling", *(["uncertainty", *call] for call in asked)) == [
        "entropy 0 bits: there is no choice",
        "entropy 1.00 bits, perplexity 2 (so many equally likely words)",
        "entropy 3.32 bits, perplexity 10 (so many equally likely words)",
        "entropy 2.00 bits, perplexity 4 (so many equally likely words)",
        "entropy 1.50 bits, perplexity 2.8 (so many equally likely words)",
    ]


def test_shares_and_blanks_are_legible():
    shares = (0, 0.0001, 0.0123, 0.0996, 0.5, 1)
    assert node("sampling", *(["percent", share] for share in shares)) == [
        "0",
        "<0.1 %",
        "1.2 %",
        "10 %",
        "50 %",
        "100 %",
    ]
    assert node("sampling", ["visible", "a b\n"], ["visible", ""]) == [sampling.shown("a b\n"), sampling.shown("")]


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
