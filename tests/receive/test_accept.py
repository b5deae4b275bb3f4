"""`pingback.receive.receiver`: what is taken, and as what."""

import logging
from contextlib import suppress
from typing import Any

import pytest

from pingback.errors import Fault, FaultCode
from pingback.model import Author, Mention, MentionStatus, Protocol
from pingback.page.about import READER
from pingback.store import Store
from tests.receive.conftest import (
    LINKING,
    SITE,
    SOURCE,
    TARGET,
    MakeReceiver,
    refusal,
)
from tests.receive.pages import Clock, Page, Pages


def test_a_verified_ping_becomes_a_mention(make: MakeReceiver, store: Store, clock: Clock) -> None:
    mention = make().ping(SOURCE, TARGET)
    assert mention == Mention(
        id=mention.id,
        source=SOURCE,
        target=TARGET,
        protocol=Protocol.PINGBACK,
        status=MentionStatus.APPROVED,
        title="A “post” – A",
        excerpt="words before the link and after",
        received=clock.instant,
        verified=clock.instant,
        read_by=READER,
    )
    assert store.mentions.find(SOURCE, TARGET) == mention


@pytest.mark.parametrize(
    ("source", "target"),
    [
        pytest.param(f"  {SOURCE}\r\n", f"\n{TARGET} ", id="white-space-around"),
        pytest.param(SOURCE, f"{TARGET}#comments", id="target-with-a-fragment"),
        pytest.param(SOURCE, TARGET.replace("https", "http"), id="target-by-http"),
    ],
)
def test_urls_as_senders_write_them(make: MakeReceiver, source: str, target: str) -> None:
    mention = make().ping(source, target)
    assert (mention.source, mention.target) == (source.strip(), target.strip())


@pytest.mark.parametrize("status", [200, 203, 206])
def test_any_success_is_a_page(make: MakeReceiver, pages: Pages, status: int) -> None:
    pages.web[SOURCE] = Page(LINKING.body, status=status)
    assert make().ping(SOURCE, TARGET).status is MentionStatus.APPROVED


def test_several_sites(make: MakeReceiver, pages: Pages) -> None:
    other = "https://zweite.example/x"
    pages.web[SOURCE] = Page(f'<a href="{TARGET}">1</a> <a href="{other}">2</a>')
    receiver = make(site=[SITE, "https://zweite.example"])
    assert receiver.ping(SOURCE, TARGET).target == TARGET
    assert receiver.ping(SOURCE, other).target == other


@pytest.mark.parametrize("site", [[], "", "my.example", "ftp://my.example/", [SITE, "/blog"]])
def test_a_site_that_is_none_is_a_callers_mistake(make: MakeReceiver, site: str | list[str]) -> None:
    with pytest.raises(ValueError, match=r"site|URL"):
        make(site=site)


def test_a_site_without_credentials(make: MakeReceiver) -> None:
    with pytest.raises(ValueError, match="credentials"):
        make(site="https://me:secret@my.example/")


def test_self_pings_are_a_choice(make: MakeReceiver, pages: Pages) -> None:
    own = "https://my.example/blog/part-6"
    pages.web[own] = LINKING
    assert refusal(make(self_pings=False), own).code == FaultCode.ACCESS_DENIED
    assert pages.asked == []
    assert make().ping(own, TARGET).source == own


@pytest.mark.parametrize("status", [MentionStatus.APPROVED, MentionStatus.PENDING, MentionStatus.SPAM])
def test_what_was_decided_is_kept(make: MakeReceiver, store: Store, status: MentionStatus) -> None:
    seen: list[Mention] = []

    def decide(mention: Mention) -> MentionStatus:
        seen.append(mention)
        return status

    mention = make(decide=decide).ping(SOURCE, TARGET)
    assert mention.status is status
    assert store.mentions.find(SOURCE, TARGET) == mention
    assert [(each.title, each.verified) for each in seen] == [(mention.title, mention.verified)]


@pytest.mark.parametrize(
    ("client_ip", "agent", "forwarded"),
    [
        pytest.param("192.0.2.7", " from 192.0.2.7", "192.0.2.7", id="ipv4"),
        pytest.param("2001:DB8::1", " from 2001:db8::1", "2001:db8::1", id="ipv6"),
        pytest.param("::ffff:192.0.2.7", " from 192.0.2.7", "192.0.2.7", id="rfc4291-2.5.5.2-mapped"),
        pytest.param("fe80::1%eth0\r\nX-Evil: 1", " from fe80::1", "fe80::1", id="zone"),
        pytest.param("192.0.2.7\r\nX-Evil: 1", "", None, id="line-break"),
        pytest.param("localhost", "", None, id="name"),
        pytest.param("", "", None, id="empty"),
        pytest.param(None, "", None, id="unknown"),
    ],
)
def test_the_request_to_the_source_names_the_asker(
    make: MakeReceiver, pages: Pages, client_ip: str | None, agent: str, forwarded: str | None
) -> None:
    make().ping(SOURCE, TARGET, client_ip=client_ip)
    [(url, headers)] = pages.asked
    assert url == SOURCE
    assert headers["User-Agent"].startswith("pingback/")
    assert headers["User-Agent"].endswith(f"; {SITE}; verifying pingback{agent}")
    assert headers.get("X-Pingback-Forwarded-For") == forwarded


def test_a_site_with_other_letters_can_be_named(make: MakeReceiver, pages: Pages) -> None:
    pages.web[SOURCE] = Page('<a href="https://bücher.example/über">x</a>')
    make(site="https://bücher.example/").ping(SOURCE, "https://bücher.example/über")
    assert "https://xn--bcher-kva.example/" in pages.asked[0][1]["User-Agent"]


@pytest.mark.parametrize(
    ("source", "end"),
    [
        pytest.param(SOURCE, "approved", id="kept"),
        pytest.param("https://a.example/\x1b[31m\n" + "x" * 9000, "fault 16", id="refused"),
        pytest.param("https://me:secret@a.example/post", "fault 16", id="password"),
    ],
)
def test_one_line_in_the_log_for_a_ping(
    make: MakeReceiver, caplog: pytest.LogCaptureFixture, source: str, end: str
) -> None:
    caplog.set_level(logging.INFO, "pingback")
    with suppress(Fault):
        make().ping(source, TARGET, client_ip="192.0.2.7")
    [record] = caplog.records
    line = record.getMessage()
    assert record.levelno == logging.INFO
    assert line.startswith("pingback from 'http")
    assert f" to {TARGET!r} by 192.0.2.7: {end}" in line
    assert "secret" not in line
    assert line.isprintable()
    assert len(line) < 1000


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        pytest.param("https:\\\\a.example\\post", "https://a.example/post", id="backslashes"),
        pytest.param("https:a.example/post", "https://a.example/post", id="no-slashes"),
        pytest.param('https://a.example/"><b>', "https://a.example/%22%3E%3Cb%3E", id="markup"),
        pytest.param("https://a.example/\x9b31m\u202e", "https://a.example/%C2%9B31m%E2%80%AE", id="c1-and-bidi"),
        pytest.param("https://b\u00fccher.example/", "https://xn--bcher-kva.example/", id="idn"),
        pytest.param("HTTPS://A.example/%7e?a=1&b", "HTTPS://A.example/%7e?a=1&b", id="plain-as-written"),
    ],
)
def test_odd_spellings_are_kept_in_normal_form(make: MakeReceiver, pages: Pages, source: str, kept: str) -> None:
    pages.web[kept] = LINKING
    assert make().ping(source, TARGET).source == kept


@pytest.mark.parametrize("target", [TARGET, TARGET.replace("https", "http") + "#note"])
def test_whether_a_target_exists_is_asked_in_the_sites_spelling(make: MakeReceiver, target: str) -> None:
    make(target_exists=lambda target: target == TARGET).ping(SOURCE, target)


@pytest.mark.parametrize("url", [None, 5, b"https://a.example/"])
def test_what_is_no_text_is_the_callers_mistake(make: MakeReceiver, url: Any) -> None:
    receiver = make()
    for ask in (
        lambda: receiver.ping(url, TARGET),
        lambda: receiver.ping(SOURCE, url),
        lambda: receiver.pingbacks_of(url),
    ):
        with pytest.raises(TypeError, match="a URL is a str"):
            ask()


def test_words_of_an_author_are_kept(make: MakeReceiver, store: Store, pages: Pages) -> None:
    pages.web[SOURCE] = Page(f'<title>T</title><meta name="author" content="Ann"><a href="{TARGET}">x</a>')
    make().ping(SOURCE, TARGET)
    assert [mention.author for mention in store.mentions.list()] == [Author(name="Ann")]
