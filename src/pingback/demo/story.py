"""The demo's story: posts appear, ping what they link to, and part five comes to know of all of them.

Nothing is pretended: the pings go out by the publish hook, come in over a socket, are verified and stored.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pingback.demo.blog import Blog
from pingback.demo.posts import FIVE, SERIES
from pingback.model import Mention, Outcome
from pingback.net.client import Client
from pingback.receive.existence import SiteTargets
from pingback.sending.publish import Publication, publish
from pingback.server.run import Server
from pingback.server.wsgi import wsgi_app
from pingback.settings import Settings
from pingback.site import SiteReceiver
from pingback.store import Store

ANSWER_WITHIN = 30.0  # seconds, so that whatever is answered can be shown, on a slow machine, too
THREADS = 8  # a ping holds one while the page that it names is fetched from the same server


class Demo:
    """A running blog, whose story can be told once."""

    def __init__(self, *, blog: Blog, store: Store, client: Client) -> None:
        self._blog = blog
        self._store = store
        self._client = client
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
        return list(self._store.mentions(target=self.five))

    def _publish(self, source: str) -> Iterator[Outcome]:
        return publish([Publication(source=source)], client=self._client, outbox=self._store.outbox)


@contextmanager
def running(*, db: str, client: Client, port: int = 0) -> Iterator[Demo]:
    """The blog and its endpoint, on loopback until the block ends. `client` must be allowed to go to loopback."""
    with Store(db) as store:
        blog = Blog(store=store)
        with Server(blog, port=port, threads=THREADS) as server:
            targets = SiteTargets(client, remembered_for=0.0)  # a post that appears now did not exist a moment ago
            settings = Settings(site=(server.url,), answer_within=ANSWER_WITHIN)
            with SiteReceiver(settings, store=store, client=client, target_exists=targets) as receiver:
                blog.open(server.url, wsgi_app(receiver))
                yield Demo(blog=blog, store=store, client=client)
