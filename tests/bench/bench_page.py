"""Reading a source page: against BeautifulSoup doing the same, and against lxml doing nothing.

The page has 200 KB, no microformats, and the link near its end: nothing of it can be left unread.
"""

import random
from collections.abc import Mapping

from bs4 import BeautifulSoup
from lxml import etree

from pingback.page.about import read_mention
from pingback.page.scanner import FEED_BYTES
from pingback.urls import same_url
from tests.bench.timing import Row, compare, judge, show

TARGET = "https://my-blog.example/2026/part-five"
SOURCE = "https://other.example/2026/part-six"
HTML = "text/html; charset=utf-8"

_WORDS = (
    "the of river stone and lamp a morning walked into under no glass field letter winter said her over old".split()
)


def big_page(target: str, size: int = 200_000) -> bytes:
    """A blog's page as themes write them: a long head, menus, paragraphs with links and emphasis, comments."""
    rng = random.Random(5)
    head = "".join(
        f'<link rel="stylesheet" id="s{n}" href="/theme/{n}.css" media="all"><meta name="x{n}" content="{n}">'
        for n in range(25)
    )
    menu = "".join(f'<li class="menu-item item-{n}"><a href="/page/{n}">Page {n}</a></li>' for n in range(40))
    parts = [
        f"<!DOCTYPE html><html><head><meta charset=utf-8><title>Part six &#8211; Notes</title>{head}</head>"
        f"<body><header><nav><ul>{menu}</ul></nav></header><main><article>"
    ]
    length = len(parts[0])
    while length < size - 1000:
        words, word = " ".join(rng.choices(_WORDS, k=60)), rng.choice(_WORDS)
        parts.append(
            f'<p id="p{length}" class="wp-block-paragraph">{words}, <a rel="noopener" href="https://site{length % 97}'
            f'.example/{length}">{word}</a> <em>{word}</em> &#8220;{words[:80]}&#8221;</p>\n'
        )
        length += len(parts[-1])
    parts.append(f'<p>As said in <a href="{target}">part five</a>, it is so.</p></article></main></body></html>')
    return "".join(parts).encode()


def rows() -> list[Row]:
    page = big_page(TARGET)
    without = big_page("https://nobody.example/")
    if not (read(page) and with_beautifulsoup(page)) or read(without):
        raise AssertionError("the readers do not agree")
    soup, ours = compare(lambda: with_beautifulsoup(page), lambda: read(page), rounds=5)
    empty, again = compare(lambda: empty_pass(page), lambda: read(page), rounds=100)
    _, rejected = compare(lambda: empty_pass(without), lambda: read(without), rounds=100)
    return [
        Row(
            "verify a 200 KB page: times as fast as BeautifulSoup(html.parser)",
            soup / ours,
            "at least 6.5; wanted 10",
            least=6.5,
        ),
        Row(
            "verify a 200 KB page: times an lxml target pass with empty handlers",
            again / empty,
            "at most 2.8; wanted 1.9",
            most=2.8,
        ),
        Row("the same, in ms", again * 1000, "for scale"),
        Row("reject a 200 KB page without the target's host, in ms", rejected * 1000, "no parse"),
    ]


def read(page: bytes) -> bool:
    return read_mention(page, source=SOURCE, target=TARGET, url=SOURCE, content_type=HTML).linked


def with_beautifulsoup(page: bytes) -> bool:
    """Title, the link by the same comparison of URLs, and the words of its paragraph."""
    soup = BeautifulSoup(page, "html.parser", from_encoding="utf-8")
    title = soup.title.get_text() if soup.title else ""
    for link in soup.find_all("a", href=True):
        if same_url(str(link["href"]), TARGET):
            paragraph = link.find_parent("p")
            return bool(title and paragraph and " ".join(paragraph.get_text().split())[:200])
    return False


class _Empty:
    def start(self, tag: str, attributes: Mapping[str, str]) -> None: ...

    def end(self, tag: str) -> None: ...

    def data(self, text: str) -> None: ...

    def close(self) -> None: ...


def empty_pass(page: bytes) -> None:
    parser = etree.HTMLParser(target=_Empty(), encoding="utf-8")  # type: ignore[arg-type]  # as in the scanner
    for start in range(0, len(page), FEED_BYTES):
        parser.feed(page[start : start + FEED_BYTES])
    parser.close()


if __name__ == "__main__":
    judge(show(rows()))
