"""TrackBack RDF blocks (TrackBack 1.2, "Auto-Discovery"; T8, T9)."""

from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.model import Protocol
from pingback.page.endpoints import endpoints_in

TARGET = "https://blog.example/2026/part-five"
PING = "https://blog.example/tb/5"
OTHER = "https://blog.example/2026/part-four"

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
TRACKBACK = "http://madskills.com/public/xml/rss/module/trackback/"
DECLARED = f'xmlns:rdf="{RDF}" xmlns:dc="{DC}" xmlns:trackback="{TRACKBACK}"'


def description(identifier: str | None = TARGET, ping: str = PING) -> str:
    named = "" if identifier is None else f'dc:identifier="{identifier}"'
    return (
        f'<rdf:Description rdf:about="{TARGET}" {named} dc:title="Part &#8216;five&#8217;" trackback:ping="{ping}" />'
    )


def block(identifier: str | None = TARGET, ping: str = PING) -> str:
    return f"<rdf:RDF {DECLARED}>\n{description(identifier, ping)}\n</rdf:RDF>"


def comment(identifier: str | None = TARGET, ping: str = PING) -> str:
    return f"<!--\n{block(identifier, ping)}\n-->"


def cdata(identifier: str | None = TARGET, ping: str = PING) -> str:
    return f"<![CDATA[{block(identifier, ping)}]]>"


NAMES = (
    "xmlns",
    ":rdf",
    ":dc",
    ":trackback",
    "rdf:",
    "dc:",
    "trackback:",
    "Description",
    "identifier",
    "about",
    "ping=",
)


def in_capitals(markup: str) -> str:
    """The names of elements and attributes; values stay as they are."""
    for name in NAMES:
        markup = markup.replace(name, name.upper())
    return markup


WITH_OTHER_PREFIXES = (
    f'<r:RDF xmlns:r="{RDF}" xmlns:d="{DC}" xmlns:TB="{TRACKBACK}">'
    f'<r:Description d:identifier="{TARGET}" TB:ping="{PING}" /></r:RDF>'
)
BY_DEFAULT = (
    f'<RDF xmlns="{RDF}" xmlns:dc="{DC}" xmlns:trackback="{TRACKBACK}">'
    f'<Description about="{TARGET}" dc:identifier="{TARGET}" trackback:ping="{PING}" /></RDF>'
)
DECLARED_BELOW = (
    f'<x:Description xmlns:x="{RDF}" xmlns:y="{DC}" xmlns:z="{TRACKBACK}" y:identifier="{TARGET}" z:ping="{PING}"/>'
)

FOUND = [
    pytest.param(comment(), id="t8-in-a-comment"),
    pytest.param(f"<p>{cdata()}", id="in-cdata"),
    pytest.param(f"<p><![CDATA[\n\n{block()}\n]]>", id="in-cdata-on-lines-of-its-own"),
    pytest.param(f"<p>{block()}", id="plain"),
    pytest.param(f"<!--<![CDATA[{block()}]]>-->", id="cdata-in-a-comment"),
    pytest.param(f"<![CDATA[ {comment()} ]]>", id="comment-in-cdata"),
    pytest.param(f"<!-- <!-- {block()} -->", id="comment-in-a-comment"),
    pytest.param(f"<p>x<!-- {block()}", id="comment-without-end"),
    pytest.param(comment().replace('"', "'"), id="single-quotes"),
    pytest.param(comment().replace("=", " =\n"), id="white-space-in-attributes"),
    pytest.param(comment().replace("/2026", "&#x2F;2026").replace("tb", "t&#98;"), id="entities"),
    pytest.param(comment().replace('title="', 'title="5 > 4 '), id="angle-bracket-in-the-title"),
    pytest.param(f"<!-- {WITH_OTHER_PREFIXES} -->", id="any-prefix-in-a-comment"),
    pytest.param(f"<![CDATA[{WITH_OTHER_PREFIXES}]]>", id="any-prefix-in-cdata"),
    pytest.param(WITH_OTHER_PREFIXES, id="any-prefix-plain"),
    pytest.param(f"<!-- {BY_DEFAULT} -->", id="rdf-as-the-default-namespace"),
    pytest.param(f"<!-- {DECLARED_BELOW} -->", id="declared-on-the-description"),
    pytest.param(f"<![CDATA[{DECLARED_BELOW}]]>", id="declared-on-the-description-in-cdata"),
    pytest.param(f"<!-- {description()} -->", id="nothing-declared"),
    pytest.param(description(), id="nothing-declared-and-plain"),
    pytest.param(in_capitals(comment()), id="names-in-capitals-in-a-comment"),
    pytest.param(in_capitals(cdata()), id="names-in-capitals-in-cdata"),
    pytest.param(in_capitals(block()), id="names-in-capitals-plain"),
    pytest.param(in_capitals(f"<![CDATA[{BY_DEFAULT}]]>"), id="names-in-capitals-by-default-in-cdata"),
    pytest.param(comment().replace("trackback:ping", "TrackBack:Ping"), id="trackback-in-its-own-spelling"),
    pytest.param(comment().lower(), id="names-in-lower-case"),
    pytest.param(f"<![cdata[{WITH_OTHER_PREFIXES}]]>", id="cdata-in-lower-case"),
    pytest.param(f"<noscript>{comment()}</noscript>", id="noscript"),
    pytest.param(f"<svg>{comment()}</svg><table>{comment()}", id="in-a-table"),
    pytest.param(f"<html><head><title>T</title>{comment()}</head><body>", id="in-the-head"),
    pytest.param(f"<p>x</body></html>{comment()}", id="behind-the-end"),
]
NOT_FOUND = [
    pytest.param("", id="empty"),
    pytest.param(f"<script>/* {block()} */</script>", id="script"),
    pytest.param(f"<script><!-- {block()} --></script>", id="comment-in-a-script"),
    pytest.param(f"<script>//<![CDATA[\n{block()}\n//]]></script>", id="cdata-in-a-script"),
    pytest.param(f"<!-- <script>{block()}</script> -->", id="script-in-a-comment"),
    pytest.param(f"<textarea>{comment()}{block()}</textarea>", id="textarea"),
    pytest.param(f"<title>{comment()}</title>", id="title"),
    pytest.param(f"<template>{comment()}{block()}</template>", id="template"),
    pytest.param(f"<template><div><![CDATA[{block()}]]></div></template>", id="cdata-in-a-template"),
    pytest.param(comment().replace("<", "&lt;").replace(">", "&gt;"), id="escaped"),
    pytest.param(f"<p title='{comment()}'>", id="in-an-attribute"),
    pytest.param(comment().replace("trackback:ping", "trackback:pings"), id="no-ping"),
    pytest.param(comment(ping=""), id="empty-ping"),
    pytest.param(comment(ping="mailto:a@b.example"), id="ping-is-not-http"),
    pytest.param(comment(ping="http://["), id="ping-is-no-url"),
    pytest.param(comment().replace("rdf:Description", "rdf:Seq"), id="no-description"),
    pytest.param(comment().replace("rdf:Description", "rss:Description"), id="description-of-another-namespace"),
    pytest.param(comment().replace("trackback:ping", "dc:ping"), id="ping-of-another-namespace"),
]


def ping(page: str | Iterable[bytes], target: str = TARGET, url: str | None = None) -> str:
    """Where and what the TrackBack endpoint of a page is, "" without one."""
    found = endpoints_in(
        url or target.partition("#")[0],
        target=target,
        headers=lambda name: (),
        content_type="text/html; charset=utf-8",
        chunks=[page.encode()] if isinstance(page, str) else page,
        wanted=[Protocol.TRACKBACK],
    )
    return " ".join(f"{endpoint.via} {endpoint.url}" for endpoint in found)


@pytest.mark.parametrize("page", FOUND)
def test_block(page: str) -> None:
    assert ping(page) == f"rdf {PING}"


@pytest.mark.parametrize("page", NOT_FOUND)
def test_no_block(page: str) -> None:
    assert ping(page) == ""


@pytest.mark.parametrize(
    ("identifier", "matches"),
    [
        pytest.param(TARGET, True, id="t9-equal"),
        pytest.param("http://BLOG.example:80/2026/./part%2Dfive", True, id="equal-urls"),
        pytest.param(f"{TARGET}/", True, id="trailing-slash-aside"),
        pytest.param(f" {TARGET}\n", True, id="white-space-around"),
        pytest.param("/2026/part-five", True, id="relative"),
        pytest.param(f"{TARGET}#five", True, id="fragment"),
        pytest.param(f"{TARGET}?p=5", False, id="query"),
        pytest.param(f"{TARGET}//", False, id="two-slashes"),
        pytest.param("https://www.blog.example/2026/part-five", False, id="host"),
        pytest.param(OTHER, False, id="t9-no-match-no-endpoint"),
        pytest.param("part five", False, id="no-url"),
        pytest.param("urn:isbn:5", False, id="not-http"),
        pytest.param(None, True, id="the-only-block-without-identifier"),
        pytest.param(" ", True, id="an-empty-identifier-is-none"),
    ],
)
def test_identifier(identifier: str | None, matches: bool) -> None:
    assert ping(comment(identifier)) == (f"rdf {PING}" if matches else "")


@pytest.mark.parametrize("target", ["https://blog.example", "https://blog.example/", "https://blog.example/#top"])
def test_identifier_of_a_home_page(target: str) -> None:
    assert ping(comment("http://blog.example"), target) == f"rdf {PING}"


@pytest.mark.parametrize("arrange", [comment, cdata, block])
def test_the_block_of_the_target_among_several(arrange: Callable[[str, str], str]) -> None:
    page = "".join(arrange(f"https://blog.example/{name}", f"/tb/{name}") for name in ("four", "five", "six"))
    assert ping(page, "https://blog.example/four") == "rdf https://blog.example/tb/four"
    assert ping(page, "https://blog.example/five") == "rdf https://blog.example/tb/five"
    assert ping(page, "https://blog.example/six") == "rdf https://blog.example/tb/six"
    assert ping(page, "https://blog.example/") == ""


ARCHIVE = "https://blog.example/2026"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param(f"{ARCHIVE}#five", "/tb/5", id="its-own"),
        pytest.param(f"{ARCHIVE}#seven", "/tb/4", id="else-the-first"),
        pytest.param(ARCHIVE, "/tb/4", id="the-archive-itself"),
    ],
)
def test_blocks_that_differ_in_the_fragment(target: str, expected: str) -> None:
    page = (
        comment(f"{ARCHIVE}#four", "/tb/4") + comment(f"{ARCHIVE}#five", "/tb/5") + comment(f"{ARCHIVE}#six", "/tb/6")
    )
    assert ping(page, target) == f"rdf https://blog.example{expected}"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        pytest.param(comment(OTHER, "/new"), "new", id="of-where-the-page-is"),
        pytest.param(comment(OTHER, "/new") + comment(TARGET, "/old"), "old", id="second-to-the-target"),
        pytest.param(comment(TARGET, "/old") + comment(OTHER, "/new"), "old", id="first-as-well"),
        pytest.param(
            comment(f"{TARGET}#x", "/old") + comment(f"{OTHER}#five", "/new"), "old", id="whatever-the-fragment"
        ),
        pytest.param(
            comment(f"{OTHER}#x", "/no") + comment(f"{OTHER}#five", "/new"), "new", id="with-its-own-fragment"
        ),
    ],
)
def test_a_block_of_the_final_address(page: str, expected: str) -> None:
    assert ping(page, f"{TARGET}#five", url=OTHER) == f"rdf https://blog.example/{expected}"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        pytest.param(comment(None, "/1") + comment(None, "/2"), "", id="two-without-identifier"),
        pytest.param(comment(None, "/1") + comment(OTHER, "/2"), "", id="one-is-another-s"),
        pytest.param(comment(OTHER, "/2") + comment(None, "/1"), "", id="one-is-another-s-first"),
        pytest.param(
            comment(None, "/1") + comment(TARGET, "/2"), "rdf https://blog.example/2", id="one-is-the-target-s"
        ),
        pytest.param(comment(None, "/1") + f"<!-- {WITH_OTHER_PREFIXES} -->", f"rdf {PING}", id="whatever-prefix"),
        pytest.param(comment(None, "/1") + comment(TARGET, ""), "rdf https://blog.example/1", id="one-is-none"),
    ],
)
def test_a_block_without_identifier(page: str, expected: str) -> None:
    assert ping(page) == expected


BY_REL = '<a rel="trackback" href="/rel">x</a>'


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        pytest.param(BY_REL + comment(), f"rdf {PING}", id="rdf-first"),
        pytest.param(BY_REL + comment(OTHER), "a https://blog.example/rel", id="none-for-the-target"),
        pytest.param(comment(None) * 2 + BY_REL, "a https://blog.example/rel", id="several-without-identifier"),
        pytest.param(comment(OTHER) * 1001 + BY_REL, "a https://blog.example/rel", id="too-many-others"),
    ],
)
def test_rel_counts_after_rdf(page: str, expected: str) -> None:
    assert ping(page) == expected


def test_relative_addresses_are_the_document_s() -> None:
    page = '<base href="https://cdn.example/x/">' + comment("../2026/part-five", "tb")
    assert ping(page, "https://cdn.example/2026/part-five") == "rdf https://cdn.example/x/tb"


@pytest.mark.parametrize("form", ["<!-- {} -->", "<![CDATA[<rdf:RDF>{}</rdf:RDF>]]>", "<rdf:RDF>{}</rdf:RDF>"])
def test_the_declarations_of_one_block_do_not_hide_another(form: str) -> None:
    assert ping(WITH_OTHER_PREFIXES.replace(TARGET, OTHER) + form.format(description())) == f"rdf {PING}"


# How much is read


def test_no_chunk_is_taken_behind_the_target_s_own_block() -> None:
    def body() -> Iterator[bytes]:
        yield comment().encode()
        raise AssertionError("read on")

    assert ping(body()) == f"rdf {PING}"


def test_the_page_is_read_on_behind_a_block_that_may_not_be_the_best() -> None:
    chunks = [comment(f"{TARGET}#x", "/first").encode(), b"<p>words</p>" * 5000, comment().encode()]
    assert ping(chunks) == f"rdf {PING}"
    assert ping([comment(None).encode(), b"<p>words</p>" * 5000, comment().encode()]) == f"rdf {PING}"


@pytest.mark.parametrize("page", FOUND)
def test_cut_at_any_border(page: str) -> None:
    data = page.encode()
    for cut in range(1, len(data)):
        assert ping([data[:cut], data[cut:]]) == f"rdf {PING}"


SCRAPS = (
    "<!-- --> <![CDATA[ ]]> <rdf:RDF > < <script> </script> <template> </template> ' \" & :ping xmlns:rdf=''".split()
)


@given(parts=st.lists(st.sampled_from([*SCRAPS, f" {DECLARED}", description(), "\0"])))
def test_any_markup_gives_a_value(parts: list[str]) -> None:
    assert ping("".join(parts)) in ("", f"rdf {PING}")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(comment(OTHER) * 2500, id="comments"),
        pytest.param(block(OTHER) * 2500, id="blocks"),
        pytest.param(f"<rdf:RDF {DECLARED}>" + description(OTHER) * 5000, id="descriptions"),
        pytest.param("<!--" * 250_000 + ":ping", id="open-comments"),
        pytest.param("<!-- :ping --><x>" * 60_000, id="comments-without-a-block"),
        pytest.param("<![CDATA[xmlns>" * 60_000, id="open-cdata"),
        pytest.param("<!-- " + "<![CDATA[" * 100_000 + block(OTHER), id="nested-cdata"),
        pytest.param("<!-- " + "<rdf:RDF><rdf:Description>" * 40_000 + ":ping", id="nested-elements"),
        pytest.param(
            "<rdf:RDF " + "".join(f'xmlns:x{n}="{DC}" ' for n in range(15_000)) + ">" + description(OTHER) * 999,
            id="declarations",
        ),
        pytest.param("<a:b>" * 200_000, id="prefixed-elements"),
        pytest.param(block(TARGET, "mailto:a@b.example") * 1000 + block(), id="unusable-blocks"),
    ],
)
def test_a_page_made_of_rdf(page: str) -> None:
    assert ping(page) == ""
