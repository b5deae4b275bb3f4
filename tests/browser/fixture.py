"""A real Chromium for the tests: the fixtures `browser` and `browser_page`.

It runs without a screen and reaches nothing but 127.0.0.*. What it needs is brought by `python -m
tests.browser.install`; where that is missing, the tests fail.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.browser.install import chromium

PATIENCE = 10_000.0  # milliseconds for a page to be as it is expected

_FLAGS = [
    "--no-sandbox",  # root has none, and CI is root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.*",
]


@contextmanager
def started() -> Iterator[Browser]:
    """A browser of one's own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=_FLAGS)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, **context: Any) -> Iterator[Page]:
    """A page with cookies and storage of its own; `context` is for `Browser.new_context`.

    A script's error or a breach of the Content-Security-Policy fails the test that has the page open.
    """
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        # What the server answered is for the test to expect, or not.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            complaints.append(message.text)

    with browser.new_context(**context) as own:
        own.set_default_timeout(PATIENCE)
        page = own.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
    assert complaints == []


# Each module starts its own: as long as Playwright runs, asyncio believes that a loop runs in this thread, and other
# tests could not start one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started() as browser:
        yield browser


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Page]:
    """A fresh page, as wide as a laptop; see `opened`."""
    with opened(browser) as page:
        yield page
