"""The embedding explorer in JupyterLab: every control, both themes, the saved notebook."""

import pytest

from widgets.lab import Changes

NEAREST = """
import numpy as np
from course_lib.widgets import EmbeddingExplorer

def nearest(word, k, vectors, vocabulary):
    similarity = vectors @ vectors[vocabulary.index(word)]
    return [vocabulary[i] for i in np.argsort(-similarity) if vocabulary[i] != word][:k]
rng = np.random.default_rng(0)
words = [f"word{i}" for i in range(1000)]
EmbeddingExplorer({"counts": (words, rng.random((1000, 50))), "SVD": (words[:400], rng.normal(size=(400, 8)))},
                  nearest=nearest, word="word7")
"""


def test_a_saved_notebook_keeps_a_small_picture(notebook):
    opened = notebook("explorer.ipynb", NEAREST, fresh=True)
    opened.run_all()
    assert 'alt="Map of 1,000 words' in opened.still(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_control_does_something(notebook, dark):
    opened = notebook("explorer.ipynb", NEAREST)
    opened.theme(dark)
    opened.run_all()
    assert opened.errors() == []
    seen = Changes(opened, 0)
    assert not seen.output.locator("img").is_visible()
    seen.write("word", "word8")
    seen.slide("how many", 3)
    seen.radio("these words")
    seen.radio("all words")
    seen.radio("SVD")
    seen.write("word", "word999")
    assert "“word999” is not among the 400 words of SVD" in seen.text(".wt-note")
    seen.radio("counts")
    seen.radio("analogy")
    for label, word in (("word a", "word10"), ("word b", "word11"), ("word c", "word12")):
        seen.write(label, word)
    seen.change(lambda: seen.output.get_by_label("leave these three out").uncheck())
    seen.radio("neighbours")
    for name in ("zoom in", "show everything", "zoom out"):
        seen.button(name)
    seen.press(0, "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "+", "-", "Enter")
    seen.keeps_its_keys()
    seen.change(lambda: seen.output.locator(".we-word").nth(1).click())
    seen.theme(not dark)


def test_a_saved_notebook_shows_its_picture_until_it_is_run_again(notebook):
    opened = notebook("explorer.ipynb", NEAREST)
    opened.run_all()
    opened.output(0).locator("[data-ready]").wait_for()
    opened.save()
    opened.open("explorer.ipynb")  # a new kernel that ran nothing
    output = opened.output(0)
    output.get_by_text("run this cell again").wait_for()
    assert output.locator("img").is_visible()
    assert "Map of 1,000 words" in output.locator("img").get_attribute("alt")
