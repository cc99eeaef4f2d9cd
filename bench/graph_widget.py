"""How fast the graph of 60 nodes is computed, drawn and stepped, and how much is sent.

Run: python bench/graph_widget.py
"""

import json
import statistics
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from widgets.browser import BarePage, chromium, new_page, why_no_browser  # noqa: E402
from widgets.graph.small import PRESETS  # noqa: E402

from course_lib.widgets.graph import ComputationGraph  # noqa: E402

STEPS = """() => { const times = [];                      // a key press, everything redrawn, layout forced
  for (let k = 0; k < 200; k++) {
    const start = performance.now();
    const key = k % 100 === 99 ? 'Home' : 'ArrowRight';
    document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    document.querySelector('.wt-read').getBoundingClientRect();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b); }"""
DRAW = """() => { const start = performance.now(), { set, get } = window.__model, drawing = get('drawing');
  set('drawing', { ...drawing }); document.querySelector('.wt-read').getBoundingClientRect();
  return performance.now() - start; }"""


def milliseconds(function, repeats=15):
    times = []
    for repeat in range(repeats):
        start = time.perf_counter()
        function(repeat)
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def main():
    graph = ComputationGraph(PRESETS, preset="neurons")
    inputs = dict(graph.inputs)
    compute = milliseconds(lambda repeat: setattr(graph, "inputs", {**inputs, "c": 1 + repeat / 100}))
    print(f"{len(graph.numbers['nodes'])} nodes, {len(graph.numbers['edges'])} edges, {len(graph.steps) - 1} steps")
    print(
        f"an edit, computed and laid out in the kernel: {compute:.0f} ms, {len(json.dumps(graph.numbers)) / 1e3:.0f} kB"
    )
    if reason := why_no_browser():
        print(f"not measured in the browser: {reason}")
        return
    with chromium() as browser:
        view = BarePage(new_page(browser), graph)
        view.settle()
        view.page.locator(".node[tabindex='0']").focus()
        times = view.page.evaluate(STEPS)
        print(f"a step by key: {times[100]:.1f} ms median, {times[190]:.1f} ms for the slowest of twenty")
        print(f"drawing it: {statistics.median(view.page.evaluate(DRAW) for _ in range(9)):.0f} ms")
        print(f"SVG elements: {view.page.locator('svg, svg *').count()}")


if __name__ == "__main__":
    main()
