"""The TrackBack ping URL that a page's RDF blocks give for one entry (TrackBack 1.2, "Auto-Discovery").

A block is an `rdf:Description` with a `trackback:ping`. It stands in a comment as a rule, else in a CDATA section or
among the markup, and a page has one for each entry that it shows: `dc:identifier` says whose it is.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from pingback.page.scanner import EVERY, Passing, scan
from pingback.urls import is_http, key_of, resolve, split

MAX_COMMENTS = 100  # that are parsed, each by a parser of its own
# That are looked at, with a usable ping URL, and as many without: no archive of entries has more in 1 MiB.
MAX_BLOCKS = 1000

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC = "http://purl.org/dc/elements/1.1/"
_TRACKBACK = "http://madskills.com/public/xml/rss/module/trackback/"
# Namespace → its prefix, where nothing else is declared. A prefix is in lower case: so the HTML parser gives all names.
_CUSTOMARY: Mapping[str, str] = {_RDF: "rdf", _DC: "dc", _TRACKBACK: "trackback"}
_UNPREFIXED = frozenset({"rdf", "description"})  # the two elements, when RDF is the default namespace

_CDATA = "[cdata["  # how the comment begins that the HTML parser makes of a CDATA section, up to its first ">"
_WRAPPING = re.compile(r"<!--|<!\[CDATA\[", re.IGNORECASE)


class _Match(NamedTuple):
    """A block for the entry that is asked for; the lower its rank, the better."""

    rank: int
    ping: str


class RdfCollector:
    """The ping URL of the block that is for `target`, else of one for `url`, where the page came from in the end.

    Of several that differ in the fragment only, the one with the target's own fragment counts, else the first. Without
    any identifier the only block counts.
    """

    tags = EVERY
    ends: frozenset[str] = frozenset()

    def __init__(self, passing: Passing, target: str, *, url: str) -> None:
        self._passing = passing
        self._fragment = _fragment_of(target)
        self._ranks = {_entry_of(url): 2, _entry_of(target): 0}  # plus 1 with another fragment
        self._prefixes = _CUSTOMARY
        self._comments = 0
        self._blocks = 0
        self._unusable = 0
        self._unnamed: str | None = None
        self._best: _Match | None = None
        passing.at_comment.append(self._comment)

    @property
    def done(self) -> bool:
        """Nothing behind can be better: the target's very block was found, or there were too many others."""
        return MAX_BLOCKS in (self._blocks, self._unusable) or (self._best is not None and self._best.rank == 0)

    @property
    def ping(self) -> str | None:
        if self._best is not None:
            return self._best.ping
        return self._unnamed if self._blocks == 1 else None

    def element(self, tag: str, attributes: Mapping[str, str]) -> None:
        # Every element of a page comes here, for RDF can have any prefix: the others are let go without a call.
        if ":" in tag or tag in _UNPREFIXED:
            self._element(tag, attributes)

    def end(self, tag: str) -> None:
        """Never called: what a block says stands in its attributes."""

    def _comment(self, text: str) -> None:
        """Read a comment as the markup that it holds; of a CDATA section it is the beginning, with the declarations."""
        names = text.lower()  # which many blogs write in capitals, and the parser that comes next in lower case
        is_cdata = names.startswith(_CDATA)
        if self.done or not (is_cdata or ":ping" in names):
            return
        self._prefixes = _CUSTOMARY
        if self._comments == MAX_COMMENTS or (is_cdata and "xmlns" not in names):
            return
        self._comments += 1
        markup = _WRAPPING.sub("", text) + ">" * is_cdata
        scan([markup.encode()], Passing(self._passing.base), [self], charset="utf-8")

    def _element(self, tag: str, attributes: Mapping[str, str]) -> None:
        prefix, _, name = tag.rpartition(":")
        if name == "rdf":
            self._prefixes = {**_CUSTOMARY, **_declared(attributes)}
        elif name == "description":
            prefixes = {**self._prefixes, **_declared(attributes)}
            if prefix == prefixes[_RDF]:
                self._block(
                    ping=attributes.get(f"{prefixes[_TRACKBACK]}:ping", "").strip(),
                    identifier=attributes.get(f"{prefixes[_DC]}:identifier", "").strip(),
                )

    def _block(self, *, ping: str, identifier: str) -> None:
        if not ping or self.done:
            return
        url = resolve(self._passing.base, ping)
        if url is None or not is_http(url):
            self._unusable += 1
            return
        self._blocks += 1
        if not identifier:
            self._unnamed = url
            return
        rank = self._rank(resolve(self._passing.base, identifier))
        if rank is not None and (self._best is None or rank < self._best.rank):
            self._best = _Match(rank, url)

    def _rank(self, identifier: str | None) -> int | None:
        entry = _entry_of(identifier)
        if identifier is None or entry is None or entry not in self._ranks:
            return None
        return self._ranks[entry] + (_fragment_of(identifier) != self._fragment)


def _declared(attributes: Mapping[str, str]) -> dict[str, str]:
    """The namespaces of a block that an element declares, with their prefixes, "" for the default one."""
    return {
        namespace: name.partition(":")[2]
        for name, namespace in attributes.items()
        if namespace in _CUSTOMARY and (name == "xmlns" or name.startswith("xmlns:"))
    }


def _entry_of(url: str | None) -> str | None:
    """What is equal for the addresses of one entry: as `key_of` says, a slash at the path's end aside."""
    if url is None or not is_http(url):
        return None
    path, mark, query = key_of(url).partition("?")
    return path.removesuffix("/") + mark + query


def _fragment_of(url: str) -> str:
    return split(url).href.partition("#")[2] if is_http(url) else ""
