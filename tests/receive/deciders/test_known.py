"""`pingback.receive.deciders.known`: the site itself, and whoever was approved before."""

from collections.abc import Iterator

import pytest

from pingback.model import MentionStatus
from pingback.receive.deciders.known import known_good, own_site
from pingback.store import Store
from tests.receive.deciders.mentions import ARRIVED, arrived

APPROVED = MentionStatus.APPROVED


@pytest.fixture
def store() -> Iterator[Store]:
    with Store("sqlite://") as store:
        store.keep(arrived("https://host.example/~ann/first", status=APPROVED))
        store.keep(arrived("https://good.example/first", status=APPROVED))
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
    assert known_good(store.moderation)(arrived(source, came_from=came_from)) is opinion


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
    decide = known_good(store.moderation)
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
    store.keep(arrived("https://good.example/other", status=APPROVED))
    store.keep(arrived("https://good.example/held", verified=ARRIVED.received))
    store.keep(arrived("https://good.example/new"))
    decide = known_good(store.moderation)
    assert decide(arrived(source, title=None)) is opinion
    assert decide(arrived(source)) is APPROVED  # blogs that tell their posts apart by the query
