"""Values of microformats' properties, told by hand, and by mf2py where both follow the norm to the letter."""

from datetime import UTC, datetime

import mf2py
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.model import Author
from pingback.page.nodes import Node
from pingback.page.properties import (
    LONGEST_NAME,
    MAX_VALUE,
    card_of,
    date_of,
    date_value,
    instant_of,
    name_of,
    text_value,
    url_value,
)
from pingback.page.tree import Page

URL = "https://they.example/notes/six"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        pytest.param("<b class=p-name> Ann  of\nhere </b>", "Ann of here", id="words"),
        pytest.param("<div class=p-name>Ann <i>of</i><p>here</p></div>", "Ann of here", id="paragraphs-are-parted"),
        pytest.param("<b class=p-name>Ann<br>here</b>", "Ann here", id="a-line-break-is-a-blank"),
        pytest.param("<b class=p-name>Ann <img alt='the' src=/a> First</b>", "Ann the First", id="alt-of-a-picture"),
        pytest.param("<b class=p-name>Ann<script>x()</script></b>", "Ann", id="no-script"),
        pytest.param("<abbr class=p-name title='Ann Author'>AA</abbr>", "Ann Author", id="title-of-abbr"),
        pytest.param("<data class=p-name value='Ann Author'>AA</data>", "Ann Author", id="value-of-data"),
        pytest.param("<input class=p-name value='Ann Author'>", "Ann Author", id="value-of-input"),
        pytest.param("<img class=p-name alt='Ann Author' src=/a>", "Ann Author", id="alt-of-img"),
        pytest.param("<link class=p-name title='Ann Author' href=/a>", "Ann Author", id="title-of-link"),
        pytest.param(
            "<b class=p-name>by <i class=value>Ann</i> of <i class=value>Hi</i></b>", "AnnHi", id="value-class"
        ),
        pytest.param("<b class=p-name><i class=value-title title='Ann'> </i>x</b>", "Ann", id="value-title"),
        pytest.param("<b class=p-name><abbr class=value title='Ann'>A</abbr></b>", "Ann", id="value-in-abbr"),
        pytest.param("<b class=p-name><data class=value value='Ann'>A</data></b>", "Ann", id="value-in-data"),
        pytest.param("<b class=p-name><img class=value alt='Ann' src=/a></b>", "Ann", id="value-in-img"),
        pytest.param("<b class=p-name><u><i class=value>no</i></u>Ann</b>", "noAnn", id="value-class-is-a-childs"),
        pytest.param("<b class=p-name></b>", "", id="empty"),
    ],
)
def test_text(markup: str, text: str) -> None:
    page, node = one(markup, "p-name")
    assert text_value(page, node) == text


@pytest.mark.parametrize(
    ("markup", "url"),
    [
        pytest.param("<a class=u-url href='/a#b'>x</a>", "https://they.example/a#b", id="href"),
        pytest.param("<a class=u-url href=''>x</a>", URL, id="an-empty-href-is-the-page"),
        pytest.param("<area class=u-url href=/a>", "https://they.example/a", id="area"),
        pytest.param("<link class=u-url href=/a>", "https://they.example/a", id="link"),
        pytest.param(
            "<a class=u-url href='https://änn.example'>x</a>", "https://xn--nn-uia.example/", id="normal-form"
        ),
        pytest.param("<a class=u-url href='https://ann.example'>x</a>", "https://ann.example", id="as-written"),
        pytest.param("<a class=u-url>https://ann.example/</a>", "https://ann.example/", id="words-of-a-link"),
        pytest.param("<img class=u-url src=/a.png alt=''>", "https://they.example/a.png", id="src"),
        pytest.param("<img class=u-url src='' alt=''>", None, id="no-src"),
        pytest.param("<img class=u-url alt=''>", None, id="no-attribute"),
        pytest.param("<video class=u-url poster=/p.png></video>", "https://they.example/p.png", id="poster"),
        pytest.param("<video class=u-url src=/v poster=/p></video>", "https://they.example/v", id="src-before-poster"),
        pytest.param("<object class=u-url data=/o></object>", "https://they.example/o", id="data-of-object"),
        pytest.param("<data class=u-url value=/d>x</data>", "https://they.example/d", id="value-of-data"),
        pytest.param("<abbr class=u-url title=/t>x</abbr>", "https://they.example/t", id="title-of-abbr"),
        pytest.param("<b class=u-url><i class=value>/v</i> x</b>", "https://they.example/v", id="value-class"),
        pytest.param("<b class=u-url>/w</b>", "https://they.example/w", id="words"),
        pytest.param("<b class=u-url></b>", None, id="nothing"),
        pytest.param("<a class=u-url href='javascript:alert(1)'>x</a>", None, id="javascript"),
        pytest.param("<a class=u-url href='mailto:ann@they.example'>x</a>", None, id="mail"),
        pytest.param("<img class=u-url src='data:image/png;base64,AAAA'>", None, id="data-url"),
        pytest.param("<a class=u-url href='http://['>x</a>", None, id="no-url"),
        pytest.param(f"<a class=u-url href='/{'a' * 9000}'>x</a>", None, id="too-long"),
    ],
)
def test_url(markup: str, url: str | None) -> None:
    page, node = one(markup, "u-url")
    assert url_value(page, node) == url


@pytest.mark.parametrize(
    ("markup", "day", "written"),
    [
        pytest.param(
            "<time datetime=2024-05-05T10:11:12Z>May</time>", "2024-05-05T10:11:12Z", "2024-05-05T10:11:12Z", id="time"
        ),
        pytest.param("<time>2024-05-05</time>", "2024-05-05T00:00Z", "2024-05-05", id="words-of-time"),
        pytest.param("<abbr title=2024-05-05>May</abbr>", "2024-05-05T00:00Z", "2024-05-05", id="abbr"),
        pytest.param("<data value=2024-05-05></data>", "2024-05-05T00:00Z", "2024-05-05", id="data"),
        pytest.param("<ins datetime=2024-05-05>x</ins>", "2024-05-05T00:00Z", "2024-05-05", id="ins"),
        pytest.param("<b title=2024-05-05>May</b>", "2024-05-05T00:00Z", "2024-05-05", id="title-of-any"),
        pytest.param("<b title='a week ago'>2024-05-05</b>", "2024-05-05T00:00Z", "2024-05-05", id="title-is-no-date"),
        pytest.param(
            "<b><i class=value>2024-05-05</i> at <i class=value>23:30</i> <i class=value>-0500</i></b>",
            *("2024-05-06T04:30Z", "2024-05-05T23:30-05:00"),
            id="value-class-in-three",
        ),
        pytest.param(
            "<b><i class=value>7:30pm</i> on <i class=value>2024-05-05</i></b>",
            *("2024-05-05T19:30Z", "2024-05-05T19:30"),
            id="value-class-time-first-of-12-hours",
        ),
        pytest.param(
            "<b><abbr class=value title=2024-05-05>May 5</abbr>, <i class=value>12 a.m.</i></b>",
            *("2024-05-05T00:00Z", "2024-05-05T00:00"),
            id="value-class-midnight",
        ),
        pytest.param(
            "<b><time class=value datetime=2024-05-05>x</time><time class=value datetime=10:00+01:00>y</time></b>",
            *("2024-05-05T09:00Z", "2024-05-05T10:00+01:00"),
            id="value-class-times-with-a-zone",
        ),
        pytest.param(
            "<b><data class=value value=2024-126>x</data><img class=value alt=10:00Z src=/a></b>",
            *("2024-05-05T10:00Z", "2024-05-05T10:00Z"),
            id="value-class-data-and-img",
        ),
        pytest.param(
            "<b><i class=value-title title=2024-05-05T10:00:00-07:00> </i>May 5</b>",
            *("2024-05-05T17:00Z", "2024-05-05T10:00:00-07:00"),
            id="value-title",
        ),
        pytest.param(
            "<b><i class=value>2024-05-05</i><i class=value>2024-06-06</i></b>",
            *("2024-05-05T00:00Z", "2024-05-05"),
            id="value-class-the-first-day",
        ),
    ],
)
def test_date(markup: str, day: str, written: str) -> None:
    tag, rest = markup[1:].split(">", 1)
    page, node = one(f"<{tag} class=dt-published>{rest}", "dt-published")
    assert date_value(page, node) == (datetime.fromisoformat(day), written)


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param("<b class=dt-published><i class=value>10:00</i></b>", id="a-time-alone"),
        pytest.param("<b class=dt-published><i class=value>x</i>2024-05-05</b>", id="value-class-without-a-date"),
        pytest.param("<time class=dt-published datetime=x>May</time>", id="no-date"),
    ],
)
def test_no_date(markup: str) -> None:
    page, node = one(markup, "dt-published")
    assert date_value(page, node) is None


@pytest.mark.parametrize(
    ("text", "instant", "written"),
    [
        pytest.param(" 2024-05-05 ", "2024-05-05T00:00Z", "2024-05-05", id="day"),
        pytest.param("2024-126", "2024-05-05T00:00Z", "2024-05-05", id="ordinal"),
        pytest.param("2024-126T10:00", "2024-05-05T10:00Z", "2024-05-05T10:00", id="ordinal-with-time"),
        pytest.param("2024-W18-7", "2024-05-05T00:00Z", "2024-05-05", id="week"),
        pytest.param("20240505", "2024-05-05T00:00Z", "2024-05-05", id="without-hyphens"),
        pytest.param("20240505T233000-0500", "2024-05-06T04:30Z", "2024-05-05T23:30:00-05:00", id="basic-with-time"),
        pytest.param("2024-05-05T23:30-05:00", "2024-05-06T04:30Z", "2024-05-05T23:30-05:00", id="zone"),
        pytest.param("2024-05-05 23:30 -05:00", "2024-05-06T04:30Z", "2024-05-05T23:30-05:00", id="blanks"),
        pytest.param("2024-05-05T23:30-0500", "2024-05-06T04:30Z", "2024-05-05T23:30-05:00", id="zone-without-colon"),
        pytest.param("2024-05-05T23:30+05", "2024-05-05T18:30Z", "2024-05-05T23:30+05:00", id="zone-of-hours"),
        pytest.param("2024-05-05T23:30+5", "2024-05-05T18:30Z", "2024-05-05T23:30+05:00", id="zone-of-one-digit"),
        pytest.param("2024-05-05T23:30z", "2024-05-05T23:30Z", "2024-05-05T23:30Z", id="small-z"),
        pytest.param("2024-05-05T23:30", "2024-05-05T23:30Z", "2024-05-05T23:30", id="no-zone"),
        pytest.param(
            "Sun, 05 May 2024 23:30:00 -0500", "2024-05-06T04:30Z", "2024-05-05T23:30:00-05:00", id="of-mail-and-feeds"
        ),
        pytest.param("5 May 2024 23:30 GMT", "2024-05-05T23:30Z", "2024-05-05T23:30:00+00:00", id="of-mail-in-short"),
        pytest.param("2024-05-05T09", "2024-05-05T09:00Z", "2024-05-05T09:00", id="hour"),
        pytest.param("2024-05-05 7pm", "2024-05-05T19:00Z", "2024-05-05T19:00", id="hour-of-12"),
        pytest.param("2024-05-05 12:05 PM", "2024-05-05T12:05Z", "2024-05-05T12:05", id="noon"),
        pytest.param("2024-05-05 13:05 pm", "2024-05-05T13:05Z", "2024-05-05T13:05", id="late-and-of-24"),
        pytest.param(
            "2024-05-05 10:11:12.691297+00:00",
            *("2024-05-05T10:11:12.691297Z", "2024-05-05T10:11:12.691297+00:00"),
            id="parts-of-a-second",
        ),
    ],
)
def test_date_of_text(text: str, instant: str, written: str) -> None:
    assert date_of(text) == (datetime.fromisoformat(instant), written)
    assert instant_of(text) == datetime.fromisoformat(instant)


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "x", "2024", "2024-05", "2024-13-01", "2023-366", "2024-000", "2024-05-05T25:00", "10:00"),
        *("2024-05-05T10:00+99:99", "0001-01-01T00:00:00Z", "0001-01-01", "9999-12-31T23:59-12:00", "0000-01-01"),
        *(
            "May 5, 2024",
            "Sun, 35 May 2024 23:30:00 GMT",
            "Sun, 05 Foo 2024 23:30:00 GMT",
            "２０２４-05-05",
            "2024-05-05" + " " * 50 + "x",
            "1" * 1_000_000,
            "2024-05-05T" + "1" * 90,
        ),
    ],
)
def test_no_date_in_text(text: str | None) -> None:
    assert date_of(text) is None
    assert instant_of(text) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param(" Ann\n Author ", "Ann Author", id="white-space"),
        pytest.param("ann.example", "ann.example", id="a-host-is-what-some-call-themselves"),
        pytest.param("https://ann.example/", None, id="address"),
        pytest.param("//ann.example/", None, id="address-without-scheme"),
        pytest.param("ann.example/about", None, id="host-and-path"),
        pytest.param("mailto:ann@ann.example", None, id="mail"),
        pytest.param("javascript:alert(1)", None, id="javascript"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="none"),
        pytest.param("A" * 1_000_000, "A" * (LONGEST_NAME - 1) + "…", id="a-megabyte"),
    ],
)
def test_name(text: str | None, name: str | None) -> None:
    assert name_of(text) == name


@pytest.mark.parametrize(
    ("markup", "name", "url", "photo"),
    [
        pytest.param(
            "<div class=h-card><a class='u-url p-name' href=/ann>Ann</a><img class=u-photo src=/a.png alt=x></div>",
            *("Ann", "/ann", "/a.png"),
            id="explicit",
        ),
        pytest.param("<a class=h-card href=/ann>Ann</a>", "Ann", "/ann", None, id="implied-by-a-link"),
        pytest.param(
            "<p class=h-card><a class=u-photo href=/a.png></a>Ann</p>",
            "Ann",
            None,
            "/a.png",
            id="no-picture-is-implied",
        ),
        pytest.param("<img class=h-card alt=Ann src=/a.png>", "Ann", None, "/a.png", id="implied-by-an-image"),
        pytest.param(
            "<a class=h-card href=/ann><img alt=Ann src=/a.png></a>", "Ann", "/ann", "/a.png", id="image-in-link"
        ),
        pytest.param(
            "<div class=h-card><a href=/ann><img alt=Ann src=/a.png></a></div>",
            "Ann",
            "/ann",
            "/a.png",
            id="grandchild",
        ),
        pytest.param(
            "<a class=h-card href=/ann><img class=u-photo alt=Ann src=/a.png> Ann</a>",
            "Ann",
            "/ann",
            "/a.png",
            id="twice",
        ),
        pytest.param("<abbr class=h-card title='Ann Author'>AA</abbr>", "Ann Author", None, None, id="implied-by-abbr"),
        pytest.param("<span class=h-card>Ann</span>", "Ann", None, None, id="implied-by-words"),
        pytest.param(
            "<p class=h-card><a href=/ann>Ann</a> of <a href=/here>Here</a></p>",
            "Ann of Here",
            None,
            None,
            id="two-links",
        ),
        pytest.param(
            "<div class=h-card><a class=u-url href=/ann>Ann</a><p class=p-note>I write.</p></div>",
            *("Ann", "/ann", None),
            id="words-of-its-link-beside-a-note",
        ),
        pytest.param("<div class=h-card><p class=p-note>I write.</p></div>", None, None, None, id="a-note-is-no-name"),
        pytest.param(
            "<b class=h-card><i class=p-nickname>ann</i> <i class=p-note>x</i></b>", "ann", None, None, id="nickname"
        ),
        pytest.param(
            "<b class=h-card><i class=p-family-name>Author</i>, <i class=p-given-name>Ann</i></b>",
            *("Ann Author", None, None),
            id="parts-of-a-name",
        ),
        pytest.param("<b class=vcard><a class='url fn n' href=/ann>Ann</a></b>", "Ann", "/ann", None, id="classic"),
        pytest.param(
            "<div class=vcard><img class='avatar photo' alt='' src=/a.png>"
            " <b class=fn><a class=url href=/ann>Ann</a></b> <span class=says>says:</span></div>",
            *("Ann", "/ann", "/a.png"),
            id="classic-of-a-comment",
        ),
        pytest.param("<b class=vcard><i class=nickname>ann</i> x</b>", "ann", None, None, id="classic-nickname"),
        pytest.param(
            "<b class=vcard><i class=n><i class=given-name>Ann</i> <i class=family-name>Author</i></i></b>",
            *("Ann Author", None, None),
            id="classic-n",
        ),
        pytest.param(
            "<div class=h-card><b class=p-name>Ann</b><a class='p-org h-card' href=/org>Org</a></div>",
            *("Ann", None, None),
            id="another-card-keeps-its-own",
        ),
        pytest.param("<a class='h-card u-url' href='javascript:x()'>Ann</a>", "Ann", None, None, id="javascript"),
        pytest.param(
            "<b class=h-card><a class=u-url href='mailto:a@b.example'>@</a><a class=u-url href=/ann>Ann</a></b>",
            *("@Ann", "/ann", None),
            id="the-first-address-of-the-web",
        ),
        pytest.param(
            "<b class=h-card><img class=u-photo src='data:image/png,x' alt=''>Ann</b>",
            "Ann",
            None,
            None,
            id="no-data-url",
        ),
        pytest.param(
            "<a class=h-card href=https://ann.example/>https://ann.example/</a>",
            None,
            "https://ann.example/",
            None,
            id="address-as-name",
        ),
        pytest.param(
            "<b class=h-card><b class=p-name>&lt;b>Ann&lt;/b></b></b>", "<b>Ann</b>", None, None, id="words-are-words"
        ),
    ],
)
def test_card(markup: str, name: str | None, url: str | None, photo: str | None) -> None:
    page = page_of(markup)
    at = "https://they.example"
    url = at + url if url is not None and url.startswith("/") else url
    assert card_of(page, page.items[0]) == Author(name=name, url=url, photo=photo and at + photo)


BLANKS = st.sampled_from(("Ann", "of there", "Émile", "2024-05-05", "10:00", "7:30pm", "-0700", "/ann", ""))
PLAIN = st.builds("<i>{}</i>".format, BLANKS) | BLANKS
VALUE = st.builds("<{0} class=value>{1}</{0}>".format, st.sampled_from(("i", "b")), BLANKS)


@given(st.lists(PLAIN | VALUE, max_size=4))
def test_text_as_mf2py_reads_it(parts: list[str]) -> None:
    markup = f"<b class=p-name>{''.join(parts)}</b>"
    page, node = one(markup, "p-name")
    assert text_value(page, node) == " ".join(oracle(markup, "name").split())


@given(
    st.sampled_from(("2024-05-05", "2024-126")),
    st.sampled_from(("10:00", "7:30pm", "7:30 a.m.", "12:01:02 PM", "23:59:59")),
    st.sampled_from(("", "Z", "-0700", "+01:00")),
    st.permutations((0, 1, 2)),
)
def test_dates_in_parts_as_mf2py_reads_them(day: str, time: str, zone: str, order: list[int]) -> None:
    parts = [f"<i class=value>{(day, time, zone)[place]}</i>" for place in order if (day, time, zone)[place]]
    page, node = one(f"<b class=dt-published>{''.join(parts)}</b>", "dt-published")
    written = oracle(f"<b class=dt-published>{''.join(parts)}</b>", "published")
    told = datetime.fromisoformat(written.replace(" 7:", " 07:"))
    found = date_value(page, node)
    assert found is not None
    assert found[0] == (told if told.tzinfo else told.replace(tzinfo=UTC))
    assert datetime.fromisoformat(found[1]) == told


@given(
    st.sampled_from(("div", "a href=/root", "span", "p")),
    st.lists(
        st.sampled_from(
            ("Ann", "<a href=/one>One</a>", "<img alt=Pic src=/p.png>", "<a href=/two><img alt=Two src=/t.png></a>")
        ),
        max_size=2,
    ),
)
def test_what_a_card_implies_as_mf2py_reads_it(tag: str, inside: list[str]) -> None:
    if tag.startswith("a ") and any("<a " in each for each in inside):
        return  # a link cannot stand in a link
    markup = f"<{tag} class=h-card>{''.join(inside)}</{tag.split()[0]}>"
    page = page_of(markup)
    card = mf2py.parse(doc=markup, url=URL)["items"][0]["properties"]
    found = card_of(page, page.items[0])
    photo = card.get("photo", [None])[0]
    assert found.url == card.get("url", [None])[0]
    assert found.photo == (photo["value"] if isinstance(photo, dict) else photo)
    if len(inside) < 2 or not any("<img" in each for each in inside):  # words beside a picture are the name, for us
        assert (found.name or "") == " ".join(card["name"][0].split())


DEEP = "<div class='h-card p-name u-url u-photo dt-published p-author'>" * 1000


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param(f"<b class=h-card>{'<i class=p-name>x</i>' * 20_000}</b>", id="many-names"),
        pytest.param(f"<b class=h-card><i class=p-name>{'x <i>' * 50_000}", id="a-long-name-of-many-elements"),
        pytest.param(f"<b class=h-card>{'x' * 1_000_000}</b>", id="a-megabyte"),
        pytest.param(f"<b class=h-card><img alt='{'x' * 1_000_000}'></b>", id="a-megabyte-of-alt"),
        pytest.param(DEEP, id="a-thousand-deep"),
        pytest.param(f"<b class=h-card><i class=p-name>{'<img alt=x>' * 50_000}", id="many-pictures"),
        pytest.param("<b class='h-card value p-name' title=x><i class=value>\ud800</i></b>", id="half-a-letter"),
    ],
)
def test_any_card_gives_a_short_answer(markup: str) -> None:
    page = page_of(markup)
    for item in page.items[:20]:
        assert len(card_of(page, item).name or "") <= LONGEST_NAME
        assert len(text_value(page, item.node)) <= MAX_VALUE
        date_value(page, item.node)
        url_value(page, item.node)


def one(markup: str, name: str) -> tuple[Page, Node]:
    page = page_of(f"<div class=h-entry>{markup}</div>")
    return page, next(node for node in page.nodes if name in node.classes)


def oracle(markup: str, name: str) -> str:
    items = mf2py.parse(doc=f"<div class=h-entry>{markup}</div>", url=URL)["items"]
    told = items[0]["properties"][name][0]
    assert isinstance(told, str)
    return told


def page_of(markup: str) -> Page:
    return Page([f"<!doctype html><body>{markup}".encode("utf-8", "replace")], url=URL, charset="utf-8")
