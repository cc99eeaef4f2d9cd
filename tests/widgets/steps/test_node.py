"""One score after the other, its pure functions in Node."""

import numpy as np
import torch
from torch.nn import functional

from widgets.node import node


def test_one_row_of_attention_is_that_of_torch():
    rng = np.random.default_rng(2)
    query, key, value = (torch.tensor(rng.normal(size=size)) for size in ((1, 3), (4, 3), (4, 2)))
    expected = functional.scaled_dot_product_attention(query, key, value)[0]
    [row] = node("steps", ["scoreRow", query[0].tolist(), key.ravel().tolist(), 2, 3**-0.5])
    np.testing.assert_allclose(row["products"], query[0] * key[2])
    np.testing.assert_allclose(row["raw"], key @ query[0])
    np.testing.assert_allclose(row["scaled"], key @ query[0] / np.sqrt(3))
    [output] = node("steps", ["mixed", row["weights"], value.ravel().tolist()])
    np.testing.assert_allclose(output, expected)


def test_numbers_have_a_real_minus_and_no_negative_zero():
    calls = (["number", -1.254, 2], ["number", -0.001, 2], ["number", 0.5, 3], ["number", -0.4, 0])
    assert node("steps", *calls) == ["−1.25", "0.00", "0.500", "0"]
