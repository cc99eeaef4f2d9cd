"""The exercises of the recurrent lesson: cases, hints, known mistakes and other right answers."""

import math

import numpy as np
import torch
from torch.nn import functional

from course_lib.judge.compare import difference, kind
from course_lib.judge.exercise import Exercise, case
from course_lib.reference import recurrent

# masked_mean


def _mean_cases(rng):
    sentence = np.array([[[1.0, 2.0], [3.0, 4.0], [9.0, 9.0]]])
    yield case(sentence, np.array([[True, True, False]]), label="the worked example")
    yield case(rng.normal(size=(2, 3, 4)), np.array([[True, True, True], [True, False, False]]))
    yield case(
        rng.normal(size=(3, 5, 2)),
        np.arange(5) < np.array([[4], [0], [2]]),
        label="a sentence without words in the middle",
    )
    yield case(rng.normal(size=(2, 4, 3)), np.ones((2, 4), dtype=bool), label="no padding at all")
    X, mask = rng.normal(size=(4, 6, 3)), np.arange(6) < rng.integers(1, 7, size=(4, 1))
    X[~mask] = 1e6
    yield case(X, mask, label="large numbers in the padding")


masked_mean = Exercise(
    recurrent.masked_mean,
    cases=_mean_cases,
    hints=[
        "First make the padding harmless, then add up the words, then divide by how many there were.",
        "`mask[:, :, None]` has shape (B, T, 1) and fits X. `mask.sum(axis=1, keepdims=True)` has the lengths, (B, 1).",
        "A sentence without words has a sum of zeros. Divide it by 1: `np.maximum(lengths, 1)`.",
    ],
)


@masked_mean.mistake(
    "the sum was divided by T, not by the number of words",
    do="The padding is gone from the sum, but it was still counted. Each row has its own length: mask.sum(axis=1).",
)
def _divided_by_the_width(X, mask):
    return (X * mask[:, :, None]).mean(axis=1)


@masked_mean.mistake(
    "the padding was averaged as well",
    do="Set the places where mask is False to 0 before you add up, and do not count them.",
)
def _padding_included(X, mask):
    return X.mean(axis=1)


@masked_mean.mistake(
    "a sentence without words was divided by 0",
    do="Its sum is zero, and 0/0 is NaN. Make the smallest length 1: np.maximum(lengths, 1).",
)
def _nothing_by_nothing(X, mask):
    with np.errstate(invalid="ignore"):
        return (X * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)


@masked_mean.mistake("the words were added up but not divided", do="Divide each row by its number of words.")
def _only_summed(X, mask):
    return (X * mask[:, :, None]).sum(axis=1)


@masked_mean.mistake(
    "every sum was divided by the number of words in the whole batch",
    do="mask.sum() is one number for all. mask.sum(axis=1, keepdims=True) has one for each sentence.",
)
def _divided_by_the_batch(X, mask):
    return (X * mask[:, :, None]).sum(axis=1) / mask.sum()


@masked_mean.mistake(
    "the average ran over the sentences instead of the words",
    do="Axis 0 is the batch, axis 1 the time. Only the time goes: the result has shape (B, D).",
)
def _over_the_batch(X, mask):
    return (X * mask[:, :, None]).sum(axis=0) / np.maximum(mask.sum(axis=0)[:, None], 1)


@masked_mean.mistake(
    "the padding was overwritten in X itself",
    do="X belongs to the caller. np.where(mask[:, :, None], X, 0) makes a copy.",
)
def _overwritten(X, mask):
    X[~mask] = 0
    return X.sum(axis=1) / np.maximum(mask.sum(axis=1, keepdims=True), 1)


@masked_mean.mistake(
    "all words of all sentences were averaged together",
    do="X[mask] is one long list of words: which sentence they came from is lost. Sum over axis 1 instead.",
)
def _all_in_one(X, mask):
    return X[mask].mean(axis=0)


@masked_mean.mistake(
    "mask was multiplied with X as it is",
    do="X has the shape (B, T, D), mask (B, T). `mask[:, :, None]` has a third axis of length 1 and fits.",
)
def _mask_without_an_axis(X, mask):
    return (X * mask).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)


@masked_mean.mistake(
    "the lengths have the shape (B,) and do not fit the sums of shape (B, D)",
    do="Keep the axis: mask.sum(axis=1, keepdims=True) has the shape (B, 1), one length for each row.",
)
def _flat_lengths(X, mask):
    return (X * mask[:, :, None]).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)


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


rnn_forward = Exercise(
    recurrent.rnn_forward,
    cases=_forward_cases,
    hints=[
        "One loop over the time. Which variable must survive from one round to the next?",
        "`X[:, t]` has all words at place t, shape (B, D). `rnn_step` reads one word. Append its result to a list.",
        "`h = rnn_step(X[:, t], h, W_xh, W_hh, b)` in the loop; at the end `np.stack(states, axis=1)`.",
    ],
)


def _steps(X, h0, W_xh, W_hh, b, step, axis=1):
    h, states = h0, []
    for t in range(X.shape[1]):
        h = step(X[:, t], h)
        states.append(h)
    return np.stack(states, axis=axis)


@rnn_forward.mistake(
    "every step starts from h0 again",
    do="The new state must be the old state of the next step: h = rnn_step(..., h, ...).",
)
def _not_carried(X, h0, W_xh, W_hh, b):
    return _steps(X, h0, W_xh, W_hh, b, lambda x, h: np.tanh(x @ W_xh.T + h0 @ W_hh.T + b))


@rnn_forward.mistake(
    "each step reads the word before its own",
    do="The state h_t has read x_t. Step t takes X[:, t], also the first one.",
)
def _one_word_late(X, h0, W_xh, W_hh, b):
    late = np.concatenate([np.zeros_like(X[:, :1]), X[:, :-1]], axis=1)
    return recurrent.rnn_forward(late, h0, W_xh, W_hh, b)


@rnn_forward.mistake(
    "the loop runs over the sentences instead of over the time",
    do="Axis 0 of X is the batch: X[0] is a whole sentence. Step t reads X[:, t], one word of each sentence.",
)
def _over_the_sentences(X, h0, W_xh, W_hh, b):
    h, states = h0, []
    for sentence in X:
        h = recurrent.rnn_step(sentence, h, W_xh, W_hh, b)
        states.append(h)
    return np.stack(states, axis=0)


@rnn_forward.mistake(
    "the matrices stand on the left, as in the formula",
    do="The formula is for one column. Here words and states lie in rows, so W x becomes X[:, t] @ W_xh.T.",
)
def _columns_for_rows(X, h0, W_xh, W_hh, b):
    return _steps(X, h0, W_xh, W_hh, b, lambda x, h: np.tanh(W_xh @ x + W_hh @ h + b))


@rnn_forward.mistake("only the last state is returned", do="Keep the state of every step in a list and stack them.")
def _last_only(X, h0, W_xh, W_hh, b):
    return recurrent.rnn_forward(X, h0, W_xh, W_hh, b)[:, -1]


@rnn_forward.mistake(
    "W_xh and W_hh have changed places",
    do="W_xh leads from the word to the state, W_hh from state to state. Read the letters as 'from x to h'.",
)
def _swapped(X, h0, W_xh, W_hh, b):
    return _steps(X, h0, W_xh, W_hh, b, lambda x, h: np.tanh(x @ W_hh.T + h @ W_xh.T + b))


@rnn_forward.mistake(
    "W_hh is not transposed", do="W_hh is square, so no error tells you. The formula W h is h @ W.T for states in rows."
)
def _not_transposed(X, h0, W_xh, W_hh, b):
    return recurrent.rnn_forward(X, h0, W_xh, W_hh.T, b)


@rnn_forward.mistake(
    "reading starts from zeros", do="The caller may carry a state over from earlier text: start from h0."
)
def _from_zeros(X, h0, W_xh, W_hh, b):
    return recurrent.rnn_forward(X, np.zeros_like(h0), W_xh, W_hh, b)


@rnn_forward.mistake(
    "the states are stacked along the wrong axis", do="The list has T arrays of shape (B, H): np.stack(states, axis=1)."
)
def _time_first(X, h0, W_xh, W_hh, b):
    return recurrent.rnn_forward(X, h0, W_xh, W_hh, b).swapaxes(0, 1)


@rnn_forward.mistake(
    "h0 is the first entry of the result",
    do="The result has T states, those after each word. h0 comes before any word.",
)
def _with_the_start(X, h0, W_xh, W_hh, b):
    return np.concatenate([h0[:, None], recurrent.rnn_forward(X, h0, W_xh, W_hh, b)], axis=1)


@rnn_forward.mistake("the tanh is missing", do="Without it the states can grow without limit: h = np.tanh(...).")
def _linear(X, h0, W_xh, W_hh, b):
    return _steps(X, h0, W_xh, W_hh, b, lambda x, h: x @ W_xh.T + h @ W_hh.T + b)


@rnn_forward.mistake(
    "a sigmoid was used in place of the tanh",
    do="Some books write σ for any activation. Here it is the tanh; σ is for the gates of the next lesson.",
)
def _sigmoid(X, h0, W_xh, W_hh, b):
    return _steps(X, h0, W_xh, W_hh, b, lambda x, h: 1 / (1 + np.exp(-(x @ W_xh.T + h @ W_hh.T + b))))


@rnn_forward.mistake("the bias is missing", do="Inside the tanh stand three terms: word, old state, and b.")
def _no_bias(X, h0, W_xh, W_hh, b):
    return recurrent.rnn_forward(X, h0, W_xh, W_hh, np.zeros_like(b))


@rnn_forward.mistake(
    "each state was stored before its word was read",
    do="First h = rnn_step(...), then append: else the list begins with h0, and the last state is missing.",
)
def _stored_too_early(X, h0, W_xh, W_hh, b):
    return np.concatenate([h0[:, None], recurrent.rnn_forward(X, h0, W_xh, W_hh, b)[:, :-1]], axis=1)


@rnn_forward.mistake(
    "the first word was left out",
    do="Python counts from 0: the loop starts at t = 0, and its first step goes from h0.",
)
def _first_word_left_out(X, h0, W_xh, W_hh, b):
    hs = np.zeros((*X.shape[:2], len(b)))
    for t in range(1, X.shape[1]):
        hs[:, t] = recurrent.rnn_step(X[:, t], hs[:, t - 1], W_xh, W_hh, b)
    return hs


@rnn_forward.alternative
def _one_wide_matrix(X, h0, W_xh, W_hh, b):
    wide = np.hstack([W_hh, W_xh])
    return _steps(X, h0, W_xh, W_hh, b, lambda x, h: np.tanh(np.concatenate([h, x], axis=-1) @ wide.T + b))


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


lm_targets = Exercise(
    recurrent.lm_targets,
    cases=_target_cases,
    hints=[
        "Write the sentence with both marks on paper. What is read last? What must be predicted first?",
        "The inputs have no eos, the targets have no bos. Otherwise both are the sentence.",
        "`[bos, *ids]` and `[*ids, eos]`.",
    ],
)


@lm_targets.mistake(
    "the targets are the inputs themselves",
    do="A model that may copy what it reads learns nothing about the next word. Shift the targets by one place.",
)
def _copies(ids, bos, eos):
    return [bos, *ids], [bos, *ids]


@lm_targets.mistake(
    "the shift goes the wrong way", do="The target is the word that comes after the input, not the one before it."
)
def _backwards(ids, bos, eos):
    return [*ids, eos], [bos, *ids]


@lm_targets.mistake(
    "the end mark is missing",
    do="The model must learn to stop as well: after the last word it should predict eos. There are N + 1 pairs.",
)
def _no_end(ids, bos, eos):
    return [bos, *ids][:-1], list(ids)


@lm_targets.mistake(
    "the beginning mark is missing",
    do="The first word must be predicted, too, from nothing but bos. There are N + 1 pairs.",
)
def _no_beginning(ids, bos, eos):
    return list(ids), [*ids[1:], eos]


@lm_targets.mistake(
    "both lists have both marks", do="Nothing follows eos, so the model never reads it; nothing comes before bos."
)
def _both_marks(ids, bos, eos):
    return [bos, *ids, eos], [bos, *ids, eos]


@lm_targets.mistake("the model reads the end mark", do="Nothing follows eos, so there is nothing to predict from it.")
def _reads_the_end(ids, bos, eos):
    return [bos, *ids, eos], [*ids, eos]


@lm_targets.mistake("pairs were returned", do="Return two lists, first all inputs, then all targets.")
def _pairs(ids, bos, eos):
    return list(zip([bos, *ids], [*ids, eos], strict=True))


@lm_targets.mistake(
    "the first word is no target",
    do="It must be predicted, too, from bos alone. The targets are the whole sentence, and eos after it.",
)
def _first_word_no_target(ids, bos, eos):
    return [bos, *ids], [*ids[1:], eos]


@lm_targets.mistake("bos and eos have changed places", do="bos stands at the beginning, eos at the end.")
def _marks_swapped(ids, bos, eos):
    return [eos, *ids], [*ids, bos]


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
    yield _loss_case(rng, [2, 4], 5, pad=0, scale=2000.0, label="large scores")
    yield _loss_case(rng, [4, 4], 6, pad=5, label="no padding at all")


masked_lm_loss = Exercise(
    recurrent.masked_lm_loss,
    cases=_loss_cases,
    hints=[
        "First the loss at every place, shape (B, T). Then throw out the padding. Then the mean of what is left.",
        "`logits.log_softmax(dim=-1)` has the log-probabilities of all words. `.gather(-1, targets[..., None])` "
        "picks those of the targets.",
        "`losses[targets != pad]` keeps the real tokens only, in one flat tensor. (Or look what `ignore_index` does in "
        "`torch.nn.functional.cross_entropy`, which wants the words on axis 1 or two flat arguments.)",
    ],
)


def _token_losses(logits, targets):
    return -logits.log_softmax(dim=-1).gather(-1, targets[..., None])[..., 0]


@masked_lm_loss.mistake(
    "the sum was divided by all places, padding included",
    do="Padding makes the loss look smaller that way. Divide by the number of real tokens.",
)
def _over_all_places(logits, targets, pad):
    return (_token_losses(logits, targets) * (targets != pad)).mean()


@masked_lm_loss.mistake(
    "the padding counts like a word",
    do="Nobody wants the model to predict padding. Leave out the places where targets == pad.",
)
def _no_mask(logits, targets, pad):
    return _token_losses(logits, targets).mean()


@masked_lm_loss.mistake(
    "the mean of the sentences' means was taken",
    do="Then one word of a short sentence weighs as much as nine of a long one. Put all tokens into one pot.",
)
def _mean_of_means(logits, targets, pad):
    real = targets != pad
    return ((_token_losses(logits, targets) * real).sum(dim=1) / real.sum(dim=1)).mean()


@masked_lm_loss.mistake(
    "the score of the padding was taken out of the softmax",
    do="Mask places, not words: the softmax runs over all V scores at every place that counts.",
)
def _pad_out_of_softmax(logits, targets, pad):
    hidden = torch.arange(logits.shape[-1]) == pad
    losses = _token_losses(logits.masked_fill(hidden, -torch.inf), targets)
    return losses[targets != pad].mean()


@masked_lm_loss.mistake("the losses were added up", do="Divide by the number of real tokens: a mean is asked for.")
def _summed(logits, targets, pad):
    return _token_losses(logits, targets)[targets != pad].sum()


@masked_lm_loss.mistake(
    "the softmax was taken first and its logarithm afterwards",
    do="With large scores a probability becomes exactly 0, and its logarithm infinite. log_softmax does both at once.",
)
def _log_of_softmax(logits, targets, pad):
    right = logits.softmax(dim=-1).gather(-1, targets[..., None])[..., 0]
    return -right[targets != pad].log().mean()


@masked_lm_loss.mistake(
    "cross_entropy looked for the words on axis 1",
    do="It wants the V scores on axis 1, or flat arguments: logits.flatten(0, 1) and targets.flatten().",
)
def _words_on_axis_one(logits, targets, pad):
    return functional.cross_entropy(logits, targets, ignore_index=pad)


@masked_lm_loss.mistake(
    "the softmax runs over the places instead of the words", do="The V scores lie on the last axis: dim=-1."
)
def _over_time(logits, targets, pad):
    right = logits.log_softmax(dim=1).gather(-1, targets[..., None])[..., 0]
    return -right[targets != pad].mean()


@masked_lm_loss.mistake("the sign is wrong", do="Log-probabilities are negative, a loss is positive: -log p.")
def _negative(logits, targets, pad):
    return -recurrent.masked_lm_loss(logits, targets, pad)


@masked_lm_loss.mistake("the result is a perplexity", do="Return the mean loss. Its exponential comes later.")
def _perplexity(logits, targets, pad):
    return recurrent.masked_lm_loss(logits, targets, pad).exp()


@masked_lm_loss.mistake("the loss is in bits", do="Use the natural logarithm: nats are asked for.")
def _bits(logits, targets, pad):
    return recurrent.masked_lm_loss(logits, targets, pad) / math.log(2)


@masked_lm_loss.mistake(
    "the result is cut off from the gradients",
    do="Then .backward() has nothing to go back through: leave out .item(), .detach() and torch.no_grad().",
)
def _plain_number(logits, targets, pad):
    return recurrent.masked_lm_loss(logits, targets, pad).item()


@masked_lm_loss.mistake(
    "the softmax was taken twice",
    do="log_softmax and cross_entropy take it themselves: hand them the raw scores.",
)
def _softmax_twice(logits, targets, pad):
    return recurrent.masked_lm_loss(logits.softmax(dim=-1), targets, pad)


@masked_lm_loss.mistake(
    "the sum was divided by the number of sentences",
    do="A mean per token is asked for: divide by the number of places where targets != pad.",
)
def _per_sentence(logits, targets, pad):
    return _token_losses(logits, targets)[targets != pad].sum() / len(targets)


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


sample = Exercise(
    recurrent.sample,
    cases=_sample_cases,
    probe=_draw_often,
    differ=_same_shares,
    hints=[
        "Temperature 0 is a case of its own. Else: top_k, divide by the temperature, softmax, draw.",
        "A word that must not take part gets the score -inf, on a copy: its exponential is 0. "
        "np.argsort(logits)[-top_k:] are the numbers of the top_k best.",
        "Subtract the maximum before np.exp. `rng.choice(len(p), p=p)` draws a number with the probabilities p.",
    ],
)


def _draw(logits, rng):
    weights = np.exp(logits - np.max(logits))
    return int(rng.choice(len(weights), p=weights / weights.sum()))


def _keep(logits, top_k):
    if top_k is None or top_k >= len(logits):
        return logits
    return np.where(logits >= np.sort(logits)[-top_k], logits, -np.inf)


@sample.mistake(
    "the scores were multiplied by the temperature", do="Divide: a low temperature makes differences larger."
)
def _times_temperature(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(logits.argmax())
    return _draw(_keep(logits, top_k) * temperature, rng)


@sample.mistake(
    "the temperature makes no difference",
    do="Divide the scores by it, before the softmax. Dividing probabilities and normalising again does nothing.",
)
def _without_temperature(logits, rng, temperature=1.0, top_k=None):
    return int(logits.argmax()) if temperature == 0 else _draw(_keep(logits, top_k), rng)


@sample.mistake("top_k makes no difference", do="Give all scores but the top_k highest the value -inf.")
def _without_top_k(logits, rng, temperature=1.0, top_k=None):
    return int(logits.argmax()) if temperature == 0 else _draw(logits / temperature, rng)


@sample.mistake("the top_k lowest scores were kept", do="np.argsort sorts upwards: take the last top_k, [-top_k:].")
def _lowest(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(logits.argmax())
    if top_k is not None and top_k < len(logits):
        logits = -_keep(-logits, top_k)
        logits = np.where(logits == np.inf, -np.inf, logits)
    return _draw(logits / temperature, rng)


@sample.mistake(
    "the words outside the top_k kept a score of 0",
    do="A score of 0 still has exp(0) = 1 in the softmax. Words that must not come up need the score -inf.",
)
def _zero_score(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(logits.argmax())
    if top_k is not None and top_k < len(logits):
        logits = np.where(logits >= np.sort(logits)[-top_k], logits, 0.0)
    return _draw(logits / temperature, rng)


@sample.mistake(
    "the probabilities no longer add up to 1 after top_k",
    do="Setting some to 0 leaves less than 1. Divide by the new sum, or set scores to -inf before the softmax.",
)
def _not_normalised(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(logits.argmax())
    weights = np.exp((logits - logits.max()) / temperature)
    kept = np.isfinite(_keep(logits, top_k))
    return int(rng.choice(len(weights), p=np.where(kept, weights / weights.sum(), 0)))


@sample.mistake(
    "every draw gives the same word",
    do="Only temperature 0 takes the best. Otherwise draw with the rng you were given; a new generator inside the "
    "function would begin afresh at every call.",
)
def _greedy(logits, rng, temperature=1.0, top_k=None):
    return int(logits.argmax())


@sample.mistake(
    "the words were drawn with np.random instead of rng",
    do="Use the generator you were given, rng.choice(...). With the same seed it writes the same text again.",
)
def _global_generator(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(logits.argmax())
    scores = _keep(logits, top_k) / temperature
    weights = np.exp(scores - scores.max())
    return int(np.random.choice(len(weights), p=weights / weights.sum()))  # noqa: NPY002


@sample.mistake(
    "large scores overflow",
    do="np.exp(1000) is infinite. Subtract the largest score first; the softmax stays the same.",
)
def _overflow(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(logits.argmax())
    with np.errstate(over="ignore", invalid="ignore"):
        weights = np.exp(_keep(logits, top_k) / temperature)
        return int(rng.choice(len(weights), p=weights / weights.sum()))


@sample.mistake(
    "the scores were divided by a temperature of 0",
    do="Treat it first: `if temperature == 0: return int(logits.argmax())`.",
)
def _divided_by_zero(logits, rng, temperature=1.0, top_k=None):
    with np.errstate(divide="ignore", invalid="ignore"):
        return _draw(_keep(logits, top_k) / np.float64(temperature), rng)


@sample.mistake(
    "a place in the list of the top_k was returned",
    do="You drew among the kept words only: look the number of the word up, kept[place].",
)
def _place_among_kept(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(logits.argmax())
    kept = np.argsort(logits)[::-1][:top_k]
    return _draw(logits[kept] / temperature, rng)


@sample.mistake(
    "the scores were changed in the caller's array",
    do="Work on a copy: logits = logits.copy() before you write into it.",
)
def _in_place(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(logits.argmax())
    if top_k is not None and top_k < len(logits):
        logits[np.argsort(logits)[:-top_k]] = -np.inf
    return _draw(logits / temperature, rng)


@sample.mistake(
    "top_k is larger than the vocabulary, and that is an error",
    do="Then all words take part: `if top_k is not None and top_k < len(logits):`.",
)
def _too_many(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(logits.argmax())
    smallest = -np.inf if top_k is None else np.sort(logits)[-top_k]
    return _draw(np.where(logits >= smallest, logits, -np.inf) / temperature, rng)


@sample.mistake(
    "one word too few takes part", do="The word on rank top_k takes part as well: keep the scores >= the smallest kept."
)
def _one_too_few(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(logits.argmax())
    if top_k is not None:
        smallest = np.sort(logits)[-min(top_k, len(logits))]
        logits = np.where(logits > smallest, logits, -np.inf)
    return _draw(logits / temperature, rng)


@sample.mistake(
    "all words that take part are equally likely", do="rng.choice needs the probabilities: rng.choice(len(p), p=p)."
)
def _without_probabilities(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(logits.argmax())
    return int(rng.choice(np.flatnonzero(np.isfinite(_keep(logits, top_k)))))


@sample.mistake(
    "the score of a word was returned, not its number", do="Draw from the numbers: rng.choice(len(logits), p=p)."
)
def _score_returned(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(logits.argmax())
    scores = _keep(logits, top_k) / temperature
    weights = np.exp(scores - scores.max())
    return rng.choice(logits, p=weights / weights.sum())


@sample.alternative
def _running_total(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return int(np.argmax(logits))
    scores = _keep(np.asarray(logits, dtype=float), top_k) / temperature
    weights = np.exp(scores - scores.max())
    dice, total = rng.random() * weights.sum(), 0.0
    for word, weight in enumerate(weights):
        total += weight
        if dice < total:
            return word
    return int(np.argmax(weights))


@sample.alternative
def _gumbel(logits, rng, temperature=1.0, top_k=None):
    scores = np.array(logits, dtype=float)
    if temperature > 0:
        if top_k is not None and top_k < len(scores):
            scores[np.argsort(scores)[:-top_k]] = -np.inf
        scores = scores / temperature + rng.gumbel(size=len(scores))
    return scores.argmax()


@sample.alternative
def _among_the_kept(logits, rng, temperature=1.0, top_k=None):
    if temperature == 0:
        return np.argmax(logits)
    kept = np.argsort(-logits)[: len(logits) if top_k is None else top_k]
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


def _close(got, expected, *args):
    return difference(got, expected, rtol=1e-6, atol=1e-8)


rnn_backward = Exercise(
    recurrent.rnn_backward,
    cases=_backward_cases,
    differ=_close,
    hints=[
        "Walk backwards. At each step add what comes directly (dhs) and what comes from the step after.",
        "With dh the sum of both, delta = dh * (1 - h_t²) is the gradient in front of the tanh. "
        "It goes on to h_{t-1} as delta @ W_hh.",
        "W_hh met the state before the step, h_{t-1}: its share is delta.T @ h_{t-1}, with h0 for the first step. "
        "W_xh met x_t, b met nothing. Add up the shares of all steps.",
    ],
)


def _through_time(
    X,
    h0,
    hs,
    dhs,
    W_xh,
    W_hh,
    slope=lambda h: 1 - h**2,
    back=lambda dh, delta, W: delta @ W,
    met=lambda hs, h0, t: hs[:, t - 1] if t else h0,
    direct=lambda dhs, t: dhs[:, t],
    add=lambda old, share: old + share,
):
    """The walk backwards with one part exchanged."""
    W_xh_gradient, W_hh_gradient, b_gradient = np.zeros_like(W_xh), np.zeros_like(W_hh), np.zeros(len(W_hh))
    X_gradient, from_later = np.zeros_like(X), np.zeros_like(h0)
    for t in reversed(range(X.shape[1])):
        dh = direct(dhs, t) + from_later
        delta = dh * slope(hs[:, t])
        W_xh_gradient = add(W_xh_gradient, delta.T @ X[:, t])
        W_hh_gradient = add(W_hh_gradient, delta.T @ met(hs, h0, t))
        b_gradient = add(b_gradient, delta.sum(axis=0))
        X_gradient[:, t] = delta @ W_xh
        from_later = back(dh, delta, W_hh)
    return {"W_xh": W_xh_gradient, "W_hh": W_hh_gradient, "b": b_gradient, "X": X_gradient, "h0": from_later}


@rnn_backward.mistake(
    "nothing comes back from the later steps",
    do="A state acts on the loss through all states after it. Carry delta @ W_hh on to the step before.",
)
def _cut_at_every_step(*args):
    return _through_time(*args, back=lambda dh, delta, W: 0 * dh)


@rnn_backward.mistake(
    "the gradient of W_hh was taken with the state after the step",
    do="W_hh was multiplied by the state before the step: h_{t-1}, and h0 for the first.",
)
def _state_after(*args):
    return _through_time(*args, met=lambda hs, h0, t: hs[:, t])


@rnn_backward.mistake(
    "the first step was taken to start from zeros",
    do="The state before the first word is h0: W_hh met it there, and its share belongs to the gradient of W_hh.",
)
def _start_from_zeros(*args):
    return _through_time(*args, met=lambda hs, h0, t: hs[:, t - 1] if t else 0 * h0)


@rnn_backward.mistake(
    "the state before the first step was taken from the end",
    do="For t = 0, hs[:, t - 1] is hs[:, -1], the last state, and no error tells you. Before the first step stands h0.",
)
def _wrapped_around(*args):
    return _through_time(*args, met=lambda hs, h0, t: hs[:, t - 1])


@rnn_backward.mistake(
    "only the loss at the last step counts",
    do="dhs has a gradient for every step. Add dhs[:, t] at each one, on top of what comes from later.",
)
def _last_loss_only(X, h0, hs, dhs, W_xh, W_hh):
    last = X.shape[1] - 1
    return _through_time(X, h0, hs, dhs, W_xh, W_hh, direct=lambda dhs, t: dhs[:, t] * (t == last))


@rnn_backward.mistake("the slope of the tanh is missing", do="The tanh shrinks what passes: multiply by 1 - h_t².")
def _without_slope(*args):
    return _through_time(*args, slope=np.ones_like)


@rnn_backward.mistake(
    "the tanh was applied a second time",
    do="hs are outputs of the tanh already. Its slope there is simply 1 - hs[:, t]**2.",
)
def _tanh_of_state(*args):
    return _through_time(*args, slope=lambda h: 1 - np.tanh(h) ** 2)


@rnn_backward.mistake(
    "W_hh is transposed on the way back",
    do="Forward it was h @ W_hh.T, so backward it is delta @ W_hh. It is square, and no error tells you.",
)
def _transposed_on_the_way_back(*args):
    return _through_time(*args, back=lambda dh, delta, W: delta @ W.T)


@rnn_backward.mistake(
    "the gradient goes back in time without passing the tanh",
    do="First multiply by 1 - h_t², then by W_hh: delta @ W_hh, not dh @ W_hh.",
)
def _around_the_tanh(*args):
    return _through_time(*args, back=lambda dh, delta, W: dh @ W)


@rnn_backward.mistake(
    "each step overwrites the gradients of the parameters",
    do="The same W is used at every step, so the shares of all steps add up: use +=.",
)
def _overwritten_gradients(*args):
    return _through_time(*args, add=lambda old, share: share)


@rnn_backward.mistake(
    "the gradients were divided by the number of sentences",
    do="Whether the loss is a mean or a sum is already in dhs. Add up the sentences and leave it at that.",
)
def _mean_over_batch(X, h0, hs, dhs, W_xh, W_hh):
    gradients = recurrent.rnn_backward(X, h0, hs, dhs, W_xh, W_hh)
    return {name: g / len(X) if name in ("W_xh", "W_hh", "b") else g for name, g in gradients.items()}


@rnn_backward.mistake(
    "the walk goes forwards in time", do="The last step hands its gradient to the one before it: reversed(range(T))."
)
def _forwards(X, h0, hs, dhs, W_xh, W_hh):
    before = np.concatenate([h0[:, None], hs[:, :-1]], axis=1)
    delta, carried = np.zeros_like(hs), np.zeros_like(h0)
    for t in range(X.shape[1]):
        delta[:, t] = (dhs[:, t] + carried) * (1 - hs[:, t] ** 2)
        carried = delta[:, t] @ W_hh
    return {
        "W_xh": np.einsum("bth,btd->hd", delta, X),
        "W_hh": np.einsum("bth,btk->hk", delta, before),
        "b": delta.sum(axis=(0, 1)),
        "X": delta @ W_xh,
        "h0": carried,
    }


@rnn_backward.mistake(
    "the slope is that of the sigmoid",
    do="h * (1 - h) belongs to the sigmoid. The slope of the tanh is 1 - h_t².",
)
def _slope_of_the_sigmoid(*args):
    return _through_time(*args, slope=lambda h: h * (1 - h))


@rnn_backward.mistake(
    "the gradient of h0 has not passed W_hh",
    do="From the first delta to h0 there is one more step back: delta @ W_hh.",
)
def _before_the_last_step(*args):
    gradients, W_hh = _through_time(*args), args[-1]
    return {**gradients, "h0": np.linalg.solve(W_hh.T, gradients["h0"].T).T}  # takes the last @ W_hh back


@rnn_backward.alternative
def _step_by_step(*args):
    return _through_time(*args)


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


tbptt_chunks = Exercise(
    recurrent.tbptt_chunks,
    lazy=True,
    cases=_chunk_cases,
    hints=[
        "First the streams, then the chunks. How many places has a stream, if each needs a target as well?",
        "places = (N - 1) // batch: the last number of the text is a target only. Cut the inputs and the targets "
        "out of ids, and reshape both to (batch, places).",
        "The targets are `ids[1 : batch * places + 1]`, cut before reshaping. Then slice both with "
        "`[:, start : start + length]`, start = 0, length, 2·length, ...",
    ],
)


def _cut(inputs, targets, length):
    return [(inputs[:, i : i + length], targets[:, i : i + length]) for i in range(0, inputs.shape[1], length)]


@tbptt_chunks.mistake(
    "each chunk is a fresh piece of the text, cut into rows",
    do="Row i must go on where row i of the last chunk ended, or a carried state meets a strange text. "
    "Make the streams once, then cut columns.",
)
def _fresh_pieces(ids, batch, length):
    places = (len(ids) - 1) // batch
    chunks = []
    for start in range(0, places, length):
        width = min(length, places - start)
        piece = slice(start * batch, (start + width) * batch)
        chunks.append((ids[:-1][piece].reshape(batch, width), ids[1:][piece].reshape(batch, width)))
    return chunks


@tbptt_chunks.mistake(
    "the targets do not look across the end of a chunk",
    do="The last target of a chunk is the first input of the next one. Shift the whole text first, then cut.",
)
def _not_across(ids, batch, length):
    streams = ids[: len(ids) // batch * batch].reshape(batch, -1)
    pieces = [streams[:, i : i + length] for i in range(0, streams.shape[1], length)]
    return [(piece[:, :-1], piece[:, 1:]) for piece in pieces]


@tbptt_chunks.mistake("the targets are the inputs", do="The target of a place is the number after it: shift by one.")
def _same_targets(ids, batch, length):
    return [(inputs, inputs) for inputs, _ in recurrent.tbptt_chunks(ids, batch, length)]


@tbptt_chunks.mistake(
    "the short chunk at the end was dropped",
    do="range(0, places, length) has it: a slice may be shorter than asked for.",
)
def _remainder_dropped(ids, batch, length):
    return [pair for pair in recurrent.tbptt_chunks(ids, batch, length) if pair[0].shape[1] == length]


@tbptt_chunks.mistake(
    "the text runs down the columns instead of along the rows",
    do="Neighbours in the text must be neighbours in a row: reshape(batch, places), not reshape(places, batch).T.",
)
def _columns(ids, batch, length):
    places = (len(ids) - 1) // batch
    inputs, targets = (ids[i : i + batch * places].reshape(places, batch).T for i in (0, 1))
    return _cut(inputs, targets, length)


@tbptt_chunks.mistake(
    "the last target of a stream is the stream's first number",
    do="np.roll takes it from the wrong end. In the text it is followed by the first number of the next stream.",
)
def _rolled(ids, batch, length):
    places = (len(ids) - 1) // batch
    inputs = ids[: batch * places].reshape(batch, places)
    return _cut(inputs, np.roll(inputs, -1, axis=1), length)


@tbptt_chunks.mistake(
    "a place of every stream is lost",
    do="The last number of each stream got no target. Cut the targets out of the text, one place on.",
)
def _place_lost(ids, batch, length):
    streams = ids[: len(ids) // batch * batch].reshape(batch, -1)
    return _cut(streams[:, :-1], streams[:, 1:], length)


@tbptt_chunks.mistake(
    "the last target of every stream is missing",
    do="A place needs a target: use (N - 1) // batch places, and cut the targets out of the text before reshaping.",
)
def _targets_run_out(ids, batch, length):
    streams = ids[: len(ids) // batch * batch].reshape(batch, -1)
    starts = range(0, streams.shape[1], length)
    return [(streams[:, i : i + length], streams[:, i + 1 : i + length + 1]) for i in starts]


@tbptt_chunks.mistake(
    "the shift goes the wrong way", do="The target is the number that follows. Return (inputs, targets), in this order."
)
def _targets_first(ids, batch, length):
    return [(targets, inputs) for inputs, targets in recurrent.tbptt_chunks(ids, batch, length)]


@tbptt_chunks.mistake(
    "the streams leave no target for the last number",
    do="The last number of the text is a target only. So a stream has (N - 1) // batch places, not N // batch.",
)
def _no_target_left(ids, batch, length):
    places = len(ids) // batch
    inputs, targets = (ids[i : batch * places + i].reshape(batch, places) for i in (0, 1))
    return _cut(inputs, targets, length)


@tbptt_chunks.mistake(
    "each chunk is a fresh piece of the text, and the rest is dropped",
    do="Row i must go on where row i of the last chunk ended. Make the streams once, then cut columns.",
)
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
    yield case(
        [torch.tensor(rng.normal(size=(2, 3)) * 9), torch.tensor(rng.normal(size=5))], 0.8, label="torch tensors"
    )


clip_by_norm = Exercise(
    recurrent.clip_by_norm,
    cases=_clip_cases,
    hints=[
        "How long is a vector that consists of all the arrays together?",
        "Add up the squares of all entries of all arrays, then one root. `(g**2).sum()` works for NumPy and torch.",
        "If that length exceeds max_norm, multiply every array by max_norm / length. Otherwise leave them.",
    ],
)


def _length(gradients):
    return math.sqrt(sum(float((gradient**2).sum()) for gradient in gradients))


@clip_by_norm.mistake(
    "each array was clipped on its own",
    do="That turns the step: parameters with small gradients gain weight. One length for all arrays together.",
)
def _each_on_its_own(gradients, max_norm):
    return [recurrent.clip_by_norm([gradient], max_norm)[0] for gradient in gradients]


@clip_by_norm.mistake(
    "each number was cut off on its own",
    do="That turns the step. Multiply everything by one number, so that the direction stays.",
)
def _each_entry(gradients, max_norm):
    return [gradient.clip(-max_norm, max_norm) for gradient in gradients]


@clip_by_norm.mistake(
    "short gradients were made longer", do="Clipping only shortens. Below max_norm nothing happens at all."
)
def _always_scaled(gradients, max_norm):
    with np.errstate(invalid="ignore", divide="ignore"):
        return [gradient * (max_norm / np.float64(_length(gradients))) for gradient in gradients]


@clip_by_norm.mistake(
    "max_norm was divided by a length of 0", do="Ask first whether the length exceeds max_norm. 0 never does."
)
def _by_zero(gradients, max_norm):
    shrink = min(1.0, max_norm / _length(gradients))
    return [gradient * shrink for gradient in gradients]


@clip_by_norm.mistake("the root is missing", do="The length is the root of the sum of the squares.")
def _squared_length(gradients, max_norm):
    length = _length(gradients) ** 2
    return [gradient * (max_norm / length if length > max_norm else 1.0) for gradient in gradients]


@clip_by_norm.mistake(
    "the lengths of the arrays were added up",
    do="Lengths do not add, squares do (3 and 4 make 5): add all squares, then one root.",
)
def _sum_of_lengths(gradients, max_norm):
    length = sum(_length([gradient]) for gradient in gradients)
    return [gradient * (max_norm / length if length > max_norm else 1.0) for gradient in gradients]


@clip_by_norm.mistake("the result has length 1", do="Divide by the length and multiply by max_norm.")
def _unit_length(gradients, max_norm):
    length = _length(gradients)
    return [gradient * (1 / length if length > max_norm else 1.0) for gradient in gradients]


@clip_by_norm.mistake(
    "the arrays of the caller were changed", do="`g *= ...` writes into the caller's array. `g * ...` makes a new one."
)
def _clipped_in_place(gradients, max_norm):
    length = _length(gradients)
    for gradient in gradients:
        gradient *= max_norm / length if length > max_norm else 1.0
    return gradients


@clip_by_norm.mistake(
    "the factor is upside down", do="To make a long one shorter, multiply by max_norm / length, which is below 1."
)
def _upside_down(gradients, max_norm):
    length = _length(gradients)
    return [gradient * (length / max_norm if length > max_norm else 1.0) for gradient in gradients]


@clip_by_norm.mistake(
    "np.linalg.norm was given the whole list",
    do="Arrays of different shapes do not fit into one array. Add up (g**2).sum() of each, then take one root.",
)
def _norm_of_a_list(gradients, max_norm):
    length = np.linalg.norm(gradients)
    return [gradient * (max_norm / length if length > max_norm else 1.0) for gradient in gradients]


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


jacobian_norms = Exercise(
    recurrent.jacobian_norms,
    cases=_jacobian_cases,
    hints=[
        "Begin at the end: from h_T to itself it is the identity. Then one more factor for each step back.",
        "Going back from t + 1 to t multiplies on the right: product @ J with J = diag(1 - h_{t+1}²) W_hh. "
        "diag(v) @ W is v[:, None] * W.",
        "np.linalg.norm(product, 2) is the largest singular value. Write it down before you multiply on.",
    ],
)


def _walk_back(W_hh, hs, size=lambda product: np.linalg.norm(product, 2), factor=None, grow=lambda p, J: p @ J):
    factor = factor or (lambda W, h: (1 - h**2)[:, None] * W)
    product, norms = np.eye(len(W_hh)), []
    for h in hs[::-1]:
        norms.append(size(product))
        product = grow(product, factor(W_hh, h))
    return np.array(norms[::-1])


@jacobian_norms.mistake(
    "the factors stand in the wrong order",
    do="dh_T/dh_t = J_T ... J_{t+1}: the latest step stands leftmost. A further step back joins on the right.",
)
def _wrong_order(W_hh, hs):
    return _walk_back(W_hh, hs, grow=lambda product, J: J @ product)


@jacobian_norms.mistake("the slope of the tanh is missing", do="J_t = diag(1 - h_t²) W_hh: the tanh flattens each row.")
def _powers_of_W(W_hh, hs):
    return _walk_back(W_hh, hs, factor=lambda W, h: W)


@jacobian_norms.mistake(
    "the largest eigenvalue was taken",
    do="It tells what happens in the very long run only. For a number of steps the largest singular value counts.",
)
def _spectral_radius(W_hh, hs):
    return _walk_back(W_hh, hs, size=lambda product: np.abs(np.linalg.eigvals(product)).max())


@jacobian_norms.mistake(
    "the root of all squared entries was taken",
    do="np.linalg.norm(A) is the Frobenius norm. np.linalg.norm(A, 2) is the largest singular value.",
)
def _frobenius(W_hh, hs):
    return _walk_back(W_hh, hs, size=np.linalg.norm)


@jacobian_norms.mistake(
    "the norms of the single steps were multiplied",
    do="That is only an upper bound: steps need not stretch the same direction. Multiply the matrices first.",
)
def _product_of_norms(W_hh, hs):
    steps = [np.linalg.norm((1 - h**2)[:, None] * W_hh, 2) for h in hs]
    return np.array([np.prod(steps[t + 1 :]) for t in range(len(hs))])


@jacobian_norms.mistake(
    "the slope scales the columns of W_hh, not its rows",
    do="diag(v) @ W has row i multiplied by v_i: v[:, None] * W. W * v would scale column i.",
)
def _columns_scaled(W_hh, hs):
    return _walk_back(W_hh, hs, factor=lambda W, h: W * (1 - h**2))


@jacobian_norms.mistake(
    "each product has one factor too many",
    do="From h_T to h_T there is no step: the last entry is 1. Write the norm down before you multiply.",
)
def _one_too_many(W_hh, hs):
    product, norms = np.eye(len(W_hh)), []
    for h in hs[::-1]:
        product = product @ ((1 - h**2)[:, None] * W_hh)
        norms.append(np.linalg.norm(product, 2))
    return np.array(norms[::-1])


@jacobian_norms.mistake(
    "the result runs backwards in time", do="The first entry belongs to h_1, the last one, which is 1, to h_T."
)
def _reversed(W_hh, hs):
    return recurrent.jacobian_norms(W_hh, hs)[::-1]


@jacobian_norms.mistake(
    "the tanh was applied a second time", do="hs are outputs of the tanh. Its slope is 1 - hs[t]**2."
)
def _slope_of_tanh_of_state(W_hh, hs):
    return _walk_back(W_hh, np.tanh(hs))


@jacobian_norms.mistake(
    "each factor has the slope at the state it leads back to",
    do="The step from h_t to h_{t+1} ends in the tanh at t + 1: its slope is 1 - hs[t + 1]**2.",
)
def _slope_one_step_early(W_hh, hs):
    product, norms = np.eye(len(W_hh)), [1.0]
    for h in hs[-2::-1]:
        product = product @ ((1 - h**2)[:, None] * W_hh)
        norms.append(np.linalg.norm(product, 2))
    return np.array(norms[::-1])[-len(hs) :]


@jacobian_norms.mistake("W_hh was transposed", do="The Jacobian of W h is W itself: J_t = diag(1 - h_t²) W_hh.")
def _transposed(W_hh, hs):
    return _walk_back(W_hh, hs, factor=lambda W, h: (1 - h**2)[:, None] * W.T)


@jacobian_norms.alternative
def _each_from_the_start(W_hh, hs):
    norms = []
    for t in range(len(hs)):
        product = np.eye(len(W_hh))
        for h in hs[t + 1 :]:
            product = np.diag(1 - h**2) @ W_hh @ product
        norms.append(np.linalg.svd(product, compute_uv=False)[0])
    return norms if not norms else np.array(norms)


@jacobian_norms.alternative
def _from_the_eigenvalues_of_the_square(W_hh, hs):
    return _walk_back(W_hh, hs, size=lambda product: np.sqrt(np.linalg.eigvalsh(product.T @ product)[-1]))
