"""What senders hear and people see: pings of each protocol, and the commands that list what became of them."""

import json
import time
import xmlrpc.client
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

import pingback
from pingback import clock
from pingback.cli.group import main
from pingback.model import Protocol
from tests.paths.exchange import ask, post
from tests.paths.programs import ALLOW, PATIENCE

Row = dict[str, Any]

# Far below any lease, which lasts for minutes, and far above what a slow machine needs.
AT_ONCE = 90.0  # seconds


class Said(NamedTuple):
    """What a sender hears: `fault` is None for a success, else the fault code, the TrackBack error or the status."""

    fault: int | None
    status: int = 200  # of HTTP
    page: str | None = None  # where a Webmention's sender can read how it stands

    @property
    def taken(self) -> bool:
        return self.fault is None


def ping(root: str, protocol: Protocol, source: str, target: str) -> Said:
    """One ping to the server at `root`, by the standard library's codecs; OSError or HTTPException where it is gone."""
    if protocol is Protocol.PINGBACK:
        return _pingback(root, source, target)
    if protocol is Protocol.TRACKBACK:
        path = target.partition("://")[2].partition("/")[2]
        answer = post(f"{root}/trackback/{path}", {"url": source})
        return Said(None if "<error>0</error>" in answer.body else 1, answer.status)
    answer = post(f"{root}/webmention", {"source": source, "target": target})
    taken = answer.status in (200, 201)
    return Said(None if taken else answer.status, answer.status, answer.headers.get("Location"))


def _pingback(root: str, source: str, target: str) -> Said:
    answer = post(f"{root}/xmlrpc", xmlrpc.client.dumps((source, target), "pingback.ping").encode(), "text/xml")
    try:
        xmlrpc.client.loads(answer.body)
    except xmlrpc.client.Fault as fault:
        return Said(fault.faultCode, answer.status)
    return Said(None, answer.status)


def shown_at(root: str, target: str) -> list[str]:
    """The sources of the mentions that anybody is shown of a page."""
    answer = ask(f"{root}/api/mentions.json?target={target}&per-page=100")
    assert answer.status == 200
    found = json.loads(answer.body)
    return [mention["source"] for mention in (found["mentions"] if isinstance(found, dict) else found)]


def listed(folder: Path, *command: str) -> list[Row]:
    """What a command prints with the database of `folder`, as `--json`. It runs in this process, to be quick."""
    arguments = [*command, "--json", "--db", f"sqlite:///{folder}/pingback.db", *ALLOW]
    done = CliRunner().invoke(main, arguments, prog_name="pingback")
    assert done.exit_code == 0, (done.stderr, done.exception)
    return [json.loads(line) for line in done.stdout.splitlines()]


def mentions(folder: Path) -> dict[str, Row]:
    """All that was received, by source."""
    return {row["source"]: row for row in listed(folder, "mentions")}


def outbox(folder: Path) -> dict[str, Row]:
    """All that was sent, or is to be, by target."""
    return {row["target"]: row for row in listed(folder, "outbox")}


def at_once(happened: Callable[[], bool], what: str = "it did not happen") -> None:
    """Returns when `happened` gives true; fails where that waits for a lease to end."""
    end = time.monotonic() + AT_ONCE
    while not happened():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def do_what_is_due_in_a_minute(folder: Path, site: str) -> None:
    """In this process, by a clock that is ahead: no test waits for what is put off."""
    later = timedelta(minutes=1)
    with pingback.Site(
        site,
        store=f"sqlite:///{folder}/pingback.db",
        clock=lambda: clock.now() + later,
        allow_networks=["127.0.0.0/8"],
        source_rate="off",
        approve="all",
        check_targets=False,
    ) as ahead:
        while ahead.run_due(PATIENCE):
            pass
