"""The table of the learner's progress."""

import asyncio

from course_lib import overviews, progress
from course_lib.overviews import overview


def test_what_was_only_run_through_is_not_begun(capsys):
    progress.record("hypernym_path", "not written", "")
    progress.record("one_hot", "wrong", "")
    progress.record("one_hot", "wrong", "")
    progress.record("ppmi", "passed", "")
    overview()
    assert "01  Words as vectors: 1 of 9  ○○◐○○○✓○○" in capsys.readouterr().out
    table = overviews._table()
    assert 'title="hypernym_path: not written yet">○' in table
    assert 'title="one_hot: wrong, checked 2 times">◐' in table
    assert '<a href="01_words.ipynb">' in table


def test_the_table_follows_what_other_notebooks_check(monkeypatch):
    class Handle:
        shown = []

        def update(self, bundle, raw):
            self.shown.append(bundle["text/plain"])

    async def watch():
        monkeypatch.setattr(overviews, "_SECONDS_BETWEEN_LOOKS", 0.01)
        task = asyncio.get_running_loop().create_task(overviews._follow(Handle()))
        await asyncio.sleep(0.05)
        assert Handle.shown == []
        progress.record("ppmi", "passed", "")
        await asyncio.sleep(0.3)
        task.cancel()

    asyncio.run(watch())
    assert len(Handle.shown) == 1
    assert "○○○○○○✓○○" in Handle.shown[0]
