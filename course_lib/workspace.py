"""The learner's folder: lessons are put there, reset and updated, and nothing in it is ever lost.

A file is only ever replaced in one step, after its old version was written to the disk under another name.
"""

import contextlib
import itertools
import json
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course_lib import paths
from course_lib.lessons import CourseError, Lesson, lessons
from course_lib.merge import merge
from course_lib.notebook import build, dumps


@dataclass(frozen=True)
class UpdateReport:
    """What an update did.

    path: the learner's notebook.
    kept: the old file under its new name, or None when the notebook was not touched.
    changed: whether the notebook was written.
    lines: what was kept, moved, renamed, one sentence each.
    """

    path: Path
    kept: Path | None
    changed: bool
    lines: list[str]


def path_of(lesson: Lesson) -> Path:
    """Where the learner's copy of a lesson is, or would be."""
    return paths.work_dir() / f"{lesson.name}.ipynb"


def start(lesson: Lesson) -> Path:
    """Put a lesson into the learner's folder, unless something of that name is there already.

    lesson: the lesson.
    Returns the path of the learner's copy.
    Raises CourseError when it cannot be built or written.
    """
    path = path_of(lesson)
    if not os.path.lexists(path):
        fresh = dumps(build(lesson)).encode()
        with _told(path, "could not be written"):
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, fresh)
    return path


def start_missing() -> list[Path]:
    """Put every lesson that is missing into the learner's folder; returns the paths of the new ones."""
    missing = [lesson for lesson in lessons() if not os.path.lexists(path_of(lesson))]
    return [start(lesson) for lesson in missing]


def reset(lesson: Lesson) -> tuple[Path, Path | None]:
    """Put a fresh copy of a lesson in place of the learner's, which is kept under another name.

    lesson: the lesson.
    Returns the path of the fresh copy, and that of the old one (None if there was none).
    Raises CourseError when it cannot be built or written; the old file then is as it was.
    """
    path = path_of(lesson)
    if not os.path.lexists(path):
        return start(lesson), None
    fresh = dumps(build(lesson)).encode()
    with _told(path, "was not reset and is as it was"):
        return path, _replace(path, path.read_bytes(), fresh, "before-reset")


def update(lesson: Lesson, aliases: Mapping[str, Sequence[str]] | None = None) -> UpdateReport:
    """Bring the learner's copy of a lesson to the installed version; `merge` says what becomes of each cell.

    lesson: the lesson.
    aliases: the earlier names of renamed exercises; by default those that the course's checks list.
    Returns the report. A notebook that is up to date is not touched; a damaged one is kept aside and a fresh one put
    in its place.
    Raises CourseError when it cannot be built or written; the old file then is as it was.
    """
    if aliases is None:
        from course_lib import checks

        aliases = checks.aliases()
    path = path_of(lesson)
    if not os.path.lexists(path):
        return UpdateReport(start(lesson), None, True, ["it was missing; a fresh copy is there now"])
    with _told(path, "was not updated and is as it was"):
        before = path.read_bytes()
        old, damage = _read(before)
        if old is None:
            kept = _replace(path, before, dumps(build(lesson)).encode(), "damaged")
            line = f"the notebook was damaged ({damage}) and is kept as {kept.name}; a fresh copy is in its place"
            return UpdateReport(path, kept, True, [line])
        course = old.metadata.get("course")
        edition = "solutions" if isinstance(course, dict) and course.get("edition") == "solutions" else "learner"
        merged, lines = merge(old, build(lesson, edition), aliases)
        if merged == old:
            return UpdateReport(path, None, False, [])
        kept = _replace(path, before, dumps(merged).encode(), "before-update")
        return UpdateReport(path, kept, True, lines)


def _read(data: bytes) -> tuple[nbformat.NotebookNode | None, str]:
    """The notebook in a file's bytes, or None and what is wrong with it."""
    if not data.strip():
        return None, "the file is empty"
    try:
        content = json.loads(data.decode("utf-8-sig"))
        if not isinstance(content["nbformat"], int):
            return None, "it is no notebook"
        for cell in content.get("cells", []):  # what programs leave out, and what they put in an id
            cell["metadata"] = cell.get("metadata") or {}
            if cell["cell_type"] == "code":
                cell.update(outputs=cell.get("outputs", []), execution_count=cell.get("execution_count"))
            if not isinstance(cell.get("id", ""), str):
                del cell["id"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cells without ids; they get one when the notebook is merged
            notebook = nbformat.reads(json.dumps(content), as_version=4)
        notebook.setdefault("metadata", nbformat.NotebookNode())
        if not all(isinstance(cell.source, str) and isinstance(cell.metadata, dict) for cell in notebook.cells):
            return None, "it is no notebook; a cell of it is malformed"
    except Exception as error:  # nbformat raises whatever a malformed file leads it to
        return None, f"it is no notebook; {type(error).__name__}: {' '.join(str(error).split())[:60]}"
    return notebook, ""


@contextlib.contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    """Turn an error of the disk into one line."""
    try:
        yield
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CourseError(f"{path} {what}: {reason}. Make room or check the folder's rights, then try again.") from None


def _replace(path: Path, before: bytes, after: bytes, why: str) -> Path:
    """Keep the bytes `before` of a file under another name, then put `after` in its place; returns the other name."""
    kept = _keep(path, before, why)
    try:
        if path.read_bytes() != before:
            raise CourseError(f"{path} was saved by another program just now; nothing was changed. Try again.")
        _write(path, after)
    except BaseException:
        kept.unlink(missing_ok=True)  # the file itself is as it was
        raise
    return kept


def _keep(path: Path, data: bytes, why: str) -> Path:
    """Write a copy next to the file under the first free name."""
    for number in itertools.count(1):
        kept = path.with_name(f"{path.stem}.{why}{f'-{number}' if number > 1 else ''}{path.suffix}")
        try:
            with open(kept, "xb") as file:
                _flushed(file, data)
        except FileExistsError:
            continue
        except BaseException:
            kept.unlink(missing_ok=True)
            raise
        return kept


def _write(path: Path, data: bytes) -> None:
    """Replace a file in one step: whoever reads it sees the old bytes or the new ones."""
    path = path.resolve()  # a link stays a link
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            _flushed(file, data)
        if path.exists():
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _flushed(file, data: bytes) -> None:
    file.write(data)
    file.flush()
    os.fsync(file.fileno())
