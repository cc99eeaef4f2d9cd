"""How fast the recurrent lesson's code is against nn.RNN, as ratios within one run on one thread.

Run: python bench/recurrent.py
"""

import statistics
import time

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from course_lib.reference.recurrent import (
    RecurrentLanguageModel,
    RecurrentLayer,
    clip_by_norm,
    masked_lm_loss,
    rnn_backward,
    rnn_forward,
)

B, T, H, V = 20, 35, 200, 10_000  # a word model as for Penn Treebank
ROUNDS, REPEATS = 7, 4


def seconds(function):
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


class TorchRNN(nn.Module):
    """nn.RNN with the interface of our layer."""

    def __init__(self, inputs: int, hidden: int):
        super().__init__()
        self.rnn = nn.RNN(inputs, hidden, batch_first=True)

    def forward(self, X, state=None):
        states, last = self.rnn(X, None if state is None else state[None])
        return states, last[0]

    def copy(self, layer: RecurrentLayer) -> "TorchRNN":
        with torch.no_grad():
            for theirs, ours in zip(
                self.rnn.parameters(), (layer.W_xh, layer.W_hh, layer.b, torch.zeros_like(layer.b)), strict=True
            ):
                theirs.copy_(ours)
        return self


def layer_step(layer, X, upstream):
    def step():
        layer.zero_grad()
        states, _ = layer(X)
        states.backward(upstream)
        return states

    return step


def by_hand(layer, X, upstream):
    """Forward and backward in NumPy, with the functions that a learner writes."""
    parameters = [parameter.detach().numpy() for parameter in (layer.W_xh, layer.W_hh, layer.b)]
    inputs, gradients, start = X.detach().numpy(), upstream.numpy(), np.zeros((B, H), np.float32)

    def step():
        hs = rnn_forward(inputs, start, *parameters)
        rnn_backward(inputs, start, hs, gradients, *parameters[:2])
        return torch.from_numpy(hs)

    return step


def model_step(model, ids, targets, ours):
    """One training step of a word model: our loss and clipping, or torch's."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)  # rate 0: every step does the same work
    parameters = list(model.parameters())

    def step():
        optimizer.zero_grad()
        logits, _ = model(ids)
        if ours:
            loss = masked_lm_loss(logits, targets, -1)
            loss.backward()
            for parameter, gradient in zip(parameters, clip_by_norm([p.grad for p in parameters], 1.0), strict=True):
                parameter.grad.copy_(gradient)
        else:
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return loss

    return step


def compare(theirs, ours):
    """Median seconds of both and of the ratio, from rounds in which they take turns."""
    torch.testing.assert_close(ours(), theirs(), rtol=1e-3, atol=1e-4)  # the same result, and both warm
    rounds = [(seconds(theirs), seconds(ours)) for _ in range(ROUNDS)]
    ratio = statistics.median(their_time / our_time for their_time, our_time in rounds)
    return ratio, *map(statistics.median, zip(*rounds, strict=True))


def measure():
    """Rows (what, ratio, seconds of nn.RNN, seconds of ours, target)."""
    torch.manual_seed(0)
    layer = RecurrentLayer(H, H)
    X, upstream = torch.randn(B, T, H, requires_grad=True), torch.randn(B, T, H) / T
    theirs = layer_step(TorchRNN(H, H).copy(layer), X, upstream)
    yield "layer, PyTorch loop", *compare(theirs, layer_step(layer, X, upstream)), 0.6
    yield "layer, NumPy by hand", *compare(theirs, by_hand(layer, X, upstream)), 0.5
    ids, targets = torch.randint(0, V, (2, B, T))
    ours = RecurrentLanguageModel(V, H, H)
    other = RecurrentLanguageModel(V, H, H, layer=TorchRNN(H, H).copy(ours.layer))
    other.embed, other.output = ours.embed, ours.output
    yield (
        "word model, whole training step",
        *compare(model_step(other, ids, targets, False), model_step(ours, ids, targets, True)),
        0.8,
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    threadpool_limits(1)
    print(f"B {B}, T {T}, H {H}, V {V:,}; float32, one thread; tokens a second, forward and backward")
    print(f"{'':32}{'nn.RNN':>10}{'ours':>10}{'ratio':>8}{'target':>8}")
    for what, ratio, theirs, ours, target in measure():
        verdict = "reached" if ratio >= target else "MISSED"
        print(f"{what:32}{B * T / theirs:10,.0f}{B * T / ours:10,.0f}{ratio:8.2f}{target:8.2f}  {verdict}")
