"""The server under load: 2,000 pings at concurrency 32, a tenth of them of sources that never answer.

And beside WordPress, where that is installed: the same small number of pings to both, one run after the other.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from tests.bench.timing import Row, judge, show
from tests.load.server import Server, approved, posts, target_of
from tests.load.storm import Answered, memory_of, mixed, percentile, storm
from tests.load.web import Web
from tests.paths.programs import wait_until
from tests.wordpress import install
from tests.wordpress.fixture import WordPress

SITE = "https://my.example/"
CONCURRENCY = 32
GOOD, SLOW = 1800, 200
HOSTS, SLOW_HOSTS = 200, 100
FEW_MB = 5
BESIDE = 100  # pings to us and to WordPress, with so few at once as its server has workers
BESIDE_AT_ONCE = 4


def rows() -> Iterator[Row]:
    yield from under_load()
    if not install.missing():
        yield from beside_wordpress()


def under_load() -> Iterator[Row]:
    with serving(SITE, good=HOSTS, slow=SLOW_HOSTS) as (server, web):
        good, slow = posts(web, SITE, good=GOOD, slow=SLOW)
        before = memory_of(server.pid)
        seen: list[float] = []

        def watch(answered: int) -> None:
            if answered % 100 == 0:
                seen.append(memory_of(server.pid))

        began = perf_counter()
        answers = storm(server.endpoint, list(mixed(good, slow)), target_of, concurrency=CONCURRENCY, after_each=watch)
        seconds = perf_counter() - began
        known = set(good)
        of_good = [answer for answer in answers if answer.source in known]
        of_slow = [answer for answer in answers if answer.source not in known]
        at_once = len(approved(server.mentions()) & known)
        wait_until(lambda: approved(server.mentions()) >= known)
        yield Row(f"{GOOD} good pings, of them answered with success", successes(of_good), str(GOOD), least=GOOD)
        yield Row(
            f"{SLOW} slow ones, answered with success or refused for now", answered(of_slow), str(SLOW), least=SLOW
        )
        yield Row("good ones verified when the last answer came", at_once, f"of {GOOD}; in the end all")
        yield Row("pings a second, slow ones included", len(answers) / seconds, "as many as it gives")
        yield Row("s until half of all were answered", percentile(answers, 0.5), "below 1", most=1)
        yield Row("s until 99 of 100 were answered", percentile(answers, 0.99), "below 3", most=3)
        yield Row("s until the last was answered", percentile(answers, 1.0), "below 4", most=4)
        yield Row("MB of memory before", before, "")
        for done in (500, 1000, 1500):
            yield Row(f"MB of memory after {done:,} answers", seen[done // 100 - 1], "")
        yield Row("MB of memory after 2,000", seen[-1], "no more than a few MB over that", most=seen[14] + FEW_MB)


def beside_wordpress() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder, WordPress(Path(folder)) as wordpress:
        post = wordpress.post("Part five", "<p>In the middle.</p>")
        # It asks nobody but 127.0.0.1.
        with serving(f"{wordpress.url}/", "--source-rate", "off", good=1, slow=0) as (server, web):
            sources = [web.good(number, post) for number in range(BESIDE)]
            yield from figures("ours", sources, server.endpoint)
            yield from figures("WordPress", sources, wordpress.endpoint)


def figures(whose: str, sources: list[str], endpoint: str) -> Iterator[Row]:
    began = perf_counter()
    answers = storm(endpoint, sources, target_of, concurrency=BESIDE_AT_ONCE)
    seconds = perf_counter() - began
    yield Row(f"{whose}: pings accepted", successes(answers), f"of {BESIDE}, {BESIDE_AT_ONCE} at a time")
    yield Row(f"{whose}: pings a second", len(answers) / seconds, "")
    yield Row(f"{whose}: ms at the median", percentile(answers, 0.5) * 1000, "")
    yield Row(f"{whose}: ms for 99 of 100", percentile(answers, 0.99) * 1000, "")


@contextmanager
def serving(site: str, *arguments: str, good: int, slow: int) -> Iterator[tuple[Server, Web]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Web(good=good, slow=slow) as web,
        Server(Path(folder), site, *arguments) as server,
    ):
        yield server, web


def successes(answers: list[Answered]) -> int:
    return sum(answer.is_success for answer in answers)


def answered(answers: list[Answered]) -> int:
    return sum(answer.seconds is not None for answer in answers)


if __name__ == "__main__":
    sys.stdout.write("this takes a minute or two\n")
    judge(show(rows()))
