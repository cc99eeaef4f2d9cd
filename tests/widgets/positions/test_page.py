"""The explorer of positional encodings in an empty page."""

import numpy as np
import pytest

from course_lib.reference.transformer import positional_encoding
from course_lib.widgets import PositionalEncodingExplorer
from widgets.browser import choose, leaked_keys, pictures, read_out


def sines_only(length, d, base):
    return np.sin(np.arange(length)[:, None] / base ** (np.arange(d) / d))


def make(function=positional_encoding, **arguments):
    return PositionalEncodingExplorer(function, **{"d": 8, "length": 20, "dimension": 2, **arguments})


def place(view, position, dimension):
    """Where a number stands on the map, in pixels from its corner."""
    box = view.page.locator("canvas").first.bounding_box()
    n, d = view.widget.length, view.widget.d
    return {
        "x": 44 + (dimension + 0.5) * (box["width"] - 50) / d,
        "y": 40 + (position + 0.5) * (box["height"] - 80) / n,
    }


def test_a_number_is_shown_with_its_wave_and_its_wavelength(mount):
    view = mount(make())
    view.settle()
    view.page.locator("canvas").first.hover(position=place(view, 7, 5))
    value = float(positional_encoding(20, 8)[7, 5])
    repeats = round(2 * np.pi * 10000 ** (4 / 8))
    said = f"Position 7, dimension 5: {value:.3f} = cos(7 ÷ 100). This wave repeats every {repeats} positions."
    assert read_out(view) == said
    view.page.mouse.move(5, 5)
    assert read_out(view).startswith("Position 10, dimension 2:")


def test_arrow_keys_walk_over_the_map_and_stay_in_the_widget(mount):
    view = mount(make())
    view.settle()
    leaked = leaked_keys(view)
    view.page.locator("canvas").first.focus()
    for key, said in (
        ("ArrowUp", "9, dimension 2"),
        ("ArrowRight", "9, dimension 3"),
        ("ArrowDown", "10, dimension 3"),
    ):
        view.page.keyboard.press(key)
        assert read_out(view).startswith(f"Position {said}:")
    view.page.keyboard.press("a")
    assert leaked() == []


def test_waves_of_chosen_dimensions_are_kept_for_comparison(mount):
    view = mount(make())
    one = pictures(view)[1]
    view.page.locator("canvas").first.click(position=place(view, 3, 0))
    view.page.mouse.move(5, 5)
    view.page.locator("canvas").first.focus()
    view.page.keyboard.press("ArrowRight")
    assert "dimensions 0, 1" in (pictures(view), view.page.locator("canvas").nth(1).get_attribute("aria-label"))[1]
    view.page.keyboard.press("ArrowLeft")
    before = pictures(view)[0]
    view.page.keyboard.press("Enter")
    assert pictures(view)[0] != before  # the mark above the column is gone
    view.page.keyboard.press("ArrowRight")
    assert "dimensions 1" in (pictures(view), view.page.locator("canvas").nth(1).get_attribute("aria-label"))[1]
    assert pictures(view)[1] != one


def test_every_slider_changes_the_numbers_and_asks_the_function(mount):
    view = mount(make())
    seen = {str(pictures(view))}
    for label, value in (("d", "16"), ("length", "40"), ("base", "3")):
        view.page.get_by_role("slider", name=label, exact=True).fill(value)
        seen.add(str(pictures(view)))
    assert len(seen) == 4
    assert (view.widget.d, view.widget.length, view.widget.base) == (16, 40, 300)
    view.settle()
    assert view.page.inner_text(".wt-note").startswith("Your function agrees in all 640 numbers")


def test_a_wrong_function_is_shown_beside_the_course_and_its_difference(mount):
    view = mount(make(sines_only))
    assert view.page.inner_text(".wt-note").startswith("Your function differs in")
    assert view.page.locator(".wt-bad").count() == 1
    course = pictures(view)
    choose(view, "your function")
    theirs, given = pictures(view), sines_only(20, 8, 10000.0)[10, 2]
    assert f"your function gives {given:.3f}, the course" in read_out(view)
    choose(view, "the difference")
    assert len({pictures(view)[0], theirs[0], course[0]}) == 3
    choose(view, "your function")
    choose(view, "dot products")
    assert read_out(view).endswith("Other pairs as far apart give other numbers.")
    choose(view, "the course")
    assert read_out(view).endswith("only the distance counts.")


def test_dot_products_are_read_out(mount):
    view = mount(make())
    choose(view, "dot products")
    rows = positional_encoding(20, 8).double()
    for shift in (5, -3):
        view.page.get_by_role("slider", name="shift").fill(str(shift))
        said = (
            f"Position 10 · position {10 + shift} = {float(rows[10] @ rows[10 + shift]):.2f}; position 10 with itself"
        )
        assert read_out(view).startswith(said)


def test_a_shift_turns_a_pair_of_dimensions(mount):
    view = mount(make())
    choose(view, "shift as rotation")
    angle = np.degrees(5 * 10000 ** (-2 / 8))
    assert f"turns every position's pair by the same angle, {angle:.1f}°" in read_out(view)
    assert read_out(view).endswith("which is what stands at position 15.")
    before = pictures(view)
    view.page.get_by_role("slider", name="shift").fill("-4")
    assert pictures(view)[1] != before[1]
    assert read_out(view).endswith("which is what stands at position 6.")


def test_a_pair_that_is_not_turned_is_said(mount):
    view = mount(make(lambda length, d, base: np.tile(np.arange(length)[:, None] / length, d)))
    choose(view, "shift as rotation")
    choose(view, "your function")
    assert "but (0.75, 0.75) is what stands at position 15." in read_out(view)


def test_the_mouse_moves_along_waves_and_distances(mount):
    view = mount(make())
    right = view.page.locator("canvas").nth(1)
    view.settle()
    box = right.bounding_box()
    right.hover(position={"x": 54, "y": 100})
    assert read_out(view).startswith("Position 0, dimension 2:")
    choose(view, "dot products")
    right.hover(position={"x": 54 + (box["width"] - 154) * 0.5, "y": 100})
    assert read_out(view).startswith("Position 0 · position 0 = 4.00")


def test_the_error_of_the_function_is_text_and_the_course_stays(mount):
    def fails(length, d, base):
        raise ZeroDivisionError("division by zero")

    view = mount(make(fails))
    view.settle()
    assert view.page.inner_text(".wt-note") == "Your fails raised ZeroDivisionError: division by zero"
    choose(view, "your function")
    assert read_out(view) == "No numbers to show."
    choose(view, "the course")
    assert read_out(view).startswith("Position 10")


def test_without_the_kernel_the_course_is_there(mount):
    widget = make()
    widget.send = lambda *_: None
    view = mount(widget)
    assert read_out(view).startswith("Position 10, dimension 2:")
    choose(view, "your function")
    assert read_out(view) == "No numbers to show."


def test_without_a_function_there_is_nothing_to_choose(mount):
    view = mount(PositionalEncodingExplorer())
    view.settle()
    assert not view.page.get_by_role("radio", name="your function").count()
    assert view.page.inner_text(".wt-note") == ""
    assert view.page.locator("#root *").count() <= 60


def test_numbers_that_are_none_are_told(mount):
    view = mount(make(lambda length, d, base: np.full((length, d), np.nan)))
    choose(view, "your function")
    assert "gives not a number" in read_out(view)
    for name in ("dot products", "shift as rotation"):
        choose(view, name)
        assert "not a number" in read_out(view)


@pytest.mark.parametrize("width", [340, 600, 1000])
@pytest.mark.parametrize("name", ["waves", "shift as rotation"])
def test_nothing_is_wider_than_the_cell(mount, width, name):
    view = mount(make(), width=width)
    choose(view, name)
    assert view.page.evaluate("() => document.getElementById('root').scrollWidth") <= width


def test_dark_and_light_differ(mount):
    view = mount(make(), dark=True)
    dark = pictures(view)
    view.theme(dark=False)
    light = pictures(view)
    assert light[0] != dark[0] and light[1] != dark[1]


def test_nothing_is_left_when_the_view_ends(mount):
    view = mount(make())
    view.settle()
    assert view.close() == {}
