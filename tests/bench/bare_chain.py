"""The least that takes a pingback: `python -m tests.bench.bare_chain DATABASE` serves until it is killed.

Of libraries alone, and as few lines as they allow: a scale to hold our own server against, and nothing to be put on
the internet. It prints its port.
"""

import socket
import sqlite3
import sys
import threading
import xmlrpc.client
from collections.abc import Callable, Iterable

import requests
import waitress
from lxml import etree

THREADS = 8

_local = threading.local()
_UPSERT = """
    INSERT INTO mentions (source, target, title) VALUES (?, ?, ?)
    ON CONFLICT (source, target) DO UPDATE SET title = excluded.title
"""


class Reader:
    """Finds the title, and the link to the target, in one pass."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._in_title = False
        self.title = ""
        self.linked = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._in_title = tag == "title"
        self.linked = self.linked or (tag == "a" and attributes.get("href") == self._target)

    def end(self, tag: str) -> None:
        self._in_title = False

    def data(self, text: str) -> None:
        if self._in_title:
            self.title += text

    def close(self) -> None:
        return None


def taken(source: str, target: str) -> str:
    reader = Reader(target)
    parser = etree.HTMLParser(target=reader, encoding="utf-8")  # type: ignore[arg-type]  # the stubs want `comment`
    parser.feed(_local.session.get(source, timeout=10).content)
    parser.close()
    if not reader.linked:
        raise xmlrpc.client.Fault(17, "no link")
    _local.database.execute(_UPSERT, (source, target, reader.title))
    return f"{source} is taken"


def application(database: str) -> Callable[..., Iterable[bytes]]:
    def answer(environ: dict[str, object], start_response: Callable[..., object]) -> Iterable[bytes]:
        if not hasattr(_local, "session"):
            _local.session, _local.database = requests.Session(), opened(database)
        (source, target), _ = xmlrpc.client.loads(environ["wsgi.input"].read())  # type: ignore[attr-defined]
        try:
            body = xmlrpc.client.dumps((taken(str(source), str(target)),), methodresponse=True)
        except xmlrpc.client.Fault as fault:
            body = xmlrpc.client.dumps(fault)
        start_response("200 OK", [("Content-Type", "text/xml"), ("Content-Length", str(len(body.encode())))])
        return [body.encode()]

    return answer


def opened(database: str) -> sqlite3.Connection:
    """Each write is on disk before it is answered, as ours is."""
    connection = sqlite3.connect(database, isolation_level=None, timeout=10)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS mentions (source TEXT, target TEXT, title TEXT, PRIMARY KEY (source, target))"
    )
    return connection


if __name__ == "__main__":
    opened(sys.argv[1]).close()
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    waitress.serve(application(sys.argv[1]), sockets=[listener], threads=THREADS, _quiet=True)
