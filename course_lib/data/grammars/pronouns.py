"""What "it" means: "the animal did not cross the street because it was too tired" (or: too wide).

Every sentence has a twin that differs in its reason only and in which "it" is the other thing. Active, passive and
fronted sentences change the order of the two, so that neither place nor noun gives the answer away.
"""

from typing import NamedTuple

from course_lib.data.grammars.dice import Dice


class Schema(NamedTuple):
    """What can happen between two things, and the reasons that concern only the first or only the second of them."""

    firsts: str
    seconds: str
    active: str
    passive: str
    of_first: tuple[str, ...]
    of_second: tuple[str, ...]


_ANIMALS = "animal dog cat horse cow fox goat donkey"
SCHEMAS = (
    Schema(
        _ANIMALS,
        "street road bridge river field",
        "FIRST did not cross SECOND",
        "SECOND was not crossed by FIRST",
        ("was too tired", "was too weak", "was too frightened", "was too nervous"),
        ("was too wide", "was too dangerous", "was flooded", "was covered with ice"),
    ),
    Schema(
        _ANIMALS,
        "water milk soup",
        "FIRST did not drink SECOND",
        "SECOND was not drunk by FIRST",
        ("was not thirsty", "was too ill", "was too shy", "was asleep"),
        ("was too cold", "was too hot", "was dirty", "smelled bad"),
    ),
    Schema(
        "animal dog cat fox pig rat",
        "bread cheese cake apple fish meat",
        "FIRST ate SECOND",
        "SECOND was eaten by FIRST",
        ("was hungry", "was greedy", "had waited all day", "wanted something to eat"),
        ("was fresh", "smelled good", "tasted good", "lay on the ground"),
    ),
    Schema(
        "trophy violin coat book lamp picture",
        "suitcase box bag drawer cupboard",
        "FIRST did not fit into SECOND",
        "SECOND could not hold FIRST",
        ("was too big", "was too wide", "was too long"),
        ("was too small", "was too narrow", "was already full"),
    ),
    Schema(
        "lorry car bus bicycle",
        "hill mountain slope",
        "FIRST could not climb SECOND",
        "SECOND could not be climbed by FIRST",
        ("was out of order", "was too old", "had a flat tyre", "broke down"),
        ("was too steep", "was too high", "was covered with ice", "was covered with snow"),
    ),
    Schema(
        "ball stone hammer branch",
        "window mirror vase bottle",
        "FIRST broke SECOND",
        "SECOND was broken by FIRST",
        ("was very heavy", "was very hard", "came down with force", "was thrown too far"),
        ("was very thin", "was made of glass", "was fragile", "was not protected"),
    ),
    Schema(
        "ship boat ferry",
        "harbour island bay coast",
        "FIRST did not reach SECOND",
        "SECOND was not reached by FIRST",
        ("was too slow", "lost its sail", "had a broken engine", "sank"),
        ("was too far away", "was too far north", "was blocked by ice", "was hidden in the fog"),
    ),
)


def twins(seed: int, shares: dict[str, int]) -> dict[str, list[tuple[str, int, int, int]]]:
    """Sentences with "it", twins next to each other, no pair of things in two splits.

    seed: a whole number
    shares: {split: how many of every ten pairs of things go there}
    returns: {split: (sentence, index of "it", index of what it means, index of the other thing)}
    """
    dice = Dice(seed)
    found = {split: [] for split in shares}
    homes = [split for split, share in shares.items() for _ in range(share)]
    for schema in SCHEMAS:
        pairs = [(first, second) for first in schema.firsts.split() for second in schema.seconds.split()]
        for place, (first, second) in enumerate(dice.shuffled(pairs)):
            group = found[homes[(place * 7 + 3) % len(homes)]]
            for form in ("active", "passive", "fronted"):
                event = schema.passive if form == "passive" else schema.active
                event = event.replace("FIRST", f"the {first}").replace("SECOND", f"the {second}")
                reasons = zip(dice.sample(schema.of_first, 3), dice.sample(schema.of_second, 3), strict=True)
                for reason in (reason for both in reasons for reason in both):
                    cause = f"because it {reason}"
                    words = (f"{cause} , {event} ." if form == "fronted" else f"{event} {cause} .").split()
                    right, other = (first, second) if reason in schema.of_first else (second, first)
                    group.append((" ".join(words), words.index("it"), words.index(right), words.index(other)))
    return found
