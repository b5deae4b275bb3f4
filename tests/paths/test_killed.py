"""Programs that are killed while they work, and others over the same database that go on at once.

A lease ends after minutes; where a process is gone that can be seen, nobody waits for that (`AT_ONCE`).
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pingback.model import Protocol
from tests.load.kill import PROTOCOLS, FarSides, Program, kill_in_turn
from tests.loopback import Answer, Request, Site, page
from tests.paths.exchange import post as send
from tests.paths.outside import at_once, mentions, outbox, ping, shown_at
from tests.paths.programs import PATIENCE, Serving
from tests.paths.test_strangers_programs import ENVIRON, message, programs, write
from tests.paths.test_strangers_programs import TARGET as STRANGERS_TARGET
from tests.paths.test_strangers_programs import linking as strangers_linking
from tests.sending.far_sides import YES, post
from tests.server.hosting import Hosted

MINE = "https://my.example/"
TARGET = f"{MINE}5"
LINKING = page(f'<title>Six</title><p>As said in <a href="{TARGET}">five</a>, it is so.'.encode())
KILLS = int(os.environ.get("PINGBACK_KILLS", "4"))
VERIFYING = ("--approve", "all", "--no-check-targets")


def test_nothing_is_lost_and_nothing_told_again(tmp_path: Path) -> None:
    kept = kill_in_turn(tmp_path, KILLS)
    assert (kept.lost, kept.untold, kept.again) == ([], [], {})
    assert kept.taken.keys() == kept.told.keys() == set(PROTOCOLS)
    assert "Traceback" not in kept.log


class Hanging:
    """Keeps whoever asks waiting until it is told to answer; says when it was asked."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, request: Request) -> Answer:
        self.asked.set()
        self.go_on.wait(PATIENCE)
        return self.answer

    def wait(self) -> None:
        assert self.asked.wait(PATIENCE)
        self.asked.clear()


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    hanging = Hanging(LINKING)
    yield hanging
    hanging.go_on.set()


@pytest.fixture
def source(hanging: Hanging) -> Iterator[Site]:
    with Site({"/6": hanging}) as source:
        yield source


def worker(folder: Path) -> Program:
    return Program(folder, "worker", "worker", "--site", MINE, *VERIFYING)


@pytest.mark.parametrize(("protocol", "heir"), [(Protocol.WEBMENTION, "worker"), (Protocol.PINGBACK, "serve")])
def test_what_a_server_looked_at_is_taken_up_at_once(
    tmp_path: Path, source: Site, hanging: Hanging, protocol: Protocol, heir: str
) -> None:
    with Serving(tmp_path, MINE, *VERIFYING, "--answer-within", "0.3") as killed, ExitStack() as ends:
        assert ping(killed.root, protocol, f"{source.url}/6", TARGET).taken
        hanging.wait()
        if heir == "worker":
            ends.callback(worker(tmp_path).kill)
        else:
            ends.enter_context(Serving(tmp_path, MINE, *VERIFYING))
        killed.kill()
        hanging.go_on.set()
        at_once(lambda: mentions(tmp_path)[f"{source.url}/6"]["status"] == "approved")


def test_what_a_worker_looked_at_is_taken_up_at_once(tmp_path: Path, source: Site, hanging: Hanging) -> None:
    with Serving(tmp_path, MINE, *VERIFYING) as begun:
        assert ping(begun.root, Protocol.WEBMENTION, f"{source.url}/6", TARGET).taken
        hanging.wait()
        begun.kill()
    with ExitStack() as ends:
        ends.callback((killed := worker(tmp_path)).kill)
        hanging.wait()  # so that the worker has it, who is killed in its turn
        heir = ends.enter_context(Serving(tmp_path, MINE, *VERIFYING))
        killed.kill()
        hanging.go_on.set()
        at_once(lambda: shown_at(heir.root, TARGET) == [f"{source.url}/6"])


@pytest.mark.parametrize("heir", ["serve", "worker", "retry"])
def test_what_publish_was_sending_is_sent_at_once(tmp_path: Path, heir: str) -> None:
    with ExitStack() as ends:
        far_sides = FarSides(ends)
        blog = ends.enter_context(Site())
        targets = [far_sides.new(number) for number in range(3)]
        hanging = Hanging(YES[Protocol.PINGBACK])
        ends.callback(hanging.go_on.set)
        silent = ends.enter_context(Site({"/7": page(b'<link rel="pingback" href="/rpc">'), "/rpc": hanging}))
        blog.pages["/post"] = post(f"{silent.url}/7", *targets)
        ends.callback((killed := Program(tmp_path, "publish", "publish", f"{blog.url}/post")).kill)
        hanging.wait()
        if heir == "serve":
            ends.enter_context(Serving(tmp_path, MINE))
        elif heir == "worker":
            ends.callback(worker(tmp_path).kill)
        at_once(lambda: sum(row["status"] == "accepted" for row in outbox(tmp_path).values()) == len(targets))
        killed.kill()
        hanging.go_on.set()
        if heir == "retry":
            ends.callback(Program(tmp_path, "retry", "retry").kill)
        at_once(lambda: {row["status"] for row in outbox(tmp_path).values()} == {"accepted"})
        assert max(far_sides.heard.values()) == 1


def test_what_a_forked_child_looked_at_is_its_siblings_at_once(tmp_path: Path) -> None:
    """`gunicorn --preload`: the children are forks of one process that lives on, whose name is not theirs."""
    hanging = Hanging(strangers_linking("Six"))
    program = next(each for each in programs() if each.name == "plain_blog")
    write(tmp_path)
    environ = ENVIRON | {"PINGBACK_ANSWER_WITHIN": "0.3"}
    with Site({"/6": hanging}) as source, Hosted(tmp_path, program.command, environ=environ) as blog:
        try:
            call = message(f"{source.url}/6")
            assert "<fault>" not in send(f"{blog.url}/pingback/xmlrpc", call, "text/xml").body
            hanging.wait()
            for child in children_of(blog.process):
                os.kill(child, signal.SIGKILL)
            hanging.go_on.set()
            target = STRANGERS_TARGET
            at_once(lambda: shown_at(f"{blog.url}/pingback", target) == [f"{source.url}/6"])
        finally:
            hanging.go_on.set()


def children_of(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


FORKED = """
import os, signal, sys
import pingback

web, db, direction = sys.argv[1:]
site = pingback.Site("https://my.example/", store=db, allow_networks=["127.0.0.1"], check_targets=False, approve="all")
site.receive(f"{web}/first", "https://my.example/5")  # so that the parent has threads, and a name
pid = os.fork()
if not pid and direction == "in":
    site.receive(f"{web}/6", "https://my.example/5", protocol=pingback.Protocol.WEBMENTION)
    signal.pause()
if not pid:
    site.publish(f"{web}/post")
print(pid, flush=True)
sys.stdin.readline()
site.close()
os.waitpid(pid, 0)
"""


@pytest.mark.parametrize("direction", ["in", "out"])
def test_what_a_child_has_in_hand_is_its_parents_at_once(
    tmp_path: Path, source: Site, hanging: Hanging, direction: str
) -> None:
    source.pages |= {"/first": LINKING, "/post": post(f"{source.url}/7")}
    source.pages |= {"/7": page(b'<link rel="webmention" href="/webmention">'), "/webmention": hanging}
    command = [sys.executable, "-c", FORKED, source.url, f"sqlite:///{tmp_path}/pingback.db", direction]
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        try:
            assert parent.stdin is not None
            assert parent.stdout is not None
            child = int(parent.stdout.readline())
            hanging.wait()
            os.kill(child, signal.SIGKILL)
            hanging.go_on.set()
            statuses = {"in": mentions, "out": outbox}[direction]
            ends = {"in": {"approved"}, "out": {"accepted"}}[direction]
            at_once(lambda: {row["status"] for row in statuses(tmp_path).values()} == ends)
            parent.communicate("\n", PATIENCE)
            assert parent.returncode == 0
        finally:
            hanging.go_on.set()
            parent.kill()
