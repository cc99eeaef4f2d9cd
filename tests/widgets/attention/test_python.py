"""The attention explorer's Python side: no browser, no kernel."""

import re

import numpy as np
import pytest
import torch

from course_lib.widgets import AttentionExplorer
from widgets.python import messages, softmax, still

TOKENS = ["the", "cat", "sleeps"]


def attention(text):
    tokens = text.split()
    return tokens, softmax(2, 4, len(tokens), len(tokens), seed=len(text))


def explorer(**arguments):
    return AttentionExplorer(attention, "the cat sleeps", **arguments)


def look(widget, **changes):
    widget.question = {**widget.question, **changes, "number": widget.question["number"] + 1}
    return widget.about


def test_weights_go_to_the_browser_as_one_byte_each():
    widget = explorer()
    expected = attention("the cat sleeps")[1]
    sent = np.frombuffer(widget.data, "u1").reshape(2, 4, 3, 3) / 255
    assert widget.about["shape"] == [2, 4, 3, 3]
    np.testing.assert_allclose(sent, expected, atol=0.5 / 255 + 1e-6)


def test_the_exact_numbers_of_one_head_come_when_asked_for():
    widget = explorer()
    [(content, [weights])] = messages(widget, {"exact": [1, 2], "picture": 1}, {"exact": [0, 0], "picture": 7})
    assert content == {"exact": [1, 2], "picture": 1}
    expected = attention("the cat sleeps")[1][1, 2]
    np.testing.assert_allclose(np.frombuffer(weights, "<f4").reshape(3, 3), expected, rtol=1e-6)


def test_twelve_layers_of_twelve_heads_over_64_tokens_are_sent_once_in_under_700_kb_and_not_saved():
    widget = AttentionExplorer(weights=softmax(12, 12, 64, 64), tokens=[str(n) for n in range(64)])
    assert len(widget.data) == 12 * 12 * 64 * 64 < 700_000
    packed = widget.data
    assert messages(widget, {"have": 1}) == []
    assert widget.data == b""
    assert messages(widget, {"want": 1}) == [({"data": 1}, [packed])]


def test_a_few_weights_stay_in_the_saved_notebook():
    widget = explorer()
    messages(widget, {"have": 1})
    assert len(widget.data) == 2 * 4 * 3 * 3


def test_a_typed_text_is_asked_for_and_a_new_picture_made():
    widget = explorer()
    about = look(widget, text="two words")
    assert (about["left"], about["shape"], about["picture"], about["number"]) == (["two", "words"], [2, 4, 2, 2], 2, 1)


def test_an_error_becomes_words_and_the_picture_stays():
    def fails(text):
        if "oh" in text:
            raise IndexError("no such token")
        return attention(text)

    widget = AttentionExplorer(fails, "all is well")
    before = widget.data
    about = look(widget, text="oh no")
    assert about["note"].startswith("Your fails raised IndexError: no such token")
    assert about["note"].endswith("The picture shows the last text that worked.")
    assert about["bad"] and about["left"] == ["all", "is", "well"] and widget.data == before
    assert look(widget, text="well again")["note"] == ""


def test_a_function_that_never_worked_is_shown_as_words():
    widget = AttentionExplorer(lambda text: 1 / 0, "a text")
    assert "ZeroDivisionError" in widget.alt_text()
    alt, _ = still(widget)
    assert "ZeroDivisionError" in alt


def test_one_of_several_functions_is_chosen_by_name():
    widget = AttentionExplorer({"right": attention, "wrong": lambda text: (text.split(), None)}, "a b c")
    assert widget.sources == ["right", "wrong"]
    assert look(widget, source="wrong")["note"].startswith("Your function returned nothing (None)")


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "nothing (None); expected (tokens, weights)"),
        (softmax(2, 2), "a ndarray; expected (tokens, weights)"),
        (("a b", softmax(1, 1, 2, 2)), "'a b' as tokens; expected a list of words"),
        ((["a", "b"], softmax(1, 1, 3, 3)), "weights of shape (1, 1, 3, 3) for 2 tokens; expected (1, 1, 2, 2)"),
        ((["a"], softmax(1, 1, 1, 1, 1, 1)), "expected (layers, heads, queries, keys)"),
        ((["a"] * 200, np.full((1, 1, 200, 200), 1 / 200)), "too many to show; at most 128 tokens"),
    ],
    ids=["nothing", "an array", "text", "a wrong shape", "six axes", "too many"],
)
def test_what_is_no_attention_is_said(returned, said):
    assert said in AttentionExplorer(lambda text: returned, "a b").about["note"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: np.swapaxes(w, -1, -2), r"Row 1 of layer 1, head 1 sums to \d\.\d\d, not to 1: is the softmax over"),
        (lambda w: w - 0.5, "Row 1 of layer 1, head 1 holds negative weights."),
        (lambda w: np.where(np.arange(3)[:, None] == 1, np.nan, w), "Row 2 of layer 1, head 1 holds NaN."),
        (lambda w: np.where(np.arange(3)[:, None] == 1, 0, w), "^$"),
    ],
    ids=["softmax over the queries", "negative", "nan", "a row that may look nowhere"],
)
def test_weights_that_cannot_be_right_are_shown_with_a_remark(change, said):
    about = AttentionExplorer(lambda text: (TOKENS, change(softmax(2, 2, 3, 3))), "x").about
    assert re.search(said, about["note"])
    assert about["bad"] == bool(about["note"]) and about["picture"] == 1


@pytest.mark.parametrize(
    "weights",
    [softmax(3, 3), softmax(4, 3, 3), [torch.tensor(softmax(1, 4, 3, 3))] * 2, softmax(2, 1, 4, 3, 3)],
    ids=["one head", "one layer", "a list of layers with a batch of one", "a batch of one"],
)
def test_weights_come_in_several_shapes(weights):
    widget = AttentionExplorer(weights=weights, tokens=TOKENS)
    np.testing.assert_allclose(widget._weights.reshape(-1), np.stack([*weights]).reshape(-1), rtol=1e-6)
    assert len(widget._weights.shape) == 4


def test_keys_may_be_other_words_than_queries():
    about = AttentionExplorer(weights=softmax(2, 3), tokens=["le", "chat"], key_tokens=TOKENS).about
    assert (about["left"], about["right"]) == (["le", "chat"], TOKENS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "nothing to show"),
        ({"weights": softmax(3, 3), "tokens": ["a"]}, "expected 3 tokens"),
        ({"weights": softmax(3, 3), "tokens": TOKENS, "head": 2}, "1 layers with 1 heads"),
    ],
)
def test_the_explorer_says_what_it_cannot_show(arguments, said):
    with pytest.raises(ValueError, match=said):
        AttentionExplorer(**arguments)


def test_queries_and_keys_of_a_head_come_with_its_weights():
    asked = []

    def scores(text, layer, head):
        asked.append((text, layer, head))
        return {"query": torch.ones(3, 5), "key": np.zeros((3, 5)), "mask": np.tri(3)}

    [(content, buffers)] = messages(explorer(scores=scores), {"exact": [1, 3], "picture": 1})
    assert asked == [("the cat sleeps", 1, 3)]
    assert (content["width"], content["scale"]) == (5, pytest.approx(5**-0.5))
    assert [len(buffer) for buffer in buffers] == [36, 60, 60, 9]


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "The scores cannot be shown: "),
        ({"query": np.ones((3, 2))}, "'key'"),
        ({"query": np.ones((2, 5)), "key": np.ones((3, 5))}, "2 queries and 3 keys for 3 and 3 tokens"),
        ({"query": np.ones((3, 5)), "key": np.ones((3, 4))}, r"query (3, 5) and key (3, 4) do not fit"),
    ],
)
def test_scores_that_do_not_fit_are_words(returned, said):
    [(content, buffers)] = messages(explorer(scores=lambda *_: returned), {"exact": [0, 0], "picture": 1})
    assert said in content["problem"] and len(buffers) == 1


def test_the_still_picture_of_the_explorer_says_where_the_token_looks():
    weights = np.full((2, 3, 3, 3), 1 / 3)
    weights[1, 2, 1] = [0.1, 0.2, 0.7]
    widget = AttentionExplorer(weights=weights, tokens=TOKENS, layer=2, head=3, token="cat")
    alt, image = still(widget)
    assert "Layer 2, head 3: “cat” looks at “sleeps” 0.70, “cat” 0.20, “the” 0.10." in alt
    assert len(image.convert("RGB").getcolors(300)) > 10
