"""How far the learner is: an SQLite file in `my_work/`, written by every check.

Nothing here ever disturbs a check. A locked, read-only or damaged file is mentioned once; a damaged one is kept
under another name and a new one begun.
"""

import contextlib
import sqlite3
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from course_lib.judge.status import Status
from course_lib.language import say
from course_lib.paths import work_dir

_SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY, exercise TEXT NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS hints (exercise TEXT PRIMARY KEY, shown INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS attempts_by_exercise ON attempts (exercise);
"""
_SUMMARY = """
SELECT exercise,
       COALESCE(MAX(CASE WHEN status = ? THEN status END),
                (SELECT status FROM attempts a WHERE a.exercise = b.exercise ORDER BY id DESC LIMIT 1)),
       COUNT(*),
       COALESCE((SELECT shown FROM hints h WHERE h.exercise = b.exercise), 0),
       MAX(at)
FROM attempts b GROUP BY exercise
"""
_said: set[str] = set()
_hints_in_memory: dict[str, int] = {}


@dataclass(frozen=True)
class Row:
    """One exercise's record: its best status, how many checks, how many hints, the time of the last check (UTC).

    Without arguments, that of an exercise which was never checked.
    """

    status: str | None = None
    attempts: int = 0
    hints: int = 0
    at: str | None = None


def path() -> Path:
    """The file with the record."""
    return work_dir() / "progress.sqlite"


def record(exercise: str, status: str, message: str) -> None:
    """Keep the outcome of one check. Without a `my_work/` folder nothing is kept."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    insert = "INSERT INTO attempts (exercise, status, message, at) VALUES (?, ?, ?, ?)"
    _rows((insert, (exercise, status, message, now)))


def next_hint(exercise: str, available: int) -> int:
    """The number of the next hint, from 0; stays at the last one."""
    one_more = "INSERT INTO hints VALUES (?, 1) ON CONFLICT (exercise) DO UPDATE SET shown = MIN(shown + 1, ?)"
    rows = _rows((one_more, (exercise, available)), ("SELECT shown FROM hints WHERE exercise = ?", (exercise,)))
    shown = rows[0][0] if rows else min(_hints_in_memory.get(exercise, 0) + 1, available)
    _hints_in_memory[exercise] = shown
    return shown - 1


def summary() -> dict[str, Row]:
    """The record of every exercise tried so far; empty when there is none."""
    if not path().exists():
        return {}
    return {exercise: Row(*rest) for exercise, *rest in _rows((_SUMMARY, (Status.PASSED.value,)))}


def passed(exercises: Iterable, record: dict[str, Row]) -> int:
    """How many of these exercises (anything with a name) were ever passed."""
    return sum(one.name in record and record[one.name].status == Status.PASSED.value for one in exercises)


def _rows(*statements: tuple[str, tuple]) -> list[tuple]:
    """Run statements of SQL, each with its parameters, as one transaction.

    Returns the rows that the last one finds; none without a folder, or when the file fails, which is said once.
    """
    if not work_dir().is_dir():  # somebody runs a lesson without being a learner here
        return []
    try:
        with contextlib.closing(_connection()) as connection, connection:
            return [connection.execute(*one).fetchall() for one in statements][-1]
    except (sqlite3.Error, OSError) as error:
        _say_once(say("Your progress could not be saved ({error}); the checks go on without it.", error=error))
        return []


def _connection() -> sqlite3.Connection:
    try:
        return _opened()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:  # not a database, or a damaged one
        kept = _set_aside()
        _say_once(say("The progress file was damaged; it is kept as {name} and a new one begun.", name=kept.name))
        return _opened()


def _opened() -> sqlite3.Connection:
    connection = sqlite3.connect(path(), timeout=1.0)
    try:
        with contextlib.suppress(sqlite3.OperationalError):  # the switch does not wait while another notebook makes it
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_SCHEMA)
        connection.execute("SELECT exercise, status, message, at FROM attempts LIMIT 1")
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("quick_check failed")
    except BaseException:
        connection.close()
        raise
    return connection


def _set_aside() -> Path:
    """Move the damaged file to a free name beside it."""
    number = 1
    while (kept := path().with_name(f"progress.damaged-{number}.sqlite")).exists():
        number += 1
    path().rename(kept)
    for suffix in ("-wal", "-shm"):  # they belong to the damaged file
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path()}{suffix}").rename(f"{kept}{suffix}")
    return kept


def _say_once(text: str) -> None:
    if text not in _said:
        _said.add(text)
        print(text, file=sys.stderr)
