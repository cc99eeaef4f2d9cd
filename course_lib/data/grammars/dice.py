"""Chance that gives the same result on every machine and with every version of Python."""

import random


class Dice:
    """Draws built on `random.Random.random()` alone, the one method whose sequence Python promises never to change."""

    def __init__(self, seed: int):
        self._random = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        """True with the given probability (0 to 1)."""
        return self._random() < probability

    def below(self, limit: int) -> int:
        """A whole number from 0 up to `limit` - 1."""
        return int(self._random() * limit)

    def pick(self, items):
        """One of `items` (a sequence), each equally likely."""
        return items[self.below(len(items))]

    def weighted(self, items):
        """One item of a sequence of (item, weight) pairs."""
        mark = self._random() * sum(weight for _, weight in items)
        for item, weight in items:
            mark -= weight
            if mark < 0:
                return item
        return items[-1][0]

    def shuffled(self, items) -> list:
        """The items in random order."""
        return [item for _, _, item in sorted((self._random(), place, item) for place, item in enumerate(items))]

    def sample(self, items, count: int) -> list:
        """`count` different items in random order."""
        return self.shuffled(items)[:count]
