"""What all tests share: where the real data is, and a folder of their own for the learner's things."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
_BESIDE = PROJECT.parent / "shared" / "data"

if "COURSE_DATA" not in os.environ and _BESIDE.is_dir():
    os.environ["COURSE_DATA"] = str(_BESIDE)


def pytest_collection_modifyitems(items):
    if "COURSE_DATA" in os.environ:
        return
    missing = pytest.mark.skip(reason="the real data sets are not here; COURSE_DATA names the folder that holds them")
    for item in items:
        if "real_data" in item.keywords:
            item.add_marker(missing)


@pytest.fixture(autouse=True)
def work_folder(tmp_path, monkeypatch) -> Path:
    """A `my_work/` folder of the test's own, so that no test touches the learner's."""
    folder = tmp_path / "my_work"
    folder.mkdir()
    monkeypatch.setenv("COURSE_WORK", str(folder))
    return folder
