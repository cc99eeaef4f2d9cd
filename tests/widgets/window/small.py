"""A few sentences and their window, for the tests."""

from course_lib.widgets import CooccurrenceWindow

SENTENCES = [text.split() for text in ("I like deep learning .", "I like NLP .", "I enjoy flying .")]


def window(**arguments):
    return CooccurrenceWindow(SENTENCES, **arguments)
