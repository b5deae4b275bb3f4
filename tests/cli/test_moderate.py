"""`pingback moderate`: the owner's word from a terminal, and what is said of words that are none."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pingback.cli.mentions import line
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Iterator[Store]:
    """Three pending mentions in the database of the folder."""
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        for number in (1, 2, 3):
            store.mentions.keep(
                Mention(
                    source=f"https://a.example/{number}",
                    target="https://my.example/part-5",
                    protocol=Protocol.PINGBACK,
                    status=MentionStatus.PENDING,
                    received=datetime(2026, 1, 2, 3, number, tzinfo=UTC),
                    verified=datetime(2026, 1, 2, 4, tzinfo=UTC),
                )
            )
        yield store


def statuses(store: Store) -> list[str]:
    return [mention.status.value for mention in store.mentions.list()]


@pytest.mark.parametrize(
    ("action", "status"), [("approve", "approved"), ("spam", "spam"), ("delete", "deleted")], ids=str
)
def test_decisions(run: Run, store: Store, action: str, status: str) -> None:
    done = run("moderate", action, "3", "1", "--json")
    assert (done.code, done.err) == (0, "")
    assert [(mention["id"], mention["status"]) for mention in done.printed] == [(3, status), (1, status)]
    assert statuses(store) == [status, "pending", status]


def test_as_text(run: Run, store: Store) -> None:
    done = run("moderate", "approve", "2")
    _, mention, _ = store.mentions.list()
    assert (done.code, done.out, done.err) == (0, f"{line(mention)}\n", "")
    assert done.out.startswith("2 approved 2026-01-02 03:02 Pingback: https://a.example/2\n")


def unverified(store: Store, protocol: Protocol) -> None:
    [mention, *_] = store.mentions.list()
    store.mentions.keep(replace(mention, source="https://a.example/4", protocol=protocol, verified=None))


def test_what_nobody_verified_is_approved_when_it_is(run: Run, store: Store) -> None:
    unverified(store, Protocol.WEBMENTION)
    done = run("moderate", "approve", "4")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("4 pending ")
    assert done.out.endswith(
        "\n  waits: approved; it is shown once the link is seen\n  a running serve or worker looks for it\n"
    )
    [printed] = run("moderate", "approve", "4", "--json").printed
    assert (printed["id"], printed["status"], printed["verified"]) == (4, "pending", None)
    assert [mention.id for mention in store.mentions.list() if mention.wanted] == [4]


def test_a_trackback_may_be_shown_unverified_by_a_server_that_takes_them_so(run: Run, store: Store) -> None:
    unverified(store, Protocol.TRACKBACK)
    assert run("moderate", "approve", "4").out.endswith(
        "\n  a running serve or worker looks for it;"
        "\n  with --trackback unverified, it shows it at once, on the word of its sender\n"
    )


@pytest.mark.parametrize(("setting", "status"), [("verified", "pending"), ("unverified", "approved")])
def test_trackbacks_that_nobody_verifies(run: Run, store: Store, setting: str, status: str) -> None:
    unverified(store, Protocol.TRACKBACK)
    [printed] = run("moderate", "approve", "4", "--json", environ={"PINGBACK_TRACKBACK": setting}).printed
    assert printed["status"] == status


def test_an_unknown_id_is_a_no_and_the_others_are_decided(run: Run, store: Store) -> None:
    done = run("moderate", "spam", "9", "2", "8", "--json")
    assert (done.code, done.err) == (1, "pingback: there is no mention 8, 9\n")
    assert [mention["id"] for mention in done.printed] == [2]
    assert statuses(store) == ["pending", "spam", "pending"]


@pytest.mark.parametrize("pattern", ["my.example", "example", "https://MY.example/", "*.example"])
def test_no_command_blocks_the_site_that_it_knows(run: Run, monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    monkeypatch.setenv("PINGBACK_SITE", "https://my.example/blog/")
    done = run("moderate", "block", "spam.example", pattern)
    assert (done.code, done.out) == (1, "")
    assert done.err == f"pingback: nothing was blocked: your own site would be, by {pattern}\n"
    assert run("moderate", "blocks").out == ""
    assert run("moderate", "block", "my.example/guests", "my.example.org").code == 0


def test_blocks(run: Run) -> None:
    assert run("moderate", "block", "Spam.example", "https://host.example/~bad/").out == (
        "spam.example\nhost.example/~bad\n"
    )
    assert run("moderate", "blocks", "--json").printed == [{"block": "host.example/~bad"}, {"block": "spam.example"}]
    assert run("moderate", "unblock", "SPAM.example").code == 0
    done = run("moderate", "unblock", "spam.example", "host.example/~bad")
    assert (done.code, done.err) == (1, "pingback: not blocked: spam.example\n")
    assert (run("moderate", "blocks").code, run("moderate", "blocks").out) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param((), "Missing argument", id="nothing"),
        pytest.param(("praise", "1"), "'praise' is not one of", id="unknown-action"),
        pytest.param(("approve",), "approve takes at least one ID or HOST", id="no-id"),
        pytest.param(("approve", "one"), "an ID is a number", id="id-in-words"),
        pytest.param(("block", "/path"), "'/path' is not of the form HOST or HOST/PATH", id="no-host"),
        pytest.param(("unblock", "a b"), "'a b' is not of the form HOST or HOST/PATH", id="unblock-no-host"),
        pytest.param(("blocks", "a.example"), "blocks takes nothing more", id="blocks-of-a-host"),
    ],
)
def test_wrong_usage(run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = run("moderate", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_a_key_needs_a_site(run: Run, store: Store) -> None:
    done = run("moderate", "spam", "1", environ={"PINGBACK_AKISMET_KEY": "k3y"})
    assert (done.code, done.out) == (2, "")
    assert "akismet_key: for which site? set akismet_site" in done.err
    assert statuses(store) == ["pending", "pending", "pending"]
