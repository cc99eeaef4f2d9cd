"""One row of attention, step by step: query times key, divided by √d, softmax, output."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets

from course_lib.language import say
from course_lib.widgets.base import CourseWidget, array_of, browser_code, joined, new_figure

MOST_TOKENS = 128


class AttentionSteps(CourseWidget):
    """The arithmetic of attention by hand, one query and one key at a time.

    query: array (Tq, E), a row for each token that looks
    key: array (Tk, E), a row for each token that may be looked at
    value: array (Tk, W), adds the last step, the output; None: no such step
    tokens: the Tq words; None: numbers from 1
    key_tokens: the Tk words; None: tokens, or numbers from 1
    mask: bool array (Tq, Tk), True where a query may look; None: everywhere
    scale: what a score is multiplied with; None: 1/√E
    pair: the query and the key to begin with, counted from 0
    Raises ValueError when the shapes do not fit together.
    """

    _esm, _css = browser_code("steps")
    left = traitlets.List().tag(sync=True)
    right = traitlets.List().tag(sync=True)
    query = traitlets.Bytes().tag(sync=True)  # float32, as key and value
    key = traitlets.Bytes().tag(sync=True)
    value = traitlets.Bytes().tag(sync=True)
    mask = traitlets.Bytes().tag(sync=True)  # uint8 [Tq, Tk], empty: everywhere
    width = traitlets.Int().tag(sync=True)  # E
    scale = traitlets.Float().tag(sync=True)
    mixes = traitlets.Bool().tag(sync=True)  # there are values
    pair = traitlets.List().tag(sync=True)

    def __init__(
        self,
        query: Any,
        key: Any,
        value: Any = None,
        tokens: Sequence[str] | None = None,
        key_tokens: Sequence[str] | None = None,
        mask: Any = None,
        scale: float | None = None,
        pair: tuple[int, int] = (0, 0),
    ) -> None:
        parts = score_parts({"query": query, "key": key, "mask": mask, "scale": scale})
        query, key, mask = parts["query"], parts["key"], parts["mask"]
        left, right = named(tokens, len(query)), named(key_tokens or tokens, len(key))
        if not (0 <= pair[0] < len(left) and 0 <= pair[1] < len(right)):
            raise ValueError(f"pair is {tuple(pair)}, but there are {len(left)} queries and {len(right)} keys")
        value = None if value is None else array_of(value)
        if value is not None and (value.ndim != 2 or len(value) != len(key)):
            raise ValueError(f"value has shape {value.shape}; expected a row for each of the {len(key)} keys")
        self._query, self._key, self._value, self._mask = query, key, value, mask
        super().__init__(
            left=left,
            right=right,
            query=packed(query),
            key=packed(key),
            value=b"" if value is None else packed(value),
            mask=b"" if mask is None else mask.astype("u1").tobytes(),
            width=query.shape[1],
            scale=parts["scale"],
            mixes=value is not None,
            pair=list(pair),
        )

    def weights(self) -> np.ndarray:
        """The widget's own weights. Returns an array (Tq, Tk)."""
        return attention_weights(self._query @ self._key.T * self.scale, self._mask)

    def alt_text(self) -> str:
        (i, j), weights = self.pair, self.weights()
        raw = float(self._query[i] @ self._key[j])
        masked = self._mask is not None and not self._mask[i, j]
        if masked:
            score = say(
                "Its query times the key of “{key}” is {raw}; divided by {root} that is {scaled}, but it is masked.",
                key=self.right[j],
                raw=f"{raw:.2f}",
                root=f"{1 / self.scale:.2f}",
                scaled=f"{raw * self.scale:.2f}",
            )
        else:
            score = say(
                "Its query times the key of “{key}” is {raw}; divided by {root} that is {scaled}.",
                key=self.right[j],
                raw=f"{raw:.2f}",
                root=f"{1 / self.scale:.2f}",
                scaled=f"{raw * self.scale:.2f}",
            )
        each = ", ".join(f"{token} {weight:.3f}" for token, weight in zip(self.right, weights[i], strict=True))
        output = ""
        if self._value is not None and self._value.shape[1] <= 8:
            mixed = weights[i] @ self._value
            output = say("The output: {numbers}.", numbers=", ".join(f"{number:.2f}" for number in mixed))
        return joined(
            say("Attention of “{query}” to {keys}.", query=self.left[i], keys=", ".join(self.right)),
            score,
            say("The weights after the softmax: {weights}.", weights=each),
            output,
        )

    def picture(self) -> Any:
        i, j = self.pair
        scaled, weights = self._query[i] @ self._key.T * self.scale, self.weights()[i]
        figure = new_figure(7, 2.9)
        rows = (
            (say("query · key"), scaled / self.scale),
            (say("divided by √d"), scaled),
            (say("softmax"), weights),
        )
        for axes, (name, values) in zip(figure.subplots(1, 3), rows, strict=True):
            axes.bar(range(len(values)), values, color=["#d55e00" if k == j else "#0072b2" for k in range(len(values))])
            axes.axhline(0, color="#5a5f66", lw=0.8)
            axes.set_title(name, fontsize=10)
            if len(values) <= 20:
                axes.set_xticks(range(len(values)), self.right, rotation=60, fontsize=8)
            axes.set_xlabel(say("key"))
            axes.tick_params(axis="y", labelsize=8)
        figure.suptitle(say("“{query}” looks around", query=self.left[i]), fontsize=11)
        return figure


def attention_weights(scores: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """The softmax of each row, with weight 0 where the mask is False; a row without any True becomes 0.

    scores: array (Tq, Tk), scaled; mask: bool array of that shape, or None
    Returns an array (Tq, Tk).
    """
    masked = scores if mask is None else np.where(mask, scores, -np.inf)
    top = masked.max(axis=-1, keepdims=True)
    powers = np.exp(masked - np.where(np.isfinite(top), top, 0))
    total = powers.sum(axis=-1, keepdims=True)
    return powers / np.where(total > 0, total, 1)


def score_parts(given: dict) -> dict:
    """Check what the arithmetic of scores is made of.

    given: query (Tq, E), key (Tk, E), and perhaps mask (Tq, Tk) and scale
    Returns the four as float64 arrays, a bool array or None, and a float.
    Raises ValueError, or TypeError where there are no numbers.
    """
    query, key = array_of(given["query"]), array_of(given["key"])
    if query.ndim != 2 or key.ndim != 2 or query.shape[1] != key.shape[1] or not query.size or not key.size:
        raise ValueError(
            say(
                "query {query} and key {key} do not fit: expected (Tq, E) and (Tk, E)", query=query.shape, key=key.shape
            )
        )
    if (longest := max(len(query), len(key))) > MOST_TOKENS:
        raise ValueError(say("{number} tokens are too many to show; at most {most}", number=longest, most=MOST_TOKENS))
    if not (np.isfinite(query).all() and np.isfinite(key).all()):
        raise ValueError(say("query or key holds a value that is not finite"))
    mask, scale = given.get("mask"), given.get("scale")
    if mask is not None:
        try:
            mask = np.broadcast_to(array_of(mask).astype(bool), (len(query), len(key)))
        except ValueError:
            shape = (len(query), len(key))
            raise ValueError(say("the mask does not broadcast to {shape}", shape=shape)) from None
    return {"query": query, "key": key, "mask": mask, "scale": float(scale or query.shape[1] ** -0.5)}


def named(tokens: Sequence[str] | None, count: int) -> list[str]:
    """The tokens as a list of text, numbers from 1 when there are none. Raises ValueError for a wrong number."""
    if tokens is None:
        return [str(n + 1) for n in range(count)]
    if isinstance(tokens, str) or len(tokens) != count:
        raise ValueError(f"expected {count} tokens in a list, not {tokens!r:.60}")
    return [str(token) for token in tokens]


def packed(array: np.ndarray) -> bytes:
    """The numbers as the browser reads them, float32."""
    return np.ascontiguousarray(array, "<f4").tobytes()
