"""The learner's record never disturbs a check and never loses what it held."""

import multiprocessing
import os
import sqlite3

import pytest

from course_lib.desk import progress


@pytest.fixture(autouse=True)
def nothing_said_yet(monkeypatch):
    monkeypatch.setattr(progress, "_said", set())
    monkeypatch.setattr(progress, "_hints_in_memory", {})


def test_an_outcome_is_kept_and_passed_stays_passed():
    progress.record("one_hot", "wrong", "transposed")
    assert progress.summary()["one_hot"].status == "wrong"
    progress.record("one_hot", "passed", "")
    progress.record("one_hot", "raises", "typo")
    row = progress.summary()["one_hot"]
    assert (row.status, row.attempts) == ("passed", 3)


def test_hints_are_counted_and_stop_at_the_last():
    assert [progress.next_hint("one_hot", 3) for _ in range(5)] == [0, 1, 2, 2, 2]


def test_without_a_work_folder_nothing_is_written(work_folder, capsys):
    work_folder.rmdir()
    progress.record("one_hot", "passed", "")
    assert [progress.next_hint("one_hot", 2) for _ in range(3)] == [0, 1, 1]
    assert progress.summary() == {}
    assert not work_folder.exists()
    assert capsys.readouterr().err == ""


def _record_many(folder: str, name: str) -> None:
    os.environ["COURSE_WORK"] = folder
    for _ in range(20):
        progress.record(name, "wrong", "")


def test_two_notebooks_at_once_lose_nothing(work_folder):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_record_many, args=(str(work_folder), name)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
        assert writer.exitcode == 0
    assert {name: row.attempts for name, row in progress.summary().items()} == {"a": 20, "b": 20}


@pytest.mark.parametrize(
    "content", [b"this is not a database at all, it is a text", b"SQLite format 3\x00" + b"\xff" * 4096]
)
def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(work_folder, capsys, content):
    progress.path().write_bytes(content)
    progress.record("one_hot", "passed", "")
    progress.record("one_hot", "passed", "")
    assert (work_folder / "progress.damaged-1.sqlite").read_bytes() == content
    assert progress.summary()["one_hot"].attempts == 2
    assert capsys.readouterr().err.count("was damaged") == 1


def test_a_locked_file_is_mentioned_once_and_the_check_goes_on(work_folder, capsys):
    progress.record("one_hot", "wrong", "")
    with sqlite3.connect(progress.path()) as other:
        other.execute("BEGIN EXCLUSIVE")
        progress.record("one_hot", "passed", "")
        progress.record("one_hot", "passed", "")
        other.rollback()
    assert capsys.readouterr().err.count("could not be saved") == 1
    progress.record("one_hot", "passed", "")
    assert progress.summary()["one_hot"].attempts == 2


def test_a_folder_in_the_files_place_is_mentioned_once(work_folder, capsys):
    progress.path().mkdir()
    progress.record("one_hot", "passed", "")
    progress.record("one_hot", "passed", "")
    assert capsys.readouterr().err.count("could not be saved") == 1
