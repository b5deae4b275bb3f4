"""Webmentions with a site by other people, both ways: ours become its mentions, its own become ours."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from pingback.model import MentionKind, MentionStatus
from tests.loopback import Site, page
from tests.paths.programs import PATIENCE, Serving, pingback, wait_until
from tests.wordpress.program import Program

_PEER = (sys.executable, str(Path(__file__).with_name("webmention_peer.py")))
_READY = re.compile(r"serving (http://127\.0\.0\.1:\d+)\n")


def _reply(target: str, *, title: str = "Zwölf Schläge, 十二") -> bytes:
    """The page of a post that answers to the target."""
    return page(
        f'<!doctype html><meta charset="utf-8"><title>{title}</title>'
        f'<article class="h-entry"><h1 class="p-name">{title}</h1>'
        '<a class="p-author h-card" href="/">Zoë</a> <time class="dt-published">2026-11-25T12:00:00Z</time>'
        f'<p class="e-content">As in <a class="u-in-reply-to" href="{target}">part five</a> &amp; elsewhere.</p>'
        "</article>".encode()
    )


# From us to them


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[str]:
    """Their site, serving; gives its URL."""
    program = Program(*_PEER, "serve", folder=tmp_path, log=tmp_path / "peer.log")
    with program:
        program.wait_until(lambda: _READY.search(program.log.read_text()) is not None)
        found = _READY.search(program.log.read_text())
        assert found
        yield found[1]


def _kept(theirs: str, target: str) -> list[dict[str, Any]]:
    """Their mentions of a page of theirs, by their own API."""
    query = {"resource": target, "direction": "incoming"}
    mentions: list[dict[str, Any]] = requests.get(f"{theirs}/webmentions", query, timeout=PATIENCE).json()
    return mentions


@pytest.mark.parametrize(
    "choice", [pytest.param((), id="auto"), pytest.param(("--protocol", "webmention"), id="webmention")]
)
def test_our_mention_is_theirs(theirs: str, tmp_path: Path, choice: tuple[str, ...]) -> None:
    target = f"{theirs}/part-5"
    with Site({"/6": _reply(target)}) as ours:
        source = f"{ours.url}/6"
        done = pingback(tmp_path, "send", source, target, *choice)

    assert (done.code, done.err) == (0, "")
    assert [outcome | {"message": "any"} for outcome in done.printed] == [
        {
            "source": source,
            "target": target,
            "protocol": "webmention",
            "endpoint": f"{theirs}/webmentions",
            "status": "accepted",
            "fault": None,
            "message": "any",
            "attempts": 1,
            "next_try": None,
        }
    ]
    [mention] = _kept(theirs, target)
    assert (mention["source"], mention["title"], mention["author_name"], mention["mention_type"]) == (
        source,
        "Zwölf Schläge, 十二",
        "Zoë",
        "reply",
    )


def test_a_change_of_ours_and_its_end_are_theirs(theirs: str, tmp_path: Path) -> None:
    target = f"{theirs}/part-5"
    with Site() as ours:
        source = f"{ours.url}/6"
        titles = []
        for post in (_reply(target), _reply(target, title="Corrected"), page(status=410)):
            ours.pages["/6"] = post
            [outcome] = pingback(tmp_path, "send", source, target).printed
            assert outcome["status"] == "accepted"
            titles.append([mention["title"] for mention in _kept(theirs, target)])
    assert titles == [["Zwölf Schläge, 十二"], ["Corrected"], []]


def test_for_a_page_that_is_not_theirs_they_refuse(theirs: str, tmp_path: Path) -> None:
    with Site() as ours, Site() as other:
        target = f"{other.url}/5"
        other.pages["/5"] = page(headers={"Link": f"<{theirs}/webmentions>; rel=webmention"})
        ours.pages["/6"] = _reply(target)
        done = pingback(tmp_path, "send", f"{ours.url}/6", target)
    assert (done.code, [(outcome["status"], outcome["fault"]) for outcome in done.printed]) == (1, [("refused", 400)])
    assert _kept(theirs, target) == []


# From them to us


def _endpoint(serving: Serving) -> str:
    return f"{serving.root}/webmention"


def _tell(folder: Path, source: str) -> list[str]:
    """Have them tell all that a page of theirs links to; gives the targets whose endpoints were content."""
    command = [*_PEER, "send", source]
    done = subprocess.run(command, cwd=folder, env={"PATH": ""}, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    told: list[str] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("advertised", ["header", "link", "a"])
def test_their_mention_is_ours(tmp_path: Path, advertised: str) -> None:
    with Site() as ours, Site() as theirs, Serving(tmp_path, f"{ours.url}/") as serving:
        source, target = f"{theirs.url}/6", f"{ours.url}/5?a=1"
        theirs.pages["/6"] = _reply(target)
        ours.pages["/5?a=1"] = {
            "header": page(headers={"Link": f'</feed>; rel="alternate", <{_endpoint(serving)}>; rel="webmention"'}),
            "link": page(f'<link rel="webmention" href="{_endpoint(serving)}">'.encode()),
            "a": page(f'<p><a href="{_endpoint(serving)}" rel="webmention">Webmention</a></p>'.encode()),
        }[advertised]
        first = _tell(tmp_path, source)
        wait_until(lambda: [mention.status for mention in serving.mentions()] == [MentionStatus.APPROVED])
        again = _tell(tmp_path, source)
        [kind] = [mention.kind for mention in serving.mentions()]
        [mention] = pingback(tmp_path, "mentions", target).printed

    assert (first, again, kind) == ([target], [target], MentionKind.REPLY)
    assert (mention["source"], mention["target"], mention["protocol"]) == (source, target, "webmention")
    assert (mention["title"], mention["author"]["name"]) == ("Zwölf Schläge, 十二", "Zoë")
    assert "As in part five & elsewhere." in mention["excerpt"]


def test_for_a_page_that_is_not_ours_we_refuse(tmp_path: Path) -> None:
    with Site() as ours, Site() as theirs, Site() as other, Serving(tmp_path, f"{ours.url}/") as serving:
        targets = [f"{ours.url}/5", f"{other.url}/5"]
        for site in (ours, other):
            site.pages["/5"] = page(headers={"Link": f"<{_endpoint(serving)}>; rel=webmention"})
        theirs.pages["/6"] = page("".join(f'<a href="{target}">five</a>' for target in targets).encode())
        told = _tell(tmp_path, f"{theirs.url}/6")
        kept = [mention.target for mention in serving.mentions()]
    assert (told, kept) == ([targets[0]], [targets[0]])
