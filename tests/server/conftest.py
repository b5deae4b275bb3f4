"""A receiver whose web is a few pages in memory."""

from collections.abc import Iterator

import pytest

from pingback.store import Store
from tests.receive.lax import Receiver
from tests.receive.pages import Clock, Page, Pages

SITE = "https://my.example/"
TARGET = "https://my.example/part-5?a=1&b=2"
SOURCE = "https://a.example/post?x=1&y=2"


@pytest.fixture
def pages() -> Pages:
    return Pages({SOURCE: Page('<title>A post</title><a href="https://my.example/part-5?a=1&amp;b=2">link</a>')})


@pytest.fixture
def receiver(pages: Pages) -> Iterator[Receiver]:
    with Store("sqlite://") as store, Receiver(site=SITE, store=store, client=pages, clock=Clock()) as receiver:
        yield receiver
