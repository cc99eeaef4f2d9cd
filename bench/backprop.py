"""How fast the engine of the backprop lesson is, as ratios within one run on one thread.

Run: python bench/backprop.py
"""

import statistics
import time

import numpy as np
import torch
from scalar_engine import Value, layer
from threadpoolctl import threadpool_limits

from course_lib.reference.backprop import Tensor, cross_entropy

RATE = 0.1


def seconds(function, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def parameters(rng, sizes, dtype):
    return [
        rng.normal(scale=1 / np.sqrt(sizes[0]), size=shape).astype(dtype)
        for inputs, outputs in zip(sizes, sizes[1:], strict=False)
        for shape in ((inputs, outputs), (outputs,))
    ]


def against_torch(rng):
    """One training step of a 784-128-10 classifier, batch 64, float32."""
    arrays = parameters(rng, (784, 128, 10), np.float32)
    X, targets = rng.normal(size=(64, 784)).astype(np.float32), rng.integers(0, 10, size=64)
    W1, b1, W2, b2 = ours = [Tensor(array) for array in arrays]

    def engine_step():
        loss = cross_entropy((X @ W1 + b1).relu() @ W2 + b2, targets)
        loss.backward()
        for parameter in ours:
            parameter.value -= RATE * parameter.grad
        return loss.item()

    network = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
    with torch.no_grad():
        for parameter, array in zip(network.parameters(), arrays, strict=True):
            parameter.copy_(torch.tensor(array.T))
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    inputs, classes = torch.tensor(X), torch.tensor(targets)

    def torch_step():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(inputs), classes)
        loss.backward()
        optimizer.step()
        return loss.item()

    for _ in range(20):  # also warms both up
        np.testing.assert_allclose(engine_step(), torch_step(), rtol=1e-3)
    rounds = [(seconds(torch_step, 60), seconds(engine_step, 60)) for _ in range(9)]
    return statistics.median(theirs / ours for theirs, ours in rounds), *map(
        statistics.median, zip(*rounds, strict=True)
    )


def against_scalars(rng):
    """Forward and backward of a 2-16-16-1 network with a hinge loss on 100 points, float64."""
    arrays = parameters(rng, (2, 16, 16, 1), np.float64)
    X, signs = rng.normal(size=(100, 2)), rng.choice([-1.0, 1.0], size=(100, 1))
    W1, b1, W2, b2, W3, b3 = ours = [Tensor(array) for array in arrays]

    def engine_step():
        scores = ((X @ W1 + b1).relu() @ W2 + b2).relu() @ W3 + b3
        (1 - scores * signs).relu().mean().backward()

    values = [np.vectorize(Value, otypes=[object])(array).tolist() for array in arrays]

    def scalar_step():
        for parameter in np.concatenate([np.ravel(np.array(value, dtype=object)) for value in values]):
            parameter.grad = 0.0
        total = Value(0.0)
        for point, sign in zip(X.tolist(), signs[:, 0].tolist(), strict=True):
            activations = point
            for k in (0, 2, 4):
                activations = layer(values[k], values[k + 1], activations, activate=k < 4)
            total = total + (activations[0] * -sign + 1.0).relu()
        (total * (1 / len(X))).backward()

    engine_step()
    scalar_step()
    for tensor, value in zip(ours, values, strict=True):
        gradient = np.vectorize(lambda v: v.grad)(np.array(value, dtype=object))
        np.testing.assert_allclose(tensor.grad, gradient, rtol=1e-9, atol=1e-12)
    theirs, ours_time = seconds(scalar_step, 3), seconds(engine_step, 300)
    return theirs / ours_time, theirs, ours_time


if __name__ == "__main__":
    torch.set_num_threads(1)
    threadpool_limits(1)
    rng = np.random.default_rng(0)
    for what, measure, target in (
        ("784-128-10, batch 64, one SGD step, against torch", against_torch, 1.0),
        ("2-16-16-1 on 100 points, against one object per number", against_scalars, 1000),
    ):
        ratio, theirs, ours = measure(rng)
        verdict = "reached" if ratio >= target else "MISSED"
        print(f"{what}: {theirs * 1e3:.3f} ms / {ours * 1e3:.3f} ms = {ratio:,.2f} × (target {target:g}: {verdict})")
