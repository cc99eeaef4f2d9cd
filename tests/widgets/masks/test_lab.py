"""The mask painter in JupyterLab: every control, both themes, the saved notebook."""

import pytest

from widgets.lab import Changes

MASKS = """
import numpy as np
import torch
from course_lib.reference.transformer import attend
from course_lib.widgets import MaskPainter
parts = [torch.tensor(np.random.default_rng(k).normal(size=(5, 4))) for k in range(3)]
MaskPainter(attend, *parts, tokens="the cat sleeps well here".split())
"""


def test_a_saved_notebook_keeps_a_small_picture(notebook):
    opened = notebook("masks.ipynb", MASKS, fresh=True)
    opened.run_all()
    assert 'alt="Attention under a causal mask' in opened.still(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_control_does_something(notebook, dark):
    opened = notebook("masks.ipynb", MASKS)
    opened.theme(dark)
    opened.run_all()
    assert opened.errors() == []
    seen = Changes(opened, 0)
    assert not seen.output.locator("img").is_visible()
    for name in ("none", "padding", "both", "banded", "causal"):
        seen.radio(name)
    seen.press(0, "ArrowDown", "ArrowDown", " ", "ArrowRight", "Enter", "ArrowUp", "ArrowLeft")
    seen.keeps_its_keys()
    seen.hover(1, 0.5, 0.6)
    seen.radio("banded")
    seen.slide("on each side", 0)
    assert "agrees" in seen.text(".wt-note")
    seen.theme(not dark)


def test_a_saved_notebook_lives_again_without_running(notebook):
    opened = notebook("masks.ipynb", MASKS)
    opened.run_all()
    opened.output(0).locator("[data-ready]").wait_for()
    opened.save()
    opened.open("masks.ipynb")  # a new kernel that ran nothing
    output = opened.output(0)
    output.locator("[data-ready]").wait_for()
    output.get_by_role("radio", name="none").check()
    assert "25 of 25 pairs are allowed" in output.locator(".wt-read").inner_text()
