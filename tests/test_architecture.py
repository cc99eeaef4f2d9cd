"""Who may import whom, and the order in which things are taught."""

import ast
import sys
from pathlib import Path

import pytest

import course_lib
from course_lib.lessons import lessons
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
    return {name.split(".")[1] for name in _imports(path) if name.startswith("course_lib.")}


def _part(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def test_the_package_has_its_parts():
    assert {"reference", "checks", "widgets", "data", "judge", "stub", "notebook", "grade", "cli"} <= {
        _part(path) for path in MODULES
    }


@pytest.mark.parametrize("part", ["widgets", "data", "reference"])
def test_nothing_else_of_ours_is_imported_by(part):
    for path in MODULES:
        if _part(path) == part:
            assert _ours(path) <= {part}, f"{path.name} imports {_ours(path) - {part}}"


def test_the_reference_imports_numpy_torch_and_earlier_topics_only():
    for path in (PACKAGE / "reference").glob("[!_]*.py"):
        for name in _imports(path):
            root = name.split(".")[0]
            if root == "course_lib":
                earlier = name.split(".")[2]
                assert NUMBER[earlier] < NUMBER[path.stem], f"{path.name} imports the later topic {earlier}"
            else:
                assert root in {"numpy", "torch"} or root in sys.stdlib_module_names, f"{path.name} imports {root}"


@pytest.mark.parametrize(
    ("part", "allowed"),
    [
        ("language", set()),
        ("judge", {"judge", "language"}),
        ("checks", {"judge", "reference", "checks"}),
        ("progress", {"paths"}),
        ("report", {"judge"}),
        ("lessons", {"paths"}),
        ("stub", {"lessons", "paths"}),
        ("notebook", {"stub", "lessons", "paths"}),
        ("merge", {"notebook", "lessons"}),
        ("workspace", {"merge", "notebook", "lessons", "paths", "checks"}),
    ],
)
def test_the_machinery_imports_downwards(part, allowed):
    for path in MODULES:
        if _part(path) == part:
            assert _ours(path) <= allowed, f"{path.name} imports {_ours(path) - allowed}"


def _cells(path: Path) -> list[tuple[str, str]]:
    """(tags, code) of each code cell of a lesson script."""
    import jupytext

    script = jupytext.read(path, fmt="py:percent")
    return [(" ".join(c.metadata.get("tags", [])), c.source) for c in script.cells if c.cell_type == "code"]


def _taught(path: Path) -> list[str]:
    """Names of the functions a lesson teaches (exercise) or shows, in their order."""
    names = []
    for tags, source in _cells(path):
        if tags in ("exercise", "show"):
            names += [alias.name for node in ast.parse(source).body for alias in node.names]
    return names


def test_nothing_is_used_before_it_is_taught():
    taught_in = {lesson.topic: _taught(lesson.path) for lesson in lessons()}
    for lesson in lessons():
        so_far: set[str] = set()
        for tags, source in _cells(lesson.path):
            for node in ast.walk(ast.parse(source)):
                if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("course_lib.reference."):
                    continue
                topic = node.module.split(".")[2]
                for alias in node.names:
                    if tags in ("exercise", "show"):
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
        assert topics == {path.stem for path in (PACKAGE / part).glob("[!_]*.py")}


def test_numbers_occur_in_file_names_of_lessons_only():
    for path in MODULES:
        assert not path.stem[0].isdigit()
    assert all(path.stem[:2].isdigit() for path in notebooks_dir().glob("*.py"))
