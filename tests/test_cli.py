"""The `course` command: every verb, on small lessons in a folder of the test's own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from course_lib import cli, doctor
from course_lib.data import catalogue as catalogue_module
from course_lib.data.errors import DataError
from course_lib.desk import progress

EXERCISE = """
# %% [markdown]
# ### Exercise · normalise_rows · ●○○ · 3 minutes
# Divide each row by its sum.
# %% tags=["exercise"]
from course_lib.reference.start_here import normalise_rows
# %%
normalise_rows = check(normalise_rows)
"""


def lesson(folder: Path, name: str, title: str, body: str = "") -> Path:
    path = folder / f"{name}.py"
    path.write_text(
        f"# ---\n# title: {title}\n# lecture: A lecture\n# goals:\n#   - count | weigh\n# builds_on: []\n"
        f"# minutes: 20\n# sources: []\n# ---\n\n# %%\nfrom course_lib import check\nimport numpy as np\n{body}",
        encoding="utf-8",
    )
    return path


@pytest.fixture(autouse=True)
def notebooks(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    lesson(folder, "01_rows", "Rows", EXERCISE)
    lesson(folder, "02_columns", "Columns")
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(folder))
    return folder


def course(*words: str, code: int = 0):
    result = CliRunner().invoke(cli.cli, words)
    assert result.exit_code == code, result.output
    return result


def answer(copy: Path, text: str) -> None:
    """Put an answer into the exercise cell of a learner's copy."""
    notebook = json.loads(copy.read_text(encoding="utf-8"))
    [cell] = [cell for cell in notebook["cells"] if cell["metadata"]["course"].get("exercise")]
    cell["source"] = text
    copy.write_text(json.dumps(notebook), encoding="utf-8")


RIGHT = "def normalise_rows(matrix):\n    return matrix / matrix.sum(axis=1, keepdims=True)"


def test_the_list_shows_every_lesson_and_how_far_the_learner_is():
    progress.record("normalise_rows", "passed", "")
    lines = course("list").stdout.splitlines()
    assert lines[0].split() == ["lesson", "minutes", "exercises", "done"]
    assert lines[1].split() == ["01", "Rows", "20", "1", "1", "✓"]
    assert lines[2].split()[:2] == ["02", "Columns"]


def test_the_list_for_programs_is_complete(work_folder):
    course("start", "01")
    progress.record("normalise_rows", "wrong", "")
    first, second = json.loads(course("list", "--json").stdout)
    assert {key: first[key] for key in ("name", "number", "topic", "title", "minutes", "goals", "builds_on")} == {
        "name": "01_rows",
        "number": "01",
        "topic": "rows",
        "title": "Rows",
        "minutes": 20,
        "goals": ["count | weigh"],
        "builds_on": [],
    }
    [exercise] = first["exercises"]
    assert exercise.pop("at")
    assert exercise == {
        "name": "normalise_rows",
        "difficulty": 1,
        "minutes": 3,
        "status": "wrong",
        "attempts": 1,
        "hints": 0,
    }
    assert first["copy"] == str(work_folder / "01_rows.ipynb") and second["copy"] is None


def test_the_table_for_the_readme_is_markdown():
    assert course("list", "--markdown").stdout.splitlines() == [
        "| lesson | you will be able to | exercises | minutes |",
        "|---|---|--:|--:|",
        "| 01 Rows | count \\| weigh | 1 | 20 |",
        "| 02 Columns | count \\| weigh | 0 | 20 |",
    ]


@pytest.mark.parametrize("name", ["1", "01", "rows", "01_rows"])
def test_a_lesson_has_three_names(work_folder, name):
    assert "is ready" in course("start", name).stdout
    assert (work_folder / "01_rows.ipynb").is_file()


@pytest.mark.parametrize("verb", ["start", "reset", "check", "update", "build"])
def test_a_wrong_name_is_wrong_usage_and_lists_the_right_ones(verb):
    result = course(verb, "seven", code=2)
    assert "01_rows" in result.stderr and "02_columns" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "words", [["nonsense"], ["start"], ["list", "--nonsense"], ["check", "1", "--time-limit", "0"]]
)
def test_wrong_usage_exits_with_2(words):
    course(*words, code=2)


def test_start_leaves_what_is_there_untouched(work_folder):
    copy = work_folder / "01_rows.ipynb"
    copy.write_text("mine")
    assert "is there already" in course("start", "1").stdout
    assert copy.read_text() == "mine"


def test_reset_keeps_the_old_copy_and_says_where(work_folder):
    course("start", "1")
    copy = work_folder / "01_rows.ipynb"
    answer(copy, RIGHT)
    old = copy.read_bytes()
    said = course("reset", "1").stdout
    [kept] = [path for path in work_folder.glob("*.ipynb") if path != copy]
    assert kept.name in said and kept.read_bytes() == old and copy.read_bytes() != old


def test_check_exits_with_0_only_when_all_passed(work_folder):
    course("start", "1")
    said = course("check", "1", code=1).stdout
    assert "○ normalise_rows  Not written yet.\n  0 of 1 passed, 1 not written yet" in said
    assert progress.summary()["normalise_rows"].status == "not written"
    answer(work_folder / "01_rows.ipynb", RIGHT)
    assert "✓ normalise_rows  Passed.\n  1 of 1 passed" in course("check", "1").stdout
    assert progress.summary()["normalise_rows"].status == "passed"


def test_check_without_a_name_goes_through_all_that_are_started(work_folder):
    assert "no lesson is started" in course("check", code=1).stderr
    course("start", "1")
    (work_folder / "02_columns.ipynb").write_text("no notebook")
    answer(work_folder / "01_rows.ipynb", "def normalise_rows(matrix):\n    return matrix / matrix.sum()")
    result = course("check", code=1)
    assert "✗ normalise_rows  It looks as if everything was divided by the sum" in result.stdout
    assert "02_columns.ipynb is no notebook" in result.stderr


def test_check_of_a_lesson_that_is_not_started_says_how_to_start_it():
    assert "`course start 02` makes it" in course("check", "2", code=1).stderr


def test_update_keeps_the_answer_and_says_what_it_did(work_folder, notebooks):
    course("start", "1")
    copy = work_folder / "01_rows.ipynb"
    answer(copy, RIGHT)
    lesson(notebooks, "01_rows", "Rows and more", EXERCISE)
    said = course("update").stdout
    assert "is brought up to date; your old copy is" in said
    assert "File > Reload Notebook from Disk" in said
    text = copy.read_text(encoding="utf-8")
    assert "keepdims=True" in text and "Rows and more" in text
    said = course("update", "1").stdout
    assert "is up to date" in said and "Reload" not in said


def test_build_writes_both_editions(tmp_path):
    course("build", "--out", str(tmp_path / "learner"))
    course("build", "--solutions", "--out", str(tmp_path / "solutions"))
    for edition in ("learner", "solutions"):
        assert sorted(path.name for path in (tmp_path / edition).iterdir()) == ["01_rows.ipynb", "02_columns.ipynb"]
    assert "raise NotImplementedError" in (tmp_path / "learner" / "01_rows.ipynb").read_text(encoding="utf-8")
    assert "raise NotImplementedError" not in (tmp_path / "solutions" / "01_rows.ipynb").read_text(encoding="utf-8")


def test_build_of_one_lesson_writes_only_that(tmp_path):
    course("build", "columns", "--out", str(tmp_path / "out"))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["02_columns.ipynb"]


def test_build_names_a_broken_lesson_and_builds_the_others(tmp_path, notebooks):
    lesson(notebooks, "03_broken", "Broken", '# %% tags=["nonsense"]\n1\n')
    result = course("build", "--out", str(tmp_path / "out"), code=1)
    assert "03_broken" in result.stderr and "nonsense" in result.stderr and "Traceback" not in result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["01_rows.ipynb", "02_columns.ipynb"]


def test_build_into_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    result = course("build", "1", "--out", str(tmp_path / "file" / "out"), code=1)
    assert result.stderr.count("\n") == 1 and "cannot be written" in result.stderr


def test_data_shows_size_licence_and_place():
    said = course("data").stdout
    for row in catalogue_module.data_sets():
        assert row.name in said and row.licence in said
    assert "MB" in said


def test_data_get_fetches_and_a_failure_leaves_the_others_their_turn(monkeypatch, tmp_path):
    def folder(name):
        if name == "ptb":
            raise DataError("ptb cannot be fetched: no network")
        return tmp_path / name

    monkeypatch.setattr("course_lib.data.catalogue.folder", folder)
    assert str(tmp_path / "sst2") in course("data", "get", "sst2").stdout
    two = course("data", "get", "sst2", "wordsim").stdout
    assert str(tmp_path / "sst2") in two and str(tmp_path / "wordsim") in two and "ud_ewt" not in two
    result = course("data", "get", "all", code=1)
    assert result.stderr == "Error: ptb cannot be fetched: no network\n"
    assert str(tmp_path / "ud_ewt") in result.stdout
    assert "wordsim" in course("data", "get", "nonsense", code=2).stderr


def test_doctor_exits_with_1_only_when_something_needed_fails(monkeypatch):
    found = [doctor.Row("Python", True, "3.12"), doctor.Row("browser", None, "none", "install one")]
    monkeypatch.setattr(doctor, "iterate", lambda: iter(found))
    assert course("doctor").stdout.splitlines()[0].startswith("✓ Python")
    assert "→ install one" in course("doctor").stdout
    found.append(doctor.Row("torch", False, "missing", "install it"))
    course("doctor", code=1)
    assert [row["ok"] for row in json.loads(course("doctor", "--json", code=1).stdout)] == [True, None, False]


def test_an_unexpected_error_says_how_to_report_it(monkeypatch):
    def fail():
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("course_lib.lesson.script.lessons", fail)
    monkeypatch.delenv("COURSE_DEBUG", raising=False)
    result = course("list", code=1)
    assert "ZeroDivisionError: by zero" in result.stderr and "COURSE_DEBUG=1" in result.stderr
    monkeypatch.setenv("COURSE_DEBUG", "1")
    assert isinstance(course("list", code=1).exception, ZeroDivisionError)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_WORK", str(tmp_path / "file" / "work"))
    result = course("start", "1", code=1)
    assert result.stderr.startswith("Error: ") and result.stderr.count("\n") == 1


def test_the_installed_command_answers_fast_and_without_the_heavy_packages():
    probe = (
        "import sys; from course_lib import cli\n"
        "try: cli.cli(['list'], prog_name='course')\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print([name for name in ('torch', 'numpy', 'matplotlib', 'IPython', 'jupytext') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, env={**os.environ, "PYTHONUTF8": "1"}
    )
    assert run.stdout.splitlines()[-1] == "[]", run.stdout + run.stderr


def test_a_console_without_unicode_still_gets_its_answer():
    progress.record("normalise_rows", "passed", "")
    variables = {**os.environ, "PYTHONIOENCODING": "ascii"}
    words = [sys.executable, "-c", "from course_lib.cli import main; main()", "list"]
    run = subprocess.run(words, capture_output=True, text=True, env=variables)
    assert run.returncode == 0 and "Rows" in run.stdout and "Traceback" not in run.stderr
