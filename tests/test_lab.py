"""`course lab` serves the learner's folder with our settings below the user's own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from course_lib import lab
from course_lib.lesson.errors import CourseError

WIDGETS = "@jupyter-widgets/jupyterlab-manager:plugin"
NOTIFICATION = "@jupyterlab/apputils-extension:notification"


@pytest.fixture
def jupyter_folders(tmp_path, monkeypatch) -> Path:
    """Jupyter's folders inside the test's, so that the user's are neither read nor written."""
    for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
        monkeypatch.setenv(f"JUPYTER_{name}", str(tmp_path / name.lower()))
    monkeypatch.setenv("JUPYTERLAB_SETTINGS_DIR", str(tmp_path / "settings"))
    monkeypatch.setenv("JUPYTERLAB_WORKSPACES_DIR", str(tmp_path / "workspaces"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("JUPYTER_CONFIG_PATH", raising=False)
    return tmp_path


def test_the_server_offers_the_lessons_with_our_settings_and_ends_cleanly(jupyter_folders, work_folder):
    own = jupyter_folders / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    own.parent.mkdir(parents=True)
    own.write_text('{"checkForUpdates": true}')  # what the user has set, wins
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-c", "from course_lib.cli import main; main()", "lab", "--no-browser", "--allow-root"]
    words += ["--port", str(port), "--IdentityProvider.token=t", "--ServerApp.port_retries=0"]
    with open(jupyter_folders / "log", "w+", encoding="utf-8") as log:
        process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_for(f"http://127.0.0.1:{port}/api/status?token=t", process, jupyter_folders / "log")
            settings = {one["id"]: one for one in _get(port, "lab/api/settings")["settings"]}
            assert settings[WIDGETS]["schema"]["properties"]["saveState"]["default"] is True
            notification = settings[NOTIFICATION]
            assert notification["schema"]["properties"]["fetchNews"]["default"] == "false"
            assert notification["schema"]["properties"]["checkForUpdates"]["default"] is False
            assert notification["settings"] == {"checkForUpdates": True}
            names = [one["name"] for one in _get(port, "api/contents")["content"]]
            assert "00_start_here.ipynb" in names
            page = urllib.request.urlopen(f"http://127.0.0.1:{port}/?token=t", timeout=5)
            assert page.url.split("?")[0].endswith("/lab/tree/00_start_here.ipynb")
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise
    assert process.returncode in (0, -signal.SIGTERM)
    assert own.read_text() == '{"checkForUpdates": true}'


def _get(port: int, path: str) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}?token=t", timeout=5) as answer:
        return json.load(answer)


def _wait_for(url: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        try:
            return urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            time.sleep(0.1)
    pytest.fail(log.read_text(encoding="utf-8"))


def test_our_settings_come_after_the_configuration_that_is_there_already(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/theirs")
    variables = lab.environment(tmp_path)
    assert variables["JUPYTER_CONFIG_PATH"].split(os.pathsep) == ["/theirs", str(lab.SETTINGS)]
    assert variables["COURSE_WORK"] == str(tmp_path)


def test_folders_named_relative_to_here_are_found_by_a_kernel_elsewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", "data")
    assert lab.environment(tmp_path)["COURSE_DATA"] == str(Path("data").resolve())


def test_a_terminal_in_jupyterlab_knows_the_course_command(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "/usr/bin")
    programs = str(Path(sys.executable).parent)
    assert lab.environment(tmp_path)["PATH"].split(os.pathsep) == [programs, "/usr/bin"]
    monkeypatch.setenv("PATH", os.pathsep.join(["/usr/bin", programs]))  # an order of one's own stays
    assert lab.environment(tmp_path)["PATH"].split(os.pathsep) == ["/usr/bin", programs]


def test_every_option_goes_to_jupyterlab_after_ours(tmp_path):
    words = lab.command(("--port", "8899", "--ServerApp.root_dir=/else"), tmp_path)
    assert words[-3:] == ["--port", "8899", "--ServerApp.root_dir=/else"]
    assert f"--ServerApp.root_dir={tmp_path}" in words[:-3]


def test_without_jupyterlab_the_remedy_is_told(monkeypatch):
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(CourseError, match="pip install jupyterlab"):
        lab.open_lab()


def test_root_is_told_which_option_is_missing(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    with pytest.raises(CourseError, match="LAB_ARGS=--allow-root"):
        lab.open_lab(("--no-browser",))
