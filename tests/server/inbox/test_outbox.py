"""`pingback.server.inbox.outbox`: what was sent, why it failed, and once more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pingback.model import OutcomeStatus
from pingback.store import Store
from pingback.work import Try
from tests.receive.pages import Clock
from tests.server.inbox.conftest import Visitor, text_of
from tests.store.sent import ACCEPTED, FAILED, ONE, POST, THREE, TWO, plan, recorded, take, targets

NOW = Clock().instant


@pytest.fixture
def sent(store: Store) -> dict[str, int]:
    """Two pings, one accepted and one failed, by their targets."""
    plan(store, ONE, TWO, now=NOW)
    numbers = {}
    for held in take(store, now=NOW):
        ping = held.ping
        outcome = ACCEPTED if ping.target == ONE else FAILED
        due = None if ping.target == ONE else NOW + timedelta(hours=1)
        exchange = "POST / HTTP/1.1\n\n<script>alert(1)</script>"
        recorded(store, held, Try(outcome, NOW, 0.5, exchange), next_try=due)
        numbers[ping.target] = ping.id
    return numbers


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        pytest.param("", {ONE, TWO, THREE}, id="all"),
        pytest.param("?tab=waiting", {THREE}, id="waiting"),
        pytest.param("?tab=failed", {TWO}, id="failed"),
        pytest.param("?tab=accepted", {ONE}, id="accepted"),
        pytest.param("?tab=refused", set(), id="refused"),
        pytest.param("?tab=no+endpoint", set(), id="no-endpoint"),
        pytest.param("?tab=unheard", {ONE, TWO, THREE}, id="no-such-tab"),
        pytest.param("?q=NO+answer", {TWO}, id="search"),
        pytest.param("?before=x", {ONE, TWO, THREE}, id="no-such-place"),
    ],
)
def test_tabs(owner: Visitor, store: Store, sent: dict[str, int], query: str, shown: set[str]) -> None:
    plan(store, *sent, THREE, now=NOW)
    page = text_of(owner.get(f"/inbox/outbox{query}"))
    assert {target for target in (ONE, TWO, THREE) if f'href="{target}"' in page} == shown


def test_one_ping_with_its_tries(owner: Visitor, sent: dict[str, int]) -> None:
    page = text_of(owner.get(f"/inbox/outbox/{sent[TWO]}"))
    for part in [POST, TWO, "no answer", "code 503", "0.5 s", "&lt;script&gt;alert(1)&lt;/script&gt;", "Send again"]:
        assert part in page
    assert "Send again" not in text_of(owner.get(f"/inbox/outbox/{sent[ONE]}"))


def test_send_again_is_due_now(owner: Visitor, store: Store, sent: dict[str, int]) -> None:
    owner.clock.pass_by(minutes=1)
    response = owner.send("/inbox/again", ("one", str(sent[TWO])), ("to", f"/inbox/outbox/{sent[TWO]}"))
    assert response.headers["Location"] == f"/mount/inbox/outbox/{sent[TWO]}?did=again&n=1"
    assert "Due now" in text_of(owner.get(f"/inbox/outbox/{sent[TWO]}?did=again&n=1"))
    assert targets(take(store, now=owner.clock.instant)) == [TWO]


def test_many_at_once(owner: Visitor, store: Store, sent: dict[str, int]) -> None:
    response = owner.send(
        "/inbox/again", ("all", "again"), *(("id", str(number)) for number in sent.values()), ("id", "x")
    )
    assert response.headers["Location"] == "/mount/inbox?did=again&n=1"  # what was accepted is passed over
    assert [ping.status for ping in store.outbox.pings()] == [OutcomeStatus.ACCEPTED, OutcomeStatus.WAITING]


REFUSED = replace(ACCEPTED, status=OutcomeStatus.REFUSED, fault=17)
UNSUPPORTED = replace(ACCEPTED, status=OutcomeStatus.UNSUPPORTED, protocol=None, endpoint=None)
ENDED = {"yes": ACCEPTED, "no": REFUSED, "none": UNSUPPORTED, "down": FAILED}


@pytest.mark.parametrize(
    ("fields", "due"),
    [
        pytest.param([], {"no", "none", "down"}, id="all-but-what-was-accepted"),
        pytest.param([("tab", "refused")], {"no"}, id="refused"),
        pytest.param([("tab", "no endpoint")], {"none"}, id="no-endpoint"),
        pytest.param([("tab", "failed")], {"down"}, id="failed"),
        pytest.param([("tab", "accepted")], set(), id="accepted"),
        pytest.param([("q", "n.example")], {"down"}, id="search"),
        pytest.param([("tab", "refused"), ("q", "down")], set(), id="tab-and-search"),
        pytest.param([("tab", "unheard")], {"no", "none", "down"}, id="no-such-tab"),
    ],
)
def test_all_that_are_found(owner: Visitor, store: Store, fields: list[tuple[str, str]], due: set[str]) -> None:
    """On whichever page of the list they are."""
    addresses = {name: f"https://{name}.example/" for name in ENDED}
    plan(store, *addresses.values(), now=NOW)
    for held in take(store, now=NOW):
        outcome = next(ENDED[name] for name, address in addresses.items() if address == held.ping.target)
        next_try = NOW + timedelta(hours=1) if outcome.status is OutcomeStatus.FAILED else None
        recorded(store, held, Try(outcome, NOW, 0.5), next_try=next_try)
    response = owner.send("/inbox/again", ("all", "found"), ("to", "/inbox/outbox"), *fields)
    did = f"did=again&n={len(due)}" if due else "did=nothing"
    assert response.headers["Location"] == f"/mount/inbox/outbox?{did}"
    assert set(targets(take(store, now=owner.clock.instant))) == {addresses[name] for name in due}


def test_of_very_many_that_are_found_the_newest(owner: Visitor, store: Store) -> None:
    number = 2600
    plan(store, *(f"https://a.example/{each}" for each in range(number)), now=NOW + timedelta(days=1))
    search = [("tab", "waiting"), ("q", "a.example"), ("to", "/inbox/outbox")]
    response = owner.send("/inbox/again", ("all", "found"), *search)
    assert response.headers["Location"] == "/mount/inbox/outbox?did=some&n=2000"
    assert "There are more" in text_of(owner.get("/inbox/outbox?did=some&n=2000"))
    response = owner.send("/inbox/again", ("all", "found"), *search)
    assert response.headers["Location"] == "/mount/inbox/outbox?did=again&n=600"


def test_the_button_for_all_that_are_found(owner: Visitor, sent: dict[str, int]) -> None:
    assert "all that are found" in text_of(owner.get("/inbox/outbox?tab=failed"))
    assert "all that are found" not in text_of(owner.get("/inbox/outbox?tab=accepted"))
    assert "all that are found" not in text_of(owner.get("/inbox/outbox?q=nothing-like-it"))


def test_all_that_are_found_takes_the_token_of_the_page(owner: Visitor, store: Store, sent: dict[str, int]) -> None:
    assert owner.post("/inbox/again", [("all", "found")]).status == 403
    assert take(store, now=owner.clock.instant) == []


@pytest.mark.parametrize(
    ("fields", "location"),
    [
        pytest.param([("all", "again")], "?did=nothing", id="nothing-selected"),
        pytest.param([("all", "again"), ("id", "4711"), ("id", "x")], "?did=nothing", id="no-such-ping"),
        pytest.param([("one", "x")], "", id="no-number"),
        pytest.param([("all", ""), ("id", "2")], "", id="by-enter"),
        pytest.param([], "", id="nothing-at-all"),
    ],
)
def test_nothing_to_send(
    owner: Visitor, store: Store, sent: dict[str, int], fields: list[tuple[str, str]], location: str
) -> None:
    assert owner.send("/inbox/again", *fields).headers["Location"] == f"/mount/inbox{location}"
    assert take(store, now=owner.clock.instant) == []


def test_pages(owner: Visitor, store: Store) -> None:
    plan(store, *(f"https://{number}.example/" for number in range(60)), now=NOW)
    first = text_of(owner.get("/inbox/outbox"))
    assert (first.count('class="item"'), 'rel="next"' in first, "Newest" in first) == (50, True, False)
    second = text_of(owner.get("/inbox/outbox?tab=all&before=11"))
    assert (second.count('class="item"'), 'rel="next"' in second, "Newest" in second) == (10, False, True)


def test_nothing_there_yet(owner: Visitor) -> None:
    assert "pingback publish" in text_of(owner.get("/inbox/outbox"))
