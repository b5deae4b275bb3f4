"""A post that a save hook named goes out by whichever program comes next, and a kill in the middle loses nothing."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pingback.model import OutcomeStatus
from pingback.net.client import Client
from pingback.publishing import Publishing
from pingback.store import Store
from tests.loopback import Request, Site
from tests.paths.programs import ALLOW, PATIENCE, pingback, wait_until
from tests.sending.far_sides import FarSide, post

_NAMING = """
import sys
from pingback import Client, Store
from pingback.publishing import Publishing
Publishing(client=Client(), store=Store(sys.argv[1])).publish(sys.argv[2], wait=False)
print("named", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def far_side() -> Iterator[FarSide]:
    with FarSide("/1", host="127.0.0.1") as far_side:
        yield far_side


@pytest.fixture
def blog(far_side: FarSide) -> Iterator[Site]:
    with Site({"/6": post(f"{far_side.url}/1"), "/7": post()}) as blog:
        yield blog


@pytest.fixture
def named(tmp_path: Path, blog: Site) -> Path:
    """The folder with the database in which a program, killed after that, named the blog's post `/6`."""
    url = f"sqlite:///{tmp_path}/pingback.db"
    program = subprocess.Popen(
        [sys.executable, "-c", _NAMING, url, f"{blog.url}/6"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdout is not None
        assert program.stdout.readline() == "named\n"
        program.kill()
    assert blog.requests == []
    return tmp_path


@pytest.mark.parametrize("command", [("retry",), ("publish", "{blog}/7")], ids=["retry", "publish-of-another"])
def test_by_a_command(named: Path, blog: Site, far_side: FarSide, command: tuple[str, ...]) -> None:
    arguments = [word.format(blog=blog.url) for word in command]
    done, again = pingback(named, *arguments), pingback(named, *arguments)
    assert (done.code, done.err, [each["status"] for each in done.printed]) == (0, "", ["accepted"])
    assert again.printed == []
    assert far_side.heard == [(f"{blog.url}/6", f"{far_side.url}/1")]


def test_by_a_worker(named: Path, far_side: FarSide) -> None:
    with Store(f"sqlite:///{named}/pingback.db") as store, working(named) as worker:
        try:
            wait_until(lambda: [ping.status for ping in store.outbox.pings()] == [OutcomeStatus.ACCEPTED])
        finally:
            worker.kill()
    assert len(far_side.heard) == 1


def working(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pingback", "worker", *ALLOW], cwd=folder, env={"PATH": ""}, text=True
    )


@pytest.mark.parametrize("stage", ["source", "delivery"])
def test_killed_in_the_middle(named: Path, blog: Site, far_side: FarSide, stage: str) -> None:
    """While the post is read, and while its ping is out: the next one need not wait for a lease to run out."""
    reached, go_on = threading.Event(), threading.Event()
    there = blog.pages["/6"]
    assert isinstance(there, bytes)

    def held(answer: bytes) -> bytes:
        if not reached.is_set():
            reached.set()
            assert go_on.wait(PATIENCE)
        return answer

    def read(request: Request) -> bytes:
        return held(there) if stage == "source" else there

    def hear(request: Request) -> bytes:
        return held(yes) if stage == "delivery" else yes

    assert isinstance(far_side.answer, bytes)
    yes = far_side.answer
    blog.pages["/6"], far_side.answer = read, hear
    with working(named) as worker:
        try:
            assert reached.wait(PATIENCE)
        finally:
            worker.kill()
    go_on.set()
    assert worker.returncode == -signal.SIGKILL
    done = pingback(named, "retry")
    assert (done.code, [each["status"] for each in done.printed]) == (0, ["accepted"])
    with Store(f"sqlite:///{named}/pingback.db") as store, Client() as client:
        assert Publishing(client=client, store=store).send_due() == {}
