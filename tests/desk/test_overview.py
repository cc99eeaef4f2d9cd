"""The table of the learner's progress."""

import asyncio

from course_lib.desk import overview as overviews
from course_lib.desk import progress
from course_lib.desk.overview import overview
from course_lib.lesson import script


def test_what_was_only_run_through_is_not_begun(capsys):
    progress.record("hypernym_path", "not written", "")
    progress.record("one_hot", "wrong", "")
    progress.record("one_hot", "wrong", "")
    progress.record("ppmi", "passed", "")
    overview()
    lesson = script.find("words")
    marks = {"one_hot": "✗", "ppmi": "✓"}
    shown = "".join(marks.get(entry.name, "○") for entry in lesson.exercises)
    assert f"01  Words as vectors: 1 of {len(lesson.exercises)}  {shown}\n" in capsys.readouterr().out
    table = overviews._table()
    assert 'title="hypernym_path: not written yet">○' in table
    assert 'title="one_hot: not right yet, checked 2 times">✗' in table
    assert '<a href="01_words.ipynb">' in table


def test_the_table_follows_what_other_notebooks_check(monkeypatch):
    class Handle:
        def __init__(self):
            self.shown, self.updated = [], asyncio.Event()

        def update(self, bundle, raw):
            self.shown.append(bundle["text/plain"])
            self.updated.set()

    looks = []

    def summary():
        looks.append(1)
        return real_summary()

    real_summary = progress.summary

    async def watch():
        monkeypatch.setattr(overviews, "_SECONDS_BETWEEN_LOOKS", 0.01)
        monkeypatch.setattr(progress, "summary", summary)
        handle = Handle()
        task = asyncio.get_running_loop().create_task(overviews._follow(handle))
        while len(looks) < 3:  # it looks again and again, and has nothing to say
            await asyncio.sleep(0)
        assert handle.shown == []
        progress.record("ppmi", "passed", "")
        await asyncio.wait_for(handle.updated.wait(), timeout=30)
        seen = len(looks)
        while len(looks) < seen + 3:
            await asyncio.sleep(0)
        task.cancel()
        return handle.shown

    [shown] = asyncio.run(watch())
    assert "01  Words as vectors: 1 of " in shown
