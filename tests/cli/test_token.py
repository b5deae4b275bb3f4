"""`pingback token`: printed once, a new one in the place of the old, and none any more."""

import json
from pathlib import Path

import pytest

from pingback.store import Store
from tests.cli.conftest import Run


def is_token(token: str) -> bool:
    with Store() as store:
        kept = store.secrets.token()
    return kept is not None and kept.is_hash_of(token)


def test_printed_alone_and_replaced_by_the_next(run: Run) -> None:
    first = run("token")
    assert (first.code, first.err, first.out.count("\n")) == (0, "", 1)
    assert is_token(first.out.strip())
    second = run("token")
    assert (second.code, second.err) == (0, "pingback: the token before it is no longer valid\n")
    assert is_token(second.out.strip())
    assert not is_token(first.out.strip())


def test_as_json(run: Run) -> None:
    [first] = run("token", "--json").printed
    [second] = run("token", "--json").printed
    assert is_token(second.pop("token"))
    assert (first["replaced"], second) == (False, {"replaced": True})


def test_shown_is_whether_there_is_one(run: Run) -> None:
    token = run("token").out.strip()
    done = run("token", "--show")
    assert (done.code, token in done.out) == (0, False)
    assert done.out.startswith("A token was made on 20")
    [shown] = run("token", "--show", "--json").printed
    assert (shown["exists"], sorted(shown)) == (True, ["exists", "made"])
    assert is_token(token)


def test_revoked(run: Run) -> None:
    run("token")
    assert run("token", "--revoke").out == "The token is revoked.\n"
    again = run("token", "--revoke", "--json")
    assert (again.code, json.loads(again.out)) == (0, {"revoked": False})
    shown = run("token", "--show")
    assert (shown.code, shown.out) == (1, "There is no token.\n")


@pytest.mark.parametrize("option", ["--show", "--revoke"])
def test_none_makes_a_database_but_for_a_token(run: Run, tmp_path: Path, option: str) -> None:
    done = run("token", option)
    assert (done.code, done.out, "there is no database" in done.err) == (2, "", True)
    assert list(tmp_path.iterdir()) == []
    run("token")
    assert (tmp_path / "pingback.db").stat().st_mode & 0o777 == 0o600


def test_one_at_a_time(run: Run) -> None:
    assert run("token", "--show", "--revoke").code == 2
