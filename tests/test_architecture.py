"""Who may import whom, and the order in which things are taught."""

import ast
import graphlib
import io
import sys
import tokenize
from pathlib import Path

import pytest

import course_lib
from course_lib.lesson.script import Lesson, lessons
from course_lib.paths import notebooks_dir

PACKAGE = Path(course_lib.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
NUMBER = {lesson.topic: int(lesson.number) for lesson in lessons()}


def _imports(path: Path) -> set[str]:
    """Full dotted names of everything a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _ours(path: Path) -> set[str]:
    """The parts of the course that a file imports: 'reference', 'exercise', ..."""
    parts = {name.split(".")[1] for name in _imports(path) if name.startswith("course_lib.")}
    return {course_lib._HOME.get(part, part).split(".")[0] for part in parts}


def _dotted(path: Path) -> str:
    """ "desk.check" for desk/check.py."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def _part(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


# Every part of the package, what else of ours it may import, and how many lines of code it may hold.
# A part that is added gets a row; None: its lines are counted elsewhere or not at all.
MAY_IMPORT: dict[str, tuple[set[str], int | None]] = {
    "language": (set(), 20),
    "paths": (set(), 20),
    "devices": (set(), 10),
    "judge": ({"language"}, 710),
    "lesson": ({"paths"}, 440),
    "editions": ({"lesson"}, 80),
    "checks": ({"judge", "reference"}, None),
    "desk": ({"checks", "editions", "judge", "language", "lesson", "paths"}, 660),
    "grading": ({"checks", "desk", "judge", "language", "lesson"}, 390),
    "doctor": ({"data", "desk", "devices", "judge", "language", "paths"}, 160),
    "lab": ({"desk", "language", "lesson", "paths"}, 50),
    "authoring": ({"language", "lesson", "paths"}, 40),
    "cli": (
        {"authoring", "data", "desk", "doctor", "editions", "grading", "judge", "lab", "language", "lesson", "paths"},
        280,
    ),
    "reference": (set(), None),
    "widgets": ({"language"}, None),
    "data": (set(), None),
    "experiments": ({"data", "reference"}, None),
}
IN_ALL = 2820  # lines of code; a part that grows takes them from another
# narrower than a whole part: grading records nothing, and of the desk only copies sees an edition
NEVER = [
    ("grading", "desk.progress"),
    ("grading", "desk.check"),
    ("grading", "desk.copies"),
    ("desk.check", "editions"),
    ("desk.merge", "editions"),
    ("desk.answers", "editions"),
    ("desk.overview", "editions"),
    ("desk.progress", "editions"),
    ("desk.report", "editions"),
]


def test_every_part_has_a_row():
    assert set(MAY_IMPORT) == {_part(path) for path in MODULES} - {"__init__"}


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_its_row_says(part):
    allowed = MAY_IMPORT[part][0] | {part}
    found = {path: _ours(path) - {"__version__"} for path in MODULES if _part(path) == part}
    assert found
    for path, parts in found.items():
        assert parts <= allowed, f"{path.relative_to(PACKAGE)} imports {parts - allowed}"
    unused = MAY_IMPORT[part][0] - set().union(*found.values())
    assert not unused, f"the row of {part} allows {unused}, which nothing there imports"


def test_imports_run_one_way():
    order = list(graphlib.TopologicalSorter({part: row[0] for part, row in MAY_IMPORT.items()}).static_order())
    assert set(order) == set(MAY_IMPORT)  # a circle would have raised


@pytest.mark.parametrize(("part", "other"), NEVER)
def test_what_must_not_be_seen_is_not_seen(part, other):
    found = [path for path in MODULES if _dotted(path).startswith(part)]
    assert found
    for path in found:
        for name in _imports(path):
            assert not f"{name}.".startswith(f"course_lib.{other}."), f"{_dotted(path)} imports {name}"


def lines_of_code(path: Path) -> int:
    """Lines that hold code: without blank lines, comments and docstrings."""
    text = path.read_text(encoding="utf-8")
    blank = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in blank:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            lines.difference_update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(lines)


def test_lines_of_code_are_counted_without_blanks_comments_and_docstrings(tmp_path):
    path = tmp_path / "example.py"
    path.write_text(
        '"""Doc\nstring."""\n\nx = [\n    1,  # one\n]\n\n\ndef f():\n    """Doc."""\n    # why\n    return 1\n'
    )
    assert lines_of_code(path) == 5


def test_the_machinery_keeps_within_its_budget():
    rows = []
    for part, (_, budget) in MAY_IMPORT.items():
        if budget is not None:
            rows.append((part, sum(lines_of_code(path) for path in MODULES if _part(path) == part), budget))
    table = "\n".join(f"{part:<12}{lines:>6} of {budget}" for part, lines, budget in rows)
    in_all = sum(lines for _, lines, _ in rows)
    table += f"\n{'in all':<12}{in_all:>6} of {IN_ALL}"
    print(table)
    assert all(lines <= budget for _, lines, budget in rows), f"a part is over its budget\n{table}"
    assert in_all <= IN_ALL, f"the parts together are over their budget\n{table}"


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _topic_files(part: str) -> dict[str, list[Path]]:
    """The files of each topic in reference or checks; a topic is a file or a folder."""
    found: dict[str, list[Path]] = {}
    for path in MODULES:
        names = path.relative_to(PACKAGE).with_suffix("").parts
        if names[0] == part and names[1] != "__init__":
            found.setdefault(names[1], []).append(path)
    return found


def test_a_reference_file_is_short_and_a_proof_is_not_much_longer_than_what_it_proves():
    reference, checks = _topic_files("reference"), _topic_files("checks")
    rows, wrong = [], []
    for topic, files in reference.items():
        longest = max(map(lines_of_code, files))
        taught, proof = (sum(map(_lines, found[topic])) for found in (reference, checks))
        most = max(90, 2.5 * taught)  # one exercise has to be asked in full, be its answer ever so short
        rows.append(f"{topic:<14}{longest:>5} of 300 lines of code   checks {proof:>5} of {most:.0f} lines")
        if longest > 300 or proof > most:
            wrong.append(topic)
    print("\n".join(rows))
    assert not wrong, f"over budget: {', '.join(wrong)}\n" + "\n".join(rows)


def test_a_topic_imports_numpy_torch_and_earlier_topics_only_and_its_files_run_one_way():
    for topic, files in _topic_files("reference").items():
        own: dict[str, set[str]] = {}
        for path in files:
            parts = own.setdefault(path.stem, set())
            for first, *rest in (name.split(".") for name in _imports(path)):
                where = f"{path.relative_to(PACKAGE)} imports {'.'.join([first, *rest])}"
                if first != "course_lib":
                    assert first in {"numpy", "torch", *sys.stdlib_module_names}, where
                elif rest[:2] == ["reference", topic]:
                    parts.add(rest[2])
                else:
                    assert rest[0] == "reference" and NUMBER[rest[1]] < NUMBER[topic], where
        assert set().union(*own.values()) <= set(own), f"a file of {topic} imports from its own __init__: {own}"
        list(graphlib.TopologicalSorter(own).static_order())  # a circle would raise


def _taught(lesson: Lesson) -> list[str]:
    """Names of the functions a lesson teaches (exercise) or shows, in their order."""
    return [cell.brings[1] for cell in lesson.cells if cell.brings]


def test_nothing_is_used_before_it_is_taught():
    taught_in = {lesson.topic: _taught(lesson) for lesson in lessons()}
    for lesson in lessons():
        so_far: set[str] = set()
        for cell in lesson.cells:
            for node in ast.walk(cell.tree) if cell.kind == "code" else ():
                if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("course_lib.reference."):
                    continue
                topic = node.module.split(".")[2]
                for alias in node.names:
                    if cell.brings:
                        assert topic == lesson.topic, f"{lesson.name} teaches {alias.name} of {topic}"
                        so_far.add(alias.name)
                        continue
                    where = f"{lesson.name} imports {alias.name} from {topic}"
                    assert NUMBER[topic] <= NUMBER[lesson.topic], f"{where}, a later lesson"
                    later = set(taught_in[topic]) - so_far if topic == lesson.topic else set()
                    assert alias.name not in later, f"{where}, before its exercise"


def test_every_topic_has_its_story_its_code_and_its_proof():
    topics = {lesson.topic for lesson in lessons()}
    for part in ("reference", "checks"):
        assert topics == set(_topic_files(part))


def test_every_topic_is_held_against_somebody_elses_code():
    oracles = {path.stem.removeprefix("test_") for path in (PACKAGE.parent / "tests" / "oracles").glob("test_*.py")}
    assert oracles == {lesson.topic for lesson in lessons()}


def test_numbers_occur_in_file_names_of_lessons_only():
    for path in MODULES:
        assert not path.stem[0].isdigit()
    assert all(path.stem[:2].isdigit() for path in notebooks_dir().glob("*.py"))
