"""The process in which `course check` runs a learner's cells. It may hang or die; `grading.notebook` watches it.

It gets one line of JSON on its standard input, {"cells": [[source, exercise or null], ...], "skip": [cell numbers],
"finished": {exercise: passed?}, "time_limit": seconds, "seed": number or null}, and answers with a line for each step:
{"cell": number}, {"exercise": name}, {"result": [name, status, message, details, seed]} and {"end": true}.
"""

import ast
import builtins
import contextlib
import json
import linecache
import os
import re
import symtable
import sys
import threading
import types
from collections.abc import Callable, Iterable

from IPython.core.inputtransformer2 import TransformerManager

import course_lib
from course_lib import checks
from course_lib.judge.examine import Outcome, judge
from course_lib.judge.status import Status
from course_lib.judge.trial import error_text
from course_lib.language import say

_GIGABYTE = 2**30
_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
_HARMLESS_MAGIC = re.compile(r"\s*%%(time|timeit|capture|prun)\b[^\n]*\n")


def main() -> None:
    """Read the request, run the cells in order and report each exercise."""
    requests, reports = _private_streams()
    request = json.loads(requests.readline())
    threading.Thread(target=_end_with_parent, args=(requests,), daemon=True).start()
    _limit_memory()

    def report(**message) -> None:
        reports.write(json.dumps(message) + "\n")
        reports.flush()

    run(report=report, **request)
    report(end=True)
    os._exit(0)  # threads of the learner's code must not keep this process


def run(
    cells: list, skip: list[int], finished: dict[str, bool], time_limit: float, seed: int | None, report: Callable
) -> None:
    """Run the cells in order: definitions of ordinary cells, exercise cells whole.

    cells: (source, exercise or None) of each code cell
    skip: numbers of cells to leave out, since they hung or crashed before
    finished: exercises that need no examination again, and whether they passed
    time_limit: seconds for each examination
    seed: for each examination, or None
    report: called with what is about to happen and with each result
    """
    sources = [plain_python(source) for source, _ in cells]
    needed = needed_names(sources, [exercise is not None for _, exercise in cells])
    notebook = _new_notebook()
    for number, (source, (_, exercise)) in enumerate(zip(sources, cells, strict=True)):
        file = f"cell {number}"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        if exercise is None:
            if number not in skip:
                report(cell=number)
                _run_definitions(source, file, notebook, needed)
            continue
        if exercise in finished:
            report(cell=number)
            works = finished[exercise] and number not in skip and not _run_whole(source, file, notebook)
        else:
            report(exercise=exercise)
            outcome = _examine(exercise, source, file, notebook, seed, time_limit)
            details = [*outcome.details, *outcome.code]
            report(result=[exercise, outcome.status.value, outcome.message, details, outcome.seed])
            works = outcome.passed
        if not works:  # later exercises may build on it
            notebook[exercise] = checks.find(exercise).reference


def plain_python(source: str) -> str:
    """A cell without IPython's magics and shell lines.

    source: the text of the cell
    Returns Python source with the same line numbers; a cell in another language becomes empty.
    """
    if match := _HARMLESS_MAGIC.match(source):
        source = "#\n" * match.group().count("\n") + source[match.end() :]
    with contextlib.suppress(SyntaxError):
        source = TransformerManager().transform_cell(source)
    lines = source.splitlines(keepends=True)
    for node in _parsed(source)[0]:
        if isinstance(node, (ast.Expr, ast.Assign)) and _calls_ipython(node):
            for line in range(node.lineno - 1, node.end_lineno):
                lines[line] = "\n"
    return "".join(lines)


def needed_names(sources: Iterable[str], whole: Iterable[bool]) -> set[str]:
    """The global names that functions, classes and exercise cells use, and those that these are made from.

    sources: Python source of each cell
    whole: for each cell, whether it is run as a whole
    Returns the names; an assignment to any other name need not run, for it may be a long training.
    """
    needed: set[str] = set()
    assignments = []
    for source, runs_whole in zip(sources, whole, strict=True):
        body, table = _parsed(source)
        defined = {getattr(node, "name", None) for node in body}
        parts = [table] if runs_whole else [part for part in table.get_children() if part.get_name() in defined]
        needed = needed.union(*map(_globals_of, parts))
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):  # decorators, defaults, base classes
                needed |= _loaded(*node.decorator_list, *getattr(node, "bases", []), getattr(node, "args", None))
            elif isinstance(node, _ASSIGNMENTS):
                assignments.append(node)
    for node in reversed(assignments):
        if _targets(node) & needed:
            needed |= _loaded(node.value)
    return needed


def _parsed(source: str) -> tuple[list[ast.stmt], symtable.SymbolTable]:
    """The statements of a cell and the names in it; none of both when it is no Python."""
    try:
        return ast.parse(source).body, symtable.symtable(source, "cell", "exec")
    except (SyntaxError, ValueError):
        return _parsed("")


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


def _run_definitions(source: str, file: str, notebook: dict, needed: set[str]) -> None:
    """Run a cell's imports, functions, classes and the assignments that those need. What fails is left out."""
    for node in _parsed(source)[0]:
        if isinstance(node, _DEFINITIONS) or (isinstance(node, _ASSIGNMENTS) and _targets(node) & needed):
            with contextlib.suppress(Exception, SystemExit):
                exec(compile(ast.Module([node], []), file, "exec", dont_inherit=True), notebook)


def _run_whole(source: str, file: str, notebook: dict) -> BaseException | None:
    """Run a cell as it stands; returns the exception that ended it, if any."""
    try:
        exec(compile(source, file, "exec", dont_inherit=True), notebook)
    except (Exception, SystemExit) as error:
        return error
    return None


def _examine(name: str, source: str, file: str, notebook: dict, seed: int | None, time_limit: float) -> Outcome:
    notebook.pop(name, None)
    error = _run_whole(source, file, notebook)
    if name in notebook:  # even if a line below the definition failed
        try:
            return judge(checks.find(name), notebook[name], seed, time_limit)
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


def _calls_ipython(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Name) and part.id == "get_ipython" for part in ast.walk(node))


def _globals_of(table: symtable.SymbolTable) -> set[str]:
    """The global names that a block and the blocks inside it refer to."""
    module = table.get_type() == "module"
    names = {one.get_name() for one in table.get_symbols() if one.is_global() or (module and one.is_referenced())}
    return names.union(*(_globals_of(inner) for inner in table.get_children()))


def _loaded(*nodes: ast.AST | None) -> set[str]:
    return {part.id for node in nodes if node for part in ast.walk(node) if isinstance(part, ast.Name)}


def _targets(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> set[str]:
    """The names that a statement assigns to, also as in `a, b = ...`, `table[0] = ...`, `model.size = ...`."""
    return _loaded(*(node.targets if isinstance(node, ast.Assign) else [node.target]))


if __name__ == "__main__":
    main()
