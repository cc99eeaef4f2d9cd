"""The `course` command. What a command needs is imported when it runs, so that `course list` answers at once."""

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import click

from course_lib import __version__, paths
from course_lib.data.errors import DataError
from course_lib.language import say
from course_lib.lesson import script
from course_lib.lesson.errors import CourseError
from course_lib.lesson.script import Lesson


class LessonName(click.ParamType):
    """A lesson by number, topic or both."""

    name = "lesson"

    def convert(self, value, param, ctx) -> Lesson:
        try:
            return value if isinstance(value, Lesson) else script.find(value)
        except CourseError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx, param, incomplete):
        from click.shell_completion import CompletionItem

        return [CompletionItem(one.name) for one in script.lessons() if one.name.startswith(incomplete)]


class Course(click.Group):
    """The group of commands; turns what goes wrong into one line, and keeps the commands in their order."""

    def list_commands(self, ctx):
        return list(self.commands)

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except (CourseError, DataError) as error:
            raise click.ClickException(str(error)) from None
        except Exception as error:
            if os.environ.get("COURSE_DEBUG"):
                raise
            what = f"{type(error).__name__}: {error}".rstrip(": ").splitlines()[0]
            text = (
                "something went wrong that should not have ({error}).\n"
                "This is a fault of the course: please report it with the output of `course doctor` and of the same "
                "command after COURSE_DEBUG=1."
            )
            raise click.ClickException(say(text, error=what)) from None


_LESSON = click.argument("lesson", type=LessonName())
_LESSON_OR_ALL = click.argument("lesson", type=LessonName(), required=False)
_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")
_RELOAD = "Is it open in JupyterLab? Then choose File > Reload Notebook from Disk there before you write on."


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

    _tell_problems()
    sys.exit(open_lab(jupyter_arguments))


@cli.command(name="list")
@_JSON
@click.option("--markdown", is_flag=True, help="The table of the README.")
def list_lessons(as_json, markdown) -> None:
    """Show the lessons, their exercises, and how far you are."""
    from course_lib.desk import progress

    every = script.lessons()
    _tell_problems()
    done = progress.summary()
    if markdown:
        click.echo(_markdown_table(every))
    elif as_json:
        _echo_json([_facts(lesson, done) for lesson in every])
    elif every:
        rows = [("", say("lesson"), say("minutes"), say("exercises"), say("done"))]
        for lesson in every:
            passed, total = progress.passed(lesson.exercises, done), len(lesson.exercises)
            mark = " ✓" if passed == total else ""
            rows.append((lesson.number, lesson.title, str(lesson.minutes), str(total), f"{passed}{mark}"))
        _echo_table(rows, "<<>><")
    else:
        raise _no_lessons()


@cli.command()
@_LESSON
def start(lesson) -> None:
    """Put a lesson into your folder. What is there already stays untouched."""
    from course_lib.desk import copies

    there = os.path.lexists(copies.path_of(lesson))
    text = "{path} is there already, and stays as it is." if there else "{path} is ready."
    click.echo(say(text, path=copies.start(lesson)))


@cli.command()
@_LESSON
def reset(lesson) -> None:
    """Begin a lesson afresh. Your old copy is kept under another name."""
    from course_lib.desk import copies

    new, kept = copies.reset(lesson)
    text = "{path} is fresh. Your old copy is {kept}." if kept else "{path} is fresh."
    click.echo(say(text, path=new, kept=kept))
    if kept:
        click.echo(say(_RELOAD))


@cli.command()
@_LESSON_OR_ALL
@click.option("--time-limit", type=click.FloatRange(min=0.1), default=20.0, show_default=True, help="Seconds.")
@click.option("--seed", type=int, help="Of the random cases, to repeat a result.")
@_JSON
def check(lesson, time_limit, seed, as_json) -> None:
    """Check your copy without opening it.

    The file is read as it was last saved. Without LESSON, every lesson that you started is checked.
    """
    found = [_check_one(one, time_limit, seed, as_json) for one in _started(lesson)]
    if as_json:
        _echo_json(found)
    sys.exit(not all(one["passed"] for one in found))


@cli.command()
@_LESSON_OR_ALL
def update(lesson) -> None:
    """Bring your copies to the installed version.

    Your answers and your own cells stay, and so does the old file.
    """
    from course_lib.desk import copies

    kept = []

    def update_one(lesson):
        report = copies.update(lesson)
        text = "{path} is brought up to date." if report.changed else "{path} is up to date."
        if report.kept:
            kept.append(report.kept)
            text = "{path} is brought up to date; your old copy is {kept}."
        click.echo(say(text, path=report.path, kept=report.kept))
        for line in report.lines:
            click.echo(f"  {line}")

    failed = _each(_started(lesson), update_one)
    if kept:
        click.echo(say(_RELOAD))
    sys.exit(failed)


@cli.command()
@_LESSON_OR_ALL
@click.option("--solutions", is_flag=True, help="The instructors' edition.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder.  [default: build/EDITION]")
def build(lesson, solutions, out) -> None:
    """Write the notebooks of one lesson or of all."""
    from course_lib.desk.copies import told, write
    from course_lib.editions import notebook

    edition = "solutions" if solutions else "learner"
    out = out or (paths.project_dir() or Path.cwd()) / "build" / edition
    every = [lesson] if lesson else script.lessons()
    broken = not lesson and _tell_problems()
    if not every and not broken:
        raise _no_lessons()

    def build_one(lesson):
        path = out / f"{lesson.name}.ipynb"
        text = notebook.dumps(notebook.build(lesson, edition))
        with told(path, "{path} cannot be written: {reason}"):
            write(path, text.encode())
        click.echo(str(path))

    sys.exit(_each(every, build_one) or broken)


@cli.command()
@click.argument("topic")
def new(topic) -> None:
    """For authors: write the files of a new lesson, with one worked exercise.

    TOPIC is the lesson's topic (parsing), or number and topic (14_parsing).
    """
    from course_lib.authoring.new import create

    for path in create(topic):
        click.echo(str(path))


@cli.group(invoke_without_command=True)
@click.pass_context
def data(ctx) -> None:
    """Show the real data sets, or get them."""
    if ctx.invoked_subcommand:
        return
    from course_lib.data.catalogue import data_sets

    for row in data_sets():
        click.echo(f"{row.name:<12} {_size(row.size):>8}  {row.where or say('not here')}")
        click.echo(f"{'':23}{row.title}")
        click.echo(f"{'':23}{say('licence: {licence}', licence=row.licence)}")
    click.echo("\n" + say("`course data get NAME ...` fetches one or more, `course data get all` the rest."))


@data.command(name="get")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
def get_data(names) -> None:
    """Fetch data sets, or all, and verify their checksums."""
    from course_lib.data.catalogue import data_sets, folder, where

    every = [row.name for row in data_sets()]
    for name in names:
        if name != "all" and name not in every:
            text = "no data set is called {name!r}. There are: {names}, all."
            raise click.BadParameter(say(text, name=name, names=", ".join(every)))

    def get_one(name):
        text = "{name} is in {folder}" if where(name) else "{name} is now in {folder}"
        click.echo(say(text, name=name, folder=folder(name)))

    sys.exit(_each(every if "all" in names else names, get_one))


@cli.command()
@_JSON
def doctor(as_json) -> None:
    """Show what works here, and what to do."""
    from course_lib.doctor import iterate, line

    found = []
    for row in iterate():
        found.append(row)
        if not as_json:
            click.echo(line(row))
    if as_json:
        _echo_json([asdict(row) for row in found])
    sys.exit(any(row.ok is False for row in found))


def _check_one(lesson: Lesson, time_limit: float, seed: int | None, quiet: bool) -> dict:
    """Check one copy, record what is found, and show it unless quiet; returns it as data."""
    from course_lib.desk import progress
    from course_lib.desk.copies import path_of
    from course_lib.grading.notebook import grade
    from course_lib.judge.status import Status

    def echo(line: str) -> None:
        if not quiet:
            click.echo(line)

    echo(f"{lesson.name}: {lesson.title}")
    width = max((len(entry.name) for entry in lesson.exercises), default=0)
    results, error = [], None
    try:
        for result in grade(path_of(lesson), lesson, time_limit, seed):
            results.append(result)
            if result.status is not Status.MISSING:
                progress.record(result.exercise, result.status.value, result.message)
            echo(f"  {result.status.mark} {result.exercise:<{width}}  {result.message}")
            for line in result.details:
                echo(f"    {'':{width}}  {line}")
    except CourseError as caught:  # the other lessons are still checked
        error = str(caught)
        _echo_error(error)
    passed, total = sum(one.status is Status.PASSED for one in results), len(results)
    empty = sum(one.status is Status.NOT_WRITTEN for one in results)
    if not error:
        text = "{passed} of {total} passed, {empty} not written yet" if empty else "{passed} of {total} passed"
        echo(f"  {say(text, passed=passed, total=total, empty=empty) if total else say('no exercises')}")
    rows = [{**asdict(one), "status": one.status.value} for one in results]
    return {"lesson": lesson.name, "passed": passed == total and not error, "error": error, "exercises": rows}


def _each(items: Iterable, action) -> bool:
    """Do something with each item; a failure is told and the others have their turn. Returns whether any failed."""
    failed = False
    for item in items:
        try:
            action(item)
        except (CourseError, DataError) as error:
            _echo_error(error)
            failed = True
    return failed


def _tell_problems() -> bool:
    """Say which lesson scripts cannot be read; returns whether there are any."""
    broken = script.problems()
    for error in broken:
        _echo_error(error)
    return bool(broken)


def _started(lesson: Lesson | None) -> list[Lesson]:
    """The lesson asked for, or all that are in the learner's folder."""
    from course_lib.desk import copies

    chosen = [one for one in ([lesson] if lesson else script.lessons()) if copies.path_of(one).exists()]
    if not chosen and lesson:
        text = "{path} does not exist: `course start {number}` makes it"
        raise CourseError(say(text, path=copies.path_of(lesson), number=lesson.number))
    if not chosen:
        text = "no lesson is started in {folder}: `course start 01` or `course lab`"
        raise CourseError(say(text, folder=paths.work_dir()))
    return chosen


def _facts(lesson: Lesson, done: dict) -> dict:
    """All of a lesson for `course list --json`."""
    from course_lib.desk.progress import Row

    copy = paths.work_dir() / f"{lesson.name}.ipynb"
    header = ("name", "number", "topic", "title", "lecture", "goals", "builds_on", "minutes", "sources")
    return {
        **{field: getattr(lesson, field) for field in header},
        "script": str(lesson.path),
        "copy": str(copy) if copy.exists() else None,
        "exercises": [{**asdict(one), **asdict(done.get(one.name, Row()))} for one in lesson.exercises],
    }


def _no_lessons() -> CourseError:
    return CourseError(say("there are no lessons in {folder}", folder=paths.notebooks_dir()))


def _markdown_table(every: list[Lesson]) -> str:
    lines = ["| lesson | you will be able to | exercises | minutes |", "|---|---|--:|--:|"]
    for lesson in every:
        goals = "; ".join(lesson.goals).replace("|", "\\|")
        lines.append(f"| {lesson.number} {lesson.title} | {goals} | {len(lesson.exercises)} | {lesson.minutes} |")
    return "\n".join(lines)


def _echo_json(value) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _echo_error(error: Exception | str) -> None:
    click.echo(f"Error: {error}", err=True)


def _echo_table(rows: list[tuple[str, ...]], sides: str) -> None:
    """Show rows in columns; sides has a character for each, < to the left or > to the right."""
    columns = zip(sides, zip(*rows, strict=True), strict=True)
    formats = [f"{side}{max(map(len, column))}" for side, column in columns]
    for row in rows:
        click.echo("  ".join(map(format, row, formats)).rstrip())


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.0f} kB"


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console without ✓ shows ? and goes on
    cli(prog_name="course")


if __name__ == "__main__":
    main()
