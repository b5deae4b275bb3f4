"""`Logins`: how often somebody tried to log in lately, so that nobody guesses passwords at leisure.

The tries are in the database, where all processes that serve it see them, and where a restart forgets none.
"""

import ipaddress
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, select

from pingback.store.database import Database
from pingback.store.inbox_schema import login_tries
from pingback.store.schema import instant, micros

WITHIN = timedelta(minutes=5)
PER_CLIENT = 5  # tries within that time
OVERALL = 30  # of all clients, who may be one with many addresses; also the most rows that there ever are

_IPV6_NETWORK = 64  # bits: who has one address of such a network has them all


class Logins:
    """Counts tries to log in; `Store.logins` gives it.

    Thread-safe; each method is one transaction, on disk when it returns. All raise `StoreError` when the database
    cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def attempt(self, address: str | None, *, now: datetime) -> timedelta | None:
        """Count a try from this IP address, before its password is looked at.

        None where there may be one more; else it is not counted, and the wait until the next one may be is given.
        """
        client = _client_of(address)
        with self._database.read() as connection:  # a flood of tries is refused without a write
            if wait := _wait(connection, client, now):
                return wait
        with self._database.write() as connection:
            if wait := _wait(connection, client, now):
                return wait
            connection.execute(_FORGET_OLD, {"ended": micros(now - WITHIN)})
            connection.execute(_COUNT, {"client": client, "at": micros(now)})
        return None

    def forget(self, address: str | None) -> None:
        """The password was right: the tries of this address count no more."""
        with self._database.write() as connection:
            connection.execute(_FORGET_CLIENT, {"of": _client_of(address)})

    def forget_all(self) -> None:
        """Let everybody try again at once."""
        with self._database.write() as connection:
            connection.execute(_FORGET_ALL)


def _wait(connection: Connection, client: str, now: datetime) -> timedelta | None:
    """The wait until there is room for one more try, both by this client and overall."""
    tries = connection.execute(_TRIES, {"ended": micros(now - WITHIN)}).all()
    own = [row.at for row in tries if row.client == client]
    ends = [at[-most] for at, most in ((own, PER_CLIENT), ([row.at for row in tries], OVERALL)) if len(at) >= most]
    return instant(max(ends)) + WITHIN - now if ends else None


def _client_of(address: str | None) -> str:
    """Who counts as one: an IPv4 address, or a whole network of IPv6."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed.packed, _IPV6_NETWORK), strict=False))


_TRIES = (
    select(login_tries.c.client, login_tries.c.at)
    .where(login_tries.c.at > bindparam("ended"))
    .order_by(login_tries.c.at, login_tries.c.id)
)
_COUNT = insert(login_tries)
_FORGET_OLD = delete(login_tries).where(login_tries.c.at <= bindparam("ended"))
_FORGET_CLIENT = delete(login_tries).where(login_tries.c.client == bindparam("of"))
_FORGET_ALL = delete(login_tries)
