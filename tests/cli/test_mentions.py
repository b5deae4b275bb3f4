"""`pingback mentions`: what was received, as text and as JSON; and what is said of a database that cannot be used."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pingback.model import Author, Mention, MentionStatus, Protocol
from pingback.store import Store
from tests.cli.conftest import Run
from tests.server.strangers import HOSTILE_REPLY, LIKE, REPLY, RSVP, SCRIPT

FIVE = "https://my.example/part-5"
RECEIVED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def kept(tmp_path: Path) -> None:
    """Three mentions in the database of the folder."""
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        store.mentions.keep(
            Mention(
                source="https://a.example/6?x=1&y=2",
                target=FIVE,
                protocol=Protocol.PINGBACK,
                status=MentionStatus.APPROVED,
                title="Zwölf Schläge, 十二",
                excerpt="words on part five",
                site_name="The Clock",
                author=Author(name="Ada", url="https://a.example/"),
                published=RECEIVED - timedelta(days=1),
                received=RECEIVED,
                verified=RECEIVED + timedelta(seconds=1),
            )
        )
        for number, target, status in ((7, FIVE, MentionStatus.PENDING), (8, f"{FIVE}0", MentionStatus.REJECTED)):
            store.mentions.keep(
                Mention(
                    source=f"https://a.example/{number}",
                    target=target,
                    protocol=Protocol.PINGBACK,
                    status=status,
                    received=RECEIVED + timedelta(minutes=number),
                    fault=17 if status is MentionStatus.REJECTED else None,
                )
            )


@pytest.mark.usefixtures("kept")
def test_json(run: Run) -> None:
    done = run("mentions", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.printed[0] == {
        "id": 1,
        "source": "https://a.example/6?x=1&y=2",
        "target": FIVE,
        "protocol": "pingback",
        "status": "approved",
        "kind": "mention-of",
        "rsvp": None,
        "url": "https://a.example/6?x=1&y=2",
        "title": "Zwölf Schläge, 十二",
        "excerpt": "words on part five",
        "content": None,
        "site_name": "The Clock",
        "author": {"name": "Ada", "url": "https://a.example/", "photo": None},
        "published": "2026-01-01T03:04:05+00:00",
        "received": "2026-01-02T03:04:05+00:00",
        "verified": "2026-01-02T03:04:06+00:00",
        "fault": None,
        "reason": None,
    }
    assert done.printed[2] == {
        "id": 3,
        "source": "https://a.example/8",
        "target": f"{FIVE}0",
        "protocol": "pingback",
        "status": "rejected",
        "kind": "mention-of",
        "rsvp": None,
        "url": "https://a.example/8",
        "title": None,
        "excerpt": None,
        "content": None,
        "site_name": None,
        "author": None,
        "published": None,
        "received": "2026-01-02T03:12:05+00:00",
        "verified": None,
        "fault": 17,
        "reason": None,
    }


@pytest.mark.usefixtures("kept")
def test_text(run: Run) -> None:
    done = run("mentions", FIVE)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "1 approved 2026-01-02 03:04 Pingback: Zwölf Schläge, 十二",
        f"  https://a.example/6?x=1&y=2 -> {FIVE}",
        "2 pending 2026-01-02 03:11 Pingback: https://a.example/7",
        f"  https://a.example/7 -> {FIVE}",
        "  waits: not verified yet",
    ]


def test_who_says_what_where_there_is_no_title(tmp_path: Path, run: Run) -> None:
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        for mention in (LIKE, REPLY, RSVP):
            store.mentions.keep(mention)
    assert run("mentions").out.splitlines()[::2] == [
        "1 approved 2026-01-02 13:00 Like: Bob",
        "2 approved 2026-01-03 05:00 Reply: Dee: I do not think so. See my post.",
        "3 approved 2026-01-03 06:00 RSVP maybe: Eve of the Moor",
    ]


def test_what_a_program_wrote_is_printed_for_any_page(tmp_path: Path, run: Run) -> None:
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        store.mentions.keep(HOSTILE_REPLY)
        store.mentions.keep(replace(HOSTILE_REPLY, source="https://c.example/3", permalink=SCRIPT))
    first, second = run("mentions", "--json").printed
    assert "<img" not in first["content"]["html"]
    assert "javascript:" not in str(second["url"])


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        pytest.param((), [1, 2, 3], id="all-in-order-of-arrival"),
        pytest.param((FIVE,), [1, 2], id="of-a-target"),
        pytest.param(("HTTP://MY.example:80/part-5#x",), [1, 2], id="of-an-equal-target"),
        pytest.param(("https://my.example/",), [], id="of-another-target"),
        pytest.param(("--status", "approved"), [1], id="approved"),
        pytest.param(("--status", "pending"), [2], id="pending"),
        pytest.param(("--status", "rejected"), [3], id="rejected"),
        pytest.param(("--status", "spam"), [], id="spam"),
        pytest.param(("--status", "deleted"), [], id="deleted"),
        pytest.param((FIVE, "--status", "rejected"), [], id="of-a-target-and-rejected"),
    ],
)
def test_which(run: Run, arguments: tuple[str, ...], ids: list[int]) -> None:
    done = run("mentions", *arguments, "--json")
    assert (done.code, [mention["id"] for mention in done.printed]) == (0, ids)


def test_none_yet(run: Run, tmp_path: Path) -> None:
    Store(f"sqlite:///{tmp_path}/pingback.db").close()
    assert (run("mentions").code, run("mentions", "--json").out) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(("five",), "'five' is not an absolute HTTP URL", id="relative-target"),
        pytest.param((FIVE, FIVE), "unexpected extra argument", id="two-targets"),
        pytest.param(("--status", "new"), "'new' is not one of", id="unknown-status"),
        pytest.param(("--db", "pingback.db"), "not of the form sqlite:///FILE", id="db-is-a-path"),
        pytest.param(("--db", ""), "--db: what stands there is not a text", id="db-is-empty"),
        pytest.param(("--db", "mysql://ada:secret@db.example/x"), "must be of the form", id="another-database"),
        pytest.param(("--db", "sqlite:///no/such/x.db"), "there is no database /", id="no-such-folder"),
    ],
)
def test_wrong_usage(run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = run("mentions", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert "secret" not in done.err


# A database that cannot be used


def _text(path: Path) -> None:
    path.write_text("this is a text, not a database\n" * 100)


def _truncated(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    path.write_bytes(path.read_bytes()[:5000])


def _another_programs(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE pingback_mentions (id INTEGER)")


def _of_a_later_version(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE pingback_mentions SET status = 'unheard-of' WHERE id = 2")


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        pytest.param(_text, "is not an SQLite database", id="not-a-database"),
        pytest.param(_truncated, "is damaged", id="truncated"),
        pytest.param(_another_programs, "cannot be used: table pingback_mentions already", id="another-programs"),
    ],
)
def test_a_database_that_cannot_be_read(run: Run, tmp_path: Path, spoil: Callable[[Path], None], sentence: str) -> None:
    spoil(tmp_path / "pingback.db")
    done = run("mentions", "--json")
    assert done.code == 2
    assert done.err.startswith(f"pingback: the database pingback.db {sentence}")
    assert done.err.count("\n") == 1
    assert len(done.printed) < 2


@pytest.mark.usefixtures("kept")
def test_a_mention_of_a_later_version_is_passed_over(run: Run, tmp_path: Path) -> None:
    everything = run("mentions", "--json").printed
    _of_a_later_version(tmp_path / "pingback.db")
    done = run("mentions", "--json")
    assert (done.code, done.printed) == (0, [each for each in everything if each["id"] != 2])


def test_a_locked_database(run: Run, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "pingback.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        done = run("mentions", "--db", "sqlite:///pingback.db?timeout=0.01")
    assert (done.code, done.out) == (2, "")
    assert done.err == "pingback: the database pingback.db is locked by another program\n"
