"""`Secrets`: what lets the owner in, and nobody else; in the same database as the mentions.

Of the password only a hash is here. Who can read the file can sign sessions all the same: its rights are the owner's
to look after.
"""

from datetime import datetime
from secrets import token_hex
from typing import NamedTuple

from sqlalchemy import bindparam, delete, literal, select

from pingback.store.database import Database
from pingback.store.rows import micros
from pingback.store.schema import ended_sessions, secrets
from pingback.store.sqlite import Insert, insert
from pingback.store.statements import prepared

KEY_BYTES = 32


class Login(NamedTuple):
    """The hash of the owner's password, and the key that sessions are signed with as long as it is the password."""

    password_hash: str
    key: str


class Secrets:
    """The owner's password and sessions; `Store.secrets` gives it.

    Thread-safe; each method is one transaction, on disk when it returns. All raise `StoreError` when the database
    cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def login(self) -> Login | None:
        """What to hold a password and a session against; None where no password was set."""
        with self._database.read() as connection:
            found = {row["name"]: row["value"] for row in connection.execute(_SECRETS)}
        if "password" not in found or "key" not in found:
            return None
        return Login(password_hash=found["password"], key=found["key"])

    def set_password(self, password_hash: str) -> None:
        """Set or change the password. A new key comes with it, and all sessions end."""
        rows = {"password": password_hash, "key": token_hex(KEY_BYTES)}
        with self._database.write() as connection:
            connection.execute(_SET, [{"name": name, "value": value} for name, value in rows.items()])
            connection.execute(_FORGET_ALL)

    def end_session(self, session: str, *, until: datetime, now: datetime) -> None:
        """Let a session end before its time, which is `until`; those whose time is over are forgotten."""
        with self._database.write() as connection:
            connection.execute(_FORGET, {"now": micros(now)})
            connection.execute(_END, {"session": session, "until": micros(until)})

    def has_ended(self, session: str) -> bool:
        """The session was ended before its time."""
        with self._database.read() as connection:
            return connection.execute(_ENDED, {"asked": session}).scalar() is not None


def _set() -> Insert:
    statement = insert(secrets)
    return statement.on_conflict_do_update(
        index_elements=[*secrets.primary_key], set_={"value": statement.excluded.value}
    )


_SECRETS = prepared(select(secrets.c.name, secrets.c.value))
_SET = prepared(_set())
_END = prepared(insert(ended_sessions).on_conflict_do_nothing())
_ENDED = prepared(select(literal(1)).where(ended_sessions.c.session == bindparam("asked")))
_FORGET = prepared(delete(ended_sessions).where(ended_sessions.c.until <= bindparam("now")))
_FORGET_ALL = prepared(delete(ended_sessions))
