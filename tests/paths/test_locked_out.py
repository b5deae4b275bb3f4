"""Another program holds the write lock of the database: every sender hears that, while it lasts."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

import pingback
from pingback.model import MentionStatus, Protocol
from tests.receive.pages import PATIENCE, Page, Pages

TARGET = "https://my.example/part-5"
SOURCES = [f"https://a-{number}.example/" for number in range(24)]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[pingback.Site]:
    web = Pages(dict.fromkeys(SOURCES, Page(f'<title>Six</title><a href="{TARGET}">five</a>')))
    url = f"sqlite:///{tmp_path}/x.db"
    with pingback.Site("https://my.example/", store=url, client=web, check_targets=False, rate="off") as site:
        yield site


def fault_of(site: pingback.Site, source: str, protocol: Protocol) -> tuple[int, bool]:
    with pytest.raises(pingback.Fault) as refused:
        site.receive(source, TARGET, protocol=protocol)
    return refused.value.code, refused.value.retry_after is not None


def test_all_are_answered_while_it_is_locked_and_are_welcome_afterwards(site: pingback.Site, tmp_path: Path) -> None:
    site.receive(SOURCES[0], TARGET)
    protocols = [Protocol.WEBMENTION if number % 2 else Protocol.PINGBACK for number in range(1, 24)]
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(24) as threads:
            asked = threads.map(fault_of, [site] * 23, SOURCES[1:], protocols, timeout=PATIENCE)
            known = threads.submit(fault_of, site, SOURCES[0], Protocol.PINGBACK)
            assert [*asked] == [(pingback.FaultCode.INTERNAL_ERROR, True)] * 23
            assert known.result(PATIENCE)[0] in (pingback.FaultCode.ALREADY_REGISTERED, -32500)
        assert other.in_transaction
        other.execute("ROLLBACK")
    assert site.receive(SOURCES[1], TARGET).status is MentionStatus.PENDING
