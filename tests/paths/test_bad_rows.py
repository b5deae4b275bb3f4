"""Rows that no version of ours wrote, or a later one: each is set aside and said, once, and all else goes on."""

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import pytest
import requests

import pingback
from pingback.clock import now
from pingback.model import OutcomeStatus, Protocol
from tests.loopback import Site, page
from tests.paths.exchange import ask
from tests.paths.outside import Row, listed, mentions, outbox, shown_at
from tests.paths.programs import ALLOW, PATIENCE, Serving, wait_until
from tests.paths.programs import pingback as command
from tests.receive.pages import Clock
from tests.sending.far_sides import FarSide, post

MINE = "https://my.example/"
TARGET = f"{MINE}5"
PASSWORD = "correct horse battery"
LINKING = page(f'<title>Six</title><p>As said in <a href="{TARGET}">five</a>, it is so.'.encode())
USUAL = ("--port", "0", "--approve", "all", "--no-check-targets", "--source-rate", "off", "--rate", "off")

WORKERS = (*ALLOW, "--approve", "all", "--no-check-targets", "--source-rate", "off")

MANY = 70  # mentions; more than there are columns to be spoiled, twice
PINGS = 60
WAITING = 30
GOOD = 5  # the last ones of each kind, whose rows stay as they are
# By these a row is found, and which one it is.
KEPT = {"id", "pair", "source", "target", "source_key", "target_key", "page_key", "target_host", "host", "subject"}
BAD = {"TEXT": ("of-a-later-version", "with a \0 in it"), "NUMBER": ("noon", "with a \0 in it")}


class File:
    """A database with mentions that are shown, mentions that wait, and pings that are due; and the web around it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._path = folder / "pingback.db"
        paths = [f"/{number}" for number in range(MANY)]
        late = [f"/late/{number}" for number in range(WAITING)]
        self.far_side = stack.enter_context(FarSide(*(f"/{number}" for number in range(PINGS)), host="127.0.0.1"))
        targets = [f"{self.far_side.url}/{number}" for number in range(PINGS)]
        failing = page(status=503)
        self.web = stack.enter_context(Site(dict.fromkeys(paths, LINKING) | dict.fromkeys(late, failing)))
        self.web.pages["/post"] = post(*targets)
        self.far_side.answer = page(status=500)
        self._fill(paths, late)
        self.far_side.answer = page(status=202)
        self.web.pages |= dict.fromkeys(late, LINKING)
        self.shown = {self.web.url + path for path in paths[-GOOD:]}
        self.late = {self.web.url + path for path in late[-GOOD:]}
        self.told = set(targets[-GOOD:])

    def _fill(self, paths: list[str], late: list[str]) -> None:
        store, clock = f"sqlite:///{self._path}", Clock(now() - timedelta(hours=1))
        options = {"check_targets": False, "approve": "all", "source_rate": "off", "answer_within": PATIENCE}
        with pingback.Site(MINE, store=store, clock=clock, allow_networks=["127.0.0.0/8"], **options) as site:  # type: ignore[arg-type]
            site.set_password(PASSWORD)
            for path in paths:
                site.receive(self.web.url + path, TARGET)
            for path in late:
                site.receive(self.web.url + path, TARGET, protocol=Protocol.WEBMENTION)
            wait_until(lambda: {f"{self.web.url}{path}" for path in late} <= {*self._looked_at(site)})
            outcomes = site.publish(f"{self.web.url}/post")
            assert {outcome.status for outcome in outcomes} <= {OutcomeStatus.FAILED, OutcomeStatus.WAITING}

    def _looked_at(self, site: pingback.Site) -> list[str]:
        rows: list[Row] = listed(self._path.parent, "mentions")
        return [row["source"] for row in rows if row["status"] == "rejected"]

    def copy_to(self, folder: Path) -> Path:
        path = folder / "pingback.db"
        shutil.copy(self._path, path)
        self.far_side.heard.clear()
        return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[File]:
    with ExitStack() as stack:
        yield File(tmp_path_factory.mktemp("made"), stack)


def columns_of(connection: sqlite3.Connection, table: str) -> list[tuple[str, str]]:
    """The names of its columns, and which kind of bad values there is for each."""
    found = connection.execute(f"PRAGMA table_info({table})").fetchall()
    texts = ("TEXT", "VARCHAR", "BLOB")
    return [(name, "TEXT" if kind.startswith(texts) else "NUMBER") for _, name, kind, *_ in found if name not in KEPT]


def spoil(path: Path, table: str, where: str = "1") -> None:
    """Another column of each of its rows, each twice, with values that are none; but not of the last rows."""
    with closing(sqlite3.connect(path)) as connection, connection:
        ids = [number for (number,) in connection.execute(f"SELECT id FROM {table} WHERE {where} ORDER BY id")]
        spoilt = [(name, bad) for name, kind in columns_of(connection, table) for bad in BAD[kind]]
        assert spoilt
        assert len(spoilt) <= len(ids) - GOOD
        for number, (name, bad) in zip(ids, spoilt, strict=False):
            connection.execute(f"UPDATE {table} SET {name} = ? WHERE id = ?", (bad, number))


def set_column(path: Path, table: str, column: str, value: object, where: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value,)).rowcount > 0


def spoil_what_is_kept(path: Path) -> None:
    spoil(path, "pingback_mentions", "status = 'approved'")
    spoil(path, "pingback_outbox")


def spoil_what_waits(path: Path) -> None:
    spoil(path, "pingback_jobs", "kind = 'deliver'")
    spoil(path, "pingback_jobs", "kind = 'verify'")


@pytest.fixture(params=[spoil_what_is_kept, spoil_what_waits], ids=["mentions-and-outbox", "jobs"])
def spoilt(request: pytest.FixtureRequest, made: File, tmp_path: Path) -> File:
    request.param(made.copy_to(tmp_path))
    return made


def test_serve_shows_and_sends_and_verifies_all_else(tmp_path: Path, spoilt: File) -> None:
    with Serving(tmp_path, MINE, usual=USUAL) as serving:
        assert spoilt.shown <= set(shown_at(serving.root, TARGET))
        wait_until(lambda: spoilt.told <= {target for _, target in spoilt.far_side.heard})
        wait_until(lambda: spoilt.late <= set(shown_at(serving.root, TARGET)))
        assert ask(f"{serving.root}/mentions?target={TARGET}").status == 200
        assert ask(f"{serving.root}/readyz").status == 200
        owner = requests.Session()
        login = {"password": PASSWORD}
        owner.post(f"{serving.root}/inbox/login", login, headers={"Origin": serving.root}, timeout=PATIENCE)
        for path in ("/inbox", "/inbox?status=approved", "/inbox?status=rejected", "/inbox/outbox", "/metrics"):
            got = owner.get(serving.root + path, timeout=PATIENCE)
            assert (got.status_code, 'name="password"' in got.text) == (200, False), path
        assert serving.stop() == 0
    assert "Traceback" not in serving.log
    assert "locked" not in serving.log


def test_the_commands_go_on(tmp_path: Path, spoilt: File) -> None:
    assert spoilt.shown | spoilt.late <= mentions(tmp_path).keys()
    assert spoilt.told <= outbox(tmp_path).keys()
    done = command(tmp_path, "retry")
    assert done.code == 0, done.err
    assert spoilt.told <= {target for _, target in spoilt.far_side.heard}
    assert spoilt.told <= {row["target"] for row in listed(tmp_path, "outbox", "--status", "accepted")}
    ids = [str(mentions(tmp_path)[source]["id"]) for source in sorted(spoilt.shown)]
    assert {row["status"] for row in listed(tmp_path, "moderate", "spam", *ids)} == {"spam"}


def test_the_worker_goes_on(tmp_path: Path, spoilt: File) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-m", "pingback", "worker", "--site", MINE, *WORKERS],
        cwd=tmp_path,
        env={"PATH": ""},
        stderr=subprocess.PIPE,
        text=True,
    )
    with worker:
        try:
            wait_until(lambda: spoilt.told <= {target for _, target in spoilt.far_side.heard})
            wait_until(lambda: {mentions(tmp_path)[source]["status"] for source in spoilt.late} == {"approved"})
            worker.send_signal(signal.SIGTERM)
            _, err = worker.communicate(timeout=PATIENCE)
        finally:
            worker.kill()
    assert worker.returncode == 0
    assert "Traceback" not in err
    assert "locked" not in err


def is_sent_or_put_off(path: Path) -> bool:
    soon = (now() + timedelta(hours=1)).timestamp() * 1e6
    waiting = "SELECT count(*) FROM pingback_jobs WHERE kind = 'deliver' AND (due < ? OR leased_by IS NOT NULL)"
    with closing(sqlite3.connect(path)) as connection:
        return bool(connection.execute(waiting, (soon,)).fetchone() == (0,))


def test_each_row_is_said_once(tmp_path: Path, made: File) -> None:
    path = made.copy_to(tmp_path)
    set_column(path, "pingback_mentions", "kind", "listened-to", "id = 3")
    set_column(path, "pingback_mentions", "received", "noon", "id = 4")
    set_column(path, "pingback_outbox", "status", "teleported", "id = 5")
    set_column(path, "pingback_outbox", "attempts", "many", "id = 6")
    with Serving(tmp_path, MINE, usual=USUAL) as serving:
        for _ in range(3):
            assert made.shown <= set(shown_at(serving.root, TARGET))
            assert ask(f"{serving.root}/mentions?target={TARGET}").status == 200
        wait_until(lambda: is_sent_or_put_off(path))
        assert serving.stop() == 0
    warnings = [line for line in serving.log.splitlines() if " WARNING " in line or " ERROR " in line]
    named = {number for line in warnings for number in re.findall(r"\b[3-6]\b", line.partition(":")[2])}
    assert (len(warnings), named) == (4, {"3", "4", "5", "6"}), warnings


def test_a_job_of_a_later_version_waits_for_it(tmp_path: Path, made: File) -> None:
    """Whoever knows this kind may come back: it is neither done nor dropped."""
    path = made.copy_to(tmp_path)
    set_column(path, "pingback_jobs", "kind", "translate", "kind = 'deliver' AND subject = 3")
    assert command(tmp_path, "retry").code == 0
    with closing(sqlite3.connect(path)) as connection:
        kept = connection.execute("SELECT subject FROM pingback_jobs WHERE kind = 'translate'").fetchall()
    assert kept == [(3,)]


@pytest.mark.parametrize(
    ("column", "key"),
    [
        pytest.param("source_key", "of-a-later-version", id="source-of-none"),
        pytest.param("source_key", "with a \0 in it", id="source-no-text"),
        pytest.param("source_key", "OTHER", id="source-of-another-post"),
        pytest.param("target_key", "of-a-later-version", id="target-of-none"),
    ],
)
def test_a_row_under_a_wrong_key_stops_no_post(tmp_path: Path, made: File, column: str, key: str) -> None:
    path = made.copy_to(tmp_path)
    changed, other = f"{made.web.url}/post", f"{made.web.url}/other"
    targets = [f"{made.far_side.url}/{number}" for number in range(PINGS)]
    made.web.pages["/other"] = post(targets[0])
    assert command(tmp_path, "publish", changed, other).code == 0
    assert Counter(made.far_side.heard) == Counter([*((changed, target) for target in targets), (other, targets[0])])
    made.far_side.heard.clear()

    if key == "OTHER":
        with closing(sqlite3.connect(path)) as connection:
            [[key]] = connection.execute("SELECT source_key FROM pingback_outbox WHERE source = ?", (other,))
    set_column(path, "pingback_outbox", column, key, f"target = '{targets[7]}'")
    made.web.pages["/other"] = post(targets[0], words="As others say")
    made.web.pages["/post"] = post(*targets[1:], words="As we said")
    runs = [command(tmp_path, "publish", other, changed) for _ in range(2)]
    made.web.pages["/post"] = post(*targets)
    assert [done.code for done in runs] == [0, 0], runs
    assert Counter(made.far_side.heard) == Counter([*((changed, target) for target in targets), (other, targets[0])])
    assert len(listed(tmp_path, "outbox")) == PINGS + 1
    said = [line for done in runs for line in done.err.splitlines() if "put back" in line]
    assert len(said) == (column == "source_key"), said
