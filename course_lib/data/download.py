"""Fetching one file whose size and SHA-256 are known, so that it is there completely or not at all."""

import errno
import functools
import hashlib
import io
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from course_lib.data.errors import DataError

_SECONDS = (10, 30)  # to connect; between two pieces of an answer

Progress = Callable[[str, int, int], None]


class _WrongContentError(Exception):
    """What came is not the file that was asked for."""


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits.

    path: the file
    """
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def show_progress(name: str, done: int, total: int) -> None:
    """Write how far a download is to standard error, on one line.

    name: the file; done, total: bytes
    """
    end = "\n" if done >= total else ""
    print(f"\r{name}: {done / 1e6:.1f} of {total / 1e6:.1f} MB", end=end, file=sys.stderr, flush=True)


class _CheckedFile:
    """Receives the pieces of a download: writes and hashes them, and refuses more bytes than expected."""

    def __init__(self, file, name: str, size: int, progress: Progress):
        self.file, self.name, self.size, self.progress = file, name, size, progress
        self.digest = hashlib.sha256()
        self.done = self.shown = 0

    def write(self, piece: bytes) -> None:
        self.done += len(piece)
        if self.done > self.size:
            raise _WrongContentError(f"it sends more than the expected {self.size:,} bytes")
        self.digest.update(piece)
        self.file.write(piece)
        if self.done - self.shown >= max(self.size // 50, 1 << 16) or self.done == self.size:
            self.shown = self.done
            self.progress(self.name, self.done, self.size)

    def flush(self) -> None:
        """The downloader calls this after every piece; one flush at the end is enough."""

    def verify(self, expected: str) -> None:
        if self.done < self.size:
            raise _WrongContentError(f"it ended after {self.done:,} of {self.size:,} bytes")
        if self.digest.hexdigest() != expected:
            raise _WrongContentError(
                f"wrong checksum: SHA-256 {self.digest.hexdigest()[:12]}…, expected {expected[:12]}…"
            )


def _http(url: str, sink) -> None:
    from pooch import HTTPDownloader  # brings requests along: not before it is needed

    HTTPDownloader(chunk_size=1 << 16, timeout=_SECONDS)(url, sink, None)


@functools.lru_cache(maxsize=1)
def _archive(url: str) -> bytes:
    """The bytes of an archive, remembered: the files of one set often come from one archive."""
    content = io.BytesIO()
    _http(url, content)
    return content.getvalue()


def _receive(url: str, sink) -> None:
    """Write the file at `url` into `sink`; "archive.zip#member" names a file in an archive."""
    address, _, member = url.partition("#")
    if not member:
        return _http(address, sink)
    with zipfile.ZipFile(io.BytesIO(_archive(address))) as archive, archive.open(member) as file:
        return shutil.copyfileobj(file, sink)


def _reason(error: Exception) -> str | None:
    """Why a mirror failed, in a few words; None when the mirror is not to blame."""
    from requests import exceptions

    if isinstance(error, _WrongContentError):
        return str(error)
    if isinstance(error, exceptions.HTTPError):
        return f"it answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, exceptions.Timeout):
        return "it did not answer in time"
    if isinstance(error, exceptions.ChunkedEncodingError):
        return "the connection broke off in the middle"
    if isinstance(error, exceptions.RequestException):
        return "no connection"
    if isinstance(error, (zipfile.BadZipFile, KeyError)):
        return "the archive is damaged or lacks the file"
    return None


def fetch(target: Path, size: int, expected: str, mirrors: Iterable[str], progress: Progress | None = None) -> None:
    """Fetch a file from the first mirror that has it; `target` changes only when every byte is right.

    target: where the file goes; its folder is made if need be
    size: bytes the file must have
    expected: SHA-256 the file must have, 64 hexadecimal digits
    mirrors: addresses, tried in order; "archive.zip#member" names a file inside an archive
    progress: called with (name, bytes so far, bytes in all); default: a line on standard error
    raises DataError: no mirror has the file, or it cannot be written
    """
    failures = []
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for url in mirrors:
            with tempfile.NamedTemporaryFile(
                dir=target.parent, prefix=f".{target.name}.", suffix=".part", delete=False
            ) as part:
                try:
                    sink = _CheckedFile(part, target.name, size, progress or show_progress)
                    _receive(url, sink)
                    sink.verify(expected)
                    part.flush()
                    os.fsync(part.fileno())
                    part.close()  # Windows does not rename an open file
                    os.chmod(part.name, 0o644)  # temporary files are private; a shared cache is not
                    os.replace(part.name, target)
                    return
                except Exception as error:
                    if (reason := _reason(error)) is None:
                        raise
                    failures.append(f"{urlsplit(url).netloc}: {reason}")
                finally:  # also after Ctrl-C; nothing is left to remove after the replace
                    part.close()
                    Path(part.name).unlink(missing_ok=True)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            why, remedy = "the disk is full", f"make room for {size / 1e6:.1f} MB"
        elif isinstance(error, PermissionError):
            why, remedy = "no permission to write there", "give yourself permission"
        else:
            why, remedy = error.strerror or str(error), "see that this is a folder you can write to"
        raise DataError(
            f"Cannot store {target.name} in {target.parent}: {why}. "
            f"To go on, {remedy} or name another folder in COURSE_CACHE."
        ) from error
    raise DataError(
        f"Cannot fetch {target.name} ({'; '.join(failures) or 'no public mirror of this exact file is known'}). "
        f"Check the network and try again, or put the whole set into a folder {target.parent.name!r} "
        "inside the folder that COURSE_DATA names."
    )
