"""The marks on a notebook's cells, by which an update and a check tell the course's text from the learner's.

Every cell that the course makes carries `metadata["course"]`:
    lesson    "01_words"
    exercise  the exercise's name, on the cell that the learner fills in
    check     the exercise's name, on the cell that checks it
    sha       fingerprint of the source as generated; it differs from the source's own once somebody edited the cell
The notebook's own `metadata["course"]` holds lesson, edition, and a fingerprint of the whole as generated.
"""

import hashlib
from collections.abc import Mapping

CHECK_OUTPUT = "nbval-check-output"  # nbval compares the output of a cell with this tag even when told to be lax


def fingerprint(text: str) -> str:
    """A short hash of a cell's source, the same whatever an editor did to the white space at line ends."""
    plain = "\n".join(line.rstrip() for line in text.strip("\r\n").splitlines())
    return hashlib.sha256(plain.encode()).hexdigest()[:12]


def mark(cell: Mapping) -> dict:
    """What the course noted on a cell; {} for a cell of the learner's."""
    course = cell["metadata"].get("course")
    return course if isinstance(course, dict) else {}


def role_of(cell: Mapping) -> tuple[str, str] | None:
    """("exercise" or "check", the exercise's name) of a cell, None for any other."""
    course = mark(cell)
    return next(((kind, str(course[kind])) for kind in ("exercise", "check") if kind in course), None)


def unique(wanted: str, used: set[str]) -> str:
    """The wanted cell id, with a counter when it is taken; the id found is added to `used`."""
    found, counter = wanted[:64], 1
    while found in used:
        counter += 1
        found = f"{wanted[:58]}-{counter}"
    used.add(found)
    return found
