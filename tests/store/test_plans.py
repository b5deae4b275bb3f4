"""What anybody may ask of a store is found by an index of its own, with no table walked, whatever is in it."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.store.keys import pair_of
from pingback.store.listing import Part, Place, Selection, SortBy

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
FIVE = "https://b.example/part-5"
ON_FIVE, ON_TWO = Selection(targets=(FIVE,)), Selection(targets=(FIVE, "https://b.example/part-6"))
ON_HOST = Selection(host="b.example")
FILTERED_FIVE = replace(ON_FIVE, kinds=("rsvp",), since=NOON, since_id=1)
FILTERED_HOST = replace(ON_HOST, kinds=("rsvp",), since=NOON, since_id=1)
PLACE = Place(1, 1)
MENTION = Mention(
    source="https://a.example/", target=FIVE, protocol=Protocol.PINGBACK, status=MentionStatus.APPROVED, received=NOON
)
# What comes with each: which page an address is of, which ports a host has, the last change, the rows that are shown.
BESIDE = (
    "INTEGER PRIMARY KEY",
    "VIRTUAL TABLE",
    "SUBQUERY",
    "CONSTANT ROW",
    "sqlite_autoindex_pingback_moves_1",
    "COVERING INDEX pingback_mentions_by_address (target_key=?)",
    "(target_host>? AND target_host<?)",
    "pingback_mentions_by_page_change (page_key=?)",
    "COVERING INDEX pingback_mentions_by_change",
)
SORTED, GROUPED = "USE TEMP B-TREE FOR ORDER BY", "USE TEMP B-TREE FOR GROUP BY"


@pytest.fixture(params=["empty", "filled", "analyzed"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with Store(f"sqlite:///{tmp_path}/x.db", clock=lambda: NOON) as store:
        if request.param != "empty":
            for number in range(300):
                target = f"https://b.example/{number % 30}"
                store.mentions.keep(replace(MENTION, source=f"https://a.example/{number}", target=target))
        if request.param == "analyzed":
            with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
                connection.execute("ANALYZE")
        yield store


def plan(store: Store, ask: Callable[[Store], object]) -> list[str]:
    """How SQLite comes to the answer: by which index it finds the mentions, and whether it has to sort them."""
    asked: list[str] = []
    raws = []
    for lent in (store._database.read, store._database.browse):  # no public way shows it
        with lent() as connection:
            raw = connection.connection
            assert isinstance(raw, sqlite3.Connection)
            raws.append(raw)
    for raw in raws:
        raw.set_trace_callback(asked.append)
    ask(store)
    statements = [each for each in asked if each.startswith("SELECT")]
    lines = [str(row[3]) for each in statements for row in raws[0].execute(f"EXPLAIN QUERY PLAN {each}")]
    ours = [line for line in lines if not any(part in line for part in BESIDE)]
    return [
        re.sub(r"SEARCH pingback_mentions USING (COVERING )?INDEX (pingback_mentions_)?", "", line) for line in ours
    ]


def _listed(selection: Selection, **fields: object) -> Callable[[Store], object]:
    part = Part(size=20, **fields)  # type: ignore[arg-type]  # `fields` are those of a Part
    return lambda store: store.listing.part(selection, part)


def _counted(selection: Selection) -> Callable[[Store], object]:
    return lambda store: store.listing.counts(selection)


PAGE, HOST = "(page_key=? AND status=?)", "(target_host=? AND status=?)"
BY_PAGE = f"by_page {PAGE}"


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        pytest.param(lambda store: store.listing.newest_sources(FIVE, most=9), [BY_PAGE], id="pingbacks"),
        pytest.param(lambda store: store.listing.newest(FIVE, most=9), [BY_PAGE], id="trackbacks"),
        pytest.param(_listed(ON_FIVE), [BY_PAGE], id="page"),
        pytest.param(_listed(ON_FIVE, upward=True, skip=9), [BY_PAGE], id="page-upward"),
        pytest.param(
            _listed(ON_FIVE, after=PLACE),
            ["by_page (page_key=? AND status=? AND received<?)"],
            id="page-after",
        ),
        pytest.param(_listed(FILTERED_FIVE), [BY_PAGE], id="page-filtered"),
        pytest.param(_listed(ON_FIVE, sort_by=SortBy.UPDATED), [BY_PAGE, SORTED], id="page-by-change"),
        pytest.param(_listed(ON_FIVE, sort_by=SortBy.PUBLISHED), [BY_PAGE, SORTED], id="page-by-date"),
        pytest.param(_listed(ON_TWO), [BY_PAGE, SORTED], id="pages"),
        pytest.param(_listed(replace(ON_FIVE, host="c.example")), [BY_PAGE], id="page-and-host"),
        pytest.param(_listed(ON_HOST), [f"by_host {HOST}"], id="host"),
        pytest.param(_listed(ON_HOST, upward=True, skip=9), [f"by_host {HOST}"], id="host-upward"),
        pytest.param(
            _listed(ON_HOST, after=PLACE),
            ["by_host (target_host=? AND status=? AND received<?)"],
            id="host-after",
        ),
        pytest.param(_listed(FILTERED_HOST), [f"by_host {HOST}"], id="host-filtered"),
        pytest.param(_listed(ON_HOST, sort_by=SortBy.UPDATED), [f"by_host_change {HOST}"], id="host-by-change"),
        pytest.param(
            _listed(ON_HOST, sort_by=SortBy.UPDATED, after=PLACE),
            ["by_host_change (target_host=? AND status=? AND changed<?)"],
            id="host-by-change-after",
        ),
        pytest.param(_listed(ON_HOST, sort_by=SortBy.PUBLISHED), [f"by_host_date {HOST}"], id="host-by-date"),
        pytest.param(
            _listed(ON_HOST, sort_by=SortBy.PUBLISHED, after=PLACE),
            ["by_host_date (target_host=? AND status=? AND dated<?)"],
            id="host-by-date-after",
        ),
        pytest.param(
            _listed(FILTERED_HOST, sort_by=SortBy.PUBLISHED),
            [f"by_host_date {HOST}"],
            id="host-by-date-filtered",
        ),
        pytest.param(_counted(ON_FIVE), [BY_PAGE, GROUPED], id="count-page"),
        pytest.param(_counted(ON_HOST), [f"by_host_kind {HOST}"], id="count-host"),
        pytest.param(
            _counted(FILTERED_HOST),
            ["by_host_kind (target_host=? AND status=? AND kind=? AND id>?)"],
            id="count-host-filtered",
        ),
        pytest.param(_counted(replace(ON_FIVE, host="c.example")), [BY_PAGE, GROUPED], id="count-page-and-host"),
        pytest.param(
            lambda store: store.listing.withdrawals(size=9),
            ["by_withdrawal (withdrawn>?)"],
            id="withdrawals",
        ),
        pytest.param(
            lambda store: store.listing.withdrawals(size=9, since=NOON),
            ["by_withdrawal (withdrawn>?)"],
            id="withdrawals-since",
        ),
        pytest.param(
            lambda store: store.mentions.find_pair(pair_of(MENTION.source, FIVE)),
            ["sqlite_autoindex_pingback_mentions_1 (pair=?)"],
            id="a-pair",
        ),
    ],
)
def test_an_index_finds_what_anybody_may_ask_for(
    store: Store, ask: Callable[[Store], object], expected: list[str]
) -> None:
    assert plan(store, ask) == expected
