"""The readers of real data, on made-up files of a few lines and on the real ones."""

import hashlib
from collections import Counter
from itertools import pairwise

import networkx
import pytest

from course_lib.data import catalogue, readers
from course_lib.data.errors import DataError


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    """made_up(set name, {file name: bytes}) puts a set of a few lines in the place of the published one."""

    def put(name: str, contents: dict[str, bytes]) -> None:
        home = tmp_path / "data" / name
        home.mkdir(parents=True)
        for file, content in contents.items():
            (home / file).write_bytes(content)
        files = tuple(
            catalogue.File(file, len(content), hashlib.sha256(content).hexdigest(), ())
            for file, content in contents.items()
        )
        entry = catalogue.Source(name, name, "none", "nobody", files)
        monkeypatch.setattr(catalogue, "sources", lambda: {name: entry})
        monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
        monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))

    return put


# Made-up files


def test_word_pairs_are_read_with_either_line_end(made_up):
    made_up("wordsim", {"EN-WS-353-ALL.txt": b"tiger\tcat\t7.35\r\nlove\tsex\t6\r\n", "EN-X.txt": b"a\tb\t1.5"})
    assert readers.wordsim() == [("tiger", "cat", 7.35), ("love", "sex", 6.0)]
    assert readers.wordsim_names() == ["EN-WS-353-ALL", "EN-X"]
    assert readers.wordsim("EN-X") == [("a", "b", 1.5)]


def test_analogies_keep_their_sections_in_order(made_up):
    made_up("analogies", {"questions-words.txt": b": z last\na b c d\ne f g h\n: a first\ni j k l\n"})
    sections = readers.analogies()
    assert list(sections) == ["z last", "a first"]
    assert sections["z last"] == [("a", "b", "c", "d"), ("e", "f", "g", "h")]


def test_tokens_are_cut_at_ascii_white_space_only(made_up):
    made_up("mr", {"rt-polarity.pos": b"caf\xe9 3\xa01/2 \n\x85 !\n", "rt-polarity.neg": b"bad"})
    assert readers.mr() == [(["café", "3\u00a01/2"], 1), (["\u0085", "!"], 1), (["bad"], 0)]


def test_labelled_sentences_need_no_last_line_end(made_up):
    rows = {f"{split}.tsv": b"so good\t1\nso bad\t0" for split in ("train", "dev", "test")}
    made_up("sst2", rows)
    assert readers.sst2("dev") == [(["so", "good"], 1), (["so", "bad"], 0)]


def test_empty_lines_stay_where_lines_mean_something(made_up):
    made_up("wikitext-2", {"valid.txt": b" \n = Title = \n", "test.txt": b"x\n"})
    assert readers.wikitext2("valid") == [[], ["=", "Title", "="]]


def test_captions_show_characters_for_marks(made_up):
    made_up("multi30k", {"val.en": b"the dog &apos;s ball &amp; bone\n"})
    assert readers.multi30k("val", "en") == [["the", "dog", "'s", "ball", "&", "bone"]]


def test_messages_end_at_blank_lines_and_at_lines_with_only_a_tab(made_up):
    content = b"I\tO\nsee\tO\n\t\nBob\tB-person\n\n\nso\tO\n\xef\xbb\xbf\n"
    made_up("wnut17", {"dev.conll": content})
    assert readers.wnut17("dev") == [[("I", "O"), ("see", "O")], [("Bob", "B-person")], [("so", "O")]]


def test_dependency_trees_skip_comments_ranges_and_empty_nodes(made_up):
    rows = [
        ["# text = can't"],
        ["1-2", "can't", *"________"],
        ["1", "ca", "can", "AUX", "_", "_", "0", "root", "_", "_"],
        ["2", "n't", "not", "PART", "_", "_", "1", "advmod", "_", "_"],
        ["2.1", "go", "go", "VERB", "_", "_", "_", "_", "_", "_"],
        [""],
    ]
    made_up("ud_ewt", {"en_ewt-ud-dev.conllu": "\n".join("\t".join(row) for row in rows).encode()})
    assert readers.ud_ewt("dev") == [[(1, "ca", "can", "AUX", 0, "root"), (2, "n't", "not", "PART", 1, "advmod")]]
    assert readers.ud_ewt("dev")[0][1].deprel == "advmod"


def test_a_tree_is_read_as_nested_tuples():
    tree = readers.parse_tree("(3 (2 It) (4 (2 's) (4 (3 so) (4 3\u00a01/2))))\n")
    assert tree == (3, (2, "It"), (4, (2, "'s"), (4, (3, "so"), (4, "3\u00a01/2"))))


def test_a_tree_may_be_deeper_than_python_recurses():
    depth = 50_000
    tree = readers.parse_tree("(1 (0 a) " * depth + "(2 b)" + ")" * depth)
    for _ in range(depth):
        label, left, tree = tree
        assert (label, left) == (1, (0, "a"))
    assert tree == (2, "b")


@pytest.mark.parametrize("text", ["", "(2 a", "(2 a))", "(2 a) (2 b)", "(x a)", "(2)", "(2 (1 a))", "(2 a b)", "a"])
def test_a_broken_tree_is_refused(text):
    with pytest.raises(ValueError, match="bracket|node"):
        readers.parse_tree(text)


@pytest.mark.parametrize(
    ("name", "file", "content", "read"),
    [
        ("wordsim", "EN-WS-353-ALL.txt", b"a\tb\t1\na\tb\tc\n", lambda: readers.wordsim()),
        ("analogies", "questions-words.txt", b": x\na b c\n", lambda: readers.analogies()),
        ("analogies", "questions-words.txt", b"\na b c d\n", lambda: readers.analogies()),
        ("sst2", "dev.tsv", b"good\t1\nbad\n", lambda: readers.sst2("dev")),
        ("sst", "dev.txt", b"(2 a)\n(2 (1 a)\n", lambda: readers.sst("dev")),
        ("wnut17", "dev.conll", b"a\tO\nb\n", lambda: readers.wnut17("dev")),
        ("ud_ewt", "en_ewt-ud-dev.conllu", b"# a\n1\tx\n", lambda: readers.ud_ewt("dev")),
    ],
)
def test_a_line_that_cannot_be_read_is_named(made_up, name, file, content, read):
    made_up(name, {file: content})
    with pytest.raises(DataError, match=rf"{file}, line [12]: expected .*Replace the file"):
        read()


@pytest.mark.parametrize(
    ("read", "right"),
    [
        (lambda: readers.wordsim("WS"), "EN-WS-353-ALL"),
        (lambda: readers.ptb("dev"), "train, valid, test"),
        (lambda: readers.wikitext2("train"), "valid, test"),
        (lambda: readers.sst2("valid"), "train, dev, test"),
        (lambda: readers.sst("valid"), "train, dev, test"),
        (lambda: readers.multi30k("dev", "en"), "train, val, test"),
        (lambda: readers.multi30k("val", "it"), "en, de, fr"),
        (lambda: readers.wnut17("test"), "train, dev"),
        (lambda: readers.ud_ewt("train"), "dev, test"),
    ],
)
def test_a_wrong_split_lists_the_right_ones_before_anything_is_fetched(monkeypatch, read, right):
    monkeypatch.setattr(readers, "folder", lambda name: catalogue.Path("/nowhere"))
    with pytest.raises(DataError, match=right):
        read()


# The real files


@pytest.mark.real_data
def test_the_lists_of_word_pairs_have_their_known_lengths():
    lengths = [30, 3000, 771, 65, 2034, 999, 353, 252, 203]
    assert [len(readers.wordsim(name)) for name in readers.wordsim_names()] == lengths
    assert readers.wordsim()[1] == ("tiger", "cat", 7.35)


@pytest.mark.real_data
def test_there_are_19544_analogies_in_14_sections():
    sections = readers.analogies()
    assert len(sections) == 14 and sum(map(len, sections.values())) == 19_544
    assert next(iter(sections)) == "capital-common-countries" and len(sections["gram8-plural"]) == 1332


@pytest.mark.real_data
def test_language_modelling_texts_have_their_known_token_counts():
    counts = {"train": (42_068, 929_589), "valid": (3_370, 73_760), "test": (3_761, 82_430)}
    for split, (lines, tokens) in counts.items():
        sentences = readers.ptb(split)
        assert (len(sentences), sum(map(len, sentences)) + lines) == (lines, tokens)
    assert len({token for sentence in readers.ptb("train") for token in sentence}) == 9_999  # the 10,000th is the end
    for split, tokens in {"valid": 217_646, "test": 245_569}.items():
        assert sum(len(line) + 1 for line in readers.wikitext2(split)) == tokens


@pytest.mark.real_data
def test_sentiment_sets_have_their_known_sizes_and_balance():
    counts = {"train": (3310, 3610), "dev": (428, 444), "test": (912, 909)}
    for split, expected in counts.items():
        labels = Counter(label for _, label in readers.sst2(split))
        assert (labels[0], labels[1]) == expected
    assert Counter(label for _, label in readers.mr()) == {0: 5331, 1: 5331}


@pytest.mark.real_data
def test_trees_agree_with_the_two_class_set_that_was_made_from_them():
    def words(tree):
        stack, found = [tree], []
        while stack:
            node = stack.pop()
            found += [node[1]] if len(node) == 2 else []
            stack += reversed(node[1:]) if len(node) == 3 else []
        return found

    for split, size in {"train": 8544, "dev": 1101, "test": 2210}.items():
        trees = readers.sst(split)
        assert len(trees) == size and {tree[0] for tree in trees} == {0, 1, 2, 3, 4}
        labels = Counter(int(tree[0] > 2) for tree in trees if tree[0] != 2)
        assert labels == Counter(label for _, label in readers.sst2(split))  # that set leaves the neutral trees out
    sentence = "And if you 're not nearly moved to tears by a couple of scenes , you 've got ice water in your veins ."
    assert " ".join(words(readers.sst("dev")[2])) == sentence


@pytest.mark.real_data
def test_shakespeare_has_his_65_characters():
    text = readers.shakespeare()
    assert len(text) == 1_115_394 and len(set(text)) == 65 and text.startswith("First Citizen:")


@pytest.mark.real_data
def test_captions_are_parallel():
    for split, lines in {"train": 29_000, "val": 1014, "test": 1000}.items():
        assert {len(readers.multi30k(split, language)) for language in ("en", "de", "fr")} == {lines}
    caption = readers.multi30k("val", "en")[2]
    assert caption == ["a", "boy", "wearing", "headphones", "sits", "on", "a", "woman", "'s", "shoulders", "."]


@pytest.mark.real_data
def test_entities_have_their_known_counts_and_begin_with_b():
    sizes = {"train": (3394, 62_730), "dev": (1009, 15_733)}
    for split, expected in sizes.items():
        messages = readers.wnut17(split)
        assert (len(messages), sum(map(len, messages))) == expected
        assert all(token for message in messages for token, _ in message)
        tags = {tag for message in messages for _, tag in message}
        assert len(tags) == 13 and {tag[:2] for tag in tags} == {"O", "B-", "I-"}


@pytest.mark.real_data
def test_dependency_trees_are_trees():
    for split, sentences in {"dev": 2001, "test": 2077}.items():
        trees = readers.ud_ewt(split)
        assert len(trees) == sentences
        for tree in trees:
            assert all(after.id == before.id + 1 for before, after in pairwise(tree)) and tree[0].id == 1
            assert networkx.is_arborescence(networkx.DiGraph((token.head, token.id) for token in tree))
