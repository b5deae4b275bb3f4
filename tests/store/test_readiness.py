"""`pingback.store.readiness`: who asks waits for nobody else who asks."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from pingback.errors import StoreError
from pingback.store import Store
from tests.receive.pages import PATIENCE, Clock


def test_while_one_tries_the_others_hear_what_the_last_one_found(tmp_path: Path) -> None:
    path, clock, found = tmp_path / "x.db", Clock(), []
    with Store(f"sqlite:///{path}?timeout={PATIENCE}", clock=clock) as store:
        store.readiness.check()
        clock.pass_by(minutes=1)

        def try_it() -> None:
            store.readiness.check()
            found.append("ready")

        thread = threading.Thread(target=try_it)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            thread.start()
            while not store.readiness._trying.locked():
                threading.Event().wait(0.01)
            store.readiness.check()
            assert found == []
            other.execute("ROLLBACK")
        thread.join(PATIENCE)
    assert found == ["ready"]


def test_a_lock_is_said_and_after_it_all_is_well(tmp_path: Path) -> None:
    path, clock = tmp_path / "x.db", Clock()
    with Store(f"sqlite:///{path}?timeout=0", clock=clock) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for _ in range(2):
                with pytest.raises(StoreError, match="is locked by another program"):
                    store.readiness.check()
            other.execute("ROLLBACK")
        clock.pass_by(seconds=2)
        store.readiness.check()
