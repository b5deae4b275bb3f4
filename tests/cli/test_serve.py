"""`pingback serve`: what it refuses to start with. What it does once it runs is told in tests/paths/."""

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run

SITE = ("--site", "https://my.example/")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param((), "which site? give --site", id="no-site"),
        pytest.param(("--site", "my.example"), "'my.example' is not an absolute HTTP URL", id="relative-site"),
        pytest.param((*SITE, "--site", "ftp://b.example"), "'ftp://b.example' is not an absolute", id="second-site"),
        pytest.param((*SITE, "--port", "70000"), "port: '70000' is not a port", id="port-too-high"),
        pytest.param((*SITE, "--port", "http"), "port: 'http' is not a number", id="port-by-name"),
        pytest.param((*SITE, "--answer-within", "-1"), "answer-within: -1 seconds", id="answer-before-the-question"),
        pytest.param((*SITE, "--verify", "never"), "'never' is not one of 'inline', 'queued'", id="verify"),
        pytest.param((*SITE, "--trackback", "no"), "'no' is not one of 'verified', 'unverified'", id="trackback"),
        pytest.param((*SITE, "--host", "192.0.2.1"), "cannot listen at host 192.0.2.1", id="not-our-address"),
        pytest.param((*SITE, "--host", "::zz"), "cannot listen at host ::zz", id="not-an-address"),
        pytest.param((*SITE, "--approve", "some"), "'some' is not one of 'known', 'all'", id="approve"),
        pytest.param((*SITE, "--block", "/"), "'/' is not of the form HOST or HOST/PATH", id="block"),
        pytest.param(
            (*SITE, "--close-after", "9", "--no-check-targets"), "it cannot be without check_targets", id="close-after"
        ),
        pytest.param((*SITE, "--log-format", "xml"), "'xml' is not one of 'plain', 'json'", id="log-format"),
        pytest.param((*SITE, "--notify-mail", "me"), "'me' is not the address of a mailbox", id="mail"),
        pytest.param((*SITE, "--notify-webhook", "/hook"), "'/hook' is not an absolute HTTP URL", id="webhook"),
        pytest.param((*SITE, "--reverify-after-days", "-1"), "-1 days are not between", id="days-before-now"),
        pytest.param((*SITE, "here"), "unexpected extra argument", id="an-argument"),
        pytest.param((*SITE, "--db", "pingback.db"), "not of the form sqlite:///FILE", id="db-is-a-path"),
        pytest.param(
            (*SITE, "--db", "sqlite:///no/such/x.db"),
            "the database no/such/x.db cannot be opened: there is no folder no/such\n",
            id="db-in-no-folder",
        ),
    ],
)
def test_wrong_usage(run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = run("serve", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        pytest.param("SITE", "https://a.example/,b", "PINGBACK_SITE: 'b' is not an absolute HTTP URL", id="site"),
        pytest.param("PORT", "-1", "PINGBACK_PORT: '-1' is not a port", id="port"),
        pytest.param("VERIFY", "later", "PINGBACK_VERIFY: 'later' is not one of 'inline', 'queued'", id="verify"),
        pytest.param("TRACKBACK", "no", "PINGBACK_TRACKBACK: 'no' is not one of 'verified'", id="trackback"),
        pytest.param("CHECK_TARGETS", "ja", "PINGBACK_CHECK_TARGETS: 'ja' is neither", id="check-targets"),
        pytest.param("SELF_PINGS", "ja", "PINGBACK_SELF_PINGS: 'ja' is neither", id="self-pings"),
        pytest.param("ANSWER_WITHIN", "x", "PINGBACK_ANSWER_WITHIN: 'x' is not a number", id="answer-within"),
    ],
)
def test_wrong_environment(run: Run, name: str, value: str, words: str) -> None:
    done = run("serve", environ={f"PINGBACK_{name}": value})
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_a_port_that_is_taken(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", *SITE, "--port", str(port))
    assert (done.code, done.out) == (2, "")
    assert f"cannot listen at host 127.0.0.1 port {port}: Address already in use" in done.err


def test_a_database_that_is_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pingback.db").write_text("this is a text, not a database\n" * 100)
    done = run("serve", *SITE)
    assert (done.code, done.out) == (2, "")
    assert done.err == "pingback: the database pingback.db is not an SQLite database\n"


def test_a_locked_database(run: Run, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "pingback.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        done = run("serve", *SITE, "--db", "sqlite:///pingback.db?timeout=0.01")
    assert (done.code, done.out) == (2, "")
    assert done.err == "pingback: the database pingback.db is locked by another program\n"


def test_a_place_to_count_limits_that_is_none(run: Run) -> None:
    done = run("serve", *SITE, environ={"PINGBACK_LIMITS": "amqp://:s3cret@host"})
    assert (done.code, done.out) == (2, "")
    assert "limits: give memory, database, or one like redis://:PASSWORD@HOST/0\n" in done.err
    assert "s3cret" not in done.err


@pytest.mark.parametrize("url", ["localhost", "http://localhost", "smtp://host:port"])
def test_a_mail_server_that_is_none(run: Run, url: str) -> None:
    done = run("serve", *SITE, "--notify-mail", "me@my.example", environ={"PINGBACK_SMTP_URL": url})
    assert (done.code, done.out) == (2, "")
    assert "smtp_url: " in done.err
