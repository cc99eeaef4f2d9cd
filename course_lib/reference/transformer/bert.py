"""Real weights: a published BERT runs in the functions of this folder, or in a learner's.

Axis letters and masks: see the folder's `__init__`.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from course_lib.reference.transformer.attention import attend, multi_head
from course_lib.reference.transformer.layers import (
    _as_parameters,
    _with_functions,
    encoder_layer,
    feed_forward,
    layer_norm,
)
from course_lib.reference.transformer.models import _check_length

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
