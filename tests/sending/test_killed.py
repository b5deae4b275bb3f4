"""What a process that was killed had in hand, by real processes: it is picked up at once."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from pingback.jobs.runner import LEASE
from pingback.model import OutcomeStatus
from pingback.net.client import Client
from pingback.store import Store
from tests.paths.programs import running
from tests.receive.pages import Clock
from tests.sending.deliveries import delivered, plan
from tests.sending.far_sides import FarSide

_LEASING = """
import sys
from datetime import datetime, timedelta
from pingback.jobs.workers import worker_id
from pingback.work import JobKind
from pingback.store import Store
url, now, lease = sys.argv[1:]
leased = Store(url).jobs.lease([JobKind.DELIVER], worker_id=worker_id(), now=datetime.fromisoformat(now),
                               lease=timedelta(seconds=float(lease)), limit=9, per_host=9)
print(len(leased), flush=True)
input()
"""


@pytest.mark.parametrize(("killed", "told"), [pytest.param(True, 1, id="killed"), pytest.param(False, 0, id="living")])
def test_what_a_killed_process_held_is_sent_at_once(tmp_path: Path, killed: bool, told: int) -> None:
    url, clock = f"sqlite:///{tmp_path}/outbox.db", Clock()
    with FarSide("/1") as far_side, Store(url) as store, Client(allow=["127.0.0.0/8"]) as client:
        plan(store, f"{far_side.url}/1", now=clock())
        with running(_LEASING, url, clock().isoformat(), str(LEASE.total_seconds())) as (process, leased):
            assert leased == "1"
            if killed:
                process.kill()
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            clock.pass_by(seconds=1)
            outcomes = delivered(store, client, clock)
            assert [outcome.status for outcome in outcomes] == [OutcomeStatus.ACCEPTED] * told
            clock.instant += LEASE - timedelta(seconds=1)
            outcomes += delivered(store, client, clock)
            assert len(outcomes) == 1
        assert far_side.targets == ["/1"]
