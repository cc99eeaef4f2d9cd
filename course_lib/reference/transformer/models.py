"""Whole models: a stack of encoder layers, the encoder-decoder of 2017, and how a model writes text.

Axis letters and masks: see the folder's `__init__`.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from course_lib.reference.transformer.attention import attend, cached_multi_head, multi_head
from course_lib.reference.transformer.layers import (
    _with_functions,
    causal_mask,
    decoder_layer,
    encoder_layer,
    feed_forward,
    layer_norm,
    new_layer,
    padding_mask,
    positional_encoding,
)


class WordsAndPositions(nn.Module):
    """What both models begin with: a vector for each word, and the wave of its position added to it.

    words: V, size of the vocabulary; width: D; longest: the most positions it can take.
    positional_encoding: the function that makes the waves.
    """

    def __init__(self, words: int, width: int, longest: int, positional_encoding: Callable):
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.register_buffer("positions", positional_encoding(longest, width), persistent=False)

    def embed(self, ids: Tensor, first: int = 0) -> Tensor:
        """Vectors (B, T, D) of word numbers ids (B, T), of which the first has that position."""
        _check_length(first + ids.shape[1], len(self.positions))
        x = self.embedding(ids) * math.sqrt(self.embedding.embedding_dim)  # (B, T, D), as large as the waves
        return x + self.positions[first : first + ids.shape[1]]


def _check_length(tokens: int, longest: int) -> None:
    if tokens > longest:
        raise ValueError(f"{tokens} tokens, but the model has {longest} positions: shorten the text, or make it longer")


class SequenceModel(WordsAndPositions):
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
        super().__init__(words, width, longest, positional_encoding)
        self.heads, self.causal, self.norm_first = heads, causal, norm_first
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
        x = self.embed(ids)
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
        x = self.embed(ids, first=past)
        mask = causal_mask(past + ids.shape[1])[past:].to(ids.device)  # (T, past + T)
        for parameters, kept in zip(self.layers, cache, strict=True):
            remembering = partial(cached_multi_head, attend=self.attend, cache=kept)
            x = self.layer(x, parameters, self.heads, mask, self.norm_first, multi_head=remembering)
        return self._scores(x), cache

    def _scores(self, x):
        return self.output(self.layer_norm(x, **self.final_norm) if self.norm_first else x)


class EncoderDecoder(WordsAndPositions):
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
        super().__init__(words, width, longest, positional_encoding)
        self.heads, self.norm_first, self.layer_norm = heads, norm_first, layer_norm
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
        x = self.embed(source)
        for parameters in self.encoder_layers:
            x = self.encoder_layer(x, parameters, self.heads, mask, self.norm_first)
        return self.layer_norm(x, **self.encoder_norm) if self.norm_first else x

    def decode(self, target: Tensor, memory: Tensor, memory_mask: Tensor | None = None) -> Tensor:
        """Scores (B, T, V) for the word after each of target (B, T), given what the encoder made of the source."""
        x = self.embed(target)
        mask = causal_mask(target.shape[1]).to(target.device)
        for parameters in self.decoder_layers:
            x = self.decoder_layer(x, memory, parameters, self.heads, mask, memory_mask, self.norm_first)
        return self.output(self.layer_norm(x, **self.decoder_norm) if self.norm_first else x)

    def forward(self, source: Tensor, target: Tensor, source_mask: Tensor | None = None) -> Tensor:
        """Scores (B, T, V) for the word after each of target (B, T), given source (B, Ts)."""
        return self.decode(target, self.encode(source, source_mask), source_mask)


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


def pad_batch(sentences: list[list[int]], filling: int = 0) -> tuple[Tensor, Tensor]:
    """Fill sentences up to the length of the longest, so that they fit into one tensor.

    sentences: B lists of word numbers.
    filling: the word number to fill up with.
    Returns: int tensor (B, T), and the padding mask (B, 1, 1, T).
    """
    longest = max(len(sentence) for sentence in sentences)
    ids = torch.tensor([[*sentence, *[filling] * (longest - len(sentence))] for sentence in sentences])
    return ids, padding_mask([len(sentence) for sentence in sentences], longest)
