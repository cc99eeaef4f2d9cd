"""Gradients through time, sampling and filters in JupyterLab: every control, both themes, the saved notebook."""

from pathlib import Path

import pytest
from test_lab_widgets import Changes

TESTS = str(Path(__file__).parents[1])
SET_UP = f"""
import sys
sys.path.append({TESTS!r})
import small_sequences as small
from course_lib.widgets import FilterExplorer, GradientThroughTime, SamplingExplorer

def gradients(scale, length, activation):
    if length == 60:
        raise MemoryError("too long for me")
    return small.gradients(scale, length, activation)

def sample(logits, rng, temperature=1.0, top_k=None):
    order = small.np.argsort(-logits)[:1 if temperature == 0 else top_k]
    weights = small.np.exp((logits[order] - logits[order[0]]) / (temperature or 1))
    return order[rng.choice(len(order), p=weights / weights.sum())]

def conv1d(x, weight, bias):
    if len(x) == 3:
        raise ValueError("too short for me")
    return small.conv1d(x, weight, bias)
"""
CELLS = [
    "GradientThroughTime(gradients)",
    'SamplingExplorer(small.next_logits, small.WORDS, "the old cat", sample=sample)',
    "FilterExplorer(small.SENTENCES, small.embed, small.filters(), conv1d, small.LABELS, "
    '("negative", "positive"), small.class_weights())',
]
SAID = ["The gradient on its way back", "Drawing the next word", "A filter slides over a sentence"]


LOOK = """(widget) => [[...widget.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()).join(),
  [...widget.querySelectorAll('input')].map((input) => input.value + input.checked).join(), widget.innerText].join()"""


class Seen(Changes):
    """As for the other widgets, for several canvases, and quicker."""

    def look(self):
        return self.output.locator(".wt").evaluate(LOOK)

    def must_change(self, act):
        act()
        for _ in range(100):
            self.notebook.page.wait_for_timeout(30)
            before, now = self.seen, self.look()
            if now != before:
                break
        else:
            pytest.fail("nothing changed")
        self.settle()

    def settle(self):
        """Wait till the kernel has said all that belongs to the last act."""
        while (now := self.look()) != self.seen or "working…" in now:
            self.seen = now
            self.notebook.page.wait_for_timeout(30)

    def hover(self, x, y):
        box = self.output.locator("canvas").first.bounding_box()
        self.must_change(
            lambda: self.notebook.page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
        )

    def slide(self, name, value):
        self.must_change(lambda: self.output.get_by_role("slider", name=name).fill(str(value)))

    def write(self, label, value):
        field = self.output.get_by_label(label, exact=True)
        self.must_change(lambda: (field.fill(value), field.press("Enter")))

    def keys(self, canvas, *keys):
        for key in keys:
            self.must_change(lambda key=key: self.output.locator(canvas).first.press(key))

    def note(self):
        return self.text(".wt-note")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_control_does_something_and_a_saved_notebook_keeps_the_pictures(notebook, dark):
    lab = notebook("sequences.ipynb", SET_UP, *CELLS)
    lab.theme(dark)
    empty = lab.path.stat().st_size
    lab.run_all()
    assert lab.errors() == []
    for cell in (1, 2, 3):
        lab.output(cell).locator("[data-ready]").wait_for()
    keeps_its_pictures(lab, empty)
    cells = lab.page.locator(".jp-Notebook .jp-Cell").count()
    for cell, use in ((1, use_the_gradients), (2, use_the_sampling), (3, use_the_filters)):
        seen = Seen(lab, cell)
        assert not seen.output.locator("img").is_visible()
        seen.output.locator("canvas").first.press("a")  # JupyterLab would insert a cell
        assert lab.page.locator(".jp-Notebook .jp-Cell").count() == cells
        use(seen)
        seen.must_change(lambda: lab.theme(not dark))
        lab.theme(dark)
    lab.theme(False)
    assert lab.errors() == []


def keeps_its_pictures(lab, empty):
    saved = lab.save()
    assert lab.path.stat().st_size - empty <= 150_000  # 50 kB a widget
    for cell, said in zip(saved.cells[1:], SAID, strict=True):
        [still] = [o.data["text/html"] for o in cell.outputs if "text/html" in o.get("data", {})]
        assert f'alt="{said}' in still and "data:image/png;base64," in still


def use_the_gradients(seen):
    scale = seen.output.get_by_role("slider", name="spectral scale")
    before = float(scale.input_value())
    seen.must_change(lambda: [scale.press("ArrowRight") for _ in range(6)])  # quicker than the kernel answers
    assert abs(float(scale.input_value()) - before - 0.3) < 1e-6
    assert f"spectral scale {before + 0.3:g}" in seen.output.locator("canvas").first.get_attribute("aria-label")
    seen.slide("spectral scale", 1.5)
    seen.slide("steps", 30)
    seen.must_change(lambda: seen.output.get_by_role("slider", name="steps").press("ArrowRight"))
    seen.radio("relu")
    seen.must_change(lambda: seen.output.get_by_role("radio", name="linear").first.check())
    assert "explodes: after 30 steps" in seen.text(".wt-read")
    seen.must_change(lambda: seen.output.get_by_role("checkbox").check())
    seen.slide("threshold", 2)
    assert "Clipping to 100 multiplies every step" in seen.text(".wt-read")
    seen.must_change(lambda: seen.output.get_by_role("radio", name="linear").last.check())
    seen.radio("logarithmic")
    seen.keys("canvas", "ArrowLeft", "ArrowDown", "ArrowUp", "ArrowRight", "Home", "End")
    seen.hover(0.4, 0.3)
    seen.slide("steps", 60)
    assert seen.note() == "Your gradients raised MemoryError: too long for me The picture shows the last answer."


def use_the_sampling(seen):
    seen.button("draw the next word")
    seen.button("take the last one away")
    seen.slide("temperature", 0.5)
    seen.slide("top-k", 5)
    seen.must_change(lambda: seen.output.get_by_role("slider", name="top-k").press("ArrowRight"))
    seen.button("draw 500 times without appending")
    assert seen.note() == "○ how often your function came in 500 draws"
    seen.slide("how many", 5)
    seen.button("draw the next word")
    seen.button("start again with the prompt and the seed")
    seen.button("draw so many, one after the other")
    seen.output.locator(".ws-text span:nth-of-type(8)").wait_for()
    seen.settle()
    first = seen.text(".ws-text")
    seen.button("start again with the prompt and the seed")
    seen.button("draw so many, one after the other")
    seen.output.locator(".ws-text span:nth-of-type(8)").wait_for()
    assert seen.text(".ws-text") == first
    seen.settle()
    seen.write("seed", "7")
    seen.write("prompt", "a small dog")
    assert seen.text(".ws-text").startswith("a small dog")
    seen.keys("canvas", "ArrowDown", "ArrowDown", "ArrowUp", "Enter", "n", "End", "Home")
    seen.hover(0.3, 0.5)
    seen.write("prompt", "a small dragon")
    assert seen.note().startswith("“dragon” is not in the vocabulary.")


def use_the_filters(seen):
    seen.radio("3 words")
    seen.slide("filter", 4)
    seen.must_change(lambda: seen.output.get_by_role("slider", name="filter").press("ArrowLeft"))
    seen.must_change(lambda: seen.output.get_by_role("combobox").select_option("9"))
    seen.write("or type", "the film was not clever")
    seen.keys("canvas", "ArrowLeft", "ArrowRight", "Home", "End", "Escape")
    seen.keys(".wf-strip", "ArrowRight", "Home", "End", "ArrowLeft")
    seen.hover(0.5, 0.5)
    seen.must_change(lambda: seen.output.locator(".wf-strip").click(position={"x": 70, "y": 12}))
    seen.button("slide the filter over the sentence")
    seen.output.get_by_role("button", name="slide the filter over the sentence").get_by_text("Slide").wait_for(
        timeout=9000
    )
    seen.settle()
    seen.must_change(lambda: seen.output.locator(".wf-top").nth(2).click())
    assert seen.text(".wt-read").startswith("Window")
    seen.radio("2 words")
    seen.write("or type", "good")
    assert seen.note() == "Your conv1d raised ValueError: too short for me The picture shows the last answer."


def test_a_saved_notebook_lives_again_without_running(notebook):
    lab = notebook("again.ipynb", SET_UP, CELLS[0])
    lab.run_all()
    lab.output(1).locator("[data-ready]").wait_for()
    lab.save()
    lab.open("again.ipynb")  # a new kernel that ran nothing
    output = lab.output(1)
    output.locator("[data-ready]").wait_for()
    output.get_by_role("checkbox").check()  # what the browser can do it still does
    output.get_by_text("within the threshold 1: clipping changes nothing").wait_for()
