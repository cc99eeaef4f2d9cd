"""Where the course keeps its things: the lessons, the shipped data, the learner's folder."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "_course"  # a wheel carries notebooks/ and data/ here


def project_dir() -> Path | None:
    """The checkout this package runs from, or None when it was installed as a wheel."""
    root = _PACKAGE.parent
    return root if (root / "notebooks").is_dir() and (root / "pyproject.toml").is_file() else None


def notebooks_dir() -> Path:
    """The folder of the lesson scripts; the environment variable COURSE_NOTEBOOKS overrides it."""
    if override := os.environ.get("COURSE_NOTEBOOKS"):
        return Path(override)
    return (project_dir() or _INSTALLED) / "notebooks"


def data_dir() -> Path:
    """The folder of the small data files that the course ships."""
    return (project_dir() or _INSTALLED) / "data"


def work_dir() -> Path:
    """The learner's own folder; the environment variable COURSE_WORK overrides it. It need not exist."""
    if override := os.environ.get("COURSE_WORK"):
        return Path(override)
    return (project_dir() or Path.cwd()) / "my_work"
