"""The gradients in JupyterLab: mouse, keys, both themes, and what a saved notebook still shows."""

import hashlib

import pytest

FLOW = """
import numpy as np
from course_lib.widgets.gradients import GradientFlow

def train(depth, activation, initialisation, steps):
    rng = np.random.default_rng(0)
    factor = {"too small": 0.2, "Xavier": 0.8, "Kaiming": 1.0, "too large": 3.0}[initialisation]
    for step in range(steps):
        sizes = factor ** np.arange(depth)
        yield {"loss": 1 / (step + 1), "gradients": [rng.normal(size=99) * s for s in sizes[::-1]],
               "activations": [rng.normal(size=99) * s for s in sizes]}

GradientFlow(train, depth=8, steps=12)
"""


@pytest.fixture
def opened(notebook):
    lab = notebook("gradients.ipynb", FLOW)
    lab.run_all()
    lab.output(0).locator(".wt[data-ready]").wait_for()
    return lab


def read(output):
    return output.locator(".wt-read").text_content()


def picture(locator):
    return hashlib.sha256(locator.screenshot(animations="disabled")).hexdigest()


def test_a_saved_notebook_keeps_a_small_picture(notebook):
    opened = notebook("gradients.ipynb", FLOW, fresh=True)
    opened.run_all()
    assert 'alt="Gradients in a deep network: ' in opened.still(0)
    assert not opened.output(0).locator("img").is_visible()  # while the live view is there, the still one is hidden


def test_controls_steps_and_keys_change_the_picture(opened):
    output, page = opened.output(0), opened.page
    canvas = output.locator("canvas")
    canvas.scroll_into_view_if_needed()
    before = picture(canvas)
    assert "the gradient keeps its size" in read(output)
    output.get_by_role("radio", name="too small").check()
    page.wait_for_function(
        "(e) => e.textContent.includes('gradient vanishes')", arg=output.locator(".wt-read").element_handle()
    )
    after = picture(canvas)
    assert after != before
    output.get_by_role("slider").nth(1).fill("11")
    assert read(output).startswith("Step 11, loss 0.0833")
    assert picture(canvas) != after
    canvas.focus()
    page.keyboard.press("ArrowRight")
    assert "Layer 2: typical gradient" in read(output)
    assert opened.errors() == []


def test_the_picture_turns_dark_with_the_page(opened):
    output = opened.output(0)
    light = picture(output.locator("canvas"))
    opened.theme(dark=True)
    assert output.locator(".wt.wt-dark").count() == 1
    assert picture(output.locator("canvas")) != light
    assert opened.errors() == []
