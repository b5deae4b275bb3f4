"""The seam in urllib3 and requests: where they open a socket, they ask the dialer, who asks the guard.

What was checked is what is dialled. `Host`, SNI and the name on the certificate stay those of the URL, since only the
socket is ours.
"""

import errno
import os
import socket
import ssl
from contextlib import suppress
from http.client import HTTPException
from http.client import HTTPResponse as RawResponse
from ipaddress import ip_address
from queue import Full
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import BaseHTTPResponse, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from pingback.errors import unreadable
from pingback.net.budget import Budget, MeteredSocket, MeteredTLSSocket
from pingback.net.guard import Address, Guard, Postponed
from pingback.net.lookups import LookUps, Resolver

MAX_HOSTS = 32  # whose connections are kept
MAX_IDLE = 16  # connections kept for one host
MAX_INTERIM = 16  # responses before the final one

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


class _Response(RawResponse):
    """A final response: those with 1xx before it are passed over (RFC 9110 §15.2); the standard library knows 100."""

    def begin(self) -> None:
        for _ in range(MAX_INTERIM + 1):
            super().begin()
            if self.status >= 200:
                break
            self.headers = None  # type: ignore[assignment]  # what tells `begin` that there is something to read
        else:
            raise HTTPException("too many interim responses")
        # Away with what urllib3 logs a warning for, traceback included: strangers could fill the log.
        self.msg.defects.clear()
        self.msg.set_payload("")
        if self.chunked:  # RFC 9112 §6.3: Transfer-Encoding overrides Content-Length
            del self.msg["Content-Length"]


class _GuardedConnection(HTTPConnection):
    response_class = _Response
    dialer: Dialer
    budget: Budget
    address: Address

    def _new_conn(self) -> socket.socket:
        try:
            connection = self.dialer.dial(self._dns_host, self.port, self.budget)
        except (ConnectionResetError, BrokenPipeError) as error:
            # urllib3 passes over these while a request goes out, and would read an answer where nothing is connected.
            raise ConnectionAbortedError(errno.ECONNABORTED, "the connection was reset") from error
        self.address = connection.address
        return connection

    def connect(self) -> None:
        super().connect()
        self.meter()

    def use_again(self) -> None:
        """What a new connection is asked, for one that was kept by an exchange whose permit may have been another."""
        self.dialer.check(self._dns_host, self.address, self.budget)
        self.meter()

    def meter(self) -> None:
        """Put what the open socket does on the present budget."""
        if isinstance(self.sock, MeteredSocket):
            self.sock.budget = self.budget


class _GuardedTLSConnection(_GuardedConnection, HTTPSConnection):
    pass


class _GuardedPool(HTTPConnectionPool):
    ConnectionCls = _GuardedConnection
    dialer: Dialer

    def _new_conn(self) -> Any:
        connection: Any = super()._new_conn()
        connection.dialer = self.dialer
        return connection

    def _put_conn(self, conn: Any) -> None:
        # As urllib3 does it, but that more are open than are kept is no warning: strangers could fill the log.
        with suppress(Full, AttributeError):
            self.pool.put(conn, block=False)  # type: ignore[union-attr]  # None in a closed pool: see `suppress`
            return
        if conn:
            conn.close()

    def _make_request(self, conn: Any, *request: Any, **options: Any) -> BaseHTTPResponse:
        conn.budget = options["timeout"]
        if conn.sock is None:
            return super()._make_request(conn, *request, **options)
        conn.use_again()
        try:
            return super()._make_request(conn, *request, **options)
        except ConnectionError:
            # A server may close a connection just when it is used again (RFC 9112 §9.3.1). A ping that was taken in
            # nevertheless does no harm twice: the far side knows the pair.
            conn.close()
            return super()._make_request(conn, *request, **options)


class _GuardedTLSPool(_GuardedPool, HTTPSConnectionPool):
    ConnectionCls = _GuardedTLSConnection


class _GuardedPools(PoolManager):
    def __init__(self, dialer: Dialer, tls: ssl.SSLContext | None) -> None:
        super().__init__(num_pools=MAX_HOSTS, maxsize=MAX_IDLE)
        self.pool_classes_by_scheme = {"http": _GuardedPool, "https": _GuardedTLSPool}
        self._dialer = dialer
        self._tls = tls

    def _new_pool(
        self, scheme: str, host: str, port: int, request_context: dict[str, Any] | None = None
    ) -> HTTPConnectionPool:
        context = dict(request_context or {})
        if scheme == "https":
            # One for all: reading the certificates takes longer than a handshake.
            self._tls = self._tls or tls_context(DEFAULT_CA_BUNDLE_PATH)
            context["ssl_context"] = self._tls
        pool = super()._new_pool(scheme, host, port, context)
        if isinstance(pool, _GuardedPool):
            pool.dialer = self._dialer
        return pool


class GuardedAdapter(HTTPAdapter):
    """The way out of `requests`, through the guard. No session stands before it: there are no cookies, no
    `.netrc`, no proxies, and no redirects that are followed, or read whole, behind our back."""

    def __init__(self, dialer: Dialer, tls: ssl.SSLContext | None) -> None:
        self._pools = _GuardedPools(dialer, tls)
        super().__init__()

    def init_poolmanager(self, *_sizes: Any, **_options: Any) -> None:
        self.poolmanager = self._pools

    def cert_verify(self, *_options: Any) -> None:
        """Settled by the TLS context: certificates are always verified."""

    def request_url(self, request: requests.PreparedRequest, _proxies: Any) -> str:
        """The path as it is; `requests` before 2.34 makes one slash of two at its start."""
        return request.path_url

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """Just what the client reads; the original spends most of its time on cookies."""
        response = requests.Response()
        response.request = req
        response.status_code = resp.status
        response.raw = resp
        return response


def tls_context(ca_bundle: str) -> ssl.SSLContext:
    """Trusts the certificates in `ca_bundle`, a file or folder; ValueError when it cannot be used."""
    folder = os.path.isdir(ca_bundle)
    try:
        context = ssl.create_default_context(cafile=None if folder else ca_bundle, capath=ca_bundle if folder else None)
    except OSError as error:
        why = "it holds no certificates" if isinstance(error, ssl.SSLError) else unreadable(ca_bundle, error)
        raise ValueError(f"ca_bundle {ca_bundle!r} cannot be used: {why}") from error
    context.sslsocket_class = MeteredTLSSocket
    return context


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
