"""The long runs that a lesson names: their parts, and the commands on a tiny data set."""

import random

import pytest
import torch

from course_lib.data import DataError
from course_lib.experiments import textcnn

TREES = [
    (3, (2, "A"), (4, (3, "good"), (2, "film"))),
    (1, (1, "dull"), (2, "film")),
]
GOOD, BAD = [(["a", "good", "film"], 1)] * 12, [(["dull"], 0)] * 12


def test_phrases_are_the_nodes_that_are_not_neutral_each_once():
    expected = {("a", "good", "film"): 1, ("good", "film"): 1, ("good",): 1, ("dull", "film"): 0, ("dull",): 0}
    found = textcnn.phrases(TREES + TREES)
    assert {tuple(words): label for words, label in found} == expected
    assert len(found) == len(expected)


def test_every_sentence_is_in_one_test_fold_and_never_in_two_sets():
    examples = [([str(i)], i % 2) for i in range(47)]
    tested = []
    for train, dev, test in textcnn.folds(examples, seed=3):
        assert sorted([*train, *dev, *test]) == sorted(examples)
        assert dev
        tested += test
    assert sorted(tested) == sorted(examples)


@pytest.mark.parametrize("rng", [None, random.Random(0)])
def test_batches_hold_every_sentence_once_filled_up_with_zeros(rng):
    examples = [(list(range(1, 2 + i % 5)), i) for i in range(23)]
    rows = []
    for batch, labels in textcnn.batches(examples, 4, rng):
        rows += [(ids[ids != 0].tolist(), label) for ids, label in zip(batch, labels.tolist(), strict=True)]
    assert sorted(rows, key=lambda row: row[1]) == examples


def test_known_words_get_their_own_vector_at_the_spread_of_random_ones():
    torch.manual_seed(0)
    vectors = 9 * torch.randn(50, 8)
    words = [f"w{i}" for i in range(50)]
    table = textcnn.word_table({word: row for row, word in enumerate(["new", *words], start=1)}, (words, vectors))
    assert table.shape == (52, 8)
    assert not table[0].any()
    torch.testing.assert_close(table[2:] / table[2:].std(), vectors / vectors.std())
    assert 0.5 < table[2:].std() / table[1].std() < 2


@pytest.mark.parametrize("vectors", ["random", "static", "nonstatic"])
@pytest.mark.parametrize("data", ["sst2", "mr"])
def test_the_command_prints_a_table_beside_kims_number(data, vectors, monkeypatch, capsys):
    monkeypatch.setattr(textcnn, "sst", lambda split: TREES)
    monkeypatch.setattr(textcnn, "sst2", lambda split: GOOD[:4] + BAD[:4])
    monkeypatch.setattr(textcnn, "mr", lambda: GOOD + BAD)
    monkeypatch.setattr(textcnn, "RATE", 0.05)  # a handful of steps must do
    table = torch.randn(2, 6, generator=torch.Generator().manual_seed(0)).numpy()
    monkeypatch.setattr(textcnn, "minilm_word_vectors", lambda: (["good", "unseen"], table))
    arguments = ["--data", data, "--vectors", vectors, "--seeds", "2", "--epochs", "8", "--numbers", "6"]
    assert textcnn.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "test accuracy 100.0 ± 0.0" in printed
    assert f"of Kim (2014): {textcnn.KIM[data, vectors]}" in printed


def test_static_vectors_stay_and_non_static_ones_move(monkeypatch):
    made = []

    class Kept(textcnn.TextCNN):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    monkeypatch.setattr(textcnn, "TextCNN", Kept)
    vectors = (["good", "dull"], torch.tensor([[1.0, 0, 2], [0, 1, -1]]))
    for static in (True, False):
        torch.manual_seed(0)
        words = {"<unknown>": 1, "a": 2, "good": 3, "film": 4, "dull": 5}
        start = textcnn.word_table(words, vectors)
        textcnn.train((GOOD + BAD, GOOD + BAD, GOOD + BAD), 0, 1, 3, vectors, static)
        assert torch.equal(made[-1].embedding.weight.detach(), start) == static


def test_missing_data_and_wrong_numbers_are_said_in_one_line(monkeypatch, capsys):
    def missing(split):
        raise DataError("SST is not here; get it with: course data get sst")

    monkeypatch.setattr(textcnn, "sst", missing)
    assert textcnn.main(["--data", "sst2"]) == 1
    assert capsys.readouterr().err == "SST is not here; get it with: course data get sst\n"
    with pytest.raises(SystemExit) as stop:
        textcnn.main(["--seeds", "0"])
    assert stop.value.code == 2
