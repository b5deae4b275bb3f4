"""`import pingback`: its names, its defaults, and that a caller's own mistake is a ValueError."""

import inspect
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import pingback
from pingback.clock import now
from pingback.settings import LIMITS, MODERATION, TABLE, TARGETS, VERIFICATION, load
from tests.loopback import Site, page
from tests.paths.programs import wait_until
from tests.receive.pages import PATIENCE, Page, Pages

TARGET = "https://my.example/part-5"
SOURCE = "https://a.example/6"
WEB = {SOURCE: Page(f'<title>Six</title><a href="{TARGET}">five</a>')}


@pytest.fixture
def client() -> Iterator[pingback.Client]:
    with pingback.Client(allow=["127.0.0.1"]) as client:
        yield client


def test_the_names() -> None:
    assert {name for name in pingback.__all__ if getattr(pingback, name) is None} == set()
    assert set(pingback.__all__) <= set(dir(pingback))
    assert pingback.__version__ == "0.1.0"
    with pytest.raises(AttributeError, match="no attribute 'publsh'"):
        _ = pingback.publsh


_LOADED = """
import sys
import importlib, warnings
bare = set(sys.modules)
import pingback
print(*sorted(set(sys.modules) - bare))
from pingback import *
print(*sorted({"lxml", "requests", "sqlalchemy"} & set(sys.modules)))
"""


def test_the_import_loads_nothing_but_itself() -> None:
    done = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True)
    assert done.stdout == "pingback\nlxml requests sqlalchemy\n"
    assert done.stderr == ""


def test_discover(client: pingback.Client) -> None:
    with Site({"/": page(b'<link rel="pingback" href="/rpc">')}) as site:
        assert pingback.discover(site.url, client=client) == [
            pingback.Endpoint(protocol=pingback.Protocol.PINGBACK, url=f"{site.url}/rpc", via=pingback.Via.LINK)
        ]


def test_send(client: pingback.Client) -> None:
    with Site({"/": page(b"hello")}) as site:
        outcome = pingback.send(SOURCE, site.url, client=client)
    assert (outcome.status, outcome.target) == (pingback.OutcomeStatus.UNSUPPORTED, site.url)


@pytest.fixture
def linked() -> Iterator[Site]:
    """Its page `/6` links to its page `/5`, which takes Webmentions."""
    with Site({"/5": page(b'<link rel="webmention" href="/wm">'), "/wm": page(status=202)}) as site:
        site.pages["/6"] = page(b'<article><a href="/5">five</a></article>')
        yield site


def asked(site: Site) -> list[tuple[str, str]]:
    return [(request.method, request.path) for request in site.requests]


def test_publish_remembers_in_the_store(tmp_path: Path, linked: Site, client: pingback.Client) -> None:
    store = f"sqlite:///{tmp_path}/pingback.db"
    [first], [second] = (list(pingback.publish(f"{linked.url}/6", client=client, store=store)) for _ in range(2))
    assert (first.target, first.status) == (f"{linked.url}/5", pingback.OutcomeStatus.ACCEPTED)
    assert (second.target, second.status) == (f"{linked.url}/5", pingback.OutcomeStatus.SKIPPED)
    assert asked(linked) == [("GET", "/6"), ("GET", "/5"), ("POST", "/wm"), ("GET", "/6")]
    # SQLite takes away its log when the last connection is closed.
    assert [path.name for path in tmp_path.iterdir()] == ["pingback.db"]


def test_publish_leaves_the_store_of_another_open(linked: Site, client: pingback.Client) -> None:
    with pingback.Store("sqlite://") as store:
        [outcome] = pingback.publish(f"{linked.url}/6", client=client, store=store)
        [ping] = store.outbox.pings()
    assert ping.as_outcome() == outcome


@pytest.mark.parametrize(
    "html",
    [
        pytest.param('<article>„<a href="/5?ü">fünf</a>“</article>', id="text"),
        pytest.param('<meta charset="latin-1"><a href="/5?ü">fünf</a>'.encode("latin-1"), id="bytes-as-they-say"),
    ],
)
def test_publish_of_a_post_at_hand(linked: Site, client: pingback.Client, html: str | bytes) -> None:
    linked.pages["/6"] = page(b"the page, without any link")
    linked.pages["/5?%C3%BC"] = linked.pages["/5"]
    with pingback.Store("sqlite://") as store:
        [outcome] = pingback.publish(f"{linked.url}/6", html, client=client, store=store)
    assert (outcome.target, outcome.status) == (f"{linked.url}/5?%C3%BC", pingback.OutcomeStatus.ACCEPTED)


def test_publish_with_options(linked: Site, client: pingback.Client) -> None:
    options = pingback.PublishOptions(self_pings=False)
    with pingback.Store("sqlite://") as store:
        assert list(pingback.publish(f"{linked.url}/6", options=options, client=client, store=store)) == []
    assert asked(linked) == [("GET", "/6")]


def test_publish_does_nothing_before_it_is_asked_for_outcomes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: Site, client: pingback.Client
) -> None:
    monkeypatch.chdir(tmp_path)
    outcomes = pingback.publish(f"{linked.url}/6", client=client)
    assert (list(tmp_path.iterdir()), linked.requests) == ([], [])
    assert len(list(outcomes)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["pingback.db"]


def test_publish_without_a_client_has_one_that_guards() -> None:
    with pingback.Store("sqlite://") as store:
        [outcome] = pingback.publish("http://127.0.0.1/6", store=store)
    assert (outcome.target, outcome.status) == (None, pingback.OutcomeStatus.SKIPPED)
    assert "is blocked" in outcome.message


def test_publish_with_a_store_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(pingback.StoreError, match="there is no folder"):
        list(pingback.publish(SOURCE, store=f"sqlite:///{tmp_path}/no/such/x.db"))


def test_verify() -> None:
    verification = pingback.verify(SOURCE, TARGET, client=Pages(WEB))
    assert (verification.linked, verification.title) == (True, "Six")


def test_verify_takes_what_any_protocol_takes_unless_one_is_named() -> None:
    web = Pages({SOURCE: Page(f"See {TARGET}.", content_type="text/plain")})
    assert pingback.verify(SOURCE, TARGET, client=web).linked
    assert not pingback.verify(SOURCE, TARGET, protocol=pingback.Protocol.PINGBACK, client=web).linked


def test_without_a_client_there_is_one_that_guards() -> None:
    with pytest.raises(pingback.Blocked):
        pingback.discover("http://127.0.0.1/")
    with pytest.raises(pingback.Blocked):
        pingback.verify("http://127.0.0.1/", TARGET)
    assert pingback.send(SOURCE, "http://127.0.0.1/").status is pingback.OutcomeStatus.BLOCKED


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda: pingback.discover("/part-5"), id="discover-relative"),
        pytest.param(lambda: pingback.discover(""), id="discover-nothing"),
        pytest.param(lambda: pingback.discover("https://a.example/\0"), id="discover-nul"),
        pytest.param(lambda: pingback.discover("https://a.example/" + "x" * 10_000), id="discover-too-long"),
        pytest.param(lambda: pingback.discover("https://a.example/\ud800"), id="discover-surrogate"),
        pytest.param(lambda: pingback.send("/6", TARGET), id="send-relative-source"),
        pytest.param(lambda: pingback.send("ftp://a.example/6", TARGET), id="send-source-not-http"),
        pytest.param(lambda: pingback.send(SOURCE, "part-5"), id="send-relative-target"),
        pytest.param(lambda: pingback.publish("6"), id="publish-relative-source"),
        pytest.param(lambda: pingback.publish("ftp://a.example/6"), id="publish-source-not-http"),
        pytest.param(lambda: pingback.verify("6", TARGET), id="verify-relative-source"),
        pytest.param(lambda: pingback.verify(SOURCE, "/part-5"), id="verify-relative-target"),
        pytest.param(lambda: pingback.verify(SOURCE, "ftp://my.example/5"), id="verify-target-not-http"),
        pytest.param(lambda: pingback.Client(allow=["nonsense"]), id="client-network"),
        pytest.param(lambda: pingback.Limits(timeout=0), id="limits-timeout"),
    ],
)
def test_a_callers_mistake(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=" not "):
        call()


# Receiver


MY = "https://my.example/"
PATIENT: dict[str, Any] = {
    "site": MY,
    "answer_within": PATIENCE,
}  # so that what is asserted is what became of it in the end
CHANGED: dict[str, Any] = {
    "check_targets": False,
    "close_after": 30.0,
    "approve": "all",
    "block": ("spam.example",),
    "self_pings": False,
    "verify": "queued",
    "answer_within": 1.0,
    "trackback": "unverified",
    "rate": "off",
    "source_rate": "1/hour",
    "reverify_after_days": 0.0,
}


def receiver(**options: Any) -> pingback.Receiver:
    defaults: dict[str, Any] = {"store": "sqlite://", "client": Pages(WEB)}
    return pingback.Receiver(**(defaults | options))


def test_a_receiver_has_the_settings_of_serve(tmp_path: Path) -> None:
    with receiver(site=MY, store="sqlite:///pingback.db") as made:
        assert made.settings == load({"site": [MY]}, environ={}, folder=tmp_path)


def test_every_setting_of_serve_that_says_what_is_taken_is_a_keyword() -> None:
    taken = {name for name, line in TABLE.items() if line.group in (TARGETS, VERIFICATION, LIMITS, MODERATION)}
    edges = {"only", "excepted", "akismet_key", "akismet_site"}
    assert taken - edges == CHANGED.keys()
    assert CHANGED.keys() <= inspect.signature(pingback.Receiver).parameters.keys()


@pytest.mark.parametrize("name", CHANGED)
def test_a_keyword_changes_its_setting_and_no_other(name: str) -> None:
    with receiver(site=MY) as usual, receiver(site=MY, **{name: CHANGED[name]}) as made:
        assert made.settings == replace(usual.settings, **{name: CHANGED[name]})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"source_rate": "often"}, "source_rate: 'often' is not a rate", id="rate"),
        pytest.param({"rate": None}, "rate: None is not a text", id="no-rate"),
        pytest.param({"approve": "some"}, "approve: 'some' is not one of 'known', 'all'", id="approve"),
        pytest.param({"answer_within": -1}, "answer_within: -1 seconds are not between", id="answer-within"),
        pytest.param({"block": "/"}, "block: '/' is not of the form", id="block"),
        pytest.param({"close_after": 9, "check_targets": False}, "close_after: .* check_targets", id="without-a-page"),
        pytest.param({"close_after": 9, "target_exists": bool}, "close_after: target_exists is asked", id="two-judges"),
        pytest.param({"site": ()}, "a receiver needs a site", id="no-site"),
    ],
)
def test_a_receiver_that_cannot_be(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        receiver(**({"site": MY} | options))


def test_a_text_with_a_comma_is_one_site_and_a_text_is_one_block() -> None:
    with receiver(site="https://my.example/a,b", block="spam.example") as made:
        assert (made.settings.site, made.settings.block) == (("https://my.example/a,b",), ("spam.example",))


def test_the_first_mention_by_anybody_new_waits_for_the_owner() -> None:
    with receiver(**PATIENT) as made:
        mention = made.ping(SOURCE, TARGET)
        assert (mention.title, mention.status) == ("Six", pingback.MentionStatus.PENDING)
        assert made.approved_of(TARGET) == []
        made.store.moderation.decide([mention.id or 0], pingback.MentionStatus.APPROVED)
        assert made.pingbacks_of(TARGET) == [SOURCE]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        pytest.param({"approve": "all"}, pingback.MentionStatus.APPROVED, id="approve"),
        pytest.param({"decide": lambda _: pingback.MentionStatus.SPAM}, pingback.MentionStatus.SPAM, id="decide"),
        pytest.param({"decide": lambda _: None}, pingback.MentionStatus.PENDING, id="no-opinion"),
    ],
)
def test_the_owner_may_decide_beforehand(options: dict[str, Any], status: pingback.MentionStatus) -> None:
    with receiver(**PATIENT, **options) as made:
        assert made.ping(SOURCE, TARGET).status is status


def test_what_looks_odd_waits_even_where_all_is_approved() -> None:
    web = Pages({SOURCE: Page(f'no title, <a href="{TARGET}">five</a>')})
    with receiver(**PATIENT, client=web, approve="all") as made:
        assert made.ping(SOURCE, TARGET).status is pingback.MentionStatus.PENDING


@pytest.mark.parametrize("there", [True, object(), {"title": "Five"}], ids=["true", "object", "page"])
def test_a_target_that_the_host_knows(there: object) -> None:
    web = Pages(WEB)
    with receiver(**PATIENT, client=web, target_exists=lambda target: there if target == TARGET else None) as made:
        made.ping(SOURCE, TARGET)
    assert [url for url, _ in web.asked] == [SOURCE]


@pytest.mark.parametrize("there", [False, None, [], ""], ids=["false", "none", "empty-list", "empty-text"])
def test_a_target_that_the_host_does_not_know(there: object) -> None:
    with receiver(**PATIENT, target_exists=lambda _: there) as made, pytest.raises(pingback.Fault) as refused:
        made.ping(SOURCE, TARGET)
    assert refused.value.code == pingback.FaultCode.TARGET_NOT_FOUND


def test_without_a_callable_the_site_is_asked() -> None:
    web = Pages({**WEB, TARGET: Page(status=404)})
    with receiver(**PATIENT, client=web) as made, pytest.raises(pingback.Fault) as refused:
        made.ping(SOURCE, TARGET)
    assert refused.value.code == pingback.FaultCode.TARGET_NOT_FOUND


def test_a_sender_is_counted_by_address_and_the_host_itself_is_not() -> None:
    with receiver(**PATIENT, rate="1/hour") as made:
        made.ping(SOURCE, TARGET, client_ip="192.0.2.7")
        assert code_of(lambda: made.ping(SOURCE, TARGET, client_ip="192.0.2.7")) == pingback.FaultCode.ACCESS_DENIED
        for _ in range(2):
            assert code_of(lambda: made.ping(SOURCE, TARGET)) == pingback.FaultCode.ALREADY_REGISTERED


def test_strangers_whose_address_nobody_knows_count_as_one() -> None:
    with receiver(**PATIENT, rate="1/hour") as made:
        made.ping(SOURCE, TARGET, client_ip="")
        assert code_of(lambda: made.ping(SOURCE, TARGET, client_ip="")) == pingback.FaultCode.ACCESS_DENIED
        assert code_of(lambda: made.ping(SOURCE, TARGET, client_ip="unix:")) == pingback.FaultCode.ACCESS_DENIED


def code_of(ping: Callable[[], object]) -> int:
    with pytest.raises(pingback.Fault) as refused:
        ping()
    return refused.value.code


def test_nothing_runs_before_the_first_ping_which_takes_up_what_was_left() -> None:
    before = threads()
    left = pingback.Mention(
        source="https://a.example/7",
        target=TARGET,
        protocol=pingback.Protocol.PINGBACK,
        status=pingback.MentionStatus.PENDING,
        received=now(),
    )
    web = Pages({**WEB, left.source: WEB[SOURCE]})
    with pingback.Store("sqlite://") as store, receiver(**PATIENT, store=store, client=web) as made:
        store.keep(left, source_asked=False)
        assert threads() == before
        made.ping(SOURCE, TARGET)
        wait_until(lambda: all(mention.title == "Six" for mention in store.mentions()))


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("pingback")}


def test_a_receiver_opens_and_closes_its_own_store(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/mentions.db"
    with receiver(**PATIENT, store=url) as made:
        made.ping(SOURCE, TARGET)
    assert code_of(lambda: made.ping(SOURCE, TARGET)) == pingback.FaultCode.INTERNAL_ERROR
    with pingback.Store(url) as store:
        assert [mention.source for mention in store.mentions()] == [SOURCE]


def test_a_receiver_leaves_the_store_of_another_open() -> None:
    with pingback.Store("sqlite://") as store:
        with receiver(**PATIENT, store=store) as made:
            made.ping(SOURCE, TARGET)
        assert [mention.title for mention in store.mentions()] == ["Six"]


def test_by_default_the_store_is_a_file_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pingback.Receiver(site="https://my.example/", client=Pages()).close()
    assert [path.name for path in tmp_path.iterdir()] == ["pingback.db"]


@pytest.mark.parametrize("site", ["my.example", "ftp://my.example/", ""])
def test_a_site_that_is_none_makes_no_store(tmp_path: Path, site: str) -> None:
    with pytest.raises(ValueError, match="site: "):
        pingback.Receiver(site=site, store=f"sqlite:///{tmp_path}/mentions.db", client=Pages())
    assert list(tmp_path.iterdir()) == []


def test_a_receiver_that_fails_late_leaves_no_store_open(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="credentials"):
        pingback.Receiver(site="https://me:pw@my.example/", store=f"sqlite:///{tmp_path}/mentions.db", client=Pages())
    # SQLite takes away its log when the last connection is closed.
    assert [path.name for path in tmp_path.iterdir()] == ["mentions.db"]


def test_a_store_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(pingback.StoreError, match="there is no folder"):
        pingback.Receiver(site="https://my.example/", store=f"sqlite:///{tmp_path}/no/such/x.db", client=Pages())


def test_the_wsgi_app_is_of_a_receiver() -> None:
    store = pingback.Store("sqlite://")
    with closing(store), pingback.Receiver(site="https://my.example/", store=store, client=Pages()) as receiver:
        said: list[str] = []
        body = pingback.wsgi_app(receiver)(
            {"REQUEST_METHOD": "GET", "PATH_INFO": "/healthz"},
            lambda status, headers, _=None: said.append(status),  # type: ignore[arg-type]
        )
    assert (said, list(body)) == (["200 OK"], [b"ok\n"])
