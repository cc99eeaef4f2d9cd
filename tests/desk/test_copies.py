"""The learner's files: what is there is never overwritten, and a failure in the middle leaves it as it was."""

import errno
import json
import os
import stat

import nbformat
import pytest
from fake_course import FakeCourse

from course_lib.desk import copies as workspace
from course_lib.desk.copies import path_of, reset, start, start_missing, update
from course_lib.editions.notebook import build, dumps
from course_lib.lesson.errors import BuildError, CourseError

REFERENCE = 'def count(text):\n    """Count."""\n    return len(text)\n'
SCRIPT = """
# %% [markdown]
# Some text.
# %% [markdown]
# ### Exercise · count · ●○○ · 5 minutes
# %% tags=["exercise"]
from course_lib.reference.counting import count
# %%
count = check(count)
"""
NEWER = SCRIPT.replace("Some text.", "Some better text.")
ANSWER = 'def count(text):\n    """Count."""\n    return sum(1 for _ in text)'


@pytest.fixture
def course(tmp_path, monkeypatch):
    course = FakeCourse(tmp_path, monkeypatch)
    course.reference(REFERENCE)
    return course


@pytest.fixture
def lesson(course):
    return course.lesson(SCRIPT)


@pytest.fixture
def answered(lesson):
    """The learner's copy with an answer in it."""
    path = start(lesson)
    notebook = nbformat.read(path, as_version=4)
    next(cell for cell in notebook.cells if cell.id == "count").source = ANSWER
    path.write_text(dumps(notebook), encoding="utf-8")
    return path


def _files(course):
    return {path.name: path.read_bytes() for path in course.work.iterdir()}


def _disk_full(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_starting_a_lesson_puts_it_into_the_learners_folder(lesson):
    path = start(lesson)
    assert path == path_of(lesson)
    assert path.read_text(encoding="utf-8") == dumps(build(lesson))


def test_starting_again_touches_nothing(lesson, answered):
    before = answered.read_bytes()
    assert start(lesson) == answered
    assert start_missing() == []
    assert answered.read_bytes() == before


def test_only_missing_lessons_are_started(course, answered):
    other = course.lesson("", "02_other")
    before = answered.read_bytes()
    assert start_missing() == [path_of(other)]
    assert answered.read_bytes() == before


def test_a_reset_keeps_the_old_copy_under_a_name_of_its_own(course, lesson, answered):
    before = answered.read_bytes()
    assert reset(lesson) == (answered, course.work / "01_counting.before-reset.ipynb")
    assert reset(lesson) == (answered, course.work / "01_counting.before-reset-2.ipynb")
    fresh = dumps(build(lesson)).encode()
    assert _files(course) == {
        "01_counting.ipynb": fresh,
        "01_counting.before-reset.ipynb": before,
        "01_counting.before-reset-2.ipynb": fresh,
    }


def test_a_reset_of_a_lesson_not_started_starts_it(lesson):
    assert reset(lesson) == (path_of(lesson), None)


def test_an_update_keeps_answer_and_old_file(course, answered):
    before = answered.read_bytes()
    report = update(course.lesson(NEWER), {})
    assert (report.path, report.kept, report.changed) == (
        answered,
        course.work / "01_counting.before-update.ipynb",
        True,
    )
    assert report.kept.read_bytes() == before
    sources = [cell.source for cell in nbformat.read(answered, as_version=4).cells]
    assert ANSWER in sources
    assert "Some better text." in sources
    assert any("count: your answer is kept" in line for line in report.lines)


def test_a_second_update_touches_nothing(course, answered):
    lesson = course.lesson(NEWER)
    update(lesson, {})
    before, time = _files(course), answered.stat().st_mtime_ns
    report = update(lesson, {})
    assert (report.kept, report.changed, report.lines) == (None, False, [])
    assert (_files(course), answered.stat().st_mtime_ns) == (before, time)


def test_old_files_of_several_updates_all_stay(course, answered):
    for text in ("One.", "Two."):
        update(course.lesson(SCRIPT.replace("Some text.", text)), {})
    assert len(_files(course)) == 3


def test_an_update_of_a_lesson_not_started_starts_it(lesson):
    report = update(lesson, {})
    assert (report.path.exists(), report.kept, report.changed) == (True, None, True)


def test_an_update_finds_renamed_exercises_through_the_aliases(course, answered):
    course.reference(REFERENCE.replace("count", "tally"))
    renamed = SCRIPT.replace("count", "tally").replace("reference.tallying", "reference.counting")
    update(course.lesson(renamed), {"tally": ("count",)})
    assert "sum(1 for _ in text)" in answered.read_text(encoding="utf-8")
    assert "def tally" in answered.read_text(encoding="utf-8")


def test_the_instructors_edition_stays_one(course, lesson):
    path = start(lesson)
    path.write_text(dumps(build(lesson, "solutions")), encoding="utf-8")
    newer = course.lesson(NEWER)
    update(newer, {})
    assert path.read_text(encoding="utf-8") == dumps(build(newer, "solutions"))


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"  \n",
        b'{"cells": [',
        b"\xff\xfe\x00",
        b"[]",
        b"{}",
        b'{"cells": []}',
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 3}',
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code"}]}',
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [3]}',
        b'{"nbformat": 99, "nbformat_minor": 5, "metadata": {}, "cells": []}',
        b"<<<<<<< HEAD\n{}\n",
    ],
)
def test_a_damaged_notebook_is_kept_aside_and_a_fresh_one_put_in_its_place(course, lesson, damage):
    path = start(lesson)
    path.write_bytes(damage)
    report = update(lesson, {})
    assert report.changed
    assert (report.kept.name, report.kept.read_bytes()) == ("01_counting.damaged.ipynb", damage)
    assert path.read_text(encoding="utf-8") == dumps(build(lesson))
    assert len(report.lines) == 1
    assert "damaged" in report.lines[0]


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda data: {**data, "nbformat_minor": 2, "cells": [_without(c, "id") for c in data["cells"]]},
        lambda data: {**data, "cells": [{**c, "id": 3} for c in data["cells"]]},
        lambda data: {**data, "cells": [_without(c, "metadata") for c in data["cells"]]},
        lambda data: {**data, "cells": [{**c, "metadata": {"course": 3}} for c in data["cells"]]},
        lambda data: {**data, "metadata": {"course": "x"}},
        lambda data: {**data, "cells": [_without(c, "outputs") for c in data["cells"]]},
    ],
)  # fmt: skip
def test_a_notebook_that_another_program_wrote_its_own_way_is_updated(course, answered, rewrite):
    # with the byte order mark that some editors on Windows write
    answered.write_text(json.dumps(rewrite(json.loads(answered.read_text(encoding="utf-8")))), encoding="utf-8-sig")
    report = update(course.lesson(NEWER), {})
    assert report.kept.name == "01_counting.before-update.ipynb"
    notebook = nbformat.read(answered, as_version=4)
    nbformat.validate(notebook)
    assert [cell.source for cell in notebook.cells].count(ANSWER) == 1


def _without(cell, key):
    return {name: value for name, value in cell.items() if name != key}


@pytest.mark.parametrize("call", ["replace", "fsync", "open", "write"])
@pytest.mark.parametrize("act", [update, reset])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(course, answered, monkeypatch, act, call):
    lesson, before = course.lesson(NEWER), _files(course)
    if call == "open":
        monkeypatch.setattr(workspace, "open", _disk_full, raising=False)
    elif call == "write":
        monkeypatch.setattr(workspace, "_flushed", _half_written)
    else:
        monkeypatch.setattr(workspace.os, call, _disk_full)
    with pytest.raises(CourseError, match="No space left on device") as error:
        act(lesson)
    assert "\n" not in str(error.value)
    assert str(answered) in str(error.value)
    assert _files(course) == before


def _half_written(file, data):
    file.write(data[: len(data) // 2])
    file.flush()
    _disk_full()


@pytest.mark.parametrize("act", [update, reset])
def test_an_interruption_leaves_the_old_file_and_nothing_else(course, answered, monkeypatch, act):
    lesson, before = course.lesson(NEWER), _files(course)

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(workspace.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        act(lesson)
    assert _files(course) == before


def test_a_full_disk_while_starting_leaves_no_half_a_notebook(course, lesson, monkeypatch):
    monkeypatch.setattr(workspace, "_flushed", _half_written)
    with pytest.raises(CourseError, match="No space left on device"):
        start(lesson)
    assert _files(course) == {}


def test_the_old_copy_is_on_the_disk_before_the_file_is_replaced(course, answered, monkeypatch):
    before, seen, replace = answered.read_bytes(), [], os.replace

    def look(source, target):
        seen.append((course.work / "01_counting.before-update.ipynb").read_bytes())
        replace(source, target)

    monkeypatch.setattr(workspace.os, "replace", look)
    update(course.lesson(NEWER), {})
    assert seen == [before]


def test_a_notebook_saved_during_the_update_is_not_overwritten(course, answered, monkeypatch):
    merge = workspace.merge

    def save_meanwhile(*args):
        answered.write_bytes(b"saved just now")
        return merge(*args)

    monkeypatch.setattr(workspace, "merge", save_meanwhile)
    with pytest.raises(CourseError, match="saved by another program"):
        update(course.lesson(NEWER), {})
    assert _files(course) == {"01_counting.ipynb": b"saved just now"}


def test_a_lesson_that_cannot_be_built_touches_nothing(course, answered):
    before = _files(course)
    lesson = course.lesson("# %%\nx = = 1")
    for act in (update, reset):
        with pytest.raises(BuildError):
            act(lesson)
    assert _files(course) == before


def test_a_file_where_the_folder_should_be_is_told_in_one_line(course, lesson):
    if course.work.is_dir():
        course.work.rmdir()
    course.work.write_text("")
    with pytest.raises(CourseError, match="could not be written"):
        start(lesson)


def test_a_link_to_a_notebook_stays_a_link(course, answered, tmp_path):
    elsewhere = tmp_path / "elsewhere.ipynb"
    answered.rename(elsewhere)
    answered.symlink_to(elsewhere)
    update(course.lesson(NEWER), {})
    assert answered.is_symlink()
    assert "Some better text." in elsewhere.read_text(encoding="utf-8")


def test_the_rights_of_a_file_stay(course, answered):
    answered.chmod(0o640)
    update(course.lesson(NEWER), {})
    assert stat.S_IMODE(answered.stat().st_mode) == 0o640
