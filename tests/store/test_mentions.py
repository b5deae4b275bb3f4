"""`pingback.store.mentions`: one mention for each pair, in order of arrival, safe from several threads."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier

import pytest

from pingback.errors import StoreError
from pingback.model import Author, Content, Mention, MentionKind, MentionStatus, Protocol, Reputation, Rsvp
from pingback.store import Store
from pingback.store.keys import NOBODY, pair_of
from pingback.store.mentions import Arrival
from tests.store.databases import NewStore

NOON = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)


def mention(
    source: str = "https://a.example/post", target: str = "https://b.example/part-5", **words: object
) -> Mention:
    whole = Mention(
        source=source, target=target, protocol=Protocol.PINGBACK, status=MentionStatus.APPROVED, received=NOON
    )
    return replace(whole, **words)  # type: ignore[arg-type]  # `words` are fields of a Mention


WHOLE = mention(
    kind=MentionKind.LIKE,
    title="Ünï “curly” & <b>",
    excerpt="[…] 本 [...] 🙂",
    site_name="A site",
    author=Author(name="Ann", url="https://a.example/", photo="https://a.example/a.png"),
    rsvp=Rsvp.MAYBE,
    permalink="https://a.example/6",
    original="https://copy.example/6",
    content=Content(text="So\nit is", html="<p>So<br>it is</p>"),
    published_as="2026-05-05T23:30-05:00",
    read_by=3,
    published=datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    verified=NOON + timedelta(microseconds=1),
    fault=17,
)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(mention(), id="only-what-must-be"),
        pytest.param(WHOLE, id="every-field"),
        pytest.param(replace(WHOLE, author=Author(name="Ann")), id="part-of-an-author"),
        pytest.param(replace(WHOLE, status=MentionStatus.REJECTED), id="rejected"),
    ],
)
def test_what_is_kept_is_found(store: Store, given: Mention) -> None:
    kept, new = store.mentions.keep(given)
    assert new
    assert kept.id is not None
    assert replace(kept, id=None) == given
    assert store.mentions.find(given.source, given.target) == kept
    assert list(store.mentions.list()) == [kept]


@pytest.mark.parametrize(
    ("found", "decision"),
    [
        pytest.param({"status": MentionStatus.PENDING}, MentionStatus.APPROVED, id="still-unseen"),
        pytest.param({"status": MentionStatus.APPROVED, "verified": NOON}, MentionStatus.APPROVED, id="seen"),
        pytest.param({"status": MentionStatus.PENDING, "verified": NOON}, None, id="seen-and-doubted"),
        pytest.param({"status": MentionStatus.SPAM, "verified": NOON}, None, id="seen-to-be-spam"),
    ],
)
def test_an_approval_outlives_a_source_that_was_not_there(
    store: Store, found: dict[str, object], decision: MentionStatus | None
) -> None:
    store.mentions.keep(mention(status=MentionStatus.PENDING))
    [wanted] = store.moderation.decide([1], MentionStatus.APPROVED)
    store.mentions.update(replace(wanted, status=MentionStatus.REJECTED, fault=16))
    kept, new = store.mentions.keep(replace(mention(), **found))  # type: ignore[arg-type]  # fields
    assert (new, kept.status, kept.decision) == (True, found["status"], decision)


def test_instants_of_any_zone_become_utc(store: Store) -> None:
    there = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    kept, _ = store.mentions.keep(mention(received=there))
    assert kept.received == NOON
    assert kept.received.tzinfo is UTC


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(mention(received=NOON.replace(tzinfo=None)), id="naive-instant"),
        pytest.param(mention(source="/post"), id="relative-source"),
        pytest.param(mention(target="mailto:a@b.example"), id="target-is-no-http-url"),
    ],
)
def test_a_callers_mistake_is_a_value_error(store: Store, given: Mention) -> None:
    with pytest.raises(ValueError, match=r"time zone|URL"):
        store.mentions.keep(given)


def test_nul_and_lone_surrogates_are_left_out(store: Store) -> None:
    kept, _ = store.mentions.keep(mention(title="a\0b\ud800c"))
    assert kept.title == "abc"


def test_the_same_pair_again_is_not_new_and_changes_nothing(store: Store) -> None:
    first, _ = store.mentions.keep(mention(title="first"))
    assert store.mentions.keep(mention(title="second", received=NOON + HOUR)) == (first, False)


def test_a_mention_is_found_by_the_key_of_its_pair(store: Store) -> None:
    kept, _ = store.mentions.keep(mention())
    store.mentions.keep(mention("https://a.example/other"))
    assert store.mentions.find_pair(pair_of("http://A.example/post#top", "https://b.example/part-5")) == kept
    for key in (pair_of("https://b.example/part-5", "https://a.example/post"), "", "x" * 9000):
        assert store.mentions.find_pair(key) is None


@pytest.mark.parametrize(
    ("source", "target"),
    [
        pytest.param("http://A.example:80/post#top", "https://b.example/part-5", id="scheme-host-port-fragment"),
        pytest.param("https://a.example/%70ost", "https://b.example/./part-5", id="rfc3986-6.2.2"),
    ],
)
def test_equal_urls_are_the_same_pair(store: Store, source: str, target: str) -> None:
    first, _ = store.mentions.keep(mention())
    assert store.mentions.keep(mention(source, target)) == (first, False)
    assert store.mentions.find(source, target) == first
    assert [kept.source for kept in store.mentions.list(target=target)] == ["https://a.example/post"]


def test_a_rejected_mention_is_overwritten_and_keeps_its_id(store: Store) -> None:
    first, _ = store.mentions.keep(mention(status=MentionStatus.REJECTED, fault=17))
    again, new = store.mentions.keep(mention(title="now it links", received=NOON + HOUR))
    assert new
    assert again == replace(mention(title="now it links", received=NOON + HOUR), id=first.id)
    assert store.mentions.keep(mention())[1] is False


@pytest.mark.parametrize("status", [MentionStatus.PENDING, MentionStatus.SPAM, MentionStatus.DELETED])
def test_any_other_status_is_known(store: Store, status: MentionStatus) -> None:
    first, _ = store.mentions.keep(mention(status=status))
    assert store.mentions.keep(mention()) == (first, False)


def test_of_many_equal_pings_at_once_one_is_new(store: Store) -> None:
    together = Barrier(8, timeout=300)

    def keep(number: int) -> tuple[Mention, bool]:
        together.wait()
        return store.mentions.keep(mention(title=f"thread {number}"))

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(keep, range(8)))
    assert sorted(new for _, new in results) == [False] * 7 + [True]
    assert len({kept for kept, _ in results}) == 1


def test_a_fresh_file_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    together = Barrier(8, timeout=300)

    def keep(number: int) -> bool:
        together.wait()
        with Store(f"sqlite:///{tmp_path}/new.db") as store:
            return store.mentions.keep(mention(f"https://a.example/{number}"))[1]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(keep, range(8)))


def test_update_changes_all_but_urls_and_arrival(store: Store) -> None:
    kept, _ = store.mentions.keep(mention())
    given = replace(WHOLE, id=kept.id, source="https://c.example/", target="https://d.example/", received=NOON + HOUR)
    updated = store.mentions.update(given)
    assert updated == replace(WHOLE, id=kept.id, source=kept.source, target=kept.target, received=kept.received)
    assert store.mentions.find(kept.source, kept.target) == updated


def test_update_of_what_was_never_kept(store: Store) -> None:
    with pytest.raises(ValueError, match="kept"):
        store.mentions.update(mention())
    with pytest.raises(StoreError, match="no mention 77"):
        store.mentions.update(mention(id=77))


def test_mentions_in_order_of_arrival_by_target_and_status(store: Store) -> None:
    later = store.mentions.keep(mention("https://a.example/later", received=NOON + HOUR))[0]
    early = store.mentions.keep(mention("https://a.example/early"))[0]
    same = store.mentions.keep(mention("https://a.example/same-time"))[0]
    spam = store.mentions.keep(mention("https://a.example/spam", status=MentionStatus.SPAM))[0]
    other = store.mentions.keep(mention(target="https://b.example/part-6"))[0]
    assert list(store.mentions.list()) == [early, same, spam, other, later]
    assert list(store.mentions.list(status=MentionStatus.SPAM)) == [spam]
    assert list(store.mentions.list(target="http://b.example/part-5", status=MentionStatus.APPROVED)) == [
        early,
        same,
        later,
    ]
    assert list(store.mentions.list(target="https://b.example/part")) == []


def test_more_mentions_than_a_page_come_once_each(new_store: NewStore) -> None:
    sources = [f"https://a.example/{number}" for number in range(501)]
    store = new_store()
    for number, source in enumerate(sources):
        store.mentions.keep(mention(source, received=NOON + timedelta(seconds=number // 300)))
    assert [kept.source for kept in store.mentions.list()] == sources


def test_the_store_can_be_written_while_it_is_listed(store: Store) -> None:
    store.mentions.keep(mention())
    for kept in store.mentions.list():
        store.mentions.update(replace(kept, title="seen"))
    assert [kept.title for kept in store.mentions.list()] == ["seen"]


def test_what_was_kept_is_there_after_reopening(shared_url: str) -> None:
    with Store(shared_url) as store:
        kept, _ = store.mentions.keep(WHOLE)
    with Store(shared_url) as store:
        assert list(store.mentions.list()) == [kept]


def test_what_was_kept_is_seen_by_another_connection_at_once(shared_url: str) -> None:
    with Store(shared_url) as one, Store(shared_url) as other:
        kept, _ = one.mentions.keep(mention())
        assert other.mentions.find(kept.source, kept.target) == kept


def test_commits_wait_for_the_disk(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path}/mentions.db") as store:
        store.mentions.keep(mention())
        with closing(sqlite3.connect(tmp_path / "mentions.db")) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        with store._database.read() as own:  # no public way shows it, and the contract hangs on it
            assert own.execute("PRAGMA synchronous").scalar() == 2  # FULL


def test_a_file_that_was_deleted_is_made_anew(tmp_path: Path) -> None:
    """SQLite would go on in the file that nobody can see any more."""
    file = tmp_path / "mentions.db"
    with Store(f"sqlite:///{file}") as store:
        store.mentions.keep(mention())
        for each in tmp_path.iterdir():
            each.unlink()
        kept, new = store.mentions.keep(mention())
        assert new
    with Store(f"sqlite:///{file}") as store:
        assert list(store.mentions.list()) == [kept]


def test_a_file_that_was_replaced_by_rubbish_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "mentions.db"
    with Store(f"sqlite:///{file}") as store:
        store.mentions.keep(mention())
        for each in tmp_path.iterdir():
            each.unlink()
        file.write_bytes(b"rubbish " * 500)
        with pytest.raises(StoreError, match="is not an SQLite database"):
            store.mentions.keep(mention())


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    store.close()
    for use in (
        lambda: store.mentions.keep(mention()),
        lambda: store.mentions.find("http://a.example/", "http://b.example/"),
        lambda: next(store.mentions.list()),
    ):
        with pytest.raises(StoreError, match="closed"):
            use()


class TestArrival:
    """What is known when a ping comes."""

    SOURCE, TARGET = "https://a.example/post", "https://b.example/part-5"

    def arrival(self, store: Store, source: str = SOURCE, home: str = "a.example") -> Arrival:
        return store.mentions.arrival(source=source, target=self.TARGET, home=home, hosts=["a.example", ""])

    def keep(
        self,
        store: Store,
        source: str,
        status: MentionStatus = MentionStatus.APPROVED,
        *,
        target: str = "https://b.example/1",
    ) -> None:
        store.mentions.keep(mention(source, target, status=status), home="a.example")

    def test_nothing(self, store: Store) -> None:
        assert self.arrival(store) == Arrival(known=None, unreadable=False, blocks=(), reputation=Reputation())

    @pytest.mark.parametrize("status", list(MentionStatus))
    def test_the_mention_of_the_pair(self, store: Store, status: MentionStatus) -> None:
        kept, _ = store.mentions.keep(mention(self.SOURCE, self.TARGET, status=status))
        assert self.arrival(store, "http://A.example/post").known == kept
        assert self.arrival(store, "https://a.example/other").known is None

    def test_the_blocks_of_the_hosts(self, store: Store) -> None:
        for block, host in (("a.example/x", "a.example"), ("*.casino.example", ""), ("c.example", "c.example")):
            store.blocks.add(block, host=host)
        assert sorted(self.arrival(store).blocks) == ["*.casino.example", "a.example/x"]

    @pytest.mark.parametrize(
        ("sources", "vouched"),
        [
            pytest.param([], False, id="nobody"),
            pytest.param(["https://a.example/post"], False, id="itself"),
            pytest.param(["http://A.example:80/post#top"], False, id="itself-in-another-spelling"),
            pytest.param(["https://a.example/another"], True, id="another"),
            pytest.param(["https://a.example/post", "https://a.example/another"], True, id="itself-and-another"),
            pytest.param(["https://a.example/post", "https://a.example/p%6Fst"], False, id="itself-twice"),
        ],
    )
    def test_another_page_of_the_home(self, store: Store, sources: list[str], vouched: bool) -> None:
        for number, source in enumerate(sources):
            self.keep(store, source, target=f"https://b.example/{number}")
        assert self.arrival(store).reputation == Reputation(vouched=frozenset({NOBODY} if vouched else ()))
        assert self.arrival(store, home="c.example").reputation == Reputation()

    def test_spam_of_the_home(self, store: Store) -> None:
        self.keep(store, "https://a.example/1", MentionStatus.SPAM)
        self.keep(store, "https://a.example/2")
        assert self.arrival(store).reputation == Reputation(spam=frozenset({NOBODY}), vouched=frozenset({NOBODY}))

    @pytest.mark.parametrize("status", [each for each in MentionStatus if each is not MentionStatus.APPROVED])
    def test_what_is_not_approved_vouches_for_nobody(self, store: Store, status: MentionStatus) -> None:
        self.keep(store, "https://a.example/1", status)
        assert not self.arrival(store).reputation.vouched


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**30], ids=str)
def test_no_mention_has_a_number_that_no_row_has(store: Store, number: int) -> None:
    kept, _ = store.mentions.keep(mention())
    assert store.mentions.at(number) is None
    assert store.mentions.with_ids([number, kept.id or 0]) == [kept]
