"""`pingback.server.inbox.visit`: whose page caused a request, and where a form may lead."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from pingback.server.http import Request
from pingback.server.inbox.visit import Visit, query_of, visit_of
from pingback.store import Store

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def visit(base: str = "https://my.example", headers: dict[str, str] | None = None, **form: str) -> Visit:
    body = urlencode(form).encode()
    request = Request(method="POST", path="/inbox/decide", base=base, headers=headers or {}, body=body)
    with Store("sqlite://") as store:
        return visit_of(request, store, now=NOON, holds=lambda url: False)


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        pytest.param({"sec-fetch-site": "same-origin"}, True, id="fetch-metadata-same-origin"),
        pytest.param({"sec-fetch-site": "none"}, True, id="fetch-metadata-the-person"),
        pytest.param({"sec-fetch-site": "same-site"}, False, id="fetch-metadata-a-sister"),
        pytest.param({"sec-fetch-site": "cross-site"}, False, id="fetch-metadata-a-stranger"),
        pytest.param(
            {"sec-fetch-site": "cross-site", "origin": "https://my.example"},
            False,
            id="fetch-metadata-is-believed-first",
        ),
        pytest.param({"origin": "https://my.example"}, True, id="rfc6454-7-origin"),
        pytest.param({"origin": "http://my.example"}, True, id="rfc6454-7-tls-ends-at-a-proxy"),
        pytest.param({"origin": "https://my.example:8443"}, False, id="rfc6454-7-another-port"),
        pytest.param({"origin": "https://my.example.evil.example"}, False, id="rfc6454-7-another-host"),
        pytest.param({"origin": "null"}, False, id="rfc6454-7-null"),
        pytest.param({"origin": ""}, False, id="rfc6454-7-empty"),
        pytest.param({}, True, id="neither-so-that-the-token-must-do"),
    ],
)
def test_who_caused_it(headers: dict[str, str], own: bool) -> None:
    assert visit("https://my.example/mount", headers).is_own is own


def test_without_a_host_no_origin_is_ours() -> None:
    assert not visit("/mount", {"origin": "https://my.example"}).is_own


@pytest.mark.parametrize(
    ("base", "headers", "secure"),
    [
        pytest.param("https://my.example", {}, True, id="tls"),
        pytest.param("http://my.example", {"origin": "https://my.example"}, True, id="tls-ends-at-a-proxy"),
        pytest.param("http://my.example", {"origin": "http://my.example"}, False, id="no-tls"),
        pytest.param("http://my.example", {}, False, id="nobody-says"),
    ],
)
def test_whether_the_browser_speaks_tls(base: str, headers: dict[str, str], secure: bool) -> None:
    assert visit(base, headers).is_secure is secure


@pytest.mark.parametrize(
    ("base", "root"),
    [
        pytest.param("https://my.example", "/inbox", id="at-the-root"),
        pytest.param("https://my.example/a%20b/c", "/a%20b/c/inbox", id="mounted"),
        pytest.param("/c", "/c/inbox", id="mounted-without-a-host"),
        pytest.param("", "/inbox", id="nothing-known"),
    ],
)
def test_where_the_inbox_is(base: str, root: str) -> None:
    assert visit(base).root == root


@pytest.mark.parametrize(
    ("to", "location"),
    [
        pytest.param("/inbox", "/m/inbox?did=spam&n=2", id="the-first-page"),
        pytest.param("/inbox?tab=spam&q=a%20b", "/m/inbox?tab=spam&q=a%20b&did=spam&n=2", id="with-a-query"),
        pytest.param("/inbox/outbox/17", "/m/inbox/outbox/17?did=spam&n=2", id="a-ping"),
        pytest.param("/inbox/blocked", "/m/inbox/blocked?did=spam&n=2", id="blocked"),
        pytest.param("", "/m/inbox?did=spam&n=2", id="nowhere"),
        pytest.param("https://evil.example/inbox", "/m/inbox?did=spam&n=2", id="another-site"),
        pytest.param("//evil.example/inbox", "/m/inbox?did=spam&n=2", id="another-host"),
        pytest.param("/inbox/../../", "/m/inbox?did=spam&n=2", id="dot-segments"),
        pytest.param("/inbox/logout", "/m/inbox?did=spam&n=2", id="no-page"),
        pytest.param("/inbox?x=\r\nSet-Cookie: a", "/m/inbox?did=spam&n=2", id="another-header"),
        pytest.param("/inbox?x=é", "/m/inbox?did=spam&n=2", id="not-ascii"),
        pytest.param("/inbox\n", "/m/inbox?did=spam&n=2", id="line-end"),
        pytest.param("/inbox?" + "x" * 2001, "/m/inbox?did=spam&n=2", id="too-long"),
    ],
)
def test_where_a_form_leads_back_to(to: str, location: str) -> None:
    response = visit("https://my.example/m", to=to).back(did="spam", n=2)
    assert (response.status, response.headers["Location"]) == (303, location)


def test_a_query_leaves_out_what_is_empty() -> None:
    assert query_of(tab="all", q="", after=None, n=0, name="a&b é") == "tab=all&name=a%26b+%C3%A9"
