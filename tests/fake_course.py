"""A small course in a temporary folder: lesson scripts and reference modules made up for a test."""

import textwrap

import course_lib.reference
from course_lib.lesson import script as lessons

HEADER = {
    "title": "Counting words",
    "lecture": "Words",
    "goals": "[count]",
    "builds_on": "[]",
    "minutes": "10",
    "sources": "[A book]",
}


class FakeCourse:
    """Scripts go to `notebooks`, modules under the name course_lib.reference.<topic>, the learner's files to `work`."""

    def __init__(self, tmp_path, monkeypatch):
        self.notebooks, self.modules, self.work = (tmp_path / name for name in ("notebooks", "modules", "my_work"))
        self.notebooks.mkdir()
        self.modules.mkdir()
        monkeypatch.setenv("COURSE_NOTEBOOKS", str(self.notebooks))
        monkeypatch.setenv("COURSE_WORK", str(self.work))
        monkeypatch.setattr(course_lib.reference, "__path__", [str(self.modules)])

    def lesson(self, body, name="01_counting", **header):
        """Write a script below a header; a header field given as None is left out."""
        fields = {key: value for key, value in {**HEADER, **header}.items() if value is not None}
        lines = ["# ---", *(f"# {key}: {value}" for key, value in fields.items()), "# ---", textwrap.dedent(body)]
        path = self.notebooks / f"{name}.py"
        path.write_text("\n".join(lines), encoding="utf-8")
        return lessons.read(path)

    def reference(self, text, topic="counting"):
        """Write a reference module; returns its dotted name."""
        (self.modules / f"{topic}.py").write_text(textwrap.dedent(text), encoding="utf-8")
        return f"course_lib.reference.{topic}"

    def folder(self, texts, topic="counting"):
        """Write a reference topic in a folder, a text for each of its files; returns its dotted name."""
        (self.modules / topic).mkdir()
        for name, text in texts.items():
            self.reference(text, f"{topic}/{name}")
        return f"course_lib.reference.{topic}"
