"""`pingback.demo`: a series whose titles hold all sorts, on pages that show the words of strangers, told for real."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from pingback.demo import FIVE, SERIES, Blog, Demo, running, thoughts_on
from pingback.errors import Unreachable
from pingback.model import Mention, MentionStatus, OutcomeStatus, Protocol
from pingback.net.client import Client
from pingback.sending.hook import UNCHANGED
from pingback.site import Site
from pingback.store import Store

URL = "http://127.0.0.1:8000"

PARTS = "one two three four six seven eight".split()


def test_eight_parts_in_order() -> None:
    assert list(SERIES) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [post.number for post in SERIES.values()] == list(SERIES)
    assert [post.slug for post in SERIES.values()] == [
        f"part-{number}" for number in "one two three four five six seven eight".split()
    ]


def test_each_other_part_links_to_part_five_the_earlier_ones_by_an_update() -> None:
    assert [number for number, post in SERIES.items() if "{five}" in post.words] == [6, 7, 8]
    assert [number for number, post in SERIES.items() if "{five}" in post.update] == [1, 2, 3, 4]
    assert SERIES[FIVE].update == ""


def test_titles_of_every_kind() -> None:
    titles = "".join(post.title for post in SERIES.values())
    for kind in ("“", "”", "&#8217;", "&amp;", "–", "ç", "ö", "十"):
        assert kind in titles


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
    store.mentions.keep(
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
        store.mentions.keep(mention(source=f"https://a.example/{status}", title=f"a {status} one", status=status))
    body = ask(blog, "/part-five/")[2]
    assert '<h2 lang="en">1 thought on “The Escapement, or Why It Ticks”</h2>' in body
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


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(allow=["127.0.0.1"]) as client:
        yield client


@pytest.fixture
def demo(client: Client) -> Iterator[Demo]:
    with running(db="sqlite://", client=client) as demo:
        yield demo


def test_seven_pings_are_accepted_and_kept_in_order(demo: Demo) -> None:
    root = demo.five.removesuffix("part-five/")
    assert [
        (outcome.source, outcome.target, outcome.endpoint, outcome.protocol, outcome.status) for outcome in demo.tell()
    ] == [
        (f"{root}part-{part}/", demo.five, f"{root}xmlrpc", Protocol.PINGBACK, OutcomeStatus.ACCEPTED) for part in PARTS
    ]
    mentions = demo.mentions()
    assert [mention.source for mention in mentions] == [f"{root}part-{part}/" for part in PARTS]
    assert {mention.status for mention in mentions} == {MentionStatus.APPROVED}
    assert [mention.title for mention in mentions][2:4] == [
        "What the Pendulum Doesn’t Say | The Slow Clock",
        "Oil, Brass & Patience | The Slow Clock",
    ]


def test_told_again_there_is_nothing_to_send(demo: Demo) -> None:
    assert len(list(demo.tell())) == 7
    assert {(outcome.status, outcome.message) for outcome in demo.tell()} == {(OutcomeStatus.SKIPPED, UNCHANGED)}
    assert len(demo.mentions()) == 7


def test_nothing_listens_when_it_is_over(client: Client) -> None:
    with running(db="sqlite://", client=client) as demo:
        list(demo.tell())
    with Client(allow=["127.0.0.1"]) as another, pytest.raises(Unreachable, match="was refused"):
        another.get(demo.five)
