"""`Receiver`: a ping on its way in. Accept, known already?, verify, decide, keep; one path for all protocols.

The fault codes are those of Pingback 1.0 §3. Other protocols say the same refusals in their own words.
"""

import logging
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from pingback.errors import Fault, FaultCode, FetchError, StoreError
from pingback.model import Mention, MentionStatus, Protocol, Verification
from pingback.receive.background import Background, Busy
from pingback.receive.moderation import Decide, approve
from pingback.receive.verify import NO_SOURCE, address_of, fault_of, headers_for, is_gone, verify
from pingback.urls import is_http, is_under, key_of, same_url, shown, split, tidy

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.store import Store

Clock: TypeAlias = Callable[[], datetime]

REVERIFY_AFTER = timedelta(hours=1)
FAILING_FOR = timedelta(days=30)  # since the link was last seen; then a source that only fails is taken for gone
MAX_WAITING = 16  # pings that wait for their source at a time; a server needs more threads than that
MAX_LISTED = 10_000  # sources in one answer of `pingbacks_of`
RESUMING = 4  # threads for what a restart left behind, so that new pings find the others free

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

log = logging.getLogger(__name__)


def now() -> datetime:
    return datetime.now(UTC)


def everything_exists(target: str) -> bool:
    """For a site of which nobody knows better."""
    return True


class Receiver:
    """Takes pings for the pages under `site` and keeps what is true of them in `store`. Thread-safe.

    `target_exists` is given targets under the site, in normal form and with the site's scheme: false means that there
    is none for certain (fault 32); it may raise a `Fault` of its own, 33 for a page that takes no pings. `decide` says
    what becomes of a verified mention.

    With `answer_within` (seconds), `ping` waits no longer than that for a source: what is not verified by then is kept
    as `pending`, answered with success, and finished by background threads. Without, everything is done before `ping`
    returns, in the caller's thread.
    """

    def __init__(
        self,
        *,
        site: str | Sequence[str],
        store: "Store",
        client: "Client",
        target_exists: Callable[[str], bool] = everything_exists,
        decide: Decide = approve,
        self_pings: bool = True,
        answer_within: float | None = None,
        clock: Clock = now,
    ) -> None:
        self._sites = _sites(site)
        self._store = store
        self._client = client
        self._target_exists = target_exists
        self._decide = decide
        self._self_pings = self_pings
        self._answer_within = answer_within
        self._clock = clock
        self._background = Background() if answer_within is not None else None
        self._waiting = BoundedSemaphore(MAX_WAITING)
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ping(self, source: str, target: str, *, asker: str | None = None) -> Mention:
        """The mention that was kept; raises `Fault` for any other end. `asker` is the sender's IP address.

        A pair that is known is fault 48; it is verified anew when the last try is an hour old.
        """
        source, target = _text(source), _text(target)
        try:
            with _store_errors_hidden():
                mention = self._take(source, target, asker)
        except Fault as fault:
            _log_ping(source, target, asker, f"fault {fault.code}, {fault.message}")
            raise
        _log_ping(source, target, asker, mention.status)
        return mention

    def pingbacks_of(self, target: str) -> list[str]:
        """The sources that link to the target and were approved, in order of arrival; Fault 33 or 32 as for a ping."""
        target = _text(target)
        self._check_target(target)
        with _store_errors_hidden():
            approved = self._store.mentions(target=target, status=MentionStatus.APPROVED)
            sources = [mention.source for mention in islice(approved, MAX_LISTED)]
        # Where many wait for an answer of the site already, what it would say is not worth a thread.
        if not sources and self._waiting.acquire(blocking=False):
            try:
                self._check_exists(target)
            finally:
                self._waiting.release()
        return sources

    def resume(self) -> None:
        """Finish what was pending when the process ended; in the background where there is one. Raises StoreError."""
        pending = deque(self._store.unverified())
        if self._background is None:
            self._work_off(pending)
            return
        with suppress(Busy):  # then they stay pending, until the next start or ping
            for number in range(min(RESUMING, len(pending))):
                self._background.submit(("resume", number), partial(self._work_off, pending))

    def close(self) -> None:
        """Stop the background; what it has not finished stays pending, for `resume` to take up."""
        self._closed = True
        if self._background is not None:
            self._background.close()

    def _take(self, source: str, target: str, asker: str | None) -> Mention:
        self._check_target(target)
        self._check_source(source, target)
        source, target = tidy(source), tidy(target)
        headers = headers_for(asker, site=self._sites[0])
        known = self._store.find(source, target)
        if known is not None and known.status is not MentionStatus.REJECTED:
            self._refresh(known, headers)
            raise _known()
        arrived = Mention(
            source=source,
            target=target,
            protocol=Protocol.PINGBACK,
            status=MentionStatus.PENDING,
            received=self._clock(),
        )
        if self._background is None:
            return self._keep(self._judge(arrived, headers))
        return self._keep_in_time(arrived, headers, self._background)

    def _check_target(self, target: str) -> None:
        if _CONTROL.search(target) or not self._is_ours(target):
            raise Fault(FaultCode.TARGET_NOT_PINGABLE, "the target is not a page of this site")

    def _check_source(self, source: str, target: str) -> None:
        if _CONTROL.search(source) or not is_http(source) or split(source).has_credentials:
            raise Fault(FaultCode.SOURCE_NOT_FOUND, NO_SOURCE)
        if same_url(source, target):
            raise Fault(FaultCode.TARGET_NOT_PINGABLE, "the source and the target are the same page")
        if not self._self_pings and self._is_ours(source):
            raise Fault(FaultCode.ACCESS_DENIED, "this site takes no pings from its own pages")

    def _check_exists(self, target: str) -> None:
        """Asks in the site's own spelling: another scheme may be served by nobody, or by somebody else."""
        site = next(site for site in self._sites if is_under(target, site))
        if not self._target_exists(f"{split(site).scheme}://{key_of(target)}"):
            raise Fault(FaultCode.TARGET_NOT_FOUND, "the target does not exist")

    def _is_ours(self, url: str) -> bool:
        return any(is_under(url, site) for site in self._sites)

    def _judge(self, arrived: Mention, headers: Mapping[str, str]) -> Mention:
        """The mention as it should be kept; raises `Fault` where it should not."""
        self._check_target(arrived.target)  # once more: it may have been pending since the site was another
        self._check_exists(arrived.target)
        try:
            verification = verify(arrived.source, arrived.target, client=self._client, headers=headers)
        except FetchError as error:
            raise fault_of(error) from error
        if not verification.linked:
            raise Fault(FaultCode.NO_LINK, verification.reason or "the source does not link to the target")
        return self._decided(_with_words(arrived, verification, self._clock()))

    def _decided(self, mention: Mention) -> Mention:
        status = self._decide(mention)
        if status is MentionStatus.REJECTED:
            raise Fault(FaultCode.ACCESS_DENIED, "this site does not take the ping")
        return replace(mention, status=status)

    def _keep(self, mention: Mention) -> Mention:
        kept, new = self._store.keep(mention)
        if not new:  # an equal ping was faster
            raise _known()
        return kept

    def _keep_in_time(self, arrived: Mention, headers: Mapping[str, str], background: Background) -> Mention:
        try:
            # Equal pings at once share one job, and so one request to the server of the source.
            judging = background.submit(("judge", _pair(arrived)), partial(self._judge, arrived, headers))
        except Busy:
            raise Fault(FaultCode.UPSTREAM_ERROR, "too many pings are waiting; try again later") from None
        self._wait_for(judging)
        if judging.done() and not judging.cancelled():
            return self._keep(judging.result())
        pending = self._keep(arrived)
        judging.add_done_callback(partial(self._finish, pending))
        return pending

    def _wait_for(self, job: Future[Any]) -> None:
        """For as long as an answer may take; not at all where many wait, so that slow sources do not use up threads."""
        if self._waiting.acquire(blocking=False):
            try:
                wait([job], timeout=self._answer_within)
            finally:
                self._waiting.release()

    def _finish(self, pending: Mention, judging: Future[Mention]) -> None:
        if not judging.cancelled():
            self._settle(pending, judging.result)

    def _settle(self, pending: Mention, judge: Callable[[], Mention]) -> None:
        """Bring a pending mention to its end, in a thread that nobody waits for."""
        with _logged("finish", pending):
            try:
                settled = replace(judge(), id=pending.id)
            except Fault as fault:
                settled = replace(pending, status=MentionStatus.REJECTED, fault=fault.code)
            self._store.update(settled)
            log.info(
                "pending ping from %.500r to %.500r: %s, fault %s",
                *(settled.source, settled.target, settled.status, settled.fault),
            )

    def _work_off(self, pending: deque[Mention]) -> None:
        while pending and not self._closed:
            try:
                mention = pending.popleft()
            except IndexError:  # another thread took the last one
                return
            headers = headers_for(None, site=self._sites[0])
            self._settle(mention, partial(self._judge, mention, headers))

    def _refresh(self, known: Mention, headers: Mapping[str, str]) -> None:
        """Verify anew what a sender pings again, at most once an hour, whatever comes of it."""
        instant = self._clock()
        if not self._store.claim(known, now=instant, not_since=instant - REVERIFY_AFTER):
            return
        renew = partial(self._renew, known, headers)
        if self._background is None:
            renew()
            return
        try:
            self._wait_for(self._background.submit(("renew", known.id), renew))
        except Busy:
            log.info("too busy to look at %r again", shown(known.source))

    def _renew(self, known: Mention, headers: Mapping[str, str]) -> None:
        if known.status is MentionStatus.PENDING and known.verified is None:
            self._settle(known, partial(self._judge, known, headers))
            return
        with _logged("verify anew", known):
            renewed = self._renewed(known, headers)
            self._store.update(renewed)
            log.info("%r looked at again for %r: %s", shown(known.source), shown(known.target), renewed.status)

    def _renewed(self, known: Mention, headers: Mapping[str, str]) -> Mention:
        """The mention as the source is now: with new words, withdrawn, back again, or as it was."""
        try:
            verification = verify(known.source, known.target, client=self._client, headers=headers)
        except FetchError as error:
            lasting = known.verified is not None and self._clock() - known.verified > FAILING_FOR
            return self._withdrawn(known) if is_gone(error) or lasting else known  # it may be back tomorrow
        if not verification.linked:
            return self._withdrawn(known)
        renewed = _with_words(known, verification, self._clock())
        if known.status is not MentionStatus.DELETED:
            return renewed
        try:
            return self._decided(renewed)
        except Fault:
            return known

    def _withdrawn(self, known: Mention) -> Mention:
        if known.status is MentionStatus.SPAM:  # or it would come back as something else
            return known
        return replace(known, status=MentionStatus.DELETED, verified=self._clock())


def _sites(site: str | Sequence[str]) -> tuple[str, ...]:
    """The sites in their normal form, which is ASCII and can go into a header."""
    sites = (site,) if isinstance(site, str) else tuple(site)
    if not sites:
        raise ValueError("a receiver needs a site")
    if any(split(each).has_credentials for each in sites):
        raise ValueError("a site's address holds no credentials")
    return tuple(split(each).href for each in sites)


def _text(url: str) -> str:
    if not isinstance(url, str):
        raise TypeError(f"a URL is a str, not {type(url).__name__}")
    return url.strip()


def _with_words(mention: Mention, verification: Verification, verified: datetime) -> Mention:
    """The mention with what its source says of itself."""
    return replace(
        mention,
        title=verification.title,
        excerpt=verification.excerpt,
        site_name=verification.site_name,
        author=verification.author,
        published=verification.published,
        verified=verified,
        fault=None,
    )


def _pair(mention: Mention) -> tuple[str, str]:
    return key_of(mention.source), key_of(mention.target)


def _log_ping(source: str, target: str, asker: str | None, end: str) -> None:
    log.info("ping from %r to %r by %s: %.500s", shown(source), shown(target), address_of(asker), end)


def _known() -> Fault:
    return Fault(FaultCode.ALREADY_REGISTERED, "the ping is known already")


@contextmanager
def _store_errors_hidden() -> Iterator[None]:
    """A stranger hears that we failed, the log hears why."""
    try:
        yield
    except StoreError as error:
        log.error("%s", error)
        raise Fault(FaultCode.INTERNAL_ERROR, "the mentions cannot be read or written now; try again later") from error


@contextmanager
def _logged(doing: str, mention: Mention) -> Iterator[None]:
    """For work that nobody waits for: a mention that it fails on stays as it was."""
    try:
        yield
    except StoreError as error:
        log.error("cannot %s mention %s: %s", doing, mention.id, error)
    except Exception:
        log.exception("cannot %s mention %s", doing, mention.id)
