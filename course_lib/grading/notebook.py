"""Checking a learner's notebook without opening it: path, lesson and seed in, results out.

The cells run in a process of their own (`grading.child`), which this one watches: when it hangs or dies, the exercise
or the cell it was at is to blame, and a new process goes on with the rest.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from course_lib.desk import answers
from course_lib.judge.status import Status
from course_lib.language import say
from course_lib.lesson.errors import CourseError
from course_lib.lesson.script import Lesson

_START_LIMIT = 300.0  # seconds until Python, torch and the like are imported on a slow disk
_GRACE = 3.0  # seconds beyond the limit, since the exercise's own clock explains more


@dataclass(frozen=True)
class Result:
    """How one exercise of a notebook did.

    status: what is found
    message: one line
    details: further lines: on which input, what to try, the learner's lines that led to an exception
    seed: with which the same answer gives the same result; None when it was not examined
    """

    exercise: str
    status: Status
    message: str
    details: tuple[str, ...] = ()
    seed: int | None = None


def grade(notebook_path: Path, lesson: Lesson, time_limit: float = 20.0, seed: int | None = None) -> Iterator[Result]:
    """Check every exercise of a learner's notebook.

    notebook_path: the learner's copy; it is only read
    lesson: the lesson that it is a copy of
    time_limit: seconds for one exercise
    seed: of the second round of cases of every exercise; a fresh one by default
    Yields a Result as soon as it is known, in the order of the notebook, then the missing exercises.
    Raises CourseError when the file is no notebook or the checking process cannot start.
    """
    names = [entry.name for entry in lesson.exercises]
    cells = _cells(notebook_path, names)
    finished: dict[str, bool] = {}
    skip: dict[int, str] = {}
    waiting = [exercise for _, exercise in cells if exercise]
    while len(finished) < len(waiting):
        request = {"cells": cells, "skip": list(skip), "finished": finished, "time_limit": time_limit, "seed": seed}
        with _Child(request, notebook_path.parent) as child:
            for result in child.results(time_limit):
                if isinstance(result, Result):
                    if skip and result.status is Status.RAISES:
                        result = replace(result, details=(*result.details, *skip.values()))
                    finished[result.exercise] = result.status is Status.PASSED
                    yield result
                else:
                    cell, reason = result
                    first = next((line for line in cells[cell][0].splitlines() if line.strip()), "")
                    text = "The cell that begins with `{code}` was left out. {reason}"
                    skip[cell] = say(text, code=first.strip(), reason=reason)
    for name in names:
        if name not in finished:
            text = "Its cell is not in the notebook: `course update {lesson}` brings it back."
            yield Result(name, Status.MISSING, say(text, lesson=lesson.number))


def _cells(path: Path, names: list[str]) -> list[tuple[str, str | None]]:
    """Source and exercise (or None) of each code cell of a notebook."""
    try:
        cells = [cell for cell in answers.read(path.read_bytes()).cells if cell.cell_type == "code"]
    except FileNotFoundError:
        raise CourseError(say("{path} does not exist: `course start` makes it", path=path)) from None
    except OSError as error:
        raise CourseError(say("{path} cannot be read: {reason}", path=path, reason=error.strerror)) from None
    except answers.Unreadable as error:
        text = "{path} is no notebook that can be read ({reason}): `course update` puts it aside and makes a new one"
        raise CourseError(say(text, path=path, reason=error)) from None
    chosen = {answers.answer(cells, name): name for name in names}
    return [(cell.source, chosen.get(number)) for number, cell in enumerate(cells)]


class _Child:
    """The process that runs the cells."""

    def __init__(self, request: dict, folder: Path):
        variables = dict(os.environ, MPLBACKEND="agg", PYTHONIOENCODING="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "course_lib.grading.child"],
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
                text = say("It takes longer than {seconds:g} seconds.", seconds=time_limit)
                yield self._blame(at, f"{text} {say('Look for a loop whose condition never changes.')}")
                return
            if not line:
                yield self._blame(at, self._cause_of_death())
                return
            at = json.loads(line)
            if "end" in at:
                return
            if "result" in at:
                name, status, message, details, seed = at["result"]
                yield Result(name, Status(status), message, tuple(details), seed)

    def _read(self) -> None:
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _blame(self, at: dict, reason: str) -> Result | tuple[int, str]:
        self._kill()
        if "cell" in at:
            return at["cell"], reason
        if "exercise" in at:
            return Result(at["exercise"], Status.RAISES, reason)
        said = self._process.stderr.read().strip().splitlines()
        text = "the checking process did not start. {reason} {last} `course doctor` may say why"
        raise CourseError(say(text, reason=reason, last=said[-1] if said else ""))

    def _cause_of_death(self) -> str:
        code = self._process.wait()
        if code == -getattr(signal, "SIGKILL", 9):
            return say("It was ended by the system, most likely for want of memory.")
        if code < 0:
            return say("It crashes Python itself ({signal}).", signal=signal.Signals(-code).name)
        if code > 255:  # Windows reports a crash so
            return say("It crashes Python itself (code {code:#x}).", code=code)
        return say("It ends Python itself (exit code {code}).", code=code)

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()
