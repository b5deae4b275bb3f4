"""The site whose pages take pings: what is a page of it, and who may ping it.

The fault codes are those of Pingback 1.0 §3. Other protocols say the same refusals in their own words.
"""

import re
import typing
from collections.abc import Iterable
from math import inf

from pingback.errors import Fault, FaultCode
from pingback.receive.verify import NO_SOURCE
from pingback.urls import host_of, is_http, is_under, key_of, origin_of, same_url, split

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class TargetExists(typing.Protocol):
    """Whether there is a page at a target, which is given in normal form, under the site and with its scheme.

    False, None or what else is empty means that there is none for certain (fault 32). It may raise a `Fault` of its
    own, 33 for a page that takes no pings, and `pingback.receive.existence.NoAnswer` where that takes it longer than
    `within` seconds.
    """

    def __call__(self, target: str, *, within: float = inf) -> object: ...


class SitePages:
    """The pages under one or several URLs. Thread-safe as far as `target_exists` is."""

    def __init__(self, site: str | Iterable[str], *, target_exists: TargetExists, self_pings: bool) -> None:
        self._roots = _roots(site)
        self._hosts = frozenset(_bare(split(root).host) for root in self._roots)
        self._target_exists = target_exists
        self._self_pings = self_pings

    @property
    def roots(self) -> tuple[str, ...]:
        """The URLs below which its pages are."""
        return self._roots

    @property
    def hosts(self) -> frozenset[str]:
        """Where its pages are, each with its port where that is not the usual one."""
        return frozenset(map(host_of, self._roots))

    @property
    def name(self) -> str:
        """What the site calls itself before others: its first URL, in ASCII, so that it can go into a header."""
        return self._roots[0]

    def check_target(self, target: str) -> None:
        """Raises `Fault` where the target's address alone says that it takes no pings."""
        if _CONTROL.search(target) or not self.holds(target):
            raise Fault(FaultCode.TARGET_NOT_PINGABLE, "the target is not a page of this site")

    def check_source(self, source: str, target: str) -> None:
        """Raises `Fault` where the source's address alone says that it may not ping the target."""
        if _CONTROL.search(source) or not is_http(source) or split(source).has_credentials:
            raise Fault(FaultCode.SOURCE_NOT_FOUND, NO_SOURCE)
        if same_url(source, target):
            raise Fault(FaultCode.TARGET_NOT_PINGABLE, "the source and the target are the same page")
        if not self._self_pings and self.holds(source):
            raise Fault(FaultCode.ACCESS_DENIED, "this site takes no pings from its own pages")

    def check_exists(self, target: str, *, within: float = inf) -> None:
        """Raises `Fault` where there is no such page, or none that takes pings. May block, as `target_exists` may.

        Asks in the site's own spelling: another scheme may be served by nobody, or by somebody else.
        """
        self.check_target(target)
        root = next(root for root in self._roots if is_under(target, root))
        if not self._target_exists(f"{split(root).scheme}://{key_of(target)}", within=within):
            raise Fault(FaultCode.TARGET_NOT_FOUND, "the target does not exist")

    def target_at(self, address: str, *, asked_at: str) -> str:
        """The URL of the page that has this path and query, for protocols whose pings name no more of a target.

        Of several sites it is the one at the host of `asked_at`, a URL that the ping came to, else the first that
        such a page would belong to. Whether it does is still to be checked.
        """
        targets = [origin_of(root) + address for root in self._roots]
        ours = [target for target in targets if self.holds(target)]
        here = [target for target in ours if _authority(target) == _authority(asked_at)]
        return (here or ours or targets)[0]

    def has_host(self, host: str) -> bool:
        """A page of the site may be at this host, whichever the port."""
        return _bare(host) in self._hosts

    def holds(self, url: str) -> bool:
        """The address is one of the site's pages, whether there is such a page or not."""
        return any(is_under(url, root) for root in self._roots)


def _roots(site: str | Iterable[str]) -> tuple[str, ...]:
    """The sites in their normal form."""
    roots = (site,) if isinstance(site, str) else tuple(site)
    if not roots:
        raise ValueError("a receiver needs a site")
    if any(split(root).has_credentials for root in roots):
        raise ValueError("a site's address holds no credentials")
    return tuple(split(root).href for root in roots)


def _authority(url: str) -> str | None:
    """Host and port as all spellings of them agree on, whichever scheme; None for what is no HTTP URL."""
    return key_of(url).partition("/")[0] if is_http(url) else None


def _bare(host: str) -> str:
    """The host without the root's dot (RFC 1034 §3.1), or the brackets of an address (RFC 3986 §3.2.2)."""
    return host.rstrip(".").strip("[]")
