"""An older and a newer version of a small lesson, and everything a learner does to a notebook in between."""

import copy
import random

import nbformat
import pytest
from fake_course import FakeCourse
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from course_lib.desk.merge import merge
from course_lib.editions.notebook import build
from course_lib.lesson.marks import fingerprint
from course_lib.lesson.script import find

REFERENCE = '''
def count(text: str) -> dict:
    """Count the words."""
    return {word: text.split().count(word) for word in text.split()}


def rank(counts: dict) -> list:
    """Sort the words."""
    return sorted(counts, key=counts.get)


def longest(text: str) -> str:
    """Find the longest word."""
    return max(text.split(), key=len)
'''

OLD = """
# %% [markdown]
# ## Why counting
# Words that come often say what a text is about. This is where it all begins.
# %%
text = "a rose is a rose"
print(len(text.split()))
#> 5
# %% [markdown]
# ### Exercise · count · ●●○ · 10 minutes
# Count.
# %% tags=["exercise"]
from course_lib.reference.counting import count
# %%
count = check(count)
# %% [markdown]
# ### Exercise · rank · ●●○ · 10 minutes
# Rank.
# %% tags=["exercise"]
from course_lib.reference.counting import rank
# %%
rank = check(rank)
# %% [markdown]
# ### Exercise · longest · ●○○ · 5 minutes
# Measure.
# %% tags=["exercise"]
from course_lib.reference.counting import longest
# %%
longest = check(longest)
# %% [markdown]
# ## Summary
# You counted.
"""

ALIASES = {"word_counts": ("tally", "count")}


def _newer(script):
    """The next version: count is called word_counts, longest is gone, a text changed, a section is new and first."""
    head, tail = script.split("# %% [markdown]\n# ### Exercise · longest")
    tail = "# %% [markdown]\n# ## Summary" + tail.split("# ## Summary")[1]
    script = head + tail
    script = script.replace("count = check(count)", "word_counts = check(word_counts)")
    script = script.replace("· count ·", "· word_counts ·").replace("import count", "import word_counts")
    script = script.replace("where it all begins", "where everything begins")
    return "# %% [markdown]\n# ## A new section\n# About nothing that was there before: zebras, xylophones.\n" + script


@pytest.fixture
def course(tmp_path, monkeypatch):
    course = FakeCourse(tmp_path, monkeypatch)
    course.reference(REFERENCE)
    return course


@pytest.fixture
def old(course):
    return build(course.lesson(OLD))


@pytest.fixture
def new(course, old):
    course.reference(REFERENCE.replace("def count(text: str)", "def word_counts(text: str, lower: bool = False)"))
    return build(course.lesson(_newer(OLD)))


def _at(notebook, name):
    """The cell of an id."""
    return next(cell for cell in notebook.cells if cell.id == name)


def _where(notebook, text):
    """The position of the one cell that contains a text."""
    (found,) = (i for i, cell in enumerate(notebook.cells) if text in cell.source)
    return found


def _insert(notebook, after, cell):
    notebook.cells.insert(_where(notebook, after) + 1, cell)


def _sources(notebook):
    return [cell.source for cell in notebook.cells]


def _built_from(notebook):
    """The version a notebook was built from."""
    return build(find(notebook.metadata.course.lesson))


def test_a_notebook_at_this_version_comes_back_as_it_is(old):
    _at(old, "count").source += "\n# idea"
    _insert(old, "Why counting", new_code_cell("mine = 1"))
    old.cells.reverse()
    assert merge(old, _built_from(old), ALIASES) == (old, [])


def test_an_untouched_notebook_becomes_the_new_version(old, new):
    merged, lines = merge(old, new, ALIASES)
    assert merged == new
    assert not any("your" in line for line in lines)


def test_merging_twice_changes_nothing_more(old, new):
    _answer(old, "count")
    _answer(old, "longest")
    _at(old, "check-rank").source += "\nprint(rank)"
    old.cells[1].source += "\nMy thought."
    _insert(old, "Summary", new_markdown_cell("mine"))
    once, _ = merge(old, new, ALIASES)
    assert merge(once, new, ALIASES) == (once, [])
    del once.metadata["course"]  # not even when the cells have to speak for themselves
    twice, _ = merge(once, new, ALIASES)
    assert _sources(twice) == _sources(once)


def _answer(notebook, name, body="    return 42"):
    cell = _at(notebook, name)
    cell.source = cell.source.replace(f'    raise NotImplementedError("write {name} here")', body)
    cell.outputs = [new_output("stream", text="done")]
    cell.execution_count = 7
    return cell


def test_an_answer_and_its_output_stay_where_the_exercise_is(old, new):
    answer = _answer(old, "rank")
    merged, lines = merge(old, new, ALIASES)
    cell = _at(merged, "rank")
    assert (cell.source, cell.outputs, cell.execution_count) == (answer.source, answer.outputs, 7)
    assert merged.cells[_where(merged, "check(rank)") - 1] is cell
    assert "rank: your answer is kept" in lines


def test_half_an_answer_is_an_answer(old, new):
    _at(old, "rank").source += "\n    # perhaps with sorted?"
    merged, _ = merge(old, new, ALIASES)
    assert _at(merged, "rank").source.endswith('here")\n    # perhaps with sorted?')


def test_a_renamed_exercise_keeps_its_answer_under_both_names(old, new):
    _answer(old, "count", "    if not text: return {}\n    return {text[0]: 1 + sum(count(text[1:]).values())}")
    merged, lines = merge(old, new, ALIASES)
    names = {}
    exec(_at(merged, "word_counts").source, names)
    assert names["word_counts"]("ab") == {"a": 2}
    assert names["count"] is names["word_counts"]
    assert names["count"].__name__ == "word_counts"
    assert _at(merged, "check-word_counts").source == "word_counts = check(word_counts)"
    (line,) = (line for line in lines if line.startswith("word_counts"))
    assert "was called count" in line
    assert "it now takes (text, lower), your answer takes (text)" in line


def test_a_renamed_exercise_without_answer_becomes_the_new_stub(old, new):
    assert (
        'raise NotImplementedError("write word_counts here")' in _at(merge(old, new, ALIASES)[0], "word_counts").source
    )


def test_a_renamed_answer_without_its_def_line_is_kept_and_the_learner_told(old, new):
    _at(old, "count").source = "counter = len"
    merged, lines = merge(old, new, ALIASES)
    assert _at(merged, "word_counts").source == "counter = len"
    assert any("so define word_counts in its cell" in line for line in lines)


def test_a_removed_exercises_answer_is_kept_at_the_end_and_said_so(old, new):
    answer = _answer(old, "longest").source
    merged, lines = merge(old, new, ALIASES)
    assert merged.cells[-1].source == answer
    assert "longest" in merged.cells[-2].source
    assert merged.cells[-2].cell_type == "markdown"
    assert any("longest is no longer part of this lesson: your answer is at the end" in line for line in lines)


def test_a_removed_exercise_without_answer_goes(old, new):
    assert not any("longest" in source for source in _sources(merge(old, new, ALIASES)[0]))


def test_own_cells_stay_after_the_same_neighbour(old, new):
    for number, text in enumerate(
        ("Why counting", "rose", "Exercise · count", "check(count)", "You counted", "A book")
    ):
        _insert(old, text, new_code_cell(f"mine = {number}"))
    old.cells.insert(0, new_markdown_cell("# My notebook"))
    merged, lines = merge(old, new, ALIASES)
    neighbours = ("Why counting", "rose", "Exercise · word_counts", "check(word_counts)", "You counted", "A book")
    for number, text in enumerate(neighbours):
        assert _where(merged, f"mine = {number}") == _where(merged, text) + 1
    assert merged.cells[0].source == "# My notebook"
    assert "7 cells of your own kept" in lines


def test_an_own_cell_follows_its_neighbour_when_the_course_moves_it(course, old):
    _insert(old, "rose", new_code_cell("mine"))
    first, *rest = OLD.split("# %% [markdown]\n# ## Summary")
    moved = first.replace(
        code := OLD[OLD.index("# %%\ntext") : OLD.index("# %% [markdown]\n# ### Exercise · count")], ""
    )
    new = build(course.lesson(moved + code + "# %% [markdown]\n# ## Summary" + rest[0]))
    merged, _ = merge(old, new)
    assert _where(merged, "mine") == _where(merged, "rose") + 1 == _where(merged, "Summary") - 1


def test_an_edited_text_stays_in_place_when_the_course_left_it_alone(old, new):
    position = _where(old, "Summary")
    old.cells[position].source = "## Summary\nI counted."
    merged, _ = merge(old, new, ALIASES)
    assert merged.cells[_where(merged, "I counted")].metadata.course.lesson == "01_counting"
    assert not any("You counted" in source or "Kept by" in source for source in _sources(merged))


def test_an_edited_text_follows_the_new_version_and_is_marked(old, new):
    old.cells[1].source += "\nI doubt it."
    merged, lines = merge(old, new, ALIASES)
    position = _where(merged, "where everything begins")
    assert "Kept by" in merged.cells[position + 1].source
    assert merged.cells[position + 2].source == old.cells[1].source
    assert any("'## Why counting'" in line for line in lines)


def test_an_edited_check_of_a_removed_exercise_is_kept(old, new):
    _at(old, "check-longest").source += "\nlongest('my own trial')"
    merged, _ = merge(old, new, ALIASES)
    position = _where(merged, "my own trial")
    assert "no longer has this cell" in merged.cells[position - 1].source


def test_what_the_learner_pasted_into_a_text_survives(old, new):
    old.cells[1]["attachments"] = {"photo.png": {"image/png": "aGVsbG8="}}
    merged, _ = merge(old, new, ALIASES)
    (kept,) = (cell for cell in merged.cells if cell.get("attachments"))
    assert kept.attachments == {"photo.png": {"image/png": "aGVsbG8="}}


def test_a_split_answer_keeps_its_parts_in_order(old, new):
    cell = _answer(old, "rank")
    position = old.cells.index(cell)
    tail = copy.deepcopy(cell)
    cell.source, tail.source, tail.id = "import math", cell.source, "split-off"
    old.cells.insert(position + 1, tail)
    merged, _ = merge(old, new, ALIASES)
    position = _where(merged, "import math")
    assert merged.cells[position + 1].source == tail.source
    assert merged.cells[position + 1].id == "rank"
    assert merged.cells[position + 2].id == "check-rank"


def test_a_copy_of_a_cell_is_kept_where_it_is(old, new):
    answer, stub = _at(old, "rank"), copy.deepcopy(_at(old, "rank"))
    stub.id = "copied-stub"
    old.cells.insert(1, stub)
    _answer(old, "rank")
    text = copy.deepcopy(old.cells[_where(old, "Summary")])
    text.id = "copied-text"
    old.cells.append(text)
    merged, _ = merge(old, new, ALIASES)
    assert _at(merged, "rank").source == answer.source
    assert merged.cells[1].source == stub.source
    assert merged.cells[-1].source == text.source
    assert len([source for source in _sources(merged) if source == text.source]) == 2


def test_an_answer_written_in_a_copy_is_the_answer(old, new):
    stub = copy.deepcopy(_at(old, "rank"))
    stub.id = "copied-stub"
    old.cells.insert(old.cells.index(_at(old, "rank")) + 1, stub)
    stub.source = "def rank(counts): return 1"
    assert _at(merge(old, new, ALIASES)[0], "rank").source == "def rank(counts): return 1"


def test_of_two_answers_the_one_in_the_original_cell_is_the_answer(old, new):
    answer = _answer(old, "rank").source
    attempt = copy.deepcopy(_at(old, "rank"))
    attempt.id, attempt.source = "first-attempt", "def rank(counts): return 1"
    _insert(old, "Exercise · rank", attempt)
    merged, _ = merge(old, new, ALIASES)
    assert _at(merged, "rank").source == answer
    assert merged.cells[_where(merged, "Exercise · rank") + 1].source == attempt.source


def test_cells_pasted_from_another_lesson_are_the_learners_own(old, new):
    answer, text = copy.deepcopy(_at(old, "rank")), copy.deepcopy(old.cells[1])
    answer.metadata.course.lesson = text.metadata.course.lesson = "09_trees"
    answer.source, answer.id, text.source = "def rank(tree): return 1", "pasted", "Zygotes and quizzes."
    text.id = fingerprint(text.source)
    old.cells += [answer, text]
    for _ in range(2):
        old, _ = merge(old, new, ALIASES)
        assert _sources(old)[-2:] == ["def rank(tree): return 1", "Zygotes and quizzes."]
        assert "NotImplementedError" in _at(old, "rank").source
        del old.metadata["course"]


def test_an_own_cell_stays_after_a_text_that_was_written_anew(course, old):
    _insert(old, "Why counting", new_markdown_cell("mine"))
    new = build(course.lesson(OLD.replace("# ## Why counting\n# Words that come", "# # Zzz\n# Vqx " * 50)))
    merged, _ = merge(old, new)
    assert merged.cells[2].source == "mine"
    assert "Zzz" in merged.cells[1].source


def test_a_correction_that_the_course_made_too_is_not_kept_twice(old, new):
    old.cells[1].source = old.cells[1].source.replace("where it all begins", "where everything begins")
    assert merge(old, new, ALIASES)[0] == new


def test_a_cell_that_became_a_note_stays_one(old, new):
    position = _where(old, "rose")
    old.cells[position] = new_markdown_cell(old.cells[position].source, metadata=old.cells[position].metadata)
    merged, _ = merge(old, new, ALIASES)
    assert merged.cells[_where(merged, "rose")].cell_type == "markdown"


def test_tags_and_folds_of_a_course_cell_stay(old, new):
    old.cells[1].metadata["tags"] = ["read-again"]
    old.cells[1].metadata["collapsed"] = True
    cell = merge(old, new, ALIASES)[0].cells[2]
    assert "where everything begins" in cell.source
    assert (cell.metadata.tags, cell.metadata.collapsed) == (["read-again"], True)


def test_an_exercise_that_is_still_there_is_not_taken_for_a_renamed_one(old, new):
    _answer(old, "rank")
    merged, _ = merge(old, new, {"word_counts": ("rank",)})
    assert "def rank" in _at(merged, "rank").source
    assert "NotImplementedError" in _at(merged, "word_counts").source


def test_an_answer_without_def_line_is_found_by_the_cells_id(old, new):
    _at(old, "rank").source = "from functools import partial\nrank = partial(sorted)"
    for cell in old.cells:
        cell.metadata.pop("course")
    assert "partial(sorted)" in _at(merge(old, new, ALIASES)[0], "rank").source


@pytest.mark.parametrize("ids", ["kept", "random", "absent"])
def test_answers_are_found_when_another_program_dropped_the_metadata(old, new, ids):
    answer = _answer(old, "rank").source
    _answer(old, "count")
    _insert(old, "rose", new_code_cell("mine"))
    for number, cell in enumerate(old.cells):
        cell.metadata = nbformat.NotebookNode()
        if ids == "random":
            cell.id = f"x{number}"
        elif ids == "absent":
            del cell["id"]
    old.metadata = nbformat.NotebookNode()
    merged, _ = merge(old, new, ALIASES)
    nbformat.validate(merged)
    assert _at(merged, "rank").source == answer
    assert ids != "kept" or not any("where it all begins" in source for source in _sources(merged))
    assert "def word_counts(text: str) -> dict:" in _at(merged, "word_counts").source
    assert _sources(merged).count("rank = check(rank)") == 1
    assert _where(merged, "mine") == _where(merged, "rose") + 1
    assert len([source for source in _sources(merged) if "def rank" in source]) == 1


def test_a_learners_helper_is_not_taken_for_the_answer_to_a_new_exercise(course, old):
    _insert(old, "Why counting", new_code_cell("def halve(x):\n    return x / 2"))
    course.reference(REFERENCE + '\n\ndef halve(x):\n    """Halve."""\n    return x / 2\n')
    body = '# %% [markdown]\n# ### Exercise · halve · ●○○ · 1 minute\n# %% tags=["exercise"]\n'
    new = build(
        course.lesson(OLD + body + "from course_lib.reference.counting import halve\n# %%\nhalve = check(halve)")
    )
    merged, _ = merge(old, new)
    assert "NotImplementedError" in _at(merged, "halve").source
    assert merged.cells[_where(merged, "Why counting") + 1].source == "def halve(x):\n    return x / 2"


def test_a_deleted_exercise_comes_back(old):
    new = copy.deepcopy(old)
    old.cells.remove(_at(old, "rank"))
    merged, _ = merge(old, new)
    assert merged == new


def test_outputs_of_unchanged_cells_and_the_learners_kernel_stay(old, new):
    _at(old, "check-rank").outputs = [new_output("stream", text="passed")]
    old.metadata.kernelspec.name = "my-kernel"
    old.metadata["widgets"] = {"state": 1}
    merged, _ = merge(old, new, ALIASES)
    assert _at(merged, "check-rank").outputs[0].text == "passed"
    assert merged.metadata.kernelspec.name == "my-kernel"
    assert merged.metadata.widgets == {"state": 1}


def test_the_arguments_are_not_changed(old, new):
    _answer(old, "count")
    before = copy.deepcopy((old, new))
    merge(old, new, ALIASES)
    assert (old, new) == before


def _scribble(rng, notebook, written):
    """One thing a learner, or JupyterLab on a learner's behalf, does to a notebook."""
    line = f"{rng.choice(['note', '    x ='])} {rng.random()}"
    here = rng.randrange(len(notebook.cells))
    cell = notebook.cells[here]
    lines = cell.source.split("\n")
    at = rng.randrange(len(lines) + 1)
    action = rng.choice(["write", "write", "write", "add", "split", "copy", "move", "delete", "type", "strip", "clear"])
    if action == "write":
        cell.source = "\n".join([*lines[:at], line, *lines[at:]])
        written.append(line)
    elif action == "add":
        made = rng.choice([new_code_cell, new_markdown_cell])(line)
        made.id = f"new{rng.random()}".replace(".", "")
        notebook.cells.insert(here, made)
        written.append(line)
    elif action == "split":
        tail = copy.deepcopy(cell)
        tail.id = f"split{rng.random()}".replace(".", "")
        cell.source, tail.source = "\n".join(lines[:at]), "\n".join(lines[at:])
        notebook.cells.insert(here + 1, tail)
    elif action == "copy":
        double = copy.deepcopy(cell)
        double.id = f"copy{rng.random()}".replace(".", "")
        notebook.cells.insert(rng.randrange(len(notebook.cells) + 1), double)
    elif action == "move":
        notebook.cells.insert(rng.randrange(len(notebook.cells)), notebook.cells.pop(here))
    elif action == "delete" and len(notebook.cells) > 1 and not any(one in cell.source for one in written):
        notebook.cells.pop(here)
    elif action == "type" and cell.cell_type == "markdown":
        notebook.cells[here] = new_code_cell(cell.source, id=cell.id, metadata=cell.metadata)
    elif action == "strip":
        cell.metadata.pop("course", None)
    elif action == "clear":
        cell.id = f"other{rng.random()}".replace(".", "")


@pytest.mark.parametrize("seed", range(300))
def test_every_line_a_learner_wrote_is_found_after_an_update(versions, seed):
    rng = random.Random(seed)
    old, new = copy.deepcopy(versions)
    if rng.random() < 0.3:
        old, new = new, old  # an older course is installed again
    written = []
    for _ in range(rng.randrange(1, 25)):
        _scribble(rng, old, written)
    if rng.random() < 0.2:
        del old.metadata["course"]
    merged, _ = merge(old, new, ALIASES)
    found = {line for source in _sources(merged) for line in source.split("\n")}
    assert set(written) <= found
    nbformat.validate(merged)
    present = {(kind, course[kind]) for course in _courses(merged) for kind in ("exercise", "check") if kind in course}
    assert present >= {(k, course[k]) for course in _courses(new) for k in ("exercise", "check") if k in course}
    assert merge(merged, new, ALIASES) == (merged, [])
    del merged.metadata["course"]
    again, _ = merge(merged, new, ALIASES)
    assert _sources(again) == _sources(merged)


def _courses(notebook):
    return [cell.metadata.course for cell in notebook.cells if "course" in cell.metadata]


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        course = FakeCourse(tmp_path_factory.mktemp("course"), patch)
        course.reference(REFERENCE)
        old = build(course.lesson(OLD))
        course.reference(REFERENCE.replace("def count(", "def word_counts("))
        return old, build(course.lesson(_newer(OLD)))
