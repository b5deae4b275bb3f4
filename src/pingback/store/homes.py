"""Whose part of the web is a URL in? Many people may share a host, each below a folder of their own.

Whether somebody is known is asked of their home, so that one good page on a shared host vouches for no other person.
"""

from pingback.urls import key_of

_MARKS = ("~", "@", "%40")  # of a person's folder: `/~ann/` and `/@ann/`
_FOLDERS = frozenset("blogs members people u user users".split())  # that hold one for each person: `/users/ann/`


def home_of(url: str) -> str:
    """Host and folder that one author writes, as far as the path of an HTTP URL says; the whole host where it does not.

    `host.example/~ann/post` is at home in `host.example/~ann`, `host.example/users/ann/post` in
    `host.example/users/ann`, and `host.example/2026/post` in `host.example`.
    """
    host, _, path = key_of(url).partition("?")[0].partition("/")
    segments = [segment for segment in path.split("/", 4) if segment]  # servers fold `//`, and an author could add one
    if segments and segments[0].startswith(_MARKS):
        return f"{host}/{segments[0]}"
    if len(segments) > 1 and segments[0].lower() in _FOLDERS:
        return f"{host}/{segments[0]}/{segments[1].partition('/')[0]}"
    return host
