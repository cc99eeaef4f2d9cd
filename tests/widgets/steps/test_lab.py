"""One score after the other, in JupyterLab: every control, both themes, the saved notebook."""

import pytest

from widgets.lab import Changes

STEPS = """
import numpy as np
from course_lib.widgets import AttentionSteps
parts = [np.random.default_rng(k).normal(size=(5, 4)) for k in range(3)]
AttentionSteps(*parts, "the cat sleeps well here".split())
"""


def test_a_saved_notebook_keeps_a_small_picture(notebook):
    opened = notebook("steps.ipynb", STEPS, fresh=True)
    opened.run_all()
    assert 'alt="Attention of “the” to' in opened.still(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_control_does_something(notebook, dark):
    opened = notebook("steps.ipynb", STEPS)
    opened.theme(dark)
    opened.run_all()
    assert opened.errors() == []
    seen = Changes(opened, 0)
    assert not seen.output.locator("img").is_visible()
    for name in ("2 ÷ √d", "3 softmax", "4 output", "sleeps", "1 query · key"):
        seen.radio(name)
    seen.press(0, "ArrowRight", "ArrowLeft")
    seen.keeps_its_keys()
    seen.theme(not dark)


def test_a_saved_notebook_lives_again_without_running(notebook):
    opened = notebook("steps.ipynb", STEPS)
    opened.run_all()
    opened.output(0).locator("[data-ready]").wait_for()
    opened.save()
    opened.open("steps.ipynb")  # a new kernel that ran nothing
    output = opened.output(0)
    output.locator("[data-ready]").wait_for()
    output.get_by_role("radio", name="softmax").check()
    assert "is the weight" in output.locator(".wt-read").inner_text()
