"""`pingback publish`, `outbox` and `retry`: where posts come from, what is told, and the exit codes."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from click.testing import CliRunner

from pingback.cli.group import main
from tests.cli.conftest import ALLOW, Run
from tests.loopback import Site, page

OUTCOME = "source target protocol endpoint status fault message attempts next_try".split()


@pytest.fixture
def site() -> Iterator[Site]:
    """Its posts `/six` and `/seven` link to `/five`, which takes Webmentions, and `/six` to `/four`, which does not."""
    with Site() as site:
        site.pages |= {
            "/four": page(b"<p>four"),
            "/five": page(b'<link rel="webmention" href="/wm">'),
            "/wm": page(status=202),
            "/six": page(post(site, "/five", "/four")),
            "/seven": page(post(site, "/five")),
        }
        yield site


def post(site: Site, *paths: str) -> bytes:
    links = "".join(f'<p>As in <a href="{site.url}{path}">{path}</a>.</p>' for path in paths)
    return f"<nav><a href='/nav'>menu</a></nav><article>{links}</article>".encode()


def heard(site: Site) -> list[tuple[str, str]]:
    """The sources and targets of the Webmentions that came, as paths, sorted."""
    forms = [parse_qs(request.body.decode()) for request in site.requests if request.path == "/wm"]
    return sorted(
        (form["source"][0].removeprefix(site.url), form["target"][0].removeprefix(site.url)) for form in forms
    )


def test_once_and_the_second_time_nothing(site: Site, run: Run) -> None:
    first = run("publish", f"{site.url}/six", "--json", *ALLOW)
    again = run("publish", f"{site.url}/six", "--json", *ALLOW)
    assert (first.code, first.err, again.code, again.err) == (0, "", 0, "")
    assert all(list(outcome) == OUTCOME for outcome in (*first.printed, *again.printed))
    assert {(outcome["target"], outcome["status"]) for outcome in first.printed} == {
        (f"{site.url}/five", "accepted"),
        (f"{site.url}/four", "unsupported"),
    }
    assert {(outcome["status"], outcome["message"]) for outcome in again.printed} == {
        ("skipped", "nothing changed since the last ping")
    }
    assert heard(site) == [("/six", "/five")]


def test_a_deleted_post_that_a_person_names(site: Site, run: Run) -> None:
    """What pingback.toml names is not published with it."""
    run("publish", f"{site.url}/six", *ALLOW)
    Path("pingback.toml").write_text(f'[publish]\nfeed = ["{site.url}/feed"]\n')
    done = run("publish", "--gone", f"{site.url}/six", *ALLOW)
    assert (done.code, done.out) == (1, f"nothing is sent for {site.url}/six: {site.url}/six can still be read\n")
    del site.pages["/six"]
    shown = run("publish", "--gone", f"{site.url}/six", "--dry-run", *ALLOW)
    assert (shown.code, shown.out.count("\n"), heard(site)) == (0, 2, [("/six", "/five")])
    done = run("publish", "--gone", f"{site.url}/six", "--json", *ALLOW)
    assert (done.code, [outcome["status"] for outcome in done.printed]) == (0, ["accepted"])
    assert heard(site) == [("/six", "/five")] * 2
    assert "/feed" not in {request.path for request in site.requests}


@pytest.mark.parametrize("is_alone", [False, True], ids=["the-same-once-more", "alone"])
def test_many_posts_that_left_a_site_at_once(
    site: Site, run: Run, caplog: pytest.LogCaptureFixture, is_alone: bool
) -> None:
    paths = [f"/{number}.html" for number in range(5)]
    Path("public").mkdir()
    for path in ["/index.html", *paths]:
        Path("public" + path).write_bytes(post(site, "/five") if path in paths else b"<p>home")
        site.pages[path] = page(Path("public" + path).read_bytes())
    site.pages["/"] = page(b"<p>home")
    built = ("--site", "public", "--base-url", site.url)
    run("publish", *built, *ALLOW)
    for path in paths:
        Path("public" + path).unlink()
        del site.pages[path]
    done = run("publish", *built, *ALLOW)
    assert (done.code, len(heard(site))) == (0, 5)
    assert "posts of" in caplog.text
    assert "--gone all" in caplog.text
    assert run("publish", *(() if is_alone else built), "--gone", "all", *ALLOW).code == 0
    assert len(heard(site)) == 10


def test_quiet_where_nothing_went_wrong(site: Site, run: Run) -> None:
    done = run("publish", f"{site.url}/six", *ALLOW)
    assert (done.code, done.out, done.err) == (0, "", "")


def feed(site: Site, *paths: str) -> bytes:
    items = "".join(f"<item><title>x</title><link>{site.url}{path}</link></item>" for path in paths)
    return f'<rss version="2.0"><channel><title>B</title><link>{site.url}/</link>{items}</channel></rss>'.encode()


def test_a_feed_on_the_web(site: Site, run: Run) -> None:
    site.pages["/feed"] = page(feed(site, "/six", "/seven"), headers={"Content-Type": "application/rss+xml"})
    assert run("publish", "--feed", f"{site.url}/feed", *ALLOW).code == 0
    assert heard(site) == [("/seven", "/five"), ("/six", "/five")]


def test_a_feed_in_a_file(site: Site, run: Run) -> None:
    Path("feed.xml").write_bytes(feed(site, "/six"))
    assert run("publish", "--feed", "feed.xml", *ALLOW).code == 0
    assert heard(site) == [("/six", "/five")]


def test_a_post_that_drops_out_of_a_feed_is_gone_only_once_it_is_published_itself(site: Site, run: Run) -> None:
    Path("feed.xml").write_bytes(feed(site, "/six", "/seven"))
    run("publish", "--feed", "feed.xml", *ALLOW)
    Path("feed.xml").write_bytes(feed(site, "/seven"))
    site.pages["/six"] = page(status=410)
    site.requests.clear()
    assert run("publish", "--feed", "feed.xml", *ALLOW).code == 0
    assert heard(site) == []
    assert run("publish", f"{site.url}/six", *ALLOW).code == 0
    assert heard(site) == [("/six", "/five")]


def test_a_sitemap(site: Site, run: Run) -> None:
    urls = "".join(f"<url><loc>{site.url}{path}</loc></url>" for path in ("/six", "/seven"))
    sitemap = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
    site.pages["/sitemap.xml"] = page(sitemap.encode(), headers={"Content-Type": "application/xml"})
    assert run("publish", "--sitemap", f"{site.url}/sitemap.xml", *ALLOW).code == 0
    assert heard(site) == [("/seven", "/five"), ("/six", "/five")]


def test_a_list_on_standard_input(site: Site, run: Run) -> None:
    given = f"{site.url}/six\n\n{site.url}/seven\n{site.url}/six\n"
    done = CliRunner().invoke(main, ["publish", "-", *ALLOW], input=given)
    assert (done.exit_code, done.output) == (0, "")
    assert heard(site) == [("/seven", "/five"), ("/six", "/five")]


def test_a_post_in_a_file(site: Site, run: Run) -> None:
    Path("six.html").write_bytes(post(site, "/five"))
    done = run("publish", "--html", "six.html", "--base-url", f"{site.url}/six", "--json", *ALLOW)
    assert [(outcome["target"], outcome["status"]) for outcome in done.printed] == [(f"{site.url}/five", "accepted")]


@pytest.fixture
def built(site: Site) -> Path:
    """A built static site whose two posts are on the web."""
    folder = Path("public")
    for path in ("/six", "/seven"):
        (folder / path[1:]).mkdir(parents=True)
        (folder / path[1:] / "index.html").write_bytes(post(site, "/five"))
        site.pages[f"{path}/"] = page(post(site, "/five"))
    return folder


def test_a_built_site(site: Site, run: Run, built: Path) -> None:
    command = ("publish", "--site", str(built), "--base-url", f"{site.url}/", "--json", *ALLOW)
    assert run(*command).code == 0
    assert heard(site) == [("/seven/", "/five"), ("/six/", "/five")]
    asked = len(site.requests)
    assert {outcome["status"] for outcome in run(*command).printed} == {"skipped"}
    assert len(site.requests) == asked  # pages that did not change are not even looked at

    (built / "six/index.html").write_bytes(post(site, "/five", "/four"))
    run(*command)
    assert sorted(request.path for request in site.requests[asked:]) == ["/five", "/four", "/six/", "/wm"]


def test_a_built_site_of_which_only_a_part_was_wanted(site: Site, run: Run, built: Path) -> None:
    command = ("publish", "--site", str(built), "--base-url", f"{site.url}/", *ALLOW)
    run(*command, "--except", "127.0.0.1")
    assert heard(site) == []
    run(*command)
    assert heard(site) == [("/seven/", "/five"), ("/six/", "/five")]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param(("--include", "/six/**"), ["/six/"], id="include"),
        pytest.param(("--exclude", "s?x", "--exclude", "/eight"), ["/seven/"], id="exclude"),
        pytest.param(("--include", "*", "--exclude", "/s*"), [], id="both"),
    ],
)
def test_posts_are_chosen_by_their_paths(
    site: Site, run: Run, built: Path, options: tuple[str, ...], told: list[str]
) -> None:
    assert run("publish", "--site", str(built), "--base-url", f"{site.url}/", *options, *ALLOW).code == 0
    assert [source for source, _ in heard(site)] == told


def test_a_post_that_is_named_and_left_out_by_its_path(site: Site, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    assert run("publish", f"{site.url}/six", f"{site.url}/seven", "--exclude", "/six", *ALLOW).code == 0
    assert heard(site) == [("/seven", "/five")]
    assert f"nothing is sent for {site.url}/six: --include or --exclude leaves it out" in caplog.text


def test_posts_are_chosen_by_the_file_too(site: Site, run: Run, built: Path) -> None:
    Path("pingback.toml").write_text(
        f'[publish]\nsite = "public"\nbase-url = "{site.url}"\nexclude = ["/six/"]\nsince = 2020-01-31\n'
    )
    assert run("publish", *ALLOW).code == 0
    assert heard(site) == [("/seven/", "/five")]


def test_a_page_that_left_the_built_site(site: Site, run: Run, built: Path) -> None:
    command = ("publish", "--site", str(built), "--base-url", f"{site.url}/", "--json", *ALLOW)
    run(*command)
    (built / "six/index.html").unlink()
    [said] = [outcome for outcome in run(*command).printed if outcome["source"] == f"{site.url}/six/"]
    assert said["message"] == f"{site.url}/six/ left the site as it was built, but it can still be read"
    assert len(heard(site)) == 2

    site.pages["/six/"] = page(status=404)
    run(*command)
    run(*command)
    assert heard(site) == [("/seven/", "/five"), ("/six/", "/five"), ("/six/", "/five")]


def test_a_folder_without_pages_deletes_nothing(site: Site, run: Run, built: Path) -> None:
    command = ("publish", "--base-url", f"{site.url}/", *ALLOW, "--site")
    run(*command, str(built))
    Path("empty").mkdir()
    done = run(*command, "empty")
    assert (done.code, done.out) == (2, "")
    assert "there is no page in empty" in done.err
    assert len(heard(site)) == 2


def test_dry_run_sends_and_remembers_nothing(site: Site, run: Run) -> None:
    done = run("publish", f"{site.url}/six", "--dry-run", *ALLOW)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        f"{site.url}/six -> {site.url}/five: would be sent by webmention to {site.url}/wm\n"
        "1 ping would be sent; left out: 1 unsupported\n"
    )
    assert heard(site) == []
    assert run("outbox", "--json").printed == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param((), ["/five", "/four"], id="all"),
        pytest.param(("--only", "127.0.0.*"), ["/five", "/four"], id="only-with-a-pattern"),
        pytest.param(("--only", "*.example"), [], id="only-others"),
        pytest.param(("--except", "127.0.0.1"), [], id="except"),
        pytest.param(("--no-self-pings",), [], id="no-self-pings"),
        pytest.param(("--selector", "nav"), ["/nav"], id="selector"),
    ],
)
def test_which_targets(site: Site, run: Run, options: tuple[str, ...], told: list[str]) -> None:
    done = run("publish", f"{site.url}/six", "--dry-run", "--json", *options, *ALLOW)
    assert sorted(outcome["target"].removeprefix(site.url) for outcome in done.printed) == told


@pytest.mark.parametrize(
    ("answer", "code", "fault", "words"),
    [
        pytest.param(page(status=404), 1, 404, "HTTP status 404", id="404"),
        pytest.param(page(status=500), 1, 500, "HTTP status 500", id="500"),
        pytest.param(b"", 3, None, "could not be reached", id="hangs-up"),
        pytest.param(page(b'<meta name="robots" content="noindex">'), 0, None, "says noindex", id="noindex"),
        pytest.param(page(headers={"X-Robots-Tag": "noindex"}), 0, None, "says noindex", id="noindex-by-header"),
    ],
)
def test_silent_for_a_post_that_is_not_public(
    site: Site, run: Run, answer: bytes, code: int, fault: int | None, words: str
) -> None:
    site.pages["/six"] = answer
    done = run("publish", f"{site.url}/six", "--json", *ALLOW)
    assert done.code == code
    [outcome] = done.printed
    assert (outcome["status"], outcome["target"], outcome["fault"]) == ("skipped", None, fault)
    assert words in outcome["message"]
    assert run("outbox", "--json").printed == []


def test_silent_for_a_preview_on_loopback(site: Site, run: Run) -> None:
    done = run("publish", f"{site.url}/six", "--json")
    assert done.code == 3
    assert [outcome["status"] for outcome in done.printed] == ["skipped"]
    assert site.connections == 0


def test_force(site: Site, run: Run) -> None:
    site.pages["/six"] = page(b'<meta name="robots" content="noindex">' + post(site, "/five"))
    assert run("publish", f"{site.url}/six", "--force", *ALLOW).code == 0
    assert heard(site) == [("/six", "/five")]


def test_outbox_lists_filters_and_says_why(site: Site, run: Run) -> None:
    site.pages["/wm"] = page(b"Not today.", status=500, headers={"Content-Type": "text/plain"})
    run("publish", f"{site.url}/six", *ALLOW)
    [failed] = run("outbox", "--json", "--status", "failed").printed
    assert list(failed) == OUTCOME
    assert (failed["target"], failed["fault"], failed["attempts"]) == (f"{site.url}/five", 500, 1)
    assert failed["next_try"] is not None
    assert len(run("outbox", "--json", "--source", f"{site.url}/six").printed) == 2
    assert len(run("outbox", "--json", "--target", f"{site.url}/four").printed) == 1
    [explained] = run("outbox", "--json", "--status", "failed", "--why").printed
    [attempt] = explained["why"]
    assert (attempt["status"], attempt["fault"], attempt["message"]) == ("failed", 500, "Not today.")
    assert attempt["exchange"].startswith(f"POST {site.url}/wm\n\nsource=")
    assert attempt["exchange"].endswith("HTTP 500 text/plain\n\nNot today.")
    lines = run("outbox", "--status", "failed", "--why").out.splitlines()
    assert lines[0] == f"1 failed webmention {site.url}/six -> {site.url}/five"
    assert lines[1].startswith("  Not today., next try 2")
    assert lines[-1] == "    | Not today."


def test_retry_sends_what_is_due_and_no_more(site: Site, run: Run) -> None:
    site.pages["/wm"] = page(status=500)
    run("publish", f"{site.url}/six", *ALLOW)
    site.pages["/wm"] = page(status=202)
    done = run("retry", "--json", *ALLOW)
    assert (done.code, done.printed, len(heard(site))) == (0, [], 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param((), "what is to be published?", id="nothing"),
        pytest.param(("--gone", "/six"), "'/six' is not an absolute HTTP URL", id="relative-gone"),
        pytest.param(("/six",), "'/six' is neither an absolute HTTP URL nor a file", id="relative-source"),
        pytest.param(("--site", "."), "need --base-url", id="site-without-base-url"),
        pytest.param(("--html", "six.html"), "need --base-url", id="html-without-base-url"),
        pytest.param(("--html", "x.html", "--base-url", "/x"), "'/x' is not an absolute HTTP URL", id="base-url"),
        pytest.param(("--html", "x.html", "--base-url", "http://a.example/"), "there is no file x.html", id="no-file"),
        pytest.param(("--site", "x", "--base-url", "http://a.example/"), "there is no folder x", id="no-folder"),
        pytest.param(
            ("--site", "a.txt", "--base-url", "http://a.example/"), "a.txt is a file", id="no-folder-but-a-file"
        ),
        pytest.param(
            ("--html", ".", "--base-url", "http://a.example/"), ". is a folder, not a file", id="no-file-but-a-folder"
        ),
        pytest.param(("--feed", "."), ". is a folder, not a file", id="feed-is-a-folder"),
        pytest.param(("--feed", "x.xml"), "there is no file x.xml", id="no-feed"),
        pytest.param(("http://a.example/", "--since", "May"), "'May' is not a date like 2026-01-31", id="since"),
        pytest.param(("http://a.example/", "--wait", "soon"), "'soon' is not a number", id="wait"),
    ],
)
def test_wrong_usage(run: Run, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    (tmp_path / "a.txt").touch()
    done = run("publish", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=["publish", "dry-run"])
def test_a_selector_that_finds_nothing(site: Site, run: Run, more: tuple[str, ...]) -> None:
    site.pages["/six"] = page(b"<article><a href='/five'>five</a></article>")
    done = run("publish", f"{site.url}/six", "--selector", ".e-content", *ALLOW, *more)
    assert done.code == 1
    assert f"nothing is sent for {site.url}/six: '.e-content' finds nothing on {site.url}/six\n" in done.out


def test_a_selector_that_is_none(site: Site, run: Run) -> None:
    done = run("publish", f"{site.url}/six", "--selector", "p[", *ALLOW)
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(page(b"<!doctype html><p>no feed"), 1, id="html"),
        pytest.param(page(status=404), 1, id="404"),
        pytest.param(b"", 3, id="hangs-up"),
    ],
)
def test_a_feed_that_is_none(site: Site, run: Run, answer: bytes, code: int) -> None:
    site.pages["/feed"] = answer
    done = run("publish", "--feed", f"{site.url}/feed", *ALLOW)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("pingback: ")


@pytest.mark.parametrize("option", ["--feed", "--sitemap"])
@pytest.mark.parametrize(
    ("answer", "code"),
    [pytest.param(page(b"<p>none"), 1, id="html"), pytest.param(page(status=404), 1, id="404"), (b"", 3)],
)
def test_a_bad_feed_or_sitemap_stops_no_other(site: Site, run: Run, option: str, answer: bytes, code: int) -> None:
    site.pages |= {"/feed": page(feed(site, "/six")), "/more": page(feed(site, "/seven")), "/bad": answer}
    feeds = ("--feed", f"{site.url}/feed", option, f"{site.url}/bad", "--feed", f"{site.url}/more")
    done = run("publish", *feeds, *ALLOW)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("pingback: ")
    assert f"{site.url}/bad" in done.err
    assert heard(site) == [("/seven", "/five"), ("/six", "/five")]


def test_update_services_and_hubs_hear_of_news_once(site: Site, run: Run) -> None:
    atom = (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>B</title><link href="{site.url}/"/>'
        f'<link rel="self" href="{site.url}/feed"/><link rel="hub" href="{site.url}/hub"/>'
        f'<entry><title>Six</title><id>6</id><link href="{site.url}/seven"/></entry></feed>'
    )
    answer = "<methodResponse><params><param><value><struct><member><name>flerror</name><value><boolean>0</boolean>"
    answer += "</value></member></struct></value></param></params></methodResponse>"
    site.pages |= {"/feed": page(atom.encode()), "/hub": page(status=204), "/rpc": page(answer.encode())}
    command = ("publish", "--feed", f"{site.url}/feed", "--service", f"{site.url}/rpc", "--websub", "--json", *ALLOW)
    first, again = run(*command), run(*command)
    assert [(outcome["target"].removeprefix(site.url), outcome["status"]) for outcome in first.printed] == [
        ("/five", "accepted"),
        ("/rpc", "accepted"),
        ("/hub", "accepted"),
    ]
    assert [outcome["status"] for outcome in again.printed] == ["skipped"]
    [called] = [request for request in site.requests if request.path == "/rpc"]
    assert b"weblogUpdates.extendedPing" in called.body
    [told] = [request for request in site.requests if request.path == "/hub"]
    assert parse_qs(told.body.decode()) == {
        "hub.mode": ["publish"],
        "hub.url": [f"{site.url}/feed"],
        "hub.topic": [f"{site.url}/feed"],
    }


def test_json_is_all_that_is_printed(site: Site, run: Run) -> None:
    done = run("publish", f"{site.url}/six", f"{site.url}/nowhere", "--json", *ALLOW)
    assert [json.loads(line)["status"] for line in done.out.splitlines()].count("skipped") == 1
    assert done.err == f"nothing is sent for {site.url}/nowhere: {site.url}/nowhere answered with HTTP status 404\n"
