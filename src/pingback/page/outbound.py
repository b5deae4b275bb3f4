"""How many links to other hosts does a page have? A figure to be suspicious by, not one to prove anything with."""

import re

from pingback.urls import split

MAX_PAGE = 64 * 1024  # bytes that are looked at; a link farm does not begin with a story


def outbound_in(page: bytes, url: str) -> int:
    """The number of absolute `href`s at the beginning of a page in UTF-8, which came from `url`, that leave its host.

    Over the bytes, and not by a collector, which would have to see the pages to their end that are left after the link
    they were read for, and takes three times as long (figures: tests/bench/bench_page.py). Comments do not fool it: who
    hides links there is no better for it.
    """
    own = re.escape(split(url).host.encode())
    leaving = re.compile(rb"href=[\"']?https?://(?!" + own + rb"[/:?#\"'\s>])")
    return len(leaving.findall(page, 0, MAX_PAGE))
