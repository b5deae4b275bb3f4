"""`pingback.server.app`: which path answers which method, with what (RFC 9110)."""

import pytest

from pingback.server.app import handle, makes_list
from pingback.server.http import Request
from tests.receive.lax import Receiver


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/healthz", 200, id="health"),
        pytest.param("HEAD", "/healthz", 200, id="health-head"),
        pytest.param("POST", "/xmlrpc", 200, id="xmlrpc-with-nothing-in-it"),
        pytest.param("POST", "/webmention", 400, id="webmention-with-nothing-in-it"),
        pytest.param("GET", "/webmention/", 404, id="status-of-nothing"),
        pytest.param("POST", "/trackback/", 200, id="trackback-with-nothing-in-it"),
        pytest.param("GET", "/trackback/part-5", 200, id="trackback-by-get"),
        pytest.param("HEAD", "/trackback/part-5", 200, id="trackback-by-head"),
        pytest.param("GET", "/api/mentions.jf2", 400, id="mentions-of-no-page"),
        pytest.param("HEAD", "/api/mentions.jf2", 400, id="mentions-by-head"),
        pytest.param("OPTIONS", "/api/mentions.jf2", 204, id="preflight"),
        pytest.param("GET", "/api/deletions", 200, id="deletions"),
        pytest.param("GET", "/api/mentions.html", 404, id="no-such-format"),
        pytest.param("GET", "/mentions", 400, id="fragment-of-no-page"),
        pytest.param("GET", "/widget.js", 200, id="widget"),
        pytest.param("POST", "/trackback", 404, id="trackback-for-no-page"),
        pytest.param("POST", "/webmentions", 404, id="letter-too-many"),
        pytest.param("GET", "/inbox", 200, id="inbox"),
        pytest.param("GET", "/inbox/outbox", 200, id="inbox-below"),
        pytest.param("POST", "/inbox", 404, id="inbox-takes-nothing-itself"),
        pytest.param("GET", "/inboxes", 404, id="inbox-with-letters-too-many"),
        pytest.param("GET", "/", 404, id="root"),
        pytest.param("GET", "", 404, id="no-path"),
        pytest.param("POST", "/xmlrpc/", 404, id="slash-too-many"),
        pytest.param("POST", "/XMLRPC", 404, id="rfc3986-6.2.2.1-case-of-a-path"),
        pytest.param("GET", "/nowhere\0\ud800", 404, id="odd-letters"),
    ],
)
def test_status(receiver: Receiver, method: str, path: str, status: int) -> None:
    assert handle(Request(method=method, path=path, raw_path=path), receiver).status == status


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        pytest.param("GET", "/xmlrpc", "POST", id="get-xmlrpc"),
        pytest.param("HEAD", "/xmlrpc", "POST", id="head-xmlrpc"),
        pytest.param("OPTIONS", "/xmlrpc", "POST", id="options-xmlrpc"),
        pytest.param("post", "/xmlrpc", "POST", id="rfc9110-9.1-methods-are-case-sensitive"),
        pytest.param("POST", "/healthz", "GET, HEAD", id="post-health"),
        pytest.param("GET", "/webmention", "POST", id="get-webmention"),
        pytest.param("POST", "/webmention/x", "GET, HEAD", id="post-status"),
        pytest.param("POST", "/api/count", "GET, HEAD, OPTIONS", id="post-count"),
        pytest.param("POST", "/mentions", "GET, HEAD, OPTIONS", id="post-fragment"),
        pytest.param("POST", "/widget.js", "GET, HEAD", id="post-widget"),
        pytest.param("PUT", "/trackback/part-5", "GET, HEAD, POST", id="put-trackback"),
        pytest.param("PUT", "/inbox", "GET, HEAD, POST", id="put-inbox"),
    ],
)
def test_rfc9110_15_5_6_405_says_what_is_allowed(receiver: Receiver, method: str, path: str, allow: str) -> None:
    response = handle(Request(method=method, path=path, raw_path=path), receiver)
    assert (response.status, response.headers["Allow"]) == (405, allow)


def test_health_is_ok(receiver: Receiver) -> None:
    assert handle(Request(method="GET", path="/healthz"), receiver).body == b"ok\n"


@pytest.mark.parametrize(("path", "status"), [("/xmlrpc", 200), ("/webmention", 400), ("/trackback/part-5", 200)])
@pytest.mark.parametrize(("size", "fits"), [(64 * 1024, True), (64 * 1024 + 1, False)])
def test_a_body_over_64_kib_is_413(receiver: Receiver, path: str, status: int, size: int, fits: bool) -> None:
    request = Request(method="POST", path=path, raw_path=path, body=b"x" * size)
    assert handle(request, receiver).status == (status if fits else 413)


@pytest.mark.parametrize(
    ("method", "path", "long"),
    [
        pytest.param("GET", "/api/mentions.jf2", True, id="jf2"),
        pytest.param("HEAD", "/api/mentions.atom", True, id="head"),
        pytest.param("GET", "/api/count", True, id="count"),
        pytest.param("GET", "/api/deletions", True, id="deletions"),
        pytest.param("GET", "//mentions", True, id="slashes-that-the-server-drops"),
        pytest.param("GET", "/trackback/part-5", True, id="trackbacks-of-a-page"),
        pytest.param("POST", "/trackback/part-5", False, id="trackback"),
        pytest.param("POST", "/api/count", False, id="405"),
        pytest.param("POST", "/xmlrpc", False, id="pingback"),
        pytest.param("POST", "/webmention", False, id="webmention"),
        pytest.param("GET", "/healthz", False, id="health"),
        pytest.param("GET", "/inbox", False, id="inbox"),
        pytest.param("GET", "/api/", False, id="nothing-there"),
        pytest.param("GET", "", False, id="no-path"),
    ],
)
def test_what_may_take_long_to_make(method: str, path: str, long: bool) -> None:
    assert makes_list(method, path) is long
