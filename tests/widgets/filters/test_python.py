"""The filters' Python side: no browser, no kernel."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from course_lib.reference import convolution
from course_lib.widgets import FilterExplorer
from widgets.filters import small
from widgets.python import ask


def filters(conv1d=small.conv1d, count=8, **arguments):
    settings = {
        "labels": small.LABELS,
        "classes": ("negative", "positive"),
        "class_weights": small.class_weights(count),
    }
    return FilterExplorer(small.SENTENCES, small.embed, small.filters(count), conv1d, **{**settings, **arguments})


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
