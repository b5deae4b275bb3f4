"""Whose part of the web is a URL in? Many people may share a host, each below a folder of their own.

Whether somebody is known is asked of their home, so that one good page on a shared host vouches for no other person.
"""

import re

from pingback.urls import key_of

_MARKS = ("~", "@", "%40")  # of a person's folder: `/~ann/` and `/@ann/`
# Folders that hold one for each person: `/users/ann/`.
_OF_PEOPLE = frozenset("author authors blogs by members people profile profiles sites u user users view".split())
# Folders that a blog sorts its own posts by: `/posts/five`. Everybody who writes on the host writes there.
_OF_POSTS = frozenset(
    "archive archives article articles blog entries entry journal news notes post posts weblog".split()
)

_INDEX = re.compile(r"/+(?:(?:index|default)\.[0-9A-Za-z]{1,5})?$")


def stem_of(url: str) -> str:
    """What the addresses have in common by which most servers give the same page of an HTTP URL, and some give others:
    they differ in the query, a slash at the end, or an index file."""
    return _INDEX.sub("", key_of(url).partition("?")[0])


def home_of(url: str) -> str:
    """Host and folder that one author writes, as far as the path of an HTTP URL says; the whole host where it does not.

    `host.example/~ann/post` is at home in `host.example/~ann`, `host.example/users/ann/post` in
    `host.example/users/ann`, `host.example/ann/post` in `host.example/ann`, and `host.example/2026/post` in
    `host.example`.
    """
    host, _, path = key_of(url).partition("?")[0].partition("/")
    segments = [segment for segment in path.split("/", 4) if segment]  # servers fold `//`, and an author could add one
    first = segments[0] if segments else ""
    if first.startswith(_MARKS):
        return f"{host}/{first}"
    if len(segments) < 2 or first.isdigit() or first.lower() in _OF_POSTS:
        return host
    if first.lower() in _OF_PEOPLE:
        return f"{host}/{first}/{segments[1].partition('/')[0]}"
    return f"{host}/{first}"
