"""`Store`: what was received and what is sent, in one database, a class for each subject."""

from typing import Self

from pingback.clock import Clock, now
from pingback.store.blocks import Blocks
from pingback.store.counts import Counts
from pingback.store.database import Database
from pingback.store.discoveries import Discoveries
from pingback.store.jobs import Jobs
from pingback.store.listing import Listing
from pingback.store.logins import Logins
from pingback.store.looks import Looks
from pingback.store.mentions import Mentions
from pingback.store.moderation import Moderation
from pingback.store.moves import Moves
from pingback.store.notifications import Notifications
from pingback.store.outbox import Outbox
from pingback.store.overview import Overview
from pingback.store.pauses import Pauses
from pingback.store.posts import Posts
from pingback.store.rates import Rates
from pingback.store.readiness import Readiness
from pingback.store.readings import Readings
from pingback.store.retention import MOST_REJECTED, Retention
from pingback.store.roots import Roots
from pingback.store.secrets import Secrets
from pingback.store.tallies import Tallies


class Store:
    """Opens a database, and has an attribute for each subject that is kept in it.

    `url` is an SQLAlchemy URL: `sqlite:///FILE`, `sqlite://` for a database in memory, or `postgresql://USER@HOST/NAME`.
    A file is made where it is missing, for its owner only; where it may not `create` it, that is a StoreError. Not
    `at_once`, the database is opened when it is first used. Thread-safe; several processes may share it, and a process
    may fork. What a method wrote is on disk when it returns (SQLite: WAL with `synchronous=FULL`). The constructor and
    all methods raise `StoreError` when the database cannot be used.

    `mentions` are what was received, `moderation` is what the owner decided of them, `blocks` are whose pings are
    refused, `listing` is what may be shown, `moves` are the addresses that one page has, `notifications` what the owner
    was told of, and `looks` the sources that are to be looked at. `posts` are those that the site published, `outbox`
    is what it sends, `discoveries` what its targets advertise, and `readings` are posts and feeds that go out later.
    `jobs` is what is to be done, and when, `pauses` whom to leave alone meanwhile. `overview` is the owner's view on
    the mentions, which `secrets`, `logins` and `token_tries` keep from others; `tallies` are how much there is,
    `counts` and `rates` what all processes counted, ever or lately, `readiness` is whether a ping could be kept, and
    `retention` forgets.
    """

    def __init__(
        self,
        url: str = "sqlite:///pingback.db",
        *,
        clock: Clock = now,
        create: bool = True,
        at_once: bool = True,
        most_rejected: int = MOST_REJECTED,
    ) -> None:
        self._database = Database(url, create=create, at_once=at_once)
        self.mentions = Mentions(self._database, clock=clock, most_rejected=most_rejected)
        self.outbox = Outbox(self._database)
        self.posts = Posts(self._database)
        self.roots = Roots(self._database)
        self.discoveries = Discoveries(self._database)
        self.readings = Readings(self._database)
        self.jobs = Jobs(self._database)
        self.pauses = Pauses(self._database)
        self.moderation = Moderation(self._database, clock)
        self.blocks = Blocks(self._database, clock=clock)
        self.moves = Moves(self._database, clock=clock)
        self.listing = Listing(self._database, clock=clock)
        self.overview = Overview(self._database)
        self.secrets = Secrets(self._database)
        self.logins = Logins(self._database)
        self.token_tries = Logins(self._database, of_tokens=True)
        self.readiness = Readiness(self._database, clock=clock)
        self.retention = Retention(self._database)
        self.tallies = Tallies(self._database)
        self.counts = Counts(self._database)
        self.notifications = Notifications(self._database)
        self.looks = Looks(self._database, self.mentions)
        self.rates = Rates(self._database, clock=clock)

    @property
    def is_local(self) -> bool:
        """All that use it are on this machine."""
        return self._database.engine.writers == 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; whatever is asked of the store afterwards raises `StoreError`."""
        self._database.close()
