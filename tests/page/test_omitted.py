"""`pingback.page.omitted`: which links of a page a browser shows. Ids name the section of the HTML standard.

What is expected is written by hand; a real browser is asked, too, for the whole table.
"""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page

from pingback.page.about import read_mention
from pingback.page.endpoints import endpoints_in
from pingback.page.entry import outbound_links
from pingback.page.scanner import EVERY, Passing, scan

# `§` is a link behind what is tested, to T.
LINK = "<p><a href=T>x</a>"

# The page, and where its links lead.
PAGES = {
    "13.2.6.4.4-template": ("<template><a href=H>x</a></template>§", "T"),
    "13.2.6.4.4-template-without-ends-of-cells": ("<template id=row><tr><td>x</template>§", "T"),
    "13.2.6.4.4-template-without-ends-of-blocks": ("<template><div><span><a href=H>x</template>§", "T"),
    "13.2.6.4.4-template-without-ends-of-items": ("<ul><template><li><a href=H>x</template><li>§</ul>", "T"),
    "13.2.6.4.4-templates-in-templates": ("<template><b><template><td></template><a href=H></template>§", "T"),
    "13.2.6.4.4-template-without-an-end": ("<a href=1>x</a><template><div>§", "1"),
    "13.2.6.4.4-inner-template-without-an-end": ("<template><template></template>§", ""),
    "13.2.6.4.4-end-of-no-template": ("</template>§", "T"),
    "13.2.6.4.4-template-in-the-head": ("<head><template><meta><div></template><title>x</title><body>§", "T"),
    "13.2.6.4.9-template-in-a-table": ("<table><template><td><a href=H></template><tr><td>§</table>", "T"),
    "13.2.6.4.4-template-in-a-select": ("<select><template></select><a href=H></template></select>§", "T"),
    "13.2.6.4.20-template-beside-frames": ("<frameset><template><frame src=F></template></frameset>§", "F"),
    "13.2.6.4.4-shadow-root": ("<div><template shadowrootmode=open><a href=S>x</a></template></div>§", "S T"),
    "13.2.6.4.4-shadow-root-upper-case": (
        "<p><template ShadowRootMode='OPEN'><a href=S>x</a></template></p>§",
        "S T",
    ),
    "13.2.6.4.4-no-shadow-root": ("<div><template shadowrootmode=x><a href=H>x</a><i></template></div>§", "T"),
    "13.2.6.4.4-no-shadow-root-in-a-value": ("<template a='shadowrootmode=open'><a href=H></template>§", "T"),
    "13.2.5.6-upper-case": ("<TEMPLATE><TD></Template>§", "T"),
    "13.2.5.8-blanks-in-the-tag": ("<template\n><td></template\t>§", "T"),
    "13.2.5.8-longer-name": ("<templatex>§</templatex>", "T"),
    "13.2.5.40-slash-in-the-tag": ("<template/>§", ""),
    "13.2.5.38-template-with-values": ("<template a='>' b=\">\" c=x>y><a href=H></template a='>'>§", "T"),
    "13.2.5.38-quotes-in-an-unquoted-value": ('<template a=b"c><td></template>§', "T"),
    "13.2.5.33-quotes-in-a-name": ('<template a"><td></template>§', "T"),
    "13.2.5.43-template-in-a-comment": ("<!-- <template> -->§", "T"),
    "13.2.5.43-end-in-a-comment": ("<template><!-- </template> --><a href=H></template>§", "T"),
    "13.2.5.43-short-comment": ("<template><!--><td></template>§", "T"),
    "13.2.5.51-comment-with-a-bang": ("<template><!-- --!><td></template>§", "T"),
    "13.2.5.41-bogus-comment": ("<template><? ' ></ ' ><! '><td></template>§", "T"),
    "13.2.5.36-template-in-a-value": ("<i title='<template>'>§", "T"),
    "13.2.5.36-end-in-a-value": ("<template><i title='</template>'><a href=H></template>§", "T"),
    "13.2.5.4-template-in-a-script": ("<script>'<template>'</script>§", "T"),
    "13.2.5.4-end-in-a-script": ("<template><script>'</template>'</script><a href=H></template>§", "T"),
    "13.2.5.26-script-in-a-comment": ("<template><script><!--<script></script></template></script></template>§", "T"),
    "13.2.5.20-script-in-a-comment-that-ends": ("<template><script><!-- --></script></template>§", "T"),
    "13.2.5.3-end-in-a-style": ("<template><style></template></style><a href=H></template>§", "T"),
    "13.2.5.2-end-in-a-text-area": ("<template><textarea></template></textarea><a href=H></template>§", "T"),
    "13.2.5.2-end-in-a-title": ("<template><title></template></title><a href=H></template>§", "T"),
    "13.2.5.5-end-in-plain-text": ("<template><plaintext></template>§", ""),
    "13.2.6.5-slash-in-svg": ("<template><svg><style/><title/></svg></template>§", "T"),
    "13.2.6.4.7-select": ("<select><option><a href=H>x</a></option></select>§", "T"),
    "13.2.6.4.7-select-without-ends": ("<select><optgroup><option>x<div></select>§", "T"),
    "13.2.6.4.7-select-without-an-end": ("<select><option>x</div>§", ""),
    "13.2.6.4.7-select-that-begins-anew": ("<select><option>x<select>§", "T"),
    "13.2.6.4.7-input-ends-a-select": ("<select><option>x<input src=I>§", "I T"),
    "13.2.6.4.7-text-area-in-a-select": ("<select><textarea></select></textarea><a href=H></select>§", "T"),
    "13.2.6.4.15-cell-ends-a-select": ("<table><td><select><option>x<td>§", "T"),
    "13.2.6.4.15-end-of-a-row-ends-a-select": ("<table><td><select><option>x</tr><td>§", "T"),
    "13.2.6.4.9-end-of-the-table-ends-a-select": ("<table><td><select><option>x</table>§", "T"),
    "13.2.5.43-end-of-a-select-in-a-comment": ("<select><!--</select>--><a href=H></select>§", "T"),
    "13.2.5.40-select-with-a-slash": ("<select/><a href=H></select>§", "T"),
    "13.2.6.4.6-frameset": ("<title>x</title><frameset><frame src=F></frameset><body>§", "F"),
    "13.2.6.4.20-frames-in-frames": ("<frameset><frame src=F><frameset></frameset>§<frame src=G></frameset>", "F G"),
    "13.2.6.4.21-frames-behind-frames": ("<frameset></frameset><frameset><frame src=F></frameset>", ""),
    "13.2.6.4.20-noframes": ("<frameset><noframes><frame src=H>§</noframes><frame src=F>", "F"),
    "13.2.6.4.21-behind-frames": ("<frameset></frameset><noframes>§</noframes></html>§", ""),
    "13.2.6.4.7-frameset-behind-nothing": ("<div><p></p></div><frameset a='>'><frame src=F></frameset>§", "F"),
    "13.2.6.4.6-frameset-behind-a-script": ("<script>x</script><!-- x --><frameset><frame src=F></frameset>§", "F"),
    "13.2.6.4.7-frameset-behind-words": ("<p>x<frameset></frameset>§", "T"),
    "13.2.6.4.7-frameset-behind-a-body": ("<body><frameset></frameset>§", "T"),
    "13.2.6.4.7-frameset-behind-a-picture": ("<img src=I><frameset></frameset>§", "I T"),
    "13.2.6.4.7-frameset-in-a-comment": ("<!-- <frameset> -->§", "T"),
    "13.2.5.40-frame-with-a-slash": ("<iframe src=F />§", "F"),
    "13.2.5.40-script-with-a-slash": ("<script/>'§'</script>§", "T"),
    "13.2.5.40-title-with-a-slash": ("<title/>§</title>§", "T"),
    "13.2.5.40-text-area-with-a-slash": ("<textarea />§</textarea>§", "T"),
    "13.2.5.39-slash-of-a-value": ("<iframe src=F/></iframe>§", "F/ T"),
    "13.2.6.5-style-with-a-slash-in-svg": ("<svg><style/></svg>§", "T"),
    "13.2.5.40-slash-in-a-comment": ("<!-- <script/> -->§", "T"),
    "13.2.6.4.7-text-behind-the-page": ("</body></html>§", "T"),
    "13.2.6.4.7-link-in-a-link": ("<a href=1>x<a href=2>y", "1 2"),
    "13.2.6.4.7-noscript": ("<noscript>§</noscript>", "T"),
    "13.2.6.4.4-noscript-in-the-head": ("<head><noscript><link href=L></noscript></head>§", "L T"),
    "13.2.6.4.7-paragraph-in-a-button": ("<p><button>§</button>", "T"),
    "13.2.6.4.7-plain-text": ("<a href=1>x</a><plaintext>§", "1"),
    "13.2.6.4.7-isindex": ("<isindex href=I>§", "I T"),
    "13.2.6.4.9-link-in-a-table": ("<table><a href=1>x</a><tr><td>§", "1 T"),
    "13.2.6.5-svg-and-its-title": ("<svg><title>x</title><a href=S>x</a></svg>§", "S T"),
    "13.2.5.1-null-in-the-text": ("<p>\0§", "T"),
    "13.2.5.42-cdata-beside-svg": ("<![CDATA[§]]>", "T"),
    "13.2.5.53-entity-in-a-doctype": ("<!DOCTYPE html [<!ENTITY x '§'>]>", "T"),
}

# What we know to differ: the page, where its links lead for us, and in a browser.
DIFFERENT = {
    # A template in SVG is an element like any other; what it holds is drawn by nobody.
    "13.2.6.5-template-in-svg": ("<svg><template><a href=H></svg>§", "T", "H T"),
    # libxml2 takes these for raw text in SVG, too; their ends are rarely left out.
    "13.2.6.5-title-in-svg-without-an-end": ("<svg><title>x</svg>§", "", "T"),
    "13.2.6.5-style-in-svg-without-an-end": ("<svg><style></svg>§", "", "T"),
    # libxml2 knows no CDATA sections in HTML, and a browser knows them in SVG only.
    "13.2.5.69-cdata-in-svg": ("<svg><![CDATA[§]]></svg>", "T", ""),
    # Browsers ended a select there until 2025, and authors mean it.
    "13.2.4.2-table-in-a-select": ("<select><option><table></select>§", "T", ""),
    "13.2.4.2-object-in-a-select": ("<select><object></select>§", "T", ""),
    # Outside a table nobody forgets the end of a select: all of the page would be gone.
    "13.2.6.4.7-cell-in-a-select-in-no-table": ("<select><td>§", "T", ""),
    # Elements that a browser makes nothing of where they stand alone.
    "13.2.6.4.7-frame-beside-words": ("<p>x<frame src=F>§", "F T", "T"),
    "13.2.6.4.7-cell-in-no-table": ("<p>x<td href=C>§", "C T", "T"),
    # A body that is taken back for frames had no words, so that nobody could see its links.
    "13.2.6.4.7-frameset-behind-an-empty-link": ("<p><a href=E></a><frameset><frame src=F>", "E F", "F"),
}

TARGET = "https://blog.example/post"
URL = "https://other.example/six"

IN_A_BROWSER = """html => {
    const found = [];
    const walk = root => {
        for (const element of root.querySelectorAll("*")) {
            for (const name of element.closest("select") ? [] : ["href", "src"])
                if (element.hasAttribute(name)) found.push(element.getAttribute(name));
            if (element.shadowRoot) walk(element.shadowRoot);
        }
    };
    walk(Document.parseHTMLUnsafe(html));
    return found.sort().join(" ");
}"""


class Links:
    """Where all links lead."""

    tags = EVERY
    ends: frozenset[str] = frozenset()
    done = False

    def __init__(self) -> None:
        self.found: list[str] = []

    def element(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.found += [attributes[name] for name in ("href", "src") if name in attributes]

    def end(self, tag: str) -> None:
        raise AssertionError(tag)


def links(page: str, size: int = 1 << 20) -> str:
    """Of a page that comes in chunks of a size."""
    collector, data = Links(), page.encode()
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    scan(chunks, Passing(URL), [collector], charset="utf-8")
    return " ".join(sorted(collector.found))


def filled(page: str) -> str:
    return page.replace("§", LINK)


@pytest.mark.parametrize(("page", "leads_to"), PAGES.values(), ids=PAGES)
def test_links_that_show(page: str, leads_to: str) -> None:
    assert set(links(filled(page)).split()) == set(leads_to.split())


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11])
def test_wherever_the_chunks_are_cut(size: int) -> None:
    pages = [filled(page) for page, *_ in (*PAGES.values(), *DIFFERENT.values())]
    assert [links(page, size) for page in pages] == [links(page) for page in pages]


@pytest.mark.parametrize(("page", "ours", "browsers"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_is_known_to_differ(page: str, ours: str, browsers: str) -> None:
    assert set(links(filled(page)).split()) == set(ours.split()) != set(browsers.split())


def test_a_browser_says_so(browser_page: Page) -> None:
    said = dict(PAGES.values()) | {page: browsers for page, _, browsers in DIFFERENT.values()}
    shown = {page: browser_page.evaluate(IN_A_BROWSER, filled(page)) for page in said}
    assert {page: set(found.split()) for page, found in shown.items()} == {
        page: set(leads_to.split()) for page, leads_to in said.items()
    }


_PIECES = st.sampled_from(
    "<template>|</template>|<template a='|'>|<select>|</select>|<option>|<input>|<frameset>|</frameset>|<frame src=F>"
    "|<td>|</td>|<table>|</table>|<div>|</div>|<script>|</script>|<script/>|<iframe src=F />|</iframe>|<!--|-->|<svg>"
    '|</svg>|<style/>|</style>|<b a="|">|x|<|</|/>|<noframes>|</noframes>|<a href=T>'.split("|")
)


@given(st.lists(_PIECES, max_size=30), st.integers(1, 12))
def test_any_markup_wherever_it_is_cut(pieces: list[str], size: int) -> None:
    page = "".join(pieces)
    assert links(page, size) == links(page)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("<template>" + "<td><b>x<!-- </template> -->" * 3000 + "</template>", id="many-pieces"),
        pytest.param("<template><i title='" + "</template>" * 5000 + "'></template>", id="long-value-within"),
        pytest.param("<template title='" + "</template>" * 5000 + "'><td></template>", id="long-value-of-its-own"),
        pytest.param("<template><script>" + "<!-- </template>" * 5000 + "</script></template>", id="long-script"),
        pytest.param("<i>" * 5000 + "<template><div></template>", id="deep"),
        pytest.param("<template><div></template>" * 3000, id="many-templates"),
        pytest.param("<select><option>x<div></select>" * 3000, id="many-selects"),
    ],
)
def test_what_is_behind_much_counts(page: str) -> None:
    assert links(page + LINK) == "T"


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param("<template id=row><tr><td>x</template>", id="template"),
        pytest.param("<select><option>x<div></select>", id="select"),
    ],
)
def test_all_readers_read_on(markup: str) -> None:
    page = f"<!doctype html><title>x</title>{markup}<p><a href={TARGET}>y</a><link rel=webmention href=/wm>".encode()
    mention = read_mention(page, source=URL, target=TARGET, url=URL, content_type="text/html")
    assert mention.linked
    assert outbound_links(page, url=URL, content_type="text/html") == (TARGET,)
    (endpoint,) = endpoints_in(URL, target=URL, headers=lambda name: (), content_type="text/html", chunks=[page])
    assert endpoint.url == "https://other.example/wm"
