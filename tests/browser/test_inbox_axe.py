"""The pages of the inbox before axe: no rule is broken, by light and in the dark, wide and narrow."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from pingback.model import Content, MentionStatus
from tests.browser.axe import violations
from tests.browser.fixture import opened
from tests.browser.scene import Scene, empty_scene, mention, scene

WIDTHS = [1280, 360]
PAGES = ["", "?tab=all&did=approve&n=3&later=1", "?q=nothing-like-it", "/outbox", "/outbox/2", "/blocked?did=unclear"]


@pytest.fixture(scope="module")
def garden() -> Iterator[Scene]:
    with scene() as garden:
        for number in range(2):
            waiting = garden.keep(replace(mention(f"https://new.example/{number}"), title=None, verified=None))
        garden.store.moderation.decide([waiting], MentionStatus.APPROVED)
        garden.keep(replace(mention("https://long.example/"), content=Content(text="word " * 2000, html="word")))
        yield garden


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page(browser: Browser, garden: Scene, scheme: str, width: int) -> None:
    with opened(browser, color_scheme=scheme, viewport={"width": width, "height": 800}) as shown:
        shown.goto(garden.inbox)
        found = {"login": violations(shown)}
        shown.get_by_label("Password").fill("not it")
        shown.keyboard.press("Enter")
        shown.get_by_role("alert").wait_for()
        found["wrong password"] = violations(shown)
        garden.log_in(shown)
        for path in PAGES:
            shown.goto(garden.inbox + path)
            found[path] = violations(shown)
        shown.goto(garden.inbox)
        shown.locator(".item").first.get_by_role("checkbox").check()
        found["selected"] = violations(shown)
        shown.keyboard.press("?")
        found["keys"] = violations(shown)
    assert {page: broken for page, broken in found.items() if broken} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_a_password(browser: Browser, scheme: str) -> None:
    with empty_scene(password=False) as fresh, opened(browser, color_scheme=scheme) as shown:
        shown.goto(fresh.inbox)
        assert violations(shown) == []
