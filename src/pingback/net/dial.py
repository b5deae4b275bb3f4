"""From the name of a host to a connected socket, past the guard: what was checked is what is dialled."""

import socket
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from ipaddress import ip_address
from typing import TypeAlias

from pingback.net.budget import Budget, MeteredSocket
from pingback.net.guard import Address, Guard
from pingback.net.permit import Postponed

Resolver: TypeAlias = Callable[[str, int], Iterable[str]]

MAX_LOOKUPS = 16  # at a time; a look-up that hangs cannot be called off, so their number is bounded
MAX_DIALLED = 8  # addresses of one host


def system_resolver(host: str, port: int) -> list[str]:
    """The addresses of `host` by the operating system; OSError when there is none."""
    return [str(answer[4][0]) for answer in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Dialer:
    """Opens the connections of one client. May be used by several threads."""

    def __init__(self, guard: Guard, resolver: Resolver) -> None:
        self._guard = guard
        self._resolver = resolver
        self._slots = threading.BoundedSemaphore(MAX_LOOKUPS)

    def dial(self, host: str, port: int, budget: Budget) -> MeteredSocket:
        """A socket connected to `host`; Refused by the guard, Postponed by the permit, OSError when nothing answers."""
        addresses = self._guard.checked(self._answers(host, port, budget), port)[:MAX_DIALLED]
        failure: Exception = socket.gaierror(socket.EAI_NONAME, "no such host")
        for number, address in enumerate(addresses):
            try:
                # A dead address may use its share of the time, not what the next one needs.
                seconds = budget.left() / (len(addresses) - number)
                self.check(host, address, budget)
                return self._connected(address, port, budget, seconds)
            except (OSError, Postponed) as error:
                # One that was not asked may be the one that answers.
                failure = failure if isinstance(failure, Postponed) else error
        raise failure

    def check(self, host: str, address: Address, budget: Budget) -> None:
        """Raises Postponed or Refused where the permit of the exchange says no to this address of the host."""
        budget.permit.check_address(host, address, allowed=self._guard.allows(address))

    def _answers(self, host: str, port: int, budget: Budget) -> Iterable[str]:
        if _is_address(host):
            return (host,)
        if not self._slots.acquire(timeout=budget.left()):
            raise TimeoutError("no look-up came free in time")
        found: Future[Iterable[str]] = Future()
        # getaddrinfo knows no time-out, so it is waited for from outside; a daemon does not keep the program alive.
        threading.Thread(target=self._look_up, args=(host, port, found), daemon=True).start()
        try:
            return found.result(budget.left())
        except TimeoutError:
            raise
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that IDNA refuses
            raise socket.gaierror(socket.EAI_NONAME, "no such host") from error

    def _look_up(self, host: str, port: int, found: "Future[Iterable[str]]") -> None:
        try:
            found.set_result(self._resolver(host, port))
        except Exception as error:  # the thread ends here; raised where the answer is awaited
            found.set_exception(error)
        finally:
            self._slots.release()

    def _connected(self, address: Address, port: int, budget: Budget, seconds: float) -> MeteredSocket:
        connection = MeteredSocket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
        try:
            connection.budget = budget
            connection.address = address
            connection.settimeout(seconds)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.connect((str(address), port))
            # Before TLS and before a byte is sent: dialling 0.0.0.0 arrives at 127.0.0.1, for one.
            self._guard.checked([connection.getpeername()[0]], port)
            connection.settimeout(budget.left())  # what a TLS handshake may take as a whole
        except BaseException:
            connection.close()
            raise
        return connection


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
