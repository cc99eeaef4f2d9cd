"""The one reader of lesson scripts (jupytext's percent format): header, cells, exercises.

A script is a header of commented YAML between two lines `# ---`, then cells that begin with one of
    # %%                     code
    # %% tags=["TAG"]        code with one tag: exercise, show, solution
    # %% [markdown]          text, each line behind "# "; may carry the tag solution
"""

import ast
import difflib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath

from course_lib import paths
from course_lib.lesson.errors import BuildError, LessonError

TAGS = ("exercise", "show", "solution")
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
_CELL = re.compile(r"# %%(?P<text> \[markdown\])?(?: tags=\[(?P<tags>[^\]]*)\])?[ \t]*")
_HEADING = re.compile(r"#+ Exercise\b(?=\s*[·:-])")
_HEADING_PARTS = re.compile(r"### Exercise · ([A-Za-z][A-Za-z0-9_]*) · (●○○|●●○|●●●) · ([1-9]\d*) minutes?\s*")
_EXPECTED = "#>"


@dataclass(frozen=True)
class ExerciseEntry:
    """What the heading of an exercise says: its name, difficulty (1 to 3) and minutes."""

    name: str
    difficulty: int
    minutes: int


@dataclass(frozen=True)
class Cell:
    """One cell of a script.

    kind: "markdown" or "code".
    source: its text; without comment signs for markdown, without the lines of expected output for code.
    tag: one of TAGS, or None.
    where: file, line and first line of text, for an error.
    expected: what it must print, None where the script does not say.
    brings: module and name that a cell tagged exercise or show imports, else None.
    """

    kind: str
    source: str
    tag: str | None
    where: str
    expected: str | None = None
    brings: tuple[str, str] | None = None

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of a code cell. Raises BuildError when it is no Python."""
        try:
            return ast.parse(self.source)
        except SyntaxError as error:
            text = f"{self.where}: line {error.lineno} of the cell is no Python: {error.msg}"
            raise BuildError(text) from None

    def checks(self, name: str) -> bool:
        """Whether the cell calls check(name)."""
        calls = [ast.unparse(node) for node in ast.walk(self.tree) if isinstance(node, ast.Call)]
        return any(call.startswith((f"check({name})", f"check({name},")) for call in calls)


@dataclass(frozen=True)
class Lesson:
    """One lesson: its file name, its header, its exercises and its cells."""

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
    cells: tuple[Cell, ...] = ()

    @property
    def name(self) -> str:
        """Number and topic, as in the file name: "01_words"."""
        return f"{self.number}_{self.topic}"


def lessons(folder: Path | None = None) -> list[Lesson]:
    """All lessons that can be read, in their order; `problems` tells of the others.

    folder: where the lesson scripts lie; by default the course's own.
    """
    return _all(folder)[0]


def problems(folder: Path | None = None) -> list[BuildError]:
    """What is wrong with the scripts that cannot be read, or that take another lesson's number, topic or exercise."""
    return _all(folder)[1]


def find(text: str) -> Lesson:
    """The lesson a person means.

    text: its number, topic, or both: "1", "01", "words", "01_words".
    Raises LessonError, which lists the right names, or BuildError when that lesson's script is broken.
    """
    wanted = PurePath(str(text).strip().lower()).stem  # my_work/01_words.ipynb is a clear wish, too
    every, broken = _all()
    for lesson in every:
        if wanted in (lesson.topic, lesson.name) or (wanted.isdecimal() and int(wanted) == int(lesson.number)):
            return lesson
    for path in scripts():
        number, topic = _FILE_NAME.fullmatch(path.stem).groups()
        if wanted in (topic, path.stem) or (wanted.isdecimal() and int(wanted) == int(number)):
            raise next(error for error in broken if str(error).startswith(path.name))
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
    text = path.read_text(encoding="utf-8")
    header, end = _header(path, text)
    cells = tuple(_cells(path, text[end:].splitlines(), text.count("\n", 0, end) + 1))
    return Lesson(number, topic, path, **header, exercises=tuple(_exercises(path, cells)), cells=cells)


def heading(line: str, where: str) -> ExerciseEntry | None:
    """What a Markdown line says if it is an exercise's heading, else None.

    line: one line of Markdown.
    where: its cell, for an error.
    Raises BuildError when it is meant as one and is malformed.
    """
    if not _HEADING.match(line):
        return None
    match = _HEADING_PARTS.fullmatch(line)
    if not match:
        text = f"write the heading {line.strip()!r} like '### Exercise · name · ●●○ · 10 minutes'"
        raise BuildError(f"{where}: {text}")
    return ExerciseEntry(match[1], match[2].count("●"), int(match[3]))


def scripts(folder: Path | None = None) -> list[Path]:
    """The lesson scripts of a folder in their order; by default the course's own."""
    every = sorted((folder or paths.notebooks_dir()).glob("*.py"))
    return [path for path in every if _FILE_NAME.fullmatch(path.stem)]


def _all(folder: Path | None = None) -> tuple[list[Lesson], list[BuildError]]:
    found, broken = [], []
    owner: dict[tuple[str, str], str] = {}
    earlier: set[str] = set()  # topics, those of broken scripts among them
    for path in scripts(folder):
        try:
            lesson = read(path)
            keys = [("number", lesson.number), ("topic", lesson.topic)]
            keys += [("exercise", entry.name) for entry in lesson.exercises]
            for kind, value in keys:
                if (kind, value) in owner:
                    other = owner[kind, value]
                    raise BuildError(f"{path.name}: the {kind} {value} is taken by {other}; choose another one")
            for topic in lesson.builds_on:
                if topic not in earlier:
                    raise BuildError(f"{path.name}: builds_on names {topic!r}, which is no earlier lesson's topic")
        except BuildError as error:
            broken.append(error)
            continue
        finally:
            earlier.add(path.stem[3:])
        owner.update(dict.fromkeys(keys, path.name))
        found.append(lesson)
    return found, broken


def _header(path: Path, text: str) -> tuple[dict, int]:
    """The header of a script as validated data, and where the text behind it begins."""
    import yaml

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
    return header, match.end()


def _cells(path: Path, lines: list[str], first: int):
    """The cells in some lines of a script, the first of which has that number."""
    begins = [index for index, line in enumerate(lines) if line.startswith("# %%")]
    for number, line in enumerate(lines[: begins[0] if begins else None], start=first):
        if line.strip():
            raise BuildError(f"{path.name}, line {number}: text before the first cell; begin it with # %%")
    for begin, end in zip(begins, [*begins, len(lines)][1:], strict=True):
        body = lines[begin + 1 : end]
        while body and not body[-1].strip():
            body.pop()
        while body and not body[0].strip():
            body.pop(0)
        start = next((line.strip().removeprefix("# ") for line in body), "")
        where = f"{path.name}, line {first + begin} ({start if len(start) <= 60 else start[:59] + '…'!r})"
        marker = _CELL.fullmatch(lines[begin])
        if not marker:
            raise BuildError(f'{where}: a cell begins with # %%, # %% [markdown] or # %% tags=["..."]')
        tag = _tag(marker["tags"], where)
        if marker["text"]:
            if tag not in (None, "solution"):
                raise BuildError(f"{where}: the tag {tag} is for code; remove it")
            yield Cell("markdown", _uncommented(body, where), tag, where)
        else:
            source, expected = _split_output(body, where)
            if tag in ("exercise", "show") and expected is not None:
                raise BuildError(f"{where}: a cell tagged {tag} prints nothing; put the {_EXPECTED} lines elsewhere")
            cell = Cell("code", source, tag, where, expected)
            yield Cell("code", source, tag, where, None, _brought(cell)) if tag in ("exercise", "show") else cell


def _tag(text: str | None, where: str) -> str | None:
    if text is None:
        return None
    tags = re.findall(r'"([^"]*)"', text)
    if set(tags) - set(TAGS) or not tags:
        raise BuildError(f"{where}: unknown tag in [{text}]; the tags are {', '.join(TAGS)}")
    if len(tags) > 1:
        raise BuildError(f"{where}: a cell has one tag, not {', '.join(tags)}")
    return tags[0]


def _uncommented(lines: list[str], where: str) -> str:
    for line in lines:
        if line.strip() and not line.startswith("#"):
            raise BuildError(f"{where}: a line of text begins with '# ', and {line.strip()[:40]!r} does not")
    return "\n".join(re.sub(r"^# ?", "", line) for line in lines)


def _split_output(lines: list[str], where: str) -> tuple[str, str | None]:
    """A cell's code, and the output that the `#>` lines at its end expect (None without any)."""
    end = len(lines)
    while end and lines[end - 1].startswith(_EXPECTED):
        end -= 1
    if any(line.lstrip().startswith(_EXPECTED) for line in lines[:end]):
        raise BuildError(f"{where}: {_EXPECTED} lines stand at the end of a cell, unindented; move them there")
    code = "\n".join(lines[:end]).rstrip()
    if end == len(lines):
        return code, None
    if not code:
        raise BuildError(f"{where}: {_EXPECTED} lines without code above them; join them to the cell that prints them")
    return code, "".join(re.sub(r"^ ", "", line[len(_EXPECTED) :]) + "\n" for line in lines[end:])


def _brought(cell: Cell) -> tuple[str, str]:
    """What a cell tagged exercise or show imports."""
    match cell.tree.body:
        case [ast.ImportFrom(module=str(module), names=[ast.alias(name=name, asname=None)], level=0)] if (
            module.startswith("course_lib.reference.") and name != "*"
        ):
            return module, name
    text = f"a cell tagged {cell.tag} is exactly one 'from course_lib.reference.<topic> import <name>'"
    raise BuildError(f"{cell.where}: {text}")


def _exercises(path: Path, cells: tuple[Cell, ...]):
    """The exercises of a lesson: each heading with the cell tagged exercise that follows it."""
    pending: tuple[ExerciseEntry, str] | None = None
    brought: set[tuple[str, str]] = set()

    def unused() -> BuildError:
        return BuildError(f"{pending[1]}: no cell tagged exercise follows; import {pending[0].name} in one")

    for cell in cells:
        for line in cell.source.splitlines():
            if cell.kind == "code" and _HEADING.match(line.removeprefix("# ")):
                raise BuildError(f"{cell.where}: a heading of an exercise stands in code; put it in a Markdown cell")
            entry = heading(line, cell.where) if cell.kind == "markdown" else None
            if entry and pending:
                raise unused()
            pending = (entry, cell.where) if entry else pending
        if not cell.brings:
            continue
        name = cell.brings[1]
        if cell.brings in brought:
            raise BuildError(f"{cell.where}: {name} was brought by an earlier cell; remove one of the two")
        brought.add(cell.brings)
        if cell.tag == "exercise":
            if pending is None or pending[0].name != name:
                found = f"the one before it is for {pending[0].name}" if pending else "there is none before it"
                text = f"the exercise {name} needs a heading '### Exercise · {name} · ...'; {found}"
                raise BuildError(f"{cell.where}: {text}")
            yield pending[0]
            pending = None
    if pending:
        raise unused()


def _is_text(value) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_texts(value) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))
