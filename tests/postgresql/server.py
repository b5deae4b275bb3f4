"""A PostgreSQL in a folder of its own, which ends with the tests and leaves nothing.

with running() as server:
    url = server.new_database()

It never runs as root: where root runs the tests, as the user of Debian's package, or as nobody.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg
from sqlalchemy import make_url

from pingback.store import Store
from tests.debian import ending_with_us
from tests.loopback import free_port
from tests.postgresql import install

USER, PASSWORD = "pingback", "s3cret"
STARTS_WITHIN = 120.0  # seconds; it takes a fifth of one
_TEMPLATE = "with_tables"

# Whoever is killed here is a process, never the machine: what was written is kept, and nothing waits for the disk.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "dynamic_shared_memory_type": "mmap",  # in the folder
}


class Server:
    """One that can be killed, and started again with all that it kept, at the same address.

    Whoever may use its socket needs no password; by `port` on 127.0.0.1, where it `listens`, USER needs PASSWORD.
    """

    def __init__(self, *, listens: bool = False) -> None:
        self.port = free_port() if listens else 5432
        self._listens = listens
        self.folder = Path(tempfile.mkdtemp(prefix="pingback-postgresql-", dir="/tmp"))  # sockets want a short name
        self._running: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._taken: dict[int, int] = {}  # nanoseconds of CPU, by process
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            names = {user.pw_name: user for user in pwd.getpwall()}
            user = names.get("postgres") or names["nobody"]
            self._user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.folder.chmod(0o711)

    def url(self, database: str) -> str:
        """By its socket."""
        return f"postgresql://{USER}@/{database}?host={self.folder}&port={self.port}"

    def url_by_port(self, database: str, *, password: str = PASSWORD) -> str:
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def new_database(self, *, empty: bool = False) -> str:
        """The URL of one with tables and without rows, or without tables, too."""
        name = f"test_{next(self._numbers)}"
        with self.connect() as connection:
            template = "template0" if empty else _TEMPLATE
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY WAL_LOG")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Whoever is connected to it is sent away."""
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def connect(self, url: str | None = None) -> psycopg.Connection[Any]:
        """A connection of its own to a database, which begins no transaction by itself."""
        name = make_url(url).database if url else "postgres"
        return psycopg.connect(host=str(self.folder), port=self.port, user=USER, dbname=name, autocommit=True)

    def make(self) -> None:
        """The folder, with a database from which others are copied."""
        with tempfile.NamedTemporaryFile("w") as secret:
            secret.write(PASSWORD)
            secret.flush()
            os.chmod(secret.name, 0o644)
            command = f"--auth-local=trust --auth-host=scram-sha-256 --username={USER} --pwfile={secret.name}"
            settings = "--encoding=UTF8 --locale=C.UTF-8 --no-sync --no-instructions"
            self._run("initdb", *command.split(), *settings.split(), f"--pgdata={self._data}")
        self.start()
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
        Store(self.url(_TEMPLATE)).close()

    def start(self) -> None:
        settings = _SETTINGS | {"listen_addresses": "127.0.0.1" if self._listens else ""}
        settings |= {"port": str(self.port), "unix_socket_directories": str(self.folder)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                [*ending_with_us("QUIT"), install.programs() / "postgres", "-D", self._data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._surroundings,
            )
        until = monotonic() + STARTS_WITHIN
        while not self._answers():
            assert self._running.poll() is None, f"PostgreSQL did not start:\n{self._log.read_text()[-2000:]}"
            assert monotonic() < until, f"PostgreSQL did not answer:\n{self._log.read_text()[-2000:]}"
            sleep(0.02)

    def stop(self) -> None:
        """As by its administrator: those who are connected are sent away."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """All of its processes at once, as a machine that fails."""
        if self._running is None:
            return
        children = _children(self._running.pid)
        for pid in [self._running.pid, *children]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._running.wait()
        while any(map(_has_memory, children)):  # with which no other one would start
            sleep(0.01)
        self._running = None

    def seconds(self) -> float:
        """Of CPU that those who are connected, or were when it was asked last, have taken."""
        assert self._running is not None
        for pid in _children(self._running.pid):
            with suppress(OSError):  # it has ended
                if f"postgres: {USER} " in Path(f"/proc/{pid}/cmdline").read_text():
                    self._taken[pid] = int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
        return sum(self._taken.values()) / 1e9

    def close(self) -> None:
        self._end(signal.SIGQUIT)  # at once
        shutil.rmtree(self.folder)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    @property
    def _surroundings(self) -> dict[str, Any]:
        return {"cwd": self.folder, "env": {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}} | self._user

    def _run(self, name: str, *arguments: str) -> None:
        command = [str(install.programs() / name), *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **self._surroundings)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError), self.connect():
            return True
        return False

    def _end(self, how: signal.Signals) -> None:
        if self._running is not None:
            self._running.send_signal(how)
            self._running.wait()
            self._running = None


@contextmanager
def running(*, listens: bool = False) -> Iterator[Server]:
    server = Server(listens=listens)
    try:
        server.make()
        yield server
    finally:
        server.close()


def _has_memory(pid: int) -> bool:
    """It has not ended yet."""
    try:
        return bool(Path(f"/proc/{pid}/statm").read_text().split()[0] != "0")
    except (OSError, IndexError):
        return False


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += map(int, task.read_text().split())
    return found
