"""How fast the Transformer of the lesson is, as ratios within one run.

Run: python bench/transformer.py [threads]        (one thread by default)

Rounds of the two sides alternate, and the median ratio is reported, so that a busy machine disturbs both alike.
"""

import statistics
import sys
import time
from functools import partial

import torch
from torch import nn

from course_lib.data import minilm, minilm_available
from course_lib.reference.transformer import (
    Bert,
    SequenceModel,
    encoder_layer,
    fast_attend,
    fast_layer_norm,
    greedy_generate,
    multi_head,
    new_layer,
    pad_batch,
)

FAST = {"multi_head": partial(multi_head, attend=fast_attend), "layer_norm": fast_layer_norm}


def seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def ratio(theirs, ours, rounds=15):
    """Median of their time over our time, and the median times of both."""
    for function in (theirs, ours):
        function()
    pairs = [(seconds(theirs), seconds(ours)) for _ in range(rounds)]
    return statistics.median(a / b for a, b in pairs), *map(statistics.median, zip(*pairs, strict=True))


def report(what, result, target=None):
    value, theirs, ours = result
    verdict = "" if target is None else f"   target {target:g}: {'reached' if value >= target else 'MISSED'}"
    print(f"{what:<74} {theirs * 1e3:9.2f} ms / {ours * 1e3:9.2f} ms = {value:5.2f} ×{verdict}", flush=True)


def copied(parameters, theirs):
    """PyTorch's layer with our numbers."""
    parts = ("query", "key", "value")
    attention, transform = parameters["attention"], parameters["feed_forward"]
    with torch.no_grad():
        theirs.self_attn.in_proj_weight.copy_(torch.cat([attention[f"{part}_weight"] for part in parts]))
        theirs.self_attn.in_proj_bias.copy_(torch.cat([attention[f"{part}_bias"] for part in parts]))
        theirs.self_attn.out_proj.weight.copy_(attention["output_weight"])
        for number in (1, 2):
            getattr(theirs, f"linear{number}").weight.copy_(transform[f"weight{number}"])
            getattr(theirs, f"linear{number}").bias.copy_(transform[f"bias{number}"])
    return theirs


def layers(width, length, batch=8):
    """One encoder layer against nn.TransformerEncoderLayer: training step and inference, readable and fused parts."""
    parameters = new_layer(width, 4 * width)
    theirs = copied(parameters, nn.TransformerEncoderLayer(width, 8, 4 * width, 0.0, batch_first=True))
    x = torch.randn(batch, length, width, requires_grad=True)
    for name, functions in (("as the learner writes it", {}), ("with fast_attend, fast_layer_norm", FAST)):
        ours = partial(encoder_layer, parameters=parameters, heads=8, **functions)
        torch.testing.assert_close(ours(x), theirs.train()(x), atol=1e-4, rtol=1e-4)
        result = ratio(lambda: theirs(x).sum().backward(), lambda ours=ours: ours(x).sum().backward())
        report(f"d {width}, length {length}, forward + backward, {name}", result, 1.0 if functions else None)
        with torch.inference_mode():
            theirs.eval()
            result = ratio(lambda: theirs(x), lambda ours=ours: ours(x))
        report(f"d {width}, length {length}, inference, {name}", result, 0.9 if functions else None)


def generation(length):
    """Greedy generation without against with the cache: 6 layers, width 384, as a small character model has."""
    model = SequenceModel(65, width=384, heads=6, hidden=1536, layers=6, longest=length + 1, causal=True, **fused())

    def afresh(tokens, cache):
        seen = tokens if cache is None else torch.cat([cache, tokens], dim=1)
        return model(seen), seen

    with torch.inference_mode():
        assert greedy_generate(model.extend, [1], 16) == greedy_generate(afresh, [1], 16)
        runs = [partial(greedy_generate, extend, [1], length) for extend in (afresh, model.extend)]
        report(
            f"generation of {length} characters, without / with cache",
            ratio(*runs, rounds=3),
            5 if length == 248 else None,
        )


def fused():
    return {"attend": fast_attend, "layer_norm": fast_layer_norm}


def sentences():
    """MiniLM on 32 sentences of about 20 pieces against the BERT of transformers."""
    from transformers import BertConfig, BertModel

    model = minilm()
    text = "the animal did not cross the street because it was too tired and the sun had gone down"
    ids, mask = pad_batch([model.encode(text[: 60 + 5 * (i % 6)]).ids for i in range(32)])
    theirs = BertModel(BertConfig(**model.config), add_pooling_layer=False).eval()
    state = {name: torch.tensor(array) for name, array in model.weights.items() if not name.startswith("pooler")}
    theirs.load_state_dict(state, strict=False)
    real = mask[:, 0, 0].long()
    for name, functions in (("as the learner writes it", {}), ("with fast_attend, fast_layer_norm", fused())):
        ours = Bert(model.weights, model.config["num_attention_heads"], **functions)
        with torch.inference_mode():
            expected = theirs(ids, real).last_hidden_state[real.bool()]
            torch.testing.assert_close(ours(ids, None, mask)[real.bool()], expected, atol=1e-4, rtol=1e-4)
            result = ratio(lambda: theirs(ids, real), lambda ours=ours: ours(ids, None, mask), rounds=7)
        report(f"MiniLM, 32 sentences, against transformers, {name}", result, 0.9 if functions else None)
        print(f"{'':<74} {32 / result[1]:9.0f}  s / {32 / result[2]:9.0f}  sentences per second")


if __name__ == "__main__":
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    print(f"torch {torch.__version__}, {threads} thread(s); theirs / ours, above 1 ours is faster")
    for width, length in ((128, 64), (256, 64), (256, 256)):
        layers(width, length)
    for length in (31, 62, 124, 248):
        generation(length)
    if minilm_available():
        sentences()
    else:
        print("MiniLM is not here: course data get minilm")
