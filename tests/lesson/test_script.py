import re

import pytest
from fake_course import FakeCourse

from course_lib.lesson import script as lessons
from course_lib.lesson.errors import BuildError, CourseError, LessonError
from course_lib.lesson.script import ExerciseEntry
from course_lib.paths import notebooks_dir

EXERCISE = """# %% [markdown]
# ### Exercise · {0} · {1} · {2}
# %% tags=["exercise"]
from course_lib.reference.counting import {0}
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    return FakeCourse(tmp_path, monkeypatch)


def test_a_lesson_is_what_its_file_name_header_and_headings_say(course):
    body = EXERCISE.format("count", "●●○", "10 minutes") + EXERCISE.format("rank", "●○○", "1 minute")
    lesson = course.lesson(body, goals="[count, rank words]")
    assert (lesson.number, lesson.topic, lesson.name) == ("01", "counting", "01_counting")
    assert (lesson.title, lesson.minutes, lesson.goals) == ("Counting words", 10, ["count", "rank words"])
    assert lesson.exercises == (ExerciseEntry("count", 2, 10), ExerciseEntry("rank", 1, 1))


def test_lessons_come_in_their_order_and_other_files_are_left_alone(course):
    course.lesson("", "10_later", builds_on="[counting]")
    course.lesson("", "01_counting")
    (course.notebooks / "helper.py").write_text("x = 1")
    assert [lesson.name for lesson in lessons.lessons()] == ["01_counting", "10_later"]


@pytest.mark.parametrize("text", ["1", "01", "counting", "01_counting", " Counting ", "my_work/01_counting.ipynb"])
def test_a_lesson_is_found_by_number_topic_or_both(course, text):
    course.lesson("")
    assert lessons.find(text).name == "01_counting"


def test_a_wrong_name_lists_the_right_ones_and_the_closest(course):
    course.lesson("")
    course.lesson("", "02_trees")
    with pytest.raises(LessonError, match="Did you mean 01_counting.*01_counting, 02_trees") as error:
        lessons.find("countign")
    assert isinstance(error.value, CourseError)
    with pytest.raises(LessonError, match="'3'"):
        lessons.find("3")


@pytest.mark.parametrize("field", ["title", "lecture", "goals", "builds_on", "minutes", "sources"])
def test_a_missing_field_is_named(course, field):
    with pytest.raises(BuildError, match=f"^01_counting.py: .*lacks the field '{field}'"):
        course.lesson("", **{field: None})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("minutes", "ten"),
        ("minutes", "true"),
        ("minutes", "0"),
        ("goals", "count"),
        ("goals", "[]"),
        ("sources", "[1]"),
        ("title", "3"),
        ("lecture", ""),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(course, field, value):
    with pytest.raises(BuildError, match=f"^01_counting.py: the header field '{field}' must be"):
        course.lesson("", **{field: value})


def test_an_unknown_field_is_named(course):
    with pytest.raises(BuildError, match="unknown header field 'author'"):
        course.lesson("", author="me")


def test_a_header_that_is_not_yaml_is_told_with_its_line(course):
    with pytest.raises(BuildError, match="^01_counting.py, line 2: the header is not YAML"):
        course.lesson("", title="Words: how: to count them")


def test_a_script_without_header_is_refused(course):
    path = course.notebooks / "01_counting.py"
    path.write_text("# %%\nx = 1\n")
    with pytest.raises(BuildError, match="the header is missing"):
        lessons.read(path)


@pytest.mark.parametrize(
    "line",
    [
        "### Exercise · count · ●●○",
        "### Exercise · count · ○○○ · 10 minutes",
        "### Exercise: count",
        "## Exercise · count · ●●○ · 10 minutes",
        "### Exercise · größe · ●●○ · 10 minutes",
        "### Exercise · two words · ●●○ · 10 minutes",
        "### Exercise · count · ●●○ · 0 minutes",
    ],
)
def test_a_malformed_heading_is_refused(course, line):
    with pytest.raises(BuildError, match="^01_counting.py, line 9 .*: write the heading"):
        course.lesson(f"# %% [markdown]\n# {line}\n")


def test_a_section_about_exercises_is_no_exercise(course):
    assert course.lesson("# %% [markdown]\n# ## Exercises\n# ### Exercise makes perfect\n").exercises == ()


def _problem() -> str:
    [error] = lessons.problems()
    return str(error)


def test_two_lessons_do_not_share_a_number_a_topic_or_an_exercise(course):
    course.lesson(EXERCISE.format("count", "●●○", "10 minutes"))
    for name, kind in (("01_other", "number"), ("02_counting", "topic"), ("02_other", "exercise")):
        course.lesson(EXERCISE.format("count", "●○○", "10 minutes"), name)
        assert re.fullmatch(rf"{name}.py: the {kind} .* is taken by 01_counting.py; .*", _problem())
        (course.notebooks / f"{name}.py").unlink()


@pytest.mark.parametrize("topic", ["counting", "later", "absent"])
def test_a_lesson_builds_on_earlier_ones_only(course, topic):
    course.lesson("", builds_on=f"[{topic}]")
    course.lesson("", "02_later")
    assert f"builds_on names {topic!r}" in _problem()


def test_one_broken_lesson_does_not_stop_the_others(course):
    course.lesson("", "01_counting")
    (course.notebooks / "02_broken.py").write_text("# %%\nx = 1\n")
    course.lesson("", "03_later", builds_on="[broken]")
    assert [lesson.topic for lesson in lessons.lessons()] == ["counting", "later"]
    assert _problem().startswith("02_broken.py: the header is missing")
    for text in ("2", "broken", "02_broken"):
        with pytest.raises(BuildError, match="02_broken.py: the header is missing"):
            lessons.find(text)


@pytest.mark.parametrize("path", sorted(notebooks_dir().glob("*.py")), ids=lambda path: path.stem)
def test_the_reader_sees_the_cells_that_jupytext_sees(path):
    import jupytext

    header = path.read_text(encoding="utf-8").split("# ---\n", 2)[2]
    options = {"extension": ".py", "format_name": "percent", "comment_magics": False}
    theirs = jupytext.reads(header.lstrip("\n"), fmt=options).cells
    ours = lessons.read(path).cells
    assert [cell.kind for cell in ours] == [cell.cell_type for cell in theirs]
    for cell, other in zip(ours, theirs, strict=True):
        expected = "".join(f"\n#> {line}".rstrip() for line in (cell.expected or "").splitlines())
        assert cell.source + expected == other.source.rstrip(), cell.where
        assert [cell.tag] == (other.metadata.get("tags") or [None])
