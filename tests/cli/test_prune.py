"""`pingback prune`: forgets what is old and out of sight, and says how much."""

from datetime import timedelta
from pathlib import Path

import pytest

from pingback.clock import now
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from tests.cli.conftest import Run

NOTHING = {"pings": 0, "attempts": 0, "discoveries": 0, "pauses": 0}


@pytest.fixture(autouse=True)
def mentions(tmp_path: Path) -> None:
    """Spam of 100 days ago, and approved since."""
    long_ago = now() - timedelta(days=100)
    with Store(f"sqlite:///{tmp_path}/pingback.db", clock=lambda: long_ago) as store:
        for status in (MentionStatus.SPAM, MentionStatus.APPROVED):
            store.mentions.keep(
                Mention(
                    source=f"https://a.example/{status}",
                    target="https://my.example/5",
                    protocol=Protocol.PINGBACK,
                    status=status,
                    received=long_ago,
                )
            )


def left(run: Run) -> list[str]:
    return [mention["status"] for mention in run("mentions", "--json").printed]


def test_what_is_old(run: Run) -> None:
    done = run("prune", "--vacuum")
    assert (done.code, done.err) == (0, "")
    assert done.out == "forgot: 1 mentions, 0 pings, 0 attempts, 0 discoveries, 0 pauses\n"
    assert left(run) == ["approved"]


def test_what_is_not_old_enough(run: Run) -> None:
    [printed] = run("prune", "--older-than", "101", "--json").printed
    assert printed.pop("before").endswith("+00:00")
    assert printed == {"dry_run": False, "mentions": 0, **NOTHING}
    assert left(run) == ["spam", "approved"]


def test_a_dry_run_forgets_nothing(run: Run) -> None:
    [printed] = run("prune", "--dry-run", "--json").printed
    assert (printed["dry_run"], printed["mentions"]) == (True, 1)
    assert run("prune", "--dry-run").out.startswith("would forget: 1 mentions, ")
    assert left(run) == ["spam", "approved"]


@pytest.mark.parametrize("days", ["-1", "3651", "soon", "nan"])
def test_wrong_usage(run: Run, days: str) -> None:
    done = run("prune", "--older-than", days)
    assert (done.code, done.out) == (2, "")
