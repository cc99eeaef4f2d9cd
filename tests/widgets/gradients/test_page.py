"""The gradients of a deep network in an empty page."""

import pytest

from course_lib.widgets.gradients import GradientFlow
from widgets.browser import choose, leaked_keys, pixels, read_out
from widgets.gradients.small import train


def test_activation_initialisation_and_depth_train_another_network(mount):
    view = mount(GradientFlow(train, steps=3))
    before = pixels(view)
    assert "From layer 10 back to layer 1 the gradient vanishes" in read_out(view)
    choose(view, "relu")
    choose(view, "too large")
    assert (view.widget.activation, view.widget.initialisation) == ("relu", "too large")
    assert "the gradient keeps its size" in read_out(view) or "the gradient explodes" in read_out(view)
    assert "From layer 1 to layer 10 the activation explodes" in read_out(view)
    view.page.get_by_role("slider").first.fill("15")
    view.settle()
    assert view.widget.depth == 15 and "From layer 15 back" in read_out(view)
    assert pixels(view) != before
    assert (
        "The dashed line is the run before: 10 layers, relu, too large." in view.page.locator(".wt-note").text_content()
    )
    assert view.close() == {}


def test_quick_changes_ask_for_one_run(mount):
    asked = []

    def watched(*settings):
        asked.append(settings)
        return train(*settings)

    view = mount(GradientFlow(watched, steps=2))
    slider = view.page.get_by_role("slider").first
    slider.focus()
    for _ in range(4):
        view.page.keyboard.press("ArrowRight")
    view.settle()
    assert asked == [(10, "sigmoid", "Xavier", 2), (14, "sigmoid", "Xavier", 2)]


def test_a_slider_moved_there_and_back_does_not_keep_saying_that_it_works(mount):
    view = mount(GradientFlow(train, steps=2))
    view.page.evaluate(  # both moves at once: on a slow machine two key presses would be two runs
        """() => { const s = document.querySelector('input[type=range]'), v = +s.value;
        for (const to of [v + 1, v]) { s.value = to; s.dispatchEvent(new Event('input', { bubbles: true })); } }"""
    )
    view.settle()
    assert view.page.locator(".wt-note").text_content() == ""


def test_the_steps_can_be_scrubbed_and_played(mount):
    view = mount(GradientFlow(train, activation="tanh", steps=20))
    losses, _ = view.widget.numbers()
    assert read_out(view).startswith(f"Step 0, loss {losses[0]:.3g}.")
    before = pixels(view)
    view.page.get_by_role("slider").nth(1).fill("19")
    assert read_out(view).startswith(f"Step 19, loss {losses[19]:.3g}.")
    assert pixels(view) != before
    view.page.clock.install()
    view.page.get_by_role("button", name="play the steps").click()  # from the end it starts again
    view.page.clock.run_for(1000)
    assert 3 <= int(read_out(view)[5:7].strip(",")) <= 8
    view.page.clock.run_for(5000)
    assert read_out(view).startswith("Step 19,")
    assert len(view.sent) == 0  # playing needs no kernel
    assert view.close() == {}


def test_keys_and_pointer_choose_a_layer(mount):
    view = mount(GradientFlow(train, steps=2), width=900)
    leaked = leaked_keys(view)
    assert "Layer 1: typical gradient" in read_out(view)
    view.page.locator("canvas").focus()
    for key, layer in (("ArrowRight", 2), ("End", 10), ("ArrowLeft", 9), ("Home", 1)):
        view.page.keyboard.press(key)
        assert f"Layer {layer}: typical gradient" in read_out(view)
    assert leaked() == []
    view.page.locator("canvas").hover(position={"x": 300, "y": 150})
    assert "Layer 7: typical gradient" in read_out(view)


def test_an_exception_becomes_text_and_the_picture_stays(mount):
    def breaks(depth, activation, *settings):
        if activation == "tanh":
            raise FloatingPointError("the loss is not a number")
        return train(depth, activation, *settings)

    view = mount(GradientFlow(breaks, steps=2))
    before = read_out(view)
    choose(view, "tanh")
    note = view.page.locator(".wt-note")
    assert "Your breaks raised FloatingPointError: the loss is not a number" in note.text_content()
    assert "wt-bad" in note.get_attribute("class") and read_out(view) == before
    choose(view, "relu")
    assert "wt-bad" not in note.get_attribute("class")


def test_a_training_that_never_worked_shows_the_reason(mount):
    def train_network(*settings):
        raise NotImplementedError

    view = mount(GradientFlow(train_network))
    assert read_out(view) == "train_network is not written yet."
    view.page.clock.install()
    view.page.get_by_role("button", name="play the steps").click()
    view.page.clock.run_for(400)  # the first ticks of the player
    view.page.locator("canvas").focus()
    view.page.keyboard.press("ArrowRight")
    view.settle()
    assert view.close() == {}


def test_overflow_is_drawn_and_said(mount):
    def overflows(depth, *settings):
        nothing, much = [float("nan")], [float("inf")]
        yield {"loss": float("nan"), "gradients": [nothing] * depth, "activations": [much] * depth}

    view = mount(GradientFlow(overflows))
    assert read_out(view).startswith("Step 0, loss NaN. From layer 10 back to layer 1 the gradient has overflowed.")
    assert pixels(view)


@pytest.mark.parametrize("width", [420, 900])
def test_the_picture_follows_theme_and_width(mount, width):
    view = mount(GradientFlow(train, steps=2), dark=True, width=width)
    dark = pixels(view)
    assert view.page.evaluate("() => document.querySelector('canvas').clientWidth") <= width
    view.theme(dark=False)
    assert pixels(view) != dark
    assert view.page.locator(".wt-dark").count() == 0
    view.theme(dark=True)
    assert pixels(view) == dark
