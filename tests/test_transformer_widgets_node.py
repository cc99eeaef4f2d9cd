"""The pure functions of the widgets about attention, masks and positions, in Node."""

import numpy as np
import torch
from test_widgets_node import node, pytestmark  # noqa: F401
from torch.nn import functional


def test_the_largest_weights_come_first():
    rng = np.random.default_rng(0)
    weights = rng.random((5, 7)).round(1)  # with ties, which keep their order
    flat = weights.ravel().tolist()
    rows = node("attention", *(["largest", flat, 7 * i, 7, 3] for i in range(5)))
    columns = node("attention", *(["largest", flat, j, 5, 9, 7] for j in range(7)))
    assert rows == np.argsort(-weights, axis=1, kind="stable")[:, :3].tolist()
    assert columns == np.argsort(-weights.T, axis=1, kind="stable").tolist()


def test_the_habits_of_a_head_are_means_along_its_diagonals():
    weights = torch.tensor(np.random.default_rng(1).normal(size=(6, 6))).softmax(-1).numpy()
    [found] = node("attention", ["habits", weights.ravel().tolist(), 6, 6])
    np.testing.assert_allclose(found["near"], [np.trace(weights, offset=k) / 6 for k in (-1, 0, 1)])
    assert found["most"] == weights.mean(axis=0).argmax()
    np.testing.assert_allclose(found["share"], weights.mean(axis=0).max())


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
    calls = (["number", -1.254], ["number", -0.001], ["number", 0.5, 3], ["number", -0.4, 0])
    assert node("steps", *calls) == ["−1.25", "0.00", "0.500", "0"]
