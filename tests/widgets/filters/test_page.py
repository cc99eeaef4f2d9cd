"""A filter slides over a sentence, in an empty page."""

import pytest

from course_lib.widgets import FilterExplorer
from widgets.browser import leaked_keys, pixels, press, read_out
from widgets.filters import small

TEXT = "the film was not good and we left it"


def explorer(conv1d=small.conv1d, count=8, **arguments):
    data = small.SENTENCES, small.embed, small.filters(count), conv1d, small.LABELS
    settings = {"classes": ("negative", "positive"), "class_weights": small.class_weights(count), "text": TEXT}
    return FilterExplorer(*data, **{**settings, **arguments})


def test_the_winner_and_the_class_it_speaks_for_are_said(mount):
    view = mount(explorer())
    assert read_out(view) == (
        "Filter 1 answers “not good” most: max pooling passes 2.5 on. "
        "It speaks for negative (weight 1.5 more than for positive)."
    )
    tops = view.page.locator(".wf-top").all_text_contents()
    assert tops[0] == "not good2.56 negative" and len(tops) == 10
    assert view.close() == {}


def test_quick_changes_are_not_lost_while_the_kernel_works(mount):
    view = mount(explorer())
    view.page.evaluate(
        """() => { const s = document.querySelector('input[type=range]');
        for (const v of [2, 3, 4, 5]) { s.value = v; s.dispatchEvent(new Event('input', { bubbles: true })); } }"""
    )
    for _ in range(3):
        view.settle()
    assert view.widget.shown["filter"] == 4
    assert view.page.get_by_role("slider", name="filter").input_value() == "5"
    assert view.page.locator(".wt-note").text_content() == ""


def test_width_and_filter_and_sentence_change_everything(mount):
    view = mount(explorer())
    pictures = [(pixels(view), pixels(view, ".wf-strip"))]
    view.page.get_by_role("radio", name="3 words").check()
    pictures.append((pixels(view), pixels(view, ".wf-strip")))
    assert (
        view.widget.shown["width"] == 3
        and "each window of 3 words" in view.page.locator(".wf-head").first.text_content()
    )
    view.page.get_by_role("slider", name="filter").fill("5")
    pictures.append((pixels(view), pixels(view, ".wf-strip")))
    assert view.widget.shown["filter"] == 4 and read_out(view).startswith("Filter 5 answers")
    view.page.get_by_role("combobox").select_option("3")
    pictures.append((pixels(view), pixels(view, ".wf-strip")))
    typed = view.page.get_by_label("or type", exact=True)
    assert typed.input_value() == " ".join(small.SENTENCES[3]) == " ".join(view.widget.shown["words"])
    typed.fill("not so good")
    typed.press("Enter")
    pictures.append((pixels(view), pixels(view, ".wf-strip")))
    assert view.widget.shown["words"] == ["not", "so", "good"]
    assert view.page.get_by_role("combobox").input_value() == ""
    assert len({p for p, _ in pictures}) == len({s for _, s in pictures}) == 5


def test_the_window_follows_keys_and_pointer_and_tells_its_sum(mount):
    view = mount(explorer(), width=900)
    leaked = leaked_keys(view)
    view.settle()
    canvas, before = view.page.locator("canvas").first, pixels(view)
    canvas.focus()
    view.page.keyboard.press("ArrowRight")
    assert read_out(view) == "Window 6 of 10, “good and”: 0 (good) + 0 (and) − 0.5 (bias) = −0.5, which ReLU makes 0."
    view.page.keyboard.press("ArrowLeft")
    assert read_out(view) == "Window 5 of 10, “not good”: 2 (not) + 1 (good) − 0.5 (bias) = 2.5."
    for key, place in (("Home", "Window 1 of 10, “· the”"), ("ArrowLeft", "Window 1 of"), ("End", "Window 10 of 10")):
        view.page.keyboard.press(key)
        assert read_out(view).startswith(place)
    assert pixels(view) != before
    view.page.keyboard.press("Escape")
    assert read_out(view).startswith("Filter 1 answers") and pixels(view) == before
    box = canvas.bounding_box()
    step = (box["width"] - 68) / 11
    canvas.hover(position={"x": 58 + 4 * step, "y": 60})  # between “was” and “not”
    assert read_out(view).startswith("Window 4 of 10, “was not”")
    view.page.mouse.move(5, 5)
    assert leaked() == ["Escape"]
    assert view.sent == []


def test_a_touch_chooses_a_window(mount):
    view = mount(explorer(), width=900, has_touch=True)
    view.settle()
    view.page.locator("canvas").first.tap(position={"x": 100, "y": 60})
    assert read_out(view).startswith("Window 1 of 10")


def test_a_filter_is_chosen_in_the_strip_by_click_and_keys(mount):
    view = mount(explorer(), width=900)
    view.settle()
    strip = view.page.locator(".wf-strip")
    strip.click(position={"x": 58 + 26 * 3.5, "y": 12})
    assert read_out(view).startswith("Filter 4 answers") and view.page.get_by_role("slider").input_value() == "4"
    for key, number in (("ArrowRight", 5), ("ArrowLeft", 4), ("End", 8), ("ArrowRight", 8), ("Home", 1)):
        strip.press(key)
        assert read_out(view).startswith(f"Filter {number} answers")


def test_a_hundred_filters_have_rows_in_a_narrow_page(mount):
    view = mount(explorer(count=100), width=420)
    view.settle()
    strip = view.page.locator(".wf-strip")
    box = strip.bounding_box()
    assert box["width"] <= 420 and box["height"] > 60
    strip.press("ArrowDown")
    view.settle()
    assert 40 < view.widget.shown["filter"] < 60  # the one below the first
    strip.click(position={"x": 61, "y": 12})
    view.settle()
    assert view.widget.shown["filter"] == 0


def test_a_word_group_of_the_data_shows_its_sentence_and_window(mount):
    view = mount(explorer())
    view.settle()
    view.page.get_by_role("button", name="not lovely, 2.5, sentences: 6 negative").click()
    assert read_out(view) == "Window 5 of 10, “not lovely”: 2 (not) + 1 (lovely) − 0.5 (bias) = 2.5."
    assert "not lovely" in view.page.get_by_label("or type", exact=True).input_value()


def test_the_filter_slides_over_the_sentence_and_its_answers_appear(mount):
    view = mount(explorer())
    end = pixels(view)
    view.page.clock.install()
    view.page.get_by_role("button", name="slide the filter over the sentence").click()
    view.page.clock.run_for(1900)  # three windows of 600 ms
    assert read_out(view).startswith("Window 3 of 10") and pixels(view) != end
    view.page.clock.run_for(6000)
    assert read_out(view).startswith("Filter 1 answers “not good” most") and pixels(view) == end
    view.page.get_by_role("button", name="slide the filter over the sentence").click()
    view.page.clock.run_for(700)
    view.page.get_by_role("button", name="slide the filter over the sentence").click()  # stop
    view.page.clock.run_for(100)
    assert view.page.get_by_role("button", name="slide the filter over the sentence").text_content() == "Slide"
    assert view.close() == {}


def test_quick_changes_ask_only_for_the_first_and_the_last(mount):
    view = mount(explorer())
    view.settle()
    view.page.evaluate(
        """() => { const s = document.querySelector('input[type=range]');
        for (const v of [2, 3, 4, 5]) { s.value = v; s.dispatchEvent(new Event('input', { bubbles: true })); } }"""
    )
    view.settle()
    view.settle()
    asked = [message["state"]["question"]["filter"] for message in view.sent]
    assert asked == [1, 4] and view.widget.shown["filter"] == 4


def test_an_exception_becomes_text_and_the_picture_stays(mount):
    def conv1d(x, weight, bias):
        if weight.shape[1] == 3:
            raise ValueError("operands could not be broadcast")
        return small.conv1d(x, weight, bias)

    view = mount(explorer(conv1d))
    before, note = (pixels(view), read_out(view)), view.page.locator(".wt-note")
    view.page.get_by_role("radio", name="3 words").check()
    view.settle()
    assert "Your conv1d raised ValueError: operands could not be broadcast The picture" in note.text_content()
    assert "wt-bad" in note.get_attribute("class") and (pixels(view), read_out(view)) == before
    view.page.get_by_role("radio", name="2 words").check()
    view.settle()
    assert note.text_content() == "" and (pixels(view), read_out(view)) == before


def test_wrong_answers_are_said_where_they_are(mount):
    view = mount(explorer(lambda x, weight, bias: small.conv1d(x, weight[:, ::-1], bias)))
    assert "Your conv1d differs in" in view.page.locator(".wt-note").text_content()
    view.page.locator("canvas").first.press("Home")
    for _ in range(4):
        view.page.keyboard.press("ArrowRight")
    assert read_out(view).endswith("= 2.5, but your conv1d says −0.5.")


def test_a_convolution_that_never_worked_shows_the_reason(mount):
    def conv1d(*_):
        raise NotImplementedError

    view = mount(explorer(conv1d))
    assert read_out(view) == "conv1d is not written yet."
    view.page.locator("canvas").first.press("ArrowRight")
    press(view, "slide the filter over the sentence")
    assert view.close() == {}


@pytest.mark.parametrize("width", [420, 900])
def test_the_picture_follows_theme_and_width(mount, width):
    view = mount(explorer(), dark=True, width=width)
    dark = pixels(view)
    assert view.page.evaluate("() => document.querySelector('.wf-scroll').scrollWidth") <= width
    view.theme(dark=False)
    assert pixels(view) != dark
    assert view.page.locator(".wt-dark").count() == 0
    view.theme(dark=True)
    assert pixels(view) == dark


def test_a_long_sentence_scrolls_inside_its_frame(mount):
    view = mount(explorer(text=" ".join(["good"] * 50)), width=600)
    view.settle()
    assert view.page.evaluate("() => document.querySelector('.wf-scroll').clientWidth") <= 600
    assert view.page.evaluate("() => document.querySelector('.wf-scroll').scrollWidth") > 1000
