"""What a source says, whole: its content, its answer to an invitation, its own addresses, and its date as it wrote it.

Revision 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("pingback_mentions", sa.Column("rsvp", sa.String(20), nullable=True))
    op.add_column("pingback_mentions", sa.Column("permalink", sa.Text(), nullable=True))
    op.add_column("pingback_mentions", sa.Column("original", sa.Text(), nullable=True))
    op.add_column("pingback_mentions", sa.Column("content_text", sa.Text(), nullable=True))
    op.add_column("pingback_mentions", sa.Column("content_html", sa.Text(), nullable=True))
    op.add_column("pingback_mentions", sa.Column("published_as", sa.Text(), nullable=True))
    op.add_column("pingback_mentions", sa.Column("read_by", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    raise NotImplementedError("an earlier version could not read what this one keeps")
