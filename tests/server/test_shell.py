"""`pingback.server.shell`: through WSGI and through ASGI, the same request is the same request, and answered alike."""

import io
import re
import xmlrpc.client
from functools import partial
from typing import Any
from urllib.parse import quote, unquote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.protocols.xmlrpc import MAX_BODY
from pingback.server.app import handle
from pingback.server.http import Request
from pingback.server.inbox.passwords import hash_of
from pingback.server.shell import Forwarded, Head
from pingback.server.wsgi import wsgi_app
from tests.receive.lax import Receiver
from tests.server.conftest import SOURCE, TARGET
from tests.server.scopes import Got, Seen, app_of, asked, asked_by_wsgi, pieces, scope

FORM = "application/x-www-form-urlencoded"
XML = "text/xml"
PING = xmlrpc.client.dumps((SOURCE, TARGET), "pingback.ping").encode()
WEBMENTION = f"source={quote(SOURCE, safe='')}&target={quote(TARGET, safe='')}".encode()
TRACKBACK = f"url={quote(SOURCE, safe='')}".encode()

PROXIES = ("127.0.0.1", "10.0.0.0/8", "2001:db8::/32")


def as_wsgi(method: str, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes, mount: str) -> dict[str, Any]:
    """What a WSGI server that is true to PEP 3333 makes of a request."""
    sent, _, query = target.partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": mount,
        "PATH_INFO": unquote_to_bytes(sent.removeprefix(mount.encode())).decode("latin-1"),
        "REQUEST_URI": target.decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "REMOTE_ADDR": "192.0.2.7",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
    }
    for name, value in headers:
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        between = "; " if key == "HTTP_COOKIE" else ", "
        environ[key] = (
            f"{environ[key]}{between}{value.decode('latin-1')}" if key in environ else value.decode("latin-1")
        )
    return environ


def as_asgi(method: str, target: bytes, headers: list[tuple[bytes, bytes]], mount: str) -> dict[str, Any]:
    """What an ASGI server that is true to its norm makes of the same."""
    sent, _, query = target.partition(b"?")
    return scope(
        unquote(sent.decode("ascii")),
        method=method,
        raw_path=sent,
        query_string=query,
        root_path=mount,
        headers=[(name.lower(), value) for name, value in headers],
    )


def both(
    answer: Any,
    method: str,
    target: bytes,
    headers: list[tuple[bytes, bytes]],
    body: bytes = b"",
    *,
    mount: str = "",
    proxies: tuple[str, ...] = (),
) -> tuple[Got, Got]:
    given = [(b"Host", b"my.example"), *headers]
    if method == "POST" and not any(name == b"Content-Length" for name, _ in given):
        given.append((b"Content-Length", str(len(body)).encode()))
    by_wsgi = asked_by_wsgi(wsgi_app(answer, trusted_proxies=proxies), as_wsgi(method, target, given, body, mount))
    cut = [body[start : start + 1000] for start in range(0, len(body), 1000)] or [b""]
    by_asgi = asked(app_of(answer, trusted_proxies=proxies), as_asgi(method, target, given, mount), pieces(*cut))
    return by_wsgi, by_asgi


def alike(got: Got) -> tuple[object, ...]:
    """What does not differ from one answer to the next, or by the rules of one shell alone."""
    said = [(name, value) for name, value in got.headers if name not in ("connection", "etag", "last-modified")]
    body, text = got.body, repr((said, got.body))
    for odd in (r"[0-9a-f]{32,}", r"\d{4}-\d\d-\d\dT[\d:.]+Z?", r"[\w-]{20,}\.[\w.-]+", r"in \d+ seconds"):
        text = re.sub(odd, "*", text)
    return got.status, len(body), text


@pytest.mark.parametrize(
    ("method", "target", "content_type", "body", "status"),
    [
        pytest.param("POST", "/xmlrpc", XML, PING, 200, id="ping"),
        pytest.param("POST", "/xmlrpc", XML, b"<", 200, id="ping-that-is-none"),
        pytest.param("GET", "/xmlrpc", None, b"", 405, id="ping-by-get"),
        pytest.param("POST", "/webmention", FORM, WEBMENTION, 200, id="webmention"),
        pytest.param("POST", "/webmention", FORM, b"source=x", 400, id="webmention-that-is-none"),
        pytest.param("POST", "/webmention", None, WEBMENTION, 200, id="webmention-without-a-type"),
        pytest.param("GET", "/webmention/1", None, b"", 404, id="status-page"),
        pytest.param("POST", "/trackback/part-5?a=1&b=2", FORM, TRACKBACK, 200, id="trackback"),
        pytest.param("GET", "/trackback/a%2Fb%C3%BC%FF?__mode=rss", None, b"", 200, id="trackback-list"),
        pytest.param("HEAD", "/trackback/x?__mode=rss", None, b"", 200, id="trackback-head"),
        pytest.param("GET", "/healthz", None, b"", 200, id="health"),
        pytest.param("HEAD", "/healthz", None, b"", 200, id="health-head"),
        pytest.param("GET", "/readyz", None, b"", 200, id="ready"),
        pytest.param("GET", "/metrics", None, b"", 404, id="metrics"),
        pytest.param("GET", "/api/mentions.jf2?target=https://my.example/part-5", None, b"", 200, id="jf2"),
        pytest.param("GET", "/api/mentions.json?target=https://my.example/x%20y", None, b"", 200, id="json"),
        pytest.param("GET", "/api/mentions.atom?target=https://my.example/part-5", None, b"", 200, id="atom"),
        pytest.param("GET", "/api/mentions.json", None, b"", 400, id="of-no-page"),
        pytest.param("GET", "/api/count?target=https://my.example/part-5", None, b"", 200, id="count"),
        pytest.param("OPTIONS", "/api/count", None, b"", 204, id="preflight"),
        pytest.param("GET", "/api/deletions", None, b"", 200, id="deletions"),
        pytest.param("GET", "/mentions?target=https://my.example/part-5&lang=de", None, b"", 200, id="fragment"),
        pytest.param("GET", "/widget.js", None, b"", 200, id="widget"),
        pytest.param("GET", "/inbox", None, b"", 200, id="inbox"),
        pytest.param("GET", "/inbox/login", None, b"", 303, id="login"),
        pytest.param("POST", "/inbox/login", FORM, b"password=wrong+horse", 403, id="wrong-password"),
        pytest.param("POST", "/inbox/login", FORM, b"password=correct+horse", 303, id="password"),
        pytest.param("GET", "/nowhere", None, b"", 404, id="nowhere"),
        pytest.param("GET", "/%00%FF", None, b"", 404, id="no-letters"),
        pytest.param("BREW", "/healthz", None, b"", 405, id="strange-method"),
    ],
)
@pytest.mark.parametrize("mount", ["", "/blog/ping"], ids=["alone", "mounted"])
def test_every_route_answers_alike(
    receiver: Receiver, mount: str, method: str, target: str, content_type: str | None, body: bytes, status: int
) -> None:
    receiver.store.secrets.set_password(hash_of("correct horse"))
    if status == 200 and method == "POST":  # the second of two would hear that it is known already
        receiver.ping(SOURCE, TARGET)
    headers = [] if content_type is None else [(b"Content-Type", content_type.encode())]
    answer = partial(handle, receiver=receiver)
    by_wsgi, by_asgi = both(answer, method, mount.encode() + target.encode(), headers, body, mount=mount)
    assert by_wsgi.status == status
    assert alike(by_asgi) == alike(by_wsgi)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        pytest.param([(b"Content-Encoding", b"gzip")], b"x", 415, id="compressed"),
        pytest.param([(b"Content-Length", b"1000000")], b"x", 413, id="too-long"),
        pytest.param([(b"Content-Length", b"9"), (b"Content-Length", b"9")], b"x" * 9, 400, id="two-lengths"),
        pytest.param([(b"Content-Length", b"9")], b"x", 400, id="too-short"),
        pytest.param([(b"Content-Length", b"")], b"", 411, id="no-length"),
        pytest.param([(b"Content-Length", b""), (b"Transfer-Encoding", b"chunked")], b"x", 200, id="chunks"),
        pytest.param([(b"Content-Length", b""), (b"Transfer-Encoding", b"chunked")], b"", 200, id="no-chunks"),
        pytest.param(
            [(b"Content-Length", b""), (b"Transfer-Encoding", b"chunked")], b"x" * (MAX_BODY + 1), 413, id="long-chunks"
        ),
    ],
)
def test_bodies_are_taken_or_refused_alike(headers: list[tuple[bytes, bytes]], body: bytes, status: int) -> None:
    by_wsgi, by_asgi = both(Seen(), "POST", b"/xmlrpc", headers, body)
    assert by_wsgi.status == status
    assert alike(by_asgi) == alike(by_wsgi)


def test_what_fails_is_a_500_in_both(caplog: pytest.LogCaptureFixture) -> None:
    def answer(request: Request) -> Any:
        raise ZeroDivisionError

    by_wsgi, by_asgi = both(answer, "GET", b"/", [])
    assert by_wsgi.status == 500
    assert alike(by_asgi) == alike(by_wsgi)
    assert [record.getMessage() for record in caplog.records] == ["a request could not be answered"] * 2


# What servers let through: any byte that is visible ASCII, escapes of all others, and any header but its end.
VISIBLE = st.integers(0x21, 0x7E).filter(lambda byte: chr(byte) not in "?#%").map(lambda byte: bytes([byte]))


ESCAPED = st.integers(0, 255).map(lambda byte: b"%%%02x" % byte)


PATHS = st.lists(VISIBLE | ESCAPED | st.sampled_from([b"/", b"//", b"%", b"%2F", b"/../", b"%zz"])).map(b"".join)


VALUES = st.binary(max_size=30).map(lambda value: re.sub(rb"[\r\n\0]", b"", value).strip(b" \t"))


NAMES = st.sampled_from(
    [b"Host", b"Cookie", b"X-Forwarded-For", b"X-Forwarded-Host", b"X-Forwarded-Proto", b"Content-Type", b"X-Y"]
)


@given(
    path=PATHS,
    query=st.binary(max_size=30).map(lambda value: re.sub(rb"[^\x21-\x7e]|#", b"", value)),
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=6),
    mount=st.sampled_from(["", "/api", "/a-b/c"]),
    proxies=st.sampled_from([(), ("192.0.2.0/24",)]),
)
def test_any_request_is_the_same_request(
    path: bytes, query: bytes, headers: list[tuple[bytes, bytes]], mount: str, proxies: tuple[str, ...]
) -> None:
    seen = Seen()
    both(seen, "GET", mount.encode() + b"/" + path + b"?" + query, headers, mount=mount, proxies=proxies)
    by_wsgi, by_asgi = seen.requests
    headers_by_wsgi = {name: value for name, value in by_wsgi.headers.items() if value or name in by_asgi.headers}
    assert dict(by_asgi.headers) == headers_by_wsgi
    for name in ("method", "path", "raw_path", "query", "base", "content_type", "remote_addr"):
        assert getattr(by_asgi, name) == getattr(by_wsgi, name), name
    assert by_asgi.raw_path.isascii()
    assert by_asgi.query.isascii()


def head(peer: str, headers: dict[str, str]) -> Head:
    return Head(
        method="GET",
        scheme="http",
        host="inside:8000",
        mount=b"",
        path=b"/",
        raw_path=b"/",
        query=b"",
        headers=headers,
        remote_addr=peer,
    )


def seen(peer: str, **headers: str) -> tuple[str, str, str]:
    """The address of the client, the scheme and the host that the application sees."""
    forwarded = {f"x-forwarded-{name}": value for name, value in headers.items()}
    outside = Forwarded(PROXIES).as_seen_outside(head(peer, forwarded))
    return outside.remote_addr, outside.scheme, outside.host


@pytest.mark.parametrize(
    ("peer", "hops", "client_ip"),
    [
        pytest.param("127.0.0.1", "192.0.2.7", "192.0.2.7", id="one-proxy"),
        pytest.param("127.0.0.1", "192.0.2.7, 10.1.1.1", "192.0.2.7", id="two-proxies"),
        pytest.param("127.0.0.1", "203.0.113.9, 192.0.2.7, 10.1.1.1", "192.0.2.7", id="the-right-most-no-proxy"),
        pytest.param("127.0.0.1", "127.0.0.1, 192.0.2.7", "192.0.2.7", id="a-forged-proxy-on-the-left"),
        pytest.param("127.0.0.1", "10.1.1.1,10.1.1.2", "10.1.1.1", id="nothing-but-proxies"),
        pytest.param("127.0.0.1", "192.0.2.7, unknown", "127.0.0.1", id="not-an-address"),
        pytest.param("127.0.0.1", "192.0.2.7, unknown, 10.1.1.1", "10.1.1.1", id="not-an-address-behind-a-proxy"),
        pytest.param("127.0.0.1", "", "127.0.0.1", id="empty"),
        pytest.param("127.0.0.1", "192.0.2.7:5555", "192.0.2.7", id="with-a-port"),
        pytest.param("127.0.0.1", "[2001:db9::1]:5555", "2001:db9::1", id="ipv6-with-a-port"),
        pytest.param("127.0.0.1", "2001:db9::1, 2001:db8::5", "2001:db9::1", id="ipv6"),
        pytest.param("127.0.0.1", "::ffff:192.0.2.7", "192.0.2.7", id="rfc4291-2.5.5.2-mapped"),
        pytest.param("::ffff:127.0.0.1", "192.0.2.7", "192.0.2.7", id="a-mapped-proxy"),
        pytest.param("127.0.0.1", "192.0.2.7" + ", 10.1.1.1" * 5000, "10.1.1.1", id="thousands-of-hops"),
        pytest.param("192.0.2.1", "203.0.113.9", "192.0.2.1", id="a-stranger"),
        pytest.param("192.0.2.1", "127.0.0.1", "192.0.2.1", id="a-stranger-as-the-proxy"),
        pytest.param("", "203.0.113.9", "", id="no-peer"),
    ],
)
def test_who_asked(peer: str, hops: str, client_ip: str) -> None:
    assert seen(peer, **{"for": hops})[0] == client_ip


@pytest.mark.parametrize(
    ("peer", "scheme", "host", "outside"),
    [
        pytest.param("127.0.0.1", "https", "blog.example", ("https", "blog.example"), id="a-proxy"),
        pytest.param("127.0.0.1", "evil, HTTPS", "evil, blog.example", ("https", "blog.example"), id="the-nearest"),
        pytest.param("127.0.0.1", "gopher", "", ("http", "inside:8000"), id="nothing-of-use"),
        pytest.param("192.0.2.1", "https", "evil.example", ("http", "inside:8000"), id="a-stranger"),
    ],
)
def test_at_which_address(peer: str, scheme: str, host: str, outside: tuple[str, str]) -> None:
    assert seen(peer, proto=scheme, host=host, **{"for": "192.0.2.7"})[1:] == outside


def test_a_proxy_may_tell_the_scheme_alone() -> None:
    assert seen("127.0.0.1", proto="https") == ("127.0.0.1", "https", "inside:8000")


def test_without_the_headers_nothing_changes() -> None:
    assert seen("127.0.0.1") == ("127.0.0.1", "http", "inside:8000")


def test_a_proxy_that_nobody_named_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    forwarded = Forwarded(())
    for peer in ("127.0.0.1", "10.0.0.1", "127.0.0.1", "198.51.100.1"):
        forwarded.as_seen_outside(head(peer, {"x-forwarded-for": "192.0.2.7"}))
    [record] = caplog.records
    assert record.getMessage() == (
        "requests come through 127.0.0.1, which counts as one sender: is it one of trusted_proxies?"
    )
