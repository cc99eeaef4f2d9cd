"""Layers: what stands around attention, who may look at whom, and the layers of encoder and decoder.

Axis letters and masks: see the folder's `__init__`.
"""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from course_lib.reference.transformer.attention import multi_head

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
