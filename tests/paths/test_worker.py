"""`pingback worker`: sends what is due, verifies what was left pending, and ends when told to."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pingback.clock import now
from pingback.model import Mention, MentionStatus, OutcomeStatus, Protocol
from pingback.store import Store
from tests.loopback import Site, page
from tests.paths.programs import ALLOW, PATIENCE, wait_until
from tests.store.sent import plan


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        site.pages |= {
            "/five": page(b'<link rel="webmention" href="/wm">'),
            "/six": page(f'<title>Six</title><a href="{site.url}/five">five</a>'.encode()),
            "/wm": page(status=202),
        }
        yield site


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_works_off_what_is_due_and_pending(site: Site, tmp_path: Path, number: signal.Signals) -> None:
    source, target = f"{site.url}/six", f"{site.url}/five"
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        plan(store, target, source=source, now=now())
        left = Mention(
            source=source,
            target=target,
            protocol=Protocol.PINGBACK,
            status=MentionStatus.PENDING,
            received=now() - timedelta(hours=1),
        )
        store.mentions.keep(left)
        worker = subprocess.Popen(
            [sys.executable, "-m", "pingback", "worker", "--site", site.url, *ALLOW],
            cwd=tmp_path,
            env={"PATH": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with worker:
            try:
                wait_until(lambda: all(ping.status is OutcomeStatus.ACCEPTED for ping in store.outbox.pings()))
                wait_until(lambda: all(mention.verified is not None for mention in store.mentions.list()))
                worker.send_signal(number)
                out, err = worker.communicate(timeout=PATIENCE)
            finally:
                worker.kill()
    assert (worker.returncode, out) == (0, "")
    assert f"ping from '{source}' to '{target}': accepted, accepted" in err
    assert err.splitlines()[-1].endswith("INFO stopped")
    assert [request.path for request in site.requests if request.method == "POST"] == ["/wm"]
