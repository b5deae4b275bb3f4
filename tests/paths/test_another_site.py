"""A database whose server is begun for another site: what the first site had stays, and waits for it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pingback.model import Protocol
from tests.loopback import Page, Request, Site, page
from tests.paths.outside import do_what_is_due_in_a_minute, mentions, ping, shown_at
from tests.paths.programs import PATIENCE, Serving, wait_until

OLD, NEW = "https://old.example/", "https://new.example/"


def linking(site: str) -> bytes:
    return page(f'<title>Six</title><p>As said in <a href="{site}5">five</a>, it is so.'.encode())


class Slow:
    """A page that comes when `go_on` is set."""

    def __init__(self, answer: bytes) -> None:
        self.asked = 0
        self.go_on = threading.Event()
        self._answer = answer

    def __call__(self, request: Request) -> bytes:
        self.asked += 1
        self.go_on.wait(PATIENCE)
        return self._answer


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow(linking(OLD))
    yield slow
    slow.go_on.set()


@pytest.fixture
def web(slow: Slow) -> Iterator[Site]:
    pages: dict[str, Page] = {"/old": linking(OLD), "/new": linking(NEW), "/slow": slow, "/down": page(status=503)}
    with Site(pages) as web:
        yield web


TWO = {"old": OLD, "new": NEW}


def serving(folder: Path, site: str) -> Serving:
    return Serving(folder, site, "--no-check-targets")


def test_what_waits_is_finished_when_its_site_is_back(tmp_path: Path, web: Site, slow: Slow) -> None:
    shown, waiting, failed = (f"{web.url}/{name}" for name in ("old", "slow", "down"))
    with serving(tmp_path, OLD) as first:
        assert ping(first.root, Protocol.PINGBACK, shown, f"{OLD}5").taken
        for source in (failed, waiting):
            assert ping(first.root, Protocol.WEBMENTION, source, f"{OLD}5").status == 201
        wait_until(lambda: slow.asked == 1)
        wait_until(lambda: mentions(tmp_path)[failed]["status"] == "rejected")
        first.kill()
    before = mentions(tmp_path)
    assert {source: row["status"] for source, row in before.items()} == {
        shown: "approved",
        waiting: "pending",
        failed: "rejected",
    }
    slow.go_on.set()
    web.requests.clear()
    with serving(tmp_path, NEW) as second:
        assert ping(second.root, Protocol.WEBMENTION, f"{web.url}/new", f"{NEW}5").taken
        wait_until(lambda: shown_at(second.root, f"{NEW}5") == [f"{web.url}/new"])
        assert ping(second.root, Protocol.PINGBACK, shown, f"{OLD}5").fault == 33
        assert shown_at(second.root, f"{OLD}5") == [shown]
        now = mentions(tmp_path)
        assert {source: row for source, row in now.items() if source in before} == before
        assert second.stop() == 0
    assert "Traceback" not in second.log
    assert [request.path for request in web.requests] == ["/new"]
    web.pages["/down"] = linking(OLD)
    with serving(tmp_path, OLD) as third:
        wait_until(lambda: set(shown_at(third.root, f"{OLD}5")) >= {shown, waiting})
        assert third.stop() == 0
    assert "Traceback" not in third.log
    do_what_is_due_in_a_minute(tmp_path, OLD)
    assert {row["status"] for source, row in mentions(tmp_path).items() if source in before} == {"approved"}


def test_two_sites_over_one_file_do_not_disturb_one_another(tmp_path: Path, web: Site) -> None:
    web.pages |= {f"/{name}/{number}": linking(site) for name, site in TWO.items() for number in range(5)}
    with serving(tmp_path, OLD) as old, serving(tmp_path, NEW) as new:
        for number in range(5):
            for name, server in (("old", old), ("new", new)):
                source, target = f"{web.url}/{name}/{number}", f"{TWO[name]}5"
                assert ping(server.root, Protocol.WEBMENTION, source, target).status == 201
                assert ping(new.root if server is old else old.root, Protocol.WEBMENTION, source, target).status == 400
        for name, server in (("old", old), ("new", new)):
            expected = {f"{web.url}/{name}/{number}" for number in range(5)}
            wait_until(lambda s=server, n=name, e=expected: set(shown_at(s.root, f"{TWO[n]}5")) == e)  # type: ignore[misc]
        assert (old.stop(), new.stop()) == (0, 0)
    assert sorted(request.path for request in web.requests) == sorted(
        path for path in web.pages if path.count("/") == 2
    )
    assert "Traceback" not in old.log + new.log
