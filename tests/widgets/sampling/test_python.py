"""Drawing the next word, Python side: no browser, no kernel."""

import re

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy as scipy_entropy

from course_lib.reference import recurrent
from course_lib.widgets import SamplingExplorer
from course_lib.widgets.sampling import distribution, draw, grouped, perplexity
from widgets.sampling import small


def sampling(**arguments):
    return SamplingExplorer(small.next_logits, small.WORDS, "the old cat", **arguments)


def request(widget, act, **more):
    widget.request = {"act": act, "number": widget.request["number"] + 1, **more}
    assert widget.answered == widget.request["number"]


@pytest.mark.parametrize("temperature, top_k", [(1.0, None), (0.5, 5), (2.0, None), (0, None), (0, 3), (1.0, 1)])
def test_the_distribution_is_what_the_course_draws_from(temperature, top_k):
    logits = np.random.default_rng(0).normal(size=30) * 3
    ours, theirs = np.random.default_rng(1), np.random.default_rng(1)
    for _ in range(50):
        assert draw(logits, ours, temperature, top_k) == recurrent.sample(logits, theirs, temperature, top_k)


def test_the_distribution_is_a_softmax_and_its_width_the_exponential_of_the_entropy():
    logits = np.random.default_rng(0).normal(size=30) * 300
    np.testing.assert_allclose(distribution(logits, 2.0), softmax(logits / 2), rtol=1e-9, atol=1e-300)
    p = softmax(np.random.default_rng(1).normal(size=9))
    assert perplexity(p) == pytest.approx(np.exp(scipy_entropy(p)))


def test_the_same_seed_writes_the_same_text_and_another_one_another():
    def write(seed):
        widget = sampling(seed=seed)
        for _ in range(12):
            request(widget, "next")
        return widget.tokens()

    assert write(3) == write(3) != write(4)


def test_start_goes_back_to_the_prompt_and_to_the_seed():
    widget = sampling(seed=5)
    for _ in range(6):
        request(widget, "next")
    first = widget.tokens()
    request(widget, "draws")
    request(widget, "start", prompt="the old cat")
    assert widget.tokens() == ["the", "old", "cat"]
    for _ in range(6):
        request(widget, "next")
    assert widget.tokens() == first


def test_many_draws_do_not_move_the_text_nor_its_generator():
    quiet, disturbed = sampling(), sampling()
    request(disturbed, "draws")
    counts = np.frombuffer(disturbed.draws, "<u2")
    assert 400 < counts.sum() <= 500 and len(counts) == 20
    np.testing.assert_allclose(counts / 500, np.sort(disturbed.probabilities())[::-1][:20], atol=0.08)
    for widget in (quiet, disturbed):
        request(widget, "next")
    assert quiet.tokens() == disturbed.tokens() and disturbed.draws == b""


def test_a_word_can_be_taken_by_hand_and_taken_back():
    widget = sampling()
    likeliest = widget.best[1]
    request(widget, "take", rank=1)
    assert widget.tokens() == ["the", "old", "cat", likeliest]
    chance = np.sort(softmax(small.next_logits(["cat"])))[-2]
    assert widget.text[-1][1] == pytest.approx(chance, rel=0.01)
    request(widget, "back")
    request(widget, "back")  # the prompt stays
    assert widget.tokens() == ["the", "old", "cat"]


def test_the_learners_sample_is_asked_as_the_course_defines_it():
    asked = []

    def sample(logits, rng, temperature=1.0, top_k=None):
        asked.append((len(logits), temperature, top_k))
        return recurrent.sample(logits, rng, temperature, top_k)

    widget = sampling(sample=sample, temperature=0.7, top_k=4)
    request(widget, "next")
    widget.top_k = 0
    request(widget, "next")
    assert asked == [(40, 0.7, 4), (40, 0.7, None)] and widget.status == ""


def test_a_sample_that_draws_what_is_cut_away_is_found_out():
    widget = sampling(sample=lambda logits, *_: int(np.argmin(logits)), top_k=3)
    request(widget, "next")
    assert re.fullmatch(r"Your sample drew “\w+”, which has probability 0 at temperature 1 and top-k 3.", widget.status)
    assert len(widget.tokens()) == 4  # it is appended all the same


def test_equal_scores_may_stand_in_for_each_other_at_the_cut():
    for number_ in (0, 1, 2):
        widget = SamplingExplorer(
            lambda _: np.array([1.0, 1.0, 1.0, 0.0]), "abcd", sample=lambda *_, n=number_: n, top_k=2
        )
        request(widget, "next")
        assert widget.status == ""


@pytest.mark.parametrize("answer, said", [(None, "nothing (None)"), (99, "99"), (-1, "-1"), (1.5, "1.5"), ("a", "'a'")])
def test_what_is_no_number_of_a_word_is_refused(answer, said):
    widget = sampling(sample=lambda *_: answer)
    request(widget, "next")
    assert widget.status == f"Your sample returned {said}; expected the number of a word, 0 to 39."
    assert len(widget.tokens()) == 3


def test_a_model_that_fails_later_keeps_the_text():
    def next_logits(tokens):
        if len(tokens) > 3:
            raise KeyError("unknown")
        return small.next_logits(tokens)

    widget = SamplingExplorer(next_logits, small.WORDS, "the old cat")
    request(widget, "next")
    assert widget.status == "Your next_logits raised KeyError: 'unknown'" and len(widget.tokens()) == 3


@pytest.mark.parametrize(
    "answer, message",
    [(None, "nothing (None)"), (np.zeros(3), "shape (3,); expected (40,)"), (np.full(40, np.nan), "NaN or infinite"),
     (np.full(40, -np.inf), "NaN or infinite")],
)  # fmt: skip
def test_what_are_no_scores_is_refused_with_a_reason(answer, message):
    assert message in SamplingExplorer(lambda tokens: answer, small.WORDS).status


def test_an_unknown_word_of_the_prompt_is_named_with_a_near_one():
    widget = sampling()
    request(widget, "start", prompt="the happpy cat")
    assert widget.status == "“happpy” is not in the vocabulary. Near it: happy."
    assert widget.tokens() == ["the", "old", "cat"]
    with pytest.raises(ValueError, match="“dragon” is not in the vocabulary"):
        SamplingExplorer(small.next_logits, small.WORDS, "the dragon")


def test_characters_are_joined_without_spaces():
    widget = SamplingExplorer(lambda tokens: np.arange(4.0), "ab \n", "ab a", characters=True, temperature=0)
    assert widget.tokens() == ["a", "b", " ", "a"]
    request(widget, "next")
    assert "after “ab a\n” come “⏎”" in widget.alt_text()


def test_a_large_vocabulary_is_sent_in_few_numbers_that_add_up():
    scores = np.sort(np.random.default_rng(0).normal(size=30_000) * 3)[::-1]
    scores[-100:] = -np.inf
    logits, counts = grouped(scores)
    singles = len(logits) - len(counts)
    assert len(logits) < 1500 and singles + counts.sum() == 30_000
    counts = np.concatenate([np.ones(singles), counts])
    p = np.exp(logits) / (counts * np.exp(logits)).sum()
    expected = softmax(scores)
    np.testing.assert_allclose(p[:singles], expected[:singles], rtol=1e-9)
    seen = p > 0
    assert -(counts * p)[seen] @ np.log(p[seen]) == pytest.approx(scipy_entropy(expected), rel=1e-4)
