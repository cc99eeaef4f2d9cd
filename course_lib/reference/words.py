"""Words as vectors: symbols, counts, reweighted counts, and the dense vectors hidden in them.

Read it top to bottom. Letters for the axes, all through the module:
    V  words of the vocabulary; word number i belongs to row or column i
    N  words of a text
    d  numbers in the vector of a word
"""

import numpy as np


def hypernym_path(word: str, parents: dict[str, str]) -> list[str]:
    """List a word and everything it is a kind of, from the word itself up to the root of its tree.

    word: the word to start from.
    parents: for each word its hypernym, the next more general word; a root has no entry.

    Returns the path: word first, root last. A word without an entry in parents is its own root.
    Source: the hypernym relation of WordNet (Miller 1995), here with one parent a word.
    """
    path = [word]
    while path[-1] in parents:
        path.append(parents[path[-1]])
    return path


def lowest_common_ancestor(a: str, b: str, parents: dict[str, str]) -> str | None:
    """Find the most specific word that both a and b are a kind of.

    a, b: the two words. A word counts as its own ancestor.
    parents: for each word its hypernym, the next more general word; a root has no entry.

    Returns the common ancestor nearest to the two words, or None when they are in different trees.
    Source: the least common subsumer of measures over WordNet; Resnik (1995).
    """
    above_b = set(hypernym_path(b, parents))
    for ancestor in hypernym_path(a, parents):
        if ancestor in above_b:
            return ancestor
    return None


def one_hot(words: list[str], vocabulary: list[str]) -> np.ndarray:
    """Turn each word into a row with a single 1 in the column of that word.

    words: the N words to encode, in order; a word may come more than once.
    vocabulary: the V different words; word number i belongs to column i.

    Returns an array of shape (N, V), float64. A word outside the vocabulary gets a row of zeros.
    Source: the local, one-of-V representation; Bengio and others (2003), section 1.
    """
    index = {word: column for column, word in enumerate(vocabulary)}
    vectors = np.zeros((len(words), len(vocabulary)))
    for row, word in enumerate(words):
        if word in index:
            vectors[row, index[word]] = 1
    return vectors


def cooccurrence(sentences: list[list[str]], vocabulary: list[str], window: int = 2) -> np.ndarray:
    """Count how often each word of the vocabulary stands near each other word.

    The window of a position is the `window` places to its left and the `window` places to its right,
    without the position itself, and it never leaves the sentence. Only positions are compared: the same
    word a little further on is a neighbour like any other.

    sentences: the text, each sentence a list of words.
    vocabulary: the V different words to count; word number i belongs to row i and column i.
    window: how many places to look on each side; 0 counts nothing.

    Returns an array of shape (V, V), int: entry [i, j] says how often word j is in the window of word i.
    Words outside the vocabulary are not counted, but they keep their place in the sentence.
    Source: the word-context matrix of distributional semantics; Lund and Burgess (1996), without weights.
    """
    index = {word: column for column, word in enumerate(vocabulary)}
    counts = np.zeros((len(vocabulary), len(vocabulary)), dtype=int)
    for sentence in sentences:
        ids = [index.get(word) for word in sentence]
        for centre, row in enumerate(ids):
            if row is None:
                continue
            first, last = max(0, centre - window), min(len(ids), centre + window + 1)
            for neighbour in range(first, last):
                if neighbour != centre and ids[neighbour] is not None:
                    counts[row, ids[neighbour]] += 1
    return counts


def term_document(documents: list[list[str]], vocabulary: list[str]) -> np.ndarray:
    """Count how often each word of the vocabulary occurs in each document.

    documents: the D documents, each a list of words; an empty one is allowed.
    vocabulary: the V different words to count; word number i belongs to row i.

    Returns an array of shape (V, D), int: entry [i, j] says how often word i occurs in document j.
    Words outside the vocabulary are ignored.
    Source: the vector space model of Salton, Wong and Yang (1975).
    """
    index = {word: row for row, word in enumerate(vocabulary)}
    counts = np.zeros((len(vocabulary), len(documents)), dtype=int)
    for column, document in enumerate(documents):
        for word in document:
            if word in index:
                counts[index[word], column] += 1
    return counts


def cosine_similarity(u: np.ndarray, v: np.ndarray) -> float:
    """Compare the directions of two vectors, whatever their lengths.

    u, v: two arrays of the same shape (n,), int or float.

    Returns the cosine of the angle between them, from -1 to 1. A vector of zeros has no direction: the
    result is 0.
    Source: u·v / (‖u‖ ‖v‖).
    """
    lengths = np.linalg.norm(u) * np.linalg.norm(v)
    return float(np.dot(u, v) / lengths) if lengths > 0 else 0.0


def ppmi(counts: np.ndarray) -> np.ndarray:
    """Replace counts by their positive pointwise mutual information.

    With N the sum of all counts, an entry becomes log2 of count · N / (sum of its row · sum of its
    column): how many times more often the pair was seen than chance would have it, in bits. Negative
    values become 0.

    counts: array of shape (V, C), numbers >= 0; entry [i, j] says how often word i was seen in context j.

    Returns an array of shape (V, C), float64, all >= 0. Where the count is 0 the result is 0, never NaN.
    Source: Church and Hanks (1990); the positive part: Bullinaria and Levy (2007).
    """
    counts = np.asarray(counts, dtype=float)
    by_chance = np.outer(counts.sum(axis=1), counts.sum(axis=0))  # times N: (V, 1) · (1, C) -> (V, C)
    ratio = np.divide(counts * counts.sum(), by_chance, out=np.ones_like(counts), where=counts > 0)
    return np.maximum(np.log2(ratio), 0)


def svd_vectors(matrix: np.ndarray, k: int) -> np.ndarray:
    """Squeeze each row of a matrix into k numbers, losing as little as possible.

    With the singular value decomposition matrix = U Σ Vᵀ, singular values in falling order, the k
    numbers of a row are its entries in the first k columns of U, each multiplied by its singular value:
    U_k Σ_k.

    matrix: array of shape (V, C); it need be neither square nor symmetric.
    k: how many numbers to keep, 1 <= k <= min(V, C).

    Returns an array of shape (V, k), float64. The sign of a column is free: an SVD fixes it by accident.
    Source: Eckart and Young (1936); for words, latent semantic analysis: Deerwester and others (1990).
    """
    left, singular_values, _ = np.linalg.svd(matrix, full_matrices=False)  # (V, r), (r,) with r = min(V, C)
    return left[:, :k] * singular_values[:k]


def nearest(word: str, k: int, vectors: np.ndarray, vocabulary: list[str]) -> list[str]:
    """Find the k words whose vectors point most nearly the same way as a word's vector.

    word: one of the vocabulary.
    k: how many neighbours to return.
    vectors: array of shape (V, d); row i is the vector of word number i. The cosine with a row of zeros
        counts as 0.
    vocabulary: the V words.

    Returns a list of k words (fewer if the vocabulary is too small), most similar first by cosine, without
    the word itself. Words that are equally similar may come in any order.
    Source: ranking by the cosine measure, Salton, Wong and Yang (1975).
    """
    query = vocabulary.index(word)
    norms = np.linalg.norm(vectors, axis=1)
    lengths = norms * norms[query]
    similarity = np.divide(vectors @ vectors[query], lengths, out=np.zeros(len(lengths)), where=lengths > 0)
    order = np.argsort(-similarity, kind="stable")
    return [vocabulary[i] for i in order if i != query][:k]


def analogy(a: str, b: str, c: str, k: int, vectors: np.ndarray, vocabulary: list[str]) -> list[str]:
    """Answer "a is to b as c is to ...?" by vector arithmetic: walk from a to b, but start at c.

    First every vector is brought to length 1. Then the words are ranked by their cosine with the point that
    the walk leads to: b - a + c.

    a, b, c: three words of the vocabulary.
    k: how many answers to return.
    vectors: array of shape (V, d); row i is the vector of word number i. A row of zeros stays as it is; its
        cosine with anything counts as 0.
    vocabulary: the V words.

    Returns a list of k words (fewer if the vocabulary is too small), nearest first, without a, b and c.
    Words that are equally near may come in any order.
    Source: Mikolov, Yih and Zweig (2013); the name 3CosAdd: Levy and Goldberg (2014).
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(norms > 0, norms, 1)
    given = [vocabulary.index(word) for word in (a, b, c)]
    target = unit[given[1]] - unit[given[0]] + unit[given[2]]
    order = np.argsort(-(unit @ target), kind="stable")  # the target's length would not change the order
    return [vocabulary[i] for i in order if i not in given][:k]


def rank_correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Say how well two lists agree on the order of the same things: Spearman's ρ.

    x, y: two sequences of n numbers, n >= 2; equal numbers share the mean of their ranks.

    Returns a number from -1 (opposite order) to 1 (same order).
    Source: Spearman (1904), as Pearson's correlation of the ranks.
    """
    ranks = []
    for values in (x, y):
        _, place, repeats = np.unique(values, return_inverse=True, return_counts=True)
        ranks.append((np.cumsum(repeats) - (repeats - 1) / 2)[place])
    return float(np.corrcoef(*ranks)[0, 1])
