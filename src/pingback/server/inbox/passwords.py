"""The owner's password, of which argon2id makes what is kept (RFC 9106)."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 8  # characters
MAX_LENGTH = 1024  # characters; longer ones are not looked at

# 19 MiB and two passes: what OWASP asks for at least.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class Busy(Exception):
    """As many passwords wait for their turn as may."""


class Turns:
    """Lets one password be looked at at a time, and few wait for it, as each takes memory and a core for a while."""

    def __init__(self, *, waiting: int) -> None:
        self._places = BoundedSemaphore(1 + waiting)
        self._turn = Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Blocks until it is one's turn. Raises `Busy`."""
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            with self._turn:
                yield
        finally:
            self._places.release()


# However many strangers try at once, a device that logged in before waits for none of them.
STRANGERS, KNOWN_DEVICES = Turns(waiting=8), Turns(waiting=8)


def hash_of(password: str) -> str:
    """What to keep of a password; ValueError where it is no good one."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise ValueError(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters")
    return _HASHER.hash(_bytes(password))


def is_right(password: str, password_hash: str) -> bool:
    """The hash is one of this password. However wrong it is, that takes the same time."""
    try:
        return _HASHER.verify(password_hash, _bytes(password[:MAX_LENGTH]))
    except (VerificationError, InvalidHashError):
        return False


def _bytes(password: str) -> bytes:
    """The same for all ways to type a letter, which differ between a telephone and a terminal."""
    return unicodedata.normalize("NFKC", password).encode(errors="replace")
