"""From the name of a host to a connected socket, past the guard: what was checked is what is dialled."""

import errno
import socket
from ipaddress import ip_address

from pingback.net.budget import Budget, MeteredSocket
from pingback.net.guard import Address, Guard
from pingback.net.lookups import LookUps, Resolver
from pingback.net.permit import Postponed

NO_WAY = frozenset({errno.ENETUNREACH, errno.ENETDOWN})  # from this machine to the network of an address
MAX_DIALLED = 8  # addresses of one host


class Dialer:
    """Opens the connections of one client. May be used by several threads."""

    def __init__(self, guard: Guard, resolver: Resolver) -> None:
        self._guard = guard
        self._look_ups = LookUps(resolver)

    def dial(self, host: str, port: int, budget: Budget) -> MeteredSocket:
        """A socket connected to `host`; Refused by the guard, Postponed by the permit, OSError when nothing answers."""
        answers = (host,) if _is_address(host) else self._look_ups.find(host, port, budget)
        addresses = self._guard.checked(answers, port)[:MAX_DIALLED]
        failure: Exception | None = None
        for number, address in enumerate(addresses):
            try:
                # A dead address may use its share of the time, not what the next one needs.
                seconds = budget.left() / (len(addresses) - number)
                self.check(host, address, budget)
                return self._connected(address, port, budget, seconds)
            except (OSError, Postponed) as error:
                # One that was not asked may be the one that answers; one of a network that this machine is not on,
                # mostly IPv6, says nothing of the host.
                no_way = isinstance(error, OSError) and error.errno in NO_WAY
                if failure is None or not (no_way or isinstance(failure, Postponed)):
                    failure = error
        raise failure or socket.gaierror(socket.EAI_NONAME, "no such host")

    def check(self, host: str, address: Address, budget: Budget) -> None:
        """Raises Postponed or Refused where the permit of the exchange says no to this address of the host."""
        budget.permit.check_address(host, address, allowed=self._guard.allows(address))

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
