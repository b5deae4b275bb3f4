"""`pingback passwd`: from standard input here; how a terminal is asked is click's."""

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from pingback.cli.group import main
from pingback.server.inbox.passwords import is_right
from pingback.store import Store
from tests.cli.conftest import Run

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def passwd(typed: str, *arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["passwd", *arguments], input=typed)
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.usefixtures("run")
def test_set_and_changed() -> None:
    assert passwd("correct horse\n") == (0, "The password is set.\n", "")
    with Store() as store:
        login = store.secrets.login()
        for _ in range(5):
            store.logins.attempt("192.0.2.1", now=NOON)
    assert login is not None
    assert is_right("correct horse", login.password_hash)
    assert passwd("battery staple\r\nand more\n", "--json") == (0, '{"set": true}\n', "")
    with Store() as store:
        changed = store.secrets.login()
        assert store.logins.attempt("192.0.2.1", now=NOON) is None
    assert changed is not None
    assert is_right("battery staple", changed.password_hash)
    assert changed.key != login.key


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("typed", ["", "\n", "seven77\n", "x" * 2000])
def test_no_password(typed: str) -> None:
    code, out, err = passwd(typed)
    assert (code, out, err) == (2, "", "pingback: a password has 8 to 1024 characters\n")
    with Store() as store:
        assert store.secrets.login() is None


def test_a_database_that_cannot_be_opened(run: Run) -> None:
    done = run("passwd", "--db", "sqlite:///no/such/x.db")
    assert (done.code, "there is no folder no/such" in done.err) == (2, True)
