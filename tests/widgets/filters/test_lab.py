"""A filter slides over a sentence, in JupyterLab: every control, both themes, the saved notebook."""

import pytest

from widgets.lab import Changes

FILTERS = """
from course_lib.widgets import FilterExplorer
from widgets.filters import small

def conv1d(x, weight, bias):
    if len(x) == 3:
        raise ValueError("too short for me")
    return small.conv1d(x, weight, bias)
FilterExplorer(small.SENTENCES, small.embed, small.filters(), conv1d, small.LABELS, ("negative", "positive"),
               small.class_weights())
"""


def test_a_saved_notebook_keeps_a_small_picture(notebook):
    opened = notebook("filters.ipynb", FILTERS, fresh=True)
    opened.run_all()
    assert 'alt="A filter slides over a sentence' in opened.still(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_control_does_something(notebook, dark):
    opened = notebook("filters.ipynb", FILTERS)
    opened.theme(dark)
    opened.run_all()
    assert opened.errors() == []
    seen = Changes(opened, 0)
    assert not seen.output.locator("img").is_visible()
    seen.keeps_its_keys()
    seen.radio("3 words")
    seen.slide("filter", 4)
    seen.change(lambda: seen.output.get_by_role("slider", name="filter").press("ArrowLeft"))
    seen.change(lambda: seen.output.get_by_role("combobox").select_option("9"))
    seen.write("or type", "the film was not clever")
    seen.press(0, "ArrowLeft", "ArrowRight", "Home", "End", "Escape")
    strip = seen.output.locator(".wf-strip")
    for key in ("ArrowRight", "Home", "End", "ArrowLeft"):
        seen.change(lambda key=key: strip.press(key))
    seen.hover(0, 0.5, 0.5)
    seen.change(lambda: strip.click(position={"x": 70, "y": 12}))
    seen.button("slide the filter over the sentence")
    slide = seen.output.get_by_role("button", name="slide the filter over the sentence")
    slide.get_by_text("Slide").wait_for(timeout=9000)
    seen.settle()
    seen.change(lambda: seen.output.locator(".wf-top").nth(2).click())
    assert seen.text(".wt-read").startswith("Window")
    seen.radio("2 words")
    seen.write("or type", "good")
    assert seen.text(".wt-note") == (
        "Your conv1d raised ValueError: too short for me The picture shows the last answer."
    )
    seen.theme(not dark)
    assert opened.errors() == []
