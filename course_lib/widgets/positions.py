"""Positional encodings: map, waves, dot products and rotations, of the course and of the learner."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import traitlets

from course_lib.language import say
from course_lib.widgets.base import CourseWidget, array_of, browser_code, joined, kind_of, new_figure

LONGEST, WIDEST = 100, 128
CLOSE = 1e-4  # float32 angles of a hundred radians are as far off


class PositionalEncodingExplorer(CourseWidget):
    """Sines and cosines that tell positions apart, as a map to play with.

    positional_encoding: the learner's positional_encoding(length, d, base) -> (length, d) array or tensor; one without
        base is called without it. None: the course's numbers alone
    d: number of dimensions, 2 to 128
    length: number of positions, 4 to 100
    base: of the wavelengths, which go from 2π to 2π · base
    position, dimension: the number to begin with, both counted from 0
    shift: by how many positions the rotation goes, -40 to 40
    Raises ValueError when a slider does not reach a number.
    """

    _esm, _css = browser_code("positions")
    d = traitlets.Int().tag(sync=True)
    length = traitlets.Int().tag(sync=True)
    base = traitlets.Float().tag(sync=True)
    at = traitlets.List().tag(sync=True)
    shift = traitlets.Int().tag(sync=True)
    asks = traitlets.Bool().tag(sync=True)  # there is a learner's function
    theirs_for = traitlets.List().tag(sync=True)  # the length, d and base that status belongs to
    status = traitlets.Unicode().tag(sync=True)
    bad = traitlets.Bool().tag(sync=True)

    def __init__(
        self,
        positional_encoding: Callable | None = None,
        d: int = 64,
        length: int = 50,
        base: float = 10000.0,
        position: int = 10,
        dimension: int = 8,
        shift: int = 5,
    ) -> None:
        for name, value, low, high in (
            ("d", d, 2, WIDEST),
            ("length", length, 4, LONGEST),
            ("base", base, 1.1, 1e9),
            ("position", position, 0, length - 1),
            ("dimension", dimension, 0, d - 1),
            ("shift", shift, -40, 40),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}; it can be {low} to {high:g}")
        super().__init__(
            d=int(d),
            length=int(length),
            base=float(base),
            at=[int(position), int(dimension)],
            shift=int(shift),
            asks=positional_encoding is not None,
        )
        self._function, self._numbers = positional_encoding, None
        self._ask_again()
        self.observe(self._ask_again, ["d", "length", "base"])
        self.on_msg(self._send_numbers)

    def encoding(self) -> np.ndarray:
        """The course's numbers. Returns an array (length, d), float64. Source: Vaswani et al. (2017), section 3.5."""
        column = np.arange(self.d)
        angle = np.arange(self.length)[:, None] / self.base ** (2 * (column // 2) / self.d)
        return np.where(column % 2 == 0, np.sin(angle), np.cos(angle))

    def _ask_again(self, _: Any = None) -> None:
        if self._function is None:
            return
        asked = [self.length, self.d, self.base]
        value, status = self.ask(self._function, *(asked if _takes(self._function, 3) else asked[:2]))
        got, expected, bad = None, self.encoding(), bool(status)
        if not status:
            try:
                got = array_of(value)
            except (TypeError, ValueError):
                bad = True
                status = say(
                    "Your function returned {kind}; expected an array of shape {shape}.",
                    kind=kind_of(value),
                    shape=expected.shape,
                )
            else:
                if got.shape != expected.shape:
                    bad = True
                    status = say(
                        "Your function returned shape {got}; expected {shape}.", got=got.shape, shape=expected.shape
                    )
                    got = None
                else:
                    status, bad = _compare(got, expected)
        with self.hold_sync():
            self.theirs_for, self.status, self.bad = asked, status, bad
        self._numbers = None if got is None else _packed(got)
        self._send_numbers()

    def _send_numbers(self, *_: Any) -> None:
        """Send the learner's numbers, also when a view asks; not as a trait, because traits are saved in the notebook.

        They are int16 [length, d] times scale, with -32768 for NaN; or nothing.
        """
        numbers, scale = self._numbers or (b"", 1.0)
        self.send({"of": self.theirs_for, "scale": scale}, [numbers])

    def alt_text(self) -> str:
        encoding = self.encoding()
        one, two, three = (f"{float(encoding[0] @ encoding[shift]):.1f}" for shift in (1, 2, 3))
        longest = 2 * np.pi * self.base ** (2 * ((self.d - 1) // 2) / self.d)
        return joined(
            say(
                "Positional encoding of {length} positions, the rows, in {d} dimensions, the columns, with base "
                "{base}.",
                length=self.length,
                d=self.d,
                base=f"{self.base:,.0f}",
            ),
            say(
                "The first two columns repeat every 6.3 positions, the last ones every {longest}.",
                longest=f"{longest:,.0f}",
            ),
            say(
                "The dot product of two positions depends on their distance alone: {same} of a position with itself, "
                "1 apart {one}, 2 apart {two}, 3 apart {three}.",
                same=f"{self.d / 2:.0f}",
                one=one,
                two=two,
                three=three,
            ),
            self.status,
        )

    def picture(self) -> Any:
        encoding = self.encoding()
        figure = new_figure(6.4, 2.8)
        left, right = figure.subplots(1, 2)
        shades = (encoding * 4).round() / 4  # few shades make a small file
        shown = left.imshow(shades, cmap="PuOr_r", vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
        left.set(xlabel=say("dimension"), ylabel=say("position"))
        figure.colorbar(shown, ax=left, ticks=[-1, 0, 1])
        for column, colour in zip(sorted({self.d // 16 * 2, self.d // 8 * 2}), ("#0072b2", "#d55e00"), strict=False):
            right.plot(encoding[:, column], color=colour, label=say("dimension {v}", v=column))
        right.set(xlabel=say("position"), ylabel=say("value"))
        right.legend(fontsize=7, loc="lower left", frameon=False)
        return figure


def _takes(function: Callable, count: int) -> bool:
    """Whether a function can be called with so many arguments; True when that is not known."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        pass
    return True


def _compare(got: np.ndarray, expected: np.ndarray) -> tuple[str, bool]:
    """How the learner's numbers differ, in words, and whether they do."""
    far = ~(np.abs(got - expected) <= CLOSE)
    if not far.any():
        most = np.abs(got - expected).max()
        text = say(
            "Your function agrees in all {number} numbers; the largest difference is {difference}.",
            number=f"{got.size:,}",
            difference=f"{most:.0e}",
        )
        return text, False
    position, dimension = np.argwhere(far)[0]
    text = say(
        "Your function differs in {number} of {all} numbers, first at position {position}, dimension {dimension}: "
        "{got} instead of {right}.",
        number=f"{far.sum():,}",
        all=f"{got.size:,}",
        position=position,
        dimension=dimension,
        got=f"{got[position, dimension]:.3f}",
        right=f"{expected[position, dimension]:.3f}",
    )
    return text, True


def _packed(array: np.ndarray) -> tuple[bytes, float]:
    """Numbers as 16-bit integers and what to multiply them with; half the size of float32, exact to 4 digits."""
    finite = np.isfinite(array)
    scale = float(np.abs(array[finite]).max(initial=0.0) or 1.0) / 32767
    return np.where(finite, (np.where(finite, array, 0) / scale).round(), -32768).astype("<i2").tobytes(), scale
