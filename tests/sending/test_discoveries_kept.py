"""How often targets are asked what they advertise, over sockets."""

from pathlib import Path

import pytest

from pingback.model import OutcomeStatus, Protocol
from pingback.net.client import Client
from pingback.store import Store
from tests.loopback import Site, page
from tests.receive.pages import Clock
from tests.sending.deliveries import (
    SOURCE,
    delivered,
    plan,
)
from tests.sending.far_sides import FarSide


def test_many_posts_and_one_target(store: Store, client: Client, clock: Clock) -> None:
    with FarSide("/1") as far_side:
        for number in range(12):
            plan(store, f"{far_side.url}/1", source=f"{SOURCE}{number}")
        assert len(delivered(store, client, clock)) == 12
        assert (len(far_side.heard), far_side.asked) == (12, ["/1"])


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        pytest.param({}, 1, id="for-a-day-where-it-does-not-say"),
        pytest.param({"Cache-Control": "max-age=3601"}, 1, id="w11-max-age"),
        pytest.param({"Cache-Control": "max-age=3599"}, 2, id="w11-max-age-is-over"),
        pytest.param({"Cache-Control": "no-store"}, 2, id="w11-no-store"),
    ],
)
def test_what_a_target_advertises_is_remembered_from_run_to_run(
    tmp_path: Path, client: Client, clock: Clock, headers: dict[str, str], asked: int
) -> None:
    with FarSide() as far_side:
        far_side.pages["/1"] = page(headers={"Link": '</endpoint>; rel="webmention"', **headers})
        for number in range(2):
            with Store(f"sqlite:///{tmp_path}/outbox.db") as store:
                plan(store, f"{far_side.url}/1", source=f"{SOURCE}{number}", now=clock.instant)
                [outcome] = delivered(store, client, clock)
                assert outcome.status is OutcomeStatus.ACCEPTED
            clock.pass_by(hours=1)
        assert len(far_side.asked) == asked


def test_that_there_is_no_endpoint_is_remembered_too(store: Store, client: Client, clock: Clock) -> None:
    with Site({"/1": page()}) as site:
        for number in range(2):
            plan(store, f"{site.url}/1", source=f"{SOURCE}{number}")
            [outcome] = delivered(store, client, clock)
            assert outcome.status is OutcomeStatus.UNSUPPORTED
        assert len(site.requests) == 1


@pytest.mark.parametrize("status", [404, 405, 410])
def test_a_remembered_endpoint_that_is_no_more_is_looked_for_anew(
    store: Store, client: Client, clock: Clock, status: int
) -> None:
    with FarSide("/1") as far_side:
        plan(store, f"{far_side.url}/1")
        delivered(store, client, clock)
        far_side.pages["/moved"], far_side.pages["/endpoint"] = far_side.pages["/endpoint"], page(status=status)
        far_side.pages["/1"] = page(headers={"Link": '</moved>; rel="webmention"'})
        plan(store, f"{far_side.url}/1", source=f"{SOURCE}a")
        [outcome] = delivered(store, client, clock)
        assert (outcome.status, outcome.endpoint) == (OutcomeStatus.ACCEPTED, f"{far_side.url}/moved")
        assert far_side.asked == ["/1", "/1"]


def test_a_remembered_endpoint_that_is_no_more_and_has_no_heir(store: Store, client: Client, clock: Clock) -> None:
    with FarSide("/1") as far_side:
        for number in range(2):
            plan(store, f"{far_side.url}/1", source=f"{SOURCE}{number}")
            [outcome] = delivered(store, client, clock)
            far_side.pages["/endpoint"] = page(status=404)
    assert (outcome.status, outcome.fault) == (OutcomeStatus.REFUSED, 404)


def test_p13_each_post_names_the_target_as_it_spells_it(store: Store, client: Client, clock: Clock) -> None:
    with FarSide("/1", by=Protocol.PINGBACK) as far_side:
        pairs = [(f"{SOURCE}{number}", f"{far_side.url}/1#{number}") for number in range(6)]
        for source, target in pairs:
            plan(store, target, source=source)
        outcomes = delivered(store, client, clock)
        assert sorted((outcome.source, outcome.target) for outcome in outcomes) == pairs
        assert sorted(far_side.heard) == pairs
        assert far_side.asked == ["/1"]
