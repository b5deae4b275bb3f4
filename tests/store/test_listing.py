"""`pingback.store.listing`: approved mentions selected, sorted and in parts, and what was withdrawn."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pingback.model import Mention, MentionKind, MentionStatus, Protocol, Rsvp
from pingback.store import Store
from pingback.store.listing import Part, Place, Selection, SortBy
from tests.receive.pages import Clock
from tests.store.databases import NewStore

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
FIVE = "https://b.example/part-5"
ON_FIVE = Selection(targets=(FIVE,))
ALL = Part(size=100)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(new_store: NewStore, clock: Clock) -> Store:
    return new_store(clock=clock)


def mention(name: str, *, target: str = FIVE, minute: int = 0, **fields: object) -> Mention:
    whole = Mention(
        source=f"https://a.example/{name}",
        target=target,
        protocol=Protocol.WEBMENTION,
        status=MentionStatus.APPROVED,
        title=name,
        received=NOON + timedelta(minutes=minute),
    )
    return replace(whole, **fields)  # type: ignore[arg-type]  # `fields` are those of a Mention


def keep(store: Store, *mentions: Mention) -> list[Mention]:
    return [store.mentions.keep(each)[0] for each in mentions]


def names(store: Store, selection: Selection = ON_FIVE, part: Part = ALL) -> str:
    """The titles of what is shown, in order."""
    return " ".join(str(each.title) for each in store.listing.part(selection, part).mentions)


@pytest.mark.parametrize("status", [status for status in MentionStatus if status is not MentionStatus.APPROVED])
def test_only_what_is_approved_is_shown(store: Store, status: MentionStatus) -> None:
    keep(store, mention("hidden", status=status), mention("shown"))
    assert names(store) == names(store, Selection()) == "shown"
    assert store.listing.counts(Selection()).kinds == {MentionKind.MENTION: 1}


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        pytest.param(Selection(), "port other bare like five", id="all"),
        pytest.param(Selection(targets=(FIVE,)), "like five", id="a-target"),
        pytest.param(Selection(targets=("http://B.example:80/%70art-5#x",)), "like five", id="an-equal-target"),
        pytest.param(Selection(targets=(FIVE, "https://b.example")), "bare like five", id="several-targets"),
        pytest.param(Selection(targets=("https://b.example/part",)), "", id="a-prefix-is-no-target"),
        pytest.param(Selection(host="b.example"), "port bare like five", id="a-host-with-whatever-port"),
        pytest.param(Selection(host="b.example:8443"), "port", id="a-host-and-its-port"),
        pytest.param(Selection(host="example"), "", id="a-part-of-a-host"),
        pytest.param(Selection(host="%"), "", id="a-wildcard-is-no-host"),
        pytest.param(Selection(host="_.example"), "", id="nor-is-the-other-one"),
        pytest.param(Selection(host="c.example", targets=(FIVE,)), "", id="both-must-be-so"),
        pytest.param(Selection(kinds=("like-of", "repost-of")), "like", id="kinds"),
        pytest.param(Selection(kinds=("rsvp",)), "", id="a-kind-that-there-is-not"),
        pytest.param(Selection(since=NOON + timedelta(minutes=2)), "port other bare", id="since"),
        pytest.param(Selection(since_id=4), "port", id="since-an-id"),
    ],
)
def test_selections(store: Store, clock: Clock, selection: Selection, expected: str) -> None:
    for each in (
        mention("five"),
        mention("like", minute=1, kind=MentionKind.LIKE),
        mention("bare", minute=2, target="https://B.example"),
        mention("other", minute=3, target="https://c.example/b.example/"),
        mention("port", minute=4, target="http://b.example:8443?x=1"),
    ):
        keep(store, each)
        clock.pass_by(minutes=1)
    assert names(store, selection) == expected
    assert sum(store.listing.counts(selection).kinds.values()) == len(expected.split())


def test_since_tells_of_what_was_approved_later(store: Store, clock: Clock) -> None:
    """A reader that asks for what came since the newest it has would miss what waited for the owner meanwhile."""
    [early] = keep(store, mention("early", status=MentionStatus.PENDING))
    clock.pass_by(minutes=5)
    keep(store, mention("late", minute=5))
    clock.pass_by(minutes=5)
    store.mentions.update(replace(early, status=MentionStatus.APPROVED))
    assert names(store, Selection(since=NOON + timedelta(minutes=5))) == "late early"


@pytest.mark.parametrize(
    ("sort_by", "upward", "expected"),
    [
        pytest.param(SortBy.CREATED, False, "third second first", id="created-down"),
        pytest.param(SortBy.CREATED, True, "first second third", id="created-up"),
        pytest.param(SortBy.UPDATED, True, "second third first", id="updated-up"),
        pytest.param(SortBy.PUBLISHED, False, "second third first", id="published-down-or-else-received"),
    ],
)
def test_orders(store: Store, clock: Clock, sort_by: SortBy, upward: bool, expected: str) -> None:
    first, _, _ = keep(
        store,
        mention("first", published=NOON - timedelta(days=40_000)),
        mention("second", minute=1, published=NOON + timedelta(days=1)),
        mention("third", minute=2),
    )
    clock.pass_by(hours=1)
    store.mentions.update(first)
    assert names(store, part=Part(size=9, sort_by=sort_by, upward=upward)) == expected
    assert " ".join(by_part(store, sort_by, upward)) == expected


def by_part(store: Store, sort_by: SortBy, upward: bool) -> Iterator[str]:
    """The titles, one part after the other, each of one mention."""
    after: Place | None = None
    while True:
        part = Part(size=1, sort_by=sort_by, upward=upward, after=after)
        listed = store.listing.part(Selection(), part)
        yield from (str(each.title) for each in listed.mentions)
        if (after := listed.end) is None:
            return


@pytest.mark.parametrize("upward", [True, False])
@pytest.mark.parametrize("sort_by", SortBy)
def test_equal_instants_come_once_each_in_the_order_of_their_ids(store: Store, sort_by: SortBy, upward: bool) -> None:
    keep(store, *(mention(f"{number}") for number in range(5)))
    assert list(by_part(store, sort_by, upward)) == sorted("01234", reverse=not upward)


def test_a_part_goes_on_where_the_last_one_ended_whatever_came_meanwhile(store: Store) -> None:
    keep(store, *(mention(f"{number}", minute=number) for number in range(4)))
    first = store.listing.part(Selection(), Part(size=2))
    keep(store, mention("new", minute=9))
    rest = store.listing.part(Selection(), Part(size=2, after=first.end))
    assert [each.title for each in (*first.mentions, *rest.mentions)] == ["3", "2", "1", "0"]
    assert rest.end is None


def test_pages_by_number(store: Store) -> None:
    keep(store, *(mention(f"{number}", minute=number) for number in range(5)))
    assert [names(store, part=Part(size=2, skip=skip)) for skip in (0, 2, 4, 6)] == ["4 3", "2 1", "0", ""]


def test_counts_of_kinds(store: Store) -> None:
    keep(store, mention("1"), mention("2", kind=MentionKind.LIKE), mention("3", kind=MentionKind.LIKE))
    assert store.listing.counts(Selection()).kinds == {MentionKind.MENTION: 1, MentionKind.LIKE: 2}
    assert store.listing.counts(Selection(targets=("https://c.example/",))).kinds == {}


@pytest.mark.parametrize("selection", [Selection(host="b.example"), Selection(targets=(FIVE,))])
def test_counts_of_answers(store: Store, selection: Selection) -> None:
    answers = [Rsvp.YES, Rsvp.NO, Rsvp.NO]
    keep(store, mention("1"), *(mention(f"r{n}", kind=MentionKind.RSVP, rsvp=rsvp) for n, rsvp in enumerate(answers)))
    counts = store.listing.counts(selection)
    assert counts.answers == {Rsvp.YES: 1, Rsvp.NO: 2}
    assert counts.kinds == {MentionKind.MENTION: 1, MentionKind.RSVP: 3}


class TestLastChange:
    def test_of_nothing(self, store: Store) -> None:
        assert store.listing.part(ON_FIVE, ALL).changed is None
        assert store.listing.counts(Selection()).changed is None

    def test_is_of_these_pages(self, store: Store, clock: Clock) -> None:
        keep(store, mention("1"))
        clock.pass_by(minutes=1)
        keep(store, mention("other", target="https://b.example/part-6"))
        clock.pass_by(minutes=1)
        assert store.listing.part(ON_FIVE, ALL).changed == NOON
        assert store.listing.counts(ON_FIVE).changed == NOON
        assert store.listing.part(Selection(host="b.example"), ALL).changed == NOON + timedelta(minutes=1)

    def test_of_what_is_not_shown_any_more_counts(self, store: Store, clock: Clock) -> None:
        [kept] = keep(store, mention("1"))
        clock.pass_by(minutes=1)
        store.mentions.update(replace(kept, status=MentionStatus.DELETED))
        clock.pass_by(minutes=1)
        assert store.listing.part(ON_FIVE, ALL).changed == NOON + timedelta(minutes=1)

    def test_a_move_that_becomes_known_changes_the_lists_of_both(self, store: Store, clock: Clock) -> None:
        six, five = "https://b.example/part-6", ON_FIVE.targets[0]
        keep(store, mention("1"), mention("other", target=six))
        on_six = Selection(targets=(six,))
        for minutes, to in enumerate((five, six), start=1):  # moved, and back
            clock.pass_by(minutes=1)
            store.moves.keep(six, to)
            clock.pass_by(seconds=1)
            for selection in (ON_FIVE, on_six):
                assert store.listing.counts(selection).changed == NOON + timedelta(minutes=minutes, seconds=minutes - 1)
        assert sum(store.listing.counts(ON_FIVE).kinds.values()) == 1

    def test_a_move_elsewhere_changes_what_was_and_what_will_be(self, store: Store, clock: Clock) -> None:
        five, seven, old = ON_FIVE.targets[0], "https://b.example/part-7", "https://b.example/old"
        keep(store, mention("seven", target=seven))
        store.moves.keep(old, five)
        clock.pass_by(minutes=1)
        keep(store, mention("five"))
        clock.pass_by(minutes=1)
        store.moves.keep(old, seven)
        clock.pass_by(seconds=1)
        for target in (old, five, seven):
            assert store.listing.part(Selection(targets=(target,)), ALL).changed == NOON + timedelta(minutes=2)

    def test_a_move_of_a_page_without_mentions_changes_nothing(self, store: Store, clock: Clock) -> None:
        keep(store, mention("1"))
        clock.pass_by(minutes=1)
        store.moves.keep("https://b.example/part-5?x=1", ON_FIVE.targets[0])
        assert store.listing.part(ON_FIVE, ALL).changed == NOON

    @pytest.mark.parametrize(("seconds", "told"), [(0.0, False), (0.9, False), (1.0, True)])
    def test_rfc9110_8_8_2_2_is_told_once_its_second_is_over(
        self, store: Store, clock: Clock, seconds: float, told: bool
    ) -> None:
        keep(store, mention("1"))
        clock.pass_by(seconds=seconds)
        assert (store.listing.part(ON_FIVE, ALL).changed is not None) == told


def withdrawn(store: Store, **wish: object) -> str:
    found = store.listing.withdrawals(**({"size": 9} | wish))  # type: ignore[arg-type]  # its own arguments
    return " ".join(each.source.rpartition("/")[2] for each in found.withdrawals)


@pytest.mark.parametrize("status", [status for status in MentionStatus if status is not MentionStatus.APPROVED])
def test_what_was_shown_and_is_not_any_more(store: Store, clock: Clock, status: MentionStatus) -> None:
    shown, hidden = keep(store, mention("shown"), mention("never-shown", status=MentionStatus.PENDING))
    clock.pass_by(minutes=1)
    store.mentions.update(replace(shown, status=status))
    store.mentions.update(replace(hidden, status=status))
    [found] = store.listing.withdrawals(size=9).withdrawals
    assert (found.id, found.source, found.target) == (shown.id, shown.source, shown.target)
    assert found.at == NOON + timedelta(minutes=1)


def test_a_later_change_of_what_was_withdrawn_is_no_second_withdrawal(store: Store, clock: Clock) -> None:
    [kept] = keep(store, mention("1"))
    store.mentions.update(replace(kept, status=MentionStatus.DELETED))
    clock.pass_by(minutes=1)
    store.mentions.update(replace(kept, status=MentionStatus.SPAM))
    assert [each.at for each in store.listing.withdrawals(size=9).withdrawals] == [NOON]


def test_what_is_back_is_not_withdrawn(store: Store) -> None:
    [kept] = keep(store, mention("1"))
    store.mentions.update(replace(kept, status=MentionStatus.DELETED))
    store.mentions.update(kept)
    assert withdrawn(store) == ""


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(MentionStatus.PENDING, "1", id="still-withdrawn"),
        pytest.param(MentionStatus.APPROVED, "", id="back"),
    ],
)
def test_a_rejected_mention_that_is_pinged_again(store: Store, status: MentionStatus, expected: str) -> None:
    [kept] = keep(store, mention("1"))
    store.mentions.update(replace(kept, status=MentionStatus.REJECTED))
    keep(store, mention("1", status=status))
    assert withdrawn(store) == expected


def test_withdrawals_since_and_in_parts(store: Store, clock: Clock) -> None:
    for each in keep(store, mention("1"), mention("2"), mention("3")):
        store.mentions.update(replace(each, status=MentionStatus.SPAM))
        clock.pass_by(minutes=1)
    assert withdrawn(store) == "1 2 3"
    assert withdrawn(store, since=NOON + timedelta(minutes=2)) == "3"
    first = store.listing.withdrawals(size=1)
    assert withdrawn(store, size=1, after=first.end) == "2"
    assert store.listing.withdrawals(size=3).end is None


def test_a_target_that_is_none_is_a_value_error(store: Store) -> None:
    with pytest.raises(ValueError, match="URL"):
        store.listing.part(Selection(targets=("mailto:a@b.example",)), ALL)
