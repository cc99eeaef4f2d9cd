"""The exercises of the convolution lesson: cases, hints, known mistakes and other right answers."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from course_lib.judge.exercise import Exercise, case
from course_lib.reference import convolution


def _normal(rng, *shape, grad=False):
    return torch.tensor(rng.normal(size=shape), requires_grad=grad)


# pad_for


def _padding_cases(rng):
    yield case(5, 3, "same", label="the worked example")
    yield case(5, 3, "full")
    yield case(5, 3, "valid")
    yield case(6, 4, "same", label="a filter of even width")
    yield case(6, 4, "full")
    yield case(7, 2, "same", label="a filter of even width")
    yield case(4, 1, "full", label="a filter of one word")
    yield case(4, 1, "same", label="a filter of one word")
    yield case(2, 5, "valid", label="a filter wider than the sentence")
    yield case(1, 5, "full", label="a sentence of one word")
    yield case(8, 3, "zero", label="an unknown mode")
    for mode in ("valid", "same", "full"):
        yield case(int(rng.integers(6, 30)), int(rng.integers(2, 6)), mode)


pad_for = Exercise(
    convolution.pad_for,
    cases=_padding_cases,
    hints=[
        "Decide left and right for each mode first. The number of windows then follows from one formula for all three.",
        "How many windows does a sentence of length + left + right places have? Count them for 5 places and width 3.",
        "valid: 0 and 0. full: width - 1 and width - 1. same: width - 1 in all, (width - 1) // 2 of them left. "
        "windows = length + left + right - width + 1, but never below 0.",
    ],
)


def _windows(length, width, left, right):
    return left, right, max(0, length + left + right - width + 1)


@pad_for.mistake(
    "same padding puts (width - 1) // 2 on both sides, also for an even width",
    do="Then the map of an even filter is one short. The place left over goes to the right.",
)
def _same_too_short(length, width, mode):
    half = (width - 1) // 2
    return _windows(length, width, half, half) if mode == "same" else convolution.pad_for(length, width, mode)


@pad_for.mistake(
    "same padding puts width // 2 on both sides, also for an even width",
    do="Then the map of an even filter is one too long. Together the two sides need width - 1.",
)
def _same_too_long(length, width, mode):
    half = width // 2
    return _windows(length, width, half, half) if mode == "same" else convolution.pad_for(length, width, mode)


@pad_for.mistake(
    "half a place is padded", do="There is no half word. Give one side (width - 1) // 2 and the other side the rest."
)
def _half_a_place(length, width, mode):
    half = (width - 1) / 2
    return _windows(length, width, half, half) if mode == "same" else convolution.pad_for(length, width, mode)


@pad_for.mistake(
    "the place left over was put to the left", do="Either side would do, but agree with PyTorch: to the right."
)
def _left_over_left(length, width, mode):
    left, right, windows = convolution.pad_for(length, width, mode)
    return right, left, windows


@pad_for.mistake(
    "full padding puts width places on each side",
    do="Then the first window holds no word at all. The outermost window holds one: width - 1 places.",
)
def _full_too_wide(length, width, mode):
    return _windows(length, width, width, width) if mode == "full" else convolution.pad_for(length, width, mode)


@pad_for.mistake(
    "full padding puts width - 1 places in all",
    do="That is 'same'. In full, the first window has only the first word in it: width - 1 places on each side.",
)
def _full_in_all(length, width, mode):
    return convolution.pad_for(length, width, "same" if mode == "full" else mode)


@pad_for.mistake(
    "same padding puts width // 2 on both sides and the map is said to fit all the same",
    do="With an even width that is one place too many. Together the two sides need width - 1.",
)
def _same_too_long_unnoticed(length, width, mode):
    left, right, windows = _same_too_long(length, width, mode)
    return left, right, length if mode == "same" else windows


@pad_for.mistake(
    "full padding puts its places on one side only", do="width - 1 places on the left and as many on the right."
)
def _full_on_one_side(length, width, mode):
    return _windows(length, width, width - 1, 0) if mode == "full" else convolution.pad_for(length, width, mode)


@pad_for.mistake(
    "the windows were counted one too few",
    do="Five places have three windows of width 3: they begin at 0, 1 and 2. That is 5 - 3 + 1.",
)
def _one_window_short(length, width, mode):
    left, right, windows = convolution.pad_for(length, width, mode)
    return left, right, max(0, windows - 1)


@pad_for.mistake(
    "the windows were counted without the padding", do="The filter slides over length + left + right places."
)
def _without_the_padding(length, width, mode):
    left, right, _ = convolution.pad_for(length, width, mode)
    return left, right, max(0, length - width + 1)


@pad_for.mistake(
    "a filter that does not fit has a negative number of windows", do="No window is 0 windows: use max(0, ...)."
)
def _negative(length, width, mode):
    left, right, _ = convolution.pad_for(length, width, mode)
    return left, right, length + left + right - width + 1


@pad_for.mistake(
    "any unknown mode counts as full",
    do="A typing error would go unnoticed. Ask for 'full' as well, and raise ValueError in the else branch.",
)
def _anything_else_is_full(length, width, mode):
    return convolution.pad_for(length, width, mode if mode in ("valid", "same") else "full")


@pad_for.alternative
def _from_the_total(length, width, mode):
    totals = {"valid": 0, "same": width - 1, "full": 2 * (width - 1)}
    if mode not in totals:
        raise ValueError(mode)
    left = totals[mode] // 2
    return [left, totals[mode] - left, max(0, length + totals[mode] + 1 - width)]


@pad_for.alternative
def _by_counting(length, width, mode):
    match mode:
        case "valid":
            left, right = 0, 0
        case "same":
            left, right = (width - 1) // 2, width // 2
        case "full":
            left, right = width - 1, width - 1
        case _:
            raise ValueError("valid, same or full")
    places = [None] * left + list(range(length)) + [None] * right
    return left, right, sum(1 for i in range(len(places)) if len(places[i : i + width]) == width)


# conv1d


def _convolution_cases(rng):
    sentence = torch.tensor([[1.0, 0.0], [2.0, 1.0], [0.0, 3.0], [1.0, 1.0]], dtype=torch.float64)
    filters = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[-1.0, 2.0], [1.0, -3.0]]], dtype=torch.float64)
    yield case(sentence, filters, torch.tensor([0.0, 1.0], dtype=torch.float64), label="the worked example")
    yield case(_normal(rng, 5, 3), _normal(rng, 2, 5, 3), _normal(rng, 2), label="a filter as wide as the sentence")
    yield case(_normal(rng, 4, 3), _normal(rng, 2, 1, 3), _normal(rng, 2), label="a filter of one word")
    yield case(_normal(rng, 2, 7, 3), _normal(rng, 4, 3, 3), _normal(rng, 4), label="a batch of two sentences")
    yield case(
        _normal(rng, 3, 6, 2, grad=True),
        _normal(rng, 5, 4, 2, grad=True),
        _normal(rng, 5, grad=True),
        label="a batch, with gradients",
    )
    yield case(_normal(rng, 9, 4), _normal(rng, 3, 2, 4), _normal(rng, 3))


conv1d = Exercise(
    convolution.conv1d,
    cases=_convolution_cases,
    hints=[
        "The window that begins at place i is x[..., i : i + width, :]. The dots let any axes stand in front.",
        "The answer to one window is a dot product, if you lay the window out flat: window.flatten(-2) and "
        "weight.flatten(1) both have width · d numbers in a row.",
        "torch.stack([x[..., i : i + width, :].flatten(-2) @ weight.flatten(1).T + bias for i in ...], dim=-2), "
        "with N - width + 1 windows.",
    ],
)


@conv1d.mistake(
    "the filters were turned round",
    do="Signal processing turns them, neural networks do not: the first row of the filter meets the first word.",
)
def _turned_round(x, weight, bias):
    return convolution.conv1d(x, weight.flip(1), bias)


@conv1d.mistake(
    "the last window is missing",
    do="A sentence of 4 words has 3 windows of width 2: they begin at 0, 1 and 2. Write range(N - H + 1).",
)
def _last_window_missing(x, weight, bias):
    return convolution.conv1d(x, weight, bias)[..., :-1, :]


@conv1d.mistake("the bias was left out", do="Add bias at the end: one number for each filter.")
def _without_bias(x, weight, bias):
    return convolution.conv1d(x, weight, bias * 0)


@conv1d.mistake(
    "the bias was added once for every place of the filter", do="Add it once, after the sum over the window."
)
def _bias_in_the_loop(x, weight, bias):
    return convolution.conv1d(x, weight, bias * weight.shape[1])


@conv1d.mistake(
    "the places of the window were not added up",
    do="A window of several words gets one number from each filter: sum over its words as well as over dimensions.",
)
def _places_kept(x, weight, bias):
    windows = x.unfold(-2, weight.shape[1], 1)  # (..., M, D, H)
    return torch.einsum("...mdh,fhd->...mhf", windows, weight) + bias


@conv1d.mistake(
    "the dimensions were not added up", do="Sum over the D numbers of the words as well as over the places."
)
def _dimensions_kept(x, weight, bias):
    windows = x.unfold(-2, weight.shape[1], 1)
    return torch.einsum("...mdh,fhd->...mdf", windows, weight) + bias


@conv1d.mistake("the products were averaged", do="A filter adds them up: sum, not mean.")
def _averaged(x, weight, bias):
    return convolution.conv1d(x, weight / (weight.shape[1] * weight.shape[2]), bias)


@conv1d.mistake(
    "rows and columns of the result are exchanged",
    do="One row for each window, one column for each filter. (PyTorch's Conv1d has it the other way round.)",
)
def _map_in_rows(x, weight, bias):
    return convolution.conv1d(x, weight, bias).transpose(-1, -2)


@conv1d.mistake("a ReLU was applied already", do="Here the bare sums are wanted. The activation comes later.")
def _with_relu(x, weight, bias):
    return convolution.conv1d(x, weight, bias).relu()


@conv1d.mistake(
    "the windows stand side by side and do not overlap",
    do="The filter moves on by one word, not by its own width.",
)
def _jumping(x, weight, bias):
    return convolution.conv1d(x, weight, bias)[..., :: weight.shape[1], :]


@conv1d.mistake(
    "the window and the filter were laid out in different orders",
    do="unfold puts the place in the window last: (..., D, H). Turn it with transpose(-1, -2) before you flatten.",
)
def _mixed_up(x, weight, bias):
    return x.unfold(-2, weight.shape[1], 1).flatten(-2) @ weight.flatten(1).T + bias


@conv1d.mistake(
    "it works for a single sentence only",
    do="x[i : i + H] takes rows of the first axis, and in a batch those are sentences. Write x[..., i : i + H, :].",
)
def _single_sentence(x, weight, bias):
    width = weight.shape[1]
    return torch.stack([(weight * x[i : i + width]).sum((1, 2)) + bias for i in range(len(x) - width + 1)])


@conv1d.mistake(
    "the loop counts sentences instead of words",
    do="len(x) is the length of the first axis, and in a batch that axis runs over sentences. The words are on the "
    "last axis but one: x.shape[-2] of them, and x[..., i : i + H, :] is a window.",
)
def _numbers_in_a_list(x, weight, bias):
    width = weight.shape[1]
    windows = [x[i : i + width] for i in range(len(x) - width + 1)]
    return torch.tensor([[(window * one).sum() + b for one, b in zip(weight, bias, strict=True)] for window in windows])


@conv1d.mistake(
    "the windows became the first axis, in front of the sentences",
    do="torch.stack puts its new axis first unless told. Say dim=-2: behind the sentences, before the filters.",
)
def _windows_in_front(x, weight, bias):
    width = weight.shape[1]
    flat = [x[..., i : i + width, :].flatten(-2) for i in range(x.shape[-2] - width + 1)]
    return torch.stack([row @ weight.flatten(1).T + bias for row in flat])


@conv1d.mistake(
    "all sentences of a batch were added up",
    do="A bare .sum() adds up every axis. Only words and dimensions belong together: .sum((-2, -1)).",
)
def _batch_added_up(x, weight, bias):
    width, rows = weight.shape[1], []
    for i in range(x.shape[-2] - width + 1):
        rows.append(torch.stack([(x[..., i : i + width, :] * one).sum() for one in weight]) + bias)
    return torch.stack(rows)


@conv1d.mistake(
    "the sentences of a batch were laid out in one row",
    do="flatten() melts all axes. Only the last two, words and dimensions, belong together: flatten(-2).",
)
def _batch_melted(x, weight, bias):
    width, windows = weight.shape[1], x.shape[-2] - weight.shape[1] + 1
    rows = [x[..., i : i + width, :].flatten() @ weight.flatten(1).T + bias for i in range(windows)]
    return torch.stack(rows, dim=-2)


@conv1d.mistake(
    "the answers of all filters were added up",
    do="Each filter has a number of its own for each window: sum over words and dimensions, not over filters.",
)
def _one_for_all(x, weight, bias):
    width = weight.shape[1]
    return torch.stack([(x[i : i + width] * weight).sum() for i in range(x.shape[0] - width + 1)])


@conv1d.mistake(
    "the axes were given to PyTorch as they are",
    do="functional.conv1d wants (B, d, N) and weights (F, d, h): transpose both, and transpose its result back.",
)
def _axes_of_torch(x, weight, bias):
    return functional.conv1d(x, weight, bias)


@conv1d.mistake(
    "the sentence was padded", do="Slide over x as it is. The windows lie entirely inside: N - H + 1 of them."
)
def _padded(x, weight, bias):
    left, right, _ = convolution.pad_for(x.shape[-2], weight.shape[1], "same")
    return convolution.conv1d(functional.pad(x, (0, 0, left, right)), weight, bias)


@conv1d.alternative
def _window_by_window(x, weight, bias):
    width = weight.shape[1]
    rows = [(weight * x[..., None, i : i + width, :]).sum((-1, -2)) + bias for i in range(x.shape[-2] - width + 1)]
    return torch.stack(rows, dim=-2)


@conv1d.alternative
def _flat_windows(x, weight, bias):
    _, width, d = weight.shape
    return x.flatten(-2).unfold(-1, width * d, d) @ weight.flatten(1).T + bias


@conv1d.alternative
def _with_torch(x, weight, bias):
    batch = x if x.dim() == 3 else x[None]
    return convolution.fast_conv1d(batch, weight, bias).reshape(*x.shape[:-2], -1, len(bias))


# max_over_time


def _pooling_cases(rng):
    maps = torch.tensor([[[1.0, -4.0], [3.0, -2.0], [2.0, -3.0]], [[-2.0, 1.0], [5.0, 4.0], [9.0, 9.0]]]).double()
    yield case(maps, torch.tensor([3, 1]), label="the worked example")
    yield case(-_normal(rng, 3, 5, 2).abs() - 1.5, torch.tensor([2, 5, 1]), label="all answers negative")
    yield case(_normal(rng, 2, 4, 3) + 2, torch.tensor([3, 2]), label="no sentence fills its map")
    yield case(_normal(rng, 1, 6, 2), torch.tensor([6]), label="nothing is padding")
    yield case(_normal(rng, 4, 1, 3), torch.tensor([1, 1, 1, 1]), label="maps of a single window")
    yield case(_normal(rng, 3, 7, 4, grad=True), torch.tensor([7, 3, 4]), label="with gradients")
    windows = torch.tensor(rng.integers(1, 9, size=5))
    yield case(3 * _normal(rng, 5, 8, 2), windows)


max_over_time = Exercise(
    convolution.max_over_time,
    cases=_pooling_cases,
    hints=[
        "What number can you write into the padding so that it never wins, even if all other answers are negative?",
        "Which windows are real? torch.arange(M) < windows[:, None] is True for those, shape (B, M).",
        "maps.masked_fill(~real[:, :, None], -torch.inf), then the maximum over axis 1: amax(dim=1).",
    ],
)


def _real(maps, windows):
    return (torch.arange(maps.shape[1]) < windows[:, None])[:, :, None]


@max_over_time.mistake(
    "the padding takes part", do="Only the first windows[i] answers of sentence i count. Put -inf into the others."
)
def _padding_takes_part(maps, windows):
    return maps.amax(dim=1)


@max_over_time.mistake(
    "the padding counts as 0",
    do="0 beats every negative answer. Put -inf there: masked_fill instead of a product with the mask.",
)
def _padding_is_zero(maps, windows):
    return (maps * _real(maps, windows)).amax(dim=1)


@max_over_time.mistake(
    "the search for the maximum began at 0",
    do="All answers of a filter can be negative. Begin with -torch.inf, or with the answer to the first window.",
)
def _from_zero(maps, windows):
    return convolution.max_over_time(maps, windows).clamp(min=0)


@max_over_time.mistake(
    "one maximum was taken over all filters of a sentence",
    do="max() without an axis melts all of them. Keep one number for each filter: amax(dim=0) of the real windows.",
)
def _one_for_the_sentence(maps, windows):
    return torch.stack([one[:n].max() for one, n in zip(maps, windows, strict=True)])


@max_over_time.mistake(
    "the padding counts as -1", do="There are answers below that. Only -inf never wins against a real one."
)
def _padding_is_minus_one(maps, windows):
    return maps.masked_fill(~_real(maps, windows), -1.0).amax(dim=1)


@max_over_time.mistake(
    "the maximum was taken over the filters", do="Each filter keeps its own maximum: take it over axis 1, the windows."
)
def _over_filters(maps, windows):
    return maps.masked_fill(~_real(maps, windows), -torch.inf).amax(dim=2)


@max_over_time.mistake(
    "one window of the padding takes part", do="windows[i] = 3 means the places 0, 1 and 2: compare with <, not <=."
)
def _one_too_many(maps, windows):
    return convolution.max_over_time(maps, (windows + 1).clamp(max=maps.shape[1]))


@max_over_time.mistake(
    "the last real window was left out", do="windows counts from 1 and places count from 0: do not subtract 1."
)
def _one_too_few(maps, windows):
    return maps.masked_fill(~_real(maps, windows - 1), -torch.inf).amax(dim=1)


@max_over_time.mistake("the mask is the wrong way round", do="Fill the windows that are NOT real: ~real.")
def _wrong_way_round(maps, windows):
    return maps.masked_fill(_real(maps, windows), -torch.inf).amax(dim=1)


@max_over_time.mistake(
    "maps itself was overwritten",
    do="The map belongs to the caller, and gradients need it. masked_fill without underscore makes a new one.",
)
def _in_place(maps, windows):
    return maps.masked_fill_(~_real(maps, windows), -torch.inf).amax(dim=1)


@max_over_time.mistake(
    "the values came back together with their places", do="max(dim=1) returns both: take .values, or use amax(dim=1)."
)
def _with_places(maps, windows):
    return tuple(maps.masked_fill(~_real(maps, windows), -torch.inf).max(dim=1))


@max_over_time.mistake(
    "max gave values and places, and the padding takes part",
    do="max(dim=1) returns two things: take .values. And fill what is not real with -inf before.",
)
def _two_things(maps, windows):
    return tuple(maps.max(dim=1))


@max_over_time.mistake(
    "the padding of maps itself was overwritten with 0",
    do="0 beats every negative answer, so write -inf; and write it into a new tensor: masked_fill makes one.",
)
def _zeros_in_place(maps, windows):
    maps[~_real(maps, windows).expand_as(maps)] = 0
    return maps.amax(dim=1)


@max_over_time.mistake(
    "each window was compared with one entry of windows",
    do="Every window of a sentence is compared with that sentence's number: windows[:, None] has the shape (B, 1).",
)
def _mask_without_axis(maps, windows):
    real = torch.arange(maps.shape[1]) < windows
    return maps.masked_fill(~real, -torch.inf).amax(dim=1)


@max_over_time.mistake("the answers were averaged", do="Keep the strongest answer of each filter, not the mean.")
def _mean(maps, windows):
    return (maps * _real(maps, windows)).sum(dim=1) / windows[:, None]


@max_over_time.alternative
def _sentence_by_sentence(maps, windows):
    return torch.stack([one[:n].max(dim=0).values for one, n in zip(maps, windows.tolist(), strict=True)])


@max_over_time.alternative
def _with_where(maps, windows):
    return torch.where(_real(maps, windows), maps, torch.tensor(float("-inf"), dtype=maps.dtype)).max(1)[0]


# kmax


def _kmax_cases(rng):
    column = torch.tensor([0.73, 0.85, 0.62, 0.91, 0.45], dtype=torch.float64)[:, None]
    yield case(column, 2, label="the worked example")
    yield case(torch.tensor([[1.0, 6.0, 2.0], [4.0, 5.0, 9.0], [3.0, 1.0, 7.0], [2.0, 3.0, 8.0]]).double(), 2)
    yield case(torch.tensor([[5.0], [1.0], [5.0], [2.0]]), 2, label="the largest value occurs twice")
    yield case(torch.full((4, 1), 3.0), 2, label="all values equal")
    yield case(_normal(rng, 3, 2), 5, label="k larger than the map")
    yield case(_normal(rng, 6, 3), 1, label="k = 1")
    yield case(_normal(rng, 7, 4, grad=True), 3, label="with gradients")
    yield case(_normal(rng, 9, 2), 4)


kmax = Exercise(
    convolution.kmax,
    cases=_kmax_cases,
    hints=[
        "Two steps: which places win, then the values at those places, from left to right.",
        "maps.topk(k, dim=0).indices are the winning places of each column, the strongest first. Sort them.",
        "places = maps.topk(min(k, len(maps)), dim=0).indices.sort(dim=0).values, then maps.gather(0, places).",
    ],
)


def _best_values(maps, k):
    return maps.topk(min(k, len(maps)), dim=0).values


@kmax.mistake(
    "the strongest answer comes first",
    do="Keep the order of the sentence: sort the winning places, then look the values up. 0.85 stands before 0.91.",
)
def _strongest_first(maps, k):
    return _best_values(maps, k)


@kmax.mistake("the weakest answer comes first", do="The order of the sentence is wanted, not the order of size.")
def _weakest_first(maps, k):
    return _best_values(maps, k).flip(0)


@kmax.mistake(
    "a short sentence stops the function", do="A map can have fewer than k values. Then all stay: min(k, len(maps))."
)
def _too_few(maps, k):
    return maps.gather(0, maps.topk(k, dim=0).indices.sort(dim=0).values)


@kmax.mistake(
    "all filters have to keep the same places", do="Each filter has its own winners: choose along dim=0, per column."
)
def _common_places(maps, k):
    places = maps.sum(dim=1).topk(min(k, len(maps))).indices.sort().values
    return maps[places]


@kmax.mistake(
    "the winners were chosen within each window", do="Axis 0 runs over the windows. Choose along it, not along dim=1."
)
def _across_filters(maps, k):
    return maps.gather(-1, maps.topk(k).indices.sort().values)


@kmax.mistake(
    "whole rows were taken at the winning places",
    do="maps[places] takes every filter's row for each place. maps.gather(0, places) takes one value for each place.",
)
def _whole_rows(maps, k):
    return maps[maps.topk(min(k, len(maps)), dim=0).indices.sort(dim=0).values]


@kmax.mistake("the places are returned", do="Look up what stands there: maps.gather(0, places).")
def _only_places(maps, k):
    return maps.topk(min(k, len(maps)), dim=0).indices.sort(dim=0).values


@kmax.mistake(
    "everything as large as the k-th value was kept",
    do="With equal values that can be more than k. Choose k places, not a threshold.",
)
def _threshold(maps, k):
    smallest = _best_values(maps, k)[-1]
    return torch.stack([column[column >= least] for column, least in zip(maps.T, smallest, strict=True)], dim=1)


@kmax.mistake("rows and columns are exchanged", do="Filters stay columns: the result has min(k, M) rows.")
def _transposed(maps, k):
    return convolution.kmax(maps, k).T


@kmax.mistake("one value for each filter was kept", do="k values are wanted. With k = 1 it would be the same.")
def _only_the_best(maps, k):
    return maps.amax(dim=0, keepdim=True)


@kmax.alternative
def _with_argsort(maps, k):
    winners = torch.argsort(-maps, dim=0)[:k]
    return torch.take_along_dim(maps, torch.sort(winners, dim=0)[0], dim=0)


@kmax.alternative
def _in_loops(maps, k):
    columns = []
    for f in range(maps.shape[1]):
        order = sorted(range(len(maps)), key=lambda i, f=f: -maps[i, f].item())
        columns.append(maps[sorted(order[:k]), f])
    return torch.stack(columns, dim=1)


# receptive_field


def _field_cases(rng):
    yield case([(3, 1), (3, 1)], label="the worked example")
    yield case([(3, 1), (3, 2), (3, 4)], label="dilations 1, 2, 4")
    yield case([(5, 1)], label="one layer")
    yield case([], label="no layer at all")
    yield case([(1, 3), (2, 2)], label="a filter of one word")
    yield case([(2, 4), (4, 1), (3, 2)])
    yield case([(int(rng.integers(2, 6)), int(rng.integers(2, 5))) for _ in range(4)])


receptive_field = Exercise(
    convolution.receptive_field,
    cases=_field_cases,
    hints=[
        "Start from one output and walk down. How many more words does each layer let it see?",
        "A filter of width 3 reaches 2 places beyond where it begins. With dilation 4 it reaches 8.",
        "1 + the sum of (width - 1) * dilation.",
    ],
)


@receptive_field.mistake(
    "the widths were added up",
    do="Neighbouring windows overlap: each layer adds (width - 1) · dilation, and you begin with 1.",
)
def _sum_of_widths(layers):
    return sum(width for width, _ in layers)


@receptive_field.mistake(
    "the widths were multiplied", do="The windows of the layer below overlap, so each layer adds words: width - 1."
)
def _product_of_widths(layers):
    return int(np.prod([width for width, _ in layers]))


@receptive_field.mistake(
    "the dilation was ignored", do="With dilation 2 the steps inside the filter are twice as long: (width - 1) · 2."
)
def _no_dilation(layers):
    return convolution.receptive_field([(width, 1) for width, _ in layers])


@receptive_field.mistake(
    "the place where the filter begins was not counted", do="Without any layer an output sees one word: begin with 1."
)
def _without_the_first(layers):
    return convolution.receptive_field(layers) - 1


@receptive_field.mistake(
    "width times dilation was added for each layer",
    do="Three places are two steps apart from end to end: (width - 1) · dilation.",
)
def _width_times_dilation(layers):
    return 1 + sum(width * dilation for width, dilation in layers)


@receptive_field.mistake(
    "the fields of the single layers were added up",
    do="They overlap: what one place of a layer sees is already there. Add (width - 1) · dilation, and 1 only once.",
)
def _sum_of_fields(layers):
    return sum((width - 1) * dilation + 1 for width, dilation in layers)


@receptive_field.mistake(
    "width times dilation, less one, was added for each layer",
    do="A spread filter has width - 1 gaps of dilation places: the 1 goes off before the product.",
)
def _brackets(layers):
    return 1 + sum(width * dilation - 1 for width, dilation in layers)


@receptive_field.mistake("only the widest layer was counted", do="Every layer adds its share: sum over all of them.")
def _widest(layers):
    return max((convolution.receptive_field([layer]) for layer in layers), default=1)


@receptive_field.mistake(
    "the dilations of the layers below were multiplied in",
    do="That is the rule for strides. A dilation spreads the filter of its own layer only.",
)
def _like_strides(layers):
    seen, step = 1, 1
    for width, dilation in layers:
        step *= dilation
        seen += (width - 1) * step
    return seen


@receptive_field.mistake(
    "width and dilation have changed places", do="Each pair is (width, dilation), the width first."
)
def _changed_places(layers):
    return convolution.receptive_field([(dilation, width) for width, dilation in layers])


@receptive_field.alternative
def _layer_by_layer(layers):
    seen = 1
    for width, dilation in reversed(layers):
        seen = seen + dilation * width - dilation
    return seen


@receptive_field.alternative
def _by_marking_places(layers):
    places = {0}
    for width, dilation in layers:
        places = {place + step * dilation for place in places for step in range(width)}
    return max(places) - min(places) + 1


# textcnn_parameter_count


def _count_cases(rng):
    yield case(5, [2, 3], 4, 2, label="the worked example")
    yield case(300, [3, 4, 5], 100, 2, label="Kim's model")
    yield case(7, [1], 6, 3, label="a single width")
    yield case(4, [2, 2, 5], 3, 1, label="a width used twice")
    yield case(*(rng.integers(8, 20).item(), [2, 4, 7], rng.integers(3, 9).item(), rng.integers(4, 6).item()))


textcnn_parameter_count = Exercise(
    convolution.textcnn_parameter_count,
    cases=_count_cases,
    hints=[
        "Count one filter first: how many numbers has it, and which number belongs to it besides?",
        "A filter of width h has h · d weights and 1 bias, and there are `filters` of each width. The linear layer "
        "gets one feature from every filter of every width.",
        "sum over the widths of filters · (h · d + 1), plus classes · (len(widths) · filters + 1).",
    ],
)


def _count(d, widths, filters, classes, *, filter_bias=1, class_bias=1):
    convolutions = sum(filters * (width * d + filter_bias) for width in widths)
    return convolutions + classes * (len(widths) * filters + class_bias)


@textcnn_parameter_count.mistake("no bias was counted", do="Every filter has one bias, and every class has one.")
def _no_biases(d, widths, filters, classes):
    return _count(d, widths, filters, classes, filter_bias=0, class_bias=0)


@textcnn_parameter_count.mistake("the biases of the filters are missing", do="Each filter adds one number of its own.")
def _no_filter_biases(d, widths, filters, classes):
    return _count(d, widths, filters, classes, filter_bias=0)


@textcnn_parameter_count.mistake("the biases of the classes are missing", do="The linear layer adds one to each score.")
def _no_class_biases(d, widths, filters, classes):
    return _count(d, widths, filters, classes, class_bias=0)


@textcnn_parameter_count.mistake(
    "each width has one bias", do="Each filter has one: filters · len(widths) of them in all."
)
def _bias_per_width(d, widths, filters, classes):
    return _count(d, widths, filters, classes, filter_bias=0) + len(widths)


@textcnn_parameter_count.mistake(
    "a bias was counted for each width and for the linear layer, not for each filter and each class",
    do="Every filter and every class has its own: filters · (width · d + 1), and the + 1 stands inside the brackets.",
)
def _outside_the_brackets(d, widths, filters, classes):
    convolutions = sum(filters * width * d + 1 for width in widths)
    return convolutions + classes * len(widths) * filters + 1


@textcnn_parameter_count.mistake(
    "a filter has a bias for each of its words", do="One bias for the whole filter: width · d + 1 numbers."
)
def _bias_per_word(d, widths, filters, classes):
    return _count(d + 1, widths, filters, classes, filter_bias=0)


@textcnn_parameter_count.mistake(
    "the filters of one width only have biases", do="All filters have: filters · len(widths) biases in all."
)
def _biases_of_one_width(d, widths, filters, classes):
    return _count(d, widths, filters, classes, filter_bias=0) + filters


@textcnn_parameter_count.mistake(
    "a filter has one number for each word", do="It has d numbers for each word: a matrix of width rows and d columns."
)
def _without_d(d, widths, filters, classes):
    return _count(1, widths, filters, classes)


@textcnn_parameter_count.mistake(
    "the linear layer gets the features of one width only",
    do="The pooled features of all widths stand side by side: len(widths) · filters of them.",
)
def _one_width_for_the_classes(d, widths, filters, classes):
    return _count(d, widths, filters, classes) - classes * (len(widths) - 1) * filters


@textcnn_parameter_count.mistake("the linear layer is missing", do="Add classes · (len(widths) · filters + 1).")
def _no_linear_layer(d, widths, filters, classes):
    return _count(d, widths, filters, 0)


@textcnn_parameter_count.mistake(
    "equal widths were counted once", do="A width that is listed twice has two sets of filters: do not use a set."
)
def _as_a_set(d, widths, filters, classes):
    return _count(d, set(widths), filters, classes)


@textcnn_parameter_count.alternative
def _count_the_model(d, widths, filters, classes):
    model = nn.ModuleList([nn.Conv1d(d, filters, width) for width in widths])
    model.append(nn.Linear(len(widths) * filters, classes))
    return sum(parameter.numel() for parameter in model.parameters())


@textcnn_parameter_count.alternative
def _in_one_go(d, widths, filters, classes):
    features = filters * len(widths)
    return filters * d * sum(widths) + features + (features + 1) * classes


# TextCNN


_SIZES = {"vocabulary_size": 9, "d": 4, "widths": (2, 3, 5), "filters": 3, "classes": 2}


def _model_cases(rng):
    def ids(*lengths):
        rows = np.zeros((len(lengths), max(lengths)), dtype=int)
        for row, length in zip(rows, lengths, strict=True):
            row[:length] = rng.integers(1, 9, size=length)
        return torch.tensor(rows)

    yield case(ids(6, 6), 0.0, label="two sentences of six words")
    yield case(ids(1), 0.0, label="a sentence of one word")
    yield case(ids(7, 2), 0.0, label="a long and a short sentence together")
    yield case(ids(1, 6, 3), 2.0, label="sentences of 1, 6 and 3 words, filters with a large bias")
    yield case(ids(5, 4), -1.0, label="filters with a negative bias")
    yield case(ids(4, 3), 0.5, training=True, label="in training, with a dropout of 1")
    yield case(ids(8, 5, 2, 1), float(rng.uniform(-0.5, 0.5)), seed=int(rng.integers(1000)))


def _scores(subject, ids, bias, seed=0, training=False):
    """The scores of a model with known numbers; dropout 1 sets every feature it meets to zero."""
    model = subject(**_SIZES, dropout=1.0).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
        model.embedding.weight[0] = 0
        for one in model.biases:
            one.add_(bias)
    scores = model.train(training)(ids)
    if torch.is_tensor(scores) and not scores.requires_grad:
        raise RuntimeError("no gradient flows back through the scores: keep to torch operations")
    return scores


TextCNN = Exercise(
    convolution.TextCNN,
    cases=_model_cases,
    probe=_scores,
    hints=[
        "Everything is there: pad_for says how much to pad, functional.pad(x, (0, 0, left, right)) does it, "
        "self.convolve slides, max_over_time pools. Loop over zip(self.weights, self.biases).",
        "With full padding a sentence of n words has n + width - 1 windows that hold a word. The lengths are "
        "(ids != 0).sum(dim=1).",
        "For each width: pad, convolve, .relu(), pool. Then torch.cat(features, dim=1), self.dropout, self.linear.",
    ],
)


class _Variant(convolution.TextCNN):
    """The model in pieces, each of which a mistake can get wrong."""

    mode = "full"

    def forward(self, ids):
        return self.linear(self.dropout(self.features(ids)))

    def features(self, ids):
        x = self.embedding(ids)
        return torch.cat([self.pooled(x, ids, *both) for both in zip(self.weights, self.biases, strict=True)], dim=1)

    def pooled(self, x, ids, weight, bias):
        width = weight.shape[1]
        left, right, _ = convolution.pad_for(x.shape[1], width, self.mode)
        maps = self.activate(self.convolve(functional.pad(x, (0, 0, left, right)), weight, bias))
        return convolution.max_over_time(maps, self.windows((ids != 0).sum(dim=1), width, maps))

    def activate(self, maps):
        return maps.relu()

    def windows(self, lengths, width, maps):
        return lengths + width - 1


@TextCNN.mistake(
    "nothing was padded",
    do="A sentence of one word has no window of width 5 then. Pad with pad_for(..., 'full') before you slide.",
)
class _NotPadded(_Variant):
    mode = "valid"

    def windows(self, lengths, width, maps):
        return lengths - width + 1


@TextCNN.mistake(
    "the sentences were padded to the same length, not in full",
    do="'same' leaves out the windows that hold only the first or last words. Use pad_for(..., 'full').",
)
class _SamePadding(_Variant):
    mode = "same"

    def windows(self, lengths, width, maps):
        return lengths


@TextCNN.mistake(
    "windows of padding alone take part in the maximum",
    do="They answer with the filter's bias. Then the score of a sentence depends on the other sentences in the batch. "
    "Tell max_over_time that a sentence of n words has n + width - 1 windows.",
)
class _PaddingTakesPart(_Variant):
    def windows(self, lengths, width, maps):
        return torch.full_like(lengths, maps.shape[1])


@TextCNN.mistake(
    "the windows were counted as if nothing was padded",
    do="With full padding a sentence of n words has n + width - 1 windows with at least one word, not n - width + 1.",
)
class _CountedAsValid(_Variant):
    def windows(self, lengths, width, maps):
        return (lengths - width + 1).clamp(min=1)


@TextCNN.mistake(
    "only as many windows as words were counted", do="Full padding gives n + width - 1 windows that hold a word."
)
class _CountedAsSame(_Variant):
    def windows(self, lengths, width, maps):
        return lengths


@TextCNN.mistake(
    "the word vectors were padded, not the sentence",
    do="functional.pad counts from the last axis: (0, 0, left, right) leaves the dimensions alone and pads the places.",
)
class _VectorsPadded(_Variant):
    def pooled(self, x, ids, weight, bias):
        left, right, _ = convolution.pad_for(x.shape[1], weight.shape[1], "full")
        maps = self.convolve(functional.pad(x, (left, right)), weight, bias).relu()
        return convolution.max_over_time(maps, (ids != 0).sum(dim=1) + weight.shape[1] - 1)


@TextCNN.mistake(
    "the features of the widths were stacked",
    do="One row of features for each sentence: torch.cat(features, dim=1) puts them side by side.",
)
class _Stacked(_Variant):
    def features(self, ids):
        x = self.embedding(ids)
        return torch.stack([self.pooled(x, ids, *both) for both in zip(self.weights, self.biases, strict=True)], dim=1)


@TextCNN.mistake("the ReLU is missing", do="Apply .relu() to the feature maps before (or after) you take the maximum.")
class _NoActivation(_Variant):
    def activate(self, maps):
        return maps


@TextCNN.mistake(
    "dropout works in evaluation too",
    do="functional.dropout is always on unless you say training=self.training. self.dropout knows by itself.",
)
class _DropoutAlways(_Variant):
    def forward(self, ids):
        return self.linear(functional.dropout(self.features(ids), self.dropout.p))


@TextCNN.mistake("dropout was forgotten", do="Send the pooled features through self.dropout before the linear layer.")
class _NoDropout(_Variant):
    def forward(self, ids):
        return self.linear(self.features(ids))


@TextCNN.mistake(
    "dropout was applied to the word vectors",
    do="Kim drops pooled features: self.dropout comes between torch.cat and self.linear.",
)
class _DropoutOnWords(_Variant):
    def forward(self, ids):
        x = self.dropout(self.embedding(ids))
        parts = [self.pooled(x, ids, *both) for both in zip(self.weights, self.biases, strict=True)]
        return self.linear(torch.cat(parts, dim=1))


@TextCNN.mistake(
    "a softmax was applied at the end",
    do="The scores themselves are wanted: functional.cross_entropy applies the softmax itself.",
)
class _WithSoftmax(_Variant):
    def forward(self, ids):
        return super().forward(ids).softmax(dim=1)


@TextCNN.mistake(
    "the features were averaged over time", do="Each filter keeps its strongest answer: use max_over_time."
)
class _Averaged(_Variant):
    def pooled(self, x, ids, weight, bias):
        width = weight.shape[1]
        left, right, _ = convolution.pad_for(x.shape[1], width, "full")
        maps = self.convolve(functional.pad(x, (0, 0, left, right)), weight, bias).relu()
        windows = (ids != 0).sum(dim=1) + width - 1
        real = torch.arange(maps.shape[1]) < windows[:, None]
        return (maps * real[:, :, None]).sum(dim=1) / windows[:, None]


@TextCNN.alternative
class _WithConv2d(convolution.TextCNN):
    def forward(self, ids):
        x, features = self.embedding(ids)[:, None], []  # one channel, like a grey picture
        for weight, bias in zip(self.weights, self.biases, strict=True):
            width = weight.shape[1]
            maps = functional.conv2d(x, weight[:, None], bias, padding=(width - 1, 0)).relu().squeeze(3)
            real = torch.arange(maps.shape[2]) < ((ids != 0).sum(1) + width - 1)[:, None]
            features.append((maps * real[:, None]).amax(2))  # 0 is the least a ReLU can give
        return self.linear(self.dropout(torch.cat(features, 1)))


@TextCNN.alternative
class _OneByOne(convolution.TextCNN):
    def forward(self, ids):
        features = []
        for row in ids:
            words = self.embedding(row[row != 0])
            maps = []
            for weight, bias in zip(self.weights, self.biases, strict=True):
                empty = words.new_zeros(weight.shape[1] - 1, words.shape[1])
                maps.append(convolution.conv1d(torch.cat([empty, words, empty]), weight, bias))
            features.append(torch.cat([one.amax(0) for one in maps]).relu())
        return self.linear(self.dropout(torch.stack(features)))
