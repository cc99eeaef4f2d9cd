"""A graph as plain data, for pictures of it."""

import numpy as np

from course_lib.reference.backprop.graph import topological_order
from course_lib.reference.backprop.tensor import Tensor


def trace(output: Tensor, largest: int = 64) -> list[dict]:
    """The graph behind a tensor as plain data, for pictures: values, gradients, and what flows along each edge.

    Run `backward` first; the numbers are those that it left behind, right or wrong.

    output: Tensor, or any node that `backward` can walk.
    largest: arrays of more entries than this are left out (None).
    Returns: one dict per node, parents first: id (its place in the list), operation, label, shape, value, grad, parents
        (ids), downstream (per parent, what this node hands down), local (per parent, the derivative of this node,
        entry by entry; None where no entry of the parent goes with one entry of the node). Arrays are nested lists.
    """
    order = topological_order(output)
    ids = {id(node): place for place, node in enumerate(order)}

    def plain(array):
        return None if array is None or np.size(array) > largest else np.asarray(array).tolist()

    rows = []
    for node in order:
        nothing = [None] * len(node.parents)
        downstream = nothing if node.grad is None else node.local_backward(node.grad)
        rows.append(
            {
                "id": ids[id(node)],
                "operation": node.operation,
                "label": node.label,
                "shape": list(node.shape),
                "value": plain(node.value),
                "grad": plain(node.grad),
                "parents": [ids[id(parent)] for parent in node.parents],
                "downstream": [plain(array) for array in downstream],
                "local": [plain(array) for array in _local(node)],
            }
        )
    return rows


_ENTRY_BY_ENTRY = {"add", "subtract", "multiply", "divide", "maximum", "negative", "power"}
_ENTRY_BY_ENTRY |= {"exp", "log", "tanh", "sigmoid", "relu"}


def _local(node) -> list:
    """For each parent the derivative of a node, entry by entry; None where their entries do not go in pairs."""
    if node.value.size > 1 and node.operation.partition(" ")[0] not in _ENTRY_BY_ENTRY:
        return [None] * len(node.parents)
    found = zip(node.parents, node.local_backward(np.ones_like(node.value)), strict=True)
    return [d if p.shape == node.shape or p.value.size == node.value.size == 1 else None for p, d in found]
