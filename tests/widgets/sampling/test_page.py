"""Drawing the next word, in an empty page."""

import re

import numpy as np
import pytest

from course_lib.reference import recurrent
from course_lib.widgets import SamplingExplorer
from widgets.browser import leaked_keys, pixels, press, read_out, slide
from widgets.sampling import small

PROMPT = "the old cat"


def explorer(next_logits=small.next_logits, **arguments):
    return SamplingExplorer(next_logits, small.WORDS, PROMPT, **arguments)


def text(view):
    view.settle()
    return view.page.locator(".ws-text span").all_text_contents()


def test_next_draws_a_word_and_shows_what_comes_after_it(mount):
    view = mount(explorer())
    assert text(view) == PROMPT.split() and read_out(view).startswith("Next: “near” 52 %, “tree” 11 %")
    before = pixels(view)
    press(view, "draw the next word")
    assert text(view) == view.widget.tokens() and len(text(view)) == 4
    word, share = view.widget.text[-1]
    assert re.match(rf"“{word}” had {share:.0%} ?".replace("%", " ?%"), read_out(view))
    assert pixels(view) != before
    assert view.close() == {}


def test_what_is_asked_for_while_the_kernel_works_is_done_afterwards(mount):
    view = mount(explorer())
    press(view, "draw the next word")
    view.page.evaluate(
        """() => { for (const name of ['draw the next word', 'start again with the prompt and the seed'])
        document.querySelector(`[aria-label="${name}"]`).click(); }"""
    )
    view.settle()
    assert text(view) == view.widget.tokens() == PROMPT.split()
    assert view.close() == {}


def test_temperature_and_top_k_weigh_anew_without_the_model(mount):
    asked = []

    def watched(tokens):
        asked.append(tokens)
        return small.next_logits(tokens)

    view = mount(explorer(watched))
    before, told = pixels(view), view.page.locator(".ws-told")
    assert told.text_content().count("entropy 2.86 bits, perplexity 7.3") == 2
    slide(view, "temperature", 0.5)
    cooler = pixels(view)
    assert cooler != before and told.text_content().count("entropy 2.86 bits") == 1
    slide(view, "top-k", 2)
    assert pixels(view) != cooler and "perplexity 1.2" in told.text_content()
    assert view.widget.temperature == 0.5 and view.widget.top_k == 2
    slide(view, "temperature", 0)
    assert "there is no choice" in told.text_content() and "“near” 100 %" in read_out(view)
    slide(view, "temperature", 1)
    slide(view, "top-k", 40)  # all of them
    assert view.widget.top_k == 0 and pixels(view) == before
    assert len(asked) == 1


def test_many_are_drawn_one_after_the_other_and_can_be_stopped(mount):
    view = mount(explorer())
    slide(view, "how many", 10)
    press(view, "draw so many, one after the other")
    view.page.wait_for_function("() => document.querySelectorAll('.ws-text span').length === 13")
    view.page.get_by_role("button", name="draw so many, one after the other").wait_for()
    assert view.widget.tokens() == text(view)
    slide(view, "how many", 50)
    view.page.clock.install()
    press(view, "draw so many, one after the other")
    view.page.wait_for_function("() => document.querySelectorAll('.ws-text span').length >= 16")
    press(view, "stop drawing")
    length = len(text(view))
    sent = len(view.sent)
    view.page.clock.run_for(1000)
    assert len(text(view)) == length < 60 and len(view.sent) == sent
    assert view.close() == {}


def test_start_again_repeats_the_same_words_and_another_seed_others(mount):
    view = mount(explorer(seed=3))

    def write():
        for _ in range(6):
            press(view, "draw the next word")
        return text(view)

    first = write()
    press(view, "start again with the prompt and the seed")
    assert text(view) == PROMPT.split()
    assert write() == first
    seed = view.page.get_by_label("seed", exact=True)
    seed.fill("4")
    seed.press("Enter")
    assert text(view) == PROMPT.split() and view.widget.seed == 4
    assert write() != first


def test_another_prompt_begins_anew_and_an_unknown_word_is_named(mount):
    view = mount(explorer())
    prompt, note = view.page.get_by_label("prompt", exact=True), view.page.locator(".wt-note")
    prompt.fill("a happy dog")
    prompt.press("Enter")
    assert text(view) == ["a", "happy", "dog"]
    prompt.fill("a hapy dog")
    prompt.press("Enter")
    view.settle()
    assert note.text_content() == "“hapy” is not in the vocabulary. Near it: happy."
    assert "wt-bad" in note.get_attribute("class") and text(view) == ["a", "happy", "dog"]
    prompt.fill("")
    prompt.press("Enter")
    assert text(view) == [] and note.text_content() == ""


def test_a_bar_can_be_clicked_or_chosen_by_keys_and_taken_back(mount):
    view = mount(explorer(), width=900)
    leaked = leaked_keys(view)
    view.settle()
    canvas = view.page.locator("canvas")
    second = view.widget.best[1]
    canvas.hover(position={"x": 100, "y": 44 + 21 * 1.5})
    assert read_out(view).startswith(f"2. “{second}”: 11 % by the model, 11 % now.")
    canvas.click(position={"x": 100, "y": 44 + 21 * 1.5})
    assert text(view)[-1] == second
    view.page.mouse.move(5, 5)
    canvas.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "End", "Home"):
        view.page.keyboard.press(key)
    first = view.widget.best[0]
    assert read_out(view).startswith(f"1. “{first}”")
    view.page.keyboard.press("Enter")
    assert text(view)[-2:] == [second, first]
    view.page.keyboard.press("n")
    assert len(text(view)) == 6
    for _ in range(3):
        press(view, "take the last one away")
    assert text(view) == PROMPT.split()
    assert view.page.get_by_role("button", name="take the last one away").is_disabled()
    assert leaked() == []


def test_n_is_a_letter_in_the_prompt(mount):
    view = mount(explorer())
    view.page.get_by_label("prompt", exact=True).press("n")
    assert len(text(view)) == 3


def test_a_tap_takes_a_word(mount):
    view = mount(explorer(), width=900, has_touch=True)
    view.settle()
    likeliest = view.widget.best[0]
    view.page.locator("canvas").tap(position={"x": 100, "y": 50})
    assert text(view)[-1] == likeliest


def test_many_draws_of_the_learners_function_are_marked_and_wiped_by_a_change(mount):
    view = mount(explorer(sample=recurrent.sample))
    before = pixels(view)
    press(view, "draw 500 times without appending")
    marked, note = pixels(view), view.page.locator(".wt-note")
    assert marked != before and note.text_content() == "○ how often your function came in 500 draws"
    slide(view, "temperature", 0.8)
    slide(view, "temperature", 1)
    assert pixels(view) == before and note.text_content() == ""
    assert len(text(view)) == 3


def test_a_draw_that_should_be_impossible_is_said(mount):
    view = mount(explorer(sample=lambda logits, *_: int(np.argmin(logits)), top_k=3))
    press(view, "draw the next word")
    assert "which has probability 0 at temperature 1 and top-k 3." in view.page.locator(".wt-note").text_content()
    assert len(text(view)) == 4


def test_an_exception_becomes_text_the_text_stays_and_a_run_stops(mount):
    def next_logits(tokens):
        if len(tokens) > 4:
            raise IndexError("too long for me")
        return small.next_logits(tokens)

    view = mount(explorer(next_logits))
    press(view, "draw so many, one after the other")
    view.page.wait_for_function("() => document.querySelector('.wt-note').textContent.includes('IndexError')")
    view.page.get_by_role("button", name="draw so many, one after the other").wait_for()
    assert "Your next_logits raised IndexError: too long for me" in view.page.locator(".wt-note").text_content()
    assert len(text(view)) == 4
    press(view, "start again with the prompt and the seed")
    assert view.page.locator(".wt-note").text_content() == ""
    assert view.close() == {}


def test_a_model_that_never_worked_shows_the_reason_and_can_be_repaired(mount):
    works = []

    def next_logits(tokens):
        if not works:
            raise NotImplementedError
        return small.next_logits(tokens)

    view = mount(explorer(next_logits))
    assert read_out(view) == "next_logits is not written yet."
    for key in ("ArrowDown", "Enter"):
        view.page.locator("canvas").press(key)
    works.append(True)
    press(view, "draw the next word")
    assert text(view) == PROMPT.split() and view.page.locator(".wt-note").text_content() == ""
    assert view.close() == {}


def test_characters_are_shown_as_a_text(mount):
    widget = SamplingExplorer(lambda tokens: np.arange(5.0), "abc \n", "ab a", characters=True, temperature=0)
    view = mount(widget)
    for _ in range(2):
        press(view, "draw the next character")
    assert "".join(text(view)) == "ab a\n\n"
    assert "“⏎” had 100 %" in read_out(view)


@pytest.mark.parametrize("width", [420, 900])
def test_the_picture_follows_theme_and_width(mount, width):
    view = mount(explorer(), dark=True, width=width)
    dark = pixels(view)
    assert view.page.evaluate("() => document.querySelector('canvas').clientWidth") <= width
    view.theme(dark=False)
    assert pixels(view) != dark
    assert view.page.locator(".wt-dark").count() == 0
    view.theme(dark=True)
    assert pixels(view) == dark
