"""The work of a site in the background, begun and ended by the lifespan of an ASGI application."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

import pingback
from pingback.clock import now
from pingback.server.asgi import Message
from tests.paths.programs import wait_until
from tests.receive.pages import Page, Pages
from tests.server.scopes import asked, scope, spoken

TARGET = "https://my.example/part-5"
NUMBERS = range(4)
WEB = {f"https://a.example/{number}": Page(f'<title>x</title><a href="{TARGET}">five</a>') for number in NUMBERS}
LIFESPAN = {"type": "lifespan", "asgi": {"version": "3.0"}}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[pingback.Site]:
    with pingback.Site(
        "https://my.example/",
        store=f"sqlite:///{tmp_path}/pingback.db",
        client=Pages(WEB),
        target_exists=bool,
        approve="all",
    ) as site:
        yield site


def leave(site: pingback.Site, number: int) -> None:
    """A ping that a process took, and did not come to verify."""
    site.store.mentions.keep(
        pingback.Mention(
            source=f"https://a.example/{number}",
            target=TARGET,
            protocol=pingback.Protocol.PINGBACK,
            status=pingback.MentionStatus.PENDING,
            received=now(),
        )
    )


async def until_shown(site: pingback.Site, count: int) -> None:
    await asyncio.to_thread(wait_until, lambda: len(site.mentions(TARGET)) == count)


def test_what_waits_is_done_without_a_request_each_time_that_it_begins(
    site: pingback.Site, caplog: pytest.LogCaptureFixture
) -> None:
    """Programs are begun and ended many times over in the tests of whoever writes them."""
    app = site.asgi()

    async def living(number: int) -> None:
        messages: asyncio.Queue[Message] = asyncio.Queue()
        sent: asyncio.Queue[Message] = asyncio.Queue()
        leave(site, number)
        running = asyncio.ensure_future(app(LIFESPAN, messages.get, sent.put))
        await messages.put({"type": "lifespan.startup"})
        assert await sent.get() == {"type": "lifespan.startup.complete"}
        await until_shown(site, number + 1)
        await spoken(app, scope())
        await messages.put({"type": "lifespan.shutdown"})
        assert await sent.get() == {"type": "lifespan.shutdown.complete"}
        await running

    for number in NUMBERS[:2]:
        asyncio.run(living(number))
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_the_same_in_the_application_around_it(site: pingback.Site, caplog: pytest.LogCaptureFixture) -> None:
    async def living(number: int) -> None:
        leave(site, number)
        async with site.lifespan(None):
            await until_shown(site, number + 1)
            await spoken(site.asgi(), scope())

    for number in NUMBERS[:2]:
        asyncio.run(living(number))
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_without_a_lifespan_the_first_request_begins_it_and_the_log_says_so_once(
    site: pingback.Site, caplog: pytest.LogCaptureFixture
) -> None:
    app = site.asgi()
    leave(site, 0)
    for _ in range(2):
        assert asked(app, scope()).body == b"ok\n"
    asyncio.run(until_shown(site, 1))
    [warning] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert warning.getMessage().startswith("no lifespan ran: ")


def test_whoever_starts_it_by_hand_is_not_warned(site: pingback.Site, caplog: pytest.LogCaptureFixture) -> None:
    assert [site.start(), site.start()] == [True, False]
    assert asked(site.asgi(), scope()).body == b"ok\n"
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_database_that_cannot_be_opened_is_said_when_the_server_starts(tmp_path: Path) -> None:
    with pingback.Site("https://my.example/", store=f"sqlite:///{tmp_path}/no/such/pingback.db") as site:
        sent = asyncio.run(spoken(site.asgi(), LIFESPAN, [{"type": "lifespan.startup"}]))
    [failed] = sent
    assert failed["type"] == "lifespan.startup.failed"
    assert "no/such/pingback.db cannot be opened" in failed["message"]
