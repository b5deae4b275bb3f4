"""Redis and RabbitMQ on free ports, in a folder each, as programs of the user who runs the tests."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from tests.brokers import install
from tests.debian import ending_with_us, program
from tests.loopback import free_port

STARTS_WITHIN = 120.0  # seconds; Redis takes a twentieth of one, RabbitMQ four
PASSWORD = "s3cret"


class Broker:
    """One that can be killed, and begun again with nothing in it, at the same address."""

    def __init__(self, url: str, start: Callable[[Path], list["subprocess.Popen[bytes]"]]) -> None:
        self.url = url
        self._start = start
        self._running: list[subprocess.Popen[bytes]] = []
        self._folder: Path | None = None

    def start(self) -> None:
        """Begin with nothing in it."""
        self._folder = Path(tempfile.mkdtemp(prefix="pingback-broker-"))
        self._running = self._start(self._folder)

    def kill(self) -> None:
        """As a machine that fails."""
        for process in self._running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()
        self._running = []
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def redis() -> Iterator[Broker]:
    port = free_port()

    def start(folder: Path) -> list[subprocess.Popen[bytes]]:
        settings = f"port {port}\nbind 127.0.0.1\ndir {folder}\nsave ''\nrequirepass {PASSWORD}\n"
        (folder / "redis.conf").write_text(settings)
        running = _run([install.redis_server(), str(folder / "redis.conf")], folder)
        _wait(running, lambda: _answers(port, f"AUTH {PASSWORD}\r\nPING\r\n".encode(), b"+OK\r\n+PONG"))
        return [running]

    with _killed(Broker(f"redis://:{PASSWORD}@127.0.0.1:{port}/0", start)) as broker:
        yield broker


@contextmanager
def rabbitmq() -> Iterator[Broker]:
    """With a name service of its own, which Erlang would else leave behind."""
    port, names, between = free_port(), free_port(), free_port()

    def start(folder: Path) -> list[subprocess.Popen[bytes]]:
        (folder / "plugins").write_text("[].\n")
        settings = f"default_user = pingback\ndefault_pass = {PASSWORD}\nloopback_users = none\n"
        (folder / "rabbitmq.conf").write_text(settings)
        environment = {
            "HOME": str(folder),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_NODENAME": f"pingback{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(between),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(names),
        }
        epmd = program("epmd")
        assert epmd is not None
        name_service = _run([epmd, "-port", str(names), "-address", "127.0.0.1"], folder)
        running = _run([install.rabbitmq_server()], folder, environment)
        _wait(running, lambda: _answers(port, b"AMQP\x00\x00\x09\x01", b"\x01\x00\x00"))
        return [running, name_service]

    with _killed(Broker(f"amqp://pingback:{PASSWORD}@127.0.0.1:{port}/%2F", start)) as broker:
        yield broker


@contextmanager
def _killed(broker: Broker) -> Iterator[Broker]:
    with ExitStack() as stack:
        stack.callback(broker.kill)
        broker.start()
        yield broker


def _run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*ending_with_us("KILL"), *command],
        cwd=folder,
        env={"PATH": os.defpath} | (environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _wait(running: "subprocess.Popen[bytes]", is_there: Callable[[], bool]) -> None:
    until = monotonic() + STARTS_WITHIN
    while not is_there():
        assert running.poll() is None, f"{running.args!r} ended with {running.returncode}"
        assert monotonic() < until, f"{running.args!r} did not answer"
        sleep(0.05)


def _answers(port: int, question: bytes, answer: bytes) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5.0) as connection:
        connection.sendall(question)
        said = b""
        while len(said) < len(answer) and (more := connection.recv(100)):
            said += more
        return said.startswith(answer)
    return False
