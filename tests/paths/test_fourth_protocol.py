"""A fourth protocol, all of it in this module: found, told, taken, advertised, told again, checked and listed.

It is "nudge": an object of JSON with the addresses of both pages, answered by a number; by it, too, hears of changes.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from pingback.cli.group import main
from pingback.doctor import examine
from pingback.errors import Fault, FaultCode
from pingback.model import Advertisement, Mention, MentionStatus, Outcome, OutcomeStatus, Protocol, Via, Words
from pingback.net.client import Client
from pingback.protocols.linkback import (
    Answer,
    Check,
    Linkback,
    Message,
    Ping,
    Probe,
    Reply,
    Surface,
    Taken,
    Verdict,
    link_element,
    verdict_of_status,
)
from pingback.protocols.table import EVERY, SERVERS_OWN, add, added, remove, retelling
from pingback.sending.discover import discover
from pingback.sending.ping import send
from pingback.sending.sender import Sender
from pingback.sending.transitions import planned
from pingback.server.advertising import advertise
from pingback.server.app import _ROUTES
from pingback.server.run import Server
from pingback.store import Store
from tests.loopback import Site, page
from tests.paths.exchange import ask, post
from tests.receive.lax import Receiver
from tests.receive.pages import Clock
from tests.server.shells import wsgi_of

NUDGE = Protocol("nudge")
JSON = "application/json"


def _object(body: bytes) -> Mapping[str, str]:
    try:
        found = json.loads(body)
        return {name: str(found[name]) for name in ("from", "to", "title")}
    except (ValueError, TypeError, KeyError):
        raise Fault(FaultCode.BAD_PARAMETERS, "a nudge names two pages and a title") from None


def _message(source: str, target: str, words: Words) -> Message:
    return Message(json.dumps({"from": source, "to": target, "title": words.title or ""}).encode(), JSON)


def _verdict(answer: Answer) -> Verdict:
    if answer.status == 208:
        return Verdict(OutcomeStatus.ALREADY, "known")
    return Verdict(OutcomeStatus.ACCEPTED, "nudged") if answer.is_success else verdict_of_status(answer)


def _decode(body: bytes, content_type: str | None) -> Ping:
    found = _object(body)
    return Ping(found["from"], found["to"], Words(title=found["title"]))


def _accepted(taken: Taken) -> Reply:
    return Reply(202, {"Content-Type": JSON, "Location": taken.status_url or ""}, b"{}")


def _refused(fault: Fault) -> Reply:
    return Reply(422, {"Content-Type": JSON}, json.dumps({"fault": fault.code}).encode())


def _advertisement(endpoint: str, target: str, title: str) -> Advertisement:
    return Advertisement(headers={"X-Nudge": endpoint}, html=link_element("nudge", endpoint), rdf="")


def _judge_empty(answer: Answer, seconds: float) -> Iterator[Check]:
    yield Check(name="nudge-empty", ok=answer.status == 422, message=f"nothing is answered by {answer.status}")


SURFACE = Surface(
    path="/nudge",
    decode=_decode,
    accepted=_accepted,
    refused=_refused,
    advertisement=_advertisement,
    knows_again=True,
    standing=lambda mention: str(mention.status),
)

RECORD = Linkback(
    name=NUDGE,
    message=_message,
    verdict=_verdict,
    header="X-Nudge",
    rels=frozenset({"nudge"}),
    carries_words=True,
    hears_changes=True,
    hears_removals=True,
    sources=frozenset({"text/markdown"}),
    may_be_believed=True,
    probes=(Probe(lambda target: Message(b"", JSON), _judge_empty),),
    surface=SURFACE,
)


class World(NamedTuple):
    """Their server and its pages, our blog and its store; `clock` is everybody's."""

    server: str
    theirs: Site
    ours: Site
    received: Store
    sent: Store
    client: Client
    clock: Clock

    @property
    def target(self) -> str:
        return f"{self.theirs.url}/five"

    @property
    def source(self) -> str:
        return f"{self.ours.url}/six"

    def write(self, words: str, *, linking: bool = True) -> None:
        """Our post, as the world sees it now."""
        link = f'<a href="{self.target}">five</a>' if linking else "nothing"
        self.ours.pages["/six"] = page(f"<title>{words}</title><p>As in {link}.".encode())
        becomes = partial(planned, source=self.source, now=self.clock(), retelling=retelling())
        links = {self.target: words} if linking else {}
        self.sent.outbox.plan(self.source, links, becomes=becomes, fingerprint=words, now=self.clock())

    def publish(self) -> list[Outcome]:
        outcomes: list[Outcome] = []
        Sender(client=self.client, store=self.sent, clock=self.clock).deliver(outcomes.append)
        return outcomes

    def mention(self) -> Mention:
        [mention] = self.received.mentions.list()
        return mention


@pytest.fixture
def world() -> Iterator[World]:
    with ExitStack() as stack:
        stack.enter_context(added(RECORD))
        theirs, ours = stack.enter_context(Site()), stack.enter_context(Site())
        received, sent = stack.enter_context(Store("sqlite://")), stack.enter_context(Store("sqlite://"))
        client, clock = stack.enter_context(Client(allow=["127.0.0.1"])), Clock()
        receiver = Receiver(site=f"{theirs.url}/", store=received, client=client, clock=clock)
        server = stack.enter_context(Server(wsgi_of(stack.enter_context(receiver))))
        theirs.pages["/five"] = page(link_element("nudge", f"{server.url}/nudge").encode())
        yield World(server.url, theirs, ours, received, sent, client, clock)


def test_it_is_found_told_and_taken(world: World) -> None:
    world.write("Six")
    [outcome] = world.publish()
    assert (outcome.status, outcome.protocol, outcome.endpoint) == ("accepted", "nudge", f"{world.server}/nudge")
    mention = world.mention()
    assert (mention.source, mention.target, mention.protocol) == (world.source, world.target, NUDGE)
    assert (mention.status, mention.title) == (MentionStatus.APPROVED, "Six")


def test_it_is_told_of_a_change_and_of_a_removal(world: World) -> None:
    world.write("Six")
    world.publish()
    world.clock.pass_by(hours=1)
    world.write("Six, corrected")
    assert [outcome.status for outcome in world.publish()] == [OutcomeStatus.ACCEPTED]
    assert world.mention().title == "Six, corrected"
    world.clock.pass_by(hours=1)
    world.write("Six, without", linking=False)
    [outcome] = world.publish()
    assert (outcome.status, outcome.protocol) == (OutcomeStatus.ACCEPTED, NUDGE)
    assert world.mention().status is MentionStatus.DELETED


def test_what_is_advertised_is_found(world: World) -> None:
    advertised = advertise(world.target, at=world.server)
    assert advertised.headers["X-Nudge"] == f"{world.server}/nudge"
    world.theirs.pages["/header"] = page(headers={"X-Nudge": advertised.headers["X-Nudge"]})
    world.theirs.pages["/html"] = page(advertised.html.encode())
    for path, via in (("/header", Via.HEADER), ("/html", Via.LINK)):
        found = discover(world.theirs.url + path, client=world.client, wanted=[NUDGE])
        assert [(each.url, each.via) for each in found.endpoints] == [(f"{world.server}/nudge", via)]


def test_it_comes_behind_the_others(world: World) -> None:
    world.theirs.pages["/five"] = page(b'<link rel="nudge" href="/n"><a rel="pingback" href="/p"></a>')
    found = discover(world.target, client=world.client)
    assert [endpoint.protocol for endpoint in found.endpoints] == ["pingback", "nudge"]
    assert tuple(EVERY) == ("webmention", "pingback", "trackback", "nudge")


def test_its_sources_are_of_its_own_media_types(world: World) -> None:
    world.ours.pages["/six"] = page(f"As in {world.target}.".encode(), headers={"Content-Type": "text/markdown"})
    assert send(world.source, world.target, client=world.client).status is OutcomeStatus.ACCEPTED
    world.theirs.pages["/five"] = page(headers={"Link": f"<{world.server}/webmention>; rel=webmention"})
    world.ours.pages["/7"] = world.ours.pages["/six"]
    refused = send(f"{world.ours.url}/7", world.target, client=world.client)
    assert (refused.status, "is not an HTML page but text/markdown" in refused.message) == ("refused", True)


def test_refusals_and_the_status_page_are_in_its_own_words(world: World) -> None:
    answer = post(f"{world.server}/nudge", b"nonsense", JSON)
    assert (answer.status, answer.body) == (422, '{"fault": -32602}')
    assert ask(f"{world.server}/nudge").headers["Allow"] == "POST"
    world.write("Six")
    body = json.dumps({"from": world.source, "to": world.target, "title": ""}).encode()
    status_page = post(f"{world.server}/nudge", body, JSON).headers["Location"]
    assert ask(status_page).body == "the nudge is approved\n"
    assert ask(f"{world.server}/nudge/{'0' * 64}").status == 404


def test_its_word_may_be_kept_unverified(world: World) -> None:
    with Store("sqlite://") as store:
        believing = Receiver(site=f"{world.theirs.url}/", store=store, client=world.client, verify_trackbacks=False)
        with believing as receiver, Server(wsgi_of(receiver)) as server:
            body = json.dumps({"from": world.source, "to": world.target, "title": "On my word"}).encode()
            assert post(f"{server.url}/nudge", body, JSON).status == 202
        [mention] = store.mentions.list()
    assert (mention.status, mention.title) == (MentionStatus.PENDING, "On my word")
    assert world.ours.requests == []


def test_people_can_ask_for_it(world: World) -> None:
    command = ["discover", world.target, "--protocol", "nudge", "--json", "--allow-network", "127.0.0.1"]
    done = CliRunner().invoke(main, command)
    assert [each["protocol"] for each in json.loads(done.output)["endpoints"]] == ["nudge"]
    assert "|trackback|nudge]" in CliRunner().invoke(main, ["discover", "--help"]).output
    checks = {check.name: (check.ok, check.message) for check in examine(world.target, client=world.client).checks}
    assert checks["advertised"] == (True, "the page advertises nudge by a <link>")
    assert checks["nudge-empty"] == (True, "nothing is answered by 422")


def test_without_its_record_what_was_kept_stays(world: World) -> None:
    world.write("Six")
    world.publish()
    world.clock.pass_by(hours=1)
    world.write("Six, corrected")
    remove(NUDGE)
    assert world.publish() == []
    assert '"protocol":"nudge"' in ask(f"{world.server}/api/mentions.json?target={world.target}").body.replace(" ", "")
    assert post(f"{world.server}/nudge", b"{}", JSON).status == 404
    add(RECORD)
    world.clock.pass_by(minutes=6)
    assert [outcome.status for outcome in world.publish()] == [OutcomeStatus.ACCEPTED]


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(replace(RECORD, name=Protocol("pingback")), id="a-name-that-is-taken"),
        pytest.param(replace(RECORD, name=Protocol("two words")), id="a-name-for-no-header"),
        pytest.param(replace(RECORD, name=Protocol("n" * 21)), id="a-name-for-no-column"),
        pytest.param(replace(RECORD, name=Protocol("auto")), id="the-word-for-any"),
        pytest.param(replace(RECORD, name=Protocol("--json")), id="a-name-like-an-option"),
        *(
            pytest.param(replace(RECORD, surface=replace(SURFACE, path=path)), id=f"no-ping-would-arrive-at-{path}")
            for path in ("", "/", "nudge", "/nudge/", "//nudge", "/../nudge", "/nu dge", "/nudge?", "/n\u00fcdge")
        ),
        *(
            pytest.param(replace(RECORD, surface=replace(SURFACE, path=path)), id=f"what-is-at-{path}-is-another's")
            for path in (
                "/xmlrpc",
                "/webmention/x",
                "/trackback/x",
                "/api",
                "/api/count",
                "/inbox",
                "/inbox/x",
                "/metrics",
            )
        ),
    ],
)
def test_what_the_table_does_not_take(record: Linkback) -> None:
    with pytest.raises(ValueError, match=r"."), added(record):
        pass
    assert len(EVERY) == 3


def test_what_a_server_has_is_kept_free() -> None:
    assert {path.split("/")[1] for path in _ROUTES} <= SERVERS_OWN


def test_a_path_may_have_several_parts() -> None:
    with added(replace(RECORD, surface=replace(SURFACE, path="/my/nudge"))):
        assert len(EVERY) == 4
