"""What the cases of all three norms say of the web: our server as a stranger sees it, pages, and what was heard."""

import xmlrpc.client
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias
from urllib.parse import parse_qsl

from pingback import Mention
from tests.loopback import Request, Site, page
from tests.paths.exchange import FORM, Answer, post
from tests.receive.lax import Receiver
from tests.receive.pages import Clock

FIVE = "/blog/5"
XML = {"Content-Type": "text/xml"}


class Taking(NamedTuple):
    """A server in this process, under `root`; its clock is moved by hand."""

    root: str
    receiver: Receiver
    clock: Clock

    def call(self, method: str, *parameters: str) -> Answer:
        return post(f"{self.root}/xmlrpc", xmlrpc.client.dumps(parameters, method).encode(), "text/xml")

    def trackback(self, form: bytes | Mapping[str, str], content_type: str = FORM) -> Answer:
        """The answer to a ping of part five."""
        return post(f"{self.root}/trackback{FIVE}", form, content_type)

    def webmention(self, source: str, target: str) -> Answer:
        return post(f"{self.root}/webmention", {"source": source, "target": target})

    def mentions(self) -> list[Mention]:
        return list(self.receiver.store.mentions.list())


Serve: TypeAlias = Callable[..., Taking]


def linking(*targets: str, title: str = "Six") -> bytes:
    """A post with a paragraph for each target."""
    words = "".join(f'<p>As in <a href="{target}">this</a>, it is so.</p>' for target in targets)
    return page(f"<title>{title}</title><article>{words}</article>".encode())


def with_headers(*lines: str, body: bytes = b"", content_type: str = "text/html") -> bytes:
    """A page whose headers are given line by line, so that one may come twice."""
    fields = "\r\n".join(["HTTP/1.1 200 -", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *lines])
    return f"{fields}\r\n\r\n".encode() + body


def posts(site: Site) -> list[Request]:
    return [request for request in site.requests if request.method == "POST"]


def form_of(request: Request) -> dict[str, str]:
    """As the standard library reads it; each field stands there once."""
    fields = parse_qsl(request.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    assert len(dict(fields)) == len(fields)
    return dict(fields)
