"""JupyterLab in Chromium.

    with Lab(folder) as lab, chromium() as browser:
        notebook = LabNotebook(new_page(browser), lab).open("lesson.ipynb")   # or .open(...) again for the next one
        notebook.run_all(); notebook.theme(dark=True); notebook.save()
        notebook.page.outside, notebook.page.errors, notebook.errors()        # requests that tried to leave; errors
        seen = Changes(notebook, cell=1); seen.radio("relu")                  # each act must change what is seen

The server has its own configuration folders and the settings of `course lab` (course_lib/lab_config).
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

PROJECT = Path(__file__).resolve().parents[2]
TESTS = PROJECT / "tests"
SETTINGS = PROJECT / "course_lib" / "lab_config"
QUIET = {  # no pop-up, no request for news, no saving behind the test's back
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}


def write_notebook(path: Path, *cells: str) -> Path:
    """Write a notebook of code cells; a cell that starts with "# %% [markdown]" is text.

    path: the file; cells: their sources
    Returns the path.
    """
    mark = "# %% [markdown]\n"
    made = [
        nbformat.v4.new_markdown_cell(cell[len(mark) :]) if cell.startswith(mark) else nbformat.v4.new_code_cell(cell)
        for cell in cells
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=kernel), path)
    return path


IS_DARK = "() => document.body.dataset.jpThemeLight === 'false'"
PAPER = "() => getComputedStyle(document.body).getPropertyValue('--jp-layout-color0')"

LOOK = """async (widget) => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const pixels = (c) => c.width && c.height && new Uint32Array(
    c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer).reduce((h, v) => (31 * h + v) | 0, 7);
  const look = () => JSON.stringify([[...widget.querySelectorAll('canvas')].map(pixels), widget.innerText]);
  let before, now = look();
  do {
    before = now;
    await new Promise((done) => setTimeout(done, 40));  // a widget puts a question off for less
    await kernel.requestKernelInfo();                   // what the kernel was asked before, it has answered before
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    now = look();
  } while (now !== before);
  return now;
}"""


class Lab:
    """JupyterLab on 127.0.0.1, apart from the user's configuration.

    root: the folder it shows
    settings: more settings of JupyterLab, {plugin: {name: value}}
    """

    def __init__(self, root: Path, settings: dict | None = None) -> None:
        self.root = Path(root).resolve()
        self.settings = {**QUIET, **(settings or {})}

    def __enter__(self) -> "Lab":
        self.own = Path(tempfile.mkdtemp(prefix="course-lab-test-"))
        overrides = self.own / "config" / "labconfig" / "default_setting_overrides.json"
        overrides.parent.mkdir(parents=True)
        overrides.write_text(json.dumps(self.settings))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.token, self.url = secrets.token_hex(16), f"http://127.0.0.1:{port}/"
        environment = dict(
            os.environ,
            JUPYTER_CONFIG_DIR=str(self.own / "config"),
            JUPYTER_CONFIG_PATH=str(SETTINGS),
            JUPYTER_DATA_DIR=str(self.own / "data"),
            JUPYTER_RUNTIME_DIR=str(self.own / "runtime"),
            IPYTHONDIR=str(self.own / "ipython"),
            JUPYTERLAB_SETTINGS_DIR=str(self.own / "settings"),
            JUPYTERLAB_WORKSPACES_DIR=str(self.own / "workspaces"),
            JUPYTER_PREFER_ENV_PATH="1",
            PYTHONPATH=os.pathsep.join(filter(None, [str(PROJECT), str(TESTS), os.environ.get("PYTHONPATH")])),
            OMP_NUM_THREADS="1",
        )
        options = [
            "--no-browser",
            "--allow-root",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={self.root}",
            "--LabApp.expose_app_in_browser=True",
        ]
        with open(self.own / "lab.log", "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", *options],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=self.root,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}api/status?token={self.token}", timeout=2).read()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("JupyterLab did not start:\n" + (self.own / "lab.log").read_text()[-3000:])

    def __exit__(self, *_: Any) -> None:
        try:
            self.process.terminate()  # the server ends its kernels
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.own, ignore_errors=True)


class LabNotebook:
    """A page with JupyterLab and one notebook in front.

    page: from new_page()
    lab: the running server
    """

    def __init__(self, page: Any, lab: Lab) -> None:
        self.page, self.lab, self.path = page, lab, None
        self.cells, self.size, self.has_run = (), 0, False

    def write(self, name: str, *cells: str) -> None:
        """Write a notebook into the server's folder, not run yet."""
        self.cells, self.has_run = cells, False
        self.size = write_notebook(self.lab.root / name, *cells).stat().st_size

    def open(self, name: str) -> "LabNotebook":
        """Open a notebook of the server's folder (closing the one before) and wait for its kernel."""
        page = self.page
        if self.path is None:
            address = f"{self.lab.url}lab/workspaces/{secrets.token_hex(4)}?token={self.lab.token}&reset"
            page.goto(address, wait_until="domcontentloaded")
            page.wait_for_function("() => window.jupyterapp", timeout=60_000)
            page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=60_000)
            page.evaluate("async () => { await jupyterapp.restored; jupyterapp.shell.collapseLeft(); }")
        else:
            self.close()
        self.path = self.lab.root / name
        self._command("docmanager:open", path=name)
        page.wait_for_function(
            """async () => { const w = jupyterapp.shell.currentWidget;
            if (!w?.sessionContext) return false; await w.sessionContext.ready;
            const k = w.sessionContext.session?.kernel;
            return !!k && k.connectionStatus === 'connected' && k.status === 'idle'; }""",
            timeout=60_000,
        )
        return self

    def close(self) -> None:
        """Close the notebook without saving and end its kernel."""
        self.page.evaluate(
            """async () => { const w = jupyterapp.shell.currentWidget; if (!w?.sessionContext) return;
            await w.sessionContext.shutdown(); w.context.model.dirty = false; w.close(); }"""
        )

    def run_all(self) -> None:
        """Run every cell and wait till the kernel has nothing more to do."""
        self.has_run = True
        self._command("notebook:run-all-cells")
        self.wait_idle()

    def wait_idle(self) -> None:
        self.page.wait_for_function(
            """() => { const w = jupyterapp.shell.currentWidget, k = w.sessionContext.session.kernel;
            return k.status === 'idle'
              && ![...w.node.querySelectorAll('.jp-InputPrompt')].some((e) => e.textContent.includes('*')); }""",
            timeout=120_000,
        )
        self.page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")

    def theme(self, dark: bool) -> None:
        """Switch JupyterLab to its dark or light theme and wait till its colours are there."""
        if self.page.evaluate(IS_DARK) == dark:
            return
        paper = self.page.evaluate(PAPER)
        self._command("apputils:change-theme", theme="JupyterLab Dark" if dark else "JupyterLab Light")
        there = f"([dark, paper]) => ({IS_DARK})() === dark && ({PAPER})() !== paper"
        self.page.wait_for_function(there, arg=[dark, paper])
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")  # it comes with a theme; one at a time
        self.page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")

    def save(self) -> Any:
        """Save the notebook. Returns it as read from the file."""
        self._command("docmanager:save")
        return nbformat.read(self.path, as_version=4)

    def still(self, cell: int) -> str:
        """Save the notebook, whose file must stay small. Returns the HTML of a cell's still picture."""
        self.output(cell).locator("[data-ready]").wait_for()
        saved = self.save()
        grown = self.path.stat().st_size - self.size
        assert grown <= 50_000, f"{grown} bytes for one widget, its state and its code"
        outputs = saved.cells[cell].outputs
        [still] = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
        assert re.search("data:image/(png;base64|svg[+]xml),", still)
        return still

    def errors(self) -> list[str]:
        """What the cells wrote as errors."""
        kinds = ("application/vnd.jupyter.error", "application/vnd.jupyter.stderr")
        selector = ", ".join(f'.jp-OutputArea-output[data-mime-type="{kind}"]' for kind in kinds)
        return [text[:600] for text in self.page.locator(selector).all_inner_texts()]

    def output(self, cell: int) -> Any:
        """The locator of a cell's output, counted from 0."""
        return (
            self.page.locator(".jp-NotebookPanel:visible .jp-Notebook .jp-Cell")
            .nth(cell)
            .locator(".jp-Cell-outputArea")
        )

    def _command(self, name: str, **arguments: Any) -> None:
        self.page.evaluate("([n, a]) => jupyterapp.commands.execute(n, a).then(() => null)", [name, arguments])


class Changes:
    """What a reader sees of a widget: its pictures and its words. Each act must change something of it."""

    def __init__(self, notebook: LabNotebook, cell: int) -> None:
        self.notebook, self.page, self.output = notebook, notebook.page, notebook.output(cell)
        self.output.locator("[data-ready]").wait_for()
        self.output.scroll_into_view_if_needed()
        self.settle()

    def settle(self) -> str:
        """Wait till the kernel has said all that belongs to the last act. Returns what is seen."""
        self.seen = self.output.locator(".wt").evaluate(LOOK)
        return self.seen

    def change(self, act: Callable[[], Any]) -> None:
        before, end = self.seen, time.monotonic() + 10
        act()
        while self.settle() == before:
            if time.monotonic() > end:
                pytest.fail("nothing changed")

    def button(self, name: str) -> None:
        self.change(lambda: self.output.get_by_role("button", name=name, exact=True).click())

    def radio(self, name: str) -> None:
        self.change(lambda: self.output.get_by_role("radio", name=name, exact=True).first.check())

    def slide(self, name: str, value: float) -> None:
        self.change(lambda: self.output.get_by_role("slider", name=name, exact=True).fill(str(value)))

    def write(self, label: str, value: str) -> None:
        field = self.output.get_by_label(label, exact=True)
        self.change(lambda: (field.fill(value), field.press("Enter")))

    def press(self, canvas: int, *keys: str) -> None:
        """Keys on a canvas, counted from 0."""
        for key in keys:
            self.change(lambda key=key: self.output.locator("canvas").nth(canvas).press(key))

    def hover(self, canvas: int, x: float, y: float, click: bool = False) -> None:
        """Point at a place of a canvas, from 0 to 1 each way."""
        box = self.output.locator("canvas").nth(canvas).bounding_box()
        at = box["x"] + box["width"] * x, box["y"] + box["height"] * y
        self.change(lambda: (self.page.mouse.click if click else self.page.mouse.move)(*at))

    def theme(self, dark: bool) -> None:
        self.change(lambda: self.notebook.theme(dark))

    def keeps_its_keys(self, canvas: int = 0) -> None:
        """A plain key in the widget is none of the notebook's commands: "a" would insert a cell."""
        cells = self.page.locator(".jp-NotebookPanel:visible .jp-Cell")
        before = cells.count()
        self.output.locator("canvas").nth(canvas).press("a")
        assert cells.count() == before

    def text(self, selector: str) -> str:
        return self.output.locator(selector).last.inner_text()
