"""Convolution over text: filters that look for word groups, pooling, and the whole TextCNN.

Axis letters in the shape comments:
    B  batch: sentences side by side      N  places in a sentence      M  windows, the length of a feature map
    D  numbers of a word vector           K  width of a filter         F  filters of one width        C  classes

A sentence is a matrix: rows are positions, columns are dimensions. (PyTorch's own Conv1d wants it the other way
round, as (B, D, N); the oracle tests turn it.)
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

# ---- one layer


def conv1d(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Slide filters over a sentence: each answers each window of K words with one number.

    The answer of filter f to the window that begins at place i is the sum of weight[f] * x[i : i + K], entry by
    entry, plus bias[f]. There is no padding and no activation here.

    x: float tensor of shape (..., N, D): sentences of N >= K words, D numbers a word. In front may stand no axis (one
        sentence), one (a batch) or more.
    weight: float tensor of shape (F, K, D): F filters as wide as K words.
    bias: float tensor of shape (F,).

    Returns a tensor of shape (..., N - K + 1, F): column f is the feature map of filter f. Gradients flow to all three.
    Source: Kim (2014), equation 2, without its activation. What neural networks call convolution does not turn the
    filter round.
    """
    windows = x.shape[-2] - weight.shape[1] + 1
    # One product for each place in the window: nothing has to be copied, and K is small.
    return bias + sum(x[..., k : k + windows, :] @ weight[:, k].T for k in range(weight.shape[1]))  # (..., M, F)


def fast_conv1d(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The same answers as `conv1d` from PyTorch's own kernel.

    x: float tensor of shape (B, N, D), a batch.
    weight, bias: as in `conv1d`.

    Returns a tensor of shape (B, N - K + 1, F).
    """
    return functional.conv1d(x.transpose(1, 2), weight.transpose(1, 2), bias).transpose(1, 2)  # channels in the middle


def pad_for(length: int, width: int, mode: str) -> tuple[int, int, int]:
    """How many empty places to put on both sides of a sentence, and how long a feature map comes out.

    length: places in the sentence, 1 or more.
    width: words that the filter sees at a time, 1 or more.
    mode: "valid", no padding; "same", the map is as long as the sentence; "full", every word is seen by every place
        of the filter, so width - 1 on each side.

    Returns (left, right, windows). When "same" needs an odd number, the place left over goes to the right. A "valid"
    filter wider than the sentence has 0 windows.
    Raises ValueError for another mode.
    Source: PyTorch's padding="same" for the odd place; "full" is the wide convolution of Kalchbrenner et al. (2014).
    """
    if mode == "valid":
        left = right = 0
    elif mode == "same":
        left = (width - 1) // 2
        right = width - 1 - left
    elif mode == "full":
        left = right = width - 1
    else:
        raise ValueError(f"mode is {mode!r}; choose valid, same or full")
    return left, right, max(0, length + left + right - width + 1)


# ---- pooling


def max_over_time(maps: Tensor, windows: Tensor) -> Tensor:
    """Keep each filter's strongest answer in each sentence, whatever stands in the padding.

    maps: float tensor of shape (B, M, F): feature maps of B sentences, filled up to M windows.
    windows: int tensor of shape (B,): how many windows, from the first, belong to each sentence; 1 to M.

    Returns a tensor of shape (B, F). Gradients flow to the winning entries alone; maps is not changed.
    Source: Collobert et al. (2011); Kim (2014).
    """
    real = torch.arange(maps.shape[1], device=maps.device) < windows[:, None]  # (B, M)
    return maps.masked_fill(~real[:, :, None], -torch.inf).amax(dim=1)


def kmax(maps: Tensor, k: int) -> Tensor:
    """Keep each filter's k strongest answers, in the order in which they occur in the sentence.

    maps: float tensor of shape (M, F), the feature maps of one sentence.
    k: how many to keep, 1 or more.

    Returns a tensor of shape (min(k, M), F): each column holds the k largest values of that column of maps, in their
    old order. If several equal values compete for the last place, any of them may stay. Gradients flow.
    Source: Kalchbrenner et al. (2014), section 3.3.
    """
    places = maps.topk(min(k, len(maps)), dim=0).indices.sort(dim=0).values  # (k, F), rising in each column
    return maps.gather(0, places)


# ---- how far, how many


def receptive_field(layers: list[tuple[int, int]]) -> int:
    """How many words of the sentence one output of a stack of convolutions can see.

    layers: (width, dilation) of each layer, the first one nearest to the words. With dilation 1 a filter looks at
        neighbouring places, with dilation 2 at every second one, and so on. The stride is 1.

    Returns the number of places from the first to the last word seen; 1 without layers.
    Source: Yu and Koltun (2016), section 3, for filters of any width.
    """
    return 1 + sum((width - 1) * dilation for width, dilation in layers)


def textcnn_parameter_count(d: int, widths: list[int], filters: int, classes: int) -> int:
    """Count the numbers that a TextCNN learns, without its table of word vectors.

    d: numbers of a word vector.
    widths: the filters' widths in words, such as [3, 4, 5].
    filters: how many filters there are of each width. Every filter has a bias.
    classes: how many classes the linear layer at the end scores. Every class has a bias.

    Returns the number of weights and biases of all filters and of the linear layer.
    Source: Kim (2014), section 3.1, for the sizes.
    """
    convolution = sum(filters * (width * d + 1) for width in widths)
    return convolution + classes * (len(widths) * filters + 1)


# ---- the whole model


class TextCNN(nn.Module):
    """Kim's sentence classifier: word vectors, filters of several widths, max over time, dropout, a linear layer.

    vocabulary_size: rows of the table of word vectors; row 0 belongs to the padding and stays zero.
    d: numbers of a word vector.
    widths: the filters' widths in words, such as (3, 4, 5).
    filters: how many filters there are of each width.
    classes: how many classes.
    dropout: share of the pooled features set to zero while training.
    convolve: the convolution, any function that does what conv1d does.

    Source: Kim (2014), Convolutional neural networks for sentence classification.
    """

    def __init__(self, vocabulary_size, d, widths=(3, 4, 5), filters=100, classes=2, dropout=0.5, convolve=conv1d):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, d, padding_idx=0)
        nn.init.uniform_(self.embedding.weight.detach()[1:], -0.25, 0.25)
        starts = [1 / (width * d) ** 0.5 for width in widths]
        self.weights = nn.ParameterList(
            torch.empty(filters, width, d).uniform_(-start, start) for width, start in zip(widths, starts, strict=True)
        )
        self.biases = nn.ParameterList(torch.zeros(filters) for _ in widths)
        self.linear = nn.Linear(len(widths) * filters, classes)
        self.dropout = nn.Dropout(dropout)
        self.convolve = convolve

    def forward(self, ids: Tensor) -> Tensor:
        """Score the classes of each sentence.

        Every width has its own feature maps: pad the sentence in full, slide the filters, apply ReLU, take the
        maximum over the windows that contain at least one word. A sentence of n words has n + width - 1 of them.

        ids: int tensor of shape (B, N): numbers of words, each sentence filled up with 0 at its end. A sentence may
            have only one word.
        Returns a tensor of shape (B, C), the scores before the softmax. The scores of a sentence do not depend on
        the other sentences in the batch.
        """
        # BEGIN SOLUTION
        lengths = (ids != 0).sum(dim=1)
        x = self.embedding(ids)  # (B, N, D)
        features = []
        for weight, bias in zip(self.weights, self.biases, strict=True):
            left, right, _ = pad_for(ids.shape[1], weight.shape[1], "full")
            maps = self.convolve(functional.pad(x, (0, 0, left, right)), weight, bias).relu()  # (B, N + K - 1, F)
            features.append(max_over_time(maps, lengths + weight.shape[1] - 1))
        return self.linear(self.dropout(torch.cat(features, dim=1)))
        # END SOLUTION
