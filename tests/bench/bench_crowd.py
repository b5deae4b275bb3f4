"""Crowds that one address brings along, and what an honest sender notices of them."""

import tempfile
import xmlrpc.client
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter, sleep
from urllib.parse import urlsplit

from pingback.clock import now
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from tests.bench.timing import Row, judge, show
from tests.load.crowd import Crowd
from tests.load.server import Server
from tests.load.web import Web

SITE = "https://my.example/"
IDLE = 1000
LISTS = 100
LISTED = 1000
ASKED, EVERY = 40, 0.1  # requests, and the seconds between them
PINGS = 20
HOG, HONEST = "127.0.0.2", "127.0.0.3"  # neither is the proxy that the server trusts

HALF_A_POST = b"POST /xmlrpc HTTP/1.1\r\nHost: my.example\r\nContent-Length: 60000\r\n\r\nx"
LIST = b"GET /api/mentions.jf2?per-page=1000&target=https://my.example/ HTTP/1.1\r\nHost: my.example\r\n\r\n"


def rows() -> Iterator[Row]:
    with serving() as (server, web):
        beside = f"of one address: s until an honest request was answered, the slowest of {ASKED}"
        with Crowd(server.endpoint, HOG, many=IDLE):
            yield Row(f"{IDLE:,} idle connections {beside}", slowest(server, ASKED), "below 1", most=1)
        with Crowd(server.endpoint, HOG, many=IDLE, request=HALF_A_POST, renewed=True):
            yield Row(f"{IDLE:,} half requests, renewed at once, {beside}", slowest(server, ASKED), "below 1", most=1)
        lists = f"{LISTS} clients that ask for {LISTED:,} mentions each and read nothing"
        with Crowd(server.endpoint, HOG, many=LISTS, request=LIST * 20, renewed=True):
            pinged = max(ping(server, web, number) for number in range(PINGS))
            yield Row(f"{lists}: s until a ping was answered, the slowest of {PINGS}", pinged, "below 2.5", most=2.5)


@contextmanager
def serving() -> Iterator[tuple[Server, Web]]:
    with tempfile.TemporaryDirectory() as folder, Web(good=PINGS, slow=0) as web:
        with Store(f"sqlite:///{folder}/pingback.db") as store:
            for number in range(LISTED):
                store.mentions.keep(mention(number))
        with Server(Path(folder), SITE) as server:
            yield server, web


def mention(number: int) -> Mention:
    instant = now()
    return Mention(
        source=f"https://a.example/{number}",
        target=SITE,
        protocol=Protocol.PINGBACK,
        status=MentionStatus.APPROVED,
        title="A post of the usual length about this and that",
        excerpt="As was said in part five, it is so, and nobody knows why. " * 3,
        received=instant,
        verified=instant,
    )


def slowest(server: Server, times: int) -> float:
    """The seconds that the slowest request took, on a connection of its own each."""
    waited = []
    for _ in range(times):
        began = perf_counter()
        with closing(connection_to(server)) as connection:
            connection.request("GET", "/healthz")
            if connection.getresponse().read() != b"ok\n":
                raise AssertionError("the server is not well")
        waited.append(perf_counter() - began)
        sleep(EVERY)
    return max(waited)


def ping(server: Server, web: Web, number: int) -> float:
    """The seconds until a ping was answered, with success."""
    body = xmlrpc.client.dumps((web.good(number, f"{SITE}{number}"), f"{SITE}{number}"), "pingback.ping")
    began = perf_counter()
    with closing(connection_to(server)) as connection:
        connection.request("POST", "/xmlrpc", body)
        xmlrpc.client.loads(connection.getresponse().read())  # raises a fault
    return perf_counter() - began


def connection_to(server: Server) -> HTTPConnection:
    parts = urlsplit(server.endpoint)
    return HTTPConnection(str(parts.hostname), parts.port, timeout=60, source_address=(HONEST, 0))


if __name__ == "__main__":
    judge(show(rows()))
