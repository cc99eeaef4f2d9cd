"""The gradients of a deep network in an empty page."""

import pytest
from small_network import train

from course_lib.widgets.gradients import GradientFlow

PIXELS = "() => document.querySelector('canvas').toDataURL()"


def read(view):
    view.settle()
    return view.page.locator(".wt-read").text_content()


def answered(view):
    """Wait till the run that was asked for is shown: quick changes are asked for once, a moment later."""
    view.page.wait_for_timeout(200)
    view.settle()


def choose(view, name):
    view.page.get_by_role("radio", name=name).check()
    answered(view)


def test_activation_initialisation_and_depth_train_another_network(mount):
    view = mount(GradientFlow(train, steps=3))
    before = view.page.evaluate(PIXELS)
    assert "From layer 10 back to layer 1 the gradient vanishes" in read(view)
    choose(view, "relu")
    choose(view, "too large")
    assert (view.widget.activation, view.widget.initialisation) == ("relu", "too large")
    assert "the gradient keeps its size" in read(view) or "the gradient explodes" in read(view)
    assert "From layer 1 to layer 10 the activation explodes" in read(view)
    view.page.get_by_role("slider").first.fill("15")
    answered(view)
    assert view.widget.depth == 15 and "From layer 15 back" in read(view)
    assert view.page.evaluate(PIXELS) != before
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
    answered(view)
    assert asked == [(10, "sigmoid", "Xavier", 2), (14, "sigmoid", "Xavier", 2)]


def test_a_slider_moved_there_and_back_does_not_keep_saying_that_it_works(mount):
    view = mount(GradientFlow(train, steps=2))
    view.page.evaluate(  # both moves at once: on a slow machine two key presses would be two runs
        """() => { const s = document.querySelector('input[type=range]'), v = +s.value;
        for (const to of [v + 1, v]) { s.value = to; s.dispatchEvent(new Event('input', { bubbles: true })); } }"""
    )
    answered(view)
    assert view.page.locator(".wt-note").text_content() == ""


def test_the_steps_can_be_scrubbed_and_played(mount):
    view = mount(GradientFlow(train, activation="tanh", steps=20))
    losses, _ = view.widget.numbers()
    assert read(view).startswith(f"Step 0, loss {losses[0]:.3g}.")
    before = view.page.evaluate(PIXELS)
    view.page.get_by_role("slider").nth(1).fill("19")
    assert read(view).startswith(f"Step 19, loss {losses[19]:.3g}.")
    assert view.page.evaluate(PIXELS) != before
    view.page.clock.install()
    view.page.get_by_role("button", name="play the steps").click()  # from the end it starts again
    view.page.clock.run_for(1000)
    assert 3 <= int(read(view)[5:7].strip(",")) <= 8
    view.page.clock.run_for(5000)
    assert read(view).startswith("Step 19,")
    assert len(view.sent) == 0  # playing needs no kernel
    assert view.close() == {}


def test_keys_and_pointer_choose_a_layer(mount):
    view = mount(GradientFlow(train, steps=2), width=900)
    view.page.evaluate("() => { window.__keys = []; document.addEventListener('keydown', (e) => __keys.push(e.key)); }")
    assert "Layer 1: typical gradient" in read(view)
    view.page.locator("canvas").focus()
    for key, layer in (("ArrowRight", 2), ("End", 10), ("ArrowLeft", 9), ("Home", 1)):
        view.page.keyboard.press(key)
        assert f"Layer {layer}: typical gradient" in read(view)
    assert view.page.evaluate("() => __keys") == []
    view.page.locator("canvas").hover(position={"x": 300, "y": 150})
    assert "Layer 7: typical gradient" in read(view)


def test_an_exception_becomes_text_and_the_picture_stays(mount):
    def breaks(depth, activation, *settings):
        if activation == "tanh":
            raise FloatingPointError("the loss is not a number")
        return train(depth, activation, *settings)

    view = mount(GradientFlow(breaks, steps=2))
    before = read(view)
    choose(view, "tanh")
    note = view.page.locator(".wt-note")
    assert "Your breaks raised FloatingPointError: the loss is not a number" in note.text_content()
    assert "wt-bad" in note.get_attribute("class") and read(view) == before
    choose(view, "relu")
    assert "wt-bad" not in note.get_attribute("class")


def test_a_training_that_never_worked_shows_the_reason(mount):
    def train_network(*settings):
        raise NotImplementedError

    view = mount(GradientFlow(train_network))
    assert read(view) == "train_network is not written yet."
    view.page.get_by_role("button", name="play the steps").click()
    view.page.wait_for_timeout(400)  # the first tick of the player
    view.page.locator("canvas").focus()
    view.page.keyboard.press("ArrowRight")
    view.settle()
    assert view.close() == {}


def test_overflow_is_drawn_and_said(mount):
    def overflows(depth, *settings):
        nothing, much = [float("nan")], [float("inf")]
        yield {"loss": float("nan"), "gradients": [nothing] * depth, "activations": [much] * depth}

    view = mount(GradientFlow(overflows))
    assert read(view).startswith("Step 0, loss NaN. From layer 10 back to layer 1 the gradient has overflowed.")
    assert view.page.evaluate(PIXELS)


@pytest.mark.parametrize("width", [420, 900])
def test_the_picture_follows_theme_and_width(mount, width):
    light, dark = (mount(GradientFlow(train, steps=2), dark=dark, width=width) for dark in (False, True))
    for view in (light, dark):
        view.settle()
        assert view.page.evaluate("() => document.querySelector('canvas').clientWidth") <= width
    assert light.page.evaluate(PIXELS) != dark.page.evaluate(PIXELS)
    dark.page.evaluate("() => { document.body.dataset.jpThemeLight = 'true'; }")
    dark.settle()
    same = "() => document.querySelector('.wt').classList.contains('wt-dark')"
    assert not dark.page.evaluate(same)
