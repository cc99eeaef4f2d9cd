"""The widgets' Python side: no browser, no kernel."""

import base64
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.sparse import csr_matrix
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from course_lib import widgets
from course_lib.widgets.base import CourseWidget, browser_code

FOLDER = Path(widgets.__file__).parent
MODULES = sorted(path for path in FOLDER.glob("*.js") if path.name != "common.js")
SENTENCES = [text.split() for text in ("I like deep learning .", "I like NLP .", "I enjoy flying .")]


def window(**arguments):
    return widgets.CooccurrenceWindow(SENTENCES, **arguments)


def points(words=12, width=5, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(words, width))
    return [f"w{i}" for i in range(words)], vectors


def explorer(**arguments):
    return widgets.EmbeddingExplorer({"one": points(), "two": (["w0", "other"], np.eye(2))}, **arguments)


# ---- all widgets ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [FOLDER / "common.js", *MODULES], ids=lambda path: path.name)
def test_browser_code_is_small_and_loads_nothing(path):
    text = path.read_text("utf-8")
    assert len(text.encode()) <= 15_000
    text = text.replace("http://www.w3.org/2000/svg", "")  # the name of a namespace: nothing is loaded from there
    for forbidden in (r"https?:", r"//cdn", r"^\s*import\b", r"\bimport\s*\(", r"\bfetch\s*\(", "XMLHttpRequest"):
        assert not re.search(forbidden, text, re.MULTILINE), forbidden


def test_every_widget_module_has_its_class_and_the_other_way_round():
    assert {path.stem for path in MODULES} == set(widgets._MODULES.values())
    for name in widgets.__all__:
        assert issubclass(getattr(widgets, name), CourseWidget)


def test_an_unknown_widget_lists_the_right_ones():
    with pytest.raises(AttributeError, match="CooccurrenceWindow"):
        widgets.Window  # noqa: B018


def test_importing_the_widgets_loads_no_plotting_library():
    code = "from course_lib.widgets import CooccurrenceWindow; print({'matplotlib', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", f"import sys; {code}"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def forty_words():
    words = [f"word{i}" for i in range(40)]
    text = [words[i : i + 12] for i in range(28)]
    return widgets.CooccurrenceWindow(text, count=lambda *_: np.zeros(1))


def three_spaces():
    words, vectors = points(3000, 60)
    return widgets.EmbeddingExplorer({name: (words, vectors) for name in ("counts", "SVD", "pretrained")}, k=20)


@pytest.mark.parametrize("make", [window, explorer, forty_words, three_spaces])
def test_a_widget_adds_at_most_fifty_kilobytes_to_a_notebook(make):
    widget = make()
    state = {name: value for name, value in widget.get_state().items() if name not in ("layout", "comm")}
    saved = json.dumps(state, default=lambda data: base64.b64encode(data).decode())
    assert len(saved) + len(widget.still()) <= 50_000


@pytest.mark.parametrize("make", [window, explorer], ids=["window", "embedding"])
def test_the_still_picture_is_small_and_says_what_it_shows(make):
    widget = make()
    html = widget.still()
    assert len(html) < 25_000
    assert f'class="{widget.picture_id}"' in html
    assert re.search('alt="([^"]+)"', html)[1] == widget.alt_text().replace("'", "&#x27;")
    data = base64.b64decode(re.search('base64,([^"]+)', html)[1])
    colours = Image.open(io.BytesIO(data)).convert("RGB").getcolors(200)
    assert len(colours) > 10, "the picture is empty"


def test_the_picture_and_the_view_are_two_outputs(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    window()._ipython_display_()
    assert [set(bundle) for bundle in shown] == [
        {"text/html", "text/plain"},
        {"application/vnd.jupyter.widget-view+json", "text/plain"},
    ]
    assert shown[0]["text/plain"].startswith("Co-occurrence matrix of 8 words")


def test_a_widget_describes_itself_without_jupyter():
    assert repr(window()) == window().alt_text()


def test_asking_turns_every_exception_into_words():
    def not_yet(x):
        raise NotImplementedError

    widget = window()
    assert widget.ask(len, [1, 2]) == (2, "")
    assert widget.ask(not_yet, 1) == (None, "not_yet is not written yet.")
    assert widget.ask(lambda: 1 / 0) == (None, "Your function raised ZeroDivisionError: division by zero")
    assert widget.ask(sys.exit, 3) == (None, "Your exit raised SystemExit: 3")


def test_a_learner_cannot_change_what_the_widget_shows():
    def spoil(sentences, vocabulary, size):
        sentences[0].clear()
        vocabulary.reverse()
        return np.zeros((8, 8))

    widget = window(count=spoil)
    assert widget.sentences == SENTENCES
    assert widget.vocabulary[0] == "I"
    vectors = np.ones((2, 2))
    assert "read-only" in widget.ask(lambda array: array.__imul__(2), vectors)[1]
    assert vectors.sum() == 4


def test_common_helpers_stand_before_a_widgets_own_code():
    code, style = browser_code("window")
    assert code.index("keepKeys") < code.index("export function pairs")
    assert style.index(".wt ") < style.index(".cw-body")


# ---- the window ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 5])
def test_window_counts_like_products_of_shifted_one_hot_rows(size):
    widget = window(window=size)
    expected = np.zeros((8, 8), dtype=int)
    for sentence in SENTENCES:
        rows = np.array([[word == other for other in widget.vocabulary] for word in sentence], dtype=int)
        for shift in range(1, min(size, len(rows) - 1) + 1):
            pairs = rows[:-shift].T @ rows[shift:]
            expected += pairs + pairs.T
    np.testing.assert_array_equal(widget.counts(), expected)


def test_a_window_over_everything_counts_pairs_of_words_in_a_sentence():
    counter = CountVectorizer(lowercase=False, token_pattern=r"\S+", vocabulary=window().vocabulary)
    together = counter.transform(" ".join(sentence) for sentence in SENTENCES)
    expected = (together.T @ together).toarray()
    np.fill_diagonal(expected, 0)  # no word occurs twice in a sentence here
    np.testing.assert_array_equal(window(window=5).counts(), expected)


def test_words_outside_the_vocabulary_keep_their_place():
    widget = widgets.CooccurrenceWindow([["a", "x", "b"]], vocabulary=["a", "b"], window=1)
    assert widget.counts().tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    "kind", [np.asarray, np.ndarray.tolist, torch.tensor, csr_matrix], ids=lambda kind: kind.__name__
)
def test_a_right_matrix_of_any_kind_agrees(kind):
    widget = window(count=lambda *_: kind(window().counts()))
    assert widget.status == "Your function agrees in all 64 cells."
    assert widget.theirs == b""  # the browser has the same one


def test_differences_are_counted_and_the_first_is_named():
    wrong = window().counts()
    wrong[0, 1], wrong[7, 7] = 1, 3
    widget = window(count=lambda *_: wrong)
    np.testing.assert_array_equal(np.frombuffer(widget.theirs, "<f4").reshape(8, 8), wrong)
    assert widget.status == "Your function differs in 2 of 64 cells, first in row I, column like: 1 instead of 2."


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "returned nothing (None)"),
        ("text", "returned a str"),
        ((np.zeros((8, 8)), ["a"]), "returned a tuple"),
        (np.zeros((8, 7)), "returned shape (8, 7); expected (8, 8)"),
        (np.full((8, 8), np.nan), "differs in 64 of 64 cells, first in row I, column I: nan instead of 0"),
    ],
    ids=["nothing", "text", "a tuple", "a wrong shape", "nan"],
)
def test_what_is_no_matrix_is_said(returned, said):
    widget = window(count=lambda *_: returned)
    assert said in widget.status
    assert said in widget.alt_text()


def test_the_slider_asks_the_learners_function_again():
    asked = []
    widget = window(count=lambda sentences, vocabulary, size: asked.append(size))
    widget.window = 4
    assert asked == [2, 4]
    assert widget.theirs_window == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sentences": ["I like it"]}, "split"),
        ({"sentences": []}, "nothing to count"),
        ({"sentences": [["a"]], "vocabulary": ["a", "a"]}, "twice"),
        ({"sentences": [[str(i) for i in range(61)]]}, "at most 60"),
        ({"sentences": [["a"]], "window": 6}, "1 to 5"),
    ],
)
def test_the_window_says_what_it_cannot_show(arguments, said):
    with pytest.raises(ValueError, match=said):
        widgets.CooccurrenceWindow(**arguments)


# ---- the explorer --------------------------------------------------------------------------------------------------


def test_the_map_is_the_principal_component_analysis_of_unit_vectors():
    space = explorer()._spaces["one"]
    units = space.vectors / np.linalg.norm(space.vectors, axis=1, keepdims=True)
    oracle = PCA(2).fit(units)
    np.testing.assert_allclose(np.abs(space.points), np.abs(oracle.transform(units)), atol=1e-9)
    np.testing.assert_allclose(space.share, oracle.explained_variance_ratio_)


def test_a_large_map_comes_close_to_the_exact_one():
    vectors = np.random.default_rng(0).normal(size=(2500, 500)) * np.r_[9, 6, np.ones(498)]
    space = widgets.EmbeddingExplorer({"big": ([str(i) for i in range(2500)], vectors)})._spaces["big"]
    oracle = PCA(2, svd_solver="full").fit(space.units(slice(None)))
    np.testing.assert_allclose(np.abs(space.axes @ oracle.components_.T), np.eye(2), atol=1e-3)


def test_neighbours_and_similarities_are_those_of_the_cosine():
    words, vectors = points()
    widget = explorer(word="w3", k=4)
    similarity = cosine_similarity(vectors[3:4], vectors)[0]
    order = [i for i in np.argsort(-similarity) if i != 3][:4]
    assert [word for word, _ in widget.answer["found"]] == [words[i] for i in order]
    np.testing.assert_allclose([score for _, score in widget.answer["found"]], similarity[order])


def test_an_analogy_is_answered_by_the_offset_of_unit_vectors():
    words, vectors = points()
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similarity = cosine_similarity(units[1:2] - units[0:1] + units[2:3], vectors)[0]
    expected = [words[i] for i in np.argsort(-similarity)]
    widget = explorer(triple=("w0", "w1", "w2"), k=3)
    assert [word for word, _ in widget.answer["found"]] == [w for w in expected if w not in ("w0", "w1", "w2")][:3]
    widget.query = {**widget.query, "leave_out": False}
    assert [word for word, _ in widget.answer["found"]] == expected[:3]
    assert "left in" in widget.answer["status"]


def test_the_question_to_open_with_can_be_named():
    assert explorer(triple=("w0", "w1", "w2")).query["mode"] == "analogy"
    widget = explorer(triple=("w0", "w1", "w2"), mode="neighbours")
    assert (widget.query["mode"], widget.query["triple"]) == ("neighbours", ["w0", "w1", "w2"])
    with pytest.raises(ValueError, match="'neighbors'; the questions are"):
        explorer(mode="neighbors")


def test_the_learners_functions_are_asked_with_the_lessons_arguments():
    asked = []

    def nearest(word, k, vectors, vocabulary):
        asked.append((word, k, vectors.shape, len(vocabulary)))
        return ["w5", "w6"]

    def analogy(a, b, c, k, vectors, vocabulary):
        asked.append((a, b, c, k, vectors.shape, len(vocabulary)))
        return [("w7", 0.25)]

    widget = explorer(nearest=nearest, analogy=analogy, k=2)
    assert [word for word, _ in widget.answer["found"]] == ["w5", "w6"]
    widget.query = {**widget.query, "mode": "analogy"}
    assert widget.answer["found"] == [["w7", 0.25]]
    assert widget.answer["status"] == "Your function gave 1 of 2 words."
    assert asked == [("w0", 2, (12, 5), 12), ("w0", "w1", "w2", 2, (12, 5), 12)]


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "returned nothing (None)"),
        (["w1", "nowhere"], "returned 'nowhere', which is not one of the words of one"),
        ([3], "returned 3"),
        ([("w1", "near")], "'near' as the similarity"),
        ([("w1", float("nan"))], "nan as the similarity"),
    ],
)
def test_what_is_no_list_of_words_is_said(returned, said):
    answer = explorer(nearest=lambda *_: returned).answer
    assert said in answer["status"]
    assert answer["bad"] and answer["found"] == []


def test_a_word_missing_in_a_space_is_said_with_the_like_spelled_ones():
    widget = explorer(word="w11")
    assert widget.answer["found"]
    widget.query = {**widget.query, "word": "W11"}
    assert widget.answer["status"] == "“W11” is not among the 12 words of one. Did you mean “w11” or “w1” or “w10”?"
    widget.query = {**widget.query, "space": "two", "word": "w5"}
    assert widget.answer["status"].startswith("“w5” is not among the 2 words of two.")


def test_only_the_first_words_are_drawn_but_all_are_searched():
    words, vectors = points(3100, 4)
    widget = widgets.EmbeddingExplorer({"big": (words, vectors)}, word="w3099")
    sent = []
    widget.send = lambda content, buffers: sent.append((content, buffers))
    widget._handle_custom_msg({"points": "big"}, [])
    (content, (text, packed)), answer = sent[0], widget.answer
    assert content["total"] == 3100
    assert text.decode().split("\n") == words[:3000]
    xy = np.frombuffer(packed, "<i2").reshape(-1, 2) * content["scale"]
    np.testing.assert_allclose(xy, widget._spaces["big"].points, atol=1e-4)
    assert len(text) + len(packed) < 40_000
    assert "w3099" in answer["places"]


def test_an_unknown_space_asked_for_by_the_browser_is_passed_over():
    widget = explorer()
    widget.send = lambda *_: pytest.fail("answered")
    widget._handle_custom_msg({"points": "none"}, [])


def test_vectors_of_one_dimension_or_length_zero_are_drawn():
    widget = widgets.EmbeddingExplorer({"flat": (["a", "b", "c"], np.array([[1.0], [-1.0], [0.0]]))})
    assert np.isfinite(widget._spaces["flat"].points).all()
    assert widget.still()


@pytest.mark.parametrize(
    ("words", "vectors", "said"),
    [
        (["a"], np.ones((2, 3)), "1 words, but vectors of shape"),
        (["a", "b"], np.ones(2), "expected a row for each word"),
        (["a", "b"], np.array([[1, 2], [3, -np.inf]]), "the vector of “b” holds a value that is not finite"),
    ],
)
def test_a_space_that_does_not_fit_is_refused(words, vectors, said):
    with pytest.raises(ValueError, match=said):
        widgets.EmbeddingExplorer({"bad": (words, vectors)})
