"""What anybody may read, beside 100,000 mentions of which 10,000 are of one page: milliseconds of CPU for an answer.

`python -m tests.bench.bench_reads` prints the rows.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

from pingback.model import Mention, MentionKind, MentionStatus, Protocol
from pingback.net.client import Client
from pingback.server.app import handle
from pingback.server.http import Request
from pingback.store import Store
from pingback.store.keys import target_key_of
from pingback.store.rows import row_of
from pingback.store.schema import mentions
from tests.bench.timing import Row, judge, show
from tests.receive.lax import Receiver

MENTIONS, OF_ONE_PAGE, REPLIES = 100_000, 10_000, 1000
SITE = "https://blog.example"
PAGE, ANSWERED = f"{SITE}/p", f"{SITE}/q"
MENTION = Mention(
    source="https://a.example/",
    target=PAGE,
    protocol=Protocol.PINGBACK,
    status=MentionStatus.APPROVED,
    received=datetime(2026, 1, 2, tzinfo=UTC),
    verified=datetime(2026, 1, 2, tzinfo=UTC),
    title="T" * 60,
    excerpt="e" * 180,
)
WORDS = "So it is said, and so it <em>will</em> be. " * 20  # 800 characters
LISTED = (
    b"<methodCall><methodName>pingback.extensions.getPingbacks</methodName>"
    b"<params><param><value>https://blog.example/p</value></param></params></methodCall>"
)


def get(path: str, query: str) -> Request:
    return Request(method="GET", path=path, raw_path=path, query=query)


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder, Store(f"sqlite:///{folder}/x.db") as store, Client() as client:
        fill(Path(folder) / "x.db")
        receiver = Receiver(site=SITE, store=store, client=client)

        def cost(request: Request) -> float:
            return milliseconds(receiver, request)

        yield Row(
            "getPingbacks of a page with 10,000",
            cost(Request(method="POST", path="/xmlrpc", body=LISTED)),
            "ms, at most 60",
            most=60,
        )
        yield Row("count of a page", cost(get("/api/count", f"target={PAGE}")), "ms, at most 10", most=10)
        yield Row("count of the domain", cost(get("/api/count", "domain=blog.example")), "ms, at most 25", most=25)
        yield Row("count of another domain", cost(get("/api/count", "domain=x.example")), "ms, at most 3", most=3)
        for order in ("created", "updated", "published"):
            query = f"domain=blog.example&sort-by={order}"
            yield Row(f"20 of the domain, by {order}", cost(get("/api/mentions.jf2", query)), "ms, at most 6", most=6)
            query = f"target={PAGE}&sort-by={order}"
            yield Row(f"20 of the page, by {order}", cost(get("/api/mentions.jf2", query)), "ms, at most 10", most=10)
        query = "domain=blog.example&since=2099-01-01&wm-property=rsvp&sort-by=published"
        yield Row("none of the domain, by filters", cost(get("/api/mentions.jf2", query)), "ms, at most 30", most=30)
        query = f"target={PAGE}&per-page=1000"
        yield Row("1,000 of the page", cost(get("/api/mentions.jf2", query)), "ms, at most 80", most=80)
        yield Row("the page's own list", cost(get("/mentions", f"target={PAGE}")), "ms, at most 40", most=40)
        query = f"target={ANSWERED}&per-page=1000"
        yield Row("1,000 replies", cost(get("/api/mentions.jf2", query)), "ms, at most 250", most=250)
        yield Row(
            "a page's list of 200 replies", cost(get("/mentions", f"target={ANSWERED}")), "ms, at most 40", most=40
        )
        yield Row("TrackBack's RSS", cost(get("/trackback/p", "__mode=rss")), "ms, at most 60", most=60)


def fill(path: Path) -> None:
    kept = row_of(MENTION) | {"tried": 1, "changed": 1, "page_key": "", "home_key": ""}
    row = {mentions.c[key].name: value for key, value in kept.items()}
    statement = f"INSERT INTO pingback_mentions ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})"
    hot = target_key_of(PAGE)
    with closing(sqlite3.connect(path)) as connection, connection:
        for number in range(MENTIONS):
            key = f"{number:064x}"
            of_page = number < OF_ONE_PAGE
            own = {
                "pair": key,
                "source": f"https://a.example/{number}",
                "target": PAGE if of_page else f"{PAGE}{number}",
                "source_key": key,
                "target_key": hot if of_page else key,
                "page_key": hot if of_page else key,
                "received": row["received"] + number,
                "dated": row["received"] + number,
                "changed": row["received"] + number,
            }
            connection.execute(statement, row | own)
        for number in range(REPLIES):
            key = f"r{number:063x}"
            connection.execute(
                statement,
                row
                | {
                    "pair": key,
                    "source": f"https://a.example/r{number}",
                    "source_key": key,
                    "target": ANSWERED,
                    "target_key": target_key_of(ANSWERED),
                    "page_key": target_key_of(ANSWERED),
                    "kind": MentionKind.REPLY,
                    "content_text": f"{number} {WORDS}",
                    "content_html": f"<p>{number} {WORDS}</p><p><a href='https://a.example/{number}'>So it is.</a></p>",
                },
            )


def milliseconds(receiver: Receiver, request: Request, rounds: int = 5) -> float:
    """Of CPU, in the best round."""
    found = []
    for _ in range(rounds + 1):  # the first one reads from the disk, and compiles what it needs
        begin = process_time()
        response = handle(request, receiver)
        found.append(1000 * (process_time() - begin))
        if response.status != 200:
            raise AssertionError(f"{response.status} for {request.query or request.path}")
    return min(found[1:])


if __name__ == "__main__":
    judge(show(rows()))
