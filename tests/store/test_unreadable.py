"""Rows that cannot be read are set aside, and all else goes on: a later version wrote them, or another program."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pingback.errors import UnreadableRow
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.store.listing import Part, Selection
from pingback.store.looks import NextLook
from pingback.store.overview import Cursor
from pingback.work import JobKind
from tests.store.sent import plan

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FIVE = "https://b.example/part-5"
ON_FIVE, ON_HOST = Selection(targets=(FIVE,)), Selection(host="b.example")
APPROVED = MentionStatus.APPROVED

SPOILT = [
    pytest.param("status", "unheard-of", id="status-of-a-later-version"),
    pytest.param("kind", "poke-of", id="kind-of-a-later-version"),
    pytest.param("decision", "maybe", id="decision-of-a-later-version"),
    pytest.param("received", "yesterday", id="text-in-an-instant"),
    pytest.param("verified", 2**62, id="instant-beyond-the-calendar"),
    pytest.param("fault", "none", id="text-in-a-number"),
    pytest.param("read_by", "me", id="text-in-a-version"),
    pytest.param("rsvp", "perhaps", id="answer-of-a-later-version"),
    pytest.param("content_html", b"\xff", id="bytes-in-a-content"),
    pytest.param("title", b"\xff", id="bytes"),
    pytest.param("author_name", "a\0b", id="nul"),
    pytest.param("target", "7", id="no-url"),
    pytest.param("client_ip", b"\xff", id="bytes-for-an-address"),
]
# What is not among them any more is no mention of a list, rather than a row of it that cannot be read.
IN_THE_LISTS = [each for each in SPOILT if each.values[0] != "status"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "x.db"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    with Store(f"sqlite:///{file}", clock=lambda: NOON) as store:
        store.notifications.begin("mail", now=NOON - DAY)
        yield store


def keep(store: Store, number: int, status: MentionStatus = APPROVED) -> Mention:
    mention = Mention(
        source=f"https://a.example/{number}",
        target=FIVE,
        protocol=Protocol.PINGBACK,
        status=status,
        title=f"{number}",
        received=NOON + number * timedelta(seconds=1),
        verified=NOON,
    )
    return store.mentions.keep(mention, home="a.example")[0]


def spoil(file: Path, column: str, value: object, number: int = 2) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        source = f"https://a.example/{number}"
        connection.execute(f"UPDATE pingback_mentions SET {column} = ? WHERE source = ?", (value, source))


def titles(mentions: "list[Mention] | tuple[Mention, ...] | Iterator[Mention]") -> str:
    return " ".join(str(mention.title) for mention in mentions)


LISTS: list[tuple[str, Callable[[Store], str]]] = [
    ("all", lambda store: titles(store.mentions.list())),
    ("with-a-status", lambda store: titles(store.mentions.list(status=APPROVED))),
    ("of-a-target", lambda store: titles(store.mentions.list(target=FIVE))),
    (
        "public",
        lambda store: titles(store.listing.part(ON_FIVE, Part(size=9, upward=True)).mentions),
    ),
    ("of-a-host", lambda store: titles(store.listing.part(Selection(host="b.example"), Part(size=9)).mentions[::-1])),
    ("newest", lambda store: titles(store.listing.newest(FIVE, most=9))),
    ("inbox", lambda store: titles(store.overview.page(size=9).mentions[::-1])),
    ("untold", lambda store: titles(store.notifications.untold("mail", now=NOON, most=9))),
    ("by-id", lambda store: titles(store.mentions.with_ids([1, 2, 3]))),
]


@pytest.mark.parametrize(("column", "value"), SPOILT)
@pytest.mark.parametrize("ask", [ask for _, ask in LISTS], ids=[name for name, _ in LISTS])
def test_a_list_passes_it_over(
    store: Store, file: Path, column: str, value: object, ask: Callable[[Store], str]
) -> None:
    for number in (1, 2, 3):
        keep(store, number)
    spoil(file, column, value)
    assert ask(store) == "1 3"


@pytest.mark.parametrize(("column", "value"), SPOILT)
def test_a_ping_of_its_pair_is_known(store: Store, file: Path, column: str, value: object) -> None:
    mention = keep(store, 2)
    spoil(file, column, value)
    arrival = store.mentions.arrival(source=mention.source, target=FIVE, home="a.example", hosts=[])
    assert (arrival.known, arrival.unreadable) == (None, True)
    assert store.mentions.find(mention.source, FIVE) is None
    kept, new = store.mentions.keep(replace(mention, id=None, title="again"))
    assert (kept.title, new) == ("again", False)


@pytest.mark.parametrize(("column", "value"), SPOILT)
def test_nobody_decides_on_it(store: Store, file: Path, column: str, value: object) -> None:
    ids = [keep(store, number).id or 0 for number in (1, 2, 3)]
    spoil(file, column, value)
    assert titles(store.moderation.decide(ids, MentionStatus.SPAM)) == "1 3"
    with closing(sqlite3.connect(file)) as connection:
        [[found]] = connection.execute(f"SELECT {column} FROM pingback_mentions WHERE id = 2").fetchall()
    assert found == value


def test_text_that_is_no_utf_8(store: Store, file: Path) -> None:
    for number in (1, 2, 3):
        keep(store, number)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE pingback_mentions SET title = CAST(x'ff' AS TEXT) WHERE id = 2")
    assert titles(store.mentions.list()) == "1 3"


@pytest.mark.parametrize(("column", "value"), IN_THE_LISTS)
def test_pages_have_their_full_size(store: Store, file: Path, column: str, value: object) -> None:
    for number in range(1, 7):
        keep(store, number)
    for number in (2, 4):
        spoil(file, column, value, number)
    part = store.listing.part(ON_FIVE, Part(size=3))
    rest = store.listing.part(ON_FIVE, Part(size=3, after=part.end))
    assert f"{titles(part.mentions)}, {titles(rest.mentions)}" == "6 5 3, 1"
    assert rest.end is None
    page = store.overview.page(size=3)
    assert isinstance(page.following, Cursor)
    assert (
        f"{titles(page.mentions)}, {titles(store.overview.page(after=page.following, size=3).mentions)}" == "6 5 3, 1"
    )


def test_what_was_withdrawn_goes_on(store: Store, file: Path) -> None:
    for number in range(1, 5):
        store.mentions.update(replace(keep(store, number), status=MentionStatus.DELETED))
    spoil(file, "withdrawn", "once")
    found = store.listing.withdrawals(size=2)
    assert [gone.source for gone in found.withdrawals] == ["https://a.example/1", "https://a.example/3"]
    rest = store.listing.withdrawals(size=2, after=found.end)
    assert ([gone.source for gone in rest.withdrawals], rest.end) == (["https://a.example/4"], None)


@pytest.mark.parametrize("changed", ["soon", 2**63 - 1, -(2**63), b"\xff"])
@pytest.mark.parametrize("selection", [ON_FIVE, ON_HOST], ids=["page", "host"])
def test_nobody_knows_when_it_changed(store: Store, file: Path, changed: object, selection: Selection) -> None:
    keep(store, 2)
    spoil(file, "changed", changed)
    assert store.listing.part(selection, Part(size=9)).changed is None
    assert store.listing.counts(selection).changed is None


@pytest.mark.parametrize("source", [b"\xff", 7, "no URL", "http://[::1/"])
def test_a_source_that_is_no_url_has_no_host(store: Store, file: Path, source: object) -> None:
    keep(store, 2)
    spoil(file, "source", source)
    keep(store, 1)
    assert store.overview.top_hosts(9, since=NOON - DAY) == [("a.example", 1)]


@pytest.mark.parametrize("number", ["many", b"\xff", -3, None])
def test_a_count_that_is_none_is_not_counted(store: Store, file: Path, number: object) -> None:
    keep(store, 1)
    with closing(sqlite3.connect(file)) as connection, connection:
        for table in ("tallies", "days", "kinds"):
            connection.execute(f"UPDATE OR IGNORE pingback_{table} SET number = ?", (number,))
    counted = 1 if number is None else 0  # which the table does not take
    assert store.overview.counts()[APPROVED] == counted
    assert store.overview.days(1, now=NOON) == [(NOON.date(), counted)]
    assert sum(store.listing.counts(ON_HOST).kinds.values()) == counted
    assert sum(store.tallies.mentions().values()) == counted


NO_PING = [(column, url) for column in ("source", "target") for url in (b"\xff", 7, "no URL", "http://[::1/")]


@pytest.mark.parametrize(("column", "value"), [*NO_PING, ("attempts", 2**63 - 1)])
def test_a_ping_to_or_from_nowhere_is_no_ping(store: Store, file: Path, column: str, value: object) -> None:
    """Nor is one whose end no row could hold: it would be sent each time that it is due."""
    plan(store, "https://c.example/", source=FIVE)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"UPDATE pingback_outbox SET {column} = ?", (value,))
    with pytest.raises(UnreadableRow):
        store.outbox.to_deliver(1, now=NOON)


@pytest.mark.parametrize("label", [b"\xff", b"\xed\xa0\x80"], ids=["bytes", "surrogate"])
@pytest.mark.parametrize("column", ["protocol", "status"])
def test_a_count_under_no_name_is_not_shown(store: Store, file: Path, column: str, label: bytes) -> None:
    keep(store, 1), keep(store, 2)
    with closing(sqlite3.connect(file)) as connection, connection:
        value = "?" if label == b"\xff" else "CAST(? AS TEXT)"
        connection.execute(f"UPDATE pingback_mentions SET {column} = {value} WHERE id = 2", (label,))
    assert store.tallies.mentions() == {("pingback", "approved"): 1}
    assert store.overview.counts()[APPROVED] == 1


def test_a_try_of_nobody_keeps_nobody_out(store: Store, file: Path) -> None:
    store.logins.attempt("192.0.2.1", now=NOON)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE pingback_login_tries SET client = ?", (b"\xff",))
    assert store.logins.attempt("192.0.2.1", now=NOON) is None


def test_what_no_process_holds_is_free_in_time(store: Store, file: Path) -> None:
    store.notifications.take("mail", keep(store, 1), worker_id="me", now=NOON, lease=DAY)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE pingback_notifications SET leased_by = ?", (b"\xff",))
    store.notifications.free_the_dead(is_gone=lambda worker: worker.startswith("killed"))


@pytest.mark.parametrize("tried", ["never", b"\xff", -(2**63), 1.5], ids=str)
def test_nobody_knows_when_it_was_looked_at(store: Store, file: Path, tried: object) -> None:
    mention = keep(store, 2)
    spoil(file, "tried", tried)
    look = NextLook(kind=JobKind.REVERIFY, host="a.example", apart=DAY)
    assert store.looks.ask_again(mention, look, now=NOON) == NOON


def test_the_log_says_so_once(store: Store, file: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in (1, 2, 3):
        keep(store, number)
    spoil(file, "kind", "never heard of")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            list(store.mentions.list())
            store.listing.newest(FIVE, most=9)
    assert [record.getMessage() for record in caplog.records] == [
        "mention 2 cannot be read, and is left alone: 'never heard of' is not a valid MentionKind"
    ]


def test_nothing_is_locked_afterwards(store: Store, file: Path) -> None:
    ids = [keep(store, number).id or 0 for number in (1, 2, 3)]
    spoil(file, "kind", "poke-of")
    store.moderation.decide(ids, MentionStatus.SPAM)
    with Store(f"sqlite:///{file}?timeout=0") as other:
        assert keep(other, 4).title == "4"
