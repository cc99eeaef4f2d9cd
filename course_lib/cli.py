"""The `course` command. What a command needs is imported when it runs, so that `course list` answers at once."""

import contextlib
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from course_lib import __version__, paths
from course_lib.lessons import CourseError, Lesson, LessonError

_RELOAD = "Is it open in JupyterLab? Then choose File > Reload Notebook from Disk there before you write on."


class LessonName(click.ParamType):
    """A lesson by number, topic or both."""

    name = "lesson"

    def convert(self, value, param, ctx) -> Lesson:
        from course_lib import lessons

        try:
            return value if isinstance(value, Lesson) else lessons.find(value)
        except LessonError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx, param, incomplete):
        from click.shell_completion import CompletionItem

        from course_lib import lessons

        return [CompletionItem(one.name) for one in lessons.lessons() if one.name.startswith(incomplete)]


class Course(click.Group):
    """The group of commands; turns what goes wrong into one line, and keeps the commands in their order."""

    def list_commands(self, ctx):
        return list(self.commands)

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            from course_lib.data.errors import DataError

            if isinstance(error, (CourseError, DataError)):
                raise click.ClickException(str(error)) from None
            if os.environ.get("COURSE_DEBUG"):
                raise
            what = f"{type(error).__name__}: {error}".rstrip(": ").splitlines()[0]
            raise click.ClickException(
                f"something went wrong that should not have ({what}).\n"
                "This is a fault of the course: please report it with the output of `course doctor` and of the same "
                "command after COURSE_DEBUG=1."
            ) from None


@click.group(cls=Course, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="course")
def cli() -> None:
    """Words to Transformers: a hands-on course on neural NLP.

    A lesson is named by its number (12), its topic (transformer) or both (12_transformer).
    """


@cli.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("jupyter_arguments", nargs=-1, type=click.UNPROCESSED)
def lab(jupyter_arguments) -> None:
    """Open the course in JupyterLab. Every option goes to JupyterLab."""
    from course_lib.lab import open_lab

    sys.exit(open_lab(jupyter_arguments))


@cli.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Everything there is to know, for programs.")
@click.option("--markdown", is_flag=True, help="The table of the README.")
def list_lessons(as_json, markdown) -> None:
    """Show the lessons, their exercises, and how far you are."""
    from course_lib import lessons, progress

    every = lessons.lessons()
    if markdown:
        click.echo(_markdown_table(every))
        return
    done = progress.summary()
    if as_json:
        click.echo(json.dumps([_facts(lesson, done) for lesson in every], indent=2, ensure_ascii=False))
        return
    if not every:
        raise CourseError(f"there are no lessons in {paths.notebooks_dir()}")
    rows = [("", "lesson", "minutes", "exercises", "done")]
    for lesson in every:
        passed = sum(entry.name in done and done[entry.name].status == "passed" for entry in lesson.exercises)
        row = (lesson.number, lesson.title, str(lesson.minutes), str(len(lesson.exercises)))
        rows.append((*row, f"{passed}{' ✓' if passed == len(lesson.exercises) else ''}"))
    _echo_table(rows, right={2, 3})


@cli.command()
@click.argument("lesson", type=LessonName())
def start(lesson) -> None:
    """Put a lesson into your folder. What is there already stays untouched."""
    from course_lib import workspace

    there = os.path.lexists(workspace.path_of(lesson))
    path = workspace.start(lesson)
    click.echo(f"{path} is there already, and stays as it is." if there else f"{path} is ready.")


@cli.command()
@click.argument("lesson", type=LessonName())
def reset(lesson) -> None:
    """Begin a lesson afresh. Your old copy is kept under another name."""
    from course_lib import workspace

    new, kept = workspace.reset(lesson)
    click.echo(f"{new} is fresh." + (f" Your old copy is {kept}." if kept else ""))
    if kept:
        click.echo(_RELOAD)


@cli.command()
@click.argument("lesson", type=LessonName(), required=False)
@click.option("--time-limit", type=click.FloatRange(min=0.1), default=20.0, show_default=True, help="Seconds.")
def check(lesson, time_limit) -> None:
    """Check your copy without opening it.

    The file is read as it was last saved. Without LESSON, every lesson that you started is checked.
    """
    passed = [_check_one(one, time_limit) for one in _started(lesson)]
    sys.exit(not all(passed))


@cli.command()
@click.argument("lesson", type=LessonName(), required=False)
def update(lesson) -> None:
    """Bring your copies to the installed version.

    Your answers and your own cells stay, and so does the old file.
    """
    from course_lib import workspace

    written = []

    def update_one(lesson):
        report = workspace.update(lesson)
        written.extend([report.path] if report.kept else [])
        state = "is brought up to date" if report.changed else "is up to date"
        kept = f"; your old copy is {report.kept}" if report.kept else ""
        click.echo(f"{report.path} {state}{kept}.")
        for line in report.lines:
            click.echo(f"  {line}")

    failed = _each(_started(lesson), update_one)
    if written:
        click.echo(_RELOAD)
    sys.exit(failed)


@cli.command()
@click.argument("lesson", required=False)
@click.option("--solutions", is_flag=True, help="The instructors' edition.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder.  [default: build/EDITION]")
def build(lesson, solutions, out) -> None:
    """Write the notebooks of one lesson or of all."""
    from course_lib import lessons, notebook

    edition = "solutions" if solutions else "learner"
    out = out or (paths.project_dir() or Path.cwd()) / "build" / edition
    every = sorted(paths.notebooks_dir().glob("[0-9][0-9]_*.py"))
    if lesson:
        every = [LessonName().convert(lesson, None, click.get_current_context()).path]
    if not every:
        raise CourseError(f"there are no lessons in {paths.notebooks_dir()}")

    def build_one(path):
        text = notebook.dumps(notebook.build(lessons.read(path), edition))
        _write(out / f"{path.stem}.ipynb", text)

    sys.exit(_each(every, build_one))


@cli.group(invoke_without_command=True)
@click.pass_context
def data(ctx) -> None:
    """Show the real data sets, or get them."""
    if ctx.invoked_subcommand:
        return
    from course_lib.data.catalogue import data_sets

    for row in data_sets():
        click.echo(f"{row.name:<12} {_size(row.size):>8}  {row.where or 'not here'}")
        click.echo(f"{'':23}{row.title}")
        click.echo(f"{'':23}licence: {row.licence}")
    click.echo("\n`course data get NAME ...` fetches one or more, `course data get all` the rest.")


@data.command(name="get")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
def get_data(names) -> None:
    """Fetch data sets, or all, and verify their checksums."""
    from course_lib.data.catalogue import data_sets, folder, where

    every = [row.name for row in data_sets()]
    for name in names:
        if name != "all" and name not in every:
            raise click.BadParameter(f"no data set is called {name!r}. There are: {', '.join(every)}, all.")

    def get_one(name):
        there = where(name)
        click.echo(f"{name} {'is' if there else 'is now'} in {folder(name)}")

    sys.exit(_each(every if "all" in names else names, get_one))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(as_json) -> None:
    """Show what works here, and what to do."""
    from dataclasses import asdict

    from course_lib.doctor import iterate, line

    found = []
    for row in iterate():
        found.append(row)
        if not as_json:
            click.echo(line(row))
    if as_json:
        click.echo(json.dumps([asdict(row) for row in found], indent=2, ensure_ascii=False))
    sys.exit(any(row.ok is False for row in found))


def _check_one(lesson: Lesson, time_limit: float) -> bool:
    """Check one copy and show it; returns whether every exercise passed."""
    from course_lib.grade import grade
    from course_lib.judge.status import Status
    from course_lib.workspace import path_of

    click.echo(f"{lesson.name}: {lesson.title}")
    width = max((len(entry.name) for entry in lesson.exercises), default=0)
    statuses = []
    try:
        for result in grade(path_of(lesson), lesson, time_limit):
            statuses.append(result.status)
            click.echo(f"  {result.status.mark} {result.exercise:<{width}}  {result.message}")
            for line in result.details:
                click.echo(f"    {'':{width}}  {line}")
    except CourseError as error:  # the other lessons are still checked
        click.echo(f"Error: {error}", err=True)
        return False
    passed, open_ones = statuses.count(Status.PASSED), statuses.count(Status.NOT_WRITTEN)
    rest = f", {open_ones} not written yet" if open_ones else ""
    click.echo(f"  {passed} of {len(statuses)} passed{rest}" if statuses else "  no exercises")
    return passed == len(statuses)


def _each(items: Iterable, action) -> bool:
    """Do something with each item; a failure is told and the others have their turn. Returns whether any failed."""
    from course_lib.data.errors import DataError

    failed = False
    for item in items:
        try:
            action(item)
        except (CourseError, DataError) as error:
            click.echo(f"Error: {error}", err=True)
            failed = True
    return failed


def _started(lesson: Lesson | None) -> list[Lesson]:
    """The lesson asked for, or all that are in the learner's folder."""
    from course_lib import lessons, workspace

    chosen = [one for one in ([lesson] if lesson else lessons.lessons()) if workspace.path_of(one).exists()]
    if not chosen and lesson:
        raise CourseError(f"{workspace.path_of(lesson)} does not exist: `course start {lesson.number}` makes it")
    if not chosen:
        raise CourseError(f"no lesson is started in {paths.work_dir()}: `course start 01` or `course lab`")
    return chosen


def _write(path: Path, text: str) -> None:
    """Write a built notebook in one step, and say so."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(text.encode())
        os.replace(temporary, path)
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    click.echo(str(path))


def _facts(lesson: Lesson, done: dict) -> dict:
    """All of a lesson for `course list --json`."""
    exercises = []
    for entry in lesson.exercises:
        row = done.get(entry.name)
        record = {"status": row.status, "attempts": row.attempts, "hints": row.hints, "at": row.at} if row else {}
        nothing = {"status": None, "attempts": 0, "hints": 0, "at": None}
        exercises.append({"name": entry.name, "difficulty": entry.difficulty, "minutes": entry.minutes})
        exercises[-1] |= nothing | record
    copy = paths.work_dir() / f"{lesson.name}.ipynb"
    return {
        "name": lesson.name,
        "number": lesson.number,
        "topic": lesson.topic,
        "title": lesson.title,
        "lecture": lesson.lecture,
        "goals": lesson.goals,
        "builds_on": lesson.builds_on,
        "minutes": lesson.minutes,
        "sources": lesson.sources,
        "script": str(lesson.path),
        "copy": str(copy) if copy.exists() else None,
        "exercises": exercises,
    }


def _markdown_table(every: list[Lesson]) -> str:
    lines = ["| lesson | you will be able to | exercises | minutes |", "|---|---|--:|--:|"]
    for lesson in every:
        goals = "; ".join(lesson.goals).replace("|", "\\|")
        lines.append(f"| {lesson.number} {lesson.title} | {goals} | {len(lesson.exercises)} | {lesson.minutes} |")
    return "\n".join(lines)


def _echo_table(rows: list[tuple[str, ...]], right: set[int]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            text.rjust(width) if i in right else text.ljust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.0f} kB"


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console without ✓ shows ? and goes on
    cli(prog_name="course")
