"""What is asked of the API: the fields of a query, by the names that they have at webmention.io.

Readers of webmention.io's API send the fields of theirs whatever they are; what is none of ours says nothing here.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from pingback.errors import Fault, FaultCode
from pingback.protocols.forms import decode_form
from pingback.store.listing import Part, Place, Selection, SortBy
from pingback.urls import host_of, is_http

T = TypeVar("T")

PER_PAGE = 20
MAX_PER_PAGE = 1000  # each may have a few thousand bytes; readers that ask for more get as many
MAX_SKIPPED = 100_000  # rows before a page that is asked for by number, which have to be passed over

_NUMBER = re.compile(r"[0-9]{1,18}")
_PLACE = re.compile(r"(-?[0-9]{1,18})_([0-9]{1,18})")
_ZONE_WITHOUT_PLUS = re.compile(r"(?<=[0-9]) (?=[0-9]{2}:?[0-9]{2}\Z)")  # a plus in a query is a space
_DIRECTIONS = {"up": True, "down": False}
# With `rsvp` webmention.io puts answers to invitations together; here they come by age.
_SORTED_BY = {sort_by.value: sort_by for sort_by in SortBy} | {"rsvp": SortBy.CREATED}


class Query:
    """The fields of a query, each asked for by its name; Fault where one cannot be understood, or they are too many."""

    def __init__(self, query: str) -> None:
        self._query = query
        form = decode_form(query.encode("ascii", "replace"), None)
        self._fields = [(name.decode(errors="replace"), value.decode(errors="replace")) for name, value in form.fields]

    @property
    def selection(self) -> Selection:
        """The mentions that are meant; Fault where neither a target nor a domain is named.

        A target that is no URL at all has no mentions. Without a scheme, `//host/path`, any is meant; it makes no
        difference to us.
        """
        targets = self._all("target")
        domain = self.text("domain")
        if not targets and not domain:
            raise Fault(FaultCode.BAD_PARAMETERS, "which page? give a target, or the domain of a site")
        urls = tuple([url for url in map(_absolute, targets) if is_http(url)])
        if targets and not urls:
            raise Fault(FaultCode.BAD_PARAMETERS, "the target is not an absolute HTTP URL")
        return Selection(
            targets=urls,
            host=_host(domain) if domain else None,
            kinds=tuple(self._all("wm-property")),
            since=self.since,
            since_id=self._read("since_id", _number),
        )

    @property
    def since(self) -> datetime | None:
        return self._read("since", _instant)

    @property
    def after(self) -> Place | None:
        return self._read("after", _place)

    def per_page(self, usual: int = PER_PAGE) -> int:
        """How many are wanted at once, `MAX_PER_PAGE` at most."""
        asked = self._read("per-page", _number)
        asked = self._read("perPage", _number) if asked is None else asked
        if asked == 0:
            raise Fault(FaultCode.BAD_PARAMETERS, "per-page is at least 1")
        return min(usual if asked is None else asked, MAX_PER_PAGE)

    def part(self, *, usual: int = PER_PAGE, upward: bool = False) -> Part:
        """Which of them, in which order; `upward`, the oldest first, is the usual one."""
        size, page, after = self.per_page(usual), self._read("page", _number) or 0, self.after
        if page and after:
            raise Fault(FaultCode.BAD_PARAMETERS, "page and after exclude one another")
        if page * size > MAX_SKIPPED:
            raise Fault(FaultCode.BAD_PARAMETERS, f"no page begins after {MAX_SKIPPED} mentions; follow rel=next")
        upward = self._one_of("sort-dir", _DIRECTIONS, upward)
        sort_by = self._one_of("sort-by", _SORTED_BY, SortBy.CREATED)
        return Part(size=size, sort_by=sort_by, upward=upward, skip=page * size, after=after)

    def text(self, name: str) -> str | None:
        """The field of that name, None where there is none or nothing in it; Fault where there are several."""
        values = self._all(name)
        if len(values) > 1:
            raise Fault(FaultCode.BAD_PARAMETERS, f"{name} is given more than once")
        return values[0] if values else None

    def next(self, end: Place) -> str:
        """The same query, for what comes after `end`; as a URL it is relative to where this one was asked."""
        fields = [field for field in self._query.split("&") if field.partition("=")[0] not in ("page", "after", "")]
        return "?" + "&".join([*fields, f"after={end.value}_{end.id}"])

    def _all(self, name: str) -> list[str]:
        """The values of a field that may be repeated, as `name` or, where PHP's way was learnt, as `name[]`."""
        return [value.strip() for field, value in self._fields if field in (name, f"{name}[]") and value.strip()]

    def _read(self, name: str, reader: Callable[[str], T]) -> T | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            return reader(value)
        except ValueError as error:
            raise Fault(FaultCode.BAD_PARAMETERS, f"{name} is not {error}") from error

    def _one_of(self, name: str, words: dict[str, T], usual: T) -> T:
        value = self.text(name)
        if value is None:
            return usual
        if value not in words:
            raise Fault(FaultCode.BAD_PARAMETERS, f"{name} is one of {', '.join(words)}")
        return words[value]


def _absolute(target: str) -> str:
    return f"https:{target}" if target.startswith("//") else target


def _host(domain: str) -> str:
    try:
        return host_of(domain if is_http(domain) else f"https://{domain}/")
    except ValueError:
        raise Fault(FaultCode.BAD_PARAMETERS, "the domain is not the name of a host") from None


def _number(value: str) -> int:
    if not _NUMBER.fullmatch(value):
        raise ValueError("a number")
    return int(value)


def _place(value: str) -> Place:
    found = _PLACE.fullmatch(value)
    if not found:
        raise ValueError("from a link to a next page")
    return Place(int(found[1]), int(found[2]))


def _instant(value: str) -> datetime:
    """ISO 8601; without a time zone it is in UTC."""
    try:
        instant = datetime.fromisoformat(_ZONE_WITHOUT_PLUS.sub("+", value) if "T" in value else value)
    except ValueError:
        raise ValueError("a time in ISO 8601") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
