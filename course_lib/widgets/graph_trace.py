"""What an automatic differentiation engine recorded, in words and numbers: step by step, node by node."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np

from course_lib.widgets.base import array_of
from course_lib.widgets.base import number as number_of
from course_lib.widgets.graph_layout import edges

SYMBOLS = {"add": "+", "subtract": "−", "multiply": "×", "divide": "÷", "power": "^", "matmul": "@", "maximum": "max"}
ELEMENT_WISE = {*SYMBOLS, "exp", "log", "negative", "relu", "sigmoid", "sqrt", "square", "tanh"} - {"matmul"}
number = partial(number_of, exact=True)
LARGE = 400  # entries of an input beyond which its gradient is not checked, one entry at a time


@dataclass
class Node:
    """One node of a trace, its parents as places in the list."""

    operation: str
    label: str
    value: np.ndarray
    grad: np.ndarray | None
    parents: list[int]
    downstream: list[np.ndarray | None]
    local: list[Any]
    name: str = ""


def read_trace(trace: list[dict]) -> list[Node]:
    """Check a trace and put it into topological order.

    trace: what an engine recorded, see ComputationGraph
    Returns the nodes.
    Raises ValueError when it is empty, names an unknown parent, or goes in a circle; TypeError when it is no list.
    """
    if not isinstance(trace, (list, tuple)) or not all(isinstance(row, dict) for row in trace):
        raise TypeError(f"the trace is {type(trace).__name__}, not a list of dicts")
    if not trace:
        raise ValueError("the trace has no nodes")
    rows = {row["id"]: row for row in trace}
    for row in trace:
        for parent in row["parents"]:
            if parent not in rows:
                raise ValueError(f"node {row['id']} names the parent {parent}, which is not in the trace")
    order = list(rows)
    first = {i: k for k, i in enumerate(order)}
    if any(first[parent] >= first[i] for i in order for parent in rows[i]["parents"]):
        try:
            order = list(TopologicalSorter({i: row["parents"] for i, row in rows.items()}).static_order())
        except CycleError as error:
            raise ValueError(f"the nodes {', '.join(map(str, error.args[1]))} form a circle") from None
    place = {i: k for k, i in enumerate(order)}
    return _named([_node(rows[i], place) for i in order])


def _node(row: dict, place: dict) -> Node:
    ids = list(row["parents"])

    def by_parent(key):
        given = row.get(key)
        if isinstance(given, dict):
            given = [given.get(i) for i in ids]
        given = list(given) if given is not None else [None] * len(ids)
        if len(given) != len(ids):
            raise ValueError(f"node {row['id']} has {len(ids)} parents and {len(given)} entries of {key!r}")
        return given

    large = row["value"] is None  # the engine left out what is too large to show
    value, grad = row["value"], row.get("grad")
    value = _left_out(row["shape"]) if large else array_of(value)
    grad = array_of(grad) if grad is not None else value if large else None
    downstream = [None if d is None else array_of(d) for d in by_parent("downstream")]
    local = [v if v is None or isinstance(v, str) else array_of(v) for v in by_parent("local")]
    operation = str(row.get("operation") or "").replace("_", " ")
    label = str(row.get("label") or "")
    return Node(operation, label, value, grad, [place[i] for i in ids], downstream, local)


def _left_out(dimensions: list[int]) -> np.ndarray:
    return np.broadcast_to(np.array(None), dimensions)  # an array of objects: has a shape, and no numbers


def _named(nodes: list[Node]) -> list[Node]:
    """Give every node a name of its own: its label, else its operation with a number where there are several."""
    bases = [node.label or (node.operation if node.parents else "constant") or "node" for node in nodes]
    count = {}
    for node, base in zip(nodes, bases, strict=True):
        count[base] = count.get(base, 0) + 1
        node.name = base if bases.count(base) == 1 else f"{base} {count[base]}"
    return nodes


def describe(nodes: list[Node], right: dict[str, np.ndarray] | None = None) -> dict:
    """All texts of a graph: what each node and edge says from which step on, and each step in words.

    nodes: in topological order; right: gradients known to be right, by label
    Returns {"nodes", "edges", "steps", "note"}, plain enough for JSON.
    """
    right = right or {}
    computed = [i for i, node in enumerate(nodes) if node.parents]
    has_gradients = nodes[-1].grad is not None
    first_back = len(computed) + 1
    backward = {i: first_back + 1 + k for k, i in enumerate(reversed(computed))} if has_gradients else {}
    forward = {i: k + 1 for k, i in enumerate(computed)}
    links, arriving = [], {}
    for parent, child, place in edges([node.parents for node in nodes]):
        link = _link(nodes, parent, child, place, backward.get(child))
        links.append(link)
        if link["step"] is not None and link["downstream"] is not None:
            arriving.setdefault(parent, []).append(link)

    said, notes = [], []
    for i, node in enumerate(nodes):
        parts = sorted(arriving.get(i, []), key=lambda link: link["step"])
        last = first_back if i == len(nodes) - 1 else max([backward.get(c, 0) for c in _children(nodes, i)], default=0)
        gradients, verdict = _gradients(node, parts, last) if has_gradients else ([], "")
        if node.label in right and node.operation != "constant" and not verdict:
            verdict = _verdict(node.grad, right[node.label])
        if verdict.startswith("✗"):
            kept = "" if node.grad is None else f"{short(node.grad, 2)}, but "
            notes.append(f"Gradient of {node.name}: {kept}{verdict[2:]}")
        said.append(
            {
                "name": node.name,
                "title": _title(node),
                "kind": _kind(node, i == len(nodes) - 1),
                "from": forward.get(i, 0),
                "value": short(node.value, 2),
                "all": full(node.value),
                "gradients": gradients,
                "verdict": [last, verdict],
            }
        )
    steps = [{"node": None, "phase": "start", "words": "start: the inputs are known; step forward to compute the rest"}]
    for k, i in enumerate(computed):
        steps.append({"node": i, "phase": "forward", "words": _forward_words(nodes, i, k + 1, len(computed))})
    if has_gradients:
        total, output = len(computed) + 1, nodes[-1]
        words = f"backward step 1 of {total}: the output {output.name} starts with the gradient {short(output.grad, 3)}"
        steps.append({"node": len(nodes) - 1, "phase": "backward", "words": words})
        for k, i in enumerate(reversed(computed)):
            mine = [link for link in links if link["target"] == i]
            words = f"backward step {k + 2} of {total}: {_backward_words(nodes, i, mine, said)}"
            steps.append({"node": i, "phase": "backward", "words": words})
    else:
        notes.append("There are no gradients yet: the output's grad is None")
    for link in links:
        for key in ("upstream", "local", "downstream"):
            link[key] = "" if link[key] is None else _say_local(link[key], full) if key == "local" else full(link[key])
    return {"nodes": said, "edges": links, "steps": steps, "note": " ".join(f"{note}." for note in notes)}


def _link(nodes: list[Node], parent: int, child: int, place: int, step: int | None) -> dict:
    node = nodes[child]
    upstream, downstream, local = node.grad, node.downstream[place], node.local[place]
    if local is None and upstream is not None and downstream is not None:
        local = _local(nodes, node, place)
    lines = []
    if upstream is not None and downstream is not None:
        lines = [short(upstream, 1), f"→ {short(downstream, 1)}"]
        if local is not None:
            factors = [short(upstream, 1), _say_local(local, lambda array: short(array, 1))]
            if node.operation == "matmul" and place == 1:
                factors.reverse()  # of a product of matrices the left one comes back from the left
            lines = [factors[0], f"× {factors[1]}", f"= {short(downstream, 1)}"]
        if local is not None and not upstream.ndim and not downstream.ndim:
            lines = [" ".join(lines)] if len(" ".join(lines)) <= 15 else [" ".join(lines[:2]), lines[2]]
    return {
        "source": parent,
        "target": child,
        "step": step,
        "lines": lines,
        "upstream": upstream,
        "local": local,
        "downstream": downstream,
    }


def _local(nodes: list[Node], node: Node, place: int) -> Any:
    """What the node's own backward multiplied with, found from its answer: downstream / upstream."""
    upstream, downstream = node.grad, node.downstream[place]
    if node.operation == "matmul":
        return f"{nodes[node.parents[1 - place]].name}ᵀ" if len(node.parents) == 2 else None
    if upstream.dtype == object or upstream.shape != downstream.shape or not np.any(upstream):
        return None
    if upstream.ndim and node.operation.partition(" ")[0] not in ELEMENT_WISE:
        return None
    return np.divide(downstream, upstream, out=np.full(upstream.shape, np.nan), where=upstream != 0)


def _say_local(local: Any, say: Callable) -> str:
    """The local derivative as text; "?" where an upstream of 0 hides it."""
    return local if isinstance(local, str) else say(local).replace("NaN", "?")


def _gradients(node: Node, parts: list[dict], last: int) -> tuple[list[list], str]:
    """What a node says about its gradient from which step on, [step, short, full]; and what is wrong with it."""
    said, total = [], None
    for k, part in enumerate(parts, 1):
        arrived = part["downstream"]
        try:
            total = arrived if total is None else total + arrived
        except ValueError:
            return said, f"✗ gradients of shape {shape(total)} and {shape(arrived)} arrive"
        sum_of = _sum([p["downstream"] for p in parts[:k]], total)
        if said and said[-1][0] == part["step"]:
            said.pop()  # both arrive in one step, as in x · x
        said.append([part["step"], sum_of, full(total) if total.ndim else sum_of])
    if node.grad is None:
        return said, "✗ the engine kept no gradient" if parts else ""
    if total is None:
        return [[last, short(node.grad, 2), full(node.grad)]], ""
    if node.grad.shape != node.value.shape:
        return said, f"✗ gradient of shape {shape(node.grad)}, value of shape {shape(node.value)}"
    if node.grad.dtype == object:
        return said, ""
    if total.shape != node.grad.shape or not np.allclose(total, node.grad, rtol=1e-5, atol=1e-8, equal_nan=True):
        said[-1][1:] = [short(node.grad, 2), full(node.grad)]
        return said, f"✗ {_sum([p['downstream'] for p in parts], total)} arrived"
    return said, ""


def _sum(parts: list[np.ndarray], total: np.ndarray) -> str:
    if len(parts) == 1:
        return short(total, 2)
    if len(parts) > 3 or total.ndim:
        return f"{short(total, 2)} (sum of {len(parts)})"
    terms = number(parts[0])
    for part in parts[1:]:
        terms += f" − {number(-part)}" if part < 0 else f" + {number(part)}"
    return f"{terms} = {number(total)}"


def _verdict(grad: np.ndarray | None, right: np.ndarray) -> str:
    if grad is not None and grad.dtype == object:
        return ""
    if grad is None:
        return f"✗ no gradient, should be {short(right, 2)}"
    if grad.shape != right.shape:
        return f"✗ shape {shape(grad)}, should be {shape(right)}"
    if np.isnan(right).all():
        return "(corner: no derivative)"
    known = ~np.isnan(right)
    if np.allclose(grad[known], right[known], rtol=1e-4, atol=1e-6):
        return "✓"
    return f"✗ should be {short(right, 2)}"


def central_differences(build: Callable, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
    """Gradients of a built expression by two-sided differences: (f(x + h) − f(x − h)) / 2h, in float64.

    build: as in ComputationGraph; inputs: its inputs by name, numbers or arrays
    Returns the gradients by input name; NaN where the slopes to the left and to the right differ (a corner).
    """

    def output(name: str, value: np.ndarray) -> float:
        changed = value if value.ndim else float(value)
        return float(read_trace(build(**{**inputs, name: changed}))[-1].value.sum())

    gradients = {}
    for name, value in inputs.items():
        value = np.asarray(value) if np.ndim(value) else np.float64(value)
        if value.dtype.kind != "f" or value.size > LARGE:
            continue
        slopes = np.empty(value.shape)
        middle = output(name, value)
        for index in np.ndindex(value.shape):
            h = 1e-5 * max(1.0, abs(value[index]))
            ends = []
            for sign in (1, -1):
                moved = np.array(value)
                moved[index] += sign * h
                ends.append(output(name, moved))
            right, left = (ends[0] - middle) / h, (middle - ends[1]) / h
            corner = abs(right - left) > 1e-3 * max(1.0, abs(left), abs(right))
            slopes[index] = np.nan if corner else (right + left) / 2
        gradients[name] = slopes
    return gradients


# ---- texts ------------------------------------------------------------------------------------------------------


def short(array: np.ndarray, entries: int) -> str:
    """A number, or a small array; of one with more entries the first few, so that all take much the same room."""
    if not array.ndim:
        return number(array)
    if array.dtype == object:
        return "[…]"
    flat = [number(v) for v in array.ravel()[: entries if array.size <= entries else max(1, entries - 1)]]
    return f"[{', '.join(flat)}{', …' if array.size > len(flat) else ''}]"


def full(array: np.ndarray) -> str:
    """A number, or an array with its shape; of a large one the corners."""
    if not array.ndim:
        return number(array)
    if array.dtype == object:
        return f"{shape(array)}\n(too large to show)"
    text = np.array2string(array, threshold=100, edgeitems=3, separator=", ", formatter={"float_kind": number})
    return f"{shape(array)}\n{text}"


def shape(array: np.ndarray) -> str:
    """The shape as 2×3; a vector of three entries as 3."""
    return "×".join(map(str, array.shape)) or "number"


def _forward_words(nodes: list[Node], i: int, k: int, total: int) -> str:
    node = nodes[i]
    of = " and ".join(nodes[p].name for p in node.parents)
    name = f"{node.label} = " if node.label else ""
    return f"forward step {k} of {total}: {name}{node.operation} of {of}; value {_aloud(node.value)}"


def _backward_words(nodes: list[Node], i: int, links: list[dict], said: list[dict]) -> str:
    node = nodes[i]
    name = f"{node.label} ({node.operation})" if node.label else node.name
    if node.grad is None:
        return f"{name}; no gradient has arrived"
    words = f"{name}; upstream {_aloud(node.grad)}"
    for link in links:
        parent, local, downstream = nodes[link["source"]], link["local"], link["downstream"]
        if downstream is None:
            words += "" if parent.operation == "constant" else f"; nothing to {parent.name}"
            continue
        local = "" if local is None else f"local {_say_local(local, _aloud)}, "
        words += f"; {local}downstream {_aloud(downstream)} to {parent.name}"
    for parent in dict.fromkeys(link["source"] for link in links):
        now = [text for step, text, _ in said[parent]["gradients"] if step == links[0]["step"]]
        if now and ("sum of" in now[0] or " = " in now[0]):
            words += f"; {nodes[parent].name} collects {now[0]}"
        step, verdict = said[parent]["verdict"]
        if verdict.startswith("✗") and step == links[0]["step"]:
            words += f"; the gradient of {nodes[parent].name} is wrong: {verdict[2:]}"
    return words


def _aloud(array: np.ndarray) -> str:
    return f"{shape(array).replace('×', ' by ')} {short(array, 3)}" if array.ndim else number(array)


def _title(node: Node) -> str:
    symbol = SYMBOLS.get(node.operation, node.operation)
    if not node.parents:
        title = node.name
    elif node.label:
        title = f"{node.label} = {symbol}"
    elif symbol.isalpha():
        title = node.name.replace(node.operation, symbol)
    else:
        title = f"{symbol} {node.name}"
    return title + (f"  {shape(node.value)}" if node.value.ndim else "")


def _kind(node: Node, is_output: bool) -> str:
    if node.parents:
        return "output" if is_output else "operation"
    return "input" if node.label else "constant"


def _children(nodes: list[Node], i: int) -> list[int]:
    return [c for c, node in enumerate(nodes) if i in node.parents]


def grouped(nodes: list[Node], groups: dict[str, int]) -> list[int]:
    """The group of each node: its label's, else the last of its parents'; a nameless leaf goes with its child."""
    belongs = []
    for node in nodes:
        known = [belongs[p] for p in node.parents if belongs[p] is not None]
        belongs.append(max([groups.get(node.label)] * (node.label in groups) + known, default=None))
    for i in reversed(range(len(nodes))):
        if belongs[i] is None:
            belongs[i] = min([belongs[c] or 0 for c in _children(nodes, i)], default=0)
    return belongs
