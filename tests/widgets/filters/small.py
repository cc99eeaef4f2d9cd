"""A small convolutional network and its sentences in plain NumPy, for the tests."""

import numpy as np

GOOD, BAD = ["good", "great", "lovely", "clever"], ["bad", "dull", "awful", "weak"]
SENTENCES = [
    f"the {noun} was {how}{word} and we {verb} it".split()
    for noun in ("film", "story", "acting")
    for how in ("", "not ", "very ")
    for word in GOOD + BAD
    for verb in ("saw", "left")
]
LABELS = [
    int((sentence[3 + (sentence[3] in ("not", "very"))] in GOOD) != (sentence[3] == "not")) for sentence in SENTENCES
]
KNOWN = sorted({word for sentence in SENTENCES for word in sentence})
D = 6


def embed(words):
    """Fixed word vectors: the first number is the polarity, the second one marks "not"."""
    vectors = np.random.default_rng(0).normal(size=(len(KNOWN) + 1, D)) * 0.2
    rows = vectors[[KNOWN.index(word) if word in KNOWN else -1 for word in words]]
    for row, word in zip(rows, words, strict=True):
        row[0] = (word in GOOD) - (word in BAD)
        row[1] = word == "not"
    return rows


def conv1d(x, weight, bias):
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[1], axis=0)  # (windows, D, width)
    return np.einsum("mdh,fhd->mf", windows, weight) + bias


def filters(count=8):
    """Filters of widths 2 and 3; the first one of width 2 looks for "not" before something good."""
    rng = np.random.default_rng(1)
    made = {width: (rng.normal(size=(count, width, D)) * 0.5, rng.normal(size=count) * 0.1) for width in (2, 3)}
    made[2][0][0] = 0
    made[2][0][0, 0, 1], made[2][0][0, 1, 0], made[2][1][0] = 2, 1, -0.5
    return made


def class_weights(count=8):
    weights = np.random.default_rng(2).normal(size=(2, 2 * count))
    weights[:, 0] = 1, -0.5
    return weights
