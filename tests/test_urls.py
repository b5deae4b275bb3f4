"""URLs: taken apart, resolved, compared (RFC 3986 §6.2.2; WHATWG URL)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.urls import (
    _NORMAL_FORM,
    _PLAINEST,
    as_written,
    did_you_mean,
    is_at,
    is_http,
    is_under,
    key_of,
    require_http,
    resolve,
    same_url,
    shown,
    split,
    tidy,
    without_credentials,
)

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


LONGEST_HOST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])  # 253 letters


@pytest.mark.parametrize("url", NOT_HTTP)
def test_not_an_absolute_http_url(url: str) -> None:
    assert not is_http(url)
    assert not same_url(url, url)
    with pytest.raises(ValueError, match="URL"):
        key_of(url)


def test_longer_than_any_permalink_is_refused() -> None:
    root = "http://a.example/"
    assert is_http(root + "x" * (8192 - len(root)))
    assert not is_http(root + "x" * (8193 - len(root)))
    assert resolve(root, "x" * 8193) is None


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        pytest.param(f"http://{LONGEST_HOST}/", True, id="rfc1035-2.3.4-longest"),
        pytest.param(f"https://user:secret@{LONGEST_HOST}.:65535/{'x' * 300}", True, id="with-all-there-is-beside-it"),
        pytest.param(f"http://a.example/{LONGEST_HOST}{LONGEST_HOST}?{LONGEST_HOST}", True, id="elsewhere"),
        pytest.param(f"http://a.{LONGEST_HOST}.:65535/", False, id="longer"),
        pytest.param("http://" + "a" * 3000, False, id="much-longer"),
        pytest.param(f"http://{LONGEST_HOST}@{'a.' * 200}example/", False, id="behind-a-user"),
    ],
)
def test_a_host_longer_than_any_is_refused(url: str, is_one: bool) -> None:
    assert is_http(url) is is_one
    assert (resolve("http://b.example/", url) is not None) is is_one


def test_nul_is_refused() -> None:
    assert not is_http("http://a.example/\0")


def test_parts() -> None:
    parts = split("HTTPS://me:pw@Bücher.Example/a?b#c")
    assert parts == ("https://me:pw@xn--bcher-kva.example/a?b#c", "https", "xn--bcher-kva.example", 443, True)
    assert split("http://a.example:8080/").port == 8080


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("blog.example/part-five", "https://blog.example/part-five"),
        ("my.blog", "https://my.blog"),
        ("//blog.example/", "https://blog.example/"),
        ("blog.example:8443/", "https://blog.example:8443/"),
        ("bücher.example/", "https://bücher.example/"),
        ("localhost:8000/x", "http://localhost:8000/x"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("[::1]:8000/", "http://[::1]:8000/"),
        ("htps://blog.example/", "https://blog.example/"),
        ("HTP://blog.example/", "http://blog.example/"),
    ],
)
def test_what_was_meant(typed: str, meant: str) -> None:
    assert did_you_mean(typed) == f"; did you mean {meant}?"
    with pytest.raises(ValueError, match=f"is not an absolute HTTP URL{re.escape(did_you_mean(typed))}$"):
        require_http(typed)


@pytest.mark.parametrize(
    "typed",
    [
        *("", "five", "/five", "../six.html", "build/six.html", "six.html", "feed.xml", r"C:\six.html"),
        *("ftp://blog.example/", "javascript:alert(1)", "mailto:me@a.example", "me@blog.example", "https://"),
        *("a b.example", "a..example", "a.example/\0", "a.example/\n", "a.example/\N{RIGHT-TO-LEFT OVERRIDE}"),
        "a.example/" + "x" * 200,
    ],
)
def test_nobody_knows_what_was_meant(typed: str) -> None:
    assert did_you_mean(typed) == ""


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
        ("http://me:secret@b\xfccher.example/", "http://xn--bcher-kva.example/"),
        ("https://pa\u017fswords.example@other.example/", "https://other.example/"),
        ("http://a.example/\x1b[31m\u202e", "http://a.example/\ufffd[31m\ufffd"),
        ("http://a.example/" + "x" * 300, "http://a.example/" + "x" * 183),
    ],
)
def test_shown_without_passwords_and_controls(url: str, expected: str) -> None:
    assert shown(url) == expected


OTHER_SPELLINGS = [
    pytest.param("https://g\u0131thub.example/", "https://xn--gthub-n4a.example/", id="dotless-i"),
    pytest.param("https://pa\u017fswords.example/", "https://passwords.example/", id="long-s-folds-to-s"),
    pytest.param("https://\u212aernel.example/a", "https://kernel.example/a", id="kelvin-sign-folds-to-k"),
    pytest.param("https://\u0430pple.example/", "https://xn--pple-43d.example/", id="cyrillic-a"),
    pytest.param("https://b\xfccher.example/", "https://xn--bcher-kva.example/", id="rfc5891-any-idn"),
    pytest.param("https://\uff47ithub.example/", "https://github.example/", id="fullwidth-letter"),
    pytest.param("https://git\xadhub.example/", "https://github.example/", id="soft-hyphen"),
    pytest.param("https://git\u200bhub.example/", "https://github.example/", id="zero-width-space"),
    pytest.param("https://a\u3002example/", "https://a.example/", id="ideographic-full-stop"),
    pytest.param("https://a.example\u2215b/", "https://a.xn--exampleb-4f7d/", id="division-slash"),
    pytest.param("https://%67ithub.example/", "https://github.example/", id="escaped-letter"),
    pytest.param("https://%D0%B0pple.example/", "https://xn--pple-43d.example/", id="escaped-cyrillic-a"),
    pytest.param("https://a.example%2Eb/", "https://a.example.b/", id="escaped-dot"),
    pytest.param("http://2130706433/", "http://127.0.0.1/", id="whatwg-ipv4-number"),
    pytest.param("http://127.1/", "http://127.0.0.1/", id="whatwg-ipv4-short"),
    pytest.param("http://[::0001]/", "http://[::1]/", id="rfc5952-ipv6"),
    pytest.param("https://git\thub.example/", "https://github.example/", id="whatwg-tab-in-the-host"),
]
AS_THEY_ARE = [
    "https://a.example",
    "HTTPS://GitHub.Example:8443/A?b=(c)#d",
    "https://xn--pple-43d.example/",
    "https://XN--pple-43D.example/",
    "http://a_b.example./",
    "http://[2001:DB8::1]:8080/",
    "http://a.example:/%e4%bd%a0",
]


@pytest.mark.parametrize(("url", "expected"), OTHER_SPELLINGS)
def test_the_host_that_stands_there_is_the_one_that_is_asked(url: str, expected: str) -> None:
    assert tidy(url) == shown(url) == as_written(url, expected) == expected
    assert same_url(url, expected)


@pytest.mark.parametrize("url", AS_THEY_ARE)
def test_what_is_plain_stays_as_it_was_written(url: str) -> None:
    assert tidy(url) == shown(url) == as_written(f" {url}\n", "https://other.example/") == url


@pytest.mark.parametrize("url", ["httpſ://a.example/", "http://", "https://a.example:99999/", "ftp://a.example/"])
def test_only_http_urls_can_be_tidied(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        tidy(url)
    assert as_written(url, "https://a.example/") == "https://a.example/"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://known.example@other.example/a?b@c", "https://other.example/a?b@c"),
        ("https://known.example%2F:x@other.example/", "https://other.example/"),
        ("HTTPS://A.Example", "HTTPS://A.Example"),
    ],
)
def test_without_credentials(url: str, expected: str) -> None:
    assert without_credentials(url) == expected


@given(url=URLS)
def test_a_tidy_url_is_plain_names_its_host_and_stays_so(url: str) -> None:
    assert tidy(url).isascii()
    assert split(url).host in tidy(url).lower()
    assert tidy(tidy(url)) == tidy(url)


@given(url=st.from_regex(_PLAINEST, fullmatch=True))
def test_what_needs_no_parser_would_be_left_by_it_as_it_is(url: str) -> None:
    assert split(url).host == re.split("[/?#]", url.partition("://")[2])[0]
    assert tidy(url) == url


@given(url=st.from_regex(_NORMAL_FORM, fullmatch=True))
def test_what_resolves_without_the_parser_is_what_it_would_give(url: str) -> None:
    assert resolve("http://a.example/x/y", url) == split(url).href


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


@pytest.mark.parametrize(
    ("url", "hosts", "is_there"),
    [
        pytest.param("https://brid.gy/like/1", ["brid.gy"], True, id="host"),
        pytest.param("http://BRID.gy/", ["brid.gy"], True, id="case"),
        pytest.param("https://brid.gy:8080/", ["brid.gy"], True, id="any-port"),
        pytest.param("https://brid.gy:8080/", ["brid.gy:8080"], True, id="that-port"),
        pytest.param("https://brid.gy:8443/", ["brid.gy:8080"], False, id="another-port"),
        pytest.param("https://fed.brid.gy/", ["brid.gy"], False, id="a-host-below-it"),
        pytest.param("https://brid.gy.example/", ["brid.gy"], False, id="a-host-that-begins-so"),
        pytest.param("https://a.example/brid.gy", ["brid.gy"], False, id="in-the-path"),
        pytest.param("https://a.example/", [], False, id="no-hosts"),
    ],
)
def test_is_at(url: str, hosts: list[str], is_there: bool) -> None:
    assert is_at(url, hosts) is is_there
