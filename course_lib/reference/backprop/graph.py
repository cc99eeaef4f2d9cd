"""Gradients in a graph: what each kind of node hands down, and the two functions that run any graph backwards.

*Upstream* and *downstream*: see the folder's `__init__`.
"""

import numpy as np

# ---- what each node hands down


def unbroadcast(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sum a gradient back to the shape an input had before NumPy broadcast it.

    Broadcasting uses one entry in many places; the gradients of all those places add up.

    gradient: float array, shaped like the result of the operation.
    shape: the input's own shape, which broadcasts to gradient's shape.
    Returns: float array of that shape.
    """
    if gradient.shape == shape:
        return gradient
    added = gradient.ndim - len(shape)  # axes that broadcasting put in front
    stretched = [added + axis for axis, size in enumerate(shape) if size == 1]
    return gradient.sum(axis=(*range(added), *stretched)).reshape(shape)


def multiply_backward(upstream: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a node a * b hands down: each input gets the upstream gradient times the other input.

    upstream: float array of the shape of a * b.
    a: float array, first input; may have been broadcast.
    b: float array, second input; may have been broadcast.
    Returns: two float arrays, the gradients for a and b, in the shapes of a and b.
    """
    return unbroadcast(upstream * b, a.shape), unbroadcast(upstream * a, b.shape)


def maximum_backward(upstream: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a node max(a, b) hands down: at each place the whole upstream gradient goes to the larger input.

    upstream: float array of the shape of max(a, b).
    a: float array, first input; may have been broadcast. In a tie it gets the gradient.
    b: float array, second input; may have been broadcast.
    Returns: two float arrays, the gradients for a and b, in the shapes of a and b.
    """
    first = a >= b
    return unbroadcast(upstream * first, a.shape), unbroadcast(upstream * ~first, b.shape)


def matmul_backward(
    upstream: np.ndarray, a: np.ndarray, b: np.ndarray, needed: tuple[bool, bool] = (True, True)
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """What a node a @ b hands down: upstream bᵀ to a, and aᵀ upstream to b.

    upstream: float array (..., m, n), the shape of a @ b.
    a: float array (..., m, k); axes in front of the last two may have been broadcast.
    b: float array (..., k, n); likewise.
    needed: whether anybody wants the gradient for a, and for b. It is half of the work, so it is worth asking.
    Returns: the gradients for a and b in the shapes of a and b; None for one that nobody needs.
    """
    for_a = for_b = None
    if needed[0]:
        # BEGIN SOLUTION
        for_a = unbroadcast(upstream @ b.swapaxes(-1, -2), a.shape)
        # END SOLUTION
    if needed[1]:
        # BEGIN SOLUTION
        for_b = unbroadcast(a.swapaxes(-1, -2) @ upstream, b.shape)
        # END SOLUTION
    return for_a, for_b


def cross_entropy_backward(upstream: float, probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """What the loss mean(-log softmax(logits)[target]) hands down to the logits: (probabilities - one-hot) / batch.

    upstream: one number, the gradient of the final number with respect to this loss.
    probabilities: float array (batch, classes), softmax of the logits, kept from the forward pass; not changed.
    targets: int array (batch,), the right class of each row.
    Returns: float array (batch, classes), the gradient for the logits.
    """
    gradient = probabilities.copy()
    gradient[np.arange(len(targets)), targets] -= 1
    gradient *= upstream / len(targets)
    return gradient


# ---- running a graph back


def topological_order(output) -> list:
    """Every node that leads to output, once each, and each one after all its parents.

    Chains of many thousand nodes must work, so no recursion: Python stops at about a thousand nested calls.

    output: a node; node.parents holds the nodes it was computed from (empty for a leaf).
    Returns: list of nodes; output comes last. Any such order is right.
    Source: Tarjan (1976), Edge-disjoint spanning trees and depth-first search.
    """
    order, seen, stack = [], set(), [(output, False)]
    while stack:
        node, parents_are_done = stack.pop()
        if parents_are_done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((parent, False) for parent in reversed(node.parents))
    return order


def backward(output) -> None:
    """Give every node that leads to output its gradient, in node.grad, by one walk from output to the leaves.

    Old gradients are dropped first, so calling twice gives the same numbers as calling once. The walk begins with ones
    at output: for an output of several entries that is the gradient of their sum.

    output: a node. A node has value (array), parents (tuple of nodes), grad (array or None) and
        local_backward(upstream), which returns one downstream gradient per parent: an array shaped like that
        parent's value, or None when nobody needs it.
    Returns: nothing; node.grad of each node is an array shaped like node.value (None where nobody needed it).
    Source: Linnainmaa (1970); Rumelhart, Hinton and Williams (1986), Learning representations by
        back-propagating errors.
    """
    order = topological_order(output)
    for node in order:
        node.grad = None
    output.grad = np.ones_like(output.value)
    for node in reversed(order):
        if node.grad is None:
            continue
        for parent, downstream in zip(node.parents, node.local_backward(node.grad), strict=True):
            if downstream is None:
                continue
            if parent.grad is None:
                # A copy, since downstream may be the upstream array itself; adding in place would change both.
                parent.grad = np.array(downstream, dtype=parent.value.dtype)
            else:
                parent.grad += downstream
