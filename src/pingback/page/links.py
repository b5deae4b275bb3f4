"""The links of a page: which of them lead to a target, and how many leave its host.

A link is the `href` or `src` of an element in the page's markup, resolved against `<base>` and the page's address, and
compared as `pingback.urls.key_of` says. Text, comments, scripts, templates and escaped markup hold none.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pingback.urls import key_of, leads_to, split

if TYPE_CHECKING:
    from pingback.page.nodes import Node

# A reference that stands for what its letters say: it has no escapes, backslashes, controls, letters beyond ASCII, and
# no scheme alone; nor is it on the base's own path.
_PLAIN = re.compile(r"(?:(?:https?:/)?/|[A-Za-z0-9_])[A-Za-z0-9_~=&?;,+@.\-/]*\Z")

_ESCAPE = re.compile("%[0-9A-F]{2}")  # as a URL's key has them

_BROKEN_VALUE = rb"[ \t\r\n\f]*=[ \t\r\n\f]*(?:\"[^\"\t\r\n]*[\t\r\n]|'[^'\t\r\n]*[\t\r\n])"
# What a page in lower case must not hold for the absence of a host's letters to prove anything: a host in another
# spelling, percent-encoded or with wide letters in it, or white space within a reference. Each begins with letters that
# `re` searches for, and no run can be met twice, so a page of 1 MiB takes milliseconds whatever it holds.
_ODD_REFERENCES = (
    re.compile(rb"//[a-z0-9.\-_:@~!$'()*+,;=]*[%&\x80-\xff]"),
    re.compile(rb"\\[/\\]?[a-z0-9.\-_:@~!$'()*+,;=]*[%&\x80-\xff]"),
    re.compile(rb"https?:[/\\]?[a-z0-9.\-_@~!$'()*+,;=]*[%&:\x80-\xff]"),
    re.compile(rb"href" + _BROKEN_VALUE),
    re.compile(rb"src" + _BROKEN_VALUE),
)
# Entities for ASCII characters that markup has no need to hide; the quotes, & < and > are left out.
_ODD_ENTITY = re.compile(
    rb"&(?:#0*(?:9|10|13|33|3[5-7]|4[0-7]|4[89]|5\d|[6-9]\d|1[01]\d|12[0-6])(?![0-9])"
    rb"|#x0*(?:[9ad]|2[1358-9a-f]|3[0-9abdf]|[4-7][0-9a-f])(?![0-9a-f])"
    rb"|(?:tab|newline|sol|bsol|colon|period|percnt|fjlig);?)"
)

# Characters of the target that may be held against a page's references: enough for all of a page for any usual target,
# and for a thousand where a stranger made up one of 8,000 escapes.
MAX_COMPARED = 4 * 1024 * 1024
ASKING = 40  # what a look at a reference costs beside, in the same unit
MAX_PAGE = 64 * 1024  # bytes in which links to others are counted; a link farm does not begin with a story


class Wanted:
    """The target that references are held against."""

    def __init__(self, target: str) -> None:
        self._key = key_of(target)
        self._needle = _needle_of(target)
        self._left = MAX_COMPARED

    def again(self) -> None:
        """A page is read anew, and may cost as much again."""
        self._left = MAX_COMPARED

    def links_in(self, nodes: "Iterable[Node]", base: str) -> "list[Node]":
        """Those elements that are links to the target; relative ones are resolved against the base."""
        return [node for node in nodes if node.attributes and self.is_meant_by(node.attributes, base)]

    def is_meant_by(self, attributes: Mapping[str, str], base: str) -> bool:
        """An element with these attributes is a link to the target."""
        return ("href" in attributes and self.is_meant(attributes["href"], base)) or (
            "src" in attributes and self.is_meant(attributes["src"], base)
        )

    def is_meant(self, reference: str, base: str) -> bool:
        """A reference leads to the target."""
        # Every link of a page comes here, and next to none can be the target. Those are let go without a call: they are
        # plain, and lack the needle and dot segments. (`bench_page`)
        if self._needle not in reference and "/." not in reference and _PLAIN.match(reference):
            return False
        return self._leads(reference, base)

    def _leads(self, reference: str, base: str) -> bool:
        self._left -= len(self._key) + ASKING
        return self._left >= 0 and leads_to(reference, self._key, base=base)


def cannot_hold(page: bytes, target: str, *, url: str) -> bool:
    """The page, in UTF-8, has no link to the target for sure: the target's host does not occur in it, however spelled.

    `url` is where the page came from: a page of the target's own host can link without naming it.
    """
    host = split(target).host
    if host == split(url).host or host[-1].isdigit() or host.startswith("["):
        return False  # a relative link, or an address of many spellings
    sure = _sure_letters(host)
    if sure in page or not sure:
        return False
    page = page.lower()
    return not (sure in page or _ODD_ENTITY.search(page) or any(odd.search(page) for odd in _ODD_REFERENCES))


def _sure_letters(host: str) -> bytes:
    """What a page that names the host holds for sure. Punycode stands for letters that it may write as they are."""
    if "xn--" not in host:
        return host.encode()
    labels = [label for label in host.split(".") if not label.startswith("xn--")]
    return max(labels, key=len, default="").encode()


def _needle_of(target: str) -> str:
    """Of the end of the target's path, with its query, what stands there without escapes: every plain reference to it
    holds these letters. "" at the root."""
    path, mark, query = key_of(target).partition("?")
    _, _, path = path.partition("/")
    segment = path.removesuffix("/").rpartition("/")[2]
    return max(_ESCAPE.split(segment + "/" * path.endswith("/") + mark + query), key=len)


def outbound_in(page: bytes, url: str) -> int:
    """The number of absolute `href`s at the beginning of a page in UTF-8, which came from `url`, that leave its host.

    It is a figure to be suspicious by, not one to prove anything with.

    Over the bytes, and not by a collector, which would have to see the pages to their end that are left after the link
    they were read for, and takes three times as long (figures: tests/bench/bench_page.py). Comments do not fool it: who
    hides links there is no better for it.
    """
    own = re.escape(split(url).host.encode())
    leaving = re.compile(rb"href=[\"']?https?://(?!" + own + rb"[/:?#\"'\s>])")
    return len(leaving.findall(page, 0, MAX_PAGE))
