"""What the filters of a text convolution look for: their answers to every window, and the word groups they prefer."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import traitlets

from course_lib.language import say, say_count
from course_lib.widgets.base import CourseWidget, array_of, browser_code, joined, kind_of, new_figure

MOST_FILTERS = 300
LONGEST = 60  # words of a sentence
TOPS = 10
OFFERED = 25  # sentences in the list to choose from
PADDING = ("valid", "same", "full")


class FilterExplorer(CourseWidget):
    """A filter slides over a sentence; the window it answers most strongly wins.

    sentences: the data, each a list of words or a text that is cut at its spaces
    embed: `embed(words)` -> (n, d) array or tensor, a row for each word
    filters: {width: (weights (F, width, d), biases (F,))}, arrays or tensors of the kind that embed returns
    conv1d: the learner's `conv1d(x, weights, biases)` -> (windows, F), without padding and activation
    labels: for each sentence the number of its class or the class's name; None: none
    classes: the names of the classes, in the order of their numbers
    class_weights: array (classes, all filters), the weights of the layer behind the pooling, filters in the order of
        `filters`; says which class a filter speaks for. None: not said
    padding: "full", "same" or "valid", as the filters were trained; the empty places are rows of zeros
    relu: negative answers become 0
    text: the sentence to begin with; None: the first one of the data
    width, filter: the filter to begin with, counted from 1; None: the first width
    title: the heading
    Raises ValueError when shapes or names do not fit together.
    """

    _esm, _css = browser_code("filters")

    title = traitlets.Unicode().tag(sync=True)
    widths = traitlets.List(traitlets.Int()).tag(sync=True)
    counts = traitlets.List(traitlets.Int()).tag(sync=True)  # filters of each width
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    examples = traitlets.List(traitlets.Unicode()).tag(sync=True)
    relu = traitlets.Bool(True).tag(sync=True)
    question = traitlets.Dict().tag(sync=True)  # text, width, filter (from 0), number
    answered = traitlets.Int(0).tag(sync=True)  # the number of the question that was answered last
    shown = traitlets.Dict().tag(sync=True)  # words, width, filter, left (padding), bias, tops, fires, of, leaning
    answers = traitlets.Bytes(b"").tag(sync=True)  # float32 [windows], of the filter that is shown
    passed = traitlets.Bytes(b"").tag(sync=True)  # float32 [filters of this width], what max pooling passes on
    parts = traitlets.Bytes(b"").tag(sync=True)  # float32 [windows, width]: each word's share of the filter's answer
    status = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        sentences: Sequence[Sequence[str] | str],
        embed: Callable,
        filters: Mapping[int, tuple],
        conv1d: Callable,
        labels: Sequence | None = None,
        classes: Sequence[str] = (),
        class_weights: Any = None,
        padding: str = "full",
        relu: bool = True,
        text: str | None = None,
        width: int | None = None,
        filter: int = 1,  # noqa: A002 - the name that the lesson uses
        **traits: Any,
    ) -> None:
        data = [sentence.split() if isinstance(sentence, str) else list(sentence) for sentence in sentences]
        data, kept = [words for words in data if words], [i for i, words in enumerate(data) if words]
        if not data:
            raise ValueError("there are no sentences")
        if padding not in PADDING:
            raise ValueError(f"padding is {padding!r}; choose one of {', '.join(PADDING)}")
        self._filters = {int(size): _detached(pair) for size, pair in filters.items()}
        sizes = {size: _checked(size, *pair) for size, pair in self._filters.items()}
        width = next(iter(sizes)) if width is None else width
        if width not in sizes or not 1 <= filter <= sizes[width]:
            raise ValueError(f"there is no filter {filter} of width {width}; filters of each width: {sizes}")
        super().__init__(
            widths=list(sizes),
            counts=list(sizes.values()),
            relu=relu,
            examples=[" ".join(words) for words in data[:OFFERED]],
            question={
                "text": " ".join(data[0]) if text is None else text,
                "width": width,
                "filter": filter - 1,
                "number": 0,
            },
            **{"title": say("A filter slides over a sentence"), **traits},
        )
        self._data, self._embed, self._conv1d, self._padding = data, embed, conv1d, padding
        self._labels = self._named(labels, classes, kept)
        self.leanings = self._lean(class_weights)  # for each width and filter: [class it speaks for, by how much]
        self._winners: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._answer()
        self.observe(lambda _: self._answer(), "question")

    def own(self) -> np.ndarray:
        """What the filter shown answers to the sentence shown. Shape (windows,)."""
        return np.frombuffer(self.answers, "<f4")

    def window(self, start: int) -> str:
        """The words of a window of the sentence shown, from the place where it starts; · is padding."""
        shown = self.shown
        return " ".join(_group(shown["words"], start - shown["left"], shown["width"]))

    # ---- answering

    def _answer(self) -> None:
        asked, problem, complaint = self.question, "", ""
        words, width, number = asked["text"].split()[:LONGEST], asked["width"], asked["filter"]
        weight, bias = (array_of(part) for part in self._filters[width])
        with np.errstate(all="ignore"):
            responses, x, problem = self._respond(words, width)
            tops, fires = ([], 0) if problem else self._tops(width, number)
        with self.hold_sync():
            if not problem:
                starts = np.arange(len(responses))[:, None] + np.arange(width)  # (windows, width)
                parts = (x[starts] * weight[number]).sum(axis=2)  # (windows, width)
                complaint = self._differs(responses, x, width, words)
                self.shown = {
                    "words": words,
                    "width": width,
                    "filter": number,
                    "left": self._pads(width)[0],
                    "bias": float(bias[number]),
                    "tops": tops,
                    "fires": fires,
                    "of": len(self._data),
                    "leaning": self.leanings[self.widths.index(width)] if self.leanings else [],
                }
                passed = np.maximum(responses.max(axis=0), 0.0 if self.relu else -np.inf)
                self.answers, self.passed, self.parts = (
                    table.astype("<f4").tobytes() for table in (responses[:, number], passed, parts)
                )
            kept = say("The picture shows the last answer.") if problem and self.shown else ""
            self.status = joined(problem, kept) or complaint
            self.answered = asked["number"]

    def _respond(self, words: list[str], width: int) -> tuple[np.ndarray, np.ndarray, str]:
        """The learner's convolution of a sentence. Returns (windows, F), the padded sentence and what went wrong."""
        nothing = np.zeros((0, 0))
        if not words:
            return nothing, nothing, say("Type a sentence: at least one word.")
        value, problem = self.ask(self._embed, words)
        if problem:
            return nothing, nothing, problem
        weight, bias = self._filters[width]
        d = weight.shape[2]
        if tuple(getattr(value, "shape", ())) != (len(words), d):
            shape = getattr(value, "shape", type(value).__name__)
            problem = say(
                "embed returned {got} for {number} words; expected {shape}.",
                got=shape,
                number=len(words),
                shape=(len(words), d),
            )
            return nothing, nothing, problem
        left, right = self._pads(width)
        padded = value.detach() if hasattr(value, "detach") else value
        if left + right:
            sizes = (len(words) + left + right, d)
            padded = value.new_zeros(sizes) if hasattr(value, "new_zeros") else np.zeros(sizes, value.dtype)
            padded[left : left + len(words)] = value.detach() if hasattr(value, "detach") else value
        windows = len(padded) - width + 1
        if windows < 1:
            problem = say_count(
                len(words),
                "The sentence has {number} word; a filter of width {width} needs {width}.",
                "The sentence has {number} words; a filter of width {width} needs {width}.",
                width=width,
            )
            return nothing, nothing, problem
        answer, problem = self.ask(self._conv1d, padded, weight, bias)
        if problem:
            return nothing, nothing, problem
        try:
            responses = array_of(answer)
        except (TypeError, ValueError):
            problem = say(
                "Your conv1d returned {kind}; expected shape {shape}.",
                kind=kind_of(answer),
                shape=(windows, len(bias)),
            )
            return nothing, nothing, problem
        if responses.shape != (windows, len(bias)):
            problem = say(
                "Your conv1d returned shape {got}; expected {shape}, windows and filters.",
                got=responses.shape,
                shape=(windows, len(bias)),
            )
            return nothing, nothing, problem
        return responses, array_of(padded), ""

    def _differs(self, responses: np.ndarray, x: np.ndarray, width: int, words: list[str]) -> str:
        """Whether the learner's answers are not the sums of products, in words."""
        weight, bias = (array_of(part) for part in self._filters[width])
        windows = np.lib.stride_tricks.sliding_window_view(x, width, axis=0)  # (windows, d, width)
        expected = np.einsum("mdh,fhd->mf", windows, weight) + bias
        wrong = np.argwhere(~np.isclose(responses, expected, rtol=1e-3, atol=1e-4))
        if not len(wrong):
            return ""
        m, f = wrong[0]
        group = " ".join(_group(words, m - self._pads(width)[0], width))
        return say(
            "Your conv1d differs in {number} of {all} answers: filter {filter} at “{words}” gives {got}, the sum of "
            "products is {right}.",
            number=len(wrong),
            all=responses.size,
            filter=f + 1,
            words=group,
            got=f"{responses[m, f]:.3g}",
            right=f"{expected[m, f]:.3g}",
        )

    def _tops(self, width: int, number: int) -> tuple[list, int]:
        """The word groups that win most strongly for a filter, and in how many sentences it answers above 0."""
        if width not in self._winners:
            best = [self._respond(words[:LONGEST], width) for words in self._data]
            count = self.counts[self.widths.index(width)]
            values = np.full((len(best), count), -np.inf, "f4")  # a sentence that fails or is too short has no winner
            places = np.zeros((len(best), count), int)
            for i, (responses, _, _) in enumerate(best):
                if responses.size:
                    values[i], places[i] = responses.max(axis=0), responses.argmax(axis=0)
            self._winners[width] = values, places
        values, places = (table[:, number] for table in self._winners[width])
        floor, left, groups = 0.0 if self.relu else -np.inf, self._pads(width)[0], {}
        for i in np.argsort(-values, kind="stable"):
            if values[i] <= floor:
                break
            group = tuple(_group(self._data[i], places[i] - left, width))
            if group not in groups:
                if len(groups) == TOPS:
                    continue
                groups[group] = {
                    "words": list(group),
                    "value": float(values[i]),
                    "place": int(places[i]),
                    "text": " ".join(self._data[i][:LONGEST]),
                    "times": 0,
                    "labels": [0] * len(self.classes),
                }
            groups[group]["times"] += 1
            if self._labels is not None:
                groups[group]["labels"][self._labels[i]] += 1
        return list(groups.values()), int((values > 0).sum())

    def _pads(self, width: int) -> tuple[int, int]:
        if self._padding == "same":
            return (width - 1) // 2, width // 2
        return (width - 1, width - 1) if self._padding == "full" else (0, 0)

    # ---- classes

    def _named(self, labels: Sequence | None, classes: Sequence[str], kept: list[int]) -> list[int] | None:
        """Fill in the names of the classes. Returns each sentence's class as a number."""
        self.classes = [str(name) for name in classes]
        if labels is None:
            return None
        labels = [label if isinstance(label, str) else int(label) for label in labels]
        if len(labels) <= kept[-1]:
            raise ValueError(f"there are {len(labels)} labels, but at least {kept[-1] + 1} sentences")
        labels = [labels[i] for i in kept]
        if not self.classes:
            self.classes = [str(label) for label in sorted(set(labels))]
        if any(isinstance(label, str) for label in labels):
            try:
                labels = [self.classes.index(label) for label in labels]
            except ValueError:
                raise ValueError(f"a label is not among the classes {self.classes}") from None
        if not all(0 <= label < len(self.classes) for label in labels):
            raise ValueError(f"a label is not among the numbers 0 to {len(self.classes) - 1} of the classes")
        return labels

    def _lean(self, class_weights: Any) -> list:
        """For every width and filter the class that it speaks for and how much more than for the others."""
        if class_weights is None:
            return []
        weights = array_of(class_weights)
        if weights.shape != (len(self.classes), sum(self.counts)):
            expected = (len(self.classes), sum(self.counts))
            raise ValueError(f"class_weights has shape {weights.shape}; expected {expected}, classes and filters")
        best, total = weights.argmax(axis=0), weights.sum(axis=0)
        top = weights.max(axis=0)
        margin = top - (total - top) / max(1, len(weights) - 1)
        pairs = [[int(c), round(float(m), 4)] for c, m in zip(best, margin, strict=True)]
        ends = np.cumsum([0, *self.counts])
        return [pairs[start:end] for start, end in zip(ends[:-1], ends[1:], strict=True)]

    # ---- the still picture

    def alt_text(self) -> str:
        """The winner and the groups that the filter likes best, in words."""
        if not self.shown:
            return f"{self.title}. {self.status}"
        shown, own = self.shown, self.own()
        best = int(own.argmax())
        tops = ", ".join(f"“{' '.join(top['words'])}” {top['value']:.2f}" for top in shown["tops"][:5])
        leaning = ""
        if shown["leaning"]:
            name, margin = shown["leaning"][shown["filter"]]
            leaning = say("It speaks for {name} (by {margin}).", name=self.classes[name], margin=f"{margin:.2f}")
        if tops:
            most = say("In the data it answers most to {groups}.", groups=tops)
        else:
            most = say("In the data it answers most to nothing.")
        return joined(
            say(
                "{title}: filter {filter} of width {width} over “{words}”.",
                title=self.title,
                filter=shown["filter"] + 1,
                width=shown["width"],
                words=" ".join(shown["words"]),
            ),
            say("The winner is “{words}” with {answer}.", words=self.window(best), answer=f"{own[best]:.2f}"),
            leaning,
            most,
        )

    def picture(self) -> Any:
        """A bar for every window as a matplotlib figure, the winner in orange."""
        figure = new_figure(7.5, 3.4)
        if not self.shown:
            figure.text(0.5, 0.5, self.status, ha="center")
            return figure
        shown, own = self.shown, self.own()
        axes, best, width = figure.subplots(), int(own.argmax()), shown["width"]
        colours = ["#d55e00" if m == best else "#0072b2" if v > 0 else "#9aa0a7" for m, v in enumerate(own)]
        places = np.arange(len(own) + width - 1) - shown["left"]  # of the words; the first word stands at 0
        axes.bar(places[: len(own)] + (width - 1) / 2, own, 0.6, color=colours)
        axes.axhline(0, color="black", lw=0.8)
        axes.axvspan(places[best] - 0.5, places[best] + width - 0.5, color="#d55e00", alpha=0.15, lw=0)
        words = [word.replace("$", r"\$") for word in _group(shown["words"], -shown["left"], len(places))]
        axes.set_xticks(places, words, rotation=60 if len(words) > 12 else 0, fontsize=8)
        axes.set_ylabel(say("answer before ReLU") if self.relu else say("answer"))
        heading = say("filter {filter} of width {width}", filter=shown["filter"] + 1, width=shown["width"])
        axes.set_title(heading, fontsize=10)
        return figure


def _group(words: list[str], start: int, width: int) -> list[str]:
    """The words of a window that may reach over the ends of a sentence; · stands for padding."""
    return [words[i] if 0 <= i < len(words) else "·" for i in range(start, start + width)]


def _detached(pair: tuple) -> tuple:
    weight, bias = (part.detach() if hasattr(part, "detach") else np.asarray(part) for part in pair)
    return weight, bias


def _checked(width: int, weight: Any, bias: Any) -> int:
    """The number of filters of a width. Raises ValueError when the shapes do not fit."""
    if len(weight.shape) != 3 or weight.shape[1] != width or tuple(bias.shape) != (weight.shape[0],):
        shapes = f"{tuple(weight.shape)} and {tuple(bias.shape)}"
        raise ValueError(f"filters of width {width} have shapes {shapes}; expected (F, {width}, d) and (F,)")
    if not 1 <= weight.shape[0] <= MOST_FILTERS:
        raise ValueError(f"there are {weight.shape[0]} filters of width {width}; 1 to {MOST_FILTERS} can be shown")
    return int(weight.shape[0])
