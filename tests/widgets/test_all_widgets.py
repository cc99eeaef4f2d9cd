"""What holds for all widgets: no browser, no kernel."""

import base64
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from course_lib import widgets
from course_lib.widgets.base import CourseWidget, browser_code
from widgets.embedding.small import explorer, points
from widgets.filters import small as convolution
from widgets.sampling import small as language
from widgets.through_time import small as recurrent
from widgets.window.small import window

FOLDER = Path(widgets.__file__).parent
MODULES = sorted(path for path in FOLDER.glob("*.js") if path.name != "common.js")


@pytest.mark.parametrize("path", [FOLDER / "common.js", *MODULES], ids=lambda path: path.name)
def test_browser_code_is_small_and_loads_nothing(path):
    text = path.read_text("utf-8")
    assert len(text.encode()) <= 15_000
    text = text.replace("http://www.w3.org/2000/svg", "")  # the name of a namespace: nothing is loaded from there
    for forbidden in (r"https?:", r"//cdn", r"^\s*import\b", r"\bimport\s*\(", r"\bfetch\s*\(", "XMLHttpRequest"):
        assert not re.search(forbidden, text, re.MULTILINE), forbidden


def test_every_widget_module_has_its_class_and_the_other_way_round():
    assert {path.stem for path in MODULES} == set(widgets._MODULES.values())
    for name in widgets.__all__:
        assert issubclass(getattr(widgets, name), CourseWidget)


def test_an_unknown_widget_lists_the_right_ones():
    with pytest.raises(AttributeError, match="CooccurrenceWindow"):
        widgets.Window  # noqa: B018


def test_importing_the_widgets_loads_no_plotting_library():
    code = "from course_lib.widgets import CooccurrenceWindow; print({'matplotlib', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", f"import sys; {code}"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# ---- examples of each, as small as they go and as large


def through_time():
    return widgets.GradientThroughTime(recurrent.gradients)


def sampling():
    return widgets.SamplingExplorer(language.next_logits, language.WORDS, "the old cat")


def filters():
    data = convolution.SENTENCES, convolution.embed, convolution.filters(), convolution.conv1d, convolution.LABELS
    return widgets.FilterExplorer(*data, classes=("negative", "positive"), class_weights=convolution.class_weights())


def forty_words():
    words = [f"word{i}" for i in range(40)]
    text = [words[i : i + 12] for i in range(28)]
    return widgets.CooccurrenceWindow(text, count=lambda *_: np.zeros(1))


def three_spaces():
    words, vectors = points(3000, 60)
    return widgets.EmbeddingExplorer({name: (words, vectors) for name in ("counts", "SVD", "pretrained")}, k=20)


def longest_gradients():
    return widgets.GradientThroughTime(
        lambda *settings: recurrent.gradients(*settings, hidden=32), length=60, scale=1.1
    )


def large_vocabulary():
    scores = np.random.default_rng(0).normal(size=30_000)
    return widgets.SamplingExplorer(lambda tokens: scores, [f"word{i}" for i in range(30_000)])


def many_filters():
    rng = np.random.default_rng(0)
    sentences = [" ".join(rng.choice(language.WORDS, 25)) for _ in range(100)]
    made = {width: (rng.normal(size=(100, width, 50)), rng.normal(size=100)) for width in (3, 4, 5)}
    return widgets.FilterExplorer(sentences, lambda words: rng.normal(size=(len(words), 50)), made, convolution.conv1d,
                          rng.integers(2, size=100), class_weights=rng.normal(size=(2, 300)))  # fmt: skip


# ---- what holds for each


@pytest.mark.parametrize(
    "make", [window, explorer, forty_words, three_spaces, longest_gradients, large_vocabulary, many_filters]
)
def test_a_widget_adds_at_most_fifty_kilobytes_to_a_notebook(make):
    widget = make()
    state = {name: value for name, value in widget.get_state().items() if name not in ("layout", "comm")}
    saved = json.dumps(state, default=lambda data: base64.b64encode(data).decode())
    assert len(saved) + len(widget.still()) <= 50_000


@pytest.mark.parametrize("make", [window, explorer], ids=["window", "embedding"])
def test_the_still_picture_is_small_and_says_what_it_shows(make):
    widget = make()
    html = widget.still()
    assert len(html) < 25_000
    assert f'class="{widget.picture_id}"' in html
    assert re.search('alt="([^"]+)"', html)[1] == widget.alt_text().replace("'", "&#x27;")
    data = base64.b64decode(re.search('base64,([^"]+)', html)[1])
    colours = Image.open(io.BytesIO(data)).convert("RGB").getcolors(200)
    assert len(colours) > 10, "the picture is empty"


def test_the_picture_and_the_view_are_two_outputs(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    window()._ipython_display_()
    assert [set(bundle) for bundle in shown] == [
        {"text/html", "text/plain"},
        {"application/vnd.jupyter.widget-view+json", "text/plain"},
    ]
    assert shown[0]["text/plain"].startswith("Co-occurrence matrix of 8 words")


def test_a_widget_describes_itself_without_jupyter():
    assert repr(window()) == window().alt_text()


def test_asking_turns_every_exception_into_words():
    def not_yet(x):
        raise NotImplementedError

    widget = window()
    assert widget.ask(len, [1, 2]) == (2, "")
    assert widget.ask(not_yet, 1) == (None, "not_yet is not written yet.")
    assert widget.ask(lambda: 1 / 0) == (None, "Your function raised ZeroDivisionError: division by zero")
    assert widget.ask(sys.exit, 3) == (None, "Your exit raised SystemExit: 3")


def test_common_helpers_stand_before_a_widgets_own_code():
    code, style = browser_code("window")
    assert code.index("keepKeys") < code.index("export function pairs")
    assert style.index(".wt ") < style.index(".cw-body")


@pytest.mark.parametrize("make", [through_time, sampling, filters])
def test_the_still_picture_is_an_image_with_its_words(make):
    widget = make()
    still = widget.still()
    assert base64.b64decode(re.search('base64,([^"]*)', still)[1]).startswith(b"\x89PNG")
    assert widget.alt_text()[:60] in still and repr(widget) == widget.alt_text()


@pytest.mark.parametrize("widget, name", [(widgets.GradientThroughTime, "rnn"), (widgets.SamplingExplorer, "model")])
def test_a_function_that_is_not_written_yet_becomes_text(widget, name):
    def stub(*_):
        raise NotImplementedError

    stub.__name__ = name
    made = widget(stub) if widget is widgets.GradientThroughTime else widget(stub, ["a", "b"])
    assert f"{name} is not written yet." in made.status and made.status in made.alt_text()
    assert "PNG" in str(base64.b64decode(re.search('base64,([^"]*)', made.still())[1])[:8])
