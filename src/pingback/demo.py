"""`pingback demo`: a small blog on loopback, whose posts appear, ping one another, and show what they came to know.

Nothing is pretended: the pings go out by the publish hook, come in over a socket, are verified and stored.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from http import HTTPStatus
from typing import TYPE_CHECKING

from pingback.model import Mention, Outcome
from pingback.net.client import Client
from pingback.server.display import heading
from pingback.server.run import Server
from pingback.site import Site

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

BLOG = "The Slow Clock"
FIVE = 5  # the part that all the others link to

_STYLE = """
body { font: 1.1rem/1.6 Georgia, serif; max-width: 38rem; margin: 3rem auto; padding: 0 1rem; color: #222 }
h1, h2 { line-height: 1.2 } h1 { font-size: 1.9rem } h2 { font-size: 1.2rem; margin-top: 3rem }
a { color: #7a3b00 } header, nav { font-size: .95rem } .pingback-thoughts { list-style: none; padding: 0 }
.pingback-thoughts li { border-top: 1px solid #ddd; padding: .6rem 0 } .pingback-thoughts p { margin: 0 }
.pingback-thoughts p + p { margin-top: .2rem; color: #555 }
"""

ANSWER_WITHIN = 30.0  # seconds, so that whatever is answered can be shown, on a slow machine, too
THREADS = 8  # a ping holds one while the page that it names is fetched from the same server


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One part of the series. In its words `{five}` stands for a link to part five; `update` was added later."""

    number: int
    slug: str
    title: str
    words: str
    update: str = ""


_TEXTS = (
    (
        "The Clock in the Attic",
        "It had stood under a sheet since before anyone could remember, and it said ten past four.",
        "<b>Later:</b> why it stopped at all is told in {five}.",
    ),
    (
        "Opening the “Case”",
        "Four screws, one of them rusted. Behind the door: dust, a key, and a moth.",
        "Whoever only wants to know what ticks may skip ahead to {five}.",
    ),
    (
        "What the Pendulum Doesn&#8217;t Say",
        "A pendulum keeps time, but it does not count. Something else has to do that.",
        "That something has its own post now: {five}.",
    ),
    (
        "Oil, Brass &amp; Patience",
        "A drop on every pivot, and none on the teeth. Then wait a night.",
        "The oil shows what it is good for in {five}.",
    ),
    (
        "The Escapement, or Why It Ticks",
        "Two pallets and a wheel with thirty teeth: one tooth may pass for every swing. The tick is the tooth landing.",
        "",
    ),
    (
        "A Spring from Besançon",
        "The old one was tired. As {five} says, without a steady push no tooth lands where it should.",
        "",
    ),
    (
        "“It Runs!” – for an Hour",
        "Then it stopped. I read {five} once more and found the pallet that I had put in the wrong way round.",
        "",
    ),
    (
        "Zwölf Schläge, 十二",
        "It strikes twelve now, most nights. Everything since {five} was only listening.",
        "",
    ),
)


_NUMBERS = "one two three four five six seven eight".split()


SERIES: Mapping[int, Post] = {
    number: Post(number=number, slug=f"part-{_NUMBERS[number - 1]}", title=title, words=words, update=update)
    for number, (title, words, update) in enumerate(_TEXTS, start=1)
}


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


class Demo:
    """A running blog, whose story can be told once."""

    def __init__(self, *, blog: Blog, site: Site) -> None:
        self._blog = blog
        self._site = site
        self.five = blog.permalink(SERIES[FIVE])

    def tell(self) -> Iterator[Outcome]:
        """Publish the eight parts and send their pings; what became of each ping, in order."""
        for number, post in SERIES.items():
            permalink = self._blog.publish(post)
            if number == FIVE:  # the earlier parts are brought up to date, and say so
                for earlier in range(1, FIVE):
                    yield from self._publish(self._blog.permalink(SERIES[earlier]))
            yield from self._publish(permalink)

    def mentions(self) -> list[Mention]:
        """What part five knows, in order of arrival."""
        return [*self._site.mentions(self.five)]

    def _publish(self, source: str) -> list[Outcome]:
        return self._site.publish(source)


@contextmanager
def running(*, db: str, client: Client, port: int = 0) -> Iterator[Demo]:
    """The blog and its endpoint, on loopback until the block ends. `client` must be allowed to go to loopback."""
    blogs: list[Blog] = []  # the one, once the server is there, whose address it needs

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return blogs[0](environ, start_response)

    with (
        Server(app, port=port, threads=THREADS) as server,
        Site(
            server.url,
            store=db,
            client=client,
            target_exists=lambda target: blogs[0].has(target),
            answer_within=ANSWER_WITHIN,
        ) as site,
    ):
        site.start()
        blogs.append(Blog(server.url, site))
        yield Demo(blog=blogs[0], site=site)
