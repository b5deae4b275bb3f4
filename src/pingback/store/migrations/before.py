"""Files of before the schema had a history: SQLite's, with tables of other names. They are copied, and dropped.

Functions that later versions may change are restated here: what a revision does never changes.
"""

import sqlite3
from collections.abc import Iterable
from hashlib import sha256

from sqlalchemy import Connection, text

from pingback.clock import now
from pingback.urls import host_of, key_of

# By the new names: the old ones, and columns by which they are told from tables of another program. A file may lack all
# but the first: earlier versions made no more.
_TABLES = {
    "mentions": ("mentions", "pair target_key source target protocol status received tried"),
    "outbox": ("outbox", "pair source_key target_key source target host status next_try fingerprint linked"),
    "attempts": ("outbox_attempts", "ping at status message seconds"),
    "posts": ("outbox_posts", "source_key source fingerprint seen gone"),
    "readings": ("outbox_posts_to_publish", "source_key source page content_type due failing_since"),
    "discoveries": ("outbox_discoveries", "target_key url endpoints until"),
    "pauses": ("outbox_pauses", "host until"),
    "moves": ("moves", "old_key new_key url"),
    "blocks": ("blocks", "block host since"),
    "secrets": ("secrets", "name value"),
    "ended_sessions": ("ended_sessions", "session until"),
    "login_tries": ("login_tries", "client at"),
    "channels": ("notice_channels", "name since"),
    "notifications": ("notices", "channel mention at"),
}
# Of mentions, what is computed where the old table has no such column. Functions are given bytes: a text that is no
# UTF-8 would not reach them.
_COMPUTED = {
    "source_key": "pingback_url_key(CAST(source AS BLOB))",
    "home_key": "pingback_home_key(CAST(source AS BLOB))",
    "page_key": "coalesce({moved_to}, target_key)",
    "dated": "coalesce(published, received)",
    "news": "CASE WHEN status IN ('approved', 'pending') THEN received END",
    "target_host": "pingback_host(CAST(target AS BLOB))",
}
_MOVED_TO = "(SELECT new_key FROM pingback_moves WHERE old_key = target_key)"
# What was never tried was kept as `failed`, and as taken what was due again for a change.
_NAME_WHAT_WAITS = """
UPDATE pingback_outbox SET status = 'waiting', message = 'waiting to be sent', fault = NULL
WHERE id IN (SELECT id FROM outbox WHERE next_try IS NOT NULL)
AND (status = 'failed' AND message = 'waiting to be sent' OR status IN ('accepted', 'already'))
"""
_ADD_JOBS = "INSERT INTO pingback_jobs (kind, subject, host, due, set_at, attempts, failing_since)"
_UNSEEN = "status = 'pending' AND verified IS NULL AND {held_for} IS NULL"
_VERIFY = """
SELECT 'verify', id, pingback_host(CAST(source AS BLOB)), :now, :now, 0, NULL FROM mentions WHERE {unseen}
"""
# Pinged again within an hour of the last look, or not to be had at the last looks: there are three days between two.
_REVERIFY = """
SELECT
    'reverify',
    id,
    pingback_host(CAST(source AS BLOB)),
    max(:now, tried + CASE WHEN {asked} IS NOT NULL THEN 3600000000 ELSE 259200000000 END),
    :now,
    {failures},
    nullif({failed}, 0)
FROM mentions
WHERE
    ({asked} IS NOT NULL AND status <> 'rejected' OR {failures} > 0 AND status IN ('approved', 'pending'))
    AND NOT ({unseen})
"""
_DELIVER = """
SELECT 'deliver', id, host, next_try, :now, failing_since IS NOT NULL, failing_since
FROM outbox WHERE next_try IS NOT NULL
"""
_READ = """
SELECT 'read', id, pingback_host(CAST(source AS BLOB)), due, :now, failing_since IS NOT NULL, failing_since
FROM outbox_posts_to_publish
"""
_LANES = """
INSERT INTO pingback_lanes (kind, host, due)
SELECT kind, host, max(min(due), coalesce((SELECT until FROM pingback_pauses AS p WHERE p.host = j.host), 0))
FROM pingback_jobs AS j GROUP BY kind, host
"""


def is_ours(connection: sqlite3.Connection | Connection) -> bool:
    """There is a table of mentions, and it is no other program's."""
    return _is_there(connection, "mentions")


def copy_all(connection: Connection) -> None:
    """Take all rows over into the new tables, which are empty; drop the old ones."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)  # noqa: S101  # no other database was spoken then
    for name, function in (("url_key", _url_key), ("home_key", _home_key), ("host", _host)):
        raw.create_function(f"pingback_{name}", 1, function, deterministic=True)
    there = [new for new in _TABLES if _is_there(connection, new)]
    for new in sorted(there, key=lambda new: new == "mentions"):  # which asks for moves
        _copy(connection, new)
    old = _Lacking(_columns(connection, "mentions"))
    old["unseen"] = _UNSEEN.format_map(old)
    waiting = [_VERIFY.format_map(old), _REVERIFY.format_map(old)]
    if "outbox" in there:
        connection.execute(text(_NAME_WHAT_WAITS))
        waiting.append(_DELIVER)
    if "readings" in there:
        waiting.append(_READ)
    instant = {"now": int(now().timestamp() * 1_000_000)}
    for jobs in waiting:
        connection.execute(text(f"{_ADD_JOBS} {jobs}"), instant)
    connection.execute(text(_LANES))
    for new in there:
        connection.execute(text(f"DROP TABLE {_TABLES[new][0]}"))


class _Lacking(dict[str, str]):
    """Columns by their names, and what stands in the place of those that a table lacks."""

    def __init__(self, columns: Iterable[str]) -> None:
        super().__init__((name, name) for name in columns)

    def __missing__(self, name: str) -> str:
        return "0" if name in ("failures", "failed") else "NULL"


def _is_there(connection: sqlite3.Connection | Connection, new: str) -> bool:
    name, columns = _TABLES[new]
    return set(columns.split()) <= set(_columns(connection, name))


def _columns(connection: sqlite3.Connection | Connection, table: str) -> list[str]:
    sql = f"PRAGMA table_info({table})"
    rows = connection.execute(sql) if isinstance(connection, sqlite3.Connection) else connection.execute(text(sql))
    return [row[1] for row in rows]


def _copy(connection: Connection, new: str) -> None:
    """The columns that both have by the same name, and those that can be computed."""
    name = _TABLES[new][0]
    old = _columns(connection, name)
    values = {column: column for column in _columns(connection, f"pingback_{new}") if column in old}
    if new == "mentions":
        values |= _of_mentions(old)
    if new == "notifications":  # who was at it is at it no more
        name += " WHERE channel NOT LIKE '% in hand'"
    into, taken = ", ".join(values), ", ".join(values.values())
    connection.execute(text(f"INSERT INTO pingback_{new} ({into}) SELECT {taken} FROM {name} ORDER BY rowid"))  # noqa: S608  # names of ours
    # An id once told to somebody never means another row, also where the last ones are gone.
    sequence = "UPDATE sqlite_sequence SET seq = max(seq, (SELECT seq FROM sqlite_sequence WHERE name = :old))"
    begun = "INSERT INTO sqlite_sequence SELECT :new, 0 WHERE :new NOT IN (SELECT name FROM sqlite_sequence)"
    names = {"old": _TABLES[new][0], "new": f"pingback_{new}"}
    if connection.execute(text("SELECT 1 FROM sqlite_sequence WHERE name = :old"), names).scalar() is not None:
        connection.execute(text(begun), names)
        connection.execute(text(f"{sequence} WHERE name = :new"), names)


def _of_mentions(old: list[str]) -> dict[str, str]:
    """Of mentions that say nowhere whose list they stand in, the host is "": then the moves are asked."""
    moved_to = f"CASE WHEN target_host = '' THEN {_MOVED_TO} ELSE moved_to END" if "moved_to" in old else _MOVED_TO
    values = {column: sql.format(moved_to=moved_to) for column, sql in _COMPUTED.items() if column not in old}
    if "target_host" in old:
        values["target_host"] = f"CASE WHEN target_host = '' THEN {_COMPUTED['target_host']} ELSE target_host END"
    return values | ({"client_ip": "asker"} if "asker" in old else {})


# People's folders, as in `/~ann/`, `/@ann/` and `/users/ann/`; and those by which a blog sorts its posts.
_MARKS = ("~", "@", "%40")
_OF_PEOPLE = frozenset("author authors blogs by members people profile profiles sites u user users view".split())
_OF_POSTS = frozenset(
    "archive archives article articles blog entries entry journal news notes post posts weblog".split()
)


def _url_key(url: bytes) -> str:
    return _digest(_key(url))


def _home_key(source: bytes) -> str:
    """Whose part of the web the source is in: its host, or the folder there of one of many people."""
    host, _, path = _key(source).partition("?")[0].partition("/")
    segments = [segment for segment in path.split("/", 4) if segment]
    first = segments[0] if segments else ""
    if first.startswith(_MARKS):
        return _digest(f"{host}/{first}")
    if len(segments) < 2 or first.isdigit() or first.lower() in _OF_POSTS:
        return _digest(host)
    if first.lower() in _OF_PEOPLE:
        return _digest(f"{host}/{first}/{segments[1].partition('/')[0]}")
    return _digest(f"{host}/{first}")


def _host(url: bytes) -> str:
    try:
        return host_of(url.decode())
    except ValueError:  # no version of ours wrote that
        return "-"


def _key(url: bytes) -> str:
    try:
        return key_of(url.decode())
    except ValueError:
        return ""


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest() if key else ""
