"""The graph in JupyterLab: mouse, keys, both themes, and what a saved notebook still shows."""

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


@pytest.fixture
def opened(notebook):
    lab = notebook("graph.ipynb", GRAPH)
    lab.run_all()
    lab.output(0).locator(".wt[data-ready]").wait_for()
    return lab


def read(output):
    return output.locator(".wt-read").text_content()


def picture(locator):
    return hashlib.sha256(locator.screenshot(animations="disabled")).hexdigest()


def test_a_saved_notebook_keeps_a_small_picture(notebook):
    opened = notebook("graph.ipynb", GRAPH, fresh=True)
    opened.run_all()
    assert 'alt="Computation graph: ' in opened.still(0)
    assert not opened.output(0).locator("img").is_visible()  # while the live view is there, the still one is hidden


def test_it_is_stepped_by_mouse_and_by_keys_and_an_edit_reaches_the_kernel(opened):
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
    for key in ("a", "b", "x", "ArrowDown", "ArrowUp"):  # on a node these are no commands of the notebook
        page.keyboard.press(key)
    assert page.locator(".jp-NotebookPanel:visible .jp-Cell").count() == cells
    output.get_by_label("y", exact=True).fill("4")
    f = output.locator(".node.output .value")
    page.wait_for_function("(e) => e.textContent === '20'", arg=f.element_handle())
    assert output.locator(".gradient", has_text="5 + 4 = 9").count() == 1
    assert opened.errors() == []


def test_the_picture_turns_dark_with_the_page(opened):
    output = opened.output(0)
    light = picture(output.locator(".wt-picture"))
    opened.theme(dark=True)
    assert output.locator(".wt.wt-dark").count() == 1
    assert picture(output.locator(".wt-picture")) != light
    assert opened.errors() == []
