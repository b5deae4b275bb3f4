"""URLs: taken apart, resolved, compared (CONTRACT of equal URLs; RFC 3986 §6.2.2; WHATWG URL)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.urls import MAX_URL, is_http, is_under, key_of, resolve, same_url, shown, split

EQUAL = [
    pytest.param("http://a.example/p", "https://a.example/p", id="http-and-https"),
    pytest.param("HTTP://A.Example/p", "http://a.example/p", id="rfc3986-6.2.2.1-case-of-scheme-and-host"),
    pytest.param("http://a.example:80/p", "http://a.example/p", id="rfc3986-6.2.3-default-port-http"),
    pytest.param("https://a.example:443/p", "http://a.example/p", id="rfc3986-6.2.3-default-port-https"),
    pytest.param("http://a.example", "http://a.example/", id="rfc3986-6.2.3-empty-path"),
    pytest.param("http://a.example?q", "http://a.example/?q", id="rfc3986-6.2.3-empty-path-before-query"),
    pytest.param("http://a.example/%7Eme", "http://a.example/~me", id="rfc3986-6.2.2.2-unreserved-escaped"),
    pytest.param("http://a.example/%c3%a9", "http://a.example/%C3%A9", id="rfc3986-6.2.2.1-case-of-escapes"),
    pytest.param("http://a.example/é", "http://a.example/%C3%A9", id="rfc3987-letters-and-escapes"),
    pytest.param("http://a.example/x/../p/./q", "http://a.example/p/q", id="rfc3986-6.2.2.3-dot-segments"),
    pytest.param("http://bücher.example/", "http://xn--bcher-kva.example/", id="rfc5891-idn-and-punycode"),
    pytest.param("http://a.example/p#one", "http://a.example/p#two", id="webmention-3.2.2-fragment-ignored"),
    pytest.param("http://2130706433/", "http://127.0.0.1/", id="whatwg-ipv4-spellings"),
]
DIFFERENT = [
    pytest.param("http://a.example/p", "http://a.example/p/", id="trailing-slash"),
    pytest.param("http://a.example/p", "http://a.example/P", id="case-of-path"),
    pytest.param("http://a.example/p?a&b", "http://a.example/p?b&a", id="order-of-query"),
    pytest.param("http://a.example/p?utm_source=x", "http://a.example/p", id="tracking-parameter"),
    pytest.param("http://a.example/p", "http://a.example/p2", id="prefix"),
    pytest.param("http://a.example:8080/p", "http://a.example/p", id="other-port"),
    pytest.param("http://a.example/p", "http://www.a.example/p", id="www"),
    pytest.param("http://a.example/a%2Fb", "http://a.example/a/b", id="rfc3986-2.2-reserved-escaped"),
    pytest.param("http://a.example/a%3Fb", "http://a.example/a?b", id="rfc3986-2.2-question-mark-escaped"),
]
NOT_HTTP = [
    "",
    "a.example/p",
    "/p",
    "ftp://a.example/",
    "javascript:alert(1)",
    "http://",
    "http:///",
    "mailto:a@b.example",
]

URLS = st.builds(
    "{}://{}{}/{}".format,
    st.sampled_from(["http", "https", "HTTP"]),
    st.sampled_from(["a.example", "A.example", "bücher.example", "xn--bcher-kva.example", "127.0.0.1", "[::1]"]),
    st.sampled_from(["", ":80", ":443", ":8080"]),
    st.text(st.sampled_from("aA~é/.%7Ee?&=#+ '|"), max_size=8),
)


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_equal(one: str, other: str) -> None:
    assert same_url(one, other)
    assert same_url(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different(one: str, other: str) -> None:
    assert not same_url(one, other)


@pytest.mark.parametrize("url", NOT_HTTP)
def test_not_an_absolute_http_url(url: str) -> None:
    assert not is_http(url)
    assert not same_url(url, url)
    with pytest.raises(ValueError, match="URL"):
        key_of(url)


def test_longer_than_any_permalink_is_refused() -> None:
    assert not is_http("http://a.example/" + "x" * MAX_URL)
    assert resolve("http://a.example/", "x" * (MAX_URL + 1)) is None


def test_nul_is_refused() -> None:
    assert not is_http("http://a.example/\0")


def test_parts() -> None:
    parts = split("HTTPS://me:pw@Bücher.Example/a?b#c")
    assert parts == ("https://me:pw@xn--bcher-kva.example/a?b#c", "https", "xn--bcher-kva.example", 443, True)
    assert split("http://a.example:8080/").port == 8080


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("", "http://a.example/x/y"),
        ("z", "http://a.example/x/z"),
        ("?q", "http://a.example/x/y?q"),
        ("//b.example", "http://b.example/"),
        ("../z", "http://a.example/z"),
        (" \n/z ", "http://a.example/z"),
        ("mailto:me@b.example", "mailto:me@b.example"),
        ("http://[", None),
        ("http://b.example:99999/", None),
    ],
)
def test_resolve_as_rfc3986_5(reference: str, url: str | None) -> None:
    assert resolve("http://a.example/x/y", reference) == url


@pytest.mark.parametrize(
    ("url", "site", "under"),
    [
        ("http://my.example/", "http://my.example", True),
        ("https://my.example/a/b?c#d", "http://my.example/", True),
        ("http://my.example/blog", "http://my.example/blog/", True),
        ("http://my.example/blog/a", "http://my.example/blog", True),
        ("http://my.example/blogroll", "http://my.example/blog", False),
        ("http://my.example/", "http://my.example/blog", False),
        ("http://my.example.evil.example/", "http://my.example", False),
        ("http://my.example:8080/", "http://my.example", False),
        ("http://my.example@evil.example/", "http://my.example", False),
        ("http://my.example/blog/../secret", "http://my.example/blog", False),
        ("nonsense", "http://my.example", False),
    ],
)
def test_under_a_site(url: str, site: str, under: bool) -> None:
    assert is_under(url, site) is under


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://me:secret@a.example/p@q", "http://a.example/p@q"),
        ("http:/me:secret@a.example/", "http:/a.example/"),
        ("HTTP:\\\\me:secret@a.example/", "HTTP:\\\\a.example/"),
        ("http://" + "x" * 300 + ":secret@a.example/", "http://a.example/"),
        ("http://a.example/\x1b[31m\u202e", "http://a.example/\ufffd[31m\ufffd"),
        ("http://a.example/" + "x" * 300, "http://a.example/" + "x" * 183),
    ],
)
def test_shown_without_passwords_and_controls(url: str, expected: str) -> None:
    assert shown(url) == expected


@given(one=URLS, other=URLS, third=URLS)
def test_same_url_is_an_equivalence(one: str, other: str, third: str) -> None:
    assert same_url(one, one) is is_http(one)
    assert same_url(one, other) is same_url(other, one)
    if same_url(one, other) and same_url(other, third):
        assert same_url(one, third)


@given(url=URLS)
def test_a_key_is_a_fixed_point(url: str) -> None:
    if is_http(url):
        assert key_of(f"{split(url).scheme}://{key_of(url)}") == key_of(url)


@given(base=URLS, reference=st.text())
def test_resolve_gives_an_absolute_url_or_none(base: str, reference: str) -> None:
    url = resolve(base, reference)
    assert url is None or ":" in url
