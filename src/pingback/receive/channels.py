"""How the owner hears of new mentions: by mail, many in one, or by a webhook, one by one."""

import hashlib
import hmac
import json
import logging
import typing
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from pingback.errors import BadStatus
from pingback.model import Mention
from pingback.sanitized import sanitized
from pingback.urls import shown

if TYPE_CHECKING:
    from pingback.net.client import Client
    from pingback.net.mail import Mailer

SIGNATURE = "X-Pingback-Signature"
LISTED = 50  # mentions in one mail; of more it tells the number

_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, *range(500, 600)})

log = logging.getLogger(__name__)


class Channel(typing.Protocol):
    """One way to tell. `most` mentions are told at a time, and then `pause` passes until the next time."""

    name: str
    most: int
    pause: timedelta

    def tell(self, mentions: Sequence[Mention]) -> Iterator[Mention]:
        """Tell of these, and give each that was told of. Blocks; raises `PingbackError` where it cannot go on."""


class MailChannel:
    """One mail an hour at most, however many mentions there are. `site` is what they are mentions of."""

    name = "mail"
    most = 1000
    pause = timedelta(hours=1)

    def __init__(self, mailer: "Mailer", address: str, *, site: str) -> None:
        self._mailer = mailer
        self._address = address
        self._site = site

    def tell(self, mentions: Sequence[Mention]) -> Iterator[Mention]:
        count = f"{len(mentions)} new mention{'s' * (len(mentions) != 1)}"
        parts = [_paragraph(mention) for mention in mentions[:LISTED]]
        if len(mentions) > LISTED:
            parts.append(f"… and {len(mentions) - LISTED} more")
        self._mailer.send(self._address, subject=f"{count} of {shown(self._site)}", text="\n\n".join(parts) + "\n")
        yield from mentions


class WebhookChannel:
    """A POST of each mention's JSON object. With a `secret` it is signed: `X-Pingback-Signature` is `sha256=` and the
    HMAC of the body in hexadecimal."""

    name = "webhook"
    most = 10
    pause = timedelta(0)

    def __init__(self, client: "Client", url: str, *, secret: str | None = None) -> None:
        self._client = client
        self._url = url
        self._secret = secret

    def tell(self, mentions: Sequence[Mention]) -> Iterator[Mention]:
        for mention in mentions:
            self._post(json.dumps(sanitized(mention).as_json()).encode())
            yield mention

    def _post(self, body: bytes) -> None:
        headers = {} if self._secret is None else {SIGNATURE: f"sha256={_hmac(self._secret, body)}"}
        with self._client.post(self._url, body, content_type="application/json", headers=headers) as response:
            if response.status in _WORTH_ANOTHER_TRY or 300 <= response.status < 400:
                raise BadStatus(response.url, response.status)
            if response.status >= 400:
                log.warning("the webhook does not want a mention: HTTP status %d", response.status)


def _hmac(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _paragraph(mention: Mention) -> str:
    told = sanitized(mention)
    lines = [f"{told.protocol.capitalize()}: {told.title or told.source} ({told.status})"]
    lines += [f"  {told.source}", f"  -> {told.target}"]
    if told.excerpt:
        lines.append(f"  {told.excerpt}")
    return "\n".join(lines)
