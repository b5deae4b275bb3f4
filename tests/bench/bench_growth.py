"""What a site asks its store each day, beside more and more mentions, or more and more that waits: CPU and its growth.

`python -m tests.bench.bench_growth` prints a table for both, and with `postgresql` does so of a server, with its CPU.
The last number is a million mentions, and takes minutes to fill. What is asked goes the public way, by HTTP, command or
`Site`, where there is one.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from time import process_time, thread_time
from typing import Any, NamedTuple
from urllib.parse import urlencode
from wsgiref.util import setup_testing_defaults

from click.testing import CliRunner

import pingback
from pingback.cli.group import main
from pingback.model import Mention, MentionStatus, OutcomeStatus, Protocol
from pingback.receive.homes import home_of
from pingback.store.keys import home_key_of, pair_of, target_key_of
from pingback.store.rows import micros, row_of, source_key_of, state_of
from pingback.store.schema import jobs, lanes, mentions, outbox
from pingback.work import JobKind, QueuedPing
from tests.bench.bench_chain import posts
from tests.bench.databases import Filled, NewDatabase, in_file, on_server
from tests.bench.statements import ping
from tests.bench.timing import Row, judge, show
from tests.postgresql.server import running

MENTIONS = (1_000, 10_000, 100_000, 1_000_000)
WAITING = (1_000, 10_000, 100_000)
MOST = 1.5  # times what it costs beside the fewest
NOISE = 0.3  # ms that a growth may come to
ROUNDS = 7

SITE = "http://blog.example"
TARGET = f"{SITE}/2024/hello"  # what the posts of `bench_chain` link to
FEW, MANY, MOST_OF_ALL = f"{SITE}/few", f"{SITE}/many", f"{SITE}/most"  # pages with so many mentions
OF_FEW, OF_MANY, OF_MOST = 10, 500, 10_000
BIG = 100_000  # mentions, among which one page may have so many
PENDING = 20
HOSTS = 100
NOW = datetime.now(UTC).replace(microsecond=0)
PASSWORD = "correct horse"
MENTION = Mention(
    source="https://a.example/",
    target=FEW,
    protocol=Protocol.PINGBACK,
    status=MentionStatus.APPROVED,
    received=NOW,
    verified=NOW,
    title="T" * 60,
    excerpt="e" * 180,
)
PING = QueuedPing(
    id=0,
    source=f"{SITE}/post",
    target="https://a.example/",
    host="a.example",
    status=OutcomeStatus.FAILED,
    message="the host did not answer",
    next_try=NOW + timedelta(hours=1),
    fingerprint="f" * 64,
    linked=True,
)

Question = Callable[[], object]


class Cost(NamedTuple):
    """Milliseconds of CPU of a question, for each number of rows."""

    name: str
    by_number: list[float]


def rows(new_database: NewDatabase = in_file) -> Iterator[Row]:
    with posts("a plain post") as port:
        for series, numbers, fill in (("mentions", MENTIONS, fill_mentions), ("waiting", WAITING, fill_waiting)):
            costs = measured(numbers, fill, port, new_database)
            print_table(series, numbers, costs)
            for cost in costs:
                first, last = cost.by_number[0], cost.by_number[-1]
                growth = 1.0 if last - first < NOISE else last / first
                least = numbers[-len(cost.by_number)]
                label = f"{cost.name}: times, with {numbers[-1]:,} {series} instead of {least:,}"
                yield Row(label, growth, f"at most {MOST}", most=MOST)


def measured(
    numbers: Sequence[int], fill: Callable[[Filled, int], int], port: int, new_database: NewDatabase
) -> list[Cost]:
    found: dict[str, list[float]] = {}
    for number in numbers:
        with new_database() as database:
            kept = fill(database, number)
            database.analyze()
            with site_over(database.url) as site:
                for name, question in questions(site, database.url, kept).items():
                    cost = milliseconds(question, lambda: database.seconds() + thread_time())
                    found.setdefault(name, []).append(cost)
                cost = cost_of_pings(site, port, lambda: database.seconds() + process_time())
                found.setdefault("an accepted ping", []).append(cost)
    return [Cost(name, costs) for name, costs in found.items()]


def site_over(url: str) -> pingback.Site:
    return pingback.Site(
        SITE,
        store=url,
        check_targets=False,
        allow_networks="127.0.0.0/8",
        rate="off",
        source_rate="off",
        approve="all",
        answer_within=60,
        reverify_after_days=0,
    )


def questions(site: pingback.Site, url: str, kept: int) -> Mapping[str, Question]:
    def get(path: str, **query: str) -> Question:
        return lambda: asked(site, "GET", path, urlencode(query))

    def inbox(path: str, **query: str) -> Question:
        return lambda: asked(site, "GET", path, urlencode(query), cookie=cookie)

    store, soon = site.store, NOW + timedelta(hours=2)
    site.set_password(PASSWORD)
    cookie = logged_in(site)
    old = NOW - timedelta(days=365)
    of_most = {
        "the list of a page with 10,000": get("/mentions", target=MOST_OF_ALL),
        "JF2 of a page with 10,000": get("/api/mentions.jf2", target=MOST_OF_ALL),
        "count of a page with 10,000": get("/api/count", target=MOST_OF_ALL),
    }
    return (of_most if kept >= BIG else {}) | {
        "the list of a page with 10": get("/mentions", target=FEW),
        "the list of a page with 500": get("/mentions", target=MANY),
        "JF2 of a page with 10": get("/api/mentions.jf2", target=FEW),
        "JF2 of a page with 500": get("/api/mentions.jf2", target=MANY),
        "JF2 of a page with 10, by date": get("/api/mentions.jf2", target=FEW, **{"sort-by": "published"}),
        "JF2 of a host": get("/api/mentions.jf2", domain="blog.example"),
        "JF2 of a host, by date": get("/api/mentions.jf2", domain="blog.example", **{"sort-by": "published"}),
        "JF2 of a host, nothing since": get("/api/mentions.jf2", domain="blog.example", since=soon.isoformat()),
        "JF2 of a host, of a kind that is not": get(
            "/api/mentions.jf2", domain="blog.example", **{"wm-property": "rsvp"}
        ),
        "count of a page with 10": get("/api/count", target=FEW),
        "count of a page with 500": get("/api/count", target=MANY),
        "deletions, the newest": get("/api/deletions", since=soon.isoformat()),
        "metrics": get("/metrics"),
        "inbox, first page": inbox("/inbox", status="approved"),
        "inbox, what waits": inbox("/inbox"),
        "inbox, the outbox": inbox("/inbox/outbox"),
        "command mentions TARGET": lambda: CliRunner().invoke(
            main, ["mentions", FEW, "--json", "--db", url], catch_exceptions=False
        ),
        "mentions to look at again": lambda: store.looks.add_overdue(
            hosts=["my.example"], is_ours=bool, before=NOW - timedelta(days=3000), now=NOW, most=20
        ),
        "when the next job is due": lambda: store.jobs.next_due(list(JobKind), now=NOW),
        "a lease of jobs, and its release": lambda: store.jobs.release(
            store.jobs.lease(
                [JobKind.DELIVER],
                worker_id="bench",
                now=soon,
                lease=timedelta(minutes=5),
                limit=10,
                per_host=2,
            ),
            now=soon,
        ),
        "jobs of the dead": lambda: store.jobs.free_the_dead(soon, is_gone=lambda worker_id: True),
        "jobs, after a jump of the clock": lambda: store.jobs.heal_clock(soon),
        "counts of the outbox": store.outbox.counts,
        "to forget, where nothing is old": lambda: store.retention.run(before=old, now=NOW),
    }


def logged_in(site: pingback.Site) -> str:
    """The cookies of the owner: of the session, and of the device."""
    headers = asked(site, "POST", "/inbox/login", body=urlencode({"password": PASSWORD}).encode())
    return "; ".join(value.partition(";")[0] for name, value in headers if name == "Set-Cookie")


def asked(
    site: pingback.Site, method: str, path: str, query: str = "", *, body: bytes = b"", cookie: str = ""
) -> list[tuple[str, str]]:
    """The headers of an answer that is no error."""
    environ: dict[str, object] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_HOST": "blog.example",
        "HTTP_ORIGIN": SITE,
        "HTTP_COOKIE": cookie,
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": BytesIO(body),
    }
    setup_testing_defaults(environ)
    said: list[Any] = []

    def start_response(status: str, headers: object, error: object = None) -> Callable[[bytes], object]:
        said.extend((status, headers))
        return len

    answer = b"".join(site.wsgi()(environ, start_response))
    if said[0][0] not in "23" or b'name="password"' in answer:
        raise AssertionError(f"{said[0]} for {method} {path}?{query}")
    headers: list[tuple[str, str]] = said[1]
    return headers


def milliseconds(question: Question, clock: Callable[[], float]) -> float:
    """Of CPU, in the best round; the first one reads from the disk, and compiles what it needs."""
    found = []
    for _ in range(ROUNDS):
        begin = clock()
        question()
        found.append(1000 * (clock() - begin))
    return min(found[1:])


def cost_of_pings(site: pingback.Site, port: int, clock: Callable[[], float]) -> float:
    """Of the whole process, as threads of ours may do it; the posts are served here, which costs the same each time."""
    numbers = iter(range(1000))

    def ten() -> None:
        for _ in range(10):
            number = next(numbers)
            ping(site.wsgi(), f"http://127.0.0.{1 + number % 20}:{port}/{number}", TARGET)

    return milliseconds(ten, clock) / 10


def print_table(series: str, numbers: Sequence[int], costs: Iterable[Cost]) -> None:
    sys.stdout.write(f"ms of CPU, by {series}:".ljust(42) + "".join(f"{number:>11,}" for number in numbers) + "\n")
    for cost in costs:
        sys.stdout.write(
            f"  {cost.name}".ljust(42) + "".join(f"{ms:11.2f}" for ms in cost.by_number).rjust(11 * len(numbers)) + "\n"
        )
    sys.stdout.flush()


# Filling. What a table has not is left out, so that these outlive a change of the schema.


def fill_mentions(database: Filled, number: int) -> int:
    """So many, of which the last ones wait for the owner."""
    database.insert(mentions, (mention_row(each, number) for each in range(number)))
    return number


def fill_waiting(database: Filled, number: int) -> int:
    """Gives how many mentions there are beside; half of what waits is for one host."""
    kept = fill_mentions(database, MENTIONS[0])
    database.insert(outbox, (ping_row(each) for each in range(number)))
    due = micros(NOW + timedelta(hours=1))
    waiting = (
        {
            "kind": JobKind.DELIVER.value,
            "subject": each + 1,
            "host": host_of(each),
            "due": due + each,
            "set_at": micros(NOW),
        }
        for each in range(number)
    )
    database.insert(jobs, waiting)
    earliest = {host_of(each): due + each for each in reversed(range(number))}
    database.insert(
        lanes, ({"kind": JobKind.DELIVER.value, "host": host, "due": first} for host, first in earliest.items())
    )
    return kept


def mention_row(each: int, number: int) -> dict[str, Any]:
    received = NOW - timedelta(minutes=number - each)
    target = page_of(each) if number >= BIG or each < OF_FEW + OF_MANY else f"{SITE}/{each}"
    source = f"https://{each % 1000}.example/{each}"
    kept = {
        "home_key": home_key_of(home_of(source)),
        "page_key": target_key_of(target),
        "tried": micros(NOW),
        "changed": micros(received),
    }
    is_pending = number - each <= PENDING
    status = MentionStatus.PENDING if is_pending else MentionStatus.APPROVED
    own = {
        "source": source,
        "target": target,
        "pair": pair_of(source, target),
        "source_key": source_key_of(source),
        "target_key": target_key_of(target),
        "received": micros(received),
        "dated": micros(received),
        "status": status.value,
    }
    return _MENTION | kept | own


def page_of(each: int) -> str:
    for page, last in ((FEW, OF_FEW), (MANY, OF_FEW + OF_MANY), (MOST_OF_ALL, OF_FEW + OF_MANY + OF_MOST)):
        if each < last:
            return page
    return f"{SITE}/{each}"


def ping_row(each: int) -> dict[str, Any]:
    target = f"https://{host_of(each)}/{each}"
    keys = {
        "pair": pair_of(PING.source, target),
        "source_key": f"{each // 10:064x}",
        "target_key": target_key_of(target),
    }
    return _PING | keys | {"target": target, "host": host_of(each), "next_try": micros(NOW + timedelta(hours=1)) + each}


def host_of(each: int) -> str:
    return f"{0 if each % 2 else each % HOSTS}.example"


_MENTION = row_of(MENTION)
_PING = state_of(PING)


if __name__ == "__main__":
    if sys.argv[1:] == ["postgresql"]:
        with running() as server:
            judge(show(rows(on_server(server))))
    else:
        judge(show(rows()))
