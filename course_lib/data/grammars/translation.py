"""English sentences with their German translations and the alignment of their words.

One plan gives both sentences: each language puts the same parts into its own order and its own forms. German has three
genders, four cases, the verb in second place of a main clause, and the last place for infinitives, participles,
prefixes that come off, and the verb of a subordinate clause. Nouns have capitals as German spelling wants it; the first
word of a sentence has none, and neither has any English word.
"""

from typing import NamedTuple

from course_lib.data.grammars.dice import Dice

# English singular and plural; German gender, singular, plural, dative plural; kinds
_NOUNS = """
man men m Mann Männer Männern person
woman women f Frau Frauen Frauen person
child children n Kind Kinder Kindern person
teacher teachers m Lehrer Lehrer Lehrern person
farmer farmers m Bauer Bauern Bauern person weak
doctor doctors f Ärztin Ärztinnen Ärztinnen person
friend friends m Freund Freunde Freunden person
girl girls n Mädchen Mädchen Mädchen person
mother mothers f Mutter Mütter Müttern person
son sons m Sohn Söhne Söhnen person
daughter daughters f Tochter Töchter Töchtern person
uncle uncles m Onkel Onkel Onkeln person
aunt aunts f Tante Tanten Tanten person
dog dogs m Hund Hunde Hunden animal
cat cats f Katze Katzen Katzen animal
horse horses n Pferd Pferde Pferden animal
bird birds m Vogel Vögel Vögeln animal
apple apples m Apfel Äpfel Äpfeln food
cake cakes m Kuchen Kuchen Kuchen food
egg eggs n Ei Eier Eiern food
pear pears f Birne Birnen Birnen food
book books n Buch Bücher Büchern text
letter letters m Brief Briefe Briefen text
newspaper newspapers f Zeitung Zeitungen Zeitungen text
car cars n Auto Autos Autos thing vehicle
train trains m Zug Züge Zügen vehicle
bus buses m Bus Busse Bussen vehicle
bicycle bicycles n Fahrrad Fahrräder Fahrrädern thing
lamp lamps f Lampe Lampen Lampen thing
table tables m Tisch Tische Tischen thing
chair chairs m Stuhl Stühle Stühlen thing
bag bags f Tasche Taschen Taschen thing
coat coats m Mantel Mäntel Mänteln thing
dress dresses n Kleid Kleider Kleidern thing
door doors f Tür Türen Türen opening
window windows n Fenster Fenster Fenstern opening
house houses n Haus Häuser Häusern building
garden gardens m Garten Gärten Gärten place
kitchen kitchens f Küche Küchen Küchen place
school schools f Schule Schulen Schulen place
park parks m Park Parks Parks place
village villages n Dorf Dörfer Dörfern place
"""
# English: base, third person, past; German: infinitive, third person, plural, participle, auxiliary, prefix, case;
# kinds of objects
_VERBS = """
eat eats ate essen isst essen gegessen hat - acc food
buy buys bought kaufen kauft kaufen gekauft hat - acc food,text,thing,building
sell sells sold verkaufen verkauft verkaufen verkauft hat - acc food,text,thing,animal,building
read reads read lesen liest lesen gelesen hat - acc text
see sees saw sehen sieht sehen gesehen hat - acc person,animal,thing,building
find finds found finden findet finden gefunden hat - acc animal,text,thing
look_for looks_for looked_for suchen sucht suchen gesucht hat - acc animal,text,thing,person
open opens opened aufmachen macht machen aufgemacht hat auf acc opening
close closes closed zumachen macht machen zugemacht hat zu acc opening
call calls called anrufen ruft rufen angerufen hat an acc person
invite invites invited einladen lädt laden eingeladen hat ein acc person
bring_along brings_along brought_along mitbringen bringt bringen mitgebracht hat mit acc food,text,thing
visit visits visited besuchen besucht besuchen besucht hat - acc person
love loves loved lieben liebt lieben geliebt hat - acc person,animal
paint paints painted malen malt malen gemalt hat - acc animal,building,person
wash washes washed waschen wäscht waschen gewaschen hat - acc animal,thing
carry carries carried tragen trägt tragen getragen hat - acc thing,text
help helps helped helfen hilft helfen geholfen hat - dat person
thank thanks thanked danken dankt danken gedankt hat - dat person
follow follows followed folgen folgt folgen gefolgt ist - dat person,animal
"""
_ADJECTIVES = {
    "person": "old:alt young:jung small:klein tired:müde happy:glücklich",
    "animal": "old:alt young:jung small:klein black:schwarz white:weiß",
    "food": "red:rot small:klein sweet:süß fresh:frisch",
    "text": "long:lang short:kurz good:gut new:neu",
    "thing": "old:alt new:neu red:rot black:schwarz small:klein",
    "opening": "old:alt new:neu small:klein white:weiß",
    "building": "old:alt new:neu small:klein white:weiß",
}
_TIMES = ("today:heute", "tomorrow:morgen", "yesterday:gestern", "now:jetzt", "often:oft")
_STATES = ["tired:müde", "ill:krank", "happy:glücklich", "sad:traurig", "hungry:hungrig", "thirsty:durstig"]
_PLACES = ["garden", "kitchen", "school", "park", "village"]
_CITIES = ["berlin:Berlin", "paris:Paris", "vienna:Wien", "rome:Rom", "london:London", "warsaw:Warschau"]


class Noun(NamedTuple):
    """A noun of both languages; kinds says what can be done with it."""

    one: str
    many: str
    gender: str
    ein: str
    viele: str
    dative: str
    kinds: tuple[str, ...]


class Verb(NamedTuple):
    """A verb of both languages; a German prefix that comes off is "-" when there is none."""

    base: str
    third: str
    past: str
    infinitive: str
    er: str
    sie: str
    participle: str
    auxiliary: str
    prefix: str
    case: str
    objects: tuple[str, ...]


NOUNS = tuple(Noun(*fields[:6], tuple(fields[6:])) for fields in (line.split() for line in _NOUNS.strip().splitlines()))
VERBS = tuple(
    Verb(*fields[:10], tuple(fields[10].split(",")))
    for fields in (line.split() for line in _VERBS.strip().splitlines())
)
_BY_NAME = {noun.one: noun for noun in NOUNS}

DEFINITE = {
    "nom": {"m": "der", "f": "die", "n": "das", "p": "die"},
    "acc": {"m": "den", "f": "die", "n": "das", "p": "die"},
    "dat": {"m": "dem", "f": "der", "n": "dem", "p": "den"},
}
# endings of ein, kein, mein
INDEFINITE = {
    "nom": {"m": "", "f": "e", "n": "", "p": "e"},
    "acc": {"m": "en", "f": "e", "n": "", "p": "e"},
    "dat": {"m": "em", "f": "er", "n": "em", "p": "en"},
}
# endings of adjectives after der and after ein
WEAK = {
    "nom": {"m": "e", "f": "e", "n": "e", "p": "en"},
    "acc": {"m": "en", "f": "e", "n": "e", "p": "en"},
    "dat": {"m": "en", "f": "en", "n": "en", "p": "en"},
}
MIXED = {
    "nom": {"m": "er", "f": "e", "n": "es", "p": "en"},
    "acc": {"m": "en", "f": "e", "n": "es", "p": "en"},
    "dat": {"m": "en", "f": "en", "n": "en", "p": "en"},
}

# A part of a sentence is a pair of token lists (English, German); a token is (word, key); equal keys are aligned.
_Tokens = list[tuple[str, str]]


def _both(pair: str, key: str) -> tuple[_Tokens, _Tokens]:
    english, german = pair.split(":")
    return [(word, key) for word in english.split("_")], [(word, key) for word in german.split("_")]


class _Phrase(NamedTuple):
    english: _Tokens
    german: _Tokens
    many: bool
    gender: str


class _Translator:
    def __init__(self, dice: Dice):
        self.dice = dice

    def noun_phrase(self, noun: Noun, case: str, key: str, article: str | None = None) -> _Phrase:
        """An article, perhaps an adjective, and a noun in the given German case."""
        dice = self.dice
        many = article is None and dice.chance(0.25)
        article = article or ("the" if many else dice.weighted((("the", 5), ("a", 3), ("my", 2))))
        gender = "p" if many else noun.gender
        words = _ADJECTIVES.get(noun.kinds[0], "") if dice.chance(0.35) else ""
        adjective = dice.pick(words.split()) if words else None
        if article == "the":
            determiner, ending = DEFINITE[case][gender], WEAK[case][gender]
        else:
            stem = {"a": "ein", "my": "mein", "no": "kein"}[article]
            determiner, ending = stem + INDEFINITE[case][gender], MIXED[case][gender]
        english, german = [(article, f"{key}.article")], [(determiner, f"{key}.article")]
        if adjective:
            word, stem = adjective.split(":")
            english.append((word, f"{key}.adjective"))
            german.append((stem + ending.removeprefix("e" if stem.endswith("e") else ""), f"{key}.adjective"))
        name = (noun.dative if case == "dat" else noun.viele) if many else noun.ein
        if "weak" in noun.kinds and not many and case != "nom":
            name = noun.viele
        first = english[1][0] if adjective else noun.one
        if article == "a" and first[0] in "aeiou":
            english[0] = ("an", english[0][1])
        return _Phrase(
            [*english, (noun.many if many else noun.one, f"{key}.noun")], [*german, (name, f"{key}.noun")], many, gender
        )

    def subject(self) -> _Phrase:
        """A person, as a noun phrase or a pronoun."""
        dice = self.dice
        if dice.chance(0.3):
            english, german, many, gender = dice.pick(
                (("he", "er", False, "m"), ("she", "sie", False, "f"), ("they", "sie", True, "p"))
            )
            return _Phrase([(english, "s")], [(german, "s")], many, gender)
        return self.noun_phrase(dice.pick([noun for noun in NOUNS if noun.kinds[0] == "person"]), "nom", "s")

    def sentence(self) -> tuple[_Tokens, _Tokens]:
        """One sentence of a kind drawn by chance."""
        dice = self.dice
        kind = dice.weighted(
            (
                ("present", 5),
                ("past", 5),
                ("modal", 4),
                ("because", 4),
                ("question", 2),
                ("give", 2),
                ("travel", 3),
                ("state", 1),
            )
        )
        subject = self.subject()
        if kind == "state":
            return self._state(subject)
        if kind == "travel":
            return self._travel(subject)
        if kind == "give":
            return self._give(subject)
        return self._action(subject, kind)

    def _state(self, subject: _Phrase, key: str = "a") -> tuple[_Tokens, _Tokens]:
        english, german = _both(self.dice.pick(_STATES), f"{key}.state")
        be, sein = ("are", "sind") if subject.many else ("is", "ist")
        return (
            [*subject.english, (be, f"{key}.be"), *english, (".", "end")],
            [*subject.german, (sein, f"{key}.be"), *german, (".", "end")],
        )

    def _time(self, allowed: str, chance: float) -> tuple[_Tokens, _Tokens]:
        if not self.dice.chance(chance):
            return [], []
        return _both(self.dice.pick([time for time in _TIMES if time.split(":")[0] in allowed.split()]), "time")

    def _main_clause(self, subject: _Tokens, verb: _Tokens, time: _Tokens, middle: _Tokens, last: _Tokens) -> _Tokens:
        """A German main clause: the finite verb comes second, whatever stands first."""
        front = time if time and self.dice.chance(0.6) else []
        if front:
            return [*front, *verb, *subject, *middle, *last]
        return [*subject, *verb, *time, *middle, *last]

    def _action(self, subject: _Phrase, kind: str) -> tuple[_Tokens, _Tokens]:
        dice = self.dice
        verb = dice.pick([verb for verb in VERBS if kind not in ("modal", "past") or verb.base != "love"])
        noun = dice.pick([noun for noun in NOUNS if noun.kinds[0] in verb.objects])
        subject_noun = subject.english[-1][0]
        while subject_noun in (noun.one, noun.many):
            noun = dice.pick([noun for noun in NOUNS if noun.kinds[0] in verb.objects])
        negated = kind != "question" and dice.chance(0.25)
        article = "a" if negated and dice.chance(0.5) else None
        thing = self.noun_phrase(noun, verb.case, "o", article)
        english_object, german_object, negation = thing.english, thing.german, []
        if negated and english_object[0][0] in ("a", "an"):  # not a -> kein
            german_object = [("k" + german_object[0][0], german_object[0][1]), *german_object[1:]]
            english_not = [("not", "o.article")]
        else:
            english_not, negation = [("not", "not")], [("nicht", "not")]
        if not negated:
            english_not, negation = [], []
        many = subject.many
        prefix = [] if verb.prefix == "-" else [(verb.prefix, "v")]
        finite = [(verb.sie if many else verb.er, "v")]
        base = [(word, "v") for word in verb.base.split("_")]
        do = [("do" if many else "does", "v")]
        place = (
            self._place() if dice.chance(0.2) and verb.base in ("see", "find", "look_for", "read", "eat") else ([], [])
        )
        german_rest = [*german_object, *negation, *place[1]]
        english_rest = [*english_object, *place[0]]
        if kind == "question":
            return (
                [*do, *subject.english, *base, *english_rest, ("?", "end")],
                [*finite, *subject.german, *german_rest, *prefix, ("?", "end")],
            )
        if kind == "past":
            time = self._time("yesterday", 1 if verb.past == verb.base else 0.4)  # "they read": now or then?
            lead = [("did", "v"), *english_not, *base] if negated else [(word, "v") for word in verb.past.split("_")]
            auxiliary = {"hat": "haben", "ist": "sind"}[verb.auxiliary] if many else verb.auxiliary
            german = self._main_clause(
                subject.german, [(auxiliary, "v")], time[1], german_rest, [(verb.participle, "v")]
            )
            return [*time[0], *subject.english, *lead, *english_rest, (".", "end")], [*german, (".", "end")]
        if kind == "modal":
            time = self._time("today tomorrow", 0.4)
            english_modal, one, more = dice.pick(
                (("can", "kann", "können"), ("must", "muss", "müssen"), ("want", "will", "wollen"))
            )
            if english_modal == "must":  # "must not" is not "muss nicht"
                english_not, german_rest = [], [*thing.german, *place[1]]
            if english_modal == "want":
                want = [("do" if many else "does", "m"), ("not", "not"), ("want", "m")]
                if not english_not:
                    want = [("want" if many else "wants", "m")]
                elif english_not[0][1] != "not":
                    want[1] = english_not[0]
                lead = [*want, ("to", "v"), *base]
            else:
                lead = [(english_modal, "m"), *english_not, *base]
            german = self._main_clause(
                subject.german, [(more if many else one, "m")], time[1], german_rest, [(verb.infinitive, "v")]
            )
            return [*time[0], *subject.english, *lead, *english_rest, (".", "end")], [*german, (".", "end")]
        lead = (
            [*do, *english_not, *base]
            if negated
            else [(word, "v") for word in (verb.base if many else verb.third).split("_")]
        )
        if kind == "because":
            because, weil = [("because", "because")], [(",", "comma"), ("weil", "because")]
            she, sie = ([(word, "r")] for word in self._pronoun(subject))
            if dice.chance(0.5):  # what happens, then how someone feels: ist, sind goes last
                feeling, gefuehl = _both(dice.pick(_STATES), "r.state")
                be, sein = ([(word, "r.be")] for word in (("are", "sind") if many else ("is", "ist")))
                english = [*subject.english, *lead, *english_rest, *because, *she, *be, *feeling]
                german = [*subject.german, *finite, *german_rest, *prefix, *weil, *sie, *gefuehl, *sein]
            else:
                english, german = self._state(subject, "m")
                last = ("".join(word for word, _ in prefix + finite), "v")  # the prefix stays on
                english = [*english[:-1], *because, *she, *lead, *english_rest]
                german = [*german[:-1], *weil, *sie, *german_rest, last]
            return [*english, (".", "end")], [*german, (".", "end")]
        time = self._time("today now", 0.4)
        german = self._main_clause(subject.german, finite, time[1], german_rest, prefix)
        return [*time[0], *subject.english, *lead, *english_rest, (".", "end")], [*german, (".", "end")]

    @staticmethod
    def _pronoun(subject: _Phrase) -> tuple[str, str]:
        """What takes up the subject: (English, German)."""
        if subject.many:
            return "they", "sie"
        if subject.english[-1][0] == "girl":
            return "she", "es"
        return {"m": ("he", "er"), "f": ("she", "sie"), "n": ("it", "es")}[subject.gender]

    def _place(self) -> tuple[_Tokens, _Tokens]:
        noun = _BY_NAME[self.dice.pick(_PLACES)]
        german = [("in", "p.in"), ("der", "p.article")] if noun.gender == "f" else [("im", "p.in")]
        article = "p.article" if noun.gender == "f" else "p.in"
        return (
            [("in", "p.in"), ("the", article), (noun.one, "p.noun")],
            [*german, (noun.ein, "p.noun")],
        )

    def _travel(self, subject: _Phrase) -> tuple[_Tokens, _Tokens]:
        dice = self.dice
        vehicle = _BY_NAME[dice.pick(("train", "bus", "car"))]
        city = _both(dice.pick(_CITIES), "city")
        many = subject.many
        by = [("mit", "by"), ("dem", "by"), (vehicle.ein, "vehicle")]
        to = [("nach", "to"), *city[1]]
        way = [("to", "to"), *city[0], ("by", "by"), (vehicle.one, "vehicle")]
        if dice.chance(0.5):
            time = self._time("yesterday", 0.6)
            german = self._main_clause(
                subject.german, [("sind" if many else "ist", "v")], time[1], [*by, *to], [("gefahren", "v")]
            )
            english = [*time[0], *subject.english, ("went", "v"), *way]
        else:
            time = self._time("today tomorrow", 0.6)
            german = self._main_clause(
                subject.german, [("wollen" if many else "will", "m")], time[1], [*by, *to], [("fahren", "v")]
            )
            english = [*time[0], *subject.english, ("want" if many else "wants", "m"), ("to", "v"), ("go", "v"), *way]
        return [*english, (".", "end")], [*german, (".", "end")]

    def _give(self, subject: _Phrase) -> tuple[_Tokens, _Tokens]:
        dice = self.dice
        people = [noun for noun in NOUNS if noun.kinds[0] == "person" and subject.english[-1][0] not in noun[:2]]
        person = self.noun_phrase(dice.pick(people), "dat", "i")
        thing = self.noun_phrase(
            dice.pick([noun for noun in NOUNS if noun.kinds[0] in ("food", "text", "thing")]), "acc", "o", "a"
        )
        english, finite, plural, participle = dice.pick(
            (
                (("gives", "give", "gave"), "gibt", "geben", "gegeben"),
                (("shows", "show", "showed"), "zeigt", "zeigen", "gezeigt"),
            )
        )
        if dice.chance(0.5):
            time = self._time("yesterday", 0.5)
            german = self._main_clause(
                subject.german,
                [("haben" if subject.many else "hat", "v")],
                time[1],
                [*person.german, *thing.german],
                [(participle, "v")],
            )
            verb = english[2]
        else:
            time = self._time("today now", 0.5)
            verb = english[1] if subject.many else english[0]
            form = plural if subject.many else finite
            german = self._main_clause(subject.german, [(form, "v")], time[1], [*person.german, *thing.german], [])
        return (
            [*time[0], *subject.english, (verb, "v"), *person.english, *thing.english, (".", "end")],
            [*german, (".", "end")],
        )


def pairs(seed: int, count: int) -> list[tuple[str, str, str]]:
    """Different sentences with their translations.

    seed: a whole number
    count: how many
    returns: (English, German, alignment); the alignment "0-0 1-2" names places of words that say the same, from 0
    """
    translator, found = _Translator(Dice(seed)), {}
    while len(found) < count:
        english, german = translator.sentence()
        links = [
            f"{i}-{j}" for i, (_, key) in enumerate(english) for j, (_, other) in enumerate(german) if key == other
        ]
        sentence = " ".join(word for word, _ in english)
        found.setdefault(sentence, (sentence, " ".join(word for word, _ in german), " ".join(links)))
    return list(found.values())
