"""A deploy on another machine says `POST /publish`, and the far side hears: over sockets, and through a kill."""

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest

import pingback
from pingback.clock import now
from pingback.model import Protocol
from pingback.store import Store
from tests.loopback import Request, Site, page, redirect
from tests.paths.programs import ALLOW, PATIENCE, Serving, wait_until
from tests.paths.programs import pingback as run
from tests.sending.far_sides import YES, FarSide, post

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(url: str, *, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] = {}) -> Answer:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
    try:
        connection.request(method, parts.path, body, dict(headers))
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()


def publish(root: str, token: str, **fields: str) -> Answer:
    authorized = FORM | {"Authorization": f"Bearer {token}"}
    return ask(f"{root}/publish", method="POST", body=urlencode(fields).encode(), headers=authorized)


def status_of(location: str) -> dict[str, Any]:
    answer = ask(location)
    assert answer.status == 200
    found: dict[str, Any] = json.loads(answer.body)
    return found


def wait_for(location: str) -> dict[str, Any]:
    """What the status page says in the end."""
    wait_until(lambda: status_of(location)["status"] != "waiting")
    return status_of(location)


def outcomes_in(status: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["target"], each["status"]) for source in status["sources"] for each in source["outcomes"]]


@pytest.fixture
def far_side() -> Iterator[FarSide]:
    with FarSide("/1", "/2", host="127.0.0.1") as far_side:
        yield far_side


@pytest.fixture
def blog(far_side: FarSide) -> Iterator[Site]:
    with Site({"/6": post(f"{far_side.url}/1"), "/7": post(f"{far_side.url}/2")}) as blog:
        yield blog


@pytest.fixture
def token(tmp_path: Path) -> str:
    """As `pingback token` gives one; it is made in this process, to be quick."""
    with pingback.Site("https://my.example/", store=f"sqlite:///{tmp_path}/pingback.db") as site:
        return site.new_token()


def feed(*links: str) -> bytes:
    items = "".join(f"<item><title>{link}</title><link>{link}</link></item>" for link in links)
    return page(
        f"<rss version='2.0'><channel><title>Notes</title>{items}</channel></rss>".encode(),
        headers={"Content-Type": "application/rss+xml"},
    )


def test_a_post(tmp_path: Path, blog: Site, far_side: FarSide) -> None:
    [printed] = run(tmp_path, "token").printed
    token = printed["token"]
    with Serving(tmp_path, blog.url) as server:
        named = publish(server.root, token, url=f"{blog.url}/6")
        assert named.status == 202
        status = wait_for(named.headers["Location"])
        again = publish(server.root, token, url=f"{blog.url}/6")
        wait_for(again.headers["Location"])
    assert outcomes_in(status) == [(f"{far_side.url}/1", "accepted")]
    assert again.headers["Location"] == named.headers["Location"]
    assert far_side.heard == [(f"{blog.url}/6", f"{far_side.url}/1")]


def test_a_feed_of_which_posts_of_the_site_alone_are_read(
    tmp_path: Path, blog: Site, far_side: FarSide, token: str
) -> None:
    blog.pages |= {"/blog/6": blog.pages["/6"], "/blog/7": blog.pages["/7"], "/her/8": post(f"{far_side.url}/1")}
    blog.pages["/feed.xml"] = feed(f"{blog.url}/blog/6", f"{blog.url}/her/8", "https://elsewhere.example/")
    with Serving(tmp_path, f"{blog.url}/blog") as server:
        location = publish(server.root, token, feed=f"{blog.url}/feed.xml").headers["Location"]
        first = wait_for(location)
        read = len([each for each in blog.requests if each.path == "/blog/6"])
        blog.pages["/feed.xml"] = feed(f"{blog.url}/blog/7", f"{blog.url}/blog/6")
        publish(server.root, token, feed=f"{blog.url}/feed.xml")
        second = wait_for(location)
    assert outcomes_in(first) == [(f"{far_side.url}/1", "accepted")]
    assert outcomes_in(second) == [(f"{far_side.url}/2", "accepted")]
    assert len([each for each in blog.requests if each.path == "/blog/6"]) == read
    assert sorted(far_side.targets) == ["/1", "/2"]


def test_a_webhook_that_names_nothing_publishes_the_feeds_of_the_settings(
    tmp_path: Path, blog: Site, far_side: FarSide, token: str
) -> None:
    blog.pages["/feed.xml"] = feed(f"{blog.url}/6")
    (tmp_path / "pingback.toml").write_text(f'[publish]\nfeed = ["{blog.url}/feed.xml"]\n')
    body = b'{"ref": "refs/heads/main", "repository": {"url": "https://forge.example/notes"}}'
    with Serving(tmp_path, blog.url) as server:
        authorized = JSON | {"Authorization": f"Bearer {token}"}
        named = ask(f"{server.root}/publish", method="POST", body=body, headers=authorized)
        status = wait_for(named.headers["Location"])
    assert outcomes_in(status) == [(f"{far_side.url}/1", "accepted")]


def test_a_post_that_is_not_there_yet_waits_and_says_why(tmp_path: Path, blog: Site, token: str) -> None:
    with Serving(tmp_path, blog.url) as server:
        location = publish(server.root, token, url=f"{blog.url}/8").headers["Location"]
        wait_until(lambda: status_of(location)["sources"][0]["message"] is not None)
        status = status_of(location)
    assert status["status"] == "waiting"
    assert "404" in status["sources"][0]["message"]


def test_a_post_of_which_nothing_is_sent_says_why(tmp_path: Path, blog: Site, token: str) -> None:
    blog.pages["/8"] = post("https://elsewhere.example/", head='<meta name="robots" content="noindex">')
    with Serving(tmp_path, blog.url) as server:
        status = wait_for(publish(server.root, token, url=f"{blog.url}/8").headers["Location"])
    [source] = status["sources"]
    assert (source["status"], source["message"]) == ("done", f"{blog.url}/8 says noindex")


def test_a_post_that_moved_speaks_by_its_new_address(tmp_path: Path, blog: Site, far_side: FarSide, token: str) -> None:
    blog.pages["/old"] = redirect("/6", status=301)
    with Serving(tmp_path, blog.url) as server:
        status = wait_for(publish(server.root, token, url=f"{blog.url}/old").headers["Location"])
    [source] = status["sources"]
    assert (source["source"], [each["source"] for each in source["outcomes"]]) == (
        f"{blog.url}/old",
        [f"{blog.url}/6"],
    )
    assert far_side.heard == [(f"{blog.url}/6", f"{far_side.url}/1")]


@pytest.mark.parametrize("answer", [page(b"<p>No feed."), page(status=404)], ids=["no-feed", "not-found"])
def test_a_feed_that_cannot_be_read_is_tried_again(tmp_path: Path, blog: Site, token: str, answer: bytes) -> None:
    blog.pages["/feed.xml"] = answer
    with Serving(tmp_path, blog.url) as server:
        location = publish(server.root, token, feed=f"{blog.url}/feed.xml").headers["Location"]
        wait_until(lambda: status_of(location)["sources"][0]["message"] is not None)
        assert status_of(location)["status"] == "waiting"
        blog.pages["/feed.xml"] = feed(f"{blog.url}/6")
        assert publish(server.root, token, feed=f"{blog.url}/feed.xml").headers["Location"] == location
        assert len(outcomes_in(wait_for(location))) == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(feed("/her/8"), "it names no page of the site", id="of-others"),
        pytest.param(
            feed("https://elsewhere.example/1"),
            "the item that links to https://elsewhere.example/1 is left out",
            id="of-links",
        ),
        pytest.param(
            page(b"<rss><channel><item>"),
            "it is broken off, too long or not well-formed: only what could be read of it is published",
            id="broken-off",
        ),
    ],
)
def test_a_feed_without_posts_says_why(tmp_path: Path, blog: Site, token: str, answer: bytes, message: str) -> None:
    blog.pages["/feed.xml"] = answer
    with Serving(tmp_path, f"{blog.url}/blog") as server:
        status = wait_for(publish(server.root, token, feed=f"{blog.url}/feed.xml").headers["Location"])
    [source] = status["sources"]
    assert (source["status"], message in source["message"]) == ("done", True)


def test_a_feed_is_published_as_the_settings_of_publish_say(
    tmp_path: Path, blog: Site, far_side: FarSide, token: str
) -> None:
    """Paths that are left out, hubs that are told, and the TrackBack addresses of an item."""
    blog.pages["/drafts/7"] = blog.pages["/7"]
    far_side.pages |= {"/hub": page(status=202), "/trackback": YES[Protocol.TRACKBACK]}
    items = f"""<item><link>{blog.url}/6</link><trackback:about>{far_side.url}/trackback</trackback:about></item>
        <item><link>{blog.url}/drafts/7</link></item>"""
    blog.pages["/feed.xml"] = page(
        f"""<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"
        xmlns:trackback="http://madskills.com/public/xml/rss/module/trackback/">
        <channel><title>Notes</title><atom:link rel="hub" href="{far_side.url}/hub"/>{items}</channel></rss>""".encode()
    )
    (tmp_path / "pingback.toml").write_text('[publish]\nwebsub = true\nexclude = ["/drafts/**"]\n')
    with Serving(tmp_path, blog.url) as server:
        status = wait_for(publish(server.root, token, feed=f"{blog.url}/feed.xml").headers["Location"])
        wait_until(lambda: ("POST", "/hub") in [(each.method, each.path) for each in far_side.requests])
    told = [(f"{far_side.url}/1", "accepted"), (f"{far_side.url}/trackback", "accepted")]
    assert sorted(outcomes_in(status)) == told
    assert "/drafts/7" not in [each.path for each in blog.requests]


@pytest.mark.parametrize("command", [("retry",), ("publish", "{blog}/7")], ids=["retry", "publish-of-another"])
def test_what_nobody_did_the_next_command_does_at_once(
    tmp_path: Path, blog: Site, far_side: FarSide, command: tuple[str, ...]
) -> None:
    blog.pages["/feed.xml"] = feed(f"{blog.url}/6")
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        store.readings.add_all([], [f"{blog.url}/feed.xml"], roots=[blog.url], now=now())
    done = run(tmp_path, *[word.format(blog=blog.url) for word in command])
    assert (f"{blog.url}/6", f"{far_side.url}/1") in far_side.heard
    assert {each["status"] for each in done.printed} == {"accepted"}
    assert run(tmp_path, "retry").printed == []


def test_killed_after_the_answer_nothing_is_lost(tmp_path: Path, blog: Site, far_side: FarSide, token: str) -> None:
    reached, go_on = threading.Event(), threading.Event()
    there = blog.pages["/6"]
    assert isinstance(there, bytes)

    def held(request: Request) -> bytes:
        reached.set()
        assert go_on.wait(PATIENCE)
        assert isinstance(there, bytes)
        return there

    blog.pages["/6"] = held
    with Serving(tmp_path, blog.url) as server:
        named = publish(server.root, token, url=f"{blog.url}/6")
        assert reached.wait(PATIENCE)
    go_on.set()
    with Serving(tmp_path, blog.url) as another:
        status = wait_for(f"{another.root}{urlsplit(named.headers['Location']).path}")
    assert outcomes_in(status) == [(f"{far_side.url}/1", "accepted")]
    assert len(far_side.heard) == 1


def test_two_servers_over_one_database(tmp_path: Path, blog: Site, far_side: FarSide, token: str) -> None:
    with Serving(tmp_path, blog.url) as one, Serving(tmp_path, blog.url) as other:
        named = [publish(server.root, token, url=f"{blog.url}/6") for server in (one, other, one, other)]
        status = wait_for(f"{other.root}{urlsplit(named[0].headers['Location']).path}")
    assert {urlsplit(each.headers["Location"]).path for each in named} == {urlsplit(named[0].headers["Location"]).path}
    assert outcomes_in(status) == [(f"{far_side.url}/1", "accepted")]
    assert len(far_side.heard) == 1


def test_by_a_site_without_threads(tmp_path: Path, blog: Site, far_side: FarSide, token: str) -> None:
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        site = pingback.Site(blog.url, store=store, allow_networks=ALLOW[1])
        with site:
            store.readings.add_all([f"{blog.url}/6"], now=now())
            while site.run_due():
                pass
    assert far_side.heard == [(f"{blog.url}/6", f"{far_side.url}/1")]


def test_while_there_is_no_token_there_is_nothing(tmp_path: Path, blog: Site) -> None:
    with Serving(tmp_path, blog.url) as server:
        there, elsewhere = (
            [
                ask(f"{server.root}{path}", method=method, body=body, headers=FORM)
                for method, body in (("GET", None), ("POST", b"url=x"), ("POST", b"x" * 65_537), ("PUT", b"x"))
            ]
            for path in ("/publish", "/publication")
        )
        for one, other in zip(there, elsewhere, strict=True):
            assert (one.status, one.body) == (other.status, other.body)
            assert one.headers.keys() == other.headers.keys()
        run(tmp_path, "token")
        assert ask(f"{server.root}/publish", method="POST", body=b"url=x", headers=FORM).status == 401
        assert run(tmp_path, "token", "--revoke").printed == [{"revoked": True}]
        assert ask(f"{server.root}/publish", method="POST", body=b"url=x", headers=FORM).status == 404


def test_a_body_of_64_kib_at_most(tmp_path: Path, blog: Site, token: str) -> None:
    with Serving(tmp_path, blog.url) as server:
        huge = ask(
            f"{server.root}/publish",
            method="POST",
            body=b"url=" + b"x" * 65_536,
            headers=FORM | {"Authorization": f"Bearer {token}"},
        )
        assert huge.status == 413
        assert token not in server.log
