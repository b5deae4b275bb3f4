"""What the log hears of pings: one line for each, with its parts as fields."""

import logging

from pingback.errors import Fault
from pingback.model import Mention, MentionStatus, Protocol
from pingback.receive.verify import address_of
from pingback.urls import shown

log = logging.getLogger(__name__)


def log_ping(protocol: Protocol, source: str, target: str, client_ip: str | None, end: MentionStatus | Fault) -> None:
    """A ping was answered, with a mention that has this status or with a fault."""
    parts = (protocol, shown(source), shown(target), address_of(client_ip))
    fields: dict[str, object] = dict(zip(("protocol", "source", "target", "client_ip"), parts, strict=True))
    if isinstance(end, Fault):
        said, fields["outcome"], fields["fault"] = f"fault {end.code}, {end.message}"[:500], "refused", end.code
    else:
        said, fields["outcome"] = end, end
    log.info("%s from %r to %r by %s: %s", *parts, said, extra=fields)


def log_settled(settled: Mention) -> None:
    """What was answered before it was verified came to its end."""
    parts = (settled.protocol, shown(settled.source), shown(settled.target), settled.status)
    fields: dict[str, object] = dict(zip(("protocol", "source", "target", "outcome"), parts, strict=True))
    fields["mention"], fields["fault"] = settled.id, settled.fault
    why = "" if settled.fault is None else f", fault {settled.fault}"
    log.info("%s from %r to %r was looked at: %s%s", *parts, why, extra=fields)


def log_renewed(renewed: Mention) -> None:
    """The source of a known mention was looked at again."""
    parts = (shown(renewed.source), shown(renewed.target), renewed.status)
    fields = dict(zip(("source", "target", "outcome"), parts, strict=True)) | {"mention": renewed.id}
    log.info("%r looked at again for %r: %s", *parts, extra=fields)
