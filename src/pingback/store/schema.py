"""All tables, in one place. Instants are microseconds since 1970 in UTC; keys are those of `pingback.store.keys`.

Each row says whose it is by `site_id`. Unique is within a site what two sites may both have.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    case,
    text,
)

from pingback.model import MentionKind, MentionStatus, OutcomeStatus

metadata = MetaData()


def _site() -> Column[int]:
    return Column("site_id", BigInteger, nullable=False, server_default="1")


mentions = Table(
    "pingback_mentions",
    metadata,
    Column("id", Integer, primary_key=True),
    _site(),
    Column("pair", String(64), nullable=False, unique=True),
    Column("source_key", String(64), nullable=False),
    Column("target_key", String(64), nullable=False),
    # In whose list it stands: the target, or the address that the target's page has by now (`moves`).
    Column("page_key", String(64), nullable=False),
    # Whose the source is, to ask what is known of them.
    Column("home_key", String(64), nullable=False, server_default=""),
    Column("target_host", Text, nullable=False),  # with its port, where that is not the usual one
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("protocol", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("kind", String(20), nullable=False, server_default=MentionKind.MENTION.value),
    Column("title", Text),
    Column("excerpt", Text),
    Column("site_name", Text),
    Column("author_name", Text),
    Column("author_url", Text),
    Column("author_photo", Text),
    Column("published", BigInteger),
    Column("received", BigInteger, nullable=False),
    Column("dated", BigInteger, nullable=False),  # when it was published, or else when it came
    Column("verified", BigInteger),
    Column("fault", Integer),
    # When the source was last asked for, whatever came of it. No part of a `Mention`: it only paces us.
    Column("tried", BigInteger, nullable=False),
    # Who looks at the source since then; and when it was last pinged again, where nobody has looked since.
    Column("holder", Text),
    Column("asked", BigInteger),
    # When the row last changed, for those who keep copies; and how often in a row the source could not be had since,
    # and when that last counted.
    Column("changed", BigInteger, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failed", BigInteger, nullable=False, server_default="0"),
    # The owner's last word on the mention, which is a status; and why whoever decided lets it wait.
    Column("decision", String(20)),
    Column("held_for", Text),
    Column("client_ip", String(45)),
    # When the mention ceased to be approved; null where it is, or never was.
    Column("withdrawn", BigInteger),
    Index("pingback_mentions_by_address", "target_key", "page_key"),
    Index("pingback_mentions_by_arrival", "received", "id"),
    Index("pingback_mentions_by_change", "changed", "id"),
    Index("pingback_mentions_by_withdrawal", "withdrawn", "id"),
    Index("pingback_mentions_by_status", "status", "received", "id"),
    Index("pingback_mentions_by_home", "home_key", "status"),
    # SQLite uses a partial index only where the query has the same condition, word by word.
    Index("pingback_mentions_unverified", "status", "protocol", "tried", sqlite_where=text("verified IS NULL")),
    Index("pingback_mentions_asked", "tried", sqlite_where=text("asked IS NOT NULL")),
    Index("pingback_mentions_by_host", "target_host", "status", "received", "id", "changed", "kind"),
    Index("pingback_mentions_by_host_change", "target_host", "status", "changed", "id", "received", "kind"),
    Index("pingback_mentions_by_host_kind", "target_host", "status", "kind", "id", "received", "changed"),
    # Anybody may ask for the mentions of a page or a host, so that all of a row that a question can be about stands in
    # these: no rows are read but those that are shown. Those of a page, a few thousand, are sorted for other orders.
    Index(
        "pingback_mentions_by_page",
        *("page_key", "status", "received", "id", "changed", "kind", "target_host", "dated"),
    ),
    Index("pingback_mentions_by_page_change", "page_key", "changed"),
    Index(
        "pingback_mentions_by_host_date",
        *("target_host", "status", "dated", "id", "received", "changed", "kind"),
    ),
    Index(
        "pingback_mentions_rejected",
        *("changed", "id"),
        sqlite_where=text("status = 'rejected' AND decision IS NULL AND withdrawn IS NULL"),
    ),
    sqlite_autoincrement=True,  # an id once told to somebody never means another mention
)
# Only what is shown, from the one that was not looked at for longest.
Index("pingback_mentions_by_look", mentions.c.tried, sqlite_where=mentions.c.status == MentionStatus.APPROVED.value)


outbox = Table(
    "pingback_outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    _site(),
    Column("pair", String(64), nullable=False, unique=True),
    Column("source_key", String(64), nullable=False),
    Column("target_key", String(64), nullable=False),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("status", String(20), nullable=False),
    Column("protocol", String(20)),
    Column("endpoint", Text),
    Column("fault", BigInteger),
    Column("message", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try", BigInteger),
    Column("fingerprint", Text, nullable=False),
    Column("linked", Boolean, nullable=False),
    Column("told_by", String(20)),
    Column("failing_since", BigInteger),
    Column("leased_until", BigInteger),
    Column("leased_by", Text),  # no part of a `QueuedPing`: it only tells whose lease may be ended early
    Index("pingback_outbox_by_source", "source_key", "id"),
    sqlite_autoincrement=True,
)
# Only what is to be sent, and all that a claim asks of it: from host to host, and for each in the order of turns.
Index(
    "pingback_outbox_by_turn",
    outbox.c.host,
    outbox.c.next_try,
    outbox.c.id,
    outbox.c.leased_until,
    outbox.c.source_key,
    sqlite_where=outbox.c.next_try.is_not(None),
)

# The status of `QueuedPing.as_outcome`.
standing = case(
    (and_(outbox.c.leased_until.is_not(None), outbox.c.next_try.is_not(None)), OutcomeStatus.WAITING.value),
    else_=outbox.c.status,
)

# How many mentions and pings there are: kept by triggers, as to count them takes a second where there are a million.
tallies = Table(
    "pingback_tallies",
    metadata,
    Column("site_id", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", String(20), primary_key=True),  # the table, without "pingback_"
    Column("protocol", String(20), primary_key=True),  # "" where none is known
    Column("status", String(20), primary_key=True),
    Column("number", BigInteger, nullable=False),
)

attempts = Table(
    "pingback_attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ping", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("status", String(20), nullable=False),
    Column("protocol", String(20)),
    Column("endpoint", Text),
    Column("fault", BigInteger),
    Column("message", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("exchange", Text),
    Index("pingback_attempts_by_ping", "ping", "id"),
)

posts = Table(
    "pingback_posts",
    metadata,
    Column("id", Integer, primary_key=True),
    _site(),
    Column("source_key", String(64), nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("gone", Boolean, nullable=False),
)

# What is to be done later, and by whom it is being done. `due` is when somebody may take the job: whoever leases it
# moves that to the end of the lease, so that one index finds what is free and what was left by somebody who is no more.
# `set_at` is what the clock said then: where that lies ahead, the clock was wrong, and `due` is wrong by as much.
jobs = Table(
    "pingback_jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    _site(),
    Column("kind", String(20), nullable=False),
    Column("subject", BigInteger, nullable=False),
    Column("host", Text, nullable=False, server_default=""),
    Column("due", BigInteger, nullable=False),
    Column("set_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("failing_since", BigInteger),
    Column("leased_by", Text),
    UniqueConstraint("kind", "subject", name="pingback_jobs_once"),
    Index("pingback_jobs_by_host", "kind", "host", "due", "id"),
    Index("pingback_jobs_by_setting", "set_at"),
    Index("pingback_jobs_by_lease", "leased_by", sqlite_where=text("leased_by IS NOT NULL")),
    sqlite_autoincrement=True,
)

# The earliest `due` of the jobs of one kind for one host: what waits there costs nothing to pass over.
lanes = Table(
    "pingback_lanes",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("host", Text, primary_key=True),
    Column("due", BigInteger, nullable=False),
    Index("pingback_lanes_by_due", "kind", "due", "host"),
)

# Posts that are to be published later. A newer request for the same post is another row, with another `id`.
posts_to_publish = Table(
    "pingback_readings",
    metadata,
    Column("id", Integer, primary_key=True),
    _site(),
    Column("source_key", String(64), nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("page", LargeBinary),
    Column("content_type", Text),
    Column("due", BigInteger, nullable=False, index=True),
    Column("failing_since", BigInteger),
    Column("leased_until", BigInteger),
    Column("leased_by", Text),
    sqlite_autoincrement=True,
)

discoveries = Table(
    "pingback_discoveries",
    metadata,
    Column("target_key", String(64), primary_key=True),
    Column("url", Text, nullable=False),
    Column("endpoints", Text, nullable=False),  # a JSON list of `Endpoint.as_json()`
    Column("until", BigInteger, nullable=False),
    Index("pingback_discoveries_by_end", "until"),
)

pauses = Table(
    "pingback_pauses",
    metadata,
    Column("host", Text, primary_key=True),
    Column("until", BigInteger, nullable=False),
)

secrets = Table(
    "pingback_secrets",
    metadata,
    Column("site_id", BigInteger, primary_key=True, server_default="1", autoincrement=False),
    Column("name", String(20), primary_key=True),
    Column("value", Text, nullable=False),
)

ended_sessions = Table(
    "pingback_ended_sessions",
    metadata,
    Column("session", String(64), primary_key=True),
    Column("until", BigInteger, nullable=False),
)

login_tries = Table(
    "pingback_login_tries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("pingback_login_tries_by_time", "at"),
    Index("pingback_login_tries_by_client", "client", "at"),
)

blocks = Table(
    "pingback_blocks",
    metadata,
    Column("site_id", BigInteger, primary_key=True, server_default="1", autoincrement=False),
    Column("block", Text, primary_key=True),
    Column("host", Text, nullable=False),  # what it names (`host_of_block`), to be found by
    Column("since", BigInteger, nullable=False),
    Index("pingback_blocks_by_host", "host"),
)

moves = Table(
    "pingback_moves",
    metadata,
    Column("old_key", String(64), primary_key=True),
    Column("new_key", String(64), nullable=False),
    Column("url", Text, nullable=False),  # of the new one, for whoever looks in here
    Index("pingback_moves_by_new", "new_key"),
)

channels = Table(
    "pingback_channels",
    metadata,
    Column("id", Integer, primary_key=True),
    _site(),
    Column("name", String(20), nullable=False),
    Column("since", BigInteger, nullable=False),  # what came before is no news
    Column("rests_until", BigInteger, nullable=False),
    UniqueConstraint("site_id", "name", name="pingback_channels_once"),
    sqlite_autoincrement=True,
)

notifications = Table(
    "pingback_notifications",
    metadata,
    Column("site_id", BigInteger, primary_key=True, server_default="1", autoincrement=False),
    Column("channel", String(20), primary_key=True),
    Column("mention", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
