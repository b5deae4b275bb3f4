"""`pingback.page.canonical`: RFC 6596, as far as a site says it of its own pages."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.page.canonical import canonical_in

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
