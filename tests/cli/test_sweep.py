"""`pingback sweep`: sends to workers again what was lost, or says why it cannot."""

from pathlib import Path

import pytest

from pingback.clock import now
from pingback.jobs.brokers import DramatiqQueue
from pingback.store import Store
from pingback.store.jobs import add_jobs
from pingback.work import JobKind
from tests.brokers.program import PASSWORD, redis
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def jobs(tmp_path: Path) -> None:
    """Three that are due."""
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store, store._database.write() as tx:
        hosts = {number: f"h{number}.example" for number in range(3)}
        add_jobs(tx, JobKind.DELIVER, hosts, due=now(), now=now())


def test_what_is_due_is_sent_once(run: Run) -> None:
    with redis() as broker:
        environ = {"PINGBACK_BROKER": broker.url}
        assert run("sweep", environ=environ).out == "sent to workers: 3\n"
        assert run("sweep", "--json", environ=environ).printed == [{"sent": 0}]
        queue = DramatiqQueue(broker.url)
        assert queue.depth() == 3
        queue.close()


def test_without_a_broker(run: Run) -> None:
    done = run("sweep")
    assert (done.code, "which broker? set PINGBACK_BROKER" in done.err) == (2, True)


def test_a_broker_that_cannot_be_reached(run: Run) -> None:
    done = run("sweep", environ={"PINGBACK_BROKER": f"redis://:{PASSWORD}@127.0.0.1:1/0"})
    assert done.code == 2
    assert done.err.startswith("pingback: the broker redis://127.0.0.1:1 cannot be used: ")
    assert PASSWORD not in done.err


def test_an_address_of_no_broker(run: Run) -> None:
    done = run("sweep", environ={"PINGBACK_BROKER": f"http://me:{PASSWORD}@a.example/"})
    assert (done.code, PASSWORD in done.err) == (2, False)
