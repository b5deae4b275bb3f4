"""Where a page of the site is in the end: what its permanent redirects and its canonical address say."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from pingback.page.canonical import canonical_in
from pingback.urls import is_under, key_of

if TYPE_CHECKING:
    from pingback.net.response import Response

MAX_HEAD = 64 * 1024  # bytes of a page in which its canonical address may stand
PERMANENT = frozenset({301, 308})  # RFC 9110 §15.4.2 and §15.4.9; any other redirect may lead elsewhere tomorrow


class Whereabouts:
    """Tells `report`, for each address of a page that was seen, where within `site` the page is in the end.

    That is where permanent redirects lead, and then the page that it names as its canonical one. Never the root of the
    site: lost pages are often sent there, and have nothing in common.
    """

    def __init__(self, report: Callable[[str, str], object], *, site: Sequence[str]) -> None:
        self._report = report
        self._site = tuple(site)

    def see(self, target: str, response: "Response", page: Iterable[bytes]) -> None:
        """The site answered for `target` with this response and its page, of which the beginning is taken.

        Of one that is an error, or elsewhere for now, nothing is said. Raises what `page` and `report` raise.
        """
        if not 200 <= response.status < 300 or not PERMANENT.issuperset(response.redirects):
            return
        named = canonical_in(
            response.url,
            link_headers=response.headers("Link"),
            content_type=response.content_type,
            chunks=_beginning(page),
        )
        final = next((url for url in (named, response.url) if url is not None and self._is_page(url)), None)
        if final is not None:
            self._report(response.url, final)
            if response.redirects:
                self._report(target, final)

    def _is_page(self, url: str) -> bool:
        return any(is_under(url, root) and _path(url) != _path(root) for root in self._site)


def _path(url: str) -> str:
    """All of a URL that makes it a page, with or without a slash at its end."""
    return key_of(url).removesuffix("/")


def _beginning(page: Iterable[bytes]) -> Iterator[bytes]:
    left = MAX_HEAD
    for chunk in page:
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            return
