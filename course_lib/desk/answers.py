"""The one reader of a learner's notebook: it forgives whatever other programs leave out, and finds the answers."""

import json
import re
import warnings
from collections.abc import Sequence

import nbformat
from nbformat import NotebookNode

from course_lib.language import say
from course_lib.lesson.marks import role_of


class Unreadable(Exception):
    """The file holds no notebook; the text says why, as a clause."""


def read(data: bytes) -> NotebookNode:
    """The notebook in a file's bytes.

    Missing metadata, outputs and ids are made up for. Raises Unreadable.
    """
    if not data.strip():
        raise Unreadable(say("the file is empty"))
    try:
        content = json.loads(data.decode("utf-8-sig"))
        if not isinstance(content["nbformat"], int):
            raise Unreadable(say("it is no notebook"))
        for cell in content.get("cells", []):  # what programs leave out, and what they put in an id
            cell["metadata"] = cell.get("metadata") or {}
            if cell["cell_type"] == "code":
                cell.update(outputs=cell.get("outputs", []), execution_count=cell.get("execution_count"))
            if not isinstance(cell.get("id", ""), str):
                del cell["id"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cells without ids; they get one when the notebook is merged
            notebook = nbformat.reads(json.dumps(content), as_version=4)
        notebook.setdefault("metadata", NotebookNode())
        if not all(isinstance(cell.source, str) and isinstance(cell.metadata, dict) for cell in notebook.cells):
            raise Unreadable(say("it is no notebook; a cell of it is malformed"))
    except Unreadable:
        raise
    except Exception as error:  # nbformat raises whatever a malformed file leads it to
        reason = " ".join(str(error).split())[:60]
        raise Unreadable(say("it is no notebook; {type}: {reason}", type=type(error).__name__, reason=reason)) from None
    return notebook


def defines(cell: NotebookNode, name: str) -> bool:
    """Whether a code cell defines a function or class of that name at its top level."""
    pattern = rf"^(async +def|def|class) +{re.escape(name)}\b"
    return cell.cell_type == "code" and re.search(pattern, cell.source, re.MULTILINE) is not None


def answer(cells: Sequence[NotebookNode], name: str) -> int | None:
    """The position of the cell with the answer to an exercise, or None.

    The cell says so in its mark, or defines the name. A cell that was written in comes before a bare stub; of several
    the last one counts, as it does in a kernel.
    """
    ranked = []
    for position, cell in enumerate(cells):
        marked = role_of(cell) == ("exercise", name)
        if cell.cell_type == "code" and (marked or defines(cell, name)):
            written = bool(cell.source.strip()) and "raise NotImplementedError" not in cell.source
            ranked.append((written, marked, position))
    return max(ranked)[2] if ranked else None
