"""`pingback.server.asgi`: the threads that answer, and the work that the lifespan starts and stops."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from pingback.errors import SettingsError
from pingback.server.asgi import Message, asgi_app, lifespan
from pingback.server.http import Request, Response, plain
from pingback.server.pool import LIST_THREADS, MAX_WAITING, THREADS
from tests.receive.pages import PATIENCE
from tests.server.scopes import Seen, app_of, asked, got, nothing, scope, spoken


class Crowd:
    """Answers that wait, but for `/healthz`."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.waiting = threading.Semaphore(0)

    def __call__(self, request: Request) -> Response:
        if request.path != "/healthz":
            self.waiting.release()
            assert self.gate.wait(PATIENCE)
        return plain(200, request.path)

    async def wait_until_waiting(self, count: int) -> None:
        for _ in range(count):
            assert await asyncio.to_thread(self.waiting.acquire, timeout=PATIENCE)


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    crowd = Crowd()
    yield crowd
    crowd.gate.set()


@pytest.mark.parametrize(
    ("path", "count"),
    [
        pytest.param("/xmlrpc", THREADS - 1, id="as-many-pings-and-passwords-as-may-wait"),
        pytest.param("/api/mentions.json", MAX_WAITING, id="lists"),
        pytest.param("/trackback/x", MAX_WAITING, id="trackbacks-as-a-list"),
    ],
)
def test_whoever_waits_stops_nobody_else(crowd: Crowd, path: str, count: int) -> None:
    async def asking() -> None:
        app = app_of(crowd)
        waiting = [asyncio.create_task(spoken(app, scope(path))) for _ in range(count)]
        await crowd.wait_until_waiting(LIST_THREADS if count == MAX_WAITING else count)
        assert got(await spoken(app, scope("/healthz"))).status == 200
        assert not any(task.done() for task in waiting)
        crowd.gate.set()
        assert {got(await task).status for task in waiting} == {200}

    asyncio.run(asking())


def test_a_client_with_a_crowd_of_requests_takes_no_place_from_others(crowd: Crowd) -> None:
    async def asking() -> None:
        app = app_of(crowd)
        begun = [asyncio.create_task(spoken(app, scope("/mentions"))) for _ in range(LIST_THREADS)]
        await crowd.wait_until_waiting(LIST_THREADS)
        crowded = [asyncio.create_task(spoken(app, scope("/mentions"))) for _ in range(MAX_WAITING + 5)]
        await asyncio.gather(*crowded[-5:])
        other = asyncio.create_task(spoken(app, scope("/mentions", client=("198.51.100.1", 0))))
        dropped = (await asyncio.wait(crowded[:-5], return_when=asyncio.FIRST_COMPLETED))[0]
        assert {got(await task).status for task in [*crowded[-5:], *dropped]} == {503}
        crowd.gate.set()
        statuses = [got(await task).status for task in [*begun, *crowded, other]]
        assert (statuses.count(503), got(await other).status) == (6, 200)
        assert ("retry-after", "5") in got(await crowded[-1]).headers

    asyncio.run(asking())


def test_a_thread_that_cannot_start_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of(Seen())

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refuse)
        assert asked(app, scope()).status == 503
    assert asked(app, scope()).status == 200


def test_a_fork_has_threads_of_its_own() -> None:
    app = app_of(Seen())
    assert asked(app, scope()).status == 200
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        with suppress(BaseException):
            os.write(writer, str(asked(app, scope()).status).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        assert said.read() == "200"
    os.waitpid(child, 0)


STARTUP, SHUTDOWN = {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}
LIFESPAN = {"type": "lifespan", "asgi": {"version": "3.0"}}
NO_LIFESPAN = (
    "no lifespan ran: the first request started the site's work in the background, and nothing will stop it in good"
    " order; give your application lifespan=site.lifespan"
)


class Work:
    def __init__(self, *troubles: Exception) -> None:
        self.said: list[str] = []
        self._troubles = list(troubles)

    def start(self) -> bool:
        assert threading.current_thread() is not threading.main_thread()
        was_running = "start" in self.said
        self.said.append("start")
        if self._troubles:
            raise self._troubles.pop(0)
        return not was_running

    def stop(self) -> None:
        assert threading.current_thread() is not threading.main_thread()
        self.said.append("stop")


def test_the_lifespan_starts_and_stops_the_work(caplog: pytest.LogCaptureFixture) -> None:
    work = Work()
    app = asgi_app(Seen(), start=work.start, stop=work.stop)

    async def living() -> None:
        messages: asyncio.Queue[Message] = asyncio.Queue()
        sent: asyncio.Queue[Message] = asyncio.Queue()
        task = asyncio.ensure_future(app(LIFESPAN, messages.get, sent.put))
        await messages.put(STARTUP)
        assert (await sent.get(), work.said) == ({"type": "lifespan.startup.complete"}, ["start"])
        await spoken(app, scope())
        await messages.put(SHUTDOWN)
        assert (await sent.get(), work.said) == ({"type": "lifespan.shutdown.complete"}, ["start", "stop"])
        await task

    asyncio.run(living())
    assert caplog.records == []


@pytest.mark.parametrize(
    ("error", "message", "logged"),
    [
        pytest.param(SettingsError("rate: what is '60/fortnight'?"), "rate: what is '60/fortnight'?", 0, id="settings"),
        pytest.param(ZeroDivisionError(), "ZeroDivisionError", 1, id="a-mistake-of-ours"),
    ],
)
def test_work_that_does_not_start(
    error: Exception, message: str, logged: int, caplog: pytest.LogCaptureFixture
) -> None:
    work = Work(error)
    app = asgi_app(Seen(), start=work.start, stop=work.stop)
    sent = asyncio.run(spoken(app, LIFESPAN, [STARTUP]))
    assert sent == [{"type": "lifespan.startup.failed", "message": message}]
    assert (work.said, len(caplog.records)) == (["start"], logged)


def test_work_that_does_not_stop() -> None:
    def stop() -> None:
        raise OSError("no space left")

    sent = asyncio.run(spoken(asgi_app(Seen(), start=nothing, stop=stop), LIFESPAN, [STARTUP, SHUTDOWN]))
    assert sent == [
        {"type": "lifespan.startup.complete"},
        {"type": "lifespan.shutdown.failed", "message": "no space left"},
    ]


def test_without_a_lifespan_the_first_request_starts_the_work_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Work()
    app = asgi_app(Seen(), start=work.start, stop=work.stop)
    for _ in range(3):
        assert asked(app, scope()).status == 200
    assert work.said == ["start"]
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [("WARNING", NO_LIFESPAN)]


def test_nothing_is_said_where_somebody_else_started_the_work(caplog: pytest.LogCaptureFixture) -> None:
    work = Work()
    app = asgi_app(Seen(), start=work.start, stop=work.stop)

    async def living() -> None:
        async with lifespan(work.start, work.stop)(None):
            assert got(await spoken(app, scope())).status == 200
        assert work.said == ["start", "start", "stop"]

    asyncio.run(living())
    assert caplog.records == []


def test_work_that_cannot_be_started_by_a_request(caplog: pytest.LogCaptureFixture) -> None:
    work = Work(SettingsError("x"))
    app = asgi_app(Seen(), start=work.start, stop=work.stop)
    assert [asked(app, scope()).status for _ in range(3)] == [200, 200, 200]
    assert (work.said, [record.levelname for record in caplog.records]) == (["start"], ["ERROR"])


def test_nobody_waits_for_the_work_to_start() -> None:
    begun, gate = threading.Event(), threading.Event()

    def start() -> None:
        begun.set()
        assert gate.wait(PATIENCE)

    async def asking() -> None:
        app = asgi_app(Seen(), start=start, stop=nothing)
        first = asyncio.create_task(spoken(app, scope()))
        await asyncio.to_thread(begun.wait, PATIENCE)
        assert got(await spoken(app, scope())).status == 200
        assert not first.done()
        gate.set()
        assert got(await first).status == 200

    asyncio.run(asking())


def test_the_work_is_stopped_where_the_application_fails() -> None:
    work = Work()

    async def living() -> None:
        async with lifespan(work.start, work.stop)(None):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(living())
    assert work.said == ["start", "stop"]
