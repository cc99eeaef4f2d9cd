"""Checking a learner's notebook without opening it.

The cells run in a process of their own (`grade_child`), which this one watches: when it hangs or dies, the exercise
or the cell it was at is to blame, and a new process goes on with the rest.
"""

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from course_lib import progress
from course_lib.judge.status import Status
from course_lib.lessons import CourseError, Lesson

_START_LIMIT = 300.0  # seconds until Python, torch and the like are imported on a slow disk
_GRACE = 3.0  # seconds beyond the limit, since the exercise's own clock explains more


@dataclass(frozen=True)
class Result:
    """How one exercise of a notebook did.

    status: what is found
    message: one line
    details: further lines: on which input, what to try, the learner's lines that led to an exception
    """

    exercise: str
    status: Status
    message: str
    details: tuple[str, ...] = ()


def grade(notebook_path: Path, lesson: Lesson, time_limit: float = 20.0) -> Iterator[Result]:
    """Check every exercise of a learner's notebook, and record the results in the progress file.

    notebook_path: the learner's copy; it is only read
    lesson: the lesson that it is a copy of
    time_limit: seconds for one exercise
    Yields a Result as soon as it is known, in the order of the notebook, then the missing exercises.
    Raises CourseError when the file is no notebook or the checking process cannot start.
    """
    names = [entry.name for entry in lesson.exercises]
    cells = _cells(notebook_path, names)
    finished: dict[str, bool] = {}
    skip: dict[int, str] = {}
    waiting = [exercise for _, exercise in cells if exercise]
    while len(finished) < len(waiting):
        request = {"cells": cells, "skip": list(skip), "finished": finished, "time_limit": time_limit}
        with _Child(request, notebook_path.parent) as child:
            for result in child.results(time_limit):
                if isinstance(result, Result):
                    if skip and result.status is Status.RAISES:
                        result = replace(result, details=(*result.details, *skip.values()))
                    finished[result.exercise] = result.status is Status.PASSED
                    progress.record(result.exercise, result.status.value, result.message)
                    yield result
                else:
                    cell, reason = result
                    first = next((line for line in cells[cell][0].splitlines() if line.strip()), "")
                    skip[cell] = f"The cell that begins with `{first.strip()}` was left out: it {reason}."
    for name in names:
        if name not in finished:
            text = f"Its cell is not in the notebook: `course update {lesson.number}` brings it back."
            yield Result(name, Status.MISSING, text)


def _cells(path: Path, names: list[str]) -> list[tuple[str, str | None]]:
    """Source and exercise (or None) of each code cell of a notebook."""
    import nbformat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about cells without ids
            notebook = nbformat.reads(path.read_text(encoding="utf-8-sig"), as_version=4)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        marks = [cell.get("metadata", {}).get("course", {}).get("exercise") for cell in cells]
        sources = ["".join(cell.source) for cell in cells]
    except FileNotFoundError:
        raise CourseError(f"{path} does not exist: `course start` makes it") from None
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}") from None
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CourseError(
            f"{path} is no notebook that can be read ({reason[:80]}): `course update` puts it aside and makes a new one"
        ) from None
    chosen = {_find(sources, marks, name): name for name in names}
    return [(source, chosen.get(number)) for number, source in enumerate(sources)]


def _find(sources: list[str], marks: list[str | None], name: str) -> int | None:
    """The number of the cell with the answer: it says so, or defines the name; a written one before a bare stub."""
    definition = re.compile(rf"^(?:async\s+)?(?:def|class)\s+{name}\b", re.MULTILINE)
    ranked = []
    for number, (source, mark) in enumerate(zip(sources, marks, strict=True)):
        if mark == name or definition.search(source):
            written = bool(source.strip()) and "raise NotImplementedError" not in source
            ranked.append((written, mark == name, number))
    return max(ranked)[2] if ranked else None


class _Child:
    """The process that runs the cells."""

    def __init__(self, request: dict, folder: Path):
        variables = dict(os.environ, MPLBACKEND="agg", PYTHONIOENCODING="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "course_lib.grade_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=variables,
            start_new_session=True,  # a group of its own, to end whatever the learner's code starts
            encoding="utf-8",
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        with contextlib.suppress(OSError):  # it died at once: results() says why
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()

    def __enter__(self) -> "_Child":
        return self

    def __exit__(self, *_) -> None:
        self._kill()
        for stream in (self._process.stdin, self._process.stderr):
            with contextlib.suppress(OSError):
                stream.close()

    def results(self, time_limit: float) -> Iterator[Result | tuple[int, str]]:
        """Results as they come; when the process hangs or dies at an ordinary cell, (cell number, reason)."""
        at: dict = {}
        while True:
            try:
                line = self._lines.get(timeout=time_limit + _GRACE if at else _START_LIMIT)
            except queue.Empty:
                line, reason = "", f"takes longer than {time_limit:g} seconds"
                self._kill()
            else:
                reason = "" if line else self._cause_of_death()
            if not line:
                yield self._blame(at, reason)
                return
            at = json.loads(line)
            if "end" in at:
                return
            if "result" in at:
                name, status, message, details = at["result"]
                yield Result(name, Status(status), message, tuple(details))

    def _read(self) -> None:
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _blame(self, at: dict, reason: str) -> Result | tuple[int, str]:
        if "cell" in at:
            return at["cell"], reason
        if "exercise" in at:
            hint = " Look for a loop whose condition never changes." if reason.startswith("takes") else ""
            return Result(at["exercise"], Status.RAISES, f"It {reason}.{hint}")
        said = self._process.stderr.read().strip().splitlines()
        raise CourseError(
            f"the checking process {reason}{': ' + said[-1] if said else ''}; `course doctor` may say why"
        )

    def _cause_of_death(self) -> str:
        code = self._process.wait()
        if code == -getattr(signal, "SIGKILL", 9):
            return "was ended by the system, most likely for want of memory"
        if code < 0:
            return f"crashes Python itself ({signal.Signals(-code).name})"
        if code > 255:  # Windows reports a crash so
            return f"crashes Python itself (code {code:#x})"
        return f"ends Python itself (exit code {code})"

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()
