"""A widget's Python side as the tests look at it: what it answers, what stays of it in a saved notebook."""

import base64
import io
import re

import numpy as np
import torch
from PIL import Image


def softmax(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).normal(size=shape)).softmax(-1).numpy()


def messages(widget, *asked):
    """What the widget answers when the browser asks."""
    sent = []
    widget.send = lambda content, buffers: sent.append((content, buffers))
    for content in asked:
        widget._handle_custom_msg(content, [])
    return sent


def still(widget):
    """The alternative text and the PNG of the still picture."""
    html = widget.still()
    assert len(html) < 40_000
    alt, data = re.search('alt="([^"]+)"', html)[1], base64.b64decode(re.search('base64,([^"]+)', html)[1])
    return alt, Image.open(io.BytesIO(data))


def ask(widget, **changes):
    """Change the question as the browser does; it must have been answered."""
    widget.question = {**widget.question, **changes, "number": widget.question["number"] + 1}
    assert widget.answered == widget.question["number"]
