"""Does a target exist? Asks the site itself, for when no blog engine is there to tell."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from pingback.errors import FetchError
from pingback.receive.verify import GONE
from pingback.receive.whereabouts import Whereabouts
from pingback.urls import key_of

if TYPE_CHECKING:
    from pingback.net.client import Client

MAX_REMEMBERED = 1000  # targets; a stranger chooses them


def everything_exists(target: str) -> bool:
    """For a site of which nobody knows better."""
    return True


class SiteTargets:
    """Whether the site has a page at `target`: a callable for `Receiver(target_exists=...)`.

    Only 404 and 410 mean that it has none: fault 32 is for what definitely does not exist (Pingback 1.0 §3), so any
    other answer and a site that cannot be reached both count as existing. Blocks for one GET, of whose page no more is
    read than the head; the answer is remembered for `remembered_for` seconds. `clock` gives seconds that never run
    backwards.
    """

    def __init__(
        self, client: "Client", *, remembered_for: float = 300.0, clock: Callable[[], float] = monotonic
    ) -> None:
        self._client = client
        self._remembered_for = remembered_for
        self._clock = clock
        self._remembered: OrderedDict[str, tuple[float, bool]] = OrderedDict()  # the oldest answer first
        self._lock = threading.Lock()
        self._whereabouts: Whereabouts | None = None

    def report_moves(self, report: Callable[[str, str], object], *, site: Sequence[str]) -> None:
        """From now on tell `report` where each page of `site` that is asked for is in the end; see `Whereabouts`."""
        self._whereabouts = Whereabouts(report, site=site)

    def __call__(self, target: str) -> bool:
        """`target` is an absolute HTTP URL; ValueError otherwise. Raises what those raise who are told of moves."""
        key = key_of(target)
        with self._lock:
            until, exists = self._remembered.get(key, (0.0, False))
        if self._clock() < until:
            return exists
        exists = self._ask(target)
        with self._lock:
            self._remembered[key] = self._clock() + self._remembered_for, exists
            self._remembered.move_to_end(key)
            if len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        return exists

    def _ask(self, target: str) -> bool:
        try:
            with self._client.get(target) as response:
                if response.status in GONE:
                    return False
                if self._whereabouts is not None:
                    self._whereabouts.see(target, response, response.chunks())
        except FetchError:
            return True
        return True
