"""Whose request is next, where few threads answer many clients."""

from collections import deque
from typing import Any


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
