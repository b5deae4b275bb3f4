"""What Alembic runs first: it works on the connection that it is given, and in its transaction."""

from alembic import context

from pingback.store.migrations import VERSION_TABLE
from pingback.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
)
with context.begin_transaction():
    context.run_migrations()
