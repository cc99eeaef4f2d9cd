"""Say in words how a value differs from the expected one.

The checks accept every right answer: NumPy or torch, list or tuple, int or float, as long as the values agree
within the tolerance of their dtype.
"""

import sys
from collections.abc import Mapping, Set
from numbers import Number

import numpy as np

from course_lib.language import say, say_count

_TOLERANCES = {"float64": (1e-6, 1e-9), "float32": (1e-4, 1e-6), "float16": (1e-2, 1e-3), "bfloat16": (2e-2, 1e-2)}


def is_tensor(value) -> bool:
    """Whether value is a torch tensor; does not import torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def difference(got, expected, rtol=None, atol=None, strict_dtype=False, where="") -> str | None:
    """Describe the first way in which got differs from expected.

    got: what the learner's function returned, any type.
    expected: the right value: None, bool, number, str, array, tensor, or lists, tuples, dicts and sets of those.
    rtol, atol: relative and absolute tolerance; by default those of the coarser of the two dtypes.
    strict_dtype: refuse, for instance, floats where integers are expected.
    where: what to call the value in the message; the result as a whole by default.
    Returns None when they agree, else one sentence without a full stop.
    """
    here = where or say("the result")
    options = {"rtol": rtol, "atol": atol, "strict_dtype": strict_dtype}
    if got is None and expected is not None:
        asked = "{value} is None, expected {kind}: is a `return` missing?"
        text = "{value} is None, expected {kind}" if where else asked
        return say(text, value=here, kind=kind(expected))
    if expected is None:
        return None if got is None else _is(here, brief(got), "None")
    if _is_array(expected) or _is_number(expected):
        return _array_difference(got, expected, here, **options)
    if isinstance(expected, Mapping):
        return _mapping_difference(got, expected, here, options)
    if isinstance(expected, (list, tuple)):
        return _sequence_difference(got, expected, here, options)
    if not isinstance(got, Set if isinstance(expected, Set) else type(expected)):
        return _is(here, kind(got), kind(expected))
    try:
        same = bool(got == expected)
    except Exception:  # an object whose == fails cannot be equal to the expected one
        same = False
    return None if same else _is(here, brief(got), brief(expected))


def _is(here: str, got: str, expected: str) -> str:
    return say("{value} is {got}, expected {expected}", value=here, got=got, expected=expected)


def unchanged(before, after) -> bool:
    """Whether an argument still holds what it held; objects of unknown types count as unchanged."""
    if _is_array(before) or _is_number(before):
        asked, wanted = (getattr(value, "requires_grad", False) for value in (before, after))
        try:
            before, after = _as_array(before), _as_array(after)
        except (TypeError, ValueError):
            return False
        if before.shape != after.shape or before.dtype != after.dtype or asked != wanted:
            return False
        return np.array_equal(before, after, equal_nan=before.dtype.kind in "fc")
    if isinstance(before, Mapping):
        return list(before) == list(after) and all(unchanged(before[key], after[key]) for key in before)
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(unchanged, before, after))
    if isinstance(before, (str, bytes, Set)):
        return before == after
    return True


def kind(value) -> str:
    """The kind of a value in a learner's words, such as 'a NumPy array of shape (2, 3)'."""
    if value is None:
        return "None"
    if is_tensor(value):
        return say("a torch tensor of shape {shape}", shape=tuple(value.shape))
    if isinstance(value, np.ndarray):
        return say("a NumPy array of shape {shape}", shape=value.shape)
    if isinstance(value, (bool, np.bool_)):
        return say("a truth value")
    if _is_number(value):
        return say("a number")
    if isinstance(value, type):
        return say("the class {name}", name=value.__name__)
    if callable(value):
        return say("a function")
    names = {list: "a list", tuple: "a tuple", str: "a text", dict: "a dict", set: "a set", frozenset: "a set"}
    if type(value) in names:
        return say(names[type(value)])
    return say("an object of type {type}", type=type(value).__name__)


def brief(value, limit=60) -> str:
    """A short text for a value: whole when it is small, its kind and shape when it is not."""
    if is_tensor(value):
        return f"<tensor {tuple(value.shape)}>" if value.numel() > 12 else f"tensor({_rounded(value.tolist())})"
    if isinstance(value, np.ndarray):
        return f"<array {value.shape}>" if value.size > 12 else str(_rounded(value.tolist()))
    if callable(value):
        return getattr(value, "__name__", "<function>")
    try:
        text = repr(_rounded(value))
    except Exception:  # it holds itself, or cannot print itself
        return say("an object of type {type}", type=type(value).__name__)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _rounded(value):
    """The same structure with floats cut to six significant digits, for printing."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if type(value) in (list, tuple, set):
        return type(value)(_rounded(item) for item in value)
    if type(value) is dict:
        return {key: _rounded(item) for key, item in value.items()}
    return value


def _is_number(value) -> bool:
    return isinstance(value, (Number, np.generic)) and not isinstance(value, np.str_)


def _is_array(value) -> bool:
    return isinstance(value, np.ndarray) or is_tensor(value)


def _as_array(value) -> np.ndarray:
    if is_tensor(value):
        value = value.detach().cpu()
        value = value.float() if value.dtype.is_floating_point and value.element_size() < 4 else value
        return value.numpy()
    if hasattr(value, "toarray"):  # a SciPy sparse matrix is a right answer too
        value = value.toarray()
    return np.asarray(value)


def _dtype_name(value) -> str:
    return str(value.dtype).removeprefix("torch.") if hasattr(value, "dtype") else np.asarray(value).dtype.name


def _array_difference(got, expected, here, rtol, atol, strict_dtype) -> str | None:
    scalar = _is_number(expected)
    if not (_is_array(got) or _is_number(got) or hasattr(got, "toarray")):
        if scalar or not isinstance(got, (list, tuple)):
            return _is(here, kind(got), kind(expected))
        text = "{value} is {got}, expected {expected}: {maker}(...) makes one"
        maker = "torch.stack" if is_tensor(expected) else "np.array"
        return say(text, value=here, got=kind(got), expected=kind(expected), maker=maker)
    actual, wanted = _as_array(got), _as_array(expected)
    if actual.shape != wanted.shape:
        if scalar:
            return say("{value} has shape {shape}, expected a single number", value=here, shape=actual.shape)
        return say("{value} has shape {got}, expected {wanted}", value=here, got=actual.shape, wanted=wanted.shape)
    if actual.dtype.kind not in "biufc" or wanted.dtype.kind not in "biufc":
        if actual.dtype.kind not in "biufc" and wanted.dtype.kind in "biufc":
            return _has_dtype(here, actual.dtype, wanted.dtype)
        wrong = actual != wanted
    else:
        if strict_dtype and _dtype_name(got) != _dtype_name(expected):
            return _has_dtype(here, _dtype_name(got), _dtype_name(expected))
        unexpected_nan = np.isnan(actual) & ~np.isnan(wanted)
        if unexpected_nan.any():
            index = tuple(int(i) for i in np.argwhere(unexpected_nan)[0])
            number = _number(wanted[index])
            if not index:
                return _is(here, "NaN", number)
            return say("{value} is NaN at {place}, expected {number}", value=here, place=list(index), number=number)
        default = max(_TOLERANCES.get(_dtype_name(value), (1e-6, 1e-9)) for value in (got, expected))
        close = {"rtol": default[0] if rtol is None else rtol, "atol": default[1] if atol is None else atol}
        wrong = ~np.isclose(actual, wanted, equal_nan=True, **close)
    if not wrong.any():
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    ours, theirs = _pair(actual[index], wanted[index])
    if wrong.size == 1:
        return _is(here, ours, theirs)
    one = "{number} of {size} entries of {value} differs, first at {place}: {got}, expected {expected}"
    many = "{number} of {size} entries of {value} differ, first at {place}: {got}, expected {expected}"
    places = {"size": wrong.size, "value": here, "place": list(index), "got": ours, "expected": theirs}
    return say_count(int(wrong.sum()), one, many, **places)


def _has_dtype(here: str, got, wanted) -> str:
    return say("{value} has dtype {got}, expected {wanted}", value=here, got=got, wanted=wanted)


def _pair(got, expected) -> tuple[str, str]:
    """Both numbers with as few digits as tell them apart."""
    for digits in (6, 9, 17):
        texts = _number(got, digits), _number(expected, digits)
        if texts[0] != texts[1]:
            break
    return texts


def _number(value, digits=6) -> str:
    if isinstance(value, (float, np.floating)):
        return f"{value:.{digits}g}"
    return repr(value.item() if isinstance(value, np.generic) else value)


def _mapping_difference(got, expected, here, options) -> str | None:
    if not isinstance(got, Mapping):
        return _is(here, kind(got), say("a dict"))
    if missing := [key for key in expected if key not in got]:
        one, many = "{value} has no entry {key}", "{value} has no entry {key} ({number} missing)"
        return say_count(len(missing), one, many, value=here, key=brief(missing[0]))
    if extra := [key for key in got if key not in expected]:
        one = "{value} has an entry {key} that should not be there"
        many = "{value} has an entry {key} that should not be there ({number} in all)"
        return say_count(len(extra), one, many, value=here, key=brief(extra[0]))
    for key in expected:
        if text := difference(got[key], expected[key], where=f"{here}[{brief(key)}]", **options):
            return text
    return None


def _sequence_difference(got, expected, here, options) -> str | None:
    if _is_array(got) and not any(map(_is_array, expected)):
        got = _as_array(got).tolist()
    if not isinstance(got, (list, tuple)):
        text = "{value} is {got}, expected {kind} of {length}"
        return say(text, value=here, got=kind(got), kind=kind(expected), length=len(expected))
    if len(got) != len(expected):
        text = "{value} has {length} items, expected {wanted}: {got} instead of {expected}"
        lengths = {"length": len(got), "wanted": len(expected)}
        return say(text, value=here, got=brief(got), expected=brief(expected), **lengths)
    for i, (ours, theirs) in enumerate(zip(got, expected, strict=True)):
        if text := difference(ours, theirs, where=say("item {number} of {value}", number=i, value=here), **options):
            return text
    return None
