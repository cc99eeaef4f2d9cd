"""The explorer of positional encodings, Python side: no browser, no kernel."""

import numpy as np
import pytest

from course_lib.reference.transformer import positional_encoding
from course_lib.widgets import PositionalEncodingExplorer
from widgets.python import messages, still


@pytest.mark.parametrize(("length", "d", "base"), [(4, 2, 10.0), (50, 64, 10000.0), (9, 7, 300.0)])
def test_the_learners_right_encoding_agrees(length, d, base):
    widget = PositionalEncodingExplorer(positional_encoding, d, length, base, 1, 1)
    assert widget.status.startswith(f"Your function agrees in all {length * d:,} numbers")
    assert not widget.bad and widget.theirs_for == [length, d, base]
    [(content, [numbers])] = messages(widget, {})
    got = np.frombuffer(numbers, "<i2").reshape(length, d) * content["scale"]
    assert content["of"] == [length, d, base]
    np.testing.assert_allclose(got, positional_encoding(length, d, base), atol=2e-5)


def test_the_sliders_ask_again_with_what_they_say():
    asked = []
    widget = PositionalEncodingExplorer(lambda *arguments: asked.append(arguments))
    widget.length, widget.base = 30, 300.0
    assert asked == [(50, 64, 10000.0), (30, 64, 10000.0), (30, 64, 300.0)]


def test_a_function_without_a_base_is_called_without_it():
    widget = PositionalEncodingExplorer(lambda length, width: positional_encoding(length, width))
    assert widget.status.startswith("Your function agrees")
    widget.base = 100.0
    assert widget.status.startswith("Your function differs")


def test_the_largest_map_is_sent_in_under_40_kb():
    widget = PositionalEncodingExplorer(positional_encoding, d=128, length=100)
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
    widget = PositionalEncodingExplorer(lambda length, d, base: returned)
    assert said in widget.status and widget.bad
    assert said in widget.alt_text()


def test_the_still_picture_of_positions_tells_the_dot_products():
    alt, image = still(PositionalEncodingExplorer())
    rows = positional_encoding(50, 64).double()
    assert f"32 of a position with itself, 1 apart {float(rows[3] @ rows[4]):.1f}" in alt
    assert len(image.convert("RGB").getcolors(300)) > 10


@pytest.mark.parametrize("wrong", [{"d": 129}, {"length": 3}, {"position": 50}, {"shift": 41}, {"base": 1}])
def test_what_the_sliders_cannot_reach_is_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is"):
        PositionalEncodingExplorer(**wrong)
