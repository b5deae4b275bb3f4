"""The exceptions that leave the library on bad input from outside, all under `PingbackError`.

A caller's own mistake (a relative source, a naive clock) is `ValueError` or `TypeError` instead.
"""

from enum import IntEnum


class FaultCode(IntEnum):
    """Fault codes of Pingback 1.0 §3 and, below zero, of XML-RPC fault code interoperability."""

    GENERIC = 0
    SOURCE_NOT_FOUND = 16
    NO_LINK = 17
    TARGET_NOT_FOUND = 32
    TARGET_NOT_PINGABLE = 33
    ALREADY_REGISTERED = 48
    ACCESS_DENIED = 49
    UPSTREAM_ERROR = 50
    INTERNAL_ERROR = -32500
    NOT_XMLRPC = -32600
    NO_SUCH_METHOD = -32601
    BAD_PARAMETERS = -32602
    NOT_WELL_FORMED = -32700


class PingbackError(Exception):
    """The root of all that bad input from outside can raise."""


class Fault(PingbackError):
    """A refusal with a code: raised where a stranger's message is refused, or read from a far side's reply.

    `code` is a `FaultCode` in what we say; a far side may send any integer. `message` can be shown to a person.
    `retry_after` is set, in seconds, where the same ping is welcome later.
    """

    def __init__(self, code: int, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{message} (fault {int(code)})")
        self.code = code
        self.message = message
        self.retry_after = retry_after


class BadResponse(PingbackError):
    """An endpoint's reply is not what its protocol allows: HTML, nothing at all, broken XML."""


class FetchError(PingbackError):
    """A page or endpoint gave no usable response. `url` is the address that was being asked for."""

    def __init__(self, url: str, message: str) -> None:
        super().__init__(message)
        self.url = url


class Blocked(FetchError):
    """The address guard refused the URL; nothing was sent."""


class Unreachable(FetchError):
    """No HTTP response: no such name, refused, broken off, out of time, or redirected without end."""


class NoSuchHost(Unreachable):
    """Its name is known to nobody."""


class BadStatus(FetchError):
    """A page answered with an HTTP status other than success, `status`; `url` is where it was in the end.

    `retry_after` is its `Retry-After` as it was written.
    """

    def __init__(self, url: str, status: int, *, retry_after: str | None = None) -> None:
        super().__init__(url, f"{url} answered with HTTP status {status}")
        self.status = status
        self.retry_after = retry_after


class NoMatch(FetchError):
    """A page was read, and `selector` finds no post on it."""

    def __init__(self, url: str, selector: str) -> None:
        super().__init__(url, f"{selector!r} finds nothing on {url}")


class NotGone(FetchError):
    """A post that is said to be gone can still be read, or nobody was ever told of it."""


class NoTurn(PingbackError):
    """`url` is not asked for now, but maybe in `retry_after` seconds: others who led there have used what there is.

    No `FetchError`: nothing was found out about the page, and nobody should take it for one that cannot be had.
    """

    def __init__(self, url: str, reason: str, *, retry_after: float) -> None:
        super().__init__(reason)
        self.url = url
        self.retry_after = retry_after


class MailError(PingbackError):
    """A mail could not be handed to the mail server."""


class StoreError(PingbackError):
    """The database cannot be read or written: locked, corrupt, full, or not a database.

    `public` says so without the name of a file, where it concerns the database as a whole, else it is None. `lasts`:
    the database is damaged, and what works all the same proves nothing.
    """

    def __init__(self, message: str, *, public: str | None = None, lasts: bool = False) -> None:
        super().__init__(message)
        self.public = public
        self.lasts = lasts


class StoreClosed(StoreError):
    """The store was closed, which is final."""


class UnreadableRow(StoreError):
    """A row holds what no version of ours wrote, or a word of a later version."""


class BrokerError(PingbackError):
    """The broker that carries jobs to workers cannot be used. What was not sent waits in the database."""


class SettingsError(PingbackError):
    """A setting from the command line, the environment or `pingback.toml` has no usable value."""


def unreadable(name: str, error: OSError | ValueError) -> str:
    """Why the owner's file `name` cannot be read, as a sentence."""
    match error:
        case FileNotFoundError():
            return f"there is no file {name}"
        case IsADirectoryError():
            return f"{name} is a folder, not a file"
        case NotADirectoryError():
            return f"{name} is not a folder, or below what is none"
        case PermissionError():
            return f"{name} may not be read by this user"
        case OSError():
            return f"{name} cannot be read: {error.strerror}"
    return f"{name!r} cannot be the name of a file"
