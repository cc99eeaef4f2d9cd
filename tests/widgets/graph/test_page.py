"""The computation graph in an empty page."""

import pytest

from course_lib.widgets.graph import ComputationGraph, central_differences
from widgets.browser import leaked_keys, read_out
from widgets.graph.small import PRESETS, branch, lecture, swapped

LIGHT_AND_DARK = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
NETWORK = "two-layer network"


def node(view, name):
    return view.page.locator(".node", has=view.page.locator(".name", has_text=name)).first


def test_the_buttons_walk_through_the_graph_and_back(mount):
    view = mount(ComputationGraph(PRESETS))
    button = lambda name: view.page.get_by_role("button", name=name, exact=True)  # noqa: E731
    assert read_out(view).startswith("start") and button("one step back").is_disabled()
    button("one step on").click()
    assert read_out(view) == "forward step 1 of 3: add of x and y; value 3"
    assert node(view, "add").locator(".value").text_content() == "3"
    assert node(view, "max").locator(".value").text_content() == ""
    button("to the end").click()
    assert read_out(view).endswith("y collects 3 + 2 = 5.") and button("one step on").is_disabled()
    assert node(view, "y").locator(".gradient").text_content() == "∂ 3 + 2 = 5"
    button("one step back").click()
    assert node(view, "y").locator(".gradient").text_content() == "∂ 3"
    button("to the start").click()
    assert read_out(view).startswith("start") and node(view, "y").locator(".gradient").text_content() == ""
    assert view.close() == {}


def test_the_slider_goes_to_a_step(mount):
    view = mount(ComputationGraph(PRESETS))
    view.page.get_by_role("slider").fill("5")
    assert read_out(view).startswith("backward step 2 of 4: f (multiply); upstream 1. Local 2, downstream 2 to add.")
    assert view.page.locator(".labels .now").all_text_contents() == ["1 × 2 = 2", "1 × 3 = 3"]
    assert view.page.locator(".edge.backward").count() == 2
    assert view.widget.step == 5


def test_play_runs_to_the_end_and_can_be_paused(mount):
    view = mount(ComputationGraph(PRESETS))
    view.page.clock.install()
    play = view.page.get_by_role("button", name="play", exact=True)
    play.click()
    view.page.clock.run_for(2000)
    assert read_out(view).startswith("forward step 2")
    view.page.get_by_role("button", name="pause", exact=True).click()
    view.page.clock.run_for(2000)
    assert read_out(view).startswith("forward step 2")
    play.click()
    view.page.clock.run_for(20_000)
    assert read_out(view).startswith("backward step 4 of 4") and play.is_visible()
    play.click()  # from the end it starts again
    view.page.clock.run_for(1000)
    assert read_out(view).startswith("forward step 1")
    assert view.close() == {}


def test_the_arrow_keys_step_and_choose_nodes(mount):
    view = mount(ComputationGraph(PRESETS))
    leaked = leaked_keys(view)
    view.page.locator(".node[tabindex='0']").focus()
    press = view.page.keyboard.press
    press("ArrowRight")
    assert read_out(view).startswith("forward step 1")
    press("End")
    assert read_out(view).startswith("backward step 4")
    press("ArrowLeft")
    assert read_out(view).startswith("backward step 3 of 4: maximum")
    focused = "() => document.activeElement.getAttribute('aria-label')"
    assert view.page.evaluate(focused) == "maximum, operation: value 2, gradient 3"
    press("ArrowUp")
    assert read_out(view) == "z, input: value 0, gradient 0"
    press("ArrowDown")
    press("ArrowDown")
    assert read_out(view) == view.page.evaluate(focused) == "f, output: value 6, gradient 1"
    press("Home")
    assert read_out(view).startswith("start")
    assert leaked() == []  # JupyterLab would take them for its own
    press("Escape")
    assert leaked() == ["Escape"]


def test_the_focus_can_be_seen(mount):
    view = mount(ComputationGraph(PRESETS))
    view.page.locator(".node[tabindex='0']").focus()
    view.page.keyboard.press("ArrowDown")
    outline = "() => getComputedStyle(document.activeElement.firstChild).outlineStyle"
    assert view.page.evaluate(outline) == "solid"


def test_a_click_on_a_node_shows_all_its_numbers(mount):
    view = mount(ComputationGraph(PRESETS, preset=NETWORK))
    view.page.get_by_role("button", name="to the end").click()
    node(view, "W1").click()
    table = view.page.locator(".wt-inspect")
    W1 = next(said for said in view.widget.numbers["nodes"] if said["name"] == "W1")
    assert W1["all"] in table.text_content() and W1["gradients"][-1][2] in table.text_content()
    assert W1["all"].startswith("2×3\n[[") and "…" not in W1["all"]
    assert read_out(view).startswith("W1, input: value [")


def test_an_edited_number_changes_the_picture_at_the_same_step(mount):
    view = mount(ComputationGraph(PRESETS))
    view.page.get_by_role("button", name="to the end").click()
    view.page.get_by_label("y", exact=True).fill("4")
    view.settle()
    assert node(view, "f =").locator(".value").text_content() == "20"
    assert node(view, "y").locator(".gradient").text_content() == "∂ 5 + 4 = 9"
    assert view.widget.inputs == {"x": 1, "y": 4, "z": 0} and view.widget.step == 7
    assert "changed" in node(view, "f =").locator(".value").get_attribute("class")


def test_the_same_number_typed_again_does_not_keep_saying_that_it_works(mount):
    view = mount(ComputationGraph(PRESETS))
    view.page.clock.install()
    view.page.get_by_label("y", exact=True).fill("2")
    view.settle()
    view.page.clock.run_for(300)
    assert view.page.locator(".wt-note").text_content() == ""


def test_at_a_corner_the_remark_is_not_in_the_colour_of_a_mistake(mount):
    view = mount(ComputationGraph({"tie": (lecture, {"x": 1, "y": 2, "z": 2})}, check=central_differences))
    view.page.get_by_role("button", name="to the end").click()
    assert node(view, "z").locator(".verdict").text_content() == "(corner: no derivative)"
    assert "remark" in node(view, "z").locator(".verdict").get_attribute("class")


def test_a_field_without_a_number_asks_nothing(mount):
    view = mount(ComputationGraph(PRESETS))
    view.settle()
    before = len(view.sent)
    view.page.get_by_label("y", exact=True).fill("")
    view.settle()
    assert len(view.sent) == before and view.widget.inputs["y"] == 2


def test_any_entry_of_an_array_can_be_edited(mount):
    view = mount(ComputationGraph(PRESETS, preset=NETWORK))
    view.page.get_by_label("entry of W2").select_option("[2,1]")
    field = view.page.get_by_label("W2", exact=True)
    assert float(field.input_value()) == pytest.approx(view.widget.inputs["W2"][2][1], rel=1e-3)
    field.fill("0.25")
    view.settle()
    assert view.widget.inputs["W2"][2][1] == 0.25
    assert view.widget.inputs["W2"][0] == PRESETS[NETWORK][1]["W2"][0].tolist()


def test_another_expression_brings_its_own_inputs(mount):
    view = mount(ComputationGraph(PRESETS))
    view.page.get_by_label("expression").select_option("(x + y)(y + 2)")
    view.settle()
    assert view.page.locator("input[type=number]").count() == 2
    assert view.page.get_by_label("y", exact=True).input_value() == "5"
    view.page.get_by_label("expression").select_option(NETWORK)
    view.settle()
    assert view.page.locator(".band-name").all_text_contents() == ["layer 1", "layer 2", "loss"]
    assert view.close() == {}


def test_an_exception_becomes_text_and_the_picture_stays(mount):
    def build(x, y):
        if y < 0:
            raise ValueError("no logarithm of a negative number")
        return branch(x, y)

    view = mount(ComputationGraph({"log": (build, {"x": 1, "y": 2})}))
    view.page.get_by_role("button", name="to the end").click()
    view.page.get_by_label("y", exact=True).fill("-1")
    view.settle()
    note = view.page.locator(".wt-note")
    assert "no logarithm of a negative number" in note.text_content() and "wt-bad" in note.get_attribute("class")
    assert node(view, "f =").locator(".value").text_content() == "12"
    view.page.get_by_label("y", exact=True).fill("3")
    view.settle()
    assert note.text_content() == "" and node(view, "f =").locator(".value").text_content() == "20"


def test_an_expression_that_never_worked_shows_the_reason(mount):
    def build(x):
        raise NotImplementedError

    view = mount(ComputationGraph({"stub": (build, {"x": 1})}))
    assert read_out(view) == "engine is not written yet."
    view.page.get_by_role("button", name="play").click()
    view.settle()
    assert view.close() == {}


def test_a_wrong_gradient_is_marked_with_a_sign_and_words(mount):
    view = mount(ComputationGraph({"product": (swapped, {"x": 2, "y": 5})}, check=central_differences))
    assert node(view, "x").locator(".verdict").text_content() == ""  # not before its gradient is there
    view.page.get_by_role("button", name="to the end").click()
    assert node(view, "x").locator(".gradient").text_content() == "∂ 2"
    assert node(view, "x").locator(".verdict").text_content() == "✗ should be 5"
    assert node(view, "x").get_attribute("aria-label") == "x, input: value 2, gradient 2, wrong: should be 5"
    note = view.page.locator(".wt-note")
    assert "x: 2, but should be 5" in note.text_content() and "wt-bad" in note.get_attribute("class")


def test_sixty_nodes_are_few_elements_and_follow_the_steps(mount):
    view = mount(ComputationGraph(PRESETS, preset="neurons"), width=900)
    view.page.locator(".node[tabindex='0']").focus()
    most, seen = 0, set()
    for _ in range(len(view.widget.steps) - 1):
        view.page.keyboard.press("ArrowRight")
        seen.add(view.page.locator(".wt-read").text_content())
        most = max(most, view.page.evaluate("() => document.querySelectorAll('svg, svg *').length"))
    assert most <= 500 and len(seen) == len(view.widget.steps) - 1
    inside = """() => { const a = document.querySelector('.wt-picture').getBoundingClientRect(),
        b = document.activeElement.getBoundingClientRect(); return b.left >= a.left && b.right <= a.right; }"""
    assert view.page.evaluate(inside)
    assert view.page.evaluate("() => document.activeElement.getAttribute('aria-label')").startswith("multiply")
    view.page.get_by_label("whole graph").check()
    fits = "() => { const p = document.querySelector('.wt-picture'); return p.scrollWidth <= p.clientWidth; }"
    assert view.page.evaluate(fits)


@pytest.mark.parametrize("preset", PRESETS)
def test_no_text_leaves_its_box_and_no_label_covers_a_node(mount, preset):
    view = mount(ComputationGraph(PRESETS, check=central_differences, preset=preset))
    view.page.get_by_role("button", name="to the end").click()
    view.settle()
    problems = view.page.evaluate(
        """() => { const bad = [], box = (e) => e.getBoundingClientRect();
        for (const g of document.querySelectorAll('.node')) {
          const r = box(g.firstChild);
          for (const t of g.querySelectorAll('text')) {
            const b = box(t);
            if (b.width && (b.left < r.left || b.right > r.right || b.bottom > r.bottom + 1)) bad.push(t.textContent);
          }
        }
        const rects = [...document.querySelectorAll('.labels rect')].map(box);
        const others = [...document.querySelectorAll('.node > rect')].map(box).concat(rects);
        for (const a of rects) for (const b of others) {
          if (a !== b && a.left < b.right - 2 && b.left < a.right - 2 && a.top < b.bottom - 2 && b.top < a.bottom - 2)
            bad.push(['overlap', a.left, a.top, b.left, b.top].join(' '));
        }
        return bad; }"""
    )
    assert problems == []


@LIGHT_AND_DARK
def test_numbers_stand_out_from_the_page(mount, dark):
    view = mount(ComputationGraph(PRESETS), dark=dark)
    view.page.get_by_role("button", name="to the end").click()
    view.settle()
    contrast = view.page.evaluate(
        """() => { const light = (e, what) => {
          const c = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
          c.fillStyle = getComputedStyle(e)[what]; c.fillRect(0, 0, 1, 1);
          const f = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
          const [r, g, b] = c.getImageData(0, 0, 1, 1).data; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
        return [...document.querySelectorAll('.node text')].filter((t) => t.textContent).map((t) => {
          const [a, b] = [light(t, 'fill'), light(t.parentNode.firstChild, 'fill')].sort((p, q) => p - q);
          return (b + 0.05) / (a + 0.05); }); }"""
    )
    assert min(contrast) >= 4.5


def test_python_can_choose_the_step(mount):
    view = mount(ComputationGraph(PRESETS))
    view.widget.step = 3
    view.push()
    assert read_out(view) == "forward step 3 of 3: f = multiply of add and maximum; value 6"
