"""Pictures to play with. Each widget is a Python class and one hand-written JavaScript module of the same name."""

import importlib

from course_lib.language import say

_MODULES = {
    "AttentionExplorer": "attention",
    "AttentionSteps": "steps",
    "ComputationGraph": "graph",
    "CooccurrenceWindow": "window",
    "EmbeddingExplorer": "embedding",
    "FilterExplorer": "filters",
    "GradientFlow": "gradients",
    "MaskPainter": "masks",
    "PositionalEncodingExplorer": "positions",
    "GradientThroughTime": "through_time",
    "SamplingExplorer": "sampling",
}

__all__ = list(_MODULES)


def __getattr__(name: str):
    if name not in _MODULES:
        names = ", ".join(_MODULES)
        raise AttributeError(say("course_lib.widgets has no {name}; it has {names}", name=repr(name), names=names))
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return list(_MODULES)
