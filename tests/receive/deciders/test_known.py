"""`pingback.receive.deciders.known`: the site itself, and whoever was approved before."""

from collections.abc import Iterator

import pytest

from pingback.model import Mention, MentionStatus, Reputation
from pingback.receive.deciders.known import known_good, own_site
from pingback.receive.homes import home_of
from pingback.store import Store
from tests.receive.deciders.mentions import ARRIVED, arrived

APPROVED = MentionStatus.APPROVED


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
    assert known_good(store.mentions)(arrived(source, came_from=came_from)) is opinion


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
    decide = known_good(store.mentions)
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
    decide = known_good(store.mentions)
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
    assert known_good(store.mentions)(arrived("http://a.example/new")) is opinion


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
    decide = known_good(store.mentions)
    assert decide(arrived("https://a.example/post")) is None
    keep(store, arrived("https://a.example/second", status=APPROVED))
    assert decide(arrived("https://a.example/post")) is APPROVED


@pytest.mark.parametrize(
    ("reputation", "opinion"),
    [
        pytest.param(Reputation(spam=False, vouched=True), APPROVED, id="vouched"),
        pytest.param(Reputation(spam=True, vouched=True), None, id="spam"),
        pytest.param(Reputation(spam=False, vouched=False), None, id="unknown"),
    ],
)
def test_what_came_with_the_ping_is_not_read_again(
    store: Store, reputation: Reputation, opinion: MentionStatus | None
) -> None:
    store.close()
    assert known_good(store.mentions)(arrived(reputation=reputation)) is opinion
