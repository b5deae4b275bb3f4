"""Look-ups of names by the operating system, which may hang for a minute and cannot be called off.

Each runs in a thread. Strangers share theirs: so many are for one sender, and so many for one domain that they name.
Resolvers that could be called off (pycares, dnspython) would not see what `/etc/hosts` and `nsswitch.conf` say.
"""

import errno
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from math import inf
from typing import TypeAlias

from pingback.net.budget import Budget
from pingback.net.guard import Permit, Postponed

Resolver: TypeAlias = Callable[[str, int], Iterable[str]]
Share: TypeAlias = tuple[str, str]
Shares: TypeAlias = Mapping[Share, int]  # at most so many look-ups that count for this

MAX_OWNERS = 64  # at a time, that strangers take none of
MAX_STRANGERS = 256  # each holds a thread and a socket
PER_SENDER = 8
PER_DOMAIN = 8
PER_REGISTRY = 32  # of a domain like co.uk, under which anybody may have one
MOMENT = 1.0  # seconds; what takes longer hangs
COME_AGAIN = 10.0  # seconds; what hangs does so for 10 to 60


def system_resolver(host: str, port: int) -> list[str]:
    """The addresses of `host` by the operating system; OSError when there is none."""
    return [str(answer[4][0]) for answer in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class LookUps:
    """Asks `resolver`, for as long as an exchange has time. Thread-safe.

    A stranger's look-up waits for a moment where its sender or domain has as many as it may. Where as many hang, it
    does not wait at all: that is no use, and it would keep a thread from others. The owner's waits for as long as it
    has time. `clock` gives seconds that never run backwards.
    """

    def __init__(
        self, resolver: Resolver, *, moment: float = MOMENT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._resolver = resolver
        self._moment = moment
        self._clock = clock
        self._changed = threading.Condition()
        self._began: defaultdict[Share, list[float]] = defaultdict(list)  # when each that runs did, the oldest first

    def find(self, host: str, port: int, budget: Budget) -> Iterable[str]:
        """The addresses of `host`; OSError where there are none, or none in time, Postponed by want of a share."""
        shares, began = self._begin(host, budget)
        found: Future[Iterable[str]] = Future()
        try:
            # Waited for from outside, as getaddrinfo knows no time-out; a daemon does not keep the program alive.
            threading.Thread(target=self._look_up, args=(shares, began, host, port, found), daemon=True).start()
        except RuntimeError as error:
            self._end(shares, began)
            raise _not_now(budget.permit, OSError(errno.ENOMEM, "this machine has no thread to spare")) from error
        try:
            return found.result(budget.left())
        except (TimeoutError, socket.gaierror):
            raise
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that IDNA refuses
            raise socket.gaierror(socket.EAI_NONAME, "no such host") from error

    def _begin(self, host: str, budget: Budget) -> tuple[Shares, float]:
        permit = budget.permit
        shares = _shares(host, permit)
        none_left = TimeoutError("no look-up came free in time")
        with self._changed:
            if permit.is_strangers and not self._have_room(shares, began_before=self._clock() - self._moment):
                raise _not_now(permit, none_left)
            patience = min(self._moment, budget.left() / 2) if permit.is_strangers else budget.left()
            if not self._changed.wait_for(lambda: self._have_room(shares), patience):
                raise _not_now(permit, none_left)
            began = self._clock()
            for share in shares:
                self._began[share].append(began)
        return shares, began

    def _have_room(self, shares: Shares, *, began_before: float = inf) -> bool:
        """None of these shares is used up by look-ups that began before then."""
        for share, most in shares.items():
            began = self._began.get(share, ())
            if len(began) >= most and began[most - 1] < began_before:
                return False
        return True

    def _look_up(self, shares: Shares, began: float, host: str, port: int, found: "Future[Iterable[str]]") -> None:
        try:
            found.set_result(self._resolver(host, port))
        except Exception as error:  # the thread ends here; raised where the answer is awaited
            found.set_exception(error)
        finally:
            self._end(shares, began)

    def _end(self, shares: Shares, began: float) -> None:
        with self._changed:
            for share in shares:
                self._began[share].remove(began)  # or one that began with it, which is the same
                if not self._began[share]:
                    del self._began[share]
            self._changed.notify_all()


def _not_now(permit: Permit, error: OSError) -> Exception:
    """Nothing was found out about a stranger's source, which is looked at later; the owner hears of it."""
    return Postponed("too many names are being looked up", seconds=COME_AGAIN) if permit.is_strangers else error


def _shares(host: str, permit: Permit) -> Shares:
    if not permit.is_strangers:
        return {("owner", ""): MAX_OWNERS}
    shares = {("domain", domain): most for domain, most in _domains(host).items()}
    if permit.sender is not None:
        shares["sender", permit.sender] = PER_SENDER
    return shares | {("strangers", ""): MAX_STRANGERS}


def _domains(host: str) -> Mapping[str, int]:
    """The domains that the host counts for, by a rule of thumb: what is lower belongs to their owner.

    `blog.co` may be somebody's, or a registry's like `co.uk`, and nothing but a list of them all would tell, which has
    15,000 lines: so names under such a one count by themselves, and together for a larger share.
    """
    labels = host.rstrip(".").split(".")
    domain = ".".join(labels[-2:])
    if len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3:
        return {".".join(labels[-3:]): PER_DOMAIN, domain: PER_REGISTRY}
    return {domain: PER_DOMAIN}
