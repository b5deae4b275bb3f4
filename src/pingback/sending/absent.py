"""Posts that are no longer where they were: when a post has moved, and when one that is missing is taken for gone."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pingback.urls import host_of, is_under, key_of, origin_of
from pingback.work import KnownPost

if TYPE_CHECKING:
    from pingback.net.response import Response
    from pingback.store.posts import Posts

RUNS = 3  # in which a page was not there, and then the post is taken for gone
MISSING_FOR = timedelta(days=2)  # at least
LOOK_AFTER = timedelta(days=1)  # for a page that is missing, where nobody names it any more

FEW = 3  # posts may always vanish at once
SHARE = 10  # and of more than those one in so many

PERMANENT = frozenset({301, 308})  # RFC 9110 §15.4.2 and §15.4.9; any other redirect may lead elsewhere tomorrow
_SPELLING = re.compile(r"(?:(?:/index)?\.(?:html?|php)|/index)?/*$")


def is_elsewhere(source: str, response: "Response", *, however_spelled: bool = False) -> bool:
    """The page has another address by now: all redirects that lead there are permanent.

    Not where it is the same address in another spelling (`www.`, a slash at the end, `index.html` or `.html`): the post
    keeps the address that it has, unless that is to be left `however_spelled`.
    """
    if not response.redirects or not PERMANENT.issuperset(response.redirects):
        return False
    form = key_of if however_spelled else _without_spelling
    return form(source) != form(response.url)


def is_home(url: str) -> bool:
    """The root of a site: lost pages are often sent there, and have nothing in common."""
    return key_of(url) == host_of(url) + "/"


def is_same_site(one: str, other: str) -> bool:
    """The two are on one host, with `www.` or without."""
    return host_of(one).removeprefix("www.") == host_of(other).removeprefix("www.")


def _without_spelling(url: str) -> str:
    page, mark, query = key_of(url).removeprefix("www.").partition("?")
    return _SPELLING.sub("", page) + mark + query


def is_gone(post: KnownPost, *, now: datetime) -> bool:
    """It was missing in enough runs, for long enough."""
    return post.missing >= RUNS and post.missing_since is not None and now - post.missing_since >= MISSING_FOR


def is_to_be_looked_for(post: KnownPost, *, now: datetime) -> bool:
    """It is time to look whether a post that is missing still is: so that it is gone by the third look, or is back."""
    since = post.missing_since
    return since is not None and has_passed(LOOK_AFTER * min(post.missing, RUNS - 1), since, now=now)


def has_passed(time: timedelta, since: datetime, *, now: datetime) -> bool:
    """So much time has passed since then; or the clock ran ahead then."""
    return not timedelta(0) <= now - since < time


def too_many(posts: "Posts", sources: Iterable[str]) -> dict[str, str]:
    """Of the sites of these posts those of which too many are missing at once, each with a sentence that says so.

    Whoever deletes a few posts means it. Where a tenth of them vanish, a deploy went wrong.
    """
    return {
        origin: said for origin in sorted({origin_of(source) for source in sources}) if (said := _many(posts, origin))
    }


def _many(posts: "Posts", origin: str) -> str | None:
    missing = sum(is_under(post.source, origin) for post in posts.missing())
    if missing <= FEW:
        return None
    known = sum(1 for _ in posts.under(origin))
    if missing * SHARE <= known:
        return None
    return (
        f"{missing} of the {known} posts of {origin} are missing at once, and nobody is told: is the deploy broken?"
        " If they are deleted, publish with --gone all"
    )
