"""Documents of the miniature world: a few sentences each on one topic, in one tense."""

from course_lib.data.grammars.dice import Dice
from course_lib.data.grammars.facts import plural, world

# Each line: kinds of subject ":" a verb in its base form and what follows. "|" separates alternatives; a name in braces
# is filled by `_fill`: a plain name by one noun, a name with a final "s" by its plural, "some_..." by a whole phrase.
TOPICS = {
    "farm": """
        farmer family: feed the {farm_animals} | the {farm_animal} in the barn | the {farm_animals} before breakfast
        farmer family: work on the farm | in the field with {poss} {farm_animal} | in the field
        farmer: sell {some_food} and {some_food} at the market | a {farm_animal} to {poss} brother
        farmer: buy a {farm_animal} at the market | a young {farm_animal} | two {farm_animals}
        farmer adult: pull the {farm_animal} out of the mud | the cart out of the mud
        farm_animal: eat grass in the field | grass on the farm | hay in the barn | grass behind the barn
        farm_animal: sleep in the barn | behind the barn | in the field | on the hay
        farm_animal: run across the field | into the barn | out of the barn
        farm_animal: stand near the fence | in the field | in the mud | under the {tree}
        farm_animal: drink water from the stream | water behind the barn
        child: ride a horse to the farm | a horse across the field
        family: visit the farm | the farmer and {poss} {farm_animals}
    """,
    "home": """
        pet: sleep on the {seat} | under the table | in the {room} | on the {seat} in the {room}
        pet: eat fish from a plate | meat in the kitchen | some meat under the table
        cat dog: jump on the {seat} | on the table | over the fence | from the {seat}
        pet: drink milk in the kitchen | water in the garden | some milk from a plate
        pet: run into the {room} | through the {room} | out of the house
        cat: watch a mouse in the cellar | the birds in the garden
        child family: feed the {pet} | {poss} {pet} in the kitchen | the {pet} and the rabbits
        child family: play with the {pet} | with {poss} {pet} in the garden | with {poss} {pet} in the {room}
        family person: clean the {room} | the {furnitures} in the {room} | the {furnitures}
        family person: sit on the {seat} | on the {seat} in the {room} | at the table in the kitchen
        family person: open the window in the {room} | the {room} door | the door of the {room} | the cupboard
        family person: close the window in the {room} | the door of the {room} | the cupboard
        family adult: paint the {room} | the {furniture} | the walls of the {room}
        family adult: buy a {furniture} for the {room} | a new {furniture} | two {furnitures} for the {room}
        adult family: carry the {furnitures} into the {room} | the {furniture} to the {room} | a {furniture} upstairs
        family: find {poss} {garment} under the {furniture} | the keys in the {room}
        family person: sleep in the bedroom | in {poss} bed | on the sofa
        family: live in a small house | in a big house near the river | with {poss} parents
    """,
    "kitchen": """
        family cook waiter: cook {some_food} in the kitchen | {some_food} for dinner | {some_food} and {some_food}
        family person: eat {some_food} | {some_food} for breakfast | {some_food} with {some_food}
        family person: drink {some_drink} | {some_drink} with breakfast | {some_drink} in the kitchen
        family person: buy {some_food} at the market | {some_food} and {some_food} | {some_food} in the shop
        baker family: bake bread | a cake in the kitchen | a cake for the children | bread and cakes | an apple cake
        baker: sell bread in the bakery | cakes in the bakery | fresh bread and butter
        baker: work in the bakery | at night in the bakery
        cook: work in the restaurant | in the kitchen of the restaurant
        family: wash the {countfoods} in the kitchen | the plates after dinner | the plates and the cups
        family waiter: make {some_drink} for the guests | {some_drink} | soup for the guests
        waiter: bring {some_drink} to the guests | {some_food} to the guests | the guests {some_food}
        waiter: work in the restaurant | in a small restaurant | in the restaurant at night
        waiter: clean the tables in the restaurant | the glasses
        family person: eat in the restaurant | dinner in a small restaurant | {some_food} in the restaurant
    """,
    "street": """
        pilot: fly the plane to {capital} | the plane over the mountains | a small plane
        sailor: work on a ship | in the harbour | on a boat in the harbour
        sailor: clean the ship | the boat in the harbour | the deck of the ship
        adult family: drive a {road} to the station | the {road} along the road | {poss} car to work
        person family: ride a bicycle to work | {poss} bicycle to the station | {poss} bicycle along the river
        person family: travel by {vehicle} | by {vehicle} to {capital} | to {capital} by {vehicle}
        person family: take the {public} to the station | a {public} to {capital} | the {public} to work | the {public}
        worker person: go to work | to work by {public} | home from work | home by {public} after work | to {poss} work
        worker person: wait for the {public} | at the station for the {public} | for a {public} in the rain
        person family: repair the {road} | {poss} bicycle | the {road} in the street | the engine of the {road}
        person family: wash {poss} car | the {road} | {poss} bicycle
        person family: buy a new {own} | an old {own} | a {own} | a ticket for the {public}
        person family: sell {poss} {own} | an old {own} | {poss} {own} to a friend
        person family: walk along the road | across the bridge | along the street | to the station
        person family: see a {vehicle} near the station | a {ship} in the harbour | a {road} on the road
        road: wait at the station | in the street | on the bridge | at the crossing
        road: go along the road | through the city | over the bridge | to the station
        ship: wait in the harbour | at the harbour wall
        ship: go to {port} | down the river | across the sea
    """,
    "music": """
        child family musician: play the {instrument} | the {instrument} in the orchestra | a song on the {instrument}
        child family: learn the {instrument} | a new song on the {instrument} | the {instrument} at school
        child family: listen to the {instrument} | to the {instrument} and the {instrument} | to a song | to the music
        teacher: teach the {instrument} | the children the {instrument} | a song to the children
        singer family child: sing a song | an old song | a song with the {instrument} | in the choir
        singer: sing at the opera | in the opera in {capital} | a sad song at the concert
        singer: work at the opera | at the opera in {capital}
        family musician: buy a new {instrument} | an old {instrument} | a {instrument}
        family: carry the {instrument} to the concert | the {instrument} into the hall
        musician singer: travel to a concert in {capital} | with {poss} {instrument} | with the orchestra
        musician: repair the {instrument} | {poss} {instrument} before the concert
        family person: go to the concert | to a concert in {capital} | to the opera
    """,
    "palace": """
        royal: live in the palace | in an old castle | in the castle on the hill
        royal: wear a golden crown | a crown | {poss} crown at the ball | a long {garment}
        royal: sit on the throne | on {poss} throne in the palace
        royal: ride through the forest | a white horse | a white horse to the castle
        royal: open the parliament | the ball in the palace | the gate of the castle
        royal: speak to the people | to the people from the palace | to the guards of the castle
        royal: visit the duke | the hospital | the soldiers | {capital} | the people of {country}
        royal: lose {poss} crown in the forest | a golden ring | a golden ring in the palace
        royal: find {poss} crown in the tower | a golden ring in the tower
        royal: give a golden ring to the guard | a ball in the palace | gold to the poor people
        royal: walk through the palace | through the palace garden | to the tower of the castle
        royal: see {poss} kingdom from the tower | {refl} in the mirror
    """,
    "theatre": """
        actor: work in the theatre | in a theatre in {capital} | at the theatre
        actor: learn {poss} lines | {poss} part in the play | a new part
        actor: play a sailor in the theatre | a doctor in the film | a part in a film | a part in the play
        actor: wear a mask on the stage | a long {garment} on the stage | a mask
        actor: stand on the stage | behind the curtain | in front of the camera
        actor: see {refl} in the mirror | {refl} in the film
        actor writer: read the play | the first lines of the play
        family: watch a film | a play in the theatre | the play | the actors on the stage
        family: laugh in the theatre | at the play | at the film
        writer: write a play for the theatre | a film | a book | a long book about {country} | a letter to the theatre
    """,
    "family": """
        family: visit {family_object} | {family_object} on sunday | the children
        family: call {family_object} | {family_object} in the evening
        family: help {family_object} | {family_object} in the garden | {family_object} in the kitchen
        family: write a letter to {family_object} | a long letter to {family_object} | to {family_object}
        family: see {refl} in the mirror | {family_object} at the station
        family: make {refl} a cup of tea | {refl} a cup of coffee
        family: give {family_object} a book | {family_object} a {garment} | {family_object} a {instrument}
        family: bring {some_food} for {family_object} | flowers for {family_object} | {family_object} a cake
        family: read the letter | a letter from {family_object} | a story to the children | a book in bed
        family: live with {family_object} | in {country} with {family_object} | in {capital} near {family_object}
        family: laugh at the story | with {family_object}
        family: take {family_object} to the station | {family_object} to the doctor
    """,
    "clothes": """
        family person royal: wear a {garment} | {poss} {garment} | a {colour} {garment} | {colour} {pairs}
        family person: wear a {garment} and {pairs} | {colour} {pairs} | {poss} new {garment} | {poss} old {pairs}
        family person: buy a {garment} | a {colour} {garment}
        family person: buy two {garments} in the shop | a new {garment} | new {pairs}
        family person: wash the {garments} | {poss} {garment} | the {colour} {garment} | {poss} {pairs}
        family person: lose {poss} {garment} | a {pair} on the train | {poss} {garment} in the snow | a {colour} {pair}
        family person: find {poss} {garment} | a {colour} {pair} in the street | {poss} {garments} in the cupboard
        family person: take off {poss} {garment} | off {poss} wet {garment} | off {poss} {pairs}
        family person: repair {poss} {garment} | the old {garment} | the left {pair}
        family: make a {garment} for {family_object} | {pairs} for {family_object} | a {garment} for the winter
    """,
    "school": """
        child: go to school | to school with {poss} friends
        child: learn {language} | {language} at school | {language} and {language} | a poem at school
        child: read a book | a story | a book in {language} | a story about a {wild_animal}
        child: write a letter | a story about a {wild_animal} | {poss} name | a letter in {language}
        child: listen to the teacher | to a story about a {wild_animal} | to the story
        teacher: teach {language} | the children {language} | {language} at the school | {language} in {capital}
        teacher: work at the school | at a school in {capital}
        teacher: read a story to the children | the letters of the children | a book about {country}
        teacher: help the children | a boy with {poss} book
        family: speak {language} | {language} and {language} | {language} at home | {language} with the children
        child: play {sport} | {sport} after school | {sport} with {poss} friends | {sport} in the park
        child: win the {sport} match | a {sport} match
        child: lose the {sport} match | a {sport} match after school
        family: watch the {sport} match | a {sport} match | {sport} in the evening
        child: swim in the lake | in the river | across the lake
    """,
    "hospital": """
        nurse: work in the hospital | at night in the hospital
        doctor: work in the hospital | in a hospital in {capital} | at the hospital
        nurse doctor: help the patient | a sick child | the patients in the hospital
        nurse doctor: visit the patients | a sick old man | a sick old woman
        nurse doctor: give the patient a pill | some medicine to the patient | the sick child some medicine
        nurse: bring the patient {some_drink} | {some_drink} to the patient | the medicine
        family: take the pills | the medicine | {poss} medicine after dinner
        family worker: call the doctor | the nurse | the doctor at night
        family: wait for the doctor | for the nurse in the hospital
        lawyer: work at the court | at the court in {capital}
        lawyer: write a letter to the court | a long letter to the bank
        lawyer: speak in court | for the old woman in court | to the judge
        lawyer family: bring money to the bank | the letter to the bank | gold to the bank
        family: take money from the bank | some money from the bank | gold from the bank
        family: wait in the bank | at the bank with {poss} money
    """,
    "nature": """
        wild_animal: run through the forest | into the forest | across the field | up the mountain
        wild_animal: sleep under the {tree} | in the forest | in a cave | under an old {tree}
        wild_animal: drink water from the river | water at the lake | at the stream
        wild_animal: live in the forest | in the mountains | in a cave behind the {tree}
        wild_animal: watch the {farm_animals} from the forest | the birds | a rabbit near the {tree}
        person family: see two {wild_animals} in the forest | many {wild_animals}
        person family: see a {wild_animal} in the forest | a {wild_animal} near the river
        person family: walk through the forest | under the {trees} | along the river | along the bank of the river
        person family: sit on the bank of the river | under the {tree} | on the bank of the {river} | near the lake
        person family: swim in the lake | from one bank of the river to the other | in the river
        person family: run from the {wild_animal} | from the {wild_animal} into the house
        painter: paint the forest | three {wild_animals} | the {farm_animals} in the field
        painter: paint a {tree} near the lake | the {wild_animals} | a picture of the {tree}
        painter: sell a picture of the sea | {poss} pictures in {capital} | a picture of the {trees}
        ship: wait at the bank of the river
    """,
}  # fmt: skip

_PEOPLE = {
    "person": "man woman boy girl",
    "adult": "man woman",
    "child": "boy girl",
    "actor": "actor actress",
    "family": "father mother brother sister uncle aunt grandfather grandmother nephew niece son daughter husband wife",
    "royal": "king queen prince princess duke duchess",
    "waiter": "waiter waitress",
    "musician": "boy girl man woman",
}
_SLOTS = {
    "farm_animal": "horse cow sheep pig goat hen duck",
    "pet": "cat dog",
    "wild_animal": "wolf bear fox lion tiger elephant monkey",
    "seat": "chair bed sofa",
    "road": "car bus lorry taxi tram",
    "public": "bus train tram taxi ship boat plane",
    "own": "car bicycle boat lorry",
    "ship": "ship boat",
    "port": "lisbon athens oslo stockholm copenhagen helsinki dublin tokyo lima",
    "colour": "red blue green black white",
    "countfood": "apple pear egg potato tomato onion cake",
    "massfood": "bread cheese soup rice butter salad fish",
    "garment": "coat hat shirt dress scarf jacket skirt",
    "pair": "shoe glove sock",
}
_ADJECTIVES = {
    "people": "old young tall happy sad tired rich poor",
    "animals": "big small old young hungry black white brown",
    "vehicles": "big small old new slow fast red blue",
}
_WHEN = {
    "past": ("yesterday", "last week", "last year", "last summer", "this morning", "an hour ago"),
    "present": ("every day", "every morning", "every evening", "on sundays", "in the summer", "in the winter"),
    "future": ("tomorrow", "next week", "next year", "soon", "this evening"),
    "progressive": ("now", "at the moment"),
}
_HOW_OFTEN = ("often", "always", "usually", "sometimes", "never")
_STATES = {"see", "find", "lose", "win", "live"}  # "is finding" reads badly
_NOT_ENDED = {"live", "work", "wear", "sit", "stand", "sleep", "speak", "wait", "watch", "walk", "play", "ride"}
_UNLOVED = {"lose", "wash", "clean", "wait", "repair", "close", "carry", "pull", "stand"}
# nouns, and adjectives that suit them
_COMPARED = (
    ("car bus lorry taxi boat", "big small old fast slow cheap expensive clean dirty"),
    ("horse dog bear goat pig cow", "old young strong weak fast slow dirty clean"),
    ("king farmer baker duke sailor writer", "rich poor old young happy sad strong weak"),
    ("table chair bed sofa lamp shelf", "heavy light old cheap expensive big small clean"),
    ("kitchen cellar attic hall bedroom", "dark bright cold hot clean dirty big small quiet"),
    ("drum trumpet flute piano", "loud quiet old cheap expensive"),
    ("coat hat shirt dress jacket", "cheap expensive old clean dirty light heavy wet dry"),
    ("glass cup bottle bag", "full empty clean dirty heavy light"),
    ("film book song story play", "good bad long short old sad happy"),
    ("train bus tram plane", "early late full empty fast slow"),
    ("window door shop gate", "open closed"),
)


def _gender() -> dict[str, str]:
    pairs = [pair for pair in world().gender_pairs if pair[0] not in ("he", "his", "himself")]
    return {word: gender for pair in pairs for word, gender in zip(pair, "mf", strict=True)}


class _Subject:
    """A noun phrase with its number and gender ("m", "f", "n" or "p" for the plural)."""

    def __init__(self, words: str, gender: str, animate: bool = True):
        self.words, self.gender = words, gender
        self.plural, self.animate = gender == "p", animate
        self.pronoun = {"m": "he", "f": "she", "n": "it", "p": "they"}[gender]
        self.possessive = {"m": "his", "f": "her", "n": "its", "p": "their"}[gender]
        self.reflexive = {"m": "himself", "f": "herself", "n": "itself", "p": "themselves"}[gender]


class _Author:
    """Writes sentences; keeps nothing but the dice and the word lists."""

    def __init__(self, dice: Dice):
        self.dice, self.facts, self.genders = dice, world(), _gender()
        self.slots = {name: words.split() for name, words in _SLOTS.items()}
        self.slots |= {name: list(words) for name, words in self.facts.categories.items()}
        self.slots["worker"] = self.slots["job"]
        self.slots["river"] = [river for river, _ in self.facts.rivers]
        self.habits = {form for verb in self.facts.verbs.values() for form in (verb.base, verb.third)}
        past = {verb.past for verb in self.facts.verbs.values()} | {"did", "had", "could"}
        self.timed = {
            "past": past,
            "present": self.habits,
            "future": {"will"},
            "progressive": {"is", "are"},
            "perfect": (),
        }
        self.events = {topic: self._parse(text) for topic, text in TOPICS.items()}

    @staticmethod
    def _parse(text):
        events = []
        for line in text.strip().splitlines():
            subjects, action = line.split(":")
            base, *rest = action.split()
            events.append((subjects.split(), base, [part.strip() for part in " ".join(rest).split("|")]))
        return events

    # --- noun phrases ---

    def subject(self, kind: str) -> _Subject:
        """A noun phrase of the given kind of subject."""
        dice = self.dice
        if kind in _PEOPLE:
            noun = dice.pick(_PEOPLE[kind].split())
        else:
            noun = dice.pick(self.slots[kind]) if kind in self.slots else kind
        people = kind in _PEOPLE or noun in self.facts.categories["job"]
        gender = self.genders.get(noun) or (dice.pick("mf") if people else "n")
        if kind == "family":
            return _Subject(
                f"{'my' if noun in ('husband', 'wife') else dice.pick(('my', 'our', 'their'))} {noun}", gender
            )
        animate = kind not in ("road", "ship")
        adjectives = "vehicles" if not animate else "people" if people else "animals"
        adjective = dice.pick(_ADJECTIVES[adjectives].split()) + " " if dice.chance(0.2) else ""
        if noun not in ("duke", "duchess") and dice.chance(0.3):
            return _Subject(f"{dice.pick(('the', 'the', 'two', 'three'))} {adjective}{plural(noun)}", "p", animate)
        return _Subject(f"{'the' if dice.chance(0.8) else 'a'} {adjective}{noun}", gender, animate)

    def _some(self, kind: str) -> str:
        dice = self.dice
        if kind == "drink":
            drink = dice.pick(self.slots["drink"])
            holder = "a cup of" if drink in ("tea", "coffee") else "a glass of"
            return dice.pick((drink, f"{holder} {drink}", f"some {drink}"))
        if dice.chance(0.45):
            food = dice.pick(self.slots["massfood"])
            return dice.pick((food, food, f"some {food}"))
        food = dice.pick(self.slots["countfood"])
        return dice.pick((f"a {food}", f"a {food}", plural(food), f"some {plural(food)}", f"two {plural(food)}"))

    def _fill(self, template: str, subject: _Subject) -> str:
        words = []
        for word in template.split():
            name = word.strip("{}")
            if name == word:
                words.append(word)
            elif name == "poss":
                words.append(subject.possessive)
            elif name == "refl":
                words.append(subject.reflexive)
            elif name in ("country", "capital"):
                country = self.dice.pick(self.facts.countries)
                words.append(country.name if name == "country" else country.capital)
            elif name == "family_object":
                relatives = [noun for noun in _PEOPLE["family"].split()[:-2] if noun not in subject.words]
                words.append(f"{subject.possessive} {self.dice.pick(relatives)}")
            elif name.startswith("some_"):
                words.append(self._some(name[5:]))
            elif name == "garment" and subject.gender == "m":
                words.append(self.dice.pick([noun for noun in self.slots[name] if noun not in ("dress", "skirt")]))
            elif name in self.slots:
                words.append(self.dice.pick(self.slots[name]))
            else:
                words.append(plural(self.dice.pick(self.slots[name[:-1]])))
        return " ".join(words)

    # --- clauses ---

    def predicate(self, subject: _Subject, base: str, rest: str, tense: str) -> str:
        """The verb in the form that the subject and the tense ask for, and what follows it."""
        dice, verb, many = self.dice, self.facts.verbs[base], subject.plural
        plain = not subject.animate or dice.chance(0.8)
        if tense == "progressive" and base not in _STATES:
            action = f"{'are' if many else 'is'} {verb.ing}"
        elif tense == "future":
            action = f"{'will' if plain else 'want to' if many else 'wants to'} {verb.base}"
        elif tense == "perfect" and base not in _NOT_ENDED:
            action = f"{'have' if many else 'has'} just {verb.participle}"
        elif tense in ("past", "perfect"):
            feeling = "hated" if base in _UNLOVED else "enjoyed"
            lead = dice.pick(("did not", "wanted to", "had to", "could not", feeling, feeling))
            action = verb.past if plain else f"{lead} {verb.ing if lead == feeling else verb.base}"
        else:
            feeling = "hate" if base in _UNLOVED else "enjoy"
            leads = ("do not", "want to", "like to", "have to", feeling, feeling)
            if not many:
                leads = ("does not", "wants to", "likes to", "has to", f"{feeling}s", f"{feeling}s")
            lead = dice.pick(leads)
            likes = lead.startswith(feeling)
            action = (verb.base if many else verb.third) if plain else f"{lead} {verb.ing if likes else verb.base}"
        return f"{action} {rest}"

    def event(
        self, topic: str, tense: str, old: _Subject | None = None, old_kind: str = ""
    ) -> tuple[str, _Subject, str]:
        """A sentence on the topic (about the `old` subject if it fits), its subject and the kind of subject."""
        dice = self.dice
        events = self.events[topic]
        if old is not None:
            events = [event for event in events if old_kind in event[0]] or events
        kinds, base, alternatives = dice.pick(events)
        fits = old is not None and old_kind in kinds
        kind = old_kind if fits else dice.pick(kinds)
        subject = old if fits else self.subject(kind)
        name = old.pronoun if fits and dice.chance(0.75) else subject.words
        action = self.predicate(subject, base, self._fill(dice.pick(alternatives), subject), tense)
        if tense == "present" and dice.chance(0.3) and action.split()[0] in self.habits:
            action = f"{dice.pick(_HOW_OFTEN)} {action}"
        elif action.split()[0] in self.timed[tense] and dice.chance(0.5):
            when = dice.pick(_WHEN[tense])
            if dice.chance(0.35):
                return f"{when} {name} {action} .", subject, kind
            action = f"{action} {when}"
        return f"{name} {action} .", subject, kind

    def about(self, subject: _Subject) -> str:
        """A sentence on how the subject felt."""
        adjective = self.dice.pick(("tired", "happy", "sad", "hungry", "thirsty", "late", "ill", "angry"))
        if self.dice.chance(0.4):
            return f"{subject.words} said that {subject.pronoun} was {adjective} ."
        return f"{subject.words} was {adjective} , but {subject.possessive} friend was not ."

    # --- facts ---

    def geography(self) -> str:
        """A true sentence on one or two countries."""
        dice, facts = self.dice, self.facts
        here, there = dice.sample(facts.countries, 2)
        name, city, nation, tongue, dish = here.name, here.capital, here.nationality, here.language, here.dish
        relative = dice.pick(_PEOPLE["family"].split()[:-2])
        family = f"{dice.pick(('my', 'our', 'their'))} {relative}"
        kind = dice.weighted(
            (
                ("capital", 7),
                ("language", 6),
                ("dish", 6),
                ("city", 4),
                ("country", 4),
                ("journey", 2),
                ("neighbours", 1),
                ("river", 0.5),
            )
        )
        if kind == "neighbours":
            one, two = dice.shuffled(dice.pick(facts.neighbours))
            return dice.pick(
                (f"{one} and {two} have a common border .", f"the border between {one} and {two} is open .")
            )
        if kind == "river":
            river, city = dice.pick(facts.rivers)
            return dice.pick(
                (f"the {river} flows through {city} .", f"there are many bridges over the {river} in {city} .")
            )
        goods = dice.pick(("cheese", "cars", "apples", "fish", "coats", "pianos"))
        sentences = {
            "capital": (
                f"{city} is the capital of {name} .",
                f"the capital of {name} is {city} .",
                f"{city} , the capital of {name} , is an old city .",
                f"the government of {name} sits in {city} .",
                f"the {nation} parliament meets in {city} .",
                f"{family} lives in {city} , the capital of {name} .",
                f"the {nation} capital is called {city} .",
                f"{name} has a large airport near {city} , its capital .",
                f"people in {name} often travel to {city} .",
            ),
            "language": (
                f"people in {name} speak {tongue} .",
                f"people in {city} speak {tongue} .",
                f"the {nation} city of {city} is old .",
                f"{tongue} is spoken in {name} .",
                f"{family} learned {tongue} in {city} .",
                f"{family} speaks {tongue} because {self._possessive(relative)} friends come from {name} .",
                f"the people of {name} read and write {tongue} .",
                f"in {city} the children learn {tongue} at school .",
            ),
            "dish": (
                f"people in {name} like {dish} .",
                f"people in {city} eat {dish} .",
                f"{family} bought {dish} in {city} .",
                f"{family} ate {dish} in {name} .",
                f"{dish} from {name} {'taste' if dish.endswith('s') else 'tastes'} good .",
                f"the best {dish} in {name} {'are' if dish.endswith('s') else 'is'} made in {city} .",
                f"in {city} {family} tasted {nation} {dish} .",
            ),
            "city": (
                f"the streets of {city} are full of {nation} cars .",
                f"the {nation} museum in {city} is open on sundays .",
                f"{family} stayed in a hotel in the centre of {city} .",
                f"the station of {city} is near the old town .",
                f"there is a {nation} theatre in the centre of {city} .",
                f"the buses in {city} are always full .",
                f"the airport of {city} is outside the city .",
                f"{family} has a flat in the old town of {city} .",
                f"the mayor of {city} opened a new bridge .",
                f"the {nation} farmers sell their milk in {city} .",
            ),
            "country": (
                f"the flag of {name} hangs in front of the {nation} school .",
                f"{name} is a country in {here.continent} .",
                f"the villages in the north of {name} are quiet .",
                f"the {nation} farmers in the south of {name} grow vegetables .",
                f"{name} won the football match against {there.name} .",
                f"{family} bought {nation} cheese in {name} .",
                f"the {nation} people are proud of {name} .",
                f"the government of {name} spoke to the {nation} people .",
                f"the map of {name} hangs on the wall of the school .",
                f"it rained in the west of {name} last night .",
            ),
            "journey": (
                f"the train from {city} to {there.capital} was late .",
                f"{family} flew from {city} to {there.capital} .",
                f"{family} travelled from {name} to {there.name} .",
                f"{family} moved from {city} to {there.capital} .",
                f"{name} sells {goods} to {there.name} .",
                f"{family} wrote a letter from {city} in {name} .",
                f"the plane from {city} to {there.capital} was full .",
                f"{family} drove through {name} and stopped in {city} .",
            ),
        }
        if here.continent != there.continent or "iceland" in (name, there.name):  # no railway between them
            sentences["journey"] = sentences["journey"][1:]
        return dice.pick(sentences[kind])

    def _possessive(self, noun: str) -> str:
        return "his" if self.genders[noun] == "m" else "her"

    def lesson(self) -> str:
        """A true general sentence: what is what, what is bigger, who works where, what the weather was like."""
        dice, facts = self.dice, self.facts
        kind = dice.weighted((("category", 4), ("order", 2), ("adjective", 9), ("weather", 4), ("job", 3)))
        if kind == "adjective":
            return self.comparison()
        if kind == "weather":
            return self.weather()
        if kind == "category":
            names = (
                "animal",
                "vehicle",
                "instrument",
                "clothing",
                "furniture",
                "tree",
                "room",
                "drink",
                "language",
                "sport",
            )
            name = dice.pick(names)
            first, second = dice.sample(facts.categories[name], 2)
            if name in ("clothing", "furniture"):
                return f"{plural(first)} and {plural(second)} are {'clothes' if name == 'clothing' else name} ."
            if name in ("drink", "language", "sport"):
                return f"{first} and {second} are {name}s ."
            return dice.pick(
                (
                    f"{plural(first)} and {plural(second)} are {plural(name)} .",
                    f"the {first} and the {second} are {plural(name)} .",
                    f"a {first} is a {name} .",
                )
            )
        if kind == "order":
            order, more, less = dice.pick(((facts.by_size, "bigger", "smaller"), (facts.by_speed, "faster", "slower")))
            low = dice.below(len(order) - 1)
            high = low + 1 + dice.below(len(order) - 1 - low)
            if dice.chance(0.5):
                return f"a {order[high]} is {more} than a {order[low]} ."
            return f"a {order[low]} is {less} than a {order[high]} ."
        if dice.chance(0.25):
            job, place = dice.pick(sorted(facts.workplaces.items()))
            return f"a {job} works {'on' if place == 'farm' else 'at'} a {place} ."
        family, job = self.subject("family"), dice.pick(facts.categories["job"])
        return dice.pick(
            (
                f"{family.words} works as a {job} .",
                f"{family.words} wants to be a {job} .",
                f"{family.words} was a {job} before {family.pronoun} moved to the city .",
                f"{family.words} is a good {job} .",
                f"the {job} earns a lot of money .",
                f"the {job} came home late from work .",
            )
        )

    def comparison(self) -> str:
        """A sentence with an adjective, its opposite or its comparative."""
        dice = self.dice
        nouns, adjectives = dice.pick(_COMPARED)
        one, two = dice.sample(nouns.split(), 2)
        adjective = dice.pick(adjectives.split())
        more = self.facts.comparatives.get(adjective)
        other = {a: b for pair in self.facts.opposites for a, b in (pair, pair[::-1])}[adjective]
        if more and dice.chance(0.5):
            return dice.pick(
                (
                    f"the {one} is {more} than the {two} .",
                    f"this {one} is {more} than that {one} .",
                    f"our {one} is {more} than your {one} .",
                    f"the new {one} is much {more} than the old one .",
                )
            )
        return dice.pick(
            (
                f"the {one} is {adjective} , but the {two} is {other} .",
                f"the {one} is not {adjective} but {other} .",
                f"the {one} has always been {adjective} .",
                f"it is a {adjective} {one} .",
                f"the {plural(one)} are {adjective} , but the {plural(two)} are {other} .",
                f"these {plural(one)} were {adjective} .",
                f"my {one} is too {adjective} , and yours is too {other} .",
            )
        )

    def weather(self) -> str:
        """A sentence on the weather."""
        dice = self.dice
        what = dice.pick(self.facts.categories["weather"])
        bad = dice.pick([word for word in self.facts.categories["weather"] if word != "sunshine"])
        season = dice.pick(("spring", "summer", "autumn", "winter"))
        where = dice.pick(("mountains", "north", "south", "west", "city"))
        return dice.pick(
            (
                f"there was {'a ' if what == 'storm' else ''}{what} in the {where} last week .",
                f"the {what} ended in the afternoon .",
                f"the {bad} came from the {dice.pick(('sea', 'west', 'north', 'mountains'))} .",
                f"we had {'many storms' if what == 'storm' else f'a lot of {what}'} in {season} .",
                f"the {what} lasted all {dice.pick(('day', 'morning', 'week'))} .",
                f"today is {dice.pick(('warmer', 'colder', 'hotter', 'brighter', 'darker'))} than yesterday .",
                f"the {season} was {dice.pick(('cold', 'hot', 'wet', 'dry', 'long', 'short', 'early', 'late'))} .",
                f"because of the {bad} the {dice.pick(self.slots['public'])} was late .",
            )
        )

    def document(self) -> list[str]:
        """Five to nine sentences that belong together."""
        dice = self.dice
        topic = dice.weighted([("geography", 6), ("lesson", 6), *((topic, 1.5) for topic in TOPICS)])
        length = 5 + dice.below(5)
        if topic in ("geography", "lesson"):
            return [with_an(self.geography() if topic == "geography" else self.lesson()) for _ in range(length)]
        tense = dice.weighted((("past", 5), ("present", 5), ("future", 2), ("progressive", 3), ("perfect", 1)))
        sentences, subject, kind = [], None, ""
        while len(sentences) < length:
            keep = subject if subject is not None and dice.chance(0.5) else None
            sentence, subject, kind = self.event(topic, tense, keep, kind)
            sentences.append(with_an(sentence))
            if tense == "past" and subject.gender in "mf" and dice.chance(0.12):
                sentences.append(with_an(self.about(subject)))
        return sentences


def with_an(sentence: str) -> str:
    """The sentence with "an" for "a" before a vowel."""
    words = sentence.split()
    for place, word in enumerate(words[1:], start=1):
        if words[place - 1] in ("a", "an") and word != "one":
            words[place - 1] = "an" if word[0] in "aeio" or word in ("uncle", "hour") else "a"
    return " ".join(words)


def documents(seed: int, sentences: int, forbidden: frozenset[str] = frozenset()) -> list[list[str]]:
    """Documents of the miniature world.

    seed: a whole number; the same seed gives the same documents everywhere
    sentences: how many sentences at least, all documents together
    forbidden: sentences that must not occur (those of other splits)
    returns: documents, each a list of sentences (words separated by spaces); no sentence occurs more than three times
    """
    author, found, counts = _Author(Dice(seed)), [], {}
    total = 0
    while total < sentences:
        document = []
        for sentence in author.document():
            if sentence not in forbidden and counts.get(sentence, 0) < 3:
                counts[sentence] = counts.get(sentence, 0) + 1
                document.append(sentence)
        if len(document) >= 3:
            found.append(document)
            total += len(document)
    return found
