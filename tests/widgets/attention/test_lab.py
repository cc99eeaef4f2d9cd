"""The attention explorer in JupyterLab: every control, both themes, the saved notebook."""

import pytest

from widgets.lab import Changes

ATTENTION = """
import numpy as np
import torch
from course_lib.reference.transformer import attend
from course_lib.widgets import AttentionExplorer

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

AttentionExplorer({"with": attention, "without": lambda text: (text.split(), attention(text)[1] ** 2)},
                  "the animal slept because it was tired", scores=parts, layer=2, head=3)
"""
LARGE = """
import numpy as np
from course_lib.widgets import AttentionExplorer
AttentionExplorer(weights=np.full((12, 12, 64, 64), 1 / 64), tokens=[str(n) for n in range(64)])
"""


def test_a_saved_notebook_keeps_a_small_picture(notebook):
    opened = notebook("attention.ipynb", ATTENTION, fresh=True)
    opened.run_all()
    assert 'alt="Attention of 3 layers' in opened.still(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_control_does_something(notebook, dark):
    opened = notebook("attention.ipynb", ATTENTION)
    opened.theme(dark)
    opened.run_all()
    assert opened.errors() == []
    seen = Changes(opened, 0)
    assert not seen.output.locator("img").is_visible()
    seen.radio("2 ÷ √d")
    seen.radio("3 softmax")
    seen.radio("1 query · key")
    seen.slide("layer", 3)
    seen.slide("head", 1)
    seen.hover(0, 0.5, 0.5, click=True)
    seen.press(0, "ArrowLeft", "ArrowUp")
    seen.hover(1, 0.1, 0.5)
    seen.hover(1, 0.9, 0.3)
    seen.press(1, "ArrowDown", "ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp")
    seen.keeps_its_keys(canvas=1)
    seen.press(2, "ArrowRight")
    seen.press(1, "Escape")
    seen.radio("without")
    seen.write("text", "two words")
    seen.write("text", "oh no")
    assert "ValueError: no attention today" in seen.text(".wt-note")
    seen.theme(not dark)


def test_a_saved_notebook_lives_again_without_running(notebook):
    opened = notebook("attention.ipynb", ATTENTION)
    opened.run_all()
    opened.output(0).locator("[data-ready]").wait_for()
    opened.save()
    opened.open("attention.ipynb")  # a new kernel that ran nothing
    output = opened.output(0)
    output.locator("[data-ready]").wait_for()
    output.locator("canvas").nth(1).press("ArrowDown")
    assert "Layer 2, head 3: about: “the”" in output.locator(".wt-read").inner_text()


def test_large_weights_are_not_saved_but_their_picture_is(notebook):
    opened = notebook("large.ipynb", LARGE, fresh=True)
    opened.run_all()
    Changes(opened, 0)  # the browser has told the kernel that it has the weights
    assert 'alt="Attention of 12 layers' in opened.still(0)
    opened.open("large.ipynb")
    output = opened.output(0)
    output.get_by_text("run this cell again").wait_for()
    assert output.locator("img").is_visible()
    assert "Attention of 12 layers" in output.locator("img").get_attribute("alt")
