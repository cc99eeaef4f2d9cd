"""The gradient on its way back through time, in an empty page."""

import numpy as np
import pytest

from course_lib.widgets import GradientThroughTime
from course_lib.widgets.through_time import clipping, number, story
from widgets.browser import leaked_keys, pixels, read_out, slide
from widgets.through_time import small


def test_scale_length_and_activation_ask_for_other_gradients(mount):
    view = mount(GradientThroughTime(small.gradients))
    pictures = {pixels(view)}
    assert read_out(view).startswith(story(view.widget.norms()))
    slide(view, "spectral scale", 1.5)
    pictures.add(pixels(view))
    slide(view, "steps", 33)
    pictures.add(pixels(view))
    view.page.get_by_role("radio", name="linear").first.check()
    assert read_out(view).startswith("The gradient explodes: after 32 steps it is 4.3e5 times as large (1.5 a step).")
    pictures.add(pixels(view))
    assert len(pictures) == 4
    assert view.widget.shown == {"scale": 1.5, "length": 33, "activation": "linear", "hidden": 12}
    assert view.close() == {}


def test_quick_changes_ask_only_for_the_first_and_the_last(mount):
    asked = []

    def watched(scale, length, activation):
        asked.append(length)
        return small.gradients(scale, length, activation)

    view = mount(GradientThroughTime(watched, length=10))
    view.page.evaluate(
        """() => { const s = document.querySelectorAll('input[type=range]')[1];
        for (const v of [11, 12, 13, 14]) { s.value = v; s.dispatchEvent(new Event('input', { bubbles: true })); } }"""
    )
    view.settle()
    view.settle()
    assert asked == [10, 11, 14] and view.widget.shown["length"] == 14
    assert view.page.get_by_role("slider", name="steps").input_value() == "14"
    assert view.page.locator(".wt-note").text_content() == ""


def test_clipping_scales_the_picture_in_the_browser_alone(mount):
    view = mount(GradientThroughTime(small.gradients, scale=1.4, activation="linear"))
    before, norms = pixels(view), view.widget.norms()
    view.page.get_by_role("checkbox").check()
    assert clipping(norms, 1.0) in read_out(view)
    clipped = pixels(view)
    assert clipped != before
    view.page.get_by_role("slider", name="threshold").fill("-1")
    assert clipping(norms, 0.1) in read_out(view) and pixels(view) != clipped
    assert view.widget.threshold == 0.1 and view.widget.question["number"] == 0  # the kernel was asked nothing
    slide(view, "threshold, a power of ten", 3)
    assert "clipping changes nothing" in read_out(view)
    view.page.get_by_role("checkbox").uncheck()
    assert "lipping" not in read_out(view) and pixels(view) == before


def test_keys_and_pointer_choose_a_step_and_a_unit(mount):
    view = mount(GradientThroughTime(small.gradients, length=20), width=900)
    leaked = leaked_keys(view)
    rows, norms = small.gradients(0.9, 20, "tanh"), view.widget.norms()
    assert f"Step 20, the last one: norm {norms[-1]:.3f}" in read_out(view)
    view.page.locator("canvas").focus()
    for key, words in (("ArrowLeft", "Step 19, 1 before the last one"), ("Home", "Step 1, 19 before the last one"),
                       ("ArrowRight", "Step 2, 18"), ("End", "Step 20"), ("ArrowDown", "unit 1: ")):  # fmt: skip
        view.page.keyboard.press(key)
        assert words in read_out(view)
    assert f"unit 1: {number(rows[-1, 0])}." in read_out(view)
    assert leaked() == []
    view.page.locator("canvas").hover(position={"x": 66 + 4.5 * (896 - 126) / 20, "y": 96 + 12 * 2.5})
    assert "Step 5, 15 before the last one" in read_out(view) and "unit 3: " in read_out(view)


def test_touch_chooses_a_step(mount):
    view = mount(GradientThroughTime(small.gradients), width=900, has_touch=True)
    view.settle()
    view.page.locator("canvas").tap(position={"x": 90, "y": 350})
    assert "Step 1, 19 before the last one" in read_out(view)


def test_colours_can_be_linear(mount):
    view = mount(GradientThroughTime(small.gradients))
    view.settle()
    before = pixels(view)
    view.page.get_by_role("radio", name="linear", exact=True).last.check()
    view.settle()
    assert pixels(view) != before and view.sent == []


def test_a_gradient_beyond_its_bound_is_pointed_at(mount):
    def doubled(scale, length, activation):
        rows = small.gradients(scale, length, activation)
        rows[4] *= 20
        return rows

    view = mount(GradientThroughTime(doubled, length=10, activation="linear"))
    assert "At step 5 it is larger than a matrix of this scale allows" in read_out(view)
    other = mount(GradientThroughTime(doubled, length=10, activation="linear", bound=False))
    assert "allows" not in read_out(other)


def test_an_exception_becomes_text_and_the_picture_stays(mount):
    def breaks(scale, length, activation):
        if activation == "relu":
            raise FloatingPointError("no slope at 0")
        return small.gradients(scale, length, activation)

    view = mount(GradientThroughTime(breaks))
    before = pixels(view), read_out(view)
    view.page.get_by_role("radio", name="relu").check()
    view.settle()
    note = view.page.locator(".wt-note")
    assert "Your breaks raised FloatingPointError: no slope at 0 The picture shows" in note.text_content()
    assert "wt-bad" in note.get_attribute("class")
    assert (pixels(view), read_out(view)) == before
    view.page.get_by_role("radio", name="tanh").check()
    view.settle()
    assert note.text_content() == "" and "wt-bad" not in note.get_attribute("class")


def test_a_function_that_never_worked_shows_the_reason(mount):
    def gradients(*_):
        raise NotImplementedError

    view = mount(GradientThroughTime(gradients))
    assert read_out(view) == "gradients is not written yet."
    view.page.locator("canvas").focus()
    view.page.keyboard.press("ArrowRight")
    slide(view, "steps", 5)
    assert view.close() == {}


@pytest.mark.parametrize(
    "rows, words",
    [(np.zeros((20, 3)), "There is no gradient"), (np.full((20, 3), np.inf), "overflows"),
     (np.eye(20), "The gradient keeps its size"), (np.eye(20)[::-1] * np.arange(20)[:, None], "vanishes completely")],
)  # fmt: skip
def test_nothing_and_too_much_are_drawn_and_said(mount, rows, words):
    view = mount(GradientThroughTime(lambda *_: rows, bound=False))
    assert words in read_out(view)
    assert pixels(view)


@pytest.mark.parametrize("width", [420, 900])
def test_the_picture_follows_theme_and_width(mount, width):
    view = mount(GradientThroughTime(small.gradients), dark=True, width=width)
    dark = pixels(view)
    assert view.page.evaluate("() => document.querySelector('canvas').clientWidth") <= width
    view.theme(dark=False)
    assert pixels(view) != dark
    assert view.page.locator(".wt-dark").count() == 0
    view.theme(dark=True)
    assert pixels(view) == dark
