"""`pingback doctor`: a site that is well, one that is not, and one that is not there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pingback.model import Protocol
from pingback.net.client import Client
from pingback.server.advertising import advertise
from pingback.server.run import Server
from pingback.store import Store
from tests.cli.conftest import ALLOW, Run
from tests.loopback import Request, Site, head, page, redirect
from tests.receive.lax import Receiver
from tests.server.shells import wsgi_of

ALL = [
    "reachable",
    "advertised",
    "pingback-header",
    "pingback-head",
    "pingback-link",
    "pingback-address",
    "trackback-block",
    "webmention-empty",
    "pingback-get",
    "pingback-answer",
    "pingback-time",
    "pingback-source",
    "pingback-target",
    "trackback-empty",
]


@pytest.fixture
def endpoints(site: Site) -> Iterator[str]:
    """Where our own server takes pings for the site."""
    with (
        Store("sqlite://") as store,
        Client(allow=["127.0.0.1"]) as client,
        Receiver(site=site.url, store=store, client=client, queued=(Protocol.WEBMENTION,)) as receiver,
        Server(wsgi_of(receiver)) as server,
    ):
        yield server.url
        assert list(store.mentions.list()) == []


def test_a_site_that_carries_what_advertise_prints(site: Site, endpoints: str, run: Run) -> None:
    target = f"{site.url}/five"
    carried = advertise(target, at=endpoints)
    headers = {"Content-Type": "text/html", **carried.headers}
    body = f"<title>Five</title>{carried.html}{carried.rdf}".encode()

    def answer(request: Request) -> bytes:
        return head(200, headers | {"Content-Length": str(len(body))}) + (body if request.method == "GET" else b"")

    site.pages["/five"] = answer
    done = run("doctor", target, "--json", *ALLOW)
    assert (done.code, done.err) == (0, "")
    [printed] = done.printed
    assert printed["url"] == target
    assert [check for check in printed["checks"] if not check["ok"]] == []
    assert [check["name"] for check in printed["checks"]] == ALL


def test_a_site_that_is_not_well(site: Site, run: Run) -> None:
    site.pages["/five"] = page(b"<p>hello")
    done = run("doctor", f"{site.url}/five", *ALLOW)
    assert (done.code, done.err) == (1, "")
    assert done.out == (
        "ok    reachable: the page can be reached\n"
        "WRONG advertised: the page advertises no endpoint; `pingback advertise` prints what it must carry\n"
    )


def test_json_has_the_contract_s_shape(site: Site, run: Run) -> None:
    site.pages["/five"] = page(b"<p>hello")
    done = run("doctor", f"{site.url}/five", "--json", *ALLOW)
    assert done.code == 1
    assert done.printed == [
        {
            "url": f"{site.url}/five",
            "checks": [
                {"name": "reachable", "ok": True, "message": "the page can be reached"},
                {
                    "name": "advertised",
                    "ok": False,
                    "message": "the page advertises no endpoint; `pingback advertise` prints what it must carry",
                },
            ],
        }
    ]


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        pytest.param(page(status=404), 1, "answered with HTTP status 404", id="no-such-page"),
        pytest.param(b"", 3, "could not be reached", id="hangs-up"),
        pytest.param(redirect("http://10.0.0.1/"), 3, "10.0.0.1 is not a public address", id="redirect-inside"),
    ],
)
def test_a_page_that_is_not_there(site: Site, run: Run, answer: bytes, code: int, words: str) -> None:
    site.pages["/five"] = answer
    done = run("doctor", f"{site.url}/five", "--json", *ALLOW)
    assert done.code == code
    [printed] = done.printed
    [check] = printed["checks"]
    assert (check["name"], check["ok"]) == ("reachable", False)
    assert words in check["message"]
    assert words in run("doctor", f"{site.url}/five", *ALLOW).out + done.err


def test_a_relative_url(run: Run, tmp_path: Path) -> None:
    done = run("doctor", "part-five")
    assert (done.code, done.out) == (2, "")
    assert "'part-five' is not an absolute HTTP URL" in done.err
    assert list(tmp_path.iterdir()) == []
