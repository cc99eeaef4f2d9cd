"""The one error that data functions raise for a reader: a line that says what failed, where, and what to do."""


class DataError(Exception):
    """Data is missing, damaged or cannot be fetched; the message is one line meant for the reader."""
