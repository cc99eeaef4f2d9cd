"""How long a training step of the TextCNN takes, in several forms: CPU time of one thread, as ratios within one run.

Kim's sizes: batch 50, 300 numbers a word, widths 3, 4, 5 with 100 filters each; 40 places, a table of 16,000 words.

Run: python bench/convolution.py
"""

import statistics
import time

import torch
from torch import nn
from torch.nn import functional

from course_lib.reference.convolution import TextCNN, conv1d, fast_conv1d

WORDS, D, WIDTHS, FILTERS, CLASSES, BATCH, PLACES = 16_000, 300, (3, 4, 5), 100, 2, 50, 40
ROUNDS = 15


class Layers(nn.Module):
    """The model as it is usually written: a module for each width, no windows left out of the maximum."""

    def __init__(self, model: TextCNN, picture: bool):
        super().__init__()
        self.embedding, self.linear, self.dropout = model.embedding, model.linear, model.dropout
        self.picture, self.layers = picture, nn.ModuleList()
        for weight, bias in zip(model.weights, model.biases, strict=True):
            width = weight.shape[1]
            if picture:  # Kim's form: one grey picture, filters as wide as it
                layer = nn.Conv2d(1, FILTERS, (width, D), padding=(width - 1, 0))
            else:
                layer = nn.Conv1d(D, FILTERS, width, padding=width - 1)
            with torch.no_grad():
                layer.weight.copy_(weight[:, None] if picture else weight.transpose(1, 2))
                layer.bias.copy_(bias)
            self.layers.append(layer)

    def forward(self, ids):
        x = self.embedding(ids)
        x = x[:, None] if self.picture else x.transpose(1, 2)
        maps = [layer(x).relu() for layer in self.layers]
        return self.linear(self.dropout(torch.cat([one.flatten(2).amax(2) for one in maps], dim=1)))


def model(form: str) -> nn.Module:
    torch.manual_seed(0)
    ours = TextCNN(WORDS, D, WIDTHS, FILTERS, CLASSES, convolve=conv1d if form == "sums" else fast_conv1d)
    return Layers(ours, form == "Conv2d") if form in ("Conv1d", "Conv2d") else ours


def step_of(form: str, sparse: bool):
    """A function that makes one training step on sentences of full length."""
    network = model(form)
    ids = torch.randint(1, WORDS, (BATCH, PLACES))
    labels = torch.randint(0, CLASSES, (BATCH,))
    if sparse:
        network.embedding.sparse = True
        rest = [parameter for parameter in network.parameters() if parameter is not network.embedding.weight]
        optimizers = [torch.optim.Adam(rest), torch.optim.SparseAdam([network.embedding.weight])]
    else:
        optimizers = [torch.optim.Adadelta(network.parameters())]

    def step():
        network.zero_grad()
        functional.cross_entropy(network(ids), labels).backward()
        for optimizer in optimizers:
            optimizer.step()

    return step


FORMS = [
    ("Conv2d, Adadelta (Kim)", "Conv2d", False),
    ("nn.Conv1d, Adadelta", "Conv1d", False),
    ("ours, Adadelta", "ours", False),
    ("Conv2d, Adam, sparse for words", "Conv2d", True),
    ("nn.Conv1d, Adam, sparse for words", "Conv1d", True),
    ("ours, Adam, sparse for words", "ours", True),
    ("ours with the lesson's conv1d, likewise", "sums", True),
]


if __name__ == "__main__":
    torch.set_num_threads(1)
    sentences = torch.randint(1, WORDS, (BATCH, PLACES))
    scores = [model(form).eval()(sentences) for form in ("Conv2d", "Conv1d", "ours", "sums")]
    for one in scores[1:]:
        torch.testing.assert_close(one, scores[0], rtol=1e-3, atol=1e-4)
    steps = {name: step_of(form, sparse) for name, form, sparse in FORMS}
    times = {name: [] for name in steps}
    for _ in range(ROUNDS + 2):  # in turn, so that a busy moment hits all of them
        for name, step in steps.items():
            started = time.process_time()
            step()
            times[name].append(time.process_time() - started)
    base = next(iter(times))
    print(f"{'one training step, batch ' + str(BATCH):42} {'ms':>7} {'against Kim':>12}")
    for name, one in times.items():
        ratio = statistics.median(kim / own for kim, own in zip(times[base][2:], one[2:], strict=True))
        print(f"{name:42} {1000 * statistics.median(one[2:]):7.1f} {ratio:10.2f} ×")
    for name, against, target in (
        ("ours, Adam, sparse for words", base, 2.0),
        ("ours, Adam, sparse for words", "Conv2d, Adam, sparse for words", 2.0),
        ("ours, Adam, sparse for words", "nn.Conv1d, Adam, sparse for words", 0.9),
    ):
        ratio = statistics.median(b / a for b, a in zip(times[against][2:], times[name][2:], strict=True))
        verdict = "reached" if ratio >= target else "MISSED"
        print(f"{name} / {against}: {ratio:.2f} × (target {target:g}: {verdict})")
