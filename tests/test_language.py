"""Every sentence that a learner may see is one whole template with named places."""

import ast
import gettext
import re
import string
from pathlib import Path

import pytest
from judge.spoilt import spoilt

import course_lib
from course_lib import checks, hint, language
from course_lib.judge.examine import examine

PACKAGE = Path(course_lib.__file__).parent
PARTS = ("judge", "desk", "grading", "cli", "doctor", "lab")  # what speaks to a learner
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
