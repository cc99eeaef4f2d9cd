"""What reaches the earlier steps of a recurrent network when the gradient goes back through time."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import traitlets

from course_lib.language import say, say_count
from course_lib.widgets.base import CourseWidget, array_of, browser_code, joined, kind_of, new_figure, number

SHOWN = 24  # hidden units in the heat map; the norms are those of all


class GradientThroughTime(CourseWidget):
    """The gradient at every step of an unrolled recurrent network, as a heat map and as its norm on a logarithmic axis.

    gradients: `gradients(scale, length, activation)` -> array (length, H): row t is dL/dh of step t + 1, the last row
        belongs to the last step, where the loss is. The heat map shows the first 24 of the H units
    activations: the names to choose from
    scale, length, activation: where to start
    scales, lengths: the smallest and the largest value of the two sliders
    threshold: clip to this norm from the start; None: no clipping. The browser clips all rows as one long vector
    bound: scale is the largest singular value of the recurrent matrix, no activation is steeper than 1 and the loss
        sees the last state only, so that the norm can grow by no more than the factor scale a step: a dashed line
    title: the heading
    Raises ValueError when the start is not among the choices.
    """

    _esm, _css = browser_code("through_time")

    title = traitlets.Unicode().tag(sync=True)
    activations = traitlets.List(traitlets.Unicode()).tag(sync=True)
    scales = traitlets.List(traitlets.Float()).tag(sync=True)
    lengths = traitlets.List(traitlets.Int()).tag(sync=True)
    bound = traitlets.Bool(True).tag(sync=True)
    threshold = traitlets.Float(0.0).tag(sync=True)  # 0: no clipping
    question = traitlets.Dict().tag(sync=True)  # scale, length, activation, number: the browser counts its questions
    answered = traitlets.Int(0).tag(sync=True)  # the number of the question that was answered last
    shown = traitlets.Dict().tag(sync=True)  # scale, length, activation and hidden of the numbers below
    values = traitlets.Bytes(b"").tag(sync=True)  # float32 [length, hidden], or fewer units
    sizes = traitlets.Bytes(b"").tag(sync=True)  # float32 [length], the norms
    status = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        gradients: Callable,
        activations: Iterable[str] = ("tanh", "relu", "linear"),
        scale: float = 0.9,
        length: int = 20,
        activation: str = "tanh",
        scales: tuple[float, float] = (0.2, 2.0),
        lengths: tuple[int, int] = (2, 60),
        threshold: float | None = None,
        **traits: Any,
    ) -> None:
        activations = list(activations)
        if activation not in activations:
            raise ValueError(f"{activation!r} is not among the activations {activations}")
        for name, value, (low, high) in (("scale", scale, scales), ("length", length, lengths)):
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}; its slider goes from {low} to {high}")
        super().__init__(
            activations=activations,
            scales=[float(end) for end in scales],
            lengths=list(lengths),
            threshold=float(threshold or 0),
            question={"scale": float(scale), "length": int(length), "activation": activation, "number": 0},
            **{"title": say("The gradient on its way back through time"), **traits},
        )
        self._gradients = gradients
        self._answer()
        self.observe(lambda _: self._answer(), "question")

    def norms(self) -> np.ndarray:
        """The norm of the gradient at every step of what is shown, before clipping. Shape (length,)."""
        return np.frombuffer(self.sizes, "<f4").astype(float)

    def _answer(self) -> None:
        """Ask for the gradients of the present question; what goes wrong becomes text and the last picture stays."""
        asked = self.question
        scale, length, activation = asked["scale"], asked["length"], asked["activation"]
        with np.errstate(all="ignore"):  # overflow is what this picture is about
            value, status = self.ask(self._gradients, scale, length, activation)
            if not status:
                try:
                    rows = array_of(value)
                    status = _misfit(rows, length)
                except (TypeError, ValueError):
                    status = say(
                        "Your function returned {kind}; expected an array of shape ({length}, hidden).",
                        kind=kind_of(value),
                        length=length,
                    )
            with self.hold_sync():
                if not status:
                    self.shown = {
                        "scale": scale,
                        "length": length,
                        "activation": activation,
                        "hidden": rows.shape[1],
                    }
                    self.values = rows[:, :SHOWN].astype("<f4").tobytes()
                    self.sizes = _lengths(rows).astype("<f4").tobytes()
                kept = say("The picture shows the last answer.") if status and self.shown else ""
                self.status = joined(status, kept)
                self.answered = asked["number"]

    def _heading(self) -> str:
        return say(
            "{activation}, spectral scale {scale}, {number} steps",
            activation=self.shown["activation"],
            scale=number(self.shown["scale"]),
            number=self.shown["length"],
        )

    def alt_text(self) -> str:
        """The picture in words, with the norms at up to eight steps."""
        if not self.shown:
            return f"{self.title}. {self.status}"
        norms = self.norms()
        steps = np.unique(np.linspace(0, len(norms) - 1, min(8, len(norms))).round().astype(int))
        some = ", ".join(say("step {step}: {norm}", step=step + 1, norm=number(norms[step])) for step in steps)
        return joined(
            f"{self.title}: {self._heading()}.",
            story(norms),
            clipping(norms, self.threshold),
            say("Norms at {steps}.", steps=some),
        )

    def picture(self) -> Any:
        """A matplotlib figure: the heat map above the norm of every step."""
        from matplotlib.colors import LinearSegmentedColormap

        figure = new_figure(7.5, 4.4)
        if not self.shown:
            figure.text(0.5, 0.5, self.status, ha="center")
            return figure
        norms = self.norms()
        rows, steps = np.frombuffer(self.values, "<f4").reshape(len(norms), -1), np.arange(1, len(norms) + 1)
        total = float(_lengths(norms[None])[0])
        if self.threshold and total > self.threshold:
            rows, norms = rows * (self.threshold / total), norms * (self.threshold / total)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1.3])
        seen = np.abs(rows[np.isfinite(rows)])
        top = np.log10(max(seen.max(initial=0), 1e-30))
        strength = np.clip(np.ceil(np.log10(np.maximum(np.abs(rows), 1e-300)) - top + 6), 0, 6)  # six powers of ten
        paint = LinearSegmentedColormap.from_list("gradient", ["#0072b2", "white", "#d55e00"])
        above.imshow(
            (strength * np.sign(rows)).T,
            aspect="auto",
            interpolation="nearest",
            cmap=paint,
            vmin=-6,
            vmax=6,
            extent=(0.5, len(rows) + 0.5, 0, 1),
        )
        above.set_yticks([])
        above.set_ylabel(say("hidden units"))
        above.set_title(f"{self._heading()}\n{story(norms)}", fontsize=9)
        below.semilogy(steps, np.where(norms > 0, norms, np.nan), "k.-")
        below.set(xlabel=say("step (the loss comes after the last one)"), ylabel=say("norm of the gradient"))
        below.xaxis.get_major_locator().set_params(integer=True)
        below.grid(alpha=0.3)
        return figure


def story(norms: np.ndarray) -> str:
    """What becomes of the gradient between the last step and the first, in one sentence.

    norms: float array of shape (length,), the norm at every step
    """
    steps, first, last = len(norms) - 1, float(norms[0]), float(norms[-1])
    if not np.isfinite(norms).all():
        return say("The gradient overflows: it is too large for a number.")
    if not last:
        return say("There is no gradient: at the last step it is 0.")
    if not steps:
        return say("With one step there is no way back.")
    if not first:
        return say_count(
            steps,
            "The gradient vanishes completely: after {number} step it is exactly 0.",
            "The gradient vanishes completely: after {number} steps it is exactly 0.",
        )
    ratio = first / last
    factor, each = number(ratio), number(ratio ** (1 / steps))
    if ratio > 20:
        return say_count(
            steps,
            "The gradient explodes: after {number} step it is {factor} times as large ({each} a step).",
            "The gradient explodes: after {number} steps it is {factor} times as large ({each} a step).",
            factor=factor,
            each=each,
        )
    if ratio > 2:
        return say_count(
            steps,
            "The gradient grows: after {number} step it is {factor} times as large ({each} a step).",
            "The gradient grows: after {number} steps it is {factor} times as large ({each} a step).",
            factor=factor,
            each=each,
        )
    if ratio < 0.05:
        return say_count(
            steps,
            "The gradient vanishes: after {number} step {factor} of it is left ({each} a step).",
            "The gradient vanishes: after {number} steps {factor} of it is left ({each} a step).",
            factor=factor,
            each=each,
        )
    if ratio < 0.5:
        return say_count(
            steps,
            "The gradient shrinks: after {number} step {factor} of it is left ({each} a step).",
            "The gradient shrinks: after {number} steps {factor} of it is left ({each} a step).",
            factor=factor,
            each=each,
        )
    return say_count(
        steps,
        "The gradient keeps its size: after {number} step {factor} of it is left ({each} a step).",
        "The gradient keeps its size: after {number} steps {factor} of it is left ({each} a step).",
        factor=factor,
        each=each,
    )


def clipping(norms: np.ndarray, threshold: float) -> str:
    """What clipping does to it, in words; "" without clipping.

    norms: float array of shape (length,), the norm at every step
    threshold: the greatest norm allowed for all steps together; 0: no clipping
    """
    total = float(_lengths(np.asarray(norms)[None])[0])
    if not threshold or not np.isfinite(total):
        return ""
    if total <= threshold:
        return say(
            "All steps together: {total}, within the threshold {limit}: clipping changes nothing.",
            total=number(total),
            limit=number(threshold),
        )
    return say(
        "All steps together: {total}. Clipping to {limit} multiplies every step by {factor}; how much the first one "
        "gets compared with the last one stays as it was.",
        total=number(total),
        limit=number(threshold),
        factor=number(threshold / total),
    )


def _lengths(rows: np.ndarray) -> np.ndarray:
    """The Euclidean norm of each row, without overflow on the way."""
    peak = np.abs(rows).max(axis=1, initial=0)
    safe = np.where((peak > 0) & np.isfinite(peak), peak, 1)
    return np.sqrt(((rows / safe[:, None]) ** 2).sum(axis=1)) * safe


def _misfit(rows: np.ndarray, length: int) -> str:
    if rows.ndim != 2 or rows.shape[0] != length or not rows.shape[1]:
        return say(
            "Your function returned shape {shape}; expected ({length}, hidden), a row for each step.",
            shape=rows.shape,
            length=length,
        )
    return ""
