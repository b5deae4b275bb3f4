"""The post on a page: which links are its own."""

from urllib.parse import urljoin

import pytest

from pingback.page.entry import Post, outbound_links, read_post

SOURCE = "https://other.example/notes/six"

OUTBOUND = [
    pytest.param('<a href="/a">a</a><a href="b">b</a>', ["/a", "/notes/b"], id="document-order"),
    pytest.param('<a href="/a">a</a><a href="/a#x">a</a>', ["/a"], id="each-once"),
    pytest.param('<a href="/a#x">a</a>', ["/a#x"], id="p13-as-given"),
    pytest.param('<a href="/a" rel="external NoFollow">a</a><a href="/b">b</a>', ["/b"], id="nofollow"),
    pytest.param('<a href="#top">t</a><a href="">e</a><a href="/notes/six?">q</a>', [], id="same-page"),
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
    pytest.param('<nav><a href="/n">n</a></nav><a href="/a">a</a>', ["/a"], id="no-nav"),
    pytest.param(
        '<article><header><a href="/h">h</a></header><aside><a href="/a">a</a></aside>'
        '<footer><p><a href="/f">f</a></p></footer><a href="/z">z</a></article>',
        ["/h", "/z"],
        id="no-footer-and-aside-but-header",
    ),
    pytest.param(
        '<blockquote><p>q</p><footer><a href="/q">source</a></footer></blockquote><footer><a href="/f">f</a></footer>',
        ["/q"],
        id="the-footer-of-a-quotation",
    ),
    pytest.param(
        '<article><ol class="comment-list"><li><a href="/c">c</a></ol></article>', [], id="wordpress-comments"
    ),
    pytest.param('<article><div id="comments"><a href="/c">c</a></div></article>', [], id="comments-by-id"),
    pytest.param(
        '<ul class="webmentions x"><li><a href="/1">1</a></ul><ul id=mentions><li><a href="/2">2</a></ul>'
        '<ul class=pingbacks><li><a href="/3">3</a></ul><div class="pingback-mentions"><a href="/4">4</a></div>',
        [],
        id="lists-of-mentions",
    ),
    pytest.param('<body class="comments"><a href="/a">a</a></body>', ["/a"], id="a-body-is-never-left-out"),
    pytest.param(
        '<div class="h-entry"><a href="/a">a</a><div class="p-comment h-cite"><div class="e-content"><a href="/c">c</a>'
        "</div></div></div>",
        ["/a"],
        id="mf2-h-entry-comment-has-a-content-of-its-own",
    ),
    pytest.param(
        '<div class="h-entry"><a href="/a">a</a><article class="u-comment h-entry"><a href="/c">c</a></article></div>',
        ["/a"],
        id="mf2-h-entry-comment",
    ),
    pytest.param(
        '<div class="h-entry"><a href="/a">a</a><li class="p-like h-cite"><a href="/l">l</a></div>',
        ["/a"],
        id="an-h-cite-beside-the-words",
    ),
    pytest.param(
        '<div class="h-entry"><p class="e-content"><b class="h-cite"><a class="u-url" href="/c">c</a></b></div>',
        ["/c"],
        id="an-h-cite-among-the-words",
    ),
    pytest.param(
        '<a class="x no-ping" href="/1">1</a><a data-no-ping href="/2">2</a><a data-no-ping="" href="/3">3</a>'
        '<a class="no-pings" href="/4">4</a>',
        ["/4"],
        id="a-link-opts-out",
    ),
    pytest.param(
        '<a class="wm-nosend" href="/1">1</a><a data-wm-nosend href="/2">2</a>', [], id="in-django-wm-s-words"
    ),
    pytest.param(
        '<ul class="no-ping"><li><a href="/1">1</a><br><li><b class="no-ping"><a href="/2">2</a></b></ul><a href="/3">',
        ["/3"],
        id="an-ancestor-opts-out",
    ),
]

ANSWERS = [
    *(
        pytest.param(
            f'<div class="h-entry"><a class="{kind}" href="/r">r</a><p class="e-content"><a href="/c">c</a></div>',
            ["/r", "/c"],
            id=kind,
        )
        for kind in ("u-in-reply-to", "u-like-of", "u-repost-of", "u-bookmark-of")
    ),
    pytest.param(
        '<div class="h-entry"><p class="e-content"><a href="/c">c</a></p><link class="u-like-of" href="/r"></div>',
        ["/c", "/r"],
        id="a-link-element-behind-the-content",
    ),
    pytest.param(
        '<div class="h-entry"><div class="u-in-reply-to h-cite"><i class="p-author h-card"><a class="u-url" href="/a">A'
        '</a></i> <a href="/x">x</a> <a class="u-url p-name" href="/r">R</a> <p><a href="/y">y</a></div></div>',
        ["/r"],
        id="mf2-h-cite-url",
    ),
    pytest.param(
        '<div class="h-entry"><div class="u-in-reply-to h-cite"><br><a href="/r">R</a><a href="/y">y</a></div></div>',
        ["/r"],
        id="mf2-h-cite-first-link",
    ),
    pytest.param(
        '<div class=hentry><footer><a rel="x in-reply-to" href=/r>r</a></footer><p class=entry-content>w',
        ["/r"],
        id="classic-in-reply-to",
    ),
    pytest.param('<div class="h-entry"><b class="u-like-of h-cite">x</b></div>', [], id="mf2-h-cite-without-a-link"),
    pytest.param(
        '<div class="h-entry"><a class="u-like-of h-cite" href="/r">R</a></div>', ["/r"], id="a-link-as-h-cite"
    ),
    pytest.param(
        '<div class="h-entry"><a class="u-like-of no-ping" href="/1">1</a><a class="u-like-of" rel=nofollow href="/2">'
        '2</a><div class="u-like-of h-cite"><a class="no-ping u-url" href="/3">3</a></div></div>',
        [],
        id="opted-out",
    ),
    pytest.param(
        '<a class="u-like-of" href="/0">0</a><div class="h-entry"><p class="e-content">c</p></div>'
        '<div class="h-entry"><a class="u-like-of" href="/2">2</a></div>',
        [],
        id="of-another-entry",
    ),
    pytest.param(
        '<div class="h-entry"><p class="e-content">c</p><div class="u-comment h-cite"><a class=u-in-reply-to href="/2">'
        "2</a></div></div>",
        [],
        id="of-a-comment",
    ),
]


WORDS = [
    pytest.param(
        "<div class=h-entry><aside><a href=/x>x</a></aside><div class=e-content><aside><a href=/a>a</a></aside>"
        "<footer><a href=/b>b</a></footer></div></div>",
        ["/a", "/b"],
        id="e-content-whole",
    ),
    pytest.param(
        "<div class=h-entry><div class=e-content><a href=/a>a</a><nav><a href=/n>n</a></nav><div class=comments>"
        "<a href=/c>c</a></div></div></div>",
        ["/a"],
        id="e-content-without-its-nav-and-comments",
    ),
    pytest.param(
        "<div class=h-entry>word<p class='h-entry'><i class=e-content><a href=/x>x</a></i></p><i class=e-content>"
        "<a href=/a>a</a></i></div>",
        ["/a"],
        id="the-entry-s-own-e-content",
    ),
    pytest.param(
        "<article class=hentry><a href=/x>x</a><div class=entry-content><a href=/a>a</a><footer><a href=/f>f</a></div>"
        "</article>",
        ["/a"],
        id="classic-content-without-chrome",
    ),
    pytest.param(
        "<article>words<article>words of it<a href=/a>a</a></article><article>w<a href=/b>b</a></article></article>",
        ["/a"],
        id="articles-within-that-are-less-than-half",
    ),
    pytest.param(
        "<main>words<form><a href=/1>1</a></form><p hidden><a href=/2>2</a></p><p aria-hidden=true><a href=/3>3</a></p>"
        "<div role=navigation><a href=/4>4</a></div><header><a href=/5>5</a></header><a href=/a>a</a></main>",
        ["/a"],
        id="without-chrome",
    ),
    pytest.param(
        "<main>words<ul id=disqus_thread><a href=/1>1</a></ul><ol class=wp-block-comments><a href=/2>2</a></ol>"
        "<div class=comment-body><a href=/3>3</a></div><li class=comment><a href=/4>4</a></li>"
        "<code class=comment><a href=/a>a</a></code></main>",
        ["/a"],
        id="without-comments",
    ),
]
_MENU = "<ul><li><a href=/1>part one</a><li><a href=/2>part two</a><li><a href=/3>part three</a>{}</ul>"
NOT_TOLD = [
    pytest.param(f"<article>words <a href=/a>a</a>{_MENU.format('')}</article>", ["/a"], id="a-menu"),
    pytest.param(f"<article>w{_MENU.format('and others')}</article>", [], id="70-per-cent-of-a-menu-are-links"),
    pytest.param(
        f"<article>w{_MENU.format('words beside it')}</article>", ["/1", "/2", "/3"], id="less-than-70-per-cent"
    ),
    pytest.param(
        "<article>w<ul><li><a href=/1>one</a><li><a href=/2>two</a></ul></article>", ["/1", "/2"], id="two-links"
    ),
    pytest.param(
        f"<article>w{_MENU.format('<li><a href=//far.example/>far</a>')}</article>",
        ["/1", "/2", "/3", "//far.example/"],
        id="a-list-that-leads-elsewhere-too",
    ),
    pytest.param(
        f"<div class=h-entry><div class=e-content>{_MENU.format('')}</div></div>",
        ["/1", "/2", "/3"],
        id="a-list-in-e-content",
    ),
    pytest.param(
        '<a href="//far.example/share?url=https%3A%2F%2Fother.example%2Fnotes%2Fsix&t=Six">1</a>'
        '<a href="//far.example/web/2026/https://other.example/notes/six/">2</a>'
        '<a href="//far.example/?u=other.example/notes/six">3</a>'
        '<a href="//far.example/?u=https%253A%252F%252FOTHER.example%252Fnotes%252Fsix">4</a>'
        '<a href="//far.example/?text=Six+https%3A%2F%2Fother.example%2Fnotes%2Fsix%20by+me">5</a>'
        '<a href="//far.example/?u=https%3A%2F%2Fother.example%2Fnotes%2Fsix.html%23part">6</a>'
        '<a href="/print?page=https://other.example/notes/six">7</a>'
        '<a href="//far.example/#url=https://other.example/notes/six">8</a>',
        [],
        id="addresses-that-hold-the-page-s-own",
    ),
    pytest.param(
        '<a href="//far.example/?u=https%3A%2F%2Fother.example%2Fnotes%2Fsixteen">1</a>'
        '<a href="//far.example/web/https://other.example/notes/six/more">2</a>'
        '<a href="//far.example/web/https://another.example/notes/six">3</a>'
        '<a href="//far.example/other.example/notes">4</a><a href="/notes/six/more">5</a>',
        [
            "//far.example/?u=https%3A%2F%2Fother.example%2Fnotes%2Fsixteen",
            "//far.example/web/https://other.example/notes/six/more",
            "//far.example/web/https://another.example/notes/six",
            "//far.example/other.example/notes",
            "/notes/six/more",
        ],
        id="addresses-that-hold-another",
    ),
    pytest.param(
        "<link rel=canonical href=/notes/first><article>w <a href=/notes/six/>1</a><a href=/notes/six.html>2</a>"
        "<a href=/notes/six/index.html#x>3</a><a href=/notes/first>4</a><a href=/notes/six?page=2>5</a></article>",
        ["/notes/six?page=2"],
        id="other-names-of-the-page",
    ),
]
BRIDGES = [
    pytest.param(
        '<div class=h-entry><p class=e-content>w</p><a href="https://brid.gy/publish/mastodon"></a>'
        '<a class="u-bridgy-fed x" href="https://fed.brid.gy/" hidden="from-humans"></a></div>',
        ["https://brid.gy/publish/mastodon", "https://fed.brid.gy/"],
        id="empty-links-of-an-entry",
    ),
    pytest.param(
        '<div class=h-entry><p class=e-content>w</p><footer><a class=u-bridgy href="https://far.example/publish">'
        "</a></footer></div>",
        ["https://far.example/publish"],
        id="of-another-bridge",
    ),
    pytest.param(
        '<div class=h-entry><p class=e-content>w</p><a href="//far.example/1"><img></a><a href="//far.example/2">2</a>'
        '<a class="icon-x" href="//far.example/3"></a><a title="RSS" href="//far.example/4"></a><a href="/5"></a>'
        '<a class="u-syndication" href="//far.example/6"></a><div class=h-card><a href="//far.example/7"></a></div>'
        "</div>",
        [],
        id="links-that-are-not-for-a-bridge",
    ),
]


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "application/pdf", "text/xml"])
def test_what_is_not_html_has_no_links(content_type: str) -> None:
    assert outbound_links(b'<a href="/a">a</a>', url=SOURCE, content_type=content_type) == ()


@pytest.mark.parametrize(("page", "expected"), [*OUTBOUND, *ANSWERS, *WORDS, *NOT_TOLD, *BRIDGES])
def test_outbound_links(page: str, expected: list[str]) -> None:
    links = outbound_links(page.encode(), url=SOURCE, content_type="text/html")
    assert list(links) == [urljoin(SOURCE, path) for path in expected]


def test_nofollow_links_are_counted_and_told_where_they_are_wanted() -> None:
    page = b"""<article>w <a rel="ugc NOFOLLOW" href=/1>1</a><a rel=nofollow href=/1#x>1</a><a href=/2>2</a>
        <a rel=nofollow href=/2>2</a><a rel=nofollow href=/3>3</a><a class=no-ping rel=nofollow href=/4>4</a></article>
        <footer><a rel=nofollow href=/5>5</a></footer>"""
    found = read_post(page, url=SOURCE, content_type="text/html")
    assert ([link.target for link in found.links], found.nofollow) == (["https://other.example/2"], 2)
    found = read_post(page, url=SOURCE, content_type="text/html", nofollow=True)
    assert [link.target for link in found.links] == [f"https://other.example/{number}" for number in (1, 2, 3)]
    assert found.nofollow == 0


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        pytest.param("http://B.example", "http://B.example", id="p13-without-a-path"),
        pytest.param("http://b.example:80/%7Ea/../x?", "http://b.example:80/%7Ea/../x?", id="p13-in-another-spelling"),
        pytest.param(" http://b.example/x#y\n", "http://b.example/x#y", id="p13-white-space-around"),
        pytest.param("//B.example", "https://b.example/", id="p13-relative"),
        pytest.param("http://bücher.example/é", "http://xn--bcher-kva.example/%C3%A9", id="p13-other-letters"),
        pytest.param("http:///b.example", "http://b.example/", id="p13-three-slashes"),
        pytest.param("https:b", "https://other.example/notes/b", id="p13-no-slashes"),
        pytest.param("\xa0http://b.example", "https://other.example/notes/%C2%A0http://b.example", id="p13-hard-space"),
    ],
)
def test_an_absolute_target_is_what_the_page_says(reference: str, target: str) -> None:
    page = f'<a href="{reference}">b</a>'
    assert outbound_links(page.encode(), url=SOURCE, content_type="text/html; charset=utf-8") == (target,)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        pytest.param("#post", ["/1", "/2"], id="id"),
        pytest.param("p", ["/1", "/2", "/3"], id="all-that-it-finds-each-once"),
        pytest.param("#post b", ["/2"], id="descendant"),
        pytest.param("footer", ["/4"], id="even-a-footer"),
        pytest.param("section", [], id="nothing-found"),
    ],
)
def test_a_selector_chooses_the_entry(selector: str, expected: list[str]) -> None:
    page = """<article><a href="/0">0</a></article><div id=post><p><a href="/1">1</a><b><a href="/2">&lt;</a></b>
        <script>"<p><a href='/x'>"</script><textarea><p><a href='/y'></textarea></div><p><a href="/3">3</a></p>
        <footer><a href="/4">4</a></footer>"""
    found = read_post(page.encode(), url=SOURCE, content_type="text/html", selector=selector)
    assert [link.target for link in found.links] == [f"https://other.example{path}" for path in expected]
    assert found.unmatched == (None if expected else selector)


def test_a_selector_finds_nothing_on_what_is_no_page() -> None:
    assert read_post(b"<p>", url=SOURCE, content_type="text/plain", selector="p").unmatched == "p"
    assert read_post(b"<p>", url=SOURCE, content_type="text/plain").unmatched is None


def test_a_selected_page_is_read_in_its_encoding() -> None:
    page = '<?xml version="1.0"?><meta charset="windows-1252"><base href="/ä/"><p><a href="ü">x</a>'.encode("cp1252")
    links = outbound_links(page, url=SOURCE, content_type=None, selector="p")
    assert links == ("https://other.example/%C3%A4/%C3%BC",)


@pytest.mark.parametrize("selector", ["", "a[", "a:no-such", "..", ">"])
@pytest.mark.parametrize("page", [b"", b"page.html", b"<a>"])
def test_a_selector_that_is_none(selector: str, page: bytes) -> None:
    with pytest.raises(ValueError, match="is not a CSS selector"):
        read_post(page, url=SOURCE, content_type=None, selector=selector)


def test_a_relative_url_is_the_caller_s_mistake() -> None:
    with pytest.raises(ValueError, match="is not an absolute URL"):
        read_post(b"", url="/notes/six", content_type=None)


def post(page: str, robots_headers: tuple[str, ...] = ()) -> Post:
    return read_post(page.encode(), url=SOURCE, content_type="text/html; charset=utf-8", robots_headers=robots_headers)


def test_more_links_than_are_pinged() -> None:
    links = "".join(f'<a href="/{number}">x</a>' for number in range(10_000))
    found = post(f"{links}{links}")
    assert len(found.links) == 1000
    assert found.links[-1].target == "https://other.example/999"
    assert found.left_out == 9000


def test_a_long_base_does_not_make_a_gigabyte() -> None:
    page = f'<base href="/{"a" * 8000}/">' + "".join(f"<a href={number}>" for number in range(100_000))
    found = post(page)
    assert len(found.links) <= 1000
    assert 40_000 < found.left_out < 100_000


def test_links_behind_many_elements_do_not_count() -> None:
    page = "<article>" + "<i>x</i>" * 100_000 + "<a href=/six>x</a>" * 10_000 + '<a href="/seven">x</a>'
    assert [link.target for link in post(page).links] in ([], ["https://other.example/six"])


def test_a_page_says_of_itself() -> None:
    page = '<title>Six – Notes</title><meta property="og:site_name" content="Notes"><h1>6</h1>'
    found = post(page)
    assert (found.url, found.title, found.site_name, found.noindex) == (SOURCE, "Six – Notes", "Notes", False)
    assert post("<h1> Only a\nheading</h1>").title == "Only a heading"
    assert post(page, ("pingback: noindex",)).noindex
    assert post('<meta name="robots" content="noindex">').noindex
