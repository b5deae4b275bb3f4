"""What pages say of a link costs CPU in proportion to their length, however they were made to cost more.

As `tests/test_growth.py` has it; here are the shapes of items, people, dates and words.
"""

from collections.abc import Callable, Iterator
from itertools import product

import pytest

from pingback.page.entry import read_post
from pingback.page.nodes import MAX_SCRIPTS
from tests.growth import RATIO, Shape, call, growth, halves, numbered, times
from tests.test_growth import HTML, PAGE, TARGET, URL, mention

LINK = f'<a href="{TARGET}">x</a>'
ENTRY = f"<div class=h-entry>{LINK}"
REPLY = f'<div class=h-entry><a class=u-in-reply-to href="{TARGET}">x</a>'
CARD = "<p class=h-card><a class='u-url p-name' href=/a%d>x</a></p>"


def items() -> Iterator[tuple[str, Shape]]:
    for kind in ("h-entry", "h-cite", "h-card", "hentry"):
        yield f"{kind} in {kind}, and the link within", times(f"<div class={kind}>", after=LINK)
        yield f"{kind} in {kind}, with links", times(f"<div class={kind}>{LINK}")
        yield f"{kind} beside {kind}, with links", times(f"<div class={kind}>{LINK}</div>")
        yield (
            f"{kind} beside {kind}, with addresses",
            numbered(f"<div class={kind}>{LINK}<a class='u-url u-uid' href=/%d></a></div>"),
        )
    for name in "u-in-reply-to u-like-of p-rsvp u-url p-author dt-published e-content".split():
        yield f"{name} again and again", numbered(f"<a class={name} href=/%d>x</a>", ENTRY)
        yield f"{name} in {name}", times(f"<div class={name}>", ENTRY)
        yield (
            f"{name} h-cite again and again",
            numbered(f"<div class='{name} h-cite'><a class='u-url p-name' href=/%d>x</a></div>", ENTRY),
        )
        yield f"{name} h-cite in one another", times(f"<div class='{name} h-cite h-entry'>", ENTRY)
    yield (
        "cites that are answered",
        times(f"<i class='u-in-reply-to h-cite'><a class=u-url href='{TARGET}'></a></i>", ENTRY),
    )
    yield "entries with ids", numbered(f"<div class=h-entry id=f%d>{LINK}</div>")
    yield "ids around links", numbered("<div id=f%d>", after=LINK)
    yield "links in elements without a meaning", halves("<x>", LINK)
    yield "links in links", times(f"<a class='u-like-of h-cite' href='{TARGET}'>", ENTRY)


def people() -> Iterator[tuple[str, Shape]]:
    yield "cards", numbered(CARD, LINK)
    yield "cards in an entry", numbered(CARD, ENTRY)
    yield "cards in cards, with addresses", numbered("<div class=h-card><a class=u-url href=/%d>x</a>", ENTRY)
    yield (
        "cards by one address",
        times("<p class=h-card><a class=u-url href=/me>x</a></p>", f"{ENTRY}<a class=u-author href=/me></a>"),
    )
    yield "an author among cards", numbered(CARD, f"{ENTRY}<a class=u-author href=/z></a></div>")
    yield (
        "authors among cards",
        halves_numbered("<a class=u-author href=/a%d></a>", CARD.replace("/a%", "/b%"), ENTRY),
    )
    yield (
        "entries with authors among cards",
        halves_numbered(f"<div class=h-entry><a class=u-author href=/a%d></a>{LINK}</div>", CARD),
    )
    yield (
        "a card that names itself",
        times(
            "<div class='p-author h-card'><a class='u-url u-author u-uid' href=/me>x</a></div>",
            f"{ENTRY}<a class=u-author href=/me></a>",
        ),
    )
    yield (
        "feeds with authors",
        numbered(f"<div class=h-feed><a class='p-author h-card' href=/%d>x</a><div class=h-entry>{LINK}</div></div>"),
    )
    yield "rel=author", numbered("<a rel=author href=/%d>x</a>", ENTRY)
    yield "rel=me", numbered("<a rel=me href=/%d>x</a>", ENTRY)
    yield "cards with rel=me", numbered("<p class=h-card><a class=u-url rel=me href=/%d>x</a></p>", ENTRY)
    thing = f"<div itemscope itemtype=https://schema.org/Article>{LINK}"
    yield "authors by microdata", numbered("<i itemprop=author itemscope><a itemprop=url href=/%d>x</a></i>", thing)
    yield "authors by microdata in one another", times("<i itemprop=author itemscope>", thing)
    yield "things in things", times(f"{thing}<i itemprop=author>x</i>")
    yield "answers in answers", times("<div itemscope itemtype=https://schema.org/Answer>", after=LINK)
    yield "an author of properties", times("<i itemprop=x>", f"{thing}<i itemprop=author itemscope>")
    yield "a long name", times("x", f"{ENTRY}<b class='p-author h-card'><i class=p-name>", "</i></b></div>")
    yield "a name of blanks", times(" \n", f"{ENTRY}<b class='p-author h-card'><i class=p-name>", "</i></b></div>")
    yield "a name of markup", times("<b>x</b>", f"{ENTRY}<b class='p-author h-card'><i class=p-name>", "</i></b></div>")
    yield "a name of pictures", times("<img alt=x src=y>", f"{ENTRY}<b class='p-author h-card'>", "</b></div>")
    yield (
        "a name of values",
        times("<i class=value>x</i>", f"{ENTRY}<b class='p-author h-card'><i class=p-name>", "</i></b></div>"),
    )
    yield "a card of names", times("<i class='p-name fn'>x</i>", f"{ENTRY}<b class='p-author h-card vcard'>")
    yield (
        "a card of addresses",
        numbered("<a class='u-url u-photo' href=/%d>x</a>", f"{ENTRY}<b class='p-author h-card'>"),
    )
    yield "a card of elements", times("<i>", f"{ENTRY}<b class='p-author h-card'>")
    yield "cards of long names", times(f"<b class='p-author h-card'>{'x' * 1000}</b>", ENTRY)
    yield "one long name of entries", times(f"<div class=h-entry>{LINK}</div>", "<b class='p-author h-card p-name'>")
    yield "an address of escapes", times("%41", f"{ENTRY}<a class='p-author h-card' href=/", ">x</a>")
    comment = f"<li class=comment><cite class=fn>x</cite><time>2024-05-05</time>{LINK}</li>"
    yield "comments", times(comment, "<ol class=comment-list>")
    yield (
        "comments with cards",
        times(comment.replace("cite class=fn", "cite class='vcard fn'"), "<ol class=comment-list>"),
    )
    yield (
        "comments in comments",
        times(f"<ol class=children><li class=comment><cite class=fn>x</cite>{LINK}", "<div id=comments>"),
    )
    yield "names without comments", times("<cite class=fn>x</cite>", "<div id=comments>", LINK)
    yield "lists of comments", times("<div class=comments>", "", LINK)


def dates() -> Iterator[tuple[str, Shape]]:
    start = f"{ENTRY}<time class=dt-published>"
    for value in ("2024-05-05", "12:30", "x", "2024-05-05T12:30:00.000+00:00", "2024-130"):
        yield f"values of {value}", times(f"<i class=value>{value}</i>", start)
        yield f"titles of {value}", times(f"<i class=value-title title={value}></i>", start)
        yield f"dates of {value}", times(f"<time datetime={value}></time>", LINK)
    yield "dates", times("<time class=dt-published datetime=x>", ENTRY)
    yield "values in values", times("<i class=value>", start)
    yield "a long date", times("1", start)
    yield "a date of blanks", times(" ", start, "2024")
    yield "classic dates", times("<abbr class=published title=x>", f"<div class=hentry>{LINK}")
    yield "metas with dates", times("<meta property=article:published_time content=x>", LINK)


def words() -> Iterator[tuple[str, Shape]]:
    for unit in (
        "<ul><li>",
        "<ol><li>x",
        "<br>",
        "<br><br>x",
        "<b>",
        "<i>x</i> ",
        "<blockquote>",
        "<pre>\n",
        "<code>x",
        "<p>x",
    ):
        yield f"a reply of {unit!r}", times(unit, f"{REPLY}<div class=e-content>")
        yield f"a reply without content, of {unit!r}", times(unit, REPLY)
        yield f"a mention beside {unit!r}", times(unit, f"<p>{LINK}")
        yield f"a mention behind {unit!r}", times(unit, "<p>", LINK)
    for tag in (
        "a href=//far.example/",
        "a href=javascript:x",
        "script",
        "svg",
        "table><tr><td",
        "img alt=x src=y",
        "div hidden",
    ):
        yield (
            f"a reply of <{tag}>",
            times(f"<{tag}>x</{tag.split()[0].split('>')[0]}>", f"{REPLY}<div class=e-content>"),
        )
    yield "a reply of links to what it answers", times(f"<a class=u-in-reply-to href='{TARGET}'>x</a> ", REPLY)
    yield "links and line breaks", times(f"{LINK}<br>")
    yield "links in words", times(f"word {LINK} ", "<p>")
    yield "a reply of contents", times("<div class=e-content>x</div>", REPLY)
    yield "a reply of contents in contents", times("<div class=e-content>x", REPLY)
    yield "contents in contents around words", ends_behind_words
    yield "a reply of summaries", times("<p class=p-summary>x</p>", REPLY)
    yield "a long reply", times("word ", f"{REPLY}<p class=e-content>")
    yield "a reply of one word", times("x", f"{REPLY}<p class=e-content>")
    yield "a reply of escapes", times("&amp;", f"{REPLY}<p class=e-content>")
    yield "a reply of odd letters", times("\u202e\u0301", f"{REPLY}<p class=e-content>")


def data() -> Iterator[tuple[str, Shape]]:
    start = f"{LINK}<script type=application/ld+json>"
    for unit in (
        '{"@type":"Person","name":"x","url":"/%d"},',
        '{"@type":"BlogPosting","author":{"@id":"#%d"}},',
        '{"@id":"#%d","name":"x"},',
    ):
        yield f"JSON-LD of {unit}", numbered(unit, f'{start}{{"@graph":[', "{}]}</script>")
        yield f"scripts of {unit}", numbered(f"<script type=application/ld+json>[{unit}{{}}]</script>", LINK)
    yield (
        "JSON-LD with authors",
        numbered('{"@id":"#%d","name":"x"},', f'{start}{{"@type":"Article","author":[', "{}]}</script>"),
    )
    for unit in ("[", '{"author":', '{"@graph":[', '{"@type":["'):
        yield f"deep JSON-LD {unit}", times(unit, start)
    yield "scripts of deep JSON-LD", times(f"{start}{'[' * 500}</script>")
    yield (
        "scripts that are all read",
        lambda size: b"".join(f"{start}[{'{},' * (size // 70)}{{}}]</script>".encode() for _ in range(MAX_SCRIPTS)),
    )
    yield "metas", numbered("<meta name=author content=x%d>", LINK)
    yield "metas of microdata", numbered("<meta itemprop=author content=x%d>", f"<article>{LINK}")
    yield "metas of many names", numbered("<meta property=og:x%d content=x>", LINK)


def leftovers() -> Iterator[tuple[str, Shape]]:
    """What browsers leave out."""
    begun = (
        f"{LINK}<template>",
        f"{LINK}<template><script>",
        f"{LINK}<template><i a='",
        f"{LINK}<iframe/>",
        "<frameset>",
    )
    for opened, unit in product(begun, "< </ <!-- <!- --> <a='' = x <div> <script> </script> <svg>".split()):
        yield f"{unit} in {opened.removeprefix(LINK)}", times(unit, opened)
    ended = "<template></template> <template><td></template> <select><div></select> <select> <iframe/></iframe>".split()
    for start, unit in product(("", "<!--", "<script>", '<i title="'), ended):
        yield f"{unit} again and again, behind {start}", times(unit, LINK + start)
    yield "<select … without ends", times("<select ", LINK)
    yield "<iframe … without ends", times("<iframe ", LINK)
    yield "frames", times("<frame src=x>", "<frameset>")
    yield "frames behind nothing", times("<frameset>", "<i></i>" * 5000)


def ends_behind_words(size: int) -> bytes:
    begun, ended = "<div class=e-content>", "</div><x></x>"
    count = size // 3 // len(begun + ended)
    return f"{ENTRY}{begun * count}{'<x>word</x> ' * 50}{'word ' * (size // 8)}{ended * count}".encode()


def halves_numbered(one: str, other: str, before: str = "") -> Shape:
    def make(size: int) -> bytes:
        inside = (size - len(before)) // 2
        return before.encode() + numbered(one)(inside) + numbered(other)(inside)

    return make


READERS: dict[str, Callable[[bytes], object]] = {
    "mention": mention(HTML),
    "post": lambda page: read_post(page, url=URL, content_type=HTML),
}
GROUPS = (items, people, dates, words, data, leftovers)


@pytest.mark.timeout(1200)  # some fifty shapes for each reader
@pytest.mark.parametrize("shapes", GROUPS, ids=lambda group: group.__name__)
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_cpu_grows_with_the_length(
    read: Callable[[bytes], object], shapes: Callable[[], Iterator[tuple[str, Shape]]]
) -> None:
    call(read)(b"<p class=h-entry>")  # what is loaded when it is first needed is not counted
    grown = {name: ratio for name, shape in shapes() if (ratio := growth(call(read), shape, PAGE)) > RATIO}
    assert grown == {}
