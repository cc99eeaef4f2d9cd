"""Words to Transformers: the package behind the lessons.

A learner needs three names: `from course_lib import check, hint, solution`. Everything is imported when it is first
used, so that a lesson starts at once.
"""

from importlib import import_module

__version__ = "0.1.0"
_HOME = {
    "check": "desk.check",
    "hint": "desk.check",
    "solution": "desk.check",
    "overview": "desk.overview",
    "device": "devices",
}
__all__ = list(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return value
