"""HTTPS: the socket is ours, yet the name that is asked for and verified stays the one in the URL."""

import itertools
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from pingback.errors import Blocked, Unreachable
from pingback.net.client import Client, Limits
from tests.loopback import Site, head, page, redirect


class Secured:
    """A site with a certificate for `a.example`, the file that trusts it, and the names that were asked for."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("a.example", "127.0.0.1").configure_cert(context)
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self.names: list[str | None] = []
        self.site = Site({"/": page(b"secret")}, tls=context)
        self.bundle = str(folder / "ca.pem")
        authority.cert_pem.write_to_path(self.bundle)

    def url(self, host: str) -> str:
        return f"https://{host}:{self.site.port}/"

    def client(self, *, timeout: float = 15.0, ca_bundle: str | None = None) -> Client:
        return Client(
            allow=["127.0.0.1"],
            resolver=lambda *_: ["127.0.0.1"],
            limits=Limits(timeout=timeout),
            ca_bundle=ca_bundle or self.bundle,
        )


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Secured]:
    secured = Secured(tmp_path)
    with secured.site:
        yield secured


def test_the_name_of_the_url_is_asked_for_and_verified(secured: Secured) -> None:
    with secured.client() as client:
        for _ in range(2):
            assert client.get(secured.url("a.example")).read() == b"secret"
    assert secured.names == ["a.example"]
    assert secured.site.requests[0].headers["host"] == f"a.example:{secured.site.port}"
    assert secured.site.connections == 1


def test_an_address_is_verified_as_such(secured: Secured) -> None:
    with secured.client() as client:
        assert client.get(secured.url("127.0.0.1")).read() == b"secret"


def test_a_root_dot_is_no_part_of_the_name(secured: Secured) -> None:
    with secured.client() as client:
        assert client.get(secured.url("a.example.")).read() == b"secret"


def test_a_certificate_for_another_name(secured: Secured) -> None:
    with secured.client() as client, pytest.raises(Unreachable, match=r"certificate is not valid.*b\.example"):
        client.get(secured.url("b.example"))
    assert secured.site.requests == []


def test_a_certificate_that_nobody_we_trust_has_signed(secured: Secured) -> None:
    with (
        Client(allow=["127.0.0.1"], resolver=lambda *_: ["127.0.0.1"]) as client,
        pytest.raises(Unreachable, match="certificate is not valid"),
    ):
        client.get(secured.url("a.example"))


def test_a_folder_of_certificates(secured: Secured, tmp_path: Path) -> None:
    with secured.client(ca_bundle=str(tmp_path)) as client, pytest.raises(Unreachable, match="certificate"):
        client.get(secured.url("a.example"))


def test_a_bundle_that_is_none(tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate")
    for bundle in (junk, tmp_path / "missing.pem"):
        with pytest.raises(ValueError, match="ca_bundle"):
            Client(ca_bundle=str(bundle))


def test_the_bundle_of_the_environment_is_ignored(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, secured.bundle)
    with (
        Client(allow=["127.0.0.1"], resolver=lambda *_: ["127.0.0.1"]) as client,
        pytest.raises(Unreachable, match="certificate"),
    ):
        client.get(secured.url("a.example"))


def test_the_guard_comes_before_the_handshake(secured: Secured) -> None:
    with (
        Client(limits=Limits(ports={secured.site.port}), resolver=lambda *_: ["127.0.0.1"]) as client,
        pytest.raises(Blocked),
    ):
        client.get(secured.url("a.example"))
    assert secured.site.connections == 0


def test_a_redirect_from_http(secured: Secured, site: Site) -> None:
    site.pages["/"] = redirect(secured.url("a.example"))
    with secured.client() as client:
        assert client.get(site.url + "/").read() == b"secret"


def test_http_where_tls_was_expected(site: Site, secured: Secured) -> None:
    site.pages["/"] = page(b"plain")
    with secured.client(timeout=0.3) as client, pytest.raises(Unreachable):
        client.get(f"https://127.0.0.1:{site.port}/")


def test_a_handshake_that_never_ends(secured: Secured) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        secured.client(timeout=0.2) as client,
        pytest.raises(Unreachable, match="did not answer within"),
    ):
        client.get(f"https://127.0.0.1:{listener.getsockname()[1]}/")


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\n", head(200, {})], ids=["headers", "body"])
def test_a_drip(start: bytes, secured: Secured) -> None:
    secured.site.pages["/"] = itertools.chain([start], secured.site.drip(itertools.repeat(b"X: y\r\n")))
    with secured.client(timeout=0.2) as client, pytest.raises(Unreachable, match="did not answer within"):
        client.get(secured.url("a.example")).read()


def test_an_endless_page_is_cut(secured: Secured) -> None:
    secured.site.pages["/"] = itertools.chain([head(200, {})], itertools.repeat(b"x" * 10_000))
    with secured.client() as client, client.get(secured.url("a.example")) as response:
        assert len(response.read()) == 1024 * 1024
