"""Connections of one address that are there for no good, in a process of their own."""

import multiprocessing
import resource
import select
import socket
from contextlib import suppress
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

FILES_BESIDE = 50


class Crowd:
    """By `with`: `many` connections from the address `source`, each of which says `request` and reads nothing.

    With `renewed`, each that the server closes is opened anew, at once.
    """

    def __init__(self, url: str, source: str, *, many: int, request: bytes = b"", renewed: bool = False) -> None:
        parts = urlsplit(url)
        spawn = multiprocessing.get_context("spawn")
        self._ours, theirs = spawn.Pipe()
        arguments = (theirs, (parts.hostname, parts.port), source, many, request, renewed)
        self._process = spawn.Process(target=_crowd, args=arguments, daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self._ours.recv()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.terminate()
        self._process.join()


def _crowd(parent: Connection, server: tuple[str, int], source: str, many: int, request: bytes, renewed: bool) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(many + FILES_BESIDE, most), most))
    closed = select.epoll()
    crowd: dict[int, socket.socket] = {}

    def join() -> None:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.bind((source, 0))
        connection.connect(server)
        crowd[connection.fileno()] = connection
        closed.register(connection, select.EPOLLRDHUP)  # that there is something to read, it does not want to know
        with suppress(OSError):  # closed already
            connection.sendall(request)

    for _ in range(many):
        join()
    parent.send(None)
    while True:
        for number, _ in closed.poll():
            crowd.pop(number).close()
            if renewed:
                join()
