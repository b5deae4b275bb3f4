"""The guard at the socket: whatever a URL, a name server or a redirect says, the canary is never connected to.

Real sockets throughout: `responses` answers before a connection is made, so nothing of this can be shown with it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import responses

from pingback.errors import Blocked
from pingback.net.client import Client, Limits
from tests.loopback import Site, page, redirect


@pytest.fixture
def canary() -> Iterator[Site]:
    """Every address of loopback that ends in .1 reaches it, and its port is allowed: only the guard can stop us."""
    with Site() as site:
        yield site


def on_port_of(canary: Site, **options: object) -> Client:
    return Client(limits=Limits(ports={canary.port}), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("127.0.0.1", id="rfc1122-3.2.1.3-loopback"),
        pytest.param("127.1", id="url-5.1-short"),
        pytest.param("127.0.1", id="url-5.1-three-parts"),
        pytest.param("2130706433", id="url-5.1-integer"),
        pytest.param("0x7f000001", id="url-5.1-hex-integer"),
        pytest.param("0x7F.0.0.0x1", id="url-5.1-hex-parts"),
        pytest.param("0177.0.0.1", id="url-5.1-octal"),
        pytest.param("017700000001", id="url-5.1-octal-integer"),
        pytest.param("127.0.0.1.", id="url-5.1-root-dot"),
        pytest.param("0", id="url-5.1-zero"),
        pytest.param("0.0.0.0", id="rfc791-this-host"),
        pytest.param("①②⑦.0.0.1", id="uts46-circled-digits"),
        pytest.param("１２７.０.０.１", id="uts46-full-width-digits"),
        pytest.param("127。0。0。1", id="uts46-ideographic-dots"),
        pytest.param("%31%32%37.0.0.1", id="url-3.3-percent-encoded"),
        pytest.param("127.0.0.1\t", id="url-4.4-tab"),
        pytest.param("localhost", id="rfc6761-6.3-localhost"),
        pytest.param("LocalHost", id="rfc6761-6.3-localhost-case"),
        pytest.param("[::1]", id="rfc4291-2.5.3-loopback"),
        pytest.param("[0:0:0:0:0:0:0:1]", id="rfc4291-2.2-uncompressed"),
        pytest.param("[::]", id="rfc4291-2.5.2-unspecified"),
        pytest.param("[::127.0.0.1]", id="rfc4291-2.5.5.1-compatible"),
        pytest.param("[::ffff:127.0.0.1]", id="rfc4291-2.5.5.2-mapped"),
        pytest.param("[::ffff:7f00:1]", id="rfc4291-2.5.5.2-mapped-in-hex"),
        pytest.param("[::ffff:0:127.0.0.1]", id="rfc7915-translated"),
        pytest.param("[64:ff9b::127.0.0.1]", id="rfc6052-nat64"),
        pytest.param("[2002:7f00:1::]", id="rfc3056-6to4"),
        pytest.param("a.example@127.0.0.1", id="rfc9110-4.2.4-host-as-user"),
        pytest.param("a.example\\@127.0.0.1", id="url-4.4-backslash"),
    ],
)
def test_spellings_of_this_machine(host: str, canary: Site) -> None:
    with on_port_of(canary, resolver=lambda *_: ["127.0.0.1"]) as client, pytest.raises(Blocked):
        client.get(f"http://{host}:{canary.port}/")
    assert canary.connections == 0


def test_localhost_by_the_system_resolver(canary: Site) -> None:
    with on_port_of(canary) as client, pytest.raises(Blocked, match="not a public address"):
        client.get(f"http://localhost:{canary.port}/")
    assert canary.connections == 0


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(["127.0.0.1"], id="loopback"),
        pytest.param(["::1"], id="loopback-ipv6"),
        pytest.param(["::ffff:127.0.0.1"], id="mapped"),
        pytest.param(["0.0.0.0"], id="this-host"),
        pytest.param(["8.8.8.8", "127.0.0.1"], id="after-a-public-one"),
        pytest.param(["127.0.0.1", "8.8.8.8"], id="before-a-public-one"),
        pytest.param(["8.8.8.8"] * 50 + ["::1"], id="after-many-public-ones"),
        pytest.param(["::1%lo"], id="zone"),
        pytest.param(["127.1"], id="odd-spelling"),
        pytest.param(["localhost"], id="another-name"),
    ],
)
def test_answers_of_a_name_server(answers: list[str], canary: Site) -> None:
    with on_port_of(canary, resolver=lambda *_: answers) as client, pytest.raises(Blocked):
        client.get(f"http://a.example:{canary.port}/")
    assert canary.connections == 0


def test_a_second_look_up_cannot_change_the_address() -> None:
    """DNS rebinding: the first answer passes the guard, every later one is the canary's."""
    asked = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    with (
        Site({"/": page(b"welcome", headers={"Connection": "close"})}) as good,
        Site(host="127.0.0.2", port=good.port) as canary,
        Client(allow=["127.0.0.1"], resolver=rebinding) as client,
    ):
        with client.get(f"http://a.example:{good.port}/") as response:
            assert response.read() == b"welcome"
        assert asked == ["a.example"]
        with pytest.raises(Blocked, match=r"127\.0\.0\.2 is not a public address"):
            client.get(f"http://a.example:{good.port}/")
        assert canary.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        pytest.param("http://127.0.0.2:{port}/", id="loopback"),
        pytest.param("//127.0.0.2:{port}/", id="rfc3986-4.2-network-path"),
        pytest.param("http://[::1]:{port}/", id="loopback-ipv6"),
        pytest.param("http://canary.example:{port}/", id="name-of-loopback"),
        pytest.param("http://user:secret@127.0.0.1:{port}/", id="credentials"),
        pytest.param("http://169.254.169.254/latest/", id="metadata"),
        pytest.param("http://metadata.google.internal/", id="metadata-name"),
        pytest.param("http://8.8.8.8:22/", id="other-port"),
        pytest.param("ftp://127.0.0.1:{port}/", id="ftp"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("http://127.0.0.1:{port}/again", id="second-hop"),
    ],
)
def test_every_hop_of_a_redirect(location: str, status: int) -> None:
    with (
        Site() as site,
        Site(host="127.0.0.2", port=site.port) as canary,
        Client(allow=["127.0.0.1"], resolver=lambda *_: ["127.0.0.2"]) as client,
    ):
        site.pages["/"] = redirect(location.format(port=site.port), status)
        site.pages["/again"] = redirect(f"http://127.0.0.2:{site.port}/", status)
        with pytest.raises(Blocked):
            client.get(site.url + "/")
        assert canary.connections == 0


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_every_hop_of_a_post(status: int) -> None:
    with (
        Site() as site,
        Site(host="127.0.0.2", port=site.port) as canary,
        Client(allow=["127.0.0.1"]) as client,
    ):
        site.pages["/"] = redirect(f"http://127.0.0.2:{site.port}/", status)
        with pytest.raises(Blocked):
            client.post(site.url + "/", b"<x/>", content_type="text/xml")
        assert canary.connections == 0


def test_the_peer_is_checked_before_a_byte_is_sent() -> None:
    """Who dials 0.0.0.0 arrives at 127.0.0.1, which nobody allowed."""
    with Site() as site, Client(allow=["0.0.0.0"]) as client:
        with pytest.raises(Blocked, match=r"127\.0\.0\.1 is not a public address"):
            client.get(f"http://0.0.0.0:{site.port}/")
        assert site.requests == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxies_of_the_environment_are_ignored(
    scheme: str, canary: Site, site: Site, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, canary.url)
        monkeypatch.setenv(name.lower(), canary.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    site.pages["/"] = page(b"direct")
    if scheme == "http":
        assert client.get(site.url + "/").read() == b"direct"
    with pytest.raises(Blocked):
        client.get(f"{scheme}://10.0.0.1/")
    assert canary.connections == 0


def test_passwords_of_netrc_stay_at_home(
    site: Site, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\ndefault login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    client.get(site.url + "/").close()
    assert "authorization" not in site.requests[0].headers


def test_cookies_do_not_come_back(site: Site, client: Client) -> None:
    site.pages["/"] = page(b"x", headers={"Set-Cookie": "id=1; Path=/"})
    client.get(site.url + "/").read()
    client.get(site.url + "/").read()
    assert "cookie" not in site.requests[1].headers


def test_a_refused_url_is_named_without_its_password(client: Client) -> None:
    with pytest.raises(Blocked) as refused:
        client.get("http://me:secret@a.example/x\ny")
    assert str(refused.value) == "http://a.example/x\N{REPLACEMENT CHARACTER}y is blocked: it holds credentials"


@responses.activate
def test_mocked_answers_come_without_the_guard(client: Client) -> None:
    """So that nobody takes a test with `responses` for one of the guard."""
    responses.get("http://10.0.0.1/", body=b"mocked", headers={"X-Pingback": "http://10.0.0.1/rpc"})
    with client.get("http://10.0.0.1/") as response:
        assert response.headers("x-pingback") == ["http://10.0.0.1/rpc"]
        assert response.read() == b"mocked"
