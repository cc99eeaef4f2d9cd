"""What all tests share: one thread each, where the real data is, and a folder of their own for the learner's things."""

import os
from pathlib import Path

import pytest

# Before NumPy and PyTorch are imported, and for every process started from here: our arrays are so small that two
# threads cost more than they save, and tests that run side by side would fight for the processors.
for _library in ("OMP", "MKL", "OPENBLAS"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

PROJECT = Path(__file__).resolve().parent.parent
_BESIDE = PROJECT.parent / "shared" / "data"

if "COURSE_DATA" not in os.environ and _BESIDE.is_dir():
    os.environ["COURSE_DATA"] = str(_BESIDE)


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):  # side by side, what takes longest starts first
        items.sort(key=lambda item: "notebook" not in item.keywords)
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
