"""Two front ends and two workers over PostgreSQL and each broker: whatever fails, what was answered is decided once."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from tests.brokers.program import Broker, rabbitmq, redis
from tests.load.kill import PROTOCOLS, Sources
from tests.load.workers import Fleet, fail_in_turn
from tests.postgresql.server import Server, running

PINGS = 600


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    """One of its own, as it is killed."""
    with running() as server:
        yield server


@pytest.mark.parametrize("brought", [redis, rabbitmq])
def test_what_was_answered_is_decided_once(
    tmp_path: Path, database: Server, brought: Callable[[], AbstractContextManager[Broker]]
) -> None:
    with ExitStack() as stack:
        broker = stack.enter_context(brought())
        sources = Sources(stack)
        fleet = stack.enter_context(Fleet(tmp_path, database=database, broker=broker, workers=2))
        told = fail_in_turn(fleet, sources, database=database, broker=broker, many=PINGS)
    assert (told.lost, told.again) == ([], {})
    assert sum(told.taken.values()) >= PINGS
    assert told.taken.keys() == set(PROTOCOLS)
    assert "Traceback" not in told.log
