"""Commands whose standard output is a closed pipe or a full disk, as processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pingback.model import OutcomeStatus
from pingback.store import Store
from tests.cli.conftest import ALLOW
from tests.loopback import Site, page

FULL = Path("/dev/full")
TARGETS = [f"/{number}" for number in range(12)]


@pytest.fixture
def post(site: Site) -> str:
    links = "".join(f'<p><a href="{site.url}{path}">{path}</a></p>' for path in TARGETS)
    site.pages |= {path: page(b'<link rel="webmention" href="/wm">') for path in TARGETS}
    site.pages |= {"/wm": page(status=202), "/six": page(f"<article>{links}</article>".encode())}
    return f"{site.url}/six"


def run_into(output: int, folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit code, and what was said on standard error."""
    command = [sys.executable, "-m", "pingback", *arguments]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PINGBACK_")}
    done = subprocess.run(
        command, stdout=output, stderr=subprocess.PIPE, cwd=folder, env=environ, text=True, check=False
    )
    return done.returncode, done.stderr


def run_into_closed_pipe(folder: Path, *arguments: str) -> tuple[int, str]:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return run_into(writer, folder, *arguments)
    finally:
        os.close(writer)


def run_into_full_disk(folder: Path, *arguments: str) -> tuple[int, str]:
    with FULL.open("wb", buffering=0) as full:
        return run_into(full.fileno(), folder, *arguments)


def test_nobody_listens_at_all(site: Site, post: str, tmp_path: Path) -> None:
    """As of a program that a service started without any outputs."""
    command = [sys.executable, "-m", "pingback", "publish", post, *ALLOW]
    closed = ["sh", "-c", '"$@" >&- 2>&-', "sh", *command]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PINGBACK_")}
    assert subprocess.run(closed, cwd=tmp_path, env=environ, check=False).returncode == 0
    assert heard_and_recorded(site, tmp_path) == (len(TARGETS), len(TARGETS))


def heard_and_recorded(site: Site, folder: Path) -> tuple[int, int]:
    heard = sum(request.path == "/wm" for request in site.requests)
    with Store(f"sqlite:///{folder}/pingback.db") as store:
        return heard, len(list(store.outbox.pings(status=OutcomeStatus.ACCEPTED)))


def test_what_went_out_before_the_pipe_closed_is_recorded(site: Site, post: str, tmp_path: Path) -> None:
    assert run_into_closed_pipe(tmp_path, "publish", post, "--json", *ALLOW) == (1, "")
    heard, recorded = heard_and_recorded(site, tmp_path)
    assert heard == recorded > 0


def test_retry_into_a_closed_pipe(site: Site, post: str, tmp_path: Path) -> None:
    run_into_closed_pipe(tmp_path, "publish", post, "--json", *ALLOW)
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:  # what the first run left is due
        left = [ping.target for ping in store.outbox.pings(status=OutcomeStatus.WAITING)]
    if left:
        assert run_into_closed_pipe(tmp_path, "retry", "--json", *ALLOW) == (1, "")
    heard, recorded = heard_and_recorded(site, tmp_path)
    assert heard == recorded


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("arguments", [("publish", "--json"), ("discover",), ("links",)], ids=lambda given: given[0])
def test_a_full_disk_is_one_line(site: Site, post: str, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    of = f"{site.url}/0" if arguments[0] == "discover" else post
    said = "pingback: standard output cannot be written: No space left on device\n"
    assert run_into_full_disk(tmp_path, arguments[0], of, *arguments[1:], *ALLOW) == (1, said)
    heard, recorded = heard_and_recorded(site, tmp_path)
    assert heard == recorded
