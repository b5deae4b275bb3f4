"""Strangers' words in the inbox, in a real browser: they are shown as words, and do nothing."""

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from pingback.model import Author, Content, MentionKind, MentionStatus
from tests.browser.axe import violations
from tests.browser.fixture import opened
from tests.browser.scene import Scene, empty_scene, mention

MARKUP = "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'>\"'--></bdi></h2></ol><h1>Won"
RLO = "\u202egpj.exe\u202d and \u2067more"


def one_mention(garden: Scene, **words: object) -> int:
    return garden.keep(replace(mention("https://a.example/<b>?&amp;\"'"), **words))  # type: ignore[arg-type]  # as named


@pytest.mark.parametrize(
    ("words", "title"),
    [
        pytest.param(MARKUP, MARKUP, id="markup"),
        pytest.param("{{ 7 * 7 }}{% raw %}${7*7}", "{{ 7 * 7 }}{% raw %}${7*7}", id="templates"),
        pytest.param("\x00\x07\x1b[31mred\x9b", "[31mred", id="controls"),
        pytest.param("&lt;script&gt;hit()&lt;/script&gt;", "&lt;script&gt;hit()&lt;/script&gt;", id="escaped-already"),
        pytest.param("Z" + "\u0301" * 2000, "Z" + "\u0301" * 398 + "…", id="combining-marks"),
        pytest.param(RLO, "gpj.exe and more", id="bidi"),
        pytest.param("\u2028 \u2029\ufffe", "a.example/<b>?&amp;\"'", id="nothing-to-see"),
    ],
)
def test_words_are_words(browser: Browser, words: str, title: str) -> None:
    with empty_scene() as garden, opened(browser) as shown:
        number = one_mention(
            garden, title=words, excerpt=words, site_name=words, author=Author(name=words, url="https://x.example/")
        )
        garden.log_in(shown)
        assert shown.evaluate("window.hit") is None
        assert shown.locator("h1").all_inner_texts() == ["Mentions"]
        assert shown.locator(".item").count() == 1
        assert shown.locator(".item h2").evaluate("found => found.textContent") == title
        shown.get_by_role("button", name="Approve").last.click()
        expect(shown.get_by_role("status")).to_have_text("1 approved.")
        assert garden.status_of(number) is MentionStatus.APPROVED
        shown.goto(f"{garden.inbox}?tab=approved")
        assert violations(shown) == []


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("javascript:window.hit = 1", id="javascript"),
        pytest.param("JaVaScRiPt:window.hit = 1", id="javascript-in-another-case"),
        pytest.param("\x01javascript:window.hit = 1", id="javascript-after-a-control"),
        pytest.param("data:text/html,<script>parent.hit = 1</script>", id="data"),
        pytest.param("//evil.example/", id="without-a-scheme"),
        pytest.param("/inbox/logout", id="of-our-own"),
        pytest.param("https://", id="without-a-host"),
    ],
)
def test_what_is_no_http_url_is_no_link(browser_page: Page, url: str) -> None:
    with empty_scene() as garden:
        one_mention(garden, author=Author(name="Ann", url=url, photo=url))
        garden.log_in(browser_page)
        expect(browser_page.get_by_text("Ann")).to_be_visible()
        assert browser_page.get_by_role("link", name="Ann").count() == 0
        assert browser_page.locator("img").count() == 0
        assert url not in browser_page.locator(".facts").inner_html()


@pytest.mark.parametrize("url", ["javascript:window.hit = 1", "data:text/html,x", "//evil.example/", "/inbox/logout"])
def test_an_address_of_the_entry_that_is_no_http_url_is_no_link(browser_page: Page, url: str) -> None:
    with empty_scene() as garden:
        one_mention(garden, permalink=url, original=url, published_as=url)
        garden.log_in(browser_page)
        link = browser_page.get_by_role("link", name="A post")
        expect(link).to_have_attribute("href", "https://a.example/<b>?&amp;\"'")
        assert url not in browser_page.locator(".item").inner_html()


def test_the_words_of_a_reply_are_text(browser_page: Page) -> None:
    words = Content(text=f"First.\n\n{MARKUP}{RLO}", html=f"<p>First.</p>{MARKUP}")
    with empty_scene() as garden:
        one_mention(garden, kind=MentionKind.REPLY, content=words)
        garden.log_in(browser_page)
        quote = browser_page.locator("blockquote")
        assert quote.evaluate("found => found.textContent") == f"First.\n\n{MARKUP}gpj.exe and more"
        assert quote.locator("*").count() == 0
        assert browser_page.evaluate("window.hit") is None
        assert violations(browser_page) == []


def test_code_in_a_reply_keeps_its_indents(browser_page: Page) -> None:
    words = Content(text="if so:\n    no()", html="<pre><code>if so:\n    no()</code></pre>")
    with empty_scene() as garden:
        one_mention(garden, kind=MentionKind.REPLY, content=words)
        garden.log_in(browser_page)
        assert browser_page.locator("blockquote").inner_text() == "if so:\n    no()"


def test_links_to_strangers_tell_them_nothing(browser_page: Page) -> None:
    with empty_scene() as garden:
        one_mention(garden, title="Source", author=Author(name="Ann", url="https://ann.example/"))
        garden.log_in(browser_page)
        for name in ("Source", "Ann", "garden.example/compost"):
            link = browser_page.get_by_role("link", name=name, exact=True)
            assert link.get_attribute("rel") == "nofollow noopener noreferrer"
            assert str(link.get_attribute("href")).startswith("https://")


def test_a_direction_ends_where_the_words_of_the_stranger_end(browser_page: Page) -> None:
    with empty_scene() as garden:
        one_mention(garden, title=RLO, site_name=RLO, author=Author(name=RLO))
        garden.log_in(browser_page)
        facts = browser_page.locator(".facts")
        assert facts.evaluate("found => found.querySelectorAll('bdi').length") == 3
        host, time = (
            facts.locator(found).last.evaluate("found => found.getBoundingClientRect().left")
            for found in ("bdi", "time")
        )
        assert host < time  # from left to right, as we wrote it


def test_megabytes(browser: Browser) -> None:
    with empty_scene() as garden, opened(browser, viewport={"width": 360, "height": 780}) as shown:
        one_mention(garden, title="W" * 1_000_000, excerpt="\u0645" * 1_000_000)
        garden.log_in(shown)
        assert shown.evaluate("document.documentElement.scrollWidth") == 360
        assert shown.evaluate("document.querySelector('.item').offsetHeight < 3000")


def test_the_search_is_a_stranger_s_too(browser_page: Page) -> None:
    with empty_scene() as garden:
        garden.log_in(browser_page)
        browser_page.get_by_label("Search mentions").fill(MARKUP)
        browser_page.keyboard.press("Enter")
        expect(browser_page.get_by_text("Nothing is found")).to_be_visible()
        assert browser_page.evaluate("window.hit") is None
        assert browser_page.get_by_label("Search mentions").input_value() == MARKUP
