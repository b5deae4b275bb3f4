"""The inbox in a real browser: what its owner does there, by pointer, by keyboard, and without JavaScript."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pingback.model import Author, Content, MentionKind, MentionStatus, OutcomeStatus, Rsvp
from tests.browser.fixture import opened
from tests.browser.scene import PASSWORD, Scene, empty_scene, mention, scene
from tests.loopback import Site, page

FIRST = "Raised beds, a year later – Allotment Diary"
SECOND = "Re: Compost without a smell"
SPAM = "BEST GARDEN OFFERS 2026 !!!"
PHONE = {"viewport": {"width": 360, "height": 780}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def garden() -> Iterator[Scene]:
    with scene() as garden:
        yield garden


@pytest.fixture
def owner(garden: Scene, browser_page: Page) -> Page:
    """A page of the inbox, logged in."""
    garden.log_in(browser_page)
    return browser_page


def titles(shown: Page) -> Locator:
    return shown.locator(".item h2")


def standing(garden: Scene, title: str) -> MentionStatus:
    return next(mention.status for mention in garden.store.mentions.list() if mention.title == title)


def item(shown: Page, title: str) -> Locator:
    """The part of the page that is about one mention."""
    return shown.get_by_role("listitem").filter(has=shown.get_by_role("heading", name=title))


# Logging in and out


def test_a_wrong_password_and_the_right_one(garden: Scene, browser_page: Page) -> None:
    browser_page.goto(f"{garden.inbox}?tab=spam")
    browser_page.get_by_label("Password").fill("a spade and a rake")
    browser_page.keyboard.press("Enter")
    expect(browser_page.get_by_role("alert")).to_have_text("This is not the password.")
    browser_page.get_by_label("Password").fill(PASSWORD)
    browser_page.keyboard.press("Enter")
    expect(browser_page).to_have_url(f"{garden.inbox}?tab=spam")
    cookies = {cookie["name"]: (cookie["httpOnly"], cookie["sameSite"]) for cookie in browser_page.context.cookies()}
    assert cookies == {"pingback_inbox": (True, "Lax"), "pingback_device": (True, "Strict")}


def test_guessing_is_slowed_down(garden: Scene, browser_page: Page) -> None:
    for guess in ("one", "two", "three", "four", "five"):
        browser_page.goto(garden.inbox)
        browser_page.get_by_label("Password").fill(guess)
        browser_page.keyboard.press("Enter")
        expect(browser_page.get_by_role("alert")).to_have_text("This is not the password.")
    browser_page.get_by_label("Password").fill(PASSWORD)
    browser_page.keyboard.press("Enter")
    expect(browser_page.get_by_role("alert")).to_contain_text("Too many tries.")


def test_logged_out_is_out(garden: Scene, owner: Page) -> None:
    owner.get_by_role("button", name="Log out").click()
    expect(owner.get_by_label("Password")).to_be_focused()
    owner.go_back()
    owner.reload()
    expect(owner.get_by_role("heading", name="Log in")).to_be_visible()
    assert [cookie["name"] for cookie in owner.context.cookies()] == ["pingback_device"]


def test_strangers_who_guess_keep_no_known_device_out(garden: Scene, owner: Page) -> None:
    owner.get_by_role("button", name="Log out").click()
    for _ in range(5):
        garden.store.logins.attempt("127.0.0.1", now=datetime.now(UTC))
    assert garden.store.logins.attempt("127.0.0.1", now=datetime.now(UTC)) is not None
    garden.log_in(owner)


def test_without_a_password_it_says_how_to_set_one(browser_page: Page) -> None:
    with empty_scene(password=False) as fresh:
        browser_page.goto(fresh.inbox)
        expect(browser_page.get_by_text("pingback passwd --db")).to_be_visible()


def test_csrf_a_form_on_another_site_does_nothing(garden: Scene, owner: Page) -> None:
    form = f'<form method="post" action="{garden.inbox}/logout"><button>Win</button></form>'
    with Site({"/": page(form.encode())}, host="127.0.0.2") as evil:  # another host is another site
        owner.goto(evil.url)
        owner.get_by_role("button").click()
        expect(owner.get_by_text("This was sent by a page of another site.")).to_be_visible()
    owner.goto(garden.inbox)
    expect(owner.get_by_role("heading", name="Mentions", exact=True)).to_be_visible()


# Deciding


def test_approve_one(garden: Scene, owner: Page) -> None:
    item(owner, FIRST).get_by_role("button", name="Approve").click()
    expect(owner.get_by_role("status")).to_have_text("1 approved.")
    expect(titles(owner).filter(has_text=FIRST)).to_have_count(0)
    assert standing(garden, FIRST) is MentionStatus.APPROVED
    owner.get_by_role("link", name="Approved 54").click()
    expect(titles(owner).first).to_have_text(FIRST)


def test_block_a_host(garden: Scene, owner: Page) -> None:
    item(owner, SPAM).get_by_role("button", name="Block cheap-pills.example").click()
    expect(owner.get_by_role("status")).to_contain_text("Pings from there are refused")
    assert standing(garden, SPAM) is MentionStatus.SPAM
    owner.get_by_role("link", name="Blocked").click()
    assert garden.store.blocks.all() == ["casino.example", "cheap-pills.example"]
    owner.get_by_role("button", name="Unblock").nth(1).click()
    expect(owner.get_by_role("status")).to_have_text("Not blocked any more.")
    owner.get_by_label("Take no pings from").fill("weeds.example/~x")
    owner.get_by_role("button", name="Block", exact=True).click()
    expect(owner.get_by_text("weeds.example/~x")).to_be_visible()
    assert garden.store.blocks.all() == ["casino.example", "weeds.example/~x"]


def test_several_at_once(garden: Scene, owner: Page) -> None:
    spam = owner.get_by_role("group").get_by_role("button", name="Spam")
    expect(spam).to_be_disabled()
    for title in (FIRST, SPAM):
        item(owner, title).get_by_role("checkbox").check()
    expect(owner.get_by_text("2 selected")).to_be_visible()
    spam.click()
    expect(owner.get_by_role("status")).to_have_text("2 marked as spam.")
    expect(titles(owner)).to_have_count(3)


def test_all_at_once(garden: Scene, owner: Page) -> None:
    owner.get_by_label("All", exact=True).check()
    owner.get_by_role("group").get_by_role("button", name="Delete").click()
    expect(owner.get_by_text("Nothing is waiting for you.")).to_be_visible()
    assert garden.store.overview.counts()[MentionStatus.DELETED] == 5


def test_search(owner: Page) -> None:
    owner.get_by_label("Search mentions").fill("joris балкон")
    owner.keyboard.press("Enter")
    expect(owner.get_by_text("Nothing is found")).to_be_visible()
    owner.get_by_label("Search mentions").fill("joris BALCONY")
    owner.get_by_role("button", name="Search").click()
    expect(titles(owner)).to_have_text([SECOND])
    owner.get_by_role("link", name="orchard.example").click()
    expect(owner.get_by_role("navigation", name="Which ones").get_by_role("link", name="All")).to_have_attribute(
        "aria-current", "page"
    )
    expect(titles(owner)).to_have_count(20)


def test_older_and_newest(owner: Page) -> None:
    owner.get_by_role("link", name="All 65").click()
    expect(titles(owner)).to_have_count(50)
    newest = titles(owner).all_inner_texts()
    owner.get_by_role("link", name="Older").click()
    expect(titles(owner)).to_have_count(15)
    owner.get_by_role("link", name="Newest").click()
    expect(titles(owner)).to_have_text(newest)


def test_the_outbox(garden: Scene, owner: Page) -> None:
    owner.get_by_role("link", name="Outbox").click()
    owner.get_by_role("link", name="Refused 1").click()
    owner.get_by_role("link", name="What was said").click()
    expect(owner.get_by_role("region", name="What was said")).to_contain_text("pingback.ping")
    owner.get_by_role("button", name="Send again").click()
    expect(owner.get_by_role("status")).to_contain_text("Due now")
    refused = garden.store.outbox.find("https://garden.example/compost", "https://orchard.example/post")
    assert refused is not None
    assert (refused.status, refused.attempts) == (OutcomeStatus.WAITING, 0)


# By keyboard


def test_keys_move_select_and_decide(garden: Scene, owner: Page) -> None:
    keys = owner.keyboard
    keys.press("j")
    expect(owner.locator(".item").nth(0)).to_be_focused()
    keys.press("k")
    expect(owner.locator(".item").nth(0)).to_be_focused()
    keys.press("a")
    expect(owner.get_by_role("status")).to_have_text("1 approved.")
    assert standing(garden, FIRST) is MentionStatus.APPROVED
    expect(owner.locator(".item").nth(0)).to_be_focused()  # where one was
    keys.press("x")
    keys.press("j")
    keys.press("x")
    keys.press("j")
    keys.press("s")  # what is selected, not the one that has the focus
    expect(owner.get_by_role("status")).to_have_text("2 marked as spam.")
    assert (standing(garden, SECOND), standing(garden, SPAM)) == (MentionStatus.SPAM, MentionStatus.SPAM)
    expect(owner.locator(".item").nth(1)).to_be_focused()
    keys.press("d")
    expect(owner.get_by_role("status")).to_have_text("1 deleted.")
    expect(titles(owner)).to_have_count(1)


def test_keys_are_letters_where_one_types(garden: Scene, owner: Page) -> None:
    owner.keyboard.press("/")
    expect(owner.get_by_label("Search mentions")).to_be_focused()
    owner.keyboard.type("jasd?")
    expect(owner.get_by_label("Search mentions")).to_have_value("jasd?")
    assert garden.store.overview.counts()[MentionStatus.PENDING] == 5


def test_wcag_2_1_4_keys_can_be_turned_off(garden: Scene, owner: Page) -> None:
    owner.keyboard.press("?")
    dialog = owner.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Keys work on this device").uncheck()
    owner.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    for key in "jad":
        owner.keyboard.press(key)
    assert garden.store.overview.counts()[MentionStatus.PENDING] == 5
    owner.reload()
    owner.keyboard.press("j")
    expect(owner.locator(".item").nth(0)).not_to_be_focused()
    owner.get_by_role("button", name="Keys").click()
    dialog.get_by_label("Keys work on this device").check()
    dialog.get_by_role("button", name="Close").click()
    owner.keyboard.press("j")
    expect(owner.locator(".item").nth(0)).to_be_focused()


def test_enter_on_a_box_decides_nothing(garden: Scene, owner: Page) -> None:
    owner.evaluate("document.querySelector('form.list').addEventListener('submit', () => { window.sent = true })")
    item(owner, FIRST).get_by_role("checkbox").check()
    owner.keyboard.press("Enter")
    assert owner.evaluate("window.sent") is None
    expect(item(owner, FIRST).get_by_role("checkbox")).to_be_checked()


@pytest.mark.parametrize("path", ["", "/outbox"])
def test_without_javascript_enter_on_a_box_decides_nothing(garden: Scene, browser: Browser, path: str) -> None:
    with opened(browser, java_script_enabled=False) as shown:
        garden.log_in(shown)
        shown.goto(garden.inbox + path)
        shown.locator(".item").get_by_role("checkbox").nth(1).check()
        with shown.expect_navigation():
            shown.keyboard.press("Enter")
        expect(shown.locator(".item").get_by_role("checkbox").nth(1)).not_to_be_checked()
    assert garden.store.overview.counts()[MentionStatus.PENDING] == 5
    assert len(garden.store.outbox.page(statuses=[OutcomeStatus.REFUSED], size=9)[0]) == 1


def test_the_first_tab_stop_skips_to_the_content(owner: Page) -> None:
    owner.keyboard.press("Tab")
    expect(owner.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(owner.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    owner.keyboard.press("Enter")
    expect(owner.get_by_role("main")).to_be_focused()


# Other browsers


def test_without_javascript(garden: Scene, browser: Browser) -> None:
    with opened(browser, java_script_enabled=False) as shown:
        garden.log_in(shown)
        item(shown, FIRST).get_by_role("button", name="Approve").click()
        expect(shown.get_by_role("status")).to_have_text("1 approved.")
        for title in (SECOND, SPAM):
            item(shown, title).get_by_role("checkbox").check()
        shown.get_by_role("group").get_by_role("button", name="Spam").click()
        expect(shown.get_by_role("status")).to_have_text("2 marked as spam.")
        shown.get_by_label("Search mentions").fill("лескова")
        shown.get_by_role("button", name="Search").click()
        expect(titles(shown)).to_have_count(0)  # SQLite folds the case of ASCII letters only
        shown.get_by_role("link", name="Outbox").click()
        shown.get_by_role("button", name="Send again").nth(1).click()
        expect(shown.get_by_role("status")).to_contain_text("Due now")
        expect(shown.get_by_text("UTC").first).to_be_visible()
        shown.get_by_role("button", name="Log out").click()
        expect(shown.get_by_label("Password")).to_be_visible()


@pytest.mark.parametrize("path", ["", "?tab=all", "/outbox", "/outbox/2", "/blocked"])
def test_a_phone_has_nothing_to_scroll_sideways(garden: Scene, browser: Browser, path: str) -> None:
    long = replace(mention(f"https://{'x' * 60}.example/{'y' * 2000}", title="z" * 500), excerpt="w" * 400)
    garden.keep(long)
    with opened(browser, **PHONE) as shown:
        garden.log_in(shown)
        shown.goto(garden.inbox + path)
        assert shown.evaluate("[document.documentElement.scrollWidth, innerWidth]") == [360, 360]


@pytest.mark.parametrize(("scheme", "page_is"), [("light", "rgb(246, 246, 243)"), ("dark", "rgb(21, 23, 27)")])
def test_light_and_dark(garden: Scene, browser: Browser, scheme: str, page_is: str) -> None:
    with opened(browser, color_scheme=scheme) as shown:
        garden.log_in(shown)
        assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == page_is


def test_times_are_those_of_the_reader(garden: Scene, browser: Browser) -> None:
    with opened(browser, locale="de-DE", timezone_id="Asia/Tokyo") as shown:
        garden.log_in(shown)
        first = shown.locator("time").first
        at = shown.evaluate("time => new Date(time).getTime()", first.get_attribute("datetime"))
        assert first.inner_text() == shown.evaluate(
            """at => new Intl.DateTimeFormat("de-DE", {
                dateStyle: "medium", timeStyle: "short", timeZone: "Asia/Tokyo"
            }).format(at)""",
            at,
        )


@pytest.mark.parametrize(
    ("words", "title", "href", "facts", "target"),
    [
        pytest.param(
            {"kind": MentionKind.LIKE}, "Bob", "https://b.example/1", "Bob · b.example · ", "liked", id="like"
        ),
        pytest.param(
            {"kind": MentionKind.RSVP, "rsvp": Rsvp.MAYBE},
            "Bob",
            "https://b.example/1",
            "Bob · b.example · ",
            "answered the invitation garden.example/compost: maybe",
            id="answer",
        ),
        pytest.param(
            {"kind": MentionKind.REPLY, "permalink": "https://b.example/notes/1", "published_as": "2024-05-05"},
            "Bob",
            "https://b.example/notes/1",
            "written 2024-05-05",
            "replied to",
            id="reply",
        ),
        pytest.param(
            {"original": "https://social.example/1"},
            "Bob",
            "https://social.example/1",
            "Bob · via b.example · ",
            "mentioned",
            id="from-elsewhere",
        ),
    ],
)
def test_who_does_what(
    browser_page: Page, words: dict[str, Any], title: str, href: str, facts: str, target: str
) -> None:
    with empty_scene() as garden:
        garden.keep(replace(mention("https://b.example/1", title=None), author=Author(name="Bob"), **words))
        garden.log_in(browser_page)
        link = browser_page.locator(".item h2 a")
        expect(link).to_have_text(title)
        expect(link).to_have_attribute("href", href)
        expect(browser_page.locator(".facts")).to_contain_text(facts)
        expect(browser_page.locator(".target")).to_contain_text(target)


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_long_reply_is_folded_and_opens_by_a_key(browser: Browser, has_scripts: bool) -> None:
    said = "word " * 1500 + "x" * 2000
    reply = replace(mention("https://b.example/1"), kind=MentionKind.REPLY, content=Content(text=said, html=said))
    with empty_scene() as garden, opened(browser, java_script_enabled=has_scripts, **PHONE) as shown:
        garden.keep(reply)
        garden.log_in(shown)
        summary, whole = shown.locator(".item summary"), shown.locator(".item blockquote")
        expect(summary).to_have_text("word " * 39 + "word…")
        expect(whole).not_to_be_visible()
        summary.press("Enter")
        expect(whole).to_have_text(said)
        expect(whole).to_be_visible()
        box = summary.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 360
        assert whole.evaluate("found => found.scrollWidth <= found.clientWidth")
