"""`course new`: what it writes passes its tests, and nothing is written over."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import PROJECT


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the course with two of its lessons, to write a third one into."""
    root = tmp_path_factory.mktemp("checkout")
    skip = shutil.ignore_patterns("__pycache__", "*.js", "*.css")
    shutil.copytree(PROJECT / "course_lib", root / "course_lib", ignore=skip)
    for name in ("notebooks", "tests/judge", "tests/oracles"):
        (root / name).mkdir(parents=True)
    for name in (
        "pyproject.toml",
        "tests/conftest.py",
        "tests/judge/__init__.py",
        "tests/judge/spoilt.py",
        "tests/judge/test_exercises.py",
    ):
        shutil.copy(PROJECT / name, root / name)
    for number in ("00", "01"):
        [script] = (PROJECT / "notebooks").glob(f"{number}_*.py")
        shutil.copy(script, root / "notebooks")
    return root


def run(checkout, *command, code=0):
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=checkout, capture_output=True, text=True, env=environment
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_a_new_lesson_passes_its_tests(checkout):
    said = run(checkout, "course_lib.cli", "new", "sentence_parsing").stdout.split()
    names = ["notebooks/02_sentence_parsing.py", "course_lib/reference/sentence_parsing.py"]
    names += ["course_lib/checks/sentence_parsing.py", "tests/oracles/test_sentence_parsing.py"]
    assert [os.path.relpath(path, checkout) for path in said] == names
    tests = ["tests/oracles", "tests/judge/test_exercises.py", "-k", "sentence_parsing"]
    done = run(checkout, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests)
    assert " passed" in done.stdout
    run(checkout, "course_lib.cli", "build", "sentence_parsing", "--solutions")
    built = checkout / "build" / "solutions" / "02_sentence_parsing.ipynb"
    options = ["--nbval-lax", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", os.devnull]
    assert " passed" in run(checkout, "pytest", *options, f"--rootdir={built.parent}", str(built)).stdout
    for command in ("check", "format --check"):
        options = ["--config", "pyproject.toml"]
        run(checkout, "ruff", *command.split(), *options, *(str(checkout / name) for name in names))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("words", "words.py is there already"),
        ("01_other", "01_words.py is there already"),
        ("Big Topic", "is no topic: write small letters"),
        ("start_here", "is there already"),
    ],
)
def test_a_name_that_will_not_do_is_refused_and_nothing_is_written(checkout, name, words):
    before = sorted(checkout.rglob("*.py"))
    assert words in run(checkout, "course_lib.cli", "new", name, code=1).stderr
    assert sorted(checkout.rglob("*.py")) == before
