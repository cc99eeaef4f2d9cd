"""Writing with a language model: the distribution of the next word before and after temperature and top-k."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import traitlets

from course_lib.language import say
from course_lib.widgets.base import CourseWidget, array_of, browser_code, joined, kind_of, new_figure

BARS = 20
SINGLE, GROUPS = 1000, 200  # scores sent one by one, the highest ones, and groups for all the others
DRAWS = 500
LONGEST = 250  # tokens in the text


class SamplingExplorer(CourseWidget):
    """Draw word after word from a language model, with temperature and top-k, and see what it chooses from.

    next_logits: `next_logits(tokens)` -> array (V,): the scores of the next word after a list of words
    vocabulary: the V words (or characters) that the scores belong to
    prompt: the words to begin with: a list, or a text that is cut at its spaces (characters: into characters)
    sample: the learner's `sample(logits, rng, temperature, top_k)` -> number of a word; temperature 0 asks for the
        likeliest word, top_k is None for all. None: the widget draws by itself
    temperature, top_k, seed: where to start
    characters: the vocabulary holds characters: they are joined without spaces
    title: the heading; None: made from the kind of vocabulary
    Raises ValueError when the prompt or the vocabulary cannot be used.
    """

    _esm, _css = browser_code("sampling")

    title = traitlets.Unicode().tag(sync=True)
    size = traitlets.Int().tag(sync=True)  # of the vocabulary
    characters = traitlets.Bool(False).tag(sync=True)
    learners = traitlets.Bool(False).tag(sync=True)  # there is a learner's sample
    temperature = traitlets.Float(1.0).tag(sync=True)
    top_k = traitlets.Int(0).tag(sync=True)  # 0: all
    seed = traitlets.Int(0).tag(sync=True)
    request = traitlets.Dict({"number": 0}).tag(
        sync=True
    )  # number, act: next, take, back, start or draws; perhaps more
    answered = traitlets.Int(0).tag(sync=True)  # the number of the request that was answered last
    text = traitlets.List().tag(sync=True)  # of each token: [word, its probability when it was drawn or null]
    best = traitlets.List(traitlets.Unicode()).tag(sync=True)  # the likeliest words, those with a bar
    logits = traitlets.Bytes(b"").tag(sync=True)  # float32, the highest first
    counts = traitlets.Bytes(b"").tag(
        sync=True
    )  # float32: of how many words each of the last ones is the score, the others of one
    tries = traitlets.Int(DRAWS).tag(sync=True)
    draws = traitlets.Bytes(b"").tag(sync=True)  # uint16, of each of the best: how often it came in many draws
    status = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        next_logits: Callable,
        vocabulary: Iterable[str],
        prompt: Sequence[str] | str = (),
        sample: Callable | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        seed: int = 0,
        characters: bool = False,
        title: str | None = None,
        **traits: Any,
    ) -> None:
        vocabulary = list(vocabulary)
        if len(vocabulary) < 2:
            raise ValueError(f"the vocabulary needs at least two words to choose from, it has {len(vocabulary)}")
        if len(set(vocabulary)) < len(vocabulary):
            raise ValueError("a word occurs twice in the vocabulary")
        super().__init__(
            title=title or (say("Drawing the next character") if characters else say("Drawing the next word")),
            size=len(vocabulary),
            tries=DRAWS if len(vocabulary) <= 5000 else DRAWS // 5,  # a second at most
            characters=characters,
            learners=sample is not None,
            temperature=float(temperature),
            top_k=0 if top_k is None or top_k >= len(vocabulary) else int(top_k),
            seed=int(seed),
            **traits,
        )
        self.vocabulary, self._next_logits, self._sample = vocabulary, next_logits, sample or draw
        self._number = {word: i for i, word in enumerate(vocabulary)}
        words = self._split(prompt) if isinstance(prompt, str) else list(prompt)
        if problem := self._unknown(words):
            raise ValueError(problem)
        self._prompt = words
        self._scores = self._order = np.zeros(0)  # of the next word, and the words' numbers, the likeliest first
        self._start(words)
        self.observe(self._act, "request")
        self.observe(lambda _: self.set_trait("draws", b""), ["temperature", "top_k"])

    def tokens(self) -> list[str]:
        """The text so far, the prompt first."""
        return [word for word, _ in self.text]

    def probabilities(self) -> np.ndarray:
        """What is drawn from at the present temperature and top-k. Shape (V,)."""
        return distribution(self._scores, self.temperature, self.top_k or None)

    def _share(self, number: int) -> float:
        return float(f"{self.probabilities()[number]:.3g}")

    def _act(self, _: Any) -> None:
        request = self.request
        act = getattr(self, "_" + request["act"])
        with self.hold_sync(), np.errstate(all="ignore"):
            if request["act"] != "start" and not len(self._scores):
                self._start(self._prompt)  # asks once more: the learner's function may have been repaired
            else:
                act(**{key: value for key, value in request.items() if key not in ("act", "number")})
            self.answered = request["number"]

    def _start(self, prompt: list[str] | str | None = None) -> None:
        """Begin again with the prompt and with the generator's seed."""
        words = self._split(prompt) if isinstance(prompt, str) else self._prompt if prompt is None else prompt
        if problem := self._unknown(words):
            self.status = problem
            return
        self._prompt, self._generator = words, np.random.default_rng(self.seed)
        self._read([[word, None] for word in words])

    def _next(self) -> None:
        """Draw a word and append it."""
        if len(self.text) >= LONGEST:
            self.status = say("The text is {number} tokens long: start again.", number=LONGEST)
            return
        number, status = self._drawn()
        if number is None:
            self.status = status
            return
        self._read([*self.text, [self.vocabulary[number], self._share(number)]], status)

    def _take(self, rank: int) -> None:
        """Append a word that was chosen by hand: the likeliest one has rank 0."""
        word = int(self._order[rank])
        self._read([*self.text, [self.vocabulary[word], self._share(word)]])

    def _back(self) -> None:
        if len(self.text) > len(self._prompt):
            self._read(self.text[:-1])

    def _draws(self) -> None:
        """Draw many times without appending anything; the text's own generator stays where it is."""
        own, self._generator = self._generator, np.random.default_rng(self.seed)
        counts, status = np.zeros(self.size, "<u2"), ""
        for _ in range(self.tries):
            number, problem = self._drawn()
            status = status or problem
            if number is None:
                break
            counts[number] += 1
        else:
            self.draws = counts[self._order[:BARS]].tobytes()
        self._generator, self.status = own, status

    def _drawn(self) -> tuple[int | None, str]:
        """Ask for one word. Returns its number or None, and what is wrong with it in words."""
        top_k = self.top_k or None
        value, status = self.ask(self._sample, self._scores, self._generator, self.temperature, top_k)
        if status:
            return None, status
        try:
            number = int(value)
            if number != value or not 0 <= number < self.size:
                raise ValueError
        except (TypeError, ValueError):
            return None, say(
                "Your sample returned {value}; expected the number of a word, 0 to {last}.",
                value=kind_of(None) if value is None else repr(value)[:60],
                last=self.size - 1,
            )
        lowest = np.sort(self._scores)[-min(self.top_k or self.size, self.size) if self.temperature else -1]
        if self._scores[number] < lowest or self._scores[number] == -np.inf:  # equal scores may stand in for each other
            return number, say(
                "Your sample drew {word}, which has probability 0 at temperature {temperature} and top-k {top_k}.",
                word=quoted(self.vocabulary[number]),
                temperature=f"{self.temperature:g}",
                top_k=top_k or say("all"),
            )
        return number, ""

    def _read(self, text: list, status: str = "") -> None:
        """Ask for the scores after a text; only when they come does it become the text."""
        value, problem = self.ask(self._next_logits, [word for word, _ in text])
        size = self.size
        if not problem:
            try:
                scores = array_of(value)
                if scores.shape != (size,):
                    problem = say(
                        "Your function returned shape {got}; expected {shape}, a score for each word.",
                        got=scores.shape,
                        shape=(size,),
                    )
                elif np.isnan(scores).any() or scores.max() == np.inf or scores.max() == -np.inf:
                    problem = say("Your function returned scores that are NaN or infinite.")
            except (TypeError, ValueError):
                problem = say(
                    "Your function returned {kind}; expected an array of shape {shape}.",
                    kind=kind_of(value),
                    shape=(size,),
                )
        with self.hold_sync():
            if not problem:
                self._scores, self._order = scores, np.argsort(-scores, kind="stable")
                self.text, self.best, self.draws = text, [self.vocabulary[i] for i in self._order[:BARS]], b""
                logits, counts = grouped(scores[self._order])
                self.logits, self.counts = logits.astype("<f4").tobytes(), counts.astype("<f4").tobytes()
            self.status = problem or status

    def _split(self, text: str) -> list[str]:
        return list(text) if self.characters else text.split()

    def _unknown(self, words: list[str]) -> str:
        for word in words:
            if word not in self._number:
                near = [] if self.characters else difflib.get_close_matches(word, self.vocabulary, 3, 0.6)
                meant = say("Near it: {words}.", words=", ".join(near)) if near else ""
                return joined(say("{word} is not in the vocabulary.", word=quoted(word)), meant)
        return ""

    def alt_text(self) -> str:
        """The text so far and the five likeliest words, before and after temperature and top-k."""
        if not len(self._scores):
            return f"{self.title}. {self.status}"
        before, after = distribution(self._scores), self.probabilities()
        best = ", ".join(f"{quoted(self.vocabulary[i])} {before[i]:.1%} → {after[i]:.1%}" for i in self._order[:5])
        return joined(
            say("{title}: after “{text}” come {words}.", title=self.title, text=self._joined()[-200:], words=best),
            say(
                "At temperature {temperature} and top-k {top_k} the choice is as wide as among {now} equally likely "
                "words, before {before}.",
                temperature=f"{self.temperature:g}",
                top_k=self.top_k or say("all"),
                now=f"{perplexity(after):.3g}",
                before=f"{perplexity(before):.3g}",
            ),
        )

    def picture(self) -> Any:
        """Bars of the likeliest words as a matplotlib figure."""
        figure = new_figure(7, 4.2)
        if not len(self._scores):
            figure.text(0.5, 0.5, self.status, ha="center")
            return figure
        before, after = distribution(self._scores), self.probabilities()
        best = self._order[:BARS][::-1]
        axes, rows = figure.subplots(), np.arange(len(best))
        axes.barh(rows + 0.2, before[best], 0.4, color="#9aa0a7", label=say("the model"))
        setting = say(
            "temperature {temperature}, top-k {top_k}",
            temperature=f"{self.temperature:g}",
            top_k=self.top_k or say("all"),
        )
        axes.barh(rows - 0.2, after[best], 0.4, color="#0072b2", label=setting)
        axes.set_yticks(rows, [shown(self.vocabulary[i]) for i in best], fontsize=8)
        characters = self.characters
        axes.set_xlabel(say("probability of the next character") if characters else say("probability of the next word"))
        axes.set_title(f"… {self._joined()[-60:]}".replace("$", r"\$").replace("\n", "⏎"), fontsize=10)
        axes.legend(fontsize=8, loc="lower right")
        return figure

    def _joined(self) -> str:
        return ("" if self.characters else " ").join(self.tokens())


def distribution(logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None) -> np.ndarray:
    """What is drawn from: the softmax of logits / temperature over the top_k highest scores. Shape (V,)."""
    result = np.zeros(len(logits))
    kept = np.argsort(-logits, kind="stable")[: 1 if temperature == 0 else top_k]
    weights = np.exp((logits[kept] - logits[kept[0]]) / (temperature or 1.0))
    result[kept] = weights / weights.sum()
    return result


def grouped(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores in a few numbers: the highest ones as they are, the others in groups of neighbours with one score each.

    scores: float array of shape (V,), the highest first
    Returns the scores and how many words each of the last ones, the groups, stands for; none with few words.
    """
    if len(scores) <= SINGLE + 2 * GROUPS:
        return scores, np.zeros(0)
    groups = np.array_split(scores[SINGLE:], GROUPS)
    with np.errstate(divide="ignore"):  # words without any chance: log 0
        means = [np.log(np.mean(np.exp(group - scores[0]))) + scores[0] for group in groups]  # of the probabilities
    counts = [len(group) for group in groups]
    return np.concatenate([scores[:SINGLE], means]), np.array(counts)


def draw(logits: np.ndarray, rng: np.random.Generator, temperature: float, top_k: int | None) -> int:
    """Draw the number of a word."""
    return int(rng.choice(len(logits), p=distribution(logits, temperature, top_k)))


def perplexity(probabilities: np.ndarray) -> float:
    """Among how many equally likely words the choice would be as uncertain: two to the power of the entropy in bits."""
    likely = probabilities[probabilities > 0]
    return float(np.exp(-(likely * np.log(likely)).sum()))


def quoted(word: str) -> str:
    return f"“{shown(word)}”"


def shown(word: str) -> str:
    """A word as a label: blanks become visible."""
    return word.replace("\n", "⏎").replace("\t", "⇥").replace(" ", "␣") or "∅"
