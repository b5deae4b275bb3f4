"""`pingback.sending.discover` over real sockets: which response counts, and how much of it is read."""

from collections.abc import Iterator, Mapping
from math import inf

import pytest

from pingback.errors import BadStatus, Blocked, Unreachable
from pingback.model import Discovery, Endpoint, Protocol, Via
from pingback.net.client import Client, Limits
from pingback.net.guard import OWNERS, Permit
from pingback.net.response import Response
from pingback.sending.discover import REMEMBERED_FOR, discover
from tests.loopback import Page, Site, head, page, redirect

LINK = b'<link rel="pingback" href="/rpc">'
REST = b"<p>words</p>" * 85_000  # a little less than 1 MiB


class Watched(Client):
    """A client that keeps the responses it gave, so that one can ask how much of them was read."""

    def __init__(self) -> None:
        super().__init__(allow=["127.0.0.1"], limits=Limits(timeout=30.0, max_redirects=2))
        self.given: list[Response] = []

    def get(
        self, url: str, *, headers: Mapping[str, str] = {}, permit: Permit = OWNERS, seconds: float = inf
    ) -> Response:
        response = super().get(url, headers=headers)
        self.given.append(response)
        return response


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def client() -> Iterator[Watched]:
    with Watched() as client:
        yield client


def test_all_of_a_discovery(site: Site, client: Client) -> None:
    site.pages |= {"/old": redirect("/new/#part"), "/new/": page(headers={"X-Pingback": "../rpc?a=1&b=2"})}
    assert discover(f"{site.url}/old#five", client=client) == Discovery(
        target=f"{site.url}/old#five",
        url=f"{site.url}/new/",
        endpoints=(Endpoint(protocol=Protocol.PINGBACK, url=f"{site.url}/rpc?a=1&b=2", via=Via.HEADER),),
        max_age=REMEMBERED_FOR,
    )


def test_all_protocols_by_one_request(site: Site, client: Watched) -> None:
    rdf = f"""<!-- <rdf:RDF><rdf:Description dc:identifier="{site.url}/old" trackback:ping="tb?id=5"/></rdf:RDF> -->"""
    site.pages |= {
        "/old": redirect("/blog/new"),
        "/blog/new": _with_header("/rpc", body=b'<a rel="webmention" href="wm">x</a>' + rdf.encode()),
    }
    assert discover(f"{site.url}/old", client=client).endpoints == (
        Endpoint(protocol=Protocol.WEBMENTION, url=f"{site.url}/blog/wm", via=Via.A),
        Endpoint(protocol=Protocol.PINGBACK, url=f"{site.url}/rpc", via=Via.HEADER),
        Endpoint(protocol=Protocol.TRACKBACK, url=f"{site.url}/blog/tb?id=5", via=Via.RDF),
    )
    assert [request.path for request in site.requests] == ["/old", "/blog/new"]


# What counts


def _with_header(*values: str, body: bytes = b"", status: int = 200) -> bytes:
    lines = "".join(f"X-Pingback: {value}\r\n" for value in values)
    start, _, rest = page(body, status=status).partition(b"\r\n")
    return start + b"\r\n" + lines.encode() + rest


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        pytest.param(_with_header("/rpc", body=LINK.replace(b"rpc", b"no")), ("/rpc", "header"), id="2.3-header-first"),
        pytest.param(_with_header("/rpc", "/second"), ("/rpc", "header"), id="2.1-first-of-two-headers"),
        pytest.param(_with_header("", "mailto:a@b.example", "/rpc"), ("/rpc", "header"), id="2.1-first-usable-header"),
        pytest.param(_with_header("", body=LINK), ("/rpc", "link"), id="2.1-empty-header-is-none"),
        pytest.param(page(LINK), ("/rpc", "link"), id="2.2-link"),
        pytest.param(page(LINK, headers={"content-type": ""}), ("/rpc", "link"), id="2.2-link-without-a-type"),
        pytest.param(page(b'<link rel="pingback" href="rpc">'), ("/blog/rpc", "link"), id="relative-to-the-page"),
        pytest.param(page(b'<base href="/x/"><link rel="pingback" href="rpc">'), ("/x/rpc", "link"), id="base"),
        pytest.param(
            _with_header("rpc", body=b'<base href="/x/">'), ("/blog/rpc", "header"), id="base-is-not-for-headers"
        ),
        pytest.param(page(LINK, headers={"Link": '</no>; rel="pingback"'}), ("/rpc", "link"), id="link-header-is-none"),
        pytest.param(page(headers={"Link": '<wm>; rel="webmention"'}), ("/blog/wm", "header"), id="w1-link-header"),
        pytest.param(page(b'<link rel="webmention" href>'), ("/blog/post", "link"), id="w3-the-page-itself"),
        pytest.param(page(b'<a rel="pingback" href="/rpc">x</a>'), ("/rpc", "a"), id="a-alone"),
        pytest.param(page(b'<a rel="pingback" href="/no">x</a>' + LINK), ("/rpc", "link"), id="a-before-link"),
        pytest.param(
            page(b'<a rel="pingback" href="/no">x</a>', headers={"X-Pingback": "/rpc"}),
            ("/rpc", "header"),
            id="a-header",
        ),
        pytest.param(page(LINK, headers={"Content-Type": "text/plain"}), None, id="not-html"),
        pytest.param(page(headers={"Content-Type": "image/png", "X-Pingback": "/rpc"}), ("/rpc", "header"), id="image"),
        pytest.param(page(b"<!-- " + LINK + b" -->"), None, id="comment"),
        pytest.param(page(b""), None, id="empty"),
        pytest.param(page(status=204, headers={"X-Pingback": "/rpc"}), ("/rpc", "header"), id="204-is-a-success"),
    ],
)
def test_what_the_final_response_says(site: Site, client: Client, answer: bytes, found: tuple[str, str] | None) -> None:
    site.pages["/blog/post"] = answer
    endpoints = discover(f"{site.url}/blog/post", client=client).endpoints
    assert [(endpoint.url, endpoint.via) for endpoint in endpoints] == (
        [(site.url + found[0], found[1])] if found else []
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_header_on_a_redirect_does_not_count(site: Site, client: Client, status: int) -> None:
    said = {"Location": "/new", "X-Pingback": "/no", "Link": "</no>; rel=webmention"}
    site.pages["/old"] = page(LINK, status=status, headers=said)
    site.pages["/new"] = page(b"<p>nothing")
    found = discover(f"{site.url}/old", client=client)
    assert (found.url, found.endpoints) == (f"{site.url}/new", ())


def test_a_link_counts_from_where_the_page_is(site: Site, client: Client) -> None:
    site.pages |= {"/old/": redirect("/blog/new"), "/blog/new": page(b'<link rel="pingback" href="rpc">')}
    [endpoint] = discover(f"{site.url}/old/", client=client).endpoints
    assert endpoint.url == f"{site.url}/blog/rpc"


@pytest.mark.parametrize("status", [300, 304, 400, 401, 403, 404, 410, 429, 500, 503])
def test_an_error_page_advertises_nothing(site: Site, client: Client, status: int) -> None:
    site.pages["/"] = _with_header("/rpc", body=LINK if status != 304 else b"", status=status)
    with pytest.raises(BadStatus, match=f"answered with HTTP status {status}$") as refused:
        discover(f"{site.url}/", client=client)
    assert (refused.value.status, refused.value.url) == (status, f"{site.url}/")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        pytest.param("http://10.0.0.1/", "10.0.0.1 is not a public address", id="private"),
        pytest.param("http://user:secret@127.0.0.1/", "credentials", id="credentials"),
        pytest.param("ftp://a.example/", "not an absolute HTTP URL", id="not-http"),
        pytest.param("file:///etc/passwd", "not an absolute HTTP URL", id="file"),
        pytest.param("not a url", "not an absolute HTTP URL", id="not-a-url"),
    ],
)
def test_blocked(client: Client, target: str, words: str) -> None:
    with pytest.raises(Blocked, match=words) as refused:
        discover(target, client=client)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(redirect("/"), "more than 2 redirects", id="circle"),
        pytest.param(head(200, {"Content-Length": "99", "Connection": "close"}) + b"<p>", "broke off", id="cut"),
        pytest.param(b"220 ready\r\n", "does not answer in HTTP", id="not-http"),
        pytest.param(b"", "closed", id="hangs-up"),
    ],
)
def test_unreachable(site: Site, client: Client, answer: bytes, words: str) -> None:
    site.pages["/"] = answer
    with pytest.raises(Unreachable, match=words):
        discover(f"{site.url}/", client=client)


# How much is read


def test_a_header_needs_no_body(site: Site, client: Watched) -> None:
    site.pages["/"] = page(REST, headers={"X-Pingback": "/rpc"})
    discover(f"{site.url}/", client=client, wanted=[Protocol.PINGBACK])
    assert [response.bytes_read for response in client.given] == [0]


def test_a_link_in_the_head_needs_no_rest_of_the_page(site: Site, client: Watched) -> None:
    site.pages["/"] = page(b"<!doctype html><head><title>T</title>" + LINK + b"</head>" + REST)
    assert discover(f"{site.url}/", client=client, wanted=[Protocol.PINGBACK]).endpoints
    [response] = client.given
    assert 0 < response.bytes_read <= 32 * 1024


def test_the_body_of_a_redirect_or_an_error_is_not_read(site: Site, client: Watched) -> None:
    site.pages |= {"/": page(REST, status=302, headers={"Location": "/gone"}), "/gone": page(REST, status=410)}
    with pytest.raises(BadStatus):
        discover(f"{site.url}/", client=client)
    assert [response.bytes_read for response in client.given] == [0]


def test_what_is_not_html_is_not_read(site: Site, client: Watched) -> None:
    site.pages["/"] = page(REST, headers={"Content-Type": "video/mp4"})
    assert discover(f"{site.url}/", client=client).endpoints == ()
    assert [response.bytes_read for response in client.given] == [0]


@pytest.mark.parametrize(
    ("page_", "found"),
    [
        pytest.param([head(200, {"Content-Type": "text/html"}), LINK, *[REST] * 8], 1, id="behind-the-answer"),
        pytest.param([head(200, {"Content-Type": "text/html"}), *[REST] * 8, LINK], 0, id="before-the-answer"),
    ],
)
def test_a_page_without_end(site: Site, client: Watched, page_: Page, found: int) -> None:
    site.pages["/"] = page_
    assert len(discover(f"{site.url}/", client=client).endpoints) == found
    assert client.given[0].bytes_read <= 1024 * 1024


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"Cache-Control": "max-age=600"}, 600.0, id="w11-max-age"),
        pytest.param({"Cache-Control": "no-store"}, 0.0, id="w11-no-store"),
        pytest.param({"Cache-Control": "max-age=999999999"}, REMEMBERED_FOR, id="a-day-at-most"),
        pytest.param({}, REMEMBERED_FOR, id="says-nothing"),
    ],
)
def test_for_how_long_it_may_be_remembered(site: Site, client: Client, headers: dict[str, str], seconds: float) -> None:
    site.pages["/"] = page(headers=headers)
    assert discover(f"{site.url}/", client=client).max_age == seconds


def test_a_page_that_breaks_off_advertises_what_came_before(site: Site, client: Client) -> None:
    broken = head(200, {"Content-Type": "text/html; charset=utf-8", "Content-Length": "9999", "Connection": "close"})
    site.pages["/"] = broken + b'<link rel="pingback" href="/rpc"><p>'
    [endpoint] = discover(f"{site.url}/", client=client).endpoints
    assert endpoint.url == f"{site.url}/rpc"
    site.pages["/"] = broken + b"<p>"
    with pytest.raises(Unreachable):
        discover(f"{site.url}/", client=client)
