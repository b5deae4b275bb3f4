"""`Logins`: how often somebody tried to log in lately, so that nobody guesses passwords at leisure.

Tokens that publish are tried at a door of their own: who is refused at one of the two may try at the other.

The tries are in the database, where all processes that serve it see them, and where a restart forgets none. A device
that logged in before has a lane of its own, which no stranger can fill; all others share what there is.
"""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import and_, bindparam, delete, insert, or_, select

from pingback.store.database import Database
from pingback.store.rows import instant, micros
from pingback.store.schema import login_tries
from pingback.store.statements import Transaction, prepared

# Tries within the time. All strangers together guess one password a second at most, the reserve included: too few for
# any password that is not among the most common ones.
WITHIN = timedelta(minutes=5)
PER_DEVICE = 5  # of one that logged in before: a stolen cookie is worth no more
PER_CLIENT = 5
PER_NETWORK = 40  # of all clients of a wide network, where many addresses cost nothing
OVERALL = 240  # of all strangers

# When they have used that up, a wide network has a few more in a day: to take these from an owner whose device is new,
# somebody needs tries from 5,760 such networks, each day anew.
RESERVE = 60  # within the time above
RESERVE_PER_NETWORK = 3
RESERVE_LASTS = timedelta(days=1)

_DEVICE, _RESERVE = "device ", "reserve "  # before the names of lanes that are no client's
_PASSWORD, _TOKEN = "", "token "  # before all names of lanes, by what is tried there
_WIDTHS = {4: (32, 16), 6: (64, 32)}  # bits: what one client has, and what one provider gives to many


class Logins:
    """Counts tries to log in, or of tokens; `Store.logins` and `Store.token_tries` give it.

    Thread-safe; each method is one transaction, on disk when it returns. All raise `StoreError` when the database
    cannot be used.
    """

    def __init__(self, database: Database, *, of_tokens: bool = False) -> None:
        self._database = database
        self._door = _TOKEN if of_tokens else _PASSWORD

    def attempt(self, address: str | None, *, now: datetime, device: str | None = None) -> timedelta | None:
        """Count a try, before its password is looked at: of this IP address, or of a device that logged in before.

        None where there may be one more; else it is not counted, and the wait until the next one may be is given.
        """
        with self._database.read() as connection:  # a flood of tries is refused without a write
            _, wait = _lane(connection, self._door, address, device, now)
        if wait is not None:
            return wait
        with self._database.write() as connection:
            connection.lock(f"tries {self._door}")
            lane, wait = _lane(connection, self._door, address, device, now)
            if wait is None:
                connection.execute(_FORGET_OLD, _times(now))
                connection.execute(_COUNT, {"client": f"{self._door}{lane}", "at": micros(now)})
        return wait

    def forget(self, address: str | None, *, device: str | None = None) -> None:
        """The password was right: the tries of this address, and of this device, count no more."""
        client, network = _client_of(address)
        lanes = [client, f"{_RESERVE}{network}", f"{_DEVICE}{device}"]
        with self._database.write() as connection:
            connection.execute(_FORGET_LANE, [{"lane": f"{self._door}{lane}"} for lane in lanes])

    def forget_all(self) -> None:
        """Let everybody try again at once."""
        with self._database.write() as connection:
            connection.execute(_FORGET_ALL)


def _lane(
    connection: Transaction, door: str, address: str | None, device: str | None, now: datetime
) -> tuple[str, timedelta | None]:
    """Where a try counts, and the wait until there is room for one more there."""
    found = [
        (row["client"], row["at"]) for row in connection.execute(_TRIES, _times(now)) if isinstance(row["client"], str)
    ]
    tries = [(name.removeprefix(door), at) for name, at in found if name.startswith(_TOKEN) == (door == _TOKEN)]
    if device is not None:
        lane = f"{_DEVICE}{device}"
        return lane, _wait([at for client, at in tries if client == lane], PER_DEVICE, now)
    client, network = _client_of(address)
    common = [
        (*_client_of(name.partition("/")[0]), at) for name, at in tries if not name.startswith((_DEVICE, _RESERVE))
    ]
    of_client = _wait([at for one, _, at in common if one == client], PER_CLIENT, now)
    of_network = _wait([at for _, one, at in common if one == network], PER_NETWORK, now)
    if of_client or of_network:
        return client, max(filter(None, (of_client, of_network)))
    overall = _wait([at for *_, at in common], OVERALL, now)
    if overall is None:
        return client, None
    lane = f"{_RESERVE}{network}"
    of_day = [row["at"] for row in connection.execute(_OF_A_DAY, _times(now) | {"lane": f"{door}{lane}"})]
    in_reserve = [at for name, at in tries if name.startswith(_RESERVE)]
    if len(of_day) < RESERVE_PER_NETWORK and len(in_reserve) < RESERVE:
        return lane, None
    return lane, overall


def _wait(tries: Sequence[int], most: int, now: datetime) -> timedelta | None:
    """Until there may be one more try, of which there may be `most`; None where that is now."""
    return instant(tries[-most]) + WITHIN - now if len(tries) >= most else None


@lru_cache(maxsize=1024)  # whoever tries again and again is to cost nothing
def _client_of(address: str | None) -> tuple[str, str]:
    """Who counts as one, an IPv4 address or a network of IPv6, and the wide network that it is in."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "", ""
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    client, network = (ipaddress.ip_network((parsed.packed, bits), strict=False) for bits in _WIDTHS[parsed.version])
    return str(client).removesuffix("/32") if parsed.version == 4 else str(client), str(network)


def _times(now: datetime) -> dict[str, int]:
    """What is after `ahead` was counted by a clock that went wrong."""
    return {"ended": micros(now - WITHIN), "day": micros(now - RESERVE_LASTS), "ahead": micros(now + WITHIN)}


_TRIES = prepared(
    select(login_tries.c.client, login_tries.c.at)
    .where(login_tries.c.at > bindparam("ended"), login_tries.c.at <= bindparam("ahead"))
    .order_by(login_tries.c.at, login_tries.c.id)
)
_OF_A_DAY = prepared(
    select(login_tries.c.at).where(
        login_tries.c.client == bindparam("lane"),
        login_tries.c.at > bindparam("day"),
        login_tries.c.at <= bindparam("ahead"),
    )
)
_COUNT = prepared(insert(login_tries))
_FORGET_OLD = prepared(
    delete(login_tries).where(
        or_(
            and_(login_tries.c.at <= bindparam("ended"), login_tries.c.client.not_like(f"%{_RESERVE}%")),
            login_tries.c.at <= bindparam("day"),
            login_tries.c.at > bindparam("ahead"),
        )
    )
)
_FORGET_LANE = prepared(delete(login_tries).where(login_tries.c.client == bindparam("lane")))
_FORGET_ALL = prepared(delete(login_tries))
