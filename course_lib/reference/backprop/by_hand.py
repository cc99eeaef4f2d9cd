"""Gradients without a graph: by brute force, which anybody can check against, then by formulas worked out by hand."""

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
