"""Reading a page that mentions us: CPU for an h-entry, a page without microformats, and what a flood would send.

Each beside two bare passes of lxml: one that calls a target with empty handlers, the least that any reader in Python
takes, and `lxml.html`, which builds a tree in C.
"""

from collections.abc import Iterator
from time import process_time

from lxml import html

from pingback.page.about import read_mention
from tests.bench.bench_page import HTML, SOURCE, TARGET, big_page, empty_pass
from tests.bench.timing import Row, compare, judge, show

KB = 1000
ROUNDS = 30
BARE = "times a pass of lxml with empty handlers"
# Sizes of an h-entry in KB, and what it may cost as a reply: milliseconds, and times the bare pass. The first 10,000
# characters of a reply are written down anew, which is a third of what 30 KB cost. Of 195 KB calling Python for each
# element costs as much as libxml2 itself, even where nothing is done: 2.5 times the bare pass are out of reach.
ENTRIES = ((30, 6, 12), (120, 10, 5), (195, 12, 4))
MOST_MENTION = 3.3  # times the bare pass, where 195 KB only mention the target
MOST_PLAIN = 2.9  # times the bare pass, for a page without microformats; the least that was ever seen is 2.1
MOST_HOSTILE = 1500  # milliseconds
MIB = 1024 * 1024
_PARAGRAPH = (
    '<p id="p{n}">Long after <em>the rain</em> had gone, the heron stood by <a href="https://far.example/{n}">the mill'
    "</a>, and nobody in the village had seen what it was looking for, or <strong>why</strong>.</p>\n"
)


def entry_page(size: int) -> bytes:
    """A reply in a theme with microformats2: its author's card, what it answers, its words, and answers to it."""
    head = "".join(f'<link rel="stylesheet" href="/theme/{n}.css"><meta name="x{n}" content="{n}">' for n in range(20))
    menu = "".join(f'<li class="menu-item"><a href="/page/{n}">Page {n}</a></li>' for n in range(20))
    answers = "".join(
        f'<li class="u-comment h-cite" id="c{n}"><a class="p-author h-card" href="https://c{n}.example/">Carl {n}</a>'
        f'<a class="u-url" href="/six#c{n}"><time class="dt-published" datetime="2026-05-06T10:00:00Z">May</time></a>'
        f'<p class="e-content p-name">That is so, and I have seen it {n} times.</p></li>'
        for n in range(10)
    )
    top = (
        f"<!DOCTYPE html><html><head><meta charset=utf-8><title>Part six</title>{head}</head><body><header><nav><ul>"
        f'{menu}</ul></nav></header><main><article class="h-entry"><h1 class="p-name">Part six</h1>'
        '<p class="byline"><a class="p-author h-card" href="/"><img class="u-photo" src="/ann.png" alt="">Ann</a>, '
        f'<a class="u-url" href="{SOURCE}"><time class="dt-published" datetime="2026-05-05T08:00+02:00">May</time></a>'
        f'</p><div class="u-in-reply-to h-cite">To <a class="u-url p-name" href="{TARGET}">part five</a> by '
        '<span class="p-author h-card">Mia</span></div><div class="e-content">'
    )
    end = f"</div><ul>{answers}</ul></article></main></body></html>"
    count = (size - len(top) - len(end)) // len(_PARAGRAPH)
    return (top + "".join(_PARAGRAPH.format(n=n) for n in range(count)) + end).encode()


def mention_page(size: int) -> bytes:
    """The same, but that it only mentions what it links to."""
    return entry_page(size).replace(b"u-in-reply-to h-cite", b"about h-cite")


def hostile_pages() -> Iterator[tuple[str, bytes]]:
    """What a flood would send: up to a MiB each, and each with the link."""
    link = f'<a class="u-in-reply-to" href="{TARGET}">five</a>'
    card = '<a class="p-author h-card u-url" href="/{n}"><b class="p-name">Ann {n}</b></a>'
    yield "1,000 entries within one another", _page('<div class="h-entry">' * 1000 + link)
    yield (
        "10,000 cards in an entry",
        _page(f'<div class="h-entry">{link}{"".join(card.format(n=n) for n in range(10_000))}'),
    )
    yield (
        "10,000 cards outside it",
        _page(f'<div class="h-entry">{link}</div>{"".join(card.format(n=n) for n in range(10_000))}'),
    )
    yield "10,000 entries with the link", _page(f'<div class="h-entry">{link}</div>' * 10_000)
    yield (
        "a card that names itself, 1,000 times",
        _page(
            f'<div class="h-entry"><a class="u-author" href="{SOURCE}"></a>{link}</div>'
            + f'<div class="h-card"><a class="u-url u-uid u-author" href="{SOURCE}"></a></div>' * 1000
        ),
    )
    yield (
        "a name of nearly a MiB",
        _page(
            f'<p class="h-entry">{link}<b class="p-author h-card"><b class="p-name">{"N" * (MIB - 1000)}</b></b></p>'
        ),
    )
    mix = "<p><b>x</b><script>y</script><i onclick=z>&lt;</i>"
    inside = mix * 3000
    yield (
        "HTML in every property",
        _page(
            "".join(
                f'<div class="{name}">{inside}</div>' for name in ("p-name", "p-author", "e-content", "p-summary")
            ).join(('<div class="h-entry">', f"{link}</div>"))
        ),
    )
    yield (
        "20,000 values of a date",
        _page(f'<div class="h-entry">{link}<p class="dt-published">{"<b class=value>x</b>" * 20_000}</p></div>'),
    )


def rows() -> Iterator[Row]:
    for size, most_ms, most_times in ENTRIES:
        empty, tree, ours = measured(entry_page(size * KB))
        name = f"an h-entry of {size} KB"
        yield Row(f"{name}: ms of CPU", ours * 1000, f"at most {most_ms}", most=most_ms)
        yield Row(f"{name}: {BARE}", ours / empty, f"at most {most_times}", most=most_times)
        yield Row(f"{name}: times lxml.html", ours / tree, "for the record")
    empty, _, ours = measured(mention_page(195 * KB))
    yield Row("an h-entry of 195 KB that is no reply: ms of CPU", ours * 1000, "for the record")
    yield Row(
        f"an h-entry of 195 KB that is no reply: {BARE}", ours / empty, f"at most {MOST_MENTION}", most=MOST_MENTION
    )
    empty, tree, ours = measured(big_page(TARGET, 195 * KB))
    yield Row("no microformats, 195 KB: ms of CPU", ours * 1000, "for the record")
    yield Row(f"no microformats, 195 KB: {BARE}", ours / empty, f"at most {MOST_PLAIN}", most=MOST_PLAIN)
    yield Row("no microformats, 195 KB: times lxml.html", ours / tree, "for the record")
    for name, page in hostile_pages():
        empty, _, ours = measured(page, rounds=3)
        yield Row(f"{name}, {len(page) // KB} KB: ms of CPU", ours * 1000, f"at most {MOST_HOSTILE}", most=MOST_HOSTILE)
        yield Row(f"{name}: {BARE}", ours / empty, "for the record")


def read(page: bytes) -> bool:
    return read_mention(page, source=SOURCE, target=TARGET, url=SOURCE, content_type=HTML).linked


def measured(page: bytes, *, rounds: int = ROUNDS) -> list[float]:
    """Seconds of a pass with empty handlers, of `lxml.html`, and of ours."""
    assert read(page)
    passes = (lambda: empty_pass(page), lambda: html.document_fromstring(page), lambda: read(page))
    return compare(*passes, rounds=rounds, clock=process_time)


def _page(body: str) -> bytes:
    return f"<!DOCTYPE html><title>Part six</title>{body}".encode()


if __name__ == "__main__":
    judge(show(rows()))
