"""What the files of the miniature world say is true, and follows from the seed."""

import re
from collections import Counter
from itertools import chain, combinations

import numpy as np
import pytest
from scipy.sparse.linalg import svds

from course_lib import data
from course_lib.data import miniature
from course_lib.data.grammars.dice import Dice
from course_lib.data.grammars.translation import NOUNS, VERBS

SPLITS = ("train", "dev", "test")


@pytest.fixture(scope="module")
def sentences():
    return data.world_sentences()


def text(words):
    return " ".join(words)


# --- the files ---


def test_the_shipped_files_come_out_byte_for_byte_the_same():
    for name, content in miniature.generated_files().items():
        assert (miniature.shipped_folder() / name).read_bytes() == content, name


def test_the_dice_fall_the_same_everywhere():
    dice = Dice(1)
    assert [dice.below(100) for _ in range(8)] == [13, 84, 76, 25, 49, 44, 65, 78]
    assert sorted(dice.shuffled("abcd")) == list("abcd")


def test_writing_replaces_a_damaged_file_and_leaves_nothing_else_behind(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "synonyms.tsv").write_text("rubbish")
    miniature.write_files(folder)
    assert {path.name for path in folder.iterdir()} == set(miniature.generated_files())
    assert (folder / "synonyms.tsv").read_bytes() == miniature.generated_files()["synonyms.tsv"]


def test_a_missing_file_is_named_with_the_command_that_makes_it(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_SHIPPED_DATA", str(tmp_path))
    with pytest.raises(data.DataError, match=r"world_train\.txt.*python -m course_lib\.data\.miniature"):
        data.world_sentences("train")
    with pytest.raises(data.DataError, match=r"prose\.txt.*again"):
        data.prose_text()


@pytest.mark.parametrize("content", [b"", b"concept\tabove\ncat", b"\xff\xfe\n", b"concept\tabove\ncat\n"])
def test_a_damaged_file_is_refused(tmp_path, monkeypatch, content):
    monkeypatch.setenv("COURSE_SHIPPED_DATA", str(tmp_path))
    (tmp_path / "taxonomy.tsv").write_bytes(content)
    with pytest.raises(data.DataError, match="damaged"):
        data.taxonomy()


def test_a_wrong_split_lists_the_right_ones():
    with pytest.raises(data.DataError, match="'train', 'dev', 'test'"):
        data.parallel("validation")


def test_no_item_is_in_two_splits():
    def pair_of(item):
        return frozenset((item.tokens[item.antecedent], item.tokens[item.other]))

    keys = {
        "world": lambda split: map(text, data.world_sentences(split)),
        "sentiment": lambda split: (text(leaves(tree)) for tree in data.sentiment_trees(split)),
        "agreement": lambda split: (text(item.prefix) for item in data.agreement(split)),
        "references": lambda split: (pair_of(item) for item in data.references(split)),
        "parallel": lambda split: (text(item.english) for item in data.parallel(split)),
    }
    for part, items in keys.items():
        train, dev, test = (set(items(split)) for split in SPLITS)
        assert min(map(len, (train, dev, test))) > 5
        assert not train & dev | train & test | dev & test, part


# --- the general corpus ---


def test_every_statement_on_a_country_is_true(sentences):
    world = data.world()
    country_of = {capital: country for country, capital in world.capitals.items()}
    nation_of = {
        **world.nationalities,
        **{country_of[city]: world.nationalities[country_of[city]] for city in country_of},
    }
    patterns = {
        r"(\w+) is the capital of (\w+) \.": lambda city, country: world.capitals[country] == city,
        r"the capital of (\w+) is (\w+) \.": lambda country, city: world.capitals[country] == city,
        r".* in (\w+) , the capital of (\w+) \.": lambda city, country: world.capitals[country] == city,
        r"the government of (\w+) sits in (\w+) \.": lambda country, city: world.capitals[country] == city,
        r"the (\w+) parliament meets in (\w+) \.": lambda nation, city: nation_of[country_of[city]] == nation,
        r"the (\w+) capital is called (\w+) \.": lambda nation, city: nation_of[country_of[city]] == nation,
        r"people in (\w+) speak (\w+) \.": lambda place, tongue: (
            world.languages[country_of.get(place, place)] == tongue
        ),
        r"(\w+) is spoken in (\w+) \.": lambda tongue, country: world.languages[country] == tongue,
        r"(\w+) and (\w+) have a common border \.": lambda *two: (
            two in world.neighbours or two[::-1] in world.neighbours
        ),
        r"the (\w+) flows through (\w+) \.": lambda river, city: (river, city) in world.rivers,
    }
    for pattern, holds in patterns.items():
        found = [match.groups() for words in sentences if (match := re.fullmatch(pattern, text(words)))]
        assert len(found) >= 4, pattern
        assert all(holds(*groups) for groups in found), pattern


def test_every_statement_on_kinds_and_sizes_is_true(sentences):
    world = data.world()
    categories = {word: name for name, words in world.categories.items() for word in words}
    orders = {"bigger": world.by_size, "smaller": world.by_size[::-1], "faster": world.by_speed}
    orders["slower"] = world.by_speed[::-1]
    kinds = compared = 0
    for words in sentences:
        if match := re.fullmatch(r"an? (\w+) is an? (\w+) \.", text(words)):
            kinds += 1
            assert categories[match[1]] == match[2]
        if match := re.fullmatch(r"an? (\w+) is (\w+) than an? (\w+) \.", text(words)):
            compared += 1
            order = orders[match[2]]
            assert order.index(match[1]) > order.index(match[3])
    assert kinds > 50
    assert compared > 50


def test_he_and_she_fit_the_person_they_speak_of(sentences):
    male, female = (set(side) for side in zip(*data.world().gender_pairs, strict=True))
    found = Counter()
    for words in sentences:
        if match := re.fullmatch(r".* (\w+) said that (he|she) was .*", text(words)):
            found[match[2]] += 1
            assert match[1] not in (female if match[2] == "he" else male), text(words)
    assert min(found.values()) > 20


def test_articles_and_endings_are_right(sentences):
    third = {verb.third for verb in data.world().verbs.values()}
    for words in sentences:
        for one, two in zip(words, words[1:], strict=False):
            if one in ("a", "an"):
                assert (one == "an") == (two[0] in "aeio" or two in ("uncle", "hour")), text(words)
            assert not (one in ("he", "she", "it") and two in data.world().verbs and two not in ("read",)), text(words)
            assert not (one == "they" and two in third), text(words)
        assert words[-1] == "."


def test_every_fact_can_be_learned_from_the_corpus(sentences):
    counts = Counter(chain.from_iterable(sentences))
    questions = data.world_analogies()
    assert {"capital", "nationality", "gender", "past-tense", "plural", "comparative"} <= questions.keys()
    for section, rows in questions.items():
        assert len(rows) >= 100, section
        assert min(counts[word] for row in rows for word in row) >= 15, section
    assert {(a, b) for a, b, _, _ in questions["capital"]} == set(data.world().capitals.items())


# --- sentiment ---


def leaves(tree):
    return [tree[1]] if len(tree) == 2 else leaves(tree[1]) + leaves(tree[2])


STRENGTHS = """
2 brilliant wonderful superb loved
1 good funny charming clever warm fresh lively moving charm wit warmth grace enjoyed liked
-1 dull slow silly flat weak boring predictable clumsy flaws mistakes gaps disliked
-2 awful terrible dreadful hated
"""
LEXICON = {word: int(strength) for strength, *words in map(str.split, STRENGTHS.strip().splitlines()) for word in words}
OPERATORS = {
    **dict.fromkeys(["not", "never", "hardly", "no", "without", "lacks"], lambda x: -int(np.sign(x))),
    **dict.fromkeys(["very", "truly", "extremely"], lambda x: 2 * int(np.sign(x))),
    **dict.fromkeys(["fairly", "rather", "somewhat"], lambda x: int(np.sign(x))),
}


def meaning(tree):
    """(strength from -2 to 2, role of the phrase) from the words alone: a second reading of the rules."""
    if len(tree) == 2:
        word = tree[1]
        return LEXICON.get(word, 0), word if word in ("but", "only") or word in OPERATORS else ""
    (left, left_role), (right, right_role) = meaning(tree[1]), meaning(tree[2])
    if left_role in OPERATORS:
        return (0, "not only") if right_role == "only" else (OPERATORS[left_role](right), "")
    if left_role == "but":
        return right, "but ..."
    if right_role == "but ..." and left_role != "not only":
        return int(np.sign(right)), ""
    if left * right < 0:
        return int(np.sign(right)), ""
    return max(left, right, key=abs), left_role if left_role == "not only" else ""


def nodes(tree):
    yield tree
    if len(tree) == 3:
        yield from nodes(tree[1])
        yield from nodes(tree[2])


def test_every_sentiment_label_follows_from_the_words():
    trees = data.sentiment_trees()
    assert len(trees) == 3000
    for tree in trees:
        for node in nodes(tree):
            assert node[0] == meaning(node)[0] + 2, text(leaves(node))


def test_every_negation_flips_its_sister():
    flipped = 0
    for node in chain.from_iterable(nodes(tree) for tree in data.sentiment_trees()):
        if (
            len(node) == 3
            and node[1][1] in ("not", "never", "hardly", "no", "without", "lacks")
            and node[2][1] != "only"
        ):
            flipped += 1
            assert (node[0] - 2) * (node[2][0] - 2) < 0 or node[0] == node[2][0] == 2
    assert flipped > 1000


def test_all_five_labels_occur_in_every_split():
    for split in SPLITS:
        counts = Counter(tree[0] for tree in data.sentiment_trees(split))
        assert min(counts[label] for label in range(5)) >= 8


# --- agreement ---


def test_the_verb_agrees_with_its_subject_and_attractors_differ():
    singular = {"is", "was", "looks", "seems", "waits", "sleeps", "likes", "has"}

    def many(noun):
        return noun.endswith("s") or noun in ("men", "women", "children")

    for item in data.agreement():
        nouns = [word for before, word in zip(item.prefix, item.prefix[1:], strict=False) if before == "the"]
        assert many(nouns[0]) == (item.correct not in singular) == (item.wrong in singular)
        assert item.attractors == sum(many(noun) != many(nouns[0]) for noun in nouns[1:])
        assert item.attractors in (0, len(nouns) - 1)
        assert item.distance == len(item.prefix) - 1


def test_agreement_is_balanced_and_reaches_far():
    items = data.agreement()
    counts = Counter(item.attractors for item in items)
    assert all(counts[attractors] > 150 for attractors in range(5))
    assert (
        0.45
        < np.mean([item.correct in ("are", "were", "look", "seem", "wait", "sleep", "like", "have") for item in items])
        < 0.55
    )


# --- references ---

KINDS = {
    "animal": "animal dog cat horse cow fox goat donkey pig rat",
    "way": "street road bridge river field",
    "drink": "water milk soup",
    "food": "bread cheese cake apple fish meat",
    "thing": "trophy violin coat book lamp picture",
    "container": "suitcase box bag drawer cupboard",
    "vehicle": "lorry car bus bicycle",
    "height": "hill mountain slope",
    "missile": "ball stone hammer branch",
    "glass": "window mirror vase bottle",
    "ship": "ship boat ferry",
    "port": "harbour island bay coast",
}
TRUE_OF = {
    "was too tired": "animal", "was too weak": "animal", "was too frightened": "animal", "was too nervous": "animal",
    "was too wide": "way thing", "was too dangerous": "way", "was flooded": "way", "was covered with ice": "way height",
    "was not thirsty": "animal", "was too ill": "animal", "was too shy": "animal", "was asleep": "animal",
    "was too cold": "drink", "was too hot": "drink", "was dirty": "drink", "smelled bad": "drink",
    "was hungry": "animal", "was greedy": "animal", "had waited all day": "animal", "wanted something to eat": "animal",
    "was fresh": "food", "smelled good": "food", "tasted good": "food", "lay on the ground": "food",
    "was too big": "thing", "was too long": "thing", "was too small": "container", "was too narrow": "container",
    "was already full": "container", "was out of order": "vehicle", "was too old": "vehicle",
    "had a flat tyre": "vehicle", "broke down": "vehicle",
    "was too steep": "height", "was too high": "height", "was covered with snow": "height",
    "was very heavy": "missile", "was very hard": "missile", "came down with force": "missile",
    "was thrown too far": "missile", "was very thin": "glass", "was made of glass": "glass", "was fragile": "glass",
    "was not protected": "glass", "was too slow": "ship", "lost its sail": "ship", "had a broken engine": "ship",
    "sank": "ship", "was too far away": "port", "was too far north": "port", "was blocked by ice": "port",
    "was hidden in the fog": "port",
}  # fmt: skip


def test_the_reason_is_true_of_what_it_means_and_not_of_the_other():
    def kind(noun):
        return next(name for name, nouns in KINDS.items() if noun in nouns.split())

    for item in data.references():
        assert item.tokens[item.pronoun] == "it"
        rest = text(item.tokens[item.pronoun + 1 :])
        reason = re.split(r" [,.]", rest)[0]
        assert kind(item.tokens[item.antecedent]) in TRUE_OF[reason].split(), text(item.tokens)
        assert kind(item.tokens[item.other]) not in TRUE_OF[reason].split(), text(item.tokens)


def test_twins_differ_in_the_reason_only_and_swap_what_it_means():
    for split in SPLITS:
        items = data.references(split)
        for one, two in zip(items[::2], items[1::2], strict=True):
            assert one.tokens[one.antecedent] == two.tokens[two.other]
            assert one.tokens[one.other] == two.tokens[two.antecedent]
            nearer = [item.antecedent > item.other for item in (one, two)]
            assert one.pronoun == two.pronoun
            assert one.pronoun == 1 or sorted(nearer) == [False, True]


# --- German ---

PARADIGM = """
der mann e, den mann en, dem mann en, die frau e, der frau en, das kind e, dem kind en, die p en, den p en,
ein mann er, einen mann en, einem mann en, eine frau e, einer frau en, ein kind es, einem kind en
"""
GENDER = {"m": "mann", "f": "frau", "n": "kind"}


def test_german_articles_adjectives_and_nouns_agree():
    allowed = {tuple(row.split()) for row in PARADIGM.replace("\n", " ").split(",")}
    shapes = {}
    for noun in NOUNS:
        shapes.setdefault(noun.ein, set()).add(GENDER[noun.gender])
        for form in (noun.viele, noun.dative):
            shapes.setdefault(form, set()).add("p")
        if "weak" in noun.kinds:
            shapes[noun.viele].add("mann")
    stems = ("alt", "jung", "klein", "müd", "glücklich", "schwarz", "weiß", "rot", "süß", "frisch", "lang", "kurz")
    stems += ("gut", "neu")
    seen = Counter()
    for words in (pair.german for pair in data.parallel()):
        for place, word in enumerate(words):
            if word not in shapes or words[place - 1] in ("mit", "im"):
                continue
            stem = next((stem for stem in stems if words[place - 1].startswith(stem)), None)
            article = re.sub(r"^(m|k)(?=ein)", "", words[place - (2 if stem else 1)])
            endings = {ending for one, gender, ending in allowed if one == article and gender in shapes[word]}
            assert endings, text(words)
            if stem:
                seen[words[place - 1].removeprefix(stem)] += 1
                assert words[place - 1].removeprefix(stem) in endings, text(words)
    assert set(seen) == {"e", "en", "er", "es"}


def test_german_verbs_stand_where_they_belong():
    finite = {form for verb in VERBS for form in (verb.er, verb.sie)} | {"ist", "sind", "hat", "haben", "gibt", "geben"}
    finite |= {"kann", "können", "muss", "müssen", "will", "wollen", "zeigt", "zeigen"}
    prefixed = {verb.prefix + form for verb in VERBS for form in (verb.er, verb.sie) if verb.prefix != "-"}
    last = {verb.infinitive for verb in VERBS} | {verb.participle for verb in VERBS}
    last |= {"gefahren", "fahren", "gegeben", "gezeigt"}
    reasons = 0
    for words in (pair.german for pair in data.parallel()):
        main, _, reason = text(words[:-1]).partition(" , weil ")
        if reason:
            reasons += 1
            assert reason.split()[-1] in finite | prefixed, text(words)
        main = main.split()
        if words[-1] == "?":
            assert main[0] in finite, text(words)
            continue
        verb = next(place for place, word in enumerate(main) if word in finite)
        before = main[:verb]
        assert before[0] in ("heute", "morgen", "gestern", "jetzt", "oft", "er", "sie", "es") or before[-1][0].isupper()
        assert len(before) == 1 or before[0] not in ("heute", "morgen", "gestern", "jetzt"), text(words)
        if main[verb] in ("hat", "haben", "kann", "können", "muss", "müssen", "will", "wollen"):
            assert main[-1] in last, text(words)
    assert reasons > 300


def test_every_word_is_aligned_with_its_translation():
    partners = {}
    for pair in data.parallel():
        assert {i for i, _ in pair.alignment} == set(range(len(pair.english)))
        assert {j for _, j in pair.alignment} == {j for j, word in enumerate(pair.german) if word != ","}
        for i, j in pair.alignment:
            partners.setdefault(pair.english[i], set()).add(pair.german[j])
    for noun in NOUNS:
        assert partners.get(noun.one, {noun.ein}) <= {noun.ein, noun.viele, noun.dative}, noun.one
        assert partners.get(noun.many, {noun.viele}) <= {noun.viele, noun.dative}, noun.many
    assert partners["because"] == {"weil"}


def test_one_english_sentence_has_one_translation():
    english = [text(pair.english) for pair in data.parallel()]
    assert len(set(english)) == len(english) == 4800


# --- dictionaries ---


def test_the_taxonomy_is_one_tree_below_entity():
    above = data.taxonomy()
    assert len(above) >= 120
    assert "entity" not in above
    assert len(miniature.read_shipped("taxonomy.tsv").splitlines()) == len(above) + 1
    for concept in above:
        steps = [concept]
        while steps[-1] in above:
            steps.append(above[steps[-1]])
            assert len(steps) < 12
        assert steps[-1] == "entity"
    assert above["cat"] == "pet"
    assert above["natural language processing"] == "computer science"


def test_synonyms_have_partners_and_two_senses_two_sets():
    sets = data.synonyms()
    assert all(len(words) >= 2 and len(set(words)) == len(words) for words in sets)
    assert sum("bank" in words for words in sets) == 2
    assert sum({"good", "beneficial"} <= set(words) for words in sets) == 1


# --- what vectors can learn from it ---


@pytest.fixture(scope="module")
def vectors(sentences):
    counts = Counter(chain.from_iterable(sentences))
    words = sorted(counts)
    place = {word: number for number, word in enumerate(words)}
    table = np.zeros((len(words), len(words)))
    for sentence in sentences:
        for i, j in combinations(range(len(sentence)), 2):
            if j - i <= 4:
                table[place[sentence[i]], place[sentence[j]]] += 1
                table[place[sentence[j]], place[sentence[i]]] += 1
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
    ppmi = np.log(np.maximum(table / expected, 1))
    left, sizes, _ = svds(ppmi, k=100, random_state=0)
    spaces = {"count": table, "ppmi": ppmi, "svd": left * np.sqrt(sizes)}
    return words, place, {name: rows / np.linalg.norm(rows, axis=1, keepdims=True) for name, rows in spaces.items()}


def accuracy(vectors, name, section):
    words, place, spaces = vectors
    rows, right = spaces[name], 0
    questions = data.world_analogies()[section]
    for a, b, c, d in questions:
        scores = rows @ (rows[place[b]] - rows[place[a]] + rows[place[c]])
        scores[[place[a], place[b], place[c]]] = -np.inf
        right += words[int(scores.argmax())] == d
    return right / len(questions)


def same_category(vectors, name):
    words, place, spaces = vectors
    hits = []
    world = data.world()
    for members in world.categories.values():
        kin = {*members, *(world.plurals.get(word, word) for word in members)}
        for word in members:
            scores = spaces[name] @ spaces[name][place[word]]
            scores[place[word]] = -np.inf
            hits.append(words[int(scores.argmax())] in kin)
    return np.mean(hits)


def test_neighbours_are_of_the_same_kind(vectors):
    words, place, spaces = vectors
    world = data.world()
    animals = {form for word in world.categories["animal"] for form in (word, world.plurals[word])}
    for name in ("ppmi", "svd"):
        scores = spaces[name] @ spaces[name][place["cat"]]
        scores[place["cat"]] = -np.inf
        assert words[int(scores.argmax())] in animals
        assert same_category(vectors, name) > 0.8


def test_counts_ppmi_and_svd_tell_different_stories(vectors):
    assert accuracy(vectors, "ppmi", "capital") > 0.8
    assert accuracy(vectors, "ppmi", "opposite") > accuracy(vectors, "count", "opposite") + 0.2
    assert accuracy(vectors, "svd", "third-person") > accuracy(vectors, "count", "third-person") + 0.1
    assert accuracy(vectors, "svd", "gender") > 0.4
