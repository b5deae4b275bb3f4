"""Two processes that do something to one database at the same time, again and again."""

import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self, TypeAlias

from pingback.store import Store

ROUNDS = 1000
TOGETHER = 10  # rounds from one common start to the next

MOST_REJECTED = 10
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)

# What one of the two does in a round, a function of a module: it is given the store and the number of the round.
Side: TypeAlias = Callable[[Store, int], Any]
Race: TypeAlias = Callable[[Side, Side], tuple[list[Any], list[Any]]]


class Racers:
    """The two processes. They live for several races: to start them takes longer than a race."""

    def __enter__(self) -> Self:
        context = get_context("spawn")  # a fork would take over threads and connections
        between = context.Pipe()
        self._processes, self._commands = [], []
        for other in between:
            ours, theirs = context.Pipe()
            process = context.Process(target=_run, args=(theirs, other), daemon=True)
            process.start()
            self._processes.append(process)
            self._commands.append(ours)
            theirs.close()  # so that one that ends is noticed
        for other in between:
            other.close()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process, commands in zip(self._processes, self._commands, strict=True):
            commands.close()
            process.terminate()
            process.join()

    def race(self, url: str, one: Side, other: Side) -> tuple[list[Any], list[Any]]:
        """What each side gave, by rounds. No side may raise anything."""
        for commands, side in zip(self._commands, (one, other), strict=True):
            commands.send((url, side))
        (given, errors), (others, other_errors) = [commands.recv() for commands in self._commands]
        assert (len(errors), len(other_errors)) == (0, 0), "\n".join(errors + other_errors)
        return given, others


def open_store(url: str) -> Store:
    """One whose clock stands still, and that keeps few rejected mentions."""
    return Store(url, clock=lambda: NOON, most_rejected=MOST_REJECTED)


def _run(commands: Connection, other: Connection) -> None:
    try:
        while True:
            url, side = commands.recv()
            with open_store(url) as store:
                commands.send(_rounds(store, side, other))
    except EOFError:  # the other or the test has ended
        pass


def _rounds(store: Store, side: Side, other: Connection) -> tuple[list[Any], list[str]]:
    given: list[Any] = []
    errors: list[str] = []
    for number in range(ROUNDS):
        if number % TOGETHER == 0:
            other.send_bytes(b"ready")
            other.recv_bytes()
        if errors:
            continue  # a race that has failed is to end soon: a deadlock takes a second
        try:
            given.append(side(store, number))
        except Exception:
            errors.append(f"round {number}: {traceback.format_exc()}")
    return given, errors
