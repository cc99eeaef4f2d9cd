"""The verdict on an answer. Source code is never compared: the answer is run, beside the reference."""

import _thread
import os
import re
import secrets
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from course_lib.judge import session
from course_lib.judge.compare import difference
from course_lib.judge.diagnose import ignored_argument, known_mistake
from course_lib.judge.exercise import Case, Exercise, Mistake
from course_lib.judge.status import Status
from course_lib.judge.trial import Run, call_text, error_text, fault, run
from course_lib.language import say

TIME_LIMIT = 8.0  # seconds for one whole examination: an endless loop that fills a list has no time to fill the memory
_INSIST = 0.2  # seconds between two interrupts of an answer that swallows them
_PACKAGE = str(Path(__file__).resolve().parent.parent)
_STUB = re.compile(r"(write [\w.]+ here)?")  # what the NotImplementedError of a stub says; a learner's own says nothing


@dataclass(frozen=True)
class Outcome:
    """What an examination found.

    message: the main sentence.
    details: further sentences: on which input, what to do.
    mistake: the known mistake it looks like, or None.
    code: the learner's lines that led to an exception, one string a line.
    printed: what the function printed in the failing case.
    seed: of the second round of cases; the same seed gives the same outcome. None when the answer was not run.
    """

    exercise: str
    status: Status
    message: str
    details: tuple[str, ...] = ()
    mistake: Mistake | None = None
    code: tuple[str, ...] = ()
    printed: str = ""
    seed: int | None = None

    @property
    def examined(self) -> bool:
        """Whether the answer was run at all."""
        return self.seed is not None

    @property
    def passed(self) -> bool:
        """Whether the answer is right."""
        return self.status is Status.PASSED


def judge(exercise: Exercise, answer: Callable, seed: int | None = None, time_limit: float = TIME_LIMIT) -> Outcome:
    """`examine` for a learner's answer: the course's own version, imported, is none."""
    if answer is exercise.reference:
        return Outcome(exercise.name, Status.NOT_WRITTEN, say("This is the course's version, not yours."))
    return examine(exercise, answer, seed, time_limit)


def examine(exercise: Exercise, subject: Callable, seed: int | None = None, time_limit: float = TIME_LIMIT) -> Outcome:
    """Try a function on all cases and say what is found.

    exercise: the exercise.
    subject: the learner's function or class.
    seed: of the second round of cases; a fresh one by default.
    time_limit: seconds after which the examination stops, where threads can interrupt the main one.
    Returns an Outcome; whatever the subject raises or returns, nothing is raised.
    """
    fresh = secrets.randbits(32) if seed is None else seed
    watch = _Watchdog(time_limit)
    try:
        with watch, session.fresh():
            for number in (0, fresh):
                cases = list(exercise.cases(np.random.default_rng(number)))
                try:
                    outcome = _examine_round(exercise, subject, cases, worked=number == 0)
                except Exception as error:  # a result that cannot be compared, an object that cannot be printed
                    if os.environ.get("COURSE_DEBUG"):
                        raise
                    text = say("The result cannot be read: {error}.", error=error_text(error))
                    outcome = Outcome(exercise.name, Status.RAISES, text, code=_learner_lines(error, subject))
                if not outcome.passed:
                    break
    except KeyboardInterrupt:
        outcome = Outcome(exercise.name, Status.RAISES, say("The check was interrupted."))
    if watch.fired:  # be it that the answer swallowed the interrupt and went on
        text = "The check stopped after {seconds:g} seconds: the function does not come to an end, or is slow."
        help_ = say("Look for a loop whose condition never changes.")
        outcome = Outcome(exercise.name, Status.RAISES, say(text, seconds=time_limit), (help_,))
    return replace(outcome, seed=fresh)


def _examine_round(exercise: Exercise, subject, cases: list[Case], worked: bool) -> Outcome:
    """What one round of cases finds: the Outcome of the first that fails, yet without its seed."""
    expected = [run(exercise, exercise.reference, this) for this in cases]
    got: list[Run] = []
    for index, this in enumerate(cases):
        got.append(run(exercise, subject, this))
        if isinstance(got[index].error, NotImplementedError) and _STUB.fullmatch(str(got[index].error)):
            whole = isinstance(exercise.reference, type)  # half a class is not written yet; half a function is wrong
            if whole or (worked and index == 0):
                return Outcome(exercise.name, Status.NOT_WRITTEN, say("Not written yet."))
        wrong = fault(exercise, got[index], expected[index], this)
        if wrong is None and index == 0:
            wrong = _not_repeatable(exercise, subject, this, got[0])
        if wrong is not None:
            got += [run(exercise, subject, later) for later in cases[index + 1 :]]
            return _told(exercise, subject, cases, index, got, expected, wrong)
    return Outcome(exercise.name, Status.PASSED, say("Passed."))


def _not_repeatable(exercise: Exercise, subject, this: Case, first: Run) -> str | None:
    second = run(exercise, subject, this)
    if first.error is None and (second.error is not None or difference(second.value, first.value)):
        return say("two calls with the same input gave different results: is something kept between calls?")
    return None


def _told(exercise, subject, cases, index, got: list[Run], expected: list[Run], wrong: str) -> Outcome:
    """What to say of a failing case."""
    this, ours = cases[index], got[index]
    status = Status.RAISES if ours.error is not None and expected[index].error is None else Status.WRONG
    mistake = known_mistake(exercise, cases, index, got, expected)
    end = "" if wrong.endswith("?") else "."
    happened = say("On {case}: {fault}{end}", case=call_text(exercise, this), fault=wrong, end=end)
    if mistake is not None:
        sentences = [say("It looks as if {looks}.", looks=say(mistake.looks)), mistake.do and say(mistake.do), happened]
    else:
        sentences = [happened]
        if status is Status.WRONG and ours.value is not None:
            sentences.append(ignored_argument(exercise, subject, this, expected[index]))
    message, *details = filter(None, sentences)
    code = _learner_lines(ours.error, subject) if status is Status.RAISES else ()
    return Outcome(exercise.name, status, message, tuple(details), mistake, code, _shorten(ours.printed))


class _Watchdog:
    """Interrupts the main thread when the time is up, again and again if need be; does nothing in other threads."""

    def __init__(self, seconds: float):
        self.fired = self._done = False
        self._over = threading.Event()
        self._seconds, self._stdout = seconds, sys.stdout

    def _watch(self) -> None:
        if self._over.wait(self._seconds):
            return
        while not self._done:
            self.fired = True
            _thread.interrupt_main()
            time.sleep(_INSIST)

    def __enter__(self) -> "_Watchdog":
        if threading.current_thread() is threading.main_thread():
            threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        while True:
            try:
                self._done = True
                if self.fired:
                    time.sleep(0.05)  # an interrupt may be under way: let it arrive here
                    sys.stdout = self._stdout  # it may have come just when this was to be set back
                else:
                    self._over.set()
                return
            except KeyboardInterrupt:
                continue


def _learner_lines(error: BaseException | None, subject) -> tuple[str, ...]:
    """The traceback of an exception, cut to the lines that the learner wrote."""
    if error is None:
        return ()
    if isinstance(error, SyntaxError):
        return (say("line {number}: {code}", number=error.lineno, code=(error.text or "").strip()),)
    own = getattr(getattr(subject, "__code__", None), "co_filename", None)
    lines = []
    for frame in traceback.extract_tb(error.__traceback__):
        foreign = "site-packages" in frame.filename or frame.filename.startswith((_PACKAGE, "<frozen"))
        if frame.filename == own or not (foreign or "lib/python" in frame.filename.replace("\\", "/")):
            code = (frame.line or "").strip()
            line = say("in {name}, line {number}: {code}", name=frame.name, number=frame.lineno, code=code).rstrip(": ")
            if line not in lines[-1:]:  # a recursion repeats itself
                lines.append(line)
    return tuple(lines[-4:])


def _shorten(text: str, lines: int = 8) -> str:
    kept = text.rstrip().splitlines()
    return "\n".join(kept[:lines] + (["…"] if len(kept) > lines else []))
