"""Small spaces of words and their explorer, for the tests."""

import numpy as np

from course_lib.widgets import EmbeddingExplorer


def points(words=12, width=5, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(words, width))
    return [f"w{i}" for i in range(words)], vectors


def explorer(**arguments):
    return EmbeddingExplorer({"one": points(), "two": (["w0", "other"], np.eye(2))}, **arguments)
