"""How outgoing pings are told on a terminal: a real one, of which both ends are ours."""

import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from pingback.store import Store
from tests.cli.conftest import ALLOW, Run
from tests.loopback import Request, Site, page, redirect
from tests.receive.pages import PATIENCE

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_a_terminal(
    folder: Path, *arguments: str, columns: int = 120, look: Callable[[bytes], object] = lambda seen: None
) -> tuple[int, str]:
    """The exit code of a command and what a person sees, escapes taken out; a bar's states stand one after another.

    `look` is shown all that is there, each time that more is.
    """
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        program = subprocess.Popen(
            [sys.executable, "-m", "pingback", *arguments, *ALLOW],
            cwd=folder,
            env={"PATH": "", "TERM": "xterm", "COLUMNS": str(columns), "LC_ALL": "C.UTF-8"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        seen = b""
        with program, suppress(OSError):  # what Linux reports when the other end is closed
            while piece := screen.read(65536):
                seen += piece
                look(seen)
    return program.returncode, _ESCAPE.sub("", seen.decode()).replace("\r", "\n")


@pytest.fixture
def post(site: Site) -> str:
    site.pages |= {
        "/yes": page(b'<link rel="webmention" href="/wm">'),
        "/no": page(b'<link rel="webmention" href="/wm?no">'),
        "/none": page(b"<p>nothing here"),
        "/wm": page(status=202),
        "/wm?no": page(b"Not here, [red]never[/red].", status=400, headers={"Content-Type": "text/plain"}),
    }
    links = "".join(f'<a href="{site.url}/{name}">{name}</a>' for name in ("yes", "no", "none"))
    site.pages["/post"] = page(f"<article>{links}</article>".encode())
    return f"{site.url}/post"


def test_a_bar_while_pings_go_out_and_a_table_in_the_end(site: Site, post: str, tmp_path: Path) -> None:
    code, seen = on_a_terminal(tmp_path, "publish", post)
    assert code == 0
    assert f"refused: {post} -> {site.url}/no: Not here, [red]never[/red].\n" in seen
    assert re.search(r"pings .* 3/3 1 accepted, 1 failed", seen)
    rows = [re.findall(r"[\w–]+", line) for line in seen.partition("protocol")[2].splitlines()]
    assert [row for row in rows if len(row) == 3] == [
        ["–", "unsupported", "1"],
        ["webmention", "accepted", "1"],
        ["webmention", "refused", "1"],
    ]


def test_the_bar_counts_the_pings_of_a_post_by_both_its_addresses(site: Site, tmp_path: Path) -> None:
    link = b'<link rel="webmention" href="/wm">'
    article = f'<article>As they say <a href="{site.url}/yes">there</a></article>'.encode()
    site.pages |= {"/yes": page(link), "/wm": page(status=202), "/old": page(article)}
    on_a_terminal(tmp_path, "publish", f"{site.url}/old")
    site.pages |= {"/old": redirect("/new", 301), "/new": page(article)}
    _, seen = on_a_terminal(tmp_path, "publish", f"{site.url}/old")
    assert re.search(r"pings .* 2/2 2 accepted, 0 failed", seen)


def test_the_bar_is_seen_beside_all_its_words_at_80_columns(tmp_path: Path) -> None:
    shown = threading.Event()

    def held(request: Request) -> bytes:
        assert shown.wait(PATIENCE)
        return page()

    def look(seen: bytes) -> None:
        if b"waiting for" in seen:
            shown.set()

    with ExitStack() as stack:
        hosts = [stack.enter_context(Site(host=f"127.100.100.{number}")) for number in range(101, 105)]
        for host in hosts:
            host.pages |= {f"/{number}": held for number in range(30)}
        links = "".join(f'<a href="{host.url}/{number}">x</a>' for host in hosts for number in range(30))
        hosts[0].pages["/post"] = page(f"<article>{links}</article>".encode())
        publish = ("publish", f"{hosts[0].url}/post", "--allow-network", "127.100.100.0/24")
        code, seen = on_a_terminal(tmp_path, *publish, columns=80, look=look)
    assert code == 0
    lines = [line for line in seen.splitlines() if line.startswith("pings ")]
    assert max(map(len, lines)) <= 80
    [first, *_] = [line for line in lines if "waiting for" in line]
    assert re.match(r"pings ━{20} +0/120 0 accepted, 0 failed waiting for 127\.100\..*…$", first)
    assert [line for line in lines if not re.match(r"pings [━╸╺]{20} ", line)] == []


def test_why_a_post_is_left_alone(site: Site, tmp_path: Path) -> None:
    site.pages["/draft"] = page(b'<meta name="robots" content="noindex"><a href="https://a.example/">x</a>')
    code, seen = on_a_terminal(tmp_path, "publish", f"{site.url}/draft")
    assert code == 0
    assert re.search(rf"nothing is sent for {site.url}/draft: .*noindex", seen)


@pytest.fixture
def built(site: Site, post: str, tmp_path: Path) -> Path:
    """A site of a new post, an old one, one without links, two lists and an error page."""
    folder = tmp_path / "public"
    date = '<meta property="article:published_time" content="2001-02-03">'
    link = f'<a href="{site.url}/yes">yes</a>'
    rows = "".join(f"<h2><a href='/{name}/'>{name}</a></h2><p>As they say {link}.</p>" for name in ("new", "old"))
    for name, body in {
        "new": f"<article><h1>New</h1><p>As they say {link}.</p></article>",
        "old": f"{date}<article><h1>Old</h1><p>As they say {link}.</p></article>",
        "about": "<article><h1>About</h1><p>Words.</p></article>",
        "": f"<main>{rows}</main>",
        "tag": f"<main>{rows}</main>",
        "404.html": f"<p>As they say {link}.</p>",
    }.items():
        markup = f"<!doctype html><html><title>{name}</title>{body}</html>"
        file = folder / name if name.endswith("html") else folder / name / "index.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(markup)
        site.pages[f"/{name}/" if name else "/"] = page(markup.encode())
    return folder


def test_the_last_line_counts_what_is_no_post(site: Site, built: Path, tmp_path: Path) -> None:
    command = ("publish", "--site", str(built), "--base-url", site.url)
    code, seen = on_a_terminal(tmp_path, *command)
    assert code == 0
    assert [line for line in seen.splitlines() if line][-3:] == [
        "without a link that is to be told: 1 post",
        next(line for line in seen.splitlines() if line.startswith("1 post older than 2")),
        "3 pages are no posts: 2 lists, 1 error page",
    ]
    assert "1 post older than " in seen
    assert ": taken as told, --backfill sends what they link to" in seen
    code, seen = on_a_terminal(tmp_path, *command)
    assert [line for line in seen.splitlines() if line][-3:] == [
        "as they were before: 2 posts",
        "without a link that is to be told: 1 post",
        "3 pages are no posts: 2 lists, 1 error page",
    ]


def test_a_first_run_says_how_many_posts_are_old_to_everybody(site: Site, built: Path, run: Run) -> None:
    command = ("publish", "--site", str(built), "--base-url", site.url, *ALLOW)
    done = run(*command, "--json")
    assert [(each["source"], each["status"]) for each in done.printed] == [
        (f"{site.url}/old/", "skipped"),
        (f"{site.url}/new/", "accepted"),
    ]
    assert re.fullmatch(r"1 post older than [0-9-]{10}: taken as told, --backfill sends what they link to\n", done.err)
    done = run(*command)
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_dry_run_shows_first_what_would_be_sent(site: Site, built: Path, run: Run) -> None:
    done = run("publish", "--site", str(built), "--base-url", site.url, "--dry-run", *ALLOW)
    first, second, *rest = done.out.splitlines()
    assert first == f"{site.url}/new/ -> {site.url}/yes: would be sent by webmention to {site.url}/wm"
    assert second == "1 ping would be sent; left out: 1 skipped"
    assert [line.partition(" is left out: ")[0] for line in rest[:3]] == [
        f"{site.url}/404.html",
        f"{site.url}/",
        f"{site.url}/tag/",
    ]
    assert rest[-1] == "3 pages are no posts: 2 lists, 1 error page"
    done = run("publish", "--site", str(built), "--base-url", site.url, "--dry-run", "--json", *ALLOW)
    assert [(each["source"], each["protocol"]) for each in done.printed] == [
        (f"{site.url}/new/", "webmention"),
        (f"{site.url}/old/", None),
    ]
    assert done.err.splitlines() == rest
    assert run("outbox", "--json").printed == []


def test_why_a_post_or_an_item_has_nothing_to_tell(site: Site, built: Path, tmp_path: Path) -> None:
    items = f"<item><link>https://other.example/x</link></item><item><link>{site.url}/about/</link></item>"
    feed = f"<rss version='2.0'><channel><title>B</title><link>{site.url}/</link>{items}</channel></rss>"
    (tmp_path / "feed.xml").write_text(feed)
    code, seen = on_a_terminal(tmp_path, "publish", "--feed", "feed.xml", columns=400)
    assert code == 0
    assert "feed.xml: the item that links to https://other.example/x is left out: " in seen
    assert f"nothing is sent for {site.url}/about/: it links to no other page" in seen


def test_links_beyond_the_cap_are_said_to_everybody(site: Site, run: Run) -> None:
    links = [b'<a href="/%d">x</a>' % number for number in range(1005)]
    for address, some in (("/long", links), ("/short", links[:2])):
        site.pages[address] = page(b"".join(some))
    done = run("publish", f"{site.url}/long", f"{site.url}/short", "--except", "127.0.0.1", *ALLOW)
    assert (done.code, done.out) == (0, f"{site.url}/long: 5 links after the first 1000 are left out\n")


def test_nothing_to_send(tmp_path: Path) -> None:
    Store(f"sqlite:///{tmp_path}/pingback.db").close()
    code, seen = on_a_terminal(tmp_path, "retry")
    assert (code, seen.split()[-3:]) == (0, ["nothing", "to", "send"])
