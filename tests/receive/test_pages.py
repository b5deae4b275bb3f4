"""`pingback.receive.pages`: which page a path names. What a site refuses is in test_receiver.py."""

import pytest

from pingback.receive.existence import everything_exists
from pingback.receive.pages import SitePages

BLOG, SHOP, OTHER = "https://my.example/blog/", "https://my.example:443/shop", "http://other.example:8080/"


@pytest.mark.parametrize(
    ("sites", "address", "asked_at", "target"),
    [
        pytest.param([BLOG], "/blog/5?a=1&b=2", "", "https://my.example/blog/5?a=1&b=2", id="one-site"),
        pytest.param([BLOG], "/blog/%C3%BC%2Fx", "", "https://my.example/blog/%C3%BC%2Fx", id="escapes-as-sent"),
        pytest.param([BLOG], "/shop/", "", "https://my.example/shop/", id="not-ours-is-for-the-check-to-say"),
        pytest.param([BLOG], "//evil.example/", "", "https://my.example//evil.example/", id="no-other-host"),
        pytest.param([BLOG], "/@evil.example/", "", "https://my.example/@evil.example/", id="no-credentials"),
        pytest.param([OTHER], "/5", "http://127.0.0.1:8000", "http://other.example:8080/5", id="behind-a-proxy"),
        pytest.param([BLOG, OTHER], "/blog/5", "", "https://my.example/blog/5", id="first-of-two"),
        pytest.param([BLOG, OTHER], "/5", "", "http://other.example:8080/5", id="the-one-that-has-it"),
        pytest.param([OTHER, BLOG], "/blog/5", "http://my.example", "https://my.example/blog/5", id="by-host"),
        pytest.param([OTHER, BLOG], "/blog/5", "http://MY.example:80/", "https://my.example/blog/5", id="by-odd-host"),
        pytest.param([OTHER, BLOG, SHOP], "/shop/5", "http://my.example", "https://my.example/shop/5", id="host-path"),
        pytest.param([BLOG, OTHER], "/5", "http://my.example", "http://other.example:8080/5", id="host-without-it"),
        pytest.param([OTHER, BLOG], "/blog/5", "no host", "http://other.example:8080/blog/5", id="broken-host"),
    ],
)
def test_the_page_at_an_address(sites: list[str], address: str, asked_at: str, target: str) -> None:
    site = SitePages(sites, target_exists=everything_exists, self_pings=True)
    assert site.target_at(address, asked_at=asked_at) == target


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        pytest.param("my.example", True, id="a-host"),
        pytest.param("my.example.", True, id="rfc1034-3.1-root-dot"),
        pytest.param("other.example", True, id="of-any-port"),
        pytest.param("2001:db8::1", True, id="rfc3986-3.2.2-address"),
        pytest.param("[2001:db8::1]", True, id="rfc3986-3.2.2-address-in-brackets"),
        pytest.param("www.my.example", False, id="one-below"),
        pytest.param("example", False, id="one-above"),
        pytest.param("xmy.example", False, id="one-that-ends-so"),
    ],
)
def test_the_hosts_of_the_sites(host: str, ours: bool) -> None:
    site = SitePages([BLOG, OTHER, "http://[2001:db8:0::1]/"], target_exists=everything_exists, self_pings=True)
    assert site.has_host(host) is ours
