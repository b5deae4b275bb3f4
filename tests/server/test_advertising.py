"""`pingback.server.advertising`: what a page must carry, and that senders find the endpoints by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.model import Protocol, Via
from pingback.page.endpoints import endpoints_in
from pingback.server.advertising import advertise
from pingback.urls import is_http

TARGET = "https://blog.example/caf%C3%A9/?p=5&x=1"


def test_all_of_it() -> None:
    found = advertise(TARGET, title="“Part” <five> -- & more")
    assert found.as_json() == {
        "headers": {
            "X-Pingback": "https://blog.example/xmlrpc",
            "Link": '<https://blog.example/webmention>; rel="webmention"',
        },
        "html": '<link rel="pingback" href="https://blog.example/xmlrpc">\n'
        '<link rel="webmention" href="https://blog.example/webmention">',
        "rdf": found.rdf,
    }
    assert found.rdf.startswith("<!--")
    assert found.rdf.endswith("-->")
    assert 'dc:identifier="https://blog.example/caf%C3%A9/?p=5&amp;x=1"' in found.rdf
    assert 'trackback:ping="https://blog.example/trackback/caf%C3%A9/?p=5&amp;x=1"' in found.rdf
    assert "--" not in found.rdf[4:-3]


@pytest.mark.parametrize(
    ("at", "endpoint"),
    [
        pytest.param("https://pings.example/", "https://pings.example/xmlrpc", id="another-host"),
        pytest.param("https://blog.example/linkback/", "https://blog.example/linkback/xmlrpc", id="a-folder"),
        pytest.param("http://blog.example:8000", "http://blog.example:8000/xmlrpc", id="a-port"),
    ],
)
def test_where_the_server_is(at: str, endpoint: str) -> None:
    assert advertise(TARGET, at=at).headers["X-Pingback"] == endpoint


def test_p6_no_numeric_entities() -> None:
    page = advertise(TARGET, at='https://blog.example/o\'brien/"x"')
    assert page.html.splitlines()[0] == '<link rel="pingback" href="https://blog.example/o\'brien/%22x%22/xmlrpc">'


@pytest.mark.parametrize(
    ("target", "at"),
    [
        pytest.param("/five", None, id="relative-target"),
        pytest.param("ftp://blog.example/", None, id="target-not-http"),
        pytest.param("https://user:secret@blog.example/5", None, id="credentials"),
        pytest.param(TARGET, "/linkback", id="relative-server"),
        pytest.param(TARGET, "https://blog.example/?x=1", id="wordpress-takes-no-escaped-query"),
        pytest.param(TARGET, "https://blog.example/#x", id="fragment"),
        pytest.param(TARGET, "https://blog.example/a&b", id="wordpress-takes-no-ampersand"),
    ],
)
def test_what_cannot_be_advertised(target: str, at: str | None) -> None:
    with pytest.raises(ValueError, match=r"."):
        advertise(target, at=at)


def found_in(page: str, headers: dict[str, str], target: str) -> dict[Protocol, tuple[str, Via]]:
    found = endpoints_in(
        target,
        target=target,
        headers=lambda name: [headers[name]] if name in headers else [],
        content_type="text/html",
        chunks=[page.encode()],
    )
    return {endpoint.protocol: (endpoint.url, endpoint.via) for endpoint in found}


def test_senders_find_it() -> None:
    page = advertise(TARGET, title="Five")
    webmention, xmlrpc = "https://blog.example/webmention", "https://blog.example/xmlrpc"
    trackback = "https://blog.example/trackback/caf%C3%A9/?p=5&x=1"
    assert found_in(page.rdf, dict(page.headers), TARGET) == {
        Protocol.WEBMENTION: (webmention, Via.HEADER),
        Protocol.PINGBACK: (xmlrpc, Via.HEADER),
        Protocol.TRACKBACK: (trackback, Via.RDF),
    }
    assert found_in(page.html + page.rdf, {}, TARGET) == {
        Protocol.WEBMENTION: (webmention, Via.LINK),
        Protocol.PINGBACK: (xmlrpc, Via.LINK),
        Protocol.TRACKBACK: (trackback, Via.RDF),
    }


@given(path=st.text(max_size=40), title=st.text(max_size=40))
def test_the_rdf_of_any_page_is_found_again(path: str, title: str) -> None:
    target = f"https://blog.example/{path}"
    if not is_http(target):
        return
    page = advertise(target, title=title)
    [(url, via)] = found_in(page.rdf, {}, target).values()
    assert (url.startswith("https://blog.example/trackback/"), via) == (True, Via.RDF)
