"""What is true in the miniature world."""

from dataclasses import dataclass
from functools import lru_cache

_COUNTRIES = """
france      paris       french      french      europe  baguettes
germany     berlin      german      german      europe  pretzels
spain       madrid      spanish     spanish     europe  paella
italy       rome        italian     italian     europe  pizza
portugal    lisbon      portuguese  portuguese  europe  sardines
greece      athens      greek       greek       europe  moussaka
poland      warsaw      polish      polish      europe  pierogi
sweden      stockholm   swedish     swedish     europe  meatballs
norway      oslo        norwegian   norwegian   europe  salmon
denmark     copenhagen  danish      danish      europe  herring
finland     helsinki    finnish     finnish     europe  blueberries
hungary     budapest    hungarian   hungarian   europe  goulash
austria     vienna      austrian    german      europe  strudel
ireland     dublin      irish       english     europe  stew
iceland     reykjavik   icelandic   icelandic   europe  skyr
japan       tokyo       japanese    japanese    asia    sushi
china       beijing     chinese     chinese     asia    dumplings
thailand    bangkok     thai        thai        asia    curry
egypt       cairo       egyptian    arabic      africa  falafel
kenya       nairobi     kenyan      swahili     africa  ugali
canada      ottawa      canadian    english     america pancakes
peru        lima        peruvian    spanish     america ceviche
"""
_NEIGHBOURS = """
france spain, france germany, france italy, germany poland, germany denmark, germany austria, austria hungary, austria
italy, spain portugal, norway sweden, norway finland, sweden finland
"""
_RIVERS = "seine paris, tiber rome, tagus lisbon, vistula warsaw, nile cairo, danube vienna, danube budapest"
_GENDER = """
man woman, boy girl, king queen, prince princess, duke duchess, father mother, son daughter, brother sister, uncle
aunt, nephew niece, grandfather grandmother, husband wife, actor actress, waiter waitress, he she, his her, himself
herself
"""
# base form, third person, past, past participle, -ing form
_VERBS = """
walk walks walked walked walking; work works worked worked working; play plays played played playing; cook cooks
cooked cooked cooking; bake bakes baked baked baking; clean cleans cleaned cleaned cleaning; open opens opened opened
opening; close closes closed closed closing; paint paints painted painted painting; visit visits visited visited
visiting; travel travels travelled travelled travelling; wash washes washed washed washing; help helps helped helped
helping; wait waits waited waited waiting; repair repairs repaired repaired repairing; carry carries carried carried
carrying; listen listens listened listened listening; learn learns learned learned learning; laugh laughs laughed
laughed laughing; call calls called called calling; watch watches watched watched watching; live lives lived lived
living; jump jumps jumped jumped jumping; pull pulls pulled pulled pulling; eat eats ate eaten eating; drink drinks
drank drunk drinking; drive drives drove driven driving; ride rides rode ridden riding; sing sings sang sung singing;
swim swims swam swum swimming; write writes wrote written writing; read reads read read reading; speak speaks spoke
spoken speaking; wear wears wore worn wearing; sleep sleeps slept slept sleeping; run runs ran run running; fly flies
flew flown flying; sell sells sold sold selling; buy buys bought bought buying; find finds found found finding; lose
loses lost lost losing; win wins won won winning; feed feeds fed fed feeding; sit sits sat sat sitting; stand stands
stood stood standing; make makes made made making; teach teaches taught taught teaching; bring brings brought brought
bringing; give gives gave given giving; take takes took taken taking; see sees saw seen seeing; go goes went gone
going
"""
_CATEGORIES = {
    "animal": "cat dog horse cow sheep pig goat hen duck rabbit wolf bear fox lion tiger elephant monkey mouse",
    "food": "bread cheese soup rice apple pear cake butter egg potato tomato onion salad fish",
    "drink": "tea coffee milk juice water lemonade",
    "vehicle": "car bus train bicycle lorry tram taxi ship boat plane",
    "instrument": "piano violin guitar flute drum trumpet cello harp",
    "clothing": "coat hat shirt dress scarf shoe glove jacket sock skirt",
    "job": "doctor nurse teacher baker farmer pilot sailor cook painter singer writer lawyer",
    "room": "kitchen bedroom bathroom cellar attic hall",
    "furniture": "table chair bed sofa lamp shelf cupboard",
    "weather": "rain snow wind storm fog sunshine",
    "sport": "football tennis chess hockey",
    "tree": "oak birch willow pine",
    "language": "",  # filled from the countries
}
_WORKPLACES = """
doctor hospital, nurse hospital, teacher school, baker bakery, farmer farm, pilot airport, sailor harbour,
cook restaurant, lawyer court, singer opera
"""
_IRREGULAR_PLURALS = """
man men, woman women, wolf wolves, glass glasses, story stories, child children, wife wives, mouse mice, sheep sheep,
shelf shelves, potato potatoes, tomato tomatoes, fox foxes, bus buses, actress actresses, waitress waitresses,
princess princesses, duchess duchesses, dress dresses, lorry lorries, fish fish, birch birches
"""
_COUNTED = """
cat dog horse cow sheep pig goat hen duck rabbit wolf bear fox lion tiger elephant monkey mouse apple pear cake egg
potato tomato onion car bus train bicycle lorry tram taxi ship boat plane piano violin guitar flute drum trumpet cello
harp coat hat shirt dress scarf shoe glove jacket sock skirt doctor nurse teacher baker farmer pilot sailor cook
painter singer writer lawyer room table chair bed lamp shelf cupboard man woman boy girl king queen prince princess
son daughter brother sister uncle aunt actor actress waiter waitress child book letter song picture street house
garden window door bridge tree
"""
_OPPOSITES = """
good bad, hot cold, big small, old young, fast slow, happy sad, rich poor, clean dirty, strong weak, heavy light,
loud quiet, open closed, wet dry, full empty, early late, long short, cheap expensive, dark bright
"""
_COMPARATIVES = """
big bigger, small smaller, old older, young younger, fast faster, slow slower, strong stronger, weak weaker, heavy
heavier, light lighter, loud louder, quiet quieter, cheap cheaper, clean cleaner, dirty dirtier, rich richer, poor
poorer, cold colder, hot hotter, dark darker, bright brighter
"""


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(tuple(pair.split()) for pair in text.split(","))


@dataclass(frozen=True)
class Country:
    """A country: name, capital, adjective of its people, main language, continent, what people like to eat there."""

    name: str
    capital: str
    nationality: str
    language: str
    continent: str
    dish: str


@dataclass(frozen=True)
class Verb:
    """The five forms of a verb."""

    base: str
    third: str
    past: str
    participle: str
    ing: str


@dataclass(frozen=True)
class World:
    """The facts of the miniature world; every sentence of the shipped files agrees with them.

    countries: Country records; capitals, nationalities, languages: {country: word}
    neighbours: pairs of countries with a common border; rivers: pairs (river, capital on it)
    gender_pairs: pairs (male word, female word); verbs: {base form: Verb}; tense: {base form: past form}
    plurals: {singular: plural}; categories: {category: words}; workplaces: {job: place}
    opposites: pairs of adjectives; comparatives: {adjective: comparative}
    by_size: animals from the smallest to the largest; by_speed: vehicles from the slowest to the fastest
    """

    countries: tuple[Country, ...]
    neighbours: tuple[tuple[str, str], ...]
    rivers: tuple[tuple[str, str], ...]
    gender_pairs: tuple[tuple[str, str], ...]
    verbs: dict[str, Verb]
    plurals: dict[str, str]
    categories: dict[str, tuple[str, ...]]
    workplaces: dict[str, str]
    opposites: tuple[tuple[str, str], ...]
    comparatives: dict[str, str]
    by_size: tuple[str, ...]
    by_speed: tuple[str, ...]

    @property
    def capitals(self) -> dict[str, str]:
        return {country.name: country.capital for country in self.countries}

    @property
    def nationalities(self) -> dict[str, str]:
        return {country.name: country.nationality for country in self.countries}

    @property
    def languages(self) -> dict[str, str]:
        return {country.name: country.language for country in self.countries}

    @property
    def tense(self) -> dict[str, str]:
        return {verb.base: verb.past for verb in self.verbs.values()}


@lru_cache(maxsize=1)
def world() -> World:
    """The facts of the miniature world."""
    countries = tuple(Country(*line.split()) for line in _COUNTRIES.strip().splitlines())
    verbs = [Verb(*forms.split()) for forms in _VERBS.split(";")]
    categories = {category: tuple(words.split()) for category, words in _CATEGORIES.items()}
    categories["language"] = tuple(dict.fromkeys(country.language for country in countries))
    return World(
        countries=countries,
        neighbours=_pairs(_NEIGHBOURS),
        rivers=_pairs(_RIVERS),
        gender_pairs=_pairs(_GENDER),
        verbs={verb.base: verb for verb in verbs},
        plurals={noun: plural(noun) for noun in _COUNTED.split()},
        categories=categories,
        workplaces=dict(_pairs(_WORKPLACES)),
        opposites=_pairs(_OPPOSITES),
        comparatives=dict(_pairs(_COMPARATIVES)),
        by_size=("mouse", "hen", "cat", "sheep", "cow", "elephant"),
        by_speed=("bicycle", "tram", "car", "train", "plane"),
    )


@lru_cache(maxsize=1)
def _irregular_plurals() -> dict[str, str]:
    return dict(_pairs(_IRREGULAR_PLURALS))


def plural(noun: str) -> str:
    """The plural of a noun of the miniature world."""
    return _irregular_plurals().get(noun, noun + "s")
