"""`pingback send`: the outcome as text and as JSON, and an exit code for each."""

import xmlrpc.client

import pytest

from tests.cli.conftest import ALLOW, Run
from tests.loopback import Page, Site, page, redirect

SOURCE = "https://my.example/6?a=1&b=<2>"

KEYS = ["source", "target", "protocol", "endpoint", "status", "fault", "message", "attempts", "next_try"]


def fault(code: int, message: str) -> bytes:
    return page(xmlrpc.client.dumps(xmlrpc.client.Fault(code, message)).encode(), headers={"Content-Type": "text/xml"})


def value(text: str) -> bytes:
    body = xmlrpc.client.dumps((text,), methodresponse=True).encode()
    return page(body, headers={"Content-Type": "text/xml"})


@pytest.fixture(autouse=True)
def target(site: Site) -> str:
    """A page that takes pings at `/rpc`."""
    site.pages |= {"/5": page(headers={"X-Pingback": "/rpc"}), "/rpc": value("Thank you.")}
    return f"{site.url}/5"


@pytest.mark.parametrize("more", [(), ("--protocol", "pingback")], ids=["any-protocol", "this-protocol"])
def test_json(site: Site, run: Run, target: str, more: tuple[str, ...]) -> None:
    done = run("send", SOURCE, target, "--json", *more, *ALLOW)
    assert (done.code, done.err) == (0, "")
    assert done.printed == [
        {
            "source": SOURCE,
            "target": target,
            "protocol": "pingback",
            "endpoint": f"{site.url}/rpc",
            "status": "accepted",
            "fault": None,
            "message": "Thank you.",
            "attempts": 1,
            "next_try": None,
        }
    ]
    assert xmlrpc.client.loads(site.requests[-1].body) == ((SOURCE, target), "pingback.ping")


@pytest.mark.parametrize(
    ("answers", "code", "status", "number", "words"),
    [
        pytest.param({"/rpc": value("Thanks")}, 0, "accepted", None, "Thanks", id="0-accepted"),
        pytest.param({"/rpc": fault(48, "")}, 0, "already", 48, "the ping is known already", id="0-already"),
        pytest.param({"/rpc": fault(17, "No link.")}, 1, "refused", 17, "No link.", id="1-refused"),
        pytest.param({"/rpc": fault(50, "Later.")}, 1, "failed", 50, "Later.", id="1-failed-by-fault"),
        pytest.param({"/rpc": page(b"<html>")}, 1, "failed", 200, "gave no XML-RPC", id="1-failed-html"),
        pytest.param({"/rpc": page(status=500)}, 1, "failed", 500, "HTTP status 500", id="1-failed-by-status"),
        pytest.param({"/5": page(b"hello")}, 1, "unsupported", None, "no endpoint", id="1-unsupported"),
        pytest.param({"/5": page(status=404)}, 1, "unsupported", 404, "HTTP status 404", id="1-no-target"),
        pytest.param({"/5": page(status=503)}, 1, "failed", 503, "HTTP status 503", id="1-target-unavailable"),
        pytest.param({"/rpc": b""}, 3, "failed", None, "could not be reached", id="3-endpoint-hangs-up"),
        pytest.param({"/5": b""}, 3, "failed", None, "could not be reached", id="3-target-hangs-up"),
        pytest.param(
            {"/5": page(headers={"X-Pingback": "http://10.0.0.1/"})},
            3,
            "blocked",
            None,
            "10.0.0.1 is not a public address",
            id="3-endpoint-blocked",
        ),
        pytest.param({"/5": redirect("http://[::1]/")}, 3, "blocked", None, "::1 is not", id="3-target-blocked"),
    ],
)
def test_exit_codes(
    site: Site,
    run: Run,
    target: str,
    answers: dict[str, Page],
    code: int,
    status: str,
    number: int | None,
    words: str,
) -> None:
    site.pages |= answers
    done = run("send", SOURCE, target, "--json", *ALLOW)
    assert (done.code, done.err) == (code, "")
    [outcome] = done.printed
    assert list(outcome) == KEYS
    assert (outcome["status"], outcome["fault"]) == (status, number)
    assert words in outcome["message"]
    done = run("send", SOURCE, target, *ALLOW)
    assert (done.code, done.out, done.err) == (code, f"{status}: {outcome['message']}\n", "")


@pytest.mark.parametrize(
    ("protocol", "answer"),
    [
        pytest.param("trackback", page(b"<response><error>0</error></response>"), id="trackback"),
        pytest.param("pingback", value("Thanks"), id="pingback"),
        pytest.param("webmention", page(status=202), id="webmention"),
    ],
)
def test_an_endpoint_that_a_person_was_given(site: Site, run: Run, target: str, protocol: str, answer: Page) -> None:
    """The target is not asked, and need not exist."""
    endpoint = f"{site.url}/given"
    site.pages |= {"/5": page(status=500), "/given": answer}
    done = run("send", SOURCE, target, "--protocol", protocol, "--endpoint", endpoint, "--json", *ALLOW)
    assert done.code == 0
    [outcome] = done.printed
    assert list(outcome) == KEYS
    assert (outcome["target"], outcome["protocol"], outcome["endpoint"]) == (target, protocol, endpoint)
    assert (outcome["status"], outcome["attempts"]) == ("accepted", 1)
    assert [(request.method, request.path) for request in site.requests] == [("POST", "/given")]


def test_an_endpoint_that_a_person_was_given_is_guarded(run: Run, target: str) -> None:
    given = ("--protocol", "trackback", "--endpoint", "http://10.0.0.1/tb/5")
    done = run("send", SOURCE, target, *given, "--json", *ALLOW)
    assert (done.code, [outcome["status"] for outcome in done.printed]) == (3, ["blocked"])


def test_a_given_endpoint_that_says_no(site: Site, run: Run, target: str) -> None:
    site.pages["/tb"] = page(b"<response><error>1</error><message>Full.</message></response>")
    given = ("--protocol", "trackback", "--endpoint", f"{site.url}/tb")
    done = run("send", SOURCE, target, *given, "--json", *ALLOW)
    assert (done.code, [(said["status"], said["message"]) for said in done.printed]) == (1, [("refused", "Full.")])


def test_loopback_needs_leave(site: Site, run: Run, target: str) -> None:
    done = run("send", SOURCE, target)
    assert done.code == 3
    assert done.out.startswith("blocked: ")
    assert site.connections == 0


def test_verbose_says_on_standard_error_what_is_done(run: Run, target: str, caplog: pytest.LogCaptureFixture) -> None:
    done = run("send", SOURCE, target, "-v", "--json", *ALLOW)
    assert [outcome["status"] for outcome in done.printed] == ["accepted"]
    assert f"ping from {SOURCE!r} to {target!r}: accepted, Thank you." in caplog.text


def test_words_of_a_stranger_do_not_reach_the_terminal_as_they_are(site: Site, run: Run, target: str) -> None:
    site.pages["/rpc"] = fault(17, "no\nlink &amp; \x9b31mred" + "!" * 1000)
    done = run("send", SOURCE, target, *ALLOW)
    assert done.out.startswith("refused: no link &amp; 31mred!!!")
    assert done.out.count("\n") == 1
    assert len(done.out) < 400


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param((), "Missing argument 'SOURCE'", id="nothing"),
        pytest.param((SOURCE,), "Missing argument 'TARGET'", id="no-target"),
        pytest.param(("/6", "https://a.example/5"), "'/6' is not an absolute HTTP URL", id="relative-source"),
        pytest.param(("ftp://a.example/", "https://a.example/5"), "is not an absolute HTTP URL", id="source-not-http"),
        pytest.param((SOURCE, "five"), "'five' is not an absolute HTTP URL", id="relative-target"),
        pytest.param((SOURCE, "https://a.example/", "--protocol", "x"), "'x' is not one of", id="unknown-protocol"),
        pytest.param(
            (SOURCE, "https://a.example/", "--endpoint", "https://a.example/tb/5"),
            "--endpoint needs --protocol",
            id="endpoint-without-protocol",
        ),
        pytest.param(
            (SOURCE, "https://a.example/", "--protocol", "auto", "--endpoint", "https://a.example/tb/5"),
            "--endpoint needs --protocol",
            id="endpoint-by-any-protocol",
        ),
        pytest.param(
            (SOURCE, "https://a.example/", "--protocol", "trackback", "--endpoint", "/tb/5"),
            "'/tb/5' is not an absolute HTTP URL",
            id="relative-endpoint",
        ),
    ],
)
def test_wrong_usage(run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = run("send", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
