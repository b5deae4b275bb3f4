"""JSON sources that tell of posts: mf2 JSON, JF2 and ActivityStreams 2."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.model import Author, Content, MentionKind, Protocol, Rsvp, Verification
from pingback.page.about import read_mention

SOURCE = "https://other.example/notes/six"
TARGET = "https://my.example/2026/part-five"
MF2, JF2, JSON = "application/mf2+json", "application/jf2+json", "application/json"
AS2 = "application/activity+json"
LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
CONTEXT = "https://www.w3.org/ns/activitystreams"

ANN = Author(name="Ann", url="https://other.example/ann", photo="https://other.example/ann.jpg")
CARD = {
    "type": ["h-card"],
    "properties": {
        "name": ["Ann"],
        "url": ["https://other.example/ann"],
        "photo": [{"value": "https://other.example/ann.jpg", "alt": ""}],
    },
    "value": "Ann",
}
PERSON = {
    "type": "Person",
    "id": "https://other.example/users/1",
    "name": "Ann",
    "url": "https://other.example/ann",
    "icon": {"type": "Image", "mediaType": "image/jpeg", "url": "https://other.example/ann.jpg"},
}


def read(document: object, content_type: str = JSON, *, source: str = SOURCE) -> Verification:
    text = document if isinstance(document, str) else json.dumps(document)
    return read_mention(
        text.encode("utf-8", "replace"),
        source=source,
        target=TARGET,
        url=source.partition("#")[0],
        content_type=content_type,
        protocol=Protocol.WEBMENTION,
    )


def entry(**properties: object) -> dict[str, Any]:
    """An item of mf2 JSON; `_` stands for `-`."""
    named = {
        name.replace("_", "-"): value if isinstance(value, list) else [value] for name, value in properties.items()
    }
    return {"type": ["h-entry"], "properties": named}


def card(name: str, url: str) -> dict[str, Any]:
    return {"type": ["h-card"], "properties": {"name": [name], "url": [url]}}


def cite(url: str, **properties: object) -> dict[str, Any]:
    return {**entry(url=url, **properties), "type": ["h-cite"], "value": url}


@pytest.mark.parametrize(
    "content_type", [MF2, JSON, "application/mf2+json; charset=utf-8"], ids=["mf2", "json", "parameters"]
)
@pytest.mark.parametrize("wrapped", [True, False], ids=["items", "an-item-alone"])
def test_a_reply_in_mf2_json(content_type: str, wrapped: bool) -> None:
    item = entry(
        in_reply_to=TARGET,
        content={"html": "<p>Well <b>said</b>.</p>", "value": "Well said."},
        author=CARD,
        published="2026-05-05T10:00:00+02:00",
        url="https://other.example/notes/6",
    )
    said = read({"items": [item], "rels": {}, "rel-urls": {}} if wrapped else item, content_type)
    assert said.linked
    assert said.kind is MentionKind.REPLY
    assert (said.title, said.excerpt) == (None, "Well said.")
    assert said.content == Content(text="Well said.", html="<p>Well <b>said</b>.</p>")
    assert said.author == ANN
    assert said.published == datetime(2026, 5, 5, 8, 0, tzinfo=UTC)
    assert said.published_as == "2026-05-05T10:00:00+02:00"
    assert said.url == "https://other.example/notes/6"


@pytest.mark.parametrize("content_type", [JF2, JSON])
def test_a_reply_in_jf2(content_type: str) -> None:
    said = read(
        {
            "type": "entry",
            "in-reply-to": TARGET,
            "content": {"text": "Well said.", "html": "<p>Well <b>said</b>.</p>"},
            "author": {
                "type": "card",
                "name": "Ann",
                "url": "https://other.example/ann",
                "photo": "https://other.example/ann.jpg",
            },
            "published": "2026-05-05T08:00:00Z",
            "url": SOURCE,
        },
        content_type,
    )
    assert said.kind is MentionKind.REPLY
    assert said.content == Content(text="Well said.", html="<p>Well <b>said</b>.</p>")
    assert said.author == ANN
    assert said.published == datetime(2026, 5, 5, 8, 0, tzinfo=UTC)
    assert said.url == SOURCE


@pytest.mark.parametrize("content_type", [AS2, LD, JSON])
def test_a_reply_in_activitystreams(content_type: str) -> None:
    said = read(
        {
            "@context": [CONTEXT, {"sensitive": "as:sensitive"}],
            "id": "https://other.example/users/1/statuses/6",
            "type": "Note",
            "summary": None,
            "inReplyTo": TARGET,
            "published": "2026-05-05T08:00:00Z",
            "url": "https://other.example/@ann/6",
            "attributedTo": PERSON,
            "content": "<p>Well <b>said</b>.</p>",
            "contentMap": {"en": "<p>Well <b>said</b>.</p>"},
        },
        content_type,
    )
    assert said.kind is MentionKind.REPLY
    assert (said.title, said.excerpt) == (None, "Well said.")
    assert said.content == Content(text="Well said.", html="<p>Well <b>said</b>.</p>")
    assert said.author == ANN
    assert said.published == datetime(2026, 5, 5, 8, 0, tzinfo=UTC)
    assert said.url == "https://other.example/@ann/6"


@pytest.mark.parametrize(
    ("content_type", "context", "author"),
    [
        pytest.param(AS2, None, ANN, id="as2-2.1-the-type-alone"),
        pytest.param(AS2, "https://schema.org/", ANN, id="as2-2.1-another-context"),
        pytest.param(LD, None, ANN, id="activitypub-3.2-the-profile-alone"),
        pytest.param(LD, {"@vocab": f"{CONTEXT}#"}, ANN, id="the-profile-and-a-vocabulary"),
        pytest.param(
            f'application/ld+json; charset=utf-8; profile="https://x.example/ {CONTEXT}"', 5, ANN, id="of-two-profiles"
        ),
        pytest.param("application/ld+json", None, None, id="no-profile"),
        pytest.param('application/ld+json; profile="https://x.example/"', None, None, id="another-profile"),
        pytest.param(f'application/json; profile="{CONTEXT}"', None, None, id="a-profile-of-another-type"),
    ],
)
def test_what_a_type_says_no_context_has_to(content_type: str, context: object, author: Author | None) -> None:
    said = read({"@context": context, "type": "Note", "inReplyTo": TARGET, "attributedTo": PERSON}, content_type)
    assert said.linked
    assert said.author == author


def note(**more: object) -> dict[str, Any]:
    return {"@context": CONTEXT, "type": "Note", **more}


def activity(kind: str, target: object = TARGET, **more: object) -> dict[str, Any]:
    return {"@context": CONTEXT, "type": kind, "actor": "https://other.example/ann", "object": target, **more}


@pytest.mark.parametrize(
    ("document", "kind", "rsvp"),
    [
        pytest.param(entry(url=SOURCE, category=TARGET), "mention-of", None, id="mf2-mention"),
        pytest.param(entry(like_of=TARGET), "like-of", None, id="mf2-like"),
        pytest.param(entry(repost_of=cite(TARGET)), "repost-of", None, id="mf2-repost-of-a-cite"),
        pytest.param(entry(bookmark_of={"value": TARGET}), "bookmark-of", None, id="mf2-bookmark"),
        pytest.param(entry(in_reply_to=["https://x.example/", TARGET]), "in-reply-to", None, id="mf2-two-answered"),
        pytest.param(entry(in_reply_to=TARGET, like_of=TARGET), "like-of", None, id="mf2-like-before-reply"),
        pytest.param(entry(in_reply_to=TARGET, rsvp="Yes "), "rsvp", "yes", id="mf2-rsvp"),
        pytest.param(entry(in_reply_to=TARGET, rsvp="perhaps"), "in-reply-to", None, id="mf2-rsvp-unknown"),
        pytest.param(entry(syndication=TARGET, rsvp="yes"), "mention-of", None, id="mf2-rsvp-to-another"),
        pytest.param(
            entry(in_reply_to="https://x.example/", syndication=TARGET), "mention-of", None, id="mf2-reply-to-another"
        ),
        pytest.param({"type": "entry", "like-of": TARGET}, "like-of", None, id="jf2-like"),
        pytest.param({"type": "entry", "repost-of": [{"type": "cite", "url": TARGET}]}, "repost-of", None, id="cite"),
        pytest.param({"type": "entry", "rsvp": "maybe", "in-reply-to": [TARGET]}, "rsvp", "maybe", id="jf2-rsvp"),
        pytest.param(note(inReplyTo=[{"type": "Note", "id": TARGET}]), "in-reply-to", None, id="as2-note"),
        pytest.param(note(inReplyTo={"type": "Link", "href": TARGET}), "in-reply-to", None, id="as2-link"),
        pytest.param(note(tag=[{"type": "Mention", "href": TARGET}]), "mention-of", None, id="as2-mention"),
        pytest.param(note(inReplyTo="https://x.example/", to=TARGET), "mention-of", None, id="as2-reply-to-another"),
        pytest.param(activity("Like"), "like-of", None, id="as2-like"),
        pytest.param(activity("Like", [{"id": "http://x.example/", "url": TARGET}]), "like-of", None, id="as2-object"),
        pytest.param(activity("Announce"), "repost-of", None, id="as2-announce"),
        pytest.param(activity("Announce", note(inReplyTo=TARGET)), "mention-of", None, id="as2-announce-of-a-reply"),
        pytest.param(activity("Accept"), "rsvp", "yes", id="as2-accept"),
        pytest.param(activity("Reject", {"type": "Event", "id": TARGET}), "rsvp", "no", id="as2-reject"),
        pytest.param(activity("TentativeAccept"), "rsvp", "maybe", id="as2-tentative"),
        pytest.param(activity("Accept", activity("Invite")), "rsvp", "yes", id="as2-accept-an-invitation"),
        pytest.param(activity("Accept", activity("Follow")), "mention-of", None, id="as2-accept-a-follower"),
        pytest.param(activity("Create", note(inReplyTo=TARGET)), "in-reply-to", None, id="as2-create"),
        pytest.param(activity("Update", [note(inReplyTo=TARGET)]), "in-reply-to", None, id="as2-update"),
        pytest.param(activity("Undo", activity("Like")), "mention-of", None, id="as2-undo"),
        pytest.param(activity("Create", note(content="x"), to=[TARGET]), "mention-of", None, id="as2-addressed"),
        pytest.param(
            {"@context": CONTEXT, "@type": ["as:Like"], "object": {"@id": TARGET}}, "like-of", None, id="as2-keywords"
        ),
        pytest.param(activity(f"{CONTEXT}#Like"), "like-of", None, id="as2-a-type-in-full"),
        pytest.param({"type": "Like", "object": TARGET}, "mention-of", None, id="json-of-no-format"),
        pytest.param({"items": [{"like-of": TARGET}]}, "mention-of", None, id="items-of-no-format"),
    ],
)
def test_kind(document: object, kind: str, rsvp: str | None) -> None:
    said = read(document)
    assert (said.linked, said.kind, said.rsvp) == (True, MentionKind(kind), rsvp and Rsvp(rsvp))


@pytest.mark.parametrize(
    ("document", "author"),
    [
        pytest.param(entry(like_of=TARGET, author="Ann"), Author(name="Ann"), id="mf2-a-name"),
        pytest.param(
            entry(like_of=TARGET, author="https://a.example/"),
            Author(url="https://a.example/"),
            id="mf2-an-address",
        ),
        pytest.param(
            {"items": [entry(like_of=TARGET, author="https://a.example"), card("Ann", "https://a.example/")]},
            Author(name="Ann", url="https://a.example/"),
            id="mf2-an-address-that-a-card-names",
        ),
        pytest.param(
            {"items": [card("Ann", "https://a.example/"), entry(like_of=TARGET)]},
            Author(name="Ann", url="https://a.example/"),
            id="mf2-the-only-card",
        ),
        pytest.param(
            {"items": [card("Ann", "https://a.example/"), card("Bo", "https://b.example/"), entry(like_of=TARGET)]},
            None,
            id="mf2-two-cards",
        ),
        pytest.param(
            {
                "items": [
                    card("Ann", "https://a.example/"),
                    card("Bo", "https://b.example/"),
                    entry(like_of=TARGET),
                ],
                "rels": {"author": ["https://b.example/"]},
            },
            Author(name="Bo", url="https://b.example/"),
            id="mf2-rel-author",
        ),
        pytest.param(
            {
                "type": ["h-feed"],
                "properties": {"author": [card("Ann", "https://a.example/")]},
                "children": [entry(like_of=TARGET)],
            },
            Author(name="Ann", url="https://a.example/"),
            id="mf2-the-feed-s",
        ),
        pytest.param(
            entry(author="Bo", url=TARGET + "6", comment=cite("https://x.example/", in_reply_to=TARGET, author="Ann")),
            Author(name="Ann"),
            id="mf2-the-comment-s",
        ),
        pytest.param(
            entry(author="Bo", comment=cite("https://x.example/", in_reply_to=TARGET)), None, id="mf2-not-the-post-s"
        ),
        pytest.param(
            entry(author="Ann", repost_of=cite(TARGET, author="Bo")), Author(name="Ann"), id="mf2-not-the-cited"
        ),
        pytest.param(
            {**entry(author="Ann"), "children": [cite(TARGET, author="Bo")]},
            Author(name="Ann"),
            id="mf2-not-the-quoted-one",
        ),
        pytest.param(entry(repost_of=cite(TARGET, author="Bo")), None, id="mf2-none"),
        pytest.param(
            entry(like_of=TARGET, author={"type": ["h-card"], "properties": {"url": ["javascript:alert(1)"]}}),
            None,
            id="mf2-javascript",
        ),
        pytest.param(entry(like_of=TARGET, author=[{}, 5, None, "Ann"]), Author(name="Ann"), id="mf2-odd-ones"),
        pytest.param({"type": "entry", "like-of": TARGET, "author": "Ann"}, Author(name="Ann"), id="jf2-a-name"),
        pytest.param(note(to=TARGET, attributedTo="https://x.example/u"), Author(url="https://x.example/u"), id="as2"),
        pytest.param(
            note(to=TARGET, attributedTo=[{"type": "Person", "id": "https://x.example/u", "preferredUsername": "ann"}]),
            Author(name="ann", url="https://x.example/u"),
            id="as2-a-list",
        ),
        pytest.param(
            note(to=TARGET, attributedTo={"type": "Link", "href": "https://x.example/u", "name": "Ann"}),
            Author(name="Ann", url="https://x.example/u"),
            id="as2-a-link",
        ),
        pytest.param(
            {"@context": CONTEXT, "@graph": [PERSON, note(to=TARGET, attributedTo="https://other.example/users/1")]},
            ANN,
            id="as2-an-address-that-an-actor-names",
        ),
        pytest.param(activity("Like"), Author(url="https://other.example/ann"), id="as2-actor"),
        pytest.param(activity("Like", note(url=TARGET, attributedTo=PERSON), actor=None), None, id="as2-not-the-liked"),
        pytest.param(
            activity("Create", note(inReplyTo=TARGET)), Author(url="https://other.example/ann"), id="as2-publisher"
        ),
        pytest.param(
            activity("Create", note(inReplyTo=TARGET, attributedTo=PERSON), actor="https://x.example/"),
            ANN,
            id="as2-the-note-s-own",
        ),
        pytest.param(
            note(
                attributedTo="https://b.example/",
                replies={
                    "type": "Collection",
                    "items": [{"type": "Note", "inReplyTo": TARGET, "attributedTo": PERSON}],
                },
            ),
            ANN,
            id="as2-the-reply-s",
        ),
        pytest.param(
            activity("Like", actor={"type": "Person", "name": "x" * 300, "icon": [{"url": "data:x"}, "javascript:x"]}),
            Author(name="x" * 199 + "…"),
            id="as2-a-long-name",
        ),
    ],
)
def test_author(document: object, author: Author | None) -> None:
    said = read(document)
    assert said.linked
    assert said.author == author


@pytest.mark.parametrize(
    ("document", "title"),
    [
        pytest.param(entry(name="Part\nsix", to=TARGET, content="About it."), "Part six", id="mf2-name"),
        pytest.param(entry(name="Well said.", to=TARGET, content="Well  said."), None, id="mf2-implied"),
        pytest.param(entry(name="Well", to=TARGET, content="Well said."), None, id="mf2-the-beginning"),
        pytest.param(entry(to=TARGET, summary="S"), None, id="mf2-summary-is-none"),
        pytest.param({"type": "entry", "name": "Part six", "to": TARGET}, "Part six", id="jf2-name"),
        pytest.param(note(name="Part six", to=TARGET), "Part six", id="as2-name"),
        pytest.param(note(nameMap={"en": "Part six"}, to=TARGET), "Part six", id="as2-name-in-a-language"),
        pytest.param(note(summary="A warning", content="x", to=TARGET), None, id="as2-summary-is-none"),
        pytest.param(note(name="x" * 600, to=TARGET), "x" * 499 + "…", id="as2-long"),
        pytest.param(note(name=["Six"], to=TARGET), None, id="as2-no-string"),
        pytest.param(note(name="<b>Six</b>", to=TARGET), "<b>Six</b>", id="as2-a-name-is-text"),
    ],
)
def test_title(document: object, title: str | None) -> None:
    said = read(document)
    assert (said.linked, said.title) == (True, title)


LINK = f'<a href="{TARGET}">five</a>'


@pytest.mark.parametrize(
    ("document", "excerpt"),
    [
        pytest.param(
            entry(content={"html": f"<p>One.</p><p>As in {LINK}, so.</p><p>Two.</p>", "value": "?"}),
            "As in five, so.",
            id="mf2-around-the-link",
        ),
        pytest.param(note(content=f"<p>One.</p><p>As in {LINK}, so.</p>"), "As in five, so.", id="as2-around-the-link"),
        pytest.param(entry(content="As it is.", to=TARGET), "As it is.", id="mf2-a-string-elsewhere"),
        pytest.param(entry(content="<b>&amp;", to=TARGET), "<b>&amp;", id="mf2-text-is-no-html"),
        pytest.param(note(content="<p>a</p><script>b</script>", to=TARGET), "a", id="as2-no-scripts"),
        pytest.param(note(content="<b>a", mediaType="text/markdown", to=TARGET), "<b>a", id="as2-of-another-type"),
        pytest.param(note(summary="a <b>b</b>", to=TARGET), "a b", id="as2-summary"),
        pytest.param(note(contentMap={"en": "<p>a</p>"}, to=TARGET), "a", id="as2-content-in-a-language"),
        pytest.param(entry(summary="a", to=TARGET), "a", id="mf2-summary"),
        pytest.param(entry(like_of=TARGET, content="liked it"), None, id="mf2-like"),
        pytest.param(activity("Announce", content="RT"), None, id="as2-repost"),
        pytest.param(note(to=TARGET), None, id="as2-nothing"),
        pytest.param(note(content=f'<p>Look.</p><img src="{TARGET}">'), "Look.", id="as2-an-image-is-the-link"),
        pytest.param(
            entry(bookmark_of=TARGET, content={"html": f"<p>{LINK}</p><p>Read it.</p>"}), "five Read it.", id="bookmark"
        ),
    ],
)
def test_excerpt(document: object, excerpt: str | None) -> None:
    said = read(document)
    assert (said.linked, said.excerpt, said.content) == (True, excerpt, None)


@pytest.mark.parametrize(
    ("document", "linked"),
    [
        pytest.param(note(content=f"<p>See {LINK}</p>"), True, id="as2-content"),
        pytest.param(note(summary=LINK), True, id="as2-summary"),
        pytest.param(note(contentMap={"en": "x", "de": LINK}), True, id="as2-content-in-a-language"),
        pytest.param(note(content=f'<img src="{TARGET}">'), True, id="as2-image"),
        pytest.param(note(content='<a href="HTTP://MY.example:80/2026/part%2Dfive#x">x</a>'), True, id="equal-urls"),
        pytest.param(activity("Create", note(content=LINK)), True, id="as2-created"),
        pytest.param(entry(content={"html": LINK, "value": "five"}), True, id="mf2"),
        pytest.param({"type": "entry", "content": {"html": LINK, "text": "five"}}, True, id="jf2"),
        pytest.param(note(content=f"<p>See {TARGET}</p>"), False, id="as2-text"),
        pytest.param(note(content=f"<!-- {LINK} -->"), False, id="as2-comment"),
        pytest.param(note(content=f"<textarea>{LINK}"), False, id="as2-textarea"),
        pytest.param(note(content=f"&lt;a href={TARGET}>"), False, id="as2-escaped"),
        pytest.param(note(content=LINK, mediaType="text/plain"), False, id="as2-of-another-type"),
        pytest.param(note(source={"content": LINK, "mediaType": "text/markdown"}), False, id="as2-what-it-was-made-of"),
        pytest.param(note(name=LINK), False, id="as2-name"),
        pytest.param(entry(content=LINK), False, id="mf2-a-string-is-text"),
        pytest.param(entry(content={"html": f"<p>{TARGET}</p>", "value": LINK}), False, id="mf2-value-is-text"),
        pytest.param({"type": "entry", "content": LINK}, False, id="jf2-a-string-is-text"),
        pytest.param({"html": LINK, "content": LINK}, False, id="json-of-no-format"),
        pytest.param({"items": [{"html": LINK}]}, False, id="items-of-no-format"),
    ],
)
def test_links_in_html(document: object, linked: bool) -> None:
    assert read(document).linked is linked


def test_a_feed_is_no_source() -> None:
    assert not read({"type": "feed", "children": [{"type": "entry", "url": TARGET}]}, "application/jf2feed+json").linked


@pytest.mark.parametrize(
    ("items", "source", "author"),
    [
        pytest.param([entry(author="A", to=TARGET), entry(author="B", to=TARGET)], SOURCE, "A", id="first"),
        pytest.param([entry(author="A"), entry(author="B", to=TARGET)], SOURCE, "B", id="the-one-that-holds-it"),
        pytest.param(
            [entry(author="A", to=TARGET), entry(author="B", like_of=TARGET)], SOURCE, "B", id="one-with-a-kind"
        ),
        pytest.param(
            [entry(author="A", like_of=TARGET), entry(author="B", to=TARGET, url=SOURCE)],
            SOURCE,
            "B",
            id="the-source-s-own",
        ),
        pytest.param(
            [entry(author="A", url=SOURCE, to=TARGET), {**entry(author="B", to=TARGET), "id": "b"}],
            f"{SOURCE}#b",
            "B",
            id="the-fragment-s",
        ),
    ],
)
def test_who_speaks_of_several(items: list[object], source: str, author: str) -> None:
    assert read({"items": items}, source=source).author == Author(name=author)


@pytest.mark.parametrize(
    ("document", "permalink", "original"),
    [
        pytest.param(entry(like_of=TARGET, url=["javascript:x", f"{SOURCE}/a"]), f"{SOURCE}/a", None, id="mf2"),
        pytest.param(entry(like_of=TARGET, url="https://x.example/a"), None, "https://x.example/a", id="foreign"),
        pytest.param(entry(like_of=TARGET, url=["https://x.example/a", SOURCE]), SOURCE, None, id="own-before-foreign"),
        pytest.param(
            entry(like_of=TARGET, url=[TARGET, "http://x.example/"]), None, "http://x.example/", id="not-the-target"
        ),
        pytest.param(entry(like_of=TARGET, url=[{}, 4, ""]), None, None, id="odd"),
        pytest.param(note(to=TARGET, id=f"{SOURCE}/a"), None, None, id="as2-an-id-is-for-machines"),
        pytest.param(
            note(
                to=TARGET,
                url=[
                    {"type": "Link", "mediaType": "video/mp4", "href": f"{SOURCE}/v"},
                    {"type": "Link", "mediaType": "text/html", "href": f"{SOURCE}/a"},
                ],
            ),
            f"{SOURCE}/a",
            None,
            id="as2-links",
        ),
        pytest.param(note(to=TARGET, url={"mediaType": "video/mp4", "href": SOURCE}), None, None, id="as2-no-page"),
        pytest.param(note(to=TARGET, url="ftp://other.example/"), None, None, id="as2-ftp"),
    ],
)
def test_permalink(document: object, permalink: str | None, original: str | None) -> None:
    said = read(document)
    assert (said.linked, said.permalink, said.original) == (True, permalink, original)


@pytest.mark.parametrize(
    ("document", "published_as"),
    [
        pytest.param(entry(like_of=TARGET, published=" 2026-05-05"), "2026-05-05", id="a-day-stays-the-day"),
        pytest.param(entry(like_of=TARGET, published=["yesterday"]), None, id="no-date"),
        pytest.param(activity("Like", published="0001-01-01T00:00:00Z"), None, id="none"),
        pytest.param(activity("Create", note(to=TARGET), published="2026-05-05"), "2026-05-05", id="the-publisher-s"),
        pytest.param(activity("Like", published=20260505), None, id="a-number"),
        pytest.param(
            {"type": "feed", "published": "2026-05-05", "children": [{"type": "entry", "url": TARGET}]},
            None,
            id="not-the-feed-s",
        ),
        pytest.param(activity("Like", note(url=TARGET, published="2026-05-05")), None, id="not-the-liked"),
    ],
)
def test_date(document: object, published_as: str | None) -> None:
    said = read(document)
    assert (said.linked, said.published_as) == (True, published_as)
    assert (said.published is None) == (published_as is None)


@pytest.mark.parametrize(
    ("document", "text", "html"),
    [
        pytest.param(
            entry(in_reply_to=TARGET, content="One <b>line</b>,\nand\n\nmore"),
            "One <b>line</b>,\nand\n\nmore",
            "<p>One &lt;b&gt;line&lt;/b&gt;,<br>and<br><br>more</p>",
            id="mf2-text",
        ),
        pytest.param(
            {"type": "entry", "in-reply-to": TARGET, "rsvp": "no", "content": {"text": "Away."}},
            "Away.",
            "<p>Away.</p>",
            id="jf2-rsvp",
        ),
        pytest.param(entry(in_reply_to=TARGET, summary="Short."), "Short.", "<p>Short.</p>", id="mf2-summary"),
        pytest.param(entry(in_reply_to=TARGET, name="Yes."), "Yes.", "<p>Yes.</p>", id="mf2-name"),
        pytest.param(
            note(inReplyTo=TARGET, content=f"<p>In reply to <a href='{TARGET}'>Five</a>:</p><p>So.</p>"),
            "So.",
            "<p>So.</p>",
            id="as2-without-what-it-answers",
        ),
        pytest.param(
            note(inReplyTo=TARGET, content="<p>One</p><p>Two<br>three</p></div></div><script>x"),
            "One\n\nTwo\nthree",
            "<p>One</p><p>Two<br>three</p>",
            id="as2-paragraphs",
        ),
        pytest.param(activity("Accept", content="On my way."), "On my way.", "<p>On my way.</p>", id="as2-rsvp"),
    ],
)
def test_words_of_a_reply(document: object, text: str, html: str) -> None:
    said = read(document)
    assert said.content == Content(text=text, html=html)


def test_hostile_html_is_made_harmless() -> None:
    said = read(note(inReplyTo=TARGET, content='<p onclick="x">a<script>b</script><a href="javascript:x">c</a></p>'))
    assert said.content is not None
    assert (said.content.text, "script" in said.content.html, "onclick" in said.content.html) == ("ac", False, False)


MIB = 1024 * 1024
DEEP = '{"type":["h-entry"],"properties":{},"children":['
DEEP_NOTE = '{"type":"Note","inReplyTo":'


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"items": [entry()] * 10_000 + [entry(like_of=TARGET)]}, id="many-items"),
        pytest.param({"items": [entry(url=SOURCE, like_of=TARGET)] * 7_000}, id="many-holders"),
        pytest.param({"items": [card("x", "https://x.example/")] * 9_000 + [entry(like_of=TARGET)]}, id="many-cards"),
        pytest.param({"items": [{}] * 200_000 + [entry(like_of=TARGET)]}, id="many-empty-items"),
        pytest.param({"items": [[]] * 200_000 + [entry(like_of=TARGET)]}, id="many-empty-lists"),
        pytest.param(DEEP * 10_000 + f'"{TARGET}"' + "]}" * 10_000, id="items-in-items"),
        pytest.param(DEEP * 300 + f'"{TARGET}"' + "]}" * 300, id="items-in-a-hundred-items"),
        pytest.param(DEEP_NOTE * 10_000 + f'"{TARGET}"' + "}" * 10_000, id="notes-in-notes"),
        pytest.param({"items": [entry(name="x" * 900_000, like_of=TARGET)]}, id="a-name-of-a-megabyte"),
        pytest.param({"items": [entry(author="x" * 900_000, like_of=TARGET)]}, id="an-author-of-a-megabyte"),
        pytest.param({"items": [entry(url="https://x.example/" + "x" * 900_000, like_of=TARGET)]}, id="an-address"),
        pytest.param({"items": [entry(like_of=["https://my.example/" + "x" * 90] * 8000 + [TARGET])]}, id="likes"),
        pytest.param({"items": [entry(author=["http://a/"] * 80_000, like_of=TARGET)]}, id="many-authors"),
        pytest.param(note(inReplyTo=TARGET, content="<b>" * 300_000), id="html-of-a-megabyte"),
        pytest.param(note(inReplyTo=TARGET, contentMap={str(n): LINK + str(n) for n in range(9000)}), id="languages"),
        pytest.param(note(inReplyTo=TARGET, content="a\ud800b\x00"), id="lone-surrogates"),
        pytest.param(activity("Like", id=TARGET, actor={"id": TARGET, "url": TARGET}), id="an-id-that-is-the-target"),
        pytest.param(f'{{"type":["h-entry"],"properties":{{"like-of":["{TARGET}"]}},"n":{"9" * 9000}}}', id="a-number"),
    ],
)
@pytest.mark.parametrize("content_type", [JSON, AS2, MF2])
def test_hostile_documents(document: object, content_type: str) -> None:
    text = document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))
    assert len(text) < MIB
    assert read(text, content_type).linked


WORDS = st.sampled_from(
    [
        *("type", "properties", "items", "children", "comment", "in-reply-to", "like-of", "author", "url", "uid"),
        *("name", "content", "html", "value", "published", "rsvp", "photo", "object", "actor", "attributedTo", "id"),
        *("inReplyTo", "tag", "href", "icon", "contentMap", "mediaType", "@type", "@context", "@graph", "rels"),
    ]
)
STRINGS = st.sampled_from(
    [
        *("h-entry", "h-card", "h-feed", "entry", "card", "Note", "Like", "Accept", "Create", "Person", "yes", CONTEXT),
        *(TARGET, SOURCE, LINK, "javascript:x", "2026-05-05", "", "\ud800", "https://[", "http://x.example:99999/"),
    ]
)
DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | STRINGS
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=6),
    max_leaves=30,
)


@given(
    document=DOCUMENTS,
    around=st.sampled_from([None, "properties", "items", "object"]),
    types=st.sampled_from(["Note", "Like", "Accept", "Create", ["h-entry"], ["h-feed"], "entry", 5, None]),
    content_type=st.sampled_from([JSON, AS2, MF2, JF2, LD]),
)
def test_any_document_gives_a_value(document: object, around: str | None, types: object, content_type: str) -> None:
    whole = document if around is None else {"type": types, around: document, "x": TARGET}
    said = read(whole, content_type)
    assert said.linked or not (around and content_type)
    assert said == read(whole, content_type)
