"""Subjects and verbs that agree across the nouns between them: "the keys to the cabinet are ...".

All nouns between subject and verb have the same number: either the subject's (no attractor) or the other one (each of
them an attractor). What a noun can stand next to is listed, so that the sentences make sense.
"""

from course_lib.data.grammars.dice import Dice

_IRREGULAR = """
child children shelf shelves box boxes bench benches bush bushes man men woman women city cities knife knives
library libraries church churches
"""
_PLURALS = dict(zip(_IRREGULAR.split()[::2], _IRREGULAR.split()[1::2], strict=True))

# subject nouns: "nouns : prepositions : what may follow them"
_CHAINS = """
key : to : cabinet door cupboard box gate drawer
handle lock : of on : cabinet door cupboard box gate drawer
picture drawing photograph : of : bridge garden river castle mountain village child horse
book newspaper letter map knife plate bottle : on under : table shelf bench chair desk
boy girl man woman teacher farmer doctor guard : near beside behind in_front_of : house door car tree window wall gate
flower tree bench bush : in near behind : garden park field yard
room cellar window : of in : house castle hotel school library church
ship boat : near behind beside : bridge harbour island rock
horse dog cat goat : near behind beside : barn fence stable house wall
road path : to through : village city forest station hill
friend neighbour sister brother : of : teacher boy girl farmer doctor guard
"""
_FURTHER = """
cabinet door cupboard box gate drawer table shelf bench chair desk : in of : room house hotel school library church
garden park field yard house car tree window wall barn fence stable : near behind beside : church bridge hill station
bridge river castle mountain village hotel school library church harbour : near behind : forest hill lake city
child horse teacher boy girl farmer doctor guard : near beside behind : tree window bench gate house
island rock city forest station hill room : near behind : lake village bridge castle
"""
# (singular, plural, what may follow): kind of subject
_VERBS = {
    "thing": (
        ("is", "are", "old|very old|new|beautiful|not here|quite small"),
        ("was", "were", "old|very old|new|beautiful|not there|quite small"),
        ("looks", "look", "old|new|beautiful|rather small"),
        ("seems", "seem", "old|new|quite small"),
    ),
    "creature": (
        ("is", "are", "tired|happy|hungry|not here|very quiet"),
        ("was", "were", "tired|happy|hungry|not there|very quiet"),
        ("waits", "wait", "for the rain|for a friend|every morning"),
        ("sleeps", "sleep", "all day|well at night|in the sun"),
        ("likes", "like", "the snow|the morning|the sun"),
        ("has", "have", "no time|a lot of time|nothing to eat"),
    ),
}
_CREATURES = """
boy girl man woman teacher farmer doctor guard horse dog cat goat friend neighbour sister brother
"""
_INTERVENING = ((0, 16), (1, 38), (2, 26), (3, 13), (4, 7))


def _parse(text: str) -> list[tuple[list[str], list[str], list[str]]]:
    return [tuple(part.split() for part in line.split(":")) for line in text.strip().splitlines()]


def _number(noun: str, many: bool) -> str:
    return (_PLURALS.get(noun) or noun + "s") if many else noun


def items(seed: int, count: int) -> list[tuple[str, str, str, str, int, int]]:
    """Different beginnings of sentences with the verb that fits and the one that does not.

    seed: a whole number
    count: how many
    returns: (beginning, right verb, wrong verb, rest of the sentence, attractors, distance from subject to verb)
    """
    dice, found = Dice(seed), {}
    heads = _parse(_CHAINS)
    after = {noun: (prepositions, nouns) for firsts, prepositions, nouns in _parse(_FURTHER) for noun in firsts}
    while len(found) < count:
        nouns, prepositions, following = dice.pick(heads)
        subject, many, between = dice.pick(nouns), dice.chance(0.5), dice.weighted(_INTERVENING)
        other = many if dice.chance(0.3) else not many
        words, used = ["the", _number(subject, many)], [subject]
        while len(used) <= between:
            if len(used) > 1:
                prepositions, following = after.get(used[-1], ([], []))
            following = [noun for noun in following if noun not in used]
            if not following:
                break
            used.append(dice.pick(following))
            words += [*dice.pick(prepositions).split("_"), "the", _number(used[-1], other)]
        if len(used) <= between or " ".join(words) in found:
            continue
        singular, plural, rests = dice.pick(_VERBS["creature" if subject in _CREATURES.split() else "thing"])
        right, wrong = (plural, singular) if many else (singular, plural)
        attractors = between if other != many else 0
        found[" ".join(words)] = (
            " ".join(words),
            right,
            wrong,
            dice.pick(rests.split("|")) + " .",
            attractors,
            len(words) - 1,
        )
    return list(found.values())
