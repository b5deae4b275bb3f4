"""`Secrets`: what lets the owner in, and nobody else; in the same database as the mentions.

Of the password and of the token only a hash is here. Who can read the file can sign sessions all the same: its rights
are the owner's to look after.
"""

import hmac
from datetime import datetime
from hashlib import sha256
from secrets import token_hex, token_urlsafe
from typing import NamedTuple

from sqlalchemy import bindparam, delete, literal, select

from pingback.store.database import Database
from pingback.store.expressions import Insert, insert
from pingback.store.rows import instant, micros
from pingback.store.schema import ended_sessions, secrets
from pingback.store.statements import prepared

KEY_BYTES = 32
TOKEN_BYTES = 32  # nobody guesses so many, so that a fast hash will do
TOKEN_PREFIX = "pingback_"  # by which scanners for secrets, and people, know what they have found  # noqa: S105


class Login(NamedTuple):
    """The hash of the owner's password, and the key that sessions are signed with as long as it is the password."""

    password_hash: str
    key: str


class Token(NamedTuple):
    """The hash of the token that publishes, when it was made, and the key of the status pages of what it published."""

    token_hash: str
    made: datetime
    key: str

    def is_hash_of(self, token: str) -> bool:
        """This is the one, however long it takes to say so of any other."""
        return hmac.compare_digest(_hash_of(token), self.token_hash)


class Secrets:
    """The owner's password and sessions, and the token that publishes; `Store.secrets` gives it.

    Thread-safe; each method is one transaction, on disk when it returns. All raise `StoreError` when the database
    cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def login(self) -> Login | None:
        """What to hold a password and a session against; None where no password was set."""
        found = self._found()
        if "password" not in found or "key" not in found:
            return None
        return Login(password_hash=found["password"], key=found["key"])

    def set_password(self, password_hash: str) -> None:
        """Set or change the password. A new key comes with it, and all sessions end."""
        rows = {"password": password_hash, "key": token_hex(KEY_BYTES)}
        with self._database.write() as connection:
            connection.execute(_SET, [{"name": name, "value": value} for name, value in rows.items()])
            connection.execute(_FORGET_ALL)

    def token(self) -> Token | None:
        """What to hold a token against; None where there is none."""
        found = self._found()
        try:
            return Token(found["token"], instant(int(found["token made"])), found["token key"])
        except (KeyError, ValueError, TypeError, OverflowError):
            return None

    def new_token(self, *, now: datetime) -> str:
        """Make a token in the place of the one before, which ends. This is the only time that anybody sees it."""
        token = TOKEN_PREFIX + token_urlsafe(TOKEN_BYTES)
        rows = {"token": _hash_of(token), "token made": str(micros(now)), "token key": token_hex(KEY_BYTES)}
        with self._database.write() as connection:
            connection.lock("token")
            connection.execute(_SET, [{"name": name, "value": value} for name, value in rows.items()])
        return token

    def revoke_token(self) -> bool:
        """Have no token; False where there was none."""
        with self._database.write() as connection:
            connection.lock("token")
            return connection.execute(_REVOKE).rowcount > 0

    def end_session(self, session: str, *, until: datetime, now: datetime) -> None:
        """Let a session end before its time, which is `until`; those whose time is over are forgotten."""
        with self._database.write() as connection:
            connection.execute(_FORGET, {"now": micros(now)})
            connection.execute(_END, {"session": session, "until": micros(until)})

    def has_ended(self, session: str) -> bool:
        """The session was ended before its time."""
        with self._database.read() as connection:
            return connection.execute(_ENDED, {"asked": session}).scalar() is not None

    def _found(self) -> dict[str, str]:
        with self._database.read() as connection:
            return {row["name"]: row["value"] for row in connection.execute(_SECRETS)}


def _hash_of(token: str) -> str:
    return sha256(token.encode(errors="replace")).hexdigest()


def _set() -> Insert:
    statement = insert(secrets)
    return statement.on_conflict_do_update(
        index_elements=[*secrets.primary_key], set_={"value": statement.excluded.value}
    )


_SECRETS = prepared(select(secrets.c.name, secrets.c.value))
_SET = prepared(_set())
_REVOKE = prepared(delete(secrets).where(secrets.c.name.in_(["token", "token made", "token key"])))
_END = prepared(insert(ended_sessions).on_conflict_do_nothing())
_ENDED = prepared(select(literal(1)).where(ended_sessions.c.session == bindparam("asked")))
_FORGET = prepared(delete(ended_sessions).where(ended_sessions.c.until <= bindparam("now")))
_FORGET_ALL = prepared(delete(ended_sessions))
