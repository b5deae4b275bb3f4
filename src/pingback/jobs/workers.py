"""Who has work in hand: processes, by names that tell whether one of them is no more.

A lease that a crash left behind runs out by itself, after minutes; whoever can see that its process is gone need not
wait. Linux says so in /proc. Elsewhere, and of processes on other machines or in other containers, nothing is known.
"""

import os
from pathlib import Path

UNKNOWN = "unknown"  # whose leases run out by themselves

_PROC = Path("/proc")
_ENDED = (b"Z", b"X")  # killed, and its parent has not asked yet; some never do


def worker_id() -> str:
    """The name of this process: no other has it, now or later. `UNKNOWN` where there is no telling."""
    return _name_of(os.getpid()) or UNKNOWN


def is_gone(worker_id: str) -> bool:
    """The process was one of those that can be seen from here, and has ended."""
    world, _, process = worker_id.rpartition(" ")
    pid = process.partition("/")[0]
    if not world or world != _world() or not pid.isdigit():
        return False
    name = _name_of(int(pid))
    return name != worker_id if name is not None else _has_ended(int(pid))


def _has_ended(pid: int) -> bool:
    """Of a process that /proc does not show, or shows to be waiting for its parent to take note of its end."""
    try:
        os.kill(pid, 0)  # sends nothing
    except ProcessLookupError:
        return True
    except PermissionError:  # it lives, and /proc hides it from us
        return False
    return _is_over(pid)


def _name_of(pid: int) -> str | None:
    world, fields = _world(), _fields_of(pid)
    if not world or len(fields) < 20 or fields[0] in _ENDED:
        return None
    return f"{world} {pid}/{fields[19].decode('ascii', 'replace')}"


def _is_over(pid: int) -> bool:
    fields = _fields_of(pid)
    return bool(fields) and fields[0] in _ENDED


def _fields_of(pid: int) -> list[bytes]:
    """What /proc says of a process behind its name, which may hold anything: the state first, then 18 fields and the
    start time. Nothing where there is no telling."""
    try:
        return (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return []


def _world() -> str:
    """Within it a process is known by its number and its start: this boot of the machine, and this container."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink(_PROC / 'self/ns/pid')}"
    except OSError:
        return ""
