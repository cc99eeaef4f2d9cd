"""Readers of the real data sets: each returns plain lists, tuples, strings and numbers.

Text is cut into lines at line feeds and into tokens at ASCII white space only, as the files were written:
some tokens contain a no-break space or other characters that `str.split` would cut at.
Every reader fetches its set when it is not here, and raises DataError when that fails.
"""

import html
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from course_lib.data.catalogue import folder, source
from course_lib.data.errors import DataError


class Token(NamedTuple):
    """A word of a dependency tree (Universal Dependencies, CoNLL-U columns 1-4, 7 and 8).

    id: place in the sentence, from 1; head: id of the word it depends on, 0 for the root
    """

    id: int
    form: str
    lemma: str
    upos: str
    head: int
    deprel: str


def _pick(what: str, value: str, choices: dict[str, str]) -> str:
    """The file that belongs to a split, language or list; DataError names the right values."""
    if value not in choices:
        raise DataError(f"There is no {what} {value!r}; there are {', '.join(choices)}.")
    return choices[value]


def _lines(path: Path) -> list[bytes]:
    lines = [line.removesuffix(b"\r") for line in path.read_bytes().split(b"\n")]
    return lines if lines[-1] else lines[:-1]  # the last line may lack its line feed


def _tokens(line: bytes, encoding: str = "utf-8") -> list[str]:
    return [token.decode(encoding) for token in line.split()]


def _bad_line(path: Path, number: int, expected: str) -> DataError:
    return DataError(f"{path}, line {number}: expected {expected}. Replace the file by the published one.")


def wordsim_names() -> list[str]:
    """Names of the lists of similarity judgements, as `wordsim` takes them."""
    return [file.name.removesuffix(".txt") for file in source("wordsim").files]


def wordsim(name: str = "EN-WS-353-ALL") -> list[tuple[str, str, float]]:
    """Human judgements of how similar or related two words are.

    name: one of `wordsim_names()`
    returns: (word, word, score) triples; scales differ: 0-10 in most lists, 0-50 in MEN, 0-5 in MTurk, 0-4 in RG and MC
    raises DataError: no list has this name, or the set cannot be had
    source: Finkelstein et al. (2002) for WordSim-353, Bruni et al. (2014) for MEN, Hill et al. (2015) for SimLex-999
    """
    path = folder("wordsim") / _pick("list", name, {known: f"{known}.txt" for known in wordsim_names()})
    pairs = []
    for number, line in enumerate(_lines(path), 1):
        try:
            first, second, score = _tokens(line)
            pairs.append((first, second, float(score)))
        except ValueError:
            raise _bad_line(path, number, "two words and a score") from None
    return pairs


def analogies() -> dict[str, list[tuple[str, str, str, str]]]:
    """The analogy questions of word2vec: a is to b as c is to d.

    returns: section name -> (a, b, c, d) questions, sections in the order of the file, the five semantic ones first
    raises DataError: the set cannot be had
    source: Mikolov et al. (2013), Efficient estimation of word representations in vector space, section 4.1
    """
    path = folder("analogies") / "questions-words.txt"
    sections: dict[str, list] = {}
    for number, line in enumerate(_lines(path), 1):
        tokens = _tokens(line)
        if tokens[:1] == [":"]:
            questions = sections[" ".join(tokens[1:])] = []
        elif len(tokens) == 4 and sections:
            questions.append(tuple(tokens))
        else:
            raise _bad_line(path, number, "': section' or four words")
    return sections


def ptb(split: str) -> list[list[str]]:
    """Penn Treebank text: lower case, no punctuation, numbers as N, words outside the top 10,000 as <unk>.

    split: "train", "valid" or "test"
    returns: 42,068, 3,370 or 3,761 sentences as lists of tokens; add an end mark to each for the usual token counts
        929,589, 73,760 and 82,430
    raises DataError: there is no such split, or the set cannot be had
    source: Mikolov et al. (2010), Recurrent neural network based language model
    """
    file = _pick("split", split, {known: f"ptb.{known}.txt" for known in ("train", "valid", "test")})
    return [_tokens(line) for line in _lines(folder("ptb") / file)]


def wikitext2(split: str) -> list[list[str]]:
    """WikiText-2: tokenised Wikipedia articles, words seen fewer than three times as <unk>.

    split: "valid" or "test"
    returns: lines as lists of tokens: paragraphs, headings (between = marks) and empty lines; add an end mark to each
        line for the usual token counts 217,646 and 245,569
    raises DataError: there is no such split, or the set cannot be had
    source: Merity et al. (2017), Pointer sentinel mixture models
    """
    file = _pick("split", split, {known: f"{known}.txt" for known in ("valid", "test")})
    return [_tokens(line) for line in _lines(folder("wikitext-2") / file)]


def sst2(split: str) -> list[tuple[list[str], int]]:
    """Sentences of the Stanford Sentiment Treebank without the neutral ones.

    split: "train", "dev" or "test"
    returns: 6,920, 872 or 1,821 pairs (tokens in lower case, label), label 1 positive, 0 negative
    raises DataError: there is no such split, or the set cannot be had
    source: Socher et al. (2013), Recursive deep models for semantic compositionality over a sentiment treebank
    """
    path = folder("sst2") / _pick("split", split, {known: f"{known}.tsv" for known in ("train", "dev", "test")})
    rows = []
    for number, line in enumerate(_lines(path), 1):
        sentence, tab, label = line.rpartition(b"\t")
        if not tab or label not in (b"0", b"1"):
            raise _bad_line(path, number, "a sentence, a tab and a label 0 or 1")
        rows.append((_tokens(sentence), int(label)))
    return rows


def sst(split: str) -> list[tuple]:
    """Binary trees of the Stanford Sentiment Treebank, a label 0 (very negative) to 4 (very positive) at every node.

    split: "train", "dev" or "test"
    returns: 8,544, 1,101 or 2,210 trees; a tree is (label, left tree, right tree), a leaf (label, word)
    raises DataError: there is no such split, or the set cannot be had
    source: Socher et al. (2013), Recursive deep models for semantic compositionality over a sentiment treebank
    """
    path = folder("sst") / _pick("split", split, {known: f"{known}.txt" for known in ("train", "dev", "test")})
    trees = []
    for number, line in enumerate(_lines(path), 1):
        try:
            trees.append(parse_tree(line.decode()))
        except ValueError as error:
            raise _bad_line(path, number, f"a tree, but {error}") from None
    return trees


def parse_tree(text: str) -> tuple:
    """A binary tree from its bracketed form, such as "(3 (2 very) (4 good))"; loops, so any depth will do.

    text: one tree; no bracket inside a word (the treebank writes -LRB- and -RRB-)
    returns: (label, left tree, right tree), or (label, word) for a leaf
    raises ValueError: the brackets do not match, a label is no number, or a node is neither leaf nor pair
    """
    open_nodes: list[list] = [[]]
    for piece in text.replace("(", " ( ").replace(")", " ) ").strip("\r\n").split(" "):
        if piece == "(":
            open_nodes.append([])
        elif piece == ")":
            if len(open_nodes) == 1:
                raise ValueError("a bracket closes that was never opened")
            node = open_nodes.pop()
            children = [type(part) for part in node[1:]]
            if children not in ([str], [tuple, tuple]) or not str(node[0]).isdecimal():
                raise ValueError("a node is neither (label word) nor (label tree tree)")
            open_nodes[-1].append((int(node[0]), *node[1:]))
        elif piece:
            open_nodes[-1].append(piece)
    if len(open_nodes) != 1 or [type(part) for part in open_nodes[0]] != [tuple]:
        raise ValueError("it is not exactly one tree with matching brackets")
    return open_nodes[0][0]


def mr() -> list[tuple[list[str], int]]:
    """Movie review sentences, usually evaluated by 10-fold cross-validation.

    returns: (tokens in lower case, label) pairs: 5,331 with label 1 (positive), then 5,331 with label 0 (negative)
    raises DataError: the set cannot be had
    source: Pang and Lee (2005), Seeing stars
    """
    home = folder("mr")
    labelled = (("rt-polarity.pos", 1), ("rt-polarity.neg", 0))
    return [(_tokens(line, "latin-1"), label) for file, label in labelled for line in _lines(home / file)]


def shakespeare() -> str:
    """Tiny Shakespeare: scenes of the plays as one string of 1,115,394 characters, 65 different ones.

    raises DataError: the set cannot be had
    source: Karpathy (2015), The unreasonable effectiveness of recurrent neural networks
    """
    return (folder("shakespeare") / "input.txt").read_text(encoding="utf-8")


def multi30k(split: str, language: str) -> list[list[str]]:
    """Picture captions in lower case and tokenised; line n means the same in all languages.

    split: "train", "val" or "test" (the Flickr test set of 2016)
    language: "en", "de" or "fr"
    returns: 29,000, 1,014 or 1,000 sentences as lists of tokens; marks such as &apos; are turned into characters
    raises DataError: there is no such split or language, or the set cannot be had
    source: Elliott et al. (2016), Multi30K: multilingual English-German image descriptions
    """
    stem = _pick("split", split, {"train": "train", "val": "val", "test": "test_2016_flickr"})
    ending = _pick("language", language, {known: known for known in ("en", "de", "fr")})
    lines = _lines(folder("multi30k") / f"{stem}.{ending}")
    return [[html.unescape(token) for token in _tokens(line)] for line in lines]


def _blocks(path: Path) -> Iterator[list[tuple[int, list[str]]]]:
    """Runs of lines between lines of white space, each line as (number, fields between tabs)."""
    block = []
    for number, line in enumerate(_lines(path), 1):
        text = line.decode().strip("\ufeff")  # a file of the set ends with this invisible mark
        if text.strip("\t "):
            block.append((number, text.split("\t")))
        elif block:
            yield block
            block = []
    if block:
        yield block


def wnut17(split: str) -> list[list[tuple[str, str]]]:
    """Named entities in messages from social media.

    split: "train" or "dev"
    returns: messages as lists of (token, tag); tags are O, B-kind and I-kind with the kinds corporation,
        creative-work, group, location, person and product
    raises DataError: there is no such split, or the set cannot be had
    source: Derczynski et al. (2017), Results of the WNUT2017 shared task
    """
    path = folder("wnut17") / _pick("split", split, {known: f"{known}.conll" for known in ("train", "dev")})
    messages = []
    for block in _blocks(path):
        for number, fields in block:
            if len(fields) != 2:
                raise _bad_line(path, number, "a token, a tab and a tag")
        messages.append([(token, tag) for _, (token, tag) in block])
    return messages


def ud_ewt(split: str) -> list[list[Token]]:
    """Dependency trees of English web text: the words only, no multiword ranges (3-4) and no empty nodes (5.1).

    split: "dev" or "test"
    returns: 2,001 or 2,077 sentences as lists of tokens (id, form, lemma, upos, head, deprel)
    raises DataError: there is no such split, or the set cannot be had
    source: Silveira et al. (2014), A gold standard dependency corpus for English; universaldependencies.org
    """
    path = folder("ud_ewt") / _pick("split", split, {known: f"en_ewt-ud-{known}.conllu" for known in ("dev", "test")})
    sentences = []
    for block in _blocks(path):
        sentence = []
        for number, fields in block:
            if fields[0].startswith("#"):
                continue
            if len(fields) != 10 or fields[0].isdecimal() > fields[6].isdecimal():
                raise _bad_line(path, number, "ten fields between tabs, the head a number")
            if fields[0].isdecimal():
                form, lemma, upos, head, deprel = (fields[column] for column in (1, 2, 3, 6, 7))
                sentence.append(Token(int(fields[0]), form, lemma, upos, int(head), deprel))
        sentences.append(sentence)
    return sentences
