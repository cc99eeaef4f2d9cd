"""Every sentence that a learner may see is one whole template with named places."""

import ast
import gettext
import json
import re
import shutil
import string
import subprocess
from pathlib import Path

import numpy as np
import pytest
from judge.spoilt import spoilt

import course_lib
from course_lib import checks, hint, language, widgets
from course_lib.judge.examine import examine
from course_lib.widgets.base import browser_code

PACKAGE = Path(course_lib.__file__).parent
PARTS = ("judge", "desk", "grading", "cli", "doctor", "lab", "widgets")  # what speaks to a learner
MODULES = [
    path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).with_suffix("").parts[0] in PARTS
]
WORDS = re.compile(r"[A-Za-z]{2,} +[A-Za-z]{2,}")


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _said(tree: ast.Module) -> list[tuple[ast.Call, list[ast.expr]]]:
    """The calls of say and say_count, with the templates they are given."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) in ("say", "say_count"):
            found.append((node, node.args[:1] if node.func.id == "say" else node.args[1:3]))
    return found


def _but_for_authors(node: ast.AST):
    """All nodes, without what is said in a ValueError: that is for the author of an exercise, in one language."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.Raise) and ast.unparse(child).startswith("raise ValueError(")):
            yield from _but_for_authors(child)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_sentence_is_put_together_from_halves(path):
    for node in _but_for_authors(_tree(path)):
        if isinstance(node, ast.JoinedStr):
            text = " ".join(part.value for part in node.values if isinstance(part, ast.Constant))
            text = re.sub(r"<[^>]*>|style=.*", "", text)  # HTML is no sentence
            assert not WORDS.search(text), f"line {node.lineno}: {text!r} is a sentence in an f-string; use say(...)"
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
            for side in (node.left, node.right):
                words = isinstance(side, ast.Constant) and isinstance(side.value, str) and WORDS.search(side.value)
                assert not words, f"line {node.lineno}: {side.value!r} is added to another text; use one template"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_places_of_a_template_are_named_and_filled(path):
    for call, templates in _said(_tree(path)):
        filled = {keyword.arg for keyword in call.keywords} | ({"number"} if call.func.id == "say_count" else set())
        for template in templates:
            if not isinstance(template, ast.Constant):
                assert isinstance(template, (ast.Name, ast.Attribute, ast.Subscript)), (
                    f"line {call.lineno}: a made-up template"
                )
                continue
            names = {name for _, name, _, _ in string.Formatter().parse(template.value) if name is not None}
            assert names <= filled or not call.keywords, f"line {call.lineno}: nothing fills {names - filled}"
            assert all(name and not name.isdigit() for name in names), f"line {call.lineno}: a place without a name"


class Marked(gettext.NullTranslations):
    """A language in which every sentence stands between brackets."""

    def gettext(self, message):
        return f"⟦{message}⟧"

    def ngettext(self, one, many, number):
        return f"⟦{one if number == 1 else many}⟧"


@pytest.fixture
def marked():
    before = language.use(Marked())
    yield
    language.use(before)


def _outside(text: str) -> str:
    """What stands outside the brackets."""
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", "", text)) != text:
        text = shorter
    return text


@pytest.mark.parametrize("name", sorted(checks.index()))
def test_every_word_about_an_answer_comes_from_the_catalogue(name, marked):
    exercise = checks.find(name)
    wrong = [mistake.function for mistake in exercise.mistakes[:2]]
    if not isinstance(exercise.reference, type):
        wrong += [function for _, function in spoilt(exercise)]
    wrong += [lambda *args, **kwargs: 1 / 0, lambda *args, **kwargs: "text", lambda *args, **kwargs: [[]]]
    for function in wrong:
        outcome = examine(exercise, function, seed=1)
        for text in (outcome.message, *outcome.details):
            assert not _outside(text).strip(), f"{text!r} has words that are not in the catalogue"


def test_hints_come_from_the_catalogue(marked, capsys):
    hint("one_hot")
    lines = capsys.readouterr().out.splitlines()
    assert not any(_outside(line).strip(" →") for line in lines)


def _fails(*_):
    raise ValueError("1")


def _trace(one, two):
    """The trace of a product, whose second gradient is wrong."""
    leaves = [
        {"id": name, "label": name, "value": value, "grad": 1.0, "parents": []}
        for name, value in (("1", one), ("2", two))
    ]
    product = {
        "id": "3",
        "label": "3",
        "value": one * two,
        "grad": 1.0,
        "parents": ["1", "2"],
        "downstream": [two, one],
    }
    return [*leaves, product]


def _network(*_):
    yield {"loss": 1.0, "gradients": [np.ones(2)] * 2, "activations": [np.ones(2)] * 2}


ONE, FILTERS = np.eye(2), {2: (np.ones((1, 2, 2)), np.zeros(1))}
# widgets over words without letters: every letter that is left must have come from the catalogue
SHOWN = {
    "attention": lambda: widgets.AttentionExplorer(weights=np.full((2, 1, 2, 2), 0.4), tokens=["1", "2"]),
    "attention that fails": lambda: widgets.AttentionExplorer(_fails, "1"),
    "attention of no shape": lambda: widgets.AttentionExplorer(lambda text: (["1"], [1.0]), "1"),
    "steps": lambda: widgets.AttentionSteps(ONE, ONE, ONE, tokens=["1", "2"], mask=[[False, True], [True, True]]),
    "masks": lambda: widgets.MaskPainter(lambda *_: (ONE, ONE), ONE, ONE, tokens=["1", "2"], mask=[[0, 0], [1, 1]]),
    "masks swapped": lambda: widgets.MaskPainter(lambda *_: (ONE, ONE), ONE, ONE, np.ones((2, 3)), tokens=["1", "2"]),
    "positions": lambda: widgets.PositionalEncodingExplorer(lambda length, d, base: np.zeros((length, d))),
    "window": lambda: widgets.CooccurrenceWindow([["1", "2"]], count=lambda *_: [[1, 1], [1, 1]]),
    "many words": lambda: widgets.CooccurrenceWindow([[str(n) for n in range(20)]], count=lambda *_: None),
    "neighbours": lambda: widgets.EmbeddingExplorer({"1": (["1", "2"], ONE)}, lambda *_: ["3"]),
    "analogy": lambda: widgets.EmbeddingExplorer({"1": (["1", "2", "3"], np.eye(3))}, triple=("1", "2", "4")),
    "filters": lambda: widgets.FilterExplorer(
        ["1 2 3"], lambda words: np.ones((len(words), 2)), FILTERS, lambda x, *_: x[:-1, :1], ["4"], class_weights=[[1]]
    ),
    "filters that fail": lambda: widgets.FilterExplorer(["1"], lambda words: np.ones((1, 2)), FILTERS, _fails),
    "gradients": lambda: widgets.GradientFlow(_network),
    "gradients that fail": lambda: widgets.GradientFlow(lambda *_: [{}]),
    "time": lambda: widgets.GradientThroughTime(lambda scale, length, _: np.ones((length, 3)), threshold=1.0),
    "sampling": lambda: widgets.SamplingExplorer(lambda tokens: np.zeros(3), ["1", "2", "3"], sample=lambda *_: 7),
    "graph": lambda: widgets.ComputationGraph({"1": (_trace, {"one": 2, "two": 3})}),
    "graph that fails": lambda: widgets.ComputationGraph({"1": (_fails, {})}),
}


def _texts(widget) -> list[str]:
    """Everything that a widget says on the Python side: in words, in its read-outs, in its picture."""
    from matplotlib.text import Text

    texts = [widget.alt_text()]
    for name in ("title", "status"):
        texts.append(getattr(widget, name, ""))
    if isinstance(widget, widgets.SamplingExplorer):
        widget.request = {"number": 1, "act": "next"}
        texts.append(widget.status)
    if isinstance(widget, widgets.AttentionExplorer):
        texts.append(widget.about["note"])
    if isinstance(widget, widgets.EmbeddingExplorer):
        texts.append(widget.answer["status"])
    if isinstance(widget, widgets.ComputationGraph):
        nodes = widget.numbers.get("nodes", [])
        return [*texts, *widget.steps, *(node["all"] for node in nodes), *(node["verdict"][1] for node in nodes)]
    written = (text.get_text() for text in widget.picture().findobj(Text))
    return [*texts, *(text for text in written if not text.startswith("$"))]  # numbers on a logarithmic axis


@pytest.mark.parametrize("name", SHOWN)
def test_every_word_of_a_widget_comes_from_the_catalogue(name, marked):
    for text in _texts(SHOWN[name]()):
        assert not re.search("[A-Za-z]{2}", _outside(text)), f"{text!r} has words that are not in the catalogue"


# ---- the widgets' JavaScript: the same rule, read off its tokens ---------------------------------------------------

SCRIPTS = sorted((PACKAGE / "widgets").glob("*.js"))
TEMPLATES = {"say": [0], "sayCount": [1, 2]}  # which arguments are templates
LABELS = {
    "title": [0],
    "control": [0],
    "choice": [1, 2],
    "slider": [1],
    "button": [1, 2],
    "field": [1],
}  # common.js says these itself
TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*.*?\*/)|(?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|(?P<template>`)"""
    r"""|(?P<name>[\w$]+)|(?P<mark>=>|\.\.\.|\+\+|--|\+=|.)""",
    re.DOTALL,
)
PATTERN = re.compile(r"/(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")


def _tokens(text: str, at: int = 0, inside: bool = False) -> tuple[list[tuple[str, str, int]], int]:
    """JavaScript as (kind, text, line); a template with {} for each place, and what stands there behind it.

    inside: read only up to the brace that ends a template's place
    Returns the tokens and where they end.
    """
    found, depth = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        kind, word, line = match.lastgroup, match[0], text.count("\n", 0, at) + 1
        before = found[-1][1] if found else "("
        if word == "/" and (before in ("return", "=>") or re.fullmatch(r"[(,=:\[!&|?{};+*%<>~^-]", before)):
            match = PATTERN.match(text, at)  # else it divides
            kind = "pattern"
        at = match.end()
        if kind == "template":
            said, parts = "", []
            while text[at] != "`":
                if text.startswith("${", at):
                    more, at = _tokens(text, at + 2, inside=True)
                    said, parts = said + "{}", [*parts, ("mark", "(", line), *more, ("mark", ")", line)]
                else:
                    step = 2 if text[at] == "\\" else 1
                    said, at = said + text[at : at + step], at + step
            found += [(kind, said, line), *parts]
            at += 1
            continue
        depth += {"{": 1, "}": -1}.get(word, 0) if kind == "mark" else 0
        if inside and depth < 0:
            return found, at
        if kind != "blank":
            found.append((kind, word[1:-1] if kind == "string" else word, line))
    return found, at


def _arguments(tokens: list[tuple[str, str, int]], at: int) -> list[list[tuple[str, str, int]]]:
    """What stands between the parenthesis at this place and the one that closes it, cut at its commas."""
    depth, parts = 0, [[]]
    for token in tokens[at:]:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token[1], 0) if token[0] == "mark" else 0
        if depth == 0:
            return [part for part in parts if part]
        if token[:2] == ("mark", ",") and depth == 1:
            parts.append([])
        elif depth > 1 or token[:2] != ("mark", "("):
            parts[-1].append(token)
    raise AssertionError(f"line {tokens[at][2]}: the parenthesis is not closed")


def _calls(tokens: list[tuple[str, str, int]], names) -> list[tuple[str, int, list]]:
    """The calls of these functions, no methods: (name, line, arguments)."""
    marked = [("mark", "", 0), *tokens, ("mark", "", 0)]
    return [
        (word, line, _arguments(marked, k + 1))
        for k, (kind, word, line) in enumerate(marked)
        if kind == "name" and word in names and marked[k + 1][1] == "(" and marked[k - 1][1] not in (".", "function")
    ]


def _halves(text: str) -> list[str]:
    """What is wrong with the sentences of a piece of JavaScript."""
    tokens, _ = _tokens(text)
    wrong = []
    for k, (kind, said, line) in enumerate(tokens):
        words = WORDS.search(said.replace("{}", " ")) if kind in ("string", "template") else None
        if words and kind == "template" and "{}" in said:
            wrong.append(f"line {line}: {said!r} is a sentence in a template literal; use say(...)")
        elif words and ("mark", "+") in (tokens[k - 1][:2], tokens[k + 1][:2]):
            wrong.append(f"line {line}: {said!r} is added to another text; use one template")
    return wrong


def _unsaid(text: str) -> list[str]:
    """Texts of several words that no catalogue is asked for; names of classes and a font's size are none."""
    tokens, _ = _tokens(text)
    said = {
        token
        for name, _, arguments in _calls(tokens, {**TEMPLATES, **LABELS})
        for place in {**TEMPLATES, **LABELS}[name]
        for token in (arguments[place] if place < len(arguments) else ())
    }
    return [
        f"line {token[2]}: {token[1]!r} does not pass through say(...)"
        for token in tokens
        if token[0] in ("string", "template")
        and WORDS.search(re.sub(r"\S*[-.(]\S*", "", token[1]))
        and token not in said
    ]


def _unfilled(text: str) -> list[str]:
    """Templates that are made up, and places that nothing fills."""
    tokens, _ = _tokens(text)
    wrong = []
    for name, line, arguments in _calls(tokens, TEMPLATES):
        last = max(TEMPLATES[name]) + 1
        places = [part for part in (arguments[last][1:-1] if len(arguments) > last else ())]
        filled, depth = {"number"} if name == "sayCount" else set(), 0
        for k, (kind, word, _) in enumerate(places):
            if kind == "name" and not depth and (k == 0 or places[k - 1][1] == ","):
                filled.add(word)
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(word, 0) if kind == "mark" else 0
        for template in (arguments[place] for place in TEMPLATES[name]):
            if len(template) > 1 or template[0][0] != "string":
                if template[0][0] != "name" or not all(kind == "name" or word in ".[]" for kind, word, _ in template):
                    wrong.append(f"line {line}: a made-up template")
                continue
            names = set(re.findall(r"{(\w*)}", template[0][1]))
            if any(not place or place.isdigit() for place in names):
                wrong.append(f"line {line}: a place without a name")
            elif names - filled:
                wrong.append(f"line {line}: nothing fills {names - filled}")
    return wrong


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
@pytest.mark.parametrize("wrong", [_halves, _unsaid, _unfilled], ids=["js_halves", "js_unsaid", "js_places"])
def test_a_sentence_of_the_browser_is_one_whole_template(path, wrong):
    assert wrong(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (_halves, "w.say(`${n} word${n > 1 ? 's' : ''} in the text`)"),
        (_halves, "const f = (a) => `not ${a ? `a, ${a / 2} of it` : ''} the end`;"),
        (_halves, "w.say(name + ' may look');"),
        (_halves, "text += `at step ${n} it ends`"),
        (_unsaid, "note.textContent = 'no numbers to show'"),
        (_unsaid, "h('div', {}, `no numbers to show`)"),
        (_unfilled, "say('{a} of {b}', { a: f(b, [b]), c: 'b' })"),
        (_unfilled, "sayCount(n, '{number} word of {all}', '{number} words')"),
        (_unfilled, "say(on ? 'may look' : 'may not look')"),
        (_unfilled, "say('{} of {all}', { all })"),
    ],
)
def test_js_that_puts_sentences_together_is_found(wrong, text):
    assert wrong(text)


def test_js_that_says_whole_sentences_is_let_through():
    text = r"""
    // it's a comment: `not a template ${at all}
    const half = (a, b) => a / 2 / b, split = text.split(/[/'"`]+/g);
    button(w, '→', 'one step on', () => w.say(say('{a} of {b} words', { a, b: [1, 2].map((n) => `${n}.`) })));
    e.className = 'wt-note wt-bad'; x.font = `600 ${px}px ${c.font}`;
    w.say([say(SENTENCES.a), sayCount(n, '{number} word', '{number} words'), say(names[n], { n })].join(' '));
    """
    assert [_halves(text), _unsaid(text), _unfilled(text)] == [[], [], []]


SAID = """
import { readFileSync } from 'node:fs';
const { code, sentences } = JSON.parse(readFileSync(0, 'utf8'));
const module = await import('data:text/javascript;base64,' + Buffer.from(code).toString('base64'));
const said = () => [module.say('{a} of {b}', { a: '$1', b: '{a}' }), module.say('{a} stays'),
  ...[1, 2, 5].map((n) => module.sayCount(n, '{number} word', '{number} words')), module.say('unknown')];
const english = said();
module.speak(sentences, 'pl');
console.log(JSON.stringify([english, said()]));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_the_browser_speaks_as_its_catalogue_says():
    sentences = {
        "{a} of {b}": "{b}: {a}",
        "{number} word": {"one": "{number} słowo", "few": "{number} słowa", "many": "{number} słów"},
    }
    text = json.dumps({"code": browser_code("steps")[0], "sentences": sentences})
    command = ["node", "--input-type=module", "-e", SAID]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=True)
    english, polish = json.loads(done.stdout)
    assert english == ["$1 of {a}", "{a} stays", "1 word", "2 words", "5 words", "unknown"]
    assert polish == ["{a}: $1", "{a} stays", "1 słowo", "2 słowa", "5 słów", "unknown"]
