"""The browser itself: that what it cannot do is seen by the tests that use it."""

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.browser.axe import violations
from tests.browser.fixture import opened
from tests.loopback import Site, page

HELLO = b'<!doctype html><html lang="en"><title>Hello</title><main><h1>Hello</h1>'
STRICT = {"Content-Security-Policy": "default-src 'none'"}


def test_it_shows_a_page(browser_page: Page) -> None:
    with Site({"/": page(HELLO + b"<script>document.querySelector('h1').textContent = 'Run'</script>")}) as site:
        browser_page.goto(site.url)
        expect(browser_page.get_by_role("heading")).to_have_text("Run")
        assert violations(browser_page) == []


def test_axe_finds_what_is_wrong(browser_page: Page) -> None:
    with Site({"/": page(HELLO + b"<img src='data:,'>")}) as site:
        browser_page.goto(site.url)
        assert [found.partition(":")[0] for found in violations(browser_page)] == ["image-alt"]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        pytest.param(page(b"<script>fail()</script>"), "fail is not defined", id="a-script-that-fails"),
        pytest.param(page(b"<script>1</script>", headers=STRICT), "Content Security Policy", id="csp"),
    ],
)
def test_a_complaint_of_the_page_fails_the_test(browser: Browser, body: bytes, complaint: str) -> None:
    with (
        Site({"/": body}) as site,
        pytest.raises(AssertionError, match=complaint),
        opened(browser) as shown,
    ):
        shown.goto(site.url)


def test_it_reaches_no_other_machine(browser_page: Page) -> None:
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        browser_page.goto("http://other.example/")
