"""The tables of notifications: of which mentions the owner was told, and by which channel."""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from pingback.store.schema import metadata

channels = Table(
    "notice_channels",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("since", BigInteger, nullable=False),  # what came before is no news
    Column("rests_until", BigInteger, nullable=False),
)

notifications = Table(
    "notices",
    metadata,
    Column("channel", String(20), primary_key=True),
    Column("mention", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
