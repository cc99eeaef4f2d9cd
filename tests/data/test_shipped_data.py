"""The files that ship with the course, and the page that describes them."""

import re

from course_lib import data
from course_lib.data.miniature import generated_files, shipped_folder

ROW = re.compile(r"\| `([^`]+)` \| (.+) \| (.+) \| ([\d,]+) \| ([\d,]+) \| (.+) \| (.+) \|")


def rows():
    page = (shipped_folder() / "README.md").read_text(encoding="utf-8")
    return {match[1]: match for match in map(ROW.fullmatch, page.splitlines()) if match}


def test_the_page_has_a_row_for_every_file_and_no_other():
    files = {path.name for path in shipped_folder().iterdir()} - {"README.md"}
    assert rows().keys() == files
    assert files == generated_files().keys() | {"prose.txt"}


def test_sizes_and_lines_on_the_page_are_exact():
    for name, row in rows().items():
        content = (shipped_folder() / name).read_bytes()
        lines = content.count(b"\n")
        assert (row[4], row[5]) == (f"{len(content):,}", f"{lines:,}"), name


def test_the_files_are_small_and_licensed():
    assert sum(path.stat().st_size for path in shipped_folder().iterdir()) < 3_000_000
    assert all(row[6] == "CC BY 4.0" for row in rows().values())


def test_every_file_ends_its_last_line_and_uses_plain_line_ends():
    for path in shipped_folder().iterdir():
        content = path.read_bytes()
        assert content.endswith(b"\n"), path.name
        assert b"\r" not in content, path.name
        assert not re.search(rb"[ \t]\n", content), path.name


def test_prose_is_a_few_thousand_words_in_pieces():
    text = data.prose_text()
    pieces = text.strip().split("\n\n")
    assert len(pieces) == 21
    assert all(len(piece.splitlines()) >= 4 for piece in pieces)
    assert "#" not in text
    assert len(re.findall(r"[a-z']+", text.lower())) > 7_500


def test_prose_sentences_are_words_and_marks_in_lower_case():
    sentences = data.prose_sentences()
    assert " ".join(sentences[0]) == "before the sun is up the harbour is grey and quiet ."
    assert len(sentences) > 400
    for sentence in sentences:
        assert sentence[-1] in (".", "?")
        for token in sentence:
            assert re.fullmatch(r"[a-zé]+(?:['-][a-z]+)*|[.,:;?']", token), sentence
    assert "great-grandfather's" in {token for sentence in sentences for token in sentence}


def test_prose_repeats_its_words_often_enough_to_count_them():
    tokens = [token for sentence in data.prose_sentences() for token in sentence]
    words = set(tokens)
    assert sum(tokens.count(word) >= 3 for word in words) > 350
