"""`pingback.store.claiming`, by way of `Outbox.claim`: everybody's turn comes, and each ping is in one hand."""

import subprocess
import sys
from collections import Counter
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest

from pingback.model import OutcomeStatus, QueuedPing
from pingback.store import Store
from pingback.store.outbox import Outbox
from tests.store.sent import ACCEPTED, HOUR, MINUTE, NOON, ONE, POST, THREE, TWO, claim, plan, record, targets

SECOND = timedelta(seconds=1)
BIG = [f"https://big.example/{number}" for number in range(1000)]


def test_a_claimed_ping_is_nobody_elses_until_the_lease_runs_out(outbox: Outbox) -> None:
    plan(outbox, ONE)
    [ping] = claim(outbox)
    assert ping.leased_until == NOON + MINUTE
    assert claim(outbox, now=NOON + MINUTE - SECOND) == []
    [again] = claim(outbox, now=NOON + MINUTE)
    assert (again.id, again.leased_until) == (ping.id, NOON + 2 * MINUTE)


def test_what_is_not_due_is_not_claimed(outbox: Outbox) -> None:
    plan(outbox, ONE, TWO)
    one, two = claim(outbox)
    record(outbox, one, ACCEPTED)
    outbox.postpone(two, until=NOON + HOUR)
    assert claim(outbox, now=NOON + HOUR - SECOND) == []
    assert targets(claim(outbox, now=NOON + HOUR)) == [TWO]


def test_the_oldest_come_first_whatever_their_host(outbox: Outbox) -> None:
    plan(outbox, "https://z.example/1", "https://a.example/1", now=NOON + SECOND)
    plan(outbox, "https://m.example/1", "https://z.example/2", source="https://a.example/early", now=NOON)
    assert targets(claim(outbox, now=NOON + MINUTE, limit=3)) == [
        "https://m.example/1",
        "https://z.example/2",
        "https://z.example/1",
    ]
    assert targets(claim(outbox, now=NOON + MINUTE)) == ["https://a.example/1"]


@pytest.mark.parametrize(
    ("per_host", "busy", "expected"),
    [
        pytest.param(2, {}, ["https://x.example/1", "https://x.example/2", "https://y.example/1"], id="none-busy"),
        pytest.param(2, {"x.example": 1}, ["https://x.example/1", "https://y.example/1"], id="one-under-way"),
        pytest.param(2, {"x.example": 2, "y.example": 1}, ["https://y.example/1"], id="no-room"),
        pytest.param(2, {"x.example": 7}, ["https://y.example/1"], id="more-than-allowed"),
        pytest.param(0, {}, [], id="nothing-allowed"),
    ],
)
def test_a_host_gets_no_more_than_it_has_room_for(
    outbox: Outbox, per_host: int, busy: dict[str, int], expected: list[str]
) -> None:
    plan(outbox, *(f"https://x.example/{number}" for number in (1, 2, 3)), "https://y.example/1")
    claimed = outbox.claim(now=NOON, lease=MINUTE, limit=100, per_host=per_host, busy=busy)
    assert targets(claimed) == expected


def test_hosts_are_told_apart_by_port_and_not_by_case(outbox: Outbox) -> None:
    plan(outbox, "https://X.example/1", "http://x.example:80/2", "https://x.example:8443/3")
    claimed = outbox.claim(now=NOON, lease=MINUTE, limit=100, per_host=1)
    assert [(ping.host, ping.target) for ping in claimed] == [
        ("x.example", "https://X.example/1"),
        ("x.example:8443", "https://x.example:8443/3"),
    ]


def test_a_host_with_a_thousand_pings_hides_nobody(outbox: Outbox) -> None:
    plan(outbox, *BIG, now=NOON)
    plan(outbox, ONE, TWO, source="https://a.example/later", now=NOON + SECOND)
    assert targets(claim(outbox, now=NOON + SECOND, limit=5, per_host=2)) == [*BIG[:2], ONE, TWO]
    assert targets(claim(outbox, now=NOON + SECOND, limit=5, per_host=2)) == BIG[2:4]


def test_nothing_is_claimed_for_a_host_that_pauses(outbox: Outbox) -> None:
    plan(outbox, ONE, TWO)
    outbox.pause("one.example", until=NOON + MINUTE)
    assert targets(claim(outbox, now=NOON)) == [TWO]
    assert targets(claim(outbox, now=NOON + MINUTE - SECOND)) == []
    assert targets(claim(outbox, now=NOON + MINUTE, limit=1)) == [ONE]


@pytest.mark.parametrize("sources", [[], [POST], ["http://A.example/post#x"], [POST, "https://a.example/other"]])
def test_a_claim_for_some_posts(outbox: Outbox, sources: Collection[str]) -> None:
    plan(outbox, *BIG, source="https://a.example/busy", now=NOON - MINUTE)
    plan(outbox, ONE, TWO, "https://big.example/last")
    claimed = outbox.claim(now=NOON, lease=MINUTE, limit=10, per_host=1, sources=sources)
    assert targets(claimed) == ([ONE, TWO, "https://big.example/last"] if sources else [])


def test_no_more_than_asked_for(outbox: Outbox) -> None:
    plan(outbox, ONE, TWO)
    assert claim(outbox, limit=0) == []
    assert targets(claim(outbox, limit=1)) == [ONE]


def test_a_lease_that_is_over_before_it_begins_is_the_callers_mistake(outbox: Outbox) -> None:
    with pytest.raises(ValueError, match="lease"):
        outbox.claim(now=NOON, lease=timedelta(0), limit=1, per_host=1)


def test_released_pings_are_due_as_they_were(outbox: Outbox) -> None:
    plan(outbox, ONE, TWO)
    before = list(outbox.pings())
    outbox.release(claim(outbox))
    assert list(outbox.pings()) == before
    outbox.release([])
    assert targets(claim(outbox)) == [ONE, TWO]


def test_a_postponed_ping_counts_no_attempt(outbox: Outbox) -> None:
    plan(outbox, ONE)
    [ping] = claim(outbox)
    outbox.postpone(ping, until=NOON + HOUR)
    [waiting] = outbox.pings()
    assert (waiting.next_try, waiting.leased_until, waiting.attempts) == (NOON + HOUR, None, 0)
    assert outbox.attempts(ping) == []


def test_whose_lease_ran_out_can_give_nothing_back(outbox: Outbox) -> None:
    plan(outbox, ONE)
    [late] = claim(outbox)
    [other] = claim(outbox, now=NOON + MINUTE)
    outbox.release([late])
    outbox.postpone(late, until=NOON + HOUR)
    assert list(outbox.pings()) == [other]


def test_what_became_pointless_meanwhile_is_not_postponed(outbox: Outbox) -> None:
    plan(outbox, ONE)
    [ping] = claim(outbox)
    record(outbox, ping, ACCEPTED)
    [told] = outbox.pings()
    outbox.postpone(told, until=NOON + HOUR)
    assert outbox.next_due(now=NOON) is None


def test_when_there_is_something_to_claim(outbox: Outbox) -> None:
    assert outbox.next_due(now=NOON) is None
    plan(outbox, ONE, TWO, THREE)
    assert outbox.next_due(now=NOON - MINUTE) == NOON
    assert outbox.next_due(now=NOON + SECOND) == NOON + SECOND
    one, two, three = claim(outbox)
    assert outbox.next_due(now=NOON) == NOON + MINUTE  # the leases
    outbox.postpone(one, until=NOON + 2 * MINUTE)
    outbox.pause("two.example", until=NOON + 3 * MINUTE)
    outbox.pause("one.example", until=NOON + SECOND)
    record(outbox, three, ACCEPTED)
    assert outbox.next_due(now=NOON) == NOON + 2 * MINUTE
    record(outbox, one, ACCEPTED)
    assert outbox.next_due(now=NOON) == NOON + 3 * MINUTE  # the pause, longer than the lease
    record(outbox, two, ACCEPTED)
    assert outbox.next_due(now=NOON) is None


def test_when_there_is_something_to_claim_for_some_posts(outbox: Outbox) -> None:
    plan(outbox, ONE, source="https://a.example/other")
    plan(outbox, TWO, now=NOON + HOUR)
    assert outbox.next_due(now=NOON, sources=[POST]) == NOON + HOUR
    assert outbox.next_due(now=NOON, sources=["https://a.example/third"]) is None


def test_of_many_claims_at_once_each_gets_its_own(outbox: Outbox) -> None:
    plan(outbox, *BIG[:80])
    together = Barrier(8, timeout=300)

    def take(_: int) -> list[QueuedPing]:
        together.wait()
        return [ping for _ in range(10) for ping in claim(outbox, limit=1)]

    with ThreadPoolExecutor(8) as threads:
        taken = [ping for pings in threads.map(take, range(8)) for ping in pings]
    assert sorted(targets(taken)) == sorted(BIG[:80])


_CLAIM_ALL = """
import sys
from datetime import datetime, timedelta
from pingback.store import Store

with Store(sys.argv[1]) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    now = datetime.fromisoformat(sys.argv[2])
    while claimed := store.outbox.claim(now=now, lease=timedelta(hours=1), limit=3, per_host=100):
        print(*(ping.id for ping in claimed), flush=True)
"""


def test_two_processes_never_have_the_same_ping(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/pingback.db?timeout=300"
    with Store(url) as store:
        plan(store.outbox, *BIG[:150])
        known = Counter(ping.id for ping in store.outbox.pings())
    command = [sys.executable, "-c", _CLAIM_ALL, url, NOON.isoformat()]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = [process.communicate(timeout=300)[0] for process in processes]
    assert Counter(map(int, " ".join(printed).split())) == known


_CLAIM_AND_HANG = """
import sys, time
from datetime import datetime, timedelta
from pingback.store import Store

store = Store(sys.argv[1])
claimed = store.outbox.claim(now=datetime.fromisoformat(sys.argv[2]), lease=timedelta(minutes=1), limit=1, per_host=1)
print(*(ping.target for ping in claimed), flush=True)
sys.stdin.read()
"""


def test_what_a_killed_process_had_claimed_comes_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/pingback.db"
    with Store(url) as store:
        plan(store.outbox, ONE, TWO)
        command = [sys.executable, "-c", _CLAIM_AND_HANG, url, NOON.isoformat()]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == f"{ONE}\n"
            process.kill()
        assert targets(claim(store.outbox, now=NOON)) == [TWO]
        [back] = claim(store.outbox, now=NOON + MINUTE, limit=1)
        assert (back.target, back.status, back.attempts) == (ONE, OutcomeStatus.WAITING, 0)
