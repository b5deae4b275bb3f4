"""The server under a small storm: what it answers is true, whatever becomes of it. `bench_load` has the figures."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.load.server import Server, approved, posts, target_of
from tests.load.storm import mixed, storm
from tests.load.web import Web
from tests.paths.outside import do_what_is_due_in_a_minute
from tests.paths.programs import wait_until

SITE = "https://my.example/"


@pytest.fixture
def web() -> Iterator[Web]:
    with Web(good=20, slow=10) as web:
        yield web


def test_every_good_ping_is_a_success_among_slow_ones(web: Web, tmp_path: Path) -> None:
    good, slow = posts(web, SITE, good=180, slow=20)
    with Server(tmp_path, SITE, "--answer-within", "0.5") as server:
        answers = storm(server.endpoint, list(mixed(good, slow)), target_of, concurrency=32)
        assert {answer.source for answer in answers if answer.is_success} >= set(good)
        assert all(answer.seconds is not None for answer in answers)
        wait_until(lambda: approved(server.mentions()) == set(good))
        assert "ERROR" not in server.log()


def test_a_series_of_one_blog_is_answered_with_success_and_never_lost(web: Web, tmp_path: Path) -> None:
    series = [f"{web.good(0, SITE)}{number}" for number in range(30)]
    with Server(tmp_path, SITE, "--source-rate", "10/day") as server:
        answers = storm(server.endpoint, series, target_of, concurrency=8)
        assert all(answer.is_success for answer in answers)
        assert len(server.mentions()) == 30
        wait_until(lambda: len(approved(server.mentions())) == 10)
        assert server.stop() == 0
    do_what_is_due_in_a_minute(tmp_path, SITE)
    assert approved(server.mentions()) == set(series)


def test_a_kill_in_the_middle_loses_nothing_that_was_answered(web: Web, tmp_path: Path) -> None:
    good, slow = posts(web, SITE, good=180, slow=20)
    with Server(tmp_path, SITE, "--answer-within", "0.5") as server:

        def kill(answered: int) -> None:
            if answered == 100:
                server.kill()

        answers = storm(server.endpoint, list(mixed(good, slow)), target_of, concurrency=32, after_each=kill)
        answered = {answer.source for answer in answers if answer.is_success}
        assert 0 < len(answered) < 200
        assert {mention.source for mention in server.mentions()} >= answered
    with Server(tmp_path, SITE) as server:
        wait_until(lambda: approved(server.mentions()) >= answered & set(good))


def test_fifty_equal_pings_at_once_are_one(web: Web, tmp_path: Path) -> None:
    with Server(tmp_path, SITE) as server:
        answers = storm(server.endpoint, [web.good(0, f"{SITE}5")] * 50, target_of, concurrency=50)
        assert Counter(answer.fault for answer in answers) == {None: 1, 48: 49}
        assert len(server.mentions()) == 1
