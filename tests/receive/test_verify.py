"""`pingback.receive.verify` over real sockets, with the client as it is deployed: the guard, redirects, no oracle."""

from collections.abc import Iterator

import pytest

from pingback.errors import BadStatus, Blocked, Fault, FetchError, Unreachable
from pingback.net.client import Client, Limits
from pingback.receive.verify import fault_of, is_gone, verify
from pingback.store import Store
from tests.loopback import Page, Site, free_port, head, page, redirect
from tests.receive.lax import Receiver

TARGET = "https://my.example/part-5"
LINKING = b'<title>T</title><p>words <a href="https://my.example/part-5">link</a> words'


def resolver(host: str, port: int) -> list[str]:
    """Only the web of these tests: one site on loopback, which is allowed, and one inside somebody's network."""
    addresses = {"a.example": ["127.0.0.1"], "inside.example": ["10.0.0.1"]}
    if host not in addresses:
        raise OSError("no such name")
    return addresses[host]


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(allow=["127.0.0.1"], resolver=resolver, limits=Limits(timeout=60.0, max_bytes=64 * 1024)) as client:
        yield client


@pytest.fixture
def hasty() -> Iterator[Client]:
    """For what never comes."""
    with Client(allow=["127.0.0.1"], resolver=resolver, limits=Limits(timeout=0.15)) as client:
        yield client


def test_what_the_page_says_by_way_of_a_redirect(client: Client) -> None:
    with Site({"/old": redirect("/new"), "/new": page(LINKING)}) as site:
        source = f"http://a.example:{site.port}/old"
        verification = verify(source, TARGET, client=client, headers={"User-Agent": "client_ip"})
    assert (verification.linked, verification.source, verification.title) == (True, source, "T")
    assert [request.headers["user-agent"] for request in site.requests] == ["client_ip", "client_ip"]
    assert {request.headers["accept"] for request in site.requests} == {"text/html, application/xhtml+xml, */*;q=0.5"}


def test_a_relative_link_counts_from_where_the_page_is(client: Client) -> None:
    with Site() as site:
        site.pages |= {"/old/": redirect("/blog/new"), "/blog/new": page(b'<a href="part-5">link</a>')}
        root = f"http://a.example:{site.port}"
        assert verify(f"{root}/old/", f"{root}/blog/part-5", client=client).linked
        assert not verify(f"{root}/old/", f"{root}/old/part-5", client=client).linked


@pytest.mark.parametrize("status", [300, 304, 400, 404, 410, 429, 500, 503])
def test_other_than_success_is_a_bad_status_whatever_the_body(client: Client, status: int) -> None:
    with Site({"/": page(LINKING, status=status)}) as site, pytest.raises(BadStatus) as refused:
        verify(f"http://a.example:{site.port}/", TARGET, client=client)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("error", "code", "gone"),
    [
        pytest.param(Blocked("http://a.example/", "secret"), 16, False, id="blocked"),
        pytest.param(Unreachable("http://a.example/", "secret"), 16, False, id="unreachable"),
        pytest.param(BadStatus("http://a.example/", 404), 16, True, id="404"),
        pytest.param(BadStatus("http://a.example/", 410), 16, True, id="410"),
        pytest.param(BadStatus("http://a.example/", 403), 50, False, id="403"),
        pytest.param(BadStatus("http://a.example/", 500), 50, False, id="500"),
    ],
)
def test_faults(error: FetchError, code: int, gone: bool) -> None:
    fault = fault_of(error)
    assert (fault.code, is_gone(error), "secret" in fault.message) == (code, gone, False)


ROOT = "http://a.example:{port}"


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        pytest.param("http://no-such-name.example/", b"", id="no-such-name"),
        pytest.param("http://inside.example/", b"", id="private-address-by-name"),
        pytest.param("http://10.0.0.1/", b"", id="private-address"),
        pytest.param("http://169.254.169.254/latest/", b"", id="cloud-metadata"),
        pytest.param("http://[::1]/", b"", id="loopback-that-is-not-allowed"),
        pytest.param("http://a.example:{free}/", b"", id="refused"),
        pytest.param(f"{ROOT}/", b"", id="hangs-up"),
        pytest.param(f"{ROOT}/", b"SSH-2.0-OpenSSH_9.2\r\n", id="not-http"),
        pytest.param(
            f"{ROOT}/", head(200, {"Content-Length": "99", "Connection": "close"}) + LINKING[:20], id="breaks-off"
        ),
        pytest.param(f"{ROOT}/", page(LINKING, status=404), id="404"),
        pytest.param(f"{ROOT}/", page(LINKING, status=410), id="410"),
        pytest.param(f"{ROOT}/", redirect("/"), id="redirects-in-a-circle"),
        pytest.param(f"{ROOT}/", redirect("http://10.0.0.1/"), id="redirects-inside"),
        pytest.param(f"{ROOT}/", redirect("file:///etc/passwd"), id="redirects-to-a-file"),
        pytest.param(f"{ROOT}/", None, id="silent"),
        pytest.param("http://user:secret@a.example/", b"", id="credentials"),
        pytest.param("no url", b"", id="not-a-url"),
    ],
)
def test_no_oracle_over_the_network(client: Client, hasty: Client, source: str, answer: Page | None) -> None:
    with (
        Store("sqlite://") as store,
        Receiver(site="https://my.example/", store=store, client=hasty if answer is None else client) as receiver,
        Site() as site,
    ):
        site.pages["/"] = answer if answer is not None else lambda request: site.silence()
        with pytest.raises(Fault) as refused:
            receiver.ping(source.format(port=site.port, free=free_port()), TARGET)
    assert refused.value.code == 16
    assert refused.value.message == "the source does not exist, or cannot be reached from here"


def test_a_page_without_end_is_judged_by_its_beginning(client: Client) -> None:
    endless = [head(200, {"Content-Type": "text/html"}) + LINKING, *[b"x" * 16 * 1024] * 64]
    with Site({"/": endless}) as site:
        assert verify(f"http://a.example:{site.port}/", TARGET, client=client).linked
