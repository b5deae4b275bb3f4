"""`pingback.receive.existence`: what the site itself says of a target."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pingback.errors import Blocked, Fault, FaultCode, FetchError, Unreachable
from pingback.net.client import Client
from pingback.receive.existence import SiteTargets
from tests.loopback import Site, page, redirect
from tests.receive.pages import Page, Pages

TARGET = "https://my.example/part-5"


class Seconds:
    passed = 1000.0

    def __call__(self) -> float:
        return self.passed


@pytest.mark.parametrize(
    ("answer", "exists"),
    [
        pytest.param(Page(status=200), True, id="200"),
        pytest.param(Page(status=404), False, id="404"),
        pytest.param(Page(status=410), False, id="410"),
        pytest.param(Page(status=403), True, id="403-only-not-shown-to-us"),
        pytest.param(Page(status=500), True, id="500-not-certain"),
        pytest.param(Unreachable(TARGET, "refused"), True, id="unreachable-not-certain"),
        pytest.param(Blocked(TARGET, "127.0.0.1 is loopback"), True, id="blocked-site-on-loopback"),
    ],
)
def test_only_404_and_410_are_certain(answer: Page | FetchError, exists: bool) -> None:
    assert SiteTargets(Pages({TARGET: answer}))(TARGET) is exists


def test_an_answer_is_remembered_for_a_while() -> None:
    pages, clock = Pages({TARGET: Page(status=404)}), Seconds()
    exists = SiteTargets(pages, remembered_for=300.0, clock=clock)
    assert not exists(TARGET)
    pages.web[TARGET] = Page()
    clock.passed += 299
    assert not exists(TARGET + "#fragment")
    assert len(pages.asked) == 1
    clock.passed += 1
    assert exists(TARGET)
    assert len(pages.asked) == 2


def test_strangers_cannot_make_it_remember_without_end() -> None:
    pages = Pages({})
    exists = SiteTargets(pages, clock=Seconds())
    for number in range(1001):
        exists(f"{TARGET}?{number}")
    exists(f"{TARGET}?1000")
    exists(f"{TARGET}?1")
    assert len(pages.asked) == 1001
    exists(f"{TARGET}?0")  # the oldest was forgotten
    assert len(pages.asked) == 1002


def test_a_target_that_is_no_url_is_a_callers_mistake() -> None:
    with pytest.raises(ValueError, match="URL"):
        SiteTargets(Pages({}))("/part-5")


# Redirects


@pytest.fixture
def elsewhere() -> Iterator[Site]:
    with Site({"/": page(status=404)}) as elsewhere:
        yield elsewhere


@pytest.fixture
def blog() -> Iterator[Site]:
    with Site({"/lost": page(status=404), "/old": page(dated("1999-01-01").body.encode())}) as blog:
        yield blog


@pytest.fixture
def names() -> list[str]:
    return []


@pytest.fixture
def client(names: list[str]) -> Iterator[Client]:
    def resolve(host: str, port: int) -> list[str]:
        names.append(host)
        return ["127.0.0.1"]

    with Client(allow=["127.0.0.1"], resolver=resolve) as client:
        yield client


@pytest.mark.parametrize("way", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "host",
    [
        pytest.param("evil.example", id="anybody"),
        pytest.param("shop.my.example", id="below-it"),
        pytest.param("www.evil.example", id="anybody-s-www"),
        pytest.param("my.example.evil.example", id="begins-like-it"),
        pytest.param("127.0.0.1", id="an-address"),
    ],
)
def test_a_redirect_that_leaves_the_site_is_not_followed(
    way: int, host: str, blog: Site, elsewhere: Site, client: Client, names: list[str]
) -> None:
    """The owner's word goes to the owner's hosts: an open redirect would send us wherever a stranger likes."""
    blog.pages["/out"] = redirect(f"http://{host}:{elsewhere.port}/", way)
    assert SiteTargets(client)(f"http://my.example:{blog.port}/out")
    assert (elsewhere.requests, names) == ([], ["my.example"])


def test_not_by_a_detour_either(blog: Site, elsewhere: Site, client: Client) -> None:
    blog.pages |= {"/out": redirect("/further"), "/further": redirect(f"http://evil.example:{elsewhere.port}/")}
    assert SiteTargets(client)(f"http://my.example:{blog.port}/out")
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("host", "exists"),
    [
        pytest.param("my.example", False, id="its-own"),
        pytest.param("MY.example", False, id="its-own-in-capitals"),
        pytest.param("my.example.", False, id="rfc1034-3.1-root-dot"),
        pytest.param("www.my.example", False, id="its-own-www"),
        pytest.param("second.example", False, id="another-of-the-site"),
        pytest.param("other.example", True, id="none-of-the-site"),
    ],
)
def test_a_redirect_within_the_site_is_followed(host: str, exists: bool, blog: Site, client: Client) -> None:
    blog.pages["/in"] = redirect(f"http://{host}:{blog.port}/lost")
    targets = SiteTargets(client)
    targets.report_moves(
        lambda target, final, within: None, site=["https://my.example/", "https://www.second.example/blog/"]
    )
    assert targets(f"http://my.example:{blog.port}/in") is exists


def test_a_page_that_moved_within_the_site_closes_by_its_date_and_one_that_left_does_not(
    blog: Site, client: Client
) -> None:
    blog.pages |= {
        "/in": redirect(f"http://my.example:{blog.port}/old", 301),
        "/out": redirect(f"http://other.example:{blog.port}/old", 301),
    }
    targets = SiteTargets(client, close_after=timedelta(days=30))
    with pytest.raises(Fault):
        targets(f"http://my.example:{blog.port}/in")
    assert targets(f"http://my.example:{blog.port}/out")


# Closed by age

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def dated(published: str) -> Page:
    return Page(f'<meta property="article:published_time" content="{published}"><title>Five</title><p>text')


@pytest.mark.parametrize(
    ("page", "closed"),
    [
        pytest.param(dated("2026-01-30T11:59:59Z"), True, id="older"),
        pytest.param(dated("2026-01-30T12:00:00Z"), False, id="to-the-second"),
        pytest.param(dated("2026-01-30T12:00:00+02:00"), True, id="in-another-zone"),
        pytest.param(dated("2026-04-01"), False, id="of-tomorrow"),
        pytest.param(dated("once"), False, id="no-date-that-can-be-read"),
        pytest.param(Page("<p>text"), False, id="no-date"),
        pytest.param(
            Page('<div class="h-entry"><time class="dt-published" datetime="2025-01-01">'), True, id="h-entry"
        ),
        pytest.param(Page("published 2025", content_type="text/plain"), False, id="no-html"),
        pytest.param(Page(dated("2020-01-01").body, status=403), False, id="a-page-that-is-not-shown-to-us"),
        pytest.param(Unreachable(TARGET, "refused"), False, id="unreachable"),
    ],
)
def test_closed_by_its_own_date(page: Page | FetchError, closed: bool) -> None:
    exists = SiteTargets(Pages({TARGET: page}), close_after=timedelta(days=30), today=lambda: NOON)
    if not closed:
        assert exists(TARGET)
        return
    for _ in range(2):  # asked and remembered
        with pytest.raises(Fault, match="takes no pings any more, 30 days after it was published") as refused:
            exists(TARGET)
        assert refused.value.code == FaultCode.TARGET_NOT_PINGABLE


def test_a_missing_page_is_missing_whatever_its_age() -> None:
    pages = Pages({TARGET: Page(dated("2020-01-01").body, status=404)})
    assert not SiteTargets(pages, close_after=timedelta(days=30))(TARGET)


def test_it_closes_while_its_date_is_remembered() -> None:
    today = [NOON]
    pages = Pages({TARGET: dated("2026-02-28")})
    exists = SiteTargets(pages, close_after=timedelta(days=2), today=lambda: today[0], clock=Seconds())
    assert exists(TARGET)
    today[0] += timedelta(days=1)
    with pytest.raises(Fault):
        exists(TARGET)
    assert len(pages.asked) == 1


def test_without_an_age_nothing_closes() -> None:
    assert SiteTargets(Pages({TARGET: dated("1999-01-01")}))(TARGET)
