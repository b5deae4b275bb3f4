"""Several processes over one file: each job is done once, and what a killed one had in hand is taken up at once."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pingback.clock import now
from pingback.store import Store
from tests.jobs.fixture import Bench
from tests.receive.pages import PATIENCE
from tests.store.databases import patient

_RUNNING = """
import sys, threading
from datetime import timedelta
from pingback.clock import now
from pingback.jobs.budget import HostBudget
from pingback.jobs.pool import Pool
from pingback.jobs.runner import Runner
from pingback.jobs.steps import End
from pingback.work import JobKind
from pingback.store import Store

url, hangs = sys.argv[1:]
store = Store(url)

def handler(job):
    if hangs == "yes":
        print("began", job.subject, flush=True)
        threading.Event().wait()
    return End(lambda: store.jobs.done(job), lambda: print(job.subject, flush=True))

print("ready", flush=True)
sys.stdin.readline()
budget = HostBudget(pauses=store.pauses)
with Pool() as pool:
    runner = Runner(store.jobs, {JobKind.DELIVER: handler}, budget=budget, pool=pool,
                    lease=timedelta(minutes=5), stopped=threading.Event())
    runner.run()
"""


@contextmanager
def running(url: str, *, hangs: bool = False) -> Iterator[subprocess.Popen[str]]:
    """A process that is ready to do what is due, once it is told so."""
    command = [sys.executable, "-c", _RUNNING, url, "yes" if hangs else "no"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


@pytest.fixture
def url(shared_url: str) -> str:
    return patient(shared_url)


def test_of_a_thousand_jobs_each_is_done_once(url: str) -> None:
    with Store(url) as store:
        Bench(store, now).add({number: f"h{number % 60}.example" for number in range(1000)})
        with running(url) as one, running(url) as other:
            go(one)
            go(other)
            printed = [process.communicate(timeout=PATIENCE)[0] for process in (one, other)]
        assert Counter(map(int, " ".join(printed).split())) == Counter(range(1000))
        assert store.jobs.next_due([*Bench(store, now).runner()._kinds], now=now()) is None


def test_what_a_killed_process_had_in_hand_is_done_at_once(url: str) -> None:
    with Store(url) as store:
        bench = Bench(store, now)
        bench.add({number: f"h{number}.example" for number in range(9)})
        with running(url, hangs=True) as process:
            go(process)
            assert process.stdout is not None
            assert process.stdout.readline().startswith("began")
            assert bench.runner().run() == 0  # it lives
            os.kill(process.pid, signal.SIGKILL)
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert bench.runner().run() == 9
        bench.pool.close(within=PATIENCE)
