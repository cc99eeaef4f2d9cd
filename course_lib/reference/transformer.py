"""The Transformer: attention, positions, layers, masks, whole models, and real BERT weights.

Read it top to bottom. Each function takes the functions below it as arguments, with the ones of this module as
default. So any part can be replaced: by a learner's version, by a faster one, or by a broken one to see what it does.

Axis letters in the shape comments:
    B  batch        T  tokens (Tq: those that ask, Tk: those that are asked)
    D  width        H  heads            E  width of one head, D / H
    F  hidden width of the feed-forward layer               V  size of the vocabulary

A mask is True where a token may look. It is broadcast to (B, H, Tq, Tk).
Linear layers keep PyTorch's layout: a weight has shape (out, in), and the layer computes x @ weight.T + bias.
Source: Vaswani et al. (2017), Attention Is All You Need.
"""

import math
import re
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

# ---- attention


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Scaled dot-product attention: each query gets a weighted mean of the values.

    The weights of a query are the softmax, over the keys, of its dot products with the keys divided by √E. Where the
    mask is False the weight is 0. A query that may look nowhere gets weights 0 and output 0.

    query: float tensor (..., Tq, E).
    key: float tensor (..., Tk, E).
    value: float tensor (..., Tk, W), one for each key; W may differ from E.
    mask: None, or bool tensor that broadcasts to (..., Tq, Tk); True where a query may look.
    Returns: output (..., Tq, W) and weights (..., Tq, Tk). Gradients flow through both; no argument changes.
    Source: Vaswani et al. (2017), equation 1.
    """
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (..., Tq, Tk)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = scores.softmax(dim=-1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0.0)  # a row of -inf alone has become NaN
    return weights @ value, weights


def fast_attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> tuple[Tensor, None]:
    """The same output as `attend` by PyTorch's fused kernel, which never writes the weights down.

    query, key, value, mask: as in `attend`, with the shapes (B, H, T, E).
    Returns: output (B, H, Tq, W), and None in place of the weights.
    Source: Dao et al. (2022), FlashAttention.
    """
    return functional.scaled_dot_product_attention(query, key, value, mask), None


def split_heads(x: Tensor, heads: int) -> Tensor:
    """Cut the features of every token into equal parts, one for each head.

    Head 0 gets the first D / H features of each token, head 1 the next, and so on.

    x: float tensor (B, T, D).
    heads: H, a divisor of D.
    Returns: tensor (B, H, T, D / H).
    """
    batch, tokens, width = x.shape
    return x.reshape(batch, tokens, heads, width // heads).transpose(1, 2)  # (B, T, H, E) -> (B, H, T, E)


def merge_heads(x: Tensor) -> Tensor:
    """Put the parts of all heads side by side again; undoes `split_heads`.

    x: float tensor (B, H, T, E).
    Returns: tensor (B, T, H · E): the features of head 0 come first.
    """
    return x.transpose(1, 2).flatten(2)  # (B, T, H, E) -> (B, T, D)


def multi_head(
    x: Tensor,
    memory: Tensor,
    parameters: Mapping[str, Tensor],
    heads: int,
    mask: Tensor | None = None,
    attend: Callable = attend,
) -> tuple[Tensor, Tensor]:
    """Multi-head attention: project, split, attend in every head, merge, project.

    The queries are made from x, the keys and the values from memory. In self-attention, memory is x itself.

    x: float tensor (B, Tq, D), the tokens that ask.
    memory: float tensor (B, Tk, D), the tokens that are asked.
    parameters: the four linear layers: query_weight, key_weight, value_weight, output_weight, each (D, D) with layout
        (out, in), and query_bias, key_bias, value_bias, output_bias, each (D,).
    heads: H, a divisor of D.
    mask: None, or bool tensor that broadcasts to (B, H, Tq, Tk); True where a query may look.
    attend: the attention function to use in the heads: called as attend(query, key, value, mask).
    Returns: output (B, Tq, D) and weights (B, H, Tq, Tk).
    Source: Vaswani et al. (2017), section 3.2.2.
    """
    query = functional.linear(x, parameters["query_weight"], parameters["query_bias"])  # (B, Tq, D)
    key = functional.linear(memory, parameters["key_weight"], parameters["key_bias"])  # (B, Tk, D)
    value = functional.linear(memory, parameters["value_weight"], parameters["value_bias"])
    parts = (split_heads(part, heads) for part in (query, key, value))  # each (B, H, T, E)
    output, weights = attend(*parts, mask)
    return functional.linear(merge_heads(output), parameters["output_weight"], parameters["output_bias"]), weights


def cached_multi_head(
    x: Tensor,
    memory: Tensor,
    parameters: Mapping[str, Tensor],
    heads: int,
    mask: Tensor | None = None,
    attend: Callable = attend,
    cache: dict[str, Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
    """Multi-head attention to the tokens of memory and to all that were seen in earlier calls.

    x, memory, parameters, heads, attend: as in `multi_head`, for the new tokens only.
    mask: as in `multi_head`, over old and new tokens together.
    cache: the keys and values (B, H, T, E) of the tokens seen so far; empty at first. Those of memory are added to it.
    Returns: output (B, Tq, D) and weights (B, H, Tq, all tokens so far).
    """
    new = {
        name: split_heads(functional.linear(memory, parameters[f"{name}_weight"], parameters[f"{name}_bias"]), heads)
        for name in ("key", "value")
    }
    cache = {} if cache is None else cache
    for name, part in new.items():
        cache[name] = torch.cat([cache[name], part], dim=-2) if name in cache else part
    query = split_heads(functional.linear(x, parameters["query_weight"], parameters["query_bias"]), heads)
    output, weights = attend(query, cache["key"], cache["value"], mask)
    return functional.linear(merge_heads(output), parameters["output_weight"], parameters["output_bias"]), weights


# ---- positions, feed-forward, normalisation


def positional_encoding(length: int, width: int, base: float = 10000.0) -> Tensor:
    """Waves that tell positions apart: a sine and a cosine of the same frequency in each pair of columns.

    Column 2i is sin(position / base^(2i / width)), column 2i + 1 is cos of the same angle. Positions count from 0.
    With an odd width the last column is a sine without its cosine.

    length: T, number of positions.
    width: D, number of columns.
    base: the longest wavelength comes near 2π · base positions.
    Returns: float32 tensor (T, D).
    Source: Vaswani et al. (2017), section 3.5.
    """
    position = torch.arange(length, dtype=torch.float64)[:, None]  # (T, 1)
    column = torch.arange(width)  # (D,)
    angle = position / base ** (2 * (column // 2).double() / width)  # (T, D)
    return torch.where(column % 2 == 0, angle.sin(), angle.cos()).float()


def feed_forward(
    x: Tensor,
    weight1: Tensor,
    bias1: Tensor,
    weight2: Tensor,
    bias2: Tensor,
    activation: Callable = functional.relu,
) -> Tensor:
    """Two linear layers with an activation between them, applied to every token by itself.

    x: float tensor (B, T, D).
    weight1: float tensor (F, D), layout (out, in); bias1: (F,).
    weight2: float tensor (D, F), layout (out, in); bias2: (D,).
    activation: works on each number by itself: ReLU in the first Transformer, GELU in BERT.
    Returns: tensor (B, T, D).
    Source: Vaswani et al. (2017), equation 2.
    """
    hidden = activation(functional.linear(x, weight1, bias1))  # (B, T, F)
    return functional.linear(hidden, weight2, bias2)


def layer_norm(x: Tensor, gain: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
    """Give the features of every token mean 0 and variance 1, then scale and shift each feature.

    (x - mean) / √(variance + eps) · gain + bias. The variance is the mean of the squared distances from the mean:
    divided by D, not by D - 1.

    x: float tensor (..., D); each vector of D features is normalised by itself.
    gain, bias: float tensors (D,).
    eps: a small number that keeps the root away from 0.
    Returns: tensor of x's shape.
    Source: Ba, Kiros and Hinton (2016), Layer normalization.
    """
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = centred.square().mean(dim=-1, keepdim=True)  # (..., 1)
    return centred * torch.rsqrt(variance + eps) * gain + bias


def fast_layer_norm(x: Tensor, gain: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
    """The same as `layer_norm` in one fused operation of PyTorch; arguments and result as there."""
    return functional.layer_norm(x, gain.shape, gain, bias, eps)


# ---- masks


def causal_mask(length: int) -> Tensor:
    """Who may look at whom in a text that is read from left to right: each token at itself and at what came before.

    length: T, number of tokens.
    Returns: bool tensor (T, T); entry [i, j] is True where token i may look at token j.
    """
    return torch.ones(length, length, dtype=torch.bool).tril()


def padding_mask(lengths: list[int], longest: int) -> Tensor:
    """Who may be looked at in a batch of sentences that were filled up to one length: the real tokens only.

    lengths: the number of real tokens of each of the B sentences; the filling stands behind them.
    longest: T, the length after filling up.
    Returns: bool tensor (B, 1, 1, T); True where a token is real. The axes of length 1 stand for heads and queries.
    """
    return torch.arange(longest) < torch.as_tensor(lengths)[:, None, None, None]  # (T,) < (B, 1, 1, 1)


def decoder_mask(lengths: list[int], longest: int) -> Tensor:
    """Both rules at once: a token may look only at real tokens, and only at itself and what came before.

    lengths: the number of real tokens of each of the B sentences; the filling stands behind them.
    longest: T, the length after filling up.
    Returns: bool tensor (B, 1, T, T); entry [b, 0, i, j] is True where, in sentence b, token i may look at token j.
    """
    return padding_mask(lengths, longest) & causal_mask(longest)  # (B, 1, 1, T) & (T, T) -> (B, 1, T, T)


# ---- layers


def encoder_layer(
    x: Tensor,
    parameters: Mapping[str, Mapping[str, Tensor]],
    heads: int,
    mask: Tensor | None = None,
    norm_first: bool = False,
    multi_head: Callable = multi_head,
    layer_norm: Callable = layer_norm,
    feed_forward: Callable = feed_forward,
) -> Tensor:
    """One layer of the encoder: self-attention, then feed-forward, each with a residual connection and a layer norm.

    Post-norm (norm_first=False): x becomes norm(x + sublayer(x)). Pre-norm: x becomes x + sublayer(norm(x)).

    x: float tensor (B, T, D).
    parameters: four groups of tensors by name: "attention" as in `multi_head`; "feed_forward" with weight1, bias1,
        weight2, bias2; "attention_norm" and "feed_forward_norm", the layer norms that belong to them, with gain, bias.
    heads: H, number of heads.
    mask: None, or bool tensor that broadcasts to (B, H, T, T); True where a token may look.
    norm_first: pre-norm instead of post-norm.
    multi_head, layer_norm, feed_forward: the functions to use, called as
        multi_head(x, memory, parameters, heads, mask) -> (output, weights),
        layer_norm(x, gain, bias), feed_forward(x, weight1, bias1, weight2, bias2).
    Returns: tensor (B, T, D).
    Source: Vaswani et al. (2017), section 3.1; pre-norm: Xiong et al. (2020).
    """

    def attention(y):
        return multi_head(y, y, parameters["attention"], heads, mask)[0]

    def transform(y):
        return feed_forward(y, **parameters["feed_forward"])

    if norm_first:
        x = x + attention(layer_norm(x, **parameters["attention_norm"]))
        return x + transform(layer_norm(x, **parameters["feed_forward_norm"]))
    x = layer_norm(x + attention(x), **parameters["attention_norm"])
    return layer_norm(x + transform(x), **parameters["feed_forward_norm"])


def decoder_layer(
    x: Tensor,
    memory: Tensor,
    parameters: Mapping[str, Mapping[str, Tensor]],
    heads: int,
    mask: Tensor | None = None,
    memory_mask: Tensor | None = None,
    norm_first: bool = False,
    multi_head: Callable = multi_head,
    layer_norm: Callable = layer_norm,
    feed_forward: Callable = feed_forward,
) -> Tensor:
    """One layer of the decoder: masked self-attention, attention to the encoder's output, feed-forward.

    x: float tensor (B, Tq, D), the target tokens so far.
    memory: float tensor (B, Tk, D), what the encoder made of the source.
    parameters: as in `encoder_layer`, and "cross_attention" with its "cross_attention_norm".
    mask: among the target tokens; a decoder needs a causal one.
    memory_mask: from target to source tokens, such as the source's padding mask.
    heads, norm_first, multi_head, layer_norm, feed_forward: as in `encoder_layer`.
    Returns: tensor (B, Tq, D).
    """
    sublayers = {
        "attention": lambda y: multi_head(y, y, parameters["attention"], heads, mask)[0],
        "cross_attention": lambda y: multi_head(y, memory, parameters["cross_attention"], heads, memory_mask)[0],
        "feed_forward": lambda y: feed_forward(y, **parameters["feed_forward"]),
    }
    for name, sublayer in sublayers.items():
        norm = partial(layer_norm, **parameters[f"{name}_norm"])
        x = x + sublayer(norm(x)) if norm_first else norm(x + sublayer(x))
    return x


def new_layer(width: int, hidden: int, cross: bool = False) -> nn.ModuleDict:
    """Random parameters for one layer: `encoder_layer`'s, or `decoder_layer`'s.

    width: D; hidden: F.
    cross: add the cross-attention of a decoder.
    Returns: the groups of parameters by name; weights by Glorot's rule, biases 0, gains 1.
    """

    def linear(outputs, inputs):
        return nn.init.xavier_uniform_(torch.empty(outputs, inputs)), torch.zeros(outputs)

    layer = {}
    for name in ["attention", "cross_attention"] if cross else ["attention"]:
        layer[name] = {}
        for part in ("query", "key", "value", "output"):
            layer[name][f"{part}_weight"], layer[name][f"{part}_bias"] = linear(width, width)
    weight1, bias1 = linear(hidden, width)
    weight2, bias2 = linear(width, hidden)
    layer["feed_forward"] = {"weight1": weight1, "bias1": bias1, "weight2": weight2, "bias2": bias2}
    for name in list(layer):
        layer[f"{name}_norm"] = {"gain": torch.ones(width), "bias": torch.zeros(width)}
    return _as_parameters(layer)


def _as_parameters(layer: Mapping[str, Mapping[str, Tensor]]) -> nn.ModuleDict:
    return nn.ModuleDict({name: nn.ParameterDict(group) for name, group in layer.items()})


def _with_functions(layer, attend, multi_head, layer_norm, feed_forward) -> Callable:
    """A layer function with the parts it is to use."""
    multi_head = partial(multi_head, attend=attend)
    return partial(layer, multi_head=multi_head, layer_norm=layer_norm, feed_forward=feed_forward)


# ---- models


class SequenceModel(nn.Module):
    """A stack of encoder layers with a score for every word at every position.

    With causal=True it is a language model of the GPT kind: the scores at a position are about the next word.

    words: V, size of the vocabulary.
    width: D; heads: H; hidden: F; layers: how many; longest: the most positions it can take.
    causal: let tokens look at themselves and to the left only.
    norm_first: pre-norm, with one more norm at the end, or post-norm.
    positional_encoding, attend, multi_head, layer_norm, feed_forward, encoder_layer: the functions it is made of.
    """

    def __init__(
        self,
        words: int,
        width: int = 64,
        heads: int = 4,
        hidden: int = 256,
        layers: int = 2,
        longest: int = 64,
        causal: bool = False,
        norm_first: bool = True,
        positional_encoding: Callable = positional_encoding,
        attend: Callable = attend,
        multi_head: Callable = multi_head,
        layer_norm: Callable = layer_norm,
        feed_forward: Callable = feed_forward,
        encoder_layer: Callable = encoder_layer,
    ):
        super().__init__()
        self.heads, self.causal, self.norm_first = heads, causal, norm_first
        self.embedding = nn.Embedding(words, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.register_buffer("positions", positional_encoding(longest, width), persistent=False)
        self.layers = nn.ModuleList(new_layer(width, hidden) for _ in range(layers))
        self.final_norm = nn.ParameterDict({"gain": torch.ones(width), "bias": torch.zeros(width)})
        self.output = nn.Linear(width, words)
        self.attend, self.layer_norm = attend, layer_norm
        self.layer = _with_functions(encoder_layer, attend, multi_head, layer_norm, feed_forward)

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Scores (B, T, V) for word numbers ids (B, T); mask: None, or a padding mask."""
        if self.causal:
            causal = causal_mask(ids.shape[1]).to(ids.device)
            mask = causal if mask is None else mask & causal
        x = self._embed(ids, first=0)
        for parameters in self.layers:
            x = self.layer(x, parameters, self.heads, mask, self.norm_first)
        return self._scores(x)

    def extend(self, ids: Tensor, cache: list[dict[str, Tensor]] | None = None) -> tuple[Tensor, list]:
        """Scores for tokens that follow those in a cache, without computing the earlier ones again.

        ids: int tensor (B, T), the new tokens.
        cache: what the last call returned; None at the start.
        Returns: scores (B, T, V) of the new tokens, and the cache with them added; the old cache stays as it was.
        Raises: ValueError for a model that is not causal: there, a new token changes all the earlier ones.
        """
        if not self.causal:
            raise ValueError("only a causal model can be extended: make it with causal=True")
        cache = [dict(kept) for kept in cache] if cache else [{} for _ in self.layers]
        past = cache[0]["key"].shape[-2] if cache[0] else 0
        x = self._embed(ids, first=past)
        mask = causal_mask(past + ids.shape[1])[past:].to(ids.device)  # (T, past + T)
        for parameters, kept in zip(self.layers, cache, strict=True):
            remembering = partial(cached_multi_head, attend=self.attend, cache=kept)
            x = self.layer(x, parameters, self.heads, mask, self.norm_first, multi_head=remembering)
        return self._scores(x), cache

    def _embed(self, ids, first):
        _check_length(first + ids.shape[1], len(self.positions))
        x = self.embedding(ids) * math.sqrt(self.embedding.embedding_dim)  # (B, T, D), as large as the waves
        return x + self.positions[first : first + ids.shape[1]]

    def _scores(self, x):
        return self.output(self.layer_norm(x, **self.final_norm) if self.norm_first else x)


class EncoderDecoder(nn.Module):
    """The whole Transformer: an encoder reads the source, a decoder writes the target word by word.

    words: V, size of the vocabulary that both sides share.
    width, heads, hidden, layers, longest, norm_first and the functions: as in `SequenceModel`; decoder_layer, too.
    """

    def __init__(
        self,
        words: int,
        width: int = 64,
        heads: int = 4,
        hidden: int = 256,
        layers: int = 2,
        longest: int = 64,
        norm_first: bool = True,
        positional_encoding: Callable = positional_encoding,
        attend: Callable = attend,
        multi_head: Callable = multi_head,
        layer_norm: Callable = layer_norm,
        feed_forward: Callable = feed_forward,
        encoder_layer: Callable = encoder_layer,
        decoder_layer: Callable = decoder_layer,
    ):
        super().__init__()
        self.heads, self.norm_first, self.layer_norm = heads, norm_first, layer_norm
        self.embedding = nn.Embedding(words, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.register_buffer("positions", positional_encoding(longest, width), persistent=False)
        self.encoder_layers = nn.ModuleList(new_layer(width, hidden) for _ in range(layers))
        self.decoder_layers = nn.ModuleList(new_layer(width, hidden, cross=True) for _ in range(layers))
        self.encoder_norm, self.decoder_norm = (
            nn.ParameterDict({"gain": torch.ones(width), "bias": torch.zeros(width)}) for _ in range(2)
        )
        self.output = nn.Linear(width, words)
        functions = (attend, multi_head, layer_norm, feed_forward)
        self.encoder_layer = _with_functions(encoder_layer, *functions)
        self.decoder_layer = _with_functions(decoder_layer, *functions)

    def encode(self, source: Tensor, mask: Tensor | None = None) -> Tensor:
        """What the encoder makes (B, Ts, D) of the source's word numbers (B, Ts); mask: None, or a padding mask."""
        x = self._embed(source)
        for parameters in self.encoder_layers:
            x = self.encoder_layer(x, parameters, self.heads, mask, self.norm_first)
        return self.layer_norm(x, **self.encoder_norm) if self.norm_first else x

    def decode(self, target: Tensor, memory: Tensor, memory_mask: Tensor | None = None) -> Tensor:
        """Scores (B, T, V) for the word after each of target (B, T), given what the encoder made of the source."""
        x = self._embed(target)
        mask = causal_mask(target.shape[1]).to(target.device)
        for parameters in self.decoder_layers:
            x = self.decoder_layer(x, memory, parameters, self.heads, mask, memory_mask, self.norm_first)
        return self.output(self.layer_norm(x, **self.decoder_norm) if self.norm_first else x)

    def forward(self, source: Tensor, target: Tensor, source_mask: Tensor | None = None) -> Tensor:
        """Scores (B, T, V) for the word after each of target (B, T), given source (B, Ts)."""
        return self.decode(target, self.encode(source, source_mask), source_mask)

    def _embed(self, ids):
        _check_length(ids.shape[1], len(self.positions))
        return self.embedding(ids) * math.sqrt(self.embedding.embedding_dim) + self.positions[: ids.shape[1]]


def _check_length(tokens: int, longest: int) -> None:
    if tokens > longest:
        raise ValueError(f"{tokens} tokens, but the model has {longest} positions: shorten the text, or make it longer")


def greedy_generate(extend: Callable, prompt: list[int], longest: int, end: int | None = None) -> list[int]:
    """Continue a prompt with the best next word, again and again, reading every token only once.

    extend: a model's step, called as `scores, cache = extend(tokens, cache)`. tokens is an int tensor (1, T) with the
        tokens that the model has not seen yet; cache is None at first and later what the last call returned. scores
        has shape (1, T, V): at each of the tokens, one score for every word that may come next.
    prompt: the word numbers to start with, at least one.
    longest: how many words to generate at most; it may be 0.
    end: a word number at which to stop, or None.
    Returns: the generated word numbers, without the prompt and without end.
    """
    tokens, cache, generated = torch.tensor([prompt]), None, []
    while len(generated) < longest:
        scores, cache = extend(tokens, cache)
        best = int(scores[0, -1].argmax())
        if best == end:
            break
        generated.append(best)
        tokens = torch.tensor([[best]])
    return generated


# ---- real weights

_BERT_LAYER = {
    ("attention", "query_weight"): "attention.self.query.weight D D",
    ("attention", "query_bias"): "attention.self.query.bias D",
    ("attention", "key_weight"): "attention.self.key.weight D D",
    ("attention", "key_bias"): "attention.self.key.bias D",
    ("attention", "value_weight"): "attention.self.value.weight D D",
    ("attention", "value_bias"): "attention.self.value.bias D",
    ("attention", "output_weight"): "attention.output.dense.weight D D",
    ("attention", "output_bias"): "attention.output.dense.bias D",
    ("attention_norm", "gain"): "attention.output.LayerNorm.weight D",
    ("attention_norm", "bias"): "attention.output.LayerNorm.bias D",
    ("feed_forward", "weight1"): "intermediate.dense.weight F D",
    ("feed_forward", "bias1"): "intermediate.dense.bias F",
    ("feed_forward", "weight2"): "output.dense.weight D F",
    ("feed_forward", "bias2"): "output.dense.bias D",
    ("feed_forward_norm", "gain"): "output.LayerNorm.weight D",
    ("feed_forward_norm", "bias"): "output.LayerNorm.bias D",
}
_BERT_EMBEDDINGS = {
    "words": "embeddings.word_embeddings.weight V D",
    "positions": "embeddings.position_embeddings.weight P D",
    "segments": "embeddings.token_type_embeddings.weight S D",
    "gain": "embeddings.LayerNorm.weight D",
    "bias": "embeddings.LayerNorm.bias D",
}


class Bert(nn.Module):
    """A BERT encoder that runs published weights in the functions of this module, or in a learner's.

    weights: the published tensors by name, arrays of floats; with BERT's names, such as
        "encoder.layer.0.attention.self.query.weight". A pooler is ignored.
    heads: H, which no tensor tells.
    attend, multi_head, layer_norm, feed_forward, encoder_layer: the functions it is made of.
    Raises: ValueError that names the tensor which is missing, unknown or of another shape than the others ask for.
    Source: Devlin et al. (2019), BERT.
    """

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        heads: int = 12,
        attend: Callable = attend,
        multi_head: Callable = multi_head,
        layer_norm: Callable = layer_norm,
        feed_forward: Callable = feed_forward,
        encoder_layer: Callable = encoder_layer,
    ):
        super().__init__()
        take = _TensorsOf(weights)
        self.heads = heads
        self.embeddings = nn.ParameterDict({name: take(place) for name, place in _BERT_EMBEDDINGS.items()})
        self.layers = nn.ModuleList()
        for number in range(take.layers):
            layer = {}
            for (group, name), place in _BERT_LAYER.items():
                layer.setdefault(group, {})[name] = take(f"encoder.layer.{number}.{place}")
            self.layers.append(_as_parameters(layer))
        take.finish()
        if take.sizes["D"] % heads:
            raise ValueError(f"{take.sizes['D']} features cannot be split into {heads} heads of equal width")
        self.layer_norm = partial(layer_norm, eps=1e-12)
        feed_forward = partial(feed_forward, activation=functional.gelu)
        self.layer = _with_functions(encoder_layer, attend, multi_head, self.layer_norm, feed_forward)

    def forward(self, ids: Tensor, segments: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """Vectors of the tokens, each knowing its sentence.

        ids: int tensor (B, T), rows of the input table.
        segments: int tensor (B, T), 0 for the first and 1 for the second text; all 0 by default.
        mask: None, or bool tensor that broadcasts to (B, H, T, T), such as a padding mask.
        Returns: float tensor (B, T, D).
        """
        tables = self.embeddings
        _check_length(ids.shape[1], len(tables["positions"]))
        segments = torch.zeros_like(ids) if segments is None else segments
        x = tables["words"][ids] + tables["positions"][: ids.shape[1]] + tables["segments"][segments]
        x = self.layer_norm(x, gain=tables["gain"], bias=tables["bias"])
        for parameters in self.layers:
            x = self.layer(x, parameters, self.heads, mask)
        return x


class _TensorsOf:
    """Takes BERT's tensors out of a mapping by name, and checks that their shapes fit one another."""

    def __init__(self, weights: Mapping[str, np.ndarray]):
        self.weights = weights
        self.sizes: dict[str, int] = {}
        self.taken: set[str] = set()
        numbers = [int(found[1]) for name in weights if (found := re.match(r"encoder\.layer\.(\d+)\.", name))]
        self.layers = max(numbers, default=-1) + 1

    def __call__(self, place: str) -> Tensor:
        name, *letters = place.split()
        if name not in self.weights:
            raise ValueError(f"the weights have no tensor {name}; are they those of a BERT, under BERT's names?")
        array = np.asarray(self.weights[name])
        wanted = [self.sizes.get(letter) for letter in letters]
        if len(wanted) != array.ndim or any(n not in (None, m) for n, m in zip(wanted, array.shape, strict=True)):
            shape = ", ".join("any" if size is None else str(size) for size in wanted)
            hint = "; it looks transposed" if list(array.shape[::-1]) == wanted and len(wanted) == 2 else ""
            raise ValueError(f"{name} has shape {array.shape}, but the tensors before it ask for ({shape}){hint}")
        if array.dtype.kind != "f":
            raise ValueError(f"{name} holds {array.dtype}, expected floats")
        self.sizes.update(zip(letters, array.shape, strict=True))
        self.taken.add(name)
        return torch.tensor(array, dtype=torch.float32)

    def finish(self) -> None:
        unknown = [name for name in self.weights if name not in self.taken and not name.startswith("pooler.")]
        if unknown:
            raise ValueError(
                f"there is no place for the tensor {unknown[0]} ({len(unknown)} of that kind); is it another model?"
            )


def sentence_vectors(tokens: Tensor, mask: Tensor) -> Tensor:
    """One vector a sentence: the mean of its real tokens' vectors, made length 1.

    tokens: float tensor (B, T, D).
    mask: bool tensor (B, 1, 1, T), the padding mask.
    Returns: float tensor (B, D); the dot product of two rows is their cosine.
    Source: Reimers and Gurevych (2019), Sentence-BERT.
    """
    real = mask[:, 0, 0, :, None]  # (B, T, 1)
    mean = (tokens * real).sum(dim=1) / real.sum(dim=1).clamp(min=1)
    return functional.normalize(mean, dim=-1)


def pad_batch(sentences: list[list[int]], filling: int = 0) -> tuple[Tensor, Tensor]:
    """Fill sentences up to the length of the longest, so that they fit into one tensor.

    sentences: B lists of word numbers.
    filling: the word number to fill up with.
    Returns: int tensor (B, T), and the padding mask (B, 1, 1, T).
    """
    longest = max(len(sentence) for sentence in sentences)
    ids = torch.tensor([[*sentence, *[filling] * (longest - len(sentence))] for sentence in sentences])
    return ids, padding_mask([len(sentence) for sentence in sentences], longest)
