"""What a target's page must carry so that senders find the endpoints of this server, by all protocols."""

from pingback.model import Advertisement
from pingback.protocols.table import linkbacks
from pingback.urls import origin_of, split


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
    headers: dict[str, str] = {}
    html, rdf = [], []
    # From the last in the table up: so pages have carried it, X-Pingback first.
    for surface in [linkback.surface for linkback in reversed(linkbacks()) if linkback.surface]:
        endpoint = base + surface.path + (path if surface.target_in_path else "")
        one = surface.advertisement(endpoint, target, title or target)
        for name, value in one.headers.items():  # lines of one name are one list (RFC 9110 §5.3)
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        html.append(one.html)
        rdf.append(one.rdf)
    return Advertisement(headers=headers, html="\n".join(filter(None, html)), rdf="\n".join(filter(None, rdf)))


def _base(at: str) -> str:
    href = split(at).href
    # WordPress takes the characters of an address as they stand in the page, so there must be no "&" to be escaped.
    if "?" in href or "#" in href or "&" in href:
        raise ValueError(f"{at!r} cannot be where a server is mounted: it has more than a path")
    return href.rstrip("/")
