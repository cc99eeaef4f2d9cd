"""The functions of the convolution lesson against PyTorch's own convolutions, poolings and autograd."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from course_lib.reference import convolution
from course_lib.reference.convolution import TextCNN, conv1d, fast_conv1d, pad_for

SEEDS = range(10)


def random_layer(seed, n, width, batch=3, d=4, filters=5):
    generator = torch.Generator().manual_seed(seed)
    shapes = (batch, n, d), (filters, width, d), (filters,)
    return [torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True) for shape in shapes]


def conv1d_of_torch(x, weight, bias, **options):
    return functional.conv1d(x.transpose(1, 2), weight.transpose(1, 2), bias, **options).transpose(1, 2)


def small_model(**changes):
    torch.manual_seed(0)
    options = {"vocabulary_size": 11, "d": 6, "widths": (2, 3, 5), "filters": 4, "classes": 3, **changes}
    return TextCNN(**options).double()


class ConvolutionOverPictures(nn.Module):
    """The TextCNN as Kim's code has it: pictures of one channel and 2-D filters that are as wide as a word vector."""

    def __init__(self, model: TextCNN):
        super().__init__()
        self.model = model
        self.layers = nn.ModuleList()
        for weight, bias in zip(model.weights, model.biases, strict=True):
            layer = nn.Conv2d(1, weight.shape[0], tuple(weight.shape[1:]), padding=(weight.shape[1] - 1, 0)).double()
            with torch.no_grad():
                layer.weight.copy_(weight[:, None])
                layer.bias.copy_(bias)
            self.layers.append(layer)

    def forward(self, ids):
        x = self.model.embedding(ids)[:, None]
        pooled = [functional.relu(layer(x)).squeeze(3).amax(2) for layer in self.layers]
        return self.model.linear(torch.cat(pooled, 1))


@pytest.mark.parametrize(("n", "width"), [(1, 1), (5, 1), (5, 5), (7, 2), (7, 3)])
def test_conv1d_and_its_gradients_are_those_of_torch(n, width):
    for seed in SEEDS:
        layer = random_layer(seed, n, width)
        for function in (conv1d, fast_conv1d):
            ours, theirs = function(*layer), conv1d_of_torch(*layer)
            torch.testing.assert_close(ours, theirs)
            direction = torch.randn_like(theirs)
            pairs = zip(
                torch.autograd.grad(ours, layer, direction), torch.autograd.grad(theirs, layer, direction), strict=True
            )
            for one, other in pairs:
                torch.testing.assert_close(one, other)


def test_conv1d_takes_one_sentence_or_any_number_of_axes_in_front():
    x, weight, bias = random_layer(0, 6, 3)
    torch.testing.assert_close(conv1d(x[1], weight, bias), conv1d(x, weight, bias)[1])
    torch.testing.assert_close(conv1d(x[:, None], weight, bias)[:, 0], conv1d(x, weight, bias))


@pytest.mark.parametrize("length", [1, 2, 4, 5, 9])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5])
def test_padding_gives_the_lengths_of_torch(length, width):
    layer = random_layer(0, length, width)
    longer = functional.pad(layer[0], (0, 0, 0, (width - 1) % 2))  # an even width: one place more on the right
    for mode, x, padding in [("same", longer, (width - 1) // 2), ("full", layer[0], width - 1)]:
        left, right, windows = pad_for(length, width, mode)
        theirs = conv1d_of_torch(x, *layer[1:], padding=padding)
        assert windows == theirs.shape[1]
        torch.testing.assert_close(conv1d(functional.pad(layer[0], (0, 0, left, right)), *layer[1:]), theirs)
    left, right, windows = pad_for(length, width, "valid")
    assert (left, right) == (0, 0)
    if width <= length:
        assert windows == conv1d_of_torch(*layer).shape[1]
    else:
        assert windows == 0


def test_an_unknown_padding_is_refused_with_the_right_ones():
    with pytest.raises(ValueError, match="valid, same or full"):
        pad_for(5, 3, "wide")


@pytest.mark.parametrize("seed", SEEDS)
def test_max_over_time_is_max_pooling_over_each_sentence_by_itself(seed):
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randn(4, 7, 3, generator=generator, requires_grad=True)
    windows = torch.tensor([7, 1, 4, 6])
    alone = [
        functional.max_pool1d(one[:n].T[None], int(n))[0, :, 0]
        for one, n in zip(maps - 5, windows, strict=True)  # all negative: zeros for the padding would win
    ]
    ours = convolution.max_over_time(maps - 5, windows)
    torch.testing.assert_close(ours, torch.stack(alone))
    gradients = [torch.autograd.grad(result.sum(), maps)[0] for result in (ours, torch.stack(alone))]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("k", [1, 2, 4, 9])
def test_kmax_is_the_topk_of_torch_put_back_in_order(k):
    for seed in SEEDS:
        maps = torch.randn(6, 5, generator=torch.Generator().manual_seed(seed))
        ours = convolution.kmax(maps, k)
        torch.testing.assert_close(ours.sort(0, descending=True).values, maps.topk(min(k, 6), dim=0).values)
        for column, kept in zip(maps.T.tolist(), ours.T.tolist(), strict=True):
            assert [value for value in column if value in kept] == kept


def test_kmax_of_the_five_values_keeps_their_order():
    values = torch.tensor([0.73, 0.85, 0.62, 0.91, 0.45])[:, None]
    assert convolution.kmax(values, 2).flatten().tolist() == pytest.approx([0.85, 0.91])


@pytest.mark.parametrize("layers", [[], [(1, 4)], [(3, 1)] * 3, [(3, 1), (3, 2), (3, 4)], [(2, 3), (5, 1), (4, 2)]])
def test_the_receptive_field_is_what_the_gradient_of_torch_reaches(layers):
    stack = nn.Sequential(*(nn.Conv1d(1, 1, width, dilation=dilation) for width, dilation in layers)).double()
    for layer in stack:
        nn.init.uniform_(layer.weight, 0.5, 1)
    x = torch.randn(1, 1, 60, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(stack(x).flatten()[0], x)
    seen = gradient.flatten().nonzero().flatten()
    assert convolution.receptive_field(layers) == seen.max() - seen.min() + 1


@pytest.mark.parametrize(
    ("d", "widths", "filters", "classes"), [(300, [3, 4, 5], 100, 2), (7, [2], 3, 5), (4, [1, 6], 9, 1)]
)
def test_the_parameters_are_counted_in_the_model(d, widths, filters, classes):
    layers = [nn.Conv1d(d, filters, width) for width in widths] + [nn.Linear(len(widths) * filters, classes)]
    for model in (nn.ModuleList(layers), TextCNN(13, d, widths, filters, classes)):
        learned = [p for name, p in model.named_parameters() if "embedding" not in name]
        counted = convolution.textcnn_parameter_count(d, widths, filters, classes)
        assert counted == sum(parameter.numel() for parameter in learned)


def test_kims_model_has_360_902_parameters():
    assert convolution.textcnn_parameter_count(300, [3, 4, 5], 100, 2) == 360_902


@pytest.mark.parametrize("n", [1, 2, 4, 9])
def test_the_textcnn_is_a_convolution_over_pictures(n):
    model = small_model().eval()
    for biased in (False, True):
        if biased:
            for bias in model.biases:
                nn.init.normal_(bias)
        ids = torch.randint(1, 11, (5, n))
        torch.testing.assert_close(model(ids), ConvolutionOverPictures(model)(ids))


def test_the_scores_of_a_sentence_do_not_depend_on_the_batch_it_is_in():
    model = small_model().eval()
    for bias in model.biases:
        nn.init.constant_(bias, 3.0)  # windows of padding alone would win
    sentences = [torch.randint(1, 11, (n,)) for n in (1, 8, 3)]
    together = model(nn.utils.rnn.pad_sequence(sentences, batch_first=True))
    torch.testing.assert_close(together, torch.cat([model(sentence[None]) for sentence in sentences]))


def test_dropout_works_in_training_only_and_the_padding_never_learns():
    model = small_model(dropout=1.0)
    ids = torch.tensor([[3, 4, 0]])
    torch.testing.assert_close(model(ids), model.linear.bias[None])
    assert not torch.equal(model.eval()(ids), model.linear.bias[None])
    model(ids).sum().backward()
    assert torch.count_nonzero(model.embedding.weight[0]) == torch.count_nonzero(model.embedding.weight.grad[0]) == 0


def test_another_convolution_can_be_put_in():
    model, faster = small_model(), small_model(convolve=fast_conv1d)
    ids = torch.randint(0, 11, (4, 6))
    torch.testing.assert_close(model.eval()(ids), faster.eval()(ids))
