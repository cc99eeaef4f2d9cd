"""Write the files of a new lesson from the templates beside this module."""

import re
from pathlib import Path
from string import Template

from course_lib import paths
from course_lib.language import say
from course_lib.lesson.errors import CourseError
from course_lib.lesson.script import scripts

_TEMPLATES = Path(__file__).with_name("templates")
_PLACES = {
    "story.txt": "notebooks/{number}_{topic}.py",
    "code.txt": "course_lib/reference/{topic}.py",
    "proof.txt": "course_lib/checks/{topic}.py",
    "oracle.txt": "tests/oracles/test_{topic}.py",
}


def create(name: str) -> list[Path]:
    """Write story, code, proof and oracle of a new lesson.

    name: its topic, or number and topic: "parsing", "14_parsing". Without a number it comes behind the last lesson.
    Returns the paths written.
    Raises CourseError when the name will not do, something is there already, or this is no checkout of the course.
    """
    root = paths.project_dir()
    if root is None:
        text = "a new lesson is written into a checkout of the course, and this is an installed package"
        raise CourseError(say(text))
    match = re.fullmatch(r"(?:(\d\d)_)?([a-z][a-z0-9_]*)", name)
    if not match:
        text = "{name!r} is no topic: write small letters, digits and _, like language_models or 02_language_models"
        raise CourseError(say(text, name=name))
    taken = {path.stem[:2]: path for path in scripts()}
    number = match[1] or f"{max([-1, *map(int, taken)]) + 1:02}"
    topic = match[2]
    places = {template: root / place.format(number=number, topic=topic) for template, place in _PLACES.items()}
    there = [path for path in [taken.get(number), *places.values()] if path and path.exists()]
    there += [path for path in scripts() if path.stem[3:] == topic]
    if there:
        raise CourseError(say("{path} is there already; choose another number or topic", path=there[0]))
    values = {"topic": topic, "title": topic.replace("_", " ").capitalize(), "exercise": f"{topic}_shares"}
    for template, path in places.items():
        text = Template((_TEMPLATES / template).read_text(encoding="utf-8")).substitute(values)
        path.write_text(text, encoding="utf-8")
    return list(places.values())
