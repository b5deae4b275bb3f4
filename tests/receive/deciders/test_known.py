"""`pingback.receive.deciders.known`: the site itself, and whoever was approved before."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pingback.model import RELAYS, Author, Mention, MentionKind, MentionStatus, Reputation
from pingback.receive.deciders.known import known_good, own_site
from pingback.receive.homes import home_of
from pingback.store import Store
from pingback.store.keys import author_key_of
from pingback.store.mentions import MOST_AUTHORS
from tests.receive.deciders.mentions import ARRIVED, arrived

APPROVED, SPAM = MentionStatus.APPROVED, MentionStatus.SPAM
ANN, BOB = "https://ann.example/", "https://bob.example/"
RELAY, SHARED = "https://brid.gy/comment", "https://planet.example"
NOBODYS, ANNS = frozenset({""}), frozenset({author_key_of(ANN)})


def keep(store: Store, mention: Mention) -> None:
    store.mentions.keep(mention, home=home_of(mention.source))


@pytest.fixture
def store() -> Iterator[Store]:
    with Store("sqlite://") as store:
        keep(store, arrived("https://host.example/~ann/first", status=APPROVED))
        keep(store, arrived("https://good.example/first", status=APPROVED))
        yield store


@pytest.mark.parametrize(
    ("source", "came_from", "opinion"),
    [
        pytest.param("https://my.example/blog/part-6", None, APPROVED, id="own-page"),
        pytest.param("http://MY.example/blog/part-6", None, APPROVED, id="own-page-in-another-spelling"),
        pytest.param("https://two.example/", None, APPROVED, id="second-site"),
        pytest.param("https://my.example/forum/7", None, None, id="beside-the-blog"),
        pytest.param("https://a.example/post", None, None, id="elsewhere"),
        pytest.param("https://my.example/blog/out", "https://a.example/", None, id="own-page-redirects-elsewhere"),
    ],
)
def test_own_site(source: str, came_from: str | None, opinion: MentionStatus | None) -> None:
    decide = own_site(["https://my.example/blog/", "https://two.example/"])
    assert decide(arrived(source, came_from=came_from)) is opinion


@pytest.mark.parametrize(
    ("source", "came_from", "opinion"),
    [
        pytest.param("https://good.example/second", None, APPROVED, id="host-approved-before"),
        pytest.param("https://host.example/~ann/second", None, APPROVED, id="folder-approved-before"),
        pytest.param("https://host.example/~bob/first", None, None, id="another-folder"),
        pytest.param("https://good.example/~bob/first", None, None, id="a-folder-of-a-known-host"),
        pytest.param("https://new.example/first", None, None, id="nobody"),
        pytest.param("https://good.example/out", "https://new.example/", None, id="redirects-to-nobody"),
        pytest.param("https://new.example/out", "https://good.example/", None, id="redirected-by-nobody"),
        pytest.param("http://good.example/out", "https://good.example/2", APPROVED, id="redirected-to-https"),
    ],
)
def test_known_good(store: Store, source: str, came_from: str | None, opinion: MentionStatus | None) -> None:
    assert known_good(store.mentions, relays=RELAYS)(arrived(source, came_from=came_from)) is opinion


def test_who_comments_at_a_known_place_is_not_known(store: Store) -> None:
    """Nobody checks that the address is theirs, and without one they are who the page's author is."""
    said = arrived("https://good.example/second")
    assert said.sighting is not None
    guest = replace(said, sighting=replace(said.sighting, by_guest=True))
    decide = known_good(store.mentions, relays=RELAYS)
    assert [decide(said), decide(guest)] == [APPROVED, None]


@pytest.mark.parametrize(
    ("status", "opinion"),
    [
        pytest.param(MentionStatus.PENDING, APPROVED, id="a-new-page"),
        pytest.param(MentionStatus.APPROVED, None, id="approved-and-something-else-since"),
        pytest.param(MentionStatus.DELETED, None, id="withdrawn-and-something-else-since"),
    ],
)
def test_a_known_page_that_turns_suspicious_is_not_trusted(
    store: Store, status: MentionStatus, opinion: MentionStatus | None
) -> None:
    decide = known_good(store.mentions, relays=RELAYS)
    assert decide(arrived("https://good.example/second", status=status, title=None)) is opinion
    assert decide(arrived("https://good.example/second", status=status)) is APPROVED


@pytest.mark.parametrize(
    ("source", "opinion"),
    [
        pytest.param("https://good.example/first", None, id="the-page-itself"),
        pytest.param("http://GOOD.example/f%69rst?2", None, id="query"),
        pytest.param("https://good.example/first/", None, id="slash"),
        pytest.param("https://good.example/held?2", None, id="of-one-that-is-held"),
        pytest.param("https://good.example/new", APPROVED, id="whose-turn-it-is"),
        pytest.param("https://good.example/second", APPROVED, id="another-page"),
    ],
)
def test_nor_is_it_by_another_address(store: Store, source: str, opinion: MentionStatus | None) -> None:
    keep(store, arrived("https://good.example/other", status=APPROVED))
    keep(store, arrived("https://good.example/held", verified=ARRIVED.received))
    keep(store, arrived("https://good.example/new"))
    decide = known_good(store.mentions, relays=RELAYS)
    assert decide(arrived(source, title=None)) is opinion
    assert decide(arrived(source)) is APPROVED  # blogs that tell their posts apart by the query


@pytest.mark.parametrize(
    ("statuses", "opinion"),
    [
        pytest.param(["pending", "deleted", "rejected"], None, id="none-that-the-owner-liked"),
        pytest.param(["pending", "approved"], APPROVED, id="approved"),
        pytest.param(["approved", "spam"], None, id="spam-beside-it"),
    ],
)
def test_what_was_taken_from_a_home_before(store: Store, statuses: list[str], opinion: MentionStatus | None) -> None:
    for number, status in enumerate(statuses):
        keep(store, arrived(f"https://a.example/{number}", status=MentionStatus(status)))
    assert known_good(store.mentions, relays=RELAYS)(arrived("http://a.example/new")) is opinion


@pytest.mark.parametrize(
    "itself",
    [
        pytest.param("https://a.example/post", id="itself"),
        pytest.param("http://A.example:80/post#top", id="in-another-spelling"),
        pytest.param("https://a.example/p%6Fst", id="escaped"),
    ],
)
def test_no_page_vouches_for_itself(store: Store, itself: str) -> None:
    keep(store, arrived("https://a.example/post", status=APPROVED))
    keep(store, arrived(itself, target="https://my.example/blog/part-6", status=APPROVED))
    decide = known_good(store.mentions, relays=RELAYS)
    assert decide(arrived("https://a.example/post")) is None
    keep(store, arrived("https://a.example/second", status=APPROVED))
    assert decide(arrived("https://a.example/post")) is APPROVED


@pytest.mark.parametrize(
    ("reputation", "opinion"),
    [
        pytest.param(Reputation(vouched=NOBODYS), APPROVED, id="vouched"),
        pytest.param(Reputation(vouched=ANNS), None, id="somebody-else-is"),
        pytest.param(Reputation(spam=ANNS, vouched=NOBODYS), None, id="spam"),
        pytest.param(Reputation(), None, id="unknown"),
    ],
)
def test_what_came_with_the_ping_is_not_read_again(
    store: Store, reputation: Reputation, opinion: MentionStatus | None
) -> None:
    store.close()
    assert known_good(store.mentions, relays=RELAYS)(arrived(reputation=reputation)) is opinion


def by(source: str, author: str | None, **words: object) -> Mention:
    """A mention by an author with this address, or with a name alone."""
    return replace(arrived(source), author=Author(name="Ann", url=author), **words)  # type: ignore[arg-type]  # fields


@pytest.mark.parametrize(
    ("approved", "source", "author", "opinion"),
    [
        # What one approval earns is the pair of place and author.
        pytest.param([(RELAY, ANN)], f"{RELAY}/2", ANN, APPROVED, id="same-author-on-a-relay"),
        pytest.param([(RELAY, ANN)], f"{RELAY}/2", "http://ANN.example#me", APPROVED, id="in-another-spelling"),
        pytest.param([(RELAY, ANN)], f"{RELAY}/2", BOB, None, id="another-author-on-a-relay"),
        pytest.param([(RELAY, ANN)], f"{RELAY}/2", None, None, id="nobody-on-a-relay"),
        pytest.param([(RELAY, None)], f"{RELAY}/2", ANN, None, id="an-author-after-nobody-on-a-relay"),
        pytest.param([(RELAY, None)], f"{RELAY}/2", None, None, id="nobody-after-nobody-on-a-relay"),
        pytest.param([(RELAY, ANN)], "https://pills.example/1", ANN, None, id="an-address-that-any-page-can-claim"),
        pytest.param([(SHARED, ANN)], f"{SHARED}/2", ANN, APPROVED, id="same-author-on-a-planet"),
        pytest.param([(SHARED, ANN)], f"{SHARED}/2", BOB, None, id="another-author-on-a-planet"),
        pytest.param([(SHARED, ANN), (SHARED, BOB)], f"{SHARED}/2", BOB, APPROVED, id="both-on-a-planet"),
        # A blog
        pytest.param([(SHARED, None)], f"{SHARED}/2", None, APPROVED, id="a-blog-that-names-nobody"),
        pytest.param([(SHARED, None)], f"{SHARED}/2", ANN, None, id="a-blog-that-begins-to-name-its-author"),
        pytest.param([(SHARED, ANN)], f"{SHARED}/2", None, None, id="a-blog-that-ceases-to"),
        pytest.param([(SHARED, "mailto:ann@a.example")], f"{SHARED}/2", None, APPROVED, id="no-web-address"),
    ],
)
def test_what_one_approval_earns(
    store: Store, approved: list[tuple[str, str | None]], source: str, author: str | None, opinion: MentionStatus | None
) -> None:
    for number, (place, whose) in enumerate(approved):
        keep(store, by(f"{place}/first-{number}", whose, status=APPROVED))
    assert known_good(store.mentions, relays=RELAYS)(by(source, author)) is opinion


@pytest.mark.parametrize(
    ("spam_by", "place", "opinion"),
    [
        pytest.param(BOB, RELAY, APPROVED, id="another-author's-on-a-relay"),
        pytest.param(None, RELAY, APPROVED, id="nobody's-on-a-relay"),
        pytest.param(ANN, RELAY, None, id="the-author's-on-a-relay"),
        pytest.param(BOB, SHARED, None, id="another-author's-elsewhere"),
        pytest.param(None, SHARED, None, id="nobody's-elsewhere"),
    ],
)
def test_spam_of_a_place(store: Store, spam_by: str | None, place: str, opinion: MentionStatus | None) -> None:
    keep(store, by(f"{place}/first", ANN, status=APPROVED))
    keep(store, by(f"{place}/spam", spam_by, status=SPAM))
    assert known_good(store.mentions, relays=RELAYS)(by(f"{place}/2", ANN)) is opinion


@pytest.mark.parametrize("kind", [MentionKind.LIKE, MentionKind.REPOST])
def test_a_like_that_was_taken_for_no_more_than_a_name_vouches_for_no_words(store: Store, kind: MentionKind) -> None:
    keep(store, by(f"{RELAY}/like", ANN, kind=kind, status=APPROVED))
    decide = known_good(store.mentions, relays=RELAYS)
    assert decide(by(f"{RELAY}/2", ANN)) is None
    store.moderation.decide([each.id or 0 for each in store.mentions.list()], APPROVED)
    assert decide(by(f"{RELAY}/2", ANN)) is APPROVED


def test_of_a_home_with_too_many_authors_one_is_asked_for(store: Store) -> None:
    for number in range(MOST_AUTHORS + 1):
        keep(store, by(f"{RELAY}/{number}", f"https://{number}.example/", status=APPROVED))
        keep(store, by(f"{RELAY}/spam-{number}", f"https://spam-{number}.example/", status=SPAM))
    source = f"{RELAY}/new"
    known = store.mentions.arrival(source=source, target=ARRIVED.target, home=home_of(source), hosts=[])
    decide = known_good(store.mentions, relays=RELAYS)
    for number in range(MOST_AUTHORS + 1):
        ann = by(source, f"https://{number}.example/", reputation=known.reputation)
        spammer = by(source, f"https://spam-{number}.example/", reputation=known.reputation)
        assert (decide(ann), decide(spammer)) == (APPROVED, None)
