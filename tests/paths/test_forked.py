"""A site that is made, or even used, before its process forks, as by `gunicorn --preload`: parent and children work."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback import Request, Site, page
from tests.paths.programs import PATIENCE

ROOT = Path(__file__).parents[2]
TARGET = "https://my.example/5"


NAMES = ["before", "child-0", "child-1", "child-2", "parent"]


def linking(path: str) -> bytes:
    return page(f'<title>{path}</title><p>As said in <a href="{TARGET}">five</a>, it is so.'.encode())


@pytest.fixture
def web() -> Iterator[Site]:
    """Every page of it links to the target."""
    paths = [f"/{name}{more}" for name in (*NAMES, "one", "two") for more in ("", "-later")]
    with Site({path: linking(path) for path in paths}) as web:
        yield web


PROGRAM = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
import pingback
from pingback import Protocol
from tests.paths.programs import wait_until

TARGET = "https://my.example/5"
web, db, before, forked = sys.argv[1:]
site = pingback.Site(
    "https://my.example/", store=db, allow_networks=["127.0.0.0/8"], check_targets=False, approve="all",
    answer_within=60.0, rate="off", source_rate="off",
)
heard = os.open("heard", os.O_CREAT | os.O_RDWR | os.O_APPEND)  # in whichever process
site.on_mention(lambda mention: os.write(heard, (mention.source + " ").encode()))

def told():
    return os.pread(heard, 2**20, 0).decode().split()

def use(name):
    at_once, later = f"{{web}}/{{name}}", f"{{web}}/{{name}}-later"
    assert site.receive(at_once, TARGET, client_ip="192.0.2.7").title == f"/{{name}}"
    site.receive(later, TARGET, protocol=Protocol.WEBMENTION)
    wait_until(lambda: {{at_once, later}} <= {{mention.source for mention in site.mentions(TARGET)}})
    wait_until(lambda: {{at_once, later}} <= set(told()))
    assert name in site.fragment(TARGET)

def as_child(work):
    try:
        work()
        site.close()  # one that ends while it tells leaves that to be told again
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)

if before == "shown":
    assert len(site.mentions(TARGET)) == 0
if before == "used":
    use("before")
if before == "started":
    site.start()
children = []
for number in range(3):
    if forked == "python":
        pid = os.fork()
    else:  # as a program around Python does it, without telling Python
        import ctypes
        pid = ctypes.PyDLL(None).fork()
    if not pid:
        as_child(lambda: use(f"child-{{number}}"))
    children.append(pid)
use("parent")
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
assert codes == [0, 0, 0], codes
with pingback.Store(db) as store:
    kept = sorted(mention.source.rpartition("/")[2] for mention in store.mentions.list())
site.close()
assert len(told()) == len(set(told())) == len(kept)
print(*kept)
"""


@pytest.mark.parametrize(
    ("before", "forked"),
    [
        ("made", "python"),
        ("shown", "python"),
        ("started", "python"),
        ("used", "python"),
        ("made", "unseen"),
        ("shown", "unseen"),
    ],
)
def test_parent_and_children_take_pings_and_show_them(tmp_path: Path, web: Site, before: str, forked: str) -> None:
    command = [sys.executable, "-c", PROGRAM, web.url, f"sqlite:///{tmp_path}/x.db", before, forked]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    names = NAMES[before != "used" :]
    assert (done.stdout.split(), done.stderr) == ([each for name in names for each in (name, f"{name}-later")], "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["heard", "x.db"]


MULTIPROCESSING = """
import multiprocessing, sys
import pingback

site = pingback.Site("https://my.example/", store=sys.argv[2], allow_networks=["127.0.0.0/8"], check_targets=False,
    approve="all", answer_within=60.0)

def take(name):
    return site.receive(f"{sys.argv[1]}/{name}", "https://my.example/5").title

if __name__ == "__main__":
    print(take("parent"))
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(*pool.map(take, ["one", "two"]))
    print(len(site.mentions("https://my.example/5")))
"""


def test_a_pool_of_processes(tmp_path: Path, web: Site) -> None:
    command = [sys.executable, "-c", MULTIPROCESSING, web.url, f"sqlite:///{tmp_path}/x.db"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.stdout, done.stderr) == ("/parent\n/one /two\n3\n", "")


IN_THE_MIDDLE = """
import os, sys, threading
import pingback

site = pingback.Site("https://my.example/", store=sys.argv[2], allow_networks=["127.0.0.0/8"], check_targets=False,
    approve="all", answer_within=60.0)
first = threading.Thread(target=lambda: print(site.receive(f"{sys.argv[1]}/slow", "https://my.example/5").title))
first.start()
sys.stdin.readline()  # the source has been asked
pid = os.fork()
if not pid:
    print(site.receive(f"{sys.argv[1]}/one", "https://my.example/5").title, flush=True)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
print("forked", flush=True)
first.join()
site.close()
"""


def test_a_fork_while_another_thread_takes_a_ping(tmp_path: Path, web: Site) -> None:
    asked, answered = threading.Event(), threading.Event()

    def slow(request: Request) -> bytes:
        asked.set()
        assert answered.wait(PATIENCE)
        return linking("/slow")

    web.pages["/slow"] = slow
    command = [sys.executable, "-c", IN_THE_MIDDLE, web.url, f"sqlite:///{tmp_path}/x.db"]
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        try:
            assert program.stdin is not None
            assert program.stdout is not None
            assert asked.wait(PATIENCE)
            program.stdin.write("\n")
            program.stdin.flush()
            assert [program.stdout.readline() for _ in range(2)] == ["/one\n", "forked\n"]
            answered.set()
            assert (program.stdout.readline(), program.wait(PATIENCE)) == ("/slow\n", 0)
        finally:
            answered.set()
            program.kill()
