"""What an automatic differentiation engine recorded, in words and numbers: step by step, node by node."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

import numpy as np

from course_lib.language import say
from course_lib.widgets.base import array_of, joined
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
        raise TypeError(say("the trace is {type}, not a list of dicts", type=type(trace).__name__))
    if not trace:
        raise ValueError(say("the trace has no nodes"))
    rows = {row["id"]: row for row in trace}
    for row in trace:
        for parent in row["parents"]:
            if parent not in rows:
                raise ValueError(
                    say(
                        "node {node} names the parent {parent}, which is not in the trace",
                        node=row["id"],
                        parent=parent,
                    )
                )
    order = list(rows)
    first = {i: k for k, i in enumerate(order)}
    if any(first[parent] >= first[i] for i in order for parent in rows[i]["parents"]):
        try:
            order = list(TopologicalSorter({i: row["parents"] for i, row in rows.items()}).static_order())
        except CycleError as error:
            circle = ", ".join(map(str, error.args[1]))
            raise ValueError(say("the nodes {nodes} form a circle", nodes=circle)) from None
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
            raise ValueError(
                say(
                    "node {node} has {parents} parents and {entries} entries of {name}",
                    node=row["id"],
                    parents=len(ids),
                    entries=len(given),
                    name=repr(key),
                )
            )
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
    bases = [node.label or (node.operation if node.parents else say("constant")) or say("node") for node in nodes]
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

    said, notes, sums = [], [], []
    for i, node in enumerate(nodes):
        parts = sorted(arriving.get(i, []), key=lambda link: link["step"])
        last = first_back if i == len(nodes) - 1 else max([backward.get(c, 0) for c in _children(nodes, i)], default=0)
        gradients, summed, verdict = _gradients(node, parts, last) if has_gradients else ([], set(), Verdict())
        if node.label in right and node.operation != "constant" and not verdict.mark:
            verdict = _verdict(node, right[node.label])
        notes.append(verdict.sentence)
        sums.append(summed)
        said.append(
            {
                "name": node.name,
                "title": _title(node),
                "kind": _kind(node, i == len(nodes) - 1),
                "from": forward.get(i, 0),
                "value": short(node.value, 2),
                "all": full(node.value),
                "gradients": gradients,
                "verdict": [last, verdict.mark],
            }
        )
    words = say("start: the inputs are known; step forward to compute the rest")
    steps = [{"node": None, "phase": "start", "words": words}]
    for k, i in enumerate(computed):
        steps.append({"node": i, "phase": "forward", "words": _forward_words(nodes, i, k + 1, len(computed))})
    if has_gradients:
        total, output = len(computed) + 1, nodes[-1]
        words = say(
            "backward step 1 of {all}: the output {name} starts with the gradient {gradient}",
            all=total,
            name=output.name,
            gradient=short(output.grad, 3),
        )
        steps.append({"node": len(nodes) - 1, "phase": "backward", "words": words})
        for k, i in enumerate(reversed(computed)):
            mine = [link for link in links if link["target"] == i]
            words = _backward_words(nodes, i, k + 2, total, mine, said, sums)
            steps.append({"node": i, "phase": "backward", "words": words})
    else:
        notes.append(say("There are no gradients yet: the output's grad is None."))
    for link in links:
        for key in ("upstream", "local", "downstream"):
            link[key] = "" if link[key] is None else _say_local(link[key], full) if key == "local" else full(link[key])
    return {"nodes": said, "edges": links, "steps": steps, "note": joined(*notes)}


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


def _say_local(local: Any, write: Callable) -> str:
    """The local derivative as text; "?" where an upstream of 0 hides it."""
    return local if isinstance(local, str) else write(local).replace("NaN", "?")


class Verdict(NamedTuple):
    """What is to be said about a gradient: beside the node, with a sign, and in a sentence when it is wrong."""

    mark: str = ""
    sentence: str = ""


def _gradients(node: Node, parts: list[dict], last: int) -> tuple[list[list], set[int], Verdict]:
    """What a node says about its gradient.

    Returns from which step on it says what, [step, short, full]; at which of these steps that is a sum; what is wrong.
    """
    said, sums, total = [], set(), None
    for k, part in enumerate(parts, 1):
        arrived = part["downstream"]
        try:
            total = arrived if total is None else total + arrived
        except ValueError:
            shapes = shape(total), shape(arrived)
            return (
                said,
                sums,
                Verdict(
                    f"✗ {say('gradients of shape {one} and {other} arrive', one=shapes[0], other=shapes[1])}",
                    say(
                        "Gradient of {name}: gradients of shape {one} and {other} arrive.",
                        name=node.name,
                        one=shapes[0],
                        other=shapes[1],
                    ),
                ),
            )
        sum_of = _sum([p["downstream"] for p in parts[:k]], total)
        if said and said[-1][0] == part["step"]:
            said.pop()  # both arrive in one step, as in x · x
        said.append([part["step"], sum_of, full(total) if total.ndim else sum_of])
        sums |= {part["step"]} if k > 1 else set()
    if node.grad is None and parts:
        remark = say("the engine kept no gradient")
        return (
            said,
            sums,
            Verdict(f"✗ {remark}", say("Gradient of {name}: the engine kept no gradient.", name=node.name)),
        )
    if node.grad is None:
        return said, sums, Verdict()
    if total is None:
        return [[last, short(node.grad, 2), full(node.grad)]], sums, Verdict()
    if node.grad.shape != node.value.shape:
        got, wanted = shape(node.grad), shape(node.value)
        remark = say("gradient of shape {got}, value of shape {wanted}", got=got, wanted=wanted)
        sentence = say(
            "Gradient of {name}: {gradient}, but gradient of shape {got}, value of shape {wanted}.",
            name=node.name,
            gradient=short(node.grad, 2),
            got=got,
            wanted=wanted,
        )
        return said, sums, Verdict(f"✗ {remark}", sentence)
    if node.grad.dtype == object:
        return said, sums, Verdict()
    if total.shape != node.grad.shape or not np.allclose(total, node.grad, rtol=1e-5, atol=1e-8, equal_nan=True):
        said[-1][1:] = [short(node.grad, 2), full(node.grad)]
        arrived = _sum([p["downstream"] for p in parts], total)
        sentence = say(
            "Gradient of {name}: {gradient}, but {sum} arrived.",
            name=node.name,
            gradient=short(node.grad, 2),
            sum=arrived,
        )
        return said, sums - {said[-1][0]}, Verdict(f"✗ {say('{sum} arrived', sum=arrived)}", sentence)
    return said, sums, Verdict()


def _sum(parts: list[np.ndarray], total: np.ndarray) -> str:
    if len(parts) == 1:
        return short(total, 2)
    if len(parts) > 3 or total.ndim:
        return say("{total} (sum of {number})", total=short(total, 2), number=len(parts))
    terms = number(parts[0])
    for part in parts[1:]:
        terms += f" − {number(-part)}" if part < 0 else f" + {number(part)}"
    return f"{terms} = {number(total)}"


def _verdict(node: Node, right: np.ndarray) -> Verdict:
    """What is to be said about a node's gradient, given the right one."""
    grad, wanted = node.grad, short(right, 2)
    if grad is not None and grad.dtype == object:
        return Verdict()
    if grad is None:
        remark = say("no gradient, should be {right}", right=wanted)
        sentence = say("Gradient of {name}: no gradient, should be {right}.", name=node.name, right=wanted)
        return Verdict(f"✗ {remark}", sentence)
    if grad.shape != right.shape:
        remark = say("shape {got}, should be {right}", got=shape(grad), right=shape(right))
        sentence = say(
            "Gradient of {name}: {gradient}, but shape {got}, should be {right}.",
            name=node.name,
            gradient=short(grad, 2),
            got=shape(grad),
            right=shape(right),
        )
        return Verdict(f"✗ {remark}", sentence)
    if np.isnan(right).all():
        return Verdict(say("(corner: no derivative)"))
    known = ~np.isnan(right)
    if np.allclose(grad[known], right[known], rtol=1e-4, atol=1e-6):
        return Verdict("✓")
    sentence = say(
        "Gradient of {name}: {gradient}, but should be {right}.",
        name=node.name,
        gradient=short(grad, 2),
        right=wanted,
    )
    return Verdict(f"✗ {say('should be {right}', right=wanted)}", sentence)


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
        return f"{shape(array)}\n{say('(too large to show)')}"
    text = np.array2string(array, threshold=100, edgeitems=3, separator=", ", formatter={"float_kind": number})
    return f"{shape(array)}\n{text}"


def shape(array: np.ndarray) -> str:
    """The shape as 2×3; a vector of three entries as 3."""
    return "×".join(map(str, array.shape)) or say("number")


def _forward_words(nodes: list[Node], i: int, k: int, total: int) -> str:
    node = nodes[i]
    names, value = [nodes[p].name for p in node.parents], _aloud(node.value)
    result = f"{node.label} = {node.operation}" if node.label else node.operation
    if len(names) == 1:
        return say(
            "forward step {k} of {all}: {result} of {parent}; value {value}",
            k=k,
            all=total,
            result=result,
            parent=names[0],
            value=value,
        )
    if len(names) == 2:
        return say(
            "forward step {k} of {all}: {result} of {first} and {second}; value {value}",
            k=k,
            all=total,
            result=result,
            first=names[0],
            second=names[1],
            value=value,
        )
    return say(
        "forward step {k} of {all}: {result} of {parents}; value {value}",
        k=k,
        all=total,
        result=result,
        parents=", ".join(names),
        value=value,
    )


def _backward_words(
    nodes: list[Node], i: int, k: int, total: int, links: list[dict], said: list[dict], sums: list[set[int]]
) -> str:
    node = nodes[i]
    name = f"{node.label} ({node.operation})" if node.label else node.name
    if node.grad is None:
        return say("backward step {k} of {all}: {node}; no gradient has arrived.", k=k, all=total, node=name)
    words = [
        say(
            "backward step {k} of {all}: {node}; upstream {gradient}.",
            k=k,
            all=total,
            node=name,
            gradient=_aloud(node.grad),
        )
    ]
    for link in links:
        parent, local, downstream = nodes[link["source"]], link["local"], link["downstream"]
        if downstream is None:
            if parent.operation != "constant":
                words.append(say("Nothing to {parent}.", parent=parent.name))
        elif local is None:
            words.append(say("Downstream {gradient} to {parent}.", gradient=_aloud(downstream), parent=parent.name))
        else:
            words.append(
                say(
                    "Local {local}, downstream {gradient} to {parent}.",
                    local=_say_local(local, _aloud),
                    gradient=_aloud(downstream),
                    parent=parent.name,
                )
            )
    for parent in dict.fromkeys(link["source"] for link in links):
        now = [text for step, text, _ in said[parent]["gradients"] if step == links[0]["step"]]
        if now and links[0]["step"] in sums[parent]:
            words.append(say("{name} collects {sum}.", name=nodes[parent].name, sum=now[0]))
        step, verdict = said[parent]["verdict"]
        if verdict.startswith("✗") and step == links[0]["step"]:
            words.append(say("The gradient of {name} is wrong: {remark}.", name=nodes[parent].name, remark=verdict[2:]))
    return joined(*words)


def _aloud(array: np.ndarray) -> str:
    if not array.ndim:
        return number(array)
    size = reduce(lambda first, second: say("{first} by {second}", first=first, second=second), map(str, array.shape))
    return f"{size} {short(array, 3)}"


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
