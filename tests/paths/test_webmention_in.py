"""A Webmention on its way in: `pingback serve` in a process of its own, and its receiver where hours have to pass."""

import threading
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pingback.model import Mention, MentionKind, MentionStatus, Protocol
from pingback.net.client import Client
from pingback.server.run import Server
from pingback.store import Store
from tests.loopback import Request, Site, page, redirect
from tests.paths.exchange import FORM, Answer, ask, post
from tests.paths.programs import PATIENCE, Serving, wait_until
from tests.receive.lax import Receiver
from tests.receive.pages import Clock
from tests.server.shells import wsgi_of

TARGET = "/blog/5?a=1&b=2"


@pytest.fixture
def site() -> Iterator[Site]:
    """Our site with part five, and, to spare a second one, the pages that link to it."""
    with Site() as site:
        site.pages |= {
            TARGET: page(b"<title>Part five</title>"),
            "/6": linking(site, "Six"),
            "/7": page(b"<title>Seven</title><p>no link"),
            "/circle": redirect("/circle"),
            "/broken": page(status=500),
        }
        yield site


def linking(site: Site, title: str) -> bytes:
    return page(f'<title>{title}</title><p>On <a href="{site.url}/blog/5?a=1&amp;b=2">five</a>.'.encode())


def mentioning(site: Site, source: str = "/6", target: str = TARGET) -> dict[str, str]:
    return {"source": site.url + source, "target": site.url + target}


def standing(answer: Answer) -> str:
    """What the status page says that an answer names."""
    assert answer.status == 201
    return ask(answer.headers["Location"]).body.strip().removeprefix("the webmention is ")


def test_queued_with_a_status_page_before_and_after(site: Site, tmp_path: Path) -> None:
    gate = threading.Event()
    answer = linking(site, "Six")

    def slow(request: Request) -> bytes:
        gate.wait(PATIENCE)
        return answer

    site.pages["/slow"] = slow
    with Serving(tmp_path, f"{site.url}/blog/") as serving:
        try:
            accepted = post(f"{serving.root}/webmention", mentioning(site, "/slow"))
            assert accepted.headers["Location"].startswith(f"{serving.root}/webmention/")
            assert standing(accepted) == "waiting to be verified"
        finally:
            gate.set()
        wait_until(lambda: standing(accepted) != "waiting to be verified")
        assert standing(accepted) == "shown"
        no_link = post(f"{serving.root}/webmention", mentioning(site, "/7"))
        wait_until(lambda: standing(no_link) != "waiting to be verified")
        assert standing(no_link) == "refused: the source does not link to the target"
        assert ask(f"{serving.root}/webmention/{'0' * 64}").status == 404
        shown, rejected = serving.mentions()
        assert serving.stop() == 0
    assert (shown.protocol, shown.status, shown.title) == (Protocol.WEBMENTION, MentionStatus.APPROVED, "Six")
    assert (rejected.status, rejected.fault) == (MentionStatus.REJECTED, 17)
    [asked] = [request for request in site.requests if request.path == "/slow"]
    assert asked.headers["user-agent"].endswith("verifying webmention from 127.0.0.1")


def test_what_was_answered_outlives_a_power_cut(site: Site, tmp_path: Path) -> None:
    site.pages["/slow"] = lambda request: site.silence()
    with Serving(tmp_path, f"{site.url}/blog/") as serving:
        accepted = post(f"{serving.root}/webmention", mentioning(site, "/slow"))
        serving.kill()
    site.pages["/slow"] = linking(site, "Six")
    pair = accepted.headers["Location"].rpartition("/")[2]
    with Serving(tmp_path, f"{site.url}/blog/") as serving:
        wait_until(lambda: "shown" in ask(f"{serving.root}/webmention/{pair}").body)


def test_inline_it_is_answered_with_its_end(site: Site, tmp_path: Path) -> None:
    with Serving(tmp_path, f"{site.url}/blog/", "--verify", "inline") as serving:
        endpoint = f"{serving.root}/webmention"
        for form, words in (
            ({}, "source is missing"),
            ({"source": f"{site.url}/6"}, "target is missing"),
            ({"target": site.url + TARGET}, "source is missing"),
            (mentioning(site) | {"source": "/6"}, "source is not an absolute HTTP URL"),
            (mentioning(site) | {"source": "gopher://a.example/"}, "source is not an absolute HTTP URL"),
            (mentioning(site) | {"target": "urn:x"}, "target is not an absolute HTTP URL"),
            (mentioning(site, TARGET), "source and target are the same page"),
            (mentioning(site, target="/6"), "source and target are the same page"),
            (mentioning(site, "/7", "/6"), "the target is not a page of this site"),
            (mentioning(site, target="/blog/nowhere"), "the target does not exist"),
            (mentioning(site, "/7"), "does not link to"),
            (mentioning(site, "/nowhere"), "does not exist, or cannot be reached"),
            (mentioning(site, "/circle"), "does not exist, or cannot be reached"),
            (mentioning(site) | {"source": "http://10.0.0.1/"}, "does not exist, or cannot be reached"),
            (mentioning(site, "/broken"), "answered with an error"),
        ):
            answer = post(endpoint, form)
            assert (answer.status, answer.headers["Content-Type"]) == (400, "text/plain; charset=utf-8"), form
            assert words in answer.body
        for body, kind, words in (
            (b"source=http://a.example/&source=http://b.example/", FORM, "source is given more than once"),
            (b"\x00\xff" * 1000, FORM, "source is missing"),
            (b"source=" + b"%FF" * 5000, FORM, "source is not an absolute HTTP URL"),
            (b"&".join([b"a=1"] * 101), FORM, "more than 100 fields"),
            (b'{"source": "http://a.example/"}', "application/json", "the message is not a form"),
            (b"<methodCall/>", "text/xml", "the message is not a form"),
        ):
            answer = post(endpoint, body, kind)
            assert (answer.status, words in answer.body) == (400, True), body[:50]
        assert post(endpoint, b"source=" + b"x" * 65_536).status == 413
        assert ask(endpoint).headers["Allow"] == "POST"
        assert serving.mentions() == []

        for _ in range(2):
            answer = post(endpoint, mentioning(site))
            assert (answer.status, answer.body) == (200, "the webmention is shown\n")
        assert len(serving.mentions()) == 1


def test_queued_what_can_be_known_at_once_is_said_at_once(site: Site, tmp_path: Path) -> None:
    with Serving(tmp_path, f"{site.url}/blog/") as serving:
        for form in ({}, mentioning(site, TARGET), mentioning(site, "/7", "/6"), mentioning(site, target="/blog/no")):
            assert post(f"{serving.root}/webmention", form).status == 400
        assert serving.mentions() == []


def test_one_pair_is_one_mention_whatever_the_protocol(site: Site, tmp_path: Path) -> None:
    source, target = f"{site.url}/6", site.url + TARGET
    with Serving(tmp_path, f"{site.url}/blog/") as serving:
        with xmlrpc.client.ServerProxy(serving.endpoint) as endpoint:
            assert "registered" in str(endpoint.pingback.ping(source, target))
        assert standing(post(f"{serving.root}/webmention", mentioning(site))) == "shown"
        trackback = post(f"{serving.root}/trackback{TARGET}", {"url": source})
        assert "<error>1</error><message>the ping is known already</message>" in trackback.body
        [mention] = serving.mentions()
    assert (mention.protocol, mention.status) == (Protocol.PINGBACK, MentionStatus.APPROVED)
    assert [request.path for request in site.requests].count("/6") == 1


def test_W18_text_and_json_count_by_their_media_type(site: Site, tmp_path: Path) -> None:
    target = site.url + TARGET
    said = {
        "/text": (f"As said in <{target}>, it is so.", "text/plain; charset=utf-8", 200),
        "/json": (f'{{"name": "A note", "about": ["{target}"]}}', "application/json", 200),
        "/another": (f"As said in {target}0, it is so.", "text/plain", 400),
        "/inside": (f'{{"about": "see {target}"}}', "application/json", 400),
        "/feed": (f'{{"items": ["{target}"]}}', "application/feed+json", 400),
        "/image": (target, "image/png", 400),
    }
    for path, (text, media_type, _) in said.items():
        site.pages[path] = page(text.encode(), headers={"Content-Type": media_type})
    with Serving(tmp_path, f"{site.url}/blog/", "--verify", "inline") as serving:
        for path, (_, _, status) in said.items():
            assert post(f"{serving.root}/webmention", mentioning(site, path)).status == status, path
        assert [mention.title for mention in serving.mentions()] == [None, "A note"]


class Taking(NamedTuple):
    """A server in this process, whose clock is moved by hand; it verifies inline."""

    endpoint: str
    store: Store
    clock: Clock

    def again(self, site: Site, source: str = "/6") -> Mention:
        """The one mention after an hour and a webmention more."""
        self.clock.pass_by(hours=1)
        assert post(self.endpoint, mentioning(site, source)).status == 200
        [mention] = self.store.mentions.list()
        return mention


@pytest.fixture
def taking(site: Site) -> Iterator[Taking]:
    clock = Clock()
    with (
        Store("sqlite://") as store,
        Client(allow=["127.0.0.1"]) as client,
        Receiver(site=f"{site.url}/blog/", store=store, client=client, clock=clock) as receiver,
        Server(wsgi_of(receiver)) as server,
    ):
        yield Taking(f"{server.url}/webmention", store, clock)


def test_W23_an_update_changes_the_mention(site: Site, taking: Taking) -> None:
    assert post(taking.endpoint, mentioning(site)).status == 200
    site.pages["/6"] = linking(site, "Six, corrected")
    mention = taking.again(site)
    assert (mention.title, mention.status) == ("Six, corrected", MentionStatus.APPROVED)
    assert mention.verified == taking.clock.instant


def test_W23_a_note_may_become_a_like(site: Site, taking: Taking) -> None:
    assert post(taking.endpoint, mentioning(site)).status == 200
    assert [mention.kind for mention in taking.store.mentions.list()] == [MentionKind.MENTION]
    like = f'<p class="h-entry">I like <a class="u-like-of" href="{site.url}/blog/5?a=1&amp;b=2">five</a>'
    site.pages["/6"] = page(like.encode())
    assert taking.again(site).kind is MentionKind.LIKE


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(page(b"<title>Six</title><p>The link is gone."), id="W24-200-without-the-link"),
        pytest.param(page(b"<p>Deleted", status=410), id="W24-410"),
        pytest.param(page(status=404), id="404"),
    ],
)
def test_W24_what_is_gone_is_withdrawn(site: Site, taking: Taking, answer: bytes) -> None:
    assert post(taking.endpoint, mentioning(site)).body == "the webmention is shown\n"
    site.pages["/6"] = answer
    assert taking.again(site).status is MentionStatus.DELETED
    assert post(taking.endpoint, mentioning(site)).body == "the webmention is withdrawn\n"
    site.pages["/6"] = linking(site, "Six, back again")
    assert taking.again(site).status is MentionStatus.APPROVED
