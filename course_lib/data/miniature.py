"""The miniature world: sentences of a seeded grammar whose facts are known, so that what is learned can be checked.

`world()` gives the facts; the other functions read the files that ship with the course (data/README.md describes each).
Run `python -m course_lib.data.miniature` to write the files again: they come out byte for byte the same.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from course_lib.data.errors import DataError
from course_lib.data.grammars import facts, stories

World = facts.World
world = facts.world

SPLITS = ("train", "dev", "test")


# --- reading ---


def shipped_folder() -> Path:
    """The folder of the shipped files: $COURSE_SHIPPED_DATA, the project's data/, or the copy inside the package."""
    override = os.environ.get("COURSE_SHIPPED_DATA")
    if override:
        return Path(override)
    package = Path(__file__).resolve().parents[1]
    project = package.parent / "data"
    return project if project.is_dir() else package / "_course" / "data"


def read_shipped(name: str) -> str:
    """The text of a shipped file.

    name: the file's name in the data folder
    returns: its text
    raises: DataError when the file is missing or is no UTF-8 text
    """
    path = shipped_folder() / name
    remedy = "`python -m course_lib.data.miniature` writes the generated files again"
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise DataError(f"{name} cannot be read in {path.parent} ({error.strerror}): {remedy}.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is damaged (no UTF-8 text): {remedy}.") from None
    if not text.endswith("\n"):
        raise DataError(f"{path} is damaged (empty or cut short): {remedy}.")
    return text.replace("\r\n", "\n")


def _splits(split: str | None) -> tuple[str, ...]:
    if split is not None and split not in SPLITS:
        raise DataError(f"there is no split {split!r}: choose 'train', 'dev', 'test', or None for all three.")
    return SPLITS if split is None else (split,)


def world_documents(split: str | None = None) -> list[list[list[str]]]:
    """The general corpus of the miniature world as documents.

    split: "train", "dev", "test", or None for all three
    returns: documents, each a list of sentences, each a list of lower-case words
    """
    text = "\n".join(read_shipped(f"world_{one}.txt") for one in _splits(split))
    return [[line.split() for line in block.splitlines()] for block in text.strip().split("\n\n")]


def world_sentences(split: str | None = None) -> list[list[str]]:
    """The general corpus of the miniature world as sentences.

    split: "train", "dev", "test", or None for all three
    returns: sentences, each a list of lower-case words
    """
    return [sentence for document in world_documents(split) for sentence in document]


# --- writing ---


def _world_files() -> dict[str, str]:
    files, seen = {}, frozenset()
    for seed, (split, count) in enumerate(zip(SPLITS, (17_000, 1_500, 1_500), strict=True), start=1):
        documents = stories.documents(seed, count, forbidden=seen)
        files[f"world_{split}.txt"] = "\n\n".join("\n".join(document) for document in documents) + "\n"
        seen |= {sentence for document in documents for sentence in document}
    return files


_MAKERS: tuple[Callable[[], dict[str, str]], ...] = (_world_files,)


def generated_files() -> dict[str, bytes]:
    """All generated files: {file name: content}."""
    return {name: text.encode("utf-8") for make in _MAKERS for name, text in make().items()}


def write_files(folder: Path) -> list[Path]:
    """Write all generated files.

    folder: where to; made when missing
    returns: the files written
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in generated_files().items():
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, folder / name)
        paths.append(folder / name)
    return paths


if __name__ == "__main__":
    for written in write_files(Path(sys.argv[1]) if len(sys.argv) > 1 else shipped_folder()):
        print(f"{written}  {written.stat().st_size:,} bytes")
