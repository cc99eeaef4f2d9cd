"""Where the heads of a Transformer look: all of them at a glance, one large, one score in numbers."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import traitlets

from course_lib.language import say
from course_lib.widgets.base import CourseWidget, array_of, browser_code, joined, kind_of, new_figure
from course_lib.widgets.steps import MOST_TOKENS, named, packed, score_parts

MOST_WEIGHTS = 1_500_000
KEPT = 3_000  # bytes of weights that may stay in the saved notebook, so that the view lives again without a kernel

_OWN = "your function"


def _browser_code() -> str:
    """attention.js with steps.js, which draws the arithmetic, in front of it and without its own ending.

    Without comments as well: this code is saved with the notebook, and two modules are as much as that bears.
    """
    steps = browser_code("steps")[0].rsplit("export default", 1)[0]
    own = (Path(__file__).parent / "attention.js").read_text("utf-8")
    return re.sub(r"/\*\*.*?\*/\n|^ *(//[^\n]*\n)?", "", steps + own, flags=re.MULTILINE | re.DOTALL)


class AttentionExplorer(CourseWidget):
    """Attention weights of any number of layers and heads, over a text that can be typed.

    attention: attention(text) -> (tokens, weights): a list of T tokens and an array (layers, heads, T, T), or a list of
        such layers; row i says how token i spreads its attention, and sums to 1. Or {name: such a function}, to switch
        between them. None: no text to type
    text: the text to begin with
    weights: to show without any function: array (layers, heads, Tq, Tk), (heads, Tq, Tk) or (Tq, Tk)
    tokens: the Tq tokens of weights
    key_tokens: its Tk tokens that are looked at, where these are others; None: the same tokens
    scores: scores(text, layer, head) -> {"query": (T, E), "key": (T, E)} of that head, perhaps with "mask" (bool,
        True where a token may look) and "scale" (else 1/√E); layer and head count from 0, as the array's axes do. Shows
        the arithmetic of one score. Or {name: such a function}, with the names of attention
    layer, head: the head to begin with, counted from 1, as the widget shows them
    token: the token to begin with, as text, or its place counted from 0; None: none
    examples: texts to suggest while one is typed
    title: the heading; None: who looks at whom
    Raises ValueError when there is nothing to show or the shapes do not fit.
    """

    _css = browser_code("attention")[1]
    _esm = _browser_code()
    title = traitlets.Unicode().tag(sync=True)
    sources = traitlets.List().tag(sync=True)  # names of the functions that can be asked
    examples = traitlets.List().tag(sync=True)
    question = traitlets.Dict().tag(sync=True)  # text, source, number
    # number of the question; picture, shape, left, right (empty: as left), chosen; note, bad
    about = traitlets.Dict().tag(sync=True)
    data = traitlets.Bytes().tag(sync=True)  # uint8 [layers, heads, Tq, Tk]; emptied once a view has it, if large
    layer = traitlets.Int(1).tag(sync=True)
    head = traitlets.Int(1).tag(sync=True)
    mixes = traitlets.Bool(False).tag(sync=True)  # the arithmetic ends with the weights here

    def __init__(
        self,
        attention: Callable | Mapping[str, Callable] | None = None,
        text: str = "",
        *,
        weights: Any = None,
        tokens: Sequence[str] | None = None,
        key_tokens: Sequence[str] | None = None,
        scores: Callable | Mapping[str, Callable] | None = None,
        layer: int = 1,
        head: int = 1,
        token: str | int | None = None,
        examples: Sequence[str] = (),
        title: str | None = None,
    ) -> None:
        if attention is None and weights is None:
            raise ValueError("there is nothing to show: pass a function attention(text), or weights and tokens")
        self._attention = attention if isinstance(attention, Mapping) else {_OWN: attention} if attention else {}
        self._scores, self._token, self._weights, self._text = scores, token, None, str(text)
        source = next(iter(self._attention), "")
        super().__init__(
            title=say("Attention: who looks at whom") if title is None else title,
            sources=list(self._attention),
            examples=list(examples),
            question={"text": self._text, "source": source, "number": 0},
            about={"number": 0, "picture": 0, "shape": [], "left": [], "right": [], "note": "", "bad": False},
        )
        self._source = source
        if weights is not None:
            array = _four_axes(weights)
            left = named(tokens, array.shape[2])
            self._show(_checked(left, named(key_tokens or left, array.shape[3]), array), array)
        else:
            self._look()
        if self._weights is not None:
            shape = self._weights.shape
            if not (1 <= layer <= shape[0] and 1 <= head <= shape[1]):
                raise ValueError(f"layer {layer}, head {head}: there are {shape[0]} layers with {shape[1]} heads each")
        self.layer, self.head = int(layer), int(head)
        self.observe(self._look, "question")
        self.on_msg(self._answer)

    # ---- the weights ------------------------------------------------------------------------------------------

    def _look(self, _: Any = None) -> None:
        """Ask for the attention over the text; what goes wrong becomes words, and the old picture stays."""
        text, source, number = (self.question[key] for key in ("text", "source", "number"))
        value, problem = self.ask(self._attention[source], text)
        if not problem:
            try:
                left, array = _returned(value)
                shown = _checked(left, left, array)
            except (TypeError, ValueError) as error:
                problem = str(error)
        if problem:
            rest = say("The picture shows the last text that worked.") if self._weights is not None else ""
            self.about = {**self.about, "number": number, "note": joined(problem, rest), "bad": True}
            return
        self._text, self._source = text, source
        self._show({**shown, "number": number}, array)

    def _show(self, about: dict, array: np.ndarray) -> None:
        self._weights = array
        with np.errstate(invalid="ignore"):
            self._bytes = (np.nan_to_num(array, nan=0.0).clip(0, 1) * 255).round().astype("u1").tobytes()
        chosen = _place(self._token, about["left"])
        with self.hold_sync():
            self.data = self._bytes
            self.about = {**self.about, **about, "picture": self.about["picture"] + 1, "chosen": [chosen, -1]}

    def _answer(self, _: Any, content: Any, __: Any) -> None:
        """What the browser asks for by message; traits would be saved in the notebook, and large ones must not."""
        picture = self.about["picture"]
        if content.get("have") == picture and len(self.data) > KEPT:
            self.data = b""
        elif content.get("want") == picture:
            self.send({"data": picture}, [self._bytes])
        elif "exact" in content and content.get("picture") == picture:
            layer, head = content["exact"]
            about, buffers = {"exact": [layer, head], "picture": picture}, [packed(self._weights[layer, head])]
            if self._scores is not None:
                more, parts = self._parts(layer, head)
                about, buffers = about | more, buffers + parts
            self.send(about, buffers)

    def _parts(self, layer: int, head: int) -> tuple[dict, list[bytes]]:
        """Queries and keys of one head, or what is wrong with them."""
        function = self._scores.get(self._source) if isinstance(self._scores, Mapping) else self._scores
        if function is None:
            return {}, []
        value, problem = self.ask(function, self._text, layer, head)
        if not problem:
            try:
                parts = score_parts(value)
                expected = self._weights.shape[2:]
                if (got := (len(parts["query"]), len(parts["key"]))) != expected:
                    raise ValueError(
                        say(
                            "{queries} queries and {keys} keys for {rows} and {columns} tokens",
                            queries=got[0],
                            keys=got[1],
                            rows=expected[0],
                            columns=expected[1],
                        )
                    )
            except (KeyError, TypeError, ValueError) as error:
                problem = say("The scores cannot be shown: {error}", error=error)
        if problem:
            return {"problem": problem}, []
        mask = b"" if parts["mask"] is None else parts["mask"].astype("u1").tobytes()
        about = {"width": parts["query"].shape[1], "scale": parts["scale"]}
        return about, [packed(parts["query"]), packed(parts["key"]), mask]

    # ---- showing ----------------------------------------------------------------------------------------------

    def _ipython_display_(self) -> None:
        """Show the live view, and then the still picture, which it hides.

        In this order, because the weights are there sooner than the still picture of so many heads is drawn.
        """
        from IPython.display import display

        display(self._repr_mimebundle_()[0], raw=True)
        display({"text/html": self.still(), "text/plain": self.alt_text()}, raw=True)

    def alt_text(self) -> str:
        about = self.about
        if self._weights is None:
            return f"{self.title}. {about['note']}"
        (layers, heads), right = about["shape"][:2], about["right"] or about["left"]
        shown = " ".join(about["left"][:16]) + (" …" if len(about["left"]) > 16 else "")
        weights = np.nan_to_num(self._weights[self.layer - 1, self.head - 1])
        place = max(_place(self._token, about["left"]), 0)
        most = ", ".join(
            f"“{right[key]}” {weights[place, key]:.2f}" for key in np.argsort(-weights[place], kind="stable")[:3]
        )
        mean = weights.mean(axis=0)
        return joined(
            say(
                "Attention of {layers} layers with {heads} heads each over: {text}.",
                layers=layers,
                heads=heads,
                text=shown,
            ),
            say(
                "Layer {layer}, head {head}: “{query}” looks at {keys}.",
                layer=self.layer,
                head=self.head,
                query=about["left"][place],
                keys=most,
            ),
            say("On average most goes to “{key}”, {mean}.", key=right[mean.argmax()], mean=f"{mean.max():.2f}"),
            about["note"],
        )

    def picture(self) -> Any:
        if self._weights is None:
            figure = new_figure(7, 1)
            figure.text(0.02, 0.5, self.about["note"], wrap=True)
            return figure
        layers, heads, rows, columns = self._weights.shape
        many, small = layers * heads > 1, rows <= 26 and columns <= 26
        figure = new_figure(6.6 if many else 4.4, 3.4)
        panels = np.atleast_1d(figure.subplots(1, 2 if many else 1, width_ratios=[1, 1.1] if many else None))
        shade = (np.sqrt(np.nan_to_num(self._weights).clip(0, 1)) * 5).round() / 5  # few shades make a small file
        shades = {"cmap": "Blues", "vmin": 0, "vmax": 1, "interpolation": "nearest"}
        if many:
            tiles = np.pad(
                _coarse(shade, max(5, int((5000 / layers / heads) ** 0.5))),
                ((0, 0), (0, 0), (0, 1), (0, 1)),
                constant_values=0.3,
            )
            high, wide = tiles.shape[2:]
            panels[0].imshow(
                tiles.transpose(0, 2, 1, 3).reshape(layers * high, heads * wide),
                **shades,
            )
            panels[0].set_xticks(np.arange(heads) * wide + wide / 2, range(1, heads + 1), fontsize=7)
            panels[0].set_yticks(np.arange(layers) * high + high / 2, range(1, layers + 1), fontsize=7)
            panels[0].set(xlabel=say("head"), ylabel=say("layer"))
            corner = ((self.head - 1) * wide - 0.5, (self.layer - 1) * high - 0.5)
            panels[0].add_patch(_frame(corner, wide, high))
        axes, edges = panels[-1], (-0.5, columns - 0.5, rows - 0.5, -0.5)
        axes.imshow(_coarse(shade[self.layer - 1, self.head - 1], 26 if small else 16), extent=edges, **shades)
        if small:
            axes.set_xticks(range(columns), self.about["right"] or self.about["left"], rotation=90, fontsize=7)
            axes.set_yticks(range(rows), self.about["left"], fontsize=7)
        axes.set(xlabel=say("keys: looked at"), ylabel=say("queries: looking"))
        here = say("layer {layer}, head {head}", layer=self.layer, head=self.head)
        axes.set_title(here if many else self.title, fontsize=10)
        return figure


def _coarse(array: np.ndarray, most: int) -> np.ndarray:
    """The last two axes cut to at most so many cells, each the largest of those it stands for."""
    for axis in (-2, -1):
        step = -(-array.shape[axis] // most)
        array = np.maximum.reduceat(array, np.arange(0, array.shape[axis], step), axis=axis)
    return array


def _frame(corner: tuple[float, float], width: float, height: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(corner, width, height, fill=False, edgecolor="#d55e00", linewidth=2)


def _place(token: str | int | None, tokens: list[str]) -> int:
    """Where the token to begin with stands, -1: nowhere."""
    if isinstance(token, str):
        return tokens.index(token) if token in tokens else -1
    return token if token is not None and 0 <= token < len(tokens) else -1


def _returned(value: Any) -> tuple[list[str], np.ndarray]:
    """What an attention function returned, as tokens and an array with four axes. Raises what is wrong with it."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise TypeError(say("Your function returned {kind}; expected (tokens, weights).", kind=kind_of(value)))
    tokens, weights = value
    if isinstance(tokens, str) or not hasattr(tokens, "__len__"):
        raise TypeError(
            say("Your function returned {tokens} as tokens; expected a list of words.", tokens=f"{tokens!r:.60}")
        )
    try:
        array = _stacked(weights)
    except (TypeError, ValueError):
        raise TypeError(
            say("Your function returned {kind} as weights; expected an array of numbers.", kind=kind_of(weights))
        ) from None
    return [str(token) for token in tokens], _four_axes(array)


def _four_axes(weights: Any) -> np.ndarray:
    """The weights as float32 (layers, heads, Tq, Tk). A batch of one, (layers, 1, heads, Tq, Tk), is taken as well."""
    array = _stacked(weights)
    if array.ndim == 5 and array.shape[1] == 1:
        array = array[:, 0]
    if not 2 <= array.ndim <= 4 or 0 in array.shape:
        raise ValueError(
            say("These are weights of shape {shape}; expected (layers, heads, queries, keys).", shape=array.shape)
        )
    return array.reshape((1,) * (4 - array.ndim) + array.shape).astype("f4")


def _stacked(weights: Any) -> np.ndarray:
    """The weights as one array, also those that come as a list of layers."""
    if isinstance(weights, tuple | list) and len(weights) and hasattr(weights[0], "shape"):
        weights = np.stack([array_of(layer) for layer in weights])
    return array_of(weights)


def _checked(left: list[str], right: list[str], array: np.ndarray) -> dict:
    """What the browser is told about weights that fit their tokens. Raises ValueError when they do not."""
    layers, heads, rows, columns = array.shape
    if (rows, columns) != (len(left), len(right)):
        raise ValueError(
            say(
                "These are weights of shape {shape} for {number} tokens; expected {expected}.",
                shape=array.shape,
                number=len(left),
                expected=(layers, heads, len(left), len(right)),
            )
        )
    if max(rows, columns) > MOST_TOKENS or array.size > MOST_WEIGHTS:
        raise ValueError(
            say(
                "These are {number} weights for {tokens} tokens, too many to show; at most {most_tokens} tokens and "
                "{most} weights. Use a shorter text.",
                number=f"{array.size:,}",
                tokens=rows,
                most_tokens=MOST_TOKENS,
                most=f"{MOST_WEIGHTS:,}",
            )
        )
    return {
        "shape": list(array.shape),
        "left": left,
        "right": [] if right == left else right,
        "bad": True,
    } | _suspicious(array)


def _suspicious(array: np.ndarray) -> dict:
    """What cannot be attention, in words: the first place where it shows."""
    sums = array.sum(axis=-1)
    row_is_off = (np.abs(sums - 1) > 1e-2) & (sums != 0)  # a row that may look nowhere holds only zeros
    for text, where in (
        ("Row {row} of layer {layer}, head {head} holds NaN.", np.isnan(array).any(-1)),
        ("Row {row} of layer {layer}, head {head} holds negative weights.", (array < 0).any(-1)),
        ("Row {row} of layer {layer}, head {head} sums to {sum}, not to 1: is the softmax over the keys?", row_is_off),
    ):
        if where.any():
            layer, head, row = np.argwhere(where)[0]
            total = f"{sums[layer, head, row]:.2f}"
            return {"note": say(text, row=row + 1, layer=layer + 1, head=head + 1, sum=total), "bad": True}
    return {"note": "", "bad": False}
