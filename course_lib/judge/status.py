"""How an exercise may stand."""

from enum import Enum


class Status(Enum):
    """A verdict: its value is what the record of progress and programs read.

    mark: one character that says the same without colour.
    colour: legible on white and colour-blind-safe.
    headline: the words behind the exercise's name.
    """

    PASSED = ("passed", "✓", "#117733", "passed")
    WRONG = ("wrong", "✗", "#cc3311", "not right yet")
    RAISES = ("raises", "!", "#b35900", "stopped with an error")
    NOT_WRITTEN = ("not written", "○", "#0077bb", "not written yet")
    MISSING = ("missing", "–", "#595959", "not in the notebook")

    def __new__(cls, value: str, mark: str, colour: str, headline: str):
        """A member that is found by its value: Status("passed")."""
        member = object.__new__(cls)
        member._value_, member.mark, member.colour, member.headline = value, mark, colour, headline
        return member
