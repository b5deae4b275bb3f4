"""`pingback.server.display`: the fragment as people, parsers of microformats and strangers see it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import mf2py
import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Dialog, Page, expect

from pingback.model import Author, Content, Mention, MentionKind, MentionStatus, Rsvp
from pingback.server.app import handle
from pingback.server.display import fragment, heading
from pingback.server.http import Request, Response
from pingback.server.run import Server
from pingback.store import Store
from tests.browser.axe import violations
from tests.loopback import Site
from tests.loopback import page as answered
from tests.receive.lax import Receiver
from tests.receive.pages import Pages
from tests.server.shells import wsgi_of
from tests.server.strangers import HOSTILE, HOSTILE_REPLY, LIKE, PLAIN, REPLY, RSVP, TARGET

# A page's own strict policy: no script but the widget, no inline handler, and no other place to load from.
POLICY = "default-src 'none'; script-src {server}; connect-src {server}"
DOCS = Path(__file__).parents[2] / "docs/display.md"
DIV = f'<div data-pingback-mentions data-target="{TARGET}"><a href="#">Mentions</a></div>'


BOOKMARK = replace(LIKE, kind=MentionKind.BOOKMARK, title="Part five", excerpt="Twice, for the joins.")
WORDS = "So it is. " * 990
LONG_REPLY = replace(
    REPLY, source="https://l.example/1", author=Author(name="Lon"), content=Content(text=WORDS, html=f"<p>{WORDS}</p>")
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Store("sqlite://") as store, Receiver(site="https://my.example/", store=store, client=Pages()) as receiver:
        yield receiver


def get(receiver: Receiver, query: str = f"target={TARGET}", base: str = "https://my.example/mount") -> Response:
    return handle(Request(method="GET", path="/mentions", query=query, base=base), receiver)


def seen(html: str) -> list[str]:
    """What a person reads, a line for each paragraph, heading, reply and name in a row."""
    parts = BeautifulSoup(html, "html.parser").select("h2, h3, p:not(.e-content p), .e-content, ul > li")
    return [" ".join(each.get_text(" ").split()).replace(" ,", ",") for each in parts]


def test_what_a_person_reads() -> None:
    repost = replace(LIKE, source="https://c.example/x", kind=MentionKind.REPOST, author=None)
    unnamed = replace(PLAIN, title=None, excerpt=None, site_name=None, author=None, published=None)
    assert seen(fragment([PLAIN, LIKE, repost, unnamed, REPLY, RSVP], title="The “Case” & I")) == [
        "6 thoughts on “The “Case” & I”",
        "Pingback: A post | Ann’s site",
        "As said in part five, it is so.",
        "Ann, 2026-01-01",
        "Pingback: https://a.example/post",
        "Dee, 2026-01-02",
        "I do not think so. See my post .",
        "Liked by",
        "Bob",
        "Reposted by",
        "c.example",
        "RSVP: maybe",
        "Eve of the Moor",
    ]


@pytest.mark.parametrize(
    ("mention", "expected"),
    [
        pytest.param(replace(PLAIN, title=None), ["Ann, 2026-01-01", PLAIN.excerpt], id="note"),
        pytest.param(
            replace(PLAIN, title=None, author=None, site_name=None, published=None),
            ["a.example", PLAIN.excerpt],
            id="note-of-nobody",
        ),
        pytest.param(
            replace(REPLY, title="No | Dee", content=None, published=None, published_as=None),
            ["Dee, No | Dee", REPLY.excerpt],
            id="reply-with-a-title",
        ),
        pytest.param(
            replace(REPLY, title="I do not think so. See my… – Dee’s notes"),
            ["Dee, 2026-01-02", "I do not think so. See my post ."],
            id="reply-with-a-title-beside-its-words",
        ),
        pytest.param(
            replace(REPLY, permalink=None, original="https://f.example/1"),
            ["Dee, 2026-01-02 via d.example", "I do not think so. See my post ."],
            id="reply-from-elsewhere",
        ),
        pytest.param(
            replace(PLAIN, original="https://f.example/1", author=None, published=None),
            ["Pingback: A post | Ann’s site", PLAIN.excerpt, "via a.example"],
            id="mention-from-elsewhere",
        ),
        pytest.param(
            replace(REPLY, source="https://brid.gy/comment/1", permalink="https://f.example/1"),
            ["Dee, 2026-01-02", "I do not think so. See my post ."],
            id="reply-from-a-relay",
        ),
        pytest.param(
            replace(LIKE, original="https://f.example/1"), ["Liked by", "Bob via b.example"], id="like-from-elsewhere"
        ),
        pytest.param(
            replace(RSVP, rsvp=Rsvp.NO, content=REPLY.content),
            ["RSVP: no", "Eve of the Moor I do not think so. See my post .", "I do not think so. See my post ."],
            id="answer-with-words",
        ),
        pytest.param(replace(RSVP, rsvp=None), ["Eve of the Moor, e.example"], id="answer-that-is-none"),
        pytest.param(BOOKMARK, ["Bookmarked by", "Bob Twice, for the joins.", "Twice, for the joins."], id="bookmark"),
        pytest.param(
            replace(BOOKMARK, excerpt="Part Five", title="Part five – a book"),
            ["Bookmarked by", "Bob"],
            id="bookmarked-link",
        ),
        pytest.param(replace(BOOKMARK, excerpt=TARGET), ["Bookmarked by", "Bob"], id="bookmarked-address"),
        pytest.param(replace(BOOKMARK, kind=MentionKind.LIKE), ["Liked by", "Bob"], id="like-with-words"),
    ],
)
def test_who_says_what(mention: Mention, expected: list[str]) -> None:
    assert seen(fragment([mention]))[1:] == expected


def test_the_names_of_relays_are_a_setting(receiver: Receiver) -> None:
    elsewhere = replace(REPLY, permalink="https://f.example/1")
    assert "via d.example" in seen(fragment([elsewhere]))[1]
    assert "via" not in seen(fragment([elsewhere], relays=["d.example"]))[1]


def test_links_lead_to_the_entry_s_own_address() -> None:
    elsewhere = replace(LIKE, permalink="https://b.example/likes#1")
    links = BeautifulSoup(fragment([REPLY, elsewhere]), "html.parser").select("a.u-url")
    assert [link["href"] for link in links] == ["https://d.example/notes/7", "https://b.example/likes#1"]


@pytest.mark.parametrize(
    ("written", "day", "instant"),
    [
        pytest.param("2026-01-02T23:30-05:00", "2026-01-02", "2026-01-02T23:30-05:00", id="with-a-zone"),
        pytest.param("2026-01-02T23:30", "2026-01-02", "2026-01-02T23:30", id="without-one"),
        pytest.param("2026-01-02", "2026-01-02", "2026-01-02", id="a-day"),
        pytest.param(None, "2026-01-03", "2026-01-03T04:30:00Z", id="not-kept"),
    ],
)
def test_the_day_is_the_one_that_was_written(written: str | None, day: str, instant: str) -> None:
    [time] = BeautifulSoup(fragment([replace(REPLY, published_as=written)]), "html.parser").find_all("time")
    assert (time.get_text(), time["datetime"]) == (day, instant)


def test_a_long_reply_is_folded_and_whole() -> None:
    [folded] = BeautifulSoup(fragment([LONG_REPLY]), "html.parser").select("li > details")
    summary, whole = folded.find_all(True, recursive=False)
    assert summary.get_text() == "So it is. " * 19 + "So it is.…"
    assert whole.get_text() == WORDS
    assert (summary.name, whole["class"]) == ("summary", ["e-content"])


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        pytest.param("x" * 2000, 0, id="long"),
        pytest.param("x" * 2001, 1, id="very-long"),
        pytest.param("x\n" * 60, 0, id="lines"),
        pytest.param("x\n" * 61, 1, id="many-lines"),
    ],
)
@pytest.mark.parametrize("mention", [REPLY, RSVP], ids=["reply", "answer"])
def test_what_is_folded(mention: Mention, text: str, folded: int) -> None:
    html = fragment([replace(mention, content=Content(text=text, html=f"<p>{text}</p>"))])
    assert (html.count("<details"), html.count("</details>"), html.count("e-content")) == (folded, folded, 1)


def test_what_is_folded_is_one_value_for_a_reader_of_microformats() -> None:
    entry = f'<article class="h-entry"><h1 class="p-name">Five</h1>{fragment([LONG_REPLY])}</article>'
    [comment] = mf2py.parse(doc=entry, url=TARGET)["items"][0]["properties"]["comment"]
    assert set(comment["properties"]) == {"author", "url", "published", "content"}
    assert [each["value"] for each in comment["properties"]["content"]] == [WORDS.strip()]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        pytest.param("</summary></details><b>" * 200, "<p>x</p>", id="text"),
        pytest.param("x" * 3000, "<p>" + "</div></details></li></ol></section><summary>y</summary>" * 50, id="html"),
    ],
)
def test_nobody_ends_the_fold_from_inside(text: str, html: str) -> None:
    read = BeautifulSoup(fragment([replace(REPLY, content=Content(text=text, html=html)), LIKE]), "html5lib")
    assert len(read.select("section li.u-comment > details > .e-content")) == 1
    assert len(read.select("section > .pingback-group li.u-like")) == 1
    assert [len(read.find_all(tag)) for tag in ("details", "summary", "section")] == [1, 1, 1]


def test_nothing_to_show_is_nothing_to_read() -> None:
    assert seen(fragment([])) == []


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        pytest.param([{"author": Author(name="Cem")}], ["Bob", "Cem"], id="two"),
        pytest.param([{}], ["Bob"], id="the-same"),
        pytest.param([{"author": Author(name="Bobby", url="http://b.example")}], ["Bob"], id="the-same-by-address"),
        pytest.param([{"author": Author(name="Bob", url="https://b.example/b")}], ["Bob", "Bob"], id="two-of-a-name"),
        pytest.param([{"author": Author(name="Cem")}] * 2, ["Bob", "Cem"], id="the-same-by-name-and-host"),
        pytest.param([{"author": None}] * 2, ["Bob", "b.example"], id="nobody"),
    ],
)
def test_each_person_once(others: list[dict[str, Any]], expected: list[str]) -> None:
    likes = [replace(LIKE, source=f"https://b.example/{number}", **other) for number, other in enumerate(others)]
    assert seen(fragment([LIKE, *likes]))[2:] == expected


def test_of_one_person_the_bookmark_stands_that_says_something() -> None:
    bare = replace(BOOKMARK, source="https://b.example/2", excerpt=None)
    for told in ([bare, BOOKMARK], [BOOKMARK, bare]):
        assert seen(fragment(told))[1:] == ["Bookmarked by", "Bob Twice, for the joins.", "Twice, for the joins."]


def test_of_two_answers_of_one_person_the_last_one_stands() -> None:
    changed = replace(RSVP, source="https://e.example/2", rsvp=Rsvp.YES, received=RSVP.received + timedelta(days=1))
    for told in ([RSVP, changed], [changed, RSVP]):
        assert seen(fragment(told))[1:] == ["RSVP: yes", "Eve of the Moor"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Bob", "B"),
        ("Eve of the Moor", "EM"),
        ("  élan vital ", "ÉV"),
        ("“Q” (they)", "QT"),
        ("李小龍", "李"),
        ("ß", "S"),
        ("🎉", "B"),
        (None, "B"),
    ],
)
def test_initials(name: str | None, expected: str) -> None:
    [person] = BeautifulSoup(fragment([replace(LIKE, author=Author(name=name))]), "html.parser").select(".u-like > a")
    assert person["data-initials"] == expected


@pytest.mark.parametrize(
    ("mention", "expected"),
    [
        pytest.param(replace(PLAIN, author=None), "2026-01-01", id="a-date-alone"),
        pytest.param(replace(PLAIN, published=None), "Ann", id="an-author-alone"),
        pytest.param(replace(PLAIN, author=Author(photo="https://a.example/a.png")), "2026-01-01", id="no-name"),
    ],
)
def test_who_and_when(mention: Mention, expected: str) -> None:
    assert seen(fragment([mention]))[-1] == expected


def test_a_reader_of_microformats() -> None:
    entry = f'<article class="h-entry"><h1 class="p-name">Five</h1>{fragment([PLAIN, LIKE])}</article>'
    [parsed] = mf2py.parse(doc=entry, url=TARGET)["items"]
    [comment], [like] = parsed["properties"]["comment"], parsed["properties"]["like"]
    assert comment["type"] == ["h-cite"]
    assert comment["properties"]["name"] == ["A post | Ann’s site"]
    assert comment["properties"]["url"] == ["https://a.example/post"]
    assert comment["properties"]["content"] == ["As said in part five, it is so."]
    assert comment["properties"]["published"] == ["2026-01-01T08:00:00Z"]
    [author] = comment["properties"]["author"]
    assert (author["type"], author["properties"]) == (["h-card"], {"name": ["Ann"], "url": ["https://a.example/"]})
    assert like["properties"] == {"author": like["properties"]["author"], "url": ["https://b.example/like"]}
    assert like["properties"]["author"][0]["properties"] == {"name": ["Bob"], "url": ["https://b.example/"]}


def test_replies_and_answers_for_a_reader_of_microformats() -> None:
    entry = f'<article class="h-entry"><h1 class="p-name">Five</h1>{fragment([REPLY, RSVP])}</article>'
    [parsed] = mf2py.parse(doc=entry, url=TARGET)["items"]
    assert set(parsed["properties"]) == {"name", "comment", "rsvp"}
    [reply], [rsvp] = parsed["properties"]["comment"], parsed["properties"]["rsvp"]
    author = {"type": ["h-card"], "value": "Dee", "properties": {"name": ["Dee"], "url": ["https://d.example/"]}}
    assert reply["properties"] == {
        "author": [author],
        "url": ["https://d.example/notes/7"],
        "published": ["2026-01-02T23:30-0500"],
        "content": [
            {
                "html": "<p>I do <em>not</em> think so.</p><p>See "
                '<a href="https://d.example/q" rel="nofollow ugc noopener">my post</a>.</p>',
                "value": "I do not think so.\n\nSee my post.",
            }
        ],
    }
    assert (rsvp["type"], rsvp["properties"]["rsvp"]) == (["h-cite"], ["maybe"])
    assert rsvp["properties"]["url"] == ["https://e.example/rsvp"]
    assert rsvp["properties"]["author"][0]["properties"]["name"] == ["Eve of the Moor"]


def test_every_link_of_a_stranger_is_nofollow_and_ugc() -> None:
    links = BeautifulSoup(fragment([PLAIN, LIKE, HOSTILE, REPLY, RSVP, HOSTILE_REPLY]), "html.parser").find_all("a")
    assert len(links) == 10
    for link in links:
        assert {"nofollow", "ugc"} <= set(link["rel"])


def test_nobody_s_picture_is_loaded() -> None:
    assert "ann.png" not in fragment([PLAIN])


@pytest.mark.parametrize("parser", ["html.parser", "lxml"])
def test_strangers_in_html(parser: str) -> None:
    kinds = [replace(HOSTILE, kind=kind, rsvp=Rsvp.YES) for kind in MentionKind]
    html = fragment([HOSTILE, HOSTILE_REPLY, *kinds], title=HOSTILE.title)
    assert len(html) < 200_000
    assert set(html).isdisjoint("\0\x01\x1b\u202e\u2066\ud800\ufffe")
    section = BeautifulSoup(html, parser).section
    assert section is not None
    assert section.find_all(["script", "img", "style", "svg", "iframe", "form", "button"]) == []
    for element in section.find_all(True):
        assert set(element.attrs) <= {"class", "rel", "href", "datetime", "lang", "dir", "value", "data-initials"}
        assert str(element.get("href", "https://")).startswith("https://")
    for words in section.find_all("bdi"):  # which keep their direction of writing to themselves
        assert words.find_all(True) == []
    for words in section.select(".e-content"):
        assert words["dir"] == "auto"
        assert words.select("[class]") == []
    title, *_ = section.find_all("a")
    assert title.get_text().startswith("</script></style></title>--></bdi></a>")


def test_the_page_s_own_title_may_be_given(receiver: Receiver) -> None:
    receiver.store.mentions.keep(PLAIN)
    assert seen(get(receiver).body.decode())[0] == "1 thought on this page"
    titled = get(receiver, f"target={TARGET}&title={quote('A <b> & “c”')}")
    assert seen(titled.body.decode())[0] == "1 thought on “A <b> & “c””"
    assert b'<h2 lang="en">1 thought on \xe2\x80\x9cA &lt;b&gt; &amp;' in titled.body


def test_oldest_first_and_the_rest_behind_a_link(receiver: Receiver) -> None:
    for number in range(3):
        receiver.store.mentions.keep(replace(PLAIN, source=f"https://a.example/{number}", title=f"Post {number}"))
    html = get(receiver, f"target={TARGET}&per-page=2").body.decode()
    assert [text for text in seen(html) if "Pingback" in text] == ["Pingback: Post 0", "Pingback: Post 1"]
    assert seen(html)[0] == "3 thoughts on this page"
    [more] = BeautifulSoup(html, "html.parser").select("a[rel~=next]")
    prefix = f"/mount/mentions?target={TARGET}&per-page=2&after="
    assert str(more["href"]).startswith(prefix)
    rest = get(receiver, str(more["href"]).partition("?")[2]).body.decode()
    assert "Pingback: Post 2" in seen(rest)
    assert not BeautifulSoup(rest, "html.parser").select("a[rel~=next]")


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("https://evil.example", "/mentions"),
        ("https://evil.example/", "/mentions"),
        ("http://evil.example:81/a/b", "/a/b/mentions"),
        ("", "/mentions"),
        ("/a/b", "/a/b/mentions"),
    ],
)
def test_no_link_carries_the_host_that_was_asked_for(receiver: Receiver, base: str, path: str) -> None:
    for number in range(2):
        receiver.store.mentions.keep(replace(PLAIN, source=f"https://a.example/{number}"))
    response = get(receiver, f"target={TARGET}&per-page=1", base=base)
    assert f'href="{path}?'.encode() in response.body
    assert b"evil.example" not in response.body
    assert "evil.example" not in str(response.headers)


@pytest.mark.parametrize("status", [status for status in MentionStatus if status is not MentionStatus.APPROVED])
def test_only_what_is_approved_is_shown(receiver: Receiver, status: MentionStatus) -> None:
    receiver.store.mentions.keep(replace(PLAIN, status=status))
    assert seen(get(receiver).body.decode()) == []


def test_opened_by_itself_it_runs_nothing(receiver: Receiver) -> None:
    headers = get(receiver).headers
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize("query", ["", "target=x", f"target={TARGET}&title=a&title=b"])
def test_a_question_that_cannot_be_understood_is_400(receiver: Receiver, query: str) -> None:
    response = get(receiver, query)
    assert (response.status, response.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("count", "title", "expected"),
    [
        (0, None, "0 thoughts on this page"),
        (1, "", "1 thought on this page"),
        (7, " Oil,\nBrass ", "7 thoughts on “Oil, Brass”"),
        (2, "word " * 100, f"2 thoughts on “{'word ' * 39}word…”"),
    ],
)
def test_the_heading(count: int, title: str | None, expected: str) -> None:
    assert heading(count, title) == expected


@pytest.fixture
def store() -> Iterator[Store]:
    with Store("sqlite://") as store:
        yield store


@pytest.fixture
def server(store: Store) -> Iterator[str]:
    """The URL of a server with that store."""
    with (
        Receiver(site="https://my.example/", store=store, client=Pages()) as receiver,
        Server(wsgi_of(receiver)) as server,
    ):
        yield server.url


@pytest.fixture
def site(server: str) -> Iterator[Site]:
    """A static page on another origin, which `opened` makes."""
    with Site() as site:
        yield site


def filled(browser_page: Page, site: Site, server: str, html: str) -> Page:
    """The browser at a page with this markup and the script after it."""
    return opened(browser_page, site, server, f'{html}<script src="{server}/widget.js"></script>')


def opened(browser_page: Page, site: Site, server: str, html: str) -> Page:
    """The browser at a page with this markup and the strict policy."""
    policy = {"Content-Security-Policy": POLICY.format(server=server)}
    document = f'<!doctype html><meta charset="utf-8"><title>Five</title>{html}'
    site.pages["/five?a=1"] = answered(document.encode(), headers=policy)
    browser_page.goto(f"{site.url}/five?a=1#top")
    return browser_page


def test_it_fills_its_place(browser_page: Page, site: Site, server: str, store: Store) -> None:
    repost = replace(LIKE, source="https://c.example/repost", kind=MentionKind.REPOST, author=None)
    second = replace(LIKE, source="https://d.example/like", author=None)
    for mention in (PLAIN, LIKE, repost, second):
        store.mentions.keep(mention)
    page = filled(browser_page, site, server, DIV)
    section = page.locator("[data-pingback-mentions] > section.pingback-mentions:only-child")
    expect(section.get_by_role("heading", name="4 thoughts on this page")).to_be_visible()
    expect(section.locator("ol > li > p")).to_have_text(
        ["Pingback: A post | Ann’s site", "As said in part five, it is so.", "Ann, 2026-01-01"]
    )
    expect(section.locator("h3")).to_have_text(["Liked by", "Reposted by"])
    expect(section.locator("ul > li")).to_have_text(["Bob", "d.example", "c.example"])
    link = section.get_by_role("link", name="A post | Ann’s site")
    expect(link).to_have_attribute("href", PLAIN.source)
    expect(link).to_have_attribute("rel", "nofollow ugc")


def test_as_the_docs_say(browser_page: Page, site: Site, server: str, store: Store) -> None:
    store.mentions.keep(replace(PLAIN, target="https://blog.example/part-five"))
    [html] = re.findall(r"^```html\n(<div .*?)^```$", DOCS.read_text(), re.MULTILINE | re.DOTALL)
    page = opened(browser_page, site, server, html.replace("https://ping.example", server))
    expect(page.get_by_role("heading", name="1 thought on this page")).to_be_visible()


def test_one_thought_and_two_places(browser_page: Page, site: Site, server: str, store: Store) -> None:
    store.mentions.keep(PLAIN)
    headings = filled(browser_page, site, server, DIV + DIV).get_by_role("heading")
    expect(headings).to_have_text(["1 thought on this page"] * 2)


@pytest.mark.parametrize(
    ("head", "target"),
    [
        pytest.param('<link rel="canonical" href="https://my.example/part-5#x">', TARGET, id="canonical"),
        pytest.param("", "{site}/five?a=1", id="where-it-is"),
    ],
)
def test_without_a_target_it_is_the_page_itself(
    browser_page: Page, site: Site, server: str, store: Store, head: str, target: str
) -> None:
    store.mentions.keep(replace(PLAIN, target=target.format(site=site.url)))
    page = filled(browser_page, site, server, f"{head}<div data-pingback-mentions></div>")
    expect(page.get_by_role("heading", name="1 thought on this page")).to_be_visible()


@pytest.mark.parametrize("html", ["<p>No place for it.</p>", DIV], ids=["no-place", "nothing-to-show"])
def test_where_there_is_nothing_to_do_the_page_stays(browser_page: Page, site: Site, server: str, html: str) -> None:
    page = filled(browser_page, site, server, html)
    page.wait_for_load_state("networkidle")
    assert page.locator("section").count() == 0
    assert page.get_by_role("link", name="Mentions").count() == html.count("Mentions")


def test_where_the_server_does_not_answer_the_page_stays(
    browser_page: Page, site: Site, server: str, store: Store
) -> None:
    store.close()
    page = filled(browser_page, site, server, DIV)
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("link", name="Mentions")).to_be_visible()


def test_strangers_in_the_widget(browser_page: Page, site: Site, server: str, store: Store) -> None:
    """The fixture fails for a script of theirs that ran and for one that the page's policy stopped; so do we."""
    dialogs: list[str] = []

    def heard(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    browser_page.on("dialog", heard)
    store.mentions.keep(replace(HOSTILE, target=TARGET))
    store.mentions.keep(
        replace(HOSTILE, source=HOSTILE.source.replace("?", "2?"), target=TARGET, kind=MentionKind.LIKE)
    )
    store.mentions.keep(replace(HOSTILE_REPLY, target=TARGET))
    place = filled(browser_page, site, server, DIV).locator("[data-pingback-mentions]")
    expect(place.get_by_role("heading")).to_have_text(["3 thoughts on this page", "Liked by"])
    assert place.locator("img, script, style, svg, iframe, form, button").count() == 0
    for link in place.locator("a").all():
        assert str(link.get_attribute("href") or "https://c.example/").startswith("https://c.example/")
        link.hover()
    assert str(place.locator("a").first.text_content()).startswith("</script></style></title>--></bdi></a>")
    assert dialogs == []


def test_the_fragment_by_itself(browser_page: Page, server: str, store: Store) -> None:
    store.mentions.keep(replace(HOSTILE, target=TARGET))
    browser_page.goto(f"{server}/mentions?target={TARGET}&title=<script>alert(1)</script>")
    expect(browser_page.get_by_role("heading")).to_have_text("1 thought on “<script>alert(1)</script>”")
    assert browser_page.locator("img, script").count() == 0


def test_a_reply_and_answers_in_the_widget(browser_page: Page, site: Site, server: str, store: Store) -> None:
    for mention in (REPLY, RSVP, replace(RSVP, source="https://f.example/", author=Author(name="Fay"), rsvp=Rsvp.YES)):
        store.mentions.keep(mention)
    page = filled(browser_page, site, server, f"<main><h1>Five</h1>{DIV}</main>")
    expect(page.locator(".e-content > p")).to_have_text(["I do not think so.", "See my post."])
    expect(page.locator("h3")).to_have_text(["RSVP: yes", "RSVP: maybe"])
    expect(page.locator("ul > li")).to_have_text(["Fay", "Eve of the Moor"])


def test_more_than_it_shows_is_behind_a_link_to_the_server(
    browser_page: Page, site: Site, server: str, store: Store
) -> None:
    for number in range(1001):
        store.mentions.keep(replace(PLAIN, source=f"https://a.example/{number}"))
    more = filled(browser_page, site, server, DIV).get_by_role("link", name="More")
    expect(more).to_have_attribute("href", re.compile(re.escape(f"{server}/mentions?")))


def test_a_long_reply_opens_by_a_key_and_is_read_whole(
    browser_page: Page, site: Site, server: str, store: Store
) -> None:
    store.mentions.keep(LONG_REPLY)
    page = filled(browser_page, site, server, DIV)
    whole = page.locator("details > .e-content")
    expect(page.locator("summary")).to_be_visible()
    expect(whole).not_to_be_visible()
    for key in ("Tab", "Tab", "Tab", "Enter"):  # behind the links to the reply and to its page
        page.keyboard.press(key)
    expect(whole).to_be_visible()
    expect(whole).to_have_text(WORDS)


@pytest.mark.parametrize("width", [320, 1280])
def test_the_style_of_the_docs_fits_any_width_and_prints_what_is_folded(browser_page: Page, width: int) -> None:
    [style] = re.findall(r"^```css\n(.*?)^```$", DOCS.read_text(), re.MULTILINE | re.DOTALL)
    unbroken = Content(text="x" * 3000, html=f"<p>{'x' * 3000}</p>")
    html = fragment([PLAIN, LIKE, BOOKMARK, LONG_REPLY, replace(RSVP, content=unbroken)])
    browser_page.set_viewport_size({"width": width, "height": 800})
    browser_page.set_content(f"<!doctype html><title>Five</title><style>{style}</style>{html}")
    whole = browser_page.locator("details > .e-content")
    expect(whole.first).not_to_be_visible()
    assert browser_page.evaluate("document.documentElement.scrollWidth") == width
    for summary in browser_page.locator("summary").all():
        summary.click()
    expect(whole.first).to_be_visible()
    assert browser_page.evaluate("document.documentElement.scrollWidth") == width
    for summary in browser_page.locator("summary").all():
        summary.click()
    browser_page.emulate_media(media="print")
    expect(whole.first).to_be_visible()
    expect(whole.last).to_be_visible()


def test_everybody_can_read_it(browser_page: Page, site: Site) -> None:
    elsewhere = replace(REPLY, permalink="https://f.example/1")
    html = fragment([PLAIN, LIKE, BOOKMARK, REPLY, LONG_REPLY, RSVP, elsewhere], title="Five")
    document = f"<!doctype html><html lang=de><title>Fünf</title><main><h1>Fünf</h1>{html}</main>"
    site.pages["/"] = answered(document.encode())
    browser_page.goto(site.url)
    assert violations(browser_page) == []


def fetched(**headers: str) -> Response:
    with Store("sqlite://") as store, Receiver(site="https://my.example/", store=store, client=Pages()) as receiver:
        return handle(Request(method="GET", path="/widget.js", headers=headers), receiver)


def test_the_script_is_small_and_may_be_kept() -> None:
    script = fetched()
    assert len(script.body) < 3000
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert script.headers["Cache-Control"] == "public, max-age=3600"
    assert fetched(**{"if-none-match": script.headers["ETag"]}).status == 304


def test_the_script_runs_nothing_of_the_markup() -> None:
    for word in (b"innerHTML", b"outerHTML", b"insertAdjacentHTML", b"document.write", b"eval", b"onclick"):
        assert word not in fetched().body
