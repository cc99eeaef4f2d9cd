"""The exercises of the recurrent lesson: cases, hints, known mistakes and other right answers."""

import numpy as np
import torch
from torch.nn import functional

from course_lib.judge.compare import kind
from course_lib.judge.exercise import Exercise, case
from course_lib.reference import recurrent

# masked_mean


def _mean_cases(rng):
    sentence = np.array([[[1.0, 2.0], [3.0, 4.0], [9.0, 9.0]]])
    yield case(sentence, np.array([[True, True, False]]), label="the worked example")
    yield case(rng.normal(size=(2, 3, 4)), np.array([[True, True, True], [True, False, False]]))
    some_words = np.arange(5) < np.array([[4], [0], [2]])
    yield case(rng.normal(size=(3, 5, 2)), some_words, label="a sentence without words in the middle")
    yield case(rng.normal(size=(2, 4, 3)), np.ones((2, 4), dtype=bool), label="no padding at all")
    X, mask = rng.normal(size=(4, 6, 3)), np.arange(6) < rng.integers(1, 7, size=(4, 1))
    X[~mask] = 1e6
    yield case(X, mask, label="large numbers in the padding")


masked_mean = Exercise(recurrent.masked_mean, _mean_cases, hints=[
    "First make the padding harmless, then add up the words, then divide by how many there were.",
    "`mask[:, :, None]` has shape (B, T, 1) and fits X. `mask.sum(axis=1, keepdims=True)` has the lengths, (B, 1).",
    "A sentence without words has a sum of zeros. Divide it by 1: `np.maximum(lengths, 1)`.",
])

masked_mean.slip("words.sum(axis=1) / np.maximum(lengths, 1)", "words.mean(axis=1)",
    looks="the sum was divided by T, not by the number of words",
    do="The padding is gone from the sum, but it was still counted. Each row has its own length: mask.sum(axis=1).")
masked_mean.slip("words.sum(axis=1) / np.maximum(lengths, 1)", "X.mean(axis=1)",
    looks="the padding was averaged as well",
    do="Set the places where mask is False to 0 before you add up, and do not count them.")
masked_mean.slip("np.maximum(lengths, 1)", "lengths",
    looks="a sentence without words was divided by 0",
    do="Its sum is zero, and 0/0 is NaN. Make the smallest length 1: np.maximum(lengths, 1).")
masked_mean.slip(" / np.maximum(lengths, 1)", "",
    looks="the words were added up but not divided", do="Divide each row by its number of words.")
masked_mean.slip("np.maximum(lengths, 1)", "mask.sum()",
    looks="every sum was divided by the number of words in the whole batch",
    do="mask.sum() is one number for all. mask.sum(axis=1, keepdims=True) has one for each sentence.")
masked_mean.slip("words.sum(axis=1) / np.maximum(lengths, 1)",
    "words.sum(axis=0) / np.maximum(mask.sum(axis=0)[:, None], 1)",
    looks="the average ran over the sentences instead of the words",
    do="Axis 0 is the batch, axis 1 the time. Only the time goes: the result has shape (B, D).")
masked_mean.slip("words.sum(axis=1) / np.maximum(lengths, 1)", "X[mask].mean(axis=0)",
    looks="all words of all sentences were averaged together",
    do="X[mask] is one long list of words: which sentence they came from is lost. Sum over axis 1 instead.")
masked_mean.slip("np.where(mask[:, :, None], X, 0.0)", "X * mask",
    looks="mask was multiplied with X as it is",
    do="X has the shape (B, T, D), mask (B, T). `mask[:, :, None]` has a third axis of length 1 and fits.")
masked_mean.slip(", keepdims=True", "",
    looks="the lengths have the shape (B,) and do not fit the sums of shape (B, D)",
    do="Keep the axis: mask.sum(axis=1, keepdims=True) has the shape (B, 1), one length for each row.")


@masked_mean.alternative
def _sentence_by_sentence(X, mask):
    rows = zip(X, mask, strict=True)
    return np.array([row[words].mean(axis=0) if words.any() else np.zeros(X.shape[2]) for row, words in rows])


@masked_mean.alternative
def _as_a_product(X, mask):
    weights = mask / np.maximum(mask.sum(axis=1, keepdims=True), 1)
    return np.einsum("bt,btd->bd", weights, X)


# rnn_forward


def _network(rng, D, H, scale=0.7):
    return rng.normal(size=(H, D)) * scale, rng.normal(size=(H, H)) * scale, rng.normal(size=H)


def _forward_cases(rng):
    sentence = np.array([[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]])
    W_xh, W_hh, b = np.array([[1.0, 0.0], [0.5, -1.0]]), np.array([[0.5, -0.5], [1.0, 0.5]]), np.array([0.0, 0.1])
    yield case(sentence, np.zeros((1, 2)), W_xh, W_hh, b, label="the worked example, I love NLP")
    for label, (B, T, D, H) in {
        "one word": (2, 1, 3, 4),
        "as many inputs as states": (2, 4, 3, 3),
        "a batch": (3, 5, 2, 4),
        "more inputs than states": (4, 2, 6, 3),
    }.items():
        yield case(rng.normal(size=(B, T, D)), rng.normal(size=(B, H)), *_network(rng, D, H), label=label)


rnn_forward = Exercise(recurrent.rnn_forward, _forward_cases, hints=[
    "One loop over the time. Which variable must survive from one round to the next?",
    "`X[:, t]` has all words at place t, shape (B, D). `rnn_step` reads one word. Append its result to a list.",
    "`h = rnn_step(X[:, t], h, W_xh, W_hh, b)` in the loop; at the end `np.stack(states, axis=1)`.",
])

rnn_forward.slip("X[:, t], h, W_xh", "X[:, t], h0, W_xh",
    looks="every step starts from h0 again",
    do="The new state must be the old state of the next step: h = rnn_step(..., h, ...).")
rnn_forward.slip("X[:, t]", "X[:, t - 1] * (t > 0)",
    looks="each step reads the word before its own",
    do="The state h_t has read x_t. Step t takes X[:, t], also the first one.")
rnn_forward.slip("x @ W_xh.T + h @ W_hh.T + b", "W_xh @ x + W_hh @ h + b", inside="rnn_step",
    looks="the matrices stand on the left, as in the formula",
    do="The formula is for one column. Here words and states lie in rows, so W x becomes X[:, t] @ W_xh.T.")
rnn_forward.slip("np.stack(states, axis=1)", "h",
    looks="only the last state is returned", do="Keep the state of every step in a list and stack them.")
rnn_forward.slip("W_xh, W_hh", "W_hh, W_xh",
    looks="W_xh and W_hh have changed places",
    do="W_xh leads from the word to the state, W_hh from state to state. Read the letters as 'from x to h'.")
rnn_forward.slip("W_hh, b", "W_hh.T, b",
    looks="W_hh is not transposed",
    do="W_hh is square, so no error tells you. The formula W h is h @ W.T for states in rows.")
rnn_forward.slip("h, states = h0", "h, states = np.zeros_like(h0)",
    looks="reading starts from zeros", do="The caller may carry a state over from earlier text: start from h0.")
rnn_forward.slip("axis=1", "axis=0",
    looks="the states are stacked along the wrong axis",
    do="The list has T arrays of shape (B, H): np.stack(states, axis=1).")
rnn_forward.slip("[]", "[h0]",
    looks="h0 is the first entry of the result",
    do="The result has T states, those after each word. h0 comes before any word.")
rnn_forward.slip("np.tanh", "", inside="rnn_step",
    looks="the tanh is missing", do="Without it the states can grow without limit: h = np.tanh(...).")
rnn_forward.slip("np.tanh(x @ W_xh.T + h @ W_hh.T + b)", "1 / (1 + np.exp(-(x @ W_xh.T + h @ W_hh.T + b)))",
    inside="rnn_step",
    looks="a sigmoid was used in place of the tanh",
    do="Some books write σ for any activation. Here it is the tanh; σ is for the gates of the next lesson.")
rnn_forward.slip(" + b", "", inside="rnn_step",
    looks="the bias is missing", do="Inside the tanh stand three terms: word, old state, and b.")
rnn_forward.slip("h = rnn_step(X[:, t], h, W_xh, W_hh, b)\n        states.append(h)",
    "states.append(h)\n        h = rnn_step(X[:, t], h, W_xh, W_hh, b)",
    looks="each state was stored before its word was read",
    do="First h = rnn_step(...), then append: else the list begins with h0, and the last state is missing.")
rnn_forward.slip("W_hh, b)", "W_hh, b) if t > 0 else 0 * h0",
    looks="the first word was left out",
    do="Python counts from 0: the loop starts at t = 0, and its first step goes from h0.")


@rnn_forward.mistake(
    looks="the loop runs over the sentences instead of over the time",
    do="Axis 0 of X is the batch: X[0] is a whole sentence. Step t reads X[:, t], one word of each sentence.")
def _over_the_sentences(X, h0, W_xh, W_hh, b):
    h, states = h0, []
    for sentence in X:
        h = recurrent.rnn_step(sentence, h, W_xh, W_hh, b)
        states.append(h)
    return np.stack(states, axis=0)


@rnn_forward.alternative
def _one_wide_matrix(X, h0, W_xh, W_hh, b):
    states, wide = [h0], np.hstack([W_hh, W_xh])
    for t in range(X.shape[1]):
        states.append(np.tanh(np.concatenate([states[-1], X[:, t]], axis=-1) @ wide.T + b))
    return np.stack(states[1:], axis=1)


@rnn_forward.alternative
def _word_by_word(X, h0, W_xh, W_hh, b):
    hs = np.empty((*X.shape[:2], len(b)))
    for i in range(X.shape[0]):
        for t in range(X.shape[1]):
            before = hs[i, t - 1] if t else h0[i]
            hs[i, t] = np.tanh(W_xh @ X[i, t] + W_hh @ before + b)
    return hs


# lm_targets


def _target_cases(rng):
    yield case([4, 5, 6, 7, 4, 8], 1, 2, label="the worked example")
    yield case([9], 0, 1, label="one word")
    yield case([], 0, 1, label="an empty sentence")
    for size in (2, 5):
        yield case(rng.integers(3, 50, size=size).tolist(), 2, 1)


lm_targets = Exercise(recurrent.lm_targets, _target_cases, returns=("inputs", "targets"), hints=[
    "Write the sentence with both marks on paper. What is read last? What must be predicted first?",
    "The inputs have no eos, the targets have no bos. Otherwise both are the sentence.",
    "`[bos, *ids]` and `[*ids, eos]`.",
])

lm_targets.slip("[*ids, eos]", "[bos, *ids]",
    looks="the targets are the inputs themselves",
    do="A model that may copy what it reads learns nothing about the next word. Shift the targets by one place.")
lm_targets.slip("[bos, *ids], [*ids, eos]", "[*ids, eos], [bos, *ids]",
    looks="the shift goes the wrong way",
    do="The target is the word that comes after the input, not the one before it.")
lm_targets.slip("[bos, *ids], [*ids, eos]", "[bos, *ids][:-1], ids",
    looks="the end mark is missing",
    do="The model must learn to stop as well: after the last word it should predict eos. There are N + 1 pairs.")
lm_targets.slip("[bos, *ids], [*ids, eos]", "ids, [*ids[1:], eos]",
    looks="the beginning mark is missing",
    do="The first word must be predicted, too, from nothing but bos. There are N + 1 pairs.")
lm_targets.slip("[bos, *ids], [*ids, eos]", "[bos, *ids, eos], [bos, *ids, eos]",
    looks="both lists have both marks",
    do="Nothing follows eos, so the model never reads it; nothing comes before bos.")
lm_targets.slip("[bos, *ids]", "[bos, *ids, eos]",
    looks="the model reads the end mark", do="Nothing follows eos, so there is nothing to predict from it.")
lm_targets.slip("[bos, *ids], [*ids, eos]", "list(zip([bos, *ids], [*ids, eos]))",
    looks="pairs were returned", do="Return two lists, first all inputs, then all targets.")
lm_targets.slip("[*ids, eos]", "[*ids[1:], eos]",
    looks="the first word is no target",
    do="It must be predicted, too, from bos alone. The targets are the whole sentence, and eos after it.")
lm_targets.slip("bos: int, eos: int", "eos: int, bos: int",
    looks="bos and eos have changed places", do="bos stands at the beginning, eos at the end.")


@lm_targets.alternative
def _slices(ids, bos, eos):
    marked = [bos, *ids, eos]
    return marked[:-1], marked[1:]


@lm_targets.alternative
def _loop(ids, bos, eos):
    inputs, targets = [], []
    before = bos
    for word in ids:
        inputs.append(before)
        targets.append(word)
        before = word
    return [*inputs, before], [*targets, eos]


# masked_lm_loss


def _loss_case(rng, lengths, V, pad, scale=1.0, label=""):
    B, T = len(lengths), max(lengths)
    logits = torch.tensor(rng.normal(size=(B, T, V)) * scale, requires_grad=True)
    words = np.array([word for word in range(V) if word != pad])
    targets = np.where(np.arange(T) < np.array(lengths)[:, None], rng.choice(words, size=(B, T)), pad)
    return case(logits, torch.tensor(targets), pad, label=label)


def _loss_cases(rng):
    sentence = [[[0.25, 0.5, 0.125, 0.125], [0.5, 0.25, 0.125, 0.125], [0.25, 0.25, 0.25, 0.25]]]
    logits = torch.tensor(sentence, dtype=torch.float64).log().requires_grad_()
    yield case(logits, torch.tensor([[1, 2, 0]]), 0, label="the worked example")
    logits = torch.tensor([[[0.0, 2.0, 1.0], [0.0, 0.0, 0.0]], [[1.0, 0.0, 3.0], [5.0, 5.0, 0.0]]], requires_grad=True)
    yield case(logits, torch.tensor([[1, 2], [2, 0]]), 0, label="two sentences, of two words and of one")
    yield _loss_case(rng, [1, 9], 4, pad=0, label="sentences of 1 and of 9 words")
    yield _loss_case(rng, [3, 5, 2], 7, pad=4, label="a padding number in the middle of the vocabulary")
    large = torch.tensor([[[0.0, 2000.0, 1000.0]]])  # no gradients: those of a wrong answer, NaN or 0, vary
    yield case(large, torch.tensor([[2]]), 0, label="one word, large scores")
    yield _loss_case(rng, [2, 4], 5, pad=0, scale=2000.0, label="large scores")
    yield _loss_case(rng, [4, 4], 6, pad=5, label="no padding at all")


masked_lm_loss = Exercise(recurrent.masked_lm_loss, _loss_cases, hints=[
    "First the loss at every place, shape (B, T). Then throw out the padding. Then the mean of what is left.",
    "`logits.log_softmax(dim=-1)` has the log-probabilities of all words. `.gather(-1, targets[..., None])` "
    "picks those of the targets.",
    "`losses[targets != pad]` keeps the real tokens only, in one flat tensor. (Or look what `ignore_index` does in "
    "`torch.nn.functional.cross_entropy`, which wants the words on axis 1 or two flat arguments.)",
])

masked_lm_loss.slip("right[targets != pad].mean()", "(right * (targets != pad)).mean()",
    looks="the sum was divided by all places, padding included",
    do="Padding makes the loss look smaller that way. Divide by the number of real tokens.")
masked_lm_loss.slip("[targets != pad]", "",
    looks="the padding counts like a word",
    do="Nobody wants the model to predict padding. Leave out the places where targets == pad.")
masked_lm_loss.slip("right[targets != pad].mean()",
    "((right * (targets != pad)).sum(dim=1) / (targets != pad).sum(dim=1)).mean()",
    looks="the mean of the sentences' means was taken",
    do="Then one word of a short sentence weighs as much as nine of a long one. Put all tokens into one pot.")
masked_lm_loss.slip("logits.", "logits.masked_fill(torch.arange(logits.shape[-1]) == pad, -torch.inf).",
    looks="the score of the padding was taken out of the softmax",
    do="Mask places, not words: the softmax runs over all V scores at every place that counts.")
masked_lm_loss.slip("mean()", "sum()",
    looks="the losses were added up", do="Divide by the number of real tokens: a mean is asked for.")
masked_lm_loss.slip("log_softmax(dim=-1)", "softmax(dim=-1).log()",
    looks="the softmax was taken first and its logarithm afterwards",
    do="With large scores a probability becomes exactly 0, and its logarithm infinite. log_softmax does both at once.")
masked_lm_loss.slip("-right[targets != pad].mean()", "functional.cross_entropy(logits, targets, ignore_index=pad)",
    looks="cross_entropy looked for the words on axis 1",
    do="It wants the V scores on axis 1, or flat arguments: logits.flatten(0, 1) and targets.flatten().")
masked_lm_loss.slip("softmax(dim=-1)", "softmax(dim=1)",
    looks="the softmax runs over the places instead of the words", do="The V scores lie on the last axis: dim=-1.")
masked_lm_loss.slip("-right", "right",
    looks="the sign is wrong", do="Log-probabilities are negative, a loss is positive: -log p.")
masked_lm_loss.slip("-right[targets != pad].mean()", "(-right[targets != pad].mean()).exp()",
    looks="the result is a perplexity", do="Return the mean loss. Its exponential comes later.")
masked_lm_loss.slip("mean()", "mean() / np.log(2)",
    looks="the loss is in bits", do="Use the natural logarithm: nats are asked for.")
masked_lm_loss.slip("logits.", "logits.softmax(dim=-1).",
    looks="the softmax was taken twice",
    do="log_softmax and cross_entropy take it themselves: hand them the raw scores.")
masked_lm_loss.slip("mean()", "sum() / len(targets)",
    looks="the sum was divided by the number of sentences",
    do="A mean per token is asked for: divide by the number of places where targets != pad.")


@masked_lm_loss.alternative
def _ignore_index(logits, targets, pad):
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=pad)


@masked_lm_loss.alternative
def _with_logsumexp(logits, targets, pad):
    real = (targets != pad).to(logits.dtype)
    right = (logits * functional.one_hot(targets, logits.shape[-1])).sum(dim=-1)
    return ((logits.logsumexp(dim=-1) - right) * real).sum() / real.sum()


# sample

_DRAWS = 200


class _EvenGenerator(np.random.Generator):
    """A generator whose numbers between 0 and 1 are spread evenly, so that shares of draws are exact."""

    def __init__(self):
        super().__init__(np.random.PCG64(0))
        self.used, self._rest = False, []

    def random(self, size=None, *args, **kwargs):
        if size is not None:
            return np.array([self.random() for _ in range(int(np.prod(size)))]).reshape(size)
        self.used = True
        if not self._rest:
            self._rest = ((np.random.default_rng(0).permutation(_DRAWS) + 0.5) / _DRAWS).tolist()
        return self._rest.pop()

    def uniform(self, low=0.0, high=1.0, size=None):
        return low + (high - low) * self.random(size)

    def choice(self, a, size=None, replace=True, p=None, *args, **kwargs):
        things = np.arange(a) if np.ndim(a) == 0 else np.asarray(a)
        p = np.full(len(things), 1 / len(things)) if p is None else np.asarray(p, dtype=float)
        if len(p) != len(things) or not abs(p.sum() - 1) < 1e-7 or (p < 0).any():  # what NumPy refuses, too
            raise ValueError("the probabilities do not fit: they must be >= 0, add up to 1, and be one for each word")
        cumulative = p.cumsum()
        return things[np.searchsorted(cumulative / cumulative[-1], self.random(size), side="right")]

    def multinomial(self, n, pvals, size=None):
        return np.bincount([self.choice(len(pvals), p=pvals) for _ in range(n)], minlength=len(pvals))


def _draw_often(function, logits, temperature, top_k):
    """How often each word is drawn; or, when that cannot be said, why."""
    dice, counts, untouched = _EvenGenerator(), np.zeros(len(logits), dtype=int), np.random.PCG64(0).state
    for number in range(20 * _DRAWS):
        if number == _DRAWS:
            if dice.used or np.count_nonzero(counts) == 1:
                break
            if dice.bit_generator.state == untouched:
                return "the words were drawn, but not with rng"
        word = function(logits, dice, temperature, top_k)
        if not isinstance(word, (int, np.integer)) and not (getattr(word, "shape", None) == () and word == int(word)):
            return f"the result is {kind(word)}, expected the number of a word"
        if not 0 <= word < len(logits):
            return f"the result is {int(word)}, but the words have the numbers 0 to {len(logits) - 1}"
        counts[int(word)] += 1
    return counts


def _same_shares(got, expected, logits, temperature, top_k):
    if isinstance(got, str) or isinstance(expected, str):  # an array must not be compared with a text by ==
        alike = isinstance(got, str) and isinstance(expected, str) and got == expected
        return None if alike else str(got)
    tolerance = 0.012 if got.sum() == expected.sum() else 0.05  # uneven dice, as from rng.gumbel, need more patience
    got, expected = got / got.sum(), expected / expected.sum()
    worst = int(np.abs(got - expected).argmax())
    if abs(got[worst] - expected[worst]) < tolerance:
        return None
    return f"word {worst} comes up in {got[worst]:.0%} of the draws, expected {expected[worst]:.0%}"


def _sample_cases(rng):
    scores = np.array([1.0, 2.0, 0.0])
    yield case(scores, 1.0, None, label="the worked example, scores [1, 2, 0]")
    yield case(scores, 0.5, None, label="scores [1, 2, 0] at temperature 0.5")
    yield case(scores, 3.0, None, label="scores [1, 2, 0] at temperature 3")
    yield case(scores, 1.0, 2, label="scores [1, 2, 0] with top_k = 2")
    yield case(np.array([-1.0, -3.0, -2.0, -1.5]), 1.0, 2, label="negative scores with top_k = 2")
    yield case(np.array([-2.0, 0.5, -0.3, 1.0]), 0, None, label="temperature 0")
    yield case(np.array([0.5, 1.0]), 1.0, 10, label="top_k = 10 with 2 words")
    yield case(np.array([1000.0, 1001.0, 999.0]), 1.0, None, label="large scores")
    for size, temperature, top_k in ((6, 1.5, 3), (9, 0.7, None)):
        logits = rng.permutation(size) * 0.7 - rng.uniform(0, 2)
        yield case(logits, temperature, top_k, label=f"{size} words, temperature {temperature}, top_k {top_k}")


sample = Exercise(recurrent.sample, _sample_cases, probe=_draw_often, differ=_same_shares, hints=[
    "Temperature 0 is a case of its own. Else: top_k, divide by the temperature, softmax, draw.",
    "A word that must not take part gets the score -inf, on a copy: its exponential is 0. "
    "np.argsort(logits)[-top_k:] are the numbers of the top_k best.",
    "Subtract the maximum before np.exp. `rng.choice(len(p), p=p)` draws a number with the probabilities p.",
])

sample.slip("/ temperature", "* temperature",
    looks="the scores were multiplied by the temperature",
    do="Divide: a low temperature makes differences larger.")
sample.slip(" / temperature", "",
    looks="the temperature makes no difference",
    do="Divide the scores by it, before the softmax. Dividing probabilities and normalising again does nothing.")
sample.slip("logits = only_kept", "pass",
    looks="top_k makes no difference", do="Give all scores but the top_k highest the value -inf.")
sample.slip("[-top_k:]", "[:top_k]",
    looks="the top_k lowest scores were kept", do="np.argsort sorts upwards: take the last top_k, [-top_k:].")
sample.slip("-np.inf", "0.0",
    looks="the words outside the top_k kept a score of 0",
    do="A score of 0 still has exp(0) = 1 in the softmax. Words that must not come up need the score -inf.")
sample.slip("if temperature == 0", "if temperature >= 0",
    looks="every draw gives the same word",
    do="Only temperature 0 takes the best. Otherwise draw with the rng you were given; a new generator inside the "
    "function would begin afresh at every call.")
sample.slip("rng.choice", "np.random.choice",
    looks="the words were drawn with np.random instead of rng",
    do="Use the generator you were given, rng.choice(...). With the same seed it writes the same text again.")
sample.slip("(logits - logits.max())", "logits",
    looks="large scores overflow",
    do="np.exp(1000) is infinite. Subtract the largest score first; the softmax stays the same.")
sample.slip("    if temperature == 0:\n        return int(logits.argmax())\n", "",
    looks="the scores were divided by a temperature of 0",
    do="Treat it first: `if temperature == 0: return int(logits.argmax())`.")
sample.slip("(logits - logits.max())", "(np.sort(logits)[::-1] - logits.max())",
    looks="a place in the list of the top_k was returned",
    do="You drew among the kept words only: look the number of the word up, kept[place].")
sample.slip("logits = only_kept", "logits = logits[kept]",
    looks="a place among the kept scores was returned, not the number of a word",
    do="After logits[kept] the words are counted afresh: look the number of the word up, kept[place].")
sample.slip("if top_k is not None and top_k < len(logits):\n        kept = np.argsort(logits)[-top_k:]",
    "if top_k is not None:\n        kept = logits >= np.sort(logits)[-top_k]",
    looks="top_k is larger than the vocabulary, and that is an error",
    do="Then all words take part: `if top_k is not None and top_k < len(logits):`.")
sample.slip("[-top_k:]", "[1 - top_k :]",
    looks="one word too few takes part",
    do="The word on rank top_k takes part as well: keep the scores >= the smallest kept.")
sample.slip(", p=weights / weights.sum()", "",
    looks="all words that take part are equally likely",
    do="rng.choice needs the probabilities: rng.choice(len(p), p=p).")
sample.slip("int(rng.choice(len(weights), p=weights / weights.sum()))", "rng.choice(logits, p=weights / weights.sum())",
    looks="the score of a word was returned, not its number",
    do="Draw from the numbers: rng.choice(len(logits), p=p).")


@sample.mistake(
    looks="the probabilities no longer add up to 1 after top_k",
    do="Setting some to 0 leaves less than 1. Divide by the new sum, or set scores to -inf before the softmax.")
def _not_normalised(logits, rng, temperature, top_k):
    if temperature == 0:
        return int(logits.argmax())
    weights = np.exp((logits - logits.max()) / temperature)
    p = weights / weights.sum()
    p[np.argsort(-logits)[top_k or len(p) :]] = 0
    return int(rng.choice(len(p), p=p))


@sample.alternative
def _running_total(logits, rng, temperature, top_k):
    if temperature == 0:
        return int(np.argmax(logits))
    kept = logits >= np.sort(logits)[::-1][:top_k][-1]
    totals = np.cumsum(kept * np.exp((logits - logits.max()) / temperature))
    dice = rng.random() * totals[-1]
    return next(word for word, total in enumerate(totals) if dice < total)


@sample.alternative
def _gumbel(logits, rng, temperature, top_k):
    scores = logits.copy()
    if temperature > 0:
        if top_k is not None and top_k < len(scores):
            scores[np.argsort(scores)[:-top_k]] = -np.inf
        scores = scores / temperature + rng.gumbel(size=len(scores))
    return scores.argmax()


@sample.alternative
def _among_the_kept(logits, rng, temperature, top_k):
    if temperature == 0:
        return np.argmax(logits)
    kept = np.argsort(-logits)[:top_k]
    weights = np.exp((logits[kept] - logits[kept].max()) / temperature)
    return rng.choice(kept, p=weights / weights.sum())


# rnn_backward


def _backward_case(rng, B, T, D, H, label=""):
    X, h0, (W_xh, W_hh, b) = rng.normal(size=(B, T, D)), rng.normal(size=(B, H)), _network(rng, D, H, scale=0.6)
    hs = recurrent.rnn_forward(X, h0, W_xh, W_hh, b)
    return case(X, h0, hs, rng.normal(size=hs.shape), W_xh, W_hh, label=label)


def _backward_cases(rng):
    yield _backward_case(rng, 1, 2, 1, 2, label="one sentence of two words")
    yield _backward_case(rng, 2, 1, 3, 4, label="one word: no time to go back through")
    yield _backward_case(rng, 2, 4, 3, 3, label="a loss at every step")
    yield _backward_case(rng, 3, 5, 4, 2, label="a batch")
    *args, dhs, W_xh, W_hh = _backward_case(rng, 2, 3, 2, 4).args
    dhs[:, :-1] = 0
    yield case(*args, dhs, W_xh, W_hh, label="a loss after the last word only")


rnn_backward = Exercise(recurrent.rnn_backward, _backward_cases, rtol=1e-6, atol=1e-8, hints=[
    "Walk backwards. At each step add what comes directly (dhs) and what comes from the step after.",
    "With dh the sum of both, delta = dh * (1 - h_t²) is the gradient in front of the tanh. "
    "It goes on to h_{t-1} as delta @ W_hh.",
    "W_hh met the state before the step, h_{t-1}: its share is delta.T @ h_{t-1}, with h0 for the first step. "
    "W_xh met x_t, b met nothing. Add up the shares of all steps.",
])

rnn_backward.slip("from_later = delta[:, t] @ W_hh", "pass",
    looks="nothing comes back from the later steps",
    do="A state acts on the loss through all states after it. Carry delta @ W_hh on to the step before.")
rnn_backward.slip("before.reshape", "hs.reshape",
    looks="the gradient of W_hh was taken with the state after the step",
    do="W_hh was multiplied by the state before the step: h_{t-1}, and h0 for the first.")
rnn_backward.slip("h0[:, None]", "0 * h0[:, None]",
    looks="the first step was taken to start from zeros",
    do="The state before the first word is h0: W_hh met it there, and its share belongs to the gradient of W_hh.")
rnn_backward.slip("h0[:, None]", "hs[:, -1:]",
    looks="the state before the first step was taken from the end",
    do="For t = 0, hs[:, t - 1] is hs[:, -1], the last state, and no error tells you. Before the first step stands h0.")
rnn_backward.slip("dhs[:, t]", "dhs[:, t] * (t == hs.shape[1] - 1)",
    looks="only the loss at the last step counts",
    do="dhs has a gradient for every step. Add dhs[:, t] at each one, on top of what comes from later.")
rnn_backward.slip(" * (1 - hs[:, t] ** 2)", "",
    looks="the slope of the tanh is missing", do="The tanh shrinks what passes: multiply by 1 - h_t².")
rnn_backward.slip("hs[:, t] ** 2", "np.tanh(hs[:, t]) ** 2",
    looks="the tanh was applied a second time",
    do="hs are outputs of the tanh already. Its slope there is simply 1 - hs[:, t]**2.")
rnn_backward.slip("@ W_hh", "@ W_hh.T",
    looks="W_hh is transposed on the way back",
    do="Forward it was h @ W_hh.T, so backward it is delta @ W_hh. It is square, and no error tells you.")
rnn_backward.slip("delta[:, t] @ W_hh", "(dhs[:, t] + from_later) @ W_hh",
    looks="the gradient goes back in time without passing the tanh",
    do="First multiply by 1 - h_t², then by W_hh: delta @ W_hh, not dh @ W_hh.")
rnn_backward.slip("flat = delta", "flat = np.where(np.arange(hs.shape[1])[:, None] == 0, delta, 0)",
    looks="each step overwrites the gradients of the parameters",
    do="The same W is used at every step, so the shares of all steps add up: use +=.")
rnn_backward.slip("flat = delta", "flat = 1 / len(X) * delta",
    looks="the gradients were divided by the number of sentences",
    do="Whether the loss is a mean or a sum is already in dhs. Add up the sentences and leave it at that.")
rnn_backward.slip("reversed(range(hs.shape[1]))", "range(hs.shape[1])",
    looks="the walk goes forwards in time",
    do="The last step hands its gradient to the one before it: reversed(range(T)).")
rnn_backward.slip("(1 - hs[:, t] ** 2)", "hs[:, t] * (1 - hs[:, t])",
    looks="the slope is that of the sigmoid",
    do="h * (1 - h) belongs to the sigmoid. The slope of the tanh is 1 - h_t².")
rnn_backward.slip('"h0": from_later', '"h0": delta[:, 0]',
    looks="the gradient of h0 has not passed W_hh",
    do="From the first delta to h0 there is one more step back: delta @ W_hh.")


@rnn_backward.alternative
def _step_by_step(X, h0, hs, dhs, W_xh, W_hh):
    found = {"W_xh": 0 * W_xh, "W_hh": 0 * W_hh, "b": 0 * W_hh[0], "X": 0 * X, "h0": 0 * h0}
    for t in reversed(range(X.shape[1])):
        delta = (dhs[:, t] + found["h0"]) * (1 - hs[:, t] ** 2)
        found["W_xh"] += delta.T @ X[:, t]
        found["W_hh"] += delta.T @ (hs[:, t - 1] if t else h0)
        found["b"] += delta.sum(axis=0)
        found["X"][:, t] = delta @ W_xh
        found["h0"] = delta @ W_hh
    return found


@rnn_backward.alternative
def _torch_does_it(X, h0, hs, dhs, W_xh, W_hh):
    b = np.arctanh(hs[0, 0]) - W_xh @ X[0, 0] - W_hh @ h0[0]  # the bias is not given, but it can be recovered
    leaves = [torch.tensor(value, requires_grad=True) for value in (W_xh, W_hh, b, X, h0)]
    W_xh, W_hh, b, X, h = leaves
    states = []
    for t in range(X.shape[1]):
        h = torch.tanh(X[:, t] @ W_xh.T + h @ W_hh.T + b)
        states.append(h)
    gradients = torch.autograd.grad(torch.stack(states, dim=1), leaves, torch.tensor(dhs))
    return {name: g.numpy() for name, g in zip(("W_xh", "W_hh", "b", "X", "h0"), gradients, strict=True)}


# tbptt_chunks


def _chunk_cases(rng):
    yield case(np.arange(24), 2, 5, label="the worked example")
    yield case(np.arange(25), 2, 4, label="everything fits")
    yield case(np.arange(10, 22), 3, 50, label="a chunk longer than the streams")
    yield case(rng.permutation(9), 1, 3, label="one stream")
    yield case(rng.integers(0, 90, size=47), 4, 3)
    yield case(rng.integers(0, 90, size=36), 5, 2)


tbptt_chunks = Exercise(recurrent.tbptt_chunks, _chunk_cases, lazy=True, hints=[
    "First the streams, then the chunks. How many places has a stream, if each needs a target as well?",
    "places = (N - 1) // batch: the last number of the text is a target only. Cut the inputs and the targets "
    "out of ids, and reshape both to (batch, places).",
    "The targets are `ids[1 : batch * places + 1]`, cut before reshaping. Then slice both with "
    "`[:, start : start + length]`, start = 0, length, 2·length, ...",
])

tbptt_chunks.slip("(inputs[:, start : start + length], targets[:, start : start + length])",
    "tuple(a.ravel()[batch * start : batch * (start + length)].reshape(batch, -1) for a in (inputs, targets))",
    looks="each chunk is a fresh piece of the text, cut into rows",
    do="Row i must go on where row i of the last chunk ended, or a carried state meets a strange text. "
    "Make the streams once, then cut columns.")
tbptt_chunks.slip("ids[1 : batch * places + 1]", "ids[: batch * places]",
    looks="the targets are the inputs", do="The target of a place is the number after it: shift by one.")
tbptt_chunks.slip("range(0, places, length)", "range(0, places - length + 1, length)",
    looks="the short chunk at the end was dropped",
    do="range(0, places, length) has it: a slice may be shorter than asked for.")
tbptt_chunks.slip("    starts =",
    "    inputs, targets = (a.reshape(places, batch).T for a in (inputs, targets))\n    starts =",
    looks="the text runs down the columns instead of along the rows",
    do="Neighbours in the text must be neighbours in a row: reshape(batch, places), not reshape(places, batch).T.")
tbptt_chunks.slip("ids[1 : batch * places + 1].reshape(batch, places)", "np.roll(inputs, -1, axis=1)",
    looks="the last target of a stream is the stream's first number",
    do="np.roll takes it from the wrong end. In the text it is followed by the first number of the next stream.")
tbptt_chunks.slip("    starts =", "    inputs, targets = targets, inputs\n    starts =",
    looks="the shift goes the wrong way",
    do="The target is the number that follows. Return (inputs, targets), in this order.")
tbptt_chunks.slip("(len(ids) - 1) // batch", "len(ids) // batch",
    looks="the streams leave no target for the last number",
    do="The last number of the text is a target only. So a stream has (N - 1) // batch places, not N // batch.")


def _streams(ids, batch):
    return ids[: len(ids) // batch * batch].reshape(batch, -1)


def _cut(streams, length):
    return [streams[:, i : i + length] for i in range(0, streams.shape[1], length)]


@tbptt_chunks.mistake(
    looks="the targets do not look across the end of a chunk",
    do="The last target of a chunk is the first input of the next one. Shift the whole text first, then cut.")
def _not_across(ids, batch, length):
    return [(piece[:, :-1], piece[:, 1:]) for piece in _cut(_streams(ids, batch), length)]


@tbptt_chunks.mistake(
    looks="a place of every stream is lost",
    do="The last number of each stream got no target. Cut the targets out of the text, one place on.")
def _place_lost(ids, batch, length):
    streams = _streams(ids, batch)
    return list(zip(_cut(streams[:, :-1], length), _cut(streams[:, 1:], length), strict=True))


@tbptt_chunks.mistake(
    looks="the last target of every stream is missing",
    do="A place needs a target: use (N - 1) // batch places, and cut the targets out of the text before reshaping.")
def _targets_run_out(ids, batch, length):
    streams = _streams(ids, batch)
    return list(zip(_cut(streams, length), _cut(streams[:, 1:], length), strict=False))


@tbptt_chunks.mistake(
    looks="each chunk is a fresh piece of the text, and the rest is dropped",
    do="Row i must go on where row i of the last chunk ended. Make the streams once, then cut columns.")
def _fresh_full_pieces(ids, batch, length):
    size = batch * length
    starts = range(0, len(ids) - size, size)
    return [tuple(ids[i + shift : i + shift + size].reshape(batch, length) for shift in (0, 1)) for i in starts]


@tbptt_chunks.alternative
def _stream_by_stream(ids, batch, length):
    places = (len(ids) - 1) // batch
    for start in range(0, places, length):
        width = min(length, places - start)
        rows = [range(i * places + start, i * places + start + width) for i in range(batch)]
        yield np.array([[ids[j] for j in row] for row in rows]), np.array([[ids[j + 1] for j in row] for row in rows])


@tbptt_chunks.alternative
def _with_split(ids, batch, length):
    places = (len(ids) - 1) // batch
    both = np.stack([ids[: batch * places], ids[1 : batch * places + 1]]).reshape(2, batch, places)
    return [tuple(part) for part in np.split(both, range(length, places, length), axis=2)]


# clip_by_norm


def _clip_cases(rng):
    yield case([np.array([3.0]), np.array([4.0])], 2.5, label="the worked example")
    yield case([np.array([3.0]), np.array([4.0])], 10.0, label="short enough already")
    yield case([np.zeros((2, 3)), np.zeros((2, 3))], 1.0, label="all zero")
    yield case([np.array([0.1, -0.2])], 1.0, label="a short one")
    yield case([rng.normal(size=(3, 2)), 5 * rng.normal(size=4), 0.1 * rng.normal(size=(2, 1, 2))], 1.7)
    yield case([torch.tensor(rng.normal(size=(2, 3)) * 9), torch.tensor(rng.normal(size=5))], 0.8,
        label="torch tensors")


clip_by_norm = Exercise(recurrent.clip_by_norm, _clip_cases, hints=[
    "How long is a vector that consists of all the arrays together?",
    "Add up the squares of all entries of all arrays, then one root. `(g**2).sum()` works for NumPy and torch.",
    "If that length exceeds max_norm, multiply every array by max_norm / length. Otherwise leave them.",
])

clip_by_norm.slip("* shrink", "* max_norm / max(max_norm, float((gradient**2).sum()) ** 0.5)",
    looks="each array was clipped on its own",
    do="That turns the step: parameters with small gradients gain weight. One length for all arrays together.")
clip_by_norm.slip("gradient * shrink", "gradient.clip(-max_norm, max_norm)",
    looks="each number was cut off on its own",
    do="That turns the step. Multiply everything by one number, so that the direction stays.")
clip_by_norm.slip(" if length > max_norm else 1.0", "",
    looks="short gradients were made longer", do="Clipping only shortens. Below max_norm nothing happens at all.")
clip_by_norm.slip("max_norm / length if length > max_norm else 1.0", "min(1.0, max_norm / length)",
    looks="max_norm was divided by a length of 0", do="Ask first whether the length exceeds max_norm. 0 never does.")
clip_by_norm.slip(" ** 0.5", "",
    looks="the root is missing", do="The length is the root of the sum of the squares.")
clip_by_norm.slip("for gradient in gradients) ** 0.5", "** 0.5 for gradient in gradients)",
    looks="the lengths of the arrays were added up",
    do="Lengths do not add, squares do (3 and 4 make 5): add all squares, then one root.")
clip_by_norm.slip("max_norm / length", "1 / length",
    looks="the result has length 1", do="Divide by the length and multiply by max_norm.")
clip_by_norm.slip("max_norm / length", "length / max_norm",
    looks="the factor is upside down",
    do="To make a long one shorter, multiply by max_norm / length, which is below 1.")
clip_by_norm.slip("sum(float((gradient**2).sum()) for gradient in gradients) ** 0.5", "np.linalg.norm(gradients)",
    looks="np.linalg.norm was given the whole list",
    do="Arrays of different shapes do not fit into one array. Add up (g**2).sum() of each, then take one root.")


@clip_by_norm.alternative
def _one_long_vector(gradients, max_norm):
    length = np.linalg.norm(np.concatenate([np.asarray(gradient).ravel() for gradient in gradients]))
    return [gradient * min(1.0, max_norm / max(float(length), 1e-12)) for gradient in gradients]


@clip_by_norm.alternative
def _early_return(gradients, max_norm):
    total = 0.0
    for gradient in gradients:
        total += (gradient * gradient).sum()
    if total**0.5 <= max_norm:
        return list(gradients)
    return [gradient / float(total**0.5) * max_norm for gradient in gradients]


# jacobian_norms


def _jacobian_cases(rng):
    W = np.array([[0.5, 10.0], [0.0, 0.5]])
    yield case(W, np.zeros((4, 2)), label="the worked example")
    yield case(rng.normal(size=(3, 3)), np.tanh(rng.normal(size=(1, 3))), label="one word")
    for T, H in ((5, 3), (7, 4)):
        yield case(rng.normal(size=(H, H)), np.tanh(rng.normal(size=(T, H))))
    yield case(2 * np.eye(3), np.array([[0.1, 0.5, 0.9], [0.0, 0.0, 0.0], [0.6, 0.2, 0.1]]), label="W_hh = 2 I")


jacobian_norms = Exercise(recurrent.jacobian_norms, _jacobian_cases, hints=[
    "Begin at the end: from h_T to itself it is the identity. Then one more factor for each step back.",
    "Going back from t + 1 to t multiplies on the right: product @ J with J = diag(1 - h_{t+1}²) W_hh. "
    "diag(v) @ W is v[:, None] * W.",
    "np.linalg.norm(product, 2) is the largest singular value. Write it down before you multiply on.",
])

jacobian_norms.slip("product @ ((1 - hs[t] ** 2)[:, None] * W_hh)", "((1 - hs[t] ** 2)[:, None] * W_hh) @ product",
    looks="the factors stand in the wrong order",
    do="dh_T/dh_t = J_T ... J_{t+1}: the latest step stands leftmost. A further step back joins on the right.")
jacobian_norms.slip("(1 - hs[t] ** 2)[:, None] * ", "",
    looks="the slope of the tanh is missing", do="J_t = diag(1 - h_t²) W_hh: the tanh flattens each row.")
jacobian_norms.slip("np.linalg.norm(product, 2)", "np.abs(np.linalg.eigvals(product)).max()",
    looks="the largest eigenvalue was taken",
    do="It tells what happens in the very long run only. For a number of steps the largest singular value counts.")
jacobian_norms.slip("product, 2", "product",
    looks="the root of all squared entries was taken",
    do="np.linalg.norm(A) is the Frobenius norm. np.linalg.norm(A, 2) is the largest singular value.")
jacobian_norms.slip("@ ((1 - hs[t] ** 2)[:, None] * W_hh)", "* np.linalg.norm((1 - hs[t] ** 2)[:, None] * W_hh, 2)",
    looks="the norms of the single steps were multiplied",
    do="That is only an upper bound: steps need not stretch the same direction. Multiply the matrices first.")
jacobian_norms.slip("[:, None]", "",
    looks="the slope scales the columns of W_hh, not its rows",
    do="diag(v) @ W has row i multiplied by v_i: v[:, None] * W. W * v would scale column i.")
jacobian_norms.slip("norm(product, 2)", "norm(product @ ((1 - hs[t] ** 2)[:, None] * W_hh), 2)",
    looks="each product has one factor too many",
    do="From h_T to h_T there is no step: the last entry is 1. Write the norm down before you multiply.")
jacobian_norms.slip("return norms", "return norms[::-1]",
    looks="the result runs backwards in time", do="The first entry belongs to h_1, the last one, which is 1, to h_T.")
jacobian_norms.slip("hs[t] ** 2", "np.tanh(hs[t]) ** 2",
    looks="the tanh was applied a second time", do="hs are outputs of the tanh. Its slope is 1 - hs[t]**2.")
jacobian_norms.slip("hs[t]", "hs[t - 1]",
    looks="each factor has the slope at the state it leads back to",
    do="The step from h_t to h_{t+1} ends in the tanh at t + 1: its slope is 1 - hs[t + 1]**2.")
jacobian_norms.slip("* W_hh", "* W_hh.T",
    looks="W_hh was transposed", do="The Jacobian of W h is W itself: J_t = diag(1 - h_t²) W_hh.")


@jacobian_norms.alternative
def _each_from_the_start(W_hh, hs):
    norms = []
    for t in range(len(hs)):
        product = np.eye(len(W_hh))
        for h in hs[t + 1 :]:
            product = np.diag(1 - h**2) @ W_hh @ product
        norms.append(np.linalg.svd(product, compute_uv=False)[0])
    return np.array(norms)


@jacobian_norms.alternative
def _from_the_eigenvalues_of_the_square(W_hh, hs):
    product, norms = np.eye(len(W_hh)), []
    for h in hs[::-1]:
        norms.append(np.sqrt(np.linalg.eigvalsh(product.T @ product)[-1]))
        product = product @ np.diag(1 - h**2) @ W_hh
    return np.array(norms[::-1])


# right_verb_wins


def _verb_case(rng, lengths, V, label=""):
    mask = np.arange(max(lengths)) < np.array(lengths)[:, None]
    right, wrong = np.array([rng.permutation(V)[:2] for _ in lengths]).T
    return case(rng.normal(size=(*mask.shape, V)), mask, right, wrong, label=label)


def _verb_cases(rng):
    scores = np.array([[[5.0, 0.0], [1.0, 2.0], [9.0, 9.0]]])
    yield case(scores, np.array([[True, True, False]]), np.array([1]), np.array([0]), label="the worked example")
    yield case(np.ones((2, 1, 3)), np.ones((2, 1), dtype=bool), np.array([0, 2]), np.array([1, 1]), label="a tie")
    yield _verb_case(rng, [4, 1, 3, 5, 2, 4, 1, 2, 5], 6, label="sentences of different lengths")
    yield _verb_case(rng, [3] * 7, 5, label="no padding at all")
    for B, V in ((12, 4), (20, 9)):
        yield _verb_case(rng, rng.integers(1, 8, size=B).tolist(), V)


right_verb_wins = Exercise(recurrent.right_verb_wins, _verb_cases, hints=[
    "Two steps: for each sentence find the scores after its last real word, then compare two of them.",
    "The length of a sentence is mask.sum(axis=1), and its last word stands at the place length - 1.",
    "With rows = np.arange(B), logits[rows, places] takes one place from each sentence, shape (B, V). In the same way "
    "last[rows, right] takes one score from each row.",
])

right_verb_wins.slip("mask.sum(axis=1) - 1", "-1",
    looks="the scores after the padding were taken",
    do="[:, -1] is the last place of the rectangle. The last word of a sentence stands at mask.sum(axis=1) - 1.")
right_verb_wins.slip("mask.sum(axis=1) - 1", "np.minimum(mask.sum(axis=1), mask.shape[1] - 1)",
    looks="the place after the last word was taken", do="Places count from 0: the last of n words stands at n - 1.")
right_verb_wins.slip("mask.sum(axis=1) - 1", "mask.sum(axis=1)",
    looks="the length was taken as a place", do="Places count from 0: the last of n words stands at n - 1.")
right_verb_wins.slip("mask.sum(axis=1) - 1", "np.maximum(mask.sum(axis=1) - 2, 0)",
    looks="the scores before the last word were taken",
    do="The scores at a place are for what comes after it. So those at the last word are for the verb.")
right_verb_wins.slip("last[rows, right] > last[rows, wrong]", "last[rows, wrong] > last[rows, right]",
    looks="the wrong verb was asked to win", do="True means that the right verb has the higher score.")
right_verb_wins.slip(" > ", " >= ",
    looks="a tie was counted as a win", do="Equal scores prefer nothing. Ask for > .")
right_verb_wins.slip("last[rows, right] > last[rows, wrong]", "last.argmax(axis=1) == right",
    looks="the right verb had to beat all words",
    do="Another word may be likelier than both verbs. Compare the two scores with each other only.")
right_verb_wins.slip("logits[rows, mask", "logits[:, mask",
    looks="every sentence was read at the last places of all sentences",
    do="logits[:, places] has the shape (B, B, V). logits[np.arange(B), places] pairs each sentence with its place.")
right_verb_wins.slip("last[rows, right] > last[rows, wrong]", "last[:, right] > last[:, wrong]",
    looks="every sentence was asked for the verbs of all sentences",
    do="last[:, right] has the shape (B, B). last[np.arange(B), right] pairs each sentence with its own verb.")
right_verb_wins.slip("last[rows, right] > last[rows, wrong]", "(last[rows, right] > last[rows, wrong]).mean()",
    looks="the share was returned", do="Return one True or False for each sentence. The mean is taken later.")


@right_verb_wins.alternative
def _one_after_the_other(logits, mask, right, wrong):
    wins = []
    for scores, words, good, bad in zip(logits, mask, right, wrong, strict=True):
        after_the_last = scores[words][-1]
        wins.append(after_the_last[good] > after_the_last[bad])
    return np.array(wins)


@right_verb_wins.alternative
def _difference_everywhere(logits, mask, right, wrong):
    ahead = np.take_along_axis(logits, right[:, None, None], 2) - np.take_along_axis(logits, wrong[:, None, None], 2)
    places = mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)  # the first True from behind
    return np.take_along_axis(ahead[:, :, 0], places[:, None], 1)[:, 0] > 0
