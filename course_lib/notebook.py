"""A lesson script becomes a notebook: the learner's, with stubs to fill in, or the instructors', with solutions.

The same script and reference always give the same bytes, so a notebook is never kept in git.

Every cell carries `metadata["course"]`, by which an update later tells the course's text from the learner's:
    lesson    "01_words"
    exercise  the exercise's name, on the cell that the learner fills in
    check     the exercise's name, on the cell that checks it
    sha       fingerprint of the source as generated; it differs from the source's own once somebody edited the cell
The notebook's own `metadata["course"]` holds lesson, edition, and a fingerprint of the whole as generated.

No cell is marked as not deletable: JupyterLab copies the mark when a cell is split or copied, and the learner could not
get rid of the second one. `course update` brings a deleted exercise back.
"""

import ast
import hashlib
import re

import jupytext
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib import stub
from course_lib.lessons import BuildError, Lesson, heading, lessons, split_header

TAGS = ("exercise", "show", "solution")
CHECK_OUTPUT = "nbval-check-output"  # nbval compares this cell's output even when told to be lax
_EDITIONS = ("learner", "solutions")
_EXPECTED = "#>"
_LAYOUT = ("lines_to_next_cell", "lines_to_end_of_cell_marker", "cell_marker")  # noted by jupytext itself


def build(lesson: Lesson, edition: str = "learner") -> nbformat.NotebookNode:
    """Build one edition of a lesson.

    lesson: the lesson, as `lessons.find` returns it.
    edition: "learner" for stubs, "solutions" for full sources and the commentary of solution cells.
    Returns a valid notebook of format 4.5; building again gives an equal one.
    Raises BuildError naming the file, the cell and what to do.
    """
    if edition not in _EDITIONS:
        raise BuildError(f"there is no edition {edition!r}; choose one of {', '.join(_EDITIONS)}")
    _, body = split_header(lesson.path)
    options = {"extension": ".py", "format_name": "percent", "comment_magics": False}
    script = jupytext.reads(body.lstrip("\n"), fmt=options)
    builder = _Builder(lesson, edition)
    for number, cell in enumerate(script.cells, start=1):
        builder.place(number, cell)
    builder.finish()
    cells = [_opening(lesson, edition), *builder.cells]
    if lesson.sources:
        text = "## Where to read on\n\n" + "\n".join(f"- {source}" for source in lesson.sources)
        cells.append(new_markdown_cell(text))
    _identify(lesson, cells)
    notebook = new_notebook(cells=cells)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    version = fingerprint(nbformat.writes(notebook))
    notebook.metadata["course"] = {"lesson": lesson.name, "edition": edition, "sha": version}
    nbformat.validate(notebook)
    return notebook


def dumps(notebook: nbformat.NotebookNode) -> str:
    """The text of a notebook file, keys sorted, with a final newline."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def fingerprint(text: str) -> str:
    """A short hash of a cell's source, the same whatever an editor did to the white space at line ends."""
    plain = "\n".join(line.rstrip() for line in text.strip("\r\n").splitlines())
    return hashlib.sha256(plain.encode()).hexdigest()[:12]


class _Builder:
    """Takes the cells of one script in their order and remembers what has been taught."""

    def __init__(self, lesson: Lesson, edition: str):
        self.lesson, self.edition = lesson, edition
        self.cells: list[nbformat.NotebookNode] = []
        self.taught: set[str] = set()  # dotted names
        self.exercises: list[str] = []
        self.checked: set[str] = set()
        self.pending: tuple[str, str] | None = None  # an exercise announced by a heading, and where

    def place(self, number: int, cell: nbformat.NotebookNode) -> None:
        where = f"{self.lesson.path.name}, cell {number} ({_first_line(cell.source)!r})"
        tag = self._tag(cell, where)
        if cell.cell_type == "markdown":
            if tag not in (None, "solution"):
                raise BuildError(f"{where}: the tag {tag} is for code; remove it")
            self._announce(cell.source, where)
            new = new_markdown_cell(cell.source)
        elif cell.cell_type == "code":
            new = self._code(cell.source, tag, where)
        else:
            raise BuildError(f"{where}: a {cell.cell_type} cell; only markdown and code cells are built")
        if new.source.strip() and (tag != "solution" or self.edition == "solutions"):
            self.cells.append(new)

    def finish(self) -> None:
        if self.pending:
            raise BuildError(f"{self.pending[1]}: no cell tagged exercise follows; import {self.pending[0]} in one")
        listed = [entry.name for entry in self.lesson.exercises]
        if listed != self.exercises:
            raise BuildError(
                f"{self.lesson.path.name}: the headings announce {', '.join(listed) or 'nothing'}, "
                f"the exercise cells bring {', '.join(self.exercises) or 'nothing'}; put headings in Markdown cells"
            )

    def _tag(self, cell: nbformat.NotebookNode, where: str) -> str | None:
        tags = cell.metadata.get("tags", [])
        if not isinstance(tags, list) or set(tags) - set(TAGS):
            raise BuildError(f"{where}: unknown tag in {tags!r}; the tags are {', '.join(TAGS)}")
        if len(tags) > 1:
            raise BuildError(f"{where}: a cell has one tag, not {', '.join(tags)}")
        if other := sorted(set(cell.metadata) - {"tags", *_LAYOUT}):
            raise BuildError(f'{where}: unknown cell option {other[0]!r}; write # %%, # %% [markdown] or tags=["..."]')
        return tags[0] if tags else None

    def _announce(self, markdown: str, where: str) -> None:
        for line in markdown.splitlines():
            try:
                entry = heading(line)
            except ValueError as error:
                raise BuildError(f"{where}: {error}") from None
            if entry is None:
                continue
            if self.pending:
                raise BuildError(f"{self.pending[1]}: no cell tagged exercise follows; import {self.pending[0]} in one")
            self.pending = (entry.name, where)

    def _code(self, text: str, tag: str | None, where: str) -> nbformat.NotebookNode:
        code, expected = _split_output(text, where)
        try:
            tree = ast.parse(code)
        except SyntaxError as error:
            raise BuildError(f"{where}: line {error.lineno} of the cell is no Python: {error.msg}") from None
        if tag in ("exercise", "show"):
            if expected:
                raise BuildError(f"{where}: a cell tagged {tag} prints nothing; put the {_EXPECTED} lines elsewhere")
            return self._taught(tree, tag, where)
        cell = new_code_cell(code)
        if expected is not None:
            cell.outputs = [new_output("stream", name="stdout", text=expected)]
            cell.metadata["tags"] = [CHECK_OUTPUT]
        for name in self.exercises:
            if name not in self.checked and _calls_check(tree, name):
                cell.metadata["course"] = {"check": name}
                self.checked.add(name)
                break
        return cell

    def _taught(self, tree: ast.Module, tag: str, where: str) -> nbformat.NotebookNode:
        match tree.body:
            case [ast.ImportFrom(module=str(module), names=[ast.alias(name=name, asname=None)], level=0)] if (
                module.startswith("course_lib.reference.") and name != "*"
            ):
                pass
            case _:
                raise BuildError(
                    f"{where}: a cell tagged {tag} is exactly one 'from course_lib.reference.<topic> import <name>'"
                )
        dotted = f"{module}.{name}"
        if dotted in self.taught:
            raise BuildError(f"{where}: {name} was brought by an earlier cell; remove one of the two")
        try:
            stub_text = stub.stub(module, name, self.taught) if tag == "exercise" else None
            full_text = stub.source(module, name, self.taught)
        except BuildError as error:
            raise BuildError(f"{where}: {error}") from None
        self.taught.add(dotted)
        if tag == "show":
            return new_code_cell(full_text)
        if self.pending is None or self.pending[0] != name:
            found = f"the one before it is for {self.pending[0]}" if self.pending else "there is none before it"
            raise BuildError(f"{where}: the exercise {name} needs a heading '### Exercise · {name} · ...'; {found}")
        self.pending = None
        self.exercises.append(name)
        cell = new_code_cell(stub_text if self.edition == "learner" else full_text)
        cell.metadata["course"] = {"exercise": name}
        return cell


def _opening(lesson: Lesson, edition: str) -> nbformat.NotebookNode:
    """The first cell, written from the header."""
    every = {other.topic: other for other in lessons(lesson.path.parent)}
    facts = [f"**Lecture:** {lesson.lecture}", f"**Time:** about {lesson.minutes} minutes"]
    if lesson.builds_on:
        links = (f"[{every[topic].title}]({every[topic].name}.ipynb)" for topic in lesson.builds_on)
        facts.append(f"**Builds on:** {', '.join(links)}")
    goals = "\n".join(f"- {goal}" for goal in lesson.goals)
    edition = " (solutions edition)" if edition == "solutions" else ""
    return new_markdown_cell(f"# {lesson.title}{edition}\n\n{' · '.join(facts)}\n\nYou will be able to\n\n{goals}")


def _identify(lesson: Lesson, cells: list[nbformat.NotebookNode]) -> None:
    """Give every cell its course metadata, a stable id, and a count if it has an output."""
    used: set[str] = set()
    for number, cell in enumerate(cells, start=1):
        known = cell.metadata.pop("course", {})
        sha = fingerprint(cell.source)
        cell.metadata["course"] = {"lesson": lesson.name, **known, "sha": sha}
        if cell.get("outputs"):
            cell.execution_count = number  # nbval takes a cell without a count for one that never ran
        wanted = known.get("exercise") or (f"check-{known['check']}" if known else sha)
        cell.id = unique(wanted, used)


def unique(wanted: str, used: set[str]) -> str:
    """The wanted cell id, with a counter when it is taken; the id found is added to `used`."""
    found, counter = wanted[:64], 1
    while found in used:
        counter += 1
        found = f"{wanted[:58]}-{counter}"
    used.add(found)
    return found


def _split_output(text: str, where: str) -> tuple[str, str | None]:
    """A cell's code, and the output that the `#>` lines at its end expect (None without any)."""
    lines = text.rstrip().split("\n")
    end = len(lines)
    while end and lines[end - 1].startswith(_EXPECTED):
        end -= 1
    if any(line.lstrip().startswith(_EXPECTED) for line in lines[:end]):
        raise BuildError(f"{where}: {_EXPECTED} lines stand at the end of a cell, unindented; move them there")
    if end == len(lines):
        return text, None
    code = "\n".join(lines[:end]).rstrip()
    if not code:
        raise BuildError(f"{where}: {_EXPECTED} lines without code above them; join them to the cell that prints them")
    expected = [re.sub(r"^ ", "", line[len(_EXPECTED) :]) for line in lines[end:]]
    return code, "\n".join(expected) + "\n"


def _calls_check(tree: ast.Module, name: str) -> bool:
    return any(
        isinstance(node, ast.Call)
        and getattr(node.func, "id", None) == "check"
        and node.args
        and getattr(node.args[0], "id", None) == name
        for node in ast.walk(tree)
    )


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= 60 else line[:59] + "…"
