"""`pingback.page.head`: which address a page wants to be known by, and whether it wants to be found."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.page.head import RobotsCollector, canonical_in, says_noindex
from pingback.page.scanner import Passing, scan

URL = "https://my.example/posts/5?utm_source=x"
HTML = "text/html; charset=utf-8"


def found(page: bytes = b"", *, links: tuple[str, ...] = (), content_type: str | None = HTML) -> str | None:
    return canonical_in(URL, link_headers=links, content_type=content_type, chunks=[page])


@pytest.mark.parametrize(
    ("page", "url"),
    [
        pytest.param(
            b'<link rel="canonical" href="https://my.example/posts/5">', "https://my.example/posts/5", id="link"
        ),
        pytest.param(b"<link href=5 rel='Canonical nofollow'>", "https://my.example/posts/5", id="relative"),
        pytest.param(b"<base href=/other/><link rel=canonical href=5>", "https://my.example/other/5", id="base"),
        pytest.param(
            b"<link rel=canonical href=a><link rel=canonical href=b>", "https://my.example/posts/a", id="first"
        ),
        pytest.param(b"<title>x</title><link rel=canonical>", None, id="no-href"),
        pytest.param(b"<link rel=canonical href='ftp://my.example/'>", None, id="not-http"),
        pytest.param(b"<link rel=canonical href='https://[/'>", None, id="no-url"),
        pytest.param(b"<body><link rel=canonical href=evil>", None, id="in-the-body"),
        pytest.param(b"<title>x</title><p>hi<link rel=canonical href=evil>", None, id="in-a-body-without-a-tag"),
        pytest.param(b"<!-- <link rel=canonical href=evil> -->", None, id="in-a-comment"),
        pytest.param(b"<script>'<link rel=canonical href=evil>'</script>", None, id="in-a-script"),
        pytest.param(b"<a rel=canonical href=evil>x</a>", None, id="on-an-a"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_in_a_page(page: bytes, url: str | None) -> None:
    assert found(page) == url


def test_a_header_counts_before_the_page() -> None:
    page = b"<link rel=canonical href=page>"
    assert found(page, links=("</a>; rel=next, </b>; rel=canonical",)) == "https://my.example/b"
    assert found(page, links=('</b>; rel=canonical; anchor="/c"',)) == "https://my.example/posts/page"


def test_only_html_has_a_head() -> None:
    assert found(b"<link rel=canonical href=x>", content_type="text/plain") is None
    assert found(links=("</b>; rel=canonical",), content_type="application/pdf") == "https://my.example/b"


def test_nothing_is_taken_of_what_lies_behind_the_head() -> None:
    taken = []

    def chunks() -> Iterator[bytes]:
        for chunk in (b"<title>x</title><body>", b"<p>", b"<link rel=canonical href=evil>"):
            taken.append(chunk)
            yield chunk

    assert canonical_in(URL, link_headers=(), content_type=HTML, chunks=chunks()) is None
    assert len(taken) == 1


@given(st.binary(max_size=200), st.text(max_size=50))
def test_any_bytes_give_an_http_url_or_none(page: bytes, header: str) -> None:
    url = found(b"<link rel=canonical href=" + page, links=(header,))
    assert url is None or url.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param([], False, id="none-at-all"),
        pytest.param(["noindex"], True, id="noindex"),
        pytest.param(["none"], True, id="none"),
        pytest.param(["nofollow, NoIndex"], True, id="of-several-rules"),
        pytest.param(["all", "noindex"], True, id="of-several-fields"),
        pytest.param(["noindexing, index, nofollow"], False, id="other-rules"),
        pytest.param(["googlebot: noindex"], False, id="another-robot"),
        pytest.param(["googlebot: nofollow, noindex"], False, id="a-name-holds-to-the-end"),
        pytest.param(["googlebot: noindex, pingback: none"], True, id="our-name"),
        pytest.param(["*: noindex"], True, id="any-robot"),
        pytest.param(["max-snippet:-1, max-image-preview:large, noindex"], True, id="rules-with-values"),
        pytest.param(["unavailable_after: Wed, 25 Jun 2031 15:00:00 GMT, noindex"], True, id="a-date-is-no-name"),
        pytest.param(["", ":", ",,:,", "noindex:"], False, id="rubbish"),
    ],
)
def test_x_robots_tag(fields: list[str], expected: bool) -> None:
    assert says_noindex(fields) is expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        pytest.param('<meta name="robots" content="noindex">', True, id="noindex"),
        pytest.param('<META NAME=Robots CONTENT="NoFollow, NONE">', True, id="capitals"),
        pytest.param('<meta name="robots" content="noindex nofollow">', True, id="blanks-between"),
        pytest.param('<meta name="robots" content="index"><meta name="robots" content="noindex">', True, id="second"),
        pytest.param(
            '<meta name="robots" content="noindex"><meta name="robots" content="index">', True, id="strictest"
        ),
        pytest.param('<meta name="pingback" content="noindex">', True, id="our-name"),
        pytest.param('<meta name="googlebot" content="noindex">', False, id="another-robot"),
        pytest.param('<meta name="robots" content="index, max-image-preview:large">', False, id="other-rules"),
        pytest.param('<meta name="robots"><meta content="noindex">', False, id="half"),
        pytest.param('<!-- <meta name="robots" content="noindex"> -->', False, id="comment"),
    ],
)
def test_meta(page: str, expected: bool) -> None:
    robots = RobotsCollector()
    scan([page.encode()], Passing("https://a.example/"), [robots], charset=None)
    assert robots.noindex is expected
