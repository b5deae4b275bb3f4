"""What WordPress sends and what it wants to hear, line by line, over a socket.

Its requests are those of tests/vectors/wordpress; with a WordPress that runs, tests/paths/test_wordpress.py.
"""

import http.client
import xmlrpc.client
from collections.abc import Iterator

import pytest

from pingback.model import MentionStatus, Protocol
from pingback.net.client import Client
from pingback.protocols.headers import links_in
from pingback.server.advertising import advertise
from pingback.server.run import Server
from pingback.store import Store
from tests.loopback import Site, page
from tests.paths.exchange import post
from tests.receive.lax import Receiver
from tests.server.shells import wsgi_of


@pytest.fixture
def site() -> Iterator[Site]:
    with Site({"/5": page(b"<title>Five</title>")}) as site:
        yield site


@pytest.fixture
def store() -> Iterator[Store]:
    with Store("sqlite://") as store:
        yield store


@pytest.fixture
def root(site: Site, store: Store) -> Iterator[str]:
    with (
        Client(allow=["127.0.0.1"]) as client,
        Receiver(site=site.url, store=store, client=client) as receiver,
        Server(wsgi_of(receiver)) as server,
    ):
        yield server.url


def call(root: str, *params: object, method: str = "pingback.ping") -> tuple[int, bytes]:
    """Status and body of the answer, byte for byte."""
    body = xmlrpc.client.dumps(params, method).encode()  # type: ignore[arg-type]  # any values may go into a call
    connection = http.client.HTTPConnection(root.removeprefix("http://"), timeout=300)
    try:
        connection.request("POST", "/xmlrpc", body, {"Content-Type": "text/xml"})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def fault_of(body: bytes) -> int | None:
    try:
        xmlrpc.client.loads(body)
    except xmlrpc.client.Fault as fault:
        return fault.faultCode
    return None


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        pytest.param("<a href='{target}'>x</a>", None, id="link"),
        pytest.param("<img src='{target}'>", None, id="img"),
        pytest.param("<p>{target}</p>", 17, id="bare-text"),
        pytest.param("<a href='{target}#comments'>x</a>", None, id="fragment"),
    ],
)
def test_targets_that_wordpress_takes_from_a_post(site: Site, root: str, source: str, fault: int | None) -> None:
    """It pings every URL in a post's text: those of images, of bare text, and with their fragments."""
    site.pages["/6"] = page(f"<title>Six</title>{source.format(target=f'{site.url}/5')}".encode())
    status, body = call(root, f"{site.url}/6", f"{site.url}/5#comments")
    assert (status, fault_of(body)) == (200, fault)


@pytest.mark.parametrize(
    ("method", "params", "fault"),
    [
        pytest.param("pingback.ping", ("{site}/6", "{site}/5"), None, id="success"),
        pytest.param("pingback.ping", ("{site}/none", "{site}/5"), 16, id="fault"),
        pytest.param("pingback.ping", (), -32602, id="wrong-parameters"),
        pytest.param("demo.sayHello", (), -32601, id="no-such-method"),
        pytest.param("system.multicall", ([],), -32601, id="no-multicall"),
        pytest.param("pingback.extensions.getPingbacks", ("{site}/5",), None, id="extension"),
    ],
)
def test_http_200_and_nothing_before_the_xml(
    site: Site, root: str, method: str, params: tuple[object, ...], fault: int | None
) -> None:
    """A BOM, a comment or a status but 200 is a failure to it, whatever follows."""
    site.pages["/6"] = page(f"<title>Six</title><a href='{site.url}/5'>five</a>".encode())
    given = [value.format(site=site.url) if isinstance(value, str) else value for value in params]
    status, body = call(root, *given, method=method)
    assert (status, fault_of(body)) == (200, fault)
    assert body.startswith(b"<?xml ")
    assert body.partition(b"?>")[2].lstrip().startswith(b"<methodResponse>")


def test_a_repeat_is_48(site: Site, root: str) -> None:
    """That stops it from pinging again with the next update of the post."""
    site.pages["/6"] = page(f"<title>Six</title><a href='{site.url}/5'>five</a>".encode())
    assert [fault_of(call(root, f"{site.url}/6", f"{site.url}/5")[1]) for _ in range(3)] == [None, 48, 48]


def test_get_pingbacks_are_the_approved_ones(site: Site, store: Store) -> None:
    """WordPress lists those that wait, too; what the owner has not seen is not the public's."""
    statuses = iter([MentionStatus.APPROVED, MentionStatus.PENDING, MentionStatus.SPAM])
    with (
        Client(allow=["127.0.0.1"]) as client,
        Receiver(site=site.url, store=store, client=client, decide=lambda _: next(statuses)) as receiver,
        Server(wsgi_of(receiver)) as server,
    ):
        for number in (6, 7, 8):
            site.pages[f"/{number}"] = page(f"<title>x</title><a href='{site.url}/5'>five</a>".encode())
            call(server.url, f"{site.url}/{number}", f"{site.url}/5")
        _, body = call(server.url, f"{site.url}/5", method="pingback.extensions.getPingbacks")
    assert xmlrpc.client.loads(body)[0] == ([f"{site.url}/6"],)


def test_words_of_a_trackback_are_decoded_once(site: Site, store: Store) -> None:
    with (
        Client(allow=["127.0.0.1"]) as client,
        Receiver(site=site.url, store=store, client=client, verify_trackbacks=False) as receiver,
        Server(wsgi_of(receiver)) as server,
    ):
        form = {"url": f"{site.url}/6", "title": "Springs &#038; wheels", "excerpt": "&lt;b&gt; is &amp;lt;b&amp;gt;"}
        assert "<error>0</error>" in post(f"{server.url}/trackback/5", form).body
    [mention] = store.mentions.list()
    assert (mention.protocol, mention.title, mention.excerpt) == (
        Protocol.TRACKBACK,
        "Springs & wheels",
        "<b> is &lt;b&gt;",
    )


@pytest.mark.parametrize("at", [None, "https://pings.example/linkback/"])
def test_one_absolute_header_without_an_ampersand(at: str | None) -> None:
    """More than one makes it break off; what is escaped in it stays escaped."""
    headers = advertise("https://my.example/five?a=1&b=2", at=at).headers
    assert sorted(headers) == ["Link", "X-Pingback"]
    assert headers["X-Pingback"].startswith("https://")
    assert headers["X-Pingback"].endswith("/xmlrpc")
    assert not {"&", ",", " "} & set(headers["X-Pingback"])
    assert [link.rels for link in links_in([headers["Link"]])] == [("webmention",)]
