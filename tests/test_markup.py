"""`pingback.markup`: what is left of a stranger's HTML runs nothing, loads nothing, and stays in its place."""

import pytest

from pingback.markup import MAX_HTML, safe

REL = 'rel="nofollow ugc noopener"'


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        pytest.param("<p>a <em>b</em><br><q>c</q></p>", "<p>a <em>b</em><br><q>c</q></p>", id="words"),
        pytest.param("<ul><li>a</ul><pre><code>1\n 2", "<ul><li>a</li></ul><pre><code>1\n 2</code></pre>", id="closed"),
        pytest.param("</div></section>a</bdi>", "a", id="closes-nothing-of-the-page"),
        pytest.param("a<li>b<ul><li>c</ul><li>d", "a b<ul><li>c</li></ul>  d ", id="items-outside-lists"),
        pytest.param("<dd>a<dl><dt>b<dd>c</dl><dt>d", " a<dl><dt>b</dt><dd>c</dd></dl>  d ", id="terms-outside-lists"),
        pytest.param("a &lt;b&gt; & c", "a &lt;b&gt; &amp; c", id="escaped-stays-escaped"),
        pytest.param("<script>1</script><style>2</style>a", "a", id="code"),
        pytest.param('<img src="https://a.example/x.png" onerror="1">a', "a", id="pictures"),
        pytest.param('<p class="h-card" id="x" style="y" onclick="z" data-a="1">a</p>', "<p>a</p>", id="attributes"),
        pytest.param("<h1>a</h1><form><input><button>b</button></form>", "ab", id="other-elements"),
        pytest.param("a\0\x1b\u202e&#x202e;&#8294;b\ud800", "ab", id="control-characters"),
        pytest.param("a\x0b\x0c\x1c&#x1f;b", "a    b", id="white-space-that-no-feed-can-hold"),
        pytest.param("<svg><style><img src=x onerror=1></style></svg>", "", id="foreign-markup"),
    ],
)
def test_markup(html: str, expected: str) -> None:
    assert safe(html) == expected


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        pytest.param("https://a.example/?a=1&amp;b", f'<a href="https://a.example/?a=1&amp;b" {REL}>x</a>', id="https"),
        pytest.param("http://u:p@a.example/", f'<a href="http://a.example/" {REL}>x</a>', id="password"),
        pytest.param("https://a.example/é", f'<a href="https://a.example/%C3%A9" {REL}>x</a>', id="ascii"),
        pytest.param("javascript:alert(1)", f"<a {REL}>x</a>", id="javascript"),
        pytest.param("java&#10;script:alert(1)", f"<a {REL}>x</a>", id="javascript-in-parts"),
        pytest.param("data:text/html,x", f"<a {REL}>x</a>", id="data"),
        pytest.param("//a.example/", f"<a {REL}>x</a>", id="relative"),
    ],
)
def test_links(href: str, expected: str) -> None:
    assert safe(f'<a href="{href}" target="_top" rel="me author" onclick="1">x</a>') == expected


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("<p>x" * (MAX_HTML // 4 + 1), id="long"),
        pytest.param("<div>" * 4000, id="deep"),
        pytest.param("<p>" + "".join(f"<b a{n}>" for n in range(1000)) + "<p>x" * 1000, id="reopened-in-every-block"),
    ],
)
def test_what_is_without_measure_is_left_out(html: str) -> None:
    assert safe(html) == ""
