"""The exercises of the transformer lesson: cases, hints, known mistakes and other right answers."""

import math
from functools import partial

import numpy as np
import torch
from torch.nn import functional

from course_lib.judge.compare import difference, is_tensor, kind
from course_lib.judge.exercise import Exercise, case
from course_lib.reference import transformer

_INFINITY = math.inf


def _floats(rng, *shape, grad=False):
    return torch.tensor(rng.normal(size=shape), dtype=torch.float32, requires_grad=grad)


def _mask(rng, *shape):
    """A random mask in which every row has a True and, where there is room, a False."""
    mask = rng.random(shape) < 0.6
    mask[..., 0], mask[..., -1] = True, shape[-1] == 1
    return torch.tensor(mask)


def _tensor_difference(got, expected, *args, **kwargs):
    """A comparison that wants a torch tensor of the very dtype, since the lesson goes on computing with it."""
    if not is_tensor(got):
        wrap = ": torch.tensor(...) makes one" if isinstance(got, (list, np.ndarray)) else ""
        if isinstance(got, (list, tuple)) and any(map(is_tensor, got)):
            wrap = ": torch.stack(...) makes one of several"
        return f"the result is {kind(got)}, expected {kind(expected)}{wrap}"
    return difference(got, expected, strict_dtype=True, atol=1e-4)


# attend


def _attend_cases(rng):
    query = torch.tensor([[0.0, 1.0], [3.0, 0.0], [0.0, 1.0]])
    key = torch.tensor([[2.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    value = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    yield case(query, key, value, label="the worked example")
    q, k, v = _floats(rng, 2, 3, 4, 5), _floats(rng, 2, 3, 6, 5), _floats(rng, 2, 3, 6, 7)
    yield case(q, k, v, label="a batch with three heads")
    yield case(q, k, v, _mask(rng, 2, 1, 4, 6), label="a mask")
    yield case(
        3 * q[0, 0], 3 * k[0, 0, :4], v[0, 0, :4], torch.ones(4, 4, dtype=torch.bool).tril(), label="causal mask"
    )
    nowhere = _mask(rng, 4, 6)
    nowhere[2] = False
    yield case(q, k, v, nowhere, label="a query that may look nowhere")
    yield case((60 * q).double(), (60 * k).double(), v.double(), label="huge scores")  # float32 would be too coarse
    grad = partial(_floats, rng, grad=True)
    yield case(grad(2, 3, 5), grad(2, 4, 5), grad(2, 4, 3), _mask(rng, 3, 4), label="tensors that need gradients")
    for keys in (1, 5):
        yield case(_floats(rng, 3, 2, 8), _floats(rng, 3, keys, 8), _floats(rng, 3, keys, 6), _mask(rng, 3, 1, keys))


attend = Exercise(
    transformer.attend,
    cases=_attend_cases,
    hints=[
        "Four steps: scores, mask, softmax, weighted mean. Say the shape after each step before you write it.",
        "query @ key.transpose(-2, -1) makes the scores. What is the last axis of query as long as?",
        "scores.masked_fill(~mask, -math.inf) before the softmax; a row of -inf alone becomes NaN, and "
        "weights.masked_fill(~mask, 0.0) after it makes it zeros. All of this only if mask is not None.",
    ],
)


def _attend(query, key, value, mask=None, root=None, axis=-1, fill=-_INFINITY, clean=True):
    """attend with one of its parts wrong."""
    scores = query @ key.transpose(-2, -1) / (math.sqrt(query.shape[-1]) if root is None else root)
    if mask is not None:
        scores = scores.masked_fill(~mask, fill)
    weights = scores.softmax(dim=axis)
    if mask is not None and clean:
        weights = weights.masked_fill(~mask, 0.0)
    return weights @ value, weights


@attend.mistake(
    "the scores were not divided by √E",
    do="A dot product of E numbers grows like √E. Divide the scores by math.sqrt(query.shape[-1]) before the softmax.",
)
def _without_root(query, key, value, mask=None):
    return _attend(query, key, value, mask, root=1.0)


@attend.mistake("the scores were divided by E, not by √E", do="Take the root: math.sqrt(query.shape[-1]).")
def _divided_by_width(query, key, value, mask=None):
    return _attend(query, key, value, mask, root=query.shape[-1])


@attend.mistake(
    "the scores were divided by the root of the number of tokens",
    do="√E is about the width of a query, its last axis: query.shape[-1].",
)
def _root_of_tokens(query, key, value, mask=None):
    return _attend(query, key, value, mask, root=math.sqrt(key.shape[-2]))


@attend.mistake(
    "the softmax runs over the queries, not over the keys",
    do="The weights of one query must total 1: the softmax runs along the last axis, dim=-1.",
)
def _softmax_over_queries(query, key, value, mask=None):
    return _attend(query, key, value, mask, axis=-2, fill=-1e30)


@attend.mistake(
    "the softmax runs along axis 1, which is the last one only as long as there is no batch",
    do="Count from the end: dim=-1 is the axis of the keys, however many axes stand in front.",
)
def _softmax_over_axis_one(query, key, value, mask=None):
    return _attend(query, key, value, mask, axis=1, fill=-1e30)


@attend.mistake(
    "the scores were divided by the root of the values' width",
    do="√E is about the vectors that are multiplied, queries and keys: query.shape[-1].",
)
def _root_of_values(query, key, value, mask=None):
    return _attend(query, key, value, mask, root=math.sqrt(value.shape[-1]))


@attend.mistake("the softmax was divided by √E, not the scores", do="First divide the scores, then take their softmax.")
def _root_after_softmax(query, key, value, mask=None):
    root = math.sqrt(query.shape[-1])
    _, weights = _attend(query, key, value, mask, root=1.0)
    return weights / root @ value, weights / root


@attend.mistake(
    "the weights were changed in place after the softmax, which still needs them for its gradient",
    do="weights.masked_fill(~mask, 0.0) makes a new tensor; weights[...] = 0 and masked_fill_ write into the old one.",
)
def _zeroed_in_place(query, key, value, mask=None):
    weights = _attend(query, key, value, mask, clean=False)[1]
    if mask is not None:
        weights.masked_fill_(~mask, 0.0)
    return weights @ value, weights


@attend.mistake(
    "the mask was used as an index, scores[~mask] = ..., and an index is not stretched",
    do="scores.masked_fill(~mask, -math.inf) stretches the mask to the shape of the scores.",
)
def _mask_as_index(query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores[~mask] = -_INFINITY
    weights = scores.softmax(dim=-1)
    return weights @ value, weights


@attend.mistake("the mask is not used", do="Where it is False, the weight must be 0.")
def _mask_ignored(query, key, value, mask=None):
    return _attend(query, key, value)


@attend.mistake("the mask is the wrong way round", do="True means: may look. Fill where the mask is False, ~mask.")
def _inverted(query, key, value, mask=None):
    return _attend(query, key, value, None if mask is None else ~mask)


@attend.mistake(
    "the mask was applied after the softmax",
    do="Then the rows no longer total 1. Set the forbidden scores to -inf before the softmax.",
)
def _masked_late(query, key, value, mask=None):
    _, weights = _attend(query, key, value)
    weights = weights if mask is None else weights * mask
    return weights @ value, weights


@attend.mistake(
    "forbidden scores were set to 0",
    do="e⁰ is 1: a score of 0 still gets weight. The number whose exponential is 0 is -inf.",
)
def _filled_with_zero(query, key, value, mask=None):
    return _attend(query, key, value, mask, fill=0.0, clean=False)


@attend.mistake(
    "a query that may look nowhere gives NaN",
    do="Its softmax is 0/0. Put zeros there: weights.masked_fill(~mask, 0.0) after the softmax.",
)
def _nan_rows(query, key, value, mask=None):
    return _attend(query, key, value, mask, clean=False)


@attend.mistake(
    "a query that may look nowhere looks everywhere instead",
    do="A row in which all scores are equally small gets equal weights. They must be 0 where the mask is False.",
)
def _uniform_rows(query, key, value, mask=None):
    return _attend(query, key, value, mask, fill=-1e9, clean=False)


@attend.mistake(
    "it works only with a mask", do="mask may be None: then everything is allowed. Ask `if mask is not None`."
)
def _needs_mask(query, key, value, mask=None):
    return _attend(query, key, value, mask & True)


@attend.mistake(
    "a whole tensor is asked whether it is true, by `if mask:`",
    do="Ask whether there is a mask at all: `if mask is not None:`.",
)
def _asks_for_truth(query, key, value, mask=None):
    return _attend(query, key, value, mask if mask else None)


@attend.mistake(
    "the softmax overflows: e to the power of a large score is infinite",
    do="Use scores.softmax(dim=-1), or subtract the largest score of the row first.",
)
def _overflowing(query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    powers = scores.exp() if mask is None else scores.exp() * mask
    total = powers.sum(dim=-1, keepdim=True)
    weights = powers / torch.where(total == 0, 1.0, total)
    return weights @ value, weights


@attend.mistake(
    "the result is cut off from its gradients",
    do="No .detach(), .item(), .numpy() or torch.tensor(...) on the way: a network could not learn through them.",
)
def _detached(query, key, value, mask=None):
    return _attend(query.detach(), key.detach(), value.detach(), mask)


@attend.mistake(
    "other axes of key than the last two were swapped",
    do="key.T turns every axis round, and a batch has more than two. Write key.transpose(-2, -1).",
)
def _all_axes_reversed(query, key, value, mask=None):
    scores = query @ key.permute(*reversed(range(key.ndim))) / math.sqrt(query.shape[-1])
    weights = scores.softmax(dim=-1)
    return weights @ value, weights


@attend.mistake(
    "an argument was changed in place",
    do="The caller still needs it: `query /= root` writes into it, `query / root` makes a new tensor.",
)
def _query_changed(query, key, value, mask=None):
    query /= math.sqrt(query.shape[-1])
    return _attend(query, key, value, mask, root=1.0)


@attend.mistake("only the output is returned", do="Return both: output, weights. We shall want to look at the weights.")
def _output_alone(query, key, value, mask=None):
    return _attend(query, key, value, mask)[0]


@attend.mistake("output and weights are returned in the wrong order", do="First the output, then the weights.")
def _swapped(query, key, value, mask=None):
    return _attend(query, key, value, mask)[::-1]


@attend.alternative
def _with_einsum(query, key, value, mask=None):
    scores = torch.einsum("...qe,...ke->...qk", query, key) * query.shape[-1] ** -0.5
    if mask is None:
        weights = torch.softmax(scores, -1)
    else:
        scores = torch.where(mask, scores, torch.finfo(scores.dtype).min)
        weights = torch.softmax(scores, -1) * mask
    return torch.einsum("...qk,...kw->...qw", weights, value), weights


@attend.alternative
def _with_exponentials(query, key, value, mask=None):
    allowed = torch.tensor(True) if mask is None else mask
    scores = (query / math.sqrt(query.shape[-1])) @ key.mT
    scores = scores - scores.detach().amax(dim=-1, keepdim=True)
    scores = torch.where(allowed, scores, -80.0)
    powers = scores.exp() * allowed
    weights = powers / powers.sum(dim=-1, keepdim=True).clamp(min=1e-30)
    return weights @ value, weights


# split_heads


def _split_cases(rng):
    yield case(torch.arange(8.0).reshape(1, 2, 4), 2, label="the worked example")
    yield case(_floats(rng, 2, 5, 12), 3, label="a batch")
    yield case(_floats(rng, 3, 4, 6), 1, label="one head")
    yield case(_floats(rng, 2, 1, 10), 5, label="one token")
    yield case(_floats(rng, 2, 3, 8, grad=True), 4, label="a tensor that needs gradients")


split_heads = Exercise(
    transformer.split_heads,
    cases=_split_cases,
    differ=_tensor_difference,
    atol=1e-4,
    hints=[
        "Each token keeps its place. Which axis is cut in two?",
        "First x.reshape(batch, tokens, heads, width // heads). Which two axes are still in the wrong order?",
        "transpose(1, 2) brings the heads before the tokens.",
    ],
)


@split_heads.mistake(
    "the tensor was reshaped to (B, H, T, E) at once, which mixes tokens and features",
    do="reshape only cuts the row of numbers anew. Cut the features first, (B, T, H, E), then swap two axes.",
)
def _reshaped_at_once(x, heads):
    batch, tokens, width = x.shape
    return x.reshape(batch, heads, tokens, width // heads)


@split_heads.mistake(
    "the heads stand behind the tokens", do="The result is (B, H, T, E): swap axes 1 and 2 at the end."
)
def _not_transposed(x, heads):
    batch, tokens, width = x.shape
    return x.reshape(batch, tokens, heads, width // heads)


@split_heads.mistake(
    "neighbouring features went to different heads",
    do="Head 0 gets the first D / H features in one piece: the axis of the heads comes before that of their features.",
)
def _interleaved(x, heads):
    return x.unflatten(-1, (-1, heads)).permute(0, 3, 1, 2)


@split_heads.mistake("the heads come before the batch", do="The batch stays the first axis: (B, H, T, E).")
def _heads_first(x, heads):
    return torch.stack(x.chunk(heads, dim=-1))


@split_heads.mistake(
    "the number of heads and the width of a head changed places",
    do="There are `heads` heads, and each is width // heads wide.",
)
def _roles_swapped(x, heads):
    return x.unflatten(-1, (-1, heads)).transpose(1, 2)


@split_heads.mistake(
    "the axes were swapped before the features were cut",
    do="First cut, x.reshape(batch, tokens, heads, width // heads), then swap axes 1 and 2.",
)
def _swapped_too_early(x, heads):
    batch, tokens, width = x.shape
    return x.transpose(1, 2).reshape(batch, heads, tokens, width // heads)


@split_heads.mistake(
    "the wrong two axes were swapped",
    do="After cutting, the shape is (B, T, H, E). The tokens, axis 1, and the heads, axis 2, change places.",
)
def _last_axes_swapped(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(2, 3)


@split_heads.alternative
def _chunks(x, heads):
    return torch.stack(x.chunk(heads, dim=-1), dim=1)


@split_heads.alternative
def _unflattened(x, heads):
    return x.unflatten(-1, (heads, -1)).permute(0, 2, 1, 3)


# merge_heads


def _merge_cases(rng):
    yield case(torch.tensor([[[[0.0, 1.0], [4.0, 5.0]], [[2.0, 3.0], [6.0, 7.0]]]]), label="the worked example")
    yield case(_floats(rng, 2, 3, 5, 4), label="a batch")
    yield case(_floats(rng, 3, 1, 4, 6), label="one head")
    yield case(_floats(rng, 2, 5, 1, 2), label="one token")
    yield case(_floats(rng, 2, 3, 4, 5, grad=True), label="a tensor that needs gradients")


merge_heads = Exercise(
    transformer.merge_heads,
    cases=_merge_cases,
    hints=[
        "It is split_heads backwards: which step was the last one there?",
        "First swap the axes of heads and tokens back, then make one axis of the last two.",
        "x.transpose(1, 2).reshape(batch, tokens, heads * width): reshape copies where it must, view refuses.",
    ],
)


@merge_heads.mistake(
    "it was reshaped without swapping the axes back",
    do="The parts of one token must lie side by side before they can be joined: transpose(1, 2) first.",
)
def _merged_without_transposing(x):
    batch, heads, tokens, width = x.shape
    return x.reshape(batch, tokens, heads * width)


@merge_heads.mistake(
    "the features of the heads alternate", do="The features of head 0 come first, all of them, then those of head 1."
)
def _merged_interleaved(x):
    return x.permute(0, 2, 3, 1).flatten(2)


@merge_heads.mistake(
    "the wrong two axes were swapped", do="Heads, axis 1, and tokens, axis 2, change places: transpose(1, 2)."
)
def _merged_after_wrong_swap(x):
    return x.transpose(2, 3).reshape(x.shape[0], x.shape[2], -1)


@merge_heads.mistake(
    "the heads were put one below the other, as if they were more tokens",
    do="They stand side by side, along the last axis: the number of tokens stays T.",
)
def _stacked_as_tokens(x):
    return x.flatten(1, 2)


@merge_heads.mistake("the last two axes were not joined", do="The result has three axes: (B, T, H · E).")
def _not_joined(x):
    return x.transpose(1, 2)


@merge_heads.mistake("the heads were added up", do="They stand side by side: a token gets back all its D numbers.")
def _added(x):
    return x.sum(dim=1)


@merge_heads.mistake(
    "view was used on a transposed tensor",
    do="transpose only changes how the numbers are walked through, and view cannot follow. Use reshape or flatten.",
)
def _viewed(x):
    batch, heads, tokens, width = x.shape
    return x.transpose(1, 2).view(batch, tokens, heads * width)


@merge_heads.alternative
def _concatenated(x):
    return torch.cat(list(x.unbind(dim=1)), dim=-1)


@merge_heads.alternative
def _contiguous_view(x):
    return x.permute(0, 2, 1, 3).contiguous().view(x.shape[0], x.shape[2], -1)


# multi_head


class _Parameters(dict):
    """A dict that is short in a message."""

    def __repr__(self):
        return "parameters"


def _attention_parameters(rng, width):
    parameters = _Parameters()
    for part in ("query", "key", "value", "output"):
        parameters[f"{part}_weight"] = _floats(rng, width, width) / math.sqrt(width) * 1.5
        parameters[f"{part}_bias"] = _floats(rng, width)
    return parameters


def _mean_attention(query, key, value, mask=None):
    """Attention that gives every key the same weight."""
    return transformer.attend(query * 0, key, value, mask)


def _multi_head_cases(rng):
    sentence = _floats(rng, 2, 5, 6)
    yield case(sentence, sentence, _attention_parameters(rng, 6), 2, label="self-attention with 2 heads")
    x, memory = _floats(rng, 2, 3, 12), _floats(rng, 2, 5, 12)
    yield case(x, memory, _attention_parameters(rng, 12), 4, label="3 tokens that ask 5 others")
    yield case(x, memory, _attention_parameters(rng, 12), 3, _mask(rng, 2, 1, 3, 5), label="a mask")
    triangle = torch.ones(5, 5, dtype=torch.bool).triu()
    yield case(sentence, sentence, _attention_parameters(rng, 6), 3, triangle, label="a mask of two axes")
    yield case(x, memory, _attention_parameters(rng, 12), 1, label="one head")
    yield case(x, memory, _attention_parameters(rng, 12), 3, attend=_mean_attention, label="another attention function")
    x, memory = _floats(rng, 3, 4, 8, grad=True), _floats(rng, 3, 2, 8, grad=True)
    yield case(x, memory, _attention_parameters(rng, 8), 2, label="tensors that need gradients")


multi_head = Exercise(
    transformer.multi_head,
    cases=_multi_head_cases,
    rtol=1e-3,
    atol=1e-5,
    hints=[
        "You have all the parts: linear layers, split_heads, attend, merge_heads. Write their order down first.",
        "functional.linear(x, weight, bias) computes x @ weight.T + bias. Which input makes the queries, and which the "
        "keys and values?",
        "attend(split_heads(query, heads), split_heads(key, heads), split_heads(value, heads), mask), then merge_heads "
        "of the output, then the fourth linear layer.",
    ],
)


def _project(x, parameters, part):
    return functional.linear(x, parameters[f"{part}_weight"], parameters[f"{part}_bias"])


def _heads_of(x, memory, parameters, heads, mask=None, attend=transformer.attend, scale=1.0, value="value"):
    """multi_head without the last linear layer, with one of its parts wrong."""
    inputs = {"query": x, "key": memory, value: memory}
    parts = [transformer.split_heads(_project(y, parameters, part), heads) for part, y in inputs.items()]
    output, weights = attend(parts[0] * scale, *parts[1:], mask)
    return transformer.merge_heads(output), weights


@multi_head.mistake(
    "the last linear layer is missing",
    do="After merging, the heads still have to speak to each other: output_weight and output_bias.",
)
def _without_output(x, memory, parameters, heads, mask=None, attend=transformer.attend):
    return _heads_of(x, memory, parameters, heads, mask, attend)


@multi_head.mistake(
    "the scores were divided by √D, the root of the whole width",
    do="Each head attends with queries of width E = D / H. attend already divides by the right root.",
)
def _root_of_whole_width(x, memory, parameters, heads, mask=None, attend=transformer.attend):
    output, weights = _heads_of(x, memory, parameters, heads, mask, attend, scale=heads**-0.5)
    return _project(output, parameters, "output"), weights


@multi_head.mistake(
    "there is one softmax for all heads: the features were not split",
    do="split_heads each of query, key and value before attend, merge_heads the output after it.",
)
def _not_split(x, memory, parameters, heads, mask=None, attend=transformer.attend):
    output, weights = _heads_of(x, memory, parameters, 1, mask, attend)
    return _project(output, parameters, "output"), weights


@multi_head.mistake(
    "keys and values were made from x", do="x asks, memory answers: key and value are made from memory."
)
def _memory_ignored(x, memory, parameters, heads, mask=None, attend=transformer.attend):
    return transformer.multi_head(x, x, parameters, heads, mask, attend)


@multi_head.mistake("the queries were made from memory", do="x asks: only keys and values are made from memory.")
def _x_ignored(x, memory, parameters, heads, mask=None, attend=transformer.attend):
    return transformer.multi_head(memory, memory, parameters, heads, mask, attend)


@multi_head.mistake("the mask was not handed on", do="attend takes it as its fourth argument.")
def _mask_forgotten(x, memory, parameters, heads, mask=None, attend=transformer.attend):
    return transformer.multi_head(x, memory, parameters, heads, None, attend)


@multi_head.mistake(
    "the weights were not transposed: x @ weight",
    do="A weight has shape (out, in): functional.linear(x, weight, bias), or x @ weight.T + bias.",
)
def _not_transposed_weights(x, memory, parameters, heads, mask=None, attend=transformer.attend):
    turned = {name: value.T if value.ndim == 2 else value for name, value in parameters.items()}
    return transformer.multi_head(x, memory, turned, heads, mask, attend)


@multi_head.mistake("the biases are missing", do="Each of the four linear layers has one: x @ weight.T + bias.")
def _without_bias(x, memory, parameters, heads, mask=None, attend=transformer.attend):
    bare = {name: value if value.ndim == 2 else torch.zeros_like(value) for name, value in parameters.items()}
    return transformer.multi_head(x, memory, bare, heads, mask, attend)


@multi_head.mistake(
    "the values were made with the key's weights", do="Look at the third projection: value_weight and value_bias."
)
def _value_from_key(x, memory, parameters, heads, mask=None, attend=transformer.attend):
    changed = {
        **parameters,
        "value_weight": parameters["key_weight"],
        "value_bias": parameters["key_bias"],
    }
    return transformer.multi_head(x, memory, changed, heads, mask, attend)


@multi_head.mistake("keys and values changed places", do="The order is attend(query, key, value, mask).")
def _key_and_value_swapped(x, memory, parameters, heads, mask=None, attend=transformer.attend):
    def swapped(query, key, value, mask):
        return attend(query, value, key, mask)

    return transformer.multi_head(x, memory, parameters, heads, mask, swapped)


@multi_head.mistake(
    "the attention function that was handed in is not used",
    do="Call the argument attend. Later we shall hand in other ones: faster, recording, broken.",
)
def _own_attention(x, memory, parameters, heads, mask=None, attend=None):
    return transformer.multi_head(x, memory, parameters, heads, mask)


@multi_head.mistake("only the output is returned", do="Return both: output, weights. Later we look at the weights.")
def _heads_output_alone(x, memory, parameters, heads, mask=None, attend=transformer.attend):
    return transformer.multi_head(x, memory, parameters, heads, mask, attend)[0]


@multi_head.mistake(
    "the output of the heads was reshaped without swapping the axes back",
    do="merge_heads does both: it swaps the axes and then joins the features.",
)
def _heads_reshaped(x, memory, parameters, heads, mask=None, attend=transformer.attend):
    output, weights = _heads_of(x, memory, parameters, heads, mask, attend)
    mixed = transformer.split_heads(output, heads).reshape(x.shape)
    return _project(mixed, parameters, "output"), weights


@multi_head.mistake(
    "x and memory went into the heads as they are",
    do="First make queries, keys and values of them, with three linear layers; then split.",
)
def _without_projections(x, memory, parameters, heads, mask=None, attend=transformer.attend):
    output, weights = attend(*(transformer.split_heads(y, heads) for y in (x, memory, memory)), mask)
    return _project(transformer.merge_heads(output), parameters, "output"), weights


@multi_head.alternative
def _loop_over_heads(x, memory, parameters, heads, mask=None, attend=transformer.attend):
    inputs = {"query": x, "key": memory, "value": memory}
    parts = [_project(y, parameters, part).chunk(heads, dim=-1) for part, y in inputs.items()]
    results = [attend(q[:, None], k[:, None], v[:, None], mask) for q, k, v in zip(*parts, strict=True)]
    output = torch.cat([output[:, 0] for output, _ in results], dim=-1)
    return _project(output, parameters, "output"), torch.cat([weights for _, weights in results], dim=1)


@multi_head.alternative
def _einsum_projections(x, memory, parameters, heads, mask=None, attend=transformer.attend):
    width = x.shape[-1]

    def project(y, part):
        weight = parameters[f"{part}_weight"].reshape(heads, width // heads, width)
        bias = parameters[f"{part}_bias"].reshape(heads, 1, width // heads)
        return torch.einsum("btd,hed->bhte", y, weight) + bias

    output, weights = attend(project(x, "query"), project(memory, "key"), project(memory, "value"), mask)
    last = parameters["output_weight"].reshape(width, heads, width // heads)
    return torch.einsum("bhte,dhe->btd", output, last) + parameters["output_bias"], weights


# positional_encoding


def _position_cases(rng):
    yield case(3, 4, label="the worked example")
    yield case(5, 6)
    yield case(1, 8, label="one position")
    yield case(4, 7, label="an odd width")
    yield case(6, 8, 100.0, label="another base")
    yield case(int(rng.integers(9, 20)), 2 * int(rng.integers(5, 12)), float(rng.integers(50, 5000)))


positional_encoding = Exercise(
    transformer.positional_encoding,
    cases=_position_cases,
    differ=_tensor_difference,
    atol=1e-4,
    hints=[
        "Build a table of angles first, one row a position and one column a dimension, then take sines and cosines.",
        "Columns 2i and 2i + 1 share the exponent 2i / width. Which operation makes 0, 0, 2, 2, 4 of 0, 1, 2, 3, 4?",
        "column = torch.arange(width); angle = position[:, None] / base ** (2 * (column // 2) / width); "
        "torch.where(column % 2 == 0, angle.sin(), angle.cos()).",
    ],
)


def _waves(length, width, base=10000.0, first=0, exponent=lambda column: 2 * (column // 2)):
    position = torch.arange(first, first + length)[:, None]
    column = torch.arange(width)
    angle = position / base ** (exponent(column).double() / width)
    return torch.where(column % 2 == 0, angle.sin(), angle.cos()).float()


@positional_encoding.mistake(
    "every column has a frequency of its own",
    do="A sine and its cosine share one frequency: the exponent of columns 2i and 2i + 1 is 2i / width.",
)
def _own_frequencies(length, width, base=10000.0):
    return _waves(length, width, base, exponent=lambda column: column)


@positional_encoding.mistake(
    "the exponent is twice the column's number",
    do="In the formula, i counts pairs: column 2i has the exponent 2i / width, so the exponent ends just below 1.",
)
def _twice_the_column(length, width, base=10000.0):
    return _waves(length, width, base, exponent=lambda column: 2 * column)


@positional_encoding.mistake(
    "the exponent lacks its factor 2: i / width instead of 2i / width",
    do="i counts pairs, and there are width / 2 of them: the exponent of pair i is 2i / width.",
)
def _without_the_two(length, width, base=10000.0):
    return _waves(length, width, base, exponent=lambda column: column // 2)


@positional_encoding.mistake(
    "all the sines come first, then all the cosines",
    do="Some libraries do that, and it works as well. Here they alternate: even columns sines, odd columns cosines.",
)
def _halves(length, width, base=10000.0):
    waves = _waves(length, width, base)
    return torch.cat([waves[:, 0::2], waves[:, 1::2]], dim=1)


@positional_encoding.mistake("the positions count from 1", do="The first position is 0: its row is 0, 1, 0, 1, ...")
def _from_one(length, width, base=10000.0):
    return _waves(length, width, base, first=1)


@positional_encoding.mistake("sines and cosines changed places", do="Even columns are sines, odd columns cosines.")
def _sine_and_cosine_swapped(length, width, base=10000.0):
    position, column = torch.arange(length)[:, None], torch.arange(width)
    angle = position / base ** (2 * (column // 2).double() / width)
    return torch.where(column % 2 == 1, angle.sin(), angle.cos()).float()


@positional_encoding.mistake(
    "an odd width does not work", do="The last column is then a sine without its cosine: cut the cosines off in time."
)
def _odd_width_fails(length, width, base=10000.0):
    angle = torch.arange(length)[:, None] / base ** (torch.arange(0, width, 2).double() / width)
    waves = torch.zeros(length, width)
    waves[:, 0::2], waves[:, 1::2] = angle.sin().float(), angle.cos().float()
    return waves


@positional_encoding.mistake(
    "the exponent of a pair is twice too large",
    do="A loop over even columns, `for i in range(0, width, 2)`, has the 2 in it already: the exponent is i / width.",
)
def _doubled_twice(length, width, base=10000.0):
    return _waves(length, width, base, exponent=lambda column: 4 * (column // 2))


@positional_encoding.mistake(
    "the position was multiplied with base^(2i / width)",
    do="Divide by it: later columns turn more slowly, not faster.",
)
def _multiplied(length, width, base=10000.0):
    column = torch.arange(width)
    angle = torch.arange(length)[:, None] * base ** (2 * (column // 2) / width)
    return torch.where(column % 2 == 0, angle.sin(), angle.cos())


@positional_encoding.mistake(
    "the numbers are right, but they are no float32 tensor",
    do="End with .float(), or with torch.tensor(..., dtype=torch.float32) for a NumPy array. The model adds them to "
    "its word vectors, which are float32 tensors.",
)
def _double_precision(length, width, base=10000.0):
    return transformer.positional_encoding(length, width, base).double()


@positional_encoding.mistake("base is not used", do="10000 is only its default: write base in the formula.")
def _fixed_base(length, width, base=10000.0):
    return _waves(length, width)


@positional_encoding.alternative
def _loops(length, width, base=10000.0):
    waves = torch.zeros(length, width)
    for position in range(length):
        for column in range(width):
            angle = position / base ** ((column - column % 2) / width)
            waves[position, column] = math.cos(angle) if column % 2 else math.sin(angle)
    return waves


@positional_encoding.alternative
def _exponential_of_logarithms(length, width, base=10000.0):
    frequency = torch.exp(torch.arange(0, width, 2) * (-math.log(base) / width))
    angle = torch.outer(torch.arange(length).float(), frequency)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)[:, :width]


# feed_forward


def _layer_parameters(rng, width, hidden):
    return _floats(rng, hidden, width), _floats(rng, hidden), _floats(rng, width, hidden), _floats(rng, width)


def _feed_forward_cases(rng):
    first, second = (
        torch.tensor([[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]]),
        torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]),
    )
    x = torch.tensor([[[2.0, 1.0], [-1.0, 1.0]]])
    yield case(x, first, torch.zeros(3), second, torch.tensor([0.0, -5.0]), label="two tokens by hand")
    yield case(_floats(rng, 2, 3, 4), *_layer_parameters(rng, 4, 6), label="a batch")
    yield case(_floats(rng, 2, 3, 4), *_layer_parameters(rng, 4, 6), functional.gelu, label="another activation")
    yield case(_floats(rng, 2, 4, 3), *_layer_parameters(rng, 3, 3), label="a hidden layer as wide as the input")
    yield case(_floats(rng, 3, 1, 5), *_layer_parameters(rng, 5, 7), label="one token")
    yield case(_floats(rng, 2, 3, 4, grad=True), *_layer_parameters(rng, 4, 5), label="a tensor that needs gradients")


feed_forward = Exercise(
    transformer.feed_forward,
    cases=_feed_forward_cases,
    hints=[
        "Linear, activation, linear. No loop over tokens is needed: a linear layer works on the last axis.",
        "functional.linear(x, weight1, bias1) has shape (B, T, F). What comes next?",
        "hidden = activation(functional.linear(x, weight1, bias1)), then the second linear layer of hidden.",
    ],
)


@feed_forward.mistake(
    "the activation is missing",
    do="Two linear layers in a row are one linear layer. Bend the hidden values between them.",
)
def _without_activation(x, weight1, bias1, weight2, bias2, activation=functional.relu):
    return functional.linear(functional.linear(x, weight1, bias1), weight2, bias2)


@feed_forward.mistake("the activation comes after the second layer", do="It belongs between the two layers.")
def _activation_last(x, weight1, bias1, weight2, bias2, activation=functional.relu):
    return activation(functional.linear(functional.linear(x, weight1, bias1), weight2, bias2))


@feed_forward.mistake(
    "there is an activation after the second layer as well",
    do="The result goes into a sum and must be free to be negative: only the hidden values are bent.",
)
def _activation_twice(x, weight1, bias1, weight2, bias2, activation=functional.relu):
    return activation(transformer.feed_forward(x, weight1, bias1, weight2, bias2, activation))


@feed_forward.mistake(
    "the activation comes before the first layer", do="First the linear layer, then bend: activation(linear(x))."
)
def _activation_first(x, weight1, bias1, weight2, bias2, activation=functional.relu):
    return functional.linear(functional.linear(activation(x), weight1, bias1), weight2, bias2)


@feed_forward.mistake("the activation is always ReLU", do="Call the argument activation: BERT hands in GELU.")
def _always_relu(x, weight1, bias1, weight2, bias2, activation=functional.relu):
    return transformer.feed_forward(x, weight1, bias1, weight2, bias2)


@feed_forward.mistake("the biases are missing", do="A linear layer is x @ weight.T + bias.")
def _feed_forward_without_bias(x, weight1, bias1, weight2, bias2, activation=functional.relu):
    return activation(x @ weight1.T) @ weight2.T


@feed_forward.mistake(
    "the weights were not transposed: x @ weight",
    do="A weight has shape (out, in): functional.linear(x, weight, bias), or x @ weight.T + bias.",
)
def _untransposed(x, weight1, bias1, weight2, bias2, activation=functional.relu):
    return activation(x @ weight1 + bias1) @ weight2 + bias2


@feed_forward.mistake(
    "x was added at the end",
    do="The residual connection comes later, in the layer. Return the transformed value alone.",
)
def _with_residual(x, weight1, bias1, weight2, bias2, activation=functional.relu):
    return x + transformer.feed_forward(x, weight1, bias1, weight2, bias2, activation)


@feed_forward.mistake(
    "the tokens of a sentence were joined to one long vector",
    do="Each token goes through the same small network by itself: leave the axis of the tokens alone.",
)
def _flattened(x, weight1, bias1, weight2, bias2, activation=functional.relu):
    return transformer.feed_forward(x.flatten(1), weight1, bias1, weight2, bias2, activation)


@feed_forward.alternative
def _token_by_token(x, weight1, bias1, weight2, bias2, activation=functional.relu):
    tokens = [activation(x[:, t] @ weight1.T + bias1) @ weight2.T + bias2 for t in range(x.shape[1])]
    return torch.stack(tokens, dim=1)


@feed_forward.alternative
def _einsums(x, weight1, bias1, weight2, bias2, activation=functional.relu):
    hidden = activation(torch.einsum("btd,fd->btf", x, weight1) + bias1)
    return torch.einsum("btf,df->btd", hidden, weight2) + bias2


# layer_norm


def _norm_cases(rng):
    yield case(torch.tensor([[1.0, 2.0, 3.0, 6.0]]), torch.ones(4), torch.zeros(4), label="the worked example")
    yield case(2 * _floats(rng, 2, 3, 4) + 1, _floats(rng, 4), _floats(rng, 4), label="a batch of sentences")
    yield case(_floats(rng, 5, 3), _floats(rng, 3), _floats(rng, 3), label="single tokens")
    yield case(torch.full((2, 1, 4), 7.0), _floats(rng, 4), _floats(rng, 4), label="features that are all the same")
    yield case(0.3 * _floats(rng, 2, 4, 6), _floats(rng, 6), _floats(rng, 6), 0.1, label="a large eps")
    grads = [_floats(rng, *shape, grad=True) for shape in ((2, 3, 5), (5,), (5,))]
    yield case(*grads, label="tensors that need gradients")


layer_norm = Exercise(
    transformer.layer_norm,
    cases=_norm_cases,
    hints=[
        "Each token by itself: mean and variance run over the features, the last axis. Which shape must they keep?",
        "x.mean(dim=-1, keepdim=True) has shape (..., 1) and can be subtracted. The variance is the mean of the "
        "squares of what is left.",
        "x.var(dim=-1, keepdim=True, correction=0) is the variance. Then (x - mean) / torch.sqrt(variance + eps), "
        "times gain, plus bias.",
    ],
)


def _normalised(x, gain, bias, eps=1e-5, axes=-1, correction=0):
    variance, mean = torch.var_mean(x, dim=axes, keepdim=True, correction=correction)
    return (x - mean) / torch.sqrt(variance + eps) * gain + bias


@layer_norm.mistake(
    "the variance was divided by D - 1",
    do="x.var(dim=-1) does that by itself. Say x.var(dim=-1, correction=0), or take the mean of the squares.",
)
def _unbiased(x, gain, bias, eps=1e-5):
    return _normalised(x, gain, bias, eps, correction=1)


@layer_norm.mistake("eps was added outside the root", do="It belongs under the root: torch.sqrt(variance + eps).")
def _eps_outside(x, gain, bias, eps=1e-5):
    deviation, mean = torch.std_mean(x, dim=-1, keepdim=True, correction=0)
    return (x - mean) / (deviation + eps) * gain + bias


@layer_norm.mistake(
    "x.std() was used: it divides by D - 1, and eps comes outside the root",
    do="Compute the variance with correction=0, add eps, then take the root.",
)
def _standard_deviation(x, gain, bias, eps=1e-5):
    deviation, mean = torch.std_mean(x, dim=-1, keepdim=True)
    return (x - mean) / (deviation + eps) * gain + bias


@layer_norm.mistake(
    "it normalises over the batch, not over the features",
    do="That is batch norm. Here each token is normalised by itself: dim=-1.",
)
def _over_the_batch(x, gain, bias, eps=1e-5):
    return _normalised(x, gain, bias, eps, axes=0)


@layer_norm.mistake(
    "mean and variance were taken over everything at once", do="Each token gets its own: dim=-1, keepdim=True."
)
def _over_everything(x, gain, bias, eps=1e-5):
    return _normalised(x, gain, bias, eps, axes=tuple(range(x.ndim)))


@layer_norm.mistake(
    "it normalises over the tokens of a sentence, not over the features",
    do="The features are the last axis: dim=-1.",
)
def _over_the_tokens(x, gain, bias, eps=1e-5):
    return _normalised(x, gain, bias, eps, axes=-2)


@layer_norm.mistake(
    "mean and variance lost their last axis, so that they do not line up with x",
    do="keepdim=True keeps it with length 1: x.mean(dim=-1, keepdim=True), and the same for the variance.",
)
def _without_keepdim(x, gain, bias, eps=1e-5):
    return (x - x.mean(dim=-1)) / torch.sqrt(x.var(dim=-1, correction=0) + eps) * gain + bias


@layer_norm.mistake("eps is missing", do="Features that are all the same have variance 0: sqrt(variance + eps).")
def _without_eps(x, gain, bias, eps=1e-5):
    return _normalised(x, gain, bias, 0.0)


@layer_norm.mistake("bias was added before gain was multiplied", do="First times gain, then plus bias.")
def _bias_scaled(x, gain, bias, eps=1e-5):
    return (_normalised(x, 1, 0, eps) + bias) * gain


@layer_norm.mistake("the mean was not subtracted", do="First x - mean, then divide.")
def _mean_kept(x, gain, bias, eps=1e-5):
    variance = x.var(dim=-1, keepdim=True, correction=0)
    return x / torch.sqrt(variance + eps) * gain + bias


@layer_norm.mistake("gain and bias are missing", do="The last step: multiply by gain, add bias.")
def _without_gain(x, gain, bias, eps=1e-5):
    return _normalised(x, 1, 0, eps)


@layer_norm.mistake("it divides by the variance, not by its root", do="Divide by torch.sqrt(variance + eps).")
def _without_the_root(x, gain, bias, eps=1e-5):
    variance, mean = torch.var_mean(x, dim=-1, keepdim=True, correction=0)
    return (x - mean) / (variance + eps) * gain + bias


@layer_norm.mistake("eps is always 1e-5", do="That is only its default. BERT hands in 1e-12.")
def _fixed_eps(x, gain, bias, eps=1e-5):
    return _normalised(x, gain, bias)


@layer_norm.alternative
def _of_pytorch(x, gain, bias, eps=1e-5):
    return functional.layer_norm(x, (x.shape[-1],), gain, bias, eps)


@layer_norm.alternative
def _mean_of_squares(x, gain, bias, eps=1e-5):
    variance, mean = torch.var_mean(x, dim=-1, keepdim=True, correction=0)
    return gain * (x - mean) * (variance + eps) ** -0.5 + bias


# causal_mask


def _causal_cases(rng):
    yield case(3, label="the worked example")
    yield case(1)
    yield case(2)
    yield case(int(rng.integers(4, 9)))


causal_mask = Exercise(
    transformer.causal_mask,
    cases=_causal_cases,
    differ=_tensor_difference,
    hints=[
        "Row i asks, column j is asked. For which j may token 1 look?",
        "j <= i. A triangle of True with its diagonal.",
        "torch.ones(length, length, dtype=torch.bool).tril(), or compare torch.arange(length), a row, with a column.",
    ],
)


def _square(length):
    return torch.ones(length, length, dtype=torch.bool)


@causal_mask.mistake(
    "tokens look to the right instead of to the left", do="Row i is the token that asks: True where j <= i, below."
)
def _transposed_triangle(length):
    return _square(length).triu()


@causal_mask.mistake(
    "a token may not look at itself",
    do="The diagonal is allowed: a token knows itself, and the first one has nothing else to look at.",
)
def _diagonal_forbidden(length):
    return _square(length).tril(-1)


@causal_mask.mistake("the value True stands where looking is forbidden", do="In this course True means: may look.")
def _true_is_forbidden(length):
    return _square(length).triu(1)


@causal_mask.mistake(
    "a token may look one place ahead", do="The next word is what it has to predict: j <= i, no further."
)
def _one_ahead(length):
    return _square(length).tril(1)


@causal_mask.mistake(
    "the mask holds 0 and -inf, to be added to the scores",
    do="PyTorch knows that form, too. Ours is made of True and False: dtype torch.bool.",
)
def _to_be_added(length):
    return torch.zeros(length, length).masked_fill(~_square(length).tril(), -_INFINITY)


@causal_mask.mistake(
    "the mask is right, but no bool tensor",
    do="Numbers become one by .bool(), a NumPy array by torch.tensor(...). It matters: ~ turns True into False, 1 "
    "into -2.",
)
def _zeros_and_ones(length):
    return torch.ones(length, length).tril()


@causal_mask.alternative
def _compared_places(length):
    place = torch.arange(length)
    return place[None, :] <= place[:, None]


@causal_mask.alternative
def _nested_lists(length):
    return torch.tensor([[j <= i for j in range(length)] for i in range(length)])


# padding_mask


def _padding_cases(rng):
    yield case([3, 1], 4, label="the worked example")
    yield case([2, 5, 4], 5)
    yield case([1], 1)
    yield case([0, 2], 3, label="an empty sentence")
    yield case(rng.integers(1, 6, size=4).tolist(), 7)


padding_mask = Exercise(
    transformer.padding_mask,
    cases=_padding_cases,
    differ=_tensor_difference,
    hints=[
        "For one sentence: which of the places 0, 1, 2, ... are real, if it has 3 tokens?",
        "torch.arange(longest) < 3 answers that. Comparing with a column of lengths answers it for all sentences.",
        "The result needs the shape (B, 1, 1, T): torch.tensor(lengths)[:, None, None, None].",
    ],
)


@padding_mask.mistake("the value True stands where the filling is", do="In this course True means: may be looked at.")
def _true_is_filling(lengths, longest):
    return ~transformer.padding_mask(lengths, longest)


@padding_mask.mistake(
    "the queries are masked, not the keys",
    do="The last axis is that of the tokens that are looked at: the shape is (B, 1, 1, T), not (B, 1, T, 1).",
)
def _on_the_query_axis(lengths, longest):
    return transformer.padding_mask(lengths, longest).transpose(-2, -1)


@padding_mask.mistake(
    "the axes for heads and queries are missing",
    do="Without them PyTorch would take the sentences for queries. Add two axes of length 1: (B, 1, 1, T).",
)
def _two_axes(lengths, longest):
    return transformer.padding_mask(lengths, longest)[:, 0, 0]


@padding_mask.mistake(
    "one filled place too many is allowed", do="Places count from 0: a sentence of 3 tokens has the places 0, 1, 2."
)
def _one_too_many(lengths, longest):
    return torch.arange(longest) <= torch.tensor(lengths)[:, None, None, None]


@padding_mask.mistake(
    "it is only as wide as the longest sentence", do="The width is given: longest, which may be more than any length."
)
def _as_wide_as_needed(lengths, longest):
    return transformer.padding_mask(lengths, max(lengths))


@padding_mask.mistake("the places are compared with a list", do="Make a tensor of it first: torch.tensor(lengths).")
def _compared_with_list(lengths, longest):
    return torch.arange(longest) < lengths


@padding_mask.mistake("the filling is expected in front", do="Sentences begin at place 0, the filling stands behind.")
def _filling_in_front(lengths, longest):
    return transformer.padding_mask(lengths, longest).flip(-1)


@padding_mask.alternative
def _rows(lengths, longest):
    return torch.tensor([[[[place < length for place in range(longest)]]] for length in lengths])


@padding_mask.alternative
def _filled_step_by_step(lengths, longest):
    mask = torch.zeros(len(lengths), 1, 1, longest, dtype=torch.bool)
    for row, length in enumerate(lengths):
        mask[row, :, :, :length] = True
    return mask


# decoder_mask


def _decoder_mask_cases(rng):
    yield case([4, 2], 4, label="the worked example")
    yield case([2, 4, 3], 5)
    yield case([1], 1)
    yield case(rng.integers(1, 5, size=3).tolist(), 6)


decoder_mask = Exercise(
    transformer.decoder_mask,
    cases=_decoder_mask_cases,
    differ=_tensor_difference,
    hints=[
        "You have both masks. When may a token look: if one of the rules allows it, or if both do?",
        "Shapes are lined up from the right: (B, 1, 1, T) with (T, T). What comes out?",
        "padding_mask(lengths, longest) & causal_mask(longest)",
    ],
)


@decoder_mask.mistake("one of the two rules is enough", do="Both must allow it: & and not |.")
def _either(lengths, longest):
    return transformer.padding_mask(lengths, longest) | transformer.causal_mask(longest)


@decoder_mask.mistake(
    "only the padding is masked", do="A token must not look to the right, either: & causal_mask(longest)."
)
def _padding_alone(lengths, longest):
    return transformer.padding_mask(lengths, longest).expand(-1, -1, longest, -1)


@decoder_mask.mistake("only the future is masked", do="Filled places must not be looked at: & padding_mask(...).")
def _causal_alone(lengths, longest):
    return transformer.causal_mask(longest).expand(len(lengths), 1, -1, -1)


@decoder_mask.mistake("tokens look to the right instead of to the left", do="Row i may look at column j when j <= i.")
def _future_only(lengths, longest):
    return transformer.padding_mask(lengths, longest) & transformer.causal_mask(longest).T


@decoder_mask.mistake(
    "filled places are not allowed to ask, either",
    do="The rule is about the last axis, those that are looked at. Filled places may ask: what they compute does no "
    "harm, for nobody looks at it.",
)
def _padded_queries(lengths, longest):
    return transformer.padding_mask(lengths, longest).transpose(-2, -1) & transformer.causal_mask(longest)


@decoder_mask.mistake(
    "`and` was used between two tensors",
    do="`and` wants a single True or False. Entry by entry it is &: padding_mask(...) & causal_mask(...).",
)
def _with_and(lengths, longest):
    return transformer.padding_mask(lengths, longest) and transformer.causal_mask(longest)


@decoder_mask.mistake(
    "the axis for the heads is missing", do="The shape is (B, 1, T, T): the 1 is stretched over the heads."
)
def _without_heads(lengths, longest):
    return transformer.decoder_mask(lengths, longest)[:, 0]


@decoder_mask.alternative
def _by_the_rules(lengths, longest):
    rows = range(longest)
    return torch.tensor([[[[j <= i and j < length for j in rows] for i in rows]] for length in lengths])


@decoder_mask.alternative
def _triangle_cut(lengths, longest):
    mask = transformer.causal_mask(longest).repeat(len(lengths), 1, 1, 1)
    for row, length in enumerate(lengths):
        mask[row, :, :, length:] = False
    return mask


# encoder_layer


def _parameters(rng, width, hidden):
    norms = {
        f"{name}_norm": {"gain": _floats(rng, width) * 0.3 + 1, "bias": _floats(rng, width)}
        for name in ("attention", "feed_forward")
    }
    names = ("weight1", "bias1", "weight2", "bias2")
    transform = dict(zip(names, _layer_parameters(rng, width, hidden), strict=True))
    return _Parameters({"attention": _attention_parameters(rng, width), "feed_forward": transform, **norms})


def _nothing_from_attention(x, memory, parameters, heads, mask=None):
    return torch.zeros_like(x), None


def _halving_norm(x, gain, bias, eps=1e-5):
    return x / 2 + bias


def _negating_feed_forward(x, weight1, bias1, weight2, bias2, activation=functional.relu):
    return -x


def _layer_cases(rng):
    yield case(_floats(rng, 2, 3, 4), _parameters(rng, 4, 5), 2, label="post-norm")
    yield case(_floats(rng, 2, 3, 4), _parameters(rng, 4, 5), 2, None, True, label="pre-norm")
    yield case(_floats(rng, 2, 4, 6), _parameters(rng, 6, 9), 3, _mask(rng, 2, 1, 4, 4), False, label="a mask")
    yield case(_floats(rng, 2, 4, 6), _parameters(rng, 6, 9), 2, _mask(rng, 4, 4), True, label="a mask and pre-norm")
    for norm_first in (False, True):
        yield case(
            _floats(rng, 2, 3, 4),
            _parameters(rng, 4, 5),
            1,
            None,
            norm_first,
            multi_head=_nothing_from_attention,
            layer_norm=_halving_norm,
            feed_forward=_negating_feed_forward,
            label=f"other functions, {'pre' if norm_first else 'post'}-norm",
        )
    yield case(_floats(rng, 1, 5, 8, grad=True), _parameters(rng, 8, 6), 2, label="a tensor that needs gradients")
    yield case(_floats(rng, 1, 5, 8, grad=True), _parameters(rng, 8, 6), 2, None, True, label="gradients, pre-norm")


encoder_layer = Exercise(
    transformer.encoder_layer,
    cases=_layer_cases,
    rtol=1e-3,
    atol=1e-4,
    hints=[
        "Two sublayers, each with the same wrapping. Write post-norm first: x = layer_norm(x + sublayer(x), ...).",
        "The attention is multi_head(x, x, parameters['attention'], heads, mask)[0]; its norm is layer_norm(..., "
        "**parameters['attention_norm']), where ** hands gain and bias over by name.",
        "Pre-norm: x = x + sublayer(layer_norm(x, ...)). What is added to is the x that was not normalised.",
    ],
)
_OWN = {"multi_head": transformer.multi_head, "layer_norm": transformer.layer_norm}
_OWN |= {"feed_forward": transformer.feed_forward}


def _sublayers(parameters, heads, mask, multi_head, feed_forward, **_):
    """The two sublayers of a layer as functions of one argument."""
    return {
        "attention": lambda y: multi_head(y, y, parameters["attention"], heads, mask)[0],
        "feed_forward": lambda y: feed_forward(y, **parameters["feed_forward"]),
    }


def _wrapped(pre, post):
    """An encoder layer from two rules: what becomes of x, given the sublayer, its norm and the layer's input."""

    def layer(x, parameters, heads, mask=None, norm_first=False, **functions):
        functions = {**_OWN, **functions}
        first = x
        for name, sublayer in _sublayers(parameters, heads, mask, **functions).items():
            norm = partial(functions["layer_norm"], **parameters[f"{name}_norm"])
            x = (pre if norm_first else post)(x, sublayer, norm, first)
        return x

    return layer


def _pre(x, sublayer, norm, first):
    return x + sublayer(norm(x))


def _post(x, sublayer, norm, first):
    return norm(x + sublayer(x))


def _layer_mistake(text, do, pre=_pre, post=_post):
    encoder_layer.mistake(text, do=do)(_wrapped(pre, post))


_layer_mistake(
    "post-norm normalises before adding: x + norm(sublayer(x))",
    "In post-norm the sum is normalised: norm(x + sublayer(x)).",
    post=lambda x, sublayer, norm, first: x + norm(sublayer(x)),
)
_layer_mistake(
    "pre-norm adds to the normalised input",
    "The residual must bypass the norm: x + sublayer(norm(x)), with the x from before.",
    pre=lambda x, sublayer, norm, first: norm(x) + sublayer(norm(x)),
)
_layer_mistake(
    "there is no residual connection",
    "What a sublayer finds is added to what it was given: x + sublayer(...).",
    pre=lambda x, sublayer, norm, first: sublayer(norm(x)),
    post=lambda x, sublayer, norm, first: norm(sublayer(x)),
)
_layer_mistake(
    "the second residual starts from the layer's input",
    "The feed-forward layer is given what the attention left, and that is what it adds to.",
    pre=lambda x, sublayer, norm, first: first + sublayer(norm(x)),
    post=lambda x, sublayer, norm, first: norm(first + sublayer(x)),
)
_layer_mistake(
    "norm_first makes no difference: it is always post-norm",
    "With norm_first the norm stands before the sublayer: x + sublayer(norm(x)).",
    pre=_post,
)
_layer_mistake(
    "norm_first is the wrong way round", "norm_first=True means x + sublayer(norm(x)).", pre=_post, post=_pre
)
_layer_mistake(
    "the norms are missing",
    "Each sublayer has one: parameters['attention_norm'] and parameters['feed_forward_norm'].",
    pre=lambda x, sublayer, norm, first: x + sublayer(x),
    post=lambda x, sublayer, norm, first: x + sublayer(x),
)


@encoder_layer.mistake("the mask was not handed on", do="multi_head takes it as its fifth argument.")
def _layer_without_mask(x, parameters, heads, mask=None, norm_first=False, **functions):
    return transformer.encoder_layer(x, parameters, heads, None, norm_first, **functions)


@encoder_layer.mistake("both norms use the same gain and bias", do="The second one is parameters['feed_forward_norm'].")
def _one_norm_twice(x, parameters, heads, mask=None, norm_first=False, **functions):
    changed = {**parameters, "feed_forward_norm": parameters["attention_norm"]}
    return transformer.encoder_layer(x, changed, heads, mask, norm_first, **functions)


@encoder_layer.mistake(
    "the two norms changed places",
    do="The attention's norm is parameters['attention_norm'], the other one parameters['feed_forward_norm'].",
)
def _norms_swapped(x, parameters, heads, mask=None, norm_first=False, **functions):
    turned = {"attention_norm": parameters["feed_forward_norm"], "feed_forward_norm": parameters["attention_norm"]}
    return transformer.encoder_layer(x, {**parameters, **turned}, heads, mask, norm_first, **functions)


@encoder_layer.mistake(
    "the attention weights came along into the sum",
    do="multi_head returns two things, output and weights. Here only the output is wanted: multi_head(...)[0].",
)
def _weights_came_along(x, parameters, heads, mask=None, norm_first=False, **functions):
    attention = {**_OWN, **functions}["multi_head"]
    return x + attention(x, x, parameters["attention"], heads, mask)


@encoder_layer.mistake(
    "in pre-norm the keys and values were made from the x that is not normalised",
    do="Normalise once, then hand the same thing over twice: y = layer_norm(x, ...), multi_head(y, y, ...).",
)
def _memory_not_normalised(x, parameters, heads, mask=None, norm_first=False, **functions):
    functions = {**_OWN, **functions}
    attention = functions["multi_head"]

    def half_normalised(y, memory, *rest):
        return attention(y, x if norm_first else memory, *rest)

    functions["multi_head"] = half_normalised
    return transformer.encoder_layer(x, parameters, heads, mask, norm_first, **functions)


@encoder_layer.mistake("the feed-forward layer is missing", do="After the attention comes the second sublayer.")
def _attention_only(x, parameters, heads, mask=None, norm_first=False, **functions):
    functions = {**_OWN, **functions}
    sublayer = _sublayers(parameters, heads, mask, **functions)["attention"]
    norm = partial(functions["layer_norm"], **parameters["attention_norm"])
    return (_pre if norm_first else _post)(x, sublayer, norm, x)


@encoder_layer.mistake(
    "the functions that were handed in are not used",
    do="Call the arguments multi_head, layer_norm and feed_forward: a model may bring other ones than yours.",
)
def _own_functions(x, parameters, heads, mask=None, norm_first=False, **functions):
    return transformer.encoder_layer(x, parameters, heads, mask, norm_first)


@encoder_layer.mistake(
    "x was changed in place", do="x += ... writes into the caller's tensor: write x = x + ..., which makes a new one."
)
def _changed_in_place(x, parameters, heads, mask=None, norm_first=False, **functions):
    functions = {**_OWN, **functions}
    for name, sublayer in _sublayers(parameters, heads, mask, **functions).items():
        norm = partial(functions["layer_norm"], **parameters[f"{name}_norm"])
        x += sublayer(norm(x) if norm_first else x)
        x = x if norm_first else norm(x)
    return x


encoder_layer.alternative(_wrapped(_pre, _post))


@encoder_layer.alternative
def _spelt_out(
    x,
    parameters,
    heads,
    mask=None,
    norm_first=False,
    multi_head=transformer.multi_head,
    layer_norm=transformer.layer_norm,
    feed_forward=transformer.feed_forward,
):
    norm1, norm2 = parameters["attention_norm"], parameters["feed_forward_norm"]
    y = layer_norm(x, norm1["gain"], norm1["bias"]) if norm_first else x
    x = x + multi_head(y, y, parameters["attention"], heads, mask)[0]
    if not norm_first:
        x = layer_norm(x, norm1["gain"], norm1["bias"])
    y = layer_norm(x, norm2["gain"], norm2["bias"]) if norm_first else x
    x = x + feed_forward(y, **parameters["feed_forward"])
    return x if norm_first else layer_norm(x, norm2["gain"], norm2["bias"])


# greedy_generate


def _toy_extend(words, fed, calls=80):
    """A made-up model whose best next word depends on all the words so far; it notes what it is fed."""

    def extend(tokens, cache):
        if not is_tensor(tokens) or tokens.ndim != 2 or len(tokens) != 1:
            raise TypeError(f"extend was given {kind(tokens)}, expected an int tensor of shape (1, T)")
        if len(fed) == calls:
            raise RuntimeError(f"extend has been called {calls} times: does the loop end?")
        fed.append(tokens[0].tolist())
        seen = (cache or ()) + tuple(tokens[0].tolist())
        scores = torch.zeros(1, tokens.shape[1], words)
        for row in range(tokens.shape[1]):
            prefix = seen[: len(seen) - tokens.shape[1] + row + 1]
            best = sum((place + 2) * (word + 1) for place, word in enumerate(prefix)) % words
            scores[0, row] = row - ((torch.arange(words) - best) ** 2).float()
        return scores, seen

    return extend


def _drive(subject, words, prompt, longest, end=None):
    fed = []
    arguments = (_toy_extend(words, fed), prompt, longest)
    return (subject(*arguments) if end is None else subject(*arguments, end)), fed


def _generation_difference(got, expected, *args, **kwargs):
    (words, fed), (right_words, right_fed) = got, expected
    if is_tensor(words):
        words = words.flatten().tolist()
    if text := difference(words, right_words):
        return text
    for number, (ours, theirs) in enumerate(zip(fed, right_fed), start=1):  # noqa: B905 (one more call is allowed)
        if ours != theirs:
            return f"the words are right, but call {number} of extend was given {ours}; new were only {theirs}"
    if len(fed) > len(right_fed) + 1:
        return f"the words are right, but extend was called {len(fed)} times, expected {len(right_fed)}"
    return None


def _generate_cases(rng):
    yield case(7, [3, 1], 4, label="2 words of prompt, 4 to generate")
    yield case(11, [5], 6, label="a prompt of one word")
    yield case(9, [1, 2, 3, 4], 1, label="one word to generate")
    yield case(9, [1, 2], 0, label="nothing to generate")
    for words in (7, 13):
        prompt = rng.integers(0, words, size=3).tolist()
        free = transformer.greedy_generate(_toy_extend(words, []), prompt, 8)
        yield case(words, prompt, 8, label="8 words to generate")
        yield case(words, prompt, 8, free[4], label=f"stop at word {free[4]}")
        yield case(words, prompt, 8, free[0], label="the first word is the end")


greedy_generate = Exercise(
    transformer.greedy_generate,
    cases=_generate_cases,
    probe=_drive,
    differ=_generation_difference,
    hints=[
        "Call extend once with the whole prompt. What do you give it the next time?",
        "scores[0, -1] belongs to the last token: its best word is the next one. Then only that word is new.",
        "scores, cache = extend(tokens, cache); best = scores[0, -1].argmax().item(); tokens = torch.tensor([[best]]).",
    ],
)


def _generate(
    extend, prompt, longest, end=None, row=-1, keep_cache=True, feed_all=False, with_prompt=False, with_end=False
):
    """greedy_generate with one of its parts wrong."""
    tokens, cache, generated = torch.tensor([prompt]), None, []
    while len(generated) < longest:
        scores, new_cache = extend(tokens, cache)
        cache = new_cache if keep_cache else None
        best = int(scores[0, row].argmax())
        if best == end and not with_end:
            break
        generated.append(best)
        if best == end:
            break
        tokens = torch.tensor([prompt + generated if feed_all else [best]])
    return prompt + generated if with_prompt else generated


@greedy_generate.mistake(
    "the whole text is read again for every word",
    do="The words are right, but the cache is not used: hand the returned cache over and feed the new word only.",
)
def _without_a_cache(extend, prompt, longest, end=None):
    return _generate(extend, prompt, longest, end, keep_cache=False, feed_all=True)


@greedy_generate.mistake(
    "the whole text is fed together with the cache that already knows it",
    do="Then the model reads everything twice. After the first call feed the new word only.",
)
def _read_twice(extend, prompt, longest, end=None):
    return _generate(extend, prompt, longest, end, feed_all=True)


@greedy_generate.mistake(
    "the returned cache was not kept",
    do="Then the model knows nothing but the last word: scores, cache = extend(tokens, cache).",
)
def _cache_forgotten(extend, prompt, longest, end=None):
    return _generate(extend, prompt, longest, end, keep_cache=False)


@greedy_generate.mistake(
    "the scores of the first token were used", do="The next word follows the last token: scores[0, -1]."
)
def _first_row(extend, prompt, longest, end=None):
    return _generate(extend, prompt, longest, end, row=0)


@greedy_generate.mistake(
    "the best word was sought among the scores of all tokens at once",
    do="Take the last token's scores first, scores[0, -1], then argmax().",
)
def _all_rows_at_once(extend, prompt, longest, end=None):
    def flat(tokens, cache):
        scores, cache = extend(tokens, cache)
        return scores.flatten(1)[:, None], cache

    return _generate(flat, prompt, longest, end)


@greedy_generate.mistake("the prompt is part of the result", do="Return only the words that were generated.")
def _prompt_returned(extend, prompt, longest, end=None):
    return _generate(extend, prompt, longest, end, with_prompt=True)


@greedy_generate.mistake("end is part of the result", do="Ask whether the best word is end before you append it.")
def _end_returned(extend, prompt, longest, end=None):
    return _generate(extend, prompt, longest, end, with_end=True)


@greedy_generate.mistake("it does not stop at end", do="When the best word is end, leave the loop.")
def _never_ending(extend, prompt, longest, end=None):
    return _generate(extend, prompt, longest)


@greedy_generate.mistake(
    "one word too few is generated", do="The prompt alone gives the first word: longest words take longest calls."
)
def _one_word_less(extend, prompt, longest, end=None):
    return _generate(extend, prompt, longest - 1, end)


@greedy_generate.mistake("one word too many is generated", do="Stop as soon as there are longest words: `<`, not `<=`.")
def _one_word_more(extend, prompt, longest, end=None):
    return _generate(extend, prompt, longest + 1, end)


@greedy_generate.mistake(
    "the words were appended to the caller's prompt", do="Collect them in a list of your own: generated = []."
)
def _prompt_changed(extend, prompt, longest, end=None):
    generated = _generate(extend, list(prompt), longest, end)
    prompt.extend(generated)
    return generated


@greedy_generate.alternative
def _for_loop(extend, prompt, longest, end=None):
    generated = []
    scores, cache = extend(torch.tensor(prompt)[None], None)
    for _ in range(longest):
        best = scores[:, -1:].argmax(dim=-1)
        if best.item() == end:
            return generated
        generated.append(best.item())
        scores, cache = extend(best, cache)
    return generated


@greedy_generate.alternative
def _recursive(extend, prompt, longest, end=None):
    def more(tokens, cache, left):
        if left == 0:
            return []
        scores, cache = extend(tokens, cache)
        best = int(scores[0, -1].argmax())
        return [] if best == end else [best, *more(torch.tensor([[best]]), cache, left - 1)]

    return more(torch.tensor([list(prompt)]), None, longest)
