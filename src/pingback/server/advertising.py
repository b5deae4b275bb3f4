"""What a target's page must carry so that senders find the endpoints of this server.

Pingback 1.0 §2 wants one `X-Pingback` header or a `<link>`; Webmention §3.1.2 a `Link` header or a `<link>`; TrackBack
1.2 a block of RDF whose `dc:identifier` is the page.
"""

from html import escape

from pingback.model import Advertisement
from pingback.protocols.trackback import encode_rdf
from pingback.server import trackback, webmention, xmlrpc
from pingback.urls import origin_of, split, tidy


def advertise(target: str, *, at: str | None = None, title: str | None = None) -> Advertisement:
    """What the page at `target` must carry. `at` is where the server's application is mounted, as the outside sees it;
    by default the root of the target's host. `title` is the page's, for the TrackBack block.

    ValueError unless both are absolute HTTP URLs without credentials, and `at` has neither query nor fragment.
    """
    if any(split(url).has_credentials for url in (target, at) if url is not None):
        raise ValueError("an address with credentials is not for others")
    origin = origin_of(target)
    path = split(target).href.partition("#")[0].removeprefix(origin)
    base = origin if at is None else _base(at)
    links = {"pingback": base + xmlrpc.ROOT, "webmention": base + webmention.ROOT}
    return Advertisement(
        headers={"X-Pingback": links["pingback"], "Link": f'<{links["webmention"]}>; rel="webmention"'},
        html="\n".join(f'<link rel="{rel}" href="{_attribute(url)}">' for rel, url in links.items()),
        rdf=encode_rdf(target=tidy(target), title=title or target, endpoint=base + trackback.ROOT + path),
    )


def _base(at: str) -> str:
    href = split(at).href
    # WordPress takes the characters of an address as they stand in the page, so there must be no "&" to be escaped.
    if "?" in href or "#" in href or "&" in href:
        raise ValueError(f"{at!r} cannot be where a server is mounted: it has more than a path")
    return href.rstrip("/")


def _attribute(url: str) -> str:
    """Of entities Pingback 1.0 §2.2 knows four, and no numeric ones. A URL's normal form has no double quote in it."""
    return escape(url, quote=False)
