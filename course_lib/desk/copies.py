"""The learner's folder: lessons are put there, reset and updated, and nothing in it is ever lost.

A file is only ever replaced in one step, after its old version was written to the disk under another name.
"""

import contextlib
import itertools
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lib import paths
from course_lib.desk import answers
from course_lib.desk.merge import merge
from course_lib.editions.notebook import build, dumps
from course_lib.language import say
from course_lib.lesson.errors import CourseError
from course_lib.lesson.script import Lesson, lessons


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
        with told(path, "{path} could not be written: {reason}. {remedy}"):
            write(path, fresh)
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
    with told(path, "{path} was not reset and is as it was: {reason}. {remedy}"):
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
        return UpdateReport(start(lesson), None, True, [say("it was missing; a fresh copy is there now")])
    with told(path, "{path} was not updated and is as it was: {reason}. {remedy}"):
        before = path.read_bytes()
        try:
            old = answers.read(before)
        except answers.Unreadable as damage:
            kept = _replace(path, before, dumps(build(lesson)).encode(), "damaged")
            text = "the notebook was damaged ({damage}) and is kept as {name}; a fresh copy is in its place"
            return UpdateReport(path, kept, True, [say(text, damage=damage, name=kept.name)])
        course = old.metadata.get("course")
        edition = "solutions" if isinstance(course, dict) and course.get("edition") == "solutions" else "learner"
        merged, lines = merge(old, build(lesson, edition), aliases)
        if merged == old:
            return UpdateReport(path, None, False, [])
        kept = _replace(path, before, dumps(merged).encode(), "before-update")
        return UpdateReport(path, kept, True, lines)


@contextlib.contextmanager
def told(path: Path, text: str) -> Iterator[None]:
    """Turn an error of the disk into a CourseError: the text with its places {path}, {reason} and {remedy} filled."""
    try:
        yield
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        remedy = say("Make room or check the folder's rights, then try again.")
        raise CourseError(say(text, path=path, reason=reason, remedy=remedy)) from None


def _replace(path: Path, before: bytes, after: bytes, why: str) -> Path:
    """Keep the bytes `before` of a file under another name, then put `after` in its place; returns the other name."""
    kept = _keep(path, before, why)
    with _removed_on_failure(kept):  # the file itself then is as it was
        if path.read_bytes() != before:
            text = "{path} was saved by another program just now; nothing was changed. Try again."
            raise CourseError(say(text, path=path))
        write(path, after)
    return kept


def _keep(path: Path, data: bytes, why: str) -> Path:
    """Write a copy next to the file under the first free name."""
    for number in itertools.count(1):
        kept = path.with_name(f"{path.stem}.{why}{f'-{number}' if number > 1 else ''}{path.suffix}")
        with contextlib.suppress(FileExistsError):
            kept.touch(exist_ok=False)  # the name is ours from here on
            break
    with _removed_on_failure(kept), open(kept, "wb") as file:
        _flushed(file, data)
    return kept


def write(path: Path, data: bytes) -> None:
    """Write or replace a file in one step, in a folder that may be new: a reader sees the old bytes or the new ones."""
    path = path.resolve()  # a link stays a link
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with _removed_on_failure(temporary):
        with open(temporary, "wb") as file:
            _flushed(file, data)
        if path.exists():
            shutil.copymode(path, temporary)
        os.replace(temporary, path)


@contextlib.contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    """Take a file away again when it cannot be finished, or what it was made for fails."""
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _flushed(file, data: bytes) -> None:
    file.write(data)
    file.flush()
    os.fsync(file.fileno())
