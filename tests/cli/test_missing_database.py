"""What lists, decides or sends again makes no database: one that is missing is exit code 2, with its path."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("mentions",), id="mentions"),
        pytest.param(("outbox",), id="outbox"),
        pytest.param(("retry",), id="retry"),
        pytest.param(("reread",), id="reread"),
        pytest.param(("reread", "--all", "--site", "https://my.example/"), id="reread-all"),
        pytest.param(("moderate", "approve", "1"), id="moderate-approve"),
        pytest.param(("moderate", "block", "spam.example"), id="moderate-block"),
        pytest.param(("moderate", "blocks"), id="moderate-blocks"),
        pytest.param(("prune",), id="prune"),
        pytest.param(("prune", "--dry-run"), id="prune-dry-run"),
        pytest.param(("db", "current"), id="db-current"),
    ],
)
@pytest.mark.parametrize("path", ["missing.db", "no/such/folder/missing.db"])
def test_a_missing_database(
    run: Run, tmp_path: Path, command: tuple[str, ...], form: tuple[str, ...], path: str
) -> None:
    done = run(*command, *form, "--db", f"sqlite:///{path}")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"pingback: there is no database {tmp_path}/{path}\n"
    assert list(tmp_path.iterdir()) == []
