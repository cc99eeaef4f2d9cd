"""Mistakes of a user or an author, told in one line: what differs, where, and what to do next."""


class CourseError(Exception):
    """A mistake that the command line tells without a traceback."""


class LessonError(CourseError):
    """No lesson of that name."""


class BuildError(CourseError):
    """A lesson script or a reference module that no notebook can be built from."""
