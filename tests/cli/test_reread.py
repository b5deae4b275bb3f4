"""`pingback reread`: the sources of old mentions are read again, now, and what they say by now is printed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pingback.model import Content, Mention, MentionStatus, Protocol
from pingback.page.about import READER
from pingback.store import Store
from tests.cli.conftest import ALLOW, Run
from tests.loopback import Site, page

FIVE, SIX = "https://my.example/part-5", "https://my.example/part-6"
RECEIVED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
APPROVED, PENDING, DELETED = MentionStatus.APPROVED, MentionStatus.PENDING, MentionStatus.DELETED
OFFLINE = ("--site", "https://my.example/", "--no-check-targets", *ALLOW)


def linking(title: str, target: str = FIVE) -> bytes:
    return page(f'<title>{title}</title><p>I do <a href="{target}">it</a> otherwise.'.encode())


@pytest.fixture
def keep(tmp_path: Path, site: Site) -> Callable[..., Mention]:
    """Keeps a mention by a page of the site that an earlier version read, in the database of the folder."""

    def keep(path: str, **changes: Any) -> Mention:
        mention = Mention(
            source=f"{site.url}{path}",
            target=FIVE,
            protocol=Protocol.PINGBACK,
            status=APPROVED,
            title="Old",
            excerpt="I do it otherwise.",
            received=RECEIVED,
            verified=RECEIVED,
        )
        with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
            kept, _ = store.mentions.keep(replace(mention, **changes))
            return kept

    return keep


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param((), ["/old", "/waits"], id="what-an-earlier-version-read"),
        pytest.param((FIVE,), ["/old", "/new"], id="of-a-page"),
        pytest.param(("--source", "/new"), ["/new"], id="by-a-source"),
        pytest.param((SIX, "--source", "/new"), [], id="by-a-source-of-a-page"),
        pytest.param(("--all",), ["/old", "/waits", "/new"], id="all"),
    ],
)
def test_what_is_read_again(
    run: Run, site: Site, keep: Callable[..., Mention], arguments: tuple[str, ...], expected: list[str]
) -> None:
    keep("/old")
    keep("/new", read_by=READER)
    keep("/waits", target=SIX, status=PENDING)
    for status in (MentionStatus.SPAM, DELETED, MentionStatus.REJECTED):
        keep(f"/{status}", status=status)
    keep("/unseen", verified=None)
    site.pages.update({f"/{name}": linking("Old", target=FIVE) for name in ("old", "new")})
    site.pages["/waits"] = linking("Old", target=SIX)
    asked = [site.url + each if each.startswith("/") else each for each in arguments]
    done = run("reread", *asked, "--json", *OFFLINE)
    assert done.code == (0 if expected else 1)
    assert sorted(each["source"] for each in done.printed) == sorted(site.url + path for path in expected)
    assert sorted(request.path for request in site.requests) == sorted(expected)


def test_each_is_printed_as_it_stands_then(run: Run, site: Site, keep: Callable[..., Mention]) -> None:
    keep("/same")
    keep("/swapped")
    keep("/gone")
    site.pages["/same"] = page(
        f'<title>Old</title><article class="h-entry"><a class="p-author h-card" href="https://ann.example/">Ann</a>'
        f'<p class="e-content">I do <a href="{FIVE}">it</a> otherwise.</p></article>'.encode()
    )
    site.pages["/swapped"] = page(f'<title>PILLS</title><a href="{FIVE}">cheap</a>'.encode())
    done = run("reread", "--json", *OFFLINE)
    assert (done.code, done.err) == (0, "")
    found = {each["source"].removeprefix(site.url): each for each in done.printed}
    assert found["/same"]["status"] == "approved"
    assert found["/same"]["author"]["name"] == "Ann"
    assert found["/swapped"]["status"] == "pending"
    assert found["/swapped"]["reason"] == "changed since it was approved; its author is not trusted yet"
    assert found["/gone"]["status"] == "deleted"
    assert found["/gone"]["fault"] == 16
    assert run("reread", "--json", *OFFLINE).printed == []


def test_as_text(run: Run, site: Site, keep: Callable[..., Mention]) -> None:
    keep("/same")
    site.pages["/same"] = linking("Old")
    done = run("reread", *OFFLINE)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"1 approved 2026-01-02 03:04 Pingback: Old\n  {site.url}/same -> {FIVE}\n"


def test_without_a_site_the_pages_are_those_of_the_mentions(run: Run, site: Site, keep: Callable[..., Mention]) -> None:
    keep("/same")
    site.pages["/same"] = linking("Old")
    assert len(run("reread", "--json", "--no-check-targets", *ALLOW).printed) == 1


def test_a_source_that_cannot_be_reached_stays_and_is_tried_again(
    run: Run, site: Site, keep: Callable[..., Mention], tmp_path: Path
) -> None:
    keep("/broken")
    site.pages["/broken"] = page(status=503)
    done = run("reread", "--json", *OFFLINE)
    assert (done.code, [each["status"] for each in done.printed]) == (0, ["approved"])
    assert done.err == "pingback: 1 as before: their sources could not be read, and are tried again\n"
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        [mention] = store.mentions.list()
    assert (mention.title, mention.read_by) == ("Old", 0)


def test_the_markup_of_what_stays_is_fit_for_any_page(run: Run, site: Site, keep: Callable[..., Mention]) -> None:
    """What an import or a program kept may be any."""
    keep("/broken", content=Content(text="Yes", html="<p onclick=x()>Yes<script>x()</script></p>"))
    site.pages["/broken"] = page(status=503)
    assert [each["content"]["html"] for each in run("reread", "--json", *OFFLINE).printed] == ["<p>Yes</p>"]


def test_what_a_host_has_no_room_for_is_left(run: Run, site: Site, keep: Callable[..., Mention]) -> None:
    for path in ("/1", "/2"):
        keep(path)
        site.pages[path] = linking("Old")
    done = run("reread", "--json", "--source-rate", "1/hour", "--wait", "0", *OFFLINE)
    assert (done.code, len(done.printed), len(site.requests)) == (0, 1, 1)
    assert done.err == "pingback: 1 left for later: their hosts were asked enough, or another process has them\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(("part-5",), 2, "'part-5' is not an absolute HTTP URL", id="target"),
        pytest.param(("--source", "a.example"), 2, "'a.example' is not an absolute HTTP URL", id="source"),
        pytest.param((SIX,), 1, "there is no such mention", id="no-mention"),
        pytest.param((), 0, "", id="nothing-to-do"),
        pytest.param(("--all",), 0, "", id="nothing-at-all"),
    ],
)
def test_exit_codes(run: Run, keep: Callable[..., Mention], arguments: tuple[str, ...], code: int, words: str) -> None:
    keep("/new", read_by=READER, status=DELETED, verified=RECEIVED + timedelta(1))
    done = run("reread", *arguments, *OFFLINE)
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert bool(done.err) == bool(words)
