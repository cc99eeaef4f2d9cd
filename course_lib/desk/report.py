"""Show an outcome: a short rich block in a notebook, the same words as plain text elsewhere."""

import html
import sys
from collections.abc import Sequence

from course_lib.judge.examine import Outcome
from course_lib.judge.status import Status
from course_lib.language import say

_TOLD = (Status.WRONG, Status.RAISES)  # the others say all in their headline


def headline(outcome: Outcome) -> str:
    """The exercise and how it stands."""
    return say("{exercise}: {status}", exercise=outcome.exercise, status=say(outcome.status.headline))


def show_outcome(outcome: Outcome, next_step: str) -> None:
    """Display an outcome; next_step is the closing sentence: what is used from here on, where help is."""
    told = outcome.status in _TOLD
    code = list(outcome.code)
    if outcome.printed and told:
        code += [""] * bool(code) + [say("Your function printed:"), *outcome.printed.splitlines()]
    lines = [outcome.message, *outcome.details, next_step] if told else [next_step]
    show(headline(outcome), lines, outcome.status.mark, outcome.status.colour, code)


def show(headline: str, lines: list[str], mark: str = "→", colour: str = "#0077bb", code: Sequence[str] = ()) -> None:
    """Display a block: a headline, sentences, and lines of code."""
    plain = "\n".join([f"{mark} {headline}", *(f"  {line}" for line in lines), *(f"    {line}" for line in code)])
    if not in_notebook():
        print(plain)
        return
    from IPython.display import display

    block = (
        f'<div style="border-left:4px solid {colour};padding:2px 12px;margin:4px 0;line-height:1.5">'
        f'<div><span style="color:{colour};font-weight:bold">{mark}</span> <b>{html.escape(headline)}</b></div>'
        + "".join(f"<div>{_marked_up(line)}</div>" for line in lines)
        + (f'<pre style="margin:4px 0">{html.escape(chr(10).join(code))}</pre>' if code else "")
        + "</div>"
    )
    display({"text/html": block, "text/plain": plain}, raw=True)


def in_notebook() -> bool:
    """Whether rich output is understood here: in a Jupyter kernel, not in a plain or IPython prompt."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


def _marked_up(line: str) -> str:
    """HTML of a sentence, with what stands between backticks as code."""
    parts = html.escape(line).split("`")
    if len(parts) % 2 == 0:
        return html.escape(line)
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
