"""The attention explorer against bertviz's head view, in JupyterLab: the same 12 layers, 12 heads, 64 tokens.

Run: python bench/attention_widget.py, with Chromium and playwright. The browser cannot leave this machine, as on a
train or behind a strict firewall. bertviz is needed for this table alone: pip install --no-deps bertviz transformers.
First paint: from running the cell to the picture. Hover and layer switch: from the event to the frame that shows it.
"""

import importlib.util
import statistics
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from widgets import lab  # noqa: E402
from widgets.browser import chromium, new_page, why_no_browser  # noqa: E402

PATIENCE = 20  # seconds for a first paint
TARGETS = {"paint": 500, "nodes": 60, "sent": 700, "saved": 50, "hover": 16, "layer": 100}

DATA = """
import numpy as np
import torch
scores = torch.tensor(np.random.default_rng(0).normal(size=(12, 12, 64, 64), scale=2)).float()
weights, tokens = scores.softmax(-1), [f"token{n}" for n in range(64)]
"""
OURS = """
from course_lib.widgets import AttentionExplorer
AttentionExplorer(weights=weights, tokens=tokens)
"""
BERTVIZ = """
from bertviz import head_view
head_view([layer[None] for layer in weights], tokens)
"""
# Both cells import first, so that only showing is timed.
WARM = {
    "ours": "from course_lib.widgets import AttentionExplorer\nAttentionExplorer(weights=weights[0, 0]).still();",
    "bertviz": "import bertviz",
}

PAINT = """async ([cell, painted, patience]) => {
  const panel = jupyterapp.shell.currentWidget, start = performance.now();
  panel.content.activeCellIndex = cell;
  jupyterapp.commands.execute('notebook:run-cell');
  while (performance.now() - start < patience * 1000) {
    if (document.querySelector(painted)) {
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      return performance.now() - start;
    }
    await new Promise(requestAnimationFrame);
  }
  return null;
}"""
# Fires events one after the other and waits for the frame after each.
EVENTS = """async ([selector, kind, times]) => {
  const target = document.querySelector(selector), took = [];
  target.scrollIntoView();
  for (let i = 0; i < times; i++) {
    const box = target.getBoundingClientRect(), y = box.top + 34 + 11 * (i % 60);
    const at = { clientX: box.left + 40, clientY: y, bubbles: true };
    const event = kind === 'hover' ? new PointerEvent('pointermove', at)
      : new KeyboardEvent('keydown', { key: i % 22 < 11 ? 'ArrowDown' : 'ArrowUp', bubbles: true });
    await new Promise((done) => setTimeout(done, 50 + 16 * Math.random()));   // at any moment between two frames
    const start = performance.now();
    target.dispatchEvent(event);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    took.push(performance.now() - start);
  }
  return took;
}"""


def measure(notebook, folder: Path, code: str, warm: str, painted: str, received: list) -> dict:
    """Show one view in a fresh notebook. Returns what was measured; paint is None when nothing appeared."""
    lab.write_notebook(folder / "bench.ipynb", DATA, warm, code)
    notebook.open("bench.ipynb")
    page = notebook.page
    for cell in (0, 1):
        page.evaluate(
            "(n) => { jupyterapp.shell.currentWidget.content.activeCellIndex = n;"
            " return jupyterapp.commands.execute('notebook:run-cell').then(() => null); }",
            cell,
        )
    notebook.wait_idle()
    notebook.save()
    empty, before, page.errors[:] = notebook.path.stat().st_size, received[0], []
    result = {"paint": page.evaluate(PAINT, [2, painted, PATIENCE])}
    notebook.wait_idle()
    page.wait_for_timeout(1500)
    result["sent"] = (received[0] - before) / 1000
    result["nodes"] = notebook.output(2).locator("*").count()
    notebook.save()
    result["saved"] = (notebook.path.stat().st_size - empty) / 1000
    result["said"] = "; ".join(dict.fromkeys(page.errors + notebook.errors()))[:200]
    return result


def cell(value, digits=0) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def line(name: str, result: dict) -> str:
    paint = f"never ({PATIENCE} s)" if result["paint"] is None else cell(result["paint"])
    text = f"{name:<24}{paint:>16}{cell(result['nodes']):>10}{cell(result['sent']):>12}{cell(result['saved']):>12}"
    return text + "".join(f"{cell(result.get(key), 1):>12}" for key in ("hover", "hover95", "layer", "layer95"))


def main() -> None:
    if reason := why_no_browser():
        print(f"not measured: {reason}")
        return
    names = ("first paint ms", "elements", "sent kB", "saved kB", "hover ms", "95 %", "layer ms", "95 %")
    print(f"{'':<24}{names[0]:>16}{names[1]:>10}" + "".join(f"{name:>12}" for name in names[2:]))
    with tempfile.TemporaryDirectory() as folder, lab.Lab(Path(folder)) as server, chromium() as browser:
        page, received = new_page(browser, height=1100), [0]

        def count(data) -> None:
            received[0] += len(data)

        page.on("websocket", lambda socket: socket.on("framereceived", count))
        notebook = lab.LabNotebook(page, server)
        ours = measure(notebook, Path(folder), OURS, WARM["ours"], ".wt[data-ready] .wa-large", received)
        for name, selector, kind in (("hover", ".wa-large", "hover"), ("layer", ".wa-grid", "layer")):
            took = sorted(page.evaluate(EVENTS, [selector, kind, 60]))
            ours |= {name: statistics.median(took), f"{name}95": took[56]}
        print(line("attention explorer", ours))
        if importlib.util.find_spec("bertviz") is None:
            print("bertviz head view       not measured: pip install --no-deps bertviz transformers")
        else:
            outside = len(page.outside)
            theirs = measure(notebook, Path(folder), BERTVIZ, WARM["bertviz"], "[id^=bertviz] svg line", received)
            print(line("bertviz head view", theirs))
            if stopped := len(page.outside) - outside:
                print(
                    f"  {stopped} requests to other machines were stopped; the page said: {theirs['said'] or 'nothing'}"
                )
    missed = [f"{key} {ours[key]:.0f} > {most}" for key, most in TARGETS.items() if not (ours[key] or 9e9) <= most]
    print(f"targets: {'MISSED ' + ', '.join(missed) if missed else 'reached'} {TARGETS}")


if __name__ == "__main__":
    main()
