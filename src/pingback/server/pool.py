"""Threads that answer requests, for a server that has none of its own (`pingback.server.asgi`), and whose is next."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

LIST_THREADS = 2  # for long lists, which are our own work: more threads would only slow down all others
# More than may wait in them, so that others are answered at once: 48 pings for their source and 8 lists (`Receiver`),
# and 18 passwords to be looked at (the inbox).
THREADS = 80
MAX_WAITING = 400  # requests, each with a body of 64 KiB at most
IDLE_FOR = 10.0  # seconds after which a thread without work ends


class Full(Exception):
    """As many requests wait as may, or there is no thread to be had: of a process, or of the whole machine."""


class RoundRobin:
    """A queue that gives one of each `client`, and then the next one of each. Not thread-safe."""

    def __init__(self) -> None:
        self._of_clients: dict[str | None, deque[Any]] = {}
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, request: Any) -> None:
        self._of_clients.setdefault(request.client, deque()).append(request)
        self._length += 1

    def popleft(self) -> Any:
        client = next(iter(self._of_clients))
        waiting = self._of_clients.pop(client)
        request = waiting.popleft()
        if waiting:
            self._of_clients[client] = waiting  # behind all others
        self._length -= 1
        return request

    def drop(self) -> Any:
        """Give the last one of whoever has most, who is the client that came last where several have as many."""
        client = max(reversed(self._of_clients), key=lambda client: len(self._of_clients[client]))
        request = self._of_clients[client].pop()
        if not self._of_clients[client]:
            del self._of_clients[client]
        self._length -= 1
        return request


class _Job(NamedTuple):
    client: str | None
    future: Future[Any]
    work: Callable[[], Any]


class Pool:
    """Runs jobs in `size` threads at most, those of different clients in turn. Thread-safe.

    It begins a thread where one is needed, and none before. They are daemons: a process that is told to stop does not
    wait for a source that is silent.
    """

    def __init__(self, size: int, *, max_waiting: int = MAX_WAITING, idle_for: float = IDLE_FOR) -> None:
        self._size = size
        self._max_waiting = max_waiting
        self._idle_for = idle_for
        self._changed = threading.Condition()
        self._waiting = RoundRobin()
        self._threads = 0
        self._idle = 0

    def submit(self, client: str | None, work: Callable[[], T]) -> Future[T]:
        """What `work` will give. Raises `Full`, or the future does: where too many wait, whoever has most loses one."""
        future: Future[T] = Future()
        dropped = None
        with self._changed:
            if len(self._waiting) >= self._idle and self._threads < self._size:
                self._begin_thread()
            self._waiting.append(_Job(client, future, work))
            self._changed.notify()
            if len(self._waiting) > self._max_waiting:
                dropped = self._waiting.drop()
        if dropped is not None and dropped.future.set_running_or_notify_cancel():
            dropped.future.set_exception(Full())
        return future

    def _begin_thread(self) -> None:
        """Or leave the work to those that there are. Raises `Full` where there is none."""
        thread = threading.Thread(target=self._run, name="pingback-answer", daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError) as error:
            if not self._threads:
                raise Full from error
        else:
            self._threads += 1

    def _run(self) -> None:
        while (job := self._next()) is not None:
            if job.future.set_running_or_notify_cancel():
                try:
                    result = job.work()
                except BaseException as error:  # whoever waits for the future gets it
                    job.future.set_exception(error)
                else:
                    job.future.set_result(result)
            del job  # or its body would stay until the next one

    def _next(self) -> _Job | None:
        """A job, once there is one; None when there was none for long."""
        with self._changed:
            self._idle += 1
            while not self._waiting and self._changed.wait(self._idle_for):
                pass
            self._idle -= 1
            if not self._waiting:
                self._threads -= 1
                return None
            job: _Job = self._waiting.popleft()
            return job
