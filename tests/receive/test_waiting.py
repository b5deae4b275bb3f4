"""`pingback.receive.receiver`: which source may be asked now, and what becomes of the pings whose source may not."""

from collections import Counter
from datetime import timedelta

import pytest

from pingback.errors import Fault, FaultCode
from pingback.jobs.limits import Rate
from pingback.model import MentionStatus
from pingback.store import Store
from tests.receive.conftest import CHANGED, LINKING, SITE, SOURCE, TARGET, MakeReceiver, finish, refusal
from tests.receive.pages import PATIENCE, Clock, Pages

SERIES = [f"https://a.example/part-{number}" for number in range(30)]


@pytest.fixture
def series(pages: Pages) -> Pages:
    pages.web |= dict.fromkeys(SERIES, LINKING)
    return pages


class NotYet(Rate):
    """Gives a turn to whoever asks for the second time."""

    asked = 0

    def take(self, key: str) -> float:
        self.asked += 1
        return 1.0 if self.asked == 1 else 0.0


def statuses(store: Store) -> list[str]:
    return [mention.status.value for mention in store.mentions.list()]


def settled(make: MakeReceiver, store: Store, clock: Clock, **options: object) -> list[str]:
    """How all stand, once a receiver that is new, as after a restart, has done what it may."""
    clock.pass_by(minutes=1)
    make(**options).run_jobs()
    return statuses(store)


def test_a_host_is_asked_so_often_and_the_rest_waits_and_is_a_success(
    make: MakeReceiver, store: Store, series: Pages, clock: Clock
) -> None:
    receiver = make(answer_within=PATIENCE, source_rate=Rate("10/day"))
    answers = [receiver.ping(source, TARGET).status.value for source in SERIES]
    assert answers == ["approved"] * 10 + ["pending"] * 20
    assert len(series.asked) == 10
    finish(receiver)
    stand = Counter(settled(make, store, clock, source_rate=Rate("10/day")))
    assert stand == {"approved": 20, "pending": 10}
    assert settled(make, store, clock, source_rate=Rate("10/day")) == ["approved"] * 30


def test_a_thousand_pings_that_name_one_victim_cost_it_ten_requests(
    make: MakeReceiver, store: Store, pages: Pages
) -> None:
    receiver = make(answer_within=PATIENCE, source_rate=Rate("10/day"))
    codes = []
    for number in range(1000):
        try:
            receiver.ping(f"https://victim.example:{8443 if number % 2 else 443}/{number}", TARGET)
        except Fault as fault:
            codes.append((fault.code, fault.retry_after))
        else:
            codes.append((0, None))
    assert codes == [(16, None)] * 10 + [(0, None)] * 50 + [(50, 60.0)] * 940
    assert len(pages.asked) == 10
    assert statuses(store) == ["pending"] * 50  # no success was answered that is not on disk


def test_another_host_is_not_held_up(make: MakeReceiver, series: Pages) -> None:
    receiver = make(answer_within=PATIENCE, source_rate=Rate("1/day"))
    receiver.ping(SERIES[0], TARGET)
    series.web["https://b.example/"] = LINKING
    assert receiver.ping("https://b.example/", TARGET).status is MentionStatus.APPROVED


def test_the_site_s_own_pages_have_no_budget(make: MakeReceiver, pages: Pages) -> None:
    receiver = make(source_rate=Rate("1/day"))
    for number in range(3):
        pages.web[f"{SITE}own-{number}"] = LINKING
        assert receiver.ping(f"{SITE}own-{number}", TARGET).status is MentionStatus.APPROVED


def test_without_a_background_what_has_no_turn_is_50(make: MakeReceiver, store: Store, series: Pages) -> None:
    receiver = make(source_rate=Rate("1/day"))
    receiver.ping(SERIES[0], TARGET)
    fault = refusal(receiver, SERIES[1])
    assert (fault.code, fault.retry_after) == (FaultCode.UPSTREAM_ERROR, 60.0)
    assert statuses(store) == ["approved"]


def test_what_waits_is_looked_at_without_anybody_asking(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock
) -> None:
    receiver = make(answer_within=PATIENCE, source_rate=NotYet("1/second"))
    assert receiver.ping(SOURCE, TARGET).status is MentionStatus.PENDING
    clock.pass_by(minutes=1)
    finish(receiver)
    assert statuses(store) == ["approved"]


def test_a_sender_that_is_too_fast_is_49(make: MakeReceiver, pages: Pages) -> None:
    receiver = make(rate=Rate("1/day"))
    receiver.ping(SOURCE, TARGET, client_ip="192.0.2.7")
    fault = refusal(receiver, f"{SOURCE}?2", client_ip="192.0.2.7")
    assert (fault.code, fault.retry_after is not None, len(pages.asked)) == (FaultCode.ACCESS_DENIED, True, 1)
    assert refusal(receiver, client_ip="192.0.2.8").code == FaultCode.ALREADY_REGISTERED


@pytest.mark.parametrize(
    ("client_ip", "asking_again", "senders"),
    [
        pytest.param("192.0.2.7", "192.0.2.7", ["192.0.2.7"] * 4, id="known"),
        pytest.param("192.0.2.7", "198.51.100.1", ["192.0.2.7", "192.0.2.7", "198.51.100.1", "192.0.2.7"], id="two"),
        pytest.param("", "unix:", ["unknown"] * 4, id="unknown"),
        pytest.param(
            None, None, [None, "unknown", "unknown", "unknown"], id="our-own-host-s-until-it-is-looked-at-later"
        ),
    ],
)
def test_for_whom_a_look_counts(
    make: MakeReceiver,
    pages: Pages,
    clock: Clock,
    client_ip: str | None,
    asking_again: str | None,
    senders: list[str | None],
) -> None:
    """At the first ping, at a second one within the hour, at a third one after it, and of our own accord."""
    receiver = make()
    receiver.ping(SOURCE, TARGET, client_ip=client_ip)
    refusal(receiver, client_ip=asking_again)
    clock.pass_by(hours=1)
    receiver.run_jobs()
    clock.pass_by(hours=1)
    refusal(receiver, client_ip=asking_again)
    clock.pass_by(days=30)
    receiver.reverify(after=timedelta(days=30), most=1)
    assert pages.senders == senders


@pytest.mark.parametrize(
    ("client_ip", "sender"), [("192.0.2.7", "192.0.2.7"), ("2001:db8::1", "2001:db8::/64"), ("", "unknown")]
)
def test_what_waits_counts_for_its_sender(
    make: MakeReceiver, pages: Pages, clock: Clock, client_ip: str, sender: str
) -> None:
    receiver = make(answer_within=PATIENCE, source_rate=NotYet("1/second"))
    assert receiver.ping(SOURCE, TARGET, client_ip=client_ip).status is MentionStatus.PENDING
    clock.pass_by(minutes=1)
    finish(receiver)
    assert pages.senders == [sender]


@pytest.mark.parametrize("answer_within", [pytest.param(None, id="inline"), pytest.param(PATIENCE, id="background")])
def test_a_ping_again_within_the_hour_is_answered_when_it_is_over(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock, answer_within: float | None
) -> None:
    receiver = make(answer_within=answer_within)
    receiver.ping(SOURCE, TARGET)
    pages.web[SOURCE] = CHANGED
    clock.pass_by(minutes=10)
    assert refusal(receiver).code == FaultCode.ALREADY_REGISTERED
    clock.pass_by(minutes=49)
    receiver.run_jobs()
    assert [mention.title for mention in store.mentions.list()] == ["A “post” – A"]
    clock.pass_by(minutes=1)
    receiver.run_jobs()
    finish(receiver)
    assert [mention.title for mention in store.mentions.list()] == ["A new title"]
    clock.pass_by(hours=2)
    make().run_jobs()
    assert len(pages.asked) == 2


@pytest.mark.parametrize(
    ("address", "most"),
    [
        pytest.param("https://a.example/{}", 50, id="of-a-host"),
        pytest.param("https://{}.example/", 1000, id="in-all"),
    ],
)
def test_many_that_fail_keep_nobody_from_a_second_try(
    make: MakeReceiver, store: Store, pages: Pages, clock: Clock, address: str, most: int
) -> None:
    receiver = make(answer_within=0.0)
    del pages.web[SOURCE]  # which nobody can reach, as all that follow
    for source in [*map(address.format, range(most)), SOURCE]:
        receiver.ping(source, TARGET)
        if source in (address.format(0), address.format(most - 1)):
            finish(receiver)
            clock.pass_by(seconds=1)
    finish(receiver)
    pages.web[SOURCE] = LINKING
    clock.pass_by(minutes=1)
    finish(receiver)
    asked = Counter(url for url, _ in pages.asked)
    assert (statuses(store).count("approved"), asked[SOURCE], asked[address.format(0)]) == (1, 2, 1)
    assert asked[address.format(1)] == 2
