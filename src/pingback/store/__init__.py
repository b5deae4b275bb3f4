"""What was received and what is to be sent, kept in a database. SQLAlchemy is loaded when a name is first asked for."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pingback.store.outbox import Outbox
    from pingback.store.store import Store

__all__ = ["Outbox", "Store"]


def __getattr__(name: str) -> object:
    if name == "Store":
        from pingback.store.store import Store

        return Store
    if name == "Outbox":
        from pingback.store.outbox import Outbox

        return Outbox
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
