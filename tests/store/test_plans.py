"""Whatever is asked of a store each day is found by an index that has it in order, whatever is in the store.

A table that is small by its nature may be read as a whole: of counts, of channels.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copy

import pytest

from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.store.keys import pair_of
from pingback.store.listing import Part, Place, Selection, SortBy

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FIVE = "https://b.example/part-5"
ON_FIVE, ON_TWO = Selection(targets=(FIVE,)), Selection(targets=(FIVE, "https://b.example/part-6"))
ON_HOST = Selection(host="b.example")
FILTERED_FIVE = replace(ON_FIVE, kinds=("rsvp",), since=NOON, since_id=1)
PLACE = Place(1, 1)
APPROVED, SPAM = MentionStatus.APPROVED, MentionStatus.SPAM
MENTION = Mention(
    source="https://a.example/",
    target=FIVE,
    protocol=Protocol.PINGBACK,
    status=APPROVED,
    received=NOON,
    verified=NOON,
)
# What comes with each: which page an address is of, which ports a host has, the last change, and rows by their ids.
BESIDE = (
    "INTEGER PRIMARY KEY (rowid=?)",
    "VIRTUAL TABLE",
    "SUBQUERY",
    "CO-ROUTINE authors",
    "SETUP",
    "RECURSIVE STEP",
    "SCAN authors",
    "CONSTANT ROW",
    "sqlite_autoindex_pingback_moves_1",
    "pingback_mentions_by_target (target_key=?)",
    "(target_host>? AND target_host<?)",
    "pingback_mentions_by_page_change (page_key=?)",
    "pingback_mentions_by_host_change (target_host=? AND status=?)",
)
SORTED, GROUPED = "USE TEMP B-TREE FOR ORDER BY", "USE TEMP B-TREE FOR GROUP BY"
SMALL = ("pingback_channels", "pingback_days", "pingback_kinds", "pingback_tallies")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Databases to copy, as one takes some three hundred transactions."""
    folder = tmp_path_factory.mktemp("plans")
    files = {name: folder / f"{name}.db" for name in ("empty", "filled", "analyzed")}
    with Store(f"sqlite:///{files['empty']}", clock=lambda: NOON) as store:
        store.notifications.begin("mail", now=NOON - DAY)
    copy(files["empty"], files["filled"])
    with Store(f"sqlite:///{files['filled']}", clock=lambda: NOON) as store:
        for number in range(300):
            target = f"https://b.example/{number % 30}"
            status = list(MentionStatus)[number % 5]
            store.mentions.keep(
                replace(MENTION, source=f"https://a.example/{number}", target=target, status=status),
                home="a.example",
            )
    copy(files["filled"], files["analyzed"])
    with closing(sqlite3.connect(files["analyzed"])) as connection:
        connection.execute("ANALYZE")
    return files


@pytest.fixture(params=["empty", "filled", "analyzed"])
def store(request: pytest.FixtureRequest, files: dict[str, Path], tmp_path: Path) -> Iterator[Store]:
    copy(files[request.param], tmp_path / "x.db")
    with Store(f"sqlite:///{tmp_path}/x.db", clock=lambda: NOON) as store:
        yield store


def plan(store: Store, ask: Callable[[Store], object]) -> list[str]:
    """How SQLite comes to the answer: by which index it finds the rows, and whether it has to sort them."""
    asked: list[str] = []
    raws = []
    for lent in (store._database.read, store._database.browse, store._database.write):  # no public way shows it
        with lent() as tx:
            assert isinstance(tx.connection, sqlite3.Connection)
            raws.append(tx.connection)
    for raw in raws:
        raw.set_trace_callback(asked.append)
    ask(store)
    for raw in raws:
        raw.set_trace_callback(None)
    statements = [each for each in asked if each.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "WITH"))]
    lines = [str(row[3]) for each in statements for row in raws[0].execute(f"EXPLAIN QUERY PLAN {each}")]
    ours = [line for line in lines if not any(part in line for part in (*BESIDE, *SMALL))]
    by_index = re.compile(r"SEARCH pingback_mentions USING (COVERING )?INDEX (pingback_mentions_)?")
    return [by_index.sub("", line) for line in ours]


def _listed(selection: Selection, **fields: object) -> Callable[[Store], object]:
    part = Part(size=20, **fields)  # type: ignore[arg-type]  # `fields` are those of a Part
    return lambda store: store.listing.part(selection, part)


def _counted(selection: Selection) -> Callable[[Store], object]:
    return lambda store: store.listing.counts(selection)


PAGE, HOST = "(page_key=? AND status=?)", "(target_host=? AND status=?)"
BY_PAGE = f"by_page {PAGE}"
BY_KIND = "by_host_kind (target_host=? AND status=? AND kind=?)"
BY_KIND_SINCE = "by_host_kind (target_host=? AND status=? AND kind=? AND changed>?)"
SINCE = "by_host_change (target_host=? AND status=? AND changed>?)"
LATER = "SEARCH pingback_mentions USING INTEGER PRIMARY KEY (rowid>?)"
HOME, HOME_AND_MORE = "by_home (home_key=? AND status=?)", "by_home (home_key=? AND status=? AND author_key>?)"
AUTHOR = "by_vouch (home_key=? AND author_key=?)"
NEWS = [
    "by_news (news>?)",
    "SEARCH pingback_notifications USING INDEX sqlite_autoindex_pingback_notifications_1 (channel=? AND mention=?)",
]


QUESTIONS = [
    # A ping
    pytest.param(
        lambda store: store.mentions.arrival(source=MENTION.source, target=FIVE, home="a", hosts=["a.example"]),
        [
            "sqlite_autoindex_pingback_mentions_1 (pair=?)",
            "SEARCH pingback_blocks USING INDEX pingback_blocks_by_host (host=?)",
            *(HOME, HOME_AND_MORE),
            *("by_vouch (home_key=?)", "by_vouch (home_key=? AND author_key>?)", AUTHOR, AUTHOR),
        ],
        id="arrival",
    ),
    pytest.param(
        lambda store: store.mentions.reputation(source=MENTION.source, home="a", author="b"),
        ["by_home (home_key=? AND status=? AND author_key=?)", HOME, AUTHOR, AUTHOR],
        id="an-author",
    ),
    pytest.param(
        lambda store: store.mentions.find_pair(pair_of(MENTION.source, FIVE)),
        ["sqlite_autoindex_pingback_mentions_1 (pair=?)"],
        id="a-pair",
    ),
    # Pages
    pytest.param(lambda store: store.listing.newest_sources(FIVE, most=9), [BY_PAGE], id="pingbacks"),
    pytest.param(lambda store: store.listing.newest(FIVE, most=9), [BY_PAGE], id="trackbacks"),
    pytest.param(_listed(ON_FIVE), [BY_PAGE], id="page"),
    pytest.param(_listed(ON_FIVE, upward=True, skip=9), [BY_PAGE], id="page-upward"),
    pytest.param(_listed(ON_FIVE, after=PLACE), ["by_page (page_key=? AND status=? AND received<?)"], id="page-after"),
    pytest.param(_listed(FILTERED_FIVE), [BY_PAGE], id="page-filtered"),
    pytest.param(_listed(ON_FIVE, sort_by=SortBy.UPDATED), [BY_PAGE, SORTED], id="page-by-change"),
    pytest.param(_listed(ON_FIVE, sort_by=SortBy.PUBLISHED), [BY_PAGE, SORTED], id="page-by-date"),
    pytest.param(_listed(ON_TWO), [BY_PAGE, SORTED], id="pages"),
    pytest.param(_listed(replace(ON_FIVE, host="c.example")), [BY_PAGE], id="page-and-host"),
    pytest.param(_counted(ON_FIVE), [BY_PAGE, GROUPED], id="count-page"),
    # Hosts
    pytest.param(_listed(ON_HOST), [f"by_host {HOST}"], id="host"),
    pytest.param(_listed(ON_HOST, upward=True, skip=9), [f"by_host {HOST}"], id="host-upward"),
    pytest.param(
        _listed(ON_HOST, after=PLACE), ["by_host (target_host=? AND status=? AND received<?)"], id="host-after"
    ),
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
    pytest.param(_listed(replace(ON_HOST, kinds=("rsvp",))), [BY_KIND, BY_KIND, SORTED], id="host-of-a-kind"),
    pytest.param(_listed(replace(ON_HOST, since=NOON)), [SINCE, SINCE, SORTED], id="host-since"),
    pytest.param(_listed(replace(ON_HOST, since_id=1)), [LATER, LATER, SORTED], id="host-since-an-id"),
    pytest.param(
        _listed(replace(ON_HOST, kinds=("rsvp",), since=NOON, since_id=1), sort_by=SortBy.PUBLISHED),
        [BY_KIND_SINCE, BY_KIND_SINCE, SORTED],
        id="host-filtered",
    ),
    pytest.param(
        _counted(ON_HOST),
        [],
        id="count-host",
    ),
    pytest.param(_counted(replace(ON_HOST, since=NOON)), [SINCE, SINCE, GROUPED], id="count-host-since"),
    pytest.param(lambda store: store.listing.withdrawals(size=9), ["by_withdrawal (withdrawn>?)"], id="withdrawals"),
    # The owner
    pytest.param(lambda store: store.overview.page(size=9), ["by_arrival (received<?)"], id="inbox"),
    pytest.param(
        lambda store: store.overview.page(status=SPAM, size=9),
        ["by_status (status=? AND received<?)"],
        id="inbox-of-a-status",
    ),
    pytest.param(
        lambda store: store.overview.pending(size=99), ["seen (received<?)", "unseen (received<?)"], id="pending"
    ),
    pytest.param(
        lambda store: store.overview.counts(),
        [],
        id="inbox-counts",
    ),
    pytest.param(
        lambda store: store.outbox.counts(),
        ["SEARCH pingback_jobs USING INDEX pingback_jobs_by_lease (leased_by>?)"],
        id="outbox-counts",
    ),
    pytest.param(
        lambda store: (store.tallies.mentions(), store.tallies.pings()),
        [],
        id="metrics",
    ),
    pytest.param(
        lambda store: store.overview.days(30, now=NOON),
        [],
        id="days",
    ),
    pytest.param(
        lambda store: store.overview.top_hosts(5, since=NOON - DAY), ["by_arrival (received>?)"], id="top-hosts"
    ),
    pytest.param(lambda store: [*store.mentions.list()], ["by_arrival (received>?)"], id="all"),
    pytest.param(
        lambda store: [*store.mentions.list(status=SPAM)],
        ["by_status (status=? AND received>?)"],
        id="all-of-a-status",
    ),
    pytest.param(
        lambda store: [*store.mentions.list(target=FIVE)],
        ["by_page (page_key=? AND status=? AND received>?)"] * 5,
        id="all-of-a-page",
    ),
    # What goes round
    pytest.param(lambda store: store.notifications.untold("mail", now=NOON, most=9), NEWS, id="untold"),
    pytest.param(
        lambda store: store.notifications.tell("mail", [], now=NOON),
        ["SEARCH pingback_notifications USING INDEX pingback_notifications_by_time (at<?)", *NEWS],
        id="told",
    ),
    pytest.param(
        lambda store: store.looks.add_outdated(hosts=["b.example"], is_ours=bool, reader=1, now=NOON, most=0),
        [
            "by_reading (target_host=? AND read_by<?)",
            "SEARCH pingback_jobs USING COVERING INDEX sqlite_autoindex_pingback_jobs_1 (kind=? AND subject=?)",
        ],
        id="outdated-readings",
    ),
    pytest.param(
        lambda store: store.looks.take_back(hosts=["b.example"], is_ours=bool, now=NOON),
        ["SEARCH pingback_jobs USING INDEX pingback_jobs_left (left_to=?)"],
        id="left-to-us",
    ),
    pytest.param(
        lambda store: store.retention.run(before=NOON - DAY, now=NOON),
        [
            "forgettable (status=? AND changed<?)",
            "SEARCH pingback_jobs USING COVERING INDEX sqlite_autoindex_pingback_jobs_1 (kind=? AND subject=?)",
            "SCAN pingback_outbox USING INDEX pingback_outbox_unlinked",
            "SEARCH pingback_jobs USING COVERING INDEX sqlite_autoindex_pingback_jobs_1 (kind=? AND subject=?)",
            "SEARCH pingback_attempts USING INDEX pingback_attempts_by_ping (ping=?)",
            "SEARCH pingback_attempts USING COVERING INDEX pingback_attempts_by_time (at<?)",
            "SEARCH pingback_discoveries USING INDEX pingback_discoveries_by_end (until<?)",
            "SCAN pingback_pauses",
        ],
        id="retention",
    ),
    pytest.param(
        lambda store: store.rates.take({"a": (1, 60), "b": (1, 3600)}),
        [
            "SEARCH pingback_rates USING INDEX sqlite_autoindex_pingback_rates_1 (key_hash=?)",
            "SEARCH pingback_rates USING INDEX pingback_rates_by_end (until<?)",
        ],
        id="rates",
    ),
    pytest.param(
        lambda store: store.pauses.of("a.example", now=NOON),
        ["SEARCH pingback_pauses USING INDEX sqlite_autoindex_pingback_pauses_1 (host=?)"],
        id="pause-of-a-host",
    ),
]


@pytest.mark.parametrize(("ask", "expected"), QUESTIONS)
def test_an_index_finds_it(store: Store, ask: Callable[[Store], object], expected: list[str]) -> None:
    assert plan(store, ask) == expected


def test_what_was_approved_unseen_is_found_by_an_index(store: Store) -> None:
    store.moderation.on_their_word = (Protocol.TRACKBACK,)
    [found] = plan(store, lambda store: store.moderation.approve_on_their_word())
    assert found == "SCAN pingback_mentions USING INDEX pingback_mentions_wanted"
