"""Whose request is next, where few threads answer many clients."""

from collections import deque
from typing import Any


class RoundRobin:
    """A queue of channels that gives one of each client, and then the next one of each. Not thread-safe."""

    def __init__(self) -> None:
        self._of_clients: dict[str | None, deque[Any]] = {}
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, channel: Any) -> None:
        self._of_clients.setdefault(channel.client, deque()).append(channel)
        self._length += 1

    def popleft(self) -> Any:
        client = next(iter(self._of_clients))
        waiting = self._of_clients.pop(client)
        channel = waiting.popleft()
        if waiting:
            self._of_clients[client] = waiting  # behind all others
        self._length -= 1
        return channel
