"""The tables of who may look into the inbox, beside that of the mentions. Instants are those of `schema`."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from pingback.store.schema import metadata

secrets = Table(
    "secrets",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("value", Text, nullable=False),
)

ended_sessions = Table(
    "ended_sessions",
    metadata,
    Column("session", String(64), primary_key=True),
    Column("until", BigInteger, nullable=False),
)

login_tries = Table(
    "login_tries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("login_tries_by_time", "at"),
    Index("login_tries_by_client", "client", "at"),
)
