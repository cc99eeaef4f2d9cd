"""The attention explorer's pure functions in Node."""

import numpy as np
import torch

from widgets.node import node


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
