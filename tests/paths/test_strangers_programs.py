"""README's programs, exactly as they stand there, in the servers that it names: what a stranger has who copies them.

Their settings are README's too, and beside them what a test on loopback needs: sources there may be asked, and what
they say is shown at once.
"""

import os
import re
import socket
import subprocess
import sys
import threading
import time
import xmlrpc.client
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from pingback.receive.receiver import MAX_WAITING
from tests.loopback import Request, Site, page
from tests.paths.exchange import ask, post
from tests.paths.programs import PATIENCE, wait_until
from tests.server.hosting import Hosted, read_all

README = Path(__file__).parents[2].joinpath("README.md").read_text()
SECTION = README.partition("\n## In your own program\n")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
NAMES = re.findall(r"`(\w+_blog)\.py`", SECTION)
TARGET = "https://blog.example/part-five"
WORKERS = 2

ENVIRON = {
    "PINGBACK_ALLOW_NETWORKS": "127.0.0.0/8",
    "PINGBACK_APPROVE": "all",
    "PINGBACK_ANSWER_WITHIN": "300",  # however slow the machine is, what is verified is verified before the answer
}


class Program(NamedTuple):
    name: str
    text: str
    command: str


def programs() -> list[Program]:
    texts = [text for kind, text in BLOCKS if kind == "python"]
    commands = [text.strip() for kind, text in BLOCKS if kind == "sh"]
    return [Program(*each) for each in zip(NAMES, texts, commands, strict=True)]


def write(folder: Path) -> None:
    for program in programs():
        folder.joinpath(f"{program.name}.py").write_text(program.text)
    [settings] = [text for kind, text in BLOCKS if kind == "toml"]
    folder.joinpath("pingback.toml").write_text(settings)


def test_there_are_three_of_thirty_lines_at_most() -> None:
    assert [(program.name, program.command.split()[0]) for program in programs()] == [
        ("flask_blog", "gunicorn"),
        ("fastapi_blog", "uvicorn"),
        ("plain_blog", "gunicorn"),
    ]
    assert all(len(program.text.splitlines()) <= 30 for program in programs())


def test_they_are_typed_strictly(tmp_path: Path) -> None:
    write(tmp_path)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--cache-dir", str(tmp_path / "cache")]
    files = [f"{program.name}.py" for program in programs()]
    done = subprocess.run([*command, *files], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.stdout, done.returncode) == ("Success: no issues found in 3 source files\n", 0)


@pytest.fixture(params=programs(), ids=[program.name for program in programs()])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Program:
    write(tmp_path)
    assert isinstance(request.param, Program)
    return request.param


@pytest.fixture
def blog(program: Program, tmp_path: Path) -> Iterator[Hosted]:
    with Hosted(tmp_path, program.command, environ=ENVIRON) as hosted:
        yield hosted


def message(source: str) -> bytes:
    return xmlrpc.client.dumps((source, TARGET), "pingback.ping").encode()


def ping(blog: Hosted, source: str) -> int | None:
    """The fault that its sender hears, None for success."""
    answer = post(f"{blog.url}/pingback/xmlrpc", message(source), "text/xml")
    try:
        xmlrpc.client.loads(answer.body)
    except xmlrpc.client.Fault as fault:
        return fault.faultCode
    return None


def linking(title: str) -> bytes:
    return page(f'<title>{title}</title><p>As said in <a href="{TARGET}">five</a>, it is so.</p>'.encode())


def shows(blog: Hosted, words: str) -> bool:
    return words in ask(f"{blog.url}/part-five").body


def threads_of(process: int) -> int:
    return len(os.listdir(f"/proc/{process}/task"))


def test_a_ping_is_taken_and_shown(blog: Hosted) -> None:
    five = ask(f"{blog.url}/part-five")
    headers = {name.lower(): value for name, value in five.headers.items()}
    assert headers["x-pingback"] == "https://blog.example/pingback/xmlrpc"
    with Site({"/six": linking("Six"), "/seven": linking("Seven"), "/none": page(b"no link")}) as source:
        assert [ping(blog, f"{source.url}/{name}") for name in ("six", "none")] == [None, 17]
        form = f"source={source.url}/seven&target={TARGET}".encode()
        assert post(f"{blog.url}/pingback/webmention", form).status == 201
        wait_until(lambda: shows(blog, "Six") and shows(blog, "Seven"))
    assert ask(f"{blog.url}/part-six").status == 404
    if sys.platform == "linux":
        assert threads_of(blog.process) == 1
    assert "Traceback" not in blog.log
    assert "no lifespan ran" not in blog.log


def test_a_flood_of_one_sender_does_no_harm_to_the_victim_that_it_names(blog: Hosted) -> None:
    began = time.monotonic()
    with Site({f"/{number}": linking(f"Post {number}") for number in range(150)}, host="127.0.0.2") as victim:
        heard = [ping(blog, f"{victim.url}/{number}") for number in range(150)]
        assert ask(f"{blog.url}/part-five").status == 200
        assert ask(f"{blog.url}/pingback/healthz").body == "ok\n"
        minutes = int((time.monotonic() - began) / 60) + 1
        assert len(victim.requests) <= 10 * minutes * WORKERS  # each worker counts by itself
    assert set(heard) <= {None, 49, 50}  # taken, too many of this sender, too many that wait
    assert heard.count(None) <= 60 * minutes * WORKERS
    assert "Traceback" not in blog.log


def test_what_was_taken_is_shown_after_the_server_was_killed(program: Program, tmp_path: Path) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def hanging(request: Request) -> bytes:
        asked.set()
        assert go_on.wait(PATIENCE)
        return linking("Seven")

    with (
        Site({"/six": linking("Six"), "/seven": hanging}) as source,
        Hosted(tmp_path, program.command, environ=ENVIRON | {"PINGBACK_ANSWER_WITHIN": "0.1"}) as blog,
        ExitStack() as ends,
    ):
        ends.callback(go_on.set)
        assert ping(blog, f"{source.url}/six") is None
        wait_until(lambda: shows(blog, "Six"))
        assert ping(blog, f"{source.url}/seven") is None
        assert asked.wait(PATIENCE)
        blog.kill()
        go_on.set()
        blog.again()
        assert ask(f"{blog.url}/pingback/healthz").body == "ok\n"
        assert shows(blog, "Six")
        wait_until(lambda: shows(blog, "Seven"))


def test_sources_that_hang_stop_nobody_else(program: Program, tmp_path: Path) -> None:
    """300 pings by 100 senders with a source each: as many wait as may, and no page and no probe waits for them."""
    go_on, hanging = threading.Event(), threading.Semaphore(0)

    def hang(request: Request) -> bytes:
        hanging.release()
        assert go_on.wait(PATIENCE)
        return linking("Late")

    def told(number: int) -> bytes:
        source = f"http://127.1.{number // 100}.{number % 100 + 1}:{sources.port}/late"
        address = (f"127.2.0.{number % 100 + 1}", 0)
        with socket.create_connection(("127.0.0.1", blog.port), PATIENCE, source_address=address) as sender:
            call = message(source)
            sender.sendall(b"POST /pingback/xmlrpc HTTP/1.1\r\nHost: blog.example\r\nConnection: close\r\n")
            sender.sendall(b"Content-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(call) + call)
            return read_all(sender)

    with (
        Site({"/late": hang}, host="0.0.0.0") as sources,  # every address in 127.0.0.0/8
        Hosted(tmp_path, program.command, environ=ENVIRON) as blog,
        ThreadPoolExecutor(300) as senders,
        ExitStack() as ends,
    ):
        ends.callback(go_on.set)
        answers = senders.map(told, range(300))
        for _ in range(MAX_WAITING):
            assert hanging.acquire(timeout=PATIENCE)
        for _ in range(10):
            assert ask(f"{blog.url}/pingback/healthz").body == "ok\n"
            assert ask(f"{blog.url}/part-five").status == 200
        go_on.set()
        assert all(b"methodResponse" in answer for answer in answers)
        assert "Traceback" not in blog.log
