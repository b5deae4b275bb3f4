"""`pingback.store.planning`, by way of `Outbox.plan`: a post's links beside what the outbox holds of it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.model import OutcomeStatus, Plan, Protocol, QueuedPing
from pingback.protocols.table import EVERY
from pingback.store import Store
from pingback.store.outbox import Outbox
from tests.store.sent import (
    ACCEPTED,
    HOUR,
    MINUTE,
    NOON,
    ONE,
    POST,
    RETELLING,
    THREE,
    TWO,
    claim,
    plan,
    record,
    targets,
    tell,
)

LINKS = st.dictionaries(st.sampled_from([ONE, TWO, THREE, "https://one.example/2"]), st.sampled_from("abc"))


def test_new_links_wait_in_the_order_of_the_post(outbox: Outbox) -> None:
    planned = outbox.plan(
        POST, {TWO: "w2", "https://ONE.example:8443/x#y": "w1"}, fingerprint="entry", now=NOON, retelling=RETELLING
    )
    assert planned == Plan(new=2)
    two, one = outbox.pings()
    assert one == QueuedPing(
        id=one.id,
        source=POST,
        target="https://ONE.example:8443/x#y",
        host="one.example:8443",
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
        failing_since=None,
        leased_until=None,
    )
    assert (two.target, two.fingerprint) == (TWO, "w2")


def test_of_equal_targets_the_first_counts(outbox: Outbox) -> None:
    links = {"http://one.example": "first", "https://ONE.example/#part": "second"}
    assert outbox.plan(POST, links, fingerprint="entry", now=NOON, retelling=RETELLING) == Plan(new=1)
    assert outbox.plan(POST, links, fingerprint="entry", now=NOON, retelling=RETELLING) == Plan(unchanged=1)
    assert [(ping.target, ping.fingerprint) for ping in outbox.pings()] == [("http://one.example", "first")]


def test_counts_of_what_is_new_changed_removed_and_unchanged(outbox: Outbox) -> None:
    outbox.plan(POST, {ONE: "w", TWO: "w", THREE: "w"}, fingerprint="1", now=NOON, retelling=RETELLING)
    links = {ONE: "w", TWO: "other", "https://four.example/": "w", "https://five.example/": "w"}
    assert outbox.plan(POST, links, fingerprint="2", now=NOON, retelling=RETELLING) == Plan(
        new=2, changed=1, removed=1, unchanged=1
    )
    assert outbox.plan(POST, {THREE: "w"}, fingerprint="3", now=NOON, retelling=RETELLING) == Plan(changed=1, removed=4)


def test_a_post_concerns_its_own_pings_only(outbox: Outbox) -> None:
    other = "https://a.example/other"
    plan(outbox, ONE)
    plan(outbox, ONE, TWO, source=other)
    plan(outbox)
    assert [ping.linked for ping in outbox.pings(source=POST)] == [False]
    assert [ping.linked for ping in outbox.pings(source=other)] == [True, True]


def test_what_is_no_news_keeps_its_turn(outbox: Outbox) -> None:
    plan(outbox, ONE, TWO)
    one, two = claim(outbox)
    record(outbox, one, ACCEPTED)
    outbox.postpone(two, until=NOON + HOUR)
    before = list(outbox.pings())
    plan(outbox, ONE, TWO, now=NOON + MINUTE)
    assert list(outbox.pings()) == before


def test_the_same_links_under_other_spellings_are_no_news(outbox: Outbox) -> None:
    plan(outbox, ONE)
    before = list(outbox.pings())
    assert outbox.plan(
        "http://A.example/post#top", {"http://one.example": "words"}, fingerprint="", now=NOON, retelling=RETELLING
    ) == Plan(unchanged=1)
    assert list(outbox.pings()) == before


@pytest.mark.parametrize(
    ("protocol", "due"),
    [
        pytest.param(Protocol.WEBMENTION, [ONE], id="webmention-3.1.4"),
        pytest.param(Protocol.PINGBACK, [], id="pingback"),
        pytest.param(Protocol.TRACKBACK, [], id="trackback"),
    ],
)
def test_told_ones_hear_of_changes_by_webmention_only(outbox: Outbox, protocol: Protocol, due: list[str]) -> None:
    plan(outbox, ONE)
    tell(outbox, outcome=replace(ACCEPTED, protocol=protocol))
    outbox.plan(POST, {ONE: "other words"}, fingerprint="entry", now=NOON, retelling=RETELLING)
    tell_of_change = claim(outbox)
    assert targets(tell_of_change) == due
    assert [ping.fingerprint for ping in outbox.pings()] == ["other words"]


def test_a_removed_link_is_told_once(outbox: Outbox) -> None:
    plan(outbox, ONE, TWO)
    [one, _] = claim(outbox)
    record(outbox, one, ACCEPTED)
    outbox.release(claim(outbox, now=NOON + HOUR))
    plan(outbox, now=NOON + HOUR)
    tell(outbox, now=NOON + HOUR)
    plan(outbox, now=NOON + 2 * HOUR)
    assert claim(outbox, now=NOON + 3 * HOUR) == []
    assert [(ping.status, ping.attempts) for ping in outbox.pings()] == [
        (OutcomeStatus.ACCEPTED, 2),
        (OutcomeStatus.SKIPPED, 0),
    ]


def test_a_post_that_is_gone_tells_those_once_told(outbox: Outbox) -> None:
    """Webmention §3.1.5."""
    plan(outbox, ONE)
    tell(outbox)
    plan(outbox, ONE, TWO)
    assert outbox.plan_gone(POST, now=NOON + HOUR, retelling=RETELLING) == Plan(removed=2)
    assert outbox.plan_gone(POST, now=NOON + 2 * HOUR, retelling=RETELLING) == Plan()
    assert [(ping.target, ping.next_try, ping.linked) for ping in outbox.pings()] == [
        (ONE, NOON + HOUR, False),
        (TWO, None, False),
    ]
    known = outbox.post(POST)
    assert known is not None
    assert (known.gone, known.seen) == (True, NOON)


def test_a_post_that_came_back_is_there_again(outbox: Outbox) -> None:
    plan(outbox, ONE)
    outbox.plan_gone(POST, now=NOON, retelling=RETELLING)
    plan(outbox, ONE)
    assert [known.gone for known in outbox.posts_under("https://a.example/")] == [False]
    assert targets(claim(outbox)) == [ONE]


def test_a_post_that_nobody_knows_may_be_gone(outbox: Outbox) -> None:
    assert outbox.plan_gone(POST, now=NOON, retelling=RETELLING) == Plan()
    assert outbox.post(POST) is None


@pytest.mark.parametrize(
    ("source", "links"),
    [
        pytest.param("/post", {ONE: "w"}, id="relative-source"),
        pytest.param("/post", {}, id="relative-source-without-links"),
        pytest.param(POST, {ONE: "w", "mailto:a@b.example": "w"}, id="target-is-no-http-url"),
    ],
)
def test_a_callers_mistake_is_a_value_error_and_changes_nothing(
    outbox: Outbox, source: str, links: Mapping[str, str]
) -> None:
    with pytest.raises(ValueError, match="URL"):
        outbox.plan(source, links, fingerprint="entry", now=NOON, retelling=RETELLING)
    with pytest.raises(ValueError, match="time zone"):
        outbox.plan(POST, {ONE: "w"}, fingerprint="entry", now=NOON.replace(tzinfo=None), retelling=RETELLING)
    assert list(outbox.pings()) == []
    assert outbox.post(POST) is None


def test_more_links_than_are_written_at_once(outbox: Outbox) -> None:
    many = [f"https://b{number}.example/" for number in range(1201)]
    plan(outbox, *many)
    assert targets(outbox.pings()) == many
    links = {target: "words" if number % 2 else "other words" for number, target in enumerate(many[:1100])}
    planned = outbox.plan(POST, links, fingerprint="entry", now=NOON + MINUTE, retelling=RETELLING)
    assert planned == Plan(changed=550, removed=101, unchanged=550)


@given(
    before=LINKS, links=LINKS, told=st.sets(st.sampled_from([ONE, TWO, THREE])), protocol=st.sampled_from(list(EVERY))
)
def test_planning_twice_is_planning_once(
    before: dict[str, str], links: dict[str, str], told: set[str], protocol: Protocol
) -> None:
    with Store("sqlite://") as store:
        outbox = store.outbox
        outbox.plan(POST, before, fingerprint="before", now=NOON, retelling=RETELLING)
        for ping in claim(outbox):
            if ping.target in told:
                record(outbox, ping, replace(ACCEPTED, protocol=protocol))
        first = outbox.plan(POST, links, fingerprint="after", now=NOON + MINUTE, retelling=RETELLING)
        once = list(outbox.pings())
        assert outbox.plan(POST, links, fingerprint="after", now=NOON + HOUR, retelling=RETELLING) == Plan(
            unchanged=len(links)
        )
        assert list(outbox.pings()) == once
        assert first.new + first.changed + first.unchanged == len(links)
        assert {ping.target: ping.fingerprint for ping in once if ping.linked} == links
        assert set(targets(once)) == before.keys() | links.keys()


@given(plans=st.lists(LINKS, max_size=5))
def test_whatever_was_planned_the_far_side_ends_up_with_the_links_of_the_post(plans: list[dict[str, str]]) -> None:
    """Told after each second plan, by Webmention: what each target heard last is what the post says of it."""
    heard: dict[str, str | None] = {}
    with Store("sqlite://") as store:
        for number, links in enumerate(plans):
            store.outbox.plan(POST, links, fingerprint=str(number), now=NOON, retelling=RETELLING)
            if number % 2:
                heard |= _delivered(store.outbox)
        heard |= _delivered(store.outbox)
    wanted = dict(plans[-1]) if plans else {}
    assert {target: words for target, words in heard.items() if words is not None} == wanted


def _delivered(outbox: Outbox) -> Iterator[tuple[str, str | None]]:
    for ping in claim(outbox):
        record(outbox, ping, ACCEPTED)
        yield ping.target, ping.fingerprint if ping.linked else None
