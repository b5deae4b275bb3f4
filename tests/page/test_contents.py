"""A part of a page as words: its text with line breaks, and HTML that holds nothing but words, links and emphasis."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.markup import MAX_HTML, TAGS, safe
from pingback.model import Content
from pingback.page.contents import MAX_TEXT, content_of, content_of_text
from pingback.page.tree import Page

URL = "https://they.example/notes/six"
REL = 'rel="nofollow ugc noopener"'
VOID = "br"


def content(markup: str) -> Content | None:
    page = Page([f"<main>{markup}</main>".encode("utf-8", "replace")], url=URL, charset="utf-8")
    return content_of(page, next(node for node in page.nodes if node.tag == "main"))


@pytest.mark.parametrize(
    ("markup", "text", "html"),
    [
        pytest.param("<p>a\n b<p>c<div>d</div>e", "a b\n\nc\n\nd\n\ne", "<p>a b</p><p>c</p><p>d</p><p>e</p>", id="p"),
        pytest.param("<br>a<br>b <br/> c<br><br>d<br>", "a\nb\nc\n\nd", "<p>a<br>b<br>c<br><br>d</p>", id="br"),
        pytest.param("a<br><br><br><br>b", "a\n\nb", "<p>a<br><br>b</p>", id="many-br"),
        pytest.param(
            "a <em> b</em><strong>c </strong>d", "a bc d", "<p>a <em>b</em><strong>c</strong> d</p>", id="emphasis"
        ),
        pytest.param("<b></b><i> </i><p></p><ul><li></ul>a", "a", "<p>a</p>", id="nothing-empty"),
        pytest.param("<b>a<b>b</b>c</b>", "abc", "<p><b>abc</b></p>", id="emphasis-within-itself"),
        pytest.param("<ins><p>a<p>b</ins>", "a\n\nb", "<p><ins>a</ins></p><p><ins>b</ins></p>", id="over-paragraphs"),
        pytest.param("<h1>a</h1><h6>b</h6>", "a\n\nb", "<p><strong>a</strong></p><p><strong>b</strong></p>", id="h"),
        pytest.param(
            "<p>a<ul><li>b<li><p>c<p>d</ul><p>e",
            "a\n\nb\nc\nd\n\ne",
            "<p>a</p><ul><li>b</li><li>c<br>d</li></ul><p>e</p>",
            id="list",
        ),
        pytest.param(
            "<ol><li>a<ul><li>b</ul>c<li>d</ol>",
            "a\nb\nc\nd",
            "<ol><li>a<ul><li>b</li></ul>c</li><li>d</li></ol>",
            id="list-within-a-list",
        ),
        pytest.param("<li>a<li>b", "a\nb", "<p>a<br>b</p>", id="items-without-a-list"),
        pytest.param("<dl><dt>a<dd>b</dl>", "a\nb", "<dl><dt>a</dt><dd>b</dd></dl>", id="description-list"),
        pytest.param(
            "<blockquote>a<p>b</blockquote>c",
            "a\n\nb\n\nc",
            "<blockquote><p>a</p><p>b</p></blockquote><p>c</p>",
            id="quotation",
        ),
        pytest.param("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc", "<p>a b<br>c</p>", id="table"),
        pytest.param(
            "a<pre>\n  b\n    c \n</pre>d", "a\n\n  b\n    c\n\nd", "<p>a</p><pre>  b\n    c</pre><p>d</p>", id="pre"
        ),
        pytest.param("<pre>a<br>b<div>c</div>d</pre>", "a\nb\nc\nd", "<pre>a\nb\nc\nd</pre>", id="lines-of-pre"),
        pytest.param("a <code>b  c</code>", "a b c", "<p>a <code>b c</code></p>", id="code"),
        pytest.param('a<img alt=":)">b <img alt="A cat"><img src=x>c', "a:)b A cat c", "<p>a:)b A cat c</p>", id="img"),
        pytest.param("a&lt;b&gt;&amp;amp;", "a<b>&amp;", "<p>a&lt;b&gt;&amp;amp;</p>", id="escaped"),
        pytest.param(
            "a<script>1</script><style>2</style><template>3</template><p hidden>4<p style='display:none'>5<p>b",
            "a\n\nb",
            "<p>a</p><p>b</p>",
            id="unseen",
        ),
        pytest.param(
            "<nav>1</nav><button>2</button><select><option>3</select><svg><title>4</title></svg><form>5</form>"
            "<noscript>6</noscript>a<div class=comments>7</div><span class=screen-reader-text>8</span>",
            "a",
            "<p>a</p>",
            id="unsaid",
        ),
        pytest.param("<math><mi onclick=1>x</mi></math>", "x", "<p>x</p>", id="formula"),
        pytest.param("a\x1bb\u202ec&#x202e;\u2067d", "abcd", "<p>abcd</p>", id="controls"),
        pytest.param('<p id=a class=b style="c" onclick=d data-e=f>g', "g", "<p>g</p>", id="attributes"),
    ],
)
def test_words(markup: str, text: str, html: str) -> None:
    assert content(markup) == Content(text=text.strip(), html=html)


@pytest.mark.parametrize(
    ("link", "html"),
    [
        pytest.param(
            "href='/a?b&amp;c=\"' rel=me class=x", f'href="https://they.example/a?b&amp;c=%22" {REL}', id="one"
        ),
        pytest.param("href=//far.example", f'href="https://far.example/" {REL}', id="of-the-base-s-scheme"),
        pytest.param("href=https://me:secret@far.example/", f'href="https://far.example/" {REL}', id="password"),
    ],
)
def test_links(link: str, html: str) -> None:
    found = content(f"a <a {link}>b</a>")
    assert found == Content(text="a b", html=f"<p>a <a {html}>b</a></p>")


@pytest.mark.parametrize(
    "href",
    [
        pytest.param("javascript:alert(1)", id="javascript"),
        pytest.param("JaVa&#10;ScRiPt&colon;alert(1)", id="javascript-in-disguise"),
        pytest.param("\x01 javascript:alert(1)", id="javascript-behind-a-control"),
        pytest.param("data:text/html,<script>", id="data"),
        pytest.param("vbscript:x", id="vbscript"),
        pytest.param("mailto:ann@they.example", id="mailto"),
        pytest.param("/" + "a" * 2000, id="long"),
    ],
)
def test_no_links(href: str) -> None:
    assert content(f'<a href="{href}">b</a>') == Content(text="b", html="<p>b</p>")


def test_a_link_within_a_link() -> None:
    found = content("<a href=/a>b<object></object><span><a href=/c>d</a></span></a>")
    assert found is not None
    assert found.html.count("<a ") == found.html.count("</a>")


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        pytest.param("a" * MAX_TEXT, "a" * MAX_TEXT, id="just-fits"),
        pytest.param("a" * (MAX_TEXT + 1), "a" * (MAX_TEXT - 1) + "…", id="a-word"),
        pytest.param("word " * MAX_TEXT, "word " * 1999 + "word…", id="words"),
        pytest.param("<b>word </b>" * MAX_TEXT, None, id="of-a-tag-each"),
        pytest.param("a" * (MAX_TEXT - 5) + " <b>words</b>", "a" * (MAX_TEXT - 5) + "…", id="half-a-word"),
        pytest.param("<p>word" * MAX_TEXT, None, id="of-a-paragraph-each"),
        pytest.param("<a href=/>word</a> " * MAX_TEXT, None, id="of-a-link-each"),
        pytest.param("<ul><li>w" * MAX_TEXT, None, id="deep"),
        pytest.param("<b><img alt=word></b> " * MAX_TEXT, None, id="of-pictures"),
        pytest.param("&amp;<i>&amp;</i>" * MAX_TEXT, None, id="escapes"),
        pytest.param(f"<a href='/{'&amp;' * 900}'>b</a> " * 1000, None, id="long-addresses"),
    ],
)
def test_what_is_too_long_ends_at_a_word_with_all_closed(markup: str, text: str | None) -> None:
    found = content(f"<blockquote><em>{markup}</em></blockquote>")
    assert found is not None
    assert text is None or found.text == text
    assert len(found.text) <= MAX_TEXT
    assert len(found.html) <= MAX_HTML
    assert found.text.endswith("…") == (len(found.text) < MAX_TEXT or text is None or "…" in text)
    assert found.html.endswith("</blockquote>")
    assert_is_safe(found)


def test_what_is_left_out_takes_no_room() -> None:
    found = content(f"{'a' * (MAX_TEXT - 5)} <b>word</b><i hidden>more</i>")
    assert found is not None
    assert found.text == f"{'a' * (MAX_TEXT - 5)} word"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\nb\r\n\r\n\r\nc", Content(text="a\nb\n\nc", html="<p>a<br>b<br><br>c</p>"), id="lines"),
        pytest.param("<b>&amp;", Content(text="<b>&amp;", html="<p>&lt;b&gt;&amp;amp;</p>"), id="markup"),
        pytest.param(" \n", None, id="nothing"),
    ],
)
def test_plain_text(text: str, expected: Content | None) -> None:
    assert content_of_text(text) == expected


@given(st.text())
def test_any_plain_text_is_safe(text: str) -> None:
    found = content_of_text(text)
    if found is not None:
        assert_is_safe(found)


PIECES = [
    *(f"<{tag}>" for tag in (*sorted(TAGS), "h1", "div", "span", "table", "td", "tr", "svg", "math", "style", "title")),
    *(f"</{tag}>" for tag in ("a", "b", "blockquote", "em", "h1", "li", "ol", "p", "pre", "ul", "table", "div")),
    "<a href=/x>",
    "<a href=javascript:x onclick=y>",
    "<img alt='&lt;script&gt;' src=x onerror=y>",
    "<p style='x' class='y' id=z>",
    "&lt;b&gt;",
    "&#0;&#x202e;",
    " ",
    "\n",
    "words ",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=60))
def test_any_markup_is_safe(pieces: list[str]) -> None:
    found = content("".join(pieces))
    if found is not None:
        assert found.text.strip() == found.text != ""
        assert_is_safe(found)


def assert_is_safe(found: Content) -> None:
    """The HTML is well nested, holds only what is allowed, says what the text does, and needs no more cleaning."""
    reader = _Reader()
    reader.feed(found.html)
    reader.close()
    assert not reader.open
    assert "".join(reader.words.split()) == "".join(found.text.split())
    assert safe(found.html) == found.html


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        given = dict(attrs)
        assert given.keys() == ({"href", "rel"} if tag == "a" else set())
        assert tag != "a" or (given["rel"] == "nofollow ugc noopener" and str(given["href"]).startswith("https://"))
        if tag != VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)
