"""Every lesson's exercises and how far the learner is with them, kept up to date while the notebook is open."""

import asyncio
import html

from course_lib import progress, report
from course_lib.judge.status import Status
from course_lib.lessons import Lesson, lessons

_SECONDS_BETWEEN_LOOKS = 2.0
_watching: list[asyncio.Task] = []


def overview() -> None:
    """Show your progress. In a notebook the table follows the checks you run in other notebooks."""
    if not report.in_notebook():
        print(_text())
        return
    from IPython.display import display

    handle = display(_bundle(), raw=True, display_id=True)
    while _watching:  # a second call takes over from the first
        _watching.pop().cancel()
    _watching.append(asyncio.get_event_loop().create_task(_follow(handle)))


async def _follow(handle) -> None:
    shown = progress.summary()
    while True:
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
        if (now := progress.summary()) != shown:
            shown = now
            handle.update(_bundle(), raw=True)


def _bundle() -> dict[str, str]:
    return {"text/html": _table(), "text/plain": _text()}


def _text() -> str:
    record = progress.summary()
    lines = []
    for lesson in lessons():
        names = [entry.name for entry in lesson.exercises]
        marks = "".join(_mark(record.get(name)) for name in names)
        lines.append(f"{lesson.number}  {lesson.title}: {_passed(lesson, record)} of {len(names)}  {marks}")
    return "\n".join(lines)


def _table() -> str:
    record = progress.summary()
    left = 'style="text-align:left"'
    rows = [f"<tr><th {left}>Lesson</th><th {left}>Done</th><th {left}>Exercises (○ open, ◐ begun, ✓ passed)</th></tr>"]
    for lesson in lessons():
        title = html.escape(f"{lesson.number} · {lesson.title}")
        done, total = _passed(lesson, record), len(lesson.exercises)
        bar = f'<progress max="{max(1, total)}" value="{done}" aria-label="{done} of {total} exercises"></progress>'
        marks = " ".join(
            f'<span title="{entry.name}: {_words(record.get(entry.name))}">{_mark(record.get(entry.name))}</span>'
            for entry in lesson.exercises
        )
        link = f'<a href="{lesson.name}.ipynb">{title}</a>'
        rows.append(f"<tr><td {left}>{link}</td><td {left}>{bar} {done} of {total}</td><td {left}>{marks}</td></tr>")
    return f"<table>{''.join(rows)}</table>"


def _passed(lesson: Lesson, record: dict[str, progress.Row]) -> int:
    return sum(entry.name in record and record[entry.name].status == Status.PASSED.value for entry in lesson.exercises)


def _mark(row: progress.Row | None) -> str:
    if row is None or row.status == Status.NOT_WRITTEN.value:  # running a lesson through is not a beginning
        return "○"
    return "✓" if row.status == Status.PASSED.value else "◐"


def _words(row: progress.Row | None) -> str:
    if row is None or row.status == Status.NOT_WRITTEN.value:
        return "not written yet"
    times = "once" if row.attempts == 1 else f"{row.attempts} times"
    return "passed" if row.status == Status.PASSED.value else f"{row.status}, checked {times}"
