"""Recurrent networks and their language models: reading in order, predicting, and learning through time.

Axis letters in the shape comments:
    B  batch: sentences or streams side by side      T  time: the places in a sentence
    D  numbers of an input                           H  numbers of a state            V  size of the vocabulary

The first half is NumPy, gradients by hand. The second half is the same in PyTorch, which keeps gradients itself.
A weight matrix has shape (out, in), so for one vector the formula W x is the code W @ x, and for rows it is X @ W.T.
"""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

# ---- sentences of different lengths


def pad_batch(sequences: list[list[int]], pad: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Put sequences of different lengths into one rectangle.

    sequences: B lists of whole numbers; an empty one is allowed.
    pad: the number that fills the places after the end of a sequence.

    Returns two arrays of shape (B, T), T the longest length: the numbers (int), and a mask (bool), True where a
    number belongs to its sequence and False where it is padding.
    """
    lengths = np.array([len(sequence) for sequence in sequences], dtype=int)
    mask = np.arange(lengths.max(initial=0)) < lengths[:, None]  # (1, T) < (B, 1)
    ids = np.full(mask.shape, pad)
    ids[mask] = [number for sequence in sequences for number in sequence]
    return ids, mask


def masked_mean(X: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Average the word vectors of each sentence, without its padding.

    X: float array of shape (B, T, D): B sentences, T places, D numbers a word. Any numbers may stand in the padding;
        they must not matter.
    mask: bool array of shape (B, T), True where there is a word.

    Returns an array of shape (B, D), float64. The average of a sentence without words is a row of zeros, never NaN.
    """
    words = np.where(mask[:, :, None], X, 0.0)  # (B, T, D); NaN in the padding would survive a multiplication by 0
    lengths = mask.sum(axis=1, keepdims=True)
    return words.sum(axis=1) / np.maximum(lengths, 1)


# ---- the recurrent network


def rnn_step(x: np.ndarray, h: np.ndarray, W_xh: np.ndarray, W_hh: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Read one word: make the new state from the word and the old state.

    x: float array of shape (..., D), the word's vector, or several side by side.
    h: float array of shape (..., H), the state before the word.
    W_xh: shape (H, D).  W_hh: shape (H, H).  b: shape (H,).

    Returns the new state tanh(W_xh x + W_hh h + b), shape (..., H), all entries between -1 and 1.
    Source: Elman (1990).
    """
    return np.tanh(x @ W_xh.T + h @ W_hh.T + b)


def rnn_forward(X: np.ndarray, h0: np.ndarray, W_xh: np.ndarray, W_hh: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Read whole sentences from left to right and keep the state after every word.

    With h_0 given, h_t = tanh(W_xh x_t + W_hh h_{t-1} + b) for t = 1, ..., T. The same three parameters at every step.

    X: float array of shape (B, T, D): B sentences of T words, D numbers a word. T may be 1.
    h0: shape (B, H), the states before the first word.
    W_xh: shape (H, D).  W_hh: shape (H, H).  b: shape (H,).

    Returns an array of shape (B, T, H): entry [:, 0] is the state after the first word, [:, -1] after the last.
    Source: Elman (1990).
    """
    h, states = h0, []
    for t in range(X.shape[1]):
        h = rnn_step(X[:, t], h, W_xh, W_hh, b)
        states.append(h)
    return np.stack(states, axis=1)


def rnn_backward(
    X: np.ndarray, h0: np.ndarray, hs: np.ndarray, dhs: np.ndarray, W_xh: np.ndarray, W_hh: np.ndarray
) -> dict[str, np.ndarray]:
    """Send gradients back through time: from all states to the parameters, the inputs and the first state.

    A state acts on the loss in two ways: directly, and through all states after it. Walk from the last step to the
    first and carry what comes from the later states along.

    X: shape (B, T, D), the inputs.
    h0: shape (B, H), the states before the first word.
    hs: shape (B, T, H), the states that `rnn_forward` returned.
    dhs: shape (B, T, H), the direct gradients: how the loss changes with each state while all later states stand still.
    W_xh: shape (H, D).  W_hh: shape (H, H).

    Returns a dict with the gradients of the loss "W_xh", "W_hh", "b" (shape (H,)), "X" and "h0", each shaped like the
    thing itself.
    Source: backpropagation through time, Werbos (1990).
    """
    before = np.concatenate([h0[:, None], hs[:, :-1]], axis=1)  # (B, T, H): the state that each step started from
    delta = np.zeros_like(hs)  # the gradients in front of the tanh
    from_later = np.zeros_like(h0)
    for t in reversed(range(hs.shape[1])):
        delta[:, t] = (dhs[:, t] + from_later) * (1 - hs[:, t] ** 2)
        from_later = delta[:, t] @ W_hh
    flat = delta.reshape(-1, delta.shape[2])  # (B·T, H): the shares of all steps and sentences add up
    return {
        "W_xh": flat.T @ X.reshape(-1, X.shape[2]),
        "W_hh": flat.T @ before.reshape(-1, before.shape[2]),
        "b": flat.sum(axis=0),
        "X": delta @ W_xh,
        "h0": from_later,
    }


def jacobian_norms(W_hh: np.ndarray, hs: np.ndarray) -> np.ndarray:
    """How strongly the last state still depends on each earlier one, as one number each.

    The derivative of a state with respect to the one before is the matrix J_t = diag(1 - h_t²) W_hh. Over several
    steps, dh_T / dh_t = J_T J_{T-1} ... J_{t+1}.

    W_hh: shape (H, H).
    hs: shape (T, H), the states h_1 to h_T of one sentence.

    Returns an array of shape (T,): entry t-1 is the largest singular value of dh_T / dh_t. The last entry is 1, the
    norm of the identity.
    Source: Pascanu, Mikolov and Bengio (2013), equation 5.
    """
    steps, size = hs.shape
    product = np.eye(size)
    norms = np.empty(steps)
    for t in reversed(range(steps)):
        norms[t] = np.linalg.norm(product, 2)
        product = product @ ((1 - hs[t] ** 2)[:, None] * W_hh)
    return norms


def clip_by_norm(gradients: list, max_norm: float) -> list:
    """Shorten a step that is too long, without turning it.

    All arrays together count as one long vector, and its Euclidean length decides.

    gradients: list of arrays or torch tensors of any shapes, one for each parameter.
    max_norm: the greatest length allowed, > 0.

    Returns a new list of the same shapes. If the common length exceeds max_norm, every array is multiplied by the same
    number, so that the common length becomes max_norm; otherwise nothing changes, also when all is zero.
    Source: Pascanu, Mikolov and Bengio (2013), algorithm 1.
    """
    length = sum(float((gradient**2).sum()) for gradient in gradients) ** 0.5
    shrink = max_norm / length if length > max_norm else 1.0
    return [gradient * shrink for gradient in gradients]


# ---- language models


def lm_targets(ids: list[int], bos: int, eos: int) -> tuple[list[int], list[int]]:
    """Make the inputs and the targets of a language model from one sentence.

    At every place the model reads the input and must predict the target. It first reads "beginning of sentence" and
    predicts the first word; it last reads the last word and predicts "end of sentence".

    ids: the N words of the sentence as numbers; N may be 0.
    bos, eos: the numbers of the two marks.

    Returns two lists of N + 1 numbers each: inputs, targets.
    """
    ids = list(ids)
    return [bos, *ids], [*ids, eos]


def masked_lm_loss(logits: Tensor, targets: Tensor, pad: int) -> Tensor:
    """The mean cross-entropy per real token, in nats.

    At each place the loss is -log of the probability that the softmax of the scores gives to the target. Places whose
    target is padding do not count at all.

    logits: float tensor of shape (B, T, V), the scores of all V words at every place. They may be large.
    targets: int64 tensor of shape (B, T), the right word at every place, or pad.
    pad: the number of the padding. It is one of the V words as far as the softmax is concerned.

    Returns a tensor with a single number, which gradients flow through: the sum over all real tokens of the whole
    batch, divided by their number. There is at least one.
    """
    log_probabilities = logits.log_softmax(dim=-1)
    right = log_probabilities.gather(-1, targets[..., None])[..., 0]  # (B, T)
    return -right[targets != pad].mean()


def right_verb_wins(logits: np.ndarray, mask: np.ndarray, right: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Does a language model prefer the right next word to a wrong one?

    logits: float array of shape (B, T, V): after each place of B sentences, the scores of V words. Any numbers may
        stand in the padding; they must not matter.
    mask: bool array of shape (B, T), True where there is a word. The words come first, at least one in each sentence.
    right, wrong: int arrays of shape (B,): the number of the word that should follow the sentence, and of one that
        should not.

    Returns a bool array of shape (B,): True where, after the last word of the sentence, the right word has a higher
    score than the wrong one. A tie is no win.
    Source: the measure of Linzen, Dupoux and Goldberg (2016).
    """
    rows = np.arange(len(mask))
    last = logits[rows, mask.sum(axis=1) - 1]  # (B, V)
    return last[rows, right] > last[rows, wrong]


def tbptt_chunks(ids: np.ndarray, batch: int, length: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cut a long text into chunks for truncated backpropagation through time.

    The text is first cut into `batch` streams of equal length, one below the other. Stream 0 is the beginning of the
    text, stream 1 goes on where stream 0 ends. Then all streams are read side by side, `length` places at a time. So
    row i of a chunk goes on exactly where row i of the chunk before it ended, and a state can be carried over.

    ids: int array of shape (N,), the text.
    batch: the number of streams, B.
    length: the number of places in a chunk.

    Returns a list of pairs (inputs, targets), int arrays of shape (B, length); the last pair may be shorter. The target
    of a place is the number that follows it in the text, also at the end of a chunk. A stream has (N - 1) // B places;
    what does not fill the streams is left out at the end of the text.
    Source: the batches of Zaremba, Sutskever and Vinyals (2014).
    """
    places = (len(ids) - 1) // batch
    inputs = ids[: batch * places].reshape(batch, places)
    targets = ids[1 : batch * places + 1].reshape(batch, places)
    starts = range(0, places, length)
    return [(inputs[:, start : start + length], targets[:, start : start + length]) for start in starts]


def sample(logits: np.ndarray, rng: np.random.Generator, temperature: float = 1.0, top_k: int | None = None) -> int:
    """Draw the next word from the scores of a language model.

    The probabilities are the softmax of logits / temperature. With top_k, only the k highest scores take part and the
    rest have probability 0.

    logits: float array of shape (V,). The scores may be large.
    rng: the generator to draw from.
    temperature: > 0. Below 1 the likely words become likelier still, above 1 the differences shrink. Exactly 0 means:
        no drawing, the word with the highest score.
    top_k: how many words take part, at least 1; None for all.

    Returns the number of the word drawn, an int from 0 to V - 1.
    Source: top-k sampling, Fan, Lewis and Dauphin (2018).
    """
    logits = np.asarray(logits, dtype=float)
    if temperature == 0:
        return int(logits.argmax())
    if top_k is not None and top_k < len(logits):
        kept = np.argsort(logits)[-top_k:]
        only_kept = np.full(len(logits), -np.inf)
        only_kept[kept] = logits[kept]
        logits = only_kept
    weights = np.exp((logits - logits.max()) / temperature)
    return int(rng.choice(len(weights), p=weights / weights.sum()))


def orthogonal(size: int, rng: np.random.Generator) -> np.ndarray:
    """A random matrix that turns vectors without making them longer or shorter.

    size: the number of rows and columns, H.
    rng: the generator to draw from.

    Returns an array of shape (H, H) whose singular values are all 1.
    Source: Saxe, McClelland and Ganguli (2014); the signs: Mezzadri (2007).
    """
    q, r = np.linalg.qr(rng.normal(size=(size, size)))
    return q * np.sign(np.diag(r))


# ---- the same in PyTorch


class RecurrentLayer(nn.Module):
    """A recurrent network whose gradients PyTorch keeps.

    inputs: D, the numbers of an input.
    hidden: H, the numbers of a state.
    """

    def __init__(self, inputs: int, hidden: int):
        super().__init__()
        self.W_xh = nn.Parameter(torch.empty(hidden, inputs))
        self.W_hh = nn.Parameter(torch.empty(hidden, hidden))
        self.b = nn.Parameter(torch.zeros(hidden))
        nn.init.xavier_uniform_(self.W_xh)
        nn.init.orthogonal_(self.W_hh)  # all singular values 1: neither vanishing nor exploding at the start

    def forward(self, X: Tensor, h: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Read X, shape (B, T, D), from the state h, shape (B, H) or None for zeros.

        Returns all states, shape (B, T, H), and the last one, shape (B, H).
        """
        if h is None:
            h = X.new_zeros(X.shape[0], self.W_hh.shape[0])
        from_words = functional.linear(X.transpose(0, 1), self.W_xh, self.b)  # (T, B, H): all steps in one product
        states, recurrent = [], self.W_hh.T
        for from_word in from_words.unbind(0):
            h = torch.addmm(from_word, h, recurrent).tanh()
            states.append(h)
        return torch.stack(states, dim=1), h


class RecurrentLanguageModel(nn.Module):
    """Word vectors, a recurrent layer, and scores for the next word.

    vocabulary: V, the number of different words.
    embedding: D, the numbers of a word vector.
    hidden: H, the numbers of a state.
    tied: use the word vectors a second time, as the output weights; then D and H must be equal. Press and Wolf (2017).
    dropout: the share of the numbers set to zero between the layers while training.
    layer: another recurrent layer: layer(X, state) must return all states, shape (B, T, H), and its new state.
    """

    def __init__(
        self,
        vocabulary: int,
        embedding: int,
        hidden: int,
        tied: bool = False,
        dropout: float = 0.0,
        layer: Callable | None = None,
    ):
        super().__init__()
        if tied and embedding != hidden:
            raise ValueError(f"tied weights need embedding == hidden, got {embedding} and {hidden}")
        self.embed = nn.Embedding(vocabulary, embedding)
        self.layer = RecurrentLayer(embedding, hidden) if layer is None else layer
        self.output = nn.Linear(hidden, vocabulary)
        self.dropout = nn.Dropout(dropout)
        nn.init.uniform_(self.embed.weight, -0.1, 0.1)
        nn.init.uniform_(self.output.weight, -0.1, 0.1)
        nn.init.zeros_(self.output.bias)
        if tied:
            self.output.weight = self.embed.weight

    def forward(self, ids: Tensor, state=None) -> tuple[Tensor, object]:
        """Read ids, int64, shape (B, T), from a state, None at the beginning of a text.

        Returns the scores of the next word at every place, shape (B, T, V), and the state after the last word.
        """
        states, state = self.layer(self.dropout(self.embed(ids)), state)
        return self.output(self.dropout(states)), state


def generate(
    next_logits: Callable[[list[int]], np.ndarray],
    prompt: Iterable[int],
    steps: int,
    rng: np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    draw: Callable = sample,
) -> list[int]:
    """Write: draw a word, append it, read it, draw the next one.

    next_logits: called with all words so far, returns the scores of the next one, shape (V,).
    prompt: the words to begin with, at least one.
    steps: how many words to add.
    rng, temperature, top_k: handed to draw.
    draw: called as draw(logits, rng, temperature, top_k), returns the number of a word; by default `sample`.

    Returns the prompt and the new words, a list of numbers.
    """
    ids = list(prompt)
    for _ in range(steps):
        ids.append(draw(next_logits(ids), rng, temperature, top_k))
    return ids
