"""The co-occurrence window in an empty page."""

import numpy as np
import pytest

from course_lib.widgets import CooccurrenceWindow
from widgets.browser import leaked_keys, pixels, press, read_out
from widgets.window.small import window


def classes(view, kind):
    """The words of the text that are marked, as (sentence, position)."""
    return view.page.evaluate(
        """(kind) => [...document.querySelectorAll('.cw-line')].flatMap((line, s) => {
             const words = [...line.querySelectorAll('.cw-word')];
             return words.flatMap((word, i) => word.classList.contains(kind) ? [[s, i]] : []); })""",
        kind,
    )


def track(view):
    return view.page.get_by_role("slider", name="pairs counted")


def test_a_step_lights_the_pair_and_says_the_count(mount):
    view = mount(window())
    assert read_out(view) == "“I” at position 0 sees “like” at position 1: row “I”, column “like” is now 1."
    assert classes(view, "cw-centre") == [[0, 0]]
    assert classes(view, "cw-now") == [[0, 1]]
    assert classes(view, "cw-in") == [[0, 0], [0, 1], [0, 2]]
    before = pixels(view)
    press(view, "one step forward")
    assert "sees “deep” at position 2" in read_out(view)
    assert pixels(view) != before
    press(view, "one step back")
    assert pixels(view) == before
    assert view.widget.step == 1


def test_the_ends_can_be_reached_and_not_passed(mount):
    view = mount(window())
    press(view, "to the end")
    assert view.page.locator(".cw-told").inner_text() == "34 of 34 pairs"
    assert view.page.get_by_role("button", name="one step forward", exact=True).is_disabled()
    press(view, "to the start")
    assert read_out(view) == "Nothing counted yet: step forward, or play."
    assert view.page.get_by_role("button", name="one step back", exact=True).is_disabled()


def test_playing_fills_the_matrix_and_stops_at_the_end(mount):
    view = mount(window())
    track(view).fill("32")
    press(view, "play")
    view.page.get_by_role("button", name="pause", exact=True).wait_for()
    view.page.get_by_role("button", name="play", exact=True).wait_for()
    assert view.page.locator(".cw-told").inner_text() == "34 of 34 pairs"


def test_playing_stops_when_the_widget_leaves_the_screen(mount):
    view = mount(window())
    press(view, "play")
    view.page.evaluate("() => document.getElementById('below').scrollIntoView()")
    view.page.get_by_role("button", name="play", exact=True).wait_for()


def test_the_track_moves_by_keyboard_and_keys_stay_in_the_widget(mount):
    view = mount(window())
    leaked = leaked_keys(view)
    track(view).focus()
    for key in ("ArrowRight", "ArrowRight", "a", "Escape", "Control+b"):
        view.page.keyboard.press(key)
    assert view.page.locator(".cw-told").inner_text() == "3 of 34 pairs"
    assert leaked() == ["Escape", "Control", "b"]


def test_a_picked_sentence_starts_where_its_counting_starts(mount):
    view = mount(window())
    view.page.get_by_label("sentence").select_option("2")
    assert view.page.locator(".cw-told").inner_text() == "24 of 34 pairs"
    assert read_out(view) == "Sentence 3: nothing counted in it yet."
    press(view, "one step forward")
    assert classes(view, "cw-centre") == [[2, 0]]


def test_the_window_size_changes_what_is_seen_and_stays_at_the_same_word(mount):
    view = mount(window())
    track(view).fill("5")
    assert classes(view, "cw-centre") == [[0, 1]]
    view.page.get_by_label("window size").fill("1")
    view.settle()
    assert view.widget.window == 1
    assert classes(view, "cw-centre") == [[0, 1]]
    assert classes(view, "cw-in") == [[0, 0], [0, 1], [0, 2]]
    assert view.page.locator(".cw-told").inner_text().endswith("of 20 pairs")


def test_python_can_move_the_window_too(mount):
    view = mount(window())
    view.widget.window, view.widget.step = 5, 7
    view.push()
    view.settle()
    assert view.page.get_by_label("window size").input_value() == "5"
    assert view.page.locator(".cw-told").inner_text() == "7 of 44 pairs"


def test_a_cell_shows_the_positions_that_made_its_count(mount):
    view = mount(window())
    press(view, "to the end")
    view.page.locator("canvas").focus()
    view.page.keyboard.press("Home")  # row I, column I
    assert read_out(view) == "Row “I”, column “I”: no pairs of positions so far."
    view.page.keyboard.press("ArrowRight")
    assert read_out(view) == "Row “I”, column “like”: 2 pairs of positions so far."
    assert classes(view, "cw-centre") == [[0, 0], [1, 0]]
    assert classes(view, "cw-now") == [[0, 1], [1, 1]]
    view.page.keyboard.press("Escape")
    assert "position" in read_out(view) and "Row" not in read_out(view)


def test_pointing_at_a_cell_shows_it_and_leaving_hides_it(mount):
    view = mount(window())
    press(view, "to the end")
    canvas = view.page.locator("canvas")
    box = canvas.bounding_box()
    before = pixels(view)
    canvas.hover(position={"x": box["width"] * 0.6, "y": box["height"] * 0.6})
    assert read_out(view).startswith("Row “")
    assert pixels(view) != before
    view.page.mouse.move(box["x"] + 5, box["y"] + box["height"] + 60)
    assert pixels(view) == before


def test_the_learners_matrix_is_compared_cell_by_cell(mount):
    def count(sentences, vocabulary, size):
        counts = window(window=size).counts()
        counts[0, 1] -= 1
        return counts

    view = mount(window(count=count))
    steps = pixels(view)
    view.page.get_by_role("radio", name="your function").check()
    assert pixels(view) != steps
    assert "differs in 1 of 64 cells, first in row I, column like: 1 instead of 2" in view.page.inner_text(".wt-note")
    view.page.locator("canvas").focus()
    view.page.keyboard.press("ArrowRight")
    view.page.keyboard.press("ArrowRight")
    assert read_out(view) == "Row “I”, column “like”: your function says 1, the text has 2 pairs of positions."
    view.page.keyboard.press("ArrowRight")
    assert read_out(view) == "Row “I”, column “deep”: your function says 1, and so does the text."
    view.page.get_by_label("window size").fill("1")
    view.settle()
    assert view.widget.theirs_window == 1
    assert view.page.locator(".wt-bad").count() == 1
    view.page.get_by_role("radio", name="step by step").check()
    assert view.page.inner_text(".wt-note") == ""


def test_a_right_matrix_is_shown_as_agreeing(mount):
    view = mount(window(count=lambda text, words, size: window(window=size).counts()))
    press(view, "to the end")
    canvas = view.page.locator("canvas")
    canvas.focus()
    view.page.get_by_role("radio", name="your function").check()
    assert view.page.inner_text(".wt-note") == "Your function agrees in all 64 cells."
    assert view.page.locator(".wt-bad").count() == 0
    canvas.focus()
    for _ in range(2):
        view.page.keyboard.press("ArrowRight")
    assert read_out(view) == "Row “I”, column “like”: your function says 2, and so does the text."


def test_an_error_of_the_learner_is_text_and_the_widget_goes_on(mount):
    def count(sentences, vocabulary, window):
        if window > 2:
            raise KeyError("sat")
        return np.zeros((8, 7))

    view = mount(window(count=count))
    view.page.get_by_role("radio", name="your function").check()
    assert view.page.inner_text(".wt-note") == "Your function returned shape (8, 7); expected (8, 8)."
    view.page.get_by_label("window size").fill("3")
    view.settle()
    assert view.page.inner_text(".wt-note") == "Your count raised KeyError: 'sat'"
    view.page.get_by_role("radio", name="step by step").check()
    press(view, "one step forward")
    assert "sees" in read_out(view)


def test_without_a_learners_function_there_is_no_switch(mount):
    view = mount(window())
    assert view.page.get_by_role("radio").count() == 0


def test_the_matrix_describes_itself(mount):
    view = mount(window())
    view.settle()
    label = view.page.locator("canvas").get_attribute("aria-label")
    assert label == "Matrix of 8 by 8 counts, 1 of 34 pairs counted; arrow keys choose a cell"
    assert view.page.locator(".wt-read").get_attribute("aria-live") == "polite"


def test_dark_and_light_differ_and_follow_the_theme(mount):
    view = mount(window(), dark=True)
    dark = pixels(view)
    view.theme(dark=False)
    assert pixels(view) != dark
    view.theme(dark=True)
    assert pixels(view) == dark
    assert view.page.locator(".wt-dark").count() == 1


@pytest.mark.parametrize("width", [320, 700, 1000])
def test_nothing_is_wider_than_the_cell(mount, width):
    view = mount(window(), width=width)
    view.settle()
    assert view.page.evaluate("() => document.getElementById('root').scrollWidth") <= width


def test_forty_words_and_many_sentences_are_shown(mount):
    rng = np.random.default_rng(0)
    words = [f"word{i}" for i in range(40)]
    text = [[words[i] for i in rng.integers(0, 40, size=12)] for _ in range(40)]
    view = mount(CooccurrenceWindow(text, vocabulary=words), width=900)
    view.page.get_by_role("button", name="to the end", exact=True).click()
    view.settle()
    assert view.page.locator(".cw-line").count() == 1
    assert view.page.locator("#root *").count() < 200


def test_nothing_is_left_when_the_view_ends(mount):
    view = mount(window(count=lambda *_: np.zeros((8, 8))))
    press(view, "play")
    view.settle()
    assert view.close() == {}
