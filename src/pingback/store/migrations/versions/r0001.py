"""All tables. What a file of before there was a history holds is copied into them.

Revision 0001, the first.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from pingback.store.columns import NUMBER, TEXT, word
from pingback.store.migrations.before import copy_all, is_ours

_TRIGGERS = Path(__file__).with_suffix(".sqlite.sql")  # one a line: they count what comes and goes

revision = "0001"
down_revision = None


def upgrade() -> None:
    _make_tables()
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":  # PostgreSQL's come with revision 0005, before which nobody had it
        for trigger in _TRIGGERS.read_text().splitlines():
            connection.exec_driver_sql(trigger)
        if is_ours(connection):
            copy_all(connection)
    _make_indices()  # of full tables, which takes half the time


def downgrade() -> None:
    raise NotImplementedError("an earlier version could not read what this one keeps")


def _make_tables() -> None:
    op.create_table(
        "pingback_attempts",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("ping", NUMBER, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("status", word(20), nullable=False),
        sa.Column("protocol", word(20), nullable=True),
        sa.Column("endpoint", TEXT, nullable=True),
        sa.Column("fault", sa.BigInteger(), nullable=True),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("exchange", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "pingback_blocks",
        sa.Column("site_id", sa.BigInteger(), server_default="1", autoincrement=False, nullable=False),
        sa.Column("block", TEXT, nullable=False),
        sa.Column("host", TEXT, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "block"),
    )
    op.create_table(
        "pingback_channels",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("site_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("name", word(20), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("told_until", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("site_id", "name", name="pingback_channels_once"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pingback_days",
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("site_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "site_id"),
    )
    op.create_table(
        "pingback_discoveries",
        sa.Column("target_key", word(64), nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("endpoints", TEXT, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("target_key"),
    )
    op.create_table(
        "pingback_ended_sessions",
        sa.Column("session", word(64), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session"),
    )
    op.create_table(
        "pingback_jobs",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("site_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("kind", word(20), nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=False),
        sa.Column("host", TEXT, server_default="", nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("leased_by", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "subject", name="pingback_jobs_once"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pingback_kinds",
        sa.Column("host", TEXT, nullable=False),
        sa.Column("kind", word(20), nullable=False),
        sa.Column("site_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("host", "kind", "site_id"),
    )
    op.create_table(
        "pingback_lanes",
        sa.Column("kind", word(20), nullable=False),
        sa.Column("host", TEXT, nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "host"),
    )
    op.create_table(
        "pingback_login_tries",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("client", word(64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "pingback_mentions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("site_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("pair", word(64), nullable=False),
        sa.Column("source_key", word(64), nullable=False),
        sa.Column("target_key", word(64), nullable=False),
        sa.Column("page_key", word(64), nullable=False),
        sa.Column("home_key", word(64), server_default="", nullable=False),
        sa.Column("target_host", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("protocol", word(20), nullable=False),
        sa.Column("status", word(20), nullable=False),
        sa.Column("kind", word(20), server_default="mention-of", nullable=False),
        sa.Column("title", TEXT, nullable=True),
        sa.Column("excerpt", TEXT, nullable=True),
        sa.Column("site_name", TEXT, nullable=True),
        sa.Column("author_name", TEXT, nullable=True),
        sa.Column("author_url", TEXT, nullable=True),
        sa.Column("author_photo", TEXT, nullable=True),
        sa.Column("published", sa.BigInteger(), nullable=True),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("dated", sa.BigInteger(), nullable=False),
        sa.Column("verified", sa.BigInteger(), nullable=True),
        sa.Column("fault", sa.Integer(), nullable=True),
        sa.Column("tried", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("decision", word(20), nullable=True),
        sa.Column("held_for", TEXT, nullable=True),
        sa.Column("client_ip", word(45), nullable=True),
        sa.Column("withdrawn", sa.BigInteger(), nullable=True),
        sa.Column("news", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("pair"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pingback_moves",
        sa.Column("old_key", word(64), nullable=False),
        sa.Column("new_key", word(64), nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("old_key"),
    )
    op.create_table(
        "pingback_notifications",
        sa.Column("channel", word(20), nullable=False),
        sa.Column("mention", NUMBER, autoincrement=False, nullable=False),
        sa.Column("site_id", sa.BigInteger(), server_default="1", autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("leased_by", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("channel", "mention", "site_id"),
    )
    op.create_table(
        "pingback_outbox",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("site_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("pair", word(64), nullable=False),
        sa.Column("source_key", word(64), nullable=False),
        sa.Column("target_key", word(64), nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("status", word(20), nullable=False),
        sa.Column("protocol", word(20), nullable=True),
        sa.Column("endpoint", TEXT, nullable=True),
        sa.Column("fault", sa.BigInteger(), nullable=True),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("linked", sa.Boolean(), nullable=False),
        sa.Column("told_by", word(20), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("pair"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pingback_pauses",
        sa.Column("host", TEXT, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("host"),
    )
    op.create_table(
        "pingback_posts",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("site_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("source_key", word(64), nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source_key"),
    )
    op.create_table(
        "pingback_readings",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("site_id", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("source_key", word(64), nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("page", sa.LargeBinary(), nullable=True),
        sa.Column("content_type", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pingback_secrets",
        sa.Column("site_id", sa.BigInteger(), server_default="1", autoincrement=False, nullable=False),
        sa.Column("name", word(20), nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "name"),
    )
    op.create_table(
        "pingback_tallies",
        sa.Column("subject", word(20), nullable=False),
        sa.Column("protocol", word(20), nullable=False),
        sa.Column("status", word(20), nullable=False),
        sa.Column("site_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "protocol", "status", "site_id"),
    )


def _make_indices() -> None:
    op.create_index("pingback_attempts_by_ping", "pingback_attempts", ["ping", "id"], unique=False)
    op.create_index("pingback_attempts_by_time", "pingback_attempts", ["at"], unique=False)
    op.create_index("pingback_blocks_by_host", "pingback_blocks", ["host"], unique=False)
    op.create_index("pingback_discoveries_by_end", "pingback_discoveries", ["until"], unique=False)
    op.create_index("pingback_jobs_by_host", "pingback_jobs", ["kind", "host", "due", "id"], unique=False)
    op.create_index(
        "pingback_jobs_by_lease",
        "pingback_jobs",
        ["leased_by"],
        unique=False,
        sqlite_where=sa.text("leased_by IS NOT NULL"),
        postgresql_where=sa.text("leased_by IS NOT NULL"),
    )
    op.create_index(
        "pingback_jobs_failing",
        "pingback_jobs",
        ["kind", "host"],
        unique=False,
        sqlite_where=sa.text("attempts > 0"),
        postgresql_where=sa.text("attempts > 0"),
    )
    op.create_index(
        "pingback_jobs_untried",
        "pingback_jobs",
        ["kind", "host"],
        unique=False,
        sqlite_where=sa.text("attempts = 0"),
        postgresql_where=sa.text("attempts = 0"),
    )
    op.create_index("pingback_jobs_by_setting", "pingback_jobs", ["set_at"], unique=False)
    op.create_index("pingback_lanes_by_due", "pingback_lanes", ["kind", "due", "host"], unique=False)
    op.create_index("pingback_login_tries_by_client", "pingback_login_tries", ["client", "at"], unique=False)
    op.create_index("pingback_login_tries_by_time", "pingback_login_tries", ["at"], unique=False)
    op.create_index("pingback_mentions_by_arrival", "pingback_mentions", ["received", "id"], unique=False)
    op.create_index(
        "pingback_mentions_by_home", "pingback_mentions", ["home_key", "status", "source_key"], unique=False
    )
    op.create_index(
        "pingback_mentions_by_host",
        "pingback_mentions",
        ["target_host", "status", "received", "id", "changed", "kind"],
        unique=False,
    )
    op.create_index(
        "pingback_mentions_by_host_change",
        "pingback_mentions",
        ["target_host", "status", "changed", "id", "received", "dated", "kind"],
        unique=False,
    )
    op.create_index(
        "pingback_mentions_by_host_date",
        "pingback_mentions",
        ["target_host", "status", "dated", "id", "changed", "kind"],
        unique=False,
    )
    op.create_index(
        "pingback_mentions_by_host_kind",
        "pingback_mentions",
        ["target_host", "status", "kind", "changed", "id", "received", "dated"],
        unique=False,
    )
    op.create_index(
        "pingback_mentions_by_look",
        "pingback_mentions",
        ["target_host", "tried", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'approved' AND verified IS NOT NULL"),
        postgresql_where=sa.text("status = 'approved' AND verified IS NOT NULL"),
    )
    op.create_index(
        "pingback_mentions_by_news",
        "pingback_mentions",
        ["news", "id"],
        unique=False,
        sqlite_where=sa.text("news IS NOT NULL AND status IN ('approved', 'pending')"),
        postgresql_where=sa.text("news IS NOT NULL AND status IN ('approved', 'pending')"),
    )
    op.create_index(
        "pingback_mentions_by_page",
        "pingback_mentions",
        ["page_key", "status", "received", "id", "changed", "kind", "dated"],
        unique=False,
    )
    op.create_index("pingback_mentions_by_page_change", "pingback_mentions", ["page_key", "changed"], unique=False)
    op.create_index("pingback_mentions_by_status", "pingback_mentions", ["status", "received", "id"], unique=False)
    op.create_index("pingback_mentions_by_target", "pingback_mentions", ["target_key", "page_key"], unique=False)
    op.create_index(
        "pingback_mentions_by_withdrawal",
        "pingback_mentions",
        ["withdrawn", "id"],
        unique=False,
        sqlite_where=sa.text("withdrawn IS NOT NULL"),
        postgresql_where=sa.text("withdrawn IS NOT NULL"),
    )
    op.create_index(
        "pingback_mentions_forgettable",
        "pingback_mentions",
        ["status", "changed", "id", "received"],
        unique=False,
        sqlite_where=sa.text("decision IS NULL AND status IN ('deleted', 'rejected', 'spam')"),
        postgresql_where=sa.text("decision IS NULL AND status IN ('deleted', 'rejected', 'spam')"),
    )
    op.create_index(
        "pingback_mentions_rejected",
        "pingback_mentions",
        ["changed", "id"],
        unique=False,
        sqlite_where=sa.text(
            "status = 'rejected' AND decision IS NULL AND withdrawn IS NULL AND length(source) + length(target) <= 1024"
        ),
        postgresql_where=sa.text(
            "status = 'rejected' AND decision IS NULL AND withdrawn IS NULL AND length(source) + length(target) <= 1024"
        ),
    )
    op.create_index(
        "pingback_mentions_rejected_long",
        "pingback_mentions",
        ["changed", "id"],
        unique=False,
        sqlite_where=sa.text(
            "status = 'rejected' AND decision IS NULL AND withdrawn IS NULL AND length(source) + length(target) > 1024"
        ),
        postgresql_where=sa.text(
            "status = 'rejected' AND decision IS NULL AND withdrawn IS NULL AND length(source) + length(target) > 1024"
        ),
    )
    op.create_index(
        "pingback_mentions_seen",
        "pingback_mentions",
        ["received", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'pending' AND verified IS NOT NULL"),
        postgresql_where=sa.text("status = 'pending' AND verified IS NOT NULL"),
    )
    op.create_index(
        "pingback_mentions_unseen",
        "pingback_mentions",
        ["received", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'pending' AND verified IS NULL"),
        postgresql_where=sa.text("status = 'pending' AND verified IS NULL"),
    )
    op.create_index(
        "pingback_mentions_wanted",
        "pingback_mentions",
        ["id"],
        unique=False,
        sqlite_where=sa.text("status = 'pending' AND decision = 'approved' AND verified IS NULL"),
        postgresql_where=sa.text("status = 'pending' AND decision = 'approved' AND verified IS NULL"),
    )
    op.create_index("pingback_moves_by_new", "pingback_moves", ["new_key"], unique=False)
    op.create_index(
        "pingback_notifications_by_lease",
        "pingback_notifications",
        ["leased_by"],
        unique=False,
        sqlite_where=sa.text("leased_by IS NOT NULL"),
        postgresql_where=sa.text("leased_by IS NOT NULL"),
    )
    op.create_index("pingback_notifications_by_time", "pingback_notifications", ["at"], unique=False)
    op.create_index("pingback_outbox_by_source", "pingback_outbox", ["source_key", "id"], unique=False)
    op.create_index(
        "pingback_outbox_unlinked",
        "pingback_outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("NOT linked"),
        postgresql_where=sa.text("NOT linked"),
    )
