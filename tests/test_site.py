"""`pingback.Site`: its keywords, what it is before it is used, while, and after; and who is told of mentions."""

import io
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import urllib3

import pingback
from pingback.clock import now
from pingback.net.budget import Budget
from pingback.net.response import Response
from pingback.page.about import READER
from pingback.settings import GENERAL, TABLE, Keywords, Settings, load
from pingback.store.looks import FirstLook
from tests.paths.programs import wait_until
from tests.receive.pages import PATIENCE, Clock, Page, Pages

MY = "https://my.example/"
TARGET = "https://my.example/part-5"
SOURCE = "https://a.example/6"
WEB = {SOURCE: Page(f'<title>Six</title><a href="{TARGET}">five</a>')}
APPROVED, PENDING, SPAM = pingback.MentionStatus.APPROVED, pingback.MentionStatus.PENDING, pingback.MentionStatus.SPAM

CHANGED: dict[str, Any] = {
    "check_targets": False,
    "broker": "redis://127.0.0.1:1/0",
    "close_after": 30.0,
    "approve": "all",
    "approve_reactions": "known",
    "relays": ("relay.example",),
    "block": ("spam.example",),
    "keep_days": 365.0,
    "self_pings": False,
    "verify": "queued",
    "answer_within": 1.0,
    "trackback": "unverified",
    "rate": "off",
    "source_rate": "1/hour",
    "limits": "database",
    "reverify_after_days": 0.0,
    "trusted_proxies": ("192.0.2.0/24",),
    "metrics": False,
    "notify_mail": "me@my.example",
    "notify_webhook": "https://my.example/hook",
    "notify_secret": "s3cret",
    "smtp_url": "smtp://mail.example",
    "akismet_key": "k3y",
    "akismet_site": "https://my.example/blog",
}


def made(**options: Any) -> pingback.Site:
    """So patient that what is asserted is what became of it in the end."""
    defaults: dict[str, Any] = {"url": MY, "store": "sqlite://", "client": Pages(WEB), "answer_within": PATIENCE}
    return pingback.Site(**(defaults | options))


def answered(site: pingback.Site, path: str) -> bytes:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path}
    return b"".join(site.wsgi()(environ, lambda *_: None))  # type: ignore[arg-type]


def kept(source: str = SOURCE, status: pingback.MentionStatus = APPROVED, **more: Any) -> pingback.Mention:
    said: dict[str, Any] = {"protocol": pingback.Protocol.PINGBACK, "received": now(), "read_by": READER}
    return pingback.Mention(source=source, target=TARGET, status=status, **(said | more))


# What it is made of


def test_a_site_has_the_settings_of_serve(tmp_path: Path) -> None:
    with pingback.Site(MY, client=Pages()) as site:
        assert site.settings == load({"site": [MY]}, environ={}, folder=tmp_path)


def test_every_setting_of_serve_is_a_keyword() -> None:
    of_serve = {name for name, line in TABLE.items() if "serve" in line.commands and line.group != GENERAL}
    assert of_serve - {"site", "log_format", "host", "port"} == CHANGED.keys()
    assert CHANGED.keys() <= Keywords.__annotations__.keys()


@pytest.mark.parametrize("name", CHANGED)
def test_a_keyword_changes_its_setting_and_no_other(name: str) -> None:
    with pingback.Site(MY) as usual, pingback.Site(MY, **{name: CHANGED[name]}) as site:
        assert site.settings == replace(usual.settings, **{name: CHANGED[name]})


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
        pytest.param({"url": ()}, "a site has at least one address", id="no-site"),
        pytest.param({"url": "my.example"}, "site: ", id="site-without-a-scheme"),
        pytest.param({"url": ""}, "site: ", id="empty-site"),
        pytest.param({"url": "https://me:pw@my.example/"}, "credentials", id="credentials"),
        pytest.param({"store": "mysql://x/y"}, "db: the database must be of the form", id="store"),
        pytest.param({"at": "https://my.example/?x"}, "at: .* cannot be where a server is mounted", id="at"),
        pytest.param({"notify_mail": "me@my.example", "smtp_url": "http://x/"}, "smtp_url: ", id="smtp"),
        pytest.param({"client": None, "ca_bundle": "/no/such/file"}, "ca_bundle", id="ca-bundle"),
    ],
)
def test_a_site_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: Any, words: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=words):
        made(**({"store": "sqlite:///pingback.db"} | options))
    assert list(tmp_path.iterdir()) == []


async def coroutine(_: object) -> bool:
    return True


class Asynchronous:
    async def __call__(self, _: object) -> bool:
        return True


@pytest.mark.parametrize("name", ["target_exists", "decide", "clock", "on_mention"])
@pytest.mark.parametrize(
    "called",
    [
        pytest.param(coroutine, id="a-coroutine-function"),
        pytest.param(partial(coroutine, None), id="a-partial-one"),
        pytest.param(Asynchronous(), id="an-object-that-is-one"),
        pytest.param("/part-5", id="nothing-to-call"),
    ],
)
def test_what_cannot_be_called_in_a_thread(name: str, called: Any) -> None:
    def give() -> object:
        return made().on_mention(called) if name == "on_mention" else made(**{name: called})

    with pytest.raises(TypeError, match=f"{name} takes a plain function"):
        give()


def test_a_keyword_that_is_none() -> None:
    with pytest.raises(TypeError, match="there is no setting 'aprove'"):
        made(aprove="all")


def test_a_text_with_a_comma_is_one_site_and_a_text_is_one_block() -> None:
    with made(url="https://my.example/a,b", block="spam.example") as site:
        assert (site.settings.site, site.settings.block) == (("https://my.example/a,b",), ("spam.example",))


def test_several_addresses() -> None:
    web = Pages({SOURCE: Page(f'<title>Six</title><a href="{TARGET}">5</a><a href="https://two.example/1">1</a>')})
    with made(url=[MY, "https://two.example/"], client=web) as site:
        assert site.receive(SOURCE, TARGET).target == TARGET
        assert site.receive(SOURCE, "https://two.example/1").target == "https://two.example/1"


def test_the_settings_of_the_environment_and_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pingback.toml").write_text('site = ["https://my.example/"]\napprove = "all"')
    monkeypatch.setenv("PINGBACK_AT", "https://my.example/linkback")
    with pingback.Site.from_settings(client=Pages()) as site:
        assert (site.settings.approve, site.settings.db) == ("all", "sqlite:///pingback.db")
        assert site.advertise(TARGET).headers["X-Pingback"] == "https://my.example/linkback/xmlrpc"


def test_settings_over_another_store(tmp_path: Path) -> None:
    with pingback.Site.from_settings(Settings(site=(MY,)), store=f"sqlite:///{tmp_path}/other.db") as site:
        assert site.mentions(TARGET) == []
    assert [path.name for path in tmp_path.iterdir()] == ["other.db"]


def test_a_store_that_is_a_path_is_a_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"store: a Store or the URL of one, and not PosixPath\('.*x.db'\)"):
        made(store=tmp_path / "x.db")


def test_settings_that_cannot_be() -> None:
    with pytest.raises(pingback.SettingsError, match="close_after"):
        pingback.Site.from_settings(Settings(site=(MY,), close_after=9.0, check_targets=False))


def test_settings_without_a_site_do_all_but_take_pings() -> None:
    with pingback.Site.from_settings(Settings(db="sqlite://")) as site:
        assert (site.run_due(), site.mentions(TARGET)) == (0, [])
        for use in (site.start, site.wsgi, lambda: site.receive(SOURCE, TARGET)):
            with pytest.raises(pingback.SettingsError, match="site: which one"):
                use()


# Before it is used, and after


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("pingback")}


def test_an_unused_site_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = threads()
    site = pingback.Site(MY, notify_mail="me@my.example", trackback="unverified", akismet_key="k3y")
    site.on_mention(print)
    site.wsgi()
    site.advertise(TARGET)
    assert list(tmp_path.iterdir()) == []
    assert threads() <= before  # those of an earlier test may end
    site.close()
    site.close()
    assert list(tmp_path.iterdir()) == []


def test_a_site_opens_and_closes_its_own_store(tmp_path: Path) -> None:
    with made(store=f"sqlite:///{tmp_path}/mentions.db") as site:
        site.receive(SOURCE, TARGET)
    # SQLite takes away its log when the last connection is closed.
    assert [path.name for path in tmp_path.iterdir()] == ["mentions.db"]
    with pingback.Store(f"sqlite:///{tmp_path}/mentions.db") as store:
        assert [mention.source for mention in store.mentions.list()] == [SOURCE]


def test_a_site_leaves_the_store_and_the_client_of_another_open() -> None:
    web = Pages(WEB)
    with pingback.Store("sqlite://") as store:
        with made(store=store, client=web) as site:
            site.receive(SOURCE, TARGET)
            assert (site.store, site.client) == (store, web)
        assert [mention.title for mention in store.mentions.list()] == ["Six"]


@pytest.mark.parametrize("used", [False, True])
def test_nothing_can_be_asked_of_a_site_that_is_closed(used: bool) -> None:
    site = made()
    if used:
        site.receive(SOURCE, TARGET)
    site.close()
    for use in (
        lambda: site.receive(SOURCE, TARGET),
        lambda: site.mentions(TARGET),
        lambda: site.moderate([1], SPAM),
        lambda: site.set_password("correct horse battery"),
        site.run_due,
        site.start,
    ):
        with pytest.raises(ValueError, match="this site is closed"):
            use()


def test_a_store_that_cannot_be_opened(tmp_path: Path) -> None:
    with made(store=f"sqlite:///{tmp_path}/no/such/x.db") as site:
        with pytest.raises(pingback.StoreError, match="there is no folder"):
            site.start()
        with pytest.raises(pingback.Fault) as refused:
            site.receive(SOURCE, TARGET)
        assert (refused.value.code, refused.value.retry_after) == (pingback.FaultCode.INTERNAL_ERROR, 60.0)
        assert status_of(site.wsgi(), "/healthz") == "200 OK"
        assert status_of(site.wsgi(), "/readyz") == "503 Service Unavailable"
        (tmp_path / "no/such").mkdir(parents=True)
        assert site.receive(SOURCE, TARGET).title == "Six"


def test_close_within_a_callback_and_from_several_threads() -> None:
    closed = threading.Event()
    with made(verify="queued") as site:

        @site.on_mention
        def close(mention: pingback.Mention) -> None:
            site.close()
            closed.set()

        site.receive(SOURCE, TARGET)
        closers = [threading.Thread(target=site.close) for _ in range(4)]
        assert closed.wait(PATIENCE)
        for closer in closers:
            closer.start()
        for closer in closers:
            closer.join(PATIENCE)
        assert not any(closer.is_alive() for closer in closers)


# Taking and showing


def status_of(app: Any, path: str) -> str:
    said: list[str] = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path}
    list(app(environ, lambda status, headers, _=None: said.append(status)))
    return said[0]


def test_the_first_mention_by_anybody_new_waits_for_the_owner() -> None:
    with made() as site:
        mention = site.receive(SOURCE, TARGET)
        assert (mention.title, mention.status, site.mentions(TARGET)) == ("Six", PENDING, [])
        site.moderate([mention.id or 0], APPROVED)
        assert [each.source for each in site.mentions(TARGET)] == [SOURCE]


def test_what_is_shown_is_clean_and_the_fragment_is_that_of_the_server() -> None:
    target = f"{TARGET}?a=1"
    with made() as site:
        site.store.mentions.keep(replace(kept(title="a\u202eb", verified=now()), target=target))
        assert [mention.title for mention in site.mentions(target)] == ["ab"]
        said: list[str] = []
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/mentions",
            "QUERY_STRING": f"target={target}&title=Five",
        }
        [body] = site.wsgi()(environ, lambda status, headers, _=None: said.append(status))  # type: ignore[arg-type]
        for lang in ("en", "tlh"):
            assert site.fragment(target, lang, title="Five") == body.decode()


@pytest.mark.parametrize(
    ("at", "where"),
    [
        pytest.param(None, "https://my.example/mentions", id="root"),
        pytest.param("https://my.example/linkback/", "https://my.example/linkback/mentions", id="mounted"),
    ],
)
def test_of_many_mentions_a_page_shows_the_first_and_leads_to_the_others(at: str | None, where: str) -> None:
    with made(at=at) as site:
        for number in range(201):
            site.store.mentions.keep(kept(f"https://a.example/{number}", verified=now()))
        shown = site.fragment(TARGET, title="Five & more")
    assert "201 thoughts on" in shown
    assert "https://a.example/199" in shown
    assert "https://a.example/200" not in shown
    assert f'href="{where}?target=https%3A%2F%2Fmy.example%2Fpart-5&amp;title=Five+%26+more&amp;after=' in shown


@pytest.mark.parametrize("target", ["", "/part-5", "ftp://my.example/"])
def test_a_target_that_is_no_address(target: str) -> None:
    with made() as site:
        for show in (site.mentions, site.fragment, site.advertise):
            with pytest.raises(ValueError, match=" not "):
                show(target)


@pytest.mark.parametrize(
    ("options", "status"),
    [
        pytest.param({"approve": "all"}, APPROVED, id="approve"),
        pytest.param({"decide": lambda _: SPAM}, SPAM, id="decide"),
        pytest.param({"decide": lambda _: None}, PENDING, id="no-opinion"),
    ],
)
def test_the_owner_may_decide_beforehand(options: dict[str, Any], status: pingback.MentionStatus) -> None:
    with made(**options) as site:
        assert site.receive(SOURCE, TARGET).status is status


@pytest.mark.parametrize("said", [pytest.param(True, id="a-boolean"), pytest.param("good", id="another-word")])
def test_what_is_no_status_is_not_kept(said: Any) -> None:
    for word in (said, pingback.Opinion(status=said)):
        with made(decide=lambda _, word=word: word) as site:
            with pytest.raises(ValueError, match="is not a valid MentionStatus"):
                site.receive(SOURCE, TARGET)
            assert [*site.store.mentions.list()] == []


def test_a_status_may_be_a_text() -> None:
    with made(decide=lambda _: "rejected") as site:
        assert code_of(lambda: site.receive(SOURCE, TARGET)) == pingback.FaultCode.ACCESS_DENIED


def test_what_looks_odd_waits_even_where_all_is_approved() -> None:
    web = Pages({SOURCE: Page(f'no title, <a href="{TARGET}">five</a>')})
    with made(client=web, approve="all") as site:
        assert site.receive(SOURCE, TARGET).status is PENDING


@pytest.mark.parametrize("there", [True, object(), {"title": "Five"}], ids=["true", "object", "page"])
def test_a_target_that_the_host_knows(there: object) -> None:
    web = Pages(WEB)
    with made(client=web, target_exists=lambda target: there if target == TARGET else None) as site:
        site.receive(SOURCE, TARGET)
    assert [url for url, _ in web.asked] == [SOURCE]


@pytest.mark.parametrize("there", [False, None, [], ""], ids=["false", "none", "empty-list", "empty-text"])
def test_a_target_that_the_host_does_not_know(there: object) -> None:
    with made(target_exists=lambda _: there) as site:
        assert code_of(lambda: site.receive(SOURCE, TARGET)) == pingback.FaultCode.TARGET_NOT_FOUND


def test_without_a_callable_the_site_is_asked() -> None:
    with made(client=Pages({**WEB, TARGET: Page(status=404)})) as site:
        assert code_of(lambda: site.receive(SOURCE, TARGET)) == pingback.FaultCode.TARGET_NOT_FOUND


def test_a_sender_is_counted_by_address_and_the_host_itself_is_not() -> None:
    with made(rate="1/hour") as site:
        site.receive(SOURCE, TARGET, client_ip="192.0.2.7")
        again = code_of(lambda: site.receive(SOURCE, TARGET, client_ip="192.0.2.7"))
        assert again == pingback.FaultCode.ACCESS_DENIED
        for _ in range(2):
            assert code_of(lambda: site.receive(SOURCE, TARGET)) == pingback.FaultCode.ALREADY_REGISTERED


def test_strangers_whose_address_nobody_knows_count_as_one() -> None:
    with made(rate="1/hour") as site:
        site.receive(SOURCE, TARGET, client_ip="")
        for nowhere in ("", "unix:"):
            again = code_of(lambda nowhere=nowhere: site.receive(SOURCE, TARGET, client_ip=nowhere))  # type: ignore[misc]
            assert again == pingback.FaultCode.ACCESS_DENIED


def code_of(receive: Callable[[], object]) -> int:
    with pytest.raises(pingback.Fault) as refused:
        receive()
    return refused.value.code


def test_an_unverified_trackback_is_shown_on_the_word_of_its_sender() -> None:
    words = pingback.Words(title="Six", excerpt="as said there")
    with made(trackback="unverified") as site:
        mention = site.receive(SOURCE, TARGET, protocol=pingback.Protocol.TRACKBACK, words=words)
        assert (mention.status, mention.verified) == (PENDING, None)
        assert [each.status for each in site.moderate([mention.id or 0], APPROVED)] == [APPROVED]


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda site: site.receive(SOURCE, TARGET), id="ping"),
        pytest.param(lambda site: status_of(site.wsgi(), "/mentions"), id="request"),
        pytest.param(lambda site: site.start(), id="start"),
        pytest.param(lambda site: (site.wsgi(), site.fragment(TARGET)), id="page-of-a-wsgi-server"),
        pytest.param(lambda site: (site.asgi(), site.mentions(TARGET)), id="page-of-an-asgi-server"),
    ],
)
def test_the_first_use_takes_up_what_was_left(use: Callable[[pingback.Site], object]) -> None:
    web = Pages({**WEB, "https://a.example/7": WEB[SOURCE]})
    before = threads()
    with pingback.Store("sqlite://") as store, made(store=store, client=web) as site:
        store.mentions.keep(kept("https://a.example/7", PENDING))
        assert site.mentions(TARGET) == []
        assert threads() <= before  # those of an earlier test may end
        use(site)
        wait_until(lambda: all(mention.title == "Six" for mention in store.mentions.list()))


def test_two_sites_of_one_process_count_each_their_own() -> None:
    with made() as one, made() as other, made(metrics=False) as none:
        one.receive(SOURCE, TARGET)
        assert b'pingback_received_total{outcome="pending",protocol="pingback"} 1.0' in answered(one, "/metrics")
        assert b'outcome="pending"' not in answered(other, "/metrics")
        assert answered(none, "/metrics") == b"Nothing is counted here.\n"


def test_behind_a_proxy_that_is_trusted_the_sender_is_who_it_names() -> None:
    with made(trusted_proxies=["127.0.0.1"], rate="1/hour") as site:
        app = site.wsgi()
        said: list[str] = []
        for sender in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
            environ = {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": "/trackback/part-5",
                "QUERY_STRING": "__mode=rss",
                "REMOTE_ADDR": "127.0.0.1",
                "HTTP_X_FORWARDED_FOR": sender,
            }
            said.append(b"".join(app(environ, lambda *_: None)).decode())  # type: ignore[arg-type]
    assert ["too many" in answer for answer in said] == [False, False, True]


def test_the_password_of_the_inbox() -> None:
    with made() as site:
        with pytest.raises(ValueError, match="password"):
            site.set_password("short")
        site.set_password("correct horse battery")
        assert site.store.secrets.login() is not None


# Akismet


class Akismet(Pages):
    """Takes everything for spam. Whoever tells it that it was wrong waits while `gate` is not set."""

    def __init__(self) -> None:
        super().__init__(WEB)
        self.told: list[str] = []

    def post(self, url: str, body: bytes, *, content_type: str, headers: Mapping[str, str] = {}) -> Response:
        asked = url.rpartition("/")[2]
        if asked != "comment-check":
            assert self.gate.wait(PATIENCE)
        self.told.append(asked)
        answer = b"true" if asked == "comment-check" else b"Thanks for making the web a better place."
        raw = urllib3.HTTPResponse(body=io.BytesIO(answer), status=200, preload_content=False)
        return Response(raw, url=url, budget=Budget(seconds=PATIENCE, max_received=2**20), max_bytes=2**20)


def test_akismet_is_asked_and_learns_from_the_owner() -> None:
    with made(client=Akismet(), akismet_key="k3y", approve="all") as site:
        mention = site.receive(SOURCE, TARGET, client_ip="192.0.2.7")
        assert mention.status is SPAM
        site.moderate([mention.id or 0], APPROVED)
        assert isinstance(site.client, Akismet)
        assert site.client.told == ["comment-check", "submit-ham"]


def test_nobody_waits_until_akismet_has_learned_what_the_inbox_says() -> None:
    akismet = Akismet()
    with made(client=akismet, akismet_key="k3y") as site:
        site.store.mentions.keep(replace(kept(), client_ip="192.0.2.7"))
        akismet.gate.clear()
        [mention] = site.store.moderation.decide([1], SPAM)
        assert (mention.status, akismet.told) == (SPAM, [])
        akismet.gate.set()
        wait_until(lambda: akismet.told == ["submit-spam"])


def test_akismet_for_no_site_is_told_of_nothing() -> None:
    with (
        pingback.Site.from_settings(Settings(db="sqlite://", akismet_key="k3y")) as site,
        pytest.raises(pingback.SettingsError, match="for which site"),
    ):
        site.moderate([1], SPAM)


# Who is told


@pytest.fixture
def clock() -> Clock:
    return Clock()


def heard_by(site: pingback.Site) -> list[str]:
    heard: list[str] = []
    site.on_mention(lambda mention: heard.append(f"{mention.source} {mention.status}"))
    return heard


def test_a_mention_is_told_before_receive_returns_once_and_to_each() -> None:
    with made() as site:
        one, other = heard_by(site), heard_by(site)
        site.receive(SOURCE, TARGET)
        assert one == other == [f"{SOURCE} pending"]
        site.moderate([1], APPROVED)
        assert site.run_due() == 0
        assert one == other == [f"{SOURCE} pending"]


def test_what_is_refused_or_spam_is_not_told() -> None:
    with made(decide=lambda _: SPAM) as site:
        heard = heard_by(site)
        site.receive(SOURCE, TARGET)
        assert code_of(lambda: site.receive("https://a.example/404", TARGET)) == pingback.FaultCode.SOURCE_NOT_FOUND
        assert heard == []


def test_a_mention_that_was_verified_in_the_background_is_told() -> None:
    with made(verify="queued", approve="all") as site:
        heard = heard_by(site)
        site.receive(SOURCE, TARGET)
        wait_until(lambda: heard == [f"{SOURCE} approved"])


def test_what_another_process_verified_is_told_while_the_site_runs(tmp_path: Path, clock: Clock) -> None:
    url = f"sqlite:///{tmp_path}/pingback.db"
    with made(store=url, clock=clock) as site, made(store=url, client=Pages(WEB), clock=clock) as worker:
        heard = heard_by(site)
        site.start()
        worker.receive(SOURCE, TARGET)
        clock.pass_by(seconds=10)  # in which the other process would have told it
        wait_until(lambda: heard == [f"{SOURCE} pending"])


def test_what_was_there_before_anybody_asked_is_no_news_and_what_came_at_once_is(clock: Clock) -> None:
    with pingback.Store("sqlite://", clock=clock) as store, made(store=store, clock=clock) as site:
        store.mentions.keep(replace(kept("https://b.example/5"), received=clock(), verified=clock()))
        clock.pass_by(seconds=1)
        heard = heard_by(site)
        site.receive(SOURCE, TARGET)
        site.run_due()
        assert heard == [f"{SOURCE} pending"]


@pytest.mark.parametrize("verify", [pytest.param(None, id="at-once"), pytest.param("queued", id="in-the-background")])
@pytest.mark.parametrize(
    "error", [ZeroDivisionError("of the host"), SystemExit("of the host")], ids=lambda e: type(e).__name__
)
def test_a_callback_that_fails_was_told_and_breaks_nothing(
    caplog: pytest.LogCaptureFixture, error: BaseException, verify: str | None
) -> None:
    with made(verify=verify) as site:

        @site.on_mention
        def broken(mention: pingback.Mention) -> None:
            raise error

        heard = heard_by(site)
        site.receive(SOURCE, TARGET)
        wait_until(lambda: bool(heard))
        site.run_due()
        assert answered(site, "/readyz") == b"ready\n"
    assert heard == [f"{SOURCE} pending"]
    assert caplog.text.count(f"{type(error).__name__}: of the host") == 1


def test_a_mention_that_waits_anew_is_told_anew(clock: Clock) -> None:
    web = Pages(WEB)
    with pingback.Store("sqlite://", clock=clock) as store, made(store=store, clock=clock, client=web) as site:
        heard = heard_by(site)
        site.receive(SOURCE, TARGET)
        site.moderate([1], APPROVED)
        web.web[SOURCE] = Page(f'<title>Pills</title>buy <a href="{TARGET}">here</a>')
        clock.pass_by(hours=1)
        assert code_of(lambda: site.receive(SOURCE, TARGET)) == pingback.FaultCode.ALREADY_REGISTERED
        wait_until(lambda: heard == [f"{SOURCE} pending"] * 2)


def test_a_mention_is_in_one_hand_while_somebody_is_told(clock: Clock) -> None:
    """A process of which nothing is known has it for ten minutes, and then it is told by another."""
    with pingback.Store("sqlite://", clock=clock) as store, made(store=store, clock=clock) as site:
        heard = heard_by(site)
        site.run_due()
        store.mentions.keep(replace(kept(), received=clock(), verified=clock()))
        [mention] = store.mentions.list()
        notifications = store.notifications
        site.run_due()
        assert heard == []  # it is left to who verified it
        clock.pass_by(seconds=5)
        assert notifications.take("program", mention, worker_id="another", now=clock(), lease=timedelta(minutes=10))
        site.run_due()
        assert heard == []
        clock.pass_by(minutes=11)
        assert (site.run_due(), heard, site.run_due()) == (1, [f"{SOURCE} approved"], 0)


def test_where_nobody_asked_nothing_is_written() -> None:
    with made() as site:
        site.receive(SOURCE, TARGET)
        with site.store._database.read() as connection:
            assert connection.execute("SELECT count(*) FROM pingback_notifications").scalar() == 0
            assert connection.execute("SELECT count(*) FROM pingback_channels").scalar() == 0


# In the caller's thread


def test_run_due_does_what_waits_and_leaves_no_thread(clock: Clock) -> None:
    web = Pages({f"https://a.example/{number}": WEB[SOURCE] for number in range(3)})
    before = threading.enumerate()
    with pingback.Store("sqlite://", clock=clock) as store, made(store=store, clock=clock, client=web) as site:
        heard = heard_by(site)
        assert site.run_due() == 0
        clock.pass_by(seconds=1)
        look = FirstLook(host="a.example", due=clock(), most=9, most_of_host=9)
        for url in web.web:
            store.looks.keep_waiting(replace(kept(url, PENDING), received=clock()), look, home="a.example")
        assert site.run_due(seconds=0) == 0
        assert site.run_due(seconds=PATIENCE) == 3
        assert (site.run_due(), sorted(heard)) == (0, [f"{url} pending" for url in web.web])
        assert {mention.title for mention in store.mentions.list()} == {"Six"}
        wait_until(lambda: set(threading.enumerate()) <= set(before))


def test_run_due_finds_jobs_whose_lane_was_deleted(clock: Clock) -> None:
    with pingback.Store("sqlite://", clock=clock) as store, made(store=store, clock=clock) as site:
        look = FirstLook(host="a.example", due=clock(), most=9, most_of_host=9)
        store.looks.keep_waiting(replace(kept(status=PENDING), received=clock()), look, home="a.example")
        with store._database.write() as tx:
            tx.execute("DELETE FROM pingback_lanes")
        assert site.run_due() == 1


def test_run_due_does_not_count_what_it_puts_off(clock: Clock) -> None:
    web = Pages({f"https://a.example/{number}": WEB[SOURCE] for number in range(3)})
    with made(store=pingback.Store("sqlite://", clock=clock), clock=clock, client=web, source_rate="2/hour") as site:
        for url in web.web:
            site.store.mentions.keep(replace(kept(url, PENDING), received=clock()))
        assert (site.run_due(seconds=PATIENCE), site.run_due()) == (2, 0)
        clock.pass_by(hours=1)
        assert site.run_due() == 0  # the rate goes by a clock of its own
        site.store.close()


def test_run_due_verifies_old_mentions_anew(clock: Clock) -> None:
    web = Pages({SOURCE: Page(status=410)})
    with pingback.Store("sqlite://", clock=clock) as store, made(store=store, clock=clock, client=web) as site:
        store.mentions.keep(replace(kept(), received=clock(), verified=clock()))
        clock.pass_by(days=31)
        assert site.run_due() == 1
        assert site.mentions(TARGET) == []


def test_run_due_reads_again_what_an_earlier_version_read(clock: Clock) -> None:
    web = Pages(WEB)
    with pingback.Store("sqlite://", clock=clock) as store, made(store=store, clock=clock, client=web) as site:
        for status in (APPROVED, PENDING):
            known = replace(kept(f"https://a.example/{status}", status), title="Six", received=clock(), read_by=0)
            web.web[known.source] = WEB[SOURCE]
            store.mentions.keep(replace(known, verified=clock()))
        assert [site.run_due(), site.run_due()] == [2, 0]
        assert [(each.status, each.excerpt) for each in store.mentions.list()] == [
            (APPROVED, "five"),
            (PENDING, "five"),
        ]


def test_reread_tells_of_each_as_it_stands_then(clock: Clock) -> None:
    with pingback.Store("sqlite://", clock=clock) as store, made(store=store, clock=clock) as site:
        store.mentions.keep(replace(kept(), title="Six", received=clock(), verified=clock(), read_by=0))
        heard: list[pingback.Mention] = []
        assert [site.reread(on_mention=heard.append), site.reread(on_mention=heard.append)] == [0, 0]
        assert [each.excerpt for each in heard] == ["five"]
        assert site.reread(TARGET, source=SOURCE) == 0
        with pytest.raises(ValueError, match="'part-5' is not an absolute URL"):
            site.reread("part-5")


def test_sites_of_one_database_leave_one_another_what_waits(tmp_path: Path, clock: Clock) -> None:
    url = f"sqlite:///{tmp_path}/pingback.db"
    with made(store=url, clock=clock) as site, made(url="https://other.example/", store=url, clock=clock) as other:
        site.store.mentions.keep(replace(kept(status=PENDING), received=clock()))
        assert other.run_due() == 0
        assert site.run_due() == 1
        assert [(mention.status, mention.title) for mention in site.store.mentions.list()] == [(PENDING, "Six")]


def test_an_old_mention_of_another_site_of_the_database_is_left_to_it(clock: Clock) -> None:
    web = Pages({SOURCE: Page(status=410)})
    with pingback.Store("sqlite://", clock=clock) as store:
        store.mentions.keep(replace(kept(), received=clock(), verified=clock()))
        clock.pass_by(days=31)
        with made(url="https://other.example/", store=store, clock=clock, client=web) as other:
            assert other.run_due() == 0
        assert [mention.status for mention in store.mentions.list()] == [APPROVED]


def test_run_due_leaves_old_mentions_alone_where_that_is_wished(clock: Clock) -> None:
    web = Pages({SOURCE: Page(status=410)})
    with made(store=pingback.Store("sqlite://", clock=clock), clock=clock, client=web, reverify_after_days=0) as site:
        site.store.mentions.keep(replace(kept(), received=clock(), verified=clock(), read_by=0))
        clock.pass_by(days=31)
        assert (site.run_due(), web.asked) == (0, [])  # nor read by an earlier version
        site.store.close()
