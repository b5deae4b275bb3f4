"""What the log hears of pings: one line for each, with its parts as fields, and why something went wrong here.

A stranger hears no more of the latter than that it did.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pingback.errors import Fault, FaultCode, StoreError
from pingback.model import Mention, MentionStatus, Protocol
from pingback.receive.verify import address_of
from pingback.urls import shown

log = logging.getLogger(__name__)


def log_ping(protocol: Protocol, source: str, target: str, asker: str | None, end: MentionStatus | Fault) -> None:
    """A ping was answered, with a mention that has this status or with a fault."""
    parts = (protocol, shown(source), shown(target), address_of(asker))
    fields: dict[str, object] = dict(zip(("protocol", "source", "target", "asker"), parts, strict=True))
    if isinstance(end, Fault):
        said, fields["outcome"], fields["fault"] = f"fault {end.code}, {end.message}"[:500], "refused", end.code
    else:
        said, fields["outcome"] = end, end
    log.info("%s from %r to %r by %s: %s", *parts, said, extra=fields)


def log_settled(settled: Mention) -> None:
    """A pending mention came to its end."""
    parts = (shown(settled.source), shown(settled.target), settled.status, settled.fault)
    fields = dict(zip(("source", "target", "outcome", "fault"), parts, strict=True)) | {"mention": settled.id}
    log.info("pending ping from %r to %r: %s, fault %s", *parts, extra=fields)


def log_renewed(renewed: Mention) -> None:
    """The source of a known mention was looked at again."""
    parts = (shown(renewed.source), shown(renewed.target), renewed.status)
    fields = dict(zip(("source", "target", "outcome"), parts, strict=True)) | {"mention": renewed.id}
    log.info("%r looked at again for %r: %s", *parts, extra=fields)


@contextmanager
def store_errors_hidden() -> Iterator[None]:
    """A stranger hears that we failed, the log hears why."""
    try:
        yield
    except StoreError as error:
        log.error("%s", error)
        raise Fault(FaultCode.INTERNAL_ERROR, "the mentions cannot be read or written now; try again later") from error


@contextmanager
def logged(doing: str, mention: Mention) -> Iterator[None]:
    """For work that nobody waits for: a mention that it fails on stays as it was."""
    try:
        yield
    except StoreError as error:
        log.error("cannot %s mention %s: %s", doing, mention.id, error)
    except Exception:
        log.exception("cannot %s mention %s", doing, mention.id)
