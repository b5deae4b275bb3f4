"""Brings Redis and RabbitMQ where they are missing: `python -m tests.brokers.install`.

Debian's packages with their services are only unpacked, into the tests' cache, so that nothing is started or configured
by them. What these need is installed with apt-get.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import debian
from tests.debian import InstallError, cache, program

COMMAND = "python -m tests.brokers.install"

_ERLANG = "base crypto eldap inets mnesia os-mon parsetools public-key runtime-tools ssl syntax-tools tools xmerl"


def redis_server() -> str:
    """The program, whose file in `redis-tools` has another name."""
    return str(_unpacked("redis-server") / "usr/bin/redis-server")


def rabbitmq_server() -> str:
    return str(_unpacked("rabbitmq-server") / "usr/lib/rabbitmq/bin/rabbitmq-server")


def install() -> list[str]:
    """Bring what is missing; gives the names of the packages."""
    needed = []
    if program("redis-check-rdb") is None:
        needed.append("redis-tools")
    if program("erl") is None:
        needed += [f"erlang-{name}" for name in _ERLANG.split()]
    if needed:
        debian.install(*needed)
    for package in ("redis-server", "rabbitmq-server"):
        if not _unpacked(package).is_dir():
            _unpack(package)
            needed.append(package)
    return needed


def _unpacked(package: str) -> Path:
    return cache() / package


def _unpack(package: str) -> None:
    """In place only when whole, so that a broken run leaves nothing."""
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache()) as made:
        work = Path(made)
        whole = work / "whole"
        subprocess.run(["dpkg-deb", "--extract", debian.download(package, work), whole], check=True)
        link = whole / "usr/bin/redis-server"
        if link.is_symlink():  # to its file in another package
            link.unlink()
            link.symlink_to(program("redis-check-rdb") or "/usr/bin/redis-check-rdb")
        shutil.move(whole, _unpacked(package))


if __name__ == "__main__":
    try:
        brought = install()
    except InstallError as error:
        sys.exit(f"{COMMAND}: {error}")
    print("brought:", ", ".join(brought) or "nothing, all is there", file=sys.stderr)  # noqa: T201
