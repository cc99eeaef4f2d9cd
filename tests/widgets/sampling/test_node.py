"""Drawing the next word, its pure functions in Node."""

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from course_lib.widgets import sampling
from widgets.node import node


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
