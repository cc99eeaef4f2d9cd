"""Backpropagation: a small tensor autograd engine on NumPy.

Read it top to bottom. First gradients by brute force, then gradients by hand, then the gradient rule of each kind of
node, then the two functions that run any graph backwards, and last the `Tensor` that records the graph.

Everywhere: *upstream* is the gradient of the final number with respect to a node's output, *downstream* the gradient
with respect to one of its inputs. A gradient always has the shape of what it is the gradient of.
"""

from collections.abc import Callable

import numpy as np

# ---- gradients by brute force


def numerical_gradient(f: Callable, x: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Gradient of a function by two-sided differences, one entry of x at a time.

    Entry i is (f(x + step e_i) - f(x - step e_i)) / (2 step): its error shrinks with the square of the step.

    f: takes an array shaped like x, returns one number.
    x: array of any shape, or something that can become one; it stays as it was. The work is done in float64.
    step: how far each entry is moved, to both sides.
    Returns: float64 array of x's shape.
    Source: Press et al. (2007), Numerical Recipes, section 5.7.
    """
    point = np.array(x, dtype=np.float64)
    gradient = np.zeros_like(point)
    for index in np.ndindex(point.shape):
        kept = point[index]
        point[index] = kept + step
        above = float(f(point))
        point[index] = kept - step
        gradient[index] = (above - float(f(point))) / (2 * step)
        point[index] = kept
    return gradient


def gradient_check(f: Callable, x: np.ndarray, gradient: np.ndarray, floor: float = 1e-4) -> float:
    """Largest relative error of a claimed gradient, measured against the numerical one.

    The error of one entry is |claimed - numerical| / max(|claimed|, |numerical|, floor). In float64 a right gradient
    stays below 1e-6; a wrong one is usually above 1e-2.

    f: takes an array shaped like x, returns one number.
    x: array, where the gradient is checked.
    gradient: array of x's shape, the gradient of f at x that somebody claims.
    floor: the smallest number to divide by, so that two tiny entries are not compared digit by digit.
    Returns: float, the error of the worst entry.
    Raises: ValueError naming both shapes when gradient and x have different shapes.
    Source: Goodfellow, Bengio and Courville (2016), Deep Learning, section 11.5.
    """
    claimed = np.asarray(gradient, dtype=np.float64)
    if claimed.shape != np.shape(x):
        raise ValueError(f"gradient_check: x has shape {np.shape(x)}, its gradient {claimed.shape}; they must be equal")
    numerical = numerical_gradient(f, x)
    scale = np.maximum(np.maximum(np.abs(claimed), np.abs(numerical)), floor)
    return float(np.max(np.abs(claimed - numerical) / scale, initial=0.0))


# ---- gradients by hand


def tanh_layer_jacobian(W: np.ndarray, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Jacobian of the layer h = tanh(Wx + b) with respect to x: diag(1 - h²) W.

    W: float array (m, n), weights.
    b: float array (m,), biases.
    x: float array (n,), input.
    Returns: float array (m, n); entry (i, j) is how fast output i grows with input j.
    """
    h = np.tanh(W @ x + b)
    return (1 - h**2)[:, None] * W  # a diagonal matrix times W scales W's rows


def window_scorer_gradients(u: np.ndarray, W: np.ndarray, b: np.ndarray, x: np.ndarray) -> dict[str, np.ndarray]:
    """Score of a window of words, s = uᵀ tanh(Wx + b), and its gradient for everything it depends on.

    u: float array (m,), output weights.
    W: float array (m, n), hidden weights.
    b: float array (m,), hidden biases.
    x: float array (n,), the window: its word vectors in one row.
    Returns: dict with "s" (the score, one number) and "u", "W", "b", "x": the gradients of s, each shaped like what it
        belongs to.
    Source: Collobert and Weston (2008), A unified architecture for natural language processing.
    """
    h = np.tanh(W @ x + b)
    delta = u * (1 - h**2)  # the error signal at z = Wx + b, shared by the three below
    return {"s": u @ h, "u": h, "W": np.outer(delta, x), "b": delta, "x": W.T @ delta}


def two_layer_gradients(
    X: np.ndarray, targets: np.ndarray, W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray
) -> dict[str, np.ndarray]:
    """Loss and gradients of a classifier with one ReLU layer, on a batch.

    The network: A = relu(X W1 + b1), logits = A W2 + b2; the loss is the mean over the batch of
    -log softmax(logits)[target].

    X: float array (batch, inputs), one example per row.
    targets: int array (batch,), the right class of each row.
    W1: float array (inputs, hidden).
    b1: float array (hidden,).
    W2: float array (hidden, classes).
    b2: float array (classes,).
    Returns: dict with "loss" (one number) and "W1", "b1", "W2", "b2": the gradients, each shaped like its parameter.
    """
    Z = X @ W1 + b1  # (batch, hidden)
    A = np.maximum(Z, 0)
    logits = A @ W2 + b2  # (batch, classes)
    shifted = logits - logits.max(axis=1, keepdims=True)  # the softmax stays the same, and nothing overflows
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = np.arange(len(X))
    delta2 = np.exp(log_probabilities)
    delta2[rows, targets] -= 1
    delta2 /= len(X)
    delta1 = (delta2 @ W2.T) * (Z > 0)  # (batch, hidden)
    return {
        "loss": -log_probabilities[rows, targets].mean(),
        "W1": X.T @ delta1,
        "b1": delta1.sum(axis=0),
        "W2": A.T @ delta2,
        "b2": delta2.sum(axis=0),
    }


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


# ---- two functions make an operation


def operation(name: str, forward: Callable, local_backward: Callable) -> Callable:
    """Turn a pair of functions on arrays into an operation on tensors that records itself in the graph.

    name: what the operation is called in pictures and in errors.
    forward: takes the input arrays, returns the output array.
    local_backward: takes the upstream gradient and the input arrays, returns one downstream gradient per input.
    Returns: a function of tensors (arrays and numbers become constants) that returns a Tensor.
    Raises: (that function) ValueError naming the operation and all shapes when the shapes do not fit.
    """

    def apply(*inputs) -> "Tensor":
        tensors = _tensors(inputs)
        values = [tensor.value for tensor in tensors]
        try:
            value = forward(*values)
        except ValueError as problem:
            raise _shape_error(name, values, problem) from None
        return _node(
            name, value, tensors, lambda upstream: _same_shapes(name, local_backward(upstream, *values), values)
        )

    return apply


def _same_shapes(name: str, gradients: tuple, values: list) -> tuple:
    if not isinstance(gradients, (tuple, list)) or len(gradients) != len(values):
        raise ValueError(
            f"{name}: its local_backward must return a tuple, one gradient for each of {len(values)} inputs"
        )
    for place, (gradient, value) in enumerate(zip(gradients, values, strict=True)):
        if gradient is not None and np.shape(gradient) != value.shape:
            raise ValueError(
                f"{name}: the gradient for input {place} has shape {np.shape(gradient)}, the input {value.shape}; "
                "they must be equal"
            )
    return gradients


def _swapped(function: Callable) -> Callable:
    """For 2 - tensor: Python calls the tensor's own method, with the inputs the other way round."""
    return lambda tensor, other: function(other, tensor)


add = operation("add", np.add, lambda up, a, b: (unbroadcast(up, a.shape), unbroadcast(up, b.shape)))
subtract = operation("subtract", np.subtract, lambda up, a, b: (unbroadcast(up, a.shape), unbroadcast(-up, b.shape)))
multiply = operation("multiply", np.multiply, multiply_backward)
divide = operation(
    "divide",
    np.divide,
    lambda up, a, b: (unbroadcast(up / b, a.shape), unbroadcast(-up * a / b**2, b.shape)),
)
maximum = operation("maximum", np.maximum, maximum_backward)


def matmul(a, b) -> "Tensor":
    """Matrix product of tensors: vectors, matrices or stacks of matrices, by NumPy's rules.

    a: Tensor or array (..., m, k) or (k,).
    b: Tensor or array (..., k, n) or (k,).
    Returns: Tensor (..., m, n); the axis of a vector drops out.
    Raises: ValueError naming both shapes when they do not fit.
    """
    a, b = _tensors((a, b))
    try:
        value = np.matmul(a.value, b.value)
    except ValueError as problem:
        raise _shape_error("matmul", (a.value, b.value), problem) from None

    def local_backward(upstream):
        rows, columns = a.value, b.value
        if columns.ndim == 1:  # a vector is one column on the right, one row on the left
            columns, upstream = columns[:, None], upstream[..., None]
        if rows.ndim == 1:
            rows, upstream = rows[None, :], upstream[..., None, :]
        for_a, for_b = matmul_backward(upstream, rows, columns, (a.requires_grad, b.requires_grad))
        return (
            None if for_a is None else for_a.reshape(a.shape),
            None if for_b is None else for_b.reshape(b.shape),
        )

    return _node("matmul", value, (a, b), local_backward)


# ---- the tensor itself


class Tensor:
    """An array that remembers how it was computed, so that `backward` can find its gradient.

    value: array or number (copied, unless a constant); float32 and float64 stay, all else becomes float64.
    label: name shown in pictures of the graph.
    requires_grad: False for what is never trained, such as the input; then no work is spent on its gradient.
    Also: grad (None until `backward`), parents, operation (the name of what computed it), local_backward.
    """

    __slots__ = ("value", "grad", "label", "requires_grad", "operation", "parents", "local_backward", "__weakref__")
    __array_ufunc__ = None  # array * tensor is our business, not NumPy's

    def __init__(self, value, label: str = "", requires_grad: bool = True):
        value = np.array(value) if requires_grad else np.asarray(value)  # what is trained is not somebody else's array
        self.value = value if value.dtype.kind == "f" else value.astype(np.float64)
        self.grad = None
        self.label = label
        self.requires_grad = requires_grad
        self.operation = "leaf" if requires_grad else "constant"
        self.parents = ()
        self.local_backward = _no_parents

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Tensor({np.array2string(self.value, precision=4, threshold=20)}{label})"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    def item(self) -> float:
        """The single number inside, as a Python float."""
        return self.value.item()

    def named(self, label: str) -> "Tensor":
        """This tensor, with a label for pictures."""
        self.label = label
        return self

    def backward(self) -> None:
        """Fill in .grad of everything this tensor was computed from; see the function of the same name."""
        backward(self)

    # Two inputs, with broadcasting.
    __add__, __sub__, __mul__, __truediv__, __matmul__ = add, subtract, multiply, divide, matmul
    __radd__, __rsub__, __rmul__, __rtruediv__, __rmatmul__ = map(_swapped, (add, subtract, multiply, divide, matmul))

    # One input, entry by entry: upstream times the derivative at that entry.
    def __neg__(self):
        return _node("negative", -self.value, (self,), lambda upstream: (-upstream,))

    def __pow__(self, exponent: float):
        if not isinstance(exponent, (int, float)):
            raise TypeError(f"power: the exponent must be a plain number, got {type(exponent).__name__}")
        x = self.value
        less = exponent - 1 if exponent else 1  # the derivative of x⁰ is 0 everywhere, at 0 too
        return _node(f"power {exponent}", x**exponent, (self,), lambda upstream: (upstream * (exponent * x**less),))

    def exp(self):
        y = np.exp(self.value)
        return _node("exp", y, (self,), lambda upstream: (upstream * y,))

    def log(self):
        x = self.value
        return _node("log", np.log(x), (self,), lambda upstream: (upstream / x,))

    def tanh(self):
        y = np.tanh(self.value)
        return _node("tanh", y, (self,), lambda upstream: (upstream * (1 - y * y),))

    def sigmoid(self):
        y = (1 + np.tanh(self.value / 2)) / 2  # never overflows
        return _node("sigmoid", y, (self,), lambda upstream: (upstream * (y * (1 - y)),))

    def relu(self):
        y = np.maximum(self.value, 0)
        return _node("relu", y, (self,), lambda upstream: (upstream * (y > 0),))

    def softmax(self, axis: int = -1):
        y = _softmax(self.value, axis)
        return _node("softmax", y, (self,), lambda up: (y * (up - (up * y).sum(axis=axis, keepdims=True)),))

    # Fewer entries: each input entry gets the upstream gradient of the entry it went into.
    def sum(self, axis=None, keepdims: bool = False):
        return self._spread("sum", self.value.sum(axis=axis, keepdims=keepdims), 1, axis, keepdims)

    def mean(self, axis=None, keepdims: bool = False):
        value = self.value.mean(axis=axis, keepdims=keepdims)
        return self._spread("mean", value, self.value.size // max(value.size, 1), axis, keepdims)

    def _spread(self, name, value, count, axis, keepdims):
        shape = self.shape
        return _node(
            name,
            value,
            (self,),
            lambda upstream: (np.broadcast_to(_restore_axes(upstream / count, axis, keepdims), shape),),
        )

    def max(self, axis: int | None = None, keepdims: bool = False):
        """Largest entry, over all or along one axis; in a tie the first one gets the gradient."""
        x = self.value

        def local_backward(upstream):
            gradient = np.zeros_like(x)
            if axis is None:
                gradient.flat[x.argmax()] = np.reshape(upstream, ())
            else:
                winners = np.expand_dims(x.argmax(axis=axis), axis)
                np.put_along_axis(gradient, winners, _restore_axes(upstream, axis, keepdims), axis)
            return (gradient,)

        return _node("max", x.max(axis=axis, keepdims=keepdims), (self,), local_backward)

    # The same entries in other places.
    def __getitem__(self, index):
        x = self.value

        def local_backward(upstream):
            gradient = np.zeros_like(x)
            np.add.at(gradient, index, upstream)  # an entry picked twice gets both gradients
            return (gradient,)

        return _node("index", x[index], (self,), local_backward)

    def reshape(self, *shape: int):
        before = self.shape
        try:
            value = self.value.reshape(*shape)
        except ValueError:
            raise ValueError(f"reshape: shape {before} has {self.value.size} entries, shape {shape} has not") from None
        return _node("reshape", value, (self,), lambda upstream: (upstream.reshape(before),))

    def transpose(self, *axes: int):
        """Reorder the axes; without arguments, reverse them."""
        order = np.ravel(axes).astype(int) % self.ndim if axes else np.arange(self.ndim)[::-1]
        back = np.argsort(order)
        return _node("transpose", self.value.transpose(order), (self,), lambda upstream: (upstream.transpose(back),))

    @property
    def T(self):
        return self.transpose()


def concatenate(inputs: list, axis: int = 0) -> Tensor:
    """Join tensors along an existing axis; each gets back its own slice of the gradient.

    inputs: tensors or arrays whose shapes agree on all other axes.
    axis: where they are joined.
    Returns: Tensor.
    Raises: ValueError naming all shapes when they do not fit.
    """
    tensors = _tensors(inputs)
    values = [tensor.value for tensor in tensors]
    try:
        value = np.concatenate(values, axis=axis)
    except ValueError as problem:
        raise _shape_error("concatenate", values, problem) from None
    cuts = np.cumsum([value.shape[axis] for value in values])[:-1]
    return _node("concatenate", value, tensors, lambda upstream: np.split(upstream, cuts, axis=axis))


def cross_entropy(logits: Tensor, targets: np.ndarray) -> Tensor:
    """Mean of -log softmax(logits)[target] over a batch, as one node: stable, and cheap to run backwards.

    logits: Tensor (batch, classes), scores before the softmax.
    targets: int array (batch,), the right class of each row.
    Returns: Tensor (), the mean loss.
    Raises: ValueError when the shapes do not fit or a target is no class.
    """
    targets = np.asarray(targets)
    if logits.ndim != 2 or targets.shape != logits.shape[:1]:
        raise ValueError(
            f"cross_entropy: logits of shape {logits.shape} and targets of shape {targets.shape} do not fit: "
            "give (batch, classes) and (batch,)"
        )
    if targets.size and not 0 <= targets.min() <= targets.max() < logits.shape[1]:
        raise ValueError(
            f"cross_entropy: targets lie in {targets.min()}..{targets.max()}, classes in 0..{logits.shape[1] - 1}"
        )
    shifted = logits.value - logits.value.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    totals = exponentials.sum(axis=1, keepdims=True)
    loss = (np.log(totals[:, 0]) - shifted[np.arange(len(targets)), targets]).mean()
    exponentials /= totals  # from here on they are the probabilities
    return _node(
        "cross_entropy", loss, (logits,), lambda upstream: (cross_entropy_backward(upstream, exponentials, targets),)
    )


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


# ---- helpers

_ENTRY_BY_ENTRY = {"add", "subtract", "multiply", "divide", "maximum", "negative", "power"}
_ENTRY_BY_ENTRY |= {"exp", "log", "tanh", "sigmoid", "relu"}


def _local(node) -> list:
    """For each parent the derivative of a node, entry by entry; None where their entries do not go in pairs."""
    if node.value.size > 1 and node.operation.partition(" ")[0] not in _ENTRY_BY_ENTRY:
        return [None] * len(node.parents)
    found = zip(node.parents, node.local_backward(np.ones_like(node.value)), strict=True)
    return [d if p.shape == node.shape or p.value.size == node.value.size == 1 else None for p, d in found]


def _no_parents(upstream) -> tuple:
    return ()


def _node(name: str, value, parents: tuple, local_backward: Callable) -> Tensor:
    """The tensor that an operation returns; it keeps its parents only if somebody needs their gradients."""
    needs = [parent.requires_grad for parent in parents]
    tensor = Tensor(value, requires_grad=False)
    if any(needs):
        tensor.requires_grad = True
        tensor.operation = name
        tensor.parents = tuple(parents)
        tensor.local_backward = local_backward if all(needs) else _only(needs, local_backward)
    return tensor


def _only(needs: list[bool], local_backward: Callable) -> Callable:
    """The same local_backward, silent towards the parents that need nothing."""
    return lambda upstream: tuple(
        downstream if need else None for downstream, need in zip(local_backward(upstream), needs, strict=True)
    )


def _tensors(inputs) -> list[Tensor]:
    """The inputs as tensors; plain numbers take the number format of the first tensor, so float32 stays float32."""
    dtype = next((x.value.dtype for x in inputs if isinstance(x, Tensor)), None)
    return [
        x
        if isinstance(x, Tensor)
        else Tensor(x if isinstance(x, np.ndarray) else np.asarray(x, dtype=dtype), requires_grad=False)
        for x in inputs
    ]


def _shape_error(name: str, values, problem: Exception) -> ValueError:
    shapes = " and ".join(str(value.shape) for value in values)
    return ValueError(f"{name}: shapes {shapes} do not fit: {problem}")


def _softmax(x: np.ndarray, axis: int) -> np.ndarray:
    exponentials = np.exp(x - x.max(axis=axis, keepdims=True))
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


def _restore_axes(upstream: np.ndarray, axis, keepdims: bool) -> np.ndarray:
    """Put back, with length 1, the axes that a reduction dropped."""
    return upstream if axis is None or keepdims else np.expand_dims(upstream, axis)
