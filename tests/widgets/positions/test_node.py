"""The pure functions of the explorer of positional encodings in Node."""

import numpy as np
import pytest

from course_lib.reference.transformer import positional_encoding
from widgets.node import node


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
