"""The demo's blog: pages in HTML that advertise the endpoint and show what was received."""

import threading
from collections.abc import Iterable
from html import unescape
from http import HTTPStatus
from typing import TYPE_CHECKING

from pingback.demo.posts import BLOG, FIVE, SERIES, Post
from pingback.server.display import heading

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from pingback.site import Site

_STYLE = """
body { font: 1.1rem/1.6 Georgia, serif; max-width: 38rem; margin: 3rem auto; padding: 0 1rem; color: #222 }
h1, h2 { line-height: 1.2 } h1 { font-size: 1.9rem } h2 { font-size: 1.2rem; margin-top: 3rem }
a { color: #7a3b00 } header, nav { font-size: .95rem } .pingback-thoughts { list-style: none; padding: 0 }
.pingback-thoughts li { border-top: 1px solid #ddd; padding: .6rem 0 } .pingback-thoughts p { margin: 0 }
.pingback-thoughts p + p { margin-top: .2rem; color: #555 }
"""


class Blog:
    """A blog at `url` whose posts appear one by one. For paths that it has no page at, `site` answers."""

    def __init__(self, url: str, site: "Site") -> None:
        self.url = url
        self._site = site
        self._endpoint = site.wsgi()
        self._published: dict[str, Post] = {}
        self._updated = False
        self._lock = threading.Lock()

    def publish(self, post: Post) -> str:
        """Make a post appear; its permalink. With part five the earlier parts are brought up to date."""
        with self._lock:
            self._published[f"/{post.slug}/"] = post
            self._updated = self._updated or post.number == FIVE
        return self.permalink(post)

    def has(self, target: str) -> bool:
        """There is such a page now."""
        with self._lock:
            return target == f"{self.url}/" or target in map(self.permalink, self._published.values())

    def permalink(self, post: Post) -> str:
        return f"{self.url}/{post.slug}/"

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        with self._lock:
            post = self._published.get(path)
        if post is None and path != "/":
            return self._endpoint(environ, start_response)
        if method not in ("GET", "HEAD"):
            start_response(_status(405), [("Allow", "GET, HEAD"), ("Content-Length", "0")])
            return [b""]
        page = (self._page(post) if post else self._index()).encode()
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(page)))]
        if post:  # by pingback, as the list below the posts says
            headers.append(("X-Pingback", self._site.advertise(self.permalink(post)).headers["X-Pingback"]))
        start_response(_status(200), headers)
        return [b"" if method == "HEAD" else page]

    def _index(self) -> str:
        with self._lock:
            posts = list(self._published.values())
        items = "".join(f'<li><a href="/{post.slug}/">{post.title}</a></li>' for post in posts)
        return _document(BLOG, f"<h1>{BLOG}</h1><ol>{items}</ol>")

    def _page(self, post: Post) -> str:
        five = f'<a href="{self.permalink(SERIES[FIVE])}">part five</a>'
        words = f"<p>{post.words.format(five=five)}</p>"
        if self._updated and post.update:
            words += f"<p>{post.update.format(five=five)}</p>"
        permalink, title = self.permalink(post), unescape(post.title)
        return _document(
            f"{post.title} | {BLOG}",
            f'<header><a href="/">{BLOG}</a> · part {post.number} of {len(SERIES)}</header>'
            f"<article><h1>{post.title}</h1>{words}</article>{self._site.fragment(permalink, title=title)}"
            f"{self._site.advertise(permalink, title=title).rdf}",
        )


def thoughts_on(post: Post, count: int) -> str:
    """The heading over a post's mentions, as plain text."""
    return heading(count, unescape(post.title))


def _document(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>'
        f'{title}</title><meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _status(code: int) -> str:
    return f"{code} {HTTPStatus(code).phrase}"
