"""Every lesson, in both editions, runs from top to bottom and prints the numbers it promises."""

import os
import re
import subprocess
import sys
import time

import pytest

from course_lib.editions import notebook
from course_lib.lesson.script import find, lessons

# the later ones first: they compute longest
EDITIONS = [(lesson.name, edition) for lesson in reversed(lessons()) for edition in ("learner", "solutions")]
SECONDS = 180  # for a whole lesson on a slow machine; the promise of 60 s is measured, not tested


def _nbval(folder, text: str, work_folder) -> subprocess.CompletedProcess:
    path = folder / "lesson.ipynb"
    path.write_text(text, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval-lax",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        str(path),
    ]
    command += ["--nbval-cell-timeout=120", f"--rootdir={folder}", "-c", os.devnull]
    environment = dict(os.environ, COURSE_WORK=str(work_folder), MPLBACKEND="agg", PYTHONHASHSEED="0")
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=folder, env=environment)


@pytest.mark.notebook
@pytest.mark.parametrize(("name", "edition"), EDITIONS)
def test_a_lesson_runs_and_its_numbers_are_right(name, edition, tmp_path, work_folder, record_property):
    built = notebook.build(find(name), edition)
    code_cells = sum(cell.cell_type == "code" for cell in built.cells)
    started = time.perf_counter()
    done = _nbval(tmp_path, notebook.dumps(built), work_folder)
    record_property("seconds", round(time.perf_counter() - started, 1))
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert f"{code_cells} passed" in done.stdout


@pytest.mark.notebook
def test_a_wrong_number_in_a_lesson_is_found(tmp_path, work_folder):
    text = notebook.dumps(notebook.build(find("start_here"), "solutions"))
    wrong, changes = re.subn(r"\[0\.5  0\.25 0\.25\]", "[0.5  0.25 0.26]", text)
    assert changes == 1
    done = _nbval(tmp_path, wrong, work_folder)
    assert done.returncode == 1
    assert "0.26" in done.stdout


@pytest.mark.parametrize(("name", "edition"), EDITIONS)
def test_a_lesson_is_built_the_same_twice(name, edition):
    assert notebook.dumps(notebook.build(find(name), edition)) == notebook.dumps(notebook.build(find(name), edition))


@pytest.mark.parametrize("name", [lesson.name for lesson in lessons()])
def test_a_lesson_promises_numbers(name):
    built = notebook.build(find(name))
    assert any(notebook.CHECK_OUTPUT in cell.metadata.get("tags", []) for cell in built.cells)
