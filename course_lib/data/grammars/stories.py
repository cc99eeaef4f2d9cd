"""Documents of the miniature world: a few sentences each about one topic, in one tense, around one or two characters."""

from course_lib.data.grammars.dice import Dice
from course_lib.data.grammars.facts import plural, world

# Each line: kinds of subject ":" a verb in its base form and what follows. "|" separates alternatives; a name in braces
# is filled by `_fill`: a plain name by one noun, a name with a final "s" by its plural, "some_..." by a whole phrase.
TOPICS = {
    "farm": """
        farmer family: feed the {farm_animals} | the {farm_animal} in the barn | the {farm_animals} before breakfast
        farmer family: work on the farm | in the field with {poss} {farm_animal} | in the field
        farmer: sell {some_food} and {some_food} at the market | a {farm_animal} to {poss} brother | {some_drink} and cheese
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
        pet: jump on the {seat} | on the table | over the fence | from the {seat}
        pet: drink milk in the kitchen | water in the garden | some milk from a plate
        pet: run into the {room} | through the {room} | out of the house
        cat: watch a mouse in the cellar | the birds in the garden
        child family: feed the {pet} | {poss} {pet} in the kitchen | the {pet} and the rabbits
        child family: play with the {pet} | with {poss} {pet} in the garden | with {poss} {pet} in the {room}
        family person: clean the {room} | the {furniture} in the {room} | the {furniture}
        family person: sit on the {seat} | on the {seat} in the {room} | at the table in the kitchen
        family person: open the window in the {room} | the {room} door | the door of the {room} | the cupboard
        family person: close the window in the {room} | the door of the {room} | the cupboard
        family adult: paint the {room} | the {furniture} | the walls of the {room}
        family adult: buy a {furniture} for the {room} | a new {furniture} | two {furnitures} for the {room}
        adult family: carry the {furniture} into the {room} | the {furniture} to the {room} | a {furniture} upstairs
        family: find {poss} {clothing} under the {furniture} | the keys in the {room} | {poss} book behind the {furniture}
        family person: sleep in the bedroom | in {poss} bed | on the sofa
        family: live in a small house | in a big house near the river | with {poss} parents
    """,
    "kitchen": """
        family cook waiter: cook {some_food} in the kitchen | {some_food} for dinner | {some_food} and {some_food}
        family person: eat {some_food} | {some_food} for breakfast | {some_food} with {some_food} | {some_food} in the kitchen
        family person: drink {some_drink} | {some_drink} with breakfast | {some_drink} in the kitchen | {some_drink} and eat_too
        family person: buy {some_food} at the market | {some_food} and {some_food} | {some_food} in the shop
        baker family: bake bread | a cake in the kitchen | a cake for the children | bread and cakes | an apple cake
        baker: sell bread in the bakery | cakes in the bakery | fresh bread and butter
        baker: work in the bakery | at night in the bakery
        cook: work in the restaurant | in the kitchen of the restaurant
        family: wash the {countfoods} in the kitchen | the plates after dinner | the plates and the cups
        family waiter: make {some_drink} for the guests | {some_drink} | soup for the guests | {some_drink} in the kitchen
        waiter: bring {some_drink} to the guests | {some_food} to the guests | the guests {some_food} | the guests {some_drink}
        waiter: work in the restaurant | in a small restaurant | in the restaurant at night
        waiter: clean the tables in the restaurant | the glasses
        family person: eat in the restaurant | dinner in a small restaurant | {some_food} in the restaurant
    """,
    "street": """
        pilot: fly the plane to {capital} | the plane over the mountains | a small plane
        sailor: work on a ship | in the harbour | on a boat in the harbour
        sailor: clean the ship | the boat in the harbour | the deck of the ship
        person family: drive a {road} to the station | the {road} along the road | {poss} car to work | a {road} through the city
        person family: ride a bicycle to work | {poss} bicycle to the station | {poss} bicycle along the river
        person family: travel by {vehicle} | by {vehicle} to {capital} | to {capital} by {vehicle} | by {vehicle} through {country}
        person family: take the {public} to the station | a {public} to {capital} | the {public} to work | the {public}
        person family: wait for the {public} | at the station for the {public} | for a {public} in the rain
        person family: repair the {road} | {poss} bicycle | the {road} in the street | the engine of the {road}
        person family: wash {poss} car | the {road} | {poss} bicycle
        person family: buy a new {own} | an old {own} | a {own} | a ticket for the {public}
        person family: sell {poss} {own} | an old {own} | {poss} {own} to a friend
        person family: walk along the road | across the bridge | along the street | to the station | from the harbour to the station
        person family: see a {vehicle} near the station | a {ship} in the harbour | a {road} on the road | the {road} in the street
        road: wait at the station | in the street | on the bridge | at the crossing
        road: go along the road | through the city | over the bridge | to the station
        ship: wait in the harbour | at the harbour wall
        ship: go to {capital} | down the river | across the sea
    """,
    "music": """
        child family musician: play the {instrument} | the {instrument} in the orchestra | a song on the {instrument}
        child family: learn the {instrument} | a new song on the {instrument} | the {instrument} at school
        child family: listen to the {instrument} | to the {instrument} and the {instrument} | to a song | to the music
        teacher: teach the {instrument} | the children the {instrument} | a song to the children
        singer family child: sing a song | an old song | a song with the {instrument} | in the choir | a song about the sea
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
        royal: wear a golden crown | a crown | {poss} crown at the ball | a long {clothing}
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
        actor: play the king in the theatre | a doctor in the film | a part in a film | a part in the play
        actor: wear a mask on the stage | a long {clothing} on the stage | a mask
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
        family: give {family_object} a book | {family_object} a {clothing} | {family_object} a {instrument}
        family: bring {some_food} for {family_object} | flowers for {family_object} | {family_object} a cake
        family: read the letter | a letter from {family_object} | a story to the children | a book in bed
        family: live with {family_object} | in {country} with {family_object} | in {capital} near {family_object}
        family: laugh at the story | with {family_object}
        family: take {family_object} to the station | {family_object} to the doctor
    """,
    "clothes": """
        family person royal: wear a {clothing} | {poss} {clothing} | a {colour} {clothing} | a {clothing} and a {clothing}
        family person: buy a {clothing} | a {colour} {clothing} | two {clothings} in the shop | a new {clothing} for the winter
        family person: wash the {clothings} | {poss} {clothing} | the {colour} {clothing} and the {clothing}
        family person: lose {poss} {clothing} | a {clothing} on the train | {poss} {clothing} in the snow
        family person: find {poss} {clothing} | a {colour} {clothing} in the street | {poss} {clothings} in the cupboard
        family person: take off {poss} {clothing} | off {poss} wet {clothing}
        family person: repair {poss} {clothing} | the old {clothing}
        family: make a {clothing} for {family_object} | a {colour} {clothing} | a {clothing} for the winter
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
        child: play {sport} | {sport} after school | {sport} with {poss} friends | {sport} in the park | {sport} in the evening
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
        family: call the doctor | the nurse | the doctor at night
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
        person family: see a {wild_animal} in the forest | a {wild_animal} near the river | the {wild_animals} at the lake
        person family: walk through the forest | under the {trees} | along the river | along the bank of the river
        person family: sit on the bank of the river | under the {tree} | on the bank of the {river} | near the lake
        person family: swim in the lake | from one bank of the river to the other | in the river
        person family: run from the {wild_animal} | from the {wild_animal} into the house
        painter: paint the forest | a {tree} near the lake | the {wild_animals} | a picture of the {tree}
        painter: sell a picture of the sea | {poss} pictures in {capital} | a picture of the {trees}
        ship: wait at the bank of the river
    """,
}  # fmt: skip

_PEOPLE = {
    "person": "man woman boy girl", "adult": "man woman", "child": "boy girl", "actor": "actor actress",
    "family": "father mother brother sister uncle aunt grandfather grandmother nephew niece son daughter husband wife",
    "royal": "king queen prince princess duke duchess", "waiter": "waiter waitress", "musician": "boy girl man woman",
}  # fmt: skip
_SLOTS = {
    "farm_animal": "horse cow sheep pig goat hen duck", "pet": "cat dog", "wild_animal":
    "wolf bear fox lion tiger elephant monkey", "seat": "chair bed sofa", "road": "car bus lorry taxi tram",
    "public": "bus train tram taxi ship boat plane", "own": "car bicycle boat lorry", "ship": "ship boat",
    "colour": "red blue green black white", "countfood": "apple pear egg potato tomato onion",
    "massfood": "bread cheese soup rice butter salad fish",
}  # fmt: skip
_ADJECTIVES = {
    "people": "old young tall happy sad tired rich poor", "animals": "big small old young hungry black white brown",
    "vehicles": "big small old new slow fast red blue",
}  # fmt: skip
_WHEN = {
    "past": ("yesterday", "last week", "last year", "last summer", "this morning", "an hour ago"),
    "present": ("every day", "every morning", "every evening", "on sundays", "in the summer", "in the winter"),
    "future": ("tomorrow", "next week", "next year", "soon", "this evening"),
    "progressive": ("now", "at the moment"),
}
_EARLY, _HIGH_FREQUENCY = 0.35, ("often", "always", "usually", "sometimes", "never")


def _gender() -> dict[str, str]:
    pairs = [pair for pair in world().gender_pairs if pair[0] not in ("he", "his", "himself")]
    return {word: gender for pair in pairs for word, gender in zip(pair, "mf", strict=True)}


class _Subject:
    """A noun phrase with its number and gender ("m", "f", "n" or "p" for the plural)."""

    def __init__(self, words: str, gender: str):
        self.words, self.gender = words, gender
        self.plural = gender == "p"
        self.pronoun = {"m": "he", "f": "she", "n": "it", "p": "they"}[gender]
        self.possessive = {"m": "his", "f": "her", "n": "its", "p": "their"}[gender]
        self.reflexive = {"m": "himself", "f": "herself", "n": "itself", "p": "themselves"}[gender]


class _Author:
    """Writes sentences; keeps nothing but the dice and the word lists."""

    def __init__(self, dice: Dice):
        self.dice, self.facts, self.genders = dice, world(), _gender()
        self.slots = {name: words.split() for name, words in _SLOTS.items()}
        self.slots |= {name: list(words) for name, words in self.facts.categories.items()}
        self.slots["river"] = [river for river, _ in self.facts.rivers]
        self.events = {topic: self._parse(text) for topic, text in TOPICS.items()}

    @staticmethod
    def _parse(text):
        events = []
        for line in text.strip().splitlines():
            subjects, action = line.split(":")
            base, *rest = action.split()
            alternatives = [part.strip() for part in " ".join(rest).split("|")]
            events.append((subjects.split(), base, [part for part in alternatives if "eat_too" not in part]))
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
            return _Subject(f"{dice.pick(('my', 'our', 'their'))} {noun}", gender)
        adjectives = "vehicles" if kind in ("road", "ship") else "people" if people else "animals"
        adjective = dice.pick(_ADJECTIVES[adjectives].split()) + " " if dice.chance(0.2) else ""
        if noun not in ("duke", "duchess") and dice.chance(0.18):
            return _Subject(f"{dice.pick(('the', 'the', 'two', 'three'))} {adjective}{plural(noun)}", "p")
        return _Subject(f"{'the' if dice.chance(0.8) else 'a'} {adjective}{noun}", gender)

    def _some(self, kind: str) -> str:
        dice = self.dice
        if kind == "drink":
            drink = dice.pick(self.slots["drink"])
            holder = "a cup of" if drink in ("tea", "coffee") else "a glass of"
            return dice.pick((drink, f"{holder} {drink}", f"some {drink}"))
        if dice.chance(0.55):
            food = dice.pick(self.slots["massfood"])
            return dice.pick((food, food, f"some {food}"))
        food = dice.pick([*self.slots["countfood"], "cake"])
        return dice.pick((f"a {food}", plural(food), f"some {plural(food)}", f"two {plural(food)}"))

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
                words.append(f"{subject.possessive} {self.dice.pick(_PEOPLE['family'].split()[:-2])}")
            elif name.startswith("some_"):
                words.append(self._some(name[5:]))
            elif name in self.slots:
                words.append(self.dice.pick(self.slots[name]))
            else:
                words.append(plural(self.dice.pick(self.slots[name[:-1]])))
        return " ".join(words)

    # --- clauses ---

    def predicate(self, subject: _Subject, base: str, rest: str, tense: str) -> str:
        """The verb in the form that the subject and the tense ask for, and what follows it."""
        dice, verb = self.dice, self.facts.verbs[base]
        many = subject.plural
        tail = f" {rest}" if rest else ""
        if tense == "progressive":
            return f"{'are' if many else 'is'} {verb.ing}{tail}"
        if tense == "future":
            lead = dice.weighted((("will", 6), ("want to" if many else "wants to", 2), ("can", 1)))
            return f"{lead} {verb.base}{tail}"
        if tense == "perfect":
            return f"{'have' if many else 'has'} just {verb.participle}{tail}"
        if tense == "past":
            if dice.chance(0.12):
                return f"{dice.pick(('did not', 'wanted to', 'had to', 'could not'))} {verb.base}{tail}"
            return f"{verb.past}{tail}"
        if dice.chance(0.12):
            leads = (
                ("do not", "want to", "like to", "have to") if many else ("does not", "wants to", "likes to", "has to")
            )
            return f"{dice.pick(leads)} {verb.base}{tail}"
        return f"{verb.base if many else verb.third}{tail}"

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
        if tense == "present" and dice.chance(0.3) and action.split()[0] not in ("do", "does"):
            action = f"{dice.pick(_HIGH_FREQUENCY)} {action}"
        elif tense in _WHEN and dice.chance(0.5):
            when = dice.pick(_WHEN[tense])
            if dice.chance(_EARLY):
                return f"{when} {name} {action} .", subject, kind
            action = f"{action} {when}"
        return f"{name} {action} .", subject, kind

    def about(self, subject: _Subject, topic: str) -> str:
        """A sentence on how the subject feels, with a pronoun or a reason in it."""
        dice = self.dice
        adjective = dice.pick(("tired", "happy", "sad", "hungry", "thirsty", "late", "ill", "angry"))
        be = "were" if subject.plural else "was"
        if dice.chance(0.4):
            return f"{subject.words} said that {subject.pronoun} {be} {adjective} ."
        return (
            f"{subject.words} {be} {adjective} , but {subject.possessive} friend {be if be == 'was' else 'was'} not ."
        )

    # --- facts ---

    def geography(self) -> str:
        """A true sentence on one or two countries."""
        dice, facts = self.dice, self.facts
        here, there = dice.sample(facts.countries, 2)
        name, city, nation, tongue = here.name, here.capital, here.nationality, here.language
        family = f"{dice.pick(('my', 'our', 'their'))} {dice.pick(_PEOPLE['family'].split())}"
        kind = dice.weighted(
            (("capital", 6), ("language", 3), ("city", 5), ("country", 5), ("journey", 4), ("more", 1))
        )
        if kind == "capital":
            return dice.pick((
                f"{city} is the capital of {name} .", f"the capital of {name} is {city} .",
                f"{city} , the capital of {name} , is an old city .", f"the government of {name} sits in {city} .",
                f"the {nation} parliament is in {city} .", f"{family} lives in {city} , the capital of {name} .",
                f"the {nation} capital is called {city} .", f"{name} has a large airport near {city} , its capital .",
                f"people in {name} often travel to {city} .", f"of all cities in {name} , {city} is the largest .",
            ))  # fmt: skip
        if kind == "language":
            return dice.pick((
                f"people in {name} speak {tongue} .", f"most people in {city} speak {tongue} .",
                f"{tongue} is spoken in {name} .", f"{family} learned {tongue} in {city} .",
                f"{family} speaks {tongue} because {name} is close to our hearts .",
                f"the people of {name} read and write {tongue} .", f"in {city} the children learn {tongue} at school .",
            ))[:200]  # fmt: skip
        if kind == "city":
            return dice.pick((
                f"the streets of {city} are full of {nation} cars .", f"the {nation} museum in {city} is open on sundays .",
                f"{family} stayed in a hotel in the centre of {city} .", f"the station of {city} is near the old town .",
                f"there is a {nation} theatre in the centre of {city} .", f"the trams in {city} are always full .",
                f"the airport of {city} is outside the city .", f"the {nation} president lives in {city} .",
                f"{family} has a flat in the old town of {city} .", f"the mayor of {city} opened a new bridge .",
            ))  # fmt: skip
        if kind == "country":
            return dice.pick((
                f"the flag of {name} hangs in front of the {nation} school .", f"{name} is a country in {here.continent} .",
                f"the mountains in the north of {name} are high .", f"the {nation} farmers in the south of {name} grow apples .",
                f"{name} won the football match against {there.name} .", f"{family} bought {nation} cheese in {name} .",
                f"the {nation} people are proud of {name} .", f"the president of {name} spoke to the {nation} people .",
                f"the map of {name} hangs on the wall of the school .", f"it often rains in the west of {name} .",
            ))  # fmt: skip
        if kind == "journey":
            return dice.pick((
                f"the train from {city} to {there.capital} was late .", f"{family} flew from {city} to {there.capital} .",
                f"{family} travelled from {name} to {there.name} .", f"{family} moved from {city} to {there.capital} .",
                f"{name} sells {dice.pick(('cheese', 'cars', 'apples', 'fish'))} to {there.name} .",
                f"{family} wrote a letter from {city} in {name} .", f"the plane from {city} to {there.capital} was full .",
                f"{family} drove through {name} and stopped in {city} .",
            ))  # fmt: skip
        if dice.chance(0.6):
            one, two = dice.shuffled(dice.pick(facts.neighbours))
            return dice.pick(
                (f"{one} and {two} have a common border .", f"the border between {one} and {two} is open .")
            )
        river, capital = dice.pick(facts.rivers)
        return dice.pick(
            (f"the {river} flows through {capital} .", f"there are many bridges over the {river} in {capital} .")
        )

    def lesson(self) -> str:
        """A true general sentence: what is what, what is bigger, who works where."""
        dice, facts = self.dice, self.facts
        kind = dice.weighted((("category", 4), ("order", 2), ("opposite", 4), ("weather", 4), ("work", 1)))
        if kind == "category":
            name = dice.pick(("animal", "vehicle", "instrument", "drink", "tree", "language", "room", "sport"))
            first, second = dice.sample(facts.categories[name], 2)
            if name in ("drink", "language", "sport"):
                return f"{first} and {second} are {name}s ."
            return dice.pick((f"the {first} and the {second} are {plural(name)} .", f"a {first} is a {name} ."))
        if kind == "order":
            order, more, less = dice.pick(((facts.by_size, "bigger", "smaller"), (facts.by_speed, "faster", "slower")))
            low = dice.below(len(order) - 1)
            high = low + 1 + dice.below(len(order) - 1 - low)
            if dice.chance(0.5):
                return f"a {order[high]} is {more} than a {order[low]} ."
            return f"a {order[low]} is {less} than a {order[high]} ."
        if kind == "work":
            job, place = dice.pick(sorted(facts.workplaces.items()))
            return f"a {job} works {'on' if place == 'farm' else 'in'} a {place} ."
        if kind == "weather":
            return self.weather()
        return self.comparison()

    def comparison(self) -> str:
        """A sentence with an adjective, its opposite or its comparative."""
        dice = self.dice
        nouns, adjectives = dice.pick((
            ("car bus lorry taxi boat bicycle", "big small old fast slow cheap clean dirty"),
            ("horse dog bear goat pig cow", "big small old young strong weak fast slow dirty clean"),
            ("king farmer baker duke sailor writer", "rich poor old young happy sad"),
            ("table chair bed sofa lamp shelf", "heavy light old cheap big small clean"),
            ("kitchen cellar attic hall bedroom", "dark bright cold clean dirty big small quiet"),
            ("drum trumpet flute piano", "loud quiet old cheap heavy light"),
            ("coat hat shirt dress jacket", "cheap old clean dirty light heavy wet dry"),
        ))  # fmt: skip
        one, two = dice.sample(nouns.split(), 2)
        adjective = dice.pick(adjectives.split())
        more = self.facts.comparatives.get(adjective)
        both = {a: b for pair in self.facts.opposites for a, b in (pair, pair[::-1])}
        if more and dice.chance(0.5):
            return dice.pick((
                f"the {one} is {more} than the {two} .", f"this {one} is {more} than that {one} .",
                f"our {one} is {more} than your {one} .", f"the new {one} is much {more} than the old one .",
            ))  # fmt: skip
        if dice.chance(0.5):
            return dice.pick((
                f"the {one} is {adjective} , but the {two} is {both[adjective]} .", f"the {one} is not {adjective} but {both[adjective]} .",
            ))  # fmt: skip
        return dice.pick((
            f"the {one} is very {adjective} .", f"it is a {adjective} {one} .", f"a {adjective} {one} is a good {one} .",
        ))  # fmt: skip

    def weather(self) -> str:
        """A sentence on the weather."""
        dice = self.dice
        what = dice.pick(self.facts.categories["weather"])
        season = dice.pick(("spring", "summer", "autumn", "winter"))
        where = dice.pick(("mountains", "north", "south", "west", "city"))
        return dice.pick((
            f"there was {'a ' if what == 'storm' else ''}{what} in the {where} last night .", f"after the {what} the air was fresh .",
            f"the {what} came from the {dice.pick(('sea', 'west', 'north', 'mountains'))} .",
            f"we have a lot of {what if what != 'storm' else 'storms'} in {season} .".replace("a lot of storms", "many storms"),
            f"the {what} lasted all {dice.pick(('day', 'night', 'morning', season))} .",
            f"today is {dice.pick(('warmer', 'colder', 'hotter', 'brighter', 'darker'))} than yesterday .",
            f"the {season} was {dice.pick(('cold', 'hot', 'wet', 'dry', 'long', 'short', 'early', 'late'))} .",
            f"because of the {what} the {dice.pick(self.slots['public'])} was late .",
        ))  # fmt: skip

    def document(self) -> list[str]:
        """Five to nine sentences that belong together."""
        dice = self.dice
        topic = dice.weighted([("geography", 4), ("lesson", 3), *((topic, 1.5) for topic in TOPICS)])
        length = 5 + dice.below(5)
        if topic in ("geography", "lesson"):
            return [with_an(self.geography() if topic == "geography" else self.lesson()) for _ in range(length)]
        tense = dice.weighted((("past", 5), ("present", 5), ("future", 2), ("progressive", 2), ("perfect", 1)))
        sentences, subject, kind = [], None, ""
        while len(sentences) < length:
            keep = subject if subject is not None and dice.chance(0.5) else None
            sentence, subject, kind = self.event(topic, tense, keep, kind)
            sentences.append(with_an(sentence))
            if tense == "past" and subject.gender in "mf" and dice.chance(0.12):
                sentences.append(with_an(self.about(subject, topic)))
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
