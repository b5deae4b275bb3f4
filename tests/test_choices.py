"""`pingback.choices`: who decides, in which order, by the settings."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import pytest

from pingback.choices import decide_for
from pingback.model import Mention, MentionKind, MentionStatus
from pingback.net.client import Client
from pingback.receive.deciders.akismet import Akismet
from pingback.settings import Settings
from pingback.store import Store
from tests.loopback import Site, page
from tests.receive.deciders.mentions import arrived, status_of

SETTINGS = Settings(site=("https://my.example/",))
PENDING, APPROVED, SPAM = MentionStatus.PENDING, MentionStatus.APPROVED, MentionStatus.SPAM


@pytest.fixture
def store() -> Iterator[Store]:
    with Store("sqlite://") as store:
        store.mentions.keep(arrived("https://good.example/first", status=APPROVED), home="good.example")
        yield store


@pytest.mark.parametrize(
    ("mention", "known", "everybody"),
    [
        pytest.param(arrived("https://my.example/6", title=None), APPROVED, APPROVED, id="own-site"),
        pytest.param(arrived("https://good.example/2", title=None), APPROVED, APPROVED, id="known-good"),
        pytest.param(arrived(title=None), PENDING, PENDING, id="suspicious"),
        pytest.param(arrived(), PENDING, APPROVED, id="nothing-to-say"),
    ],
)
def test_without_akismet(store: Store, mention: Mention, known: MentionStatus, everybody: MentionStatus) -> None:
    assert status_of(decide_for(SETTINGS, store, None)(mention)) is known
    assert status_of(decide_for(replace(SETTINGS, approve="all"), store, None)(mention)) is everybody


@pytest.mark.parametrize("kind", list(MentionKind))
@pytest.mark.parametrize(
    ("approve", "approve_reactions", "words", "reactions"),
    [
        pytest.param("known", None, PENDING, PENDING, id="known"),
        pytest.param("known", "all", PENDING, APPROVED, id="known-but-for-reactions"),
        pytest.param("all", "known", APPROVED, PENDING, id="all-but-reactions"),
        pytest.param("all", None, APPROVED, APPROVED, id="all"),
    ],
)
def test_likes_and_reposts_may_have_a_rule_of_their_own(
    store: Store,
    kind: MentionKind,
    approve: Literal["known", "all"],
    approve_reactions: Literal["known", "all"] | None,
    words: MentionStatus,
    reactions: MentionStatus,
) -> None:
    decide = decide_for(replace(SETTINGS, approve=approve, approve_reactions=approve_reactions), store, None)
    expected = reactions if kind in (MentionKind.LIKE, MentionKind.REPOST) else words
    assert status_of(decide(arrived(kind=kind))) is expected


def test_akismet_is_asked_last_before_the_policy(store: Store) -> None:
    with Client(allow=["127.0.0.1"]) as client, Site({"/1.1/comment-check": page(b"true")}) as api:
        akismet = Akismet(key="k3y", site="https://my.example/", client=client, api=api.url)
        decide = decide_for(replace(SETTINGS, approve="all"), store, akismet)
        assert status_of(decide(arrived("https://good.example/2"))) is APPROVED
        assert status_of(decide(arrived(title=None))) is PENDING
        assert api.requests == []
        assert status_of(decide(arrived())) is SPAM
