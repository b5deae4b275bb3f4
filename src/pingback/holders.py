"""Who has work in hand: processes, by names that tell whether one of them is no more.

A lease that a crash left behind runs out by itself, after minutes; whoever can see that its holder is gone need not
wait. Linux says so in /proc. Elsewhere, and of processes on other machines or in other containers, nothing is known.
"""

import os
from pathlib import Path

_PROC = Path("/proc")


def this_process() -> str | None:
    """The name of this process: no other has it, now or later. None where there is no telling."""
    return _name_of(os.getpid())


def is_gone(holder: str) -> bool:
    """The process was one of those that can be seen from here, and has ended."""
    world, _, process = holder.rpartition(" ")
    pid = process.partition("/")[0]
    return world != "" and world == _world() and pid.isdigit() and _name_of(int(pid)) != holder


def _name_of(pid: int) -> str | None:
    world = _world()
    try:
        # The name of the program, in parentheses, may hold anything; 20 fields behind it stands the start time.
        started = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError, UnicodeError):
        return None
    return f"{world} {pid}/{started}" if world else None


def _world() -> str:
    """Within it a process is known by its number and its start: this boot of the machine, and this container."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink(_PROC / 'self/ns/pid')}"
    except OSError:
        return ""
