"""The exercises of the convolution lesson: cases, hints, known mistakes and other right answers."""

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
    yield from (case(5, 3, mode) for mode in ("full", "valid"))
    yield case(6, 4, "same", label="a filter of even width")
    yield case(6, 4, "full")
    yield case(7, 2, "same", label="a filter of even width")
    yield from (case(4, 1, mode, label="a filter of one word") for mode in ("full", "same"))
    yield case(2, 5, "valid", label="a filter wider than the sentence")
    yield case(1, 5, "full", label="a sentence of one word")
    yield case(8, 3, "zero", label="an unknown mode")
    for mode in ("valid", "same", "full"):
        yield case(int(rng.integers(6, 30)), int(rng.integers(2, 6)), mode)

pad_for = Exercise(convolution.pad_for, _padding_cases, returns=("left", "right", "windows"), hints=[
    "Decide left and right for each mode first. The number of windows then follows from one formula for all three.",
    "How many windows does a sentence of length + left + right places have? Count them for 5 places and width 3.",
    "valid: 0 and 0. full: width - 1 and width - 1. same: width - 1 in all, (width - 1) // 2 of them left. "
    "windows = length + left + right - width + 1, but never below 0."])
_SAME = "left = (width - 1) // 2\n        right = width - 1 - left"
pad_for.slip("right = width - 1 - left", "right = left",
    looks="same padding puts (width - 1) // 2 on both sides, also for an even width",
    do="Then the map of an even filter is one short. The place left over goes to the right.")
pad_for.slip(_SAME, "left = right = width // 2",
    looks="same padding puts width // 2 on both sides, also for an even width",
    do="Then the map of an even filter is one too long. Together the two sides need width - 1.")
pad_for.slip(_SAME, "left = right = (width - 1) / 2", looks="half a place is padded",
    do="There is no half word. Give one side (width - 1) // 2 and the other side the rest.")
pad_for.slip("(width - 1) // 2", "width // 2",
    looks="the place left over was put to the left", do="Either side would do, but agree with PyTorch: to the right.")
pad_for.slip("left = right = width - 1", "left = right = width", looks="full padding puts width places on each side",
    do="Then the first window holds no word at all. The outermost window holds one: width - 1 places.")
pad_for.slip("left = right = width - 1", "left, right = (width - 1) // 2, width // 2",
    looks="full padding puts width - 1 places in all",
    do="That is 'same'. In full, the first window has only the first word in it: width - 1 places on each side.")
pad_for.slip(_SAME, "return width // 2, width // 2, length",
    looks="same padding puts width // 2 on both sides and the map is said to fit all the same",
    do="With an even width that is one place too many. Together the two sides need width - 1.")
pad_for.slip("left = right = width - 1", "left, right = width - 1, 0",
    looks="full padding puts its places on one side only", do="width - 1 places on the left and as many on the right.")
pad_for.slip("- width + 1)", "- width)", looks="the windows were counted one too few",
    do="Five places have three windows of width 3: they begin at 0, 1 and 2. That is 5 - 3 + 1.")
pad_for.slip("length + left + right", "length",
    looks="the windows were counted without the padding", do="The filter slides over length + left + right places.")
pad_for.slip("max(0, length + left + right - width + 1)", "length + left + right - width + 1",
    looks="a filter that does not fit has a negative number of windows", do="No window is 0 windows: use max(0, ...).")
pad_for.slip('mode == "full"', "mode", looks="any unknown mode counts as full",
    do="A typing error would go unnoticed. Ask for 'full' as well, and raise ValueError in the else branch.")

@pad_for.alternative
def _from_the_total(length, width, mode):
    totals = {"valid": 0, "same": width - 1, "full": 2 * (width - 1)}
    if mode not in totals:
        raise ValueError(mode)
    left = totals[mode] // 2
    return [left, totals[mode] - left, max(0, length + totals[mode] + 1 - width)]

@pad_for.alternative
def _by_counting(length, width, mode):
    sides = {"valid": (0, 0), "same": ((width - 1) // 2, width // 2), "full": (width - 1, width - 1)}
    if mode not in sides:
        raise ValueError("valid, same or full")
    left, right = sides[mode]
    places = range(left + length + right)
    return left, right, sum(1 for place in places if len(places[place : place + width]) == width)


# conv1d
def _convolution_cases(rng):
    sentence = torch.tensor([[1.0, 0.0], [2.0, 1.0], [0.0, 3.0], [1.0, 1.0]], dtype=torch.float64)
    filters = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[-1.0, 2.0], [1.0, -3.0]]], dtype=torch.float64)
    yield case(sentence, filters, torch.tensor([0.0, 1.0], dtype=torch.float64), label="the worked example")
    yield case(_normal(rng, 5, 3), _normal(rng, 2, 5, 3), _normal(rng, 2), label="a filter as wide as the sentence")
    yield case(_normal(rng, 4, 3), _normal(rng, 2, 1, 3), _normal(rng, 2), label="a filter of one word")
    yield case(_normal(rng, 2, 7, 3), _normal(rng, 4, 3, 3), _normal(rng, 4), label="a batch of two sentences")
    with_gradients = [_normal(rng, *shape, grad=True) for shape in ((3, 6, 2), (5, 4, 2), (5,))]
    yield case(*with_gradients, label="a batch, with gradients")
    yield case(_normal(rng, 9, 4), _normal(rng, 3, 2, 4), _normal(rng, 3))

conv1d = Exercise(convolution.conv1d, _convolution_cases, hints=[
    "The window that begins at place i is x[..., i : i + width, :]. The dots let any axes stand in front.",
    "The answer to one window is a dot product, if you lay the window out flat: window.flatten(-2) and "
    "weight.flatten(1) both have width · d numbers in a row.",
    "torch.stack([x[..., i : i + width, :].flatten(-2) @ weight.flatten(1).T + bias for i in ...], dim=-2), "
    "with N - width + 1 windows."])
_PRODUCTS = "x[..., k : k + windows, :] @ weight[:, k].T for k in range(weight.shape[1])"
_ANSWER = f"bias + sum({_PRODUCTS})"
_WINDOW = "x[..., i : i + weight.shape[1], :]"
_SLICES = "[x[i : i + weight.shape[1]] for i in range(len(x) - weight.shape[1] + 1)]"
conv1d.slip("weight[:, k]", "weight[:, -1 - k]", looks="the filters were turned round",
    do="Signal processing turns them, neural networks do not: the first row of the filter meets the first word.")
conv1d.slip("weight.shape[1] + 1", "weight.shape[1]", looks="the last window is missing",
    do="A sentence of 4 words has 3 windows of width 2: they begin at 0, 1 and 2. Write range(N - K + 1).")
conv1d.slip("bias + sum(", "sum(", looks="the bias was left out", do="Add bias at the end: one number for each filter.")
conv1d.slip("bias + sum(", "sum(bias + ",
    looks="the bias was added once for every place of the filter", do="Add it once, after the sum over the window.")
conv1d.slip(f"sum({_PRODUCTS})", f"torch.stack([{_PRODUCTS}], dim=-2)",
    looks="the places of the window were not added up",
    do="A window of several words gets one number from each filter: sum over its words as well as over dimensions.")
conv1d.slip(":] @ weight", ":, None] * weight",
    looks="the dimensions were not added up", do="Sum over the D numbers of the words as well as over the places.")
conv1d.slip("weight[:, k].T", "weight[:, k].T / weight[0].numel()",
    looks="the products were averaged", do="A filter adds them up: sum, not mean.")
conv1d.slip(_ANSWER, f"({_ANSWER}).mT", looks="rows and columns of the result are exchanged",
    do="One row for each window, one column for each filter. (PyTorch's Conv1d has it the other way round.)")
conv1d.slip(_ANSWER, f"({_ANSWER}).relu()",
    looks="a ReLU was applied already", do="Here the bare sums are wanted. The activation comes later.")
conv1d.slip("k + windows", "k + windows : weight.shape[1]", looks="the windows stand side by side and do not overlap",
    do="The filter moves on by one word, not by its own width.")
conv1d.slip(_ANSWER, "x.unfold(-2, weight.shape[1], 1).flatten(-2) @ weight.flatten(1).T + bias",
    looks="the window and the filter were laid out in different orders",
    do="unfold puts the place in the window last: (..., D, K). Turn it with transpose(-1, -2) before you flatten.")
conv1d.slip(_ANSWER, f"torch.stack([{_WINDOW}.flatten(-2) @ weight.flatten(1).T + bias for i in range(windows)])",
    looks="the windows became the first axis, in front of the sentences",
    do="torch.stack puts its new axis first unless told. Say dim=-2: behind the sentences, before the filters.")
conv1d.slip("x[..., k", "x.reshape(-1, *x.shape[-2:]).sum(0)[..., k", looks="all sentences of a batch were added up",
    do="A bare .sum() adds up every axis. Only words and dimensions belong together: .sum((-2, -1)).")
conv1d.slip(_ANSWER, f"torch.stack([{_WINDOW}.flatten() @ weight.flatten(1).T + bias for i in range(windows)])",
    looks="the sentences of a batch were laid out in one row",
    do="flatten() melts all axes. Only the last two, words and dimensions, belong together: flatten(-2).")
conv1d.slip(_ANSWER, "functional.conv1d(x, weight, bias)", looks="the axes were given to PyTorch as they are",
    do="functional.conv1d wants (B, D, N) and weights (F, D, K): transpose both, and transpose its result back.")
conv1d.slip("windows = ", 'x = functional.pad(x, (0, 0, *pad_for(0, weight.shape[1], "same")[:2]))\n    windows = ',
    looks="the sentence was padded", do="Slide over x as it is. The windows lie entirely inside: N - K + 1 of them.")
conv1d.slip(_ANSWER, f"torch.stack([(weight * window).sum((1, 2)) + bias for window in {_SLICES}])",
    looks="it works for a single sentence only",
    do="x[i : i + K] takes rows of the first axis, and in a batch those are sentences. Write x[..., i : i + K, :].")
conv1d.slip(_ANSWER, f"torch.tensor([[(window * w).sum() + b for w, b in zip(weight, bias)] for window in {_SLICES}])",
    looks="the loop counts sentences instead of words",
    do="len(x) is the length of the first axis, and in a batch that axis runs over sentences. The words are on the "
    "last axis but one: x.shape[-2] of them, and x[..., i : i + K, :] is a window.")
conv1d.slip(_ANSWER, f"torch.stack([(weight * window).sum() for window in {_SLICES}])",
    looks="the answers of all filters were added up",
    do="Each filter has a number of its own for each window: sum over words and dimensions, not over filters.")
conv1d.alternative(lambda x, weight, bias: torch.stack(
    [(weight * x[..., None, i : i + weight.shape[1], :]).sum((-1, -2)) + bias
     for i in range(x.shape[-2] - weight.shape[1] + 1)], dim=-2))
conv1d.alternative(lambda x, weight, bias:
    x.flatten(-2).unfold(-1, weight[0].numel(), x.shape[-1]) @ weight.flatten(1).T + bias)
conv1d.alternative(lambda x, weight, bias:
    convolution.fast_conv1d(x.reshape(-1, *x.shape[-2:]), weight, bias).reshape(*x.shape[:-2], -1, len(bias)))


# max_over_time
def _pooling_cases(rng):
    maps = torch.tensor([[[1.0, -4.0], [3.0, -2.0], [2.0, -3.0]], [[-2.0, 1.0], [5.0, 4.0], [9.0, 9.0]]]).double()
    yield case(maps, torch.tensor([3, 1]), label="the worked example")
    yield case(-_normal(rng, 3, 5, 2).abs() - 1.5, torch.tensor([2, 5, 1]), label="all answers negative")
    yield case(_normal(rng, 2, 4, 3) + 2, torch.tensor([3, 2]), label="no sentence fills its map")
    yield case(_normal(rng, 1, 6, 2), torch.tensor([6]), label="nothing is padding")
    yield case(_normal(rng, 4, 1, 3), torch.tensor([1, 1, 1, 1]), label="maps of a single window")
    yield case(_normal(rng, 3, 7, 4, grad=True), torch.tensor([7, 3, 4]), label="with gradients")
    yield case(3 * _normal(rng, 5, 8, 2), torch.tensor(rng.integers(1, 9, size=5)))

max_over_time = Exercise(convolution.max_over_time, _pooling_cases, hints=[
    "What number can you write into the padding so that it never wins, even if all other answers are negative?",
    "Which windows are real? torch.arange(M) < windows[:, None] is True for those, shape (B, M).",
    "maps.masked_fill(~real[:, :, None], -torch.inf), then the maximum over axis 1: amax(dim=1)."])
_FILLED = ".masked_fill(~real[:, :, None], -torch.inf)"
max_over_time.slip(_FILLED, "", looks="the padding takes part",
    do="Only the first windows[i] answers of sentence i count. Put -inf into the others.")
max_over_time.slip("-torch.inf", "0", looks="the padding counts as 0",
    do="0 beats every negative answer. Put -inf there: masked_fill instead of a product with the mask.")
max_over_time.slip("amax(dim=1)", "amax(dim=1).clamp(min=0)", looks="the search for the maximum began at 0",
    do="All answers of a filter can be negative. Begin with -torch.inf, or with the answer to the first window.")
max_over_time.slip("dim=1", "dim=(1, 2)", looks="one maximum was taken over all filters of a sentence",
    do="max() without an axis melts all of them. Keep one number for each filter: amax(dim=0) of the real windows.")
max_over_time.slip("-torch.inf", "-1",
    looks="the padding counts as -1", do="There are answers below that. Only -inf never wins against a real one.")
max_over_time.slip("dim=1", "dim=2", looks="the maximum was taken over the filters",
    do="Each filter keeps its own maximum: take it over axis 1, the windows.")
max_over_time.slip("<", "<=", looks="one window of the padding takes part",
    do="windows[i] = 3 means the places 0, 1 and 2: compare with <, not <=.")
max_over_time.slip("windows[:, None]", "windows[:, None] - 1",
    looks="the last real window was left out", do="windows counts from 1 and places count from 0: do not subtract 1.")
max_over_time.slip("~real", "real",
    looks="the mask is the wrong way round", do="Fill the windows that are NOT real: ~real.")
max_over_time.slip("amax(", "max(", looks="the values came back together with their places",
    do="max(dim=1) returns both: take .values, or use amax(dim=1).")
max_over_time.slip(f"{_FILLED}.amax(", ".max(", looks="max gave values and places, and the padding takes part",
    do="max(dim=1) returns two things: take .values. And fill what is not real with -inf before.")
max_over_time.slip(_FILLED, ".masked_fill_(~real[:, :, None], 0)",
    looks="the padding of maps itself was overwritten with 0",
    do="0 beats every negative answer, so write -inf; and write it into a new tensor: masked_fill makes one.")
max_over_time.slip("windows[:, None]", "windows", looks="each window was compared with one entry of windows",
    do="Every window of a sentence is compared with that sentence's number: windows[:, None] has the shape (B, 1).")
max_over_time.slip(f"maps{_FILLED}.amax(dim=1)", "(maps * real[:, :, None]).sum(dim=1) / windows[:, None]",
    looks="the answers were averaged", do="Keep the strongest answer of each filter, not the mean.")
max_over_time.alternative(lambda maps, windows:
    torch.stack([one[:n].max(dim=0).values for one, n in zip(maps, windows.tolist(), strict=True)]))
max_over_time.alternative(lambda maps, windows:
    torch.where((torch.arange(maps.shape[1]) < windows[:, None])[:, :, None], maps, float("-inf")).max(1)[0])


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

kmax = Exercise(convolution.kmax, _kmax_cases, hints=[
    "Two steps: which places win, then the values at those places, from left to right.",
    "maps.topk(k, dim=0).indices are the winning places of each column, the strongest first. Sort them.",
    "places = maps.topk(min(k, len(maps)), dim=0).indices.sort(dim=0).values, then maps.gather(0, places)."])
kmax.slip(".sort(dim=0).values", "", looks="the strongest answer comes first",
    do="Keep the order of the sentence: sort the winning places, then look the values up. 0.85 stands before 0.91.")
kmax.slip(".sort(dim=0).values", ".flip(0)",
    looks="the weakest answer comes first", do="The order of the sentence is wanted, not the order of size.")
kmax.slip("min(k, len(maps))", "k", looks="a short sentence stops the function",
    do="A map can have fewer than k values. Then all stay: min(k, len(maps)).")
kmax.slip("topk", "sum(1, keepdim=True).expand_as(maps).topk", looks="all filters have to keep the same places",
    do="Each filter has its own winners: choose along dim=0, per column.")
kmax.slip("maps.gather(0, places)", "maps[places]", looks="whole rows were taken at the winning places",
    do="maps[places] takes every filter's row for each place. maps.gather(0, places) takes one value for each place.")
kmax.slip("maps.gather(0, places)", "places",
    looks="the places are returned", do="Look up what stands there: maps.gather(0, places).")
kmax.slip("maps.gather(0, places)", "torch.stack([c[c >= c[best].min()] for c, best in zip(maps.T, places.T)], 1)",
    looks="everything as large as the k-th value was kept",
    do="With equal values that can be more than k. Choose k places, not a threshold.")
kmax.slip("maps.gather(0, places)", "maps.amax(dim=0, keepdim=True)",
    looks="one value for each filter was kept", do="k values are wanted. With k = 1 it would be the same.")
kmax.slip("maps.gather(0, places)", "maps.gather(-1, maps.topk(k).indices.sort().values)",
    looks="the winners were chosen within each window",
    do="Axis 0 runs over the windows. Choose along it, not along dim=1.")
kmax.alternative(lambda maps, k: maps.take_along_dim((-maps).argsort(dim=0)[:k].sort(dim=0)[0], dim=0))

@kmax.alternative
def _in_loops(maps, k):
    columns = []
    for column in maps.T:
        order = sorted(range(len(column)), key=(-column).tolist().__getitem__)
        columns.append(column[sorted(order[:k])])
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

receptive_field = Exercise(convolution.receptive_field, _field_cases, hints=[
    "Start from one output and walk down. How many more words does each layer let it see?",
    "A filter of width 3 reaches 2 places beyond where it begins. With dilation 4 it reaches 8.",
    "1 + the sum of (width - 1) * dilation."])
_SHARE = "(width - 1) * dilation for width, dilation in layers"
receptive_field.slip("1 + sum((width - 1) * dilation", "sum(width", looks="the widths were added up",
    do="Neighbouring windows overlap: each layer adds (width - 1) · dilation, and you begin with 1.")
receptive_field.slip(f"1 + sum({_SHARE})", "int(torch.tensor([width for width, _ in layers]).prod())",
    looks="the widths were multiplied",
    do="The windows of the layer below overlap, so each layer adds words: width - 1.")
receptive_field.slip("(width - 1) * dilation", "width - 1", looks="the dilation was ignored",
    do="With dilation 2 the steps inside the filter are twice as long: (width - 1) · 2.")
receptive_field.slip("1 + sum", "sum", looks="the place where the filter begins was not counted",
    do="Without any layer an output sees one word: begin with 1.")
receptive_field.slip("(width - 1)", "width", looks="width times dilation was added for each layer",
    do="Three places are two steps apart from end to end: (width - 1) · dilation.")
receptive_field.slip("1 + sum((width - 1) * dilation", "sum((width - 1) * dilation + 1",
    looks="the fields of the single layers were added up",
    do="They overlap: what one place of a layer sees is already there. Add (width - 1) · dilation, and 1 only once.")
receptive_field.slip("(width - 1) * dilation", "width * dilation - 1",
    looks="width times dilation, less one, was added for each layer",
    do="A spread filter has width - 1 gaps of dilation places: the 1 goes off before the product.")
receptive_field.slip(f"sum({_SHARE})", f"max(0, *({_SHARE}))",
    looks="only the widest layer was counted", do="Every layer adds its share: sum over all of them.")
receptive_field.slip("return 1 + sum((width - 1) * dilation",
    "step = 1\n    return 1 + sum((width - 1) * (step := step * dilation)",
    looks="the dilations of the layers below were multiplied in",
    do="That is the rule for strides. A dilation spreads the filter of its own layer only.")
receptive_field.slip("for width, dilation", "for dilation, width",
    looks="width and dilation have changed places", do="Each pair is (width, dilation), the width first.")

receptive_field.alternative(lambda layers: sum([1] + [dilation * width - dilation for width, dilation in layers[::-1]]))

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

textcnn_parameter_count = Exercise(convolution.textcnn_parameter_count, _count_cases, hints=[
    "Count one filter first: how many numbers has it, and which number belongs to it besides?",
    "A filter of width K has K · d weights and 1 bias, and there are `filters` of each width. The linear layer "
    "gets one feature from every filter of every width.",
    "sum over the widths of filters · (K · d + 1), plus classes · (len(widths) · filters + 1)."])
_REST = " for width in widths)\n    return convolution + classes * "
_BOTH = f"filters * (width * d + 1){_REST}(len(widths) * filters + 1)"
textcnn_parameter_count.slip(_BOTH, f"filters * width * d{_REST}len(widths) * filters",
    looks="no bias was counted", do="Every filter has one bias, and every class has one.")
textcnn_parameter_count.slip("(width * d + 1)", "width * d",
    looks="the biases of the filters are missing", do="Each filter adds one number of its own.")
textcnn_parameter_count.slip("filters + 1)", "filters)",
    looks="the biases of the classes are missing", do="The linear layer adds one to each score.")
textcnn_parameter_count.slip("(width * d + 1)", "width * d + 1",
    looks="each width has one bias", do="Each filter has one: filters · len(widths) of them in all.")
textcnn_parameter_count.slip(_BOTH, f"filters * width * d + 1{_REST}len(widths) * filters + 1",
    looks="a bias was counted for each width and for the linear layer, not for each filter and each class",
    do="Every filter and every class has its own: filters · (width · d + 1), and the + 1 stands inside the brackets.")
textcnn_parameter_count.slip("width * d + 1", "width * (d + 1)",
    looks="a filter has a bias for each of its words", do="One bias for the whole filter: width · d + 1 numbers.")
textcnn_parameter_count.slip("(width * d + 1) for width in widths)", "width * d for width in widths) + filters",
    looks="the filters of one width only have biases", do="All filters have: filters · len(widths) biases in all.")
textcnn_parameter_count.slip("width * d", "width", looks="a filter has one number for each word",
    do="It has d numbers for each word: a matrix of width rows and d columns.")
textcnn_parameter_count.slip("len(widths) * ", "", looks="the linear layer gets the features of one width only",
    do="The pooled features of all widths stand side by side: len(widths) · filters of them.")
textcnn_parameter_count.slip(" + classes * (len(widths) * filters + 1)", "",
    looks="the linear layer is missing", do="Add classes · (len(widths) · filters + 1).")
textcnn_parameter_count.slip("convolution = ", "widths = set(widths)\n    convolution = ",
    looks="equal widths were counted once",
    do="A width that is listed twice has two sets of filters: do not use a set.")
textcnn_parameter_count.alternative(lambda d, widths, filters, classes:
    filters * (d * sum(widths) + len(widths) * (1 + classes)) + classes)

@textcnn_parameter_count.alternative
def _count_the_model(d, widths, filters, classes):
    model = nn.ModuleList([nn.Conv1d(d, filters, width) for width in widths])
    model.append(nn.Linear(len(widths) * filters, classes))
    return sum(parameter.numel() for parameter in model.parameters())


# TextCNN
def _model_cases(rng):
    def ids(*lengths):
        sentences = [torch.tensor(rng.integers(1, 9, size=length)) for length in lengths]
        return nn.utils.rnn.pad_sequence(sentences, batch_first=True)

    yield case(ids(6, 6), 0.0, label="two sentences of six words")
    yield case(ids(1), 0.0, label="a sentence of one word")
    yield case(ids(7, 2), 0.0, label="a long and a short sentence together")
    yield case(ids(1, 6, 3), 2.0, label="sentences of 1, 6 and 3 words, filters with a large bias")
    yield case(ids(5, 4), -1.0, label="filters with a negative bias")
    yield case(ids(4, 3), 0.5, training=True, label="in training, with a dropout of 1")
    yield case(ids(8, 5, 2, 1), float(rng.uniform(-0.5, 0.5)), seed=int(rng.integers(1000)))

def _scores(subject, ids, bias, seed=0, training=False):
    """The scores of a model with known numbers; dropout 1 sets every feature it meets to zero."""
    model = subject(vocabulary_size=9, d=4, widths=(2, 3, 5), filters=3, classes=2, dropout=1.0).double()
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

TextCNN = Exercise(convolution.TextCNN, _model_cases, probe=_scores, hints=[
    "Everything is there: pad_for says how much to pad, functional.pad(x, (0, 0, left, right)) does it, "
    "self.convolve slides, max_over_time pools. Loop over zip(self.weights, self.biases).",
    "With full padding a sentence of n words has n + width - 1 windows that hold a word. The lengths are "
    "(ids != 0).sum(dim=1).",
    "For each width: pad, convolve, .relu(), pool. Then torch.cat(features, dim=1), self.dropout, self.linear."])
_FEATURES = "torch.cat(features, dim=1)"
_COUNTED = "lengths + weight.shape[1] - 1"
_TO_THE_COUNT = """)
            maps = self.convolve(functional.pad(x, (0, 0, left, right)), weight, bias).relu()  # (B, N + K - 1, F)
            features.append(max_over_time(maps, """
TextCNN.slip(f'"full"{_TO_THE_COUNT}{_COUNTED}', f'"valid"{_TO_THE_COUNT}lengths - weight.shape[1] + 1',
    looks="nothing was padded",
    do="A sentence of one word has no window of width 5 then. Pad with pad_for(..., 'full') before you slide.")
TextCNN.slip(f'"full"{_TO_THE_COUNT}{_COUNTED}', f'"same"{_TO_THE_COUNT}lengths',
    looks="the sentences were padded to the same length, not in full",
    do="'same' leaves out the windows that hold only the first or last words. Use pad_for(..., 'full').")
TextCNN.slip(f"max_over_time(maps, {_COUNTED})", "maps.amax(dim=1)",
    looks="windows of padding alone take part in the maximum",
    do="They answer with the filter's bias. Then the score of a sentence depends on the other sentences in the batch. "
    "Tell max_over_time that a sentence of n words has n + width - 1 windows.")
TextCNN.slip(_COUNTED, "(lengths - weight.shape[1] + 1).clamp(min=1)",
    looks="the windows were counted as if nothing was padded",
    do="With full padding a sentence of n words has n + width - 1 windows with at least one word, not n - width + 1.")
TextCNN.slip(_COUNTED, "lengths",
    looks="only as many windows as words were counted", do="Full padding gives n + width - 1 windows that hold a word.")
TextCNN.slip("(0, 0, left, right)", "(left, right)", looks="the word vectors were padded, not the sentence",
    do="functional.pad counts from the last axis: (0, 0, left, right) leaves the dimensions alone and pads the places.")
TextCNN.slip("torch.cat", "torch.stack", looks="the features of the widths were stacked",
    do="One row of features for each sentence: torch.cat(features, dim=1) puts them side by side.")
TextCNN.slip(".relu()", "",
    looks="the ReLU is missing", do="Apply .relu() to the feature maps before (or after) you take the maximum.")
TextCNN.slip(f"self.dropout({_FEATURES})", f"functional.dropout({_FEATURES}, self.dropout.p)",
    looks="dropout works in evaluation too",
    do="functional.dropout is always on unless you say training=self.training. self.dropout knows by itself.")
TextCNN.slip(f"self.dropout({_FEATURES})", _FEATURES,
    looks="dropout was forgotten", do="Send the pooled features through self.dropout before the linear layer.")
TextCNN.slip("self.embedding(ids)", "self.dropout(self.embedding(ids))\n        self.dropout = nn.Identity()",
    looks="dropout was applied to the word vectors",
    do="Kim drops pooled features: self.dropout comes between torch.cat and self.linear.")
TextCNN.slip(f"{_FEATURES}))", f"{_FEATURES})).softmax(dim=1)", looks="a softmax was applied at the end",
    do="The scores themselves are wanted: functional.cross_entropy applies the softmax itself.")
TextCNN.slip(f"maps{_FILLED}.amax(dim=1)", "(maps * real[:, :, None]).sum(dim=1) / windows[:, None]",
    inside="max_over_time", looks="the features were averaged over time",
    do="Each filter keeps its strongest answer: use max_over_time.")

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
        sentences = [self.embedding(row[row != 0]) for row in ids]
        filters = list(zip(self.weights, self.biases, strict=True))
        features = [torch.cat([self.pooled(words, *one) for one in filters]) for words in sentences]
        return self.linear(self.dropout(torch.stack(features)))

    def pooled(self, words, weight, bias):
        empty = words.new_zeros(weight.shape[1] - 1, words.shape[1])
        return convolution.conv1d(torch.cat([empty, words, empty]), weight, bias).amax(0).relu()
