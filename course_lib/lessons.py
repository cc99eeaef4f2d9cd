"""The lessons: found by file name, described by the header of their script."""

import difflib
import re
from dataclasses import dataclass
from pathlib import Path, PurePath

from course_lib import paths

# field: what it must be (said in the error), and the test for it
_FIELDS = {
    "title": ("a text", lambda value: _is_text(value)),
    "lecture": ("a text", lambda value: _is_text(value)),
    "goals": ("a list of texts, at least one", lambda value: _are_texts(value) and bool(value)),
    "builds_on": ("a list of topics, [] for none", lambda value: _are_texts(value)),
    "minutes": ("a whole number above 0", lambda value: type(value) is int and value > 0),
    "sources": ("a list of texts, [] for none", lambda value: _are_texts(value)),
}
_FILE_NAME = re.compile(r"(\d\d)_([a-z][a-z0-9_]*)")
_HEADER = re.compile(r"# ---[ \t]*\n((?:#.*\n)*?)# ---[ \t]*(?:\n|\Z)")
_HEADING = re.compile(r"#+ Exercise\b(?=\s*[·:-])")
_HEADING_PARTS = re.compile(r"### Exercise · ([A-Za-z][A-Za-z0-9_]*) · (●○○|●●○|●●●) · ([1-9]\d*) minutes?\s*")


class CourseError(Exception):
    """A user's or an author's mistake, told in one line: what differs, where, and what to do next."""


class LessonError(CourseError):
    """No lesson of that name."""


class BuildError(CourseError):
    """A lesson script or a reference module that no notebook can be built from."""


@dataclass(frozen=True)
class ExerciseEntry:
    """What the heading of an exercise says: its name, difficulty (1 to 3) and minutes."""

    name: str
    difficulty: int
    minutes: int


@dataclass(frozen=True)
class Lesson:
    """One lesson, as its file name, its header and the headings of its exercises describe it."""

    number: str
    topic: str
    path: Path
    title: str
    lecture: str
    goals: list[str]
    builds_on: list[str]
    minutes: int
    sources: list[str]
    exercises: tuple[ExerciseEntry, ...]

    @property
    def name(self) -> str:
        """Number and topic, as in the file name: "01_words"."""
        return f"{self.number}_{self.topic}"


def lessons(folder: Path | None = None) -> list[Lesson]:
    """All lessons in their order.

    folder: where the lesson scripts lie; by default the course's own.
    Returns the lessons sorted by number.
    Raises BuildError when a header is wrong, or two lessons share a number, a topic or an exercise.
    """
    folder = folder or paths.notebooks_dir()
    found = [read(path) for path in sorted(folder.glob("*.py")) if _FILE_NAME.fullmatch(path.stem)]
    owner: dict[tuple[str, str], Lesson] = {}
    for lesson in found:
        keys = [("number", lesson.number), ("topic", lesson.topic)]
        for kind, value in keys + [("exercise", entry.name) for entry in lesson.exercises]:
            if (kind, value) in owner:
                other = owner[kind, value].path.name
                raise BuildError(f"{lesson.path.name}: the {kind} {value} is taken by {other}; choose another one")
            owner[kind, value] = lesson
        for topic in lesson.builds_on:
            if topic == lesson.topic or ("topic", topic) not in owner:
                raise BuildError(f"{lesson.path.name}: builds_on names {topic!r}, which is no earlier lesson's topic")
    return found


def find(text: str) -> Lesson:
    """The lesson a person means.

    text: its number, topic, or both: "1", "01", "words", "01_words".
    Raises LessonError, which lists the right names.
    """
    wanted = PurePath(str(text).strip().lower()).stem  # my_work/01_words.ipynb is a clear wish, too
    every = lessons()
    for lesson in every:
        if wanted in (lesson.topic, lesson.name) or (wanted.isdecimal() and int(wanted) == int(lesson.number)):
            return lesson
    if not every:
        raise LessonError(f"there are no lessons in {paths.notebooks_dir()}")
    names = {name: lesson.name for lesson in every for name in (lesson.topic, lesson.name)}
    close = difflib.get_close_matches(wanted, names, n=1)
    guess = f" Did you mean {names[close[0]]}?" if close else ""
    raise LessonError(f"no lesson is called {text!r}.{guess} The lessons: {', '.join(one.name for one in every)}.")


def read(path: Path) -> Lesson:
    """The lesson of one script.

    path: the script, named NN_topic.py.
    Raises BuildError naming the file and the field or line that is wrong.
    """
    number, topic = _FILE_NAME.fullmatch(path.stem).groups()
    header, body = split_header(path)
    return Lesson(number, topic, path, **header, exercises=tuple(_exercises(path, body)))


def split_header(path: Path) -> tuple[dict, str]:
    """The header of a lesson script as validated data, and the script's text below it.

    path: the lesson script.
    Raises BuildError naming the file and the field.
    """
    import yaml

    text = path.read_text(encoding="utf-8")
    match = _HEADER.match(text)
    if not match:
        raise BuildError(f"{path.name}: the header is missing; begin the file with # ---, the fields, # ---")
    block = "\n".join(line[2:] for line in match[1].splitlines())
    try:
        header = yaml.safe_load(block)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 2}" if mark else ""
        raise BuildError(f"{path.name}{line}: the header is not YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(header, dict):
        raise BuildError(f"{path.name}: the header needs the fields {', '.join(_FIELDS)}")
    for field in _FIELDS:
        if field not in header:
            raise BuildError(f"{path.name}: the header lacks the field {field!r}, {_FIELDS[field][0]}")
    for field, value in header.items():
        if field not in _FIELDS:
            raise BuildError(f"{path.name}: unknown header field {field!r}; the fields are {', '.join(_FIELDS)}")
        expected, valid = _FIELDS[field]
        if not valid(value):
            raise BuildError(f"{path.name}: the header field {field!r} must be {expected}, not {value!r}")
    return header, text[match.end() :]


def heading(line: str) -> ExerciseEntry | None:
    """What a Markdown line says if it is an exercise's heading, else None.

    line: one line of Markdown.
    Raises ValueError when it is meant as one and is malformed.
    """
    if not _HEADING.match(line):
        return None
    match = _HEADING_PARTS.fullmatch(line)
    if not match:
        raise ValueError(f"write the heading {line.strip()!r} like '### Exercise · name · ●●○ · 10 minutes'")
    return ExerciseEntry(match[1], match[2].count("●"), int(match[3]))


def _exercises(path: Path, body: str):
    for line in body.splitlines():
        try:
            if entry := heading(line.removeprefix("# ")):
                yield entry
        except ValueError as error:
            raise BuildError(f"{path.name}: {error}") from None


def _is_text(value) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_texts(value) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))
