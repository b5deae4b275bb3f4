"""The blogs of others: sites whose pages take pings, and that keep what they heard."""

import xmlrpc.client
from typing import TypeAlias
from urllib.parse import parse_qsl

from pingback.model import Protocol
from pingback.protocols.xmlrpc import encode_response
from tests.loopback import Page, Request, Site, page

XML = {"Content-Type": "text/xml"}
YES: dict[Protocol, bytes] = {
    Protocol.WEBMENTION: page(status=202),
    Protocol.PINGBACK: page(encode_response("Thanks."), headers=XML),
    Protocol.TRACKBACK: page(b"<response><error>0</error></response>", headers=XML),
}

Pair: TypeAlias = tuple[str, str]  # source and target


class FarSide(Site):
    """Takes pings for the pages at `paths`, by one protocol and at one endpoint, and says yes, or `answer`."""

    def __init__(
        self,
        *paths: str,
        host: str = "127.0.0.2",
        by: Protocol = Protocol.WEBMENTION,
        answer: Page | None = None,
    ) -> None:
        super().__init__(host=host)
        self.heard: list[Pair] = []
        self.answer: Page = YES[by] if answer is None else answer
        advertised = page(f'<link rel="{by}" href="/endpoint">'.encode())
        self.pages.update(dict.fromkeys(paths, advertised))
        self.pages["/endpoint"] = self._hear

    @property
    def asked(self) -> list[str]:
        """The pages that were asked for, each time that they were."""
        return [request.path for request in self.requests if request.method == "GET"]

    @property
    def targets(self) -> list[str]:
        """The paths of the targets that it heard of, each time that it did."""
        return [target.removeprefix(self.url) for _, target in self.heard]

    def _hear(self, request: Request) -> bytes:
        self.heard.append(pair_in(request))
        answer = self.answer(request) if callable(self.answer) else self.answer
        return answer if isinstance(answer, bytes) else b"".join(answer)


def pair_in(request: Request) -> Pair:
    """Of a pingback or a Webmention, by the standard library's codecs."""
    if request.headers["content-type"].startswith("text/xml"):
        (source, target), _ = xmlrpc.client.loads(request.body)
        return str(source), str(target)
    form = dict(parse_qsl(request.body.decode("ascii"), strict_parsing=True))
    return form["source"], form["target"]


def post(*targets: str, words: str = "As they say", head: str = "") -> bytes:
    """The page of a post that links to the targets, each in a paragraph of its own with these words."""
    return page(markup(*targets, words=words, head=head))


def markup(*targets: str, words: str = "As they say", head: str = "") -> bytes:
    """The same, without the response around it."""
    links = "".join(f'<p>{words} <a href="{target}">there</a>.</p>' for target in targets)
    return f"<!doctype html><title>Six</title>{head}<article>{links}</article>".encode()
