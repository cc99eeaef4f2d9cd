"""A deep network in plain NumPy, for the tests of the widget that shows gradients layer by layer."""

import numpy as np

ACTIVATIONS = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda h: h * (1 - h)),
    "tanh": (np.tanh, lambda h: 1 - h**2),
    "relu": (lambda z: np.maximum(z, 0), lambda h: (h > 0) * 1.0),
}
SPREAD = {
    "too small": lambda n: 0.01,
    "Xavier": lambda n: np.sqrt(1 / n),
    "Kaiming": lambda n: np.sqrt(2 / n),
    "too large": lambda n: 1.0,
}


def train(depth, activation, initialisation, steps, width=20):
    """Fit random targets with hidden layers of equal width; yield loss, gradients and activations of each step."""
    rng = np.random.default_rng(0)
    function, derivative = ACTIVATIONS[activation]
    inputs, targets = rng.normal(size=(64, width)), rng.normal(size=(64, width)) / 2
    weights = [rng.normal(size=(width, width)) * SPREAD[initialisation](width) for _ in range(depth)]
    for _ in range(steps):
        layers = [inputs]
        for W in weights:
            layers.append(function(layers[-1] @ W))
        upstream = (layers[-1] - targets) / len(inputs)
        gradients = []
        for W, below, above in zip(weights[::-1], layers[-2::-1], layers[:0:-1], strict=True):
            delta = upstream * derivative(above)
            gradients.insert(0, below.T @ delta)
            upstream = delta @ W.T
        yield {"loss": ((layers[-1] - targets) ** 2).mean(), "gradients": gradients, "activations": layers[1:]}
        weights = [W - 0.1 * gradient for W, gradient in zip(weights, gradients, strict=True)]
