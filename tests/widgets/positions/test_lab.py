"""The explorer of positional encodings in JupyterLab: every control, both themes, the saved notebook."""

import pytest

from widgets.lab import Changes

POSITIONS = """
from course_lib.reference.transformer import positional_encoding
from course_lib.widgets import PositionalEncodingExplorer
PositionalEncodingExplorer(lambda length, d, base: positional_encoding(length, d, base) * 0.5)
"""


def test_a_saved_notebook_keeps_a_small_picture(notebook):
    opened = notebook("positions.ipynb", POSITIONS, fresh=True)
    opened.run_all()
    assert 'alt="Positional encoding of 50' in opened.still(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_control_does_something(notebook, dark):
    opened = notebook("positions.ipynb", POSITIONS)
    opened.theme(dark)
    opened.run_all()
    assert opened.errors() == []
    seen = Changes(opened, 0)
    assert not seen.output.locator("img").is_visible()
    for name in ("your function", "the difference", "the course", "dot products", "shift as rotation"):
        seen.radio(name)
    seen.slide("shift", 9)
    seen.slide("d", 32)
    seen.slide("length", 70)
    seen.slide("base", 2)
    seen.radio("waves")
    seen.press(0, "ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft", "Enter", "ArrowRight")
    seen.keeps_its_keys()
    seen.hover(0, 0.5, 0.5, click=True)
    seen.hover(1, 0.4, 0.5)
    assert "Your function differs in" in seen.text(".wt-note")
    seen.theme(not dark)


def test_a_saved_notebook_lives_again_without_running(notebook):
    opened = notebook("positions.ipynb", POSITIONS)
    opened.run_all()
    opened.output(0).locator("[data-ready]").wait_for()
    opened.save()
    opened.open("positions.ipynb")  # a new kernel that ran nothing
    output = opened.output(0)
    output.locator("[data-ready]").wait_for()
    output.locator("canvas").first.press("ArrowDown")
    assert "Position 11, dimension 8" in output.locator(".wt-read").inner_text()
