"""`course lab`: JupyterLab on the learner's folder, with the settings that the lessons need."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from course_lib.desk import copies
from course_lib.language import say
from course_lib.lesson.errors import CourseError
from course_lib.lesson.script import lessons
from course_lib.paths import work_dir

# a Jupyter configuration folder: defaults, below the user's own settings
SETTINGS = Path(__file__).with_name("lab_config")


def command(arguments: tuple[str, ...], folder: Path) -> list[str]:
    """The command line that starts JupyterLab.

    arguments: options for JupyterLab, passed through; the last one given wins
    folder: the learner's folder, which becomes JupyterLab's root
    Returns the words of the command.
    """
    pages = [f"/lab/tree/{lesson.name}.ipynb" for lesson in lessons()] or ["/lab"]
    options = [f"--ServerApp.root_dir={folder}", f"--LabApp.default_url={pages[0]}"]
    return [sys.executable, "-m", "jupyterlab", *options, *arguments]


def environment(folder: Path) -> dict[str, str]:
    """The environment of JupyterLab and its kernels.

    folder: the learner's folder, where a kernel finds the progress file
    Returns a copy of this process's environment with our settings layered below the user's, and with this Python's
        programs on the path.
    """
    result = dict(os.environ, COURSE_WORK=str(folder))
    for name in ("COURSE_NOTEBOOKS", "COURSE_DATA"):  # a kernel starts in another folder than this command
        if name in result:
            result[name] = str(Path(result[name]).resolve())
    layers = [result.get("JUPYTER_CONFIG_PATH"), str(SETTINGS)]
    result["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, layers))
    programs = str(Path(sys.executable).parent)  # a terminal in JupyterLab then knows the `course` command
    if programs not in result.get("PATH", "").split(os.pathsep):
        result["PATH"] = os.pathsep.join(filter(None, [programs, result.get("PATH")]))
    return result


def open_lab(arguments: tuple[str, ...] = ()) -> int:
    """Put missing lessons into the learner's folder and run JupyterLab there until it is stopped.

    arguments: options for JupyterLab, passed through
    Returns JupyterLab's exit status (on Linux and macOS this process becomes JupyterLab).
    Raises CourseError when JupyterLab is missing or would refuse to start.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        text = "JupyterLab is not installed here: run `make lab`, or `python -m pip install jupyterlab`"
        raise CourseError(say(text))
    if getattr(os, "geteuid", lambda: 1)() == 0 and not any("allow" in word and "root" in word for word in arguments):
        text = "JupyterLab refuses to run as root: add --allow-root (with make: `make lab LAB_ARGS=--allow-root`)"
        raise CourseError(say(text))
    added = copies.start_missing()
    folder = work_dir().resolve()
    if added:
        print(say("New in {folder}: {names}", folder=folder, names=", ".join(path.name for path in added)))
    print(say("JupyterLab on {folder} (stop it with Ctrl-C)", folder=folder), flush=True)
    words, variables = command(arguments, folder), environment(folder)
    if os.name == "posix":
        os.execve(words[0], words, variables)  # signals then reach JupyterLab itself
    with subprocess.Popen(words, env=variables) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # JupyterLab got it as well, and asks whether to stop
                continue
