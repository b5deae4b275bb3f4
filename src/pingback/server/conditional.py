"""What a reader has already need not be sent again (RFC 9110 §13): `ETag`, `Last-Modified`, and 304."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256

from pingback.server.http import Request, Response

_OF_CONTENT = frozenset({"Content-Type", "Link"})  # which a 304 has not


def conditional(request: Request, response: Response, *, changed: datetime | None = None) -> Response:
    """The response with what tells it from others, or a 304 where the request says that it is known.

    The `ETag` is strong, of the bytes. `changed` is the last change of what is shown.
    """
    tag = f'"{sha256(response.body).hexdigest()[:32]}"'
    headers = {**response.headers, "ETag": tag}
    if changed is not None:
        headers["Last-Modified"] = format_datetime(changed.astimezone(UTC).replace(microsecond=0), usegmt=True)
    if not _is_known(request.headers, tag, changed):
        return replace(response, headers=headers)
    kept = {name: value for name, value in headers.items() if name not in _OF_CONTENT}
    return Response(status=304, headers=kept, body=b"")


def _is_known(asked: Mapping[str, str], tag: str, changed: datetime | None) -> bool:
    """Where there is an `If-None-Match`, the date says nothing (RFC 9110 §13.2.2)."""
    if (tags := asked.get("if-none-match")) is not None:
        return tags.strip() == "*" or tag in [each.strip().removeprefix("W/") for each in tags.split(",")]
    since = _date(asked.get("if-modified-since", ""))
    return changed is not None and since is not None and changed.replace(microsecond=0) <= since


def _date(value: str) -> datetime | None:
    """An HTTP date; one that cannot be read is passed over (RFC 9110 §13.1.3)."""
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
