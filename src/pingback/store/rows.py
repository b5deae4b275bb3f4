"""The one place where rows are made from values and taken apart into them."""

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import wraps
from operator import attrgetter, itemgetter
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import ColumnElement, and_, case, null, or_

from pingback.errors import UnreadableRow
from pingback.fields import Form, Written
from pingback.model import (
    FIELDS,
    Author,
    Content,
    Discovery,
    Endpoint,
    Mention,
    MentionKind,
    MentionStatus,
    Outcome,
    OutcomeStatus,
    Protocol,
    Rsvp,
    Via,
)
from pingback.store.keys import author_key_of, pair_of, target_key_of
from pingback.store.schema import mentions
from pingback.store.statements import Row
from pingback.urls import host_of, require_http, server_of
from pingback.work import Attempt, KnownPost, QueuedPing, Reading, ReadingKind, ReadingStatus

MAX_EXCHANGE = 8192  # bytes of an attempt's exchange that are kept

# What stays as the ping left it when the mention is brought up to date.
FIXED = frozenset(
    {"id", "pair", "source_key", "target_key", "target_host", "source", "target", "received", "client_ip"}
)

T = TypeVar("T")
Given = ParamSpec("Given")

log = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def micros(instant: datetime) -> int:
    """An aware instant as a number that sorts; ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return (instant - _EPOCH) // _MICROSECOND


# Later than anything that we write; what is no number at all sorts behind it.
FAR = micros(datetime(9999, 1, 1, tzinfo=UTC))
_MOST = 2**63 - 1  # that a database takes for a number


def possible_ids(numbers: Iterable[int]) -> list[int]:
    """Those that a row can have."""
    return [number for number in numbers if abs(number) <= _MOST]


def row_of(mention: Mention) -> dict[str, Any]:
    """The columns of a mention, all but its `id`, and what the store finds out: `page_key` and `home_key`."""
    author = mention.author or Author()
    keys = {
        "pair": pair_of(mention.source, mention.target),
        "source_key": source_key_of(mention.source),
        "target_key": target_key_of(mention.target),
        "target_host": host_of(mention.target),
        "dated": micros(mention.published or mention.received),
        "author_key": author_key_of(author.url),
        "author_name": storable(author.name),
        "author_url": storable(author.url),
        "author_photo": storable(author.photo),
        "content_text": None if mention.content is None else storable(mention.content.text),
        "content_html": None if mention.content is None else storable(mention.content.html),
    }
    return keys | _TO_ROW.of(_values(mention))


def mention_of(row: Row | Mapping[str, Any]) -> Mention:
    """The mention that a row holds; ValueError, TypeError or OverflowError for what no version of ours wrote."""
    name, url, photo = parts = tuple(map(_text_or_none, _of_author(row)))
    _text_or_none(row["client_ip"])
    _number(row["read_by"])
    if row["fault"] is not None:
        _number(row["fault"])
    author = None if parts == _NO_AUTHOR else Author(name=name, url=url, photo=photo)
    text, html = map(_text_or_none, _of_content(row))
    content = None if text is None and html is None else Content(text=text or "", html=html or "")
    return Mention(author=author, content=content, **_FROM_ROW.of(_columns(row)))


def mentions_of(rows: Iterable[Row]) -> list[Mention]:
    """The mentions that rows hold; a row that cannot be read is left out, and the log says so (`set_aside`)."""
    return [mention for mention in map(mention_or_none, rows) if mention is not None]


def mention_or_none(row: Row | Mapping[str, Any]) -> Mention | None:
    """The mention that a row holds; None where it cannot be read, which the log says."""
    try:
        return mention_of(row)
    except (ValueError, TypeError, OverflowError) as error:
        set_aside("mention", row["id"], error)
        return None


def full_page(fetch: "Callable[[int, Row | None], Sequence[Row]]", size: int) -> tuple[list[Mention], Row | None]:
    """`size` mentions of a list, and the row of the last one where others follow.

    `fetch` gives up to so many rows of it, after the row that it is given. Those that cannot be read take no place.
    """
    found: list[Mention] = []
    last: Row | None = None
    while True:
        wanted = size - len(found)
        rows = fetch(wanted + 1, last)
        found += mentions_of(rows[:wanted])
        if len(rows) <= wanted:
            return found, None
        last = rows[wanted - 1]
        if len(found) == size:
            return found, last


def set_aside(what: str, number: object, error: Exception) -> None:
    """Have the log say, once in a process, that a row cannot be read: SQLite holds any value in any column, and a later
    version of ours may have written other words."""
    told = f"{what} {number}", f"{error}"[:_TOLD_OF_AN_ERROR]
    if told not in _set_aside and len(_set_aside) < _MOST_SET_ASIDE:
        _set_aside.add(told)
        log.warning("%s cannot be read, and is left alone: %s", *told)


def news(status: ColumnElement[Any], *, at: ColumnElement[int] | int) -> ColumnElement[Any]:
    """What `news` becomes in a statement that gives a mention this status, at that instant: it waits for the owner now,
    or is shown and nobody had to wait for it, or was no news while it waited to be looked at."""
    approved, pending = MentionStatus.APPROVED.value, MentionStatus.PENDING.value
    waits = and_(status == pending, mentions.c.status != pending)
    appears = and_(status == approved, mentions.c.status.not_in([approved, pending]))
    is_seen = and_(status.in_([approved, pending]), mentions.c.news.is_(None))
    return case((or_(waits, appears, is_seen), at), else_=mentions.c.news)


def withdrawal(status: ColumnElement[Any], *, at: ColumnElement[int] | int) -> ColumnElement[Any]:
    """What `withdrawn` becomes in a statement that gives a mention this status, at that instant.

    It begins anew where what was withdrawn waits for the owner: that is news (`pingback.store.notifications`).
    """
    approved, pending = MentionStatus.APPROVED.value, MentionStatus.PENDING.value
    waits = and_(mentions.c.withdrawn.is_not(None), mentions.c.status != pending, status == pending)
    return case(
        (status == approved, null()), (or_(mentions.c.status == approved, waits), at), else_=mentions.c.withdrawn
    )


def storable(text: str | None) -> str | None:
    """Without NUL, at which some tools end a text, and lone surrogates, which no encoding can write."""
    return None if text is None else _UNSTORABLE.sub("", text)


def instant(number: int) -> datetime:
    """The instant of such a number; TypeError or OverflowError where it is none."""
    return _EPOCH + number * _MICROSECOND


def instant_or_none(number: int | None) -> datetime | None:
    """`instant` of a number that may be missing."""
    return None if number is None else instant(number)


def _reader_of(words: type[StrEnum]) -> Callable[[str], StrEnum]:
    """The words by their texts; to ask the enum itself takes four times as long."""
    known = {word.value: word for word in words}
    return lambda text: known.get(text) or words(text)


def text_of(value: object) -> str:
    """A text as we write it; ValueError for anything else, for NUL, and for what is no UTF-8."""
    if not isinstance(value, str) or _UNSTORABLE.search(value):  # in line: it is asked a dozen times a row
        raise ValueError(f"{value!r} is no text")
    return value


def is_text(value: object) -> bool:
    """The value is a text that we could have written."""
    return isinstance(value, str) and not _UNSTORABLE.search(value)


def is_url(value: object) -> bool:
    """The value is a text that we could have written, and an absolute HTTP URL."""
    try:
        require_http(text_of(value))
    except ValueError:
        return False
    return True


def _number(value: object) -> int:
    if not isinstance(value, int) or abs(value) > _MOST:
        raise ValueError(f"{value!r} is no number")
    return value


log = logging.getLogger(__name__)

_MOST = 2**32  # one more of what is counted fits into a column still
_MOST_SET_ASIDE = 1000  # rows that the log speaks of
_TOLD_OF_AN_ERROR = 200  # characters
_set_aside: set[tuple[str, str]] = set()

_NO_AUTHOR = (None, None, None)
_STORED = [each for each in FIELDS if each.stored and each.form not in (Form.AUTHOR, Form.CONTENT)]
_GIVEN = ("id", "decision", "changed")  # by the store itself
_TO_ROW = Written(
    [each for each in _STORED if each.name not in _GIVEN],
    {
        Form.TEXT: storable,
        Form.URL: storable,
        Form.LINK: storable,
        Form.DATE: storable,
        Form.INSTANT: micros,
        Form.PROTOCOL: str,
        Form.STATUS: str,
        Form.KIND: str,
        Form.RSVP: str,
    },
)
_FROM_ROW = Written(
    _STORED,
    {
        Form.TEXT: text_of,
        Form.LINK: text_of,
        Form.DATE: text_of,
        Form.URL: lambda url: require_http(text_of(url)),
        Form.INSTANT: instant,
        Form.PROTOCOL: lambda word: Protocol(text_of(word)),
        Form.STATUS: _reader_of(MentionStatus),
        Form.KIND: _reader_of(MentionKind),
        Form.RSVP: _reader_of(Rsvp),
    },
)
_values = attrgetter(*_TO_ROW.names)
_columns = itemgetter(*_FROM_ROW.names)
_of_author = itemgetter("author_name", "author_url", "author_photo")  # one field, in three columns
_of_content = itemgetter("content_text", "content_html")


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
        "status": ping.status.value,
        "protocol": ping.protocol,
        "endpoint": storable(ping.endpoint),
        "fault": ping.fault,
        "message": storable(ping.message),
        "attempts": ping.attempts,
        "fingerprint": ping.fingerprint,
        "linked": ping.linked,
        "told_by": ping.told_by,
        "aging_since": None if ping.aging_since is None else micros(ping.aging_since),
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


def readable(value_of: Callable[Given, T]) -> Callable[Given, T]:
    """Whatever a value cannot be made of, inside, leaves as UnreadableRow."""

    @wraps(value_of)
    def read(*args: Given.args, **kwargs: Given.kwargs) -> T:
        try:
            return value_of(*args, **kwargs)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise UnreadableRow(str(error)) from error

    return read


def readable_of(rows: Iterable[Row], value_of: Callable[[Row], T], *, what: str) -> Iterator[T]:
    """The values of the rows that can be read; each other one is set aside."""
    for row in rows:
        try:
            yield value_of(row)
        except UnreadableRow as error:
            set_aside(what, row[0], error)


@readable
def ping_of(row: Row | Mapping[str, Any]) -> QueuedPing:
    """The ping that a row of `outbox` holds; UnreadableRow where it holds none. So do the others below."""
    return QueuedPing(
        id=row["id"],
        source=require_http(text_of(row["source"])),
        target=require_http(text_of(row["target"])),
        host=server_of(row["target"]),
        status=OutcomeStatus(row["status"]),
        protocol=_protocol(row["protocol"]),
        endpoint=_text_or_none(row["endpoint"]),
        fault=row["fault"],
        message=text_of(row["message"]),
        attempts=_number(row["attempts"]),
        next_try=instant_or_none(row["next_try"]),
        fingerprint=text_of(row["fingerprint"]),
        linked=row["linked"],
        told_by=_protocol(row["told_by"]),
        is_held=row["leased_by"] is not None,
        direct=bool(row["direct"]),
        aging_since=instant_or_none(row["aging_since"]),
    )


@readable
def attempt_of(row: Row) -> Attempt:
    return Attempt(
        ping=row["ping"],
        at=instant(row["at"]),
        status=OutcomeStatus(row["status"]),
        protocol=_protocol(row["protocol"]),
        endpoint=_text_or_none(row["endpoint"]),
        fault=row["fault"],
        message=text_of(row["message"]),
        seconds=row["seconds"],
        exchange=_text_or_none(row["exchange"]),
    )


@readable
def post_of(row: Row) -> KnownPost:
    return KnownPost(
        source=require_http(text_of(row["source"])),
        fingerprint=text_of(row["fingerprint"]),
        seen=instant(row["seen"]),
        gone=row["gone"],
        missing=_number(row["missing"]),
        missing_since=instant_or_none(row["missing_since"]),
        kind=text_of(row["kind"]),
        why=_text_or_none(row["why"]),
    )


@readable
def reading_of(row: Row) -> Reading:
    page = row["page"]
    if not isinstance(page, bytes | None):
        raise TypeError(f"{page!r} is no page")
    return Reading(
        id=row["id"],
        kind=ReadingKind(row["kind"]),
        source=require_http(text_of(row["source"])),
        page=page,
        content_type=_text_or_none(row["content_type"]),
        fingerprint=_text_or_none(row["fingerprint"]),
        trackbacks=_texts(row["trackbacks"]),
        roots=_texts(row["roots"]),
        status=ReadingStatus(row["status"]),
        message=_text_or_none(row["message"]),
        found=_texts(row["found"]),
    )


def _texts(column: object) -> tuple[str, ...]:
    """Those in a JSON list."""
    return () if column is None else tuple(map(text_of, json.loads(text_of(column))))


@readable
def discovery_of(row: Row, *, target: str) -> Discovery:
    endpoints = (
        Endpoint(protocol=Protocol(each["protocol"]), url=each["endpoint"], via=Via(each["via"]))
        for each in json.loads(row["endpoints"])
    )
    return Discovery(target=target, url=text_of(row["url"]), endpoints=tuple(endpoints))


def _protocol(word: str | None) -> Protocol | None:
    return None if word is None else Protocol(text_of(word))


def _text_or_none(value: object) -> str | None:
    return None if value is None else text_of(value)


def _cut(text: str | None) -> str | None:
    return text and text.encode()[:MAX_EXCHANGE].decode(errors="ignore")
