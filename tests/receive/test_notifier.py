"""`pingback.receive.notifier` and its channels: the owner hears of each new mention, once, and nobody waits for it."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from pingback.jobs.budget import HostBudget
from pingback.jobs.pool import Pool
from pingback.jobs.runner import Runner
from pingback.model import Author, Mention, MentionStatus, Protocol
from pingback.net.client import Client
from pingback.net.mail import Mailer
from pingback.receive.notifier import LISTED, Channel, MailChannel, Notifier, WebhookChannel
from pingback.store import Store
from pingback.work import JobKind
from tests.loopback import Page, Request, Site, page
from tests.receive.pages import Clock
from tests.server.strangers import LIKE, REPLY, RSVP
from tests.smtp import MailServer

SITE = "https://my.example/"
ME = "me@my.example"


def keep(store: Store, clock: Clock, number: int = 1, title: str | None = "A post") -> Mention:
    return store.mentions.keep(
        Mention(
            source=f"https://a.example/{number}",
            target="https://my.example/5",
            protocol=Protocol.PINGBACK,
            status=MentionStatus.APPROVED,
            title=title,
            excerpt="words around the link",
            author=Author(name="Ann"),
            received=clock.instant,
            verified=clock.instant,
        )
    )[0]


class Telling(Notifier):
    """A notifier with somebody who does its jobs."""

    def __init__(self, store: Store, clock: Clock, channels: Sequence[Channel]) -> None:
        super().__init__(store, channels, clock=clock)
        self._runner = Runner(
            store.jobs,
            {JobKind.NOTIFY: self.notify},
            budget=HostBudget(clock=clock),
            pool=Pool(),
            lease=timedelta(minutes=5),
            stopped=Event(),
        )

    def tell(self) -> None:
        """Tell of what is new, where the channels do not rest."""
        self.look()
        self._runner.run()


def notifier(store: Store, clock: Clock, *channels: Channel) -> Telling:
    made = Telling(store, clock, channels)
    made.begin()
    return made


def test_what_was_there_before_is_no_news(store: Store, clock: Clock, server: MailServer) -> None:
    keep(store, clock)
    clock.pass_by(seconds=1)
    notifier(store, clock, by_mail(server)).tell()
    assert server.mails == []


# Mail


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


def by_mail(server: MailServer) -> MailChannel:
    return MailChannel(Mailer(server.url), ME, site=SITE)


def test_a_mail_of_a_mention(store: Store, clock: Clock, server: MailServer) -> None:
    made = notifier(store, clock, by_mail(server))
    keep(store, clock)
    made.tell()
    [mail] = server.mails
    assert (mail["To"], mail["Subject"]) == (ME, "1 new mention of https://my.example/")
    assert mail.get_content() == (
        "Pingback: A post (approved)\n  by Ann\n  https://a.example/1\n  -> https://my.example/5\n"
        "  > words around the link\n"
    )


def test_a_flood_is_one_mail_an_hour(store: Store, clock: Clock, server: MailServer) -> None:
    made = notifier(store, clock, by_mail(server))
    keep(store, clock, 0)
    made.tell()
    for number in range(1, LISTED + 11):
        keep(store, clock, number)
        made.tell()
    assert len(server.mails) == 1
    clock.pass_by(hours=1)
    made.tell()
    assert server.mails[1]["Subject"] == f"{LISTED + 10} new mentions of https://my.example/"
    assert server.mails[1].get_content().endswith("\n\n… and 10 more\n")
    assert server.mails[1].get_content().count("Pingback: ") == LISTED
    clock.pass_by(hours=1)
    made.tell()
    assert len(server.mails) == 2


def test_a_stranger_s_words_stay_words(store: Store, clock: Clock, server: MailServer) -> None:
    made = notifier(store, clock, by_mail(server))
    keep(store, clock, title="x\r\nBcc: you@b.example\r\n.\r\n\x1b[31m<b>bold</b>")
    made.tell()
    [mail] = server.mails
    assert mail["Bcc"] is None
    assert mail.get_content().splitlines()[0] == "Pingback: x Bcc: you@b.example . [31m<b>bold</b> (approved)"


@pytest.mark.parametrize(
    ("mention", "expected"),
    [
        pytest.param(
            replace(REPLY, status=MentionStatus.PENDING, held_for="the first from there"),
            "Reply: Dee (pending)\n  https://d.example/notes/7\n  -> https://my.example/part-5\n"
            "  said at https://d.example/reply\n  > I do not think so.\n  > See my post.\n"
            "  waits: the first from there\n",
            id="reply-that-waits",
        ),
        pytest.param(
            LIKE, "Like: Bob (approved)\n  https://b.example/like\n  -> https://my.example/part-5\n", id="like"
        ),
        pytest.param(
            RSVP,
            "RSVP maybe: Eve of the Moor (approved)\n  https://e.example/rsvp\n  -> https://my.example/part-5\n",
            id="answer",
        ),
        pytest.param(
            replace(LIKE, author=None),
            "Like: b.example (approved)\n  https://b.example/like\n  -> https://my.example/part-5\n",
            id="nobody",
        ),
    ],
)
def test_what_a_mail_says(store: Store, clock: Clock, server: MailServer, mention: Mention, expected: str) -> None:
    """Whatever their page is called, which may have the title of the one that it likes or answers."""
    made = notifier(store, clock, by_mail(server))
    store.mentions.keep(replace(mention, title="Part five", received=clock.instant, verified=clock.instant))
    made.tell()
    [mail] = server.mails
    assert mail.get_content() == expected


def test_a_mail_that_cannot_be_sent_is_sent_later(store: Store, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    with MailServer(refuses=frozenset({"RCPT"})) as refusing:
        made = notifier(store, clock, by_mail(refusing))
        keep(store, clock)
        made.tell()
        made.tell()  # not at once
        assert [command for command in refusing.said if command.startswith("rcpt")] == [f"rcpt TO:<{ME}>"]
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert "cannot tell of new mentions by mail" in record.getMessage()
    clock.pass_by(minutes=10)
    with MailServer() as server:
        Telling(store, clock, [by_mail(server)]).tell()
    assert len(server.mails) == 1


# A webhook


@pytest.fixture
def hook() -> Iterator[Site]:
    with Site({"/hook": page()}) as site:
        yield site


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(allow=["127.0.0.1"]) as client:
        yield client


def test_a_post_for_each_mention(store: Store, clock: Clock, hook: Site, client: Client) -> None:
    made = notifier(store, clock, WebhookChannel(client, f"{hook.url}/hook"))
    kept = [keep(store, clock, number) for number in range(12)]
    made.tell()
    made.tell()
    assert [json.loads(request.body) for request in hook.requests] == [mention.as_json() for mention in kept]
    assert {request.headers["content-type"] for request in hook.requests} == {"application/json"}
    assert not any("x-pingback-signature" in request.headers for request in hook.requests)


def test_a_post_of_a_reply_and_of_an_answer(store: Store, clock: Clock, hook: Site, client: Client) -> None:
    made = notifier(store, clock, WebhookChannel(client, f"{hook.url}/hook"))
    for mention in (REPLY, RSVP):
        store.mentions.keep(replace(mention, received=clock.instant, verified=clock.instant))
    made.tell()
    reply, rsvp = [json.loads(request.body) for request in hook.requests]
    assert (reply["kind"], reply["rsvp"], reply["url"]) == ("in-reply-to", None, "https://d.example/notes/7")
    assert reply["content"] == {
        "text": "I do not think so.\n\nSee my post.",
        "html": "<p>I do <em>not</em> think so.</p><p>See "
        '<a href="https://d.example/q" rel="nofollow ugc noopener">my post</a>.</p>',
    }
    assert (rsvp["kind"], rsvp["rsvp"], rsvp["content"]) == ("rsvp", "maybe", None)


def test_a_signature(store: Store, clock: Clock, hook: Site, client: Client) -> None:
    made = notifier(store, clock, WebhookChannel(client, f"{hook.url}/hook", secret="Schlüssel"))
    keep(store, clock)
    made.tell()
    [request] = hook.requests
    expected = hmac.digest("Schlüssel".encode(), request.body, hashlib.sha256).hex()
    assert request.headers["x-pingback-signature"] == f"sha256={expected}"


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        pytest.param(page(status=500), True, id="500"),
        pytest.param(page(status=429), True, id="429"),
        pytest.param(page(status=303), True, id="303"),
        pytest.param(b"", True, id="hangs-up"),
        pytest.param(page(status=400), False, id="400"),
        pytest.param(page(status=202), False, id="202"),
    ],
)
def test_what_is_worth_another_try(
    store: Store, clock: Clock, hook: Site, client: Client, answer: Page, again: bool
) -> None:
    made = notifier(store, clock, WebhookChannel(client, f"{hook.url}/hook"))
    hook.pages["/hook"] = answer
    keep(store, clock)
    made.tell()
    asked = len(hook.requests)
    hook.pages["/hook"] = page()
    made.tell()
    assert len(hook.requests) == asked  # not at once
    clock.pass_by(minutes=10)
    made.tell()
    assert len(hook.requests) - asked == again


@pytest.mark.parametrize(
    ("status", "told"),
    [
        pytest.param(500, [0, 1, 2, 1], id="which-may-be-that-mention-s"),
        pytest.param(503, [0, 1, 1, 2], id="which-is-none-s"),
    ],
)
def test_after_an_error_what_is_left_is_told_and_nothing_else(
    store: Store, clock: Clock, hook: Site, client: Client, status: int, told: list[int]
) -> None:
    made = notifier(store, clock, WebhookChannel(client, f"{hook.url}/hook"))
    answers = iter([page(), page(status=status), page(), page()])
    hook.pages["/hook"] = lambda _: next(answers)
    for number in range(3):
        keep(store, clock, number)
    made.tell()
    clock.pass_by(minutes=10)
    made.tell()
    sources = [json.loads(request.body)["source"] for request in hook.requests]
    assert sources == [f"https://a.example/{number}" for number in told]


def test_a_mention_that_always_fails_keeps_no_other_for_long(
    store: Store, clock: Clock, hook: Site, client: Client
) -> None:
    def answer(request: Request) -> bytes:
        return page(status=500 if "a.example/0" in request.body.decode() else 200)

    hook.pages["/hook"] = answer
    made = notifier(store, clock, WebhookChannel(client, f"{hook.url}/hook"))
    keep(store, clock, 0)
    for _ in range(24):
        made.tell()
        clock.pass_by(hours=1)
    keep(store, clock, 1)
    clock.pass_by(hours=1.25)
    made.tell()
    sources = [json.loads(request.body)["source"] for request in hook.requests]
    assert sources[-2:] == ["https://a.example/0", "https://a.example/1"]


def test_the_guard_holds_for_a_webhook(
    store: Store, clock: Clock, hook: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with Client() as client:
        made = notifier(store, clock, WebhookChannel(client, f"{hook.url}/hook"))
        keep(store, clock)
        made.tell()
    assert hook.connections == 0
    assert "is blocked" in caplog.text


def test_one_channel_does_not_wait_for_another(
    store: Store, clock: Clock, hook: Site, client: Client, server: MailServer
) -> None:
    hook.pages["/hook"] = page(status=500)
    made = notifier(store, clock, WebhookChannel(client, f"{hook.url}/hook"), by_mail(server))
    keep(store, clock)
    made.tell()
    assert len(server.mails) == 1
