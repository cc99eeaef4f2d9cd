"""Short natural prose, written for this course: small stories and explanations in plain British English."""

import re

from course_lib.data.miniature import read_shipped

_TOKEN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[^\w\s]")
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")


def prose_text() -> str:
    """The prose without its title lines: a paragraph a line, pieces parted by an empty line.

    raises: DataError when the file is missing or damaged
    """
    lines = [line for line in read_shipped("prose.txt").splitlines() if not line.startswith("# ")]
    pieces = re.split(r"\n\n\n+", "\n".join(lines).strip())
    return "\n\n".join(re.sub(r"\n+", "\n", piece) for piece in pieces) + "\n"


def prose_sentences() -> list[list[str]]:
    """The prose as sentences, each a list of lower-case words and punctuation marks.

    "didn't" and "great-grandfather" are one token each; a sentence ends with a full stop, a question or exclamation mark.
    """
    sentences = (sentence for line in prose_text().splitlines() for sentence in _SENTENCE_END.split(line))
    return [tokens for sentence in sentences if (tokens := _TOKEN.findall(sentence.lower()))]
