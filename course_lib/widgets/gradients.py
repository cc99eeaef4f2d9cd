"""What becomes of gradients and activations in a deep network, layer by layer, while it trains."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import traitlets

from course_lib.language import say
from course_lib.widgets.base import CourseWidget, array_of, browser_code, joined, new_figure

LOWEST, HIGHEST = -16, 8  # the histograms' range, as powers of ten
BINS = 36  # two thirds of a power of ten each
LIVE = 0.3  # seconds between two pictures while the network trains


class GradientFlow(CourseWidget):
    """Histograms of gradients and activations, layer by layer, over the steps of a training run.

    train: `train(depth, activation, initialisation, steps)` trains a small network and yields for each step a dict with
        loss (a number), gradients (for each layer, the first one first, that of its weights or output) and activations
        (for each layer its output); or returns a dict with a list over the steps for each of the three
    activations, initialisations: the names to choose from
    depths: the smallest and the largest number of layers
    depth, activation, initialisation, steps: where to start, and for how many steps to train
    gradients_of: what the gradients belong to, for the axis
    title: the heading
    """

    still_pixels = 170_000
    _esm, _css = browser_code("gradients")

    title = traitlets.Unicode().tag(sync=True)
    gradients_of = traitlets.Unicode().tag(sync=True)
    activations = traitlets.List(traitlets.Unicode()).tag(sync=True)
    initialisations = traitlets.List(traitlets.Unicode()).tag(sync=True)
    depths = traitlets.List(traitlets.Int()).tag(sync=True)
    depth = traitlets.Int().tag(sync=True)
    activation = traitlets.Unicode().tag(sync=True)
    initialisation = traitlets.Unicode().tag(sync=True)
    steps = traitlets.Int(30).tag(sync=True)
    span = traitlets.List([LOWEST, HIGHEST, BINS]).tag(sync=True)
    shown = traitlets.Dict().tag(sync=True)  # which network the numbers below belong to: layers, name
    histograms = traitlets.Bytes(b"").tag(sync=True)  # uint8 [steps, layers, 2, BINS], gradients then activations
    sizes = traitlets.Bytes(b"").tag(sync=True)  # float32 [steps, layers, 2, 3]: RMS, share of zeros, share not finite
    losses = traitlets.Bytes(b"").tag(sync=True)  # float32 [steps]
    status = traitlets.Unicode().tag(sync=True)
    asked = traitlets.Int(0).tag(sync=True)  # counted up by the browser with every question ...
    answered = traitlets.Int(0).tag(sync=True)  # ... and here with the answer

    def __init__(
        self,
        train: Callable,
        activations: Iterable[str] = ("sigmoid", "tanh", "relu"),
        initialisations: Iterable[str] = ("too small", "Xavier", "Kaiming", "too large"),
        depths: tuple[int, int] = (2, 20),
        depth: int = 10,
        activation: str = "sigmoid",
        initialisation: str = "Xavier",
        **traits: Any,
    ) -> None:
        activations, initialisations = list(activations), list(initialisations)
        if activation not in activations or initialisation not in initialisations:
            raise ValueError(f"{activation!r} and {initialisation!r} must be among {activations} and {initialisations}")
        super().__init__(
            activations=activations,
            initialisations=initialisations,
            depths=list(depths),
            depth=min(max(depth, depths[0]), depths[1]),
            activation=activation,
            initialisation=initialisation,
            **{"title": say("Gradients in a deep network"), "gradients_of": say("the weights"), **traits},
        )
        self._train = train
        self._run()
        self.observe(lambda _: self._run(), ["depth", "activation", "initialisation"])
        self.observe(lambda _: self._answer_again(), "asked")

    def numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """The losses [steps] and the sizes [steps, layers, 2, 3] of the run that is shown, see `sizes`."""
        losses = np.frombuffer(self.losses, "<f4")
        return losses, np.frombuffer(self.sizes, "<f4").reshape(len(losses), self.shown.get("layers", 0), 2, 3)

    def _answer_again(self) -> None:
        """A slider moved there and back changes nothing and still wants an answer."""
        if self._ran == (self.depth, self.activation, self.initialisation):
            self.answered = self.asked

    def _run(self) -> None:
        """Train with the present settings and show each step; what goes wrong becomes text."""
        self._ran = self.depth, self.activation, self.initialisation
        name = say(
            "{number} layers, {activation}, {initialisation}",
            number=self.depth,
            activation=self.activation,
            initialisation=self.initialisation,
        )

        def train() -> bool:
            histograms, sizes, losses, last = [], [], [], time.monotonic()
            for histogram, size, loss in measured(
                self._train(self.depth, self.activation, self.initialisation, self.steps)
            ):
                histograms.append(histogram)
                sizes.append(size)
                losses.append(loss)
                if time.monotonic() - last > LIVE:
                    self._show(name, histograms, sizes, losses)
                    last = time.monotonic()
            if not losses:
                raise ValueError(say("it trained for no step"))
            self._show(name, histograms, sizes, losses)
            return True

        train.__name__ = getattr(self._train, "__name__", "train")
        last_run = self.shown, self.histograms, self.sizes, self.losses
        with np.errstate(all="ignore"):  # overflow is what this picture is about
            _, problem = self.ask(train)
        with self.hold_sync():
            if problem:
                self.shown, self.histograms, self.sizes, self.losses = last_run
            kept = say("The picture shows the last run that worked.") if problem and self.shown else ""
            self.status = joined(problem, kept)
            self.answered = self.asked

    def _show(self, name: str, histograms: list, sizes: list, losses: list) -> None:
        with self.hold_sync():
            self.shown = {"layers": len(sizes[0]), "name": name}
            self.histograms = np.array(histograms, "u1").tobytes()
            self.sizes = np.array(sizes, "<f4").tobytes()
            self.losses = np.array(losses, "<f4").tobytes()

    def alt_text(self) -> str:
        """The last step in words."""
        if not self.shown:
            return f"{self.title}. {self.status}"
        losses, sizes = self.numbers()
        gradients, activations = (", ".join(f"{value:.1e}" for value in sizes[-1, :, k, 0]) for k in (0, 1))
        return joined(
            say(
                "{title}: {name}, after {number} steps, loss {loss}.",
                title=self.title,
                name=self.shown["name"],
                number=len(losses),
                loss=f"{losses[-1]:.3g}",
            ),
            say("Typical size of the gradients from the first layer to the last: {sizes}.", sizes=gradients),
            say("Typical size of the activations from the first layer to the last: {sizes}.", sizes=activations),
        )

    def picture(self) -> Any:
        """The last step as a matplotlib figure: a histogram on a logarithmic axis for every layer."""
        figure = new_figure(8, 3.4)
        if not self.shown:
            figure.text(0.5, 0.5, self.status, ha="center")
            return figure
        losses, sizes = self.numbers()
        shape = (len(losses), self.shown["layers"], 2, BINS)
        counts = np.frombuffer(self.histograms, "u1").reshape(shape)[-1]
        layers = np.arange(1, shape[1] + 1)
        heading = say("{name}, after {number} steps", name=self.shown["name"], number=shape[0])
        figure.suptitle(heading, fontsize=11)
        titles = (say("size of the gradients of {what}", what=self.gradients_of), say("size of the activations"))
        for k, title in enumerate(titles):
            axes = figure.add_subplot(1, 2, k + 1, xlabel=say("layer"), yscale="log")
            edges = np.logspace(LOWEST, HIGHEST, BINS + 1)
            axes.pcolormesh(np.arange(shape[1] + 1) + 0.5, edges, counts[:, k].T, cmap=("Oranges", "Blues")[k])
            axes.plot(layers, sizes[-1, :, k, 0], "k.-", label=say("typical size (RMS)"))
            axes.set_ylim(edges[0], edges[-1])
            axes.set_title(title, fontsize=10)
            axes.legend(fontsize=7)
        return figure


def measured(run: Iterable | dict) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
    """Measure every step of a training run.

    run: what `train` of GradientFlow gave back
    Yields (histograms uint8 [layers, 2, BINS], sizes [layers, 2, 3], loss).
    Raises TypeError or ValueError that names what is missing.
    """
    if isinstance(run, dict):
        missing = [key for key in ("loss", "gradients", "activations") if key not in run]
        if missing:
            raise ValueError(say("the dict has no {name}", name=repr(missing[0])))
        run = [
            {"loss": loss, "gradients": g, "activations": a}
            for loss, g, a in zip(run["loss"], run["gradients"], run["activations"], strict=True)
        ]
    if not isinstance(run, Iterable):
        raise TypeError(say("got {type}; yield a dict for each step, or return a dict", type=type(run).__name__))
    layers = None
    for number, step in enumerate(run):
        if not isinstance(step, dict):
            raise TypeError(say("step {step} is {type}, not a dict", step=number, type=type(step).__name__))
        for key in ("loss", "gradients", "activations"):
            if key not in step:
                raise ValueError(say("step {step} has no {name}", step=number, name=repr(key)))
        layers = layers or len(step["gradients"])
        if not len(step["gradients"]) == len(step["activations"]) == layers:
            raise ValueError(
                say(
                    "step {step} has {gradients} gradients and {activations} activations; every step needs both for "
                    "the same {layers} layers",
                    step=number,
                    gradients=len(step["gradients"]),
                    activations=len(step["activations"]),
                    layers=layers,
                )
            )
        pairs = [(measure(g), measure(a)) for g, a in zip(step["gradients"], step["activations"], strict=True)]
        histograms = np.array([[histogram for histogram, _ in pair] for pair in pairs])
        yield histograms, np.array([[size for _, size in pair] for pair in pairs]), float(array_of(step["loss"]))


def measure(values: Any) -> tuple[np.ndarray, tuple[float, float, float]]:
    """The spread of the absolute values of an array.

    values: any array of numbers
    Returns its histogram over powers of ten, uint8 [BINS] with 255 for all of it, and (root mean square, share of zeros
    and of what is below the histogram, share that is infinite or not a number).
    """
    values = np.abs(array_of(values)).ravel()
    if not values.size:
        raise ValueError(say("an empty array cannot be measured"))
    finite = values[np.isfinite(values)]
    seen = np.log10(finite[finite >= 10.0**LOWEST])
    counts, _ = np.histogram(np.minimum(seen, HIGHEST), BINS, (LOWEST, HIGHEST))
    peak = finite.max(initial=0)
    mean_square = np.mean((finite / peak) ** 2) if peak else 0.0  # scaled, so that no square overflows
    size = peak * np.sqrt(mean_square) if finite.size == values.size else np.inf
    histogram = np.ceil(255 * counts / values.size)  # one entry of many still shows
    return histogram.astype("u1"), (
        size,
        1 - (len(seen) + values.size - finite.size) / values.size,
        1 - finite.size / values.size,
    )
