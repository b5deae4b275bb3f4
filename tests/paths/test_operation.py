"""`pingback serve` as an owner leaves it: watched, logged as JSON, and with news by a webhook."""

import json
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback import Site, page
from tests.paths.exchange import ask
from tests.paths.programs import Serving, wait_until


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        site.pages |= {
            "/5": page(b"<title>Five</title>"),
            "/6": page(f'<title>Six</title><a href="{site.url}/5">five</a>'.encode()),
            "/hook": page(),
        }
        yield site


def ping(serving: Serving, site: Site) -> None:
    with xmlrpc.client.ServerProxy(serving.endpoint) as server:
        server.pingback.ping(f"{site.url}/6", f"{site.url}/5")


def test_watched_from_outside(site: Site, tmp_path: Path) -> None:
    with Serving(tmp_path, site.url) as serving:
        assert [ask(f"{serving.root}/{name}").status for name in ("healthz", "readyz", "metrics")] == [200, 200, 200]
        ping(serving, site)
        body = ask(f"{serving.root}/metrics").body
        assert 'pingback_received_total{outcome="approved",protocol="pingback"} 1.0\n' in body
        assert 'pingback_verification_seconds_count{protocol="pingback"} 1.0\n' in body
        assert "process_resident_memory_bytes" in body
        assert site.url not in body


def test_not_counted(site: Site, tmp_path: Path) -> None:
    with Serving(tmp_path, site.url, "--no-metrics") as serving:
        assert ask(f"{serving.root}/metrics").status == 404


def test_a_log_of_json_alone(site: Site, tmp_path: Path) -> None:
    with Serving(tmp_path, site.url, environ={"PINGBACK_LOG_FORMAT": "json"}) as serving:
        ping(serving, site)
        assert serving.stop() == 0
    lines = [json.loads(line) for line in serving.log.splitlines()]
    [kept] = [line for line in lines if line.get("outcome") == "approved"]
    assert (kept["level"], kept["protocol"], kept["source"]) == ("info", "pingback", f"{site.url}/6")
    assert lines[-1]["message"] == "stopped"


def test_news_by_a_webhook(site: Site, tmp_path: Path) -> None:
    environ = {"PINGBACK_NOTIFY_SECRET": "key"}
    with Serving(tmp_path, site.url, "--notify-webhook", f"{site.url}/hook", environ=environ) as serving:
        ping(serving, site)
        wait_until(lambda: any(request.path == "/hook" for request in site.requests))
    [told] = [request for request in site.requests if request.path == "/hook"]
    assert json.loads(told.body)["source"] == f"{site.url}/6"
    assert told.headers["x-pingback-signature"].startswith("sha256=")
