"""The tensor that records the graph, and the operations that make one from others.

*Upstream* and *downstream*: see the folder's `__init__`.
"""

from collections.abc import Callable

import numpy as np

from course_lib.reference.backprop.graph import (
    backward,
    cross_entropy_backward,
    matmul_backward,
    maximum_backward,
    multiply_backward,
    unbroadcast,
)

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


# ---- helpers


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
