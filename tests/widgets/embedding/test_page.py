"""The embedding explorer in an empty page."""

import numpy as np
import pytest

from course_lib.widgets import EmbeddingExplorer
from widgets.browser import choose, leaked_keys, pixels, read_out, write

WORDS = ["king", "queen", "man", "woman", "prince", "apple", "pear", "plum"]
FEATURES = [  # person, royal, female, fruit
    [1, 1, 0, 0],
    [1, 1, 1, 0],
    [1, 0, 0, 0],
    [1, 0, 1, 0],
    [1, 0.9, 0, 0.1],
    [0, 0, 0, 1],
    [0.1, 0, 0, 1],
    [0, 0.1, 0, 1],
]
VECTORS = FEATURES @ np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0][:4]


def make(**arguments):
    spaces = {"counts": (WORDS, VECTORS), "pretrained": (["king", "emperor", "duke"], np.eye(3) + 0.1)}
    return EmbeddingExplorer(spaces, **{"word": "king", "k": 3, **arguments})


def neighbours(view):
    view.settle()
    return view.page.locator(".we-word span").all_inner_texts()


def test_the_neighbours_are_listed_with_their_similarity(mount):
    view = mount(make())
    assert neighbours(view) == ["prince", "queen", "man"]
    assert read_out(view).startswith("Nearest to “king”, in counts: prince 1.00, queen 0.82, man 0.71")
    assert view.page.inner_text(".we-head") == "Nearest to “king”"


def test_a_searched_word_is_asked_for_with_suggestions(mount):
    view = mount(make())
    before = pixels(view)
    field = view.page.get_by_role("combobox", name="word", exact=True)
    field.fill("P")
    suggested = view.page.evaluate("() => [...document.querySelectorAll('datalist option')].map((o) => o.value)")
    assert suggested == ["prince", "pear", "plum"]
    write(view, "word", "apple")
    assert set(neighbours(view)[:2]) == {"pear", "plum"}
    assert pixels(view) != before


def test_the_number_of_neighbours_follows_the_slider(mount):
    view = mount(make())
    view.page.get_by_label("how many").fill("6")
    assert len(neighbours(view)) == 6
    assert view.widget.query["k"] == 6


def test_the_learners_nearest_is_asked_and_its_error_is_text(mount):
    def nearest(word, k, vectors, vocabulary):
        if word == "apple":
            return vocabulary[:k]
        raise IndexError("list index out of range")

    view = mount(make(nearest=nearest))
    view.settle()
    assert view.page.inner_text(".wt-note") == "Your nearest raised IndexError: list index out of range"
    assert view.page.locator(".wt-bad").count() == 1
    write(view, "word", "apple")
    assert neighbours(view) == ["king", "queen", "man"]
    assert view.page.inner_text(".wt-note") == ""


def test_a_function_not_written_yet_is_said(mount):
    def nearest(word, k, vectors, vocabulary):
        raise NotImplementedError

    view = mount(make(nearest=nearest))
    view.settle()
    assert view.page.inner_text(".wt-note") == "nearest is not written yet."


def test_another_space_is_another_map_and_a_missing_word_is_said(mount):
    view = mount(make())
    before = pixels(view)
    choose(view, "pretrained")
    assert neighbours(view) == ["emperor", "duke"]
    assert pixels(view) != before
    choose(view, "counts")
    assert pixels(view) == before
    write(view, "word", "queen")
    choose(view, "pretrained")
    assert view.page.inner_text(".wt-note") == "“queen” is not among the 3 words of pretrained."
    assert neighbours(view) == []
    assert [message["content"] for message in view.sent if "content" in message] == [
        {"points": "counts"},
        {"points": "pretrained"},
    ]


def test_an_analogy_is_answered_and_drawn(mount):
    view = mount(make(triple=("man", "king", "woman")))
    assert neighbours(view)[0] == "queen"
    assert view.page.inner_text(".we-head") == "man : king = woman : ?"
    assert read_out(view).startswith("man : king = woman : ?, in counts: queen 0.98")
    with_arrows = pixels(view)
    for label, word in (("word a", "apple"), ("word b", "pear"), ("word c", "king")):
        write(view, label, word)
    assert view.page.inner_text(".we-head") == "apple : pear = king : ?"
    assert pixels(view) != with_arrows
    view.page.get_by_label("leave these three out").uncheck()
    assert "king" in neighbours(view)
    assert "left in" in view.page.inner_text(".wt-note")


def test_the_parallelogram_closes(mount):
    places = make(triple=("man", "king", "woman")).answer["places"]
    a, b, c, goal = (np.array(places[word]) for word in ("man", "king", "woman", ""))
    np.testing.assert_allclose(b - a, goal - c, atol=2e-4)


def test_the_question_can_be_switched(mount):
    view = mount(make(triple=("man", "king", "woman")))
    view.settle()
    assert not view.page.get_by_role("combobox", name="word", exact=True).is_visible()
    choose(view, "neighbours")
    assert neighbours(view) == ["prince", "queen", "man"]
    choose(view, "analogy")
    assert neighbours(view)[0] == "queen"


def test_a_triple_can_wait_behind_the_neighbours(mount):
    view = mount(make(triple=("man", "king", "woman"), mode="neighbours"))
    assert view.page.inner_text(".we-head") == "Nearest to “king”"
    choose(view, "analogy")
    assert view.page.inner_text(".we-head") == "man : king = woman : ?"
    assert neighbours(view)[0] == "queen"


def test_an_answer_that_is_waited_for_is_dimmed(mount):
    widget = make()
    view = mount(widget)
    view.settle()
    dimmed = view.page.locator(".we-wait")
    assert dimmed.count() == 0
    widget.answer, answer = {**widget.answer, "number": -1}, widget.answer
    view.push()
    assert dimmed.count() == 1
    widget.answer = answer
    view.push()
    assert dimmed.count() == 0


def test_the_map_of_these_words_alone(mount):
    view = mount(make())
    before = pixels(view)
    choose(view, "these words")
    assert view.page.locator("canvas").get_attribute("aria-label").startswith("Map of 4 words of counts")
    assert pixels(view) != before
    choose(view, "all words")
    assert pixels(view) == before


def test_keys_walk_from_word_to_word_and_ask(mount):
    view = mount(make())
    view.settle()
    leaked = leaked_keys(view)
    view.page.locator("canvas").focus()
    seen = set()
    for key in ("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowLeft"):
        view.page.keyboard.press(key)
        seen.add(read_out(view))
    assert len(seen) >= 3
    held = read_out(view).split("”")[0].lstrip("“")
    view.page.keyboard.press("Enter")
    view.settle()
    assert view.widget.query["word"] == held
    assert leaked() == []


def test_zooming_and_moving_change_the_map_and_can_be_undone(mount):
    view = mount(make())
    before = pixels(view)
    for act in (
        lambda: view.page.get_by_role("button", name="zoom in").click(),
        lambda: (view.page.locator("canvas").focus(), view.page.keyboard.press("-")),
        lambda: view.page.keyboard.press("+"),
    ):
        now = pixels(view)
        act()
        assert pixels(view) != now
    view.page.get_by_role("button", name="show everything").click()
    view.page.mouse.move(0, 0)
    assert pixels(view) == before
    box = view.page.locator("canvas").bounding_box()
    view.page.mouse.move(box["x"] + 30, box["y"] + 60)
    view.page.mouse.down()
    view.page.mouse.move(box["x"] + 90, box["y"] + 90, steps=4)
    view.page.mouse.up()
    assert pixels(view) != before
    view.page.locator("canvas").focus()
    view.page.keyboard.press("0")
    view.page.mouse.move(0, 0)
    view.page.keyboard.press("Escape")
    assert pixels(view) == before


def test_the_wheel_scrolls_the_page_until_the_map_is_chosen(mount):
    view = mount(make())
    before = pixels(view)
    box = view.page.locator("canvas").bounding_box()
    view.page.mouse.move(box["x"] + 20, box["y"] + 20)
    view.page.mouse.wheel(0, 40)
    view.page.wait_for_function("() => scrollY > 0")
    assert pixels(view) == before
    view.page.evaluate("() => scrollTo(0, 0)")
    view.page.locator("canvas").focus()
    view.page.mouse.wheel(0, -100)
    view.page.wait_for_function("(before) => document.querySelector('canvas').toDataURL() !== before", arg=before)
    assert view.page.evaluate("scrollY") == 0


def test_two_fingers_zoom(mount):
    view = mount(make())
    before = pixels(view)
    view.page.evaluate(
        """() => { const c = document.querySelector('canvas'), box = c.getBoundingClientRect();
        c.setPointerCapture = () => {};
        const fire = (type, id, x, y) => c.dispatchEvent(new PointerEvent(type,
          { pointerId: id, pointerType: 'touch', clientX: box.left + x, clientY: box.top + y, bubbles: true }));
        fire('pointerdown', 1, 200, 150); fire('pointerdown', 2, 260, 150);
        fire('pointermove', 2, 340, 150); fire('pointerup', 2, 340, 150); fire('pointerup', 1, 200, 150); }"""
    )
    assert pixels(view) != before


def test_pointing_names_a_word_and_a_click_asks_for_it(mount):
    view = mount(make())
    view.settle()
    place = view.page.evaluate(
        """() => { const c = document.querySelector('canvas'), box = c.getBoundingClientRect();
        for (let x = 20; x < box.width; x += 7) for (let y = 20; y < box.height; y += 7) {
          c.dispatchEvent(new PointerEvent('pointermove', { clientX: box.left + x, clientY: box.top + y }));
          if (document.querySelector('.wt-read').textContent.startsWith('“apple”')) return { x, y };
        } }"""
    )
    assert place, "no place on the map names the word apple"
    view.page.locator("canvas").click(position=place)
    view.settle()
    assert view.widget.query["word"] == "apple"


def test_a_listed_word_is_shown_on_the_map_and_asked_for(mount):
    view = mount(make())
    before = pixels(view)
    view.page.get_by_role("button", name="queen").focus()
    assert read_out(view).startswith("“queen”: cosine 0.")
    assert pixels(view) != before
    view.page.keyboard.press("Enter")
    view.settle()
    assert view.page.inner_text(".we-head") == "Nearest to “queen”"


def test_three_thousand_words_are_few_elements_and_their_labels_keep_apart(mount):
    rng = np.random.default_rng(0)
    words = [f"word{i}" for i in range(5000)]
    view = mount(EmbeddingExplorer({"big": (words, rng.normal(size=(5000, 20)))}, word="word4999"), width=900)
    view.settle()
    label = view.page.locator("canvas").get_attribute("aria-label")
    shown = {word for word, _ in view.widget.answer["found"]} | {"word4999"}
    assert f"Map of {3000 + sum(int(word[4:]) >= 3000 for word in shown)} words" in label
    assert view.page.locator("#root *").count() < 150


@pytest.mark.parametrize("width", [330, 700, 1000])
def test_nothing_is_wider_than_the_cell(mount, width):
    view = mount(make(triple=("man", "king", "woman")), width=width)
    view.settle()
    assert view.page.evaluate("() => document.getElementById('root').scrollWidth") <= width


def test_dark_and_light_differ(mount):
    view = mount(make(), dark=True)
    dark = pixels(view)
    view.theme(dark=False)
    assert pixels(view) != dark


def test_without_a_kernel_the_view_says_so_and_the_still_picture_stays(mount):
    widget = make()
    widget.send = lambda *_: None
    view = mount(widget)
    view.page.locator(".wt-note").get_by_text("run this cell again").wait_for()
    assert view.page.locator("[data-ready]").count() == 0
    assert view.close() == {}


def test_nothing_is_left_when_the_view_ends(mount):
    view = mount(make())
    view.settle()
    assert view.close() == {}
