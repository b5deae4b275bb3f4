"""What the page on many machines shows is run: its front ends and a worker, with a PostgreSQL and a Redis."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from pingback.cli.group import main
from pingback.model import MentionStatus
from pingback.store import Store
from tests.brokers.program import redis
from tests.loopback import Site, page
from tests.paths.exchange import post
from tests.paths.programs import ALLOW, Serving, wait_until

PAGE = (Path(__file__).parents[2] / "docs/many.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


SERVICES: dict[str, Any] = yaml.safe_load(blocks("yaml")[0])["services"]
COMMANDS = [service["command"] for service in SERVICES.values() if service.get("build")]
UNITS = [shlex.split(line) for line in re.findall("^ExecStart=(.+)$", "".join(blocks("ini")), re.MULTILINE)]


@pytest.mark.parametrize("command", [*COMMANDS, *(unit[1:] for unit in UNITS)], ids=" ".join)
def test_what_is_started_is_there(command: list[str]) -> None:
    name, *arguments = [argument.replace("%i", "8001") for argument in command]
    found = main.get_command(click.Context(main), name)
    assert found is not None
    found.make_context(name, arguments)


def test_the_web_server_speaks_to_all_front_ends() -> None:
    fronts = {f"{name}:8000" for name, service in SERVICES.items() if service.get("command", [""])[0] == "serve"}
    assert {*re.findall(r"^    server (\S+);$", blocks("nginx")[0], re.MULTILINE)} == fronts
    assert {f"{name}:8000" for name in SERVICES["proxy"]["depends_on"]} == fronts


@pytest.fixture
def environment(postgresql_url: str) -> Iterator[dict[str, str]]:
    """What the page shows, with the addresses of the tests' own servers."""
    shown = dict(line.split("=", 1) for line in blocks("sh")[0].splitlines())
    with redis() as broker:
        hosts = {
            "PINGBACK_DB": postgresql_url,
            "PINGBACK_BROKER": broker.url,
            "PINGBACK_LIMITS": broker.url.replace("/0", "/1"),
        }
        assert hosts.keys() < shown.keys()
        yield {name: hosts.get(name, value) for name, value in shown.items() if name != "PINGBACK_SITE"}


def test_two_front_ends_and_a_worker(environment: dict[str, str], tmp_path: Path) -> None:
    serve, worker = (next(command for command in COMMANDS if command[0] == name) for name in ("serve", "worker"))
    assert serve[:3] == ["serve", "--host", "0.0.0.0"]
    with Site() as site:
        site.pages["/five"] = page(b"<title>Five</title>")
        for number in range(4):
            site.pages[f"/{number}"] = page(f'<title>{number}</title><a href="{site.url}/five">5</a>'.encode())
        front = (tmp_path, site.url, "--verify", "queued", "--approve", "all", "--port", "0")
        with (
            Serving(*front, environ=environment, usual=()) as one,
            Serving(*front, environ=environment, usual=()) as other,
            subprocess.Popen(
                [sys.executable, "-m", "pingback", *worker, "--site", site.url, "--approve", "all", *ALLOW],
                cwd=tmp_path,
                env={"PATH": "", **environment},
            ) as work,
            Store(environment["PINGBACK_DB"]) as store,
        ):
            try:
                for number, serving in enumerate((one, other, one, other)):
                    form = {"source": f"{site.url}/{number}", "target": f"{site.url}/five"}
                    assert post(f"{serving.root}/webmention", form).status == 201
                wait_until(lambda: [each.status for each in store.mentions.list()] == [MentionStatus.APPROVED] * 4)
            finally:
                work.kill()
