"""What a handler makes of a job: steps at hosts, and an end."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias, Union

from pingback.work import Job


def nothing() -> None:
    """Tells nobody."""


class End(NamedTuple):
    """What came of a job. `keep` writes it, with the job, in one transaction; where the database cannot be used, it is
    called again until the lease is over. `told` is called afterwards, in the thread that runs the Runner. One that only
    puts the job off `counts` for nothing done.

    `twice` is, for a person, what somebody hears twice where it cannot be kept: the job is done again then.
    """

    keep: Callable[[], object]
    told: Callable[[], object] = nothing
    counts: bool = True
    twice: str = ""


class Step(NamedTuple):
    """Work that asks one host, once there is a place there."""

    host: str
    work: Callable[[], Union["Step", End]]


# Called in a thread of the pool, with a place at the job's host. It raises nothing for what may happen.
Handler: TypeAlias = Callable[[Job], Step | End]
Broken: TypeAlias = Callable[[Job, Exception], End]
