"""A map of word vectors: search a word, see its neighbours, walk an analogy, compare vector spaces."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import traitlets

from course_lib.language import say
from course_lib.widgets.base import CourseWidget, browser_code, joined, kind_of, new_figure

MOST_POINTS = 3000
MOST_NEIGHBOURS = 20


class EmbeddingExplorer(CourseWidget):
    """Words as points: their two main directions, the neighbours of a word, the parallelogram of an analogy.

    spaces: {name: (words, vectors)}: a list of V words and an array of shape (V, d); the words and d of two spaces
        may differ. Of more than 3,000 words the first ones are drawn (put the frequent ones first); all are searched.
    nearest: the learner's nearest(word, k, vectors, vocabulary) -> list of words, or of (word, similarity) pairs, most
        similar first; None: the widget's own, by cosine
    analogy: the learner's analogy(a, b, c, k, vectors, vocabulary) -> list of words that answer "a is to b as c is
        to ...?", best first; None: the widget's own, nearest to b - a + c by cosine
    word: the word to begin with; None: the first one
    triple: the words (a, b, c) of the analogy to begin with
    k: how many neighbours, 1 to 20
    mode: the question to open with, "neighbours" or "analogy"; None: the analogy if there is a triple
    Raises ValueError when a space does not fit together, or for another mode.
    """

    _esm, _css = browser_code("embedding")
    names = traitlets.List().tag(sync=True)
    query = traitlets.Dict().tag(sync=True)  # space, mode, word, k, triple, leave_out, number
    answer = traitlets.Dict().tag(sync=True)  # to the query of that number

    def __init__(
        self,
        spaces: Mapping[str, tuple[Sequence[str], np.ndarray]],
        nearest: Callable | None = None,
        analogy: Callable | None = None,
        word: str | None = None,
        triple: Sequence[str] | None = None,
        k: int = 8,
        mode: str | None = None,
    ) -> None:
        if mode not in (None, "neighbours", "analogy"):
            raise ValueError(f'mode is {mode!r}; the questions are "neighbours" and "analogy"')
        if not spaces:
            raise ValueError("there is no space to show: pass {name: (words, vectors)}")
        self._spaces = {name: _Space(name, words, vectors) for name, (words, vectors) in spaces.items()}
        self._nearest, self._analogy = nearest or _nearest, analogy or _analogy
        first = next(iter(self._spaces.values()))
        words = first.words
        query = {
            "space": first.name,
            "mode": mode or ("analogy" if triple else "neighbours"),
            "word": words[0] if word is None else str(word),
            "k": max(1, min(int(k), MOST_NEIGHBOURS)),
            "triple": [str(item) for item in triple] if triple else [words[i % len(words)] for i in range(3)],
            "leave_out": True,
            "number": 0,
        }
        if len(query["triple"]) != 3:
            raise ValueError(f"triple has {len(query['triple'])} words; an analogy needs three: a, b, c")
        super().__init__(names=list(self._spaces), query=query)
        self._answer_again()
        self.observe(self._answer_again, "query")
        self.on_msg(self._send_points)

    # ---- the map ----------------------------------------------------------------------------------------------

    def _send_points(self, _: Any, content: Any, __: Any) -> None:
        """Send a space's points when a view asks; not as a trait, because traits are saved in the notebook."""
        space = self._spaces.get(content.get("points"))
        if space is None:
            return
        points = space.points
        scale = float(np.abs(points).max()) or 1.0
        packed = np.round(points / scale * 32767).astype("<i2")
        about = {"points": space.name, "scale": scale / 32767, "share": space.share, "total": len(space.words)}
        self.send(about, [space.shown_text.encode(), packed.tobytes()])

    # ---- questions --------------------------------------------------------------------------------------------

    def _answer_again(self, _: Any = None) -> None:
        self.answer = self._answer({**self.query})

    def _answer(self, query: dict) -> dict:
        space = self._spaces[query["space"]]
        asked = query["triple"] if query["mode"] == "analogy" else [query["word"]]
        empty = {"space": space.name, "mode": query["mode"], "asked": asked, "found": [], "places": {}, "near": {}}
        empty |= {"share": [0, 0], "number": query["number"]}
        if missing := [word for word in dict.fromkeys(asked) if word not in space.index]:
            return {**empty, "status": " ".join(space.misses(word) for word in missing), "bad": True}
        k = max(1, min(int(query["k"]), MOST_NEIGHBOURS))
        units = space.units([space.index[word] for word in asked])
        note, common = "", (space.vectors, space.words)
        if query["mode"] != "analogy":
            goal = units[0]
            value, status = self.ask(self._nearest, asked[0], k, *common)
        else:
            goal = units[1] - units[0] + units[2]
            if query["leave_out"]:
                value, status = self.ask(self._analogy, *asked, k, *common)
            else:
                value, status = _analogy(*asked, k, *common, leave_out=False), ""
                note = say("With the three words left in, the widget searches by itself.")
        found, problem = ([], status) if status else _checked(value, space)
        if problem:
            return {**empty, "status": problem, "bad": True, **self._places(space, asked, [], goal)}
        words = [word for word, _ in found][:MOST_NEIGHBOURS]
        close = _cosines(space.units([space.index[word] for word in words]), goal)
        rows = [
            [word, float(own if score is None else score)] for (word, score), own in zip(found, close, strict=False)
        ]
        if len(words) < min(k, len(space.words) - len(set(asked))):
            note = say("Your function gave {number} of {k} words.", number=len(words), k=k)
        return {**empty, "found": rows, "status": note, "bad": False} | self._places(space, asked, words, goal)

    def _places(self, space: "_Space", asked: list[str], words: list[str], goal: np.ndarray) -> dict:
        """Where the words of an answer lie on the map of all words, and on a map of their own."""
        lit = list(dict.fromkeys([*asked, *words]))
        rows = np.vstack([space.units([space.index[word] for word in lit]), goal[None]])
        centre, axes, share = _main_directions(rows if len(asked) > 1 else rows[:-1])
        names = [*lit, ""]  # "" is the point b - a + c
        return {
            "places": dict(zip(names, space.place(rows).round(4).tolist(), strict=True)),
            "near": dict(zip(names, ((rows - centre) @ axes.T).round(4).tolist(), strict=True)),
            "share": share,
        }

    # ---- the still picture ------------------------------------------------------------------------------------

    def alt_text(self) -> str:
        query, answer = self.query, self.answer
        space = self._spaces[query["space"]]
        found = ", ".join(f"{word} {similarity:.2f}" for word, similarity in answer["found"][:8])
        a, b, c = query["triple"]
        if query["mode"] != "analogy":
            text = say("Nearest to {word}: {words}.", word=query["word"], words=found or say("no answer"))
        elif found:
            text = say("{a} is to {b} as {c} is to {words}.", a=a, b=b, c=c, words=found)
        else:
            text = say("{a} is to {b} as {c} is to …: no answer.", a=a, b=b, c=c)
        return joined(
            say(
                "Map of {number} words of the space {space} on its two main directions.",
                number=f"{len(space.shown):,}",
                space=space.name,
            ),
            text,
            answer["status"],
        )

    def picture(self) -> Any:
        answer, space = self.answer, self._spaces[self.query["space"]]
        figure = new_figure(7, 4.2)
        axes = figure.subplots()
        places, share = (answer["near"], answer["share"]) if answer["near"] else ({}, space.share)
        analogy = self.query["mode"] == "analogy"
        found = [word for word, _ in answer["found"]][: 3 if analogy else None]  # more would hide the parallelogram
        if not places:
            axes.scatter(*space.points.T, s=4, color="#9aa0a7", linewidths=0)
        elif analogy:
            a, b, c = (places[word] for word in answer["asked"])
            goal = places[""]
            for start, end in ((a, b), (c, goal)):
                axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": "#008661", "lw": 1.6})
            axes.scatter(*goal, marker="x", s=50, color="#b04a86")
        for number, word in enumerate(dict.fromkeys([*answer["asked"], *found]) if places else ()):
            axes.scatter(*places[word], s=30, color="#0072b2" if word in found else "#d55e00", zorder=3)
            place, side = ((6, 4 if number % 2 else -11), "left") if word in found else ((-6, 2), "right")
            axes.annotate(word, places[word], place, textcoords="offset points", ha=side, fontsize=10, zorder=4)
        axes.set_xlabel(_share(1, share))
        axes.set_ylabel(_share(2, share))
        axes.set_title(f"{space.name}: {self._title()}", fontsize=11, loc="left")
        axes.set_aspect("equal", adjustable="datalim")
        axes.margins(0.12)
        axes.tick_params(labelsize=7)
        return figure

    def _title(self) -> str:
        a, b, c = self.query["triple"]
        if self.query["mode"] == "analogy":
            return f"{a} : {b} = {c} : ?"
        return say("nearest to “{word}”", word=self.query["word"])


class _Space:
    """One vector space: its words, and the plane it is drawn on."""

    def __init__(self, name: str, words: Sequence[str], vectors: np.ndarray) -> None:
        self.name, self.words = str(name), [str(word) for word in words]
        self.vectors = np.asarray(vectors.detach().cpu() if hasattr(vectors, "detach") else vectors)
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.words) or not self.words:
            raise ValueError(
                f"space {name!r}: {len(self.words)} words, but vectors of shape {self.vectors.shape}; "
                "expected a row for each word"
            )
        if len(bad := np.flatnonzero(~np.isfinite(self.vectors).all(axis=1))):
            raise ValueError(f"space {name!r}: the vector of “{self.words[bad[0]]}” holds a value that is not finite")
        self.index = {word: row for row, word in enumerate(self.words)}
        self.shown = self.words[:MOST_POINTS]
        self.shown_text = "\n".join(word.replace("\n", " ") for word in self.shown)

    def __getattr__(self, name: str) -> Any:
        if name not in ("centre", "axes", "share", "points"):
            raise AttributeError(name)
        rows = self.units(slice(MOST_POINTS))  # the plane is found when it is first looked at
        self.centre, self.axes, self.share = _main_directions(rows)
        self.points = self.place(rows)
        return self.__dict__[name]

    def units(self, rows: Any) -> np.ndarray:
        """The vectors of some rows with length 1 (a zero stays one): only directions count for the cosine."""
        chosen = self.vectors[rows].astype(np.float64)
        length = np.linalg.norm(chosen, axis=1, keepdims=True)
        return np.divide(chosen, length, out=np.zeros_like(chosen), where=length > 0)

    def place(self, units: np.ndarray) -> np.ndarray:
        return (units - self.centre) @ self.axes.T

    def misses(self, word: str) -> str:
        text = say(
            "“{word}” is not among the {number} words of {space}.",
            word=word,
            number=f"{len(self.words):,}",
            space=self.name,
        )
        same = [other for other in self.words if other[:1].lower() == word[:1].lower()]
        close = difflib.get_close_matches(word.lower(), {other.lower(): 0 for other in same}, n=3)
        close = [other for name in close for other in same if other.lower() == name][:3]
        if not close:
            return text
        if len(close) == 1:
            return joined(text, say("Did you mean “{word}”?", word=close[0]))
        if len(close) == 2:
            return joined(text, say("Did you mean “{word}” or “{other}”?", word=close[0], other=close[1]))
        return joined(
            text,
            say("Did you mean “{word}” or “{other}” or “{third}”?", word=close[0], other=close[1], third=close[2]),
        )


def _main_directions(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """Principal component analysis to two dimensions.

    rows: array of shape (n, d)
    Returns the mean (d,), two directions (2, d), and their shares of the variance.
    """
    centre = rows.mean(axis=0)
    data = rows - centre
    if data.size > 1_000_000:  # a few steps of subspace iteration (Halko et al. 2011) instead of a full decomposition
        basis = np.random.default_rng(0).normal(size=(data.shape[1], 12))
        for _ in range(6):
            basis = np.linalg.qr(data.T @ (data @ basis))[0]
        values, right = np.linalg.svd(data @ basis, full_matrices=False)[1:]
        right = right @ basis.T
    else:
        values, right = np.linalg.svd(data, full_matrices=False)[1:]
    axes = np.zeros((2, data.shape[1]))
    axes[: len(right[:2])] = right[:2]
    signs = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    axes *= np.where(signs < 0, -1, 1)  # a direction's sign means nothing: fix it, so that pictures repeat
    total = float((data**2).sum()) or 1.0
    share = [float(value**2 / total) for value in values[:2]]
    return centre, axes, share + [0.0] * (2 - len(share))


def _share(number: int, share: list[float]) -> str:
    part = f"{100 * share[number - 1]:.0f}"
    return say("main direction {n} ({share} % of the variance)", n=number, share=part)


def _cosines(units: np.ndarray, goal: np.ndarray) -> np.ndarray:
    return units @ goal / (np.linalg.norm(goal) or 1.0)


def _nearest(word: str, k: int, vectors: np.ndarray, vocabulary: list[str]) -> list[str]:
    row = vocabulary.index(word)
    return _ranked(_unit(vectors), _unit(vectors[row : row + 1])[0], k, vocabulary, {row})


def _analogy(
    a: str, b: str, c: str, k: int, vectors: np.ndarray, vocabulary: list[str], leave_out: bool = True
) -> list[str]:
    rows = [vocabulary.index(word) for word in (a, b, c)]
    first, second, third = _unit(vectors[rows])
    return _ranked(_unit(vectors), second - first + third, k, vocabulary, set(rows) if leave_out else set())


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)


def _ranked(units: np.ndarray, goal: np.ndarray, k: int, vocabulary: list[str], without: set[int]) -> list[str]:
    order = np.argsort(-(units @ goal), kind="stable")[: k + len(without)]
    return [vocabulary[row] for row in order if row not in without][:k]


def _checked(value: Any, space: _Space) -> tuple[list[tuple[str, float | None]], str]:
    """What a learner's function returned as (word, similarity or None) pairs, or what is wrong with it."""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return [], say("Your function returned {kind}; expected a list of words.", kind=kind_of(value))
    pairs = []
    for item in value:
        word, given = item if isinstance(item, tuple | list) and len(item) == 2 else (item, None)
        if not isinstance(word, str) or word not in space.index:
            return [], say(
                "Your function returned {word}, which is not one of the words of {space}.",
                word=f"{word!r:.60}",
                space=space.name,
            )
        try:
            score = None if given is None else float(given)
        except (TypeError, ValueError):
            score = float("nan")
        if score is not None and not np.isfinite(score):
            return [], say(
                "Your function returned {given} as the similarity of “{word}”; expected a number.",
                given=f"{given!r:.60}",
                word=word,
            )
        pairs.append((str(word), score))
    return pairs, ""
