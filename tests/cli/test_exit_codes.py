"""The exit codes of `pingback publish` and `retry`, and what they print where nobody is looking."""

import subprocess
import sys
from pathlib import Path

import pytest

from pingback.store import Store
from tests.cli.conftest import ALLOW, Run
from tests.loopback import Page, Site, page

NO = page(b"No link.", status=400, headers={"Content-Type": "text/plain"})
REFUSED = {"/wm": NO}
FAILED = {"/wm": page(status=500)}
ABSENT = {"/wm": page(status=404)}
BLOCKED = {"/five": page(b'<link rel="webmention" href="http://10.0.0.1/">')}
ALL_BLOCKED = {**BLOCKED, "/six": page(b'<article><a href="/five">5</a></article>')}


@pytest.fixture(autouse=True)
def post(site: Site) -> str:
    """It links to `/five`, which takes Webmentions, and to `/four`, which does not."""
    site.pages |= {
        "/four": page(b"<p>four"),
        "/five": page(b'<link rel="webmention" href="/wm">'),
        "/wm": page(status=202),
        "/six": page(b'<article><a href="/five">5</a> <a href="/four">4</a></article>'),
    }
    return f"{site.url}/six"


@pytest.mark.parametrize(
    ("answers", "code", "printed", "strict"),
    [
        pytest.param({}, 0, "", 0, id="accepted-and-no-endpoint"),
        pytest.param(REFUSED, 0, "", 1, id="refused"),
        pytest.param(FAILED, 0, "", 0, id="failed-and-tried-again"),
        pytest.param(ABSENT, 0, "", 1, id="endpoint-404"),
        pytest.param(BLOCKED, 0, "", 1, id="some-are-blocked"),
        pytest.param(ALL_BLOCKED, 1, "blocked: {0}/six -> {0}/five: ", 1, id="all-are-blocked"),
        pytest.param({"/six": page(b"<article>no links</article>")}, 0, "", 0, id="no-links"),
        pytest.param({"/six": page(status=404)}, 1, "nothing is sent for {0}/six: ", 1, id="source-404"),
        pytest.param({"/six": b""}, 3, "nothing is sent for {0}/six: ", 3, id="source-hangs-up"),
    ],
)
def test_publish(
    site: Site, post: str, run: Run, answers: dict[str, Page], code: int, printed: str, strict: int
) -> None:
    site.pages |= answers
    done = run("publish", post, *ALLOW)
    assert (done.code, done.err) == (code, "")
    assert done.out.startswith(printed.format(site.url))
    assert bool(done.out) is bool(printed)
    assert run("publish", post, "--json", "--strict", "--db", "sqlite:///other.db", *ALLOW).code == strict


def test_strict_says_which_no(site: Site, post: str, run: Run) -> None:
    site.pages |= REFUSED
    done = run("publish", post, "--strict", *ALLOW)
    assert (done.code, done.out, done.err) == (1, f"refused: {post} -> {site.url}/five: No link.\n", "")
    assert run("publish", post, "--strict", *ALLOW).code == 0  # it is no news


@pytest.mark.parametrize("table", ["", "[publish]\n"], ids=["top", "publish"])
def test_strict_in_the_file(site: Site, post: str, run: Run, table: str) -> None:
    site.pages |= REFUSED
    Path("pingback.toml").write_text(f"{table}strict = true\n")
    assert run("publish", post, *ALLOW).code == 1
    assert run("retry", "--all", *ALLOW).code == 1
    assert run("retry", "--all", "--no-strict", *ALLOW).code == 0


@pytest.mark.parametrize(
    ("answers", "code", "printed", "strict"),
    [
        pytest.param({}, 0, "", 0, id="accepted"),
        pytest.param(REFUSED, 0, "", 1, id="refused"),
        pytest.param(FAILED, 0, "", 0, id="failed-and-tried-again"),
        pytest.param(BLOCKED, 0, "", 1, id="some-are-blocked"),
    ],
)
def test_retry(site: Site, post: str, run: Run, answers: dict[str, Page], code: int, printed: str, strict: int) -> None:
    site.pages |= FAILED
    run("publish", post, *ALLOW)
    site.pages |= answers
    done = run("retry", "--all", *ALLOW)
    assert (done.code, done.out, done.err) == (code, printed, "")
    site.pages |= FAILED
    run("publish", post, *ALLOW, "--db", "sqlite:///other.db")
    site.pages |= {"/wm": page(status=202), **answers}
    assert run("retry", "--all", "--json", "--strict", "--db", "sqlite:///other.db", *ALLOW).code == strict


def test_what_another_process_has_in_hand_is_no_failure(site: Site, post: str, run: Run) -> None:
    """It has the ping while we run."""
    done: list[subprocess.CompletedProcess[str]] = []

    def hear(request: object) -> bytes:
        site.pages["/wm"] = page(status=202)
        for command in (["publish", post], ["retry", "--all"], ["publish", post, "--again", "--strict"]):
            arguments = [sys.executable, "-m", "pingback", *command, *ALLOW]
            done.append(subprocess.run(arguments, capture_output=True, text=True, check=False))
        return page(status=202)

    site.pages["/wm"] = hear
    assert run("publish", post, *ALLOW).code == 0
    assert [(each.returncode, each.stdout, each.stderr) for each in done] == [(0, "", "")] * 3
    assert [request.path for request in site.requests].count("/wm") == 1


def test_nothing_to_do(run: Run) -> None:
    Store("sqlite:///pingback.db").close()
    for command in ("retry", "--all"), ("retry",):
        done = run(*command, *ALLOW)
        assert (done.code, done.out, done.err) == (0, "", "")
