"""Attention, positions and masks in JupyterLab: every control, both themes, and what a saved notebook still shows."""

import pytest

SET_UP = """
import numpy as np
import torch
from course_lib.reference.transformer import attend, positional_encoding
from course_lib.widgets import AttentionExplorer, AttentionSteps, MaskPainter, PositionalEncodingExplorer

def parts(text, layer, head):
    rng = np.random.default_rng(10 * layer + head)
    count = len(text.split())
    return {"query": torch.tensor(rng.normal(size=(count, 16))), "key": torch.tensor(rng.normal(size=(count, 16)))}

def attention(text):
    if text == "oh no":
        raise ValueError("no attention today")
    heads = [[parts(text, layer, head) for head in range(4)] for layer in range(3)]
    weights = [[attend(p["query"], p["key"], p["key"])[1].numpy() for p in layer] for layer in heads]
    return text.split(), np.array(weights)
"""
ATTENTION = """
AttentionExplorer({"with": attention, "without": lambda text: (text.split(), attention(text)[1] ** 2)},
                  "the animal slept because it was tired", scores=parts, layer=2, head=3)
"""
POSITIONS = """
PositionalEncodingExplorer(lambda length, d, base: positional_encoding(length, d, base) * 0.5)
"""
MASKS = """
parts3 = [torch.tensor(np.random.default_rng(k).normal(size=(5, 4))) for k in range(3)]
MaskPainter(attend, *parts3, tokens="the cat sleeps well here".split())
"""
STEPS = """
AttentionSteps(*parts3, "the cat sleeps well here".split())
"""

PIXELS = """(all) => all.map((c) => c.width && new Uint32Array(
  c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer).reduce((h, v) => (31 * h + v) | 0, 7))"""


class Seen:
    """The parts of a widget that a reader sees; after each act something of it must have changed."""

    def __init__(self, notebook, cell):
        self.notebook, self.output = notebook, notebook.output(cell)
        self.output.locator("[data-ready]").wait_for()
        self.output.scroll_into_view_if_needed()
        self.rest()

    def look(self):
        pictures = self.output.locator("canvas").evaluate_all(PIXELS)
        return pictures, self.output.locator(".wt").inner_text()

    def rest(self):
        """Wait till the kernel adds nothing any more."""
        self.now = None
        for _ in range(40):
            before, self.now = self.now, self.look()
            if before == self.now:
                return
            self.notebook.page.wait_for_timeout(80)

    def change(self, act):
        act()
        for _ in range(80):
            if self.look() != self.now:
                return self.rest()
            self.notebook.page.wait_for_timeout(50)
        pytest.fail("nothing changed")

    def radio(self, name):
        self.change(lambda: self.output.get_by_role("radio", name=name).check())

    def slide(self, name, value):
        self.change(lambda: self.output.get_by_role("slider", name=name, exact=True).fill(value))

    def press(self, canvas, *keys):
        for key in keys:
            self.change(lambda key=key: self.output.locator("canvas").nth(canvas).press(key))

    def hover(self, canvas, x, y, click=False):
        box = self.output.locator("canvas").nth(canvas).bounding_box()
        mouse, at = self.notebook.page.mouse, (box["x"] + box["width"] * x, box["y"] + box["height"] * y)
        self.change(lambda: (mouse.click if click else mouse.move)(*at))

    def text(self, selector):
        return self.output.locator(selector).last.inner_text()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_control_of_the_attention_explorer_does_something(notebook, dark):
    opened = notebook("attention.ipynb", SET_UP, ATTENTION)
    opened.theme(dark)
    opened.run_all()
    assert opened.errors() == []
    cells = opened.page.locator(".jp-Notebook .jp-Cell").count()
    seen = Seen(opened, 1)
    assert not seen.output.locator("img").is_visible()
    seen.radio("÷ √d")
    seen.radio("softmax")
    seen.radio("query · key")
    seen.slide("layer", "3")
    seen.slide("head", "1")
    seen.hover(0, 0.5, 0.5, click=True)
    seen.press(0, "ArrowLeft", "ArrowUp")
    seen.hover(1, 0.1, 0.5)
    seen.hover(1, 0.9, 0.3)
    seen.press(1, "ArrowDown", "ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp")
    seen.output.locator("canvas").nth(1).press("a")  # JupyterLab would insert a cell
    assert opened.page.locator(".jp-Notebook .jp-Cell").count() == cells
    seen.press(2, "ArrowRight")
    seen.press(1, "Escape")
    seen.radio("without")
    field = seen.output.get_by_role("combobox", name="text")
    seen.change(lambda: (field.fill("two words"), field.press("Enter")))
    seen.change(lambda: (field.fill("oh no"), field.press("Enter")))
    assert "ValueError: no attention today" in seen.text(".wt-note")
    seen.change(lambda: opened.theme(not dark))
    opened.theme(False)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_control_of_positions_masks_and_steps_does_something(notebook, dark):
    opened = notebook("positions.ipynb", SET_UP, POSITIONS, MASKS, STEPS)
    opened.theme(dark)
    opened.run_all()
    assert opened.errors() == []
    seen = Seen(opened, 1)
    for name in ("your function", "the difference", "the course", "dot products", "rotation"):
        seen.radio(name)
    seen.slide("shift", "9")
    seen.slide("d", "32")
    seen.slide("length", "70")
    seen.slide("base", "2")
    seen.radio("waves")
    seen.press(0, "ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft", "Enter", "ArrowRight")
    seen.hover(0, 0.5, 0.5, click=True)
    seen.hover(1, 0.4, 0.5)
    assert "Your function differs in" in seen.text(".wt-note")
    seen = Seen(opened, 2)
    for name in ("none", "padding", "both", "banded", "causal"):
        seen.radio(name)
    seen.press(0, "ArrowDown", "ArrowDown", " ", "ArrowRight", "Enter", "ArrowUp", "ArrowLeft")
    seen.hover(1, 0.5, 0.6)
    seen.radio("banded")
    seen.slide("on each side", "0")
    assert "agrees" in seen.text(".wt-note")
    seen = Seen(opened, 3)
    for name in ("÷ √d", "softmax", "output", "sleeps", "query · key"):
        seen.radio(name)
    seen.press(0, "ArrowRight", "ArrowLeft")
    seen.change(lambda: opened.theme(not dark))
    opened.theme(False)


def test_the_saved_notebook_keeps_small_pictures_and_lives_again_without_running(notebook):
    opened = notebook("saved_transformer.ipynb", SET_UP, ATTENTION, POSITIONS, MASKS, STEPS)
    opened.run_all()
    for cell in (1, 2, 3, 4):
        opened.output(cell).locator("[data-ready]").wait_for()
    saved = opened.save()
    widgets_state = saved.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    kept = {state["state"]["picture_id"]: len(str(state)) for state in widgets_state if "picture_id" in state["state"]}
    for cell in saved.cells[1:]:  # what each adds to the file: its state with its code, its outputs
        picture = next(name for name in kept if name in str(cell.outputs))
        assert kept[picture] + len(str(cell.outputs)) <= 50_000
    said = (
        "Attention of 3 layers",
        "Positional encoding of 50",
        "Attention under a causal mask",
        "Attention of “the” to",
    )
    for cell, words in enumerate(said, start=1):
        [still] = [o.data["text/html"] for o in saved.cells[cell].outputs if "text/html" in o.get("data", {})]
        assert f'alt="{words}' in still and len(still) < 50_000
    opened.open("saved_transformer.ipynb")  # a new kernel that ran nothing
    for cell, act, words in (
        (1, lambda at: at.locator("canvas").nth(1).press("ArrowDown"), "Layer 2, head 3: about: “the”"),
        (2, lambda at: at.locator("canvas").first.press("ArrowDown"), "Position 11, dimension 8"),
        (3, lambda at: at.get_by_role("radio", name="none").check(), "25 of 25 pairs are allowed"),
        (4, lambda at: at.get_by_role("radio", name="softmax").check(), "is the weight"),
    ):
        output = opened.output(cell)
        output.locator("[data-ready]").wait_for()
        act(output)
        assert words in output.locator(".wt-read").inner_text()


def test_large_weights_are_not_saved_but_their_picture_is(notebook):
    large = "AttentionExplorer(weights=np.full((12, 12, 64, 64), 1 / 64), tokens=[str(n) for n in range(64)])"
    opened = notebook("large.ipynb", SET_UP, large)
    empty = opened.path.stat().st_size
    opened.run_all()
    opened.output(1).locator("[data-ready]").wait_for()
    opened.page.wait_for_timeout(500)
    opened.save()
    assert opened.path.stat().st_size - empty <= 50_000
    opened.open("large.ipynb")
    output = opened.output(1)
    output.get_by_text("run this cell again").wait_for()
    assert output.locator("img").is_visible()
    assert "Attention of 12 layers" in output.locator("img").get_attribute("alt")
