"""What must be seen to when a process forks, as servers do that load an application first (`gunicorn --preload`).

A child has its parent's memory and one of its threads: sockets and connections to databases are shared, the other
threads are gone, and locks that they held stay locked. Who has such things says here what to do about it.
"""

import os
import threading
import typing
from weakref import WeakSet


class Renewable(typing.Protocol):
    """Has locks, threads or sockets."""

    def renew_after_fork(self) -> None:
        """Begin anew, in the child: what was in the parent's hands is the parent's."""


class Holding(typing.Protocol):
    """Has what two processes must not have at once."""

    def before_fork(self) -> None:
        """Let go of it, and take nothing up. The thread that forks waits."""

    def after_fork(self) -> None:
        """Take it up again, in the parent."""


_renewable: "WeakSet[Renewable]" = WeakSet()
_holding: "WeakSet[Holding]" = WeakSet()
_lock = threading.Lock()
_pid = os.getpid()


def renew(living: Renewable) -> None:
    """From now on it is told of forks in the child, for as long as it lives."""
    with _lock:
        _renewable.add(living)


def hold(living: Holding) -> None:
    """From now on it is told of forks before and after them, for as long as it lives."""
    with _lock:
        _holding.add(living)


def notice() -> None:
    """Begin anew where this is the child of a fork that Python was not told of, as those of uWSGI are.

    What other threads did at that moment, in SQLite or elsewhere, nobody could wait for: such programs start none.
    """
    if os.getpid() != _pid:
        _in_child()


def _before() -> None:
    _lock.acquire()
    for living in list(_holding):
        living.before_fork()


def _in_parent() -> None:
    for living in list(_holding):
        living.after_fork()
    _lock.release()


def _in_child() -> None:
    global _lock, _pid
    _lock, _pid = threading.Lock(), os.getpid()
    for living in list(_renewable):
        living.renew_after_fork()


if hasattr(os, "register_at_fork"):  # Windows has none, and no forks
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
