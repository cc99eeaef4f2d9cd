"""The mask painter in an empty page."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from course_lib.reference.transformer import attend
from course_lib.widgets import MaskPainter
from widgets.browser import choose, leaked_keys, pictures, read_out

TOKENS = ["the", "cat", "sleeps", "well", "here"]
QUERY, KEY, VALUE = (torch.tensor(np.random.default_rng(k).normal(size=(5, 3))) for k in range(3))


def make(function=attend, **arguments):
    return MaskPainter(function, QUERY, KEY, VALUE, **{"tokens": TOKENS, **arguments})


def notes(view):
    view.settle()
    return view.page.locator(".wt-note").all_inner_texts()


def cell(view, row, column, table=0):
    """The place of a cell on the page, found by what the read-out says when it is pointed at."""
    view.settle()
    return view.page.evaluate(
        """([table, row, column, names]) => {
        const c = document.querySelectorAll('canvas')[table], box = c.getBoundingClientRect(), hits = [];
        const read = document.querySelector('.wt-read');
        for (let y = 0; y < box.height; y += 4) for (let x = 40; x < box.width; x += 4) {
          c.dispatchEvent(new PointerEvent('pointermove', { clientX: box.left + x, clientY: box.top + y }));
          if (read.textContent.startsWith(`“${names[row]}” may`) && read.textContent.includes(`at “${names[column]}”`))
            hits.push([box.left + x, box.top + y]);
        }
        c.dispatchEvent(new PointerEvent('pointerleave', {}));
        return hits[Math.floor(hits.length / 2)]; }""",
        [table, row, column, TOKENS],
    )


def expected(mask):
    """Weights by torch."""
    eye = torch.eye(5, dtype=torch.float64)
    return functional.scaled_dot_product_attention(QUERY, KEY, eye, torch.tensor(mask)).numpy()


def test_pointing_tells_score_weight_and_output(mount):
    view = mount(make())
    view.page.mouse.move(*cell(view, 3, 1, table=1))
    score, weight = float(QUERY[3] @ KEY[1]) / np.sqrt(3), expected(np.tri(5, dtype=bool))[3, 1]
    said = f"“well” may look at “cat”: score {score:.2f}, weight {weight:.2f}.".replace("-", "−")
    assert read_out(view) == said
    view.page.mouse.move(*cell(view, 0, 1))
    assert read_out(view).startswith("“the” may not look at “cat”: score ") and read_out(view).endswith("weight 0.00.")
    box = view.page.locator("canvas").nth(2).bounding_box()
    view.page.mouse.move(box["x"] + box["width"] - 12, box["y"] + box["height"] - 12)
    output = (expected(np.tri(5, dtype=bool)) @ VALUE.numpy())[4, 2]
    assert read_out(view) == f"Output of “here”, feature 3: {output:.2f}.".replace("-", "−")


def test_a_click_forbids_a_pair_and_weights_and_outputs_follow(mount):
    view = mount(make())
    before = pictures(view)
    view.page.mouse.click(*cell(view, 2, 0))
    view.settle()
    assert view.widget.mask == ["10000", "11000", "01100", "11110", "11111"]
    assert view.widget.kind == ""
    view.page.mouse.move(2, 2)
    assert [a != b for a, b in zip(pictures(view), before, strict=True)] == [True, True, True]
    assert notes(view)[-1] == "Your function agrees, in the weights and in the output."
    view.page.mouse.click(*cell(view, 2, 0))
    view.page.mouse.move(2, 2)
    assert pictures(view)[1:] == before[1:]


def test_dragging_paints_a_row_of_cells_alike(mount):
    view = mount(make(mask="none"))
    start, end = cell(view, 1, 0), cell(view, 1, 4)
    view.page.mouse.move(*start)
    view.page.mouse.down()
    view.page.mouse.move(*end, steps=12)
    view.page.mouse.up()
    view.settle()
    assert view.widget.mask[1] == "00000"
    assert notes(view)[0] == "“cat” may look nowhere: its weights and its output are 0."
    assert notes(view)[1] == "Your function agrees, in the weights and in the output."
    view.page.mouse.move(*cell(view, 3, 3))
    assert view.widget.mask[3] == "11111"


def test_keys_walk_and_paint_and_stay_in_the_widget(mount):
    view = mount(make())
    view.settle()
    leaked = leaked_keys(view)
    view.page.locator("canvas").first.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", " ", "a"):
        view.page.keyboard.press(key)
    assert read_out(view).startswith("“cat” may not look at “cat”:")
    assert view.widget.mask == ["10000", "10000", "11100", "11110", "11111"]
    view.page.keyboard.press("Enter")
    view.settle()
    assert sum(row.count("1") for row in view.widget.mask) == 15
    assert leaked() == []
    view.page.keyboard.press("Escape")
    assert read_out(view).startswith("15 of 25 pairs are allowed.")


@pytest.mark.parametrize(
    ("name", "k", "mask"),
    [
        ("none", None, np.ones((5, 5))),
        ("causal", None, np.tri(5)),
        ("padding", 3, np.tile([1, 1, 0, 0, 0], (5, 1))),
        ("both", 3, np.tri(5) * [1, 1, 0, 0, 0]),
        ("banded", 1, np.tri(5, k=1) - np.tri(5, k=-2)),
    ],
)
def test_masks_by_name(mount, name, k, mask):
    view = mount(make(mask=np.eye(5)))
    choose(view, name)
    if k is not None:
        view.page.get_by_role("slider").fill(str(k))
    view.settle()
    np.testing.assert_array_equal(view.widget.allowed(), mask.astype(bool))
    assert view.page.get_by_role("slider").is_visible() == (k is not None)
    assert notes(view)[-1] == "Your function agrees, in the weights and in the output."


def test_a_wrong_function_is_seen_cell_by_cell_and_beside_the_course(mount):
    def after_the_softmax(query, key, value, mask):
        weights = (query @ key.T / 3**0.5).softmax(-1) * mask
        return weights @ value, weights

    view = mount(make(after_the_softmax))
    assert "by your function instead of" in notes(view)[-1] and view.page.locator(".wt-bad").count() == 1
    theirs = pictures(view)
    view.page.mouse.move(*cell(view, 1, 0, table=1))
    assert "by your function, " in read_out(view)
    choose(view, "the course")
    view.page.mouse.move(2, 2)
    course = pictures(view)
    assert course[0] == theirs[0] and course[1] != theirs[1] and course[2] != theirs[2]


def test_nan_in_a_row_that_may_look_nowhere_is_told(mount):
    def plain(query, key, value, mask):
        weights = (query @ key.T / 3**0.5).masked_fill(~mask, -torch.inf).softmax(-1)
        return weights @ value, weights

    view = mount(make(plain, mask=np.tri(5, k=-1)))
    assert notes(view) == [
        "“the” may look nowhere: its weights and its output are 0.",
        "“the” may look nowhere; there your function gives nan instead of 0.",
    ]


def test_an_error_is_text_and_the_course_goes_on(mount):
    def fails(query, key, value, mask):
        raise RuntimeError("sizes do not match")

    view = mount(make(fails))
    assert notes(view)[-1] == "Your fails raised RuntimeError: sizes do not match"
    before = pictures(view)
    choose(view, "none")
    assert pictures(view)[1] != before[1]


def test_queries_and_keys_may_be_different_words(mount):
    view = mount(MaskPainter(None, scores=np.zeros((2, 4)), tokens=["le", "chat"], key_tokens=TOKENS[:4]))
    view.settle()
    assert "Mask of 2 queries by 4 keys" in view.page.locator("canvas").first.get_attribute("aria-label")
    assert not view.page.get_by_role("radio", name="the course").count()
    assert view.page.locator("#root *").count() <= 60


@pytest.mark.parametrize("width", [340, 600, 1000])
@pytest.mark.parametrize("count", [3, 16])
def test_nothing_is_wider_than_the_cell(mount, width, count):
    scores = np.zeros((count, count))
    view = mount(MaskPainter(None, scores=scores, tokens=[f"word{n}" for n in range(count)]), width=width)
    view.settle()
    assert view.page.evaluate("() => document.getElementById('root').scrollWidth") <= width


def test_dark_and_light_differ(mount):
    view = mount(make(), dark=True)
    dark = pictures(view)
    view.theme(dark=False)
    light = pictures(view)
    assert all(a != b for a, b in zip(light, dark, strict=True))


def test_nothing_is_left_when_the_view_ends(mount):
    view = mount(make())
    view.settle()
    assert view.close() == {}
