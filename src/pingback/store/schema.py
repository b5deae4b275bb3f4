"""The table of mentions, and the one place where its rows are made from values and taken apart into them.

Instants are microseconds since 1970 in UTC.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    and_,
    case,
    func,
    null,
    or_,
    text,
)

from pingback.fields import Form, Written
from pingback.model import FIELDS, Author, Mention, MentionKind, MentionStatus, Protocol
from pingback.store.keys import home_key_of, pair_of, target_key_of
from pingback.urls import host_of

metadata = MetaData()

mentions = Table(
    "mentions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pair", String(64), nullable=False, unique=True),
    Column("target_key", String(64), nullable=False),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("protocol", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("kind", String(20), nullable=False, server_default=MentionKind.MENTION.value),
    Column("title", Text),
    Column("excerpt", Text),
    Column("site_name", Text),
    Column("author_name", Text),
    Column("author_url", Text),
    Column("author_photo", Text),
    Column("published", BigInteger),
    Column("received", BigInteger, nullable=False),
    Column("verified", BigInteger),
    Column("fault", Integer),
    # When the source was last asked for, whatever came of it. No part of a `Mention`: it only paces us.
    Column("tried", BigInteger, nullable=False),
    # Who looks at the source since then; and when it was last pinged again, where nobody has looked since.
    Column("holder", Text),
    Column("asked", BigInteger),
    # When the row last changed, for those who keep copies; and how often in a row the source could not be had since,
    # and when that last counted.
    Column("changed", BigInteger, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failed", BigInteger, nullable=False, server_default="0"),
    # Whose the source is, to ask what is known of them; the owner's last word on the mention, which is a status; and
    # why whoever decided lets it wait.
    Column("home_key", String(64), nullable=False, server_default=""),
    Column("decision", String(20)),
    Column("held_for", Text),
    Column("asker", String(45), key="client_ip"),
    # When the mention ceased to be approved; null where it is, or never was.
    Column("withdrawn", BigInteger),
    # The key of the address that the target's page has by now (`moves`), null where it is the target's own; and the
    # target's host, with its port where that is not the usual one, "" in rows that an earlier version writes.
    Column("moved_to", String(64)),
    Column("target_host", Text, nullable=False, server_default=""),
    Index("mentions_by_address", "target_key", "moved_to"),
    Index("mentions_unplaced", "id", sqlite_where=text("target_host = ''")),
    Index("mentions_by_arrival", "received", "id"),
    Index("mentions_by_change", "changed", "id"),
    Index("mentions_by_withdrawal", "withdrawn", "id"),
    Index("mentions_by_status", "status", "received", "id"),
    Index("mentions_by_home", "home_key", "status"),
    # SQLite uses a partial index only where the query has the same condition, word by word.
    Index("mentions_unverified", "status", "protocol", "tried", sqlite_where=text("verified IS NULL")),
    Index("mentions_asked", "tried", sqlite_where=text("asked IS NOT NULL")),
    Index("mentions_by_host", "target_host", "status", "received", "id", "changed", "kind"),
    Index("mentions_by_host_change", "target_host", "status", "changed", "id", "received", "kind"),
    Index("mentions_by_host_kind", "target_host", "status", "kind", "id", "received", "changed"),
    Index(
        "mentions_rejected",
        *("changed", "id"),
        sqlite_where=text("status = 'rejected' AND decision IS NULL AND withdrawn IS NULL"),
    ),
    sqlite_autoincrement=True,  # an id once told to somebody never means another mention
)
# In whose list a mention stands; and its own date, else that of its arrival.
page_key: ColumnElement[str] = func.coalesce(mentions.c.moved_to, mentions.c.target_key)
dated: ColumnElement[int] = func.coalesce(mentions.c.published, mentions.c.received)
# Anybody may ask for the mentions of a page or a host, so that all of a row that a question can be about stands in
# these: no rows are read but those that are shown. Those of a page, a few thousand, are sorted for other orders.
# SQLite uses an index of an expression where the query has the same one.
_c = mentions.c
Index("mentions_by_page", page_key, _c.status, _c.received, _c.id, _c.changed, _c.kind, _c.target_host, _c.published)
Index("mentions_by_page_change", page_key, _c.changed)
Index("mentions_by_host_date", _c.target_host, _c.status, dated, _c.id, _c.received, _c.changed, _c.kind, _c.published)
# Only what is shown, from the one that was not looked at for longest.
Index("mentions_by_look", mentions.c.tried, sqlite_where=mentions.c.status == MentionStatus.APPROVED.value)

# What files of earlier versions lack. Each has a default or may be null, for the rows that are there and for such a
# version's own.
ADDED = (
    mentions.c.kind,
    mentions.c.changed,
    mentions.c.failures,
    mentions.c.failed,
    mentions.c.home_key,
    mentions.c.decision,
    mentions.c.client_ip,
    mentions.c.withdrawn,
    mentions.c.holder,
    mentions.c.asked,
    mentions.c.moved_to,
    mentions.c.target_host,
    mentions.c.held_for,
)

# What stays as the ping left it when the mention is brought up to date.
FIXED = frozenset(
    {"id", "pair", "target_key", "moved_to", "target_host", "home_key", "source", "target", "received", "client_ip"}
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def micros(instant: datetime) -> int:
    """An aware instant as a number that sorts; ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return (instant - _EPOCH) // _MICROSECOND


def row_of(mention: Mention) -> dict[str, Any]:
    """The columns of a mention, all but its `id`, and `moved_to`."""
    author = mention.author or Author()
    keys = {
        "pair": pair_of(mention.source, mention.target),
        "target_key": target_key_of(mention.target),
        "target_host": host_of(mention.target),
        "home_key": home_key_of(mention.source),
        "author_name": storable(author.name),
        "author_url": storable(author.url),
        "author_photo": storable(author.photo),
    }
    return keys | _TO_ROW.of(_values(mention))


def mention_of(row: RowMapping | Mapping[str, Any]) -> Mention:
    """The mention that a row holds; ValueError, TypeError or OverflowError for what no version of ours wrote."""
    name, url, photo = parts = _of_author(row)
    author = None if parts == _NO_AUTHOR else Author(name=name, url=url, photo=photo)
    return Mention(author=author, **_FROM_ROW.of(_columns(row)))


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


def micros_or_none(instant: datetime | None) -> int | None:
    """`micros` of an instant that may be missing."""
    return None if instant is None else micros(instant)


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


_NO_AUTHOR = (None, None, None)
_STORED = [each for each in FIELDS if each.stored and each.form is not Form.AUTHOR]
_GIVEN = ("id", "decision", "changed")  # by the store itself
_TO_ROW = Written(
    [each for each in _STORED if each.name not in _GIVEN],
    {
        Form.TEXT: storable,
        Form.URL: storable,
        Form.INSTANT: micros,
        Form.PROTOCOL: str,
        Form.STATUS: str,
        Form.KIND: str,
    },
)
_FROM_ROW = Written(
    _STORED,
    {
        Form.INSTANT: instant,
        Form.PROTOCOL: Protocol,
        Form.STATUS: _reader_of(MentionStatus),
        Form.KIND: _reader_of(MentionKind),
    },
)
_values = attrgetter(*_TO_ROW.names)
_columns = itemgetter(*_FROM_ROW.names)
_of_author = itemgetter("author_name", "author_url", "author_photo")  # one field, in three columns
