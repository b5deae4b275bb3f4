"""Does the site have a page, as far as it says so in the time that a request has?

The site is asked by threads of their own: however slow it is, it takes none from those that look at sources.
"""

from collections.abc import Callable
from concurrent.futures import wait
from functools import partial

from pingback.receive.background import Background
from pingback.urls import key_of

ANSWER_WITHIN = 1.0  # seconds: WordPress waits for three, and the rest of a ping needs some
MAX_ASKED = 48  # targets at a time; strangers choose them


class TargetCheck:
    """`check`, which may block and raises `Fault`, for as long as somebody waits for an answer. Thread-safe.

    Not `in_background`, it is called in the caller's thread, which waits for as long as it takes.
    """

    def __init__(self, check: Callable[[str], None], *, in_background: bool, within: float = ANSWER_WITHIN) -> None:
        self._check = check
        self._within = within
        self._background = Background(per_lane=MAX_ASKED, max_unfinished=MAX_ASKED) if in_background else None

    def check_exists(self, target: str) -> None:
        """Raises the `Fault` of `check`; `Busy` where so many are being asked for that this one is not.

        No answer in time is that of a site that cannot be reached: the page may well exist.
        """
        if self._background is None:
            self._check(target)
            return
        asking = self._background.submit(key_of(target), partial(self._check, target))
        wait([asking], timeout=self._within)
        if asking.done() and not asking.cancelled():
            asking.result()

    def close(self) -> None:
        """Ask no more."""
        if self._background is not None:
            self._background.close()
