"""Mistakes of every family, made from a reference: each turns what it returns into what the mistake returns."""

import functools
from collections.abc import Callable, Iterator

import numpy as np

from course_lib.judge.compare import is_tensor
from course_lib.judge.exercise import Exercise


def spoilt(exercise: Exercise) -> Iterator[tuple[str, Callable]]:
    """What each family is called, and a function that makes its mistake."""
    ways = {"printed": _printed, "not returned": _nothing, "gradients": _detach, "in place": _change_argument}
    ways |= {"transposed": _transposed, "order": _exchanged, "only": functools.partial(_part, 0)}
    ways |= {f"only {place}": functools.partial(_part, place) for place in range(len(exercise.returns))}
    for name, spoil in ways.items():
        yield name, _with(exercise.reference, spoil)


def _with(function: Callable, spoil: Callable) -> Callable:
    @functools.wraps(function)
    def wrong(*args, **kwargs):
        return spoil(function(*args, **kwargs), (*args, *kwargs.values()))

    return wrong


def _printed(value, args):
    print(value)


def _nothing(value, args):
    return None


def _detach(value, args):
    if isinstance(value, tuple):
        return tuple(_detach(part, args) for part in value)
    return value.detach() if is_tensor(value) else value


def _change_argument(value, args):
    for arg in args:
        if isinstance(arg, list) and arg:
            arg.append(arg[0])
        elif isinstance(arg, np.ndarray) and arg.size and arg.flags.writeable and arg.dtype.kind in "biuf":
            arg[...] = np.logical_not(arg)
        elif is_tensor(arg) and arg.numel() and not arg.requires_grad:
            arg.logical_not_()
        else:
            continue
        break
    return value


def _transposed(value, args):
    return value.T if getattr(value, "ndim", 0) == 2 else value


def _exchanged(value, args):
    return value[::-1] if isinstance(value, tuple) else value


def _part(position, value, args):
    return value[position] if isinstance(value, tuple) and len(value) > position else value
