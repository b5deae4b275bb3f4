"""All tables, in one place. Instants are microseconds since 1970 in UTC; keys are those of `pingback.store.keys`.

Each row says whose it is by `site_id`. Unique is within a site what two sites may both have.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    UniqueConstraint,
    false,
    text,
)

from pingback.model import REACTIONS, MentionKind
from pingback.store.columns import NUMBER, TEXT, word

metadata = MetaData()

DAY_IN_MICROS = 24 * 3600 * 1_000_000


_LIST = ", ".join(f"'{kind}'" for kind in sorted(REACTIONS))
# Of which mentions an index is; a question that is to use it asks in the same words.
WITHDRAWN = "withdrawn IS NOT NULL"
NEWS = "news IS NOT NULL AND status IN ('approved', 'pending')"
SEEN = "status = 'pending' AND verified IS NOT NULL"
UNSEEN = "status = 'pending' AND verified IS NULL"
WANTED = "status = 'pending' AND decision = 'approved' AND verified IS NULL"
# Approved by the owner, or for its words: a like may have been taken for no more than it shows.
VOUCHES = f"status = 'approved' AND (decision = 'approved' OR kind NOT IN ({_LIST}))"
READ = "status IN ('approved', 'pending') AND verified IS NOT NULL"
LOOKED_AT = "status = 'approved' AND verified IS NOT NULL"
FORGETTABLE = "decision IS NULL AND status IN ('deleted', 'rejected', 'spam')"
# That were never shown; most of them come of strangers' mistakes.
REJECTED = "status = 'rejected' AND decision IS NULL AND withdrawn IS NULL AND length(source) + length(target) <= 1024"
REJECTED_LONG = REJECTED.replace("<=", ">")

LEFT = "left_to IS NOT NULL"  # jobs


def _id() -> Column[int]:
    return Column("id", NUMBER, primary_key=True)


def _some(name: str, *columns: str | Column[Any], where: str) -> Index:
    """An index of a few rows only."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def _site() -> Column[int]:
    return Column("site_id", BigInteger, nullable=False, server_default="1")


mentions = Table(
    "pingback_mentions",
    metadata,
    _id(),
    _site(),
    Column("pair", word(64), nullable=False, unique=True),
    Column("source_key", word(64), nullable=False),
    Column("target_key", word(64), nullable=False),
    # In whose list it stands: the target, or the address that the target's page has by now (`moves`).
    Column("page_key", word(64), nullable=False),
    # Whose the source is, to ask what is known of them: the place, and the author there.
    Column("home_key", word(64), nullable=False, server_default=""),
    Column("author_key", word(64), nullable=False, server_default=""),
    Column("target_host", TEXT, nullable=False),  # with its port, where that is not the usual one
    Column("source", TEXT, nullable=False),
    Column("target", TEXT, nullable=False),
    Column("protocol", word(20), nullable=False),
    Column("status", word(20), nullable=False),
    Column("kind", word(20), nullable=False, server_default=MentionKind.MENTION.value),
    Column("rsvp", word(20)),
    Column("permalink", TEXT),
    Column("original", TEXT),
    Column("title", TEXT),
    Column("excerpt", TEXT),
    Column("content_text", TEXT),
    Column("content_html", TEXT),
    Column("site_name", TEXT),
    Column("author_name", TEXT),
    Column("author_url", TEXT),
    Column("author_photo", TEXT),
    Column("published", BigInteger),
    Column("published_as", TEXT),
    Column("read_by", Integer, nullable=False, server_default="0"),
    Column("received", BigInteger, nullable=False),
    Column("dated", BigInteger, nullable=False),  # when it was published, or else when it came
    Column("verified", BigInteger),
    Column("fault", Integer),
    # When the source was last asked for, whatever came of it. No part of a `Mention`: it only paces us.
    Column("tried", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False, server_default="0"),  # for those who keep copies
    # The owner's last word on the mention, which is a status; and why whoever decided lets it wait.
    Column("decision", word(20)),
    Column("held_for", TEXT),
    Column("client_ip", word(45)),
    # When the mention ceased to be approved; null where it is, or never was.
    Column("withdrawn", BigInteger),
    # When it began to be shown, or to wait for the owner, which both are news (`pingback.store.notifications`).
    Column("news", BigInteger),
    sqlite_autoincrement=True,  # an id once told to somebody never means another mention
)
_c = mentions.c
# Each takes some microseconds of a ping, but for those that only few rows are in. SQLite uses these where the question
# has the same condition, word by word.
Index("pingback_mentions_by_arrival", _c.received, _c.id)
Index("pingback_mentions_by_status", _c.status, _c.received, _c.id)
Index("pingback_mentions_by_home", _c.home_key, _c.status, _c.author_key)
Index("pingback_mentions_by_target", _c.target_key, _c.page_key)
# Anybody may ask for the mentions of a page or a host, so that all of a row that a question can be about stands in
# these: no rows are read but those that are shown. Those of a page, a few thousand, are sorted for other orders.
Index("pingback_mentions_by_page", _c.page_key, _c.status, _c.received, _c.id, _c.changed, _c.kind, _c.dated)
Index("pingback_mentions_by_page_change", _c.page_key, _c.changed)
Index("pingback_mentions_by_host", _c.target_host, _c.status, _c.received, _c.id, _c.changed, _c.kind)
Index("pingback_mentions_by_host_change", _c.target_host, _c.status, _c.changed, _c.id, _c.received, _c.dated, _c.kind)
Index("pingback_mentions_by_host_date", _c.target_host, _c.status, _c.dated, _c.id, _c.changed, _c.kind)
Index("pingback_mentions_by_host_kind", _c.target_host, _c.status, _c.kind, _c.changed, _c.id, _c.received, _c.dated)


_some("pingback_mentions_by_withdrawal", _c.withdrawn, _c.id, where=WITHDRAWN)
_some("pingback_mentions_by_news", _c.news, _c.id, where=NEWS)
_some("pingback_mentions_seen", _c.received, _c.id, where=SEEN)
_some("pingback_mentions_unseen", _c.received, _c.id, where=UNSEEN)
_some("pingback_mentions_wanted", _c.id, where=WANTED)
_some("pingback_mentions_by_vouch", _c.home_key, _c.author_key, _c.source_key, where=VOUCHES)
_some("pingback_mentions_by_look", _c.target_host, _c.tried, _c.id, where=LOOKED_AT)
_some("pingback_mentions_by_reading", _c.target_host, _c.read_by, _c.tried, _c.id, where=READ)
_some("pingback_mentions_forgettable", _c.status, _c.changed, _c.id, _c.received, where=FORGETTABLE)
_some("pingback_mentions_rejected", _c.changed, _c.id, where=REJECTED)
_some("pingback_mentions_rejected_long", _c.changed, _c.id, where=REJECTED_LONG)


outbox = Table(
    "pingback_outbox",
    metadata,
    _id(),
    _site(),
    Column("pair", word(64), nullable=False, unique=True),
    Column("source_key", word(64), nullable=False),
    Column("target_key", word(64), nullable=False),
    Column("source", TEXT, nullable=False),
    Column("target", TEXT, nullable=False),
    Column("status", word(20), nullable=False),
    Column("protocol", word(20)),
    Column("endpoint", TEXT),
    Column("fault", BigInteger),
    Column("message", TEXT, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("fingerprint", TEXT, nullable=False),
    Column("linked", Boolean, nullable=False),
    Column("told_by", word(20)),
    Column("aging_since", BigInteger),
    Column("direct", Boolean, nullable=False, server_default=false()),
    Index("pingback_outbox_by_source", "source_key", "id"),
    _some("pingback_outbox_unlinked", "id", where="NOT linked"),
    sqlite_autoincrement=True,
)

# How many rows there are, kept by triggers (`pingback.store.counting`): the sum of all slots.
tallies = Table(
    "pingback_tallies",
    metadata,
    Column("subject", word(20), primary_key=True),  # the table, without "pingback_"
    Column("protocol", word(20), primary_key=True),  # "" where none is known
    Column("status", word(20), primary_key=True),
    Column("site_id", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", SmallInteger, primary_key=True, server_default="0", autoincrement=False),
    Column("number", BigInteger, nullable=False),
)

# Of mentions by the day on which they came, in days since 1970.
days = Table(
    "pingback_days",
    metadata,
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("site_id", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", SmallInteger, primary_key=True, server_default="0", autoincrement=False),
    Column("number", BigInteger, nullable=False),
)

# Of approved mentions by the host of their target and their kind.
kinds = Table(
    "pingback_kinds",
    metadata,
    Column("host", TEXT, primary_key=True),
    Column("kind", word(20), primary_key=True),
    Column("site_id", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", SmallInteger, primary_key=True, server_default="0", autoincrement=False),
    Column("number", BigInteger, nullable=False),
)

attempts = Table(
    "pingback_attempts",
    metadata,
    _id(),
    Column("ping", NUMBER, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("status", word(20), nullable=False),
    Column("protocol", word(20)),
    Column("endpoint", TEXT),
    Column("fault", BigInteger),
    Column("message", TEXT, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("exchange", TEXT),
    Index("pingback_attempts_by_ping", "ping", "id"),
    Index("pingback_attempts_by_time", "at"),
)

posts = Table(
    "pingback_posts",
    metadata,
    _id(),
    _site(),
    Column("source_key", word(64), nullable=False, unique=True),
    Column("source", TEXT, nullable=False),
    Column("fingerprint", TEXT, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("gone", Boolean, nullable=False),
    # Since when its page is not there, and in how many runs it was not.
    Column("missing_since", BigInteger),
    Column("missing", Integer, nullable=False, server_default="0"),
    # What its page is, and why where that is no post.
    Column("kind", word(20), nullable=False, server_default="post"),
    Column("why", TEXT),
)

# The built sites and sitemaps that were published before: of one that is new, old posts are taken as told.
roots = Table(
    "pingback_roots",
    metadata,
    Column("site_id", BigInteger, primary_key=True, server_default="1", autoincrement=False),
    Column("root_key", word(64), primary_key=True),
    Column("root", TEXT, nullable=False),
    Column("since", BigInteger, nullable=False),  # when it was first published
)

# What is to be done later, and by whom it is being done. `due` is when somebody may take the job: whoever leases it
# moves that to the end of the lease, so that one index finds what is free and what was left by somebody who is no more.
# `set_at` is what the clock said then: where that lies ahead, the clock was wrong, and `due` is wrong by as much.
jobs = Table(
    "pingback_jobs",
    metadata,
    _id(),
    _site(),
    Column("kind", word(20), nullable=False),
    Column("subject", BigInteger, nullable=False),
    Column("host", TEXT, nullable=False, server_default=""),
    Column("due", BigInteger, nullable=False),
    Column("set_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("failing_since", BigInteger),
    Column("leased_by", TEXT),
    # When it was asked for while somebody had it in hand, and what the clock said then.
    Column("asked_due", BigInteger),
    Column("asked_at", BigInteger),
    # The host of the site that is to see to it, where a process of another site had it in hand.
    Column("left_to", TEXT),
    UniqueConstraint("kind", "subject", name="pingback_jobs_once"),
    Index("pingback_jobs_by_host", "kind", "host", "due", "id"),
    Index("pingback_jobs_by_setting", "set_at"),
    _some("pingback_jobs_untried", "kind", "host", where="attempts = 0"),
    _some("pingback_jobs_failing", "kind", "host", where="attempts > 0"),
    _some("pingback_jobs_by_lease", "leased_by", where="leased_by IS NOT NULL"),
    _some("pingback_jobs_left", "left_to", where=LEFT),
    sqlite_autoincrement=True,
)

# The earliest `due` of the jobs of one kind for one host: what waits there costs nothing to pass over.
lanes = Table(
    "pingback_lanes",
    metadata,
    Column("kind", word(20), primary_key=True),
    Column("host", TEXT, primary_key=True),
    Column("due", BigInteger, nullable=False),
    Index("pingback_lanes_by_due", "kind", "due", "host"),
)

# Posts, or feeds of them, that are to be read, and published, later. A newer request for the same one is another row,
# with another `id`.
readings = Table(
    "pingback_readings",
    metadata,
    _id(),
    _site(),
    Column("source_key", word(64), nullable=False, unique=True),
    Column("source", TEXT, nullable=False),
    Column("page", LargeBinary),
    Column("content_type", TEXT),
    Column("kind", word(20), nullable=False, server_default="post"),  # or "feed"
    Column("fingerprint", TEXT),  # that its feed gave a post
    Column("trackbacks", TEXT),  # a JSON list: that its feed gave a post
    Column("roots", TEXT),  # a JSON list: below which of a feed's posts are published
    Column("status", word(20), nullable=False, server_default="waiting"),  # or "done", "failed"
    Column("message", TEXT),
    Column("found", TEXT),  # a JSON list: the posts that a feed had news of, or where a post moved
    Column("ended", BigInteger),
    Index("pingback_readings_by_end", "ended"),
    sqlite_autoincrement=True,
)

discoveries = Table(
    "pingback_discoveries",
    metadata,
    Column("target_key", word(64), primary_key=True),
    Column("url", TEXT, nullable=False),
    Column("endpoints", TEXT, nullable=False),  # a JSON list of `Endpoint.as_json()`
    Column("until", BigInteger, nullable=False),
    Index("pingback_discoveries_by_end", "until"),
)

# Hosts that are left alone until then. And those asked one thing at a time: the microseconds from one exchange to the
# next, and until when that holds; with no pause, `until` is 0.
pauses = Table(
    "pingback_pauses",
    metadata,
    Column("host", TEXT, primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("gap", BigInteger, nullable=False, server_default="0"),
    Column("gap_until", BigInteger, nullable=False, server_default="0"),
)

# How often what a rate limits was done: in this window, by its number since 1970, and in the one before.
rates = Table(
    "pingback_rates",
    metadata,
    Column("key_hash", word(64), primary_key=True),
    Column("window", BigInteger, nullable=False),
    Column("before", BigInteger, nullable=False),
    Column("now", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),  # from then on it counts for nothing
    Index("pingback_rates_by_end", "until"),
)

# What the processes of an installation counted, all together.
counts = Table(
    "pingback_counts",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("labels", TEXT, primary_key=True),  # a JSON object
    Column("number", Float, nullable=False),
)

secrets = Table(
    "pingback_secrets",
    metadata,
    Column("site_id", BigInteger, primary_key=True, server_default="1", autoincrement=False),
    Column("name", word(20), primary_key=True),
    Column("value", TEXT, nullable=False),
)

ended_sessions = Table(
    "pingback_ended_sessions",
    metadata,
    Column("session", word(64), primary_key=True),
    Column("until", BigInteger, nullable=False),
)

login_tries = Table(
    "pingback_login_tries",
    metadata,
    _id(),
    Column("client", word(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("pingback_login_tries_by_time", "at"),
    Index("pingback_login_tries_by_client", "client", "at"),
)

blocks = Table(
    "pingback_blocks",
    metadata,
    Column("site_id", BigInteger, primary_key=True, server_default="1", autoincrement=False),
    Column("block", TEXT, primary_key=True),
    Column("host", TEXT, nullable=False),  # what it names (`host_of_block`), to be found by
    Column("since", BigInteger, nullable=False),
    Index("pingback_blocks_by_host", "host"),
)

moves = Table(
    "pingback_moves",
    metadata,
    Column("old_key", word(64), primary_key=True),
    Column("new_key", word(64), nullable=False),
    Column("url", TEXT, nullable=False),  # of the new one, for whoever looks in here
    Column("number", BigInteger, nullable=False, server_default="0"),  # in the order in which they became known
    Index("pingback_moves_by_new", "new_key"),
)

channels = Table(
    "pingback_channels",
    metadata,
    _id(),
    _site(),
    Column("name", word(20), nullable=False),
    Column("since", BigInteger, nullable=False),  # what came before is no news
    # What became news before was told, or is none.
    Column("told_until", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("site_id", "name", name="pingback_channels_once"),
    sqlite_autoincrement=True,
)

notifications = Table(
    "pingback_notifications",
    metadata,
    Column("channel", word(20), primary_key=True),
    Column("mention", NUMBER, primary_key=True, autoincrement=False),
    Column("site_id", BigInteger, primary_key=True, server_default="1", autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("leased_by", TEXT),  # who is telling of it
    Index("pingback_notifications_by_time", "at"),
    _some("pingback_notifications_by_lease", "leased_by", where="leased_by IS NOT NULL"),
)
