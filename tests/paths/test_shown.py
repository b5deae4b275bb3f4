"""What a page says that links to us is what its visitors read: in the fragment, and in the feeds."""

import json
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup

import pingback
from tests.receive.pages import PATIENCE, Page, Pages

MY = "https://my.example/"
TARGET = f"{MY}party"


def entry(answer: str, rest: str) -> Page:
    return Page(
        f'<title>Notes</title><nav><a href="/">Home</a></nav><main class="h-entry">'
        f'<a class="{answer}" href="{TARGET}">The party</a> {rest}</main>'
    )


WEB = {
    "https://dee.example/7": entry(
        "u-in-reply-to",
        '<a class="p-author h-card" href="/">Dee</a> <a class="u-url" href="/notes/7">'
        '<time class="dt-published" datetime="2026-01-02T23:30">late</time></a>'
        '<div class="e-content"><p>I <em>cannot</em> come.</p><p onclick="alert(1)"><a href="/why">Why</a>'
        '<img src="/dee.png" alt=""><script>alert(2)</script></p></div>',
    ),
    "https://brid.gy/comment/1": entry(
        "u-in-reply-to",
        '<a class="p-author h-card" href="https://social.example/@mia">Mia</a>'
        '<a class="u-url" href="https://social.example/@mia/1"></a><p class="e-content">So can I.</p>',
    ),
    "https://planet.example/3": entry(
        "u-in-reply-to",
        '<a class="p-author h-card" href="https://ned.example/">Ned</a>'
        '<a class="u-url" href="https://ned.example/3"></a><p class="e-content">Who else?</p>',
    ),
    "https://eve.example/1": entry(
        "u-in-reply-to", '<a class="p-author h-card" href="/">Eve Moor</a><data class="p-rsvp" value="yes">Yes</data>'
    ),
    "https://bob.example/1": entry("u-like-of", '<a class="p-author h-card" href="/">Bob</a>'),
    "https://bob.example/2": entry("u-like-of", '<a class="p-author h-card" href="/">Bob</a>'),
}


@pytest.fixture
def site() -> Iterator[pingback.Site]:
    """Where all of them were taken."""
    with pingback.Site(
        MY, store="sqlite://", client=Pages(WEB), approve="all", answer_within=PATIENCE, target_exists=lambda _: True
    ) as site:
        for source in WEB:
            assert site.receive(source, TARGET).status is pingback.MentionStatus.APPROVED
        yield site


def asked(site: pingback.Site, path: str, query: str = "") -> str:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": f"target={TARGET}&sort-dir=up{query}"}
    return b"".join(site.wsgi()(environ, lambda *_: None)).decode()  # type: ignore[arg-type]  # all that it looks at


def test_what_a_visitor_reads(site: pingback.Site) -> None:
    html = site.fragment(TARGET, title="The party")
    assert html == asked(site, "/mentions", "&title=The+party")
    read = BeautifulSoup(html, "html.parser")
    assert [each.get_text() for each in read.select("h2, h3")] == [
        "6 thoughts on “The party”",
        "Liked by",
        "RSVP: yes",
    ]
    assert [" ".join(each.get_text(" ").split()) for each in read.select("ol > li")] == [
        "Dee , 2026-01-02 I cannot come. Why",
        "Mia , social.example So can I.",
        "Ned , ned.example via planet.example Who else?",
    ]
    assert [each.get_text() for each in read.select("ul > li > a")] == ["Bob", "Eve Moor"]
    assert [link["href"] for link in read.select("a.u-url")] == [
        "https://dee.example/notes/7",
        "https://social.example/@mia/1",
        "https://ned.example/3",
        "https://bob.example/1",
        "https://eve.example/1",
    ]
    for word in ("alert", "dee.png", "onclick"):
        assert word not in html


def test_what_a_reader_of_the_api_gets(site: pingback.Site) -> None:
    entries = json.loads(asked(site, "/api/mentions.jf2"))["children"]
    dee, mia, ned, eve, *_ = entries
    assert [each["url"] for each in entries[:3]] == [
        "https://dee.example/notes/7",
        "https://social.example/@mia/1",
        "https://planet.example/3",
    ]
    assert dee["content"] == {
        "text": "I cannot come.\n\nWhy",
        "html": '<p>I <em>cannot</em> come.</p><p><a href="https://dee.example/why" rel="nofollow ugc noopener">'
        "Why</a></p>",
    }
    assert dee["published"] == "2026-01-02T23:30:00"
    assert (mia["author"]["name"], ned["author"]["name"]) == ("Mia", "Ned")
    assert (eve["wm-property"], eve["rsvp"]) == ("rsvp", "yes")
    counted = json.loads(asked(site, "/api/count"))
    assert {word: number for word, number in counted["type"].items() if number} == {
        "like": 2,
        "reply": 3,
        "rsvp-yes": 1,
    }


def test_json_and_jf2_say_the_same_of_each(site: pingback.Site) -> None:
    mentions = json.loads(asked(site, "/api/mentions.json"))["mentions"]
    entries = json.loads(asked(site, "/api/mentions.jf2"))["children"]
    assert [each["url"] for each in mentions] == [each["url"] for each in entries]
    assert [each["kind"] for each in mentions] == [each["wm-property"] for each in entries]
    assert [each["content"] for each in mentions[:3]] == [each["content"] for each in entries[:3]]
