"""The connections of the server (`pingback.server.run`), and which of them go when there are too many.

A newcomer always gets in. Whoever has most connections loses one for it: the oldest that is silent, on which no whole
request has come, or whose client does not read its answer. The same holds for answers that nobody reads and that
would fill the memory. Connections of trusted proxies bring the requests of many, and are never taken away.
"""

import errno
import logging
import socket
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask

from pingback.receive.verify import sender_of
from pingback.server.app import makes_list
from pingback.server.pool import RoundRobin
from pingback.server.shell import RECEIVE_WITHIN, Proxies, address_in

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

SILENT_FOR = 10.0  # seconds without a request, or without reading of the answer
MAX_UNREAD = 64 * 1024 * 1024  # bytes of answers that were not read yet; what is long goes to a file, beyond 1 MiB
ACCEPTED_AT_ONCE = 32  # newcomers, before those that are there have their turn
LOOK_EVERY = 1.0  # seconds

_OUT_OF_FILES = (errno.EMFILE, errno.ENFILE)


class _Quiet(logging.LoggerAdapter[logging.Logger]):
    """waitress warns of full queues and of too many connections, which strangers can bring about at will."""

    def warning(self, msg: object, *args: object, **kwargs: Any) -> None:
        self.debug(msg, *args, **kwargs)


quiet = _Quiet(logging.getLogger("waitress"), {})


class Threads(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no types
    """Requests are answered in order of arrival."""

    logger = queue_logger = quiet

    def __init__(self, count: int) -> None:
        super().__init__()
        self.set_thread_count(count)


class FairThreads(Threads):
    """Clients are answered in turn, however many requests of one of them wait."""

    def __init__(self, count: int) -> None:
        super().__init__(0)
        self.queue = RoundRobin()
        self.set_thread_count(count)


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


class _Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    def service(self) -> None:
        with self.channel.being_answered():
            super().service()


class _ErrorTask(ErrorTask):  # type: ignore[misc]  # waitress has no types
    def service(self) -> None:
        with self.channel.being_answered():
            super().service()


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection. `holder` is whom it counts for, None where that is a trusted proxy or has no address.

    `client` is who sent its request. `moved` is when it was opened, answered, or last read from.
    """

    parser_class = _Parser
    task_class = _Task
    error_task_class = _ErrorTask
    logger = quiet

    def __init__(self, server: "Listener", sock: socket.socket, addr: Any, adj: Adjustments, map: Any = None) -> None:
        self.holder = self.client = server.holder_of(addr)
        self.moved = monotonic()
        self.answering = False
        self.pieces = 0  # of the request that is coming in
        self._put_off = False
        super().__init__(server, sock, addr, adj, map=map)

    @contextmanager
    def being_answered(self) -> Iterator[None]:
        self.answering = True
        try:
            yield
        finally:
            self.answering = False
            self.moved = monotonic()

    def is_overdue(self, now: float) -> bool:
        if self.total_outbufs_len:
            return bool(self.moved < now - SILENT_FOR)
        if self.requests:
            return False
        if self.request is not None:  # some send so slowly that silence never comes
            return bool(self.request.began < now - RECEIVE_WITHIN)
        return bool(self.moved < now - SILENT_FOR)

    def put_off(self) -> None:
        """Answer the next request once the answers before it were read: to write it, a thread would wait for that."""
        self._put_off = True

    def writable(self) -> bool:
        return bool(super().writable() or self._put_off)

    def handle_write(self) -> None:
        super().handle_write()
        if self._put_off and self.connected and not self.total_outbufs_len:
            self._put_off = False
            self.server.add_task(self)

    def _flush_some(self, do_close: bool = True) -> bool:
        sent = bool(super()._flush_some(do_close=do_close))
        if sent:
            self.moved = monotonic()
        return sent

    def received(self, data: bytes) -> bool:
        """Unless it is one piece too many: each takes a turn of the loop, and 64 KiB byte by byte 2 s of CPU."""
        self.pieces += 1
        if self.pieces > self.server.max_pieces:
            self.handle_close()
            return False
        return bool(super().received(data))

    def send_continue(self) -> None:
        """Unless the request is refused already: waitress would ask for a body that is too large, and read it."""
        if self.request.error is None:
            super().send_continue()

    def handle_expt(self) -> None:
        """TCP urgent data, which HTTP has no use for: waitress would leave it unread, and its loop without rest."""
        self.handle_close()


class Listener(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """Accepts connections, `most` at a time, and gives each whole request to a thread: long lists to those of `lists`.

    For waitress' loop. `maintain` is to be called before each turn of it.
    """

    channel_class = Channel
    logger = quiet

    def __init__(
        self,
        app: "WSGIApplication",
        listening: socket.socket,
        *,
        map: dict[int, Any],
        adjustments: Adjustments,
        threads: Threads,
        lists: FairThreads,
        most: int,
        max_unread: int,
        max_pieces: int,
        trusted_proxies: Collection[str],
    ) -> None:
        self.max_pieces = max_pieces
        self._lists = lists
        self._most = most
        self._max_unread = max_unread
        self._proxies = Proxies(trusted_proxies)
        self._out_of_files = False
        self._next_look = 0.0
        super().__init__(
            app,
            map=map,
            _sock=listening,
            dispatcher=threads,
            adj=adjustments,
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            bind_socket=False,
        )

    def holder_of(self, addr: Any) -> str | None:
        peer = address_in(str(addr[0]))
        return None if peer is None or peer in self._proxies else sender_of(str(peer))

    def maintain(self) -> None:
        """Close what is overdue, and what has to go for others."""
        now = monotonic()
        self._bound_memory()
        self._bound_connections()
        if now >= self._next_look:
            self._next_look = now + LOOK_EVERY
            self._out_of_files = False  # others than we may have closed some
            for channel in self._channels():
                if channel.is_overdue(now):
                    channel.handle_close()  # at once: one that is not read never becomes writable

    def readable(self) -> bool:
        """Newcomers may come in; those that cannot wait in the kernel."""
        if not self.accepting or self._out_of_files:
            return False
        return len(self.active_channels) < self._most or self._dispensable() is not None

    def handle_accept(self) -> None:
        """Several, or a crowd of newcomers would wait for one turn of the loop each.

        Whoever has to go for them goes in the next turn: in this one, its number may be among those that are ready, and
        a newcomer would be taken for it.
        """
        for _ in range(ACCEPTED_AT_ONCE):
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before:
                return

    def accept(self) -> Any:
        try:
            return super().accept()
        except OSError as error:
            self._out_of_files = error.errno in _OUT_OF_FILES
            raise

    def add_task(self, channel: Channel) -> None:
        """A whole request has come in."""
        channel.pieces = 0
        request = channel.requests[0]
        if channel.total_outbufs_len:
            channel.put_off()
        elif request.error is None and makes_list(request.command.upper(), request.path):
            channel.client = self._client_of(channel)
            self._lists.add_task(channel)
        else:
            channel.answering = True  # soon
            super().add_task(channel)

    def _client_of(self, channel: Channel) -> str | None:
        peer = address_in(str(channel.addr[0]))
        if channel.holder is not None or peer is None:
            return channel.holder
        return sender_of(str(self._proxies.client_of(peer, channel.requests[0].headers.get("X_FORWARDED_FOR", ""))))

    def _channels(self) -> list[Channel]:
        return list(self.active_channels.values())

    def _bound_connections(self) -> None:
        for _ in range(max(len(self.active_channels) - self._most, int(self._out_of_files))):
            channel = self._dispensable()
            if channel is None:
                return
            channel.handle_close()
            self._out_of_files = False

    def _dispensable(self) -> Channel | None:
        """Of whoever has most connections the one that was silent for longest."""
        channels = self._channels()
        held = Counter(channel.holder for channel in channels)
        return max(
            (channel for channel in channels if channel.holder is not None and not channel.answering),
            key=lambda channel: (held[channel.holder], -channel.moved),
            default=None,
        )

    def _bound_memory(self) -> None:
        """Of whoever leaves most unread, the connection goes on which nothing was read for longest."""
        unread = {channel: channel.total_outbufs_len for channel in self._channels() if channel.holder is not None}
        while sum(unread.values()) > self._max_unread:
            held: Counter[str | None] = Counter()
            for channel, size in unread.items():
                held[channel.holder] += size
            channel = max(unread, key=lambda each: (held[each.holder], bool(unread[each]), -each.moved))
            channel.handle_close()
            del unread[channel]
