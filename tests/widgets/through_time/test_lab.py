"""The gradients through time in JupyterLab: every control, both themes, the saved notebook."""

import pytest

from widgets.lab import Changes

GRADIENTS = """
from course_lib.widgets import GradientThroughTime
from widgets.through_time import small

def gradients(scale, length, activation):
    if length == 60:
        raise MemoryError("too long for me")
    return small.gradients(scale, length, activation)
GradientThroughTime(gradients)
"""


def test_a_saved_notebook_keeps_a_small_picture(notebook):
    opened = notebook("through_time.ipynb", GRADIENTS, fresh=True)
    opened.run_all()
    assert 'alt="The gradient on its way back' in opened.still(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_control_does_something(notebook, dark):
    opened = notebook("through_time.ipynb", GRADIENTS)
    opened.theme(dark)
    opened.run_all()
    assert opened.errors() == []
    seen = Changes(opened, 0)
    assert not seen.output.locator("img").is_visible()
    seen.keeps_its_keys()
    scale = seen.output.get_by_role("slider", name="spectral scale")
    before = float(scale.input_value())
    seen.change(lambda: [scale.press("ArrowRight") for _ in range(6)])  # quicker than the kernel answers
    assert abs(float(scale.input_value()) - before - 0.3) < 1e-6
    assert f"spectral scale {before + 0.3:g}" in seen.output.locator("canvas").first.get_attribute("aria-label")
    seen.slide("spectral scale", 1.5)
    seen.slide("steps", 30)
    seen.change(lambda: seen.output.get_by_role("slider", name="steps").press("ArrowRight"))
    seen.radio("relu")
    seen.radio("linear")
    assert "explodes: after 30 steps" in seen.text(".wt-read")
    seen.change(lambda: seen.output.get_by_role("checkbox").check())
    seen.slide("threshold, a power of ten", 2)
    assert "Clipping to 100 multiplies every step" in seen.text(".wt-read")
    seen.change(lambda: seen.output.get_by_role("radio", name="linear").last.check())
    seen.radio("logarithmic")
    seen.press(0, "ArrowLeft", "ArrowDown", "ArrowUp", "ArrowRight", "Home", "End")
    seen.hover(0, 0.4, 0.3)
    seen.slide("steps", 60)
    assert seen.text(".wt-note") == (
        "Your gradients raised MemoryError: too long for me The picture shows the last answer."
    )
    seen.theme(not dark)
    assert opened.errors() == []


def test_a_saved_notebook_lives_again_without_running(notebook):
    opened = notebook("through_time.ipynb", GRADIENTS)
    opened.run_all()
    opened.output(0).locator("[data-ready]").wait_for()
    opened.save()
    opened.open("through_time.ipynb")  # a new kernel that ran nothing
    output = opened.output(0)
    output.locator("[data-ready]").wait_for()
    output.get_by_role("checkbox").check()  # what the browser can do it still does
    output.get_by_text("within the threshold 1: clipping changes nothing").wait_for()
