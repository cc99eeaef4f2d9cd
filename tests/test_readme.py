"""What the README says is so."""

import re
from pathlib import Path

from click.testing import CliRunner

from course_lib.cli import cli

PROJECT = Path(__file__).resolve().parent.parent
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_lessons_is_up_to_date():
    table = CliRunner().invoke(cli, ["list", "--markdown"]).output
    shown = re.search(r"<!-- lessons: begin .*?-->\n(.*?)<!-- lessons: end -->", README, re.DOTALL)[1]
    assert shown == table, "run `make readme`"


def test_every_verb_of_the_command_is_explained():
    assert cli.commands.keys() == set(re.findall(r"`course (\w+)", README)) - {"words"}


def test_every_file_and_picture_it_links_to_is_there():
    links = re.findall(r"\]\((?!http)([^)#]+)", README)
    assert len(links) >= 3
    for link in links:
        assert (PROJECT / link).is_file(), link


def test_every_picture_has_a_text_alternative():
    assert all(len(text) > 40 for text in re.findall(r"!\[([^\]]*)\]", README))


def test_every_make_target_it_names_is_there():
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"make (lab|test|lint|bench|build|readme)\b", README)) <= targets
