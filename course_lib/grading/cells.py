"""A notebook's cells as far as its answers need them: what a kernel would have run, without the long trainings."""

import __future__

import ast
import contextlib
import functools
import operator
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from IPython.core.inputtransformer2 import TransformerManager

_HARMLESS_MAGIC = re.compile(r"\s*%%(time|timeit|capture|prun)\b[^\n]*\n")
_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_FEATURES = (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
FUTURE = functools.reduce(operator.or_, _FEATURES)  # what `from __future__` sets holds in the cells that follow


@dataclass
class Cell:
    """A code cell, read.

    source: Python, with the same line numbers as in the notebook.
    exercise: the exercise whose answer it holds, or None.
    body: its statements, without IPython's magics and shell lines; [] for what is no Python.
    error: why it is no Python, or None.
    """

    source: str
    exercise: str | None = None
    body: list[ast.stmt] = field(default_factory=list)
    error: SyntaxError | None = None


def read(text: str, exercise: str | None = None) -> Cell:
    """Read a cell; one in another language (%%bash) becomes empty."""
    if match := _HARMLESS_MAGIC.match(text):
        text = "#\n" * match.group().count("\n") + text[match.end() :]
    with contextlib.suppress(SyntaxError):
        text = TransformerManager().transform_cell(text)
    cell = Cell(text, exercise)
    try:
        code = compile(text, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        cell.body = [_WithoutMagic().visit(node) for node in code.body]
    except SyntaxError as error:
        cell.error = error
    except ValueError as error:  # a null byte
        cell.error = SyntaxError(str(error))
    return cell


def needed_names(cells: Sequence[Cell]) -> set[str]:
    """The names that the answers use, and those that these are made from.

    A statement of another cell that binds none of them need not run, for it may be a long training.
    """
    nodes = [node for cell in cells for node in cell.body]
    imported = set().union(*(bound(node) for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))))
    needed = set().union(*(_loaded(node) for cell in cells if cell.exercise for node in cell.body))
    others = [(bound(node) - imported, _loaded(node)) for cell in cells if not cell.exercise for node in cell.body]
    grown = True
    while grown:
        grown = False
        for names, uses in others:
            if names & needed and not uses <= needed:
                needed |= uses
                grown = True
    return needed - imported  # imports are run in any case, and `np.random.seed(0)` does not make np


def runs(node: ast.stmt, needed: set[str]) -> bool:
    """Whether a statement of an ordinary cell is run: a definition, or what makes or changes a needed name."""
    return isinstance(node, _DEFINITIONS) or bool(bound(node) & needed)


def bound(node: ast.stmt) -> set[str]:
    """The names that a statement binds, in its blocks too, or whose value it may change (`d.update(...)`)."""
    return set(_bound(node))


def checked(node: ast.AST, names: set[str]) -> list[str]:
    """The exercises among the names that a statement hands to check(...)."""
    found = []
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and getattr(part.func, "id", None) == "check" and part.args:
            name = getattr(part.args[0], "id", None)
            found += [name] if name in names else []
    return found


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
        return
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
        yield node.id
    elif isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store):
        yield _root(node)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        yield _root(node.value.func)
    for child in ast.iter_child_nodes(node):
        yield from _bound(child)


def _root(node: ast.AST) -> str:
    """`d` of d, d.update and d["a"].b; "" of anything else."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _loaded(node: ast.AST) -> set[str]:
    """The names of the notebook that a statement, or a function when it is called, looks up."""
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Load) else set()
    found = set().union(*map(_loaded, ast.iter_child_nodes(node)))
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        return found
    inside = [part for part in ast.walk(node) if isinstance(part, (ast.arg, ast.Name, ast.Global))]
    own = {part.arg for part in inside if isinstance(part, ast.arg)}
    own |= {part.id for part in inside if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    own -= {name for part in inside if isinstance(part, ast.Global) for name in part.names}
    outside = [*getattr(node, "decorator_list", []), *node.args.defaults, *filter(None, node.args.kw_defaults)]
    return (found - own).union(*map(_loaded, outside))


class _WithoutMagic(ast.NodeTransformer):
    """Puts `pass` in place of the statements that the magics and shell lines of IPython have become."""

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, (ast.Expr, ast.Assign)) and any(
            isinstance(part, ast.Name) and part.id == "get_ipython" for part in ast.walk(node)
        ):
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)
