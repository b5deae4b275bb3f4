"""`pingback.store` in a process that forks: what is known of an open file or connection is for one process alone."""

import subprocess
import sys

from tests.paths.programs import PATIENCE

BEGIN = """
import os, sys
from datetime import UTC, datetime
from pingback import Mention, MentionStatus, Protocol, Store

def keep(number):
    store.mentions.keep(Mention(source=f"https://a.example/{number}", target="https://my.example/5",
        protocol=Protocol.PINGBACK, status=MentionStatus.APPROVED, received=datetime(2026, 1, 2, tzinfo=UTC)))

def count():
    return len([*store.mentions.list()])

def open_files():
    return [name for name in os.listdir("/proc/self/fd") if ".db" in os.path.realpath(f"/proc/self/fd/{name}")]

store = Store(sys.argv[1])
keep(1)
"""

CLOSED_BY_THE_PARENT = """
here, there = os.pipe()
back, forth = os.pipe()
pid = os.fork()
os.close(forth) if not pid else os.close(there)  # so that whoever waits for one that ended waits no more
if not pid:
    assert not open_files()
    keep(2)
    os.write(there, b".")
    os.read(back, 1)
    keep(3)
    os.kill(os.getpid(), 9)
os.read(here, 1)
store.close()  # as the last one to have the file open, it would put the log away
os.write(forth, b".")
os.waitpid(pid, 0)
store = Store(sys.argv[1])
print(count())
"""

IN_MEMORY = """
pid = os.fork()
if not pid:
    keep(2)
    print("child", count(), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
print("parent", count())
"""

WHILE_OTHERS_NEVER_REST = """
import threading
ended = threading.Event()

def write(first):
    for number in range(first, 10**9, 4):
        keep(number)
        if ended.is_set():
            return

def read():
    while not ended.is_set():
        store.mentions.find("https://a.example/1", "https://my.example/5")

others = [threading.Thread(target=write, args=(10 + number,)) for number in range(4)]
others += [threading.Thread(target=read) for number in range(4)]
for other in others:
    other.start()
for number in range(10):
    pid = os.fork()
    if not pid:
        assert not open_files()
        keep(f"child-{number}")
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
ended.set()
for other in others:
    other.join()
print(len([mention for mention in store.mentions.list() if "child" in mention.source]))
"""


def run(program: str, url: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + program, url], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.stderr == ""
    return done.stdout


def test_a_parent_that_closes_takes_no_log_from_its_child(shared_url: str) -> None:
    assert run(CLOSED_BY_THE_PARENT, shared_url) == "3\n"


def test_a_database_in_memory_is_copied() -> None:
    assert run(IN_MEMORY, "sqlite://") == "child 2\nparent 1\n"


def test_a_fork_while_other_threads_never_rest(shared_url: str) -> None:
    assert run(WHILE_OTHERS_NEVER_REST, shared_url) == "10\n"
