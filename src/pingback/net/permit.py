"""On whose word an exchange goes, and what it may therefore ask for, beyond what the guard says."""

from pingback.net.guard import Address


class Postponed(Exception):
    """Not now, but maybe in so many seconds: nobody was asked, and nothing found out; the text says why.

    Not an OSError, which urllib3 and requests would take for their own.
    """

    def __init__(self, reason: str, *, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Permit:
    """The owner's: all that the guard lets pass. That of an exchange on a stranger's word is `receive.turns.Way`.

    `sender` is who is to share what strangers have, where that is known.
    """

    is_strangers = False
    sender: str | None = None

    def check_host(self, url: str) -> None:
        """Asked before each request, of redirects as well. Raises `Postponed`, or `Refused` for good."""

    def check_address(self, host: str, address: Address, *, allowed: bool) -> None:
        """Asked before each request, also on a connection that was kept, and for each address of `host` that is tried.

        `allowed` are addresses that are exempt from the rules of the client's guard. Raises `Postponed`, and `Refused`
        where this one is not to be asked at all.
        """


OWNERS = Permit()
