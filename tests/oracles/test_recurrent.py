"""The functions of the recurrent lesson against PyTorch, SciPy and finite differences."""

import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch import nn
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from course_lib.reference import recurrent

SHAPES = [(1, 1, 3, 2), (2, 5, 3, 4), (3, 1, 4, 4), (4, 7, 2, 5)]  # B, T, D, H


def network(seed, D, H, scale=0.5):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(H, D)) * scale, rng.normal(size=(H, H)) * scale, rng.normal(size=H)


def torch_network(W_xh, W_hh, b):
    layer = nn.RNN(W_xh.shape[1], W_xh.shape[0], batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for parameter, value in zip(layer.parameters(), (W_xh, W_hh, b, np.zeros_like(b)), strict=True):
            parameter.copy_(torch.tensor(value))
    return layer


@pytest.mark.parametrize("seed", range(5))
def test_padding_is_that_of_torch(seed):
    rng = np.random.default_rng(seed)
    sequences = [rng.integers(1, 9, size=n).tolist() for n in rng.integers(1, 7, size=4)]
    ids, mask = recurrent.pad_batch(sequences, pad=-3)
    padded = pad_sequence([torch.tensor(s) for s in sequences], batch_first=True, padding_value=-3)
    np.testing.assert_array_equal(ids, padded)
    np.testing.assert_array_equal(mask, padded != -3)


def test_padding_allows_empty_sequences_and_no_words_at_all():
    ids, mask = recurrent.pad_batch([[], [4]])
    np.testing.assert_array_equal(ids, [[0], [4]])
    np.testing.assert_array_equal(mask, [[False], [True]])
    assert recurrent.pad_batch([[], []])[0].shape == (2, 0)


def test_padding_and_packing_leave_the_same_number_of_words_at_each_step():
    lengths = [5, 3, 2]
    ids, mask = recurrent.pad_batch([[1] * n for n in lengths])
    packed = pack_padded_sequence(torch.tensor(ids), lengths, batch_first=True)
    assert packed.batch_sizes.tolist() == mask.sum(axis=0).tolist() == [3, 3, 2, 1, 1]


@pytest.mark.parametrize("seed", range(5))
def test_a_masked_mean_is_that_of_numpys_masked_arrays(seed):
    rng = np.random.default_rng(seed)
    X, mask = rng.normal(size=(4, 6, 3)), rng.random((4, 6)) < 0.5
    mask[2] = False
    hidden = np.broadcast_to(~mask[:, :, None], X.shape)
    expected = np.ma.array(X, mask=hidden).mean(axis=1).filled(0)
    np.testing.assert_allclose(recurrent.masked_mean(X, mask), expected)
    X[~mask] = np.nan
    np.testing.assert_allclose(recurrent.masked_mean(X, mask), expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_states_are_those_of_nn_rnn_with_the_same_weights(shape):
    B, T, D, H = shape
    rng = np.random.default_rng(0)
    X, h0, parameters = rng.normal(size=(B, T, D)), rng.normal(size=(B, H)), network(1, D, H)
    states, last = torch_network(*parameters)(torch.tensor(X), torch.tensor(h0)[None])
    ours = recurrent.rnn_forward(X, h0, *parameters)
    np.testing.assert_allclose(ours, states.detach(), atol=1e-12)
    np.testing.assert_allclose(ours[:, -1], last[0].detach(), atol=1e-12)
    np.testing.assert_allclose(recurrent.rnn_step(X[:, 0], h0, *parameters), ours[:, 0])


@pytest.mark.parametrize("shape", SHAPES)
def test_backpropagation_through_time_gives_the_gradients_of_nn_rnn(shape):
    B, T, D, H = shape
    rng = np.random.default_rng(0)
    X, h0, dhs, parameters = (
        rng.normal(size=(B, T, D)),
        rng.normal(size=(B, H)),
        rng.normal(size=(B, T, H)),
        network(1, D, H),
    )
    layer, inputs, first = torch_network(*parameters), torch.tensor(X), torch.tensor(h0)
    inputs.requires_grad_(), first.requires_grad_()
    (layer(inputs, first[None])[0] * torch.tensor(dhs)).sum().backward()
    ours = recurrent.rnn_backward(X, h0, recurrent.rnn_forward(X, h0, *parameters), dhs, *parameters[:2])
    theirs = {"W_xh": layer.weight_ih_l0, "W_hh": layer.weight_hh_l0, "b": layer.bias_hh_l0, "X": inputs, "h0": first}
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        np.testing.assert_allclose(ours[name], tensor.grad, atol=1e-10, err_msg=name)


def test_backpropagation_through_time_agrees_with_finite_differences():
    B, T, D, H = 2, 4, 3, 5
    rng = np.random.default_rng(3)
    values = {"X": rng.normal(size=(B, T, D)), "h0": rng.normal(size=(B, H))}
    values |= dict(zip(("W_xh", "W_hh", "b"), network(4, D, H), strict=True))
    weights = rng.normal(size=(B, T, H))

    def loss():
        return np.sum(weights * recurrent.rnn_forward(**values) ** 2)

    hs = recurrent.rnn_forward(**values)
    ours = recurrent.rnn_backward(values["X"], values["h0"], hs, 2 * weights * hs, values["W_xh"], values["W_hh"])
    for name, value in values.items():
        for index in np.ndindex(value.shape):
            kept, losses = value[index], []
            for shifted in (kept + 1e-5, kept - 1e-5):
                value[index] = shifted
                losses.append(loss())
            value[index] = kept
            assert ours[name][index] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-5, abs=1e-7), name


@pytest.mark.parametrize("seed", range(3))
def test_jacobian_norms_are_those_of_the_jacobians_that_torch_finds(seed):
    T, D, H = 6, 3, 4
    rng = np.random.default_rng(seed)
    X, h0, (W_xh, W_hh, b) = rng.normal(size=(1, T, D)), np.zeros((1, H)), network(seed, D, H, scale=0.9)
    hs = recurrent.rnn_forward(X, h0, W_xh, W_hh, b)
    norms = recurrent.jacobian_norms(W_hh, hs[0])
    layer = torch_network(W_xh, W_hh, b)
    for t in range(T - 1):
        jacobian = torch.autograd.functional.jacobian(
            lambda h, t=t: layer(torch.tensor(X[0, t + 1 :]), h[None])[0][-1], torch.tensor(hs[0, t])
        )
        assert norms[t] == pytest.approx(torch.linalg.matrix_norm(jacobian, 2).item(), rel=1e-9)
    assert norms[-1] == 1


def test_an_eigenvalue_of_one_half_does_not_stop_a_matrix_from_growing_at_first():
    W = np.array([[0.5, 10.0], [0.0, 0.5]])
    norms = recurrent.jacobian_norms(W, np.zeros((6, 2)))
    assert norms[0] == pytest.approx(np.linalg.norm(np.linalg.matrix_power(W, 5), 2)) == pytest.approx(3.13, abs=0.005)
    np.testing.assert_allclose(np.linalg.eigvals(W), 0.5)


@pytest.mark.parametrize("max_norm", [0.5, 3.0, 1000.0])
def test_clipping_is_that_of_torch(max_norm):
    rng = np.random.default_rng(0)
    gradients = [rng.normal(size=shape) for shape in [(3, 4), (5,), (2, 1, 2)]]
    parameters = [nn.Parameter(torch.tensor(gradient)) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = torch.tensor(gradient)
    clip_grad_norm_(parameters, max_norm)
    for ours, parameter in zip(recurrent.clip_by_norm(gradients, max_norm), parameters, strict=True):
        np.testing.assert_allclose(ours, parameter.grad, rtol=1e-5)  # torch adds 1e-6 to the length
    tensors = recurrent.clip_by_norm([torch.tensor(gradient) for gradient in gradients], max_norm)
    assert all(isinstance(tensor, torch.Tensor) for tensor in tensors)


def test_clipping_leaves_zeros_alone():
    assert recurrent.clip_by_norm([np.zeros(3)], 1.0)[0].tolist() == [0, 0, 0]


def test_a_sentence_of_six_words_makes_seven_pairs():
    inputs, targets = recurrent.lm_targets([4, 5, 6, 7, 4, 8], bos=1, eos=2)
    assert list(zip(inputs, targets, strict=True)) == [(1, 4), (4, 5), (5, 6), (6, 7), (7, 4), (4, 8), (8, 2)]


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_the_masked_loss_and_its_gradient_are_those_of_torch(scale):
    rng = torch.Generator().manual_seed(0)
    logits = (scale * torch.randn(3, 5, 7, generator=rng, dtype=torch.float64)).requires_grad_()
    targets = torch.randint(0, 7, (3, 5), generator=rng)
    targets[0, 1:] = targets[1, 3:] = 2
    ours = recurrent.masked_lm_loss(logits, targets, pad=2)
    theirs = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=2)
    assert ours.item() == pytest.approx(theirs.item())
    for one, other in zip(*(torch.autograd.grad(loss, logits) for loss in (ours, theirs)), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize(("length", "batch", "chunk"), [(24, 2, 5), (25, 2, 4), (101, 7, 3), (9, 4, 35), (8, 1, 7)])
def test_chunks_put_together_are_the_text_again(length, batch, chunk):
    text = np.random.default_rng(0).integers(0, 50, size=length)
    chunks = recurrent.tbptt_chunks(text, batch, chunk)
    inputs, targets = (np.concatenate(parts, axis=1) for parts in zip(*chunks, strict=True))
    places = (length - 1) // batch
    assert inputs.shape == targets.shape == (batch, places)
    np.testing.assert_array_equal(inputs.ravel(), text[: batch * places])
    np.testing.assert_array_equal(targets.ravel(), text[1 : batch * places + 1])
    assert all(part.shape[1] == chunk for part, _ in chunks[:-1])


@pytest.mark.parametrize(("temperature", "top_k"), [(1.0, None), (0.5, None), (2.0, 3), (1.0, 1), (1.0, 99)])
def test_samples_are_spread_as_scipy_says(temperature, top_k):
    logits = np.array([0.3, 2.0, -1.0, 1.2, 1.9])
    rng = np.random.default_rng(0)
    counts = np.bincount([recurrent.sample(logits, rng, temperature, top_k) for _ in range(4000)], minlength=5)
    kept = logits if top_k is None else np.where(logits >= np.sort(logits)[::-1][:top_k][-1], logits, -np.inf)
    np.testing.assert_allclose(counts / 4000, softmax(kept / temperature), atol=0.03)


def test_temperature_zero_takes_the_best_and_draws_nothing():
    assert recurrent.sample(np.array([1.0, 1e4, 3.0]), rng=None, temperature=0) == 1


def test_large_scores_do_not_overflow():
    assert recurrent.sample(np.array([1e4, -1e4, 0.0]), np.random.default_rng(0)) == 0


def test_an_orthogonal_matrix_has_only_singular_values_of_one():
    W = recurrent.orthogonal(6, np.random.default_rng(0))
    np.testing.assert_allclose(W @ W.T, np.eye(6), atol=1e-12)


def test_the_torch_layer_is_nn_rnn_with_the_same_weights_and_gradients():
    torch.manual_seed(0)
    layer = recurrent.RecurrentLayer(3, 4).double()
    other = torch_network(*(p.detach().numpy() for p in (layer.W_xh, layer.W_hh, layer.b)))
    X, h = torch.randn(2, 6, 3, dtype=torch.float64), torch.randn(2, 4, dtype=torch.float64)
    for (states, last), (their_states, their_last) in [
        (layer(X, h), other(X, h[None])),
        (layer(X), other(X)),
    ]:
        torch.testing.assert_close(states, their_states)
        torch.testing.assert_close(last, their_last[0])
        ours, theirs = (
            torch.autograd.grad(s.square().sum(), list(net.parameters())[:2])
            for s, net in ((states, layer), (their_states, other))
        )
        torch.testing.assert_close(ours, theirs)


def test_the_torch_layer_and_the_numpy_functions_give_the_same_gradients():
    torch.manual_seed(0)
    layer = recurrent.RecurrentLayer(3, 4).double()
    X = torch.randn(2, 6, 3, dtype=torch.float64)
    states, _ = layer(X)
    states.square().sum().backward()
    parameters = [p.detach().numpy() for p in (layer.W_xh, layer.W_hh, layer.b)]
    hs = recurrent.rnn_forward(X.numpy(), np.zeros((2, 4)), *parameters)
    ours = recurrent.rnn_backward(X.numpy(), np.zeros((2, 4)), hs, 2 * hs, *parameters[:2])
    for name in ("W_xh", "W_hh", "b"):
        np.testing.assert_allclose(ours[name], getattr(layer, name).grad, atol=1e-10)


def test_reading_in_chunks_with_the_state_carried_gives_the_scores_of_reading_at_once():
    torch.manual_seed(0)
    model = recurrent.RecurrentLanguageModel(11, 5, 6).eval()
    ids = torch.randint(0, 11, (2, 9))
    whole, _ = model(ids)
    first, state = model(ids[:, :4])
    second, _ = model(ids[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)


def test_tied_weights_are_one_parameter_and_need_one_width():
    tied, free = (recurrent.RecurrentLanguageModel(11, 6, 6, tied=tied) for tied in (True, False))
    counts = [sum(p.numel() for p in model.parameters()) for model in (tied, free)]
    assert counts[1] - counts[0] == 11 * 6
    assert tied.output.weight is tied.embed.weight
    with pytest.raises(ValueError, match="got 5 and 6"):
        recurrent.RecurrentLanguageModel(11, 5, 6, tied=True)


def test_a_generator_reads_what_it_wrote():
    def one_more(ids):
        return np.where(np.arange(9) == ids[-1] + 1, 50.0, 0.0)

    rng = np.random.default_rng(0)
    assert recurrent.generate(one_more, [2], 4, rng) == [2, 3, 4, 5, 6]
    assert recurrent.generate(one_more, [2], 2, rng, draw=lambda logits, *_: 7) == [2, 7, 7]


@pytest.mark.parametrize("seed", range(5))
def test_a_verb_wins_in_a_padded_batch_as_in_a_sentence_read_alone(seed):
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    model = recurrent.RecurrentLanguageModel(9, 4, 6)
    nn.init.normal_(model.output.weight)
    sentences = [rng.integers(1, 9, size=n).tolist() for n in rng.integers(1, 7, size=12)]
    right, wrong = np.array([rng.permutation(9)[:2] for _ in sentences]).T
    ids, mask = recurrent.pad_batch(sentences)
    with torch.no_grad():
        logits = model(torch.from_numpy(ids))[0].numpy()
        alone = [model(torch.tensor([sentence]))[0][0, -1].log_softmax(dim=0) for sentence in sentences]
    expected = [bool(a[good] > a[bad]) for a, good, bad in zip(alone, right, wrong, strict=True)]
    np.testing.assert_array_equal(recurrent.right_verb_wins(logits, mask, right, wrong), expected)
    assert len(set(expected)) == 2
