"""Other people's servers with an application of ours in them, each a process of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.paths.programs import PATIENCE

# How each is told to serve at a socket that listens already.
LISTENS = {
    "uvicorn": ("--fd", "{}"),
    "hypercorn": ("--bind", "fd://{}", "--access-logfile", "-"),
    "gunicorn": ("--bind", "fd://{}", "--no-control-socket"),
}


class Hosted:
    """A server with a program that is in `folder`, by `with`: at `port` of 127.0.0.1 from the beginning on.

    `command` is how a person starts it, without the address. Whoever connects before the server is ready waits for it.
    It ends with all processes that it has begun.
    """

    def __init__(self, folder: Path, command: str, *, environ: Mapping[str, str] = {}) -> None:
        self._folder = folder
        self._environ = {"PATH": "", "PYTHONUNBUFFERED": "1", **environ}
        self._log = folder / "server.log"
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=400)
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        server, *options = command.split()
        number = self._listening.fileno()
        listens = [word.format(number) for word in LISTENS[server]]
        self._command = [sys.executable, "-m", server, *options, *listens]

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._listening.close()

    @property
    def process(self) -> int:
        """The number of the one that began all others."""
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text()

    def stop(self) -> int:
        """Asks it to end, and gives its exit code once it has."""
        self._process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Its exit code, once it has ended by itself."""
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        """Ends it without a word, as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # a group of its own, so that no worker is left
        self._process.wait()

    def again(self) -> None:
        """Begins it once more, at the same port."""
        self._begin()

    def _begin(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environ,
                stdout=log,
                stderr=log,
                pass_fds=[self._listening.fileno()],
                start_new_session=True,
            )


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def exchange(port: int, request: bytes) -> bytes:
    """All that the server says until it hangs up."""
    with connect(port) as connection:
        connection.sendall(request)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    pieces: list[bytes] = []
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:  # it did not read all that it was sent
            piece = b""
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: my.example", "Connection: close", *headers, "", ""]).encode()
