"""`pingback.store.overview`: newest first, words that are found, and figures."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pingback.model import Author, Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.store.overview import Cursor
from tests.store.databases import NewStore, emptied

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
MENTION = Mention(
    source="https://a.example/post",
    target="https://my.example/page",
    protocol=Protocol.PINGBACK,
    status=MentionStatus.PENDING,
    received=NOON,
)


@pytest.fixture
def store(new_store: NewStore) -> Store:
    return new_store()


def keep(store: Store, number: int, **given: object) -> None:
    mention = replace(MENTION, source=f"https://a.example/{number}", title=str(number), received=NOON + number * MINUTE)
    store.mentions.keep(replace(mention, **given))  # type: ignore[arg-type]  # as the test names them


def titles(store: Store, *, search: str = "", status: MentionStatus | None = None, size: int = 100) -> list[str | None]:
    return [mention.title for mention in store.overview.page(search=search, status=status, size=size).mentions]


def test_newest_first_whatever_came_first_into_the_store(store: Store) -> None:
    for number in (2, 0, 1):
        keep(store, number)
    assert titles(store) == ["2", "1", "0"]


def test_of_equal_instants_the_last_id_is_the_newest(store: Store) -> None:
    for number in range(3):
        keep(store, number, received=NOON)
    assert titles(store) == ["2", "1", "0"]


@settings(max_examples=50)  # a store for each
@given(size=st.integers(min_value=1, max_value=12), number=st.integers(min_value=0, max_value=12))
def test_pages_one_after_another_are_the_whole(spare_store: Store, size: int, number: int) -> None:
    store = emptied(spare_store)
    for each in range(number):
        keep(store, each, received=NOON + each // 3 * MINUTE)
    found: list[str | None] = []
    page = store.overview.page(size=size)
    found += [mention.title for mention in page.mentions]
    while page.following:
        page = store.overview.page(size=size, after=page.following)
        assert 0 < len(page.mentions) <= size
        found += [mention.title for mention in page.mentions]
    assert found == [str(each) for each in reversed(range(number))]


def test_a_place_that_no_mention_has_is_a_place(store: Store) -> None:
    for number in range(3):
        keep(store, number)
    after = Cursor(int((NOON + 1.5 * MINUTE).timestamp()) * 1_000_000, 0)
    assert [mention.title for mention in store.overview.page(after=after, size=9).mentions] == ["1", "0"]


@settings(max_examples=50)
@given(
    size=st.integers(min_value=1, max_value=12),
    verified=st.lists(st.booleans(), max_size=12),
)
def test_pending_ones_that_nobody_verified_come_last(spare_store: Store, size: int, verified: list[bool]) -> None:
    store = emptied(spare_store)
    for each, seen in enumerate(verified):
        keep(store, each, verified=NOON if seen else None)
    keep(store, 99, status=MentionStatus.SPAM)
    page = store.overview.pending(size=size)
    found = list(page.mentions)
    while page.following:
        page = store.overview.pending(size=size, after=page.following)
        assert 0 < len(page.mentions) <= size
        found += page.mentions
    newest = list(reversed(list(enumerate(verified))))
    expected = [str(each) for wanted in (True, False) for each, seen in newest if seen is wanted]
    assert [mention.title for mention in found] == expected


def test_pending_ones_are_searched(store: Store) -> None:
    keep(store, 1, title="Spade")
    keep(store, 2, title="Fork", verified=NOON)
    assert [mention.title for mention in store.overview.pending(search="spade", size=9).mentions] == ["Spade"]


def test_one_status(store: Store) -> None:
    for number, status in enumerate(MentionStatus):
        keep(store, number, status=status)
    for number, status in enumerate(MentionStatus):
        assert titles(store, status=status) == [str(number)]
    assert set(store.overview.counts().values()) == {1}


def test_counts_of_nothing(store: Store) -> None:
    assert store.overview.counts() == dict.fromkeys(MentionStatus, 0)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        pytest.param("", True, id="no-word"),
        pytest.param("  ", True, id="white-space"),
        pytest.param("a.example/POST", True, id="source"),
        pytest.param("my.example", True, id="target"),
        pytest.param("title", True, id="title-in-another-case"),
        pytest.param("über", True, id="excerpt"),
        pytest.param("Ann", True, id="author"),
        pytest.param("Notes", True, id="site-name"),
        pytest.param("ann title", True, id="two-words-in-two-places"),
        pytest.param("ann nobody", False, id="one-of-two-words"),
        pytest.param("100%", True, id="percent"),
        pytest.param("%", True, id="percent-alone"),
        pytest.param("1%0", False, id="percent-is-no-wildcard"),
        pytest.param("_", False, id="underscore-is-no-wildcard"),
        pytest.param("/po/st", False, id="the-escape-letter"),
        pytest.param("'; DROP TABLE pingback_mentions; --", False, id="sql"),
        pytest.param("a\0b", True, id="nul-parts-words"),
        pytest.param("x" * 200 + " more", False, id="long"),
        pytest.param("a " * 8 + "nobody", True, id="the-ninth-word-is-not-looked-for"),
    ],
)
def test_search(store: Store, search: str, found: bool) -> None:
    author = Author(name="Ann B", url="https://x.example/")
    store.mentions.keep(replace(MENTION, title="A Title", excerpt="über 100%", author=author, site_name="Notes"))
    assert titles(store, search=search) == (["A Title"] if found else [])


# Figures


def test_days(store: Store) -> None:
    for number, received in enumerate(
        [
            datetime(2026, 1, 2, 23, 59, 59, 999999, tzinfo=UTC),
            datetime(2026, 1, 2, tzinfo=UTC),
            datetime(2026, 1, 1, 23, 59, 59, 999999, tzinfo=UTC),
            datetime(2025, 12, 31, tzinfo=UTC),
            datetime(2025, 12, 30, 23, 59, tzinfo=UTC),
        ]
    ):
        keep(store, number, received=received)
    assert store.overview.days(3, now=NOON) == [(date(2025, 12, 31), 1), (date(2026, 1, 1), 1), (date(2026, 1, 2), 2)]


def test_days_of_nothing(store: Store) -> None:
    assert store.overview.days(2, now=NOON) == [(date(2026, 1, 1), 0), (date(2026, 1, 2), 0)]


def test_top_hosts(store: Store) -> None:
    for number, host in enumerate(["b.example", "B.example:80", "a.example", "c.example:8080", "c.example:8080", "d"]):
        keep(store, number, source=f"http://{host}/{number}", received=NOON + number * MINUTE)
    since = NOON
    assert store.overview.top_hosts(3, since=since) == [("b.example", 2), ("c.example:8080", 2), ("a.example", 1)]
    assert store.overview.top_hosts(3, since=NOON + 5 * MINUTE) == [("d", 1)]
