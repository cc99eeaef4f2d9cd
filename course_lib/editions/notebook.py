"""A lesson becomes a notebook: the learner's, with stubs to fill in, or the instructors', with solutions.

The same script and reference always give the same bytes, so a notebook is never kept in git. `lesson.marks` says what
every cell carries.

No cell is marked as not deletable: JupyterLab copies the mark when a cell is split or copied, and the learner could not
get rid of the second one. `course update` brings a deleted exercise back.
"""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.lesson.errors import BuildError
from course_lib.lesson.marks import CHECK_OUTPUT, fingerprint, unique
from course_lib.lesson.script import Cell, Lesson, lessons
from course_lib.lesson.stub import source, stub

_EDITIONS = ("learner", "solutions")


def build(lesson: Lesson, edition: str = "learner") -> nbformat.NotebookNode:
    """Build one edition of a lesson.

    lesson: the lesson, as `lesson.script.find` returns it.
    edition: "learner" for stubs, "solutions" for full sources and the commentary of solution cells.
    Returns a valid notebook of format 4.5; building again gives an equal one.
    Raises BuildError naming the file, the cell and what to do.
    """
    if edition not in _EDITIONS:
        raise BuildError(f"there is no edition {edition!r}; choose one of {', '.join(_EDITIONS)}")
    cells = [_opening(lesson, edition)]
    taught: set[str] = set()  # dotted names
    unchecked: list[str] = []
    for cell in lesson.cells:
        if cell.kind == "markdown":
            made = new_markdown_cell(cell.source)
        elif cell.brings:
            made = new_code_cell(_taught(cell, edition, taught))
            if cell.tag == "exercise":
                made.metadata["course"] = {"exercise": cell.brings[1]}
                unchecked.append(cell.brings[1])
        else:
            made = _code(cell, unchecked)
        if made.source.strip() and (cell.tag != "solution" or edition == "solutions"):
            cells.append(made)
    if lesson.sources:
        text = "## Where to read on\n\n" + "\n".join(f"- {one}" for one in lesson.sources)
        cells.append(new_markdown_cell(text))
    _identify(lesson, cells)
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = new_notebook(cells=cells, metadata=metadata, nbformat=4, nbformat_minor=5)
    version = fingerprint(nbformat.writes(notebook))
    notebook.metadata["course"] = {"lesson": lesson.name, "edition": edition, "sha": version}
    nbformat.validate(notebook)
    return notebook


def dumps(notebook: nbformat.NotebookNode) -> str:
    """The text of a notebook file, keys sorted, with a final newline."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def _taught(cell: Cell, edition: str, taught: set[str]) -> str:
    """The text of an exercise or of given code; notes that it is taught from here on."""
    module, name = cell.brings
    try:
        whole = source(module, name, taught)
        text = stub(module, name, taught) if cell.tag == "exercise" and edition == "learner" else whole
    except BuildError as error:
        raise BuildError(f"{cell.where}: {error}") from None
    taught.add(f"{module}.{name}")
    return text


def _code(cell: Cell, unchecked: list[str]) -> nbformat.NotebookNode:
    """An ordinary cell, with the output it promises, and marked when it is the first to check an exercise."""
    made = new_code_cell(cell.source)
    if cell.expected is not None:
        made.outputs = [new_output("stream", name="stdout", text=cell.expected)]
        made.metadata["tags"] = [CHECK_OUTPUT]
    for name in unchecked:
        if cell.checks(name):
            made.metadata["course"] = {"check": name}
            unchecked.remove(name)
            break
    _ = cell.tree  # refuses what is no Python
    return made


def _opening(lesson: Lesson, edition: str) -> nbformat.NotebookNode:
    """The first cell, written from the header."""
    every = {other.topic: f"[{other.title}]({other.name}.ipynb)" for other in lessons(lesson.path.parent)}
    facts = [f"**Lecture:** {lesson.lecture}", f"**Time:** about {lesson.minutes} minutes"]
    if lesson.builds_on:
        links = (every.get(topic, topic) for topic in lesson.builds_on)
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
