"""From a reference function: what the learner gets to start from, and what an instructor gets to read.

The reference module is read as text and never imported, so that building a notebook needs neither torch nor time.
"""

import ast
import importlib.util
import re
import symtable
from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from course_lib.lesson.errors import BuildError

_BEGIN, _END = "# BEGIN SOLUTION", "# END SOLUTION"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Reference:
    """One function or class of a reference module, ready to be cut.

    module: dotted name of the module.
    name: name of the function or class.
    lines: the module's text, line by line.
    tree: the module's syntax tree.
    node: the definition's place in that tree.
    """

    module: str
    name: str
    lines: list[str]
    tree: ast.Module
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

    @property
    def first(self) -> int:
        """Line number, from 1, of the definition with its decorators."""
        return min([self.node.lineno, *(one.lineno for one in self.node.decorator_list)])

    @property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """The function itself, or the methods of the class."""
        inner = self.node.body if isinstance(self.node, ast.ClassDef) else [self.node]
        return [node for node in inner if isinstance(node, _FUNCTIONS)]

    def text(self) -> list[str]:
        """The lines of the definition, with indented comments at its end, which the syntax tree leaves out."""
        end = self.node.end_lineno
        for number, line in enumerate(self.lines[end:], start=end + 1):
            if line.strip() and not line.startswith((" ", "\t")):
                break
            if line.strip():
                end = number
        return self.lines[self.first - 1 : end]

    def wrong(self, what: str, line: int | None = None) -> BuildError:
        """An error that names module, function and line."""
        return BuildError(f"{self.module}, {self.name}, line {line or self.node.lineno}: {what}")


def stub(module: str, name: str, taught: Set[str] = frozenset()) -> str:
    """What the learner starts from: imports, signature, docstring, and a raise where the solution was.

    module: dotted name of the reference module, "course_lib.reference.words".
    name: the function or class.
    taught: dotted names that the notebook defines itself before this one; they are not imported again.
    Returns Python source without a final newline.
    Raises BuildError naming module, function and line.
    """
    reference = _read(module, name)
    regions = _regions(reference)
    body = "\n".join(_with_regions_cut(reference, regions) if regions else _cut(reference))
    try:
        ast.parse(body)
    except SyntaxError as error:
        raise reference.wrong(f"without its solution it is no Python ({error.msg}); move the markers") from None
    return _with_imports(reference, body, taught)


def source(module: str, name: str, taught: Set[str] = frozenset(), imports: bool = True) -> str:
    """The whole definition with the imports it needs, the markers of its solution removed.

    module, name, taught: as in `stub`.
    imports: False for the definition alone.
    Returns Python source without a final newline.
    Raises BuildError naming module, function and line.
    """
    reference = _read(module, name)
    _regions(reference)  # refuses broken markers in both editions alike
    body = "\n".join(line for line in reference.text() if line.strip() not in (_BEGIN, _END))
    return _with_imports(reference, body, taught) if imports else body


def _read(module: str, name: str) -> Reference:
    text, tree = _parsed(module, name)
    definitions = {node.name: node for node in tree.body if isinstance(node, (*_FUNCTIONS, ast.ClassDef))}
    passed = _passed_on(module, tree)
    if name in passed:
        return _read(passed[name], name)
    if name not in definitions:
        public = ", ".join(sorted(key for key in [*definitions, *passed] if not key.startswith("_")))
        raise BuildError(f"{module} has no function or class {name}; it has {public or 'nothing public'}")
    return Reference(module, name, text.splitlines(), tree, definitions[name])


def _parsed(module: str, name: str) -> tuple[str, ast.Module]:
    """Text and syntax tree of a topic or of a part of one, in which a name is looked for; nothing of it is run."""
    topic = _topic(module)
    try:
        spec = importlib.util.find_spec(topic)
    except ModuleNotFoundError:
        spec = None
    path = Path(spec.origin) if spec and spec.origin else None
    if path and module != topic:
        path = path.with_name(module.removeprefix(f"{topic}.") + ".py")
    if path is None or not path.is_file():
        raise BuildError(f"{module}, {name}: there is no such module; correct the import")
    text = path.read_text(encoding="utf-8")
    try:
        return text, ast.parse(text)
    except SyntaxError as error:
        raise BuildError(f"{module}, line {error.lineno}: {error.msg}") from None


def _passed_on(module: str, tree: ast.Module) -> dict[str, str]:
    """The names that the `__init__` of a topic in a folder passes on, and the part each comes from."""
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    parts = [node for node in imports if str(node.module).startswith(f"{module}.")]
    return {one.name: node.module for node in parts for one in node.names}


def _regions(reference: Reference) -> list[tuple[int, int]]:
    """First and last index, in the definition's lines, of each region with its markers."""
    found, begin = [], None
    for index, line in enumerate(reference.text()):
        number = reference.first + index
        if line.strip() == _BEGIN:
            if begin is not None:
                raise reference.wrong(f"{_BEGIN} inside a region; end the first one before", number)
            begin = index
        elif line.strip() == _END:
            if begin is None:
                raise reference.wrong(f"{_END} without {_BEGIN} before it", number)
            found.append((begin, index))
            begin = None
        elif re.match(r"#\s*(begin|end)\s+solution\b", line.strip(), re.IGNORECASE):
            raise reference.wrong(f"write the marker {line.strip()!r} exactly {_BEGIN} or {_END}", number)
    if begin is not None:
        raise reference.wrong(f"{_BEGIN} without {_END} after it", reference.first + begin)
    return found


def _raise(indent: str, name: str) -> str:
    return f'{indent}raise NotImplementedError("write {name} here")'


def _with_regions_cut(reference: Reference, regions: list[tuple[int, int]]) -> list[str]:
    lines = reference.text()
    for begin, end in reversed(regions):
        indent = re.match(r"\s*", lines[begin])[0]
        lines[begin : end + 1] = [_raise(indent, _name_around(reference, reference.first + begin))]
    return lines


def _name_around(reference: Reference, line: int) -> str:
    """The function, or Class.method, that a line number is in."""
    around = [node for node in reference.functions if node.lineno <= line <= node.end_lineno]
    return ".".join([reference.name, *(node.name for node in around if node is not reference.node)])


def _cut(reference: Reference) -> list[str]:
    """The definition's lines, with a raise after the docstring of each function."""
    if not reference.functions:
        raise reference.wrong(f"a class without methods leaves nothing to write; mark the solution with {_BEGIN}")
    lines = reference.text()
    for node in reversed(reference.functions):
        indent = " " * (node.col_offset + 4)
        body = node.body[0]
        documented = ast.get_docstring(node) is not None
        line = body.end_lineno if documented else body.lineno
        column = body.end_col_offset if documented else body.col_offset  # counts bytes
        kept = reference.lines[node.lineno - 1 : line]
        kept[-1] = kept[-1].encode()[:column].decode().rstrip()
        while not documented and re.match(r"\s*(#|$)", kept[-1]):
            kept.pop()
        begin, end = node.lineno - reference.first, node.end_lineno - reference.first + 1
        lines[begin:end] = [*kept, _raise(indent, _name_around(reference, node.lineno))]
    return lines


def _with_imports(reference: Reference, body: str, taught: Set[str]) -> str:
    """The body below the imports that it, or its solution, needs.

    What the whole definition uses of other packages is imported in the stub too, so that a learner has it at hand;
    what it uses of the course's own is imported only where the visible text calls it.
    """
    whole = _free_names("\n".join(reference.text()))
    visible = _free_names(body)
    ours = reference.module.partition(".")[0]
    outer: list[str] = []
    inner: dict[str, list[str]] = defaultdict(list)  # module: names
    defined: set[str] = set()
    for node in reference.tree.body:
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            defined |= _defined(node)
            continue
        if getattr(node, "level", 0):
            raise reference.wrong("write the module's imports absolute, a notebook has no package", node.lineno)
        module = getattr(node, "module", "")
        own = module.partition(".")[0] == ours
        used = [one for one in node.names if (one.asname or one.name.partition(".")[0]) in (visible if own else whole)]
        if own:
            for one in used:
                if one.asname or _public(module, one.name) not in taught:
                    inner[_home(module, one.name)].append(ast.unparse(one))
        elif used:
            node.names = used
            outer.append(ast.unparse(node))
    for name in sorted(visible & defined - {reference.name}):
        if _public(reference.module, name) not in taught:
            inner[_home(reference.module, name)].append(name)
    lines = [f"from {module} import {', '.join(names)}" for module, names in inner.items()]
    groups = ["\n".join(group) for group in (outer, lines) if group]
    return "\n\n\n".join(["\n\n".join(groups), body]) if groups else body


def _public(module: str, name: str) -> str:
    """The dotted name under which lessons import something: from its topic, be that a file or a folder."""
    return f"{_topic(module)}.{name}"


def _topic(module: str) -> str:
    """The dotted name of a module's topic: course_lib.reference.transformer for each file of that folder."""
    return ".".join(module.split(".")[:3])


def _home(module: str, name: str) -> str:
    """Where a notebook imports a name from: the topic where it passes the name on, else the very part."""
    topic = _topic(module)
    if module == topic or name in _passed_on(topic, _parsed(topic, name)[1]):
        return topic
    return module


def _defined(node: ast.stmt) -> set[str]:
    """The names that a statement of a module defines."""
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return {node.name}
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}


def _free_names(text: str) -> set[str]:
    """The names that a definition takes from its module."""

    def walk(table: symtable.SymbolTable):
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global()):
                yield symbol.get_name()
        for child in table.get_children():
            yield from walk(child)

    return set(walk(symtable.symtable(text, "<reference>", "exec")))
