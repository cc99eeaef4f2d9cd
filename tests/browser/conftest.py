"""Fixtures of the browser tests.

    mount(widget, dark=False, width=None)    a widget in an empty page: harness.BarePage
    lab                                      one JupyterLab for all tests; lab.root is its folder
    notebook(name, *cells)                   writes a notebook there and opens it: lab.LabNotebook
    page                                     an empty page

Every page made here must end without an error and without a request that leaves this machine.
"""

import os

import lab as driver
import pytest
from harness import BarePage


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium_there():
    if reason := driver.why_no_browser():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(scope="module")  # not the session: a running browser keeps asyncio from other tests
def chromium(chromium_there):
    with driver.chromium() as browser:
        yield browser


@pytest.fixture
def new_page(chromium):
    pages = []

    def make(**options):
        pages.append(driver.new_page(chromium, **options))
        return pages[-1]

    yield make
    for page in pages:
        page.context.close()
    assert [error for page in pages for error in page.errors] == []
    assert [address for page in pages for address in page.outside] == []


@pytest.fixture
def page(new_page):
    return new_page()


@pytest.fixture
def mount(new_page):
    def show(widget, dark=False, width=None, **options):
        return BarePage(new_page(**options), widget, dark=dark, width=width)

    return show


@pytest.fixture(scope="session")
def lab(chromium_there, tmp_path_factory):
    with driver.Lab(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="module")
def lab_page(chromium, lab):
    """One page with JupyterLab for a whole file, because loading it takes seconds."""
    page = driver.new_page(chromium, height=1100)
    yield driver.LabNotebook(page, lab)
    page.context.close()


@pytest.fixture
def notebook(lab, lab_page):
    """Opens a notebook made of the given cells and runs nothing yet."""
    lab_page.page.errors.clear()
    lab_page.page.outside.clear()

    def make(name, *cells):
        driver.write_notebook(lab.root / name, *cells)
        return lab_page.open(name)

    yield make
    assert lab_page.page.outside == []
    assert lab_page.page.errors == []
