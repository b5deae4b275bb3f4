"""The tables of the outbox, beside that of the mentions, and the one place where their rows are made and taken apart.

Instants and keys are those of `pingback.store.schema`.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    RowMapping,
    String,
    Table,
    Text,
    and_,
    case,
)

from pingback.model import (
    WAITING,
    Attempt,
    Discovery,
    Endpoint,
    KnownPost,
    Outcome,
    OutcomeStatus,
    PostToPublish,
    Protocol,
    QueuedPing,
    Via,
)
from pingback.store.keys import pair_of, target_key_of
from pingback.store.schema import (
    instant,
    instant_or_none,
    metadata,
    micros,
    micros_or_none,
    storable,
)

MAX_EXCHANGE = 8192  # bytes of an attempt's exchange that are kept

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pair", String(64), nullable=False, unique=True),
    Column("source_key", String(64), nullable=False),
    Column("target_key", String(64), nullable=False),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("status", String(20), nullable=False),
    Column("protocol", String(20)),
    Column("endpoint", Text),
    Column("fault", BigInteger),
    Column("message", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try", BigInteger),
    Column("fingerprint", Text, nullable=False),
    Column("linked", Boolean, nullable=False),
    Column("told_by", String(20)),
    Column("failing_since", BigInteger),
    Column("leased_until", BigInteger),
    Column("leased_by", Text),  # no part of a `QueuedPing`: it only tells whose lease may be ended early
    Index("outbox_by_source", "source_key", "id"),
    sqlite_autoincrement=True,
)
# Only what is to be sent, and all that a claim asks of it: from host to host, and for each in the order of turns.
Index(
    "outbox_by_turn",
    outbox.c.host,
    outbox.c.next_try,
    outbox.c.id,
    outbox.c.leased_until,
    outbox.c.source_key,
    sqlite_where=outbox.c.next_try.is_not(None),
)

# The status of `QueuedPing.as_outcome`.
standing = case(
    (and_(outbox.c.leased_until.is_not(None), outbox.c.next_try.is_not(None)), OutcomeStatus.WAITING.value),
    else_=outbox.c.status,
)

attempts = Table(
    "outbox_attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ping", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("status", String(20), nullable=False),
    Column("protocol", String(20)),
    Column("endpoint", Text),
    Column("fault", BigInteger),
    Column("message", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("exchange", Text),
    Index("outbox_attempts_by_ping", "ping", "id"),
)

posts = Table(
    "outbox_posts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source_key", String(64), nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("gone", Boolean, nullable=False),
)

# Posts that are to be published later. A newer request for the same post is another row, with another `id`.
posts_to_publish = Table(
    "outbox_posts_to_publish",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source_key", String(64), nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("page", LargeBinary),
    Column("content_type", Text),
    Column("due", BigInteger, nullable=False, index=True),
    Column("failing_since", BigInteger),
    Column("leased_until", BigInteger),
    Column("leased_by", Text),
    sqlite_autoincrement=True,
)

discoveries = Table(
    "outbox_discoveries",
    metadata,
    Column("target_key", String(64), primary_key=True),
    Column("url", Text, nullable=False),
    Column("endpoints", Text, nullable=False),  # a JSON list of `Endpoint.as_json()`
    Column("until", BigInteger, nullable=False),
    Index("outbox_discoveries_by_end", "until"),
)

pauses = Table(
    "outbox_pauses",
    metadata,
    Column("host", Text, primary_key=True),
    Column("until", BigInteger, nullable=False),
)

_NAME_WHAT_WAITS = """
UPDATE outbox SET status = ?, message = ?, fault = NULL
WHERE next_try IS NOT NULL AND (status = ? AND message = ? OR status IN (?, ?))
"""


class UnreadableRow(Exception):
    """SQLite holds any value in any column, and a later version of ours may have written other words."""


def source_key_of(source: str) -> str:
    """The key under which the pings of a post are found; ValueError when it is not an HTTP URL."""
    return target_key_of(source)


def keys_of(source: str, target: str) -> dict[str, Any]:
    """The columns by which a ping is found."""
    return {
        "pair": pair_of(source, target),
        "source_key": source_key_of(source),
        "target_key": target_key_of(target),
    }


def state_of(ping: QueuedPing) -> dict[str, Any]:
    """The columns of a ping, all but its `id` and keys."""
    return {
        "source": storable(ping.source),
        "target": storable(ping.target),
        "host": ping.host,
        "status": ping.status.value,
        "protocol": ping.protocol,
        "endpoint": storable(ping.endpoint),
        "fault": ping.fault,
        "message": storable(ping.message),
        "attempts": ping.attempts,
        "next_try": micros_or_none(ping.next_try),
        "fingerprint": ping.fingerprint,
        "linked": ping.linked,
        "told_by": ping.told_by,
        "failing_since": micros_or_none(ping.failing_since),
        "leased_until": micros_or_none(ping.leased_until),
    }


def attempt_row_of(
    ping: QueuedPing, outcome: Outcome, *, at: datetime, seconds: float, exchange: str | None
) -> dict[str, Any]:
    """The columns of an attempt, all but its `id`."""
    return {
        "ping": ping.id,
        "at": micros(at),
        "status": outcome.status.value,
        "protocol": outcome.protocol,
        "endpoint": storable(outcome.endpoint),
        "fault": outcome.fault,
        "message": storable(outcome.message),
        "seconds": seconds,
        "exchange": _cut(storable(exchange)),
    }


def discovery_row_of(discovery: Discovery, *, until: datetime) -> dict[str, Any]:
    return {
        "target_key": target_key_of(discovery.target),
        "url": storable(discovery.url),
        "endpoints": json.dumps([endpoint.as_json() for endpoint in discovery.endpoints]),
        "until": micros(until),
    }


def name_what_waits(connection: sqlite3.Connection) -> None:
    """Earlier versions kept as `failed` what was never tried, and as taken what was due again for a change."""
    failed, waiting = OutcomeStatus.FAILED.value, OutcomeStatus.WAITING.value
    taken = (OutcomeStatus.ACCEPTED.value, OutcomeStatus.ALREADY.value)
    connection.execute(_NAME_WHAT_WAITS, (waiting, WAITING, failed, WAITING, *taken)).close()


@contextmanager
def readable() -> Iterator[None]:
    """Whatever a value cannot be made of, inside, leaves as UnreadableRow."""
    try:
        yield
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise UnreadableRow(str(error)) from error


@readable()
def ping_of(row: RowMapping | Mapping[str, Any]) -> QueuedPing:
    """The ping that a row of `outbox` holds; UnreadableRow where it holds none. So do the others below."""
    return QueuedPing(
        id=row["id"],
        source=row["source"],
        target=row["target"],
        host=row["host"],
        status=OutcomeStatus(row["status"]),
        protocol=_protocol(row["protocol"]),
        endpoint=row["endpoint"],
        fault=row["fault"],
        message=row["message"],
        attempts=row["attempts"],
        next_try=instant_or_none(row["next_try"]),
        fingerprint=row["fingerprint"],
        linked=row["linked"],
        told_by=_protocol(row["told_by"]),
        failing_since=instant_or_none(row["failing_since"]),
        leased_until=instant_or_none(row["leased_until"]),
    )


@readable()
def attempt_of(row: RowMapping) -> Attempt:
    return Attempt(
        ping=row["ping"],
        at=instant(row["at"]),
        status=OutcomeStatus(row["status"]),
        protocol=_protocol(row["protocol"]),
        endpoint=row["endpoint"],
        fault=row["fault"],
        message=row["message"],
        seconds=row["seconds"],
        exchange=row["exchange"],
    )


@readable()
def post_of(row: RowMapping) -> KnownPost:
    return KnownPost(source=row["source"], fingerprint=row["fingerprint"], seen=instant(row["seen"]), gone=row["gone"])


@readable()
def post_to_publish_of(row: RowMapping) -> PostToPublish:
    return PostToPublish(
        id=row["id"],
        source=row["source"],
        page=row["page"],
        content_type=row["content_type"],
        failing_since=instant_or_none(row["failing_since"]),
    )


@readable()
def discovery_of(row: RowMapping, *, target: str) -> Discovery:
    endpoints = (
        Endpoint(protocol=Protocol(each["protocol"]), url=each["endpoint"], via=Via(each["via"]))
        for each in json.loads(row["endpoints"])
    )
    return Discovery(target=target, url=row["url"], endpoints=tuple(endpoints))


def _protocol(word: str | None) -> Protocol | None:
    return None if word is None else Protocol(word)


def _cut(text: str | None) -> str | None:
    return text and text.encode()[:MAX_EXCHANGE].decode(errors="ignore")
