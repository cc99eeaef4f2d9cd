"""`course check`: whatever a learner's notebook does, every exercise gets one clear line."""

import ast
import os
import sys
import time
from pathlib import Path

import nbformat
import pytest

from course_lib.desk import progress
from course_lib.editions.notebook import build, dumps
from course_lib.grading import cells as cells_of_a_notebook
from course_lib.grading.notebook import grade
from course_lib.lesson.errors import CourseError
from course_lib.lesson.script import ExerciseEntry, Lesson, find, lessons

ONE_HOT = """
import numpy as np

def one_hot(words, vocabulary):
    result = np.zeros((len(words), len(vocabulary)))
    for row, word in enumerate(words):
        if word in vocabulary:
            result[row, vocabulary.index(word)] = 1
    return result
"""
COSINE = """
def cosine_similarity(u, v):
    lengths = np.sqrt((u @ u) * (v @ v))
    return float(u @ v / lengths) if lengths else 0.0
"""
PPMI_STUB = 'def ppmi(counts):\n    raise NotImplementedError("write ppmi here")\n'


def notebook(folder: Path, *cells: str | tuple[str, str]) -> Path:
    """A notebook file with these code cells; a pair is (source, name of the exercise in the metadata)."""
    made = nbformat.v4.new_notebook()
    made.cells.append(nbformat.v4.new_markdown_cell("# A lesson"))
    for cell in cells:
        source, name = cell if isinstance(cell, tuple) else (cell, None)
        made.cells.append(nbformat.v4.new_code_cell(source))
        if name:
            made.cells[-1].metadata["course"] = {"exercise": name}
    path = folder / "01_words.ipynb"
    nbformat.write(made, path)
    return path


def lesson(*names: str) -> Lesson:
    entries = tuple(ExerciseEntry(name, 1, 5) for name in names)
    return Lesson("01", "words", Path("01_words.py"), "Words", "Words", ["count"], [], 5, [], entries, ())


def results(path: Path, *names: str, time_limit: float = 20.0) -> dict[str, tuple[str, str]]:
    return {one.exercise: (one.status.value, one.message) for one in grade(path, lesson(*names), time_limit)}


def statuses(path: Path, *names: str, time_limit: float = 20.0) -> dict[str, str]:
    return {name: status for name, (status, _) in results(path, *names, time_limit=time_limit).items()}


def test_right_wrong_unwritten_and_missing_exercises_are_told_apart_and_nothing_is_recorded(work_folder):
    path = notebook(
        work_folder,
        (ONE_HOT, "one_hot"),
        ("def cosine_similarity(u, v):\n    return float(u @ v)", "cosine_similarity"),
        (PPMI_STUB, "ppmi"),
    )
    before = path.read_bytes()
    found = results(path, "one_hot", "cosine_similarity", "ppmi", "nearest")
    assert found["one_hot"] == ("passed", "Passed.")
    assert found["cosine_similarity"][0] == "wrong"
    assert found["cosine_similarity"][1].startswith("It looks as if")
    assert found["ppmi"][0] == "not written"
    assert found["nearest"][0] == "missing" and "course update" in found["nearest"][1]
    assert path.read_bytes() == before
    assert progress.summary() == {}  # who keeps a result is the caller's business


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        ("def one_hot(words, vocabulary):\n    while True: pass", "raises", "does not come to an end"),
        ("def one_hot(words, vocabulary):\n    return sum(iter(int, 1))", "raises", "takes longer than 1 seconds"),
        ("while True: pass\ndef one_hot(words, vocabulary): return None", "raises", "takes longer than 1 seconds"),
        ("import sys\ndef one_hot(words, vocabulary):\n    sys.exit(3)", "raises", "SystemExit: 3"),
        ("import os\ndef one_hot(words, vocabulary):\n    os._exit(0)", "raises", "ends Python itself (exit code 0)"),
        ("raise SystemExit", "raises", "SystemExit"),
        ("def one_hot(words, vocabulary):\n    return [input()]", "raises", "input() asks a question"),
        (
            "def one_hot(words, vocabulary)\n    return []",
            "raises",
            "line 1 of its cell: `def one_hot(words, vocabulary)`",
        ),
        ("def one_hot(words, vocabulary):\n    return [[0] * 10**15]", "raises", "MemoryError"),
        ("def my_one_hot(words, vocabulary):\n    return []", "not written", "defines no `one_hot`"),
        ("", "not written", "defines no `one_hot`"),
        ("raise NotImplementedError", "not written", "Not written yet."),
        ("x = 1 / 0", "raises", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_hopeless_answer_gets_one_line_and_the_next_exercise_is_still_checked(work_folder, answer, status, words):
    path = notebook(work_folder, "import numpy as np", (answer, "one_hot"), (COSINE, "cosine_similarity"))
    found = results(path, "one_hot", "cosine_similarity", time_limit=1)
    assert found["one_hot"][0] == status
    assert words in found["one_hot"][1] and "\n" not in found["one_hot"][1]
    assert found["cosine_similarity"][0] == "passed"


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_a_crash_of_python_and_a_kill_are_named(work_folder):
    crash = "import os, signal\ndef one_hot(*_):\n    os.kill(os.getpid(), signal.SIGSEGV)"
    kill = "import os, signal\ndef ppmi(*_):\n    os.kill(os.getpid(), signal.SIGKILL)"
    found = results(notebook(work_folder, (crash, "one_hot"), (kill, "ppmi")), "one_hot", "ppmi")
    assert found == {
        "one_hot": ("raises", "It crashes Python itself (SIGSEGV)."),
        "ppmi": ("raises", "It was ended by the system, most likely for want of memory."),
    }


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process in this way")
def test_a_memory_hog_is_stopped_before_the_machine_swaps(work_folder):
    hog = "def one_hot(*_):\n    kept = []\n    while True:\n        kept.append(np.zeros(2**27))"
    found = results(notebook(work_folder, "import numpy as np", (hog, "one_hot")), "one_hot")
    assert found["one_hot"][0] == "raises" and "Memory" in found["one_hot"][1]


def test_nothing_that_the_answer_prints_disturbs_the_results(work_folder):
    noisy = ONE_HOT + "\nimport os\nprint('{\"result\": 1}', flush=True)\nos.write(1, b'junk')\nos.write(2, b'junk')\n"
    assert statuses(notebook(work_folder, (noisy, "one_hot")), "one_hot") == {"one_hot": "passed"}


def test_a_failed_exercise_is_replaced_by_the_course_s_for_the_next_ones(work_folder):
    uses_it = """
def nearest(word, k, vectors, vocabulary):
    at = vocabulary.index(word)
    scores = [cosine_similarity(vectors[at], row) for row in vectors]
    order = sorted(range(len(vocabulary)), key=lambda i: (-scores[i], i))
    return [vocabulary[i] for i in order if i != at][:k]
"""
    cells = ("import numpy as np", ("def cosine_similarity(u, v):\n    return 0.5", "cosine_similarity"))
    found = results(notebook(work_folder, *cells, (uses_it, "nearest")), "cosine_similarity", "nearest")
    assert found["cosine_similarity"][0] == "wrong"
    assert "cosine_similarity" not in found["nearest"][1], found["nearest"]


def test_a_cell_that_lost_its_metadata_is_found_by_the_name_it_defines(work_folder):
    path = notebook(work_folder, (PPMI_STUB, "ppmi"), ONE_HOT)
    assert statuses(path, "one_hot", "ppmi") == {"one_hot": "passed", "ppmi": "not written"}


def test_an_answer_in_a_cell_of_its_own_counts_instead_of_the_untouched_stub(work_folder):
    stub = "def one_hot(words, vocabulary):\n    raise NotImplementedError"
    assert statuses(notebook(work_folder, (stub, "one_hot"), ONE_HOT), "one_hot") == {"one_hot": "passed"}


def test_definitions_and_needed_constants_run_but_plots_and_trainings_do_not(work_folder, tmp_path):
    trace = tmp_path / "trace"
    cells = (
        "from course_lib import check, hint, solution\nimport numpy as np\nimport no_such_module",
        f"open({str(trace)!r}, 'w').write('a plot')\nmodel = open({str(trace)!r}, 'w')",
        "SIZES = {'rows': 1}\nDTYPE = np.dtype(float)\nZERO = np.zeros(1, DTYPE)[0]",
        "def filled(rows, columns):\n    model = ZERO\n    return np.full((rows, columns), model)",
        (ONE_HOT.replace("np.zeros((len(words), len(vocabulary)))", "filled(len(words), len(vocabulary))"), "one_hot"),
        "one_hot = check(one_hot)",
        "hint(one_hot)",
    )
    assert statuses(notebook(work_folder, *cells), "one_hot") == {"one_hot": "passed"}
    assert not trace.exists()


def test_a_needed_cell_that_hangs_is_left_out_and_named(work_folder):
    cells = (
        "import numpy as np",
        "import time\nSLOW = time.sleep(60)",
        (ONE_HOT + "SLOW\n", "one_hot"),
        ("def cosine_similarity(u, v):\n    return SLOW", "cosine_similarity"),
    )
    path = notebook(work_folder, *cells)
    found = {one.exercise: one for one in grade(path, lesson("one_hot", "cosine_similarity"), 0.5)}
    assert found["one_hot"].status.value == "passed"
    assert "NameError" in found["cosine_similarity"].message
    assert "`import time` was left out. It takes longer than 0.5 seconds." in found["cosine_similarity"].details[-1]


def test_magics_and_shell_lines_are_no_obstacle(work_folder):
    cells = (
        "%matplotlib inline\n!ls\nfiles = !ls\nimport numpy as np",
        ("%%time\n" + ONE_HOT + "%timeit 1\n", "one_hot"),
    )
    assert statuses(notebook(work_folder, *cells), "one_hot") == {"one_hot": "passed"}


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("x = 1\n%time y = 2\nz = 3", "x = 1\n\nz = 3"),
        ("%%time\nx = 1", "#\nx = 1\n"),
        ("%%bash\nrm -r everything", "\n"),
        ("files = !ls\nx = 1", "\nx = 1\n"),
        ("if True:\n    %time y = 2\n    x = 1\n", "if True:\n    pass\n    x = 1"),
        ("broken(", None),
    ],
)
def test_a_cell_is_read_without_magic_and_keeps_its_line_numbers(source, plain):
    cell = cells_of_a_notebook.read(source)
    if plain is None:
        assert isinstance(cell.error, SyntaxError) and cell.body == []
        return
    wanted = ast.parse(plain).body
    found = [node for node in cell.body if not isinstance(node, ast.Pass)]
    assert [(ast.dump(node), node.lineno) for node in found] == [(ast.dump(node), node.lineno) for node in wanted]


def _needed(*sources: str, answer: str) -> set[str]:
    read = cells_of_a_notebook.read
    return cells_of_a_notebook.needed_names([*map(read, sources), read(answer, "answer")])


def test_the_names_that_an_answer_needs_are_followed_to_what_makes_them():
    needed = _needed(
        "a = 1\nb = a + 1\nlosses = train()",
        "def f(x=b):\n    inner = c\n    return inner",
        "c, d = g()\nh = [q for q in r]",
        "def plot():\n    draw(losses)",
        answer="def answer():\n    return f()",
    )
    assert {"f", "a", "b", "c", "g"} <= needed
    assert not {"losses", "train", "draw", "q", "r"} & needed


@pytest.mark.parametrize("name", [one.name for one in lessons()])
def test_the_answers_of_a_lesson_need_no_loop_and_no_training(name):
    made = [cell for cell in build(find(name), "solutions").cells if cell.cell_type == "code"]
    read = [cells_of_a_notebook.read(cell.source, cell.metadata.course.get("exercise")) for cell in made]
    needed = cells_of_a_notebook.needed_names(read)
    run = [node for cell in read if not cell.exercise for node in cell.body if cells_of_a_notebook.runs(node, needed)]
    assert run
    assert not [ast.unparse(node) for node in run if isinstance(node, (ast.For, ast.While, ast.With, ast.Expr))]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("if x:\n    a = 1\nelse:\n    b = 2", {"a", "b"}),
        ("try:\n    import numpy as xp\nexcept ImportError:\n    xp = None", {"xp"}),
        ("with open(f) as a:\n    b = a.read()", {"a", "b"}),
        ("for i in range(3):\n    total += i", {"i", "total"}),
        ("print(n := 3)", {"n"}),
        ("table.update(x=1)", {"table"}),
        ("table[0].b = 1", {"table"}),
        ("print(words)", set()),
        ("def f():\n    inner = 1", {"f"}),
        ("import a.b, c as d", {"a", "d"}),
    ],
)
def test_what_a_statement_binds_or_may_change(source, names):
    [node] = ast.parse(source).body
    assert cells_of_a_notebook.bound(node) - {""} == names


@pytest.mark.parametrize("content", ["no notebook", "{}", '{"cells": 3, "nbformat": 4, "nbformat_minor": 5}', ""])
def test_a_file_that_is_no_notebook_is_one_clear_line(work_folder, content):
    path = work_folder / "01_words.ipynb"
    path.write_text(content)
    with pytest.raises(CourseError, match=r"01_words\.ipynb is no notebook .*course update") as caught:
        list(grade(path, lesson("one_hot")))
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_how_to_make_it(work_folder):
    with pytest.raises(CourseError, match="course start"):
        list(grade(work_folder / "01_words.ipynb", lesson("one_hot")))


@pytest.mark.skipif(os.name != "posix", reason="looks at processes as POSIX shows them")
def test_what_the_answer_starts_ends_with_the_check(work_folder):
    starts = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"
    tell = f"from pathlib import Path\nPath({str(work_folder / 'pid')!r}).write_text(str(started.pid))\n"
    path = notebook(work_folder, (starts.replace("subprocess.P", "started = subprocess.P") + tell + ONE_HOT, "one_hot"))
    assert statuses(path, "one_hot") == {"one_hot": "passed"}
    pid = int((work_folder / "pid").read_text())
    for _ in range(50):
        state = Path(f"/proc/{pid}/stat")
        if (state.exists() and state.read_text().split()[2] == "Z") or not _alive(pid):
            return
        time.sleep(0.1)
    pytest.fail("the process that the answer started is still running")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("real", lessons(), ids=lambda one: one.name)
def test_the_solutions_of_a_lesson_pass_and_its_stubs_are_not_written(work_folder, real):
    path = work_folder / f"{real.name}.ipynb"
    for edition, status in (("solutions", "passed"), ("learner", "not written")):
        path.write_text(dumps(build(real, edition)), encoding="utf-8")
        found = {one.exercise: one.status.value for one in grade(path, real)}
        assert found == {entry.name: status for entry in real.exercises}
