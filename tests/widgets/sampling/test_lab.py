"""Drawing the next word in JupyterLab: every control, both themes, the saved notebook."""

import pytest

from widgets.lab import Changes

SAMPLING = """
import numpy as np
from course_lib.widgets import SamplingExplorer
from widgets.sampling import small

def sample(logits, rng, temperature=1.0, top_k=None):
    order = np.argsort(-logits)[:1 if temperature == 0 else top_k]
    weights = np.exp((logits[order] - logits[order[0]]) / (temperature or 1))
    return order[rng.choice(len(order), p=weights / weights.sum())]
SamplingExplorer(small.next_logits, small.WORDS, "the old cat", sample=sample)
"""


def test_a_saved_notebook_keeps_a_small_picture(notebook):
    opened = notebook("sampling.ipynb", SAMPLING, fresh=True)
    opened.run_all()
    assert 'alt="Drawing the next word' in opened.still(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_control_does_something(notebook, dark):
    opened = notebook("sampling.ipynb", SAMPLING)
    opened.theme(dark)
    opened.run_all()
    assert opened.errors() == []
    seen = Changes(opened, 0)
    assert not seen.output.locator("img").is_visible()
    seen.keeps_its_keys()
    seen.button("draw the next word")
    seen.button("take the last one away")
    seen.slide("temperature", 0.5)
    seen.slide("top-k", 5)
    seen.change(lambda: seen.output.get_by_role("slider", name="top-k").press("ArrowRight"))
    seen.button("draw 500 times without appending")
    assert seen.text(".wt-note") == "○ how often your function came in 500 draws"
    seen.slide("how many", 5)
    seen.button("draw the next word")
    seen.button("start again with the prompt and the seed")
    eight = seen.output.locator(".ws-text span:nth-of-type(8)")
    seen.button("draw so many, one after the other")
    eight.wait_for()
    seen.settle()
    first = seen.text(".ws-text")
    seen.button("start again with the prompt and the seed")
    seen.button("draw so many, one after the other")
    eight.wait_for()
    assert seen.text(".ws-text") == first
    seen.settle()
    seen.write("seed", "7")
    seen.write("prompt", "a small dog")
    assert seen.text(".ws-text").startswith("a small dog")
    seen.press(0, "ArrowDown", "ArrowDown", "ArrowUp", "Enter", "n", "End", "Home")
    seen.hover(0, 0.3, 0.5)
    seen.write("prompt", "a small dragon")
    assert seen.text(".wt-note").startswith("“dragon” is not in the vocabulary.")
    seen.theme(not dark)
    assert opened.errors() == []
