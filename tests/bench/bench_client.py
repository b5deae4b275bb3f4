"""The guarded client: against plain requests, for a small page on loopback over a connection that is kept."""

import multiprocessing
import selectors
import socket
from multiprocessing.connection import Connection

import requests

from pingback.net.client import Client
from tests.bench.timing import Row, compare, judge, show

PAGE = b"x" * 2048
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(PAGE), PAGE)


def rows() -> list[Row]:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    server = spawn.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        return measure(f"http://127.0.0.1:{ours.recv()}/")
    finally:
        server.terminate()
        server.join()


def measure(url: str) -> list[Row]:
    with Client(allow=["127.0.0.1"]) as client, requests.Session() as session:
        session.trust_env = False  # its faster way: no look at the environment for each request

        def guarded() -> bytes:
            with client.get(url) as response:
                return response.read()

        def plain() -> bytes:
            return session.get(url).content

        if not guarded() == plain() == PAGE:
            raise AssertionError("the clients do not agree")
        ours, theirs = compare(guarded, plain, rounds=40, times=30)
    return [Row("GET of 2 KB by the guarded client: times plain requests", ours / theirs, "at most 1.1", most=1.1)]


def serve(parent: Connection) -> None:
    """Answers whatever comes in with the page, in a process of its own so that it shares no lock with the clients."""
    listener = socket.create_server(("127.0.0.1", 0))
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    parent.send(listener.getsockname()[1])
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                selector.register(listener.accept()[0], selectors.EVENT_READ)
            elif isinstance(key.fileobj, socket.socket) and key.fileobj.recv(65536):
                key.fileobj.sendall(ANSWER)
            else:
                selector.unregister(key.fileobj)


if __name__ == "__main__":
    judge(show(rows()))
