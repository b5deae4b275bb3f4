"""`pingback.demo.blog`: pages that advertise the endpoint, and show mentions whose words a stranger chose."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from pingback.demo.blog import Blog, thoughts_on
from pingback.demo.posts import FIVE, SERIES
from pingback.model import Mention, MentionStatus, Protocol
from pingback.site import Site
from pingback.store import Store

URL = "http://127.0.0.1:8000"


def mention(**words: str) -> Mention:
    return Mention(
        source=words.get("source", "https://a.example/6"),
        target=f"{URL}/part-five/",
        protocol=Protocol.PINGBACK,
        status=MentionStatus(words.get("status", "approved")),
        title=words.get("title"),
        excerpt=words.get("excerpt"),
        received=datetime(2026, 1, 2, tzinfo=UTC),
    )


@pytest.fixture
def store() -> Iterator[Store]:
    with Store("sqlite://") as store:
        yield store


@pytest.fixture
def blog(store: Store) -> Iterator[Blog]:
    with Site(URL, store=store) as site:
        yield Blog(URL, site)


def ask(blog: Blog, path: str, method: str = "GET") -> tuple[str, dict[str, str], str]:
    said: list[tuple[str, dict[str, str]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> object:
        said.append((status, dict(headers)))
        return None

    environ: dict[str, object] = {"REQUEST_METHOD": method, "PATH_INFO": path}
    body = b"".join(blog(environ, start_response)).decode()  # type: ignore[arg-type]
    [(status, headers)] = said
    return status, headers, body


def test_a_post_appears_and_advertises_the_endpoint(blog: Blog) -> None:
    assert (ask(blog, "/part-one/")[0], blog.has(f"{URL}/part-one/")) == ("404 Not Found", False)
    assert blog.publish(SERIES[1]) == f"{URL}/part-one/"
    status, headers, body = ask(blog, "/part-one/")
    assert (status, blog.has(f"{URL}/part-one/")) == ("200 OK", True)
    assert headers == {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(body.encode())),
        "X-Pingback": f"{URL}/xmlrpc",
    }
    assert "<title>The Clock in the Attic | The Slow Clock</title>" in body
    assert "thoughts on" not in body


def test_earlier_parts_are_brought_up_to_date_with_part_five(blog: Blog) -> None:
    blog.publish(SERIES[1])
    assert "part five" not in ask(blog, "/part-one/")[2]
    blog.publish(SERIES[FIVE])
    assert f'<a href="{URL}/part-five/">part five</a>' in ask(blog, "/part-one/")[2]


def test_the_index_lists_what_is_published(blog: Blog) -> None:
    blog.publish(SERIES[3])
    status, headers, body = ask(blog, "/")
    assert (status, "X-Pingback" in headers) == ("200 OK", False)
    assert '<ol><li><a href="/part-three/">What the Pendulum Doesn&#8217;t Say</a></li></ol>' in body


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/xmlrpc", "405 Method Not Allowed"),
        ("/healthz", "200 OK"),
        ("/part-one", "404 Not Found"),
        ("/nowhere", "404 Not Found"),
    ],
)
def test_other_paths_are_the_site_s(blog: Blog, path: str, status: str) -> None:
    assert ask(blog, path)[0] == status


@pytest.mark.parametrize("path", ["/", "/part-one/"])
def test_other_methods(blog: Blog, path: str) -> None:
    blog.publish(SERIES[1])
    get, head, post = (ask(blog, path, method) for method in ("GET", "HEAD", "POST"))
    assert head == (get[0], get[1], "")
    assert post == ("405 Method Not Allowed", {"Allow": "GET, HEAD", "Content-Length": "0"}, "")


def test_words_of_a_stranger_are_escaped(blog: Blog, store: Store) -> None:
    blog.publish(SERIES[FIVE])
    store.keep(
        mention(
            source='https://a.example/?"><script>1</script>', title="</h2><script>2</script>", excerpt="<b>3</b> & more"
        )
    )
    body = ask(blog, "/part-five/")[2]
    assert "<script" not in body
    assert "<b>3" not in body
    assert "<bdi>&lt;/h2&gt;&lt;script&gt;2&lt;/script&gt;</bdi>" in body
    assert "<bdi>&lt;b&gt;3&lt;/b&gt; &amp; more</bdi>" in body
    assert 'href="https://a.example/?%22%3E%3Cscript%3E1%3C/script%3E"' in body


def test_only_what_is_approved_is_shown(blog: Blog, store: Store) -> None:
    blog.publish(SERIES[FIVE])
    for status in MentionStatus:
        store.keep(mention(source=f"https://a.example/{status}", title=f"a {status} one", status=status))
    body = ask(blog, "/part-five/")[2]
    assert "<h2>1 thought on “The Escapement, or Why It Ticks”</h2>" in body
    assert [status for status in MentionStatus if f"a {status} one" in body] == ["approved"]


@pytest.mark.parametrize(
    ("count", "heading"),
    [
        (0, "0 thoughts on “What the Pendulum Doesn’t Say”"),
        (1, "1 thought on “What the Pendulum Doesn’t Say”"),
        (7, "7 thoughts on “What the Pendulum Doesn’t Say”"),
    ],
)
def test_the_heading(count: int, heading: str) -> None:
    assert thoughts_on(SERIES[3], count) == heading
