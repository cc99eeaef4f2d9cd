"""The window of co-occurrence counting, sliding over a text while the matrix fills."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import traitlets

from course_lib.language import say
from course_lib.widgets.base import CourseWidget, array_of, browser_code, joined, kind_of, new_figure

MOST_WORDS = 60
WIDEST = 5


class CooccurrenceWindow(CourseWidget):
    """A window slides over sentences; each pair of words in it adds one to a cell of the matrix.

    sentences: the text, each sentence a list of words
    vocabulary: the V words that have a row and a column, at most 60; None: all words, as they first appear
    window: how many positions to look at on each side, 1 to 5; the slider changes it
    count: the learner's cooccurrence(sentences, vocabulary, window) -> (V, V) array; None: no view of it
    Raises ValueError when there is nothing to count or too much to show.
    """

    _esm, _css = browser_code("window")
    sentences = traitlets.List().tag(sync=True)
    vocabulary = traitlets.List().tag(sync=True)
    window = traitlets.Int(2).tag(sync=True)
    step = traitlets.Int(1).tag(sync=True)  # how many pairs have been counted
    asks = traitlets.Bool().tag(sync=True)  # there is a learner's function
    theirs = traitlets.Bytes().tag(sync=True)  # its matrix, float32 [V, V]; empty when it gave none or agrees
    theirs_window = traitlets.Int(0).tag(sync=True)  # the window that belongs to it
    status = traitlets.Unicode().tag(sync=True)
    agrees = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        sentences: Sequence[Sequence[str]],
        vocabulary: Sequence[str] | None = None,
        window: int = 2,
        count: Callable | None = None,
    ) -> None:
        text = [list(sentence) for sentence in sentences]
        words = list(
            dict.fromkeys(word for sentence in text for word in sentence) if vocabulary is None else vocabulary
        )
        if any(isinstance(sentence, str) for sentence in sentences):
            raise ValueError("a sentence is a list of words: split it first, sentence.split()")
        if not words or not any(text):
            raise ValueError("there is nothing to count: no words in the sentences or in the vocabulary")
        if len(set(words)) < len(words):
            raise ValueError("a word occurs twice in the vocabulary")
        if len(words) > MOST_WORDS:
            raise ValueError(f"{len(words)} words are too many to show: pass vocabulary= with at most {MOST_WORDS}")
        if not 1 <= window <= WIDEST:
            raise ValueError(f"the window is {window}; the slider goes from 1 to {WIDEST}")
        super().__init__(sentences=text, vocabulary=words, window=int(window), asks=count is not None)
        self._count = count
        self._ask_again()
        self.observe(self._ask_again, "window")

    def counts(self) -> np.ndarray:
        """The widget's own count. Returns an array of shape (V, V), int."""
        index = {word: row for row, word in enumerate(self.vocabulary)}
        result = np.zeros((len(index), len(index)), dtype=int)
        for sentence in self.sentences:
            for centre, word in enumerate(sentence):
                for place in range(max(0, centre - self.window), min(len(sentence), centre + self.window + 1)):
                    if place != centre and word in index and sentence[place] in index:
                        result[index[word], index[sentence[place]]] += 1
        return result

    def _ask_again(self, _: Any = None) -> None:
        if self._count is None:
            return
        value, status = self.ask(self._count, self.sentences, self.vocabulary, self.window)
        matrix, expected, agrees = b"", self.counts(), False
        if not status:
            try:
                got = array_of(value)
            except (TypeError, ValueError):
                status = say(
                    "Your function returned {kind}; expected an array of shape {shape}.",
                    kind=kind_of(value),
                    shape=expected.shape,
                )
            else:
                if got.shape == expected.shape:
                    status, agrees = _compare(got, expected, self.vocabulary), np.array_equal(got, expected)
                    if not agrees:  # an equal one the browser has itself
                        matrix = got.astype("<f4").tobytes()
                else:
                    status = say(
                        "Your function returned shape {got}; expected {shape}.", got=got.shape, shape=expected.shape
                    )
        with self.hold_sync():
            self.theirs, self.theirs_window, self.status, self.agrees = matrix, self.window, status, agrees

    def alt_text(self) -> str:
        counts, words = self.counts(), self.vocabulary
        text = say(
            "Co-occurrence matrix of {words} words, counted in {sentences} sentences with {window} words on each side.",
            words=len(words),
            sentences=len(self.sentences),
            window=self.window,
        )
        if len(words) <= 12:
            rows = []
            for word, row in zip(words, counts, strict=True):
                seen = ", ".join(f"{other} {n}" for other, n in zip(words, row, strict=True) if n)
                rows.append(f"{word}: {seen or say('nothing')}")
            found = f"{'; '.join(rows)}."
        else:
            order = np.argsort(-np.triu(counts), axis=None, kind="stable")[:5]
            pairs = (divmod(int(place), len(words)) for place in order)
            most = (
                say("{first} and {second} {number}", first=words[i], second=words[j], number=counts[i, j])
                for i, j in pairs
            )
            found = say("Most often together: {pairs}.", pairs=", ".join(most))
        return joined(text, found, self.status)

    def picture(self) -> Any:
        counts, words = self.counts(), self.vocabulary
        size = min(7.0, 2.2 + 0.36 * len(words))
        figure = new_figure(size, size)
        axes = figure.subplots()
        axes.imshow(counts, cmap="Blues", vmin=0, vmax=max(1, counts.max()) * 1.15)
        axes.set_xticks(range(len(words)), words, rotation=60, ha="left", rotation_mode="anchor")
        axes.set_yticks(range(len(words)), words)
        axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
        axes.tick_params(labelsize=10 if len(words) <= 20 else 7)
        axes.set_xlabel(say("context word ({window} on each side)", window=self.window))
        axes.xaxis.set_label_position("top")
        axes.set_ylabel(say("centre word"))
        if len(words) <= 20:
            for (row, column), n in np.ndenumerate(counts):
                if n:
                    ink = "white" if n > 0.6 * counts.max() else "black"
                    axes.text(column, row, n, ha="center", va="center", color=ink, fontsize=10)
        return figure


def _compare(got: np.ndarray, expected: np.ndarray, words: list[str]) -> str:
    different = np.argwhere(~(got == expected))
    if not len(different):
        return say("Your function agrees in all {number} cells.", number=got.size)
    row, column = different[0]
    return say(
        "Your function differs in {number} of {all} cells, first in row {row}, column {column}: {got} instead of "
        "{right}.",
        number=len(different),
        all=got.size,
        row=words[row],
        column=words[column],
        got=f"{got[row, column]:g}",
        right=expected[row, column],
    )
