"""The functions of the words lesson against NumPy, SciPy, scikit-learn and networkx."""

import networkx
import numpy as np
import pytest
import sklearn.metrics.pairwise
import sklearn.preprocessing
from scipy.stats import spearmanr
from scipy.stats.contingency import expected_freq
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import OneHotEncoder

from course_lib.reference import words

SEEDS = range(20)
THREE_SENTENCES = [text.split() for text in ("I like deep learning .", "I like NLP .", "I enjoy flying .")]
COLUMNS = ["I", "like", "enjoy", "deep", "learning", "NLP", "flying", "."]
ANIMALS_AND_VEHICLES = np.array(
    [[0, 5, 8, 1, 0], [5, 0, 7, 0, 1], [8, 7, 0, 2, 1], [1, 0, 2, 0, 6], [0, 1, 1, 6, 0]]  # cat, dog, pet, car, bus
)


def random_text(seed):
    rng = np.random.default_rng(seed)
    vocabulary = [f"w{i}" for i in range(7)]
    texts = [[f"w{i}" for i in rng.integers(0, 9, size=rng.integers(0, 12))] for _ in range(5)]  # w7, w8: unknown
    return texts, vocabulary


def count_with_sklearn(texts, vocabulary):
    """Documents x words: the counts scikit-learn makes of texts that are already lists of words."""
    return CountVectorizer(analyzer=list, vocabulary=vocabulary).fit_transform(texts).toarray()


@pytest.mark.parametrize("seed", SEEDS)
def test_one_hot_rows_are_those_of_scikit_learn(seed):
    texts, vocabulary = random_text(seed)
    text = ["w0", *texts[0]]
    encoder = OneHotEncoder(categories=[vocabulary], handle_unknown="ignore", sparse_output=False)
    expected = encoder.fit([[word] for word in vocabulary]).transform([[word] for word in text])
    np.testing.assert_array_equal(words.one_hot(text, vocabulary), expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_term_document_matrix_is_that_of_scikit_learn_transposed(seed):
    texts, vocabulary = random_text(seed)
    np.testing.assert_array_equal(words.term_document(texts, vocabulary), count_with_sklearn(texts, vocabulary).T)


@pytest.mark.parametrize("window", [0, 1, 2, 4, 20])
@pytest.mark.parametrize("seed", range(5))
def test_cooccurrence_is_what_scikit_learn_counts_in_the_windows(seed, window):
    texts, vocabulary = random_text(seed)
    places = [(text, i) for text in texts for i in range(len(text))]
    centres = count_with_sklearn([[text[i]] for text, i in places], vocabulary)
    windows = count_with_sklearn(
        [text[max(0, i - window) : i] + text[i + 1 : i + 1 + window] for text, i in places], vocabulary
    )
    counts = words.cooccurrence(texts, vocabulary, window)
    np.testing.assert_array_equal(counts, centres.T @ windows)
    np.testing.assert_array_equal(counts, counts.T)


def test_the_three_sentences_give_the_64_cells_counted_by_hand():
    expected = [
        [0, 2, 1, 1, 0, 1, 1, 0],
        [2, 0, 0, 1, 1, 1, 0, 1],
        [1, 0, 0, 0, 0, 0, 1, 1],
        [1, 1, 0, 0, 1, 0, 0, 1],
        [0, 1, 0, 1, 0, 0, 0, 1],
        [1, 1, 0, 0, 0, 0, 0, 1],
        [1, 0, 1, 0, 0, 0, 0, 1],
        [0, 1, 1, 1, 1, 1, 1, 0],
    ]
    np.testing.assert_array_equal(words.cooccurrence(THREE_SENTENCES, COLUMNS, 2), expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_cosine_is_that_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    u, v = rng.normal(size=(2, 6)) * 10.0 ** rng.integers(-3, 4, size=(2, 1))
    for first, second in [(u, v), (u, -3 * u), (u, np.zeros(6))]:
        expected = sklearn.metrics.pairwise.cosine_similarity([first], [second])[0, 0]
        assert words.cosine_similarity(first, second) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_ppmi_compares_with_the_expected_counts_of_scipy(seed):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(1.5, size=(5, 8))
    counts[2] = 0  # a word that was never seen
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.nan_to_num(np.log2(counts / expected_freq(counts)).clip(0))
    np.testing.assert_allclose(words.ppmi(counts), expected, atol=1e-12)


def test_ppmi_of_nothing_is_nothing():
    np.testing.assert_array_equal(words.ppmi(np.zeros((2, 3), dtype=int)), np.zeros((2, 3)))


@pytest.mark.parametrize("shape", [(9, 5), (5, 9), (6, 6)])
@pytest.mark.parametrize("k", [1, 3])
def test_svd_vectors_are_those_of_scikit_learn_up_to_sign(shape, k):
    matrix = np.random.default_rng(0).normal(size=shape)
    expected = TruncatedSVD(k, algorithm="arpack", random_state=0).fit_transform(matrix)
    np.testing.assert_allclose(np.abs(words.svd_vectors(matrix, k)), np.abs(expected), atol=1e-8)


def test_the_second_direction_of_the_five_words_splits_the_pet_off_and_finds_no_vehicles():
    points = words.svd_vectors(ANIMALS_AND_VEHICLES, 2)
    points = points * np.sign(points[0])  # cat's coordinates positive
    expected = [[7.64, 4.28], [7.17, 3.01], [8.52, -6.68], [2.76, 1.46], [2.31, -0.59]]
    np.testing.assert_allclose(points, expected, atol=0.005)


def test_with_row_sums_on_the_diagonal_the_second_direction_is_animals_against_vehicles():
    matrix = ANIMALS_AND_VEHICLES + np.diag(ANIMALS_AND_VEHICLES.sum(axis=1))
    cat, dog, pet, car, bus = words.svd_vectors(matrix, 2)[:, 1]
    assert np.sign(cat) == np.sign(dog) == np.sign(pet) == -np.sign(car) == -np.sign(bus)
    assert min(abs(car), abs(bus)) > 2 * max(abs(cat), abs(dog), abs(pet))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_nearest_words_are_those_with_the_largest_cosines_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(11, 4)) * rng.uniform(0.1, 30, size=(11, 1))
    vectors[3] = 0
    vocabulary = [f"w{i}" for i in range(11)]
    row = sklearn.metrics.pairwise.cosine_similarity(vectors)[5]
    expected = [vocabulary[i] for i in np.argsort(-row) if i != 5]
    assert words.nearest("w5", 6, vectors, vocabulary) == expected[:6]
    assert words.nearest("w5", 99, vectors, vocabulary) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_an_analogy_is_answered_by_the_largest_cosine_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(11, 4)) * rng.uniform(0.1, 30, size=(11, 1))
    vectors[9] = 0
    vocabulary = [f"w{i}" for i in range(11)]
    unit = sklearn.preprocessing.normalize(vectors)
    row = sklearn.metrics.pairwise.cosine_similarity([unit[7] - unit[2] + unit[4]], vectors)[0]
    expected = [vocabulary[i] for i in np.argsort(-row) if i not in (2, 7, 4)]
    assert words.analogy("w2", "w7", "w4", 3, vectors, vocabulary) == expected[:3]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_lowest_common_ancestor_and_the_path_are_those_of_networkx(seed):
    rng = np.random.default_rng(seed)
    names = [f"n{i}" for i in range(15)]
    parents = {names[i]: names[rng.integers(0, i)] for i in range(1, 15)}
    tree = networkx.DiGraph([(parent, child) for child, parent in parents.items()])
    for a, b in [("n14", "n13"), ("n12", "n12"), ("n11", "n0"), ("n7", parents["n7"])]:
        assert words.lowest_common_ancestor(a, b, parents) == networkx.lowest_common_ancestor(tree, a, b)
        assert words.hypernym_path(a, parents) == networkx.shortest_path(tree, "n0", a)[::-1]


def test_words_of_different_trees_have_no_common_ancestor():
    assert words.lowest_common_ancestor("cat", "green", {"cat": "animal", "green": "colour"}) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rank_correlation_is_spearmans_of_scipy_with_ties(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 6, size=(2, 25))
    assert words.rank_correlation(x, y) == pytest.approx(spearmanr(x, y).statistic)
