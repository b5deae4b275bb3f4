"""`pingback.site`: what the settings make of a receiver."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pingback.model import Mention, MentionStatus
from pingback.net.client import Client
from pingback.receive.deciders.akismet import Akismet
from pingback.settings import Settings
from pingback.site import SiteReceiver, akismet_for, decide_for, taught
from pingback.store import Store
from tests.loopback import Request, Site, page
from tests.receive.deciders.mentions import arrived, status_of
from tests.receive.pages import PATIENCE, Pages

SETTINGS = Settings(site=("https://my.example/",))
PENDING, APPROVED, SPAM = MentionStatus.PENDING, MentionStatus.APPROVED, MentionStatus.SPAM


@pytest.fixture
def store() -> Iterator[Store]:
    with Store("sqlite://") as store:
        store.keep(arrived("https://good.example/first", status=APPROVED))
        yield store


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(allow=["127.0.0.1"]) as client:
        yield client


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


def test_akismet_is_asked_last_before_the_policy(store: Store, client: Client) -> None:
    with Site({"/1.1/comment-check": page(b"true")}) as api:
        akismet = Akismet(key="k3y", site="https://my.example/", client=client, api=api.url)
        decide = decide_for(replace(SETTINGS, approve="all"), store, akismet)
        assert status_of(decide(arrived("https://good.example/2"))) is APPROVED
        assert status_of(decide(arrived(title=None))) is PENDING
        assert api.requests == []
        assert status_of(decide(arrived())) is SPAM


def test_without_a_key_there_is_no_akismet(client: Client) -> None:
    assert akismet_for(SETTINGS, client) is None
    assert akismet_for(replace(SETTINGS, akismet_key="k3y"), client) is not None


def test_nobody_waits_until_akismet_has_learned(store: Store, client: Client) -> None:
    slow, told = threading.Event(), threading.Event()

    def answer(request: Request) -> bytes:
        assert slow.wait(PATIENCE)
        told.set()
        return page(b"Thanks for making the web a better place.")

    with Site({"/1.1/submit-spam": answer}) as api:
        akismet = Akismet(key="k3y", site="https://my.example/", client=client, api=api.url)
        with taught(akismet, store):
            [mention] = store.moderation.decide([1], SPAM)
            assert not told.is_set()
            slow.set()
            assert told.wait(PATIENCE)
    assert mention.status is SPAM


@pytest.mark.parametrize(
    ("settings", "jobs"),
    [
        pytest.param({}, ["verify old mentions anew"], id="by-default"),
        pytest.param({"reverify_after_days": 0.0}, [], id="none"),
        pytest.param(
            {"reverify_after_days": 0.0, "notify_mail": "me@my.example"}, ["tell the owner of new mentions"], id="mail"
        ),
        pytest.param(
            {"notify_webhook": "https://my.example/hook"},
            ["verify old mentions anew", "tell the owner of new mentions"],
            id="webhook",
        ),
    ],
)
def test_what_comes_round(store: Store, settings: dict[str, Any], jobs: list[str]) -> None:
    with SiteReceiver(replace(SETTINGS, **settings), store=store, client=Pages()) as receiver:
        assert [job.name for job in receiver.rounds.jobs] == jobs
