"""The mask painter's Python side: no browser, no kernel."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from course_lib.reference.transformer import attend, causal_mask, decoder_mask, padding_mask
from course_lib.widgets import MaskPainter
from widgets.python import still

TOKENS = ["the", "cat", "sleeps"]
QUERY, KEY, VALUE = (torch.tensor(np.random.default_rng(k).normal(size=(3, 4)), dtype=torch.float32) for k in range(3))


def painter(function=attend, **arguments):
    return MaskPainter(function, QUERY, KEY, VALUE, **{"tokens": TOKENS, **arguments})


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
    assert "read-only" in MaskPainter(numpy_attend, *arrays).status


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
    widget = MaskPainter(attend, scores=scores, mask="none", key_tokens=["a", "b"])
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
        MaskPainter(attend)
