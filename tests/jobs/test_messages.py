"""`pingback.jobs.messages`: what is sent to workers when, and what becomes of that which is lost."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from pingback.errors import BrokerError
from pingback.jobs.carriers import Chore
from pingback.jobs.messages import AT_ONCE, MOST_QUEUED, SENT_FOR, Dispatch, Messages
from pingback.jobs.single import SingleJobs
from tests.jobs.fixture import DELIVER, LEASE, Bench, many_hosts, one_host
from tests.receive.pages import PATIENCE, Clock


@dataclass
class Memory:
    """A queue in this process, which can be away."""

    numbers: list[int] = field(default_factory=list)
    away_after: int | None = None  # messages
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def send(self, number: int) -> None:
        self.check()
        if self.away_after is not None:
            self.away_after -= 1
        self.numbers.append(number)
        self.arrived.release()

    def depth(self) -> int:
        self.check()
        return len(self.numbers)

    def check(self) -> None:
        if self.away_after == 0:
            raise BrokerError("the broker memory://here cannot be used: it is away")

    def close(self) -> None:
        """There is nothing to close."""


@dataclass
class Thread:
    """Does what comes by a queue, until it is stopped."""

    queue: Memory
    do: Callable[[int], object]
    ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def stop(self) -> None:
        self.ended.set()
        self.queue.arrived.release()
        self.thread.join(PATIENCE)

    def _run(self) -> None:
        while self.queue.arrived.acquire(timeout=PATIENCE) and not self.ended.is_set():
            self.do(self.queue.numbers.pop(0))


def dispatch(bench: Bench, queue: Memory) -> Dispatch:
    return Dispatch(bench.store.jobs, (DELIVER,), queue, clock=bench.clock)


def messages(bench: Bench, queue: Memory, *chores: Chore, own: Iterable[Chore] = ()) -> Messages:
    jobs = SingleJobs(bench.store.jobs, {DELIVER: bench.ends}, budget=bench.budget, lease=LEASE)
    return Messages(
        dispatch(bench, queue),
        queue,
        workers=lambda: Thread(queue, jobs.do),
        chores=chores,
        own_chores=own,
        stopped=bench.stopped,
    )


def test_what_is_due_is_sent_once(bench: Bench, clock: Clock) -> None:
    queue = Memory()
    bench.add(many_hosts(3))
    bench.add({4: "h4.example"})
    [later] = bench.store.jobs.lease(
        (DELIVER,), worker_id="worker", now=clock(), lease=LEASE, limit=1, per_host=1, only=[4]
    )
    bench.store.jobs.postpone(later, clock() + timedelta(hours=1), now=clock())
    assert [dispatch(bench, queue).send_some() for _ in range(2)] == [3, 0]
    assert queue.numbers == [1, 2, 3]


def test_of_one_host_only_what_may_begin_at_once(bench: Bench) -> None:
    queue = Memory()
    bench.add(one_host(5), {6: "b.example"})
    sending = dispatch(bench, queue)
    assert [sending.send_some(), sending.send_some()] == [3, 0]
    SingleJobs(bench.store.jobs, {DELIVER: bench.ends}, budget=bench.budget, lease=LEASE).do(1)
    assert sending.send_some() == 1


def test_the_queue_stays_short(bench: Bench) -> None:
    queue = Memory()
    bench.add(many_hosts(MOST_QUEUED + 100))
    sending = dispatch(bench, queue)
    assert sending.send_some() == AT_ONCE
    while sending.send_some():
        pass
    assert len(queue.numbers) == MOST_QUEUED
    del queue.numbers[:10]
    assert sending.send_some() == 10


def test_what_was_lost_is_sent_again(bench: Bench, clock: Clock) -> None:
    queue = Memory()
    bench.add(many_hosts(3))
    sending = dispatch(bench, queue)
    sending.send_some()
    queue.numbers.clear()
    assert sending.sweep() == 0
    clock.instant += SENT_FOR
    assert sending.sweep() == 3
    assert queue.numbers == [1, 2, 3]


def test_while_the_queue_is_full_nothing_is_sent_again(bench: Bench, clock: Clock) -> None:
    queue = Memory()
    bench.add(many_hosts(MOST_QUEUED))
    sending = dispatch(bench, queue)
    assert sending.sweep() == MOST_QUEUED
    clock.instant += timedelta(hours=1)
    assert sending.sweep() == 0


def test_what_a_broker_does_not_take_is_due_as_before(bench: Bench, clock: Clock) -> None:
    queue = Memory(away_after=2)
    bench.add(many_hosts(5))
    sending = dispatch(bench, queue)
    with pytest.raises(BrokerError, match="it is away"):
        sending.send_some()
    queue.away_after = None
    assert sending.send_some() == 3
    assert queue.numbers == [1, 2, 3, 4, 5]


def test_who_is_woken_sends(bench: Bench) -> None:
    queue = Memory()
    carrier = messages(bench, queue)
    assert (carrier.running, carrier.alive) == (False, True)
    for number in range(1, 4):
        bench.add({number: f"h{number}.example"})
        carrier.wake()
        assert queue.arrived.acquire(timeout=PATIENCE)
    assert (carrier.running, carrier.alive) == (True, True)
    carrier.close()
    assert (carrier.running, carrier.alive) == (False, False)


def test_who_only_sends_does_its_own_chores(bench: Bench) -> None:
    own, of_workers = threading.Semaphore(0), threading.Event()
    carrier = messages(
        bench,
        Memory(),
        Chore(60.0, of_workers.set, "do something for all"),
        own=[Chore(0.0, own.release, "do something for itself")],
    )
    carrier.start()
    for _ in range(2):
        assert own.acquire(timeout=PATIENCE)
    assert not of_workers.is_set()
    carrier.attend()
    assert of_workers.wait(PATIENCE)
    carrier.close()
    assert (carrier.running, carrier.alive) == (False, False)


def test_a_broker_that_is_away_is_said_once_and_waited_for(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    queue = Memory(away_after=0)
    carrier = messages(bench, queue)
    bench.add({1: "a.example"})
    for _ in range(3):
        carrier.wake()
    queue_is_back = threading.Timer(0.5, lambda: setattr(queue, "away_after", None))
    queue_is_back.start()
    assert queue.arrived.acquire(timeout=PATIENCE)
    carrier.close()
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert errors == ["the broker memory://here cannot be used: it is away"]


def test_workers_do_the_jobs_and_the_chores(bench: Bench) -> None:
    queue, chore = Memory(), threading.Event()
    carrier = messages(bench, queue, Chore(60.0, chore.set, "do something"))
    thread = threading.Thread(target=carrier.run)
    thread.start()
    bench.add(one_host(5), many_hosts(0))
    assert chore.wait(PATIENCE)
    while len(bench.told) < 5:
        carrier.wake()
        assert not bench.stopped.wait(0.01)
    bench.stopped.set()
    thread.join(PATIENCE)
    assert (sorted(bench.told), carrier.alive) == ([1, 2, 3, 4, 5], False)
