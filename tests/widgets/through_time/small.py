"""A small recurrent network in plain NumPy, for the tests."""

import numpy as np

SLOPES = {"tanh": (np.tanh, lambda h: 1 - h**2), "relu": (lambda z: np.maximum(z, 0), lambda h: (h > 0) * 1.0),
          "linear": (lambda z: z, np.ones_like)}  # fmt: skip


def gradients(scale, length, activation, hidden=12):
    """dL/dh_t of a random recurrent network whose matrix has only singular values `scale`."""
    rng = np.random.default_rng(0)
    function, slope = SLOPES[activation]
    W = scale * np.linalg.qr(rng.normal(size=(hidden, hidden)))[0]
    h, states = np.zeros(hidden), []
    for _ in range(length):
        h = function(W @ h + 0.5 * rng.normal(size=hidden))
        states.append(h)
    upstream, rows = rng.normal(size=hidden) / hidden**0.5, []
    for h in reversed(states):
        rows.append(upstream)
        upstream = W.T @ (slope(h) * upstream)
    return np.array(rows[::-1])
