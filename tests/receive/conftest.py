"""Receivers whose web is a few pages in memory."""

from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest

from pingback.errors import Fault
from pingback.receive.existence import MAX_ASKED
from pingback.store import Store
from tests.paths.programs import wait_until
from tests.receive.lax import Receiver
from tests.receive.pages import PATIENCE, Clock, Page, Pages

SITE = "https://my.example/blog/"
TARGET = "https://my.example/blog/part-5"
SOURCE = "https://a.example/post"

LINKING = Page(f'<title>A “post” – A</title><p>words before <a href="{TARGET}">the link</a> and after</p>')
CHANGED = Page(f'<title>A new title</title><p>other words <a href="{TARGET}">the link</a></p>')
NO_LINK = Page("<title>A post</title><p>nothing here</p>")


@pytest.fixture
def store() -> Iterator[Store]:
    with Store("sqlite://") as store:
        yield store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pages() -> Pages:
    return Pages({SOURCE: LINKING})


MakeReceiver = Callable[..., Receiver]


@pytest.fixture
def make(store: Store, pages: Pages, clock: Clock) -> Iterator[MakeReceiver]:
    """Makes receivers for SITE and closes them at the end."""
    made: list[Receiver] = []

    def make(**options: Any) -> Receiver:
        defaults: dict[str, Any] = {"site": SITE, "store": store, "client": pages, "clock": clock}
        made.append(Receiver(**(defaults | options)))
        return made[-1]

    yield make
    pages.gate.set()
    for receiver in made:
        receiver.close()


def finish(receiver: Receiver) -> None:
    """Closes it when it has done what it began with, however long that takes: `close` alone waits for a moment."""
    background = receiver.settler.background
    wait_until(lambda: background is None or not background._unfinished)
    receiver.close()


def ask_for_all_it_can(receiver: Receiver, gate: Event) -> None:
    """From now on as many targets are asked for as may be at a time, until the gate is set."""
    targets = receiver._targets._background
    assert targets is not None
    for number in range(MAX_ASKED):
        targets.submit(number, lambda: gate.wait(PATIENCE))


def refusal(receiver: Receiver, source: str = SOURCE, target: str = TARGET, **options: Any) -> Fault:
    with pytest.raises(Fault) as refused:
        receiver.ping(source, target, **options)
    return refused.value
