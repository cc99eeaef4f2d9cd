"""One score after the other, Python side: no browser, no kernel."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from course_lib.widgets import AttentionSteps
from widgets.python import still

TOKENS = ["the", "cat", "sleeps"]


def steps(**arguments):
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=size) for size in ((3, 4), (3, 4), (3, 2))]
    return AttentionSteps(*parts, **{"tokens": TOKENS, **arguments}), [torch.tensor(part) for part in parts]


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
