"""A known mention, looked at again: with new words, withdrawn, or back (Webmention §3.2.4).

A source that is gone, or has no link any more, is believed at once. One that only fails may be back tomorrow.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from pingback.clock import Clock
from pingback.errors import Fault, FaultCode, FetchError
from pingback.model import Mention, MentionStatus, Verification
from pingback.receive.moderation import is_same_page, with_page, withdrawn
from pingback.receive.observer import log_renewed
from pingback.receive.verify import fault_of, is_gone

if TYPE_CHECKING:
    from pingback.store import Store

FAILURES = 3  # in a row; then a source that only fails is taken for gone
FAILURES_APART = timedelta(days=3)  # at least, for both to count: a weekend without a server is one failure


class Renewal:
    """Brings the mentions of `store` up to date. `look` asks a source on somebody's behalf, and raises `FetchError`;
    `decided` says what becomes of what it says, given what was known before, and raises `Fault`."""

    def __init__(
        self,
        *,
        store: "Store",
        look: Callable[[Mention, str | None], Verification],
        decided: Callable[[Mention, Mention], Mention],
        clock: Clock,
    ) -> None:
        self._store = store
        self._look = look
        self._decided = decided
        self._clock = clock

    def overdue(self, *, after: timedelta, most: int) -> Iterator[Mention]:
        """Approved mentions whose source was last asked for that long ago, or failed since, claimed one by one."""
        instant = self._clock()
        again = instant - min(after, FAILURES_APART)
        for known in self._store.mentions.due(looked_before=instant - after, failed_before=again, most=most):
            if self._store.mentions.claim(known, now=instant, not_since=again):
                yield known

    def renew(self, known: Mention, client_ip: str | None) -> Mention | None:
        """Keep what the source says now; the mention as it stands then, None where nobody could find out.

        Raises StoreError.
        """
        renewed = self._renewed(known, client_ip)
        if renewed is None:
            return None
        kept = self._store.mentions.update(renewed)
        log_renewed(renewed)
        return kept

    def _renewed(self, known: Mention, client_ip: str | None) -> Mention | None:
        try:
            verification = self._look(known, client_ip)
        except FetchError as error:
            if is_gone(error) or self._fails_for_good(known):
                return withdrawn(known, self._clock(), fault_of(error).code)
            return None
        if not verification.linked:
            return withdrawn(known, self._clock(), FaultCode.NO_LINK)
        return self._decided_anew(known, with_page(known, verification, self._clock()))

    def _decided_anew(self, known: Mention, found: Mention) -> Mention:
        """An approval holds for as long as the page is the same; else a page, once approved, could say anything."""
        if known.decision is MentionStatus.DELETED or known.status in (MentionStatus.PENDING, MentionStatus.SPAM):
            return found  # which nobody is shown
        if MentionStatus.APPROVED in (known.status, known.decision) and is_same_page(known, found):
            return replace(found, status=MentionStatus.APPROVED, held_for=None)
        try:
            return self._decided(found, known)
        except Fault as fault:
            return withdrawn(known, self._clock(), fault.code)

    def _fails_for_good(self, known: Mention) -> bool:
        return self._store.mentions.count_failure(known, now=self._clock(), apart=FAILURES_APART) >= FAILURES
