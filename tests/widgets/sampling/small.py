"""A small language model in plain NumPy, for the tests."""

import numpy as np

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
