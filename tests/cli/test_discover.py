"""`pingback discover`: the endpoints of a page, as text and as JSON, and the exit codes."""

import pytest

from tests.cli.conftest import ALLOW, Run
from tests.loopback import Page, Site, page, redirect

LINK = b'<link rel="pingback" href="/rpc?a=1&amp;b=2">'


@pytest.fixture(autouse=True)
def pages(site: Site) -> None:
    site.pages |= {
        "/five": page(LINK),
        "/header": page(LINK, headers={"X-Pingback": f"{site.url}/other"}),
        "/old": redirect("/five"),
        "/none": page(b"<p>hello"),
    }


def test_text(site: Site, run: Run) -> None:
    done = run("discover", f"{site.url}/five", *ALLOW)
    assert (done.code, done.out, done.err) == (0, f"pingback: {site.url}/rpc?a=1&b=2 (link)\n", "")


@pytest.mark.parametrize(
    ("path", "url", "endpoint", "via"),
    [
        pytest.param("/five", "/five", "/rpc?a=1&b=2", "link", id="link"),
        pytest.param("/old#part", "/five", "/rpc?a=1&b=2", "link", id="url-after-redirects"),
        pytest.param("/header", "/header", "/other", "header", id="header-before-link"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--protocol", "pingback")], ids=["any-protocol", "this-protocol"])
def test_json(site: Site, run: Run, more: tuple[str, ...], path: str, url: str, endpoint: str, via: str) -> None:
    done = run("discover", site.url + path, "--json", *more, *ALLOW)
    assert (done.code, done.err) == (0, "")
    assert done.printed == [
        {
            "target": site.url + path,
            "url": site.url + url,
            "endpoints": [{"protocol": "pingback", "endpoint": site.url + endpoint, "via": via}],
        }
    ]


def test_the_answer_is_no(site: Site, run: Run) -> None:
    url = f"{site.url}/none"
    done = run("discover", url, *ALLOW)
    assert (done.code, done.out, done.err) == (1, "", f"pingback: {url} advertises no endpoint\n")
    done = run("discover", url, "--json", *ALLOW)
    assert (done.code, done.printed) == (1, [{"target": url, "url": url, "endpoints": []}])


@pytest.mark.parametrize(
    ("target", "answer", "words"),
    [
        pytest.param("{site}/", redirect("/"), "more than 5 redirects", id="circle"),
        pytest.param("{site}/", redirect("http://10.0.0.1/"), "10.0.0.1 is not a public address", id="redirect-inside"),
        pytest.param("{site}/", b"", "could not be reached", id="hangs-up"),
        pytest.param("http://10.0.0.1/", b"", "is blocked: 10.0.0.1 is not a public address", id="guard"),
        pytest.param("http://user:secret@127.0.0.1/", b"", "is blocked: it holds credentials", id="credentials"),
    ],
)
def test_not_reached(site: Site, run: Run, target: str, answer: Page, words: str) -> None:
    site.pages["/"] = answer
    url = target.format(site=site.url)
    done = run("discover", url, *ALLOW)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("pingback: ")
    assert words in done.err
    done = run("discover", url, "--json", *ALLOW)
    assert (done.code, done.printed) == (3, [{"target": url, "url": None, "endpoints": []}])
    assert words in done.err


@pytest.mark.parametrize("status", [404, 410, 500, 503])
def test_an_error_page_advertises_nothing(site: Site, run: Run, status: int) -> None:
    site.pages |= {"/": redirect("/gone"), "/gone": page(LINK, status=status)}
    done = run("discover", f"{site.url}/", "--json", *ALLOW)
    assert (done.code, done.printed) == (1, [{"target": f"{site.url}/", "url": f"{site.url}/gone", "endpoints": []}])
    assert done.err == f"pingback: {site.url}/gone answered with HTTP status {status}\n"


def test_loopback_needs_leave(site: Site, run: Run) -> None:
    done = run("discover", f"{site.url}/five")
    assert (done.code, done.out) == (3, "")
    assert site.connections == 0


def test_a_page_that_takes_too_long(site: Site, run: Run) -> None:
    site.pages["/"] = lambda request: site.silence()
    done = run("discover", f"{site.url}/", "--timeout", "0.1", *ALLOW)
    assert (done.code, done.err) == (3, f"pingback: {site.url}/ did not answer within 0.1 seconds\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param((), "Missing argument 'TARGET'", id="no-target"),
        pytest.param(("a", "b"), "unexpected extra argument", id="two-targets"),
        pytest.param(("/five",), "'/five' is not an absolute HTTP URL", id="relative"),
        pytest.param(("",), "'' is not an absolute HTTP URL", id="empty"),
        pytest.param(("https://a.example/" + "x" * 10_000,), "is not an absolute HTTP URL", id="too-long"),
        pytest.param(("https://a.example/", "--protocol", "smoke"), "'smoke' is not", id="unknown-protocol"),
    ],
)
def test_wrong_usage(run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = run("discover", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert len(done.err) < 1000
