"""The demo's story: posts appear, ping what they link to, and part five comes to know of all of them.

Nothing is pretended: the pings go out by the publish hook, come in over a socket, are verified and stored.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pingback.demo.blog import Blog
from pingback.demo.posts import FIVE, SERIES
from pingback.model import Mention, Outcome
from pingback.net.client import Client
from pingback.sending.publish import Publication, publish
from pingback.server.run import Server
from pingback.site import Site

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

ANSWER_WITHIN = 30.0  # seconds, so that whatever is answered can be shown, on a slow machine, too
THREADS = 8  # a ping holds one while the page that it names is fetched from the same server


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
        outcomes: list[Outcome] = []
        publish([Publication(source=source)], outcomes.append, client=self._site.client, outbox=self._site.store.outbox)
        return outcomes


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
