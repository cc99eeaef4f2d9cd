"""The proof of every exercise: cases, hints, known mistakes and other right answers, one module a topic.

An exercise is found by name without importing the other topics, since some of them need torch.
"""

import ast
import functools
import importlib
from pathlib import Path

from course_lib.judge.exercise import Exercise


@functools.cache
def index() -> dict[str, str]:
    """Every exercise's name and its topic, read from the source: {"one_hot": "words", ...}.

    Raises ValueError when two topics define an exercise of the same name.
    """
    found: dict[str, str] = {}
    for topic, name, _ in _definitions():
        if name in found:
            raise ValueError(f"two exercises are called {name}: in checks/{found[name]}.py and checks/{topic}.py")
        found[name] = topic
    return found


@functools.cache
def aliases() -> dict[str, tuple[str, ...]]:
    """The earlier names of renamed exercises: {"cosine_similarity": ("cosine",)}."""
    found = {}
    for _, name, call in _definitions():
        for keyword in call.keywords:
            if keyword.arg == "aliases":
                found[name] = tuple(ast.literal_eval(keyword.value))
    return found


def find(name: str) -> Exercise | None:
    """The exercise of that name, or None."""
    topic = index().get(name)
    return getattr(importlib.import_module(f"{__name__}.{topic}"), name) if topic else None


@functools.cache
def _definitions() -> tuple[tuple[str, str, ast.Call], ...]:
    """(topic, name, call) of each `name = Exercise(...)` at the top level of a module of this folder."""
    found = []
    for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and getattr(node.value.func, "id", None) == "Exercise"
            ):
                found.append((path.stem, node.targets[0].id, node.value))
    return tuple(found)
