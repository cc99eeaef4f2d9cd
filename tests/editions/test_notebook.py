import os
import re
import subprocess
import sys

import nbformat
import pytest
from fake_course import FakeCourse

from course_lib.editions.notebook import build, dumps
from course_lib.lesson.errors import BuildError
from course_lib.lesson.marks import CHECK_OUTPUT, fingerprint

REFERENCE = '''
import math
from collections import Counter


def tokens(text: str) -> list[str]:
    """Split a text."""
    return text.split()


def count(text: str) -> Counter:
    """Count the words of a text."""
    return Counter(tokens(text))


def entropy(text: str) -> float:
    """Entropy of the words of a text."""
    counts = count(text)
    # BEGIN SOLUTION
    total = sum(counts.values())
    # END SOLUTION
    return -sum(n / total * math.log2(n / total) for n in counts.values())
'''

SCRIPT = """
# %% [markdown]
# ## Words
# cat and dog
# %%
def check(function):
    return function
# %% tags=["show"]
from course_lib.reference.counting import tokens
# %%
print(tokens("a rose is"))
print()
print("  indented")
#> ['a', 'rose', 'is']
#>
#>   indented
# %% [markdown]
# ### Exercise · count · ●●○ · 10 minutes
# Count words.
# %% tags=["exercise"]
from course_lib.reference.counting import count
# %%
count = check(count)
# %% [markdown] tags=["solution"]
# Counter does it.
# %% tags=["solution"]
print(count("a b a"))
# %%
# ls
check(3)
# %% [markdown]
# ## Words
# cat and dog
"""
EXERCISE = """
# %% [markdown]
# ### Exercise · count · ●●○ · 10 minutes
# %% tags=["exercise"]
from course_lib.reference.counting import count
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    course = FakeCourse(tmp_path, monkeypatch)
    course.reference(REFERENCE)
    return course


def _cell(notebook, name):
    return next(cell for cell in notebook.cells if cell.id == name)


def test_the_learners_edition_has_stubs_and_the_solutions_edition_sources(course):
    lesson = course.lesson(SCRIPT)
    learner, solutions = build(lesson), build(lesson, "solutions")
    assert 'raise NotImplementedError("write count here")' in _cell(learner, "count").source
    assert "return Counter(tokens(text))" in _cell(solutions, "count").source
    shown = 'def tokens(text: str) -> list[str]:\n    """Split a text."""\n    return text.split()'
    assert shown in [cell.source for cell in learner.cells]
    assert shown in [cell.source for cell in solutions.cells]
    assert "import" not in _cell(solutions, "count").source.replace("from collections import Counter", "")


def test_solution_cells_are_in_the_solutions_edition_only(course):
    lesson = course.lesson(SCRIPT)
    assert "Counter does it." not in dumps(build(lesson))
    assert 'count(\\"a b a\\")' not in dumps(build(lesson))
    assert "Counter does it." in dumps(build(lesson, "solutions"))
    assert 'count(\\"a b a\\")' in dumps(build(lesson, "solutions"))


def test_the_first_cell_comes_from_the_header_and_the_last_one_from_the_sources(course):
    course.lesson("", "00_start", title="Start here")
    first, *_, last = build(course.lesson(SCRIPT, builds_on="[start]")).cells
    assert first.source.startswith("# Counting words\n")
    for text in ("Words", "about 10 minutes", "[Start here](00_start.ipynb)", "You will be able to\n\n- count"):
        assert text in first.source
    assert last.source == "## Where to read on\n\n- A book"
    assert build(course.lesson(SCRIPT, sources="[]")).cells[-1].source != last.source
    assert (
        build(course.lesson(SCRIPT), "solutions").cells[0].source.startswith("# Counting words (solutions edition)\n")
    )


def test_expected_output_is_stored_and_marked(course):
    notebook = build(course.lesson(SCRIPT))
    (cell,) = (cell for cell in notebook.cells if cell.metadata.get("tags") == [CHECK_OUTPUT])
    assert cell.outputs[0].text == "['a', 'rose', 'is']\n\n  indented\n"
    assert cell.execution_count
    assert "#>" not in cell.source


def test_cells_have_stable_ids_and_say_what_the_course_put_there(course):
    lesson = course.lesson(SCRIPT)
    notebook, again = build(lesson), build(lesson, "solutions")
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert all(cell.metadata.course.sha == fingerprint(cell.source) for cell in notebook.cells)
    assert all(cell.metadata.course.lesson == "01_counting" for cell in notebook.cells)
    assert _cell(notebook, "count").metadata.course.exercise == "count"
    assert _cell(notebook, "check-count").source == "count = check(count)"
    shared = {cell.source: cell.id for cell in again.cells}
    assert all(shared.get(cell.source, cell.id) == cell.id for cell in notebook.cells if "cat" not in cell.source)


def test_a_comment_that_looks_like_a_shell_command_stays_a_comment(course):
    assert "# ls\ncheck(3)" in [cell.source for cell in build(course.lesson(SCRIPT)).cells]


def test_building_twice_gives_the_same_bytes_and_a_valid_notebook(course):
    lesson = course.lesson(SCRIPT)
    for edition in ("learner", "solutions"):
        text = dumps(build(lesson, edition))
        code = (
            "from course_lib.lesson import script; from course_lib.editions import notebook;"
            "from pathlib import Path; import sys, course_lib.reference as r;"
            "r.__path__[:] = [sys.argv[2]];"
            "sys.stdout.buffer.write("
            "notebook.dumps(notebook.build(script.read(Path(sys.argv[1])), sys.argv[3])).encode())"
        )
        command = [sys.executable, "-c", code, lesson.path, course.modules, edition]
        for seed in ("1", "2"):
            again = subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed})
            assert again.stdout.decode() == text
        nbformat.validate(nbformat.reads(text, as_version=4))


def test_nbval_passes_the_notebook_and_fails_it_when_one_number_is_changed(course, tmp_path):
    script = "# %%\nprint(f'{1 / 3:.3f}')\n#> 0.333\n# %%\nprint('not compared')\n"
    text = dumps(build(course.lesson(script)))
    (tmp_path / "right.ipynb").write_text(text)
    assert text.count("0.333") == 1
    (tmp_path / "wrong.ipynb").write_text(text.replace("0.333", "0.334"))
    for name, code in (("right", 0), ("wrong", 1)):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax", f"{name}.ipynb"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == code, done.stdout


@pytest.mark.parametrize(
    ("script", "number", "said"),
    [
        ('# %% tags=["exercises"]\nx = 1', 1, "unknown tag"),
        ('# %% tags=["exercise", "show"]\nx = 1', 1, "one tag"),
        ('# %% tag=["exercise"]\nx = 1', 1, "a cell begins with # %%"),
        ("# %% [markdwon]\n# text", 1, "a cell begins with # %%"),
        ("# %% [raw]\n# text", 1, "a cell begins with # %%"),
        ('# %% [markdown] tags=["show"]\n# text', 1, "is for code"),
        ("# %%\nx = 1\n# %%\nx = = 1", 2, "line 1 of the cell is no Python"),
        ("# %%\n#> 1\nprint(1)", 1, "at the end of a cell"),
        ("# %%\nif True:\n    print(1)\n    #> 1", 1, "at the end of a cell"),
        ("# %%\n#> 1", 1, "without code"),
        ('# %% tags=["show"]\nimport math', 1, "is exactly one 'from course_lib.reference"),
        ('# %% tags=["show"]\nfrom course_lib.reference.counting import count, tokens', 1, "is exactly one"),
        ('# %% tags=["show"]\nfrom course_lib.reference.counting import count as c', 1, "is exactly one"),
        ('# %% tags=["show"]\nfrom course_lib.reference.counting import *', 1, "is exactly one"),
        ('# %% tags=["show"]\nfrom course_lib.reference.counting import count\nx = 1', 1, "is exactly one"),
        ('# %% tags=["show"]\nfrom course_lib.reference.counting import cuont', 1, "no function or class cuont"),
        ('# %% tags=["show"]\nfrom course_lib.reference.absent import count', 1, "no such module"),
        ('# %% tags=["show"]\nfrom course_lib.reference.counting import count\n#> 1', 1, "prints nothing"),
        ('# %% tags=["exercise"]\nfrom course_lib.reference.counting import count', 1, "there is none before it"),
        (EXERCISE.replace("· count", "· tokens"), 2, "the one before it is for tokens"),
        (EXERCISE + EXERCISE, 4, "brought by an earlier cell"),
        (EXERCISE.replace('tags=["exercise"]', ""), 1, "no cell tagged exercise follows"),
        ("# %% [markdown]\ntext without its sign", 1, "a line of text begins with '# '"),
        (EXERCISE.split("# %% tags")[0] + EXERCISE, 1, "no cell tagged exercise follows"),
    ],
)
def test_a_broken_script_is_refused_in_one_line_that_names_the_cell(course, script, number, said):
    with pytest.raises(BuildError) as error:
        build(course.lesson(script))
    message = str(error.value)
    lines = (course.notebooks / "01_counting.py").read_text(encoding="utf-8").splitlines()
    begins = [line for line, text in enumerate(lines, start=1) if text.startswith("# %%")]
    assert re.match(rf"01_counting\.py, line {begins[number - 1]} \('.+'\): ", message)
    assert said in message
    assert "\n" not in message


def test_a_heading_in_a_code_cell_is_refused(course):
    with pytest.raises(BuildError, match="a heading of an exercise stands in code"):
        build(course.lesson("# %%\n# ### Exercise · count · ●●○ · 10 minutes\nx = 1\n"))


def test_an_unknown_edition_is_refused(course):
    with pytest.raises(BuildError, match="learner, solutions"):
        build(course.lesson(SCRIPT), "teacher")


def test_a_class_and_a_scaffold_make_exercises(course):
    script = EXERCISE + EXERCISE.replace("count", "entropy").replace("reference.entropying", "reference.counting")
    notebook = build(course.lesson(script))
    assert _cell(notebook, "entropy").source.splitlines()[-2:] == [
        '    raise NotImplementedError("write entropy here")',
        "    return -sum(n / total * math.log2(n / total) for n in counts.values())",
    ]
