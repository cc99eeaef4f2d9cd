"""`course check` and check(...) in a notebook say the same of every notebook: a table, each row run both ways.

A row is a list of cells. The cell that begins with `#answer` is the exercise's, as the course marked it; a row is added
by writing it down.
"""

import queue
import sqlite3

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

from course_lib.grading.notebook import grade
from course_lib.lesson.script import find

RIGHT = "#answer\ndef normalise_rows(matrix):\n    return matrix / matrix.sum(axis=1, keepdims=True)"
WRONG = "#answer\ndef normalise_rows(matrix):\n    return matrix / matrix.sum()"
STUB = '#answer\ndef normalise_rows(matrix):\n    raise NotImplementedError("write normalise_rows here")'
USES = "#answer\ndef normalise_rows(matrix):\n    return {}"
TOTAL = "def total(m):\n    return m.sum(1)[:, None]"
USES_TOTAL = USES.format("matrix / total(matrix)")
BY_AXIS = USES.format("matrix / matrix.sum(AXIS)[:, None]")
CHECK = "normalise_rows = check(normalise_rows)"

TABLE = {
    "right": ("passed", RIGHT, CHECK),
    "wrong": ("wrong", WRONG, CHECK),
    "a stub": ("not written", STUB, CHECK),
    "an error": ("raises", USES.format("1 / 0"), CHECK),
    "the course's own": ("not written", "#answer\nfrom course_lib.reference.start_here import normalise_rows", CHECK),
    "a helper above": (
        "passed",
        TOTAL,
        USES_TOTAL,
        CHECK,
    ),
    "a helper between answer and check": (
        "passed",
        USES_TOTAL,
        TOTAL,
        CHECK,
    ),
    "a helper below the check": (
        "raises",
        USES_TOTAL,
        CHECK,
        TOTAL,
    ),
    "a second version below": ("passed", WRONG, RIGHT.removeprefix("#answer\n"), CHECK),
    "a worse version below": ("wrong", RIGHT, WRONG.removeprefix("#answer\n"), CHECK),
    "a better version below the check": ("wrong", WRONG, CHECK, RIGHT.removeprefix("#answer\n")),
    "a name from if": (
        "passed",
        "if True:\n    AXIS = 1\nelse:\n    AXIS = 0",
        BY_AXIS,
        CHECK,
    ),
    "a name from try": (
        "passed",
        "try:\n    import no_such_module as xp\nexcept ImportError:\n    import numpy as xp",
        USES.format("xp.asarray(matrix) / xp.sum(matrix, axis=1, keepdims=True)"),
        CHECK,
    ),
    "a name from with": (
        "passed",
        "import contextlib\nwith contextlib.nullcontext(1) as AXIS:\n    pass",
        BY_AXIS,
        CHECK,
    ),
    "a name from for": (
        "passed",
        "for AXIS in range(2):\n    pass",
        BY_AXIS,
        CHECK,
    ),
    "a name from while": (
        "passed",
        "AXIS = 0\nwhile AXIS < 1:\n    AXIS += 1",
        BY_AXIS,
        CHECK,
    ),
    "a name from :=": ("passed", "print(AXIS := 1)", BY_AXIS, CHECK),
    "a dict that is updated": (
        "passed",
        "options = {}",
        "options.update(axis=1, keepdims=True)",
        USES.format("matrix / matrix.sum(**options)"),
        CHECK,
    ),
    "an entry that is set": (
        "passed",
        "options = {'keepdims': True}\noptions['axis'] = 1",
        USES.format("matrix / matrix.sum(**options)"),
        CHECK,
    ),
    "a lambda": ("passed", "#answer\nnormalise_rows = lambda m: m / m.sum(1, keepdims=True)", CHECK),
    "a partial": (
        "passed",
        "#answer\nfrom functools import partial\n\ndef divided(axis, m):\n    return m / m.sum(axis, keepdims=True)\n\n"
        "normalise_rows = partial(divided, 1)",
        CHECK,
    ),
    "a decorated function": (
        "passed",
        "def timed(f):\n    def inner(*a):\n        return f(*a)\n    return inner",
        RIGHT.replace("#answer\n", "#answer\n@timed\n"),
        CHECK,
    ),
    "await at the top": (
        "passed",
        "import asyncio\nAXIS = await asyncio.sleep(0, 1)",
        BY_AXIS,
        CHECK,
    ),
    "await in the answer's cell": ("passed", RIGHT + "\n\nimport asyncio\nawait asyncio.sleep(0)", CHECK),
    "a magic inside a block": (
        "passed",
        "if True:\n    %pwd\n    AXIS = 1",
        BY_AXIS,
        CHECK,
    ),
    "a timed cell": ("passed", "%%time\nAXIS = 1", BY_AXIS, CHECK),
    "from __future__ in an earlier cell": (
        "passed",
        "from __future__ import annotations",
        RIGHT.replace("(matrix)", "(matrix: no_such_name) -> nor_this", 1),
        CHECK,
    ),
    "a class that holds it": (
        "passed",
        "class Rows:\n    def normalise(self, m):\n        return m / m.sum(1, keepdims=True)",
        "#answer\nnormalise_rows = Rows().normalise",
        CHECK,
    ),
    "a cell in which a later line fails": ("passed", RIGHT + "\n\n1 / 0", CHECK),
    "the check twice": ("passed", WRONG, CHECK, RIGHT.removeprefix("#answer\n"), CHECK),
    "the check in the answer's cell": ("passed", RIGHT + "\n\n" + CHECK),
    "a result looked at first": ("passed", RIGHT, "import numpy as np\nnormalise_rows(np.ones((2, 2)))", CHECK),
}


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel()
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def _in_a_kernel(client, cells, work) -> str:
    """What check(...) says of the cells in a kernel; a course's own version or no call at all is not written."""
    start = f"%reset -f\nimport os\nos.environ['COURSE_WORK'] = {str(work)!r}\nfrom course_lib import check"
    for cell in (start, *cells):
        number = client.execute(cell, allow_stdin=False, stop_on_error=False)
        while True:
            try:
                reply = client.get_shell_msg(timeout=60)
            except queue.Empty:
                pytest.fail(f"the kernel does not answer to {cell!r}")
            if reply["parent_header"].get("msg_id") == number:
                break
    path = work / "progress.sqlite"
    if not path.exists():
        return "not written"
    record = sqlite3.connect(path)
    rows = record.execute("SELECT status FROM attempts ORDER BY id").fetchall()
    record.close()
    return rows[-1][0]


def _by_course_check(cells, work) -> str:
    made = []
    for source in cells:
        made.append(nbformat.v4.new_code_cell(source))
        if source.startswith("#answer"):
            made[-1].metadata["course"] = {"exercise": "normalise_rows", "lesson": "00_start_here", "sha": "0"}
    path = work / "00_start_here.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)
    lesson = find("start_here")
    return {one.exercise: one.status.value for one in grade(path, lesson, 10.0)}["normalise_rows"]


@pytest.mark.parametrize("name", TABLE)
def test_a_notebook_is_judged_as_in_a_kernel(name, kernel, work_folder):
    wanted, *cells = TABLE[name]
    assert _in_a_kernel(kernel, cells, work_folder) == wanted
    assert _by_course_check(cells, work_folder) == wanted


def test_where_a_kernel_comes_to_no_verdict_course_check_says_why(kernel, work_folder):
    cells = ["#answer\ndef normalise_rows(matrix)\n    return matrix", CHECK]
    assert _in_a_kernel(kernel, cells, work_folder) == "not written"  # for the name does not exist
    assert _by_course_check(cells, work_folder) == "raises"
