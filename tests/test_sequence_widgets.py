"""The widgets about reading in order: gradients through time, sampling, filters. No browser, no kernel."""

import base64
import json
import re

import numpy as np
import pytest
import small_sequences as small
import torch
from scipy.special import softmax
from scipy.stats import entropy as scipy_entropy
from torch.nn import functional

from course_lib.reference import convolution, recurrent
from course_lib.widgets import FilterExplorer, GradientThroughTime, SamplingExplorer
from course_lib.widgets.sampling import distribution, draw, grouped, perplexity
from course_lib.widgets.through_time import clipping, number, story


def through_time(**arguments):
    return GradientThroughTime(small.gradients, **arguments)


def sampling(**arguments):
    return SamplingExplorer(small.next_logits, small.WORDS, "the old cat", **arguments)


def filters(conv1d=small.conv1d, count=8, **arguments):
    settings = {
        "labels": small.LABELS,
        "classes": ("negative", "positive"),
        "class_weights": small.class_weights(count),
    }
    return FilterExplorer(small.SENTENCES, small.embed, small.filters(count), conv1d, **{**settings, **arguments})


def request(widget, act, **more):
    widget.request = {"act": act, "number": widget.request["number"] + 1, **more}
    assert widget.answered == widget.request["number"]


def ask(widget, **changes):
    widget.question = {**widget.question, **changes, "number": widget.question["number"] + 1}
    assert widget.answered == widget.question["number"]


# ---- all three -----------------------------------------------------------------------------------------------------


def longest_gradients():
    return GradientThroughTime(lambda *settings: small.gradients(*settings, hidden=32), length=60, scale=1.1)


def large_vocabulary():
    scores = np.random.default_rng(0).normal(size=30_000)
    return SamplingExplorer(lambda tokens: scores, [f"word{i}" for i in range(30_000)])


def many_filters():
    rng = np.random.default_rng(0)
    sentences = [" ".join(rng.choice(small.WORDS, 25)) for _ in range(100)]
    made = {width: (rng.normal(size=(100, width, 50)), rng.normal(size=100)) for width in (3, 4, 5)}
    return FilterExplorer(sentences, lambda words: rng.normal(size=(len(words), 50)), made, small.conv1d,
                          rng.integers(2, size=100), class_weights=rng.normal(size=(2, 300)))  # fmt: skip


@pytest.mark.parametrize("make", [longest_gradients, large_vocabulary, many_filters])
def test_the_largest_of_each_adds_at_most_fifty_kilobytes_to_a_notebook(make):
    widget = make()
    state = {name: value for name, value in widget.get_state().items() if name not in ("layout", "comm")}
    saved = json.dumps(state, default=lambda data: base64.b64encode(data).decode())
    assert len(saved) + len(widget.still()) <= 50_000


@pytest.mark.parametrize("make", [through_time, sampling, filters])
def test_the_still_picture_is_an_image_with_its_words(make):
    widget = make()
    still = widget.still()
    assert base64.b64decode(re.search('base64,([^"]*)', still)[1]).startswith(b"\x89PNG")
    assert widget.alt_text()[:60] in still and repr(widget) == widget.alt_text()


@pytest.mark.parametrize("widget, name", [(GradientThroughTime, "rnn"), (SamplingExplorer, "model")])
def test_a_function_that_is_not_written_yet_becomes_text(widget, name):
    def stub(*_):
        raise NotImplementedError

    stub.__name__ = name
    made = widget(stub) if widget is GradientThroughTime else widget(stub, ["a", "b"])
    assert f"{name} is not written yet." in made.status and made.status in made.alt_text()
    assert "PNG" in str(base64.b64decode(re.search('base64,([^"]*)', made.still())[1])[:8])


# ---- gradients through time ----------------------------------------------------------------------------------------


def test_the_norms_are_those_of_the_rows():
    widget = through_time(scale=1.2, length=30, activation="linear")
    expected = np.linalg.norm(small.gradients(1.2, 30, "linear"), axis=1)
    np.testing.assert_allclose(widget.norms(), expected, rtol=1e-5)


def test_the_norms_are_those_of_all_units_also_of_those_without_a_row_in_the_heat_map():
    widget = GradientThroughTime(lambda *_: np.ones((20, 100)))
    np.testing.assert_allclose(widget.norms(), 10)
    assert len(widget.values) == 20 * 24 * 4


def test_the_gradients_of_a_linear_network_grow_by_the_scale_a_step():
    norms = through_time(scale=1.5, length=20, activation="linear").norms()
    assert norms[0] / norms[-1] == pytest.approx(1.5**19, rel=1e-4)


def test_another_question_is_answered_with_its_settings():
    asked = []

    def watched(*settings):
        asked.append(settings)
        return small.gradients(*settings)

    widget = GradientThroughTime(watched, scale=0.5, length=5, activation="relu")
    ask(widget, length=7, activation="tanh")
    assert asked == [(0.5, 5, "relu"), (0.5, 7, "tanh")]
    assert widget.shown == {"scale": 0.5, "length": 7, "activation": "tanh", "hidden": 12} and len(widget.norms()) == 7


def test_an_exception_keeps_the_last_picture():
    def breaks(scale, length, activation):
        if length > 10:
            raise IndexError("no such step")
        return small.gradients(scale, length, activation)

    widget = GradientThroughTime(breaks, length=8)
    before = widget.values
    ask(widget, length=11)
    assert widget.status == "Your breaks raised IndexError: no such step The picture shows the last answer."
    assert widget.values == before and widget.shown["length"] == 8
    ask(widget, length=9)
    assert widget.status == "" and widget.shown["length"] == 9


@pytest.mark.parametrize(
    "answer, message",
    [(None, "nothing (None); expected an array of shape (20, hidden)"), ("words", "returned a str"),
     (np.ones(20), "shape (20,); expected (20, hidden)"), (np.ones((19, 4)), "shape (19, 4)"),
     (np.ones((20, 0)), "shape (20, 0)")],
)  # fmt: skip
def test_what_are_no_gradients_is_refused_with_a_reason(answer, message):
    assert message in GradientThroughTime(lambda *_: answer).status


def test_a_tensor_that_still_needs_its_gradient_is_welcome():
    rows = torch.ones(20, 3, requires_grad=True)
    np.testing.assert_allclose(GradientThroughTime(lambda *_: rows).norms(), np.sqrt(3), rtol=1e-6)


def test_overflow_is_said_and_drawn():
    widget = GradientThroughTime(lambda *_: np.array([[np.inf, 1], [1, 1.0]]), length=2)
    assert "overflows" in widget.alt_text() and len(widget.still()) > 1000


@pytest.mark.parametrize(
    "norms, words",
    [([1e-6, 1.0], "vanishes: after 1 step 1.0e−6 of it is left (1.0e−6 a step)"),
     ([0.01, 0.1, 1], "vanishes: after 2 steps 0.01 of it is left (0.1 a step)"), ([0.2, 1], "shrinks"),
     ([0.9, 1], "keeps its size"), ([4, 2, 1], "grows: after 2 steps it is 4 times as large (2 a step)"),
     ([1e5, 1], "explodes"), ([0, 1], "vanishes completely"), ([1, 0], "no gradient"), ([np.inf, 1], "overflows"),
     ([1.0], "no way back")],
)  # fmt: skip
def test_what_becomes_of_the_gradient_is_said_in_words(norms, words):
    assert words in story(np.array(norms, dtype=float))


def test_clipping_shortens_all_steps_alike_as_torch_does():
    rows = small.gradients(1.4, 20, "linear")
    parameters = [torch.nn.Parameter(torch.zeros(12)) for _ in rows]
    for parameter, row in zip(parameters, rows, strict=True):
        parameter.grad = torch.tensor(row, dtype=torch.float32)
    torch.nn.utils.clip_grad_norm_(parameters, 2.0)
    factor = float(parameters[0].grad[0] / rows[0, 0])
    assert f"Clipping to 2 multiplies every step by {number(factor)};" in clipping(np.linalg.norm(rows, axis=1), 2.0)
    assert "clipping changes nothing" in clipping(np.array([0.1, 1.0]), 2.0)
    assert clipping(np.array([9.0, 9.0]), 0) == ""


def test_a_start_outside_the_choices_is_refused():
    with pytest.raises(ValueError, match="'gelu' is not among"):
        through_time(activation="gelu")
    with pytest.raises(ValueError, match="length is 99; its slider goes from 2 to 60"):
        through_time(length=99)


# ---- sampling ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature, top_k", [(1.0, None), (0.5, 5), (2.0, None), (0, None), (0, 3), (1.0, 1)])
def test_the_distribution_is_what_the_course_draws_from(temperature, top_k):
    logits = np.random.default_rng(0).normal(size=30) * 3
    ours, theirs = np.random.default_rng(1), np.random.default_rng(1)
    for _ in range(50):
        assert draw(logits, ours, temperature, top_k) == recurrent.sample(logits, theirs, temperature, top_k)


def test_the_distribution_is_a_softmax_and_its_width_the_exponential_of_the_entropy():
    logits = np.random.default_rng(0).normal(size=30) * 300
    np.testing.assert_allclose(distribution(logits, 2.0), softmax(logits / 2), rtol=1e-9, atol=1e-300)
    p = softmax(np.random.default_rng(1).normal(size=9))
    assert perplexity(p) == pytest.approx(np.exp(scipy_entropy(p)))


def test_the_same_seed_writes_the_same_text_and_another_one_another():
    def write(seed):
        widget = sampling(seed=seed)
        for _ in range(12):
            request(widget, "next")
        return widget.tokens()

    assert write(3) == write(3) != write(4)


def test_start_goes_back_to_the_prompt_and_to_the_seed():
    widget = sampling(seed=5)
    for _ in range(6):
        request(widget, "next")
    first = widget.tokens()
    request(widget, "draws")
    request(widget, "start", prompt="the old cat")
    assert widget.tokens() == ["the", "old", "cat"]
    for _ in range(6):
        request(widget, "next")
    assert widget.tokens() == first


def test_many_draws_do_not_move_the_text_nor_its_generator():
    quiet, disturbed = sampling(), sampling()
    request(disturbed, "draws")
    counts = np.frombuffer(disturbed.draws, "<u2")
    assert 400 < counts.sum() <= 500 and len(counts) == 20
    np.testing.assert_allclose(counts / 500, np.sort(disturbed.probabilities())[::-1][:20], atol=0.08)
    for widget in (quiet, disturbed):
        request(widget, "next")
    assert quiet.tokens() == disturbed.tokens() and disturbed.draws == b""


def test_a_word_can_be_taken_by_hand_and_taken_back():
    widget = sampling()
    likeliest = widget.best[1]
    request(widget, "take", rank=1)
    assert widget.tokens() == ["the", "old", "cat", likeliest]
    chance = np.sort(softmax(small.next_logits(["cat"])))[-2]
    assert widget.text[-1][1] == pytest.approx(chance, rel=0.01)
    request(widget, "back")
    request(widget, "back")  # the prompt stays
    assert widget.tokens() == ["the", "old", "cat"]


def test_the_learners_sample_is_asked_as_the_course_defines_it():
    asked = []

    def sample(logits, rng, temperature=1.0, top_k=None):
        asked.append((len(logits), temperature, top_k))
        return recurrent.sample(logits, rng, temperature, top_k)

    widget = sampling(sample=sample, temperature=0.7, top_k=4)
    request(widget, "next")
    widget.top_k = 0
    request(widget, "next")
    assert asked == [(40, 0.7, 4), (40, 0.7, None)] and widget.status == ""


def test_a_sample_that_draws_what_is_cut_away_is_found_out():
    widget = sampling(sample=lambda logits, *_: int(np.argmin(logits)), top_k=3)
    request(widget, "next")
    assert re.fullmatch(r"Your sample drew “\w+”, which has probability 0 at temperature 1 and top-k 3.", widget.status)
    assert len(widget.tokens()) == 4  # it is appended all the same


def test_equal_scores_may_stand_in_for_each_other_at_the_cut():
    for number_ in (0, 1, 2):
        widget = SamplingExplorer(
            lambda _: np.array([1.0, 1.0, 1.0, 0.0]), "abcd", sample=lambda *_, n=number_: n, top_k=2
        )
        request(widget, "next")
        assert widget.status == ""


@pytest.mark.parametrize("answer, said", [(None, "nothing (None)"), (99, "99"), (-1, "-1"), (1.5, "1.5"), ("a", "'a'")])
def test_what_is_no_number_of_a_word_is_refused(answer, said):
    widget = sampling(sample=lambda *_: answer)
    request(widget, "next")
    assert widget.status == f"Your sample returned {said}; expected the number of a word, 0 to 39."
    assert len(widget.tokens()) == 3


def test_a_model_that_fails_later_keeps_the_text():
    def next_logits(tokens):
        if len(tokens) > 3:
            raise KeyError("unknown")
        return small.next_logits(tokens)

    widget = SamplingExplorer(next_logits, small.WORDS, "the old cat")
    request(widget, "next")
    assert widget.status == "Your next_logits raised KeyError: 'unknown'" and len(widget.tokens()) == 3


@pytest.mark.parametrize(
    "answer, message",
    [(None, "nothing (None)"), (np.zeros(3), "shape (3,); expected (40,)"), (np.full(40, np.nan), "NaN or infinite"),
     (np.full(40, -np.inf), "NaN or infinite")],
)  # fmt: skip
def test_what_are_no_scores_is_refused_with_a_reason(answer, message):
    assert message in SamplingExplorer(lambda tokens: answer, small.WORDS).status


def test_an_unknown_word_of_the_prompt_is_named_with_a_near_one():
    widget = sampling()
    request(widget, "start", prompt="the happpy cat")
    assert widget.status == "“happpy” is not in the vocabulary. Near it: happy."
    assert widget.tokens() == ["the", "old", "cat"]
    with pytest.raises(ValueError, match="“dragon” is not in the vocabulary"):
        SamplingExplorer(small.next_logits, small.WORDS, "the dragon")


def test_characters_are_joined_without_spaces():
    widget = SamplingExplorer(lambda tokens: np.arange(4.0), "ab \n", "ab a", characters=True, temperature=0)
    assert widget.tokens() == ["a", "b", " ", "a"]
    request(widget, "next")
    assert "after “ab a\n” come “⏎”" in widget.alt_text()


def test_a_large_vocabulary_is_sent_in_few_numbers_that_add_up():
    scores = np.sort(np.random.default_rng(0).normal(size=30_000) * 3)[::-1]
    scores[-100:] = -np.inf
    logits, counts = grouped(scores)
    singles = len(logits) - len(counts)
    assert len(logits) < 1500 and singles + counts.sum() == 30_000
    counts = np.concatenate([np.ones(singles), counts])
    p = np.exp(logits) / (counts * np.exp(logits)).sum()
    expected = softmax(scores)
    np.testing.assert_allclose(p[:singles], expected[:singles], rtol=1e-9)
    seen = p > 0
    assert -(counts * p)[seen] @ np.log(p[seen]) == pytest.approx(scipy_entropy(expected), rel=1e-4)


# ---- filters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("padding", ["valid", "same", "full"])
@pytest.mark.parametrize("width", [2, 3])
def test_the_answers_are_those_of_torch(padding, width):
    text = "the film was not good and we left it"
    widget = filters(padding=padding, width=width, filter=3, text=text)
    x = torch.tensor(small.embed(text.split())).T[None]
    weight, bias = (torch.tensor(part) for part in small.filters()[width])
    pad = {"valid": (0, 0), "same": ((width - 1) // 2, width // 2), "full": (width - 1, width - 1)}[padding]
    expected = functional.conv1d(functional.pad(x, pad), weight.transpose(1, 2), bias)[0]
    np.testing.assert_allclose(widget.own(), expected[2], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(np.frombuffer(widget.passed, "<f4"), expected.amax(1).relu(), rtol=1e-4, atol=1e-6)
    assert widget.status == ""


def test_the_parts_of_a_window_and_the_bias_add_up_to_its_answer():
    widget = filters(width=3, filter=2)
    parts = np.frombuffer(widget.parts, "<f4").reshape(-1, 3)
    np.testing.assert_allclose(parts.sum(axis=1) + widget.shown["bias"], widget.own(), rtol=1e-4, atol=1e-6)


def test_tensors_and_the_courses_own_function_work_without_a_word_about_gradients():
    made = {h: (torch.nn.Parameter(torch.tensor(w)), torch.tensor(b)) for h, (w, b) in small.filters().items()}
    table = torch.nn.Parameter(torch.tensor(small.embed(small.KNOWN)))
    widget = FilterExplorer(
        small.SENTENCES, lambda words: table[[small.KNOWN.index(word) for word in words]], made, convolution.conv1d
    )
    np.testing.assert_allclose(widget.own(), filters().own(), rtol=1e-5, atol=1e-6)
    assert widget.shown["tops"][0]["words"] == filters().shown["tops"][0]["words"]


def test_the_groups_that_a_filter_answers_most_are_found_with_their_sentences_and_classes():
    widget = filters()
    tops = widget.shown["tops"]
    assert [top["words"] for top in tops[:4]] == [["not", word] for word in ("good", "great", "lovely", "clever")]
    assert all(top["times"] == 6 and top["labels"] == [6, 0] for top in tops[:4])
    assert widget.shown["fires"] == 96 and widget.shown["of"] == 144
    ask(widget, text=tops[2]["text"])
    assert widget.window(tops[2]["place"]) == "not lovely"
    assert widget.own()[tops[2]["place"]] == pytest.approx(tops[2]["value"])
    values = [top["value"] for top in tops]
    assert values == sorted(values, reverse=True)


def test_a_filter_speaks_for_the_class_with_the_largest_weight():
    widget = filters()
    weights = small.class_weights()
    assert widget.leanings[0][0] == [0, 1.5]
    for f in range(8):
        name, margin = widget.leanings[1][f]
        column = weights[:, 8 + f]
        assert name == column.argmax() and margin == pytest.approx(np.ptp(column), abs=1e-4)
    assert "It speaks for negative (by 1.50)." in widget.alt_text()


def test_the_data_are_searched_once_for_each_width():
    asked = []

    def watched(x, weight, bias):
        asked.append(weight.shape[1])
        return small.conv1d(x, weight, bias)

    widget = filters(watched)
    assert asked.count(2) == 145
    ask(widget, filter=4)
    ask(widget, text="a good film")
    assert asked.count(2) == 147 and asked.count(3) == 0
    ask(widget, width=3)
    assert asked.count(3) == 145


def test_a_convolution_that_turns_the_filter_round_is_found_out():
    widget = filters(lambda x, weight, bias: small.conv1d(x, weight[:, ::-1], bias), text="not good", padding="valid")
    assert widget.status == (
        "Your conv1d differs in 8 of 8 answers: filter 1 at “not good” gives -0.5, the sum of products is 2.5."
    )
    assert len(widget.own()) == 1  # the picture shows what it answers


@pytest.mark.parametrize(
    "answer, message",
    [(None, "Your conv1d returned nothing (None); expected shape (10, 8)."),
     (np.zeros((8, 10)), "Your conv1d returned shape (8, 10); expected (10, 8), windows and filters."),
     (np.zeros(10), "Your conv1d returned shape (10,)")],
)  # fmt: skip
def test_what_are_no_answers_is_refused_with_a_reason(answer, message):
    assert message in filters(lambda *_: answer, text="the film was not good and we left it").status


def test_an_exception_or_an_empty_text_keeps_the_last_picture():
    def conv1d(x, weight, bias):
        if weight.shape[1] == 3:
            raise ValueError("shapes do not match")
        return small.conv1d(x, weight, bias)

    widget = filters(conv1d)
    before = widget.answers
    ask(widget, width=3)
    last = " The picture shows the last answer."
    assert widget.status == "Your conv1d raised ValueError: shapes do not match" + last
    ask(widget, width=2, text="  ")
    assert widget.status == "Type a sentence: at least one word." + last
    assert widget.answers == before and widget.shown["width"] == 2
    ask(widget, text="good")
    assert widget.status == "" and len(widget.own()) == 2


def test_a_sentence_shorter_than_a_filter_needs_padding():
    widget = filters(padding="valid", width=3, text="good")
    assert widget.status == "The sentence has 1 word; a filter of width 3 needs 3."
    assert len(filters(padding="full", width=3, text="good").own()) == 3


def test_without_labels_and_weights_nothing_is_said_about_classes():
    widget = filters(labels=None, classes=(), class_weights=None)
    assert widget.leanings == [] and "speaks" not in widget.alt_text()
    assert widget.shown["tops"][0]["labels"] == [] and widget.shown["tops"][0]["times"] == 6


@pytest.mark.parametrize(
    "arguments, message",
    [({"padding": "half"}, "padding is 'half'"), ({"width": 4}, "there is no filter 1 of width 4"),
     ({"filter": 9}, "there is no filter 9 of width 2"), ({"labels": [0, 1]}, "there are 2 labels"),
     ({"labels": [5] * 144}, "a label is not among"), ({"labels": ["good"] * 144}, "a label is not among"),
     ({"class_weights": np.zeros((2, 8))}, r"class_weights has shape \(2, 8\); expected \(2, 16\)")],
)  # fmt: skip
def test_arguments_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        filters(**arguments)


def test_filters_of_a_wrong_shape_are_refused():
    with pytest.raises(ValueError, match=r"filters of width 2 have shapes \(8, 3, 6\) and \(8,\)"):
        FilterExplorer(small.SENTENCES, small.embed, {2: small.filters()[3]}, small.conv1d)
