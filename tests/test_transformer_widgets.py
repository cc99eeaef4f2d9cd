"""The Python side of the widgets about attention, masks and positions: no browser, no kernel."""

import base64
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from course_lib import widgets
from course_lib.reference.transformer import attend, causal_mask, decoder_mask, padding_mask, positional_encoding

TOKENS = ["the", "cat", "sleeps"]


def softmax(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).normal(size=shape)).softmax(-1).numpy()


def attention(text):
    tokens = text.split()
    return tokens, softmax(2, 4, len(tokens), len(tokens), seed=len(text))


def explorer(**arguments):
    return widgets.AttentionExplorer(attention, "the cat sleeps", **arguments)


def look(widget, **changes):
    widget.question = {**widget.question, **changes, "number": widget.question["number"] + 1}
    return widget.about


def messages(widget, *asked):
    """What the widget answers when the browser asks."""
    sent = []
    widget.send = lambda content, buffers: sent.append((content, buffers))
    for content in asked:
        widget._handle_custom_msg(content, [])
    return sent


def steps(**arguments):
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=size) for size in ((3, 4), (3, 4), (3, 2))]
    return widgets.AttentionSteps(*parts, **{"tokens": TOKENS, **arguments}), [torch.tensor(part) for part in parts]


def still(widget):
    """The alternative text and the PNG of the still picture."""
    html = widget.still()
    assert len(html) < 40_000
    alt, data = re.search('alt="([^"]+)"', html)[1], base64.b64decode(re.search('base64,([^"]+)', html)[1])
    return alt, Image.open(io.BytesIO(data))


# ---- the attention explorer ----------------------------------------------------------------------------------------


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
    widget = widgets.AttentionExplorer(weights=softmax(12, 12, 64, 64), tokens=[str(n) for n in range(64)])
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

    widget = widgets.AttentionExplorer(fails, "all is well")
    before = widget.data
    about = look(widget, text="oh no")
    assert about["note"].startswith("Your fails raised IndexError: no such token")
    assert about["note"].endswith("The picture shows the last text that worked.")
    assert about["bad"] and about["left"] == ["all", "is", "well"] and widget.data == before
    assert look(widget, text="well again")["note"] == ""


def test_a_function_that_never_worked_is_shown_as_words():
    widget = widgets.AttentionExplorer(lambda text: 1 / 0, "a text")
    assert "ZeroDivisionError" in widget.alt_text()
    alt, _ = still(widget)
    assert "ZeroDivisionError" in alt


def test_one_of_several_functions_is_chosen_by_name():
    widget = widgets.AttentionExplorer({"right": attention, "wrong": lambda text: (text.split(), None)}, "a b c")
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
    assert said in widgets.AttentionExplorer(lambda text: returned, "a b").about["note"]


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
    about = widgets.AttentionExplorer(lambda text: (TOKENS, change(softmax(2, 2, 3, 3))), "x").about
    assert re.search(said, about["note"])
    assert about["bad"] == bool(about["note"]) and about["picture"] == 1


@pytest.mark.parametrize(
    "weights",
    [softmax(3, 3), softmax(4, 3, 3), [torch.tensor(softmax(1, 4, 3, 3))] * 2, softmax(2, 1, 4, 3, 3)],
    ids=["one head", "one layer", "a list of layers with a batch of one", "a batch of one"],
)
def test_weights_come_in_several_shapes(weights):
    widget = widgets.AttentionExplorer(weights=weights, tokens=TOKENS)
    np.testing.assert_allclose(widget._weights.reshape(-1), np.stack([*weights]).reshape(-1), rtol=1e-6)
    assert len(widget._weights.shape) == 4


def test_keys_may_be_other_words_than_queries():
    about = widgets.AttentionExplorer(weights=softmax(2, 3), tokens=["le", "chat"], key_tokens=TOKENS).about
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
        widgets.AttentionExplorer(**arguments)


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
    widget = widgets.AttentionExplorer(weights=weights, tokens=TOKENS, layer=2, head=3, token="cat")
    alt, image = still(widget)
    assert "Layer 2, head 3: “cat” looks at “sleeps” 0.70, “cat” 0.20, “the” 0.10." in alt
    assert len(image.convert("RGB").getcolors(300)) > 10


# ---- one score after the other -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", [None, np.tri(3, dtype=bool)], ids=["no mask", "causal"])
def test_the_steps_end_with_the_weights_of_torch(mask):
    widget, (query, key, value) = steps(mask=mask)
    allowed = None if mask is None else torch.tensor(mask)
    expected = functional.scaled_dot_product_attention(query, key, value, allowed)
    np.testing.assert_allclose(widget.weights() @ value.numpy(), expected, rtol=1e-9)


def test_a_row_that_may_look_nowhere_gets_no_weight():
    widget, _ = steps(mask=np.array([[True] * 3, [False] * 3, [True, False, True]]))
    assert widget.weights()[1].tolist() == [0, 0, 0]


def test_the_steps_are_told_in_words():
    widget, (query, key, value) = steps(pair=(1, 2))
    alt, _ = still(widget)
    score = float(query[1] @ key[2])
    assert f"the key of “sleeps” is {score:.2f}; divided by 2.00 that is {score / 2:.2f}" in alt


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"tokens": ["a"]}, "expected 3 tokens"),
        ({"pair": (0, 3)}, "3 queries and 3 keys"),
        ({"mask": np.ones((2, 2))}, "does not broadcast"),
    ],
)
def test_steps_that_do_not_fit_are_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        steps(**arguments)


# ---- positional encodings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "d", "base"), [(4, 2, 10.0), (50, 64, 10000.0), (9, 7, 300.0)])
def test_the_learners_right_encoding_agrees(length, d, base):
    widget = widgets.PositionalEncodingExplorer(positional_encoding, d, length, base, 1, 1)
    assert widget.status.startswith(f"Your function agrees in all {length * d:,} numbers")
    assert not widget.bad and widget.theirs_for == [length, d, base]
    [(content, [numbers])] = messages(widget, {})
    got = np.frombuffer(numbers, "<i2").reshape(length, d) * content["scale"]
    assert content["of"] == [length, d, base]
    np.testing.assert_allclose(got, positional_encoding(length, d, base), atol=2e-5)


def test_the_sliders_ask_again_with_what_they_say():
    asked = []
    widget = widgets.PositionalEncodingExplorer(lambda *arguments: asked.append(arguments))
    widget.length, widget.base = 30, 300.0
    assert asked == [(50, 64, 10000.0), (30, 64, 10000.0), (30, 64, 300.0)]


def test_a_function_without_a_base_is_called_without_it():
    widget = widgets.PositionalEncodingExplorer(lambda length, width: positional_encoding(length, width))
    assert widget.status.startswith("Your function agrees")
    widget.base = 100.0
    assert widget.status.startswith("Your function differs")


def test_the_largest_map_is_sent_in_under_40_kb():
    widget = widgets.PositionalEncodingExplorer(positional_encoding, d=128, length=100)
    [(_, [numbers])] = messages(widget, {})
    assert len(numbers) == 2 * 128 * 100 < 40_000


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "returned nothing (None)"),
        ("waves", "returned a str; expected an array of shape (50, 64)"),
        (np.zeros((64, 50)), "returned shape (64, 50); expected (50, 64)"),
        (np.zeros((50, 64)), "differs in 3,168 of 3,200 numbers, first at position 0, dimension 1: 0.000 instead of 1"),
        (np.full((50, 64), np.nan), "differs in 3,200 of 3,200 numbers, first at position 0, dimension 0: nan"),
    ],
    ids=["nothing", "text", "transposed", "zeros", "nan"],
)
def test_what_is_no_encoding_is_said(returned, said):
    widget = widgets.PositionalEncodingExplorer(lambda length, d, base: returned)
    assert said in widget.status and widget.bad
    assert said in widget.alt_text()


def test_the_still_picture_of_positions_tells_the_dot_products():
    alt, image = still(widgets.PositionalEncodingExplorer())
    rows = positional_encoding(50, 64).double()
    assert f"32 of a position with itself, 1 apart {float(rows[3] @ rows[4]):.1f}" in alt
    assert len(image.convert("RGB").getcolors(300)) > 10


@pytest.mark.parametrize("wrong", [{"d": 129}, {"length": 3}, {"position": 50}, {"shift": 41}, {"base": 1}])
def test_what_the_sliders_cannot_reach_is_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is"):
        widgets.PositionalEncodingExplorer(**wrong)


# ---- masks ---------------------------------------------------------------------------------------------------------

QUERY, KEY, VALUE = (torch.tensor(np.random.default_rng(k).normal(size=(3, 4)), dtype=torch.float32) for k in range(3))


def painter(function=attend, **arguments):
    return widgets.MaskPainter(function, QUERY, KEY, VALUE, **{"tokens": TOKENS, **arguments})


@pytest.mark.parametrize("name", ["none", "causal", "padding", "both", "banded"])
def test_weights_and_output_under_a_mask_are_those_of_torch(name):
    widget = painter(mask=name, k=1)
    weights, output = widget.expected()
    oracle = functional.scaled_dot_product_attention(QUERY, KEY, VALUE, torch.tensor(widget.allowed()))
    np.testing.assert_allclose(output, oracle, atol=1e-6)
    np.testing.assert_allclose(weights.sum(-1), 1)
    assert widget.status == "Your function agrees, in the weights and in the output." and not widget.bad
    np.testing.assert_allclose(np.frombuffer(widget.theirs, "<f4")[:9].reshape(3, 3), weights, atol=1e-6)


def test_the_masks_of_the_reference_have_the_same_names_here():
    assert painter(mask="causal").allowed().tolist() == causal_mask(3).tolist()
    assert painter(mask="padding", k=1).allowed().tolist() == padding_mask([2], 3)[0, 0].expand(3, 3).tolist()
    assert painter(mask="both", k=1).allowed().tolist() == decoder_mask([2], 3)[0, 0].tolist()


def test_painting_asks_the_function_again_with_a_bool_tensor():
    asked = []
    widget = painter(lambda *arguments: asked.append(arguments))
    widget.mask = ["111", "000", "101"]
    query, _, _, mask = asked[-1]
    assert (query.dtype, mask.dtype) == (torch.float32, torch.bool)
    assert mask.tolist() == [[True] * 3, [False] * 3, [True, False, True]]
    assert widget.theirs_for == ["111", "000", "101"]


def test_a_function_of_numpy_gets_arrays_it_cannot_change():
    def numpy_attend(query, key, value, mask):
        assert isinstance(mask, np.ndarray)
        scores = np.where(mask, query @ key.T / 2, -np.inf)
        weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
        query *= 0
        return weights @ value, weights

    arrays = [part.double().numpy() for part in (QUERY, KEY, VALUE)]
    assert "read-only" in widgets.MaskPainter(numpy_attend, *arrays).status


def test_a_tensor_changed_in_place_does_not_change_what_is_shown():
    def spoils(query, key, value, mask):
        mask[:] = True
        value.zero_()
        return attend(query, key, value, mask)

    widget = painter(spoils)
    assert widget.bad and widget.mask == ["100", "110", "111"]
    np.testing.assert_allclose(widget.expected()[1][0], VALUE[0], rtol=1e-6)


def test_scores_may_be_given_in_place_of_queries_and_keys():
    scores = torch.tensor([[1.0, 2.0], [0.0, -1.0], [3.0, 3.0]])
    widget = widgets.MaskPainter(attend, scores=scores, mask="none", key_tokens=["a", "b"])
    np.testing.assert_allclose(widget.expected()[0], scores.softmax(-1), rtol=1e-6)
    assert not widget.bad


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "returned nothing (None); expected (output, weights)."),
        (VALUE, "returned a Tensor; expected (output, weights)."),
        ((torch.zeros(3, 3), torch.zeros(3, 4)), "weights of shape (3, 4); expected (3, 3). Are output and weights sw"),
        ((torch.zeros(3, 2), torch.zeros(3, 3)), "output of shape (3, 2); expected (3, 4)."),
        ((VALUE, torch.full((3, 3), 1 / 3)), "The mask forbids to look from “the” to “cat”, but your function gives"),
        ((VALUE, torch.zeros(3, 3)), "The weight from “the” to “the” is 0.00 by your function instead of 1.00."),
        ((VALUE, attend(QUERY, KEY, VALUE, causal_mask(3))[1]), "The weights agree, but feature 1 of the output of “c"),
    ],
    ids=["nothing", "one tensor", "swapped", "a wrong shape", "unmasked", "no weight", "a wrong output"],
)
def test_what_is_wrong_with_attention_is_said(returned, said):
    widget = painter(lambda *_: returned)
    assert said in widget.status and widget.bad
    assert said in widget.alt_text()


def test_nan_where_nothing_is_allowed_is_said():
    widget = painter(lambda *_: (torch.full((3, 4), torch.nan), torch.full((3, 3), torch.nan)), mask=np.zeros((3, 3)))
    assert widget.status == "“the” may look nowhere; there your function gives nan instead of 0."


def test_the_still_picture_of_a_mask_lists_who_sees_whom():
    alt, _ = still(painter(mask=np.array([[1, 0, 0], [0, 0, 0], [0, 1, 1]])))
    assert "“the” may look at “the” 1.00. “cat” may look nowhere. “sleeps” may look at “cat” 0." in alt


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"mask": "diagonal"}, "there are none, causal"),
        ({"mask": np.ones((2, 2))}, r"the mask has shape \(2, 2\); expected \(3, 3\)"),
        ({"tokens": ["a"]}, "expected 3 tokens"),
        ({"scores": np.zeros((17, 17)), "tokens": None}, "at most 16"),
    ],
)
def test_a_mask_that_cannot_be_shown_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        painter(**arguments)


def test_without_scores_there_is_nothing_to_mask():
    with pytest.raises(ValueError, match="pass query and key, or scores"):
        widgets.MaskPainter(attend)
