"""The widgets' pure functions in Node: arithmetic that needs no browser."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from scipy.spatial import cKDTree

from course_lib.widgets import CooccurrenceWindow
from course_lib.widgets.base import browser_code

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(
    NODE is None, reason="Node is not installed: the widgets' functions run in browser tests only"
)

CALL = """
import { readFileSync } from 'node:fs';
const { code, calls } = JSON.parse(readFileSync(0, 'utf8'));
const module = await import('data:text/javascript;base64,' + Buffer.from(code).toString('base64'));
const plain = (_, v) => (ArrayBuffer.isView(v) ? [...v] : v);
console.log(JSON.stringify(calls.map(([name, ...arguments_]) => module[name](...arguments_)), plain));
"""


def node(name, *calls):
    """Call exported functions of a widget's module: node("window", ["pairs", ...], ...) -> what each returned."""
    text = json.dumps({"code": browser_code(name)[0], "calls": calls})
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", CALL], input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_browser_counts_what_python_counts():
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(9)]
    text = [[words[i] for i in rng.integers(0, 9, size=n)] for n in (1, 2, 7, 12)]
    for size in (1, 3, 5):
        widget = CooccurrenceWindow(text, vocabulary=words[:7], window=size)
        [pairs] = node("window", ["pairs", text, words[:7], size])
        counts, half = node("window", ["counts", pairs, len(pairs), 7], ["counts", pairs, 5, 7])
        np.testing.assert_array_equal(np.reshape(counts, (7, 7)), widget.counts())
        assert sum(half) == min(5, len(pairs))


def test_the_first_sentence_is_read_in_order():
    [pairs] = node("window", ["pairs", [["a", "b"], [], ["b", "a", "b"]], ["a", "b"], 1])
    assert pairs == [
        [0, 0, 1, 0, 1],
        [0, 1, 0, 1, 0],
        [2, 0, 1, 1, 0],
        [2, 1, 0, 0, 1],
        [2, 1, 2, 0, 1],
        [2, 2, 1, 1, 0],
    ]
    starts, sources = node("window", ["starts", pairs, 3], ["sources", pairs, 5, 0, 1])
    assert starts == [0, 2, 2, 6]
    assert sources == [pairs[0], pairs[3], pairs[4]]


def test_numbers_are_written_shortly():
    assert node("window", *(["number", value] for value in (2, 0.5, 1 / 3))) == ["2", "0.5", "0.333"]


def test_the_point_under_the_pointer_is_the_nearest_one():
    xy = np.random.default_rng(0).normal(size=(50, 2))
    expected = cKDTree(xy).query([0.1, 0.2])[1]
    flat = xy.ravel().tolist()
    assert node("embedding", ["closest", flat, 0.1, 0.2], ["closest", flat, 99, 99, 5]) == [int(expected), -1]


def test_an_arrow_key_goes_to_the_next_point_ahead():
    xy = [0, 0, 2, 0.1, 1, 5, -1, 0, 3, 0]
    directions = [[1, 0], [-1, 0], [0, 1], [0, -1]]
    assert node("embedding", *(["towards", xy, 0, *way] for way in directions)) == [1, 3, 2, 0]


def test_labels_never_overlap_and_try_their_places_in_turn():
    same, other = [0, 0, 10, 10], [20, 0, 10, 10]
    assert node("embedding", ["labels", [[same], [same, other], [other], []]]) == [[same, other, None, None]]
    assert node("embedding", ["labels", [[same], [other]], 1]) == [[same, None]]


def test_suggestions_ignore_capitals_and_keep_the_order():
    words = ["Paris", "park", "the", "part", "pa"]
    assert node("embedding", ["suggest", words, "PAR", 2], ["suggest", words, ""]) == [["Paris", "park"], []]
