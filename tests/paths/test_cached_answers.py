"""What a cache keeps for everybody holds no word of the one who asked first, whichever host that one made up.

A proxy that sets no `X-Forwarded-Host` of its own hands on what it was sent, and no cache has it in its keys.
"""

from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse

import pytest

from pingback.model import Protocol
from pingback.server.run import Server
from pingback.store import Store
from tests.receive.lax import Receiver
from tests.receive.pages import Pages
from tests.server.shells import wsgi_of
from tests.server.strangers import PLAIN, TARGET

SITES = ["https://my.example/", "https://our.example/"]
ASKED = f"target={TARGET}&per-page=1"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def server() -> Iterator[Server]:
    with (
        Store("sqlite://") as store,
        Receiver(site=SITES, store=store, client=Pages(), queued=[Protocol.WEBMENTION]) as receiver,
        Server(wsgi_of(receiver, trusted_proxies=["127.0.0.1"])) as server,
    ):
        for number in range(3):
            store.mentions.keep(replace(PLAIN, source=f"https://a.example/{number}"))
        yield server


def answer(server: Server, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    return exchange(server, "GET", path, headers=headers)


def exchange(
    server: Server, method: str, path: str, body: str | None = None, *, headers: dict[str, str]
) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection(server.url.removeprefix("http://"))
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "path",
    [
        *(f"/api/{name}?{ASKED}" for name in ("mentions.jf2", "mentions.json", "mentions.atom", "count", "deletions")),
        f"/mentions?{ASKED}",
        "/widget.js",
    ],
)
@pytest.mark.parametrize("evil", ["X_Forwarded_Host", "Host"])
def test_the_host_that_was_asked_for_is_in_nothing_that_may_be_kept(server: Server, path: str, evil: str) -> None:
    usual, body = answer(server, path)
    response, poisoned = answer(server, path, **{evil: "evil.example", "X_Forwarded_Proto": "https"})
    assert (usual.status, response.status) == (200, 200)
    assert "public" in (response.headers["Cache-Control"] or "")
    assert poisoned == body
    assert "evil.example" not in str(response.headers)


@pytest.mark.parametrize("query", ["__mode=rss", ""])
def test_which_of_our_sites_a_trackback_is_for_is_kept_by_no_cache(server: Server, query: str) -> None:
    response, body = answer(server, f"/trackback/part-5?{query}", X_Forwarded_Host="our.example")
    assert response.headers["Cache-Control"] == "no-store"
    assert (b"https://our.example/part-5" in body) is bool(query)
    _, body = answer(server, f"/trackback/part-5?{query}", X_Forwarded_Host="evil.example")
    assert b"evil.example" not in body


def test_the_address_of_a_status_page_is_kept_by_no_cache(server: Server) -> None:
    body = f"source={PLAIN.source}&target={TARGET}"
    response, _ = exchange(server, "POST", "/webmention", body, headers=FORM | {"X-Forwarded-Host": "evil.example"})
    assert (response.status, response.headers["Cache-Control"]) == (201, "no-store")
