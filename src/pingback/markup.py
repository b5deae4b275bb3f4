"""HTML of strangers that any page may show: few elements, no attribute but the address of a link, and bounded."""

import re
from functools import cache
from typing import TYPE_CHECKING

from pingback.text import printable
from pingback.urls import tidy, without_credentials

if TYPE_CHECKING:
    from nh3 import Cleaner

MAX_HTML = 60_000  # characters; what is longer was not made by us
MAX_TAGS = 3000  # a parser's time grows with the square of their depth

# Emphasis, quotes, code, lists and links. A heading would stand between those of the page that shows it.
TAGS = frozenset(
    "a b blockquote br cite code dd del dl dt em i ins kbd li ol p pre q s samp strong sub sup u ul".split()
)
LINK_REL = "nofollow ugc noopener"

# Where one of these is left open, a parser opens it again in every block that follows (HTML standard §13.2.4.3): a few
# kilobytes become gigabytes. Of equal ones it does so three times at most, so that those with attributes matter.
_REOPENED = re.compile(r"<(?=[bcefinstu])(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/]", re.IGNORECASE)
_MOST_REOPENED = 50_000

_ODD_SPACE = re.compile("[\x0b\x0c\x1c-\x1f]")  # which no XML can hold, and so no feed
_LISTS = {"ul": ("li",), "ol": ("li",), "dl": ("dt", "dd")}
_LISTED = re.compile(r"<(/?)(ul|ol|li|dl|dt|dd)>")


def safe(html: str) -> str:
    """The markup as it may stand in any page; empty where nothing is left of it, or where it is without measure."""
    if len(html) > MAX_HTML or (tags := html.count("<")) > MAX_TAGS:
        return ""
    if len(_REOPENED.findall(html)) * tags > _MOST_REOPENED:
        return ""
    # Before it, for lone surrogates; after it, for what was written as character references.
    is_plain = html.isprintable()
    found = _cleaner().clean(html if is_plain else printable(html))
    if not is_plain or found != html:
        found = _ODD_SPACE.sub(" ", printable(found))
    found = _in_lists(found)
    return found if len(found) <= 2 * MAX_HTML else ""


def _in_lists(html: str) -> str:
    """Clean markup without the tags of items outside lists: a parser ends the item that the markup itself stands in."""
    depths = dict.fromkeys(("li", "dt", "dd"), 0)

    def kept(tag: re.Match[str]) -> str:
        slash, name = tag.groups()
        for item in _LISTS.get(name, ()):
            depths[item] += -1 if slash else 1
        return tag[0] if name in _LISTS or depths[name] else " "

    return _LISTED.sub(kept, html)


@cache
def _cleaner() -> "Cleaner":
    import nh3  # for whoever shows or reads a page only

    return nh3.Cleaner(
        tags=set(TAGS),
        attributes={"a": {"href"}},
        attribute_filter=_attribute,
        url_schemes={"http", "https"},
        link_rel=LINK_REL,
    )


def _attribute(element: str, name: str, value: str) -> str | None:
    """The address of a link, spelled as in every other place; None where it is no HTTP URL."""
    if element == "a" and name == "rel":
        return LINK_REL
    try:
        return without_credentials(tidy(value))
    except ValueError:
        return None
