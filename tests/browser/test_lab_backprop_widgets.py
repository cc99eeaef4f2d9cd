"""The graph and the gradients in JupyterLab: mouse, keys, both themes, and what a saved notebook still shows."""

import hashlib

import pytest

GRAPH = """
from course_lib.reference.backprop import Tensor, maximum, trace
from course_lib.widgets.graph import ComputationGraph, central_differences

def build(x, y, z):
    x, y, z = Tensor(x, "x"), Tensor(y, "y"), Tensor(z, "z")
    f = ((x + y) * maximum(y, z)).named("f")
    f.backward()
    return trace(f)

ComputationGraph({"(x + y) · max(y, z)": (build, {"x": 1, "y": 2, "z": 0})}, check=central_differences)
"""

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
    lab = notebook("backprop.ipynb", GRAPH, FLOW)
    lab.run_all()
    for cell in (0, 1):
        lab.output(cell).locator(".wt[data-ready]").wait_for()
    return lab


def read(output):
    return output.locator(".wt-read").text_content()


def picture(locator):
    return hashlib.sha256(locator.screenshot(animations="disabled")).hexdigest()


def test_the_graph_is_stepped_by_mouse_and_by_keys_and_an_edit_reaches_the_kernel(opened):
    output, page = opened.output(0), opened.page
    drawing = output.locator(".wt-picture")
    before = picture(drawing)
    output.get_by_role("button", name="one step on").click()
    assert read(output).startswith("forward step 1 of 3")
    assert picture(drawing) != before
    output.locator(".node[tabindex='0']").focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    assert read(output).startswith("backward step 4 of 4") and "y collects 3 + 2 = 5" in read(output)
    cells = page.locator(".jp-NotebookPanel:visible .jp-Cell").count()
    for key in (
        "a",
        "b",
        "x",
        "ArrowDown",
        "ArrowUp",
    ):  # with the focus on a node these are no commands of the notebook
        page.keyboard.press(key)
    assert page.locator(".jp-NotebookPanel:visible .jp-Cell").count() == cells
    output.get_by_label("y", exact=True).fill("4")
    f = output.locator(".node.output .value")
    page.wait_for_function("(e) => e.textContent === '20'", arg=f.element_handle())
    assert output.locator(".gradient", has_text="5 + 4 = 9").count() == 1
    assert opened.errors() == []


def test_the_gradients_follow_controls_steps_and_keys(opened):
    output, page = opened.output(1), opened.page
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


def test_both_pictures_turn_dark_with_the_page(opened):
    for cell, what in ((0, ".wt-picture"), (1, "canvas")):
        element = opened.output(cell).locator(what)
        light = picture(element)
        opened.theme(dark=True)
        assert opened.output(cell).locator(".wt.wt-dark").count() == 1
        assert picture(element) != light
        opened.theme(dark=False)
    assert opened.errors() == []


def test_a_saved_notebook_keeps_small_pictures_with_their_words(opened):
    saved = opened.save()
    for cell, words in zip(saved.cells, ("Computation graph: ", "Gradients in a deep network: "), strict=True):
        pages = [output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})]
        assert len(pages) == 1 and f'alt="{words}' in pages[0] and len(pages[0]) < 50_000
    for cell in (0, 1):  # while the live view is there, the still one is hidden
        assert not opened.output(cell).locator("img").is_visible()
