"""Short natural prose, written for this course: small stories and explanations in plain British English."""

import re

from course_lib.data.miniature import read_shipped

_TOKEN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[^\w\s]")
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")


def prose_text() -> str:
    """The prose without its title lines: a paragraph a line, an empty line between two pieces.

    raises: DataError when the file is missing or damaged
    """
    return "".join(line for line in read_shipped("prose.txt").splitlines(keepends=True) if not line.startswith("# "))


def prose_sentences() -> list[list[str]]:
    """The prose as sentences, each a list of lower-case words and punctuation marks.

    "minute's" and "great-grandfather" are one token each; a sentence ends with a full stop or a question mark.
    """
    sentences = (sentence for line in prose_text().splitlines() for sentence in _SENTENCE_END.split(line))
    return [tokens for sentence in sentences if (tokens := _TOKEN.findall(sentence.lower()))]
