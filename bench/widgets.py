"""How fast the widgets answer: `python bench/widgets.py` prints a table. Needs Chromium and playwright.

In the browser: handling a key and drawing, in an empty page. Through the learner's function: from the change in
JupyterLab to the text of the answer, with the bytes that went over the socket; the function is the course's own.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests")]

import numpy as np  # noqa: E402
from widgets import lab  # noqa: E402
from widgets.browser import BarePage, chromium, new_page  # noqa: E402

from course_lib.widgets import CooccurrenceWindow, EmbeddingExplorer  # noqa: E402

TIMES = 30

# The handler plus the drawing commands of the frame after it; waiting for that frame is not counted.
KEYS = """async ([selector, keys, times]) => {
  const target = document.querySelector(selector), took = [];
  target.focus();
  const frame = window.requestAnimationFrame;
  let painting = 0;
  window.requestAnimationFrame = (fn) => frame((t) => {
    const start = performance.now();
    fn(t);
    painting += performance.now() - start;
  });
  for (let i = 0; i < times; i++) {
    painting = 0;
    const start = performance.now();
    target.dispatchEvent(new KeyboardEvent('keydown', { key: keys[i % keys.length], bubbles: true }));
    if (target.type === 'range') { target.value = +target.value + 1; target.dispatchEvent(new Event('input')); }
    const handled = performance.now() - start;
    await new Promise((done) => frame(() => frame(done)));
    took.push(handled + painting);
  }
  return took;
}"""

CELLS = """
import numpy as np
from course_lib.reference.words import cooccurrence, nearest
from course_lib.widgets import CooccurrenceWindow, EmbeddingExplorer
rng = np.random.default_rng(0)
words = [f"word{i}" for i in range(20_000)]
"""
WINDOW = """
text = [[f"w{i}" for i in rng.integers(0, 40, size=12)] for _ in range(30)]
def wrong(sentences, vocabulary, window):  # another number of differences, and so another text, for each size
    counts = cooccurrence(sentences, vocabulary, window)
    counts.flat[:window] += 1
    return counts
CooccurrenceWindow(text, count=wrong)
"""
EXPLORER = """
EmbeddingExplorer({"large": (words, rng.normal(size=(20_000, 384)).astype("float32"))}, nearest=nearest)
"""
# Sets the control, waits till the text answers: [milliseconds, ...]
ASK = """async ([place, values, answer]) => {
  const root = document.querySelectorAll('.jp-Notebook .wt')[place], took = [];
  const control = root.querySelector('.wt-control input[type=range]');
  for (const value of values) {
    const before = root.querySelector(answer).textContent, start = performance.now();
    control.value = value;
    control.dispatchEvent(new Event('input'));
    const waits = (text) => text === before || text.startsWith('Asking');
    while (waits(root.querySelector(answer).textContent) && performance.now() - start < 3000)
      await new Promise((done) => setTimeout(done, 1));
    took.push(performance.now() - start);
    await new Promise((done) => setTimeout(done, 60));
  }
  return took;
}"""


def row(what: str, took: list[float], extra: str = "") -> None:
    low, high = min(took), sorted(took)[int(0.95 * (len(took) - 1))]
    print(f"{what:<58}{statistics.median(took):8.1f}{low:8.1f}{high:8.1f}   {extra}", flush=True)


def main() -> None:
    rng = np.random.default_rng(0)
    print(f"{'milliseconds':<58}{'median':>8}{'best':>8}{'95 %':>8}")
    with chromium() as browser:
        small = CooccurrenceWindow([t.split() for t in ("I like deep learning .", "I like NLP .", "I enjoy flying .")])
        large = CooccurrenceWindow([[f"w{i}" for i in rng.integers(0, 40, size=12)] for _ in range(30)])
        around = ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"]
        names = [f"word{i}" for i in range(3000)]
        cloud = EmbeddingExplorer({"all": (names, rng.normal(size=(3000, 50)))})
        for what, widget, selector, keys in (
            ("window, 8 words: a step of the track", small, ".cw-track", [""]),
            ("window, 8 words: arrow key in the matrix", small, "canvas", around),
            ("window, 40 words: a step of the track", large, ".cw-track", [""]),
            ("window, 40 words: arrow key in the matrix", large, "canvas", around),
            ("explorer, 3,000 points: arrow key to the next word", cloud, "canvas", ["ArrowLeft", "ArrowRight"]),
            ("explorer, 3,000 points: zoom", cloud, "canvas", ["+", "-"]),
        ):
            view = BarePage(new_page(browser), widget, width=900)
            view.settle()
            row(what, view.page.evaluate(KEYS, [selector, keys, TIMES]))
            view.page.context.close()
        with tempfile.TemporaryDirectory() as folder, lab.Lab(Path(folder)) as server:
            lab.write_notebook(Path(folder) / "bench.ipynb", CELLS, WINDOW, EXPLORER)
            page, got = new_page(browser), [0]
            page.on(
                "websocket",
                lambda socket: socket.on("framereceived", lambda data: got.__setitem__(0, got[0] + len(data))),
            )
            notebook = lab.LabNotebook(page, server).open("bench.ipynb")
            notebook.run_all()
            notebook.output(1).get_by_role("radio", name="your function").check()
            notebook.output(2).locator("[data-ready]").wait_for()
            for place, what, values, answer in (
                (0, "window, 40 words: new size, the learner's count", [1, 3, 4, 5, 2] * 4, ".wt-note"),
                (1, "explorer, 20,000 words: slider, the learner's nearest", [*range(1, 16)], ".we-list"),
            ):
                page.wait_for_timeout(500)
                before = got[0]
                took = page.evaluate(ASK, [place, values, answer])
                page.wait_for_timeout(300)
                row(what, took, f"{(got[0] - before) / len(took) / 1000:.1f} kB each")
        start = time.perf_counter()
        widget = EmbeddingExplorer({"large": ([str(i) for i in range(20_000)], rng.normal(size=(20_000, 384)))})
        made = time.perf_counter()
        still = widget.still()
        print(
            f"explorer of 20,000 words made in {made - start:.2f} s, "
            f"still picture in {time.perf_counter() - made:.2f} s ({len(still) / 1000:.0f} kB)"
        )


if __name__ == "__main__":
    main()
