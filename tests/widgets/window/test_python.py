"""The co-occurrence window's Python side: no browser, no kernel."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from course_lib.widgets import CooccurrenceWindow
from widgets.window.small import SENTENCES, window


def test_a_learner_cannot_change_what_the_widget_shows():
    def spoil(sentences, vocabulary, size):
        sentences[0].clear()
        vocabulary.reverse()
        return np.zeros((8, 8))

    widget = window(count=spoil)
    assert widget.sentences == SENTENCES
    assert widget.vocabulary[0] == "I"
    vectors = np.ones((2, 2))
    assert "read-only" in widget.ask(lambda array: array.__imul__(2), vectors)[1]
    assert vectors.sum() == 4


@pytest.mark.parametrize("size", [1, 2, 5])
def test_window_counts_like_products_of_shifted_one_hot_rows(size):
    widget = window(window=size)
    expected = np.zeros((8, 8), dtype=int)
    for sentence in SENTENCES:
        rows = np.array([[word == other for other in widget.vocabulary] for word in sentence], dtype=int)
        for shift in range(1, min(size, len(rows) - 1) + 1):
            pairs = rows[:-shift].T @ rows[shift:]
            expected += pairs + pairs.T
    np.testing.assert_array_equal(widget.counts(), expected)


def test_a_window_over_everything_counts_pairs_of_words_in_a_sentence():
    counter = CountVectorizer(lowercase=False, token_pattern=r"\S+", vocabulary=window().vocabulary)
    together = counter.transform(" ".join(sentence) for sentence in SENTENCES)
    expected = (together.T @ together).toarray()
    np.fill_diagonal(expected, 0)  # no word occurs twice in a sentence here
    np.testing.assert_array_equal(window(window=5).counts(), expected)


def test_words_outside_the_vocabulary_keep_their_place():
    widget = CooccurrenceWindow([["a", "x", "b"]], vocabulary=["a", "b"], window=1)
    assert widget.counts().tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    "kind", [np.asarray, np.ndarray.tolist, torch.tensor, csr_matrix], ids=lambda kind: kind.__name__
)
def test_a_right_matrix_of_any_kind_agrees(kind):
    widget = window(count=lambda *_: kind(window().counts()))
    assert widget.status == "Your function agrees in all 64 cells."
    assert widget.theirs == b""  # the browser has the same one


def test_differences_are_counted_and_the_first_is_named():
    wrong = window().counts()
    wrong[0, 1], wrong[7, 7] = 1, 3
    widget = window(count=lambda *_: wrong)
    np.testing.assert_array_equal(np.frombuffer(widget.theirs, "<f4").reshape(8, 8), wrong)
    assert widget.status == "Your function differs in 2 of 64 cells, first in row I, column like: 1 instead of 2."


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "returned nothing (None)"),
        ("text", "returned a str"),
        ((np.zeros((8, 8)), ["a"]), "returned a tuple"),
        (np.zeros((8, 7)), "returned shape (8, 7); expected (8, 8)"),
        (np.full((8, 8), np.nan), "differs in 64 of 64 cells, first in row I, column I: nan instead of 0"),
    ],
    ids=["nothing", "text", "a tuple", "a wrong shape", "nan"],
)
def test_what_is_no_matrix_is_said(returned, said):
    widget = window(count=lambda *_: returned)
    assert said in widget.status
    assert said in widget.alt_text()


def test_the_slider_asks_the_learners_function_again():
    asked = []
    widget = window(count=lambda sentences, vocabulary, size: asked.append(size))
    widget.window = 4
    assert asked == [2, 4]
    assert widget.theirs_window == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sentences": ["I like it"]}, "split"),
        ({"sentences": []}, "nothing to count"),
        ({"sentences": [["a"]], "vocabulary": ["a", "a"]}, "twice"),
        ({"sentences": [[str(i) for i in range(61)]]}, "at most 60"),
        ({"sentences": [["a"]], "window": 6}, "1 to 5"),
    ],
)
def test_the_window_says_what_it_cannot_show(arguments, said):
    with pytest.raises(ValueError, match=said):
        CooccurrenceWindow(**arguments)
