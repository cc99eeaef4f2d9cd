"""The graph's pure functions in Node."""

from widgets.node import node


def test_a_number_in_nested_lists_is_found_and_replaced():
    rows = [[1, 2], [3, 4]]
    assert node(
        "graph",
        ["paths", rows],
        ["at", rows, [1, 0]],
        ["replaced", rows, [0, 1], 9],
        ["paths", 5],
        ["replaced", 5, [], 7],
    ) == [[[0, 0], [0, 1], [1, 0], [1, 1]], 3, [[1, 9], [3, 4]], [[]], 7]


def test_a_gradient_reads_as_it_was_after_the_last_step_reached():
    rows = [[6, "3"], [7, "3 + 2 = 5"]]
    assert node("graph", *(["reached", rows, step] for step in (5, 6, 9))) == [None, rows[0], rows[1]]


def test_the_picture_scrolls_to_a_node_but_not_beyond_its_ends():
    asked = [["scrolled", left, 100, 400, 1000] for left in (0, 500, 950)]
    assert node("graph", *asked) == [0, 350, 600]
