"""Receivers whose web is a few pages in memory."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pingback.errors import Fault
from pingback.store import Store
from tests.receive.lax import Receiver
from tests.receive.pages import Clock, Page, Pages

SITE = "https://my.example/blog/"
TARGET = "https://my.example/blog/part-5"
SOURCE = "https://a.example/post"

LINKING = Page(f'<title>A “post” – A</title><p>words before <a href="{TARGET}">the link</a> and after</p>')
CHANGED = Page(f'<title>A new title</title><p>other words <a href="{TARGET}">the link</a></p>')
NO_LINK = Page("<title>A post</title><p>nothing here</p>")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[Store]:
    with Store("sqlite://", clock=clock) as store:
        yield store


@pytest.fixture
def pages() -> Pages:
    return Pages({SOURCE: LINKING})


MakeReceiver = Callable[..., Receiver]


@pytest.fixture
def make(store: Store, pages: Pages, clock: Clock) -> Iterator[MakeReceiver]:
    """Makes receivers for SITE and closes them at the end."""
    made: list[Receiver] = []

    def make(**options: Any) -> Receiver:
        defaults: dict[str, Any] = {"site": SITE, "store": store, "client": pages, "clock": clock, "threads": False}
        made.append(Receiver(**(defaults | options)))
        return made[-1]

    yield make
    pages.gate.set()
    for receiver in made:
        receiver.close()


def finish(receiver: Receiver) -> None:
    """Does what is due."""
    receiver.run_jobs()


def ask_for_all_it_can(receiver: Receiver) -> None:
    """From now on as many targets are asked for as may be at a time: `target_exists` of the receiver takes its time."""
    with ThreadPoolExecutor(48) as threads:
        assert [*threads.map(receiver.pingbacks_of, [f"{TARGET}?{number}" for number in range(48)])] == [[]] * 48


def refusal(receiver: Receiver, source: str = SOURCE, target: str = TARGET, **options: Any) -> Fault:
    with pytest.raises(Fault) as refused:
        receiver.ping(source, target, **options)
    return refused.value
