"""One score after the other, in an empty page."""

import numpy as np

from course_lib.widgets import AttentionSteps
from widgets.browser import pixels, read_out


def test_steps_follow_query_key_and_step(mount):
    rng = np.random.default_rng(0)
    query, key, value = (rng.normal(size=(3, 4)) for _ in range(3))
    view = mount(AttentionSteps(query, key, value, ["the", "cat", "sleeps"]))
    score = query @ key.T
    products = ", ".join(f"{number:.2f}" for number in query[0] * key[0]).replace("-", "−")
    assert read_out(view).startswith(f"The 4 products of “the” and “the” {products} add up to")
    seen = {pixels(view)}
    view.page.get_by_role("radio", name="sleeps").check()
    view.page.locator("canvas").press("ArrowRight")
    assert view.widget.pair == [2, 1]
    assert f"add up to {score[2, 1]:.2f}.".replace("-", "−") in read_out(view)
    seen.add(pixels(view))
    for name, said in (
        ("÷ √d", "divided by 2.00 is"),
        ("softmax", "is the weight"),
        ("output", "add up to the output"),
    ):
        view.page.get_by_role("radio", name=name).check()
        assert said in read_out(view)
        seen.add(pixels(view))
    assert len(seen) == 5
    box = view.page.locator("canvas").bounding_box()
    view.page.mouse.click(box["x"] + box["width"] - 30, box["y"] + 120)
    assert view.widget.pair == [2, 2]
    view.widget.pair = [0, 0]
    view.push()
    assert "output of “the”" in read_out(view)
    assert view.close() == {}
