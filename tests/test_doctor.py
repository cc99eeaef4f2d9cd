"""`course doctor` finds what is wrong, and says what to do about it."""

import importlib.metadata
import json

import pytest

from course_lib import doctor
from course_lib.desk import progress


def row(name: str) -> doctor.Row:
    [found] = [one for one in doctor.iterate() if one.name == name]
    return found


def test_everything_that_is_needed_works_here_and_every_failure_has_a_remedy():
    found = list(doctor.iterate())
    assert [one.text for one in found if one.ok is False] == []
    assert {"Python", "packages", "torch", "widgets", "kernel", "your folder"} <= {one.name for one in found if one.ok}
    assert len(doctor.text().splitlines()) == len(found) + sum(bool(one.remedy) for one in found)


def test_a_package_that_is_too_old_or_missing_is_named(monkeypatch):
    wanted = ["click>=999", "no-such-package>=1", "numpy", 'pytest>=999; extra == "dev"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: wanted)
    found = row("packages")
    assert found.ok is False and found.remedy
    assert "needed is >=999" in found.text and "no-such-package is missing" in found.text
    assert "numpy" not in found.text and "pytest" not in found.text


def test_widgets_that_jupyterlab_would_not_find_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [str(tmp_path)])
    found = row("widgets")
    assert found.ok is False and "anywidget" in found.text and "pip install" in found.remedy


def test_a_kernel_of_another_python_is_named(monkeypatch, tmp_path):
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps({"argv": ["/elsewhere/python", "-m", "x"], "display_name": "x"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    found = row("kernel")
    assert found.ok is False and "/elsewhere/python" in found.text and "ipykernel install" in found.remedy


def test_a_folder_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    found = row("your folder")
    assert found.ok is False and "Permission denied" in found.text and "COURSE_WORK" in found.remedy


def test_a_full_disk_is_named(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10**6})())
    assert row("your folder").ok is False


def test_progress_is_counted_and_a_damaged_file_is_named():
    assert row("your progress").ok is None
    progress.record("one_hot", "wrong", "")
    progress.record("one_hot", "passed", "")
    progress.record("ppmi", "wrong", "")
    assert row("your progress").text == "1 exercises passed of 2 tried"
    before = b"no database " * 100
    progress.path().write_bytes(before)
    assert row("your progress").ok is False
    assert progress.path().read_bytes() == before


def test_missing_data_is_told_but_is_no_failure(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    found = row("real data")
    assert found.ok is None and "course data" in found.remedy


def test_without_a_browser_nothing_fails(monkeypatch):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(doctor.shutil, "which", lambda _: None)
    assert row("browser").ok is None


@pytest.mark.parametrize("error", [ImportError("libc10.so"), OSError("DLL load failed")])
def test_a_look_that_fails_becomes_a_row(monkeypatch, error):
    def fail():
        raise error

    monkeypatch.setitem(doctor._LOOKS, "torch", fail)
    found = row("torch")
    assert found.ok is False and str(error) in found.text and found.remedy
