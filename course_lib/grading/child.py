"""The process in which `course check` runs a learner's cells. It may hang or die; `grading.notebook` watches it.

It gets one line of JSON on its standard input, {"cells": [[source, exercise or null], ...], "skip": [cell numbers],
"finished": {exercise: passed?}, "time_limit": seconds, "seed": number or null}, and answers with a line for each step:
{"cell": number}, {"exercise": name}, {"result": [name, status, message, details, seed]} and {"end": true}.
"""

import ast
import asyncio
import builtins
import contextlib
import inspect
import json
import linecache
import os
import sys
import threading
import types
from collections import Counter
from collections.abc import Callable

import course_lib
from course_lib import checks
from course_lib.grading.cells import FUTURE, Cell, checked, needed_names, read, runs
from course_lib.judge.examine import Outcome, judge
from course_lib.judge.status import Status
from course_lib.judge.trial import error_text
from course_lib.language import say

_GIGABYTE = 2**30


def main() -> None:
    """Read the request, run the cells in order and report each exercise."""
    requests, reports = _private_streams()
    request = json.loads(requests.readline())
    threading.Thread(target=_end_with_parent, args=(requests,), daemon=True).start()
    _limit_memory()

    def report(**message) -> None:
        reports.write(json.dumps(message) + "\n")
        reports.flush()

    Kernel(report=report, **request).run()
    report(end=True)
    os._exit(0)  # threads of the learner's code must not keep this process


class Kernel:
    """Runs the cells in order, as a kernel would have, and judges each name as it is bound where it is checked.

    cells: (source, exercise or None) of each code cell.
    skip: numbers of cells to leave out, since they hung or crashed before.
    finished: exercises that need no examination again, and whether they passed.
    time_limit: seconds for each examination.
    seed: for each examination, or None.
    report: called with what is about to happen and with each result.
    """

    def __init__(
        self,
        cells: list,
        skip: list[int],
        finished: dict[str, bool],
        time_limit: float,
        seed: int | None,
        report: Callable,
    ):
        self.cells = [read(source, exercise) for source, exercise in cells]
        self.skip, self.finished, self.time_limit, self.seed, self.report = skip, finished, time_limit, seed, report
        self.names = _new_notebook()
        self.needed = needed_names(self.cells)
        self.waiting: dict[
            str, BaseException | None
        ] = {}  # answers not judged yet, and the error that ended their cell
        exercises = {cell.exercise for cell in self.cells if cell.exercise}
        self.checks = Counter(name for cell in self.cells for node in cell.body for name in checked(node, exercises))
        self.outcomes: dict[str, Outcome] = {}  # of checks that another check of the same exercise follows
        self.flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self.loop = asyncio.new_event_loop()

    def run(self) -> None:
        """Run the cells, and report the result of each exercise."""
        for number, cell in enumerate(self.cells):
            file = f"cell {number}"
            linecache.cache[file] = (len(cell.source), None, cell.source.splitlines(keepends=True), file)
            if cell.exercise:
                self._answer(number, cell, file)
            elif number not in self.skip:
                self.report(cell=number)
                self._ordinary(cell, file)
        for name in list(self.waiting):
            self._settle(name, last=True)

    def _answer(self, number: int, cell: Cell, file: str) -> None:
        """Run the cell of an answer as it stands."""
        name = cell.exercise
        self.waiting[name] = None
        if name in self.finished and (number in self.skip or not self.finished[name]):
            self._settle(name, last=True)
            return
        self.report(**({"cell": number} if name in self.finished else {"exercise": name}))
        self.names.pop(name, None)
        self.waiting[name] = cell.error or self._execute(cell.body, file)
        for node in cell.body:
            for other in checked(node, set(self.waiting)):
                self._settle(other)

    def _ordinary(self, cell: Cell, file: str) -> None:
        """Run what the answers need of another cell, and judge what it checks. What fails is left out."""
        for node in cell.body:
            for name in checked(node, set(self.waiting)):
                self._settle(name)
            if runs(node, self.needed):
                self._execute([node], file)

    def _settle(self, name: str, last: bool = False) -> None:
        """Judge an answer as its name is bound now; a later exercise may build on it, or on the course's version.

        What the last check finds is reported, unless there was nothing new to examine.
        """
        self.checks[name] -= 1
        last = last or self.checks[name] <= 0
        passed = self.finished.get(name)
        if passed is None:
            self.report(exercise=name)
            outcome = self._outcome(name, self.waiting[name])
            if not outcome.examined:
                outcome = self.outcomes.get(name, outcome)
            self.outcomes[name] = outcome
            passed = outcome.passed
            if last:
                details = [*outcome.details, *outcome.code]
                self.report(result=[name, outcome.status.value, outcome.message, details, outcome.seed])
        if last:
            del self.waiting[name]
        if not passed or name not in self.names:
            self.names[name] = checks.find(name).reference

    def _outcome(self, name: str, error: BaseException | None) -> Outcome:
        if name in self.names:  # even if a line below the definition failed
            try:
                return judge(checks.find(name), self.names[name], self.seed, self.time_limit)
            except (Exception, SystemExit) as failure:
                error = failure
        if isinstance(error, SyntaxError):
            text = "Python cannot read it ({reason})"
            if error.lineno:
                text = "Python cannot read it ({reason}) in line {line} of its cell: `{code}`"
            code = (error.text or "").strip()
            return Outcome(name, Status.RAISES, say(text, reason=error.msg, line=error.lineno, code=code))
        if isinstance(error, NotImplementedError):
            return Outcome(name, Status.NOT_WRITTEN, say("Not written yet."))
        if error is not None:
            return Outcome(name, Status.RAISES, say("Its cell stops with {error}", error=error_text(error)))
        return Outcome(name, Status.NOT_WRITTEN, say("Its cell defines no `{name}`: keep that name.", name=name))

    def _execute(self, body: list[ast.stmt], file: str) -> BaseException | None:
        """Run some statements; returns the exception that ended them, if any."""
        try:
            code = compile(ast.Module(body, []), file, "exec", self.flags, dont_inherit=True)
            self.flags |= code.co_flags & FUTURE
            if code.co_flags & inspect.CO_COROUTINE:  # an `await` outside a function, which a notebook allows
                self.loop.run_until_complete(eval(code, self.names))
            else:
                exec(code, self.names)
        except (Exception, SystemExit) as error:
            return error
        return None


def _private_streams():
    """The two ends of our conversation; what the learner's code prints or reads goes to the null device."""
    requests, reports = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    return requests, reports


def _end_with_parent(requests) -> None:
    requests.read()  # comes back when the parent closes its end, or dies
    os._exit(1)


def _limit_memory() -> None:
    """Let a runaway allocation fail with MemoryError before the machine begins to swap (where the system can)."""
    with contextlib.suppress(ImportError, ValueError, OSError, AttributeError):
        import resource

        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (max(4 * _GIGABYTE, memory // 2), hard))


def _new_notebook() -> dict:
    """The globals of a fresh notebook, in which `check` hands back its argument and nobody can be asked."""

    def unattended(*_):
        raise RuntimeError(say("input() asks a question and nobody is there to answer: take the value as an argument"))

    builtins.input = unattended
    course_lib.check = lambda subject, *_, **__: subject
    course_lib.hint = course_lib.solution = lambda *_, **__: None
    sys.modules["__main__"] = module = types.ModuleType("__main__")
    module.display = lambda *_, **__: None
    return vars(module)


if __name__ == "__main__":
    main()
