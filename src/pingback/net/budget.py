"""What one exchange may use: seconds and bytes, counted at the socket, where both are spent, and its permit.

A time-out of `requests` holds for a single `recv`, so a peer that sends a byte now and then outlives it for ever.
Here every wait gets what is left of the whole.
"""

import socket
import ssl
import time
from http.client import HTTPException
from typing import Any, Self

from urllib3 import Timeout

from pingback.net.guard import OWNERS, Address, Permit

LEAST = 64  # bytes that each `recv` counts for: two MiB that come one by one would take seconds of our CPU


class TooMuch(HTTPException):
    """The peer sent more than any page with its headers and framing needs."""


class Budget(Timeout):
    """The one budget of an exchange, redirects included. It travels as urllib3's time-out, which takes it to the
    connection that is used; urllib3's own would start anew with every request. It may be used up from the beginning on.
    """

    def __init__(self, *, seconds: float, max_received: int, permit: Permit = OWNERS) -> None:
        super().__init__()  # with no seconds of its own: it takes none that are used up
        self.permit = permit
        self.seconds = max(seconds, 0.0)
        self._end = time.monotonic() + seconds
        self._unreceived = max_received

    def left(self) -> float:
        """The seconds that are left, more than none; TimeoutError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the budget of time is used up")
        return left

    def spend(self, count: int) -> None:
        """`count` bytes came in; TooMuch when that was over the budget."""
        self._unreceived -= count
        if self._unreceived < 0:
            raise TooMuch("the budget of bytes is used up")

    @property
    def connect_timeout(self) -> float:
        return self.left()

    @property
    def read_timeout(self) -> float:
        return self.left()

    def clone(self) -> Self:
        return self

    def start_connect(self) -> float:
        return self._end - self.seconds


class MeteredSocket(socket.socket):
    """A socket whose every wait and byte goes on the budget of the exchange that uses it."""

    budget: Budget
    address: Address

    def recv_into(self, *into: Any) -> int:
        self.settimeout(self.budget.left())
        count = super().recv_into(*into)
        self.budget.spend(max(count, LEAST))
        return count

    def send(self, *what: Any) -> int:
        self.settimeout(self.budget.left())
        return super().send(*what)

    def sendall(self, *what: Any) -> None:
        """Of plain sockets, the standard library's does not come by `send`; of TLS, it does for each record."""
        self.settimeout(self.budget.left())
        super().sendall(*what)


class MeteredTLSSocket(MeteredSocket, ssl.SSLSocket):
    """The same over TLS; `ssl.SSLContext.sslsocket_class` makes them."""
