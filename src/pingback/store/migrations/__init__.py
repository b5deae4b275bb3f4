"""The history of the schema, as Alembic's revisions. Alembic itself is loaded where there is something to upgrade."""

from pathlib import Path

from sqlalchemy import Connection

VERSION_TABLE = "pingback_alembic"
REVISIONS = ("0001", "0002", "0003", "0004", "0005")  # in their order; to read them from the files takes Alembic
NEWEST = REVISIONS[-1]


def upgrade(connection: Connection) -> None:
    """Bring the schema to the newest revision, in the transaction of this connection, or one of its own."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    command.upgrade(config, NEWEST)
