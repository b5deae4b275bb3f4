"""`pingback serve`: the application on waitress, with what the open internet asks of a server.

waitress reads requests and writes responses in one loop, and gives a thread only to a request that is there as a
whole: senders that are slow or silent hold a socket, never a thread. For how long they do so is bounded here.
"""

import signal
import socket
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

from waitress import wasyncore
from waitress.adjustments import Adjustments

from pingback.errors import SettingsError
from pingback.protocols.xmlrpc import MAX_BODY
from pingback.server.connections import MAX_UNREAD, FairThreads, Listener, Threads
from pingback.server.pool import LIST_THREADS, THREADS
from pingback.server.shell import MAX_PIECES

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

SWITCH_AFTER = 0.0005  # seconds
STOP_WITHIN = 30.0  # seconds for the requests that are running when the server is told to stop
HURRY = 0.2  # where a person waits for the end
CLOSE_WITHIN = 1.0  # seconds for its threads to notice

CONNECTIONS = 400  # open at once; for more, others have to go. A process may often have no more than 1024 files
MAX_HEADER = 16 * 1024  # bytes

_ADJUSTMENTS = {
    "max_request_header_size": MAX_HEADER,
    "max_request_body_size": MAX_BODY + 1,  # the first size that is refused
    "outbuf_high_watermark": sys.maxsize,  # bytes that may wait to be read before a thread waits for it, too
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
    trusted_proxies: Collection[str] = (),
    on_ready: Callable[[str], object] | None = None,
) -> signal.Signals:
    """Serve until SIGTERM or SIGINT comes, finish what is running, and return which it was. For the main thread.

    Who presses Ctrl-C (SIGINT) waits for no slow source: what is not finished in a moment is dropped.

    `on_ready` is told the URL once connections are accepted; port 0 is any free one. The connections of
    `trusted_proxies`, networks in CIDR form, are never taken away for others. Raises SettingsError where host and port
    cannot be listened at.
    """
    with (
        closing(Server(app, host=host, port=port, threads=threads, trusted_proxies=trusted_proxies)) as server,
        _signals_stop(server) as came,
        _threads_switch_often(),
    ):
        if on_ready is not None:
            on_ready(server.url)
        server.run()
    return came[-1]


class Server:
    """A listening server, to be closed in the end: `run` it here, or, by `with`, in a thread. `url` has no path.

    It has `connections` open at once, and keeps `unread` bytes of answers; who has most of them loses some when there
    are more. A request may come in so many `pieces` (`pingback.server.connections`).
    """

    def __init__(
        self,
        app: "WSGIApplication",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        threads: int = 4,
        connections: int = CONNECTIONS,
        unread: int = MAX_UNREAD,
        pieces: int = MAX_PIECES,
        trusted_proxies: Collection[str] = (),
    ) -> None:
        listening = _listening(host, port)
        port = listening.getsockname()[1]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._threads = (Threads(threads), FairThreads(LIST_THREADS))
        self._map: dict[int, Any] = {}
        self._server = Listener(
            app,
            listening,
            map=self._map,
            adjustments=Adjustments(**_ADJUSTMENTS),
            threads=self._threads[0],
            lists=self._threads[1],
            most=connections,
            max_unread=unread,
            max_pieces=pieces,
            trusted_proxies=trusted_proxies,
        )
        self._end: float | None = None  # by the monotonic clock, once it was told to stop
        self._thread = threading.Thread(target=self.run, name="pingback-server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join()
        self.close()

    def run(self) -> None:
        """Serve until `stop` is called. Then accept nothing more, answer what has come in as a whole, drop the rest."""
        while self._end is None:
            self._turn()
        wasyncore.dispatcher.close(self._server)
        channels = self._server.active_channels
        while channels and monotonic() < self._end:
            for channel in list(channels.values()):
                if not channel.requests and not channel.total_outbufs_len:
                    channel.will_close = True
            self._turn(0.05)

    def stop(self, *, within: float = STOP_WITHIN) -> None:
        """Make `run` come to its end, and that soon. May be called by another thread or by a signal's handler."""
        self._end = monotonic() + within
        self._server.pull_trigger()

    def close(self) -> None:
        """Give back sockets and threads, once `run` has returned."""
        hangs = bool(self._server.active_channels)  # past its time, so there is nothing to wait for
        for threads in self._threads:
            threads.shutdown(timeout=0.0 if hangs else CLOSE_WITHIN)
        if not any(threads.threads for threads in self._threads):  # one that is left would still pull it
            self._server.trigger.close()
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()
        wasyncore.dispatcher.close(self._server)

    def _turn(self, seconds: float = 1.0) -> None:
        self._server.maintain()
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._map, count=1)  # `select` cannot watch more than 1024


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
def _threads_switch_often() -> Iterator[None]:
    """A thread that makes a list keeps all others waiting for the interpreter, 5 ms each time where nobody says less.

    A ping asks for it many times: while 300 lists a second were asked for, it took up to 11 s, and 0.5 s with this.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_AFTER)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def _signals_stop(server: Server) -> Iterator[list[signal.Signals]]:
    """Gives the signals that came."""
    came: list[signal.Signals] = []
    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in (signal.SIGTERM, signal.SIGINT)}

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(number, before[signal.Signals(number)])  # the second one does what it always does
        came.append(signal.Signals(number))
        server.stop(within=HURRY if number == signal.SIGINT else STOP_WITHIN)

    for number in before:
        signal.signal(number, stop)
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
