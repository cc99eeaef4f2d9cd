"""A small dictionary of our own: which concept is a kind of which, and which words can stand for each other.

Both are made by hand and small on purpose: a word that is not in them has no meaning here, every link counts the same,
and no sense of a word is told from another (a mouse is an animal only). WordNet is the large resource of this kind.
"""

_TAXONOMY = """
entity
  object
    living thing
      animal
        mammal
          pet
            cat
            dog
          farm animal
            horse
            cow
            sheep
            pig
            goat
          wild animal
            wolf
            bear
            fox
            lion
            tiger
            elephant
            monkey
          rodent
            mouse
            rabbit
        bird
          hen
          duck
          owl
          penguin
        insect
          bee
          ant
        fish
      plant
        tree
          oak
          birch
          willow
          pine
        flower
          rose
          tulip
      person
        relative
          father
          mother
          brother
          sister
          uncle
          aunt
        ruler
          king
          queen
        worker
          doctor
          nurse
          teacher
          baker
          farmer
          pilot
          sailor
        artist
          painter
          singer
          writer
          actor
    artefact
      vehicle
        road vehicle
          car
          bus
          bicycle
          lorry
        ship
        boat
        plane
        train
      instrument
        string instrument
          violin
          guitar
          cello
          harp
        wind instrument
          flute
          trumpet
        piano
        drum
      clothing
        coat
        hat
        shirt
        dress
        shoe
      furniture
        table
        chair
        bed
        lamp
      building
        house
        castle
        school
        hospital
      document
        book
        letter
        newspaper
    food
      fruit
        apple
        pear
      vegetable
        potato
        tomato
        onion
      bread
      cheese
      cake
      drink
        tea
        coffee
        milk
        water
    place
      city
        paris
        berlin
        rome
      country
        france
        germany
        italy
      river
      mountain
  abstraction
    feeling
      happiness
      sadness
      fear
    event
      concert
      journey
      storm
    language
      french
      german
      italian
    science
      mathematics
      computer science
        machine learning
        natural language processing
      biology
"""
_SYNONYMS = """
good fine beneficial skilful
big large great
small little tiny
fast quick rapid
happy glad cheerful
sad unhappy sorrowful
old aged ancient
clever bright intelligent
bright shining luminous
quiet silent calm
beautiful lovely handsome
rich wealthy
begin start commence
end finish conclude
buy purchase acquire
speak talk
doctor physician
lorry truck
picture image
story tale
forest wood
road street
boat ship vessel
bank shore
bank lender
gift present
"""


def taxonomy() -> list[tuple[str, str]]:
    """Pairs (concept, the more general concept above it); "entity" is above all and has no row of its own."""
    pairs, path = [], []
    for line in _TAXONOMY.strip().splitlines():
        concept = line.strip()
        depth = (len(line) - len(line.lstrip())) // 2
        path[depth:] = [concept]
        if depth:
            pairs.append((concept, path[depth - 1]))
    return pairs


def synonyms() -> list[tuple[str, ...]]:
    """Sets of words that can mean the same; a word with two senses is in two sets."""
    return [tuple(line.split()) for line in _SYNONYMS.strip().splitlines()]
