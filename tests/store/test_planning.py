"""`Outbox.plan`: a post's links beside what the outbox holds of it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.model import OutcomeStatus, Protocol
from pingback.protocols.table import EVERY
from pingback.store import Store
from pingback.work import Plan, QueuedPing
from tests.store.databases import emptied
from tests.store.sent import (
    ACCEPTED,
    HOUR,
    MINUTE,
    NOON,
    ONE,
    POST,
    THREE,
    TWO,
    plan,
    plan_gone,
    plan_links,
    postpone,
    record,
    release,
    take,
    targets,
    tell,
)

LINKS = st.dictionaries(st.sampled_from([ONE, TWO, THREE, "https://one.example/2"]), st.sampled_from("abc"))


def test_new_links_wait_in_the_order_of_the_post(store: Store) -> None:
    planned = plan_links(
        store,
        {TWO: "w2", "https://ONE.example:8443/x#y": "w1"},
    )
    assert planned == Plan(new=2)
    two, one = store.outbox.pings()
    assert one == QueuedPing(
        id=one.id,
        source=POST,
        target="https://ONE.example:8443/x#y",
        host="one.example",
        status=OutcomeStatus.WAITING,
        message="waiting to be sent",
        protocol=None,
        endpoint=None,
        fault=None,
        attempts=0,
        next_try=NOON,
        fingerprint="w1",
        linked=True,
        told_by=None,
        is_held=False,
    )
    assert (two.target, two.fingerprint) == (TWO, "w2")


def test_of_equal_targets_the_first_counts(store: Store) -> None:
    links = {"http://one.example": "first", "https://ONE.example/#part": "second"}
    assert plan_links(store, links) == Plan(new=1)
    assert plan_links(store, links) == Plan(unchanged=1)
    assert [(ping.target, ping.fingerprint) for ping in store.outbox.pings()] == [("http://one.example", "first")]


def test_counts_of_what_is_new_changed_removed_and_unchanged(store: Store) -> None:
    plan_links(store, {ONE: "w", TWO: "w", THREE: "w"}, fingerprint="1", now=NOON)
    links = {ONE: "w", TWO: "other", "https://four.example/": "w", "https://five.example/": "w"}
    assert plan_links(store, links, fingerprint="2", now=NOON) == Plan(new=2, changed=1, removed=1, unchanged=1)
    assert plan_links(store, {THREE: "w"}, fingerprint="3", now=NOON) == Plan(changed=1, removed=4)


def test_a_post_concerns_its_own_pings_only(store: Store) -> None:
    other = "https://a.example/other"
    plan(store, ONE)
    plan(store, ONE, TWO, source=other)
    plan(store)
    assert [ping.linked for ping in store.outbox.pings(source=POST)] == [False]
    assert [ping.linked for ping in store.outbox.pings(source=other)] == [True, True]


def test_what_is_no_news_keeps_its_turn(store: Store) -> None:
    plan(store, ONE, TWO)
    one, two = take(store)
    record(store, one, ACCEPTED)
    postpone(store, two, NOON + HOUR)
    before = list(store.outbox.pings())
    plan(store, ONE, TWO, now=NOON + MINUTE)
    assert list(store.outbox.pings()) == before


def test_the_same_links_under_other_spellings_are_no_news(store: Store) -> None:
    plan(store, ONE)
    before = list(store.outbox.pings())
    assert plan_links(store, {"http://one.example": "words"}, source="http://A.example/post#top") == Plan(unchanged=1)
    assert list(store.outbox.pings()) == before


@pytest.mark.parametrize(
    ("protocol", "due"),
    [
        pytest.param(Protocol.WEBMENTION, [ONE], id="webmention-3.1.4"),
        pytest.param(Protocol.PINGBACK, [], id="pingback"),
        pytest.param(Protocol.TRACKBACK, [], id="trackback"),
    ],
)
def test_told_ones_hear_of_changes_by_webmention_only(store: Store, protocol: Protocol, due: list[str]) -> None:
    plan(store, ONE)
    tell(store, outcome=replace(ACCEPTED, protocol=protocol))
    plan_links(store, {ONE: "other words"})
    tell_of_change = take(store)
    assert targets(tell_of_change) == due
    assert [ping.fingerprint for ping in store.outbox.pings()] == ["other words"]


def test_a_removed_link_is_told_once(store: Store) -> None:
    plan(store, ONE, TWO)
    [one, _] = take(store)
    record(store, one, ACCEPTED)
    release(store, take(store, now=NOON + HOUR), now=NOON + HOUR)
    plan(store, now=NOON + HOUR)
    tell(store, now=NOON + HOUR)
    plan(store, now=NOON + 2 * HOUR)
    assert take(store, now=NOON + 3 * HOUR) == []
    assert [(ping.status, ping.attempts) for ping in store.outbox.pings()] == [
        (OutcomeStatus.ACCEPTED, 2),
        (OutcomeStatus.SKIPPED, 0),
    ]


def test_a_post_that_is_gone_tells_those_once_told(store: Store) -> None:
    """Webmention §3.1.5."""
    plan(store, ONE)
    tell(store)
    plan(store, ONE, TWO)
    assert plan_gone(store, now=NOON + HOUR) == Plan(removed=2)
    assert plan_gone(store, now=NOON + 2 * HOUR) == Plan()
    assert [(ping.target, ping.next_try, ping.linked) for ping in store.outbox.pings()] == [
        (ONE, NOON + HOUR, False),
        (TWO, None, False),
    ]
    known = store.posts.at(POST)
    assert known is not None
    assert (known.gone, known.seen) == (True, NOON)


def test_a_post_that_came_back_is_there_again(store: Store) -> None:
    plan(store, ONE)
    plan_gone(store, now=NOON)
    plan(store, ONE)
    assert [known.gone for known in store.posts.under("https://a.example/")] == [False]
    assert targets(take(store)) == [ONE]


def test_a_post_that_nobody_knows_may_be_gone(store: Store) -> None:
    assert plan_gone(store, now=NOON) == Plan()
    assert store.posts.at(POST) is None


@pytest.mark.parametrize(
    ("source", "links"),
    [
        pytest.param("/post", {ONE: "w"}, id="relative-source"),
        pytest.param("/post", {}, id="relative-source-without-links"),
        pytest.param(POST, {ONE: "w", "mailto:a@b.example": "w"}, id="target-is-no-http-url"),
    ],
)
def test_a_callers_mistake_is_a_value_error_and_changes_nothing(
    store: Store, source: str, links: Mapping[str, str]
) -> None:
    with pytest.raises(ValueError, match="URL"):
        plan_links(store, links, source=source)
    with pytest.raises(ValueError, match="time zone"):
        plan_links(store, {ONE: "w"}, fingerprint="entry", now=NOON.replace(tzinfo=None))
    assert list(store.outbox.pings()) == []
    assert store.posts.at(POST) is None


def test_more_links_than_are_written_at_once(store: Store) -> None:
    many = [f"https://b{number}.example/" for number in range(1201)]
    plan(store, *many)
    assert targets(store.outbox.pings()) == many
    links = {target: "words" if number % 2 else "other words" for number, target in enumerate(many[:1100])}
    planned = plan_links(store, links, fingerprint="entry", now=NOON + MINUTE)
    assert planned == Plan(changed=550, removed=101, unchanged=550)


@given(
    before=LINKS, links=LINKS, told=st.sets(st.sampled_from([ONE, TWO, THREE])), protocol=st.sampled_from(list(EVERY))
)
def test_planning_twice_is_planning_once(
    spare_store: Store, before: dict[str, str], links: dict[str, str], told: set[str], protocol: Protocol
) -> None:
    store = emptied(spare_store)
    plan_links(store, before, fingerprint="before", now=NOON)
    for held in take(store):
        if held.ping.target in told:
            record(store, held, replace(ACCEPTED, protocol=protocol))
    first = plan_links(store, links, fingerprint="after", now=NOON + MINUTE)
    once = list(store.outbox.pings())
    assert plan_links(store, links, fingerprint="after", now=NOON + HOUR) == Plan(unchanged=len(links))
    assert list(store.outbox.pings()) == once
    assert first.new + first.changed + first.unchanged == len(links)
    assert {ping.target: ping.fingerprint for ping in once if ping.linked} == links
    assert set(targets(once)) == before.keys() | links.keys()


@given(plans=st.lists(LINKS, max_size=5))
def test_whatever_was_planned_the_far_side_ends_up_with_the_links_of_the_post(
    spare_store: Store, plans: list[dict[str, str]]
) -> None:
    """Told after each second plan, by Webmention: what each target heard last is what the post says of it."""
    heard: dict[str, str | None] = {}
    store = emptied(spare_store)
    for number, links in enumerate(plans):
        plan_links(store, links, fingerprint=str(number), now=NOON)
        if number % 2:
            heard |= _delivered(store)
    heard |= _delivered(store)
    wanted = dict(plans[-1]) if plans else {}
    assert {target: words for target, words in heard.items() if words is not None} == wanted


def _delivered(store: Store) -> Iterator[tuple[str, str | None]]:
    for held in take(store):
        record(store, held, ACCEPTED)
        yield held.ping.target, held.ping.fingerprint if held.ping.linked else None
