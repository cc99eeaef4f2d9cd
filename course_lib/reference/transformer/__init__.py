"""The Transformer: attention, positions, layers, masks, whole models, and real BERT weights.

Read the files in this order, each from top to bottom:
    attention.py    scaled dot-product attention, heads, and attention that remembers
    layers.py       positions, feed-forward, layer norm, masks; the layers of encoder and decoder
    models.py       a stack of layers, the encoder-decoder, and how a model writes
    bert.py         published weights, and one vector for a sentence

Each function takes the functions below it as arguments, with the ones of this folder as default. So any part can be
replaced: by a learner's version, by a faster one, or by a broken one to see what it does.

Axis letters in the shape comments:
    B  batch        T  tokens (Tq: those that ask, Tk: those that are asked)
    D  width        H  heads            E  width of one head, D / H
    F  hidden width of the feed-forward layer               V  size of the vocabulary

A mask is True where a token may look. It is broadcast to (B, H, Tq, Tk).
Linear layers keep PyTorch's layout: a weight has shape (out, in), and the layer computes x @ weight.T + bias.
Source: Vaswani et al. (2017), Attention Is All You Need.
"""

from course_lib.reference.transformer.attention import (
    attend,
    cached_multi_head,
    fast_attend,
    merge_heads,
    multi_head,
    split_heads,
)
from course_lib.reference.transformer.bert import Bert, sentence_vectors
from course_lib.reference.transformer.layers import (
    causal_mask,
    decoder_layer,
    decoder_mask,
    encoder_layer,
    fast_layer_norm,
    feed_forward,
    layer_norm,
    new_layer,
    padding_mask,
    positional_encoding,
)
from course_lib.reference.transformer.models import (
    EncoderDecoder,
    SequenceModel,
    WordsAndPositions,
    greedy_generate,
    pad_batch,
)
