"""`pingback retry` with its filters, `publish --again`, and what is due of earlier runs."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from pingback.clock import now
from pingback.store import Store
from pingback.work import JobKind
from tests.cli.conftest import ALLOW, Run
from tests.loopback import Site, page


@pytest.fixture
def posts(site: Site) -> list[str]:
    """`/six` links to five pages, each of which does otherwise with a Webmention, `/seven` to the one that refuses."""
    for name, status in {"yes": 202, "no": 400, "down": 500, "shut": 403}.items():
        site.pages[f"/{name}"] = page(f'<link rel="webmention" href="/wm/{name}">'.encode())
        site.pages[f"/wm/{name}"] = page(status=status)
    site.pages["/none"] = page(b"<p>none")
    names = ("yes", "no", "down", "shut", "none")
    site.pages["/six"] = page("".join(f'<article><a href="/{name}">x</a>' for name in names).encode())
    site.pages["/six"] = page(f"<article>{''.join(f'<a href=/{name}>x</a>' for name in names)}</article>".encode())
    site.pages["/seven"] = page(b'<article><a href="/no">x</a></article>')
    return [f"{site.url}/six", f"{site.url}/seven"]


def heard(site: Site) -> list[tuple[str, str]]:
    """The sources and targets of the Webmentions that came since the last call, as paths, sorted."""
    forms = [parse_qs(request.body.decode()) for request in site.requests if request.method == "POST"]
    site.requests.clear()
    return sorted(
        (form["source"][0].removeprefix(site.url), form["target"][0].removeprefix(site.url)) for form in forms
    )


EVERY_SIX = [("/six", "/down"), ("/six", "/no"), ("/six", "/shut")]


@pytest.mark.parametrize(
    ("arguments", "sent", "asked"),
    [
        pytest.param((), [], 0, id="what-is-due"),
        pytest.param(("--all",), [("/seven", "/no"), *EVERY_SIX], 1, id="all"),
        pytest.param(("--source", "/six"), EVERY_SIX, 1, id="source"),
        pytest.param(("--target", "/no"), [("/seven", "/no"), ("/six", "/no")], 0, id="target"),
        pytest.param(("--target", "/yes"), [], 0, id="target-that-accepted"),
        pytest.param(("--status", "accepted"), [], 0, id="what-was-accepted"),
        pytest.param(("--status", "failed"), [("/six", "/down")], 0, id="failed-and-not-due"),
        pytest.param(("--status", "unsupported"), [], 1, id="unsupported"),
        pytest.param(("--status", "refused"), [("/seven", "/no"), ("/six", "/no"), ("/six", "/shut")], 0, id="refused"),
        pytest.param(
            ("--status", "refused", "--source", "/six", "--target", "/no"), [("/six", "/no")], 0, id="all-three"
        ),
        pytest.param(("--all", "--source", "/seven"), [("/seven", "/no")], 0, id="all-of-a-source"),
        pytest.param(("--source", "/eight"), [], 0, id="unknown-source"),
    ],
)
def test_retry(
    site: Site, posts: list[str], run: Run, arguments: tuple[str, ...], sent: list[tuple[str, str]], asked: int
) -> None:
    run("publish", *posts, *ALLOW)
    heard(site)
    given = [f"{site.url}{each}" if each.startswith("/") else each for each in arguments]
    done = run("retry", *given, "--json", *ALLOW)
    assert (done.code, done.err) == (0, "")
    assert len([request for request in site.requests if request.path == "/none"]) == asked
    assert heard(site) == sent
    assert len(done.printed) == len(sent) + asked


def test_retry_takes_a_final_no_for_new(site: Site, posts: list[str], run: Run) -> None:
    run("publish", posts[1], *ALLOW)
    site.pages["/wm/no"] = page(status=202)
    [outcome] = run("retry", "--status", "refused", "--json", *ALLOW).printed
    assert (outcome["status"], outcome["attempts"], outcome["next_try"]) == ("accepted", 1, None)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(("--source", "six"), "'six' is not an absolute HTTP URL", id="source"),
        pytest.param(("--target", "/six"), "'/six' is not an absolute HTTP URL", id="target"),
        pytest.param(("--status", "unheard"), "'unheard' is not one of", id="status"),
    ],
)
def test_retry_wrong_usage(run: Run, arguments: tuple[str, ...], words: str) -> None:
    Store("sqlite:///pingback.db").close()
    done = run("retry", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_again_sends_what_was_accepted_too(site: Site, posts: list[str], run: Run) -> None:
    run("publish", *posts, *ALLOW)
    heard(site)
    done = run("publish", posts[0], "--again", "--json", *ALLOW)
    assert (done.code, done.err) == (0, "")
    assert heard(site) == [("/six", "/down"), ("/six", "/no"), ("/six", "/shut"), ("/six", "/yes")]
    assert {outcome["target"].removeprefix(site.url): outcome["status"] for outcome in done.printed} == {
        "/yes": "accepted",
        "/no": "refused",
        "/down": "failed",
        "/shut": "refused",
        "/none": "unsupported",
    }


def test_again_sends_the_first_time_as_well(site: Site, posts: list[str], run: Run) -> None:
    assert run("publish", posts[1], "--again", *ALLOW).code == 0
    assert heard(site) == [("/seven", "/no")]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("--feed", "http://a.example/feed"), id="feed"),
        pytest.param(("--sitemap", "http://a.example/sitemap.xml"), id="sitemap"),
        pytest.param(("--site", ".", "--base-url", "http://a.example/"), id="site"),
        pytest.param(("http://a.example/6", "--feed", "http://a.example/feed"), id="source-and-feed"),
    ],
)
def test_again_is_for_posts_that_are_named(run: Run, arguments: tuple[str, ...]) -> None:
    done = run("publish", "--again", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "--again is for posts that are named" in done.err
    assert not Path("pingback.db").exists()


def make_due(site: Site) -> None:
    """Whatever waits in the outbox is due now, as if days had passed."""
    with closing(sqlite3.connect("pingback.db", isolation_level=None)) as connection:
        connection.execute("UPDATE pingback_jobs SET due = 0")
        connection.execute("UPDATE pingback_lanes SET due = 0")


def feed(site: Site, *paths: str) -> bytes:
    items = "".join(f"<item><title>x</title><link>{site.url}{path}</link></item>" for path in paths)
    return f'<rss version="2.0"><channel><title>B</title><link>{site.url}/</link>{items}</channel></rss>'.encode()


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        pytest.param((), [("/seven", "/no"), ("/six", "/down"), ("/six", "/shut")], id="all"),
        pytest.param(("--except", "127.0.0.1"), [], id="no-such-targets"),
        pytest.param(("--protocol", "pingback"), [], id="another-protocol"),
        pytest.param(
            ("--protocol", "webmention"), [("/seven", "/no"), ("/six", "/down"), ("/six", "/shut")], id="its-protocol"
        ),
    ],
)
def test_one_line_for_cron_sends_what_is_new_and_what_is_due(
    site: Site, posts: list[str], run: Run, options: tuple[str, ...], sent: list[tuple[str, str]]
) -> None:
    """The post that failed is not in the feed any more."""
    run("publish", posts[0], *ALLOW)
    make_due(site)
    heard(site)
    Path("feed.xml").write_bytes(feed(site, "/seven"))
    done = run("publish", "--feed", "feed.xml", *options, *ALLOW)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert heard(site) == sent
    with Store("sqlite:///pingback.db") as store:
        waits = [ping.target for ping in store.outbox.pings(due_before=now())]
        assert bool(waits) is not bool(sent)  # what this run was not to send is there for the next one
        assert store.jobs.next_due([JobKind.DELIVER], now=now()) is not None


def test_due_of_earlier_runs_is_told_once_where_a_protocol_is_wanted(site: Site, posts: list[str], run: Run) -> None:
    run("publish", posts[0], *ALLOW)
    make_due(site)
    done = run("publish", posts[0], "--protocol", "pingback", "--json", *ALLOW)
    told = [outcome["target"] for outcome in done.printed]
    assert len(told) == len(set(told)) == 5


def test_a_dry_run_shows_what_is_due_of_earlier_runs(site: Site, posts: list[str], run: Run) -> None:
    run("publish", posts[0], *ALLOW)
    make_due(site)
    heard(site)
    shown = run("publish", posts[1], "--dry-run", "--json", *ALLOW).printed
    assert sorted((each["source"].removeprefix(site.url), each["target"].removeprefix(site.url)) for each in shown) == [
        ("/seven", "/no"),
        ("/six", "/down"),
        ("/six", "/none"),
        ("/six", "/shut"),
    ]
    assert heard(site) == []
