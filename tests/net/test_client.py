"""One exchange from the outside: what is sent, which redirects are followed, what comes back, what is reused."""

import gzip
import threading
from collections.abc import Iterator

import pytest

from pingback.errors import Blocked, FetchError, NoTurn, Unreachable
from pingback.net.client import Client, Limits
from pingback.net.connection import MAX_IDLE
from pingback.net.guard import Address, Permit, Postponed
from pingback.version import VERSION
from tests.loopback import Answer, Request, Site, head, page, redirect


def test_what_a_get_says(site: Site, client: Client) -> None:
    site.pages["/a?b=c"] = page(b"hello")
    with client.get(site.url + "/a?b=c#d", headers={"X-Pingback-Forwarded-For": "192.0.2.7"}) as response:
        assert (response.status, response.url, response.read()) == (200, site.url + "/a?b=c", b"hello")
    assert site.requests == [
        Request(
            "GET",
            "/a?b=c",
            {
                "host": f"127.0.0.1:{site.port}",
                "user-agent": f"pingback/{VERSION} (Webmention, Pingback, TrackBack)",
                "accept": "*/*",
                "accept-encoding": "gzip",
                "x-pingback-forwarded-for": "192.0.2.7",
            },
            b"",
        )
    ]


def test_what_a_post_says(site: Site, client: Client) -> None:
    site.pages["/rpc"] = page(b"<ok/>", headers={"Content-Type": "text/xml"})
    with client.post(site.url + "/rpc", b"<call/>", content_type="text/xml") as response:
        assert (response.content_type, response.read()) == ("text/xml", b"<ok/>")
    [request] = site.requests
    assert (request.method, request.body) == ("POST", b"<call/>")
    assert (request.headers["content-type"], request.headers["content-length"]) == ("text/xml", "7")


def test_a_name_stays_in_the_host_header(site: Site) -> None:
    with Client(allow=["127.0.0.1"], resolver=lambda *_: ["127.0.0.1"], user_agent="blog/2") as client:
        client.get(f"http://BÜCHER.example:{site.port}/").close()
    assert site.requests[0].headers["host"] == f"xn--bcher-kva.example:{site.port}"
    assert site.requests[0].headers["user-agent"] == "blog/2"


def test_ipv6(client: Client) -> None:
    with Site({"/": page(b"six")}, host="::1") as site, Client(allow=["::1"]) as client:
        assert client.get(site.url + "/").read() == b"six"
        assert site.requests[0].headers["host"] == f"[::1]:{site.port}"


def test_more_at_once_than_are_kept_is_nothing_to_warn_of(
    site: Site, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    site.pages["/"] = page(b"hello")
    responses = [client.get(site.url + "/") for _ in range(MAX_IDLE + 1)]
    assert {response.read() for response in responses} == {b"hello"}
    for response in responses:
        response.close()
    assert site.connections == MAX_IDLE + 1
    assert caplog.records == []


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        pytest.param("", "/", id="rfc3986-6.2.3-empty"),
        pytest.param("/a/../b/./c", "/b/c", id="rfc3986-5.2.4-dots"),
        pytest.param("/ü ?q=ü", "/%C3%BC%20?q=%C3%BC", id="url-1.3-not-ascii"),
        pytest.param("//x", "//x", id="two-slashes"),
        pytest.param("/%2e%2E/a%2fb", "/a%2Fb", id="url-4.3-encoded-dots"),
        pytest.param("/a\\b", "/a/b", id="url-4.4-backslash"),
        pytest.param("/a\r\nX-Evil: 1", "/aX-Evil:%201", id="url-4.4-new-line"),
    ],
)
def test_the_path_that_is_asked_for(path: str, sent: str, site: Site, client: Client) -> None:
    client.get(site.url + path).close()
    assert [request.path for request in site.requests] == [sent]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("X-A", "1\r\nX-B: 2", id="rfc9110-5.5-line-break"),
        pytest.param("X-A", "1\n", id="rfc9110-5.5-line-feed"),
        pytest.param("X-A", "\0", id="rfc9110-5.5-nul"),
        pytest.param("X-A", "\u20ac", id="rfc9110-5.5-not-latin-1"),
        pytest.param("X A", "1", id="rfc9110-5.1-space-in-the-name"),
        pytest.param("X:A", "1", id="rfc9110-5.1-colon-in-the-name"),
        pytest.param("", "1", id="rfc9110-5.1-no-name"),
        pytest.param("Host", "b.example", id="host-is-ours"),
        pytest.param("accept-encoding", "br", id="accept-encoding-is-ours"),
        pytest.param("Content-Length", "5", id="content-length-is-ours"),
    ],
)
def test_headers_that_cannot_be_sent(name: str, value: str, site: Site, client: Client) -> None:
    with pytest.raises(ValueError, match="header"):
        client.get(site.url + "/", headers={name: value})
    with pytest.raises(ValueError, match="header"):
        Client(user_agent="a\r\nb")
    assert site.connections == 0


@pytest.mark.parametrize("status", [200, 204, 206, 300, 304, 400, 401, 404, 410, 500, 503, 999])
def test_no_status_is_an_error(status: int, site: Site, client: Client) -> None:
    site.pages["/"] = page(b"", status=status, headers={"Location": "/elsewhere"} if status == 300 else {})
    with client.get(site.url + "/") as response:
        assert response.status == status
    assert len(site.requests) == 1


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_get_follows(status: int, site: Site, client: Client) -> None:
    site.pages |= {"/": redirect("/new#part", status), "/new": page(b"here")}
    with client.get(site.url + "/", headers={"X-Pingback-Forwarded-For": "192.0.2.7"}) as response:
        assert (response.url, response.read()) == (site.url + "/new", b"here")
    assert [request.method for request in site.requests] == ["GET", "GET"]
    assert site.requests[1].headers["x-pingback-forwarded-for"] == "192.0.2.7"
    assert "referer" not in site.requests[1].headers


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_post_is_sent_again(status: int, site: Site, client: Client) -> None:
    site.pages |= {"/": redirect("/new", status), "/new": page(b"<ok/>")}
    with client.post(site.url + "/", b"<call/>", content_type="text/xml") as response:
        assert (response.url, response.read()) == (site.url + "/new", b"<ok/>")
    assert [(request.method, request.body) for request in site.requests] == [("POST", b"<call/>")] * 2


def test_a_303_ends_a_post(site: Site, client: Client) -> None:
    site.pages["/"] = redirect("/new", 303)
    with client.post(site.url + "/", b"<call/>", content_type="text/xml") as response:
        assert (response.status, response.headers("Location")) == (303, ["/new"])
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    ("location", "path"),
    [
        pytest.param("new", "/deep/new", id="rfc3986-5.2-relative"),
        pytest.param("?a=b", "/deep/old?a=b", id="rfc3986-5.2-query"),
        pytest.param("../new", "/new", id="rfc3986-5.2.4-dots"),
        pytest.param(" /new ", "/new", id="url-4.4-white-space"),
        pytest.param("/\xc3\xbc", "/%C3%BC", id="rfc9110-10.2.2-utf-8-bytes"),
        pytest.param("/\xfc", "/%C3%BC", id="rfc9110-10.2.2-latin-1-bytes"),
    ],
)
def test_where_a_redirect_leads(location: str, path: str, site: Site, client: Client) -> None:
    site.pages["/deep/old"] = f"HTTP/1.1 302 -\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")
    if path != "/deep/old?a=b":
        client.get(site.url + "/deep/old").close()
    else:
        with client.get(site.url + "/deep/old") as response:
            assert response.status == 404
    assert site.requests[-1].path == path


@pytest.mark.parametrize(
    "status_and_headers",
    [
        pytest.param((302, {}), id="rfc9110-15.4-without-location"),
        pytest.param((304, {"Location": "/new"}), id="rfc9110-15.4.5-not-modified"),
        pytest.param((201, {"Location": "/new"}), id="rfc9110-15.3.2-created"),
    ],
)
def test_no_redirect(status_and_headers: tuple[int, dict[str, str]], site: Site, client: Client) -> None:
    status, headers = status_and_headers
    site.pages["/"] = page(status=status, headers=headers)
    with client.get(site.url + "/") as response:
        assert response.status == status
    assert len(site.requests) == 1


def test_five_redirects_are_followed_and_no_sixth(site: Site, client: Client) -> None:
    site.pages |= {f"/{hop}": redirect(f"/{hop + 1}") for hop in range(6)} | {"/6": page(b"end")}
    assert client.get(site.url + "/1").read() == b"end"
    with pytest.raises(Unreachable, match="more than 5 redirects"):
        client.get(site.url + "/0")


class Narrow(Permit):
    """Lets so many requests pass, and keeps what it is asked."""

    def __init__(self, hosts: int, addresses: int = 99) -> None:
        self.hosts = hosts
        self.addresses = addresses
        self.asked: list[str] = []
        self.reached: list[tuple[str, str, bool]] = []

    def check_host(self, url: str) -> None:
        self.asked.append(url)
        if len(self.asked) > self.hosts:
            raise Postponed("asked often enough", seconds=7.0)

    def check_address(self, host: str, address: Address, *, allowed: bool) -> None:
        self.reached.append((host, str(address), allowed))
        if len(self.reached) > self.addresses:
            raise Postponed("reached often enough", seconds=7.0)


def test_the_permit_is_asked_before_each_request_of_an_exchange(site: Site, client: Client) -> None:
    site.pages |= {f"/{hop}": redirect(f"/{hop + 1}") for hop in range(4)}
    permit = Narrow(hosts=3)
    with pytest.raises(NoTurn, match="asked often enough") as refused:
        client.get(site.url + "/0#part", permit=permit)
    assert permit.asked == [f"{site.url}/{hop}" for hop in range(4)]
    assert [request.path for request in site.requests] == ["/0", "/1", "/2"]
    assert (refused.value.url, refused.value.retry_after) == (f"{site.url}/3", 7.0)
    assert not isinstance(refused.value, FetchError)


@pytest.mark.parametrize("location", ["http://metadata.google.internal/", "mailto:a@b.example", "http://8.8.8.8:22/"])
def test_the_permit_is_not_asked_for_what_the_guard_refuses(location: str, site: Site, client: Client) -> None:
    site.pages["/"] = redirect(location)
    permit = Narrow(hosts=9)
    with pytest.raises(Blocked):
        client.get(site.url + "/", permit=permit)
    assert permit.reached == [("127.0.0.1", "127.0.0.1", True)]


def test_a_redirect_too_many_is_not_asked_for(site: Site, client: Client) -> None:
    site.pages |= {f"/{hop}": redirect(f"/{hop + 1}") for hop in range(6)}
    permit = Narrow(hosts=9)
    with pytest.raises(Unreachable, match="more than 5 redirects"):
        client.get(site.url + "/0", permit=permit)
    assert permit.asked == [f"{site.url}/{hop}" for hop in range(6)]


def test_a_circle_of_redirects_ends(site: Site, client: Client) -> None:
    site.pages |= {"/": redirect("/b"), "/b": redirect("/")}
    with pytest.raises(Unreachable, match="more than 5 redirects"):
        client.get(site.url + "/")


@pytest.mark.parametrize("location", ["http://", "http://[::1", "http://a.example:99999/", "/" + "x" * 9000])
def test_a_redirect_to_nowhere(location: str, site: Site, client: Client) -> None:
    site.pages["/"] = redirect(location)
    with pytest.raises(Unreachable, match="redirects to what is not a URL"):
        client.get(site.url + "/")


# Headers


def test_every_line_of_a_header(site: Site, client: Client) -> None:
    site.pages["/"] = (
        b"HTTP/1.1 200 OK\r\nLink: </a>; rel=x, </b>; rel=y\r\nX-Pingback: http://b\xc3\xbccher.example/\r\n"
        b"link: </c>;\r\n rel=z\r\nX-Latin: caf\xe9\r\nContent-Length: 0\r\n\r\n"
    )
    with client.get(site.url + "/") as response:
        assert response.headers("LINK") == ["</a>; rel=x, </b>; rel=y", "</c>; rel=z"]
        assert response.headers("X-Pingback") == ["http://bücher.example/"]
        assert response.headers("X-Latin") == ["café"]
        assert response.headers("X-None") == []
        assert response.content_type is None


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Pingback: /rpc\r\nno colon\r\n\r\nhello", id="rfc9112-5-no-colon"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Pingback: /rpc\r\n: none\r\n\r\nhello", id="rfc9112-5-no-name"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nX-Pingback: /rpc\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5\r\nhello\r\n0\r\n\r\n",
            id="rfc9112-6.3-two-lengths",
        ),
    ],
)
def test_sloppy_headers_are_read_and_fill_no_log(
    answer: bytes, site: Site, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    site.pages["/"] = answer
    with client.get(site.url + "/") as response:
        assert (response.headers("X-Pingback"), response.read()) == (["/rpc"], b"hello")
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


@pytest.mark.parametrize("status", [100, 101, 102, 103, 199])
def test_interim_responses_are_passed_over(status: int, site: Site, client: Client) -> None:
    hint = head(status, {"Link": "</early>; rel=webmention"})
    site.pages["/"] = hint + hint + page(b"final", headers={"Link": "</final>; rel=webmention"})
    for _ in range(2):
        with client.get(site.url + "/") as response:
            assert (response.status, response.read()) == (200, b"final")
            assert response.headers("Link") == ["</final>; rel=webmention"]
    assert site.connections == 1


# Connections


def test_a_page_read_to_its_end_leaves_the_connection(site: Site, client: Client) -> None:
    chunked = head(200, {"Transfer-Encoding": "chunked"}) + b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    zipped = page(gzip.compress(b"hello"), headers={"Content-Encoding": "gzip"})
    site.pages |= {"/plain": page(b"hello"), "/chunked": chunked, "/zipped": zipped, "/empty": page()}
    site.pages |= {"/204": head(204, {"Content-Length": "0"}), "/moved": redirect("/plain")}
    for path in ("/plain", "/chunked", "/zipped", "/moved", "/empty", "/204", "/plain"):
        with client.get(site.url + path) as response:
            response.read()
    with client.get(site.url + "/empty"):
        pass
    client.post(site.url + "/plain", b"x", content_type="text/plain").read()
    assert site.connections == 1


def test_a_page_not_read_to_its_end_drops_the_connection(site: Site, client: Client) -> None:
    site.pages["/"] = page(b"x" * 500_000)
    for _ in range(2):
        with client.get(site.url + "/") as response:
            next(response.chunks())
    assert site.connections == 2


def test_a_connection_that_was_closed_meanwhile_is_replaced(site: Site, client: Client) -> None:
    site.pages["/"] = page(b"x", headers={"Connection": "close"})
    assert client.get(site.url + "/").read() == b"x"
    assert client.get(site.url + "/").read() == b"x"
    assert site.connections == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_is_closed_when_it_is_used_again_is_replaced(method: str, site: Site, client: Client) -> None:
    """RFC 9112 §9.3.1; the second request on a connection is the one that finds it closed."""

    def once_a_connection(_request: Request) -> Answer:
        return page(b"x") if len(site.requests) in {1, 3} else b""

    site.pages["/"] = once_a_connection
    for _ in range(2):
        if method == "GET":
            assert client.get(site.url + "/").read() == b"x"
        else:
            assert client.post(site.url + "/", b"y", content_type="text/plain").read() == b"x"
    assert (len(site.requests), site.connections) == (3, 2)


def test_a_fresh_connection_that_is_closed_is_not_tried_again(site: Site, client: Client) -> None:
    site.pages["/"] = b""
    with pytest.raises(Unreachable, match="the connection was closed"):
        client.get(site.url + "/")
    assert site.connections == 1


def test_close_drops_what_was_kept(site: Site, client: Client) -> None:
    client.get(site.url + "/").read()
    client.close()
    client.get(site.url + "/").read()
    assert site.connections == 2


def test_the_body_of_a_redirect_is_not_read(site: Site, client: Client) -> None:
    """requests reads it whole, 100 MB as well, even when it is told not to follow."""
    sent = []

    def moved(_request: Request) -> Iterator[bytes]:
        yield head(302, {"Location": "/new", "Content-Length": "100000000"})
        for _ in range(100):
            yield b"x" * 1_000_000
            sent.append(1)

    site.pages |= {"/": moved, "/new": page(b"here")}
    assert client.get(site.url + "/").read() == b"here"
    assert len(sent) < 20


def test_threads_share_a_client(site: Site, client: Client) -> None:
    site.pages["/"] = lambda request: page(request.headers["x-number"].encode())
    answers = {}

    def ask(number: int) -> None:
        for _ in range(5):
            with client.get(site.url + "/", headers={"X-Number": str(number)}) as response:
                answers[number] = response.read()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: str(number).encode() for number in range(8)}
    assert site.connections <= 8


# Failures


def test_nobody_listens(client: Client) -> None:
    with Site() as site:
        pass
    with pytest.raises(Unreachable) as failure:
        client.get(site.url + "/")
    assert str(failure.value) == f"{site.url}/ could not be reached: the connection was refused"
    assert failure.value.url == site.url + "/"


@pytest.mark.parametrize("error", [OSError("none"), UnicodeError("label too long")])
def test_no_such_host(error: Exception) -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise error

    with Client(resolver=resolver) as client, pytest.raises(Unreachable) as failure:
        client.get("http://a.example/")
    assert str(failure.value) == "http://a.example/ could not be reached: no such host"


def test_a_host_without_addresses() -> None:
    with Client(resolver=lambda *_: []) as client, pytest.raises(Unreachable, match="no such host"):
        client.get("http://a.example/")


def test_the_next_address_is_tried(site: Site) -> None:
    site.pages["/"] = page(b"second")
    with Client(allow=["127.0.0.0/8"], resolver=lambda *_: ["127.0.0.2", "127.0.0.1"]) as client:
        assert client.get(f"http://a.example:{site.port}/").read() == b"second"


def test_not_every_address_is_tried(site: Site) -> None:
    answers = [f"127.0.0.{last}" for last in range(2, 10)]
    with (
        Client(allow=["127.0.0.0/8"], resolver=lambda *_: [*answers, "127.0.0.1"]) as client,
        pytest.raises(Unreachable, match="refused"),
    ):
        client.get(f"http://a.example:{site.port}/")
    assert site.connections == 0


def test_a_bug_in_a_resolver_is_not_hidden() -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise RuntimeError("a bug")

    with Client(resolver=resolver) as client, pytest.raises(RuntimeError, match="a bug"):
        client.get("http://a.example/")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>hello</html>", id="http-0.9"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="ssh"),
        pytest.param(b"\r\n\r\n", id="empty-lines"),
        pytest.param(b"\0" * 1000, id="nul"),
        pytest.param(b"HTTP/1.1 abc OK\r\n\r\n", id="rfc9112-4-status-not-a-number"),
        pytest.param(b"HTTP/1.1 99 -\r\n\r\n", id="rfc9112-4-status-too-small"),
        pytest.param(b"HTTP/2 200\r\n\r\n", id="http-2-in-plain"),
        pytest.param(b"HTTP/1.1 200 " + b"x" * 100_000, id="endless-status-line"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", id="huge-header"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n", id="many-headers"),
        pytest.param(page(b"x", headers={"Content-Length": "1, 2"}), id="rfc9112-6.3-two-lengths"),
    ],
)
def test_no_http(answer: bytes, site: Site, client: Client) -> None:
    site.pages["/"] = answer
    with pytest.raises(Unreachable, match="could not be reached"):
        client.get(site.url + "/").read()


@pytest.mark.parametrize("host", [".example", "a..example", "a" * 64 + ".example", "a_b.example", "-a.example"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_names_that_only_some_can_spell(scheme: str, host: str) -> None:
    with Site() as site:
        pass
    client = Client(allow=["127.0.0.1"], resolver=lambda *_: ["127.0.0.1"])
    with client, pytest.raises((Blocked, Unreachable)):
        client.get(f"{scheme}://{host}:{site.port}/")


@pytest.mark.parametrize(
    "limits",
    [
        {"timeout": 0.0},
        {"timeout": -1.0},
        {"timeout": float("nan")},
        {"timeout": float("inf")},
        {"max_bytes": -1},
        {"max_redirects": -1},
    ],
)
def test_limits_that_are_none(limits: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"limit|time-out"):
        Limits(**limits)  # type: ignore[arg-type]


def test_a_head_has_no_page(site: Site, client: Client) -> None:
    site.pages |= {
        "/a": redirect("/b"),
        "/b": head(200, {"X-Pingback": "https://my.example/xmlrpc", "Content-Length": "5"}),
    }
    with client.head(site.url + "/a") as response:
        assert (response.status, response.url) == (200, site.url + "/b")
        assert (response.headers("X-Pingback"), response.read()) == (["https://my.example/xmlrpc"], b"")
    assert [(request.method, request.path) for request in site.requests] == [("HEAD", "/a"), ("HEAD", "/b")]


def test_a_response_knows_by_which_redirects_it_came(site: Site, client: Client) -> None:
    site.pages |= {"/a": redirect("/b", 301), "/b": redirect("/c", 302), "/c": page(b"c")}
    for path, redirects in (("/a", (301, 302)), ("/b", (302,)), ("/c", ())):
        with client.get(site.url + path) as response:
            assert response.redirects == redirects


def test_the_permit_is_asked_for_each_request_on_one_connection(site: Site, client: Client) -> None:
    site.pages["/"] = page(b"x")
    permit = Narrow(hosts=9, addresses=2)
    for _ in range(2):
        client.get(site.url + "/", permit=permit).read()
    with pytest.raises(NoTurn, match="reached often enough"):
        client.get(site.url + "/", permit=permit)
    client.get(site.url + "/").read()  # the owner needs none
    assert permit.reached == [("127.0.0.1", "127.0.0.1", True)] * 3
    assert len(site.requests) == 3
