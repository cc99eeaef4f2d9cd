"""The co-occurrence window in JupyterLab: every control, both themes, the saved notebook."""

import json

import nbformat
import pytest

from widgets.lab import Changes

COUNT = """
import numpy as np
from course_lib.widgets import CooccurrenceWindow
from widgets.window.small import SENTENCES

def cooccurrence(sentences, vocabulary, window):
    if window == 5:
        raise ValueError("too wide")
    counts = np.zeros((len(vocabulary), len(vocabulary)))
    for sentence in sentences:
        for i, word in enumerate(sentence):
            for other in sentence[max(0, i - window):i + window + 1]:     # counts the word itself, too
                counts[vocabulary.index(word), vocabulary.index(other)] += 1
    return counts
CooccurrenceWindow(SENTENCES, count=cooccurrence)
"""


def test_a_saved_notebook_keeps_a_small_picture(notebook):
    opened = notebook("window.ipynb", COUNT, fresh=True)
    opened.run_all()
    assert 'alt="Co-occurrence matrix of 8 words' in opened.still(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_control_does_something(notebook, dark):
    opened = notebook("window.ipynb", COUNT)
    opened.theme(dark)
    opened.run_all()
    assert opened.errors() == []
    seen = Changes(opened, 0)
    assert not seen.output.locator("img").is_visible()
    seen.button("one step forward")
    seen.button("one step back")
    seen.button("to the end")
    seen.button("to the start")
    seen.button("play")
    seen.button("pause")
    seen.slide("pairs counted", 9)
    seen.change(lambda: seen.output.get_by_label("sentence").select_option("1"))
    seen.slide("window size", 3)
    seen.change(lambda: seen.output.get_by_role("slider", name="window size").press("ArrowLeft"))
    seen.hover(0, 0.5, 0.5)
    opened.page.mouse.move(5, 5)
    seen.press(0, "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft")
    seen.keeps_its_keys()
    seen.radio("your function")
    assert "differs in 8 of 64 cells" in seen.text(".wt-note")
    seen.slide("window size", 5)
    assert seen.text(".wt-note") == "Your cooccurrence raised ValueError: too wide"
    seen.radio("step by step")
    seen.theme(not dark)


def test_a_saved_notebook_lives_again_without_running(notebook):
    opened = notebook("window.ipynb", COUNT)
    opened.run_all()
    opened.output(0).locator("[data-ready]").wait_for()
    opened.save()
    opened.open("window.ipynb")  # a new kernel that ran nothing
    output = opened.output(0)
    output.locator("[data-ready]").wait_for()
    output.get_by_role("button", name="one step forward", exact=True).click()
    assert "position 2" in output.locator(".wt-read").inner_text()


def test_without_the_widgets_state_the_picture_is_there(notebook, lab):
    opened = notebook("window.ipynb", COUNT)
    opened.run_all()
    opened.output(0).locator("[data-ready]").wait_for()
    saved = opened.save()
    del saved.metadata["widgets"]
    nbformat.write(saved, lab.root / "without.ipynb")
    opened.open("without.ipynb")
    picture = opened.output(0).locator("img")
    picture.wait_for()
    assert picture.evaluate("(image) => image.complete && image.naturalWidth > 100")
    assert json.loads((lab.root / "without.ipynb").read_text())["metadata"].get("widgets") is None
