"""The pure functions of the widgets about attention, masks and positions, in Node."""

import numpy as np
import pytest
import torch
from test_widgets_node import node, pytestmark  # noqa: F401
from torch.nn import functional

from course_lib.reference.transformer import attend, positional_encoding
from course_lib.widgets.masks import preset


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
    calls = (["number", -1.254, 2], ["number", -0.001, 2], ["number", 0.5, 3], ["number", -0.4, 0])
    assert node("steps", *calls) == ["−1.25", "0.00", "0.500", "0"]


def test_the_browsers_waves_are_those_of_the_reference():
    for length, d, base in ((5, 6, 10000), (40, 7, 300)):
        [found] = node("positions", ["encoding", length, d, base])
        np.testing.assert_allclose(np.reshape(found, (length, d)), positional_encoding(length, d, base), atol=3e-6)


def test_a_wave_repeats_after_its_wavelength():
    length, d = 30, 8
    [period] = node("positions", ["wavelength", 5, d, 10])
    [found] = node("positions", ["encoding", length, d, 10])
    column = np.reshape(found, (length, d))[:, 5]
    np.testing.assert_allclose(column, np.cos(2 * np.pi * np.arange(length) / period), atol=1e-9)


def test_a_turned_pair_is_the_pair_at_the_shifted_position():
    encoding = positional_encoding(12, 6).double().numpy()
    for m, shift in ((0, 3), (1, -2), (2, 5)):
        [found] = node("positions", ["turned", encoding.ravel().tolist(), 6, 4, m, shift * 10000 ** (-2 * m / 6)])
        np.testing.assert_allclose(found, encoding[4 + shift, 2 * m : 2 * m + 2], atol=1e-6)


def test_dot_products_and_ticks():
    rows = np.random.default_rng(3).normal(size=(4, 5))
    calls = ["dot", rows.ravel().tolist(), 5, 1, 3], ["round", 0, 49, 8], ["round", -49, 49, 8], ["round", 0, 3, 8]
    [product, *ticks] = node("positions", *calls)
    assert product == pytest.approx(rows[1] @ rows[3])
    assert ticks == [[0, 10, 20, 30, 40], [-40, -20, 0, 20, 40], [0, 1, 2, 3]]


def test_sixteen_bit_numbers_come_back():
    [found] = node("positions", ["unpack", [32767, -16384, 0], 2 / 32767])
    np.testing.assert_allclose(found, [2, -1, 0], atol=1e-4)
    assert node("positions", ["number", -0.0004, 3], ["number", -1.5, 1]) == ["0.000", "−1.5"]


def test_the_browsers_masks_are_those_of_python():
    for kind in ("none", "causal", "padding", "both", "banded"):
        for rows, columns, k in ((4, 4, 1), (2, 5, 3), (5, 2, 0)):
            [found] = node("masks", ["preset", kind, rows, columns, k])
            np.testing.assert_array_equal(np.reshape(found, (rows, columns)), preset(kind, rows, columns, k))


def test_the_browsers_masked_softmax_is_that_of_the_reference():
    rng = np.random.default_rng(4)
    query, key, value = (torch.tensor(rng.normal(size=size)) for size in ((3, 4), (5, 4), (5, 2)))
    mask = torch.tensor(rng.random((3, 5)) < 0.5)
    mask[1] = False
    output, weights = attend(query, key, value, mask)
    scores, allowed = (query @ key.T / 2).ravel().tolist(), mask.int().ravel().tolist()
    found, empty = node("masks", ["softmax", scores, allowed, 3, 5], ["nowhere", allowed, 3, 5])
    np.testing.assert_allclose(np.reshape(found, (3, 5)), weights)
    assert empty == [1]
    [found] = node("masks", ["mixed", found, value.ravel().tolist(), 3, 5])
    np.testing.assert_allclose(np.reshape(found, (3, 2)), output, atol=1e-12)
