"""The exercises of the words lesson: cases, hints, known mistakes and other right answers."""

from collections import Counter

import numpy as np

from course_lib.judge.compare import difference
from course_lib.judge.exercise import Exercise, case
from course_lib.reference import words

_VOCABULARY = ["the", "cat", "sat", "on", "mat"]
_TREE = {"cat": "pet", "dog": "pet", "pet": "animal", "sparrow": "bird", "bird": "animal", "animal": "thing"}
_TREE |= {"car": "vehicle", "vehicle": "thing", "green": "colour", "blue": "colour"}
_THREE_SENTENCES = [["I", "like", "deep", "learning", "."], ["I", "like", "NLP", "."], ["I", "enjoy", "flying", "."]]
_EIGHT_WORDS = ["I", "like", "enjoy", "deep", "learning", "NLP", "flying", "."]


def _random_texts(rng, texts, longest, unknown):
    """Some texts of letters, and a vocabulary of six of them in an order of its own; `unknown` more are in the texts.

    With unknown=0, a function that stops at an unknown word still shows what else is wrong with it.
    """
    letters = list("abcdefgh")[: 6 + unknown]
    rng.shuffle(letters)
    texts = [[letters[i] for i in rng.integers(0, len(letters), size=rng.integers(1, longest))] for _ in range(texts)]
    return texts, letters[:6]


# hypernym_path
def _path_cases(rng):
    yield case("cat", {"cat": "pet", "pet": "animal"}, label="the worked example")
    yield case("sparrow", _TREE)
    yield case("thing", _TREE, label="a root")
    yield case("unicorn", _TREE, label="a word that is not in the tree")
    for size in (5, 9):
        names = [f"n{i}" for i in rng.permutation(size)]
        yield case(names[-1], {names[i]: names[rng.integers(0, i)] for i in range(1, size)})

hypernym_path = Exercise(words.hypernym_path, _path_cases, hints=[
    "You do not know beforehand how many steps there are. Which kind of loop fits?",
    "Start with a list that holds the word alone. While its last word has a parent, append that parent.",
    "`while path[-1] in parents:` asks the question, `parents[path[-1]]` is the next word."])
hypernym_path.slip("return path", "return path[1:]", looks="the word itself is left out",
    do="The path starts with the word you were given: begin with a list that holds it.")
hypernym_path.slip("return path", "return path[:-1]", looks="the root is left out",
    do="A root has no entry in parents, but it is the entry of its children: append the parent first, then ask on.")
hypernym_path.slip("return path", "return path[::-1]",
    looks="the path runs from the root down", do="The word comes first and the root last.")
hypernym_path.slip("while", "if",
    looks="only one step is taken", do="Repeat the step until there is no parent any more.")
hypernym_path.slip("path[-1] in parents", "parents[path[-1]] is not None", looks="the parent of a root is looked up",
    do="A root is no key of parents. Ask `word in parents` before each step.")
hypernym_path.slip("return path", "return [*path, None]", looks="the path ends with None",
    do="`parents.get(word)` gives None for a root. Ask whether there is a parent before you append it.")
hypernym_path.slip("[path[-1]]", ".pop(path[-1])", looks="the entries are taken out of parents on the way",
    do="The taxonomy belongs to the caller, who may need it again: read with parents[word], not with pop.")

@hypernym_path.alternative
def _recursive(word, parents):
    return [word, *_recursive(parents[word], parents)] if word in parents else [word]

@hypernym_path.alternative
def _with_get(word, parents):
    path = [word]
    while word := parents.get(word):
        path.append(word)
    return path


# lowest_common_ancestor
def _ancestor_cases(rng):
    yield case("cat", "dog", {"cat": "pet", "dog": "pet", "pet": "animal"}, label="the worked example")
    yield case("cat", "sparrow", _TREE, label="two words at different depths")
    yield case("sparrow", "car", _TREE)
    yield case("cat", "animal", _TREE, label="one word above the other")
    yield case("dog", "dog", _TREE, label="a word and itself")
    yield case("cat", "green", _TREE, label="two different trees")
    for size in (7, 10, 14):
        names = [f"n{i}" for i in rng.permutation(size)]
        tree = {names[i]: names[rng.integers(max(0, i - 3), i)] for i in range(1, size)}
        yield case(names[-1], names[-2], tree)

lowest_common_ancestor = Exercise(words.lowest_common_ancestor, _ancestor_cases, hints=[
    "You have hypernym_path: ask it for both words.",
    "Walk up from a. The first word you meet that is also above b is the answer. Why the first?",
    "`for ancestor in hypernym_path(a, parents): if ancestor in hypernym_path(b, parents): return ancestor`"])
lowest_common_ancestor.slip("hypernym_path(a, parents)", "hypernym_path(a, parents)[::-1]",
    looks="the most general common ancestor is returned, not the most specific one",
    do="Walk up from a and stop at the first word that is also above b.")
lowest_common_ancestor.slip("return path", "return path[1:]", inside="hypernym_path",
    looks="a word does not count as its own ancestor",
    do="Is a cat a kind of animal? Then the answer for cat and animal is animal: keep both words in their own paths.")
lowest_common_ancestor.slip("ancestor in above_b",
    "(ancestor, ancestor) in zip(hypernym_path(a, parents), hypernym_path(b, parents))",
    looks="the two paths are compared step by step",
    do="One word may lie deeper than the other. Ask whether an ancestor of a is anywhere in the path of b.")
lowest_common_ancestor.slip("return path", "return path[1:2]", inside="hypernym_path",
    looks="only the direct parents are compared", do="The common ancestor may be many steps up: use the whole paths.")
lowest_common_ancestor.slip("return None", "    return None", looks="only the first word of the path is tried",
    do="An `else: return None` inside the loop gives up at once. Return None after the loop, when all were tried.")
lowest_common_ancestor.slip("return None", "return [][0]",
    looks="words of two different trees have no case of their own", do="When nothing is shared the answer is None.")
lowest_common_ancestor.slip("return ancestor", "yield ancestor",
    looks="all common ancestors are returned", do="Return one word, the nearest, not a list of them.")
lowest_common_ancestor.alternative(lambda a, b, parents: next(
    (x for x in words.hypernym_path(b, parents) if x in words.hypernym_path(a, parents)), None))

@lowest_common_ancestor.alternative
def _down_from_the_roots(a, b, parents):
    paths = words.hypernym_path(a, parents)[::-1], words.hypernym_path(b, parents)[::-1]
    shared = [x for x, y in zip(*paths, strict=False) if x == y]
    return shared[-1] if shared else None


# one_hot
def _one_hot_cases(rng):
    yield case(["cat", "mat"], _VOCABULARY, label="the worked example")
    yield case(["cat", "mat", "cat"], _VOCABULARY, label="a word that comes twice")
    yield case(["the", "dog", "on", "mat"], _VOCABULARY, label="a word outside the vocabulary")
    yield case(["the"], _VOCABULARY, label="the first word of the vocabulary")
    for unknown in (0, 0, 2):
        (text,), vocabulary = _random_texts(rng, texts=1, longest=12, unknown=unknown)
        yield case(text, vocabulary)

def _numbers_only(got, expected, *_):
    """True and False equal 1 and 0, but the lesson goes on to multiply and to print the entries."""
    if np.asarray(got).dtype == bool:
        return "the entries are True and False, expected the numbers 1 and 0"
    return difference(got, expected)

one_hot = Exercise(words.one_hot, _one_hot_cases, differ=_numbers_only, hints=[
    "Start from np.zeros((len(words), len(vocabulary))). How many ones are to be written, and where?",
    "Row number i belongs to words[i]. Its column is the place of that word in the vocabulary.",
    "`vectors[row, vocabulary.index(word)] = 1`, for the words that are in the vocabulary."])
_WRITE = "if word in index:\n            vectors[row, index[word]]"
one_hot.slip("index[word]]", "index[word] - 1]", looks="each 1 stands one column too far to the left",
    do="Python counts from 0: the first word of the vocabulary belongs to column 0.")
one_hot.slip("return vectors", "return vectors.max(axis=0)",
    looks="all the words went into one vector", do="Each word gets a row of its own, with exactly one 1 in it.")
one_hot.slip(_WRITE, "vectors[row, vocabulary.index(word)]", looks="a word outside the vocabulary stops the function",
    do="vocabulary.index(word) raises ValueError for such a word. Ask `word in vocabulary` first; its row stays zero.")
one_hot.slip("vectors = np.zeros", "words = [word for word in words if word in index]\n    vectors = np.zeros",
    looks="a word outside the vocabulary gets no row at all",
    do="Every word of the text keeps its row, so that row i still belongs to words[i]; an unknown word's row is zero.")
one_hot.slip(_WRITE, "vectors[row, index.get(word, -1)]",
    looks="an unknown word is taken for the last word of the vocabulary",
    do="Index -1 is the last column in Python. Leave the row of an unknown word alone.")
one_hot.slip(_WRITE, "vectors[row, index.get(word)]", looks="the whole row of an unknown word was set to 1",
    do="places.get(word) gives None for it, and None as an index stands for the whole row. Leave that row alone.")
one_hot.slip("len(vocabulary))", "len(vocabulary)), dtype=bool", looks="the entries are True and False",
    do="Numbers are wanted: `.astype(float)` turns False into 0 and True into 1.")
one_hot.slip("vectors[row,", "vectors[:,", looks="all rows are one and the same list",
    do="`[row] * n` repeats the list itself, so that a 1 shows up in every row. np.zeros((N, V)) makes separate rows.")
one_hot.alternative(lambda text, vocabulary: np.array([[int(word == known) for known in vocabulary] for word in text]))

@one_hot.alternative
def _rows_of_the_identity(text, vocabulary):
    columns = [vocabulary.index(word) if word in vocabulary else -1 for word in text]
    return np.eye(len(vocabulary) + 1)[columns, :-1]


# cooccurrence
def _cooccurrence_cases(rng):
    yield case([["the", "cat", "the"]], ["the", "cat"], 2, label="the worked example")
    yield case(_THREE_SENTENCES, _EIGHT_WORDS, 2, label="three sentences")
    yield case([["cat"], ["sat", "on"]], _VOCABULARY, 3, label="sentences shorter than the window")
    yield case([["the", "cat", "sat"]], _VOCABULARY, 0, label="an empty window")
    yield case([["the", "shy", "cat", "sat"]], _VOCABULARY, 1, label="a word outside the vocabulary")
    for window, unknown in ((1, 0), (2, 0), (4, 0), (3, 2)):
        yield case(*_random_texts(rng, texts=3, longest=10, unknown=unknown), window)

cooccurrence = Exercise(words.cooccurrence, _cooccurrence_cases, hints=[
    "Three loops: over the sentences, over the positions of a sentence, over the positions in the window.",
    "The window of position i runs from max(0, i - window) to min(len(sentence), i + window + 1), end excluded.",
    "Skip the position i itself (compare positions, not words), and skip words outside the vocabulary; "
    "else counts[row, column] += 1."])
cooccurrence.slip("in sentences:", "in [sum(sentences, [])]:", looks="windows run on into the next sentence",
    do="Handle each sentence by itself: its first word has nothing to its left.")
cooccurrence.slip("range(first, last)", "range(first, centre)", looks="only the words to the left are counted",
    do="The window has two sides: look `window` places to the right as well.")
cooccurrence.slip("range(first, last)", "range(centre + 1, last)", looks="only the words to the right are counted",
    do="The window has two sides: look `window` places to the left as well.")
cooccurrence.slip("+= 1", "+= 2", looks="every pair is counted twice",
    do="Each word is the centre once. When it is, add 1 to [centre, neighbour] only; the mirror image comes by itself.")
cooccurrence.slip("neighbour != centre", "ids[neighbour] != row",
    looks="the centre is recognised by its word, not by its position",
    do="In 'the cat the' each 'the' has the other in its window. Skip position i, not every word equal to the centre.")
cooccurrence.slip("centre + window + 1", "centre + window",
    looks="the right edge of the window is one place short", do="range leaves out its end: write i + window + 1.")
cooccurrence.slip("range(first, last)", "range(len(ids))[centre - window : last]",
    looks="the window vanishes at the start of a sentence",
    do="i - window is negative there, and Python counts negative places from the end: write max(0, i - window).")
cooccurrence.slip("range(first, last)", "[*range(len(ids))[centre - window : centre], *range(centre + 1, last)]",
    looks="the left half of the window vanishes at the start of a sentence",
    do="i - window is negative there, and sentence[-1:1] is empty: write sentence[max(0, i - window) : i].")
cooccurrence.slip("first, last =", "centre = ids.index(row)\n            first, last =",
    looks="the place of a word is looked up with sentence.index",
    do="index gives the first place of that word, also for the second one. `for i, word in enumerate(sentence)` "
    "counts the places.")
cooccurrence.slip("range(first, last)", "range(len(ids))[centre - window : centre + window]",
    looks="the window is sentence[i - window : i + window], which goes wrong at both ends",
    do="A negative start counts from the end of the list: max(0, i - window). And a slice leaves out its end: "
    "i + window + 1.")
cooccurrence.slip("neighbour != centre and ", "", looks="a word counts as its own neighbour",
    do="The position in the middle does not belong to its window: skip j == i.")
cooccurrence.slip("in sentence]", "in sentence if word in index]",
    looks="words outside the vocabulary were removed before the windows were laid",
    do="They are not counted, but they keep their place. Without them, far words would move together.")
cooccurrence.slip("index.get", "vocabulary.index", looks="vocabulary.index is asked for a word outside the vocabulary",
    do="It raises ValueError for such a word. Skip the words that are not in the vocabulary; they are not counted.")
cooccurrence.slip("index.get(word)", "index[word]", looks="a dict of places is asked for a word outside the vocabulary",
    do="It raises KeyError for such a word. Ask `word in places` first, or take places.get(word), which gives None.")
cooccurrence.slip("+= 1", "= 1",
    looks="a pair is noted once, however often it is seen", do="Add 1 each time instead of setting to 1.")

@cooccurrence.alternative
def _counter_of_pairs(sentences, vocabulary, window=2):
    places = [list(enumerate(sentence)) for sentence in sentences]
    pairs = Counter((a, b) for text in places for i, a in text for j, b in text if 0 < abs(i - j) <= window)
    return np.array([[pairs[row, column] for column in vocabulary] for row in vocabulary])

@cooccurrence.alternative
def _shifted_products(sentences, vocabulary, window=2):
    counts = np.zeros((len(vocabulary), len(vocabulary)))
    for rows in [words.one_hot(sentence, vocabulary) for sentence in sentences]:
        counts += sum(rows[shift:].T @ rows[:-shift] for shift in range(1, window + 1))
    return counts + counts.T


# term_document
def _document_cases(rng):
    yield case([["the", "cat", "the"], ["on"]], ["the", "on"], label="the worked example")
    yield case(_THREE_SENTENCES, _EIGHT_WORDS, label="three sentences")
    yield case([["mat", "the"], ["at"]], ["at", "mat", "the"], label="a word inside another word")
    yield case([["the", "dog"], [], ["sat"]], _VOCABULARY, label="an unknown word and an empty document")
    for texts, unknown in ((2, 0), (4, 0), (3, 2)):
        yield case(*_random_texts(rng, texts=texts, longest=12, unknown=unknown))

term_document = Exercise(words.term_document, _document_cases, hints=[
    "Start from zeros of shape (words, documents). Go through the documents one by one.",
    "enumerate(documents) gives you the column, the word's place in the vocabulary gives you the row.",
    "`counts[vocabulary.index(word), column] += 1`, for the words that are in the vocabulary."])
term_document.slip("+= 1", "= 1",
    looks="it is only noted whether a word occurs, not how often", do="Add 1 each time the word comes.")
term_document.slip("enumerate(vocabulary)", "enumerate(sorted(vocabulary))", looks="the rows are in alphabetical order",
    do="Row i belongs to vocabulary[i], in the order in which it was given.")
term_document.slip("if word in index:\n                counts", "counts",
    looks="a word outside the vocabulary stops the function", do="Ask `word in ...` first, and ignore the others.")
term_document.slip("return counts", "return counts / [max(1, len(document)) for document in documents]",
    looks="the counts are divided by the length of the document", do="Plain counts, please. Reweighting comes later.")
term_document.slip("return counts", "return counts.cumsum(axis=1)", looks="counts of one document run on into the next",
    do="Begin each document with a fresh count, or count in its column.")
term_document.slip("return counts",
    "return np.array([[' '.join(document).count(word) for document in documents] for word in vocabulary])",
    looks="words are also counted inside longer words",
    do="Joined into one text, 'mat' holds an 'at'. Count in the list of words: document.count(word).")
term_document.alternative(lambda documents, vocabulary: np.array(
    [[document.count(word) for document in documents] for word in vocabulary]))
term_document.alternative(lambda documents, vocabulary: np.array(
    [[counter[word] for word in vocabulary] for counter in map(Counter, documents)]).T)


# cosine_similarity
def _cosine_cases(rng):
    yield case(np.array([3, 1, 2]), np.array([3, 0, 2]), label="the worked example")
    yield case(np.array([1.0, 2.0]), np.array([10.0, 20.0]), label="the same direction, ten times as long")
    yield case(np.array([1.0, 2.0, -1.0]), np.array([-2.0, -4.0, 2.0]), label="opposite directions")
    yield case(np.array([1, 0]), np.array([0, 1]), label="a right angle")
    yield case(np.array([0.0, 0.0, 0.0]), np.array([1.0, 2.0, 3.0]), label="a vector of zeros")
    for size in (1, 4, 7):
        yield case(*rng.normal(size=(2, size)))

cosine_similarity = Exercise(words.cosine_similarity, _cosine_cases, hints=[
    "Dot product on top, the product of the two lengths below.",
    "A length is the square root of the sum of squares: np.linalg.norm(u). Mind a length of 0.",
    "`np.dot(u, v) / (np.linalg.norm(u) * np.linalg.norm(v))`, and 0.0 when one of the lengths is 0."])
_LENGTHS = "np.linalg.norm(u) * np.linalg.norm(v)"
cosine_similarity.slip(" / lengths", "",
    looks="the dot product is not divided by the lengths", do="Divide by the product of the two lengths.")
cosine_similarity.slip(_LENGTHS, "np.dot(u, u) * np.dot(v, v)", looks="the lengths lack their square root",
    do="The length of u is the square root of u·u: np.sqrt or np.linalg.norm.")
cosine_similarity.slip("norm(u) *", "norm(u) +",
    looks="the lengths are added", do="The two lengths are multiplied: ‖u‖ · ‖v‖.")
cosine_similarity.slip(_LENGTHS, "np.sqrt(np.dot(u, u) + np.dot(v, v))",
    looks="the two lengths stand under one root, added", do="Each length is a root of its own; then multiply the two.")
cosine_similarity.slip(" if lengths > 0 else 0.0", "",
    looks="a vector of zeros was divided by its length, which is 0", do="Return 0.0 when one of the lengths is 0.")
cosine_similarity.slip("np.dot(u, v) / lengths", "1 - np.dot(u, v) / lengths",
    looks="one minus the cosine is returned", do="That is the cosine distance. Here 1 means the same direction.")
cosine_similarity.slip("np.dot(u, v)", "abs(np.dot(u, v))",
    looks="the sign is lost", do="Vectors in opposite directions have the cosine -1: no abs here.")
cosine_similarity.slip("np.linalg.norm(u) * ", "",
    looks="only one of the two lengths is used", do="Divide by the length of u and by the length of v.")
cosine_similarity.slip("/ lengths", f"/ {_LENGTHS}", looks="the result was multiplied by the second length",
    do="Python goes from left to right: a / b * c is (a / b) * c. Put the product of the lengths in brackets.")
cosine_similarity.slip("float(np.dot(u, v) / lengths)", "u * v / lengths", looks="the products were not added up",
    do="u * v multiplies place by place. np.dot(u, v), or u @ v, adds up as well.")
cosine_similarity.slip("np.dot(u, v) / lengths", "np.arccos(np.clip(np.dot(u, v) / lengths, -1, 1))",
    looks="the angle is returned", do="The cosine of it is wanted: leave np.arccos out.")

@cosine_similarity.alternative
def _unit_vectors_first(u, v):
    u, v = (w / np.linalg.norm(w) if np.any(w) else np.zeros(len(w)) for w in (u, v))
    return u @ v

@cosine_similarity.alternative
def _with_loops(u, v):
    top = sum(a * b for a, b in zip(u, v, strict=True))
    below = sum(a * a for a in u) ** 0.5 * sum(b * b for b in v) ** 0.5
    return top / below if below else 0.0


# ppmi
def _ppmi_cases(rng):
    yield case(np.array([[2, 0], [2, 12]]), label="the worked example")
    yield case(np.array([[3, 0, 1], [0, 0, 0]]), label="a word that was never seen")
    yield case(np.array([[2.5, 7.0]]), label="a single row")
    for shape in ((3, 5), (6, 4), (4, 4)):
        yield case(rng.poisson(1.5, size=shape))

ppmi = Exercise(words.ppmi, _ppmi_cases, hints=[
    "Work out three sums first: of the whole matrix, of each row, of each column.",
    "np.outer(row_sums, column_sums) / total is the count that chance alone would give. Compare with it.",
    "np.log2(counts / expected), with 0 in place of everything negative and wherever the count is 0."])
_RATIO = "np.divide(counts * counts.sum(), by_chance, out=np.ones_like(counts), where=counts > 0)"
ppmi.slip("np.maximum(np.log2(ratio), 0)", "np.log2(ratio)",
    looks="negative values were kept", do="That is PMI. For positive PMI raise what is below 0 to 0: np.maximum.")
ppmi.slip("np.log2", "np.log", looks="the natural logarithm was taken", do="The result is in bits: use np.log2.")
ppmi.slip(_RATIO, "counts * counts.sum() / by_chance", looks="zero is divided by zero where a word was never seen",
    do="A row of zeros makes the expected count 0 as well. Put 0 wherever the count is 0.")
ppmi.slip("counts * counts.sum()", "counts", looks="the total N is missing",
    do="Multiply count by N, the sum of the whole matrix, before dividing by the two sums.")
ppmi.slip("counts.sum(axis=0)", "counts.sum() / counts.shape[1]", looks="only the sum of the row is used",
    do="A frequent context is no news: divide by the sum of its column as well.")
ppmi.slip("np.outer(counts.sum(axis=1), counts.sum(axis=0))", "counts.sum(axis=1) * counts.sum(axis=0)",
    looks="the sums of rows and of columns are multiplied place by place",
    do="Each row sum has to meet each column sum: np.outer(row_sums, column_sums), or keepdims=True when you sum.")
ppmi.slip("np.log2(ratio)", "np.where(counts > 0, ratio, 0)",
    looks="the logarithm was left out", do="Take np.log2 of count / expected.")
ppmi.slip("np.log2(ratio), 0)", "np.log2(ratio), 0).astype(int)", looks="the results were cut down to whole numbers",
    do="np.zeros_like(counts) makes an array of the type of counts, and those are whole numbers. "
    "np.zeros(counts.shape) makes one of floats.")
ppmi.slip(_RATIO, "np.where(counts > 0, counts * counts.sum() / by_chance.T, 1)",
    looks="the sums of rows and of columns are exchanged",
    do="counts.sum(axis=1) has one number for each row, counts.sum(axis=0) one for each column. Mind the order in "
    "np.outer, or the shapes when you broadcast.")

@ppmi.alternative
def _from_probabilities(counts):
    joint = counts / counts.sum()
    return np.nan_to_num(np.log2(joint / np.outer(joint.sum(axis=1), joint.sum(axis=0))), neginf=0).clip(0)

@ppmi.alternative
def _with_two_loops(counts):
    result = np.zeros(counts.shape)
    for i, j in zip(*np.nonzero(counts), strict=True):
        result[i, j] = max(0, np.log2(counts[i, j] * counts.sum() / (counts[i].sum() * counts[:, j].sum())))
    return result


# svd_vectors
def _svd_cases(rng):
    five_words = [[0, 5, 8, 1, 0], [5, 0, 7, 0, 1], [8, 7, 0, 2, 1], [1, 0, 2, 0, 6], [0, 1, 1, 6, 0]]
    yield case(np.array([[3.0, 0.0, 4.0]]), 1, label="the worked example")
    yield case(np.array(five_words), 2, label="five words")
    yield case(rng.normal(size=(4, 4)), 4, label="as many numbers as before")
    for shape, k in (((7, 4), 2), ((4, 7), 3), ((5, 5), 2)):
        yield case(rng.normal(size=shape) + 0.5, k)

def _same_up_to_sign(got, expected, matrix, k):
    """Compare two sets of row vectors by what the free choices of an SVD leave alone."""
    if getattr(got, "shape", None) != expected.shape:
        return difference(got, expected)
    got = np.asarray(got)
    if not np.isfinite(got).all():
        return "the result has entries that are no numbers (NaN or infinite)"
    scale = max(np.abs(expected).max() ** 2, 1e-9)
    lengths, wanted = np.linalg.norm(got, axis=0), np.linalg.norm(expected, axis=0)
    if text := difference(lengths, wanted, atol=1e-6 * scale, where="the list of the columns' lengths"):
        return text
    products = "the table of dot products of your rows, which no choice of signs changes,"
    return difference(got @ got.T, expected @ expected.T, rtol=1e-5, atol=1e-6 * scale, where=products)

svd_vectors = Exercise(words.svd_vectors, _svd_cases, differ=_same_up_to_sign, hints=[
    "np.linalg.svd does the decomposition. Ask for full_matrices=False and look at the three shapes.",
    "It returns U, the singular values in falling order (a flat array) and Vᵀ. The rows of U belong to the words.",
    "`U[:, :k] * values[:k]` multiplies column j by singular value j."])
_KEPT = "left[:, :k] * singular_values[:k]"
svd_vectors.slip("svd(matrix", "svd(matrix.T", looks="the vectors belong to the columns of the matrix, not to its rows",
    do="The words are the rows: take U and not Vᵀ.")
svd_vectors.slip(" * singular_values[:k]", "", looks="the columns of U were not multiplied by the singular values",
    do="Without Σ all k directions weigh the same, the faintest as much as the strongest.")
svd_vectors.slip(_KEPT, "(left * singular_values)[:, ::-1][:, :k]", looks="the smallest singular values were kept",
    do="np.linalg.svd returns them in falling order: the largest k come first (np.linalg.eigh does the opposite).")
svd_vectors.slip("svd(matrix", "svd(matrix - matrix.mean(axis=0)",
    looks="the mean was subtracted first", do="That is principal component analysis. Decompose the matrix as it is.")
svd_vectors.slip(_KEPT, "(left * singular_values)[:k]",
    looks="k rows were kept instead of k columns", do="Every word keeps a row. Cut the columns: U[:, :k], not U[:k].")
svd_vectors.slip(_KEPT, "(left[:, :k] * singular_values[:k]) @ _[:k]", looks="the matrix of rank k was rebuilt",
    do="U_k Σ_k Vᵀ_k is as wide as the matrix was. Stop before Vᵀ: the k numbers of each row are wanted.")
svd_vectors.slip(_KEPT, "np.linalg.svd(matrix)[2][:, :k] * singular_values[:k]",
    looks="the third result of np.linalg.svd was taken for V",
    do="It is Vᵀ already. And the words are the rows of the matrix: their directions stand in U, the first result.")
svd_vectors.slip("left[:, :k] *", "left[:, :k] @", looks="the k columns were added up",
    do="`U[:, :k] @ values[:k]` is one number for each word. `*` multiplies column j by number j and keeps them apart.")
svd_vectors.slip(_KEPT, "left * singular_values",
    looks="nothing was cut off", do="Keep the first k columns only, those of the k largest singular values.")
svd_vectors.slip(_KEPT, "np.multiply(*np.linalg.eigh(matrix))[:, ::-1][:, :k]",
    looks="eigenvalues took the place of singular values",
    do="They agree only for a symmetric matrix without negative eigenvalues. Use np.linalg.svd.")
svd_vectors.slip(_KEPT, "(np.linalg.svd(matrix)[0] * singular_values)[:, :k]",
    looks="U has more columns than there are singular values",
    do="Cut first and multiply then, U[:, :k] * values[:k], or ask np.linalg.svd for full_matrices=False.")
svd_vectors.alternative(lambda matrix, k: matrix @ np.linalg.svd(matrix)[2][:k].T)

@svd_vectors.alternative
def _from_the_dot_products_of_the_rows(matrix, k):
    values, vectors = np.linalg.eigh(matrix @ matrix.T)
    return -(vectors * np.sqrt(values.clip(0)))[:, ::-1][:, :k]


# nearest
def _nearest_cases(rng):
    animals = ["cat", "dog", "car", "bus", "mat"]
    points = np.array([[1.0, 0.2], [2.0, 0.5], [5.0, 20.0], [0.1, 1.0], [0.5, -1.0]])
    yield case("cat", 2, np.array([[1, 0], [2, 1], [0, 9]]), animals[:3], label="the worked example")
    yield case("cat", 2, points, animals, label="five words")
    yield case("car", 4, points, animals)
    yield case("bus", 9, points, animals, label="more neighbours asked for than there are words")
    yield case("dog", 4, points * [[1], [1], [-1], [1], [0]], animals, label="a vector of zeros")
    yield case("cat", 3, np.array([[1, 0], [2, 0], [0, 3], [5, 0], [1, 1]]), animals, label="two equally near words")
    for size in (8, 11):
        vocabulary = [f"w{i}" for i in rng.permutation(size)]
        vectors = rng.normal(size=(size, 3)) * rng.uniform(0.2, 5, size=(size, 1))
        yield case(vocabulary[rng.integers(0, size - 1)], 4, vectors, vocabulary)

def _similarities(word, vectors, vocabulary):
    return np.array([words.cosine_similarity(vectors[vocabulary.index(word)], vector) for vector in vectors])

def _same_up_to_ties(got, expected, word, k, vectors, vocabulary):
    """Compare two lists of words by the similarity at each place, so that ties may come in any order."""
    got = got.tolist() if isinstance(got, np.ndarray) else got
    text = difference(got, expected)
    distinct = isinstance(got, (list, tuple)) and len(got) == len(expected) == len(set(map(str, got)))
    if text is None or not distinct or any(not isinstance(x, str) or x not in vocabulary for x in [*got, *expected]):
        return text
    similarity = dict(zip(vocabulary, _similarities(word, vectors, vocabulary), strict=True))
    ours, theirs = ([similarity[x] for x in found] for found in (got, expected))
    return None if word not in got and np.allclose(ours, theirs) else text

nearest = Exercise(words.nearest, _nearest_cases, differ=_same_up_to_ties, hints=[
    "First the similarities of all words with the given one, then their order, then the names.",
    "vectors @ vectors[i] gives all dot products at once; np.linalg.norm(vectors, axis=1) all lengths.",
    "np.argsort sorts upwards: sort the negative similarities, drop the word itself, take k, look up the names."])
_TAKEN = "order if i != query][:k]"
nearest.slip(" if i != query", "",
    looks="the word itself is among its neighbours", do="Nothing is nearer to a word than the word: leave it out.")
nearest.slip(_TAKEN, "np.argsort(similarity, kind='stable')[-k:]]",
    looks="the last k places of an upward sort are returned as they are",
    do="The very last place is the word itself, and the one before it its nearest neighbour: turn the order round with "
    "[::-1], then leave the word out.")
nearest.slip("-similarity", "similarity",
    looks="the least similar words come first", do="np.argsort sorts upwards: sort the negative similarities.")
nearest.slip("-similarity", "-(vectors @ vectors[query])",
    looks="the dot product decides", do="It favours long vectors. Divide by the lengths: rank by cosine similarity.")
nearest.slip("-similarity", "np.linalg.norm(vectors - vectors[query], axis=1)",
    looks="the distance between the points decides",
    do="A long and a short vector can point the same way. Rank by cosine similarity.")
nearest.slip(_TAKEN, "np.argsort(-np.delete(similarity, query), kind='stable')][:k]",
    looks="the word was removed first, and the places no longer fit the vocabulary",
    do="After a removal every later word moves up one place. Sort first, then leave the word out.")
nearest.slip("[vocabulary[i] for", "[i for",
    looks="row numbers are returned", do="Look the numbers up in the vocabulary: words are asked for.")
nearest.slip(", out=np.zeros(len(lengths)), where=lengths > 0", "",
    looks="a vector of zeros was divided by its length, which is 0",
    do="Its cosine with anything counts as 0: that is more than a negative cosine, while NaN is always sorted last.")
nearest.slip(_TAKEN, "np.argsort(similarity, kind='stable')[::-1][1 : k + 1]]",
    looks="the first word of the sorted list is dropped, whichever it is",
    do="Another word can be just as similar as the word itself and come before it. Leave the word out by its name.")
nearest.slip(_TAKEN, "order[:k] if i != query]", looks="one neighbour too few is returned",
    do="The word itself takes a place in the sorted list: drop it, then take k.")

@nearest.alternative
def _as_an_array(word, k, vectors, vocabulary):
    order = np.argsort(-_similarities(word, vectors, vocabulary))
    return np.array(vocabulary)[order[order != vocabulary.index(word)]][:k]

@nearest.alternative
def _with_sorted(word, k, vectors, vocabulary):
    similarity = dict(zip(vocabulary, _similarities(word, vectors, vocabulary), strict=True))
    return sorted(set(vocabulary) - {word}, key=lambda other: (-similarity[other], other))[:k]

@nearest.alternative
def _unit_vectors(word, k, vectors, vocabulary):
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(norms == 0, 1, norms)
    similarity = unit @ unit[vocabulary.index(word)]
    similarity[vocabulary.index(word)] = -np.inf
    return [vocabulary[i] for i in np.argsort(similarity)[::-1][: min(k, len(vocabulary) - 1)]]

# analogy
def _analogy_cases(rng):
    royal = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1], [1, 0, 0]])
    yield case("man", "king", "woman", 2, royal, ["king", "queen", "man", "woman", "crown"], label="the worked example")
    for zeros, k, label in ((0, 3, ""), (1, 5, "a vector of zeros"), (0, 9, "more answers asked for than there are")):
        vocabulary = [f"w{i}" for i in rng.permutation(9)]
        vectors = rng.normal(size=(9, 4)) * rng.uniform(0.2, 5, size=(9, 1))
        vectors[vocabulary.index("w8")] *= 1 - zeros
        yield case("w3", "w5", "w2", k, vectors, vocabulary, label=label)

analogy = Exercise(words.analogy, _analogy_cases, hints=[
    "Bring all rows to length 1 first: divide by their norms, kept as a column, and mind a norm of 0.",
    "With the three rows: target = unit[b] - unit[a] + unit[c]. Then it goes on as in nearest: unit @ target.",
    "Sort -(unit @ target) with np.argsort, drop the places of a, b and c, take k, and look up the names."])
analogy.slip(" if i not in given", "", looks="a, b and c may be answers", do="The rule of the game: leave them out.")
analogy.slip("i not in given", "i != given[2]", looks="only c is left out", do="Leave out a and b as well.")
analogy.slip("order if i not in given][:k]", "order[:k] if i not in given]", looks="too few answers are returned",
    do="The three given words take places in the sorted list: drop them, then take k.")
analogy.slip("unit[given[1]] -", "-unit[given[1]] +", looks="the walk leads from b to a", do="The step is b - a.")
_WALK = "unit[given[1]] - unit[given[0]] + unit[given[2]]"
analogy.slip(_WALK, _WALK.replace("unit", "vectors"), looks="the walk was done before the lengths were made 1",
    do="The longest of the three would decide where it leads: first divide all rows by their norms.")
analogy.slip("-(unit @ target)", f"np.linalg.norm(vectors - ({_WALK.replace('unit', 'vectors')}), axis=1)",
    looks="the distance from the target decides", do="Make all lengths 1 first, then rank by cosine similarity.")
analogy.slip("(unit @ target)", "(vectors @ target)", looks="the dot product with long vectors decides",
    do="It favours the longest. Rank by cosine similarity: the rows of length 1, times the target.")
analogy.slip("-(unit", "(unit", looks="the least similar words come first", do="np.argsort sorts upwards.")
analogy.slip("np.where(norms > 0, norms, 1)", "norms", looks="a vector of zeros was divided by its length, which is 0",
    do="Divide by 1 instead: its cosine counts as 0, and NaN is always sorted last.")
analogy.alternative(lambda a, b, c, k, vectors, vocabulary: sorted(set(vocabulary) - {a, b, c}, key=lambda word: -sum(
    sign * words.cosine_similarity(vectors[vocabulary.index(word)], vectors[vocabulary.index(other)])
    for sign, other in ((1, b), (-1, a), (1, c))))[:k])
