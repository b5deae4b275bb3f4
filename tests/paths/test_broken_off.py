"""Ctrl-C while far sides never answer: the command ends, and whatever was not recorded is due again.

The far sides stay silent until a test is over, and a command's own time-out is an hour: one that waited for them would
not end in time.
"""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pingback.clock import now
from pingback.model import Mention, MentionStatus, OutcomeStatus, Protocol
from pingback.store import Store
from tests.loopback import Answer, Page, Request, Site
from tests.paths.programs import ALLOW, PATIENCE, pingback, wait_until
from tests.sending.far_sides import FarSide, post
from tests.store.sent import plan

HOUR = ("--timeout", "3600")
ABORTED = (1, "\nAborted!\n")
# Whoever starts the tests in the background has them ignore SIGINT, and their children too.
_AS_FROM_A_TERMINAL = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from pingback.cli.group import main
main()
"""


class Silent:
    """Gives no answer while it is `silent`, and says when it was `asked` first."""

    def __init__(self, site: Site, answer: Page) -> None:
        self.site = site
        self.answer = answer
        self.silent = True
        self.asked = threading.Event()

    def __call__(self, request: Request) -> Answer:
        self.asked.set()
        if self.silent:
            return self.site.silence()
        return self.answer(request) if callable(self.answer) else self.answer


class Interrupted:
    """A command with the database of a folder, to be interrupted as by Ctrl-C."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _AS_FROM_A_TERMINAL, *arguments, *ALLOW, *HOUR],
            cwd=folder,
            env={"PATH": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def when(self, reached: threading.Event) -> tuple[int, str]:
        """The exit code, and what it wrote to standard error, when it was interrupted then."""
        with self._process:
            try:
                assert reached.wait(PATIENCE)
                self._process.send_signal(signal.SIGINT)
                _, err = self._process.communicate(timeout=PATIENCE)
            finally:
                self._process.kill()
        return self._process.returncode, err


@pytest.fixture
def far_side() -> Iterator[FarSide]:
    """Its page `/1` takes Webmentions."""
    with FarSide("/1", host="127.0.0.1") as far_side:
        yield far_side


@pytest.fixture
def well() -> Iterator[FarSide]:
    """So does its page `/1`, at once."""
    with FarSide("/1", host="127.0.0.1") as well:
        yield well


@pytest.fixture
def blog(far_side: FarSide, well: FarSide) -> Iterator[Site]:
    """Its post `/6` links to both."""
    with Site({"/6": post(f"{far_side.url}/1", f"{well.url}/1")}) as blog:
        yield blog


def hush(far_side: FarSide, path: str) -> Silent:
    """Let the page at `path` never answer."""
    silent = Silent(far_side, far_side.pages[path])
    far_side.pages[path] = silent
    return silent


def test_publish_while_the_post_is_read(tmp_path: Path, blog: Site) -> None:
    silent = Silent(blog, blog.pages["/6"])
    blog.pages["/6"] = silent
    assert Interrupted(tmp_path, "publish", f"{blog.url}/6").when(silent.asked) == ABORTED
    silent.silent = False
    done = pingback(tmp_path, "publish", f"{blog.url}/6")
    assert [outcome["status"] for outcome in done.printed] == ["accepted", "accepted"]


@pytest.mark.parametrize("path", ["/1", "/endpoint"], ids=["discovery", "delivery"])
def test_publish_while_a_far_side_is_silent(
    tmp_path: Path, blog: Site, far_side: FarSide, well: FarSide, path: str
) -> None:
    silent = hush(far_side, path)
    command = Interrupted(tmp_path, "publish", f"{blog.url}/6")
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        wait_until(lambda: [ping.status for ping in store.outbox.pings(status=OutcomeStatus.ACCEPTED)] != [])
        assert command.when(silent.asked) == ABORTED
        assert {ping.target: ping.told for ping in store.outbox.pings()} == {
            f"{far_side.url}/1": False,
            f"{well.url}/1": True,
        }
    silent.silent = False
    done = pingback(tmp_path, "retry")
    assert [(outcome["target"], outcome["status"]) for outcome in done.printed] == [(f"{far_side.url}/1", "accepted")]
    assert len(well.heard) == 1


def test_retry(tmp_path: Path, blog: Site, far_side: FarSide) -> None:
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        plan(store, f"{far_side.url}/1", source=f"{blog.url}/6", now=now())
    silent = hush(far_side, "/endpoint")
    assert Interrupted(tmp_path, "retry").when(silent.asked) == ABORTED
    silent.silent = False
    assert [outcome["status"] for outcome in pingback(tmp_path, "retry").printed] == ["accepted"]


@pytest.mark.parametrize("role", ["sending", "verifying"])
def test_worker(tmp_path: Path, blog: Site, far_side: FarSide, role: str) -> None:
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        if role == "sending":
            plan(store, f"{far_side.url}/1", source=f"{blog.url}/6", now=now())
            silent = hush(far_side, "/endpoint")
        else:
            silent = Silent(blog, blog.pages["/6"])
            blog.pages["/6"] = silent
            store.mentions.keep(
                Mention(
                    source=f"{blog.url}/6",
                    target=f"{far_side.url}/1",
                    protocol=Protocol.PINGBACK,
                    status=MentionStatus.PENDING,
                    received=now() - timedelta(hours=1),
                )
            )
    code, err = Interrupted(tmp_path, "worker", "--site", far_side.url).when(silent.asked)
    assert code == 0
    assert err.splitlines()[-1].endswith("INFO stopped")
    assert "Traceback" not in err
    silent.silent = False
    if role == "sending":
        assert [outcome["status"] for outcome in pingback(tmp_path, "retry").printed] == ["accepted"]
