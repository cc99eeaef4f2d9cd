"""Small recurrent, language and convolution models in plain NumPy, for the tests of the widgets about sequences."""

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


TEXT = "the cat dog mat tree sat ran slept on under near a old small happy and then it was ."
WORDS = TEXT.split() + [f"word{i}" for i in range(20)]


def next_logits(tokens):
    """The scores of the next word: repeatable, and another word changes them."""
    rng = np.random.default_rng(abs(hash_of(tokens[-1] if tokens else "")))
    scores = rng.normal(size=len(WORDS)) * 1.5
    scores[20:] -= 2
    return scores


def hash_of(word):
    return sum((i + 1) * ord(letter) for i, letter in enumerate(word))


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
