"""What was received, kept in a database. SQLAlchemy is loaded when `Store` is first asked for."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pingback.store.store import Store

__all__ = ["Store"]


def __getattr__(name: str) -> object:
    if name == "Store":
        from pingback.store.store import Store

        return Store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
