"""Akismet: a service that tells spam by all the blogs that it sees. Needs `pip install pingback[akismet]`.

Its client brings HTTP of its own, httpx; it is given ours to go out by, so that the guard and the budget of time hold
here too.
"""

import logging
from typing import TYPE_CHECKING

import akismet
import httpx

from pingback.errors import FetchError
from pingback.model import Author, Mention, MentionKind, MentionStatus

if TYPE_CHECKING:
    from pingback.net.client import Client

API = "https://rest.akismet.com"

log = logging.getLogger(__name__)


class Akismet:
    """Asks Akismet about mentions, and tells it where it was wrong. Thread-safe; blocks for one exchange at a time.

    `site` is the URL that the key is registered for. A service that cannot be asked has no opinion.
    """

    def __init__(self, *, key: str, site: str, client: "Client", api: str = API) -> None:
        # Without `trust_env` no proxies are looked for: `_Door` is all there is.
        http = httpx.Client(transport=_Door(client, api), trust_env=False, headers={"User-Agent": akismet.USER_AGENT})
        self._client = akismet.SyncClient(config=akismet.Config(key=key, url=site), http_client=http)
        self._failing = False

    def decide(self, mention: Mention) -> MentionStatus | None:
        """Spam, where Akismet says so; what it finds nothing against is not approved by that."""
        if mention.client_ip is None:  # it asks for the sender's address first of all
            return None
        try:
            answer = self._client.comment_check(mention.client_ip, **_said_of(mention))
        except akismet.AkismetError as error:
            self._failed(error)
            return None
        self._failing = False
        return None if answer is akismet.CheckResponse.HAM else MentionStatus.SPAM

    def learn(self, before: MentionStatus, mention: Mention) -> None:
        """What the owner decided of a mention that was `before`, where that corrects Akismet."""
        if mention.client_ip is None or before is mention.status:
            return
        try:
            if mention.status is MentionStatus.SPAM:
                self._client.submit_spam(mention.client_ip, **_said_of(mention))
            elif (before, mention.status) == (MentionStatus.SPAM, MentionStatus.APPROVED):
                self._client.submit_ham(mention.client_ip, **_said_of(mention))
        except akismet.AkismetError as error:
            self._failed(error)

    def _failed(self, error: akismet.AkismetError) -> None:
        """A warning for the first failure in a row: pings are as many as strangers want."""
        level = logging.DEBUG if self._failing else logging.WARNING
        self._failing = True
        log.log(level, "Akismet has no answer: %s", " ".join(str(error.__cause__ or error).split())[:300])


class _Door(httpx.BaseTransport):
    """Takes httpx's requests out by the guarded client."""

    def __init__(self, client: "Client", api: str) -> None:
        self._client = client
        self._api = api

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = f"{self._api}{request.url.path}"
        try:
            with self._client.post(url, request.read(), content_type=request.headers["Content-Type"]) as response:
                hint = [("X-akismet-pro-tip", value) for value in response.headers("X-akismet-pro-tip")]
                return httpx.Response(response.status, headers=hint, content=response.read(_MAX_ANSWER))
        except FetchError as error:
            raise httpx.TransportError(str(error)) from error


_MAX_ANSWER = 1024  # bytes; it is a word
# What Akismet and WordPress call what is not just a mention, whichever protocol brought it.
_TYPES = {
    MentionKind.REPLY: "comment",
    MentionKind.RSVP: "comment",
    MentionKind.LIKE: "like",
    MentionKind.REPOST: "repost",
    MentionKind.BOOKMARK: "bookmark",
}


def _said_of(mention: Mention) -> akismet.AkismetArguments:
    author = mention.author or Author()
    words = mention.content.text if mention.content else mention.excerpt
    return {
        "blog_charset": "UTF-8",
        "comment_type": _TYPES.get(mention.kind, mention.protocol),
        "comment_author": author.name or mention.site_name or mention.title or author.url or "",
        "comment_author_url": mention.url,  # where readers are led, whatever address the author claims
        "comment_content": "\n".join(filter(None, (mention.title, words))),
        "comment_date_gmt": mention.received.isoformat(),
        "permalink": mention.target,
    }
