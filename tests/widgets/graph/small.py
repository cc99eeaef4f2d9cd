"""Expressions for the tests of the computation graph, built with the course's engine."""

import numpy as np

from course_lib.reference.backprop import Tensor, cross_entropy, maximum, operation, trace

wrong_multiply = operation("multiply", np.multiply, lambda upstream, a, b: (upstream * a, upstream * b))  # swapped


def finish(output):
    output.backward()
    return trace(output)


def lecture(x, y, z):
    x, y, z = Tensor(x, "x"), Tensor(y, "y"), Tensor(z, "z")
    return finish(((x + y) * maximum(y, z)).named("f"))


def branch(x, y):
    x, y = Tensor(x, "x"), Tensor(y, "y")
    return finish(((x + y) * (y + 2)).named("f"))


def swapped(x, y):
    return finish(wrong_multiply(Tensor(x, "x"), Tensor(y, "y")).named("f"))


def network(x, W1, b1, W2, b2):
    W1, b1, W2, b2 = (Tensor(v, name) for v, name in ((W1, "W1"), (b1, "b1"), (W2, "W2"), (b2, "b2")))
    h = (Tensor(x, "x", requires_grad=False) @ W1 + b1).relu().named("h")
    return finish(cross_entropy(h @ W2 + b2, np.array([1])).named("loss"))


def neurons(**inputs):
    """Three neurons with four inputs each, number by number: 60 nodes."""
    t = {name: Tensor(value, name) for name, value in inputs.items()}
    total = None
    for j in range(3):
        s = t[f"b{j}"]
        for i in range(4):
            s = s + t[f"x{i}"] * t[f"w{j}{i}"]
        total = s.tanh() if total is None else total + s.tanh()
    for _ in range(10):
        total = total * t["c"]
    return finish((total * total).named("f"))


rng = np.random.default_rng(5)
MANY = {f"x{i}": 0.5 * i + 0.5 for i in range(4)} | {"c": 1.1}
MANY |= {f"w{j}{i}": 0.3 * j - 0.2 * i for j in range(3) for i in range(4)} | {f"b{j}": 0.1 * j for j in range(3)}
MATRICES = {"x": rng.normal(size=(1, 2)), "W1": rng.normal(size=(2, 3)), "b1": rng.normal(size=3)}
MATRICES |= {"W2": rng.normal(size=(3, 2)), "b2": rng.normal(size=2)}
LAYERS = {"x": "layer 1", "W1": "layer 1", "b1": "layer 1", "W2": "layer 2", "b2": "layer 2", "loss": "loss"}

PRESETS = {
    "(x + y) · max(y, z)": (lecture, {"x": 1, "y": 2, "z": 0}),
    "(x + y)(y + 2)": (branch, {"x": -2, "y": 5}),
    "two-layer network": (network, MATRICES, LAYERS),
    "neurons": (neurons, MANY),
}
