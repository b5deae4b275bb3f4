"""`pingback demo` as people run it: what it prints, the page that can be seen, and that it leaves nothing."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pingback.net.client import Client
from pingback.store import Store
from tests.cli.conftest import Run

PATIENCE = 60.0

PICTURE = """
7 thoughts on “The Escapement, or Why It Ticks”

  Pingback: The Clock in the Attic | The Slow Clock
  Pingback: Opening the “Case” | The Slow Clock
  Pingback: What the Pendulum Doesn’t Say | The Slow Clock
  Pingback: Oil, Brass & Patience | The Slow Clock
  Pingback: A Spring from Besançon | The Slow Clock
  Pingback: “It Runs!” – for an Hour | The Slow Clock
  Pingback: Zwölf Schläge, 十二 | The Slow Clock

"""


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """The folder that the demo takes for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def demo(temporary: Path, *arguments: str) -> "subprocess.Popen[str]":
    """The demo, begun in the folder above `temporary`."""
    environ = {"PATH": "", "TMPDIR": str(temporary), "PYTHONIOENCODING": "utf-8"}
    return subprocess.Popen(
        [sys.executable, "-m", "pingback", "demo", *arguments],
        cwd=temporary.parent,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def once(temporary: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a run to the end."""
    with demo(temporary, "--once", *arguments) as process:
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err


def test_once_prints_the_picture_and_leaves_nothing(temporary: Path) -> None:
    code, out, err = once(temporary)
    assert (code, out, err) == (0, f"{PICTURE}To look at the page, run this without --once.\n", "")
    assert [path.name for path in temporary.parent.rglob("*")] == ["temporary"]


def test_json_is_a_mention_a_line(temporary: Path) -> None:
    code, out, err = once(temporary, "--json")
    assert code == 0
    mentions = [json.loads(line) for line in out.splitlines()]
    root = mentions[0]["target"].removesuffix("part-five/")
    assert err == "To look at the page, run this without --once.\n"
    parts = "one two three four six seven eight".split()
    assert [mention["source"] for mention in mentions] == [f"{root}part-{part}/" for part in parts]
    assert {(mention["target"], mention["status"], mention["fault"]) for mention in mentions} == {
        (f"{root}part-five/", "approved", None)
    }
    assert mentions[6]["title"] == "Zwölf Schläge, 十二 | The Slow Clock"
    assert (
        mentions[6]["excerpt"] == "It strikes twelve now, most nights. Everything since part five was only listening."
    )


def test_once_leaves_the_signals_as_they_were(run: Run) -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert run("demo", "--once").code == 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_db_says_where_to_keep_it(temporary: Path) -> None:
    code, _, err = once(temporary, "--db", "sqlite:///kept.db")
    assert (code, err) == (0, "")
    with Store(f"sqlite:///{temporary.parent}/kept.db") as store:
        assert len(list(store.mentions.list())) == 7


def test_a_port_that_is_taken(temporary: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = once(temporary, "--port", str(port))
    assert (code, out) == (2, "")
    assert f"cannot listen at host 127.0.0.1 port {port}: Address already in use" in err
    assert list(temporary.iterdir()) == []


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def number(request: pytest.FixtureRequest) -> signal.Signals:
    found: signal.Signals = request.param
    return found


@pytest.fixture
def running(temporary: Path) -> Iterator["subprocess.Popen[str]"]:
    # What a shell runs in the background ignores SIGINT, and so would the program that a test begins there.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with demo(temporary) as process:
        try:
            yield process
        finally:
            process.kill()
            signal.signal(signal.SIGINT, before)


def test_the_page_can_be_seen_until_a_signal_comes(
    running: "subprocess.Popen[str]", temporary: Path, number: signal.Signals
) -> None:
    assert running.stdout is not None
    assert running.stderr is not None
    out = ""
    while "The page: " not in out:
        out += (line := running.stdout.readline())
        assert line, "the demo ended before its time"
    assert running.stderr.readline() == "Ctrl-C ends it.\n"

    url = out.rpartition("The page: ")[2].strip()
    with Client(allow=["127.0.0.1"]) as client:
        html = client.get(url).read().decode()
    assert "7 thoughts on “The Escapement, or Why It Ticks”</h2>" in html
    shown = re.findall(r"<p>(Pingback: )<a [^>]+><bdi>(.*?)</bdi></a></p>", html)
    assert ["".join(line).replace("&amp;", "&") for line in shown] == re.findall(
        r"^  (Pingback: .*)$", PICTURE, re.MULTILINE
    )

    running.send_signal(number)
    assert running.communicate(timeout=PATIENCE) == ("", "")
    assert running.returncode == 0
    assert [path.name for path in temporary.parent.rglob("*")] == ["temporary"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(url.split(":")[2].split("/")[0]))).close()
