"""`pingback.jobs.brokers` on Redis and RabbitMQ as Debian has them: killed, emptied and begun again."""

import gc
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest

from pingback.errors import BrokerError, SettingsError
from pingback.jobs.brokers import DramatiqQueue, DramatiqWorkers, name_of
from pingback.jobs.messages import Dispatch, Messages
from pingback.jobs.single import SingleJobs
from tests.brokers.program import PASSWORD, Broker, rabbitmq, redis
from tests.jobs.fixture import DELIVER, LEASE, Bench, many_hosts
from tests.receive.pages import PATIENCE

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module", params=[redis, rabbitmq], ids=["redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    with request.param() as broker:
        yield broker


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Pika leaves the sockets of connections that were lost to the collector."""
    yield
    with warnings.catch_warnings(action="ignore"):
        gc.collect()


@pytest.fixture
def queue(broker: Broker) -> Iterator[DramatiqQueue]:
    queue = DramatiqQueue(broker.url)
    queue.broker.flush("pingback")
    yield queue
    queue.close()


def test_numbers_come_to_the_workers(queue: DramatiqQueue) -> None:
    done, came = set(), threading.Semaphore(0)

    def do(number: int) -> None:
        done.add(number)
        came.release()

    for number in range(20):
        queue.send(number)
    assert queue.depth() > 0
    queue.handle(do, lease=LEASE)
    workers = DramatiqWorkers(queue, threads=4)
    workers.start()
    for _ in range(20):
        assert came.acquire(timeout=PATIENCE)
    workers.stop()
    assert (done, queue.depth()) == (set(range(20)), 0)


def test_what_fails_is_not_tried_again(queue: DramatiqQueue) -> None:
    tries, last = [], threading.Event()

    def do(number: int) -> None:
        tries.append(number)
        if number:
            last.set()
        raise RuntimeError("an error of ours")

    queue.handle(do, lease=LEASE)
    workers = DramatiqWorkers(queue, threads=1)
    workers.start()
    queue.send(0)
    queue.send(1)
    assert last.wait(PATIENCE)
    workers.stop()
    assert tries == [0, 1]


def test_a_broker_that_comes_back_empty_loses_nothing(bench: Bench, broker: Broker) -> None:
    """Half of what was sent is lost with it; the rows bring it back."""
    queue = DramatiqQueue(broker.url)
    jobs = SingleJobs(bench.store.jobs, {DELIVER: bench.ends}, budget=bench.budget, lease=LEASE)
    sending = Dispatch(bench.store.jobs, (DELIVER,), queue, clock=bench.clock)
    carrier = Messages(sending, queue, workers=lambda: DramatiqWorkers(queue, threads=4), stopped=bench.stopped)
    queue.handle(jobs.do, lease=LEASE)
    bench.add(many_hosts(20))
    assert sending.send_some() == 20
    broker.kill()
    with pytest.raises(BrokerError):
        queue.depth()
    broker.start()
    thread = threading.Thread(target=carrier.run)
    thread.start()
    bench.clock.instant += timedelta(minutes=1)  # type: ignore[attr-defined]  # it is the tests' own
    carrier.wake()
    ends = threading.Event()
    while len(bench.told) < 20:
        assert not ends.wait(0.05)
    bench.stopped.set()
    thread.join(PATIENCE)
    assert sorted(bench.told) == list(range(1, 21))


@pytest.mark.parametrize("url", ["redis://:s3cret@127.0.0.1:1/0", "amqp://me:s3cret@127.0.0.1:1/"])
def test_one_that_cannot_be_reached_is_named_without_its_password(url: str) -> None:
    with pytest.raises(BrokerError) as raised:
        DramatiqQueue(url).depth()
    assert f"the broker {name_of(url)} cannot be used: " in str(raised.value)
    assert "refused" in str(raised.value).lower()
    assert PASSWORD not in str(raised.value)


def test_a_wrong_password_is_not_shown(broker: Broker) -> None:
    with pytest.raises(BrokerError) as raised:
        DramatiqQueue(broker.url.replace(PASSWORD, "wr0ng")).depth()
    assert "wr0ng" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://me:s3cret@a.example/", "redis:0", "amqp://me:s3cret@[a/", "nonsense"])
def test_what_is_no_address_of_a_broker(url: str) -> None:
    with pytest.raises(SettingsError) as raised, suppress(BrokerError):
        DramatiqQueue(url)
    assert "s3cret" not in str(raised.value)
