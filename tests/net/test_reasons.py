"""Why a URL could not be had, in the words that its asker hears: the owner may hear how to change that."""

import socket

import pytest

from pingback.errors import Blocked, Unreachable
from pingback.net.client import Client, Limits
from pingback.net.permit import Permit
from tests.loopback import Site

PORT = "is not allowed, only 80, 443, 8080 and 8443 are"
RANGE = "give --allow-network CIDR, the range of its addresses, like 192.168.1.0/24"
NO_WAY = "255.255.255.255"  # a connection to all at once: the system refuses, and nothing leaves


class Stranger(Permit):
    is_strangers = True


@pytest.mark.parametrize(
    ("url", "why", "remedy"),
    [
        pytest.param(
            "http://10.0.0.1/", "10.0.0.1 is not a public address", "give --allow-network 10.0.0.1/32", id="v4"
        ),
        pytest.param(
            "http://[fd00::1]/", "fd00::1 is not a public address", "give --allow-network fd00::1/128", id="v6"
        ),
        pytest.param(
            "http://127.0.0.1:8000/", f"port 8000 {PORT}", "give --allow-network 127.0.0.1/32", id="port-of-an-address"
        ),
        pytest.param(
            "http://[::1]:8000/", f"port 8000 {PORT}", "give --allow-network ::1/128", id="port-of-a-v6-address"
        ),
        pytest.param(
            "http://localhost:8000/",
            f"port 8000 {PORT}",
            "give --allow-network 127.0.0.1/32 --allow-network ::1/128",
            id="port-of-localhost",
        ),
        pytest.param("http://blog.example:8000/", f"port 8000 {PORT}", RANGE, id="port-of-a-name"),
        pytest.param(
            "http://two.example/",
            "10.0.0.1 is not a public address",
            "give --allow-network 10.0.0.1/32 --allow-network fd00::1/128",
            id="name-with-two-addresses",
        ),
        pytest.param("http://five.example/", "10.0.0.1 is not a public address", RANGE, id="name-with-five"),
        pytest.param("http://169.254.169.254/", "169.254.169.254 is not a public address", None, id="metadata"),
        pytest.param("http://[fe80::1]/", "fe80::1 is not a public address", None, id="link-local"),
        pytest.param(
            "http://[64:ff9b::a9fe:1]/", "64:ff9b::a9fe:1 is not a public address", None, id="link-local-by-nat64"
        ),
        pytest.param("http://metadata/", "metadata is a cloud's metadata service", None, id="metadata-by-name"),
        pytest.param("http://me@blog.example/", "it holds credentials", None, id="credentials"),
    ],
)
def test_blocked(url: str, why: str, remedy: str | None) -> None:
    addresses = {"two.example": ["10.0.0.1", "fd00::1"], "five.example": [f"10.0.0.{last}" for last in range(1, 6)]}
    with Client(resolver=lambda host, port: addresses[host]) as client:
        with pytest.raises(Blocked) as to_owner:
            client.get(url)
        with pytest.raises(Blocked) as to_stranger:
            client.get(url, permit=Stranger())
    named = url.replace("me@", "")
    assert str(to_stranger.value) == f"{named} is blocked: {why}"
    assert str(to_owner.value) == f"{named} is blocked: {why}" + (f"; if it is yours, {remedy}" if remedy else "")


def test_only_what_is_not_exempt_yet_is_named() -> None:
    with (
        Client(allow=["10.0.0.1"], resolver=lambda *_: ["10.0.0.1", "10.0.0.2"]) as client,
        pytest.raises(Blocked, match=r"10\.0\.0\.2 is not a public address.* --allow-network 10\.0\.0\.2/32$"),
    ):
        client.get("http://a.example/")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(socket.gaierror(socket.EAI_NONAME, "?"), "no such host", id="no-such-name"),
        pytest.param(
            socket.gaierror(socket.EAI_AGAIN, "?"),
            "its name could not be looked up; is this machine offline?",
            id="no-name-server",
        ),
    ],
)
def test_a_name_that_leads_nowhere(error: OSError, words: str) -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise error

    with Client(resolver=resolver) as client, pytest.raises(Unreachable) as failure:
        client.get("http://a.example/")
    assert str(failure.value) == f"http://a.example/ could not be reached: {words}"


def test_no_way_to_the_network() -> None:
    with Client(allow=[NO_WAY]) as client, pytest.raises(Unreachable) as failure:
        client.get(f"http://{NO_WAY}/")
    words = "there is no way to its network; is this machine offline?"
    assert str(failure.value) == f"http://{NO_WAY}/ could not be reached: {words}"


@pytest.mark.parametrize("answers", [["127.0.0.2", NO_WAY], [NO_WAY, "127.0.0.2"]], ids=["last", "first"])
def test_a_network_that_we_are_not_on_says_nothing_of_a_host_that_has_another(answers: list[str]) -> None:
    with (
        Site() as site,
        Client(allow=["127.0.0.0/8", NO_WAY], resolver=lambda *_: answers, limits=Limits(timeout=30.0)) as client,
        pytest.raises(Unreachable, match="the connection was refused"),
    ):
        client.get(f"http://a.example:{site.port}/")
