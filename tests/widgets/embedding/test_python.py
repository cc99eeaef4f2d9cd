"""The embedding explorer's Python side: no browser, no kernel."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import cosine_similarity

from course_lib.widgets import EmbeddingExplorer
from widgets.embedding.small import explorer, points


def test_the_map_is_the_principal_component_analysis_of_unit_vectors():
    space = explorer()._spaces["one"]
    units = space.vectors / np.linalg.norm(space.vectors, axis=1, keepdims=True)
    oracle = PCA(2).fit(units)
    np.testing.assert_allclose(np.abs(space.points), np.abs(oracle.transform(units)), atol=1e-9)
    np.testing.assert_allclose(space.share, oracle.explained_variance_ratio_)


def test_a_large_map_comes_close_to_the_exact_one():
    vectors = np.random.default_rng(0).normal(size=(2500, 500)) * np.r_[9, 6, np.ones(498)]
    space = EmbeddingExplorer({"big": ([str(i) for i in range(2500)], vectors)})._spaces["big"]
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
    widget = EmbeddingExplorer({"big": (words, vectors)}, word="w3099")
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
    widget = EmbeddingExplorer({"flat": (["a", "b", "c"], np.array([[1.0], [-1.0], [0.0]]))})
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
        EmbeddingExplorer({"bad": (words, vectors)})
