"""Every lesson's exercises and how far the learner is with them, kept up to date while the notebook is open."""

import asyncio
import html

from course_lib.desk import progress, report
from course_lib.judge.status import Status
from course_lib.language import say, say_count
from course_lib.lesson.script import Lesson, lessons

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
        marks = "".join(_status(record.get(entry.name, progress.Row())).mark for entry in lesson.exercises)
        lines.append(f"{lesson.number}  {lesson.title}: {_done(lesson, record)}  {marks}")
    return "\n".join(lines)


def _table() -> str:
    record = progress.summary()
    legend = ", ".join(f"{one.mark} {say(one.headline)}" for one in Status if one is not Status.MISSING)
    rows = [_row("th", say("Lesson"), say("Done"), say("Exercises ({legend})", legend=legend))]
    for lesson in lessons():
        title = html.escape(f"{lesson.number} · {lesson.title}")
        done, total = progress.passed(lesson.exercises, record), len(lesson.exercises)
        label = say("{done} of {total} exercises", done=done, total=total)
        bar = f'<progress max="{max(1, total)}" value="{done}" aria-label="{label}"></progress>'
        known = {entry.name: record.get(entry.name, progress.Row()) for entry in lesson.exercises}
        spans = [f'<span title="{name}: {_words(row)}">{_status(row).mark}</span>' for name, row in known.items()]
        link = f'<a href="{lesson.name}.ipynb">{title}</a>'
        rows.append(_row("td", link, f"{bar} {_done(lesson, record)}", " ".join(spans)))
    return f"<table>{''.join(rows)}</table>"


def _row(kind: str, *cells: str) -> str:
    return "<tr>" + "".join(f'<{kind} style="text-align:left">{cell}</{kind}>' for cell in cells) + "</tr>"


def _done(lesson: Lesson, record: dict[str, progress.Row]) -> str:
    return say("{done} of {total}", done=progress.passed(lesson.exercises, record), total=len(lesson.exercises))


def _status(row: progress.Row) -> Status:
    return Status(row.status) if row.status else Status.NOT_WRITTEN


def _words(row: progress.Row) -> str:
    status = _status(row)
    if status in (Status.NOT_WRITTEN, Status.PASSED):
        return say(status.headline)
    one, many = "{status}, checked once", "{status}, checked {number} times"
    return say_count(row.attempts, one, many, status=say(status.headline))
