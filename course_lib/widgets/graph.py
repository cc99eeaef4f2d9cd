"""A computation graph to step through: values from left to right, gradients from right to left, every number shown."""

import html
import math
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import numpy as np
import traitlets

from course_lib.language import say
from course_lib.widgets.base import CourseWidget, array_of, browser_code, joined
from course_lib.widgets.graph_layout import Layout, layout
from course_lib.widgets.graph_trace import Node, central_differences, describe, grouped, read_trace

__all__ = ["ComputationGraph", "central_differences"]

CHARACTER = 6.9  # width in pixels of a character of the monospaced numbers, rounded up
ROW = 15  # height in pixels of a line of numbers
FEW = 24  # up to so many edges all labels stay on; in a larger graph only those of the node at work


class ComputationGraph(CourseWidget):
    """The graph of an expression, drawn from what an automatic differentiation engine recorded.

    presets: name -> (build, inputs) or (build, inputs, groups). `build(**inputs)` computes the expression and its
        gradients and returns a trace: for each node in topological order a dict with id, operation, label (or None),
        value (None for a large one, then shape), grad (or None), parents (list of ids), downstream (for each parent
        the gradient this node sends it, as a list or a dict by id) and, if the engine knows it, local (for each parent
        a number, an array or a text).
        `inputs` are numbers or arrays by name; they can be edited, and build runs again. `groups`, for a network drawn
        by layers, gives input labels the name of their layer: {"W1": "layer 1", "b1": "layer 1", "W2": "layer 2"}.
    check: None, or a function of (build, inputs) that returns right gradients by label, for instance
        `central_differences`; where the trace differs, the node says so
    title: the heading
    """

    _esm, _css = browser_code("graph")

    title = traitlets.Unicode().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    preset = traitlets.Unicode().tag(sync=True)
    inputs = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    drawing = traitlets.Dict().tag(sync=True)  # what stays while only numbers change: the SVG and the labels' places
    numbers = traitlets.Dict().tag(sync=True)  # texts of nodes and edges by step, and the steps in words
    status = traitlets.Unicode().tag(sync=True)
    failed = traitlets.Bool(False).tag(sync=True)
    asked = traitlets.Int(0).tag(sync=True)  # counted up by the browser with every question ...
    answered = traitlets.Int(0).tag(sync=True)  # ... and here with the answer

    def __init__(
        self,
        presets: dict[str, tuple],
        check: Callable | None = None,
        title: str | None = None,
        **traits: Any,
    ) -> None:
        if not presets:
            raise ValueError("presets is empty; give at least one {name: (build, inputs)}")
        title = say("Computation graph") if title is None else title
        super().__init__(**{"title": title, "names": list(presets), "preset": next(iter(presets)), **traits})
        self._presets, self._check, self._sizes = presets, check, {}
        self.observe(lambda _: self._choose(), "preset")
        self.observe(lambda _: self._compute(), "inputs")
        self.observe(lambda _: self._answer_again(), "asked")
        self._choose()

    @traitlets.validate("preset")
    def _known(self, proposal: dict) -> str:
        if proposal["value"] not in self.names:
            names = ", ".join(map(repr, self.names))
            raise traitlets.TraitError(
                say("no preset {name}; there is {names}", name=repr(proposal["value"]), names=names)
            )
        return proposal["value"]

    @property
    def steps(self) -> list[str]:
        """The read-out of every step, the starting position first."""
        return [step["words"] for step in self.numbers.get("steps", [])]

    def alt_text(self) -> str:
        """The finished graph in words."""
        if not self.numbers:
            return f"{self.title}: {self.preset}. {self.status}"
        nodes = self.numbers["nodes"]
        parts = [
            say(
                "{name} = {value}, gradient {gradient}",
                name=node["name"],
                value=node["value"],
                gradient=node["gradients"][-1][1],
            )
            if node["gradients"]
            else f"{node['name']} = {node['value']}"
            for node in nodes[:40]  # it is to be listened to
        ]
        if len(nodes) > 40:
            parts.append(say("{number} more nodes", number=len(nodes) - 40))
        return joined(f"{self.title}: {self.preset}.", f"{'; '.join(parts)}.", self.status)

    def still(self) -> str:
        """The finished graph as an HTML image with its alternative text."""
        if not self.numbers:
            return f'<div class="{self.picture_id}">{html.escape(self.alt_text())}</div>'
        picture = quote(_finished(self.drawing, self.numbers), safe=" =:/;,.()+-!?'{}@&*")
        return (
            f'<div class="{self.picture_id}"><img alt="{html.escape(self.alt_text(), quote=True)}" '
            f'style="max-width:100%;height:auto" src="data:image/svg+xml,{picture}"></div>'
        )

    def _choose(self) -> None:
        """Start the chosen preset from its own inputs."""
        inputs = {name: np.asarray(value).tolist() for name, value in self._presets[self.preset][1].items()}
        with self.hold_sync():
            self.step, self.numbers, self.drawing, self._sizes = 0, {}, {}, {}
            if self.inputs == inputs:
                self._compute()
            else:
                self.inputs = inputs  # which computes

    def _typed(self) -> dict[str, Any]:
        """The inputs as the expression gets them: numbers as float, arrays with the kind of number they had."""
        typed = {}
        for name, first in self._presets[self.preset][1].items():
            first = np.asarray(first)
            kind = first.dtype if first.ndim and first.dtype.kind in "iub" else np.float64
            value = np.array(self.inputs[name], dtype=kind)
            typed[name] = value if value.ndim else float(value)
        return typed

    def _answer_again(self) -> None:
        """The same number typed once more changes nothing and still wants an answer."""
        if self._computed == (self.preset, self.inputs):
            self.answered = self.asked

    def _compute(self) -> None:
        """Run the expression; show it, or say what went wrong and leave the last good picture."""
        self._computed = self.preset, self.inputs
        build, _, *rest = self._presets[self.preset]
        inputs = self._typed()

        def engine() -> list[Node]:
            return read_trace(build(**inputs))

        with np.errstate(all="ignore"):
            nodes, status = self.ask(engine)
            right = {}
            if nodes and self._check:
                right, wrong = self.ask(lambda: {k: array_of(v) for k, v in self._check(build, inputs).items()})
                status, right = (
                    (say("The gradients were not checked: {error}", error=wrong), {}) if wrong else ("", right)
                )
        with self.hold_sync():
            self.failed = nodes is None
            if nodes is None:
                kept = say("The picture shows the last inputs that worked.") if self.numbers else ""
                self.status = joined(status, kept)
            else:
                numbers = describe(nodes, right)
                self.drawing = self._draw(nodes, numbers, rest[0] if rest else {})
                self.numbers = numbers
                self.step = min(self.step, len(numbers["steps"]) - 1)
                self.status = joined(status, numbers["note"])
            self.answered = self.asked

    def _draw(self, nodes: list[Node], numbers: dict, groups: dict[str, str]) -> dict:
        parents = [node.parents for node in nodes]
        boxes = [self._kept(("node", i), *_box(said)) for i, said in enumerate(numbers["nodes"])]
        labels = [self._kept(("edge", e), *_label_size(said["lines"])) for e, said in enumerate(numbers["edges"])]
        names = list(dict.fromkeys(groups.values()))
        belongs = grouped(nodes, {label: names.index(name) for label, name in groups.items()})
        plan = layout(parents, boxes, labels, belongs)
        return {
            "svg": _svg(plan, boxes, nodes, numbers, names),
            "labels": [[round(x, 1), round(y, 1)] for x, y in plan.labels],
            "few": len(plan.paths) <= FEW,
        }

    def _kept(self, key: tuple, width: float, height: float) -> tuple[float, float]:
        """A size in coarse steps that never shrinks, so that the picture keeps still while a number is edited."""
        old = self._sizes.get(key, (0, 0))
        self._sizes[key] = (max(old[0], math.ceil(width / 16) * 16), max(old[1], height))
        return self._sizes[key]


# ---- the drawing ------------------------------------------------------------------------------------------------


def _box(said: dict) -> tuple[float, float]:
    rows = [said["title"], said["value"]] + [f"∂ {text}" for _, text, _ in said["gradients"]]
    verdict = said["verdict"][1]
    rows += [verdict] if len(verdict) > 1 else []
    longest = max(len(row) for row in rows) + 2 * (verdict == "✓")
    return max(56, longest * CHARACTER + 16), 10 + ROW * (2 + bool(said["gradients"]) + (len(verdict) > 1))


def _label_size(lines: list[str]) -> tuple[float, float]:
    return max((len(line) for line in lines), default=0) * CHARACTER, max(0, len(lines) * ROW - 2)


def _svg(plan: Layout, boxes, nodes: list[Node], numbers: dict, names: list[str]) -> str:
    """The drawing without numbers: bands, edges, nodes with empty lines for the browser to fill."""
    width, height = round(plan.width), round(plan.height)
    parts = [f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="group">']
    for group, (left, right) in plan.bands.items():
        size = f'width="{right - left:.1f}" height="{plan.height - 4:.0f}"'
        parts.append(
            f'<rect class="band" x="{left:.1f}" y="2" {size} rx="8"/>'
            f'<text class="band-name" x="{(left + right) / 2:.1f}" y="18">{html.escape(names[group])}</text>'
        )
    parts += [f'<path class="edge" d="{path}"/>' for path in plan.paths]
    parts.append('<g class="labels"></g>')
    for i, ((x, y), (width, height), said) in enumerate(zip(plan.nodes, boxes, numbers["nodes"], strict=True)):
        left, top = x - width / 2, y - height / 2
        rows = ["value"] + ["gradient"] * bool(said["gradients"]) + ["verdict"] * (len(said["verdict"][1]) > 1)
        round_corner = 4 if nodes[i].parents else min(16, height / 2)
        parts.append(
            f'<g class="node {said["kind"]}" transform="translate({left:.1f} {top:.1f})" tabindex="-1" role="button">'
            f'<rect width="{width:.0f}" height="{height:.0f}" rx="{round_corner:.0f}"/>'
            f'<text class="name" x="{width / 2:.0f}" y="16">{html.escape(said["title"])}</text>'
            + "".join(
                f'<text class="{r}" x="{width / 2:.0f}" y="{16 + ROW * k}"></text>' for k, r in enumerate(rows, 1)
            )
            + "</g>"
        )
    return "".join(parts) + "</svg>"


_PAPER = (
    "<style>text{font:11px monospace;text-anchor:middle;white-space:pre}.name,.band-name{font:600 12px sans-serif}"
    "rect{fill:#fff;stroke:#5a5f66}.band{stroke:#cdd2d8;stroke-dasharray:2 4}.input rect{fill:#eaf3fa}"
    ".edge{fill:none;stroke:#9aa0a7;stroke-width:1.5}.value{fill:#005a8d}.gradient,.labels text{fill:#a64800}"
    ".labels rect{stroke:none}.verdict{font-weight:bold;fill:#b3261e}.remark{font-weight:normal;fill:#5a5f66}</style>"
    '<rect width="100%" height="100%" style="fill:#fff;stroke:none"/>'
)


def _finished(drawing: dict, numbers: dict) -> str:
    """The drawing after the last step, as a file of its own on white paper."""
    head, *groups = drawing["svg"].split('<g class="node')
    head = head.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ').replace(">", f">{_PAPER}", 1)
    labels = []
    for (x, y), edge in zip(drawing["labels"], numbers["edges"], strict=True):
        lines = edge["lines"] if drawing["few"] else []
        width, height = _label_size(lines)
        labels.append(f'<rect x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" width="{width:.1f}" height="{height}"/>')
        for k, line in enumerate(lines):
            labels.append(f'<text x="{x}" y="{y + ROW * (k - (len(lines) - 1) / 2) + 4}">{html.escape(line)}</text>')
    head = head.replace('<g class="labels">', f'<g class="labels">{"".join(labels)}')
    for said, group in zip(numbers["nodes"], groups, strict=True):
        texts = {"value": said["value"], "verdict": said["verdict"][1]}
        if not texts["verdict"].startswith("✗"):
            group = group.replace('class="verdict"', 'class="verdict remark"')
        if said["gradients"]:
            texts["gradient"] = f"∂ {said['gradients'][-1][1]}" + (" ✓" if texts["verdict"] == "✓" else "")
        for row, text in texts.items():
            before, found, after = group.partition(f'class="{row}')
            group = before + found + after.replace("></text>", f">{html.escape(text)}</text>", 1)
        head += f'<g class="node{group}'
    return head
