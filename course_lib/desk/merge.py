"""Bring a learner's notebook to a new version of its lesson without losing a line the learner wrote.

A cell is the course's while the fingerprint in its metadata matches its source, and the learner's as soon as it does
not. What happens to each kind of old cell:

    course cell, not edited         gives way to the new version
    exercise, edited                stays in its place, with its outputs; half an answer is an answer
    exercise, edited, renamed       the same, its `def` line carries the new name and the old name still works
    exercise, edited, removed       moves to the end, under a note
    other course cell, edited       stays in place if the course left that cell alone, else follows the new version,
                                    under a note
    course cell, deleted            comes back: an exercise with the next update, text with the next version
    the learner's own cell          stays behind the cell it stood behind; so does a copy or a split-off part of a
                                    course cell, which JupyterLab gives the metadata of the original

Metadata that another program dropped is made up for by cell ids, equal text and `def name` lines.
"""

import ast
import copy
import difflib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from course_lib.desk.answers import defines
from course_lib.language import say, say_count
from course_lib.lesson.marks import CHECK_OUTPUT, fingerprint, role_of, unique

_LIKE = 0.5  # two texts that share this part of their words are versions of one cell
# notes that a merge leaves in the notebook
_CHANGED = "*Kept by `course update`: the course has changed this part. Below is your edited version.*"
_GONE = "*Kept by `course update`: the course no longer has this cell. Below is your edited version.*"
_REMOVED = "### Kept from an earlier version: {name}\n\nThis lesson no longer has the exercise. Below is your answer."


@dataclass
class _Cell:
    """An old cell and what is known about it: role is "exercise", "check", "text", or "own" (the learner's)."""

    cell: NotebookNode
    role: str = "own"
    name: str = ""  # the exercise's name then
    sha: str = ""  # fingerprint of the source as the course gave it
    now: str = ""  # the exercise's name in the new version

    @property
    def edited(self) -> bool:
        return fingerprint(self.cell.source) != self.sha or bool(self.cell.get("attachments"))


def merge(
    old: NotebookNode, new: NotebookNode, aliases: Mapping[str, Sequence[str]] | None = None
) -> tuple[NotebookNode, list[str]]:
    """Merge a learner's notebook with the new version of its lesson.

    old: the learner's notebook, format 4; it is not changed.
    new: the notebook as built now; it is not changed.
    aliases: for each renamed exercise its earlier names, {"cosine_similarity": ("cosine",)}.
    Returns the merged notebook, and lines that say what was kept, moved, renamed. When the old one already is at the
    new version, it comes back as it was, with no lines.
    """
    old, new = copy.deepcopy(old), copy.deepcopy(new)
    if _at_version(old, new):
        return old, []
    present = {name for _, name in filter(None, map(role_of, new.cells))}
    renamed = {earlier: name for name, names in (aliases or {}).items() for earlier in names if earlier not in present}
    cells = _classified(old, new, renamed)
    slots = _matched(cells, new)
    return _Assembly(old, new, cells, slots).result()


def _at_version(old: NotebookNode, new: NotebookNode) -> bool:
    """Whether the old notebook was built or merged from this version and still has all its exercises."""
    present = {role_of(cell) for cell in old.cells}
    needed = {role_of(cell) for cell in new.cells if role_of(cell)}
    return "course" in old.metadata and old.metadata.course == new.metadata.course and needed <= present


def _called_after(cell: NotebookNode, sha: str) -> bool:
    """Whether the cell's id is the one that the builder gives to the text of that fingerprint."""
    return re.fullmatch(rf"{sha}(-\d+)?", cell.get("id", "")) is not None


def _classified(old: NotebookNode, new: NotebookNode, renamed: Mapping[str, str]) -> list[_Cell]:
    """Say of each old cell whose it is."""
    topic = new.metadata.course.lesson.partition("_")[2]
    cells = []
    for cell in old.cells:
        course = cell.metadata.pop("course", None)
        known = isinstance(course, dict) and isinstance(course.get("sha"), str)
        sha = fingerprint(cell.source)
        if known and str(course.get("lesson")).partition("_")[2] == topic:
            role = next((role for role in ("exercise", "check") if role in course), "text")
            name = str(course.get(role, ""))
            cells.append(_Cell(cell, role, name, course["sha"], renamed.get(name, name)))
        elif not known and _called_after(cell, sha):
            cells.append(_Cell(cell, "text", sha=sha))  # its id is the fingerprint of its text: never edited
        else:
            cells.append(_Cell(cell))
    _adopt(cells, new, renamed)
    return cells


def _adopt(cells: list[_Cell], new: NotebookNode, renamed: Mapping[str, str]) -> None:
    """Recognise course cells that lost their metadata."""
    known = {(one.role, one.now) for one in cells if one.name}
    dropped = not known  # by another program, all of it
    for cell in new.cells:
        role, name = role_of(cell) or ("text", "")
        if name and (role, name) in known:
            continue
        sha = cell.metadata.course.sha
        # an exercise that is new in this version is not answered by a helper which happens to have its name
        there_before = dropped or ("check", name) in known
        called = [name, *(key for key in renamed if renamed[key] == name)] if name else []
        own = [one for one in cells if one.role == "own"]
        claims = [(one, name, sha) for one in own if fingerprint(one.cell.source) == sha]
        for key in called:
            wanted = key if role == "exercise" else f"check-{key}"
            claims += [(one, key, "") for one in own if one.cell.get("id") == wanted]
        for key in called if role == "exercise" and there_before else ():
            claims += [(one, key, "") for one in own if defines(one.cell, key)]
        if claims:
            one = claims[0][0]
            one.role, one.name, one.sha, one.now = role, *claims[0][1:], name


def _matched(cells: list[_Cell], new: NotebookNode) -> dict[int, int]:
    """For each old cell that has a counterpart, the position of the new one.

    Copies and split-off parts of a cell become the learner's own here: one cell of a group stands for all.
    """
    groups: dict[tuple, list[int]] = defaultdict(list)
    for index, one in enumerate(cells):
        if one.role != "own":
            groups[one.role, one.now or one.sha].append(index)
    targets: dict[tuple, list[int]] = defaultdict(list)
    for index, cell in enumerate(new.cells):
        targets[role_of(cell) or ("text", cell.metadata.course.sha)].append(index)

    slots: dict[int, int] = {}
    for key, members in groups.items():
        if key[0] == "text":
            # the course may say the same thing twice; its own cells have the ids that it gave them
            given = [i for i in members if _called_after(cells[i].cell, key[1])]
            first = (given or members)[: max(len(given), len(targets[key]), 1)]
        else:
            first = [min(members, key=lambda i: _rank(cells[i], key[1], i))]
        slots.update(zip(first, targets[key], strict=False))
        for index in set(members) - set(first):
            cells[index].role = "own"

    _match_versions(cells, new, slots)
    return slots


def _rank(one: _Cell, name: str, index: int) -> tuple:
    """Sort key: the cell of a group that is most of an answer comes first."""
    return (not one.edited, not defines(one.cell, one.name), one.name != name, one.cell.get("id") != name, index)


def _match_versions(cells: list[_Cell], new: NotebookNode, slots: dict[int, int]) -> None:
    """Match texts that the course changed: the most alike first, then those between the same neighbours."""
    texts = [i for i, one in enumerate(cells) if one.role == "text"]
    left = [i for i in texts if i not in slots]
    taken = set(slots.values())
    free = [j for j, cell in enumerate(new.cells) if j not in taken and role_of(cell) is None]

    alike = []
    words = {i: re.findall(r"\w+", cells[i].cell.source) for i in left}
    for j in free:
        matcher = difflib.SequenceMatcher(b=re.findall(r"\w+", new.cells[j].source), autojunk=False)
        for i in left:
            matcher.set_seq1(words[i])
            ratios = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)  # upper bounds first
            if cells[i].cell.cell_type == new.cells[j].cell_type and all(ratio() >= _LIKE for ratio in ratios):
                alike.append((-matcher.ratio(), abs(i - j), i, j))
    for _, _, i, j in sorted(alike):
        if i not in slots and j not in taken:
            slots[i] = j
            taken.add(j)

    course = [i for i, one in enumerate(cells) if one.role != "own"]
    for here, i in enumerate(course):
        if i in slots or cells[i].role != "text":
            continue
        before = slots.get(course[here - 1], -2) + 1 if here else 0
        after = slots.get(course[here + 1], 0) - 1 if here + 1 < len(course) else len(new.cells) - 1
        for j in (before, after):
            if j in free and j not in taken and cells[i].cell.cell_type == new.cells[j].cell_type:
                slots[i] = j
                taken.add(j)
                break


@dataclass
class _Assembly:
    """Puts the merged notebook together, in the order of the new one."""

    old: NotebookNode
    new: NotebookNode
    cells: list[_Cell]
    slots: dict[int, int]
    lines: list[str] = field(default_factory=list)

    def result(self) -> tuple[NotebookNode, list[str]]:
        placed = {j: [cell] for j, cell in enumerate(self.new.cells)}
        behind: dict[int, list[NotebookNode]] = defaultdict(list)
        end = len(self.new.cells)
        before = {fingerprint(one.cell.source) if one.role == "own" else one.sha for one in self.cells}
        fresh = sum(cell.metadata.course.sha not in before for cell in self.new.cells)
        if fresh:
            one, many = "1 cell of the course new or changed", "{number} cells of the course new or changed"
            self.lines.append(say_count(fresh, one, many))
        anchor, own = -1, 0
        for i, one in enumerate(self.cells):
            if i in self.slots:
                anchor = self.slots[i]
                placed[anchor] = self._in_place(one, self.new.cells[anchor])
            elif one.role == "own":
                own += 1
                behind[anchor].append(one.cell)
            elif one.edited and one.role == "exercise":
                text = "{name} is no longer part of this lesson: your answer is at the end"
                self.lines.append(say(text, name=one.name))
                behind[end] += [_note(say(_REMOVED, name=one.name)), one.cell]
            elif one.edited:
                text = "the course dropped a cell you had edited; yours is kept: {cell}"
                self.lines.append(say(text, cell=_brief(one.cell)))
                behind[anchor] += [_note(say(_GONE)), one.cell]
        if own:
            self.lines.append(say_count(own, "1 cell of your own kept", "{number} cells of your own kept"))

        cells = [cell for j in range(-1, end + 1) for cell in placed.get(j, []) + behind[j]]
        self._identify(cells)
        # the learner's kernel and the state of widgets stay
        metadata = {**self.new.metadata, **self.old.metadata, "course": self.new.metadata.course}
        self.old.cells, self.old.metadata = cells, NotebookNode(metadata)
        self.old.nbformat_minor = max(self.old.get("nbformat_minor", 0), self.new.nbformat_minor)
        return self.old, self.lines

    def _in_place(self, one: _Cell, new: NotebookNode) -> list[NotebookNode]:
        """The cells that take the place of a new cell which an old one is matched with."""
        old, course = one.cell, new.metadata.course
        same_text = fingerprint(old.source) == course.sha and not old.get("attachments")
        if old.cell_type == new.cell_type and (same_text or not one.edited):
            return [self._refreshed(old, new)]
        if one.role == "exercise" or one.sha == course.sha:
            if one.role == "exercise":
                self._report(one, new)
            old.metadata["course"], old["id"] = course, new.id
            return [old]
        text = "the course changed a cell you had edited; yours follows the new one: {cell}"
        self.lines.append(say(text, cell=_brief(old)))
        return [new, _note(say(_CHANGED)), old]

    def _refreshed(self, old: NotebookNode, new: NotebookNode) -> NotebookNode:
        """The new cell; with the old one's outputs if the two are the same, and the learner's tags in any case."""
        tags = [tag for tag in old.metadata.get("tags", []) if tag != CHECK_OUTPUT] + new.metadata.get("tags", [])
        new.metadata = NotebookNode({**old.metadata, **new.metadata})
        if tags:
            new.metadata["tags"] = list(dict.fromkeys(tags))
        if fingerprint(old.source) == fingerprint(new.source) and old.get("outputs") and not new.get("outputs"):
            new.outputs, new.execution_count = old.outputs, old.get("execution_count")
        return new

    def _report(self, one: _Cell, new: NotebookNode) -> None:
        """Rename an answer if its exercise was renamed, and say what the learner has to know."""
        name = new.metadata.course.exercise
        lines = [say("{name}: your answer is kept", name=name)]
        if one.name != name and not defines(one.cell, name):
            pattern = rf"^((?:async +def|def|class) +){re.escape(one.name)}\b"
            source, found = re.subn(pattern, rf"\g<1>{name}", one.cell.source, flags=re.MULTILINE)
            text = "the exercise was called {old}, so define {name} in its cell"
            if found:
                # the learner's other lines, and recursion, may still call the old name
                text = "the exercise was called {old}, which still works"
                one.cell.source = f"{source}\n\n{one.name} = {name}  # {say('its earlier name')}"
            lines.append(say(text, old=one.name, name=name))
        yours, ours = _parameters(one.cell.source, name), _parameters(new.source, name)
        if one.sha != new.metadata.course.sha:
            if yours is not None and ours is not None and yours != ours:
                text = "it now takes ({ours}), your answer takes ({yours})"
                lines.append(say(text, ours=", ".join(ours), yours=", ".join(yours)))
            else:
                lines.append(say("the course's text around it has changed"))
        self.lines.append("; ".join(lines))

    def _identify(self, cells: list[NotebookNode]) -> None:
        """Give every cell an id of its own; the course's cells come first in the choice."""
        used: set[str] = set()
        for ours in (True, False):
            for cell in cells:
                if ("course" in cell.metadata) is not ours:
                    continue
                sha, wanted = fingerprint(cell.source), cell.get("id")
                if not wanted or (not ours and _called_after(cell, sha)):
                    wanted = f"own-{sha}"  # only a course cell may be called after its text
                cell["id"] = unique(wanted, used)


def _note(text: str) -> NotebookNode:
    return new_markdown_cell(text, id=f"note-{fingerprint(text)}")


def _parameters(source: str, name: str) -> list[str] | None:
    """The names of a function's parameters; None for a class and for text that is no Python."""
    try:
        nodes = ast.parse(source).body
    except SyntaxError:
        return None
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return [one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)]
    return None


def _brief(cell: NotebookNode) -> str:
    line = next((line.strip() for line in cell.source.splitlines() if line.strip()), "(empty)")
    return repr(line if len(line) <= 50 else line[:49] + "…")
