"""Both widgets of the lesson on words inside JupyterLab: every control, both themes, the saved notebook."""

import json

import nbformat
import pytest

SET_UP = """
import numpy as np
from course_lib.widgets import CooccurrenceWindow, EmbeddingExplorer
sentences = [text.split() for text in ("I like deep learning .", "I like NLP .", "I enjoy flying .")]
"""

COUNT = """
def cooccurrence(sentences, vocabulary, window):
    if window == 5:
        raise ValueError("too wide")
    counts = np.zeros((len(vocabulary), len(vocabulary)))
    for sentence in sentences:
        for i, word in enumerate(sentence):
            for other in sentence[max(0, i - window):i + window + 1]:     # counts the word itself, too
                counts[vocabulary.index(word), vocabulary.index(other)] += 1
    return counts
CooccurrenceWindow(sentences, count=cooccurrence)
"""

NEAREST = """
def nearest(word, k, vectors, vocabulary):
    similarity = vectors @ vectors[vocabulary.index(word)]
    return [vocabulary[i] for i in np.argsort(-similarity) if vocabulary[i] != word][:k]
rng = np.random.default_rng(0)
words = [f"word{i}" for i in range(1000)]
EmbeddingExplorer({"counts": (words, rng.random((1000, 50))), "SVD": (words[:400], rng.normal(size=(400, 8)))},
                  nearest=nearest, word="word7")
"""


class Changes:
    """The parts of a widget that a reader sees; after each act something of it must have changed."""

    def __init__(self, notebook, cell):
        self.notebook, self.output = notebook, notebook.output(cell)
        self.output.locator("[data-ready]").wait_for()
        self.output.scroll_into_view_if_needed()
        self.seen = self.look()

    def look(self):
        picture = self.output.locator("canvas").evaluate("(canvas) => canvas.toDataURL()")
        return picture, self.output.locator(".wt").inner_text()

    def must_change(self, act):
        act()
        for _ in range(60):
            if self.look() != self.seen:
                break
            self.notebook.page.wait_for_timeout(50)
        else:
            pytest.fail("nothing changed")
        self.notebook.page.wait_for_timeout(120)  # what the kernel still adds belongs to this act
        self.seen = self.look()

    def button(self, name):
        self.must_change(lambda: self.output.get_by_role("button", name=name, exact=True).click())

    def radio(self, name):
        self.must_change(lambda: self.output.get_by_role("radio", name=name, exact=True).check())

    def fill(self, label, value):
        self.must_change(lambda: self.output.get_by_label(label).first.fill(value))

    def write(self, label, value):
        field = self.output.get_by_role("combobox", name=label, exact=True)
        self.must_change(lambda: (field.fill(value), field.press("Enter")))

    def press(self, key):
        self.must_change(lambda: self.output.locator("canvas").press(key))

    def hover(self, x, y):
        box = self.output.locator("canvas").bounding_box()
        self.must_change(
            lambda: self.notebook.page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
        )

    def text(self, selector):
        return self.output.locator(selector).inner_text()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_control_of_the_window_does_something(notebook, dark):
    opened = notebook("window.ipynb", SET_UP, COUNT)
    opened.theme(dark)
    opened.run_all()
    assert opened.errors() == []
    cells = opened.page.locator(".jp-Notebook .jp-Cell").count()
    seen = Changes(opened, 1)
    assert not seen.output.locator("img").is_visible()
    seen.button("one step forward")
    seen.button("one step back")
    seen.button("to the end")
    seen.button("to the start")
    seen.button("play")
    seen.button("pause")
    seen.fill("pairs counted", "9")
    seen.must_change(lambda: seen.output.get_by_label("sentence").select_option("1"))
    seen.fill("window size", "3")
    seen.must_change(lambda: seen.output.get_by_label("window size").press("ArrowLeft"))
    seen.hover(0.5, 0.5)
    opened.page.mouse.move(5, 5)
    for key in ("ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft"):
        seen.press(key)
    seen.output.locator("canvas").press("a")  # JupyterLab would insert a cell
    assert opened.page.locator(".jp-Notebook .jp-Cell").count() == cells
    seen.radio("your function")
    assert "differs in 8 of 64 cells" in seen.text(".wt-note")
    seen.fill("window size", "5")
    assert seen.text(".wt-note") == "Your cooccurrence raised ValueError: too wide"
    seen.radio("step by step")
    seen.must_change(lambda: opened.theme(not dark))
    opened.theme(False)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_control_of_the_explorer_does_something(notebook, dark):
    opened = notebook("explorer.ipynb", SET_UP, NEAREST)
    opened.theme(dark)
    opened.run_all()
    assert opened.errors() == []
    seen = Changes(opened, 1)
    assert not seen.output.locator("img").is_visible()
    seen.write("word", "word8")
    seen.fill("how many", "3")
    seen.radio("these words")
    seen.radio("all words")
    seen.radio("SVD")
    seen.write("word", "word999")
    assert "“word999” is not among the 400 words of SVD" in seen.text(".wt-note")
    seen.radio("counts")
    seen.radio("analogy")
    for label, word in (("word a", "word10"), ("word b", "word11"), ("word c", "word12")):
        seen.write(label, word)
    seen.must_change(lambda: seen.output.get_by_label("leave these three out").uncheck())
    seen.radio("neighbours")
    for name in ("zoom in", "show everything", "zoom out"):
        seen.button(name)
    for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "+", "-", "Enter"):
        seen.press(key)
    seen.must_change(lambda: seen.output.locator(".we-word").nth(1).click())
    seen.must_change(lambda: opened.theme(not dark))
    opened.theme(False)


def test_the_saved_notebook_shows_a_picture_and_lives_again_without_running(notebook):
    opened = notebook("saved.ipynb", SET_UP, COUNT, NEAREST)
    empty = opened.path.stat().st_size
    opened.run_all()
    for cell in (1, 2):
        opened.output(cell).locator("[data-ready]").wait_for()
    saved = opened.save()
    assert opened.path.stat().st_size - empty <= 100_000  # 50 kB a widget
    for cell, said in ((1, "Co-occurrence matrix of 8 words"), (2, "Map of 1,000 words")):
        [still] = [o.data["text/html"] for o in saved.cells[cell].outputs if "text/html" in o.get("data", {})]
        assert f'alt="{said}' in still
        assert "data:image/png;base64," in still
    opened.open("saved.ipynb")  # a new kernel that ran nothing
    first, second = opened.output(1), opened.output(2)
    first.locator("[data-ready]").wait_for()
    first.get_by_role("button", name="one step forward", exact=True).click()
    assert "position 2" in first.locator(".wt-read").inner_text()
    second.get_by_text("run this cell again").wait_for()
    assert second.locator("img").is_visible()
    assert "Map of 1,000 words" in second.locator("img").get_attribute("alt")


def test_without_the_widgets_state_the_picture_is_there(notebook, lab):
    opened = notebook("stateless.ipynb", SET_UP, COUNT)
    opened.run_all()
    opened.output(1).locator("[data-ready]").wait_for()
    saved = opened.save()
    del saved.metadata["widgets"]
    nbformat.write(saved, lab.root / "without.ipynb")
    opened.open("without.ipynb")
    picture = opened.output(1).locator("img")
    picture.wait_for()
    assert picture.evaluate("(image) => image.complete && image.naturalWidth > 100")
    assert json.loads((lab.root / "without.ipynb").read_text())["metadata"].get("widgets") is None
