"""`Site`: all that one site is, made of settings or keywords."""

import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from signal import Signals
from time import monotonic
from typing import TYPE_CHECKING, Self, TypeVar, Unpack

from pingback import forks
from pingback.assembly import Host, Parts
from pingback.choices import check_callable, store_for
from pingback.clock import Clock, now
from pingback.errors import SettingsError
from pingback.model import Advertisement, Mention, MentionStatus, Outcome, OutcomeStatus, Protocol, Words
from pingback.net.client import Client, client_for
from pingback.protocols.forms import encode_form
from pingback.publishing import Publishing
from pingback.receive.notifier import Callback, Callbacks
from pingback.receive.receiver import MAX_LISTED
from pingback.sanitized import sanitized
from pingback.server.advertising import advertise
from pingback.settings import Keywords, Settings, given, load
from pingback.store import Store
from pingback.text import clean
from pingback.urls import origin_of, require_http

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    import dramatiq

    from pingback.receive.moderation import Decider
    from pingback.receive.receiver import Receiver
    from pingback.sending.values import PublishOptions
    from pingback.server.asgi import App
    from pingback.server.http import Request, Response

C = TypeVar("C", bound=Callback)

log = logging.getLogger(__name__)


class Site:
    """All that one site is: it takes pings, keeps and shows mentions, and tells others what it links to.

    `url` is where its pages are, or several such: a target is the site's when it is below one of them. Every setting of
    `pingback serve` is a keyword with the same name, values and default (docs/reference.md), and a Site is as safe on
    the open internet as that. Beyond the settings:

    `store` is a `Store`, or the URL of one that is opened here and closed by `close`; `client` is a `Client` that the
    host has. `target_exists` is given a target under the site and says whether there is such a page, by the page or a
    boolean: what is false, None or empty is fault 32, and it may raise a `Fault` of its own. Without it the site is
    asked. `decide` says what becomes of a mention that was verified; None leaves it to the deciders of `serve`.

    May be made at module level, before a server forks: nothing is opened, started or asked before it is used. From the
    first request or ping on, threads verify what had to wait, also since before a restart, look at old mentions again,
    tell the owner of new ones, and send the pings that are due. Thread-safe. Raises ValueError for a value that cannot
    be used, and TypeError for a keyword that is none.
    """

    def __init__(
        self,
        url: str | Iterable[str],
        *,
        store: Store | str | None = None,
        client: Client | None = None,
        target_exists: Callable[[str], object] | None = None,
        decide: "Decider | None" = None,
        clock: Clock = now,
        **settings: Unpack[Keywords],
    ) -> None:
        addresses = (url,) if isinstance(url, str) else tuple(url)
        if not addresses:
            raise ValueError("site: a site has at least one address")
        try:
            self._set_up(given(site=addresses, **settings), store, client, Host(target_exists, decide, clock))
        except SettingsError as error:
            raise ValueError(str(error)) from error

    @classmethod
    def from_settings(
        cls,
        settings: Settings | None = None,
        *,
        store: Store | str | None = None,
        client: Client | None = None,
        target_exists: Callable[[str], object] | None = None,
        decide: "Decider | None" = None,
        clock: Clock = now,
    ) -> Self:
        """The site of these settings, or of the environment and `pingback.toml`, as the commands read them.

        Where they name no site it takes no pings, and does all else. Raises SettingsError.
        """
        site = cls.__new__(cls)
        made_of = load({}, environ=os.environ, folder=Path()) if settings is None else settings
        site._set_up(made_of, store, client, Host(target_exists, decide, clock))
        return site

    def _set_up(self, settings: Settings, store: Store | str | None, client: Client | None, host: Host) -> None:
        if isinstance(store, str):
            settings, store = replace(settings, db=store), None
        if store is not None and not isinstance(store, Store):
            raise TypeError(f"store: a Store or the URL of one, and not {store!r}")
        if settings.at is not None:
            try:
                advertise(settings.at, at=settings.at)
            except ValueError as error:
                raise SettingsError(f"at: {error}") from None
        for name, called in host._asdict().items():
            if called is not None:
                check_callable(name, called)
        self.settings = settings
        self._host = host
        self._own = ExitStack()  # the store and the client that nobody else closes
        self.client = client or self._own.enter_context(client_for(settings))
        self.store = store or self._own.enter_context(store_for(settings))
        self._callbacks = Callbacks(self.store.notifications, clock=host.clock)
        self._lock = threading.RLock()
        self._closed = False
        self._serves = False  # requests come in: whatever is asked of the site begins the work in the background
        self._parts: Parts | None = self._made()
        forks.renew(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the work in the background, and close what was opened here; may be called twice, and from any thread.

        What was not finished is taken up by whichever process is next. Nothing can be asked of a site that is closed.
        """
        self._closed = True
        with self._lock:
            if self._parts is not None:
                self._parts.close()
            self._own.close()

    def receive(
        self,
        source: str,
        target: str,
        *,
        client_ip: str | None = None,
        protocol: Protocol = Protocol.PINGBACK,
        words: Words | None = None,
    ) -> Mention:
        """The mention that was kept of this ping; raises `Fault` for any other end.

        `client_ip` is the sender's IP address. Without it nobody is counted: such a ping is the host's own word. A
        stranger whose address nobody knows is `""`. `words` are those of a TrackBack.

        What is not verified within `answer_within` is kept as pending, and verified in the background; so is every
        Webmention, unless `verify` is `inline`. A pair that is known is fault 48. A Fault whose `retry_after` is set
        means that the ping is welcome later: too many are waiting, or came from this sender (49), or the store fails.
        """
        return self._serving().ping(source, target, client_ip=client_ip, protocol=protocol, words=words)

    def mentions(self, target: str) -> Sequence[Mention]:
        """The approved mentions of a page in order of arrival, fit to be shown; of very many the newest.

        ValueError unless the target is an absolute HTTP URL. Raises StoreError.
        """
        self._begin_if_serving()
        return [sanitized(each) for each in self.store.listing.newest(require_http(target), most=MAX_LISTED)]

    def fragment(self, target: str, lang: str = "en", *, title: str | None = None) -> str:
        """The same as HTML for the page, as `/mentions` serves it; `title` is what the page is called, as plain text.

        It holds the first 200 mentions, how many there are, and a link to the next ones, below the setting `at`. Its
        few words are English, whichever `lang` is asked for. Raises ValueError and StoreError as `mentions` does.
        """
        from pingback.server.display import MAX_TITLE, PATH, fragment_of
        from pingback.server.query import Query

        self._begin_if_serving()
        called = clean(title, MAX_TITLE)
        fields = {"target": require_http(target)} | ({"title": called} if called else {})
        at = self.settings.at or origin_of(target)
        query = Query(encode_form(fields).decode())
        html, _ = fragment_of(self.store.listing, query, at=at.rstrip("/") + PATH, relays=self.settings.relays)
        return html

    def advertise(self, target: str, *, title: str | None = None) -> Advertisement:
        """What the page at `target` must carry, so that senders find this site's endpoints.

        They are where the setting `at` says, by default at the root of the target's host. `title` is the page's, for
        TrackBack. ValueError unless the target is an absolute HTTP URL without credentials.
        """
        return advertise(target, at=self.settings.at, title=title)

    def on_mention(self, callback: C) -> C:
        """Call this with each mention that is new, once it is shown or waits for the owner. Also a decorator.

        Once for each mention, whichever process verified it: before `receive` returns where that did, else in a thread
        of the background, or by `run_due`. The sender waits for the callback, so that what takes long belongs into a
        queue of your own. What was there before anybody asked for the first time is not new. An exception is logged,
        and the mention counts as told; what a crash kept from being told is told later. What nobody verifies, a
        TrackBack by the setting `trackback`, is told after ten minutes.
        """
        check_callable("on_mention", callback)
        self._callbacks.add(callback)
        return callback

    @property
    def publishing(self) -> Publishing:
        """The publish hook, with all that `pingback publish` does with it; see `pingback.publishing`."""
        return self._opened().publishing

    def publish(
        self,
        source: str,
        html: str | bytes | None = None,
        *,
        options: "PublishOptions | None" = None,
        on_outcome: Callable[[Outcome], object] | None = None,
        wait: bool = True,
    ) -> list[Outcome]:
        """Tell every page that the post at `source` links to, and the update services; what became of each ping.

        All is done when it returns; `on_outcome` hears of each ping as it is known, in this thread, and may raise to
        end it early: what went out by then is recorded. `html` is the post's page, or the post alone, where that is at
        hand; the page is asked for all the same, as nothing is sent for a post that the public cannot read.

        Without `wait` nothing is fetched or sent now, and the list is empty. That the post is to be published is on
        disk when this returns; the background does it, or `run_due`, `retry`, `pingback worker`, `publish` or `retry`,
        whichever comes first. ValueError unless the source is an absolute HTTP URL. Raises StoreError.
        """
        outcomes = self.publishing.publish(source, html, options=options, on_outcome=on_outcome, wait=wait)
        if not wait:
            self._opened().wake()
        return outcomes

    def publish_all(
        self,
        sources: Iterable[str] = (),
        *,
        on_outcome: Callable[[Outcome], object] | None = None,
        gone: Collection[str] = (),
    ) -> Counter[OutcomeStatus]:
        """Publish these posts, all that the settings name (`feeds`, `folder`, …), and what waits for it.

        How often each status came. `gone` are posts that were deleted; see `pingback.publishing`. A feed that cannot
        be read is in the log, and the posts of others go out. ValueError for a source that is no address, and for
        settings that cannot be used; OSError for a file that cannot be read.
        """
        return self.publishing.publish_all(sources, on_outcome=on_outcome, gone=gone)

    def retry(
        self,
        *,
        everything: bool = False,
        source: str | None = None,
        target: str | None = None,
        status: OutcomeStatus | None = None,
        on_outcome: Callable[[Outcome], object] | None = None,
    ) -> Counter[OutcomeStatus]:
        """Send all that is due, of all posts; how often each status came.

        With `everything`, or a filter, what matches it is sent now, final outcomes included, but not what was accepted.
        ValueError for a URL that is not an absolute HTTP URL. Raises StoreError.
        """
        return self.publishing.retry(
            everything=everything, source=source, target=target, status=status, on_outcome=on_outcome
        )

    def reread(
        self,
        target: str | None = None,
        *,
        source: str | None = None,
        everything: bool = False,
        on_mention: Callable[[Mention], object] | None = None,
    ) -> int:
        """Read again, in this thread, what an earlier version read of mentions that are shown or wait for the owner.

        With `everything`, a target or a source, whichever version read it. `on_mention` hears of each as it stands
        then. How many are left to `run_due` and the background, as their hosts are not to be asked for now. ValueError
        for a URL that is not an absolute HTTP URL. Raises StoreError.
        """
        return self._opened().reread(target, source, everything, on_mention)

    def moderate(self, ids: Iterable[int], status: MentionStatus) -> list[Mention]:
        """Approve mentions, mark them as spam, or delete them: as they stand then; see `Store.moderation.decide`.

        Akismet hears of it, where there is a key for it. Ids that no mention has are passed over.
        """
        akismet = self._opened().akismet
        return self.store.moderation.decide(ids, status, heard_by=None if akismet is None else akismet.learn)

    def set_password(self, password: str) -> None:
        """Set the password of the inbox. Whoever is logged in has to log in anew, and no device counts as known.

        ValueError for one that is too short or too long. Raises StoreError.
        """
        from pingback.server.inbox.passwords import hash_of

        self._check_open()
        self.store.secrets.set_password(hash_of(password))
        self.store.logins.forget_all()

    def new_token(self) -> str:
        """A token for `POST /publish`, in the place of the one before. Nobody can read it again. Raises StoreError."""
        self._check_open()
        return self.store.secrets.new_token(now=self._host.clock())

    def revoke_token(self) -> bool:
        """Have no token, and nothing at `/publish`; False where there was none. Raises StoreError."""
        self._check_open()
        return self.store.secrets.revoke_token()

    def run_due(self, seconds: float = 10.0) -> int:
        """Do what waits, in this thread: for cron, Celery and other tasks. How much there was; 0 means that it is done.

        Pings that are not verified, old mentions that are to be verified anew, who is to be told of new ones,
        posts that are to be published, and pings to others that are due: each counts as one that was done or tried, a
        post and each of its pings for themselves. What is put off, as its host has to be left alone, counts for none.
        Nothing begins after so many `seconds`; what began is finished, within the time-outs of its exchanges. Other
        processes may do the same meanwhile. Raises StoreError.
        """
        return self._opened().run_due(monotonic() + seconds)

    def start(self) -> bool:
        """Begin the work in the background now, rather than with the first request or ping; False where it runs.

        Raises StoreError.
        """
        parts = self._opened()
        ran = parts.started
        parts.take_up()
        self._serving()
        return not ran

    def work(self, stopped: threading.Event) -> None:
        """Do what waits until `stopped` is set, as `pingback worker` does. What is being sent then is finished.

        Any number of processes may do so over one store.
        """
        self._check_open()
        parts = self._made(stopped)
        try:
            parts.check_broker()
            parts.work()
        finally:
            parts.close()

    def sweep(self) -> int:
        """See that all that is due is on its way to workers, what a broker lost included; how much was sent.

        Workers do so by themselves, once a minute. Raises StoreError, BrokerError, and SettingsError without a broker.
        """
        return self._opened().sweep()

    def broker(self) -> "dramatiq.Broker":
        """Dramatiq's own broker, for programs that run its workers: `dramatiq.set_broker(site.broker())`.

        With the workers of a process goes what `pingback worker` does beside. SettingsError without a broker.
        """
        return self._opened().broker()

    def wsgi(self) -> "WSGIApplication":
        """A WSGI application (PEP 3333) that answers as `pingback serve` does, wherever it is mounted."""
        from pingback.server.wsgi import wsgi_app

        self._opened().receiver  # noqa: B018  # there is a site to answer for
        self._serves = True
        return wsgi_app(self._answer, trusted_proxies=self.settings.trusted_proxies)

    def asgi(self) -> "App":
        """The same for ASGI 3, on asyncio. Its lifespan starts and stops the work in the background.

        Mounted in another application it has none of its own: give that one `lifespan=site.lifespan`.
        """
        from pingback.server.asgi import asgi_app

        self._opened().receiver  # noqa: B018  # there is a site to answer for
        self._serves = True
        return asgi_app(self._answer, start=self.start, stop=self._stop, trusted_proxies=self.settings.trusted_proxies)

    def lifespan(self, app: object) -> AbstractAsyncContextManager[None]:
        """The lifespan of a Starlette or FastAPI application: within it the work in the background runs."""
        from pingback.server.asgi import lifespan

        return lifespan(self.start, self._stop)(app)

    def serve(
        self, *, host: str | None = None, port: int | None = None, on_ready: Callable[[str], object] | None = None
    ) -> Signals:
        """Serve as `pingback serve` does until SIGTERM or SIGINT, and return which it was; for the main thread.

        Where no host or port is given, the settings say it; port 0 is any free one. `on_ready` is told the URL once
        connections are accepted. Raises StoreError, and SettingsError where host and port cannot be listened at.
        """
        from pingback.server.run import serve

        self._opened().check_broker()
        self.start()
        settings = self.settings
        return serve(
            self.wsgi(),
            host=settings.host if host is None else host,
            port=settings.port if port is None else port,
            trusted_proxies=settings.trusted_proxies,
            on_ready=on_ready,
        )

    def _stop(self) -> None:
        """End the work in the background, which begins again with what is asked of the site next."""
        with self._lock:
            if self._parts is not None:
                self._parts.close()
            self._parts = None

    def renew_after_fork(self) -> None:
        """Have other threads, locks and counts than the parent, once they are needed."""
        self._lock = threading.RLock()
        self._parts = None

    def _answer(self, request: "Request") -> "Response":
        from pingback.server.app import handle

        return handle(request, self._serving())

    def _serving(self) -> "Receiver":
        parts = self._opened()
        if not parts.started:
            with self._lock:
                parts.start()
        return parts.receiver

    def _begin_if_serving(self) -> None:
        if self._serves:
            self._serving()
        self._check_open()

    def _opened(self) -> Parts:
        self._check_open()
        parts = self._parts
        if parts is None:
            with self._lock:
                parts = self._parts = self._parts or self._made()
        return parts

    def _check_open(self) -> None:
        forks.notice()
        if self._closed:
            raise ValueError("this site is closed")

    def _made(self, stopped: threading.Event | None = None) -> Parts:
        return Parts(
            self.settings,
            store=self.store,
            client=self.client,
            callbacks=self._callbacks,
            host=self._host,
            stopped=stopped,
        )
