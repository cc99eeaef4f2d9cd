"""Fixtures of the widgets' tests; each folder holds the tests of one widget, by where they look at it:

    test_python.py   the Python side, without a browser
    test_node.py     the pure functions of its JavaScript, in Node (widgets.node)
    test_page.py     in an empty page of Chromium, without Jupyter (widgets.browser)
    test_lab.py      in JupyterLab (widgets.lab)

    mount(widget, dark=False, width=None)    a widget in an empty page: browser.BarePage
    notebook(name, *cells)                   writes a notebook and opens it in JupyterLab: lab.LabNotebook
    lab                                      that JupyterLab, one for all tests; lab.root is its folder

Every page made here must end without an error and without a request that leaves this machine. The topic of the lesson
that shows a widget is a keyword of its tests: `-k words` runs the window's, too.
"""

import asyncio
import functools
import os
import re

import pytest

from course_lib import widgets as course_widgets
from course_lib.lesson.script import lessons
from widgets import browser
from widgets import lab as jupyter
from widgets.node import NODE

WITHOUT_NODE = pytest.mark.skipif(NODE is None, reason="Node is not installed: browser tests alone run the functions")


@functools.cache
def topics(widget):
    """The topics of the lessons that import something of a widget's module."""
    names = [name for name, module in course_widgets._MODULES.items() if module == widget]
    shows = re.compile(rf"from course_lib\.widgets.*\b({'|'.join([widget, *names])})\b")
    return {lesson.topic for lesson in lessons() if names and shows.search(lesson.path.read_text("utf-8"))}


def pytest_itemcollected(item):
    item.extra_keyword_matches |= topics(item.path.parent.name)
    if item.path.name == "test_node.py":
        item.add_marker(WITHOUT_NODE)
    if item.path.name in ("test_page.py", "test_lab.py", "test_browser.py"):
        item.add_marker(pytest.mark.browser)
    if item.path.name == "test_lab.py" and item.config.pluginmanager.hasplugin("xdist"):
        item.add_marker(pytest.mark.xdist_group("lab"))  # one worker: a JupyterLab and its page take seconds to start


@pytest.fixture(scope="session")
def browser_there():
    if reason := browser.why_no_browser():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(scope="session")
def sleeping_chromium(browser_there):
    with browser.chromium() as started:
        loop = asyncio.get_running_loop()
        with browser.event_loop(None):
            yield started, loop


@pytest.fixture
def chromium(sleeping_chromium):
    """One Chromium for all tests."""
    started, loop = sleeping_chromium
    with browser.event_loop(loop):
        yield started


@pytest.fixture(scope="session")
def empty_pages():
    """Pages without options that tests have left empty."""
    return []


@pytest.fixture
def new_page(chromium, empty_pages, request):
    pages, plain, failed = [], [], request.session.testsfailed

    def make(**options):
        pages.append(empty_pages.pop() if empty_pages and not options else browser.new_page(chromium, **options))
        if not options:
            plain.append(pages[-1])
        return pages[-1]

    yield make
    errors = [error for page in pages for error in page.errors]
    outside = [address for page in pages for address in page.outside]
    trouble = errors or outside or request.session.testsfailed > failed
    for page in pages:
        if page in plain and not trouble and browser.wipe(page):
            empty_pages.append(page)
        else:
            page.context.close()
    assert errors == []
    assert outside == []


@pytest.fixture
def mount(new_page):
    def show(widget, dark=False, width=None, **options):
        return browser.BarePage(new_page(**options), widget, dark=dark, width=width)

    return show


@pytest.fixture(scope="session")
def lab(browser_there, tmp_path_factory):
    with jupyter.Lab(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="session")
def lab_pages():
    """The page with JupyterLab, once it is loaded."""
    return []


@pytest.fixture
def notebook(chromium, lab, lab_pages, request):
    """Opens a notebook made of the given cells, which runs nothing yet.

    If it is open already, it stays open with its kernel, which takes seconds to start; fresh=True makes it anew if it
    has been run.
    """
    if not lab_pages:
        lab_pages.append(jupyter.LabNotebook(browser.new_page(chromium, height=1100), lab))
    opened, failed = lab_pages[0], request.session.testsfailed
    opened.page.errors.clear()
    opened.page.outside.clear()

    def make(name, *cells, fresh=False):
        if opened.cells != cells or opened.path != lab.root / name or (fresh and opened.has_run):
            opened.write(name, *cells)
            opened.open(name)
        opened.theme(dark=False)
        return opened

    yield make
    outside, errors = list(opened.page.outside), list(opened.page.errors)
    if outside or errors or request.session.testsfailed > failed:
        lab_pages.clear()  # the next test begins anew
        opened.page.context.close()
    assert outside == []
    assert errors == []
