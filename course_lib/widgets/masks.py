"""What a mask does to attention: paint it, and see weights and outputs follow."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import traitlets

from course_lib.language import say
from course_lib.widgets.base import CourseWidget, array_of, browser_code, joined, kind_of, new_figure
from course_lib.widgets.steps import attention_weights, named, packed, score_parts

MOST = 16
CLOSE = 1e-4
PRESETS = ("none", "causal", "padding", "both", "banded")


class MaskPainter(CourseWidget):
    """A mask to paint; the weights and the outputs of the learner's attention under it.

    attend: the learner's attend(query, key, value, mask) -> (output, weights); gets tensors when query or scores is
        one, else arrays; the mask is bool (Tq, Tk), True where a query may look. None: the course's numbers alone
    query, key: (Tq, E) and (Tk, E)
    value: (Tk, W); None: the unit vectors, so that the output is the weights
    scores: (Tq, Tk), scaled, in place of query and key
    tokens: the Tq words; None: numbers from 1
    key_tokens: the Tk words; None: tokens, or numbers from 1
    mask: bool (Tq, Tk) to begin with; or the name of a preset: none, causal, padding, both, banded
    k: how many keys are padded, or how far a band reaches to each side
    Raises ValueError when the shapes do not fit or there are more than 16 of anything.
    """

    _esm, _css = browser_code("masks")
    left = traitlets.List().tag(sync=True)
    right = traitlets.List().tag(sync=True)
    scores = traitlets.Bytes().tag(sync=True)  # float32 [Tq, Tk], scaled
    value = traitlets.Bytes().tag(sync=True)  # float32 [Tk, W]
    mask = traitlets.List().tag(sync=True)  # a text of 0 and 1 for each query
    kind = traitlets.Unicode().tag(sync=True)  # the preset, "" when painted
    k = traitlets.Int().tag(sync=True)
    asks = traitlets.Bool().tag(sync=True)  # there is a learner's function
    theirs = traitlets.Bytes().tag(sync=True)  # its weights, then its output, float32; empty when it gave none
    theirs_for = traitlets.List().tag(sync=True)  # the mask that they belong to
    status = traitlets.Unicode().tag(sync=True)
    bad = traitlets.Bool().tag(sync=True)

    def __init__(
        self,
        attend: Callable | None = None,
        query: Any = None,
        key: Any = None,
        value: Any = None,
        *,
        scores: Any = None,
        tokens: Sequence[str] | None = None,
        key_tokens: Sequence[str] | None = None,
        mask: Any = "causal",
        k: int = 2,
    ) -> None:
        if scores is None and (query is None or key is None):
            raise ValueError("there is nothing to mask: pass query and key, or scores")
        self._dtype = getattr(query if scores is None else scores, "dtype", None)
        self._torch = hasattr(query if scores is None else scores, "detach")
        if scores is not None:  # queries and keys whose scaled products are the scores
            scores = array_of(scores)
            query, key = scores * np.sqrt(scores.shape[-1]), np.eye(scores.shape[-1])
        parts = score_parts({"query": query, "key": key})
        self._query, self._key = parts["query"], parts["key"]
        self._scores = self._query @ self._key.T * parts["scale"]
        rows, columns = self._scores.shape
        self._value = np.eye(columns) if value is None else array_of(value)
        if max(rows, columns, self._value.shape[-1]) > MOST:
            raise ValueError(
                f"{rows} queries, {columns} keys, {self._value.shape[-1]} features: at most {MOST} of each"
            )
        if self._value.ndim != 2 or len(self._value) != columns:
            raise ValueError(f"value has shape {self._value.shape}; expected a row for each of the {columns} keys")
        kind = mask if isinstance(mask, str) else ""
        if kind and kind not in PRESETS:
            raise ValueError(f"there is no mask {kind!r}; there are {', '.join(PRESETS)}")
        allowed = preset(kind, rows, columns, k) if kind else array_of(mask).astype(bool)
        if allowed.shape != (rows, columns):
            raise ValueError(f"the mask has shape {allowed.shape}; expected {(rows, columns)}")
        super().__init__(
            left=named(tokens, rows),
            right=named(key_tokens or tokens, columns),
            scores=packed(self._scores),
            value=packed(self._value),
            mask=["".join("01"[int(cell)] for cell in row) for row in allowed],
            kind=kind,
            k=int(k),
            asks=attend is not None,
        )
        self._attend = attend
        self._ask_again()
        self.observe(self._ask_again, "mask")

    def allowed(self) -> np.ndarray:
        """The mask as it is painted now. Returns a bool array (Tq, Tk)."""
        return np.array([[cell == "1" for cell in row] for row in self.mask])

    def expected(self) -> tuple[np.ndarray, np.ndarray]:
        """The course's weights (Tq, Tk) and output (Tq, W) under the mask."""
        weights = attention_weights(self._scores, self.allowed())
        return weights, weights @ self._value

    def _ask_again(self, _: Any = None) -> None:
        if self._attend is None:
            return
        asked = list(self.mask)
        value, status = self.ask(self._attend, *self._arguments())
        numbers, bad = b"", bool(status)
        if not status:
            try:
                weights, output = _returned(value, [part.shape for part in self.expected()])
            except (TypeError, ValueError) as error:
                status, bad = str(error), True
            else:
                numbers = packed(weights) + packed(output)
                status, bad = self._compare(weights, output)
        with self.hold_sync():
            self.theirs, self.theirs_for, self.status, self.bad = numbers, asked, status, bad

    def _arguments(self) -> list:
        """What the learner's function gets; fresh copies, as tensors when the lesson works with tensors."""
        parts = [self._query, self._key, self._value]
        if not self._torch:
            return [*parts, self.allowed()]
        import torch

        return [*(torch.tensor(part, dtype=self._dtype) for part in parts), torch.tensor(self.allowed())]

    def _compare(self, weights: np.ndarray, output: np.ndarray) -> tuple[str, bool]:
        """How the learner's numbers differ, in words, and whether they do."""
        right, mixed = self.expected()
        allowed = self.allowed()
        far = ~(np.abs(weights - right) <= CLOSE)
        for text, where in (
            (
                "“{query}” may look nowhere; there your function gives {got} instead of 0.",
                far & ~allowed.any(axis=1)[:, None],
            ),
            (
                "The mask forbids to look from “{query}” to “{key}”, but your function gives it the weight {got}.",
                far & ~allowed,
            ),
            ("The weight from “{query}” to “{key}” is {got} by your function instead of {right}.", far),
        ):
            if where.any():
                row, column = np.argwhere(where)[0]
                got, expected = f"{weights[row, column]:.2f}", f"{right[row, column]:.2f}"
                return say(text, query=self.left[row], key=self.right[column], got=got, right=expected), True
        wrong = ~(np.abs(output - mixed) <= CLOSE * max(1, np.abs(self._value).max()))
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            text = say(
                "The weights agree, but feature {feature} of the output of “{query}” is {got} by your function instead "
                "of {right}.",
                feature=column + 1,
                query=self.left[row],
                got=f"{output[row, column]:.2f}",
                right=f"{mixed[row, column]:.2f}",
            )
            return text, True
        return say("Your function agrees, in the weights and in the output."), False

    def alt_text(self) -> str:
        weights, _ = self.expected()
        allowed = self.allowed()
        rows = []
        for token, row, seen_row in zip(self.left, weights, allowed, strict=True):
            seen = [f"“{key}” {row[column]:.2f}" for column, key in enumerate(self.right) if seen_row[column]]
            if seen:
                rows.append(say("“{query}” may look at {keys}.", query=token, keys=", ".join(seen)))
            else:
                rows.append(say("“{query}” may look nowhere.", query=token))
        if self.kind:
            start = say("Attention under a {name} mask, with its weights.", name=self.kind)
        else:
            start = say("Attention under a mask, with its weights.")
        return joined(start, *rows, self.status)

    def picture(self) -> Any:
        weights, output = self.expected()
        allowed = self.allowed()
        figure = new_figure(7.4, 1.5 + 0.26 * len(weights))
        parts = (
            ("mask", say("mask"), allowed * 1.0, "Greens"),
            ("weights", say("weights"), weights, "Blues"),
            ("output", say("output"), output, "PuOr_r"),
        )
        for axes, (name, title, numbers, colours) in zip(figure.subplots(1, 3), parts, strict=True):
            top = max(1e-9, np.abs(numbers).max()) if name == "output" else 1.3
            axes.imshow(numbers, cmap=colours, vmin=-top if name == "output" else 0, vmax=top, aspect="auto")
            axes.set_title(title, fontsize=10)
            if name != "output":
                axes.set_xticks(range(len(self.right)), self.right, rotation=60, fontsize=7)
                for row, column in np.argwhere(~allowed):
                    axes.text(column, row, "×", ha="center", va="center", color="#5a5f66", fontsize=8)
            axes.set_yticks(range(len(self.left)), self.left, fontsize=7)
            axes.set_xlabel(say("feature") if name == "output" else say("key"), fontsize=9)
        return figure


def preset(kind: str, rows: int, columns: int, k: int) -> np.ndarray:
    """A mask by name.

    kind: none, causal, padding (the last k keys), both, or banded (k to each side)
    rows, columns: number of queries and of keys
    Returns a bool array (rows, columns).
    """
    query, key = np.ogrid[:rows, :columns]
    causal, real = key <= query, (key < columns - k) & (query >= 0)
    return {
        "none": (key >= 0) & (query >= 0),
        "causal": causal,
        "padding": real,
        "both": causal & real,
        "banded": np.abs(query - key) <= k,
    }[kind]


def _returned(value: Any, shapes: list[tuple]) -> tuple[np.ndarray, np.ndarray]:
    """What the learner's function returned, as weights and output. Raises what is wrong with it."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise TypeError(say("Your function returned {kind}; expected (output, weights).", kind=kind_of(value)))
    arrays = {}
    for name, part, shape in (("weights", value[1], shapes[0]), ("output", value[0], shapes[1])):
        try:
            arrays[name] = array_of(part)
        except (TypeError, ValueError):
            raise TypeError(
                say("Your function returned {kind} as {name}; expected an array.", kind=kind_of(part), name=name)
            ) from None
        if (got := arrays[name].shape) != shape:
            wrong = say(
                "Your function returned {name} of shape {got}; expected {shape}.", name=name, got=got, shape=shape
            )
            raise ValueError(joined(wrong, say("Are output and weights swapped?") if got in shapes else ""))
    return arrays["weights"], arrays["output"]
