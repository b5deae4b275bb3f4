"""A server with an inbox in which there is something to see, for the tests and for the pictures in the docs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page

from pingback.model import Author, Content, Mention, MentionKind, MentionStatus, Outcome, OutcomeStatus, Protocol
from pingback.server.inbox.passwords import hash_of
from pingback.server.run import Server
from pingback.store import Store
from pingback.work import Try
from tests.receive.lax import Receiver
from tests.receive.pages import Pages
from tests.server.shells import wsgi_of
from tests.store.sent import plan, recorded, take

SITE = "https://garden.example/"
PASSWORD = "a spade and a fork"
PASSWORD_HASH = hash_of(PASSWORD)

_PENDING = [
    (
        "https://allotment.example/2026/raised-beds",
        "Raised beds, a year later – Allotment Diary",
        "I followed the plan from Garden Notes and the carrots have never been straighter; the slugs, alas, agree.",
        Author(name="Maud Ellery", url="https://allotment.example/about"),
        Protocol.PINGBACK,
        MentionKind.MENTION,
        "raised-beds",
    ),
    (
        "https://indie.example/@joris/312",
        "Re: Compost without a smell",
        "This works on a balcony as well. Ours sits behind the bikes and nobody has noticed since May.",
        Author(name="Joris van Dam", url="https://indie.example/@joris"),
        Protocol.WEBMENTION,
        MentionKind.REPLY,
        "compost",
    ),
    (
        "https://cheap-pills.example/best-garden-offers?ref=73",
        "BEST GARDEN OFFERS 2026 !!!",
        "garden shed garden tools cheap garden hose garden best price click here",
        None,
        Protocol.TRACKBACK,
        MentionKind.MENTION,
        "compost",
    ),
    (
        "https://ogorod.example/записи/компост",
        "Компост без запаха | Мой огород",
        "Попробовал так, как написано в Garden Notes: соседи ничего не заметили.",
        Author(name="Анна Лескова"),
        Protocol.WEBMENTION,
        MentionKind.BOOKMARK,
        "compost",
    ),
    (
        "https://hadiqa.example/posts/44",
        "حديقة صغيرة على السطح",
        "نصائح جيدة عن الأحواض المرتفعة.",
        Author(name="ليلى"),
        Protocol.PINGBACK,
        MentionKind.MENTION,
        "raised-beds",
    ),
]
_REPLY = Content(
    text="This works on a balcony as well. Ours sits behind the bikes and nobody has noticed since May.\n\n"
    "One question: what do you do with citrus peel?",
    html="<p>This works on a balcony as well. Ours sits behind the bikes and nobody has noticed since May.</p>"
    "<p>One question: what do you do with citrus peel?</p>",
)
_OLDER = [
    "allotment.example",
    "indie.example",
    "orchard.example",
    "weeds.example",
    "allotment.example",
    "orchard.example",
]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A server at `url`, whose owner has the password `PASSWORD`, and what it keeps."""

    url: str
    store: Store

    @property
    def inbox(self) -> str:
        return f"{self.url}/inbox"

    def log_in(self, page: Page) -> None:
        """From the form to the pending mentions."""
        page.goto(self.inbox)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", name="Mentions", exact=True).wait_for()

    def keep(self, mention: Mention) -> int:
        """One more mention; gives its id."""
        number = self.store.mentions.keep(mention)[0].id
        assert number is not None
        return number

    def status_of(self, number: int) -> MentionStatus:
        """Where a mention stands by now."""
        return next(mention.status for mention in self.store.mentions.list() if mention.id == number)


@contextmanager
def empty_scene(*, password: bool = True) -> Iterator[Scene]:
    """Nothing has come in yet."""
    with (
        Store("sqlite://") as store,
        Receiver(site=SITE, store=store, client=Pages()) as receiver,
        Server(wsgi_of(receiver)) as server,
    ):
        if password:
            store.secrets.set_password(PASSWORD_HASH)
        yield Scene(url=server.url, store=store)


@contextmanager
def scene() -> Iterator[Scene]:
    """Five mentions are waiting, some came before, and a few pings were sent."""
    with empty_scene() as scene:
        _fill_inbox(scene, datetime.now(UTC))
        _fill_outbox(scene.store, datetime.now(UTC))
        yield scene


def mention(source: str, *, title: str | None = "A post", minutes_ago: float = 0) -> Mention:
    """A pingback that is verified and pending."""
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return Mention(
        source=source,
        target=f"{SITE}compost",
        protocol=Protocol.PINGBACK,
        status=MentionStatus.PENDING,
        title=title,
        received=at,
        verified=at,
    )


def _fill_inbox(scene: Scene, now: datetime) -> None:
    for number, (source, title, excerpt, author, protocol, kind, target) in enumerate(_PENDING):
        waiting = replace(
            mention(source, title=title, minutes_ago=7 + 173 * number),
            target=SITE + target,
            protocol=protocol,
            kind=kind,
            excerpt=excerpt,
            author=author,
            content=_REPLY if kind is MentionKind.REPLY else None,
        )
        scene.keep(waiting)
    for number in range(60):
        days_ago = number * 29 % 30 * (number % 7) / 7
        host = _OLDER[number % len(_OLDER)]
        older = mention(f"https://{host}/{number}", title=f"Notes, number {number}", minutes_ago=1500 + days_ago * 1440)
        kept = scene.keep(replace(older, excerpt="As Garden Notes says, water in the morning."))
        status = MentionStatus.SPAM if number % 9 == 4 else MentionStatus.APPROVED
        scene.store.moderation.decide([kept], status)
    scene.store.blocks.add("casino.example", host="casino.example")


def _fill_outbox(store: Store, now: datetime) -> None:
    post = f"{SITE}compost"
    hosts = ["allotment", "orchard", "weeds", "seeds"]
    plan(store, *(f"https://{host}.example/post" for host in hosts), source=post, now=now)
    accepted = Outcome(
        source=post,
        target=post,
        status=OutcomeStatus.ACCEPTED,
        message="the webmention is accepted",
        protocol=Protocol.WEBMENTION,
        endpoint="https://allotment.example/webmention",
        attempts=1,
    )
    refused = replace(
        accepted,
        status=OutcomeStatus.REFUSED,
        message="comments are closed for this post",
        protocol=Protocol.PINGBACK,
        endpoint="https://orchard.example/xmlrpc.php",
        fault=33,
    )
    failed = replace(accepted, status=OutcomeStatus.FAILED, message="weeds.example gave no answer in time", fault=None)
    unsupported = replace(
        accepted,
        status=OutcomeStatus.UNSUPPORTED,
        message="the page advertises no endpoint",
        protocol=None,
        endpoint=None,
    )
    for held, outcome in zip(take(store, now=now), [accepted, refused, failed, unsupported], strict=True):
        due = now + timedelta(minutes=5) if outcome is failed else None
        recorded(store, held, Try(outcome, now, 0.4, EXCHANGE), next_try=due)


EXCHANGE = """POST /xmlrpc.php HTTP/1.1
Host: orchard.example
Content-Type: text/xml

<methodCall><methodName>pingback.ping</methodName>…</methodCall>

HTTP/1.1 200 OK
Content-Type: text/xml

<methodResponse><fault>… 33 … comments are closed for this post …</fault></methodResponse>"""
