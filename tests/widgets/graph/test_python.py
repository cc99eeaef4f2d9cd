import itertools
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import isotonic_regression
from traitlets import TraitError

from course_lib.reference.backprop import Tensor
from course_lib.widgets.graph import ComputationGraph, central_differences
from course_lib.widgets.graph_layout import edges, layout, rank, separate
from course_lib.widgets.graph_trace import number, read_trace
from widgets.graph.small import LAYERS, MATRICES, PRESETS, branch, finish, lecture, swapped


def shown(graph):
    """The last gradient that each node shows, by name."""
    nodes = graph.numbers["nodes"]
    return {node["name"]: node["gradients"][-1][1] if node["gradients"] else "" for node in nodes}


def verdicts(graph):
    return {node["name"]: node["verdict"][1] for node in graph.numbers["nodes"]}


def leaf(key, value, grad=None):
    return {"id": key, "operation": "leaf", "label": key, "value": value, "grad": grad, "parents": [], "downstream": []}


def test_the_expression_of_the_lecture_shows_its_known_numbers():
    graph = ComputationGraph(PRESETS)
    assert {node["name"]: node["value"] for node in graph.numbers["nodes"]} == {
        "x": "1", "y": "2", "z": "0", "add": "3", "maximum": "2", "f": "6",
    }  # fmt: skip
    assert shown(graph) == {"x": "2", "y": "3 + 2 = 5", "z": "0", "add": "2", "maximum": "3", "f": "1"}


def test_every_edge_says_upstream_times_local_is_downstream():
    graph = ComputationGraph(PRESETS)
    names = [node["name"] for node in graph.numbers["nodes"]]
    said = {(names[e["source"]], names[e["target"]]): " ".join(e["lines"]) for e in graph.numbers["edges"]}
    assert said["add", "f"] == "1 × 2 = 2"
    assert said["maximum", "f"] == "1 × 3 = 3"
    assert said["y", "maximum"] == "3 × 1 = 3"
    assert said["z", "maximum"] == "3 × 0 = 0"


def test_through_a_matrix_the_signal_comes_back_from_its_own_side():
    def product(W, x):
        return finish(Tensor(W, "W") @ Tensor(x, "x"))

    graph = ComputationGraph({"Wx": (product, {"W": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "x": [[1.0], [2.0]]})})
    assert [edge["lines"][:2] for edge in graph.numbers["edges"]] == [["[1, …]", "× xᵀ"], ["Wᵀ", "× [1, …]"]]


def test_forward_goes_node_by_node_and_backward_in_reverse():
    steps = ComputationGraph(PRESETS).steps
    assert len(steps) == 1 + 3 + 4
    assert steps[3] == "forward step 3 of 3: f = multiply of add and maximum; value 6"
    assert steps[4] == "backward step 1 of 4: the output f starts with the gradient 1"
    assert steps[5] == (
        "backward step 2 of 4: f (multiply); upstream 1. "
        "Local 2, downstream 2 to add. Local 3, downstream 3 to maximum."
    )
    assert steps[7].endswith("y collects 3 + 2 = 5.")


def test_a_gradient_appears_only_when_it_has_arrived():
    y = next(node for node in ComputationGraph(PRESETS).numbers["nodes"] if node["name"] == "y")
    assert [[step, text] for step, text, _ in y["gradients"]] == [[6, "3"], [7, "3 + 2 = 5"]]


def test_the_local_derivative_is_unknown_where_nothing_comes_from_upstream():
    trace = [
        leaf("x", [1.0, 2.0, 3.0], [0.0, 4.0, 6.0]),
        {"id": "f", "operation": "multiply", "label": "f", "value": [1.0, 4.0, 9.0], "grad": [0.0, 2.0, 2.0],
         "parents": ["x"], "downstream": [[0.0, 4.0, 6.0]]},
    ]  # fmt: skip
    edge = ComputationGraph({"twice": (lambda: trace, {})}).numbers["edges"][0]
    assert edge["local"] == "3\n[?, 2, 3]" and edge["lines"] == ["[0, …]", "× [?, …]", "= [0, …]"]


def test_both_contributions_of_a_square_arrive_in_one_step():
    trace = [
        leaf("x", 3.0, 6.0),
        {"id": "f", "operation": "multiply", "label": "f", "value": 9.0, "grad": 1.0, "parents": ["x", "x"],
         "downstream": [3.0, 3.0]},
    ]  # fmt: skip
    graph = ComputationGraph({"square": (lambda: trace, {})})
    assert [text for _, text, _ in graph.numbers["nodes"][0]["gradients"]] == ["3 + 3 = 6"]


def test_an_edited_input_goes_through_the_given_function():
    asked = []
    graph = ComputationGraph({"sum": (lambda x, y: asked.append((x, y)) or branch(x, y), {"x": -2, "y": 5})})
    graph.inputs = {"x": 1.5, "y": 5}
    assert asked == [(-2.0, 5.0), (1.5, 5.0)]
    assert shown(graph)["y"] == "6.5 + 7 = 13.5"


def test_an_array_keeps_its_shape_and_its_kind_of_number():
    seen = {}
    graph = ComputationGraph({"pick": (lambda x, word: seen.update(x=x, word=word) or branch(1.0, 2.0),
                                       {"x": np.ones((2, 3), "f4"), "word": np.array([1, 2])})})  # fmt: skip
    graph.inputs = {**graph.inputs, "word": [0, 2]}
    assert seen["x"].shape == (2, 3) and seen["x"].dtype == np.float64
    assert seen["word"].tolist() == [0, 2] and seen["word"].dtype.kind == "i"


def test_a_question_that_changes_nothing_is_answered_without_computing():
    asked = []
    graph = ComputationGraph({"sum": (lambda x, y: asked.append((x, y)) or branch(x, y), {"x": -2, "y": 5})})
    graph.set_state({"inputs": {"x": -2, "y": 5}, "asked": 1})
    assert graph.answered == 1 and len(asked) == 1
    graph.set_state({"inputs": {"x": 3, "y": 5}, "asked": 2})
    assert graph.answered == 2 and len(asked) == 2


def test_choosing_another_preset_starts_it_once_from_its_own_inputs():
    asked = []
    second = (lambda x, y: asked.append((x, y)) or branch(x, y), {"x": -2, "y": 5})
    graph = ComputationGraph({**PRESETS, "second": second})
    graph.step = 5
    graph.preset = "second"
    assert graph.inputs == {"x": -2, "y": 5} and graph.step == 0
    assert shown(graph)["y"] == "3 + 7 = 10"
    graph.preset = "(x + y)(y + 2)"
    graph.preset = "second"  # with the inputs that are there already
    assert asked == [(-2.0, 5.0)] * 2
    with pytest.raises(TraitError, match="no preset 'other'; there is"):
        graph.preset = "other"


def test_a_wrong_backward_shows_its_own_number_and_is_marked():
    graph = ComputationGraph({"product": (swapped, {"x": 2, "y": 5})}, check=central_differences)
    assert shown(graph)["x"] == "2"
    assert verdicts(graph) == {"x": "✗ should be 5", "y": "✗ should be 2", "f": ""}
    assert graph.status == "Gradient of x: 2, but should be 5. Gradient of y: 5, but should be 2."
    assert "The gradient of x is wrong: should be 5." in graph.steps[-1]


def test_right_gradients_get_a_tick():
    graph = ComputationGraph(PRESETS, check=central_differences, preset="two-layer network")
    assert {name: verdicts(graph)[name] for name in ("W1", "b1", "W2", "b2", "x")} == {
        "W1": "✓", "b1": "✓", "W2": "✓", "b2": "✓", "x": "",
    }  # fmt: skip
    assert graph.status == ""


def test_a_contribution_that_was_overwritten_is_marked_without_any_check():
    def forgetful():
        return [
            leaf("x", 3.0, 1.0),
            {"id": "p", "operation": "multiply", "label": "p", "value": 9.0, "grad": 1.0, "parents": ["x", "x"],
             "downstream": [3.0, 3.0]},
            {"id": "q", "operation": "add", "label": "q", "value": 12.0, "grad": 1.0, "parents": ["p", "x"],
             "downstream": [1.0, 1.0]},
        ]  # fmt: skip

    graph = ComputationGraph({"q": (forgetful, {})})
    assert shown(graph)["x"] == "1"
    assert verdicts(graph)["x"] == "✗ 1 + 3 + 3 = 7 arrived"
    assert graph.status == "Gradient of x: 1, but 1 + 3 + 3 = 7 arrived."


def test_at_a_tie_there_is_no_derivative_and_no_mistake():
    graph = ComputationGraph({"tie": (lecture, {"x": 1, "y": 2, "z": 2})}, check=central_differences)
    assert verdicts(graph)["z"] == "(corner: no derivative)"
    assert verdicts(graph)["x"] == "✓"
    assert graph.status == ""


def test_central_differences_agree_with_torch():
    tensors = {name: torch.tensor(value, requires_grad=True) for name, value in MATRICES.items()}
    hidden = torch.relu(tensors["x"] @ tensors["W1"] + tensors["b1"])
    torch.nn.functional.cross_entropy(hidden @ tensors["W2"] + tensors["b2"], torch.tensor([1])).backward()
    found = central_differences(PRESETS["two-layer network"][0], MATRICES)
    for name, tensor in tensors.items():
        np.testing.assert_allclose(found[name], tensor.grad.numpy(), rtol=1e-6, atol=1e-9)


def test_the_learners_exception_becomes_text_and_the_last_picture_stays():
    def build(x):
        if x < 0:
            raise ValueError("log of a negative number")
        return branch(x, 1.0)

    graph = ComputationGraph({"log": (build, {"x": 1})})
    before = graph.numbers, graph.drawing
    graph.inputs = {"x": -1}
    assert (graph.numbers, graph.drawing) == before
    assert graph.failed
    assert graph.status == (
        "Your engine raised ValueError: log of a negative number The picture shows the last inputs that worked."
    )
    graph.inputs = {"x": 2}
    assert not graph.failed and graph.status == ""


def test_an_engine_that_is_not_written_yet_is_said_so():
    def build(x):
        raise NotImplementedError

    graph = ComputationGraph({"stub": (build, {"x": 1})})
    assert graph.status == "engine is not written yet."
    assert "not written yet" in graph.still() and graph.steps == []


@pytest.mark.parametrize(
    "trace, message",
    [
        ([], "the trace has no nodes"),
        (None, "the trace is NoneType, not a list of dicts"),
        ([{**leaf("a", 1.0), "parents": ["b"]}], "node a names the parent b, which is not in the trace"),
        ([{**leaf("a", 1.0), "parents": ["b"]}, {**leaf("b", 1.0), "parents": ["a"]}], "form a circle"),
        ([leaf("b", 1.0), {**leaf("a", 1.0), "parents": ["b"], "downstream": [1.0, 2.0]}],
         "node a has 1 parents and 2 entries of 'downstream'"),
    ],
)  # fmt: skip
def test_a_trace_that_is_no_graph_is_refused_with_a_reason(trace, message):
    assert message in ComputationGraph({"bad": (lambda: trace, {})}).status


def test_a_check_that_raises_leaves_the_graph_and_says_so():
    graph = ComputationGraph(PRESETS, check=lambda build, inputs: {}["nothing"])
    assert graph.status.startswith("The gradients were not checked: ")
    assert graph.numbers["nodes"]


def test_a_trace_in_any_order_is_drawn_in_topological_order():
    nodes = read_trace(lecture(1.0, 2.0, 0.0)[::-1])
    assert nodes[-1].name == "f"
    assert all(parent < child for parent, child, _ in edges([node.parents for node in nodes]))


def test_without_gradients_there_are_only_forward_steps():
    trace = [dict(row, grad=None, downstream=[None] * len(row["parents"])) for row in lecture(1.0, 2.0, 0.0)]
    graph = ComputationGraph({"forward": (lambda: trace, {})})
    assert len(graph.steps) == 4
    assert graph.status == "There are no gradients yet: the output's grad is None."


def test_a_large_array_is_shown_by_its_shape():
    trace = [{**leaf("W", None), "shape": [300, 10]}, {**leaf("s", 1.0, 1.0), "parents": ["W"], "downstream": [None]}]
    graph = ComputationGraph({"large": (lambda: trace, {})})
    assert graph.numbers["nodes"][0]["title"] == "W  300×10"
    assert "too large to show" in graph.numbers["nodes"][0]["all"]


@pytest.mark.parametrize(
    "value, text",
    [(0, "0"), (-0.0, "0"), (2, "2"), (-1.5, "−1.5"), (0.123456, "0.123"), (1234.5, "1234"), (999.7, "1000"),
     (1.5e-7, "1.5e−7"), (123456, "1.23e5"), (float("nan"), "NaN"), (float("-inf"), "−∞")],
)  # fmt: skip
def test_numbers_have_three_significant_digits(value, text):
    assert number(value) == text


def test_a_label_cannot_put_markup_into_the_picture():
    trace = [dict(row, label=row["label"] and f"<b>{row['label']}&") for row in lecture(1.0, 2.0, 0.0)]
    graph = ComputationGraph({"markup": (lambda: trace, {})})
    assert "<b>" not in graph.drawing["svg"] and "&lt;b&gt;x&amp;" in graph.drawing["svg"]


# ---- the layout


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 25))
    parents = [[]]
    for i in range(1, size):
        parents.append(draw(st.lists(st.integers(0, i - 1), max_size=3)))
    boxes = [(draw(st.integers(40, 160)), draw(st.sampled_from([40, 55, 70]))) for _ in parents]
    labels = [(draw(st.integers(0, 120)), draw(st.sampled_from([13, 28, 43]))) for _ in edges(parents)]
    return parents, boxes, labels


def overlapping(boxes):
    for (x0, y0, w0, h0), (x1, y1, w1, h1) in itertools.combinations(boxes, 2):
        if abs(x0 - x1) < (w0 + w1) / 2 - 1e-6 and abs(y0 - y1) < (h0 + h1) / 2 - 1e-6:
            return True
    return False


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_in_any_graph_no_box_and_no_label_covers_another(graph):
    parents, sizes, labels = graph
    plan = layout(parents, sizes, labels)
    boxes = [(x, y, *size) for (x, y), size in zip(plan.nodes, sizes, strict=True)]
    boxes += [(x, y, *size) for (x, y), size in zip(plan.labels, labels, strict=True)]
    assert not overlapping(boxes)
    assert all(w / 2 <= x <= plan.width - w / 2 and h / 2 <= y <= plan.height - h / 2 for x, y, w, h in boxes)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_every_edge_goes_to_the_right(graph):
    parents, _, _ = graph
    ranks = rank(parents, [0] * len(parents))
    assert all(ranks[parent] < ranks[child] for parent, child, _ in edges(parents))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-500, 500), st.integers(1, 5)), min_size=1, max_size=12))
def test_boxes_are_pushed_apart_with_least_squares(wanted):
    centres, weights = zip(*wanted, strict=True)
    ours = separate(centres, [30] * len(centres), 10, weights)
    offsets = 40.0 * np.arange(len(centres))
    theirs = isotonic_regression(np.array(centres) - offsets, sample_weight=np.array(weights, float)) + offsets
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_a_tree_is_drawn_without_a_crossing():
    parents = [[], [], [], [], [0, 3], [1, 2], [4, 5]]  # its leaves come in an order that would cross
    plan = layout(parents, [(60, 40)] * 7, [(50, 13)] * 6)
    ys = [y for _, y in plan.nodes]
    assert (ys[0] < ys[1]) == (ys[0] < ys[2]) == (ys[3] < ys[1]) == (ys[3] < ys[2])


def test_a_network_is_drawn_layer_by_layer():
    graph = ComputationGraph(PRESETS, preset="two-layer network")
    root = ElementTree.fromstring(graph.drawing["svg"])
    bands = [e for e in root if e.get("class") == "band"]
    names = [e.text for e in root if e.get("class") == "band-name"]
    assert names == ["layer 1", "layer 2", "loss"]
    ends = [(float(b.get("x")), float(b.get("x")) + float(b.get("width"))) for b in bands]
    assert all(left[1] < right[0] for left, right in itertools.pairwise(ends))
    places = [float(re.search(r"[\d.]+", e.get("transform"))[0]) for e in root if "node" in e.get("class", "")]
    for node, x in zip(graph.numbers["nodes"], places, strict=True):
        if node["name"] in LAYERS:
            left, right = ends[names.index(LAYERS[node["name"]])]
            assert left < x < right


def test_the_picture_keeps_still_while_a_number_changes_a_little():
    graph = ComputationGraph(PRESETS)
    before = graph.drawing
    graph.inputs = {"x": 3, "y": 2, "z": 0}
    assert graph.drawing == before and shown(graph)["f"] == "1"


# ---- what stays when the kernel is gone


def test_the_still_picture_shows_the_finished_graph_with_its_numbers():
    from urllib.parse import unquote

    still = ComputationGraph(PRESETS).still()
    assert len(still) < 50_000
    assert 'alt="Computation graph: (x + y) · max(y, z). x = 1, gradient 2; y = 2, gradient 3 + 2 = 5;' in still
    picture = ElementTree.fromstring(unquote(re.search('src="data:image/svg[+]xml,([^"]*)"', still)[1]))
    texts = [e.text for e in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"∂ 3 + 2 = 5", "1 × 2 = 2", "f = ×", "6"} <= set(texts)


def test_sixty_nodes_stay_small():
    graph = ComputationGraph(PRESETS, preset="neurons")
    assert len(graph.numbers["nodes"]) == 60
    assert len(list(ElementTree.fromstring(graph.drawing["svg"]).iter())) < 450
    assert len(graph.still()) < 50_000
