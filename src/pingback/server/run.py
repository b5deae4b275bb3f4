"""`pingback serve`: the application on waitress, with what the open internet asks of a server.

waitress reads requests and writes responses in one loop, and gives a thread only to a request that is there as a
whole: senders that are slow or silent hold a socket, never a thread. For how long they do so is bounded here.
"""

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from pingback.errors import SettingsError
from pingback.wire.xmlrpc import MAX_BODY

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

THREADS = 64  # more than the pings that may wait for their source (`Receiver`), so that others are answered at once
STOP_WITHIN = 30.0  # seconds for the requests that are running when the server is told to stop
CLOSE_WITHIN = 1.0  # seconds for its threads to notice

RECEIVE_WITHIN = 10.0  # seconds for a request to come in, from its first byte to its last
CONNECTIONS = 400  # open at once; more have to wait. A process may often have no more than 1024 files
MAX_HEADER = 16 * 1024  # bytes

_ADJUSTMENTS = {
    "connection_limit": CONNECTIONS,
    "channel_timeout": 10,  # seconds of silence
    "cleanup_interval": 5,
    "max_request_header_size": MAX_HEADER,
    "max_request_body_size": MAX_BODY + 1,  # the first size that is refused
    "asyncore_use_poll": True,  # `select` cannot watch more than 1024
    "log_socket_errors": False,  # senders that hang up are no news
    "ident": None,
    "clear_untrusted_proxy_headers": False,  # `Forwarded` knows which of them to believe
}


def serve(
    app: "WSGIApplication",
    *,
    host: str,
    port: int,
    threads: int = THREADS,
    on_ready: Callable[[str], object] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT comes, finish what is running, and return. For the main thread.

    `on_ready` is told the URL once connections are accepted; port 0 is any free one. Raises SettingsError where host
    and port cannot be listened at.
    """
    with closing(Server(app, host=host, port=port, threads=threads)) as server, _signals_stop(server):
        if on_ready is not None:
            on_ready(server.url)
        server.run()


class Server:
    """A listening server, to be closed in the end: `run` it here, or, by `with`, in a thread. `url` has no path."""

    def __init__(self, app: "WSGIApplication", *, host: str = "127.0.0.1", port: int = 0, threads: int = 4) -> None:
        listening = _listening(host, port)
        port = listening.getsockname()[1]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._tasks = _Dispatcher()
        self._tasks.set_thread_count(threads)
        self._map: dict[int, Any] = {}
        self._server = _Server(
            app,
            map=self._map,
            _sock=listening,
            dispatcher=self._tasks,
            adj=Adjustments(**_ADJUSTMENTS),
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            bind_socket=False,
        )
        self._stopping = False
        self._thread = threading.Thread(target=self.run, name="pingback-server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join()
        self.close()

    def run(self) -> None:
        """Serve until `stop` is called, then finish what is running."""
        while not self._stopping:
            self._turn()
        self._drain()

    def stop(self) -> None:
        """Make `run` come to its end. May be called by another thread or by a signal's handler."""
        self._stopping = True
        self._server.pull_trigger()

    def close(self) -> None:
        """Give back sockets and threads, once `run` has returned."""
        self._tasks.shutdown(timeout=CLOSE_WITHIN)
        if not self._tasks.threads:  # one that is left would still pull it
            self._server.trigger.close()
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()
        wasyncore.dispatcher.close(self._server)

    def _turn(self, seconds: float = 1.0) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._map, count=1)

    def _drain(self) -> None:
        """Accept nothing more, answer what has come in as a whole, and drop the rest."""
        wasyncore.dispatcher.close(self._server)
        end = monotonic() + STOP_WITHIN
        channels = self._server.active_channels
        while channels and monotonic() < end:
            for channel in list(channels.values()):
                if not channel.requests and not channel.total_outbufs_len:
                    channel.will_close = True
            self._turn(0.05)


class _Quiet(logging.LoggerAdapter[logging.Logger]):
    """waitress warns of full queues and of too many connections, which strangers can bring about at will."""

    def warning(self, msg: object, *args: object, **kwargs: Any) -> None:
        self.debug(msg, *args, **kwargs)


_quiet = _Quiet(logging.getLogger("waitress"), {})


class _Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no types
    logger = queue_logger = _quiet


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    def __init__(self, adjustments: Adjustments) -> None:
        super().__init__(adjustments)
        self.began = monotonic()

    def parse_header(self, header_plus: bytes) -> None:
        """A number with thousands of digits or a broken IPv6 host is a bad request; waitress would log an error."""
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            raise ParsingError("The request cannot be read.") from error


class _Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    parser_class = _Parser
    logger = _quiet

    def send_continue(self) -> None:
        """Unless the request is refused already: waitress would ask for a body that is too large, and read it."""
        if self.request.error is None:
            super().send_continue()

    def handle_expt(self) -> None:
        """TCP urgent data, which HTTP has no use for: waitress would leave it unread, and its loop without rest."""
        self.handle_close()


class _Server(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    channel_class = _Channel
    logger = _quiet

    def maintenance(self, now: float) -> None:
        """Closes silent connections, and those that send their request so slowly that silence never comes."""
        super().maintenance(now)
        overdue = monotonic() - RECEIVE_WITHIN
        for channel in self.active_channels.values():
            if not channel.requests and channel.request is not None and channel.request.began < overdue:
                channel.will_close = True


def _listening(host: str, port: int) -> socket.socket:
    trouble = f"cannot listen at host {host} port {port}"
    if not 0 <= port <= 65535:
        raise SettingsError(f"{trouble}: there is no such port")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # Of two addresses for a name the older kind: what else is told of localhost mostly means 127.0.0.1.
        family, _, _, _, address = min(found, key=lambda info: info[0] != socket.AF_INET)
        both = host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(address, family=family, dualstack_ipv6=both)
    except OSError as error:
        raise SettingsError(f"{trouble}: {(error.strerror or str(error)).partition(' (')[0]}") from error
    except UnicodeError:
        raise SettingsError(f"{trouble}: this is not the name of a host") from None


@contextmanager
def _signals_stop(server: Server) -> Iterator[None]:
    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in (signal.SIGTERM, signal.SIGINT)}

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(number, before[signal.Signals(number)])  # the second one does what it always does
        server.stop()

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
