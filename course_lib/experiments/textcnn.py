"""The TextCNN on real film reviews, beside the numbers of Kim (2014).

Run: python -m course_lib.experiments.textcnn --data sst2 --seeds 3

SST-2: trained on the labelled phrases of the training trees (as Kim did) or with --sentences on whole sentences only;
the epoch is chosen on the development set; the test set is used once a seed.
MR: ten folds; each is the test set once, a tenth of the rest chooses the epoch.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from course_lib.data import DataError, minilm_word_vectors, mr, sst, sst2
from course_lib.reference.convolution import TextCNN, fast_conv1d

KIM = {  # table 2 of the paper; his vectors are word2vec's, 300 numbers from 100 billion words of news
    ("sst2", "random"): 82.7,
    ("sst2", "static"): 86.8,
    ("sst2", "nonstatic"): 87.2,
    ("mr", "random"): 76.1,
    ("mr", "static"): 81.0,
    ("mr", "nonstatic"): 81.5,
}
KIMS_NAME = {"random": "CNN-rand", "static": "CNN-static", "nonstatic": "CNN-non-static"}
EPOCHS = {"phrases": 2, "sentences": 8, "mr": 6}
BATCH, RATE, DROPOUT = 50, 1e-3, 0.5
Examples = list[tuple[list[str], int]]


def phrases(trees: list[tuple]) -> Examples:
    """All different phrases of the trees that are not neutral, whole sentences included, words in lower case.

    trees: as `course_lib.data.sst` returns them.
    Returns pairs (words, label), label 1 for positive and 0 for negative.
    """
    found = {}

    def words_of(tree: tuple) -> tuple[str, ...]:
        label, *parts = tree
        words = (parts[0].lower(),) if len(parts) == 1 else words_of(parts[0]) + words_of(parts[1])
        if label != 2:
            found[words] = int(label > 2)
        return words

    for tree in trees:
        words_of(tree)
    return [(list(words), label) for words, label in found.items()]


def folds(examples: Examples, seed: int, count: int = 10) -> Iterator[tuple[Examples, Examples, Examples]]:
    """Cut examples into folds, and yield (train, dev, test) with each fold as test set once."""
    examples = random.Random(seed).sample(examples, len(examples))
    for number in range(count):
        rest = [example for place, example in enumerate(examples) if place % count != number]
        yield rest[len(rest) // 10 :], rest[: len(rest) // 10], examples[number::count]


def batches(examples: list[tuple[list[int], int]], size: int, rng: random.Random | None = None) -> Iterator:
    """Yield (ids (B, N), labels (B,)) of sentences of about one length, in random order when there is an rng."""
    if rng:
        examples = rng.sample(examples, len(examples))
    runs = [
        sorted(examples[i : i + 50 * size], key=lambda one: len(one[0])) for i in range(0, len(examples), 50 * size)
    ]
    parts = [run[i : i + size] for run in runs for i in range(0, len(run), size)]
    if rng:
        rng.shuffle(parts)
    for part in parts:
        ids = nn.utils.rnn.pad_sequence([torch.tensor(ids) for ids, _ in part], batch_first=True)
        yield ids, torch.tensor([label for _, label in part])


def word_table(vocabulary: dict[str, int], pretrained: tuple[list[str], Tensor]) -> Tensor:
    """Word vectors for a vocabulary: pretrained where there are some, else random with the same spread.

    vocabulary: word -> row, from 1; row 0 is the padding.
    pretrained: words, and a float tensor with one row for each. They are scaled to the spread of random ones.
    Returns a float tensor (rows, d).
    """
    words, vectors = pretrained
    table = torch.empty(len(vocabulary) + 1, vectors.shape[1]).uniform_(-0.25, 0.25)
    known = [(vocabulary[word], row) for row, word in enumerate(words) if word in vocabulary]
    ours, theirs = torch.tensor(known).T
    table[ours] = vectors[theirs] / vectors.std() * table.std()
    table[0] = 0
    return table


def train(sets: tuple[Examples, Examples, Examples], seed: int, epochs: int, d: int, vectors=None, static=False):
    """Train one TextCNN and keep the epoch that is best on the development set.

    sets: train, dev, test. Words that the training set lacks and that have no pretrained vector are all one word.
    vectors: None for random word vectors of d numbers, or what `word_table` takes. static: they do not learn.
    Returns (epoch, accuracy on dev, accuracy on test), in per cent.
    """
    torch.manual_seed(seed)
    rng = random.Random(seed)
    words = dict.fromkeys(["<unknown>", *(word for sentence, _ in sets[0] for word in sentence)])
    if vectors:
        words |= dict.fromkeys(vectors[0])
    vocabulary = {word: row for row, word in enumerate(words, start=1)}
    numbered = [[([vocabulary.get(word, 1) for word in words], label) for words, label in one] for one in sets]
    table = word_table(vocabulary, vectors) if vectors else None
    model = TextCNN(len(vocabulary) + 1, d if table is None else table.shape[1], dropout=DROPOUT, convolve=fast_conv1d)
    if table is not None:
        model.embedding.weight.data = table
    # A step touches a few hundred rows of the table. A sparse gradient leaves the others alone.
    model.embedding.sparse, model.embedding.weight.requires_grad = True, not static
    others = [parameter for name, parameter in model.named_parameters() if not name.startswith("embedding")]
    optimizers = [torch.optim.Adam(others, lr=RATE)]
    if not static:
        optimizers.append(torch.optim.SparseAdam([model.embedding.weight], lr=RATE))
    best = (0, -1.0, -1.0)
    for epoch in range(1, epochs + 1):
        model.train()
        for ids, labels in batches(numbered[0], BATCH, rng):
            model.zero_grad()
            functional.cross_entropy(model(ids), labels).backward()
            for optimizer in optimizers:
                optimizer.step()
        if (dev := accuracy(model, numbered[1])) > best[1]:
            best = epoch, dev, accuracy(model, numbered[2])
        print(f"  epoch {epoch} of {epochs}: {dev:.1f} on dev", file=sys.stderr, flush=True)
    return best


def accuracy(model: nn.Module, examples: list[tuple[list[int], int]]) -> float:
    """Share of right answers, in per cent."""
    model.eval()
    with torch.no_grad():
        right = sum((model(ids).argmax(dim=1) == labels).sum().item() for ids, labels in batches(examples, 200))
    return 100 * right / len(examples)


def report(data: str, vectors: str, seeds: int, sentences: bool, epochs: int | None, d: int) -> None:
    """Train with several seeds and print a table; the arguments are those of the command."""
    pretrained = None
    if vectors != "random":
        words, array = minilm_word_vectors()
        pretrained, d = (words, torch.tensor(array)), array.shape[1]
    if data == "sst2":
        source = sst2("train") if sentences else phrases(sst("train"))
        jobs = [(seed, (source, sst2("dev"), sst2("test"))) for seed in range(seeds)]
        epochs = epochs or EPOCHS["sentences" if sentences else "phrases"]
    else:
        jobs = [(seed, sets) for seed in range(seeds) for sets in folds(mr(), seed)]
        epochs = epochs or EPOCHS["mr"]
    what = {"random": "random", "static": "MiniLM's, static", "nonstatic": "MiniLM's, non-static"}[vectors]
    examples = "sentences" if sentences or data == "mr" else "phrases"
    print(f"TextCNN on {data}: word vectors {what}, {d} numbers; {len(jobs[0][1][0]):,} {examples} to learn from")
    print("seed  epoch    dev   test  seconds", flush=True)
    tests, begun = {}, time.perf_counter()
    for seed, sets in jobs:
        started = time.perf_counter()
        epoch, dev, test = train(sets, seed, epochs, d, pretrained, vectors == "static")
        tests.setdefault(seed, []).append(test)
        print(f"{seed:>4}  {epoch:>5}  {dev:>5.1f}  {test:>5.1f}  {time.perf_counter() - started:>7.0f}", flush=True)
    if data == "mr":
        spread = statistics.stdev(test for one in tests.values() for test in one)
        print(f"between folds the test accuracy varies with a standard deviation of {spread:.1f}")
    means = [statistics.mean(one) for one in tests.values()]
    spread = f" ± {statistics.stdev(means):.1f} (standard deviation between seeds)" if seeds > 1 else ""
    print(
        f"test accuracy {statistics.mean(means):.1f}{spread}; {KIMS_NAME[vectors]} of Kim (2014): {KIM[data, vectors]}"
    )
    print(f"{time.perf_counter() - begun:.0f} seconds on {torch.get_num_threads()} threads")


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns 0, or 1 when the data cannot be had."""
    parser = argparse.ArgumentParser(description="Train TextCNNs on film reviews and compare them with Kim (2014).")
    parser.add_argument("--data", choices=["sst2", "mr"], default="sst2")
    parser.add_argument("--vectors", choices=list(KIMS_NAME), default="random", help="random, or those of MiniLM")
    parser.add_argument("--seeds", type=int, default=3, help="how many runs (mr: ten folds each)")
    parser.add_argument("--sentences", action="store_true", help="sst2: learn from whole sentences only, no phrases")
    parser.add_argument("--epochs", type=int, help="passes over the training set to choose from")
    parser.add_argument("--numbers", type=int, default=100, help="of a random word vector")
    options = parser.parse_args(arguments)
    for name in ("seeds", "epochs", "numbers"):
        if (value := getattr(options, name)) is not None and value < 1:
            parser.error(f"--{name} is {value}; it must be 1 or more")
    try:
        report(options.data, options.vectors, options.seeds, options.sentences, options.epochs, options.numbers)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
