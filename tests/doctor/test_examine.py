"""`pingback.doctor.examine`: a whole check-up, of a site that answers with the bytes of a WordPress, and of others."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pingback.doctor.checks import CheckUp
from pingback.doctor.examine import examine
from pingback.errors import Blocked, Unreachable
from pingback.net.client import Client
from tests.loopback import Page, Request, Site, page, redirect

_CAPTURED = Path(__file__).resolve().parents[1] / "vectors" / "wordpress"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def check_up(site: Site, path: str = "/5") -> CheckUp:
    with Client(allow=["127.0.0.1"]) as client:
        return examine(site.url + path, client=client)


def wrong(found: CheckUp) -> list[str]:
    return [check.name for check in found.checks if not check.ok]


def captured(name: str, site: Site) -> bytes:
    """The bytes of a WordPress, that was at this site."""
    return re.sub(rb"127\.0\.0\.1:\d+", site.url.removeprefix("http://").encode(), (_CAPTURED / name).read_bytes())


@pytest.mark.parametrize("fault", ["fault-0-masked", "fault-0-no-url", "fault-16-no-source"])
def test_a_wordpress_is_well(site: Site, fault: str) -> None:
    def endpoint(request: Request) -> bytes:
        if request.method != "POST":
            return page(b"XML-RPC server accepts POST requests only.", status=405, headers={"Allow": "POST"})
        return captured(f"{fault if b'/5' in request.body else 'fault-0-foreign-target'}.reply.http", site)

    site.pages |= {"/5": captured("post-open.page.http", site), "/xmlrpc.php": endpoint}
    found = check_up(site)
    assert [check.message for check in found.checks if not check.ok] == []
    assert [check.name for check in found.checks] == [
        "reachable",
        "advertised",
        "pingback-header",
        "pingback-head",
        "pingback-address",
        "pingback-get",
        "pingback-answer",
        "pingback-time",
        "pingback-source",
        "pingback-target",
    ]


def test_a_wordpress_post_that_is_closed(site: Site) -> None:
    site.pages["/5"] = captured("post-closed.page.http", site)
    assert wrong(check_up(site)) == ["advertised"]


def test_a_page_is_asked_for_by_get_and_by_head(site: Site) -> None:
    site.pages["/5"] = page(b"<p>hello")
    check_up(site)
    assert sorted(request.method for request in site.requests) == ["GET", "HEAD"]


def test_a_page_that_moved_is_judged_where_it_is(site: Site) -> None:
    site.pages |= {"/5": redirect("/five", 301), "/five": page(b'<link rel="webmention" href="">')}
    found = check_up(site)
    assert found.url == f"{site.url}/5"
    assert found.checks[0].message == (
        f"the page is at {site.url}/five; some senders do not follow redirects, so let links lead there"
    )
    assert wrong(found) == ["webmention-empty"]


def test_a_head_that_has_no_answer(site: Site) -> None:
    def answer(request: Request) -> bytes:
        return page(headers={"X-Pingback": f"{site.url}/rpc"}) if request.method == "GET" else b""

    site.pages["/5"] = answer
    assert "pingback-head" in wrong(check_up(site))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(b"", Unreachable, id="hangs-up"),
        pytest.param(redirect("/5"), Unreachable, id="circle"),
        pytest.param(redirect("http://10.0.0.1/"), Blocked, id="redirect-inside"),
    ],
)
def test_no_page_to_look_at(site: Site, answer: Page, error: type[Exception]) -> None:
    site.pages["/5"] = answer
    with pytest.raises(error):
        check_up(site)


def test_an_error_page_is_a_check(site: Site) -> None:
    found = check_up(site, "/none")
    assert (wrong(found), found.ok) == (["reachable"], False)
