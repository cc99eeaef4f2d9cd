"""The miniature world: sentences of a seeded grammar whose facts are known, so that what is learned can be checked.

`world()` gives the facts; the other functions read the files that ship with the course (data/README.md describes each).
Run `python -m course_lib.data.miniature` to write the files again: they come out byte for byte the same.
"""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from course_lib.data.errors import DataError
from course_lib.data.grammars import agreement as agreement_grammar
from course_lib.data.grammars import dictionaries, facts, opinions, pronouns, stories, translation

World = facts.World
world = facts.world

SPLITS = ("train", "dev", "test")


class Agreement(NamedTuple):
    """A beginning of a sentence with the verb that agrees with its subject and the one that does not.

    attractors: how many nouns between subject and verb have the other number; distance: words from subject to verb
    """

    prefix: list[str]
    correct: str
    wrong: str
    rest: list[str]
    attractors: int
    distance: int


class Reference(NamedTuple):
    """A sentence with "it": the places (from 0) of the pronoun, of what it means, and of the other candidate."""

    tokens: list[str]
    pronoun: int
    antecedent: int
    other: int


class Pair(NamedTuple):
    """An English sentence, its German translation, and the places (from 0) of words that correspond."""

    english: list[str]
    german: list[str]
    alignment: list[tuple[int, int]]


# --- reading ---


def shipped_folder() -> Path:
    """The folder of the shipped files: $COURSE_SHIPPED_DATA, the project's data/, or the copy inside the package."""
    override = os.environ.get("COURSE_SHIPPED_DATA")
    if override:
        return Path(override)
    package = Path(__file__).resolve().parents[1]
    project = package.parent / "data"
    return project if project.is_dir() else package / "_course" / "data"


def read_shipped(name: str) -> str:
    """The text of a shipped file.

    name: the file's name in the data folder
    returns: its text
    raises: DataError when the file is missing or is no UTF-8 text
    """
    path = shipped_folder() / name
    remedy = "`python -m course_lib.data.miniature` writes it again"
    if name == "prose.txt":
        remedy = "fetch the course's data folder again"
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise DataError(f"{name} cannot be read in {path.parent} ({error.strerror}): {remedy}.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is damaged (no UTF-8 text): {remedy}.") from None
    if not text.endswith("\n"):
        raise DataError(f"{path} is damaged (empty or cut short): {remedy}.")
    return text.replace("\r\n", "\n")


def _splits(split: str | None) -> tuple[str, ...]:
    if split is not None and split not in SPLITS:
        raise DataError(f"there is no split {split!r}: choose 'train', 'dev', 'test', or None for all three.")
    return SPLITS if split is None else (split,)


def world_documents(split: str | None = None) -> list[list[list[str]]]:
    """The general corpus of the miniature world as documents.

    split: "train", "dev", "test", or None for all three
    returns: documents, each a list of sentences, each a list of lower-case words
    """
    text = "\n".join(read_shipped(f"world_{one}.txt") for one in _splits(split))
    return [[line.split() for line in block.splitlines()] for block in text.strip().split("\n\n")]


def world_sentences(split: str | None = None) -> list[list[str]]:
    """The general corpus of the miniature world as sentences.

    split: "train", "dev", "test", or None for all three
    returns: sentences, each a list of lower-case words
    """
    return [sentence for document in world_documents(split) for sentence in document]


def _rows(name: str, columns: int) -> list[list[str]]:
    rows = [line.split("\t") for line in read_shipped(name).splitlines()[1:]]
    for number, row in enumerate(rows, start=2):
        if len(row) != columns:
            raise DataError(
                f"{shipped_folder() / name} is damaged: line {number} has {len(row)} columns instead of {columns}; "
                "`python -m course_lib.data.miniature` writes it again."
            )
    return rows


def sentiment_trees(split: str | None = None) -> list[tuple]:
    """Film reviews with a sentiment label at every node; grammars/opinions.py states how labels combine.

    split: "train", "dev", "test", or None for all three
    returns: trees; a tree is (label, left tree, right tree), a leaf (label, word); labels 0 (very negative) to 4
    """
    from course_lib.data.readers import parse_tree

    return [parse_tree(line) for one in _splits(split) for line in read_shipped(f"sentiment_{one}.txt").splitlines()]


def agreement(split: str | None = None) -> list[Agreement]:
    """Subjects, the nouns after them, and the verb that agrees: "the keys to the cabinet" are, not is.

    split: "train", "dev", "test", or None for all three
    returns: Agreement records
    """
    return [
        Agreement(prefix.split(), correct, wrong, rest.split(), int(attractors), int(distance))
        for one in _splits(split)
        for prefix, correct, wrong, rest, attractors, distance in _rows(f"agreement_{one}.tsv", 6)
    ]


def references(split: str | None = None) -> list[Reference]:
    """Sentences with "it"; places 0 and 1, 2 and 3, ... hold twins with another reason and so another antecedent.

    split: "train", "dev", "test", or None for all three
    returns: Reference records
    """
    return [
        Reference(sentence.split(), int(pronoun), int(antecedent), int(other))
        for one in _splits(split)
        for sentence, pronoun, antecedent, other in _rows(f"references_{one}.tsv", 4)
    ]


def parallel(split: str | None = None) -> list[Pair]:
    """English sentences with German translations.

    split: "train", "dev", "test", or None for all three
    returns: Pair records
    """
    return [
        Pair(english.split(), german.split(), [tuple(map(int, link.split("-"))) for link in alignment.split()])
        for one in _splits(split)
        for english, german, alignment in _rows(f"parallel_{one}.tsv", 3)
    ]


def taxonomy() -> dict[str, str]:
    """What is a kind of what: {concept: the more general concept above it}; "entity" is at the top and no key."""
    return dict(_rows("taxonomy.tsv", 2))


def synonyms() -> list[tuple[str, ...]]:
    """Sets of words that can mean the same; a word with two senses is in two sets."""
    return [tuple(line.split("\t")) for line in read_shipped("synonyms.tsv").splitlines()]


def world_analogies() -> dict[str, list[tuple[str, str, str, str]]]:
    """Analogy questions about the miniature world by section: a is to b as c is to d.

    returns: {section: [(a, b, c, d), ...]}
    source: the file format is that of Mikolov et al. (2013), Efficient estimation of word representations
    """
    sections: dict[str, list[tuple[str, str, str, str]]] = {}
    for line in read_shipped("world_analogies.txt").splitlines():
        if line.startswith(": "):
            questions = sections.setdefault(line[2:], [])
        else:
            questions.append(tuple(line.split()))
    return sections


# --- writing ---

_SHARES = {"train": 8, "dev": 1, "test": 1}
_COMMON = 15  # how often a word must occur in the corpus to be asked for


def _table(columns: str, rows) -> str:
    return "".join("\t".join(map(str, row)) + "\n" for row in [columns.split(), *rows])


def _world_files() -> dict[str, str]:
    files, seen = {}, frozenset()
    for seed, (split, count) in enumerate(zip(SPLITS, (17_000, 1_500, 1_500), strict=True), start=1):
        documents = stories.documents(seed, count, forbidden=seen)
        files[f"world_{split}.txt"] = "\n\n".join("\n".join(document) for document in documents) + "\n"
        seen |= {sentence for document in documents for sentence in document}
    words = Counter(word for text in files.values() for word in text.split())
    return files | {"world_facts.tsv": _fact_table(), "world_analogies.txt": _analogies(words)}


def _relations() -> dict[str, list[tuple[str, str]]]:
    facts_ = world()
    return {
        "capital": list(facts_.capitals.items()),
        "nationality": list(facts_.nationalities.items()),
        "gender": list(facts_.gender_pairs),
        "past-tense": [(verb.base, verb.past) for verb in facts_.verbs.values() if verb.base != verb.past],
        "present-participle": [(verb.base, verb.ing) for verb in facts_.verbs.values()],
        "third-person": [(verb.base, verb.third) for verb in facts_.verbs.values()],
        "plural": [(one, many) for one, many in facts_.plurals.items() if one != many],
        "comparative": list(facts_.comparatives.items()),
        "opposite": list(facts_.opposites),
    }


def _fact_table() -> str:
    facts_ = world()
    rows = [(relation, *pair) for relation, pairs in _relations().items() for pair in pairs]
    rows += [("language", country.name, country.language) for country in facts_.countries]
    rows += [("continent", country.name, country.continent) for country in facts_.countries]
    rows += [("dish", country.name, country.dish) for country in facts_.countries]
    rows += [("neighbour", *pair) for pair in facts_.neighbours] + [("river", *pair) for pair in facts_.rivers]
    rows += [("category", word, name) for name, words in facts_.categories.items() for word in words]
    rows += [("workplace", *pair) for pair in facts_.workplaces.items()]
    rows += [("smaller", *pair) for pair in pairwise(facts_.by_size)]
    rows += [("slower", *pair) for pair in pairwise(facts_.by_speed)]
    return _table("relation first second", rows)


def _analogies(words: Counter) -> str:
    lines = []
    for relation, pairs in _relations().items():
        lines.append(f": {relation}")
        common = [pair for pair in pairs if min(words[word] for word in pair) >= _COMMON][:24]
        lines += [" ".join(one + two) for one in common for two in common if not set(one) & set(two)]
    return "\n".join(lines) + "\n"


def _split_up(name: str, ending: str, rows: list, show: Callable[[list], str]) -> dict[str, str]:
    """Files of the three splits, eight to one to one; the rows differ, so that no row is in two of them."""
    homes = [split for split, share in _SHARES.items() for _ in range(share)]
    return {
        f"{name}_{split}.{ending}": show([row for place, row in enumerate(rows) if homes[place % len(homes)] == split])
        for split in SPLITS
    }


def _sentiment_files() -> dict[str, str]:
    def show(trees):
        return "".join(opinions.bracketed(tree) + "\n" for tree in trees)

    return _split_up("sentiment", "txt", opinions.reviews(11, 3000), show)


def _agreement_files() -> dict[str, str]:
    def show(rows):
        return _table("prefix correct wrong rest attractors distance", rows)

    return _split_up("agreement", "tsv", agreement_grammar.items(21, 5000), show)


def _reference_files() -> dict[str, str]:
    splits = pronouns.twins(31, _SHARES)
    return {f"references_{split}.tsv": _table("sentence it antecedent other", rows) for split, rows in splits.items()}


def _parallel_files() -> dict[str, str]:
    def show(rows):
        return _table("english german alignment", rows)

    return _split_up("parallel", "tsv", translation.pairs(41, 4800), show)


def _dictionary_files() -> dict[str, str]:
    sets = "".join("\t".join(words) + "\n" for words in dictionaries.synonyms())
    return {"taxonomy.tsv": _table("concept above", dictionaries.taxonomy()), "synonyms.tsv": sets}


_MAKERS: tuple[Callable[[], dict[str, str]], ...] = (
    _world_files,
    _sentiment_files,
    _agreement_files,
    _reference_files,
    _parallel_files,
    _dictionary_files,
)


def generated_files() -> dict[str, bytes]:
    """All generated files: {file name: content}."""
    return {name: text.encode("utf-8") for make in _MAKERS for name, text in make().items()}


def write_files(folder: Path) -> list[Path]:
    """Write all generated files.

    folder: where to; made when missing
    returns: the files written
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in generated_files().items():
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, folder / name)
        paths.append(folder / name)
    return paths


if __name__ == "__main__":
    for written in write_files(Path(sys.argv[1]) if len(sys.argv) > 1 else shipped_folder()):
        print(f"{written}  {written.stat().st_size:,} bytes")
