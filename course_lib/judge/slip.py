"""A known mistake as what it is: an edit of the right answer."""

import ast
import inspect
import sys
from collections.abc import Callable


def slipped(reference: Callable, place: str, edit: str, inside: str = "") -> Callable:
    """The reference with one place of its text replaced, compiled in its own module.

    reference: the course's function or class.
    place: text that occurs exactly once in its source, docstrings left out; several lines where it must be.
    edit: what stands there instead.
    inside: the name of a helper in the reference's module whose source is edited instead.
    Returns the wrong function.
    Raises ValueError, which names the exercise and the place, when the place is not there once, the edit changes
    nothing, or the result is no Python.
    """
    name = f"{reference.__name__}.slip({place!r}, ...)"
    module = sys.modules[reference.__module__]
    namespace = dict(vars(module))
    target = namespace[inside or reference.__name__]
    source = without_docstrings(inspect.getsource(target))
    if (found := source.count(place)) != 1:
        raise ValueError(f"{name}: the place occurs {found} times in {target.__name__}; give a text that occurs once")
    if place == edit:
        raise ValueError(f"{name}: the edit changes nothing")
    sources = [source.replace(place, edit)]
    if inside:
        sources.append(inspect.getsource(reference))
    for text in sources:
        try:
            exec(compile(text, f"<{name}>", "exec"), namespace)
        except SyntaxError as error:
            raise ValueError(f"{name}: the edited source is no Python ({error.msg}, line {error.lineno})") from None
    return namespace[reference.__name__]


def without_docstrings(source: str) -> str:
    """The source of a function or class without its docstrings, every other line as it was."""
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and ast.get_docstring(node):
            text = node.body[0]
            indent = " " * text.col_offset
            rest = [f"{indent}pass\n"] if len(node.body) == 1 else []
            lines[text.lineno - 1 : text.end_lineno] = rest + [""] * (text.end_lineno - text.lineno + 1 - len(rest))
    return "".join(lines)
