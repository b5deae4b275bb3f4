"""A web of many hosts on loopback, good and slow ones, in a process of its own: what a server of ours has to look at.

`/N?TARGET` is a page that links to TARGET. Hosts are addresses of 127.0.0.0/8: those of 127.0.0.0/16 answer at once,
those of 127.1.0.0/16 never do.
"""

import asyncio
import errno
import multiprocessing
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from html import escape
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self, TypeAlias
from urllib.parse import unquote

MOST_OPEN = 30.0  # seconds that a request is left without an answer

Answer: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Web:
    """By `with`: so many hosts of both kinds, on one port; the first good one is 127.0.0.1.

    A good one takes so many seconds for an answer.
    """

    def __init__(self, *, good: int, slow: int, takes: float = 0.0) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._ours, theirs = spawn.Pipe()
        self._good = [f"127.0.{number // 250}.{1 + number % 250}" for number in range(good)]
        self._slow = [f"127.1.{number // 250}.{1 + number % 250}" for number in range(slow)]
        self._process = spawn.Process(target=_serve, args=(theirs, self._good, self._slow, takes), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self.port: int = self._ours.recv()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.terminate()
        self._process.join()

    def good(self, number: int, target: str) -> str:
        """The address of a post that links to the target; they go round the hosts."""
        return f"http://{self._good[number % len(self._good)]}:{self.port}/{number}?{target}"

    def slow(self, number: int, target: str) -> str:
        """The address of a post that never comes."""
        return f"http://{self._slow[number % len(self._slow)]}:{self.port}/{number}?{target}"


def _serve(parent: Connection, good: Sequence[str], slow: Sequence[str], takes: float) -> None:
    asyncio.run(_run(parent, good, slow, takes))


async def _run(parent: Connection, good: Sequence[str], slow: Sequence[str], takes: float) -> None:
    answers = dict.fromkeys(good, partial(_answer, takes)) | dict.fromkeys(slow, _never_answer)
    while (port := await _listen_everywhere(answers)) is None:
        pass
    parent.send(port)
    await asyncio.Event().wait()


async def _listen_everywhere(answers: Mapping[str, Answer]) -> int | None:
    """The port at which all hosts listen now; None where another program has it on one of them."""
    port, servers = 0, []
    for host, answer in answers.items():
        try:
            servers.append(await asyncio.start_server(answer, host, port, backlog=256))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            for server in servers:
                server.close()
            return None
        port = servers[0].sockets[0].getsockname()[1]
    return port


async def _answer(takes: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path, _, target = head.split(b" ", 2)[1].decode().partition("?")
            link = f'<p>As said in <a href="{escape(unquote(target))}">part five</a>, and more words around it.</p>'
            page = f"<!doctype html><title>Post {escape(path)}</title><article>{link * 20}</article>".encode()
            start = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n\r\n"
            await asyncio.sleep(takes)
            writer.write(start.encode() + page)
            await writer.drain()
    writer.close()


async def _never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(65536)
    await asyncio.sleep(MOST_OPEN)
    writer.close()
