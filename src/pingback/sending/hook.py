"""The publish hook: posts go out, and every page that they link to hears of it, once.

What the posts link to is planned in the outbox before anything is sent, and what the outbox knows is not sent again
unless the post changed. Of posts that are as they were, one question to the database is about some hundred.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from pingback.model import Outcome, OutcomeStatus
from pingback.sending.delivery import ONCE_MORE_AFTER
from pingback.sending.publish import Publisher
from pingback.sending.silence import is_blocked
from pingback.sending.transitions import is_taken_as_told
from pingback.sending.values import Publication, Read, Taken
from pingback.urls import key_of
from pingback.work import KnownPost, QueuedPing

if TYPE_CHECKING:
    from pingback.sending.sender import Sender
    from pingback.store import Store

PATIENCE = timedelta(seconds=60)  # for hosts that take pings one by one
KNOWN_TOGETHER = 200  # posts that the store is asked about at once, and whose URLs the caches of `urls` hold then
TOGETHER = 50  # posts whose pings are delivered together

UNCHANGED = "nothing changed since the last ping"


def publish(
    publications: Iterable[Publication],
    on_outcome: Callable[[Outcome], object],
    *,
    publisher: Publisher,
    sender: "Sender",
    patience: timedelta = PATIENCE,
    on_taken: Callable[[Taken], object] = lambda taken: None,
) -> None:
    """Tell every page that the posts link to. May run again at any time.

    `on_outcome` hears what became of each ping, as it is known. What a host's pause or another process keeps from being
    sent now stays in the outbox and is told as `waiting`, what failed before and is not due yet as `failed`, each with
    its next try. `on_taken` hears of each post before its pings go out. What either raises ends this, when what went
    out by then is recorded. Raises StoreError.
    """
    run = _Publishing(on_outcome, on_taken, publisher=publisher, sender=sender, patience=patience)
    left = iter(publications)
    while not sender.stopped.is_set() and (together := list(islice(left, KNOWN_TOGETHER))):
        run.publish(together)
    run.finish()


def dry_run(
    publications: Iterable[Publication], *, publisher: Publisher, store: "Store"
) -> Iterator[tuple[Taken, list[str]]]:
    """What would be skipped of each post, and the targets that would be told; nothing is changed."""
    left = iter(publications)
    while together := list(islice(left, KNOWN_TOGETHER)):
        posts, pings = known_of(together, store)
        for publication in together:
            key = key_of(publication.source)
            yield publisher.dry_run(publication, posts.get(key), pings[key])


def known_of(
    publications: Iterable[Publication], store: "Store"
) -> tuple[dict[str, KnownPost], dict[str, list[QueuedPing]]]:
    """What is known of the posts, and their pings, by the keys of their URLs."""
    posts = store.posts.known({key_of(each.source): each.source for each in publications}.values())
    return posts, pings_of((post.source for post in posts.values()), store)


def pings_of(sources: Iterable[str], store: "Store") -> dict[str, list[QueuedPing]]:
    """By the keys of their posts."""
    found: dict[str, list[QueuedPing]] = defaultdict(list)
    for ping in store.outbox.pings_of(sources):
        found[key_of(ping.source)].append(ping)
    return found


Pair: TypeAlias = tuple[str, str | None]  # source and target


class _Publishing:
    """One call of `publish`."""

    def __init__(
        self,
        on_outcome: Callable[[Outcome], object],
        on_taken: Callable[[Taken], object],
        *,
        publisher: Publisher,
        sender: "Sender",
        patience: timedelta,
    ) -> None:
        self._on_outcome = on_outcome
        self._on_taken = on_taken
        self._publisher = publisher
        self._sender = sender
        self._store = sender.store
        self._patience = patience
        self._blocked: set[Pair] = set()  # that our guard kept back before
        self._told: set[Pair] = set()  # of the pings that go out together
        self._once_more: list[Publication] | None = []  # those whose server had no room; None where that was
        self._missing: dict[str, Read] = {}  # by key

    def publish(self, publications: Sequence[Publication]) -> None:
        posts, pings = known_of(publications, self._store)
        self._blocked = {(ping.source, ping.target) for each in pings.values() for ping in each if is_blocked(ping)}
        changed: dict[str, str] = {}
        taken: set[str] = set()
        silence = self._publisher.silence
        for publication in publications:
            key = key_of(publication.source)
            known = self._store.posts.at(publication.source) if key in taken else posts.get(key)
            if key not in changed and silence.is_as_it_was(publication, known, pings[key]):
                self._leave(publication, known, pings[key], changed)
            else:
                taken.add(key)
                self._take(publication, known, changed)
            if len(changed) >= TOGETHER:
                self._deliver(changed)
                posts |= self._store.posts.known(changed.values())
                pings |= pings_of(changed.values(), self._store)
                changed = {}
        silence.keep()
        if changed:
            self._deliver(changed)

    def _leave(
        self,
        publication: Publication,
        known: KnownPost | None,
        pings: Collection[QueuedPing],
        changed: dict[str, str],
    ) -> None:
        """The post is as it was. What of it is due goes out."""
        is_due = any(self._is_due(ping) for ping in pings)
        self._on_taken(self._publisher.silence.settled(publication, known, pings, is_settled=not is_due))
        if is_due:
            changed[key_of(publication.source)] = publication.source
        else:
            self._tell_of_rest(pings)

    def finish(self) -> None:
        """Ask once more for what could not be had just then, and say of all posts that are missing which are gone."""
        again, self._once_more = self._once_more or [], None
        if again and not self._sender.stopped.wait(ONCE_MORE_AFTER.total_seconds()):
            left = iter(again)
            while together := list(islice(left, KNOWN_TOGETHER)):
                self.publish(together)
        changed: dict[str, str] = {}
        for taken in self._publisher.plan_missing([*self._missing.values()]):
            self._hear_of(taken, changed)
            if len(changed) >= TOGETHER:
                self._deliver(changed)
                changed = {}
        if changed:
            self._deliver(changed)

    def _take(self, publication: Publication, known: KnownPost | None, changed: dict[str, str]) -> None:
        key = key_of(publication.source)
        if key in self._missing:
            return
        read = self._publisher.read(publication, known)
        if read.may_be_had_soon and self._once_more is not None and self._patience >= ONCE_MORE_AFTER:
            self._once_more.append(publication)
        elif read.is_missing:
            self._publisher.miss(read)
            self._missing[key] = read
        else:
            self._hear_of(self._publisher.plan(read), changed)

    def _hear_of(self, taken: Taken, changed: dict[str, str]) -> None:
        self._on_taken(taken)
        for outcome in taken.skipped:
            self._on_outcome(outcome)
        if taken.is_planned or taken.moved_from is not None:
            changed |= {key_of(source): source for source in taken.sources}

    def _deliver(self, sources: dict[str, str]) -> None:
        before = pings_of(sources.values(), self._store)
        due = [ping.id for pings in before.values() for ping in pings if self._is_due(ping)]
        if due:
            self._sender.deliver(self._hear, only=due, patience=self._patience)
        after = pings_of(sources.values(), self._store) if due else before
        for key in sources:
            self._tell_of_rest(after[key])
        self._told.clear()

    def _hear(self, outcome: Outcome) -> None:
        pair = (outcome.source, outcome.target)
        self._told.add(pair)
        is_still = outcome.status is OutcomeStatus.BLOCKED and pair in self._blocked
        self._on_outcome(replace(outcome, status=OutcomeStatus.SKIPPED) if is_still else outcome)

    def _is_due(self, ping: QueuedPing) -> bool:
        """It may go out in this run."""
        if ping.next_try is None or ping.next_try > self._sender.clock() + self._patience:
            return False
        return self._publisher.is_wanted(ping.source, ping.target)

    def _tell_of_rest(self, pings: Iterable[QueuedPing]) -> None:
        """What was not sent in this run: unchanged, or not due yet."""
        for ping in pings:
            if (ping.source, ping.target) in self._told or not self._publisher.is_wanted(ping.source, ping.target):
                continue
            if is_taken_as_told(ping) or (ping.next_try is not None and not _is_asleep(ping)):
                self._on_outcome(ping.as_outcome())
            elif ping.linked:
                self._on_outcome(replace(ping.as_outcome(), status=OutcomeStatus.SKIPPED, message=UNCHANGED))


def _is_asleep(ping: QueuedPing) -> bool:
    """Its target takes no pings yet, and is to be asked on another day: that is no news."""
    return ping.aging_since is not None and ping.status is not OutcomeStatus.FAILED and not ping.is_held
