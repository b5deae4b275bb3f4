"""Look-ups that hang: whose they are, whom they hold up, and what is said of a name that was not looked up."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import repeat

import pytest

from pingback.errors import NoTurn, Unreachable
from pingback.net.budget import Budget
from pingback.net.client import Client, Limits
from pingback.net.guard import OWNERS, Permit, Postponed
from pingback.net.lookups import LookUps

PATIENCE = 30.0


class Stranger(Permit):
    is_strangers = True

    def __init__(self, sender: str | None) -> None:
        self.sender = sender


class Hurry(Budget):
    """Of an exchange that waits for nothing, and never knows itself out of time."""

    def left(self) -> float:
        return 1e-6


class Names:
    """The resolver, which answers for no name that begins with `hang`, nor for t.co, before the end; and the clock."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.seconds = 0.0
        self.end = threading.Event()
        self.look_ups = LookUps(self.resolve, moment=PATIENCE, clock=lambda: self.seconds)

    def resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        if host.startswith("hang") or host == "t.co":
            assert self.end.wait(PATIENCE)
        return ["192.0.2.1"]

    def find(self, host: str, permit: Permit) -> Iterable[str]:
        return self.look_ups.find(host, 80, Budget(seconds=PATIENCE, max_received=0, permit=permit))

    def hang(self, hosts: Iterable[str], senders: Iterable[str | None]) -> int:
        """So many of these are being looked up, for two minutes by now."""
        begun = sum(self.begins(host, Stranger(sender)) for host, sender in zip(hosts, senders, strict=False))
        self.seconds += 120
        return begun

    def begins(self, host: str, permit: Permit) -> bool:
        """A look-up of this name that hangs was begun."""
        try:
            self.look_ups.find(host, 80, Hurry(seconds=PATIENCE, max_received=0, permit=permit))
        except Postponed:
            return False
        except TimeoutError as error:
            return str(error) != "no look-up came free in time"
        raise AssertionError(f"{host} does not hang")


@pytest.fixture
def names() -> Iterator[Names]:
    names = Names()
    yield names
    names.end.set()


def hosts(pattern: str) -> list[str]:
    return [pattern.format(number) for number in range(300)]


def senders(many: int) -> Iterator[str]:
    while True:
        yield from (f"192.0.2.{number}" for number in range(many))


@pytest.mark.parametrize(
    ("pattern", "of", "most"),
    [
        pytest.param("hang{}.evil.example", 300, 8, id="one-domain"),
        pytest.param("hang.{}.b.evil.example", 300, 8, id="one-domain-lower-down"),
        pytest.param("hang{}.evil.co.uk", 300, 8, id="one-domain-of-a-registry"),
        pytest.param("hang{}.t.co", 300, 32, id="one-domain-that-looks-like-a-registry"),
        pytest.param("hang.evil{}.co.uk", 300, 32, id="many-domains-of-a-registry"),
        pytest.param("hang{0}.evil{0}.example", 1, 8, id="one-sender"),
        pytest.param("hang{0}.evil{0}.example", 4, 32, id="four-senders"),
        pytest.param("hang{0}.evil{0}.example", 300, 256, id="all-the-world"),
        pytest.param("hang{}", 300, 256, id="names-without-a-domain"),
        pytest.param("hang{0}.evil{0}.example.", 300, 256, id="rfc1034-3.1-root-dot"),
        pytest.param("hang{}.evil.de", 300, 8, id="one-domain-of-a-country"),
        pytest.param("hang{}.bad.com", 300, 8, id="one-short-domain"),
        pytest.param("t.co", 300, 8, id="a-short-domain-itself"),
    ],
)
def test_so_many_may_hang(pattern: str, of: int, most: int, names: Names) -> None:
    assert names.hang(hosts(pattern), senders(of)) == most


def test_without_an_address_of_the_sender_the_domain_still_counts(names: Names) -> None:
    assert names.hang(hosts("hang{}.evil.example"), repeat(None)) == 8
    assert names.hang(hosts("hang{0}.evil{0}.example"), repeat(None)) == 248


@pytest.mark.parametrize(
    ("pattern", "of", "host"),
    [
        pytest.param("hang{}.evil.example", 300, "blog.example", id="of-one-domain"),
        pytest.param("hang{0}.evil{0}.example", 31, "blog.example", id="of-many-senders"),
        pytest.param("hang{}.evil.co.uk", 300, "blog.co.uk", id="of-the-same-registry"),
    ],
)
def test_a_name_that_answers_is_found_among_those_that_hang(pattern: str, of: int, host: str, names: Names) -> None:
    assert names.hang(hosts(pattern), senders(of))
    for _ in range(20):
        assert names.find(host, Stranger("198.51.100.1")) == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("host", "sender"),
    [
        pytest.param("www.evil.example", "198.51.100.1", id="of-the-same-domain"),
        pytest.param("evil.example", "198.51.100.1", id="the-domain-itself"),
        pytest.param("blog.example", "192.0.2.0", id="of-the-same-sender"),
    ],
)
def test_whoever_lets_names_hang_waits_and_is_not_refused(host: str, sender: str, names: Names) -> None:
    names.hang(hosts("hang{}.evil.example"), repeat("192.0.2.0"))
    with pytest.raises(Postponed) as postponed:
        names.find(host, Stranger(sender))
    assert postponed.value.seconds == 10.0
    assert host not in names.asked


def test_when_all_hangs_strangers_come_again_and_the_owner_is_served(names: Names) -> None:
    assert names.hang(hosts("hang{0}.evil{0}.example"), senders(300)) == 256
    with pytest.raises(Postponed):
        names.find("blog.example", Stranger("198.51.100.1"))
    assert names.find("evil1.example", OWNERS) == ["192.0.2.1"]


def test_the_owner_s_names_may_hang_too(names: Names) -> None:
    assert sum(names.begins(f"hang{number}.example", OWNERS) for number in range(70)) == 64
    assert names.find("blog.example", Stranger("192.0.2.1")) == ["192.0.2.1"]


def test_many_names_of_a_domain_at_once_wait_for_one_another(names: Names) -> None:
    """None has hung yet: that they are many is no reason to come again."""
    with ThreadPoolExecutor(40) as threads:
        finding = [threads.submit(names.find, f"hang{number}.host.example", Stranger(None)) for number in range(40)]
        names.end.set()
        assert [found.result() for found in finding] == [["192.0.2.1"]] * 40


def test_look_ups_that_end_make_room(names: Names) -> None:
    names.hang(hosts("hang{}.evil.example"), senders(1))
    names.end.set()
    while True:
        with suppress(Postponed):
            assert names.find("www.evil.example", Stranger("192.0.2.0")) == ["192.0.2.1"]
            break


def fails(host: str, port: int) -> list[str]:
    raise OSError("SERVFAIL")


@pytest.mark.parametrize("resolver", [pytest.param(fails, id="fails"), pytest.param(lambda *_: [], id="finds-nothing")])
def test_look_ups_that_fail_make_room(resolver: Callable[[str, int], list[str]]) -> None:
    with Client(resolver=resolver) as client:
        for _ in range(300):
            with pytest.raises(Unreachable, match="no such host"):
                client.get("http://a.example/", permit=Stranger("192.0.2.1"))


def test_a_name_server_that_is_silent(names: Names) -> None:
    """getaddrinfo has no time-out."""
    with Client(resolver=names.resolve, limits=Limits(timeout=0.1)) as client:
        for permit in (OWNERS, Stranger("192.0.2.1")):
            with pytest.raises(Unreachable, match="did not answer within"):
                client.get("http://hang.example/", permit=permit)


@pytest.mark.parametrize(
    ("permit", "failure", "words"),
    [
        pytest.param(OWNERS, Unreachable, "could not be reached: this machine has no thread to spare", id="owner"),
        pytest.param(Stranger("192.0.2.1"), NoTurn, "too many names", id="stranger"),
    ],
)
def test_a_thread_that_cannot_be_started_takes_no_room(permit: Permit, failure: type[Exception], words: str) -> None:
    with Client(resolver=lambda *_: []) as client:
        threading.stack_size(2**50)  # more than there is
        try:
            for _ in range(300):
                with pytest.raises(failure, match=words):
                    client.get("http://a.example/", permit=permit)
        finally:
            threading.stack_size(0)
        with pytest.raises(Unreachable, match="no such host"):
            client.get("http://a.example/", permit=permit)
