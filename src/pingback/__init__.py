"""Linkbacks for Python: find endpoints, send pings, receive and verify them, safely.

Every name below loads its module when it is first used: `import pingback` itself loads no HTTP client, no parser and
no database.
"""

from importlib import import_module

TYPE_CHECKING = False  # checkers know the name; to import it from `typing` takes longer than all of this module

if TYPE_CHECKING:
    from pingback.api import discover, examine, links, publish, send, verify
    from pingback.doctor import CheckUp
    from pingback.errors import (
        BadResponse,
        BadStatus,
        Blocked,
        Fault,
        FaultCode,
        FetchError,
        MailError,
        NoMatch,
        PingbackError,
        SettingsError,
        StoreError,
        Unreachable,
    )
    from pingback.model import (
        Advertisement,
        Author,
        Content,
        Endpoint,
        Mention,
        MentionKind,
        MentionStatus,
        Opinion,
        Outcome,
        OutcomeStatus,
        Protocol,
        Rsvp,
        Verification,
        Via,
        Words,
    )
    from pingback.net.client import Client, Limits
    from pingback.sending.values import PublishOptions
    from pingback.server.advertising import advertise
    from pingback.site import Site
    from pingback.store import Store
    from pingback.version import VERSION as __version__

__all__ = [
    "Advertisement",
    "Author",
    "BadResponse",
    "BadStatus",
    "Blocked",
    "CheckUp",
    "Client",
    "Content",
    "Endpoint",
    "Fault",
    "FaultCode",
    "FetchError",
    "Limits",
    "MailError",
    "Mention",
    "MentionKind",
    "MentionStatus",
    "NoMatch",
    "Opinion",
    "Outcome",
    "OutcomeStatus",
    "PingbackError",
    "Protocol",
    "PublishOptions",
    "Rsvp",
    "SettingsError",
    "Site",
    "Store",
    "StoreError",
    "Unreachable",
    "Verification",
    "Via",
    "Words",
    "__version__",
    "advertise",
    "discover",
    "examine",
    "links",
    "publish",
    "send",
    "verify",
]

_MODULES = {
    "api": "discover examine links publish send verify",
    "doctor": "CheckUp",
    "errors": "BadResponse BadStatus Blocked Fault FaultCode FetchError MailError NoMatch PingbackError SettingsError"
    " StoreError Unreachable",
    "model": "Advertisement Author Content Endpoint Mention MentionKind MentionStatus Opinion Outcome OutcomeStatus"
    " Protocol Rsvp Verification Via Words",
    "net.client": "Client Limits",
    "sending.values": "PublishOptions",
    "server.advertising": "advertise",
    "site": "Site",
    "store": "Store",
}
_HOME = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from pingback.version import VERSION

        return VERSION
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
