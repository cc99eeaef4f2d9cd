"""What all widgets share: their browser code, the still picture that outlives the kernel, the learner's function.

A widget is a pair NAME.py + NAME.js (and NAME.css where it needs its own). NAME.js is an ES module without imports;
common.js stands in front of it, so that it can use the helpers described there. It ends with

    export default widget((w) => { ... build the view in w.el ... });

and every pure function in it is exported, so that Node can test it.
"""

import base64
import html
import io
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from course_lib.language import say

_HERE = Path(__file__).parent
_VIEW = "application/vnd.jupyter.widget-view+json"


def browser_code(name: str, folder: Path = _HERE) -> tuple[str, str]:
    """Read a widget's JavaScript and CSS with the common helpers in front.

    name: the widget's module name, e.g. "window"
    folder: where NAME.js and NAME.css lie
    Returns the two texts. Texts, because a path would make anywidget watch the file; without indentation and without
    comments on lines of their own, because a saved notebook contains them.
    """
    own = folder / f"{name}.css"
    css = (_HERE / "common.css").read_text("utf-8") + (own.read_text("utf-8") if own.exists() else "")
    script = (_HERE / "common.js").read_text("utf-8") + (folder / f"{name}.js").read_text("utf-8")
    return re.sub(r"^ */\*\*.*?\*/\n|^ *(//[^\n]*\n)?", "", script, flags=re.MULTILINE | re.DOTALL), css


class CourseWidget(anywidget.AnyWidget):
    """The base of the course's widgets.

    A subclass says `_esm, _css = browser_code("NAME")`, has traits tagged sync=True, and writes two methods:
    `alt_text()`, the picture in words made from the data, and `picture()`, a matplotlib figure of it
    (`new_figure` makes one).
    """

    still_pixels = 250_000  # of the still picture at most; a widget with a large state takes fewer
    picture_id = traitlets.Unicode().tag(sync=True)  # the live view hides the still picture of this name

    def __init__(self, **traits: Any) -> None:
        super().__init__(picture_id=f"still-{uuid.uuid4().hex[:12]}", **traits)

    def alt_text(self) -> str:
        """The picture in words."""
        raise NotImplementedError

    def picture(self) -> Any:
        """The picture as a matplotlib figure."""
        raise NotImplementedError

    def ask(self, function: Callable, *arguments: Any) -> tuple[Any, str]:
        """Call the learner's function.

        function: whatever the lesson handed over
        arguments: its arguments; arrays are handed over read-only, lists as copies, so that the widget keeps its own
        Returns (value, "") or, when the function raised, (None, what happened in words).
        """
        try:
            return function(*(_guarded(argument) for argument in arguments)), ""
        except NotImplementedError:
            return None, say("{name} is not written yet.", name=_name(function))
        except (Exception, SystemExit) as error:
            text = f"{type(error).__name__}: {error}".strip().rstrip(":")
            return None, say("Your {name} raised {error}", name=_name(function), error=text[:300])

    # ---- showing ----------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return self.alt_text()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict, dict] | None:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {"text/plain": self.alt_text(), _VIEW: view}, {}

    def _ipython_display_(self) -> None:
        """Show a still picture and the live view, which hides it.

        Two outputs, because a notebook that is opened without the kernel prefers the view and shows nothing at all
        when both are alternatives of one output.
        """
        from IPython.display import display

        display({"text/html": self.still(), "text/plain": self.alt_text()}, raw=True)
        display(self._repr_mimebundle_()[0], raw=True)

    def still(self) -> str:
        """The picture as an HTML image with its alternative text."""
        figure = self.picture()
        width, height = (round(float(size) * 100) for size in figure.get_size_inches())
        alt = html.escape(self.alt_text(), quote=True)
        return (
            f'<div class="{self.picture_id}"><img alt="{alt}" width="{width}" height="{height}" '
            f'style="max-width:100%;height:auto" src="data:image/png;base64,{_png(figure, self.still_pixels)}"></div>'
        )


def new_figure(width: float = 7.0, height: float = 3.5) -> Any:
    """A matplotlib figure on white paper, legible on a dark page too; no window, no pyplot.

    width, height: in inches, one inch is 100 pixels of the page
    Returns the figure.
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=100, facecolor="white", layout="constrained")


def array_of(value: Any) -> np.ndarray:
    """The numbers in what a learner's function returned: an array, nested lists, a torch tensor or a sparse matrix.

    value: what came back
    Returns an array of float64.
    Raises TypeError or ValueError when there are no numbers in it.
    """
    if value is None:
        raise TypeError(say("nothing (None)"))
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    elif hasattr(value, "toarray"):
        value = value.toarray()
    return np.asarray(value, dtype=np.float64)


def number(value: float, exact: bool = False) -> str:
    """A number with three significant digits and a real minus sign: 0.123, 3.5e−7, 12300, ∞.

    value: any number
    exact: all digits before the point, and up to three in front of a power of ten: 12345, 3.54e−7
    Returns the text.
    """
    value = float(value) + 0.0  # no minus in front of a zero
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "∞" if value > 0 else "−∞"
    size = abs(value)
    if size and not 1e-3 <= size < 1e5:
        digits, power = f"{value:.{2 if exact else 1}e}".split("e")
        text = f"{digits.rstrip('0').rstrip('.') if exact else digits}e{int(power)}"
    elif size < 999.5:
        text = f"{value:.3g}"
    else:
        text = f"{value if exact else float(f'{value:.3g}'):.0f}"
    return text.replace("-", "−")


def joined(*sentences: str) -> str:
    """Whole sentences in a row; empty ones are left out."""
    return " ".join(filter(None, sentences))


def kind_of(value: Any) -> str:
    """What sort of thing a learner's function returned: "nothing (None)", "a list"."""
    return say("nothing (None)") if value is None else say("a {type}", type=type(value).__name__)


def _name(function: Callable) -> str:
    name = getattr(function, "__name__", "function")
    return say("function") if name == "<lambda>" else name


def _guarded(argument: Any) -> Any:
    if isinstance(argument, np.ndarray):
        view = argument.view()
        view.flags.writeable = False
        return view
    if isinstance(argument, list):
        return [_guarded(item) if isinstance(item, list) else item for item in argument]
    return argument


def _png(figure: Any, pixels: int) -> str:
    """The figure as base64 of a PNG of few pixels and colours: it stays in the notebook, where 20 kB is its share."""
    from PIL import Image

    raw, small = io.BytesIO(), io.BytesIO()
    figure.savefig(raw, format="png", dpi=min(150.0, (pixels / np.prod(figure.get_size_inches())) ** 0.5))
    with Image.open(raw) as image:
        image.convert("RGB").quantize(48).save(small, "PNG", optimize=True)
    return base64.b64encode(small.getvalue()).decode()
