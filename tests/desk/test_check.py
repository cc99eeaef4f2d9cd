"""`check`, `hint` and `solution` as a learner meets them, outside a notebook and inside one."""

import functools
import subprocess
import sys

import pytest

from course_lib import check, hint, solution
from course_lib.desk import progress
from course_lib.reference import start_here


def normalise_rows(matrix):
    return matrix / matrix.sum(axis=1, keepdims=True)


def _wrong(name="normalise_rows"):
    def function(matrix):
        return matrix / matrix.sum()

    function.__name__ = name
    return function


def test_a_right_function_comes_back_and_is_recorded(capsys):
    assert check(normalise_rows) is normalise_rows
    assert "normalise_rows: passed" in capsys.readouterr().out
    assert progress.summary()["normalise_rows"].status == "passed"


def test_a_wrong_function_is_replaced_and_that_is_said(capsys):
    assert check(_wrong()) is start_here.normalise_rows
    out = capsys.readouterr().out
    assert "It looks as if everything was divided by the sum of the whole matrix." in out
    assert "The lesson goes on with the course's version meanwhile." in out
    assert progress.summary()["normalise_rows"].status == "wrong"


def test_checking_the_courses_own_version_earns_nothing(capsys):
    assert check(start_here.normalise_rows) is start_here.normalise_rows
    out = capsys.readouterr().out
    assert "this is the course's version, not yours" in out
    assert "see that the function is called `normalise_rows` there" in out
    assert progress.summary() == {}


def test_the_name_in_quotes_is_explained_and_the_lesson_goes_on(capsys):
    assert check("normalise_rows") is start_here.normalise_rows
    assert "`check(normalise_rows)`" in capsys.readouterr().out
    assert progress.summary() == {}


def test_a_misspelt_function_is_told_the_name(capsys):
    function = _wrong("normalize_rows")
    assert check(function) is function
    assert "Did you mean normalise_rows?" in capsys.readouterr().out


def test_calling_the_function_by_mistake_is_explained(capsys):
    check(3.0)
    assert "Give the function itself, without calling it" in capsys.readouterr().out


def test_hints_come_one_by_one_and_end_with_the_way_to_the_solution(capsys):
    for _ in range(3):
        hint("normalise_rows")
    out = capsys.readouterr().out
    assert "Hint 1 of 3" in out
    assert "Hint 3 of 3" in out
    assert "solution('normalise_rows')" in out


def test_the_solution_is_shown(capsys):
    solution(normalise_rows)
    assert "return matrix / matrix.sum(axis=1, keepdims=True)" in capsys.readouterr().out


def test_the_plain_words_are_the_rich_ones(monkeypatch):
    from course_lib.desk import report

    shown = []
    monkeypatch.setattr(report, "in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    check(_wrong())
    bundle = shown[0]
    assert "divided by the sum of the whole matrix" in bundle["text/html"]
    assert "divided by the sum of the whole matrix" in bundle["text/plain"]
    assert "<script" not in bundle["text/html"]


def test_a_check_works_at_a_plain_python_prompt(tmp_path):
    lines = "from course_lib import check\ndef normalise_rows(matrix): return matrix\n\ncheck(normalise_rows)\n"
    done = subprocess.run([sys.executable, "-i", "-q"], input=lines, capture_output=True, text=True, timeout=60)
    assert "normalise_rows: not right yet" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("module", ["torch", "matplotlib", "IPython", "jupytext", "scipy"])
def test_importing_the_course_does_not_import(module):
    code = f"import sys, course_lib; course_lib.check; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_an_answer_that_is_no_plain_def_is_known_by_the_name_it_is_bound_to(capsys):
    def timed(function):
        def inner(*arguments):
            return function(*arguments)

        return inner

    def divided(axis, matrix):
        return matrix / matrix.sum(axis=axis, keepdims=True)

    for answer in (
        lambda matrix: divided(1, matrix),
        functools.partial(divided, 1),
        timed(functools.partial(divided, 1)),
    ):
        normalise_rows = answer
        assert check(normalise_rows) is answer
        assert "✓ normalise_rows: passed" in capsys.readouterr().out
    check(lambda matrix: matrix)
    assert "no exercise called <lambda>" in capsys.readouterr().out
