"""Which links of a page are its entry's (CONTRACT of outbound links)."""

import pytest

from pingback.page.entry import outbound_links

SOURCE = "https://other.example/notes/six"

OUTBOUND = [
    pytest.param('<a href="/a">a</a><a href="b">b</a>', ["/a", "/notes/b"], id="document-order"),
    pytest.param('<a href="/a">a</a><a href="/a#x">a</a>', ["/a"], id="each-once"),
    pytest.param('<a href="/a#x">a</a>', ["/a#x"], id="p13-as-given"),
    pytest.param('<a href="/a" rel="external NoFollow">a</a><a href="/b">b</a>', ["/b"], id="nofollow"),
    pytest.param('<a href="#top">t</a><a href="">e</a><a href="/notes/six?">q</a>', ["/notes/six?"], id="same-page"),
    pytest.param(
        '<a href="mailto:a@b.example">m</a><a href="javascript:x">j</a><a href="ftp://f.example/">f</a>', [], id="http"
    ),
    pytest.param('<img src="/i"><link href="/l"><iframe src="/f"></iframe>', [], id="a-and-area-only"),
    pytest.param('<map><area href="/a"></map>', ["/a"], id="area"),
    pytest.param('<template><a href="/a">a</a></template><script>"<a href=/b>"</script>', [], id="inert"),
    pytest.param('<nav><a href="/n">n</a></nav><main><a href="/m">m</a></main>', ["/m"], id="main"),
    pytest.param('<main><a href="/m">m</a><article><a href="/a">a</a></article></main>', ["/a"], id="article"),
    pytest.param(
        '<article><a href="/1">1</a></article><article><a href="/2">2</a></article>', ["/1"], id="first-article"
    ),
    pytest.param(
        '<article><a href="/1">1</a><article><a href="/2">2</a></article><a href="/3">3</a></article>',
        ["/1", "/2", "/3"],
        id="nested-article",
    ),
    pytest.param(
        '<article><a href="/t">t</a><div class="post h-entry"><a href="/e">e</a></div></article>', ["/e"], id="h-entry"
    ),
    pytest.param('<article class="hentry"><a href="/e">e</a></article><a href="/x">x</a>', ["/e"], id="hentry"),
    pytest.param(
        '<div class=h-entry><a href="/t">t</a><div class="e-content"><br><img><p><a href="/c">c</a></div>'
        '<a href="/after">x</a></div>',
        ["/c"],
        id="e-content",
    ),
    pytest.param(
        '<div class="e-content"><a href="/o">o</a></div><div class=h-entry><a href="/e">e</a></div>',
        ["/e"],
        id="e-content-outside-an-entry",
    ),
    pytest.param(
        '<div class=h-entry><i class=e-content><a href="/1">1</a></i><i class=e-content><a href="/2">2</a></i></div>',
        ["/1", "/2"],
        id="content-in-two-pieces",
    ),
    pytest.param('<div class="h-entry"><p>no links</p></div><a href="/x">x</a>', [], id="an-entry-without-links"),
]


@pytest.mark.parametrize(("page", "expected"), OUTBOUND)
def test_outbound_links(page: str, expected: list[str]) -> None:
    links = outbound_links(page.encode(), url=SOURCE, content_type="text/html")
    assert list(links) == [f"https://other.example{path}" for path in expected]
