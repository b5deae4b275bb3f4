"""`pingback.receive.homes`: whom a good page vouches for on a host that several people may share."""

import pytest

from pingback.receive.homes import home_of, stem_of


@pytest.mark.parametrize(
    ("url", "home"),
    [
        pytest.param("https://a.example", "a.example", id="root"),
        pytest.param("https://a.example/2026/05/post", "a.example", id="path-that-says-nothing"),
        pytest.param("http://A.example:80/?p=5#top", "a.example", id="spelling"),
        pytest.param("https://a.example:8443/post", "a.example:8443", id="another-port-is-another-server"),
        pytest.param("https://a.example/~ann/post", "a.example/~ann", id="tilde"),
        pytest.param("https://a.example/~ann", "a.example/~ann", id="tilde-without-slash"),
        pytest.param("https://a.example/%7Eann/post", "a.example/~ann", id="tilde-escaped"),
        pytest.param("https://a.example/@ann/5", "a.example/@ann", id="at"),
        pytest.param("https://a.example/%40ann/5", "a.example/%40ann", id="at-escaped-proves-nothing-for-the-other"),
        pytest.param("https://a.example/users/ann/post", "a.example/users/ann", id="users"),
        pytest.param("https://a.example/Users/ann/post", "a.example/Users/ann", id="users-in-capitals"),
        pytest.param("https://a.example/blogs/ann/a/b/c", "a.example/blogs/ann", id="only-two-segments"),
        pytest.param("https://a.example/users/ann", "a.example/users/ann", id="users-without-slash"),
        pytest.param("https://a.example/users/", "a.example", id="nobody-s-folder"),
        pytest.param("https://a.example/post/~ann/", "a.example", id="tilde-further-down"),
        pytest.param("https://a.example/ann/post", "a.example/ann", id="a-folder-of-their-own"),
        pytest.param("https://a.example/ann/2026/post", "a.example/ann", id="a-folder-with-more-in-it"),
        pytest.param("https://a.example/post-five", "a.example", id="no-folder"),
        pytest.param("https://a.example/post-five/", "a.example", id="no-folder-but-a-slash"),
        pytest.param("https://a.example/Blog/post-five", "a.example", id="a-folder-of-posts"),
        pytest.param("https://a.example/author/ann/five", "a.example/author/ann", id="authors"),
        pytest.param("https://a.example//~ann/post", "a.example/~ann", id="doubled-slash"),
        pytest.param("https://a.example/users////ann/post", "a.example/users/ann", id="more-doubled-slashes"),
        pytest.param("https://a.example/x/../~ann/post", "a.example/~ann", id="dot-segments"),
        pytest.param("https://a.example/~ann/../~bob/post", "a.example/~bob", id="dot-segments-from-another"),
    ],
)
def test_home(url: str, home: str) -> None:
    assert home_of(url) == home


@pytest.mark.parametrize(
    ("url", "page"),
    [
        pytest.param("https://a.example", "a.example", id="root"),
        pytest.param("https://a.example/index.html", "a.example", id="index-of-the-root"),
        pytest.param("http://a.example/p?2", "a.example/p", id="query"),
        pytest.param("http://a.example/p//", "a.example/p", id="slashes"),
        pytest.param("http://a.example/p/index.php?x=/", "a.example/p", id="index"),
        pytest.param("http://a.example/p/index", "a.example/p/index", id="a-page-of-that-name"),
        pytest.param("http://a.example/p/my-index.html", "a.example/p/my-index.html", id="no-index"),
    ],
)
def test_the_page_of_an_address(url: str, page: str) -> None:
    assert stem_of(url) == page
