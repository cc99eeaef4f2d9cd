"""Attention: each token takes a weighted mean of the others, in one head, in several, and with a memory of old ones.

Axis letters and masks: see the folder's `__init__`.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional


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
