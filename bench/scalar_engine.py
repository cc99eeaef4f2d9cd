"""A scalar automatic differentiation engine, one Python object per number: what a tensor engine is measured against.

The kind that Karpathy's micrograd made famous, written here anew, as small as it can be.
"""


class Value:
    """One number in the graph."""

    __slots__ = ("number", "grad", "parents", "pull")

    def __init__(self, number, parents=(), pull=None):
        self.number, self.grad, self.parents, self.pull = number, 0.0, parents, pull

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.number + other.number, (self, other))

        def pull():
            self.grad += out.grad
            other.grad += out.grad

        out.pull = pull
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.number * other.number, (self, other))

        def pull():
            self.grad += other.number * out.grad
            other.grad += self.number * out.grad

        out.pull = pull
        return out

    def relu(self):
        out = Value(max(self.number, 0.0), (self,))

        def pull():
            self.grad += (out.number > 0) * out.grad

        out.pull = pull
        return out

    __radd__, __rmul__ = __add__, __mul__

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((parent, False) for parent in node.parents)
        self.grad = 1.0
        for node in reversed(order):
            if node.pull:
                node.pull()


def layer(weights, biases, inputs, activate):
    """One dense layer on a list of numbers: weights[k][j] leads from input k to output j."""
    outputs = [sum((x * row[j] for x, row in zip(inputs, weights, strict=True)), b) for j, b in enumerate(biases)]
    return [output.relu() for output in outputs] if activate else outputs
