"""Clients of a running server that say what they like, byte for byte."""

import socket

from pingback.server.run import Server
from tests.receive.pages import PATIENCE

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: my.example\r\nConnection: close\r\n\r\n"


def connected(server: Server, source: str | None = None) -> socket.socket:
    """A connection from the address `source`; any in 127.0.0.0/8 is ours."""
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    address = (host.strip("[]"), int(port))
    return socket.create_connection(address, timeout=PATIENCE, source_address=source and (source, 0))


def said(connection: socket.socket) -> bytes:
    """All that the server says until it hangs up."""
    pieces: list[bytes] = []
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:  # it did not read all that it was sent
            piece = b""
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def exchange(server: Server, request: bytes, source: str | None = None) -> bytes:
    with connected(server, source) as connection:
        connection.sendall(request)
        return said(connection)
