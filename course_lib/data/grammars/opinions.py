"""Film reviews as binary trees in which the label of every node follows from its words.

Labels: 0 very negative, 1 negative, 2 neutral, 3 positive, 4 very positive. A word has the label listed in `LABELS`,
any other word 2. A node joins a left and a right part; the first rule that fits gives its label:

1. a negator (not, never, hardly, no, without, lacks) on the left flips its sister x: 1 if x > 2, 3 if x < 2, else 2;
   "not only" is an ordinary neutral phrase
2. very, truly, extremely on the left: one step away from 2 (3 becomes 4, 1 becomes 0)
3. fairly, rather, somewhat on the left: 3 if x > 2, 1 if x < 2, else 2
4. a right part that begins with "but" wins, toned down as by rule 3, unless the left part begins with "not only"
5. one part neutral: the label of the other; both on the same side: the stronger; else the right one, toned down
"""

from course_lib.data.grammars.dice import Dice

_WORDS = {
    4: "brilliant wonderful superb loved",
    3: "good funny charming clever warm fresh lively moving charm wit warmth grace enjoyed liked",
    1: "dull slow silly flat weak boring predictable clumsy flaws mistakes gaps disliked",
    0: "awful terrible dreadful hated",
}
LABELS = {word: label for label, words in _WORDS.items() for word in words.split()}
NEGATORS = ("not", "never", "hardly", "no", "without", "lacks")
AMPLIFIERS = ("very", "truly", "extremely")
DAMPENERS = ("fairly", "rather", "somewhat")

_THINGS, _GOOD, _BAD, _PLAIN, _MERITS, _FAULTS = (
    words.split()
    for words in (
        "film story plot music ending dialogue script acting humour beginning picture scenery",
        "good funny charming clever warm fresh lively moving brilliant wonderful superb",
        "dull slow silly flat weak boring predictable clumsy awful terrible dreadful",
        "long short old new french quiet modern",
        "charm wit warmth grace",
        "flaws mistakes gaps",
    )
)


def words_of(tree: tuple) -> list[str]:
    """The words of a tree from left to right."""
    return [tree[1]] if len(tree) == 2 else words_of(tree[1]) + words_of(tree[2])


def _tone_down(label: int) -> int:
    return 3 if label > 2 else 1 if label < 2 else 2


def _compose(left: tuple, right: tuple) -> int:
    head = left[1] if len(left) == 2 else None
    first, second = left[0], right[0]
    if head in NEGATORS:
        return 2 if right[1] == "only" else 4 - _tone_down(second)
    if head in AMPLIFIERS:
        return {0: 0, 1: 0, 2: 2, 3: 4, 4: 4}[second]
    if head in DAMPENERS:
        return _tone_down(second)
    if words_of(right)[0] == "but" and len(right) == 3 and words_of(left)[:2] != ["not", "only"]:
        return _tone_down(second)
    if 2 in (first, second):
        return first + second - 2
    if (first > 2) == (second > 2):
        return max(first, second, key=lambda label: abs(label - 2))
    return _tone_down(second)


def _tree(*parts) -> tuple:
    """The tree of nested pairs of words; more than two parts are joined from the right."""
    if len(parts) == 1:
        part = parts[0]
        return part if isinstance(part, tuple) else (LABELS.get(part, 2), part)
    left, right = _tree(parts[0]), _tree(*parts[1:])
    return (_compose(left, right), left, right)


class _Critic:
    def __init__(self, dice: Dice):
        self.dice = dice

    def adjectives(self, good: bool | None, degrees: tuple[str, ...] = AMPLIFIERS + DAMPENERS) -> tuple:
        """An adjective phrase whose words praise (True), blame (False) or say nothing (None)."""
        dice = self.dice
        word = dice.pick(_PLAIN if good is None else _GOOD if good else _BAD)
        if LABELS.get(word) in (1, 3) and dice.chance(0.4):
            return _tree(dice.pick(degrees), word)
        return _tree(word)

    def judgement(self) -> tuple:
        """What follows "is"."""
        dice = self.dice
        good = dice.chance(0.5)
        kind = dice.weighted(
            (("plain", 6), ("not", 7), ("and", 2), ("but", 2), ("not only", 2), ("without", 2), ("none", 3))
        )
        if kind == "none":
            return self.adjectives(None)
        if kind == "not":
            return _tree(dice.pick(("not", "not", "not", "never", "hardly")), self.adjectives(good, AMPLIFIERS))
        if kind == "without":
            return _tree("without", dice.pick(_MERITS if good else _FAULTS))
        if kind == "plain":
            return self.adjectives(good)
        one, two = dice.sample(_GOOD if good else _BAD, 2)
        if kind == "not only":
            return _tree(_tree(_tree("not", "only"), one), _tree("but", two))
        if kind == "and":
            second = _tree("not", dice.pick(_BAD if good else _GOOD)) if dice.chance(0.4) else _tree(two)
            return _tree(one, _tree("and", second))
        return _tree(one, _tree("but", dice.pick((self.adjectives(not good), _tree("not", two)))))

    def clause(self, thing: str) -> tuple:
        """A clause about one thing, without the full stop."""
        dice = self.dice
        the_thing = _tree("the", thing)
        kind = dice.weighted((("is", 9), ("has", 3), ("lacks", 1), ("we", 2), ("which", 1.5), ("attributive", 1.5)))
        good = dice.chance(0.5)
        quality = dice.pick(_MERITS if good else _FAULTS)
        if kind == "has":
            return _tree(the_thing, _tree("has", _tree("no", quality) if dice.chance(0.5) else quality))
        if kind == "lacks":
            return _tree(the_thing, _tree("lacks", dice.pick(_MERITS)))
        if kind == "we":
            verb = dice.pick(("loved", "enjoyed", "liked") if good else ("disliked", "hated"))
            action = _tree(verb, the_thing)
            return _tree("we", _tree(dice.pick(("never", "hardly")), action) if dice.chance(0.4) else action)
        if kind == "which":
            aside = _tree(",", _tree(_tree("which", _tree("is", self.judgement())), ","))
            return _tree(_tree(the_thing, aside), _tree("is", self.adjectives(good)))
        if kind == "attributive":
            return _tree(
                _tree("the", _tree(dice.pick(_GOOD if good else _BAD), thing)), _tree("is", self.adjectives(not good))
            )
        return _tree(the_thing, _tree("is", self.judgement()))

    def review(self) -> tuple:
        """A whole sentence."""
        dice = self.dice
        one, two = dice.sample(_THINGS, 2)
        kind = dice.weighted((("one", 6), ("but", 1.5), ("true", 1)))
        if kind == "but":
            return _tree(_tree(self.clause(one), _tree("but", self.clause(two))), ".")
        if kind == "true":
            fact = _tree("true", _tree("that", self.clause(one)))
            return _tree("it", _tree(_tree("is", _tree("not", fact) if dice.chance(0.6) else fact), "."))
        subject_and_predicate = self.clause(one)
        return _tree(subject_and_predicate[1], _tree(subject_and_predicate[2], "."))


def bracketed(tree: tuple) -> str:
    """The tree in the brackets of the Stanford Sentiment Treebank: (3 (2 very) (3 good))."""
    if len(tree) == 2:
        return f"({tree[0]} {tree[1]})"
    return f"({tree[0]} {bracketed(tree[1])} {bracketed(tree[2])})"


def reviews(seed: int, count: int) -> list[tuple]:
    """Different reviews.

    seed: a whole number
    count: how many
    returns: trees (label, left, right), leaves (label, word)
    """
    critic, found = _Critic(Dice(seed)), {}
    while len(found) < count:
        tree = critic.review()
        found.setdefault(" ".join(words_of(tree)), tree)
    return list(found.values())
