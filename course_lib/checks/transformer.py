"""The exercises of the transformer lesson: cases, hints, known mistakes and other right answers."""

import math
from functools import partial

import numpy as np
import torch
from torch.nn import functional

from course_lib.judge.compare import difference, is_tensor, kind
from course_lib.judge.exercise import Exercise, case
from course_lib.reference import transformer


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
    returns=("output", "weights"),
    hints=[
        "Four steps: scores, mask, softmax, weighted mean. Say the shape after each step before you write it.",
        "query @ key.transpose(-2, -1) makes the scores. What is the last axis of query as long as?",
        "scores.masked_fill(~mask, -math.inf) before the softmax; a row of -inf alone becomes NaN, and "
        "weights.masked_fill(~mask, 0.0) after it makes it zeros. All of this only if mask is not None.",
    ],
)
attend.slip(" / math.sqrt(query.shape[-1])", "",
    looks="the scores were not divided by √E",
    do="A dot product of E numbers grows like √E. Divide the scores by math.sqrt(query.shape[-1]) before the softmax.")
attend.slip("math.sqrt(query.shape[-1])", "query.shape[-1]",
    looks="the scores were divided by E, not by √E", do="Take the root: math.sqrt(query.shape[-1]).")
attend.slip("math.sqrt(query.shape[-1])", "math.sqrt(key.shape[-2])",
    looks="the scores were divided by the root of the number of tokens",
    do="√E is about the width of a query, its last axis: query.shape[-1].")
attend.slip("softmax(dim=-1)", "softmax(dim=-2)",
    looks="the softmax runs over the queries, not over the keys",
    do="The weights of one query must total 1: the softmax runs along the last axis, dim=-1.")
attend.slip("softmax(dim=-1)", "softmax(dim=1)",
    looks="the softmax runs along axis 1, which is the last one only as long as there is no batch",
    do="Count from the end: dim=-1 is the axis of the keys, however many axes stand in front.")
attend.slip("math.sqrt(query.shape[-1])", "math.sqrt(value.shape[-1])",
    looks="the scores were divided by the root of the values' width",
    do="√E is about the vectors that are multiplied, queries and keys: query.shape[-1].")
attend.slip("weights = scores.softmax(dim=-1)",
    "root = math.sqrt(query.shape[-1])\n    weights = (scores * root).softmax(dim=-1) / root",
    looks="the softmax was divided by √E, not the scores",
    do="First divide the scores, then take their softmax.")
attend.slip("weights = weights.masked_fill(~mask, 0.0)", "weights.masked_fill_(~mask, 0.0)",
    looks="the weights were changed in place after the softmax, which still needs them for its gradient",
    do="weights.masked_fill(~mask, 0.0) makes a new tensor; weights[...] = 0 and masked_fill_ write into the old one.")
attend.slip("scores = scores.masked_fill(~mask, -math.inf)", "scores[~mask] = -math.inf",
    looks="the mask was used as an index, scores[~mask] = ..., and an index is not stretched",
    do="scores.masked_fill(~mask, -math.inf) stretches the mask to the shape of the scores.")
attend.slip("    scores = query", "    mask = None\n    scores = query",
    looks="the mask is not used", do="Where it is False, the weight must be 0.")
attend.slip("    scores = query", "    mask = None if mask is None else ~mask\n    scores = query",
    looks="the mask is the wrong way round", do="True means: may look. Fill where the mask is False, ~mask.")
attend.slip("scores = scores.masked_fill(~mask, -math.inf)", "pass",
    looks="the mask was applied after the softmax",
    do="Then the rows no longer total 1. Set the forbidden scores to -inf before the softmax.")
attend.slip("scores = scores.masked_fill(~mask, -math.inf)",
    "weights = scores.masked_fill(~mask, 0.0).softmax(dim=-1)\n        return weights @ value, weights",
    looks="forbidden scores were set to 0",
    do="e⁰ is 1: a score of 0 still gets weight. The number whose exponential is 0 is -inf.")
attend.slip("weights = weights.masked_fill(~mask, 0.0)", "pass",
    looks="a query that may look nowhere gives NaN",
    do="Its softmax is 0/0. Put zeros there: weights.masked_fill(~mask, 0.0) after the softmax.")
attend.slip("scores = scores.masked_fill(~mask, -math.inf)",
    "weights = scores.masked_fill(~mask, -1e9).softmax(dim=-1)\n        return weights @ value, weights",
    looks="a query that may look nowhere looks everywhere instead",
    do="A row in which all scores are equally small gets equal weights. They must be 0 where the mask is False.")
attend.slip("if mask is not None:\n        scores", "if True:\n        scores",
    looks="it works only with a mask", do="mask may be None: then everything is allowed. Ask `if mask is not None`.")
attend.slip("if mask is not None:\n        scores", "if mask:\n        scores",
    looks="a whole tensor is asked whether it is true, by `if mask:`",
    do="Ask whether there is a mask at all: `if mask is not None:`.")
attend.slip("weights = scores.softmax(dim=-1)",
    "powers = scores.exp()\n    weights = powers / powers.sum(dim=-1, keepdim=True)",
    looks="the softmax overflows: e to the power of a large score is infinite",
    do="Use scores.softmax(dim=-1), or subtract the largest score of the row first.")
attend.slip("key.transpose(-2, -1)", "key.T",
    looks="other axes of key than the last two were swapped",
    do="key.T turns every axis round, and a batch has more than two. Write key.transpose(-2, -1).")


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
split_heads.slip("tokens, heads, width // heads).transpose(1, 2)", "heads, tokens, width // heads)",
    looks="the tensor was reshaped to (B, H, T, E) at once, which mixes tokens and features",
    do="reshape only cuts the row of numbers anew. Cut the features first, (B, T, H, E), then swap two axes.")
split_heads.slip(".transpose(1, 2)", "",
    looks="the heads stand behind the tokens", do="The result is (B, H, T, E): swap axes 1 and 2 at the end.")
split_heads.slip("heads, width // heads).transpose(1, 2)", "width // heads, heads).permute(0, 3, 1, 2)",
    looks="neighbouring features went to different heads",
    do="Head 0 gets the first D / H features in one piece: the axis of the heads comes before that of their features.")
split_heads.slip(".transpose(1, 2)", ".permute(2, 0, 1, 3)",
    looks="the heads come before the batch", do="The batch stays the first axis: (B, H, T, E).")
split_heads.slip("heads, width // heads)", "width // heads, heads)",
    looks="the number of heads and the width of a head changed places",
    do="There are `heads` heads, and each is width // heads wide.")
split_heads.slip("reshape(batch, tokens, heads, width // heads).transpose(1, 2)",
    "transpose(1, 2).reshape(batch, heads, tokens, width // heads)",
    looks="the axes were swapped before the features were cut",
    do="First cut, x.reshape(batch, tokens, heads, width // heads), then swap axes 1 and 2.")
split_heads.slip(".transpose(1, 2)", ".transpose(2, 3)",
    looks="the wrong two axes were swapped",
    do="After cutting, the shape is (B, T, H, E). The tokens, axis 1, and the heads, axis 2, change places.")
split_heads.alternative(lambda x, heads: torch.stack(x.chunk(heads, dim=-1), dim=1))
split_heads.alternative(lambda x, heads: x.unflatten(-1, (heads, -1)).permute(0, 2, 1, 3))


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
merge_heads.slip("transpose(1, 2).flatten(2)", "reshape(x.shape[0], x.shape[2], -1)",
    looks="it was reshaped without swapping the axes back",
    do="The parts of one token must lie side by side before they can be joined: transpose(1, 2) first.")
merge_heads.slip("transpose(1, 2)", "permute(0, 2, 3, 1)",
    looks="the features of the heads alternate",
    do="The features of head 0 come first, all of them, then those of head 1.")
merge_heads.slip("transpose(1, 2).flatten(2)", "transpose(2, 3).reshape(x.shape[0], x.shape[2], -1)",
    looks="the wrong two axes were swapped", do="Heads, axis 1, and tokens, axis 2, change places: transpose(1, 2).")
merge_heads.slip("transpose(1, 2).flatten(2)", "flatten(1, 2)",
    looks="the heads were put one below the other, as if they were more tokens",
    do="They stand side by side, along the last axis: the number of tokens stays T.")
merge_heads.slip(".flatten(2)", "",
    looks="the last two axes were not joined", do="The result has three axes: (B, T, H · E).")
merge_heads.slip("transpose(1, 2).flatten(2)", "sum(dim=1)",
    looks="the heads were added up", do="They stand side by side: a token gets back all its D numbers.")
merge_heads.slip(".flatten(2)", ".view(x.shape[0], x.shape[2], -1)",
    looks="view was used on a transposed tensor",
    do="transpose only changes how the numbers are walked through, and view cannot follow. Use reshape or flatten.")
merge_heads.alternative(lambda x: torch.cat(list(x.unbind(dim=1)), dim=-1))
merge_heads.alternative(lambda x: x.permute(0, 2, 1, 3).contiguous().view(x.shape[0], x.shape[2], -1))


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
    returns=("output", "weights"),
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
multi_head.slip('functional.linear(merge_heads(output), parameters["output_weight"], parameters["output_bias"])',
    "merge_heads(output)",
    looks="the last linear layer is missing",
    do="After merging, the heads still have to speak to each other: output_weight and output_bias.")
multi_head.slip("(query, key, value)", "(query / math.sqrt(heads), key, value)",
    looks="the scores were divided by √D, the root of the whole width",
    do="Each head attends with queries of width E = D / H. attend already divides by the right root.")
multi_head.slip("split_heads(part, heads)", "split_heads(part, 1)",
    looks="there is one softmax for all heads: the features were not split",
    do="split_heads each of query, key and value before attend, merge_heads the output after it.")
multi_head.slip("    query = functional", "    memory = x\n    query = functional",
    looks="keys and values were made from x", do="x asks, memory answers: key and value are made from memory.")
multi_head.slip("linear(x,", "linear(memory,",
    looks="the queries were made from memory", do="x asks: only keys and values are made from memory.")
multi_head.slip("attend(*parts, mask)", "attend(*parts)",
    looks="the mask was not handed on", do="attend takes it as its fourth argument.")
multi_head.slip("    query = functional",
    "    parameters = {name: it.T if it.ndim == 2 else it for name, it in parameters.items()}\n    query = functional",
    looks="the weights were not transposed: x @ weight",
    do="A weight has shape (out, in): functional.linear(x, weight, bias), or x @ weight.T + bias.")
multi_head.slip("    query = functional",
    "    parameters = {name: it if it.ndim == 2 else None for name, it in parameters.items()}\n    query = functional",
    looks="the biases are missing", do="Each of the four linear layers has one: x @ weight.T + bias.")
multi_head.slip('parameters["value_weight"], parameters["value_bias"]',
    'parameters["key_weight"], parameters["key_bias"]',
    looks="the values were made with the key's weights",
    do="Look at the third projection: value_weight and value_bias.")
multi_head.slip("(query, key, value)", "(query, value, key)",
    looks="keys and values changed places", do="The order is attend(query, key, value, mask).")
multi_head.slip("attend(*parts, mask)", 'globals()["attend"](*parts, mask)',
    looks="the attention function that was handed in is not used",
    do="Call the argument attend. Later we shall hand in other ones: faster, recording, broken.")
multi_head.slip("merge_heads(output)", "output.reshape(x.shape)",
    looks="the output of the heads was reshaped without swapping the axes back",
    do="merge_heads does both: it swaps the axes and then joins the features.")
multi_head.slip("(query, key, value)", "(x, memory, memory)",
    looks="x and memory went into the heads as they are",
    do="First make queries, keys and values of them, with three linear layers; then split.")


@multi_head.alternative
def _loop_over_heads(x, memory, parameters, heads, mask=None, attend=transformer.attend):
    def project(y, part):
        return y @ parameters[f"{part}_weight"].T + parameters[f"{part}_bias"]

    parts = [project(y, part).chunk(heads, dim=-1) for y, part in ((x, "query"), (memory, "key"), (memory, "value"))]
    results = [attend(q[:, None], k[:, None], v[:, None], mask) for q, k, v in zip(*parts, strict=True)]
    output = torch.cat([output[:, 0] for output, _ in results], dim=-1)
    return project(output, "output"), torch.cat([weights for _, weights in results], dim=1)


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
    yield case(4, 6, 2.0, label="a small base")  # also where base was multiplied with, float32 is fine enough
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
positional_encoding.slip("2 * (column // 2)", "column",
    looks="every column has a frequency of its own",
    do="A sine and its cosine share one frequency: the exponent of columns 2i and 2i + 1 is 2i / width.")
positional_encoding.slip("(column // 2)", "column",
    looks="the exponent is twice the column's number",
    do="In the formula, i counts pairs: column 2i has the exponent 2i / width, so the exponent ends just below 1.")
positional_encoding.slip("2 * (column // 2)", "(column // 2)",
    looks="the exponent lacks its factor 2: i / width instead of 2i / width",
    do="i counts pairs, and there are width / 2 of them: the exponent of pair i is 2i / width.")
positional_encoding.slip("torch.where(column % 2 == 0, angle.sin(), angle.cos())",
    "torch.cat([angle[:, 0::2].sin(), angle[:, 1::2].cos()], dim=1)",
    looks="all the sines come first, then all the cosines",
    do="Some libraries do that, and it works as well. Here they alternate: even columns sines, odd columns cosines.")
positional_encoding.slip("torch.arange(length,", "torch.arange(1, length + 1,",
    looks="the positions count from 1", do="The first position is 0: its row is 0, 1, 0, 1, ...")
positional_encoding.slip("column % 2 == 0", "column % 2 == 1",
    looks="sines and cosines changed places", do="Even columns are sines, odd columns cosines.")
positional_encoding.slip("return torch.where(column % 2 == 0, angle.sin(), angle.cos()).float()",
    "waves, pairs = torch.zeros(length, width), angle[:, 0::2]\n"
    "    waves[:, 0::2], waves[:, 1::2] = pairs.sin(), pairs.cos()\n    return waves",
    looks="an odd width does not work",
    do="The last column is then a sine without its cosine: cut the cosines off in time.")
positional_encoding.slip("2 * (column // 2)", "4 * (column // 2)",
    looks="the exponent of a pair is twice too large",
    do="A loop over even columns, `for i in range(0, width, 2)`, has the 2 in it already: the exponent is i / width.")
positional_encoding.slip("position / base", "position * base",
    looks="the position was multiplied with base^(2i / width)",
    do="Divide by it: later columns turn more slowly, not faster.")
positional_encoding.slip(".float()", "",
    looks="the numbers are right, but they are no float32 tensor",
    do="End with .float(), or with torch.tensor(..., dtype=torch.float32) for a NumPy array. The model adds them to "
    "its word vectors, which are float32 tensors.")
positional_encoding.slip("base **", "10000.0 **",
    looks="base is not used", do="10000 is only its default: write base in the formula.")


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
feed_forward.slip("hidden = activation", "hidden = ",
    looks="the activation is missing",
    do="Two linear layers in a row are one linear layer. Bend the hidden values between them.")
feed_forward.slip("hidden = activation(functional.linear(x, weight1, bias1))",
    "return activation(functional.linear(functional.linear(x, weight1, bias1), weight2, bias2))",
    looks="the activation comes after the second layer", do="It belongs between the two layers.")
feed_forward.slip("functional.linear(hidden, weight2, bias2)", "activation(functional.linear(hidden, weight2, bias2))",
    looks="there is an activation after the second layer as well",
    do="The result goes into a sum and must be free to be negative: only the hidden values are bent.")
feed_forward.slip("activation(functional.linear(x,", "(functional.linear(activation(x),",
    looks="the activation comes before the first layer",
    do="First the linear layer, then bend: activation(linear(x)).")
feed_forward.slip("hidden = activation", "hidden = functional.relu",
    looks="the activation is always ReLU", do="Call the argument activation: BERT hands in GELU.")
feed_forward.slip("    hidden = activation", "    bias1 = bias2 = None\n    hidden = activation",
    looks="the biases are missing", do="A linear layer is x @ weight.T + bias.")
feed_forward.slip("hidden = activation(functional.linear(x, weight1, bias1))",
    "return activation(x @ weight1 + bias1) @ weight2 + bias2",
    looks="the weights were not transposed: x @ weight",
    do="A weight has shape (out, in): functional.linear(x, weight, bias), or x @ weight.T + bias.")
feed_forward.slip("return functional", "return x + functional",
    looks="x was added at the end",
    do="The residual connection comes later, in the layer. Return the transformed value alone.")
feed_forward.slip("linear(x, weight1", "linear(x.flatten(1), weight1",
    looks="the tokens of a sentence were joined to one long vector",
    do="Each token goes through the same small network by itself: leave the axis of the tokens alone.")


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
layer_norm.slip("centred.square().mean(dim=-1, keepdim=True)", "x.var(dim=-1, keepdim=True)",
    looks="the variance was divided by D - 1",
    do="x.var(dim=-1) does that by itself. Say x.var(dim=-1, correction=0), or take the mean of the squares.")
layer_norm.slip("* torch.rsqrt(variance + eps)", "/ (variance.sqrt() + eps)",
    looks="eps was added outside the root", do="It belongs under the root: torch.sqrt(variance + eps).")
layer_norm.slip("* torch.rsqrt(variance + eps)", "/ (x.std(dim=-1, keepdim=True) + eps)",
    looks="x.std() was used: it divides by D - 1, and eps comes outside the root",
    do="Compute the variance with correction=0, add eps, then take the root.")
layer_norm.slip("centred = x - x.mean(dim=-1, keepdim=True)",
    "return (x - x.mean(dim=0)) * torch.rsqrt(x.var(dim=0, correction=0) + eps) * gain + bias",
    looks="it normalises over the batch, not over the features",
    do="That is batch norm. Here each token is normalised by itself: dim=-1.")
layer_norm.slip("centred = x - x.mean(dim=-1, keepdim=True)",
    "return (x - x.mean()) * torch.rsqrt(x.var(correction=0) + eps) * gain + bias",
    looks="mean and variance were taken over everything at once",
    do="Each token gets its own: dim=-1, keepdim=True.")
layer_norm.slip("centred = x - x.mean(dim=-1, keepdim=True)",
    "variance, mean = torch.var_mean(x, dim=-2, keepdim=True, correction=0)\n"
    "    return (x - mean) * torch.rsqrt(variance + eps) * gain + bias",
    looks="it normalises over the tokens of a sentence, not over the features",
    do="The features are the last axis: dim=-1.")
layer_norm.slip("x - x.mean(dim=-1, keepdim=True)", "x - x.mean(dim=-1)",
    looks="mean and variance lost their last axis, so that they do not line up with x",
    do="keepdim=True keeps it with length 1: x.mean(dim=-1, keepdim=True), and the same for the variance.")
layer_norm.slip("variance + eps", "variance",
    looks="eps is missing", do="Features that are all the same have variance 0: sqrt(variance + eps).")
layer_norm.slip("centred * torch.rsqrt(variance + eps) * gain + bias",
    "(centred * torch.rsqrt(variance + eps) + bias) * gain",
    looks="bias was added before gain was multiplied", do="First times gain, then plus bias.")
layer_norm.slip("return centred", "return x", looks="the mean was not subtracted", do="First x - mean, then divide.")
layer_norm.slip(" * gain + bias", "",
    looks="gain and bias are missing", do="The last step: multiply by gain, add bias.")
layer_norm.slip("* torch.rsqrt(variance + eps)", "/ (variance + eps)",
    looks="it divides by the variance, not by its root", do="Divide by torch.sqrt(variance + eps).")
layer_norm.slip("variance + eps", "variance + 1e-5",
    looks="eps is always 1e-5", do="That is only its default. BERT hands in 1e-12.")
layer_norm.alternative(lambda x, gain, bias, eps=1e-5: functional.layer_norm(x, (x.shape[-1],), gain, bias, eps))


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
causal_mask.slip("tril()", "triu()",
    looks="tokens look to the right instead of to the left",
    do="Row i is the token that asks: True where j <= i, below.")
causal_mask.slip("tril()", "tril(-1)",
    looks="a token may not look at itself",
    do="The diagonal is allowed: a token knows itself, and the first one has nothing else to look at.")
causal_mask.slip("tril()", "triu(1)",
    looks="the value True stands where looking is forbidden", do="In this course True means: may look.")
causal_mask.slip("tril()", "tril(1)",
    looks="a token may look one place ahead", do="The next word is what it has to predict: j <= i, no further.")
causal_mask.slip("torch.ones(length, length, dtype=torch.bool).tril()",
    "torch.full((length, length), -math.inf).triu(1)",
    looks="the mask holds 0 and -inf, to be added to the scores",
    do="PyTorch knows that form, too. Ours is made of True and False: dtype torch.bool.")
causal_mask.slip(", dtype=torch.bool", "",
    looks="the mask is right, but no bool tensor",
    do="Numbers become one by .bool(), a NumPy array by torch.tensor(...). It matters: ~ turns True into False, 1 "
    "into -2.")
causal_mask.alternative(lambda length: torch.tensor([[j <= i for j in range(length)] for i in range(length)]))


@causal_mask.alternative
def _compared_places(length):
    place = torch.arange(length)
    return place[None, :] <= place[:, None]


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
padding_mask.slip("torch.arange(longest) <", "torch.arange(longest) >=",
    looks="the value True stands where the filling is", do="In this course True means: may be looked at.")
padding_mask.slip("torch.arange(longest) <", "torch.arange(longest)[:, None] <",
    looks="the queries are masked, not the keys",
    do="The last axis is that of the tokens that are looked at: the shape is (B, 1, 1, T), not (B, 1, T, 1).")
padding_mask.slip("[:, None, None, None]", "[:, None]",
    looks="the axes for heads and queries are missing",
    do="Without them PyTorch would take the sentences for queries. Add two axes of length 1: (B, 1, 1, T).")
padding_mask.slip("torch.arange(longest) <", "torch.arange(longest) <=",
    looks="one filled place too many is allowed",
    do="Places count from 0: a sentence of 3 tokens has the places 0, 1, 2.")
padding_mask.slip("torch.arange(longest)", "torch.arange(max(lengths))",
    looks="it is only as wide as the longest sentence",
    do="The width is given: longest, which may be more than any length.")
padding_mask.slip("torch.as_tensor(lengths)[:, None, None, None]", "lengths",
    looks="the places are compared with a list", do="Make a tensor of it first: torch.tensor(lengths).")
padding_mask.slip("torch.arange(longest)", "torch.arange(longest).flip(-1)",
    looks="the filling is expected in front", do="Sentences begin at place 0, the filling stands behind.")


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
decoder_mask.slip("& causal_mask", "| causal_mask",
    looks="one of the two rules is enough", do="Both must allow it: & and not |.")
decoder_mask.slip(" & causal_mask(longest)", ".expand(-1, -1, longest, -1)",
    looks="only the padding is masked", do="A token must not look to the right, either: & causal_mask(longest).")
decoder_mask.slip("padding_mask(lengths, longest) & causal_mask(longest)",
    "causal_mask(longest).expand(len(lengths), 1, -1, -1)",
    looks="only the future is masked", do="Filled places must not be looked at: & padding_mask(...).")
decoder_mask.slip("causal_mask(longest)", "causal_mask(longest).T",
    looks="tokens look to the right instead of to the left", do="Row i may look at column j when j <= i.")
decoder_mask.slip("padding_mask(lengths, longest)", "padding_mask(lengths, longest).mT",
    looks="filled places are not allowed to ask, either",
    do="The rule is about the last axis, those that are looked at. Filled places may ask: what they compute does no "
    "harm, for nobody looks at it.")
decoder_mask.slip("& causal_mask", "and causal_mask",
    looks="`and` was used between two tensors",
    do="`and` wants a single True or False. Entry by entry it is &: padding_mask(...) & causal_mask(...).")
decoder_mask.slip("padding_mask(lengths, longest)", "padding_mask(lengths, longest)[:, 0]",
    looks="the axis for the heads is missing", do="The shape is (B, 1, T, T): the 1 is stretched over the heads.")


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
_BOTH_ORDERS = """if norm_first:
        x = x + attention(layer_norm(x, **parameters["attention_norm"]))
        return x + transform(layer_norm(x, **parameters["feed_forward_norm"]))
    x = layer_norm(x + attention(x), **parameters["attention_norm"])
    return layer_norm(x + transform(x), **parameters["feed_forward_norm"])"""
encoder_layer.slip('layer_norm(x + attention(x), **parameters["attention_norm"])\n    return layer_norm(x + ',
    'x + layer_norm(attention(x), **parameters["attention_norm"])\n    return x + layer_norm(',
    looks="post-norm normalises before adding: x + norm(sublayer(x))",
    do="In post-norm the sum is normalised: norm(x + sublayer(x)).")
encoder_layer.slip("if norm_first:", """if norm_first:
        x = layer_norm(x, **parameters["attention_norm"])
        x = layer_norm(x + attention(x), **parameters["feed_forward_norm"])
        return x + transform(x)""",
    looks="pre-norm adds to the normalised input",
    do="The residual must bypass the norm: x + sublayer(norm(x)), with the x from before.")
encoder_layer.slip(_BOTH_ORDERS, _BOTH_ORDERS.replace("x + ", ""),
    looks="there is no residual connection",
    do="What a sublayer finds is added to what it was given: x + sublayer(...).")
encoder_layer.slip(_BOTH_ORDERS, "first = x\n    " + _BOTH_ORDERS.replace("x + transform", "first + transform"),
    looks="the second residual starts from the layer's input",
    do="The feed-forward layer is given what the attention left, and that is what it adds to.")
encoder_layer.slip("if norm_first:", "if False:",
    looks="norm_first makes no difference: it is always post-norm",
    do="With norm_first the norm stands before the sublayer: x + sublayer(norm(x)).")
encoder_layer.slip("if norm_first:", "if not norm_first:",
    looks="norm_first is the wrong way round", do="norm_first=True means x + sublayer(norm(x)).")
encoder_layer.slip("    if norm_first:", "    def layer_norm(y, gain, bias):\n        return y\n\n    if norm_first:",
    looks="the norms are missing",
    do="Each sublayer has one: parameters['attention_norm'] and parameters['feed_forward_norm'].")
encoder_layer.slip("heads, mask)[0]", "heads)[0]",
    looks="the mask was not handed on", do="multi_head takes it as its fifth argument.")
encoder_layer.slip("    if norm_first:",
    '    parameters = {**parameters, "feed_forward_norm": parameters["attention_norm"]}\n    if norm_first:',
    looks="both norms use the same gain and bias", do="The second one is parameters['feed_forward_norm'].")
encoder_layer.slip("    if norm_first:", """
    turned = {"attention_norm": parameters["feed_forward_norm"], "feed_forward_norm": parameters["attention_norm"]}
    parameters = {**parameters, **turned}
    if norm_first:""",
    looks="the two norms changed places",
    do="The attention's norm is parameters['attention_norm'], the other one parameters['feed_forward_norm'].")
encoder_layer.slip("heads, mask)[0]", "heads, mask)",
    looks="the attention weights came along into the sum",
    do="multi_head returns two things, output and weights. Here only the output is wanted: multi_head(...)[0].")
encoder_layer.slip("multi_head(y, y,", "multi_head(y, x,",
    looks="in pre-norm the keys and values were made from the x that is not normalised",
    do="Normalise once, then hand the same thing over twice: y = layer_norm(x, ...), multi_head(y, y, ...).")
encoder_layer.slip("if norm_first:\n        x = x + attention(", """if not norm_first:
        return layer_norm(x + attention(x), **parameters["attention_norm"])
    if norm_first:
        return x + attention(""",
    looks="the feed-forward layer is missing", do="After the attention comes the second sublayer.")
encoder_layer.slip("""multi_head: Callable = multi_head,
    layer_norm: Callable = layer_norm,
    feed_forward: Callable = feed_forward,""", "**functions: Callable,",
    looks="the functions that were handed in are not used",
    do="Call the arguments multi_head, layer_norm and feed_forward: a model may bring other ones than yours.")

_PARTS = {name: getattr(transformer, name) for name in ("multi_head", "layer_norm", "feed_forward")}


@encoder_layer.alternative
def _loop_over_sublayers(x, parameters, heads, mask=None, norm_first=False, **functions):
    multi_head, layer_norm, feed_forward = (_PARTS | functions).values()
    sublayers = {
        "attention": lambda y: multi_head(y, y, parameters["attention"], heads, mask)[0],
        "feed_forward": lambda y: feed_forward(y, **parameters["feed_forward"]),
    }
    for name, sublayer in sublayers.items():
        norm = partial(layer_norm, **parameters[f"{name}_norm"])
        x = x + sublayer(norm(x)) if norm_first else norm(x + sublayer(x))
    return x


@encoder_layer.alternative
def _spelt_out(x, parameters, heads, mask=None, norm_first=False, **functions):
    multi_head, layer_norm, feed_forward = (_PARTS | functions).values()
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
greedy_generate.slip("extend(tokens, cache)", "extend(torch.tensor([prompt + generated]), None)",
    looks="the whole text is read again for every word",
    do="The words are right, but the cache is not used: hand the returned cache over and feed the new word only.")
greedy_generate.slip("[[best]]", "[prompt + generated]",
    looks="the whole text is fed together with the cache that already knows it",
    do="Then the model reads everything twice. After the first call feed the new word only.")
greedy_generate.slip("extend(tokens, cache)", "extend(tokens, None)",
    looks="the returned cache was not kept",
    do="Then the model knows nothing but the last word: scores, cache = extend(tokens, cache).")
greedy_generate.slip("scores[0, -1]", "scores[0, 0]",
    looks="the scores of the first token were used", do="The next word follows the last token: scores[0, -1].")
greedy_generate.slip("scores[0, -1].argmax()", "scores.argmax()",
    looks="the best word was sought among the scores of all tokens at once",
    do="Take the last token's scores first, scores[0, -1], then argmax().")
greedy_generate.slip("return generated", "return prompt + generated",
    looks="the prompt is part of the result", do="Return only the words that were generated.")
greedy_generate.slip("if best == end:\n            break\n        generated.append(best)",
    "generated.append(best)\n        if best == end:\n            break",
    looks="end is part of the result", do="Ask whether the best word is end before you append it.")
greedy_generate.slip("if best == end:", "if False:",
    looks="it does not stop at end", do="When the best word is end, leave the loop.")
greedy_generate.slip("< longest", "< longest - 1",
    looks="one word too few is generated",
    do="The prompt alone gives the first word: longest words take longest calls.")
greedy_generate.slip("< longest", "<= longest",
    looks="one word too many is generated", do="Stop as soon as there are longest words: `<`, not `<=`.")
greedy_generate.slip("generated.append(best)", "generated.append(best)\n        prompt.append(best)",
    looks="the words were appended to the caller's prompt", do="Collect them in a list of your own: generated = [].")


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
