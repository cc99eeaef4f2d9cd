"""JupyterLab in headless Chromium.

    with Lab(folder) as lab, chromium() as browser:
        notebook = LabNotebook(new_page(browser), lab).open("lesson.ipynb")   # or .open(...) again for the next one
        notebook.run_all(); notebook.theme(dark=True); notebook.save()
        notebook.page.outside, notebook.page.errors, notebook.errors()        # requests that tried to leave; errors

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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

PROJECT = Path(__file__).resolve().parents[2]
SETTINGS = PROJECT / "course_lib" / "lab_config"
QUIET = {  # no pop-up, no request for news, no saving behind the test's back
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}
OUTSIDE = re.compile(r"^(https?|wss?)://(?!127\.0\.0\.1|localhost)")


def why_no_browser() -> str:
    """What is missing for the browser tests, "" when nothing is."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "the playwright package is not installed (pip install playwright)"
    if not chromium_path():
        return "there is no Chromium on the PATH (CHROMIUM names one elsewhere)"
    return ""


def chromium_path() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium. Not for a whole test session: while it runs, nothing else can use asyncio."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(),
            chromium_sandbox=False,
            args=["--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"],
        )
        try:
            yield browser
        finally:
            browser.close()


def new_page(browser: Any, width: int = 1100, height: int = 900, **options: Any) -> Any:
    """A page in a fresh context that cannot leave this machine.

    browser: from chromium()
    width, height: in pixels; options: for playwright's new_context
    Returns the page; page.outside lists the requests that were stopped, page.errors the errors of the page.
    """
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.outside, page.errors = [], []
    context.route(OUTSIDE, lambda route: (page.outside.append(route.request.url), route.abort()))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda line: line.type == "error" and page.errors.append(line.text))
    return page


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
            PYTHONPATH=os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")])),
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
        """Switch JupyterLab to its dark or light theme."""
        self._command("apputils:change-theme", theme="JupyterLab Dark" if dark else "JupyterLab Light")
        self.page.wait_for_function("d => document.body.dataset.jpThemeLight === String(!d)", arg=dark)
        self.page.wait_for_timeout(200)

    def save(self) -> Any:
        """Save the notebook. Returns it as read from the file."""
        self._command("docmanager:save")
        return nbformat.read(self.path, as_version=4)

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
