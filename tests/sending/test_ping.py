"""`pingback.sending.ping` over real sockets: what becomes of a ping, for every kind of answer (Pingback 1.0 §3)."""

import logging
import xmlrpc.client
from collections.abc import Callable, Iterator
from html import escape
from urllib.parse import parse_qs

import pytest

from pingback.errors import FaultCode
from pingback.model import Discovery, Endpoint, Outcome, OutcomeStatus, Protocol, Via
from pingback.net.client import Client, Limits
from pingback.protocols.xmlrpc import encode_fault, encode_response
from pingback.sending.ping import deliver, send
from tests.loopback import Page, Request, Site, free_port, head, page, redirect

SOURCE = "https://my.example/part-6?a=1&b=<2>"

XML = {"Content-Type": "text/xml"}


@pytest.fixture
def site() -> Iterator[Site]:
    """Its page at `/` takes pings at `/rpc`."""
    with Site() as site:
        site.pages["/"] = page(headers={"X-Pingback": f"{site.url}/rpc"})
        yield site


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(allow=["127.0.0.1"], limits=Limits(timeout=30.0, max_redirects=2)) as client:
        yield client


@pytest.fixture
def hurried() -> Iterator[Client]:
    with Client(allow=["127.0.0.1"], limits=Limits(timeout=0.1)) as client:
        yield client


def xml(inside: str, *, status: int = 200, before: str = "") -> bytes:
    return page(f"{before}<methodResponse>{inside}</methodResponse>".encode(), status=status, headers=XML)


def value(inside: str, *, status: int = 200) -> bytes:
    return xml(f"<params><param><value>{inside}</value></param></params>", status=status)


def fault(code: object, message: str = "No.", *, kind: str = "int", status: int = 200) -> bytes:
    return xml(
        "<fault><value><struct>"
        f"<member><name>faultCode</name><value><{kind}>{code}</{kind}></value></member>"
        f"<member><name>faultString</name><value><string>{message}</string></value></member>"
        "</struct></value></fault>",
        status=status,
    )


def outcome_of(site: Site, answer: Page, client: Client) -> Outcome:
    site.pages["/rpc"] = answer
    return send(SOURCE, f"{site.url}/", client=client)


def posts(site: Site) -> list[Request]:
    return [request for request in site.requests if request.method == "POST"]


def test_all_of_an_outcome_and_what_the_endpoint_heard(site: Site, client: Client) -> None:
    assert outcome_of(site, value("<string>Thank you.</string>"), client) == Outcome(
        source=SOURCE,
        target=f"{site.url}/",
        protocol=Protocol.PINGBACK,
        endpoint=f"{site.url}/rpc",
        status=OutcomeStatus.ACCEPTED,
        fault=None,
        message="Thank you.",
        attempts=1,
        next_try=None,
    )
    [request] = posts(site)
    assert (request.path, request.headers["content-type"]) == ("/rpc", "text/xml")
    assert xmlrpc.client.loads(request.body) == ((SOURCE, f"{site.url}/"), "pingback.ping")


# The far side's answer

ENTITY = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
HTML = b"<!doctype html><title>Log in</title>"
NOTICE = b"<br />\n<b>Notice</b>: Undefined index: x in <b>/srv/a.php</b> on line <b>3</b><br />\n"
REPLY = encode_response("Thanks")
FAULT_48 = encode_fault(48, "Known.")


@pytest.mark.parametrize(
    ("answer", "status", "code", "words"),
    [
        pytest.param(value("<string>Thanks</string>"), "accepted", None, "Thanks", id="3-a-string"),
        pytest.param(value("Thanks"), "accepted", None, "Thanks", id="xml-rpc-untyped-string"),
        pytest.param(value(""), "accepted", None, "accepted", id="3-an-empty-string"),
        pytest.param(value("<boolean>1</boolean>"), "accepted", None, "accepted", id="not-a-string"),
        pytest.param(xml("<params></params>"), "accepted", None, "accepted", id="no-value"),
        pytest.param(value("ok", status=201), "accepted", None, "ok", id="201"),
        pytest.param(fault(48), "already", 48, "No.", id="3-48-registered-before"),
        pytest.param(fault(409), "already", 409, "No.", id="wordpress-409-duplicate"),
        pytest.param(fault(0, ""), "refused", 0, "the ping was refused", id="3-0-without-a-word"),
        pytest.param(fault(16), "refused", 16, "No.", id="3-16-no-source"),
        pytest.param(fault(17), "refused", 17, "No.", id="3-17-no-link"),
        pytest.param(fault(32), "refused", 32, "No.", id="3-32-no-target"),
        pytest.param(fault(33, ""), "refused", 33, "the target does not take pings", id="3-33-not-pingable"),
        pytest.param(fault(49), "refused", 49, "No.", id="3-49-denied"),
        pytest.param(fault(50), "failed", 50, "No.", id="3-50-upstream"),
        pytest.param(fault(429), "failed", 429, "No.", id="wordpress-429-too-fast"),
        pytest.param(fault(500), "failed", 500, "No.", id="wordpress-500"),
        pytest.param(fault(-32500), "failed", -32500, "No.", id="interop-internal-error"),
        pytest.param(fault(-32601), "refused", -32601, "No.", id="interop-no-method"),
        pytest.param(fault(-32700), "refused", -32700, "No.", id="interop-not-well-formed"),
        pytest.param(fault(4711, ""), "refused", 4711, "refused", id="a-code-of-its-own"),
        pytest.param(fault("48", kind="string"), "already", 48, "No.", id="code-as-a-string"),
        pytest.param(fault("17.0", kind="double"), "refused", 0, "No.", id="code-as-a-double"),
        pytest.param(fault("many", kind="string"), "refused", 0, "No.", id="code-in-words"),
        pytest.param(fault(17, status=500), "refused", 17, "No.", id="fault-before-http-status"),
        pytest.param(xml("<fault></fault>"), "refused", 0, "a fault that says nothing", id="fault-that-is-empty"),
        pytest.param(xml("<fault><value>x</value></fault>"), "refused", 0, "x", id="fault-that-is-a-sentence"),
        pytest.param(
            xml("\n <fault>\n <value><i4>0</i4></value>\n </fault>\n"), "refused", 0, "the ping was", id="serendipity"
        ),
        pytest.param(xml("<fault><value><int>48</int></value></fault>"), "already", 48, "known", id="fault-of-a-code"),
        pytest.param(page(NOTICE + REPLY), "accepted", None, "Thanks", id="php-notice-before"),
        pytest.param(
            page(REPLY + b"<!-- cached -->\n<script>x</script>"), "accepted", None, "Thanks", id="cache-behind"
        ),
        pytest.param(page(NOTICE + FAULT_48), "already", 48, "Known.", id="php-notice-before-a-fault"),
        pytest.param(page(NOTICE + REPLY, status=500), "failed", 500, "HTTP status 500", id="500-with-a-notice"),
        pytest.param(
            page(HTML + b"<pre>" + escape(REPLY.decode()).encode() + b"</pre>"),
            "failed",
            200,
            "gave no XML-RPC",
            id="html-that-quotes-a-reply",
        ),
        pytest.param(page(HTML), "failed", 200, "gave no XML-RPC", id="html"),
        pytest.param(page(b""), "failed", 200, "gave no XML-RPC", id="empty"),
        pytest.param(page(b"", status=204), "failed", 204, "gave no XML-RPC", id="204"),
        pytest.param(page(b"<methodResponse><para", headers=XML), "failed", 200, "gave no XML-RPC", id="truncated"),
        pytest.param(page(b"<methodResponse>\xff</methodResponse>"), "failed", 200, "gave no XML-RPC", id="not-utf-8"),
        pytest.param(page(b"<methodCall/>", headers=XML), "failed", 200, "gave no XML-RPC", id="a-call"),
        pytest.param(xml("<params/>", before=ENTITY), "failed", 200, "document type", id="dtd"),
        pytest.param(value("&b;"), "accepted", None, "&b;", id="entity-without-a-dtd"),
        pytest.param(value("x" * 64 * 1024), "failed", 200, "longer than 65536 bytes", id="64-kib"),
        pytest.param(value("<array><data>" * 40), "failed", 200, "gave no XML-RPC", id="deep"),
        pytest.param(value("ok", status=500), "failed", 500, "HTTP status 500", id="500-with-a-value"),
        pytest.param(redirect("/elsewhere", 303), "refused", 303, "HTTP status 303", id="303-is-no-answer"),
        pytest.param(page(HTML, status=304), "refused", 304, "HTTP status 304", id="304"),
        pytest.param(page(HTML, status=307), "refused", 307, "HTTP status 307", id="307-to-nowhere"),
        pytest.param(page(HTML, status=400), "refused", 400, "HTTP status 400", id="400"),
        pytest.param(page(HTML, status=401), "refused", 401, "HTTP status 401", id="401"),
        pytest.param(page(HTML, status=403), "refused", 403, "HTTP status 403", id="403"),
        pytest.param(page(HTML, status=404), "refused", 404, "HTTP status 404", id="404"),
        pytest.param(page(HTML, status=405), "refused", 405, "HTTP status 405", id="405"),
        pytest.param(page(HTML, status=410), "refused", 410, "HTTP status 410", id="410"),
        pytest.param(page(HTML, status=408), "failed", 408, "HTTP status 408", id="408"),
        pytest.param(page(HTML, status=409), "refused", 409, "HTTP status 409", id="409"),
        pytest.param(page(HTML, status=425), "failed", 425, "HTTP status 425", id="425"),
        pytest.param(page(HTML, status=429), "failed", 429, "HTTP status 429", id="429"),
        pytest.param(page(HTML, status=500), "failed", 500, "HTTP status 500", id="500"),
        pytest.param(page(b"", status=503), "failed", 503, "HTTP status 503", id="503"),
        pytest.param(page(HTML, status=599), "failed", 599, "HTTP status 599", id="599"),
    ],
)
def test_what_the_endpoint_answers(
    site: Site, client: Client, answer: bytes, status: str, code: int | None, words: str
) -> None:
    outcome = outcome_of(site, answer, client)
    assert (outcome.status, outcome.fault, outcome.attempts) == (status, code, 1)
    assert words in outcome.message
    assert (outcome.endpoint, outcome.protocol) == (f"{site.url}/rpc", "pingback")
    assert len(posts(site)) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirected_endpoint_gets_the_same_post(site: Site, client: Client, status: int) -> None:
    site.pages["/new"] = value("ok")
    outcome = outcome_of(site, redirect("/new", status), client)
    assert (outcome.status, outcome.endpoint) == (OutcomeStatus.ACCEPTED, f"{site.url}/rpc")
    first, second = posts(site)
    assert (first.path, second.path, second.body) == ("/rpc", "/new", first.body)
    assert second.headers["content-type"] == "text/xml"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(redirect("/rpc"), "more than 2 redirects", id="redirects-in-a-circle"),
        pytest.param(b"", "closed", id="hangs-up"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", "does not answer in HTTP", id="not-http"),
        pytest.param(
            head(200, {"Content-Length": "999", "Connection": "close"}) + b"<met", "broke off", id="breaks-off"
        ),
        pytest.param(page(b"\x1f\x8bnot gzip", headers={"Content-Encoding": "gzip"}), "not the gzip", id="broken-gzip"),
    ],
)
def test_no_http_answer_of_the_endpoint(site: Site, client: Client, answer: bytes, words: str) -> None:
    outcome = outcome_of(site, answer, client)
    assert (outcome.status, outcome.fault, outcome.attempts) == (OutcomeStatus.FAILED, None, 1)
    assert words in outcome.message


def _silent(site: Site) -> Page:
    return lambda request: site.silence()


def _dripping_head(site: Site) -> Page:
    return lambda request: site.drip(b"%c" % byte for byte in value("ok"))


def _dripping_body(site: Site) -> Page:
    pieces = [head(200, XML), *[b" "] * 10_000]
    return lambda request: site.drip(pieces)


@pytest.mark.parametrize("make", [_silent, _dripping_head, _dripping_body])
def test_an_endpoint_that_takes_too_long(site: Site, hurried: Client, make: Callable[[Site], Page]) -> None:
    site.pages["/rpc"] = make(site)
    endpoint = Endpoint(protocol=Protocol.PINGBACK, url=f"{site.url}/rpc", via=Via.HEADER)
    found = Discovery(target=f"{site.url}/", url=f"{site.url}/", endpoints=(endpoint,))
    outcome = deliver(SOURCE, found, client=hurried).outcome
    assert (outcome.status, outcome.fault, outcome.attempts) == (OutcomeStatus.FAILED, None, 1)
    assert outcome.message == f"{site.url}/rpc did not answer within 0.1 seconds"


def test_a_reply_without_end_is_not_read_to_the_end(site: Site, client: Client) -> None:
    pieces = iter([head(200, XML), *[b" " * 16 * 1024] * 1024])  # 16 MiB
    outcome = outcome_of(site, lambda request: pieces, client)
    assert (outcome.status, outcome.fault) == (OutcomeStatus.FAILED, 200)
    assert next(pieces, None) is not None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param("a\n\tb  c", "a b c", id="on-one-line"),
        pytest.param("&lt;b&gt;bold&lt;/b&gt; &amp;amp;", "<b>bold</b> &amp;", id="markup-is-text"),
        pytest.param("red\x7f\x9b31m", "red31m", id="no-control-characters"),
        pytest.param("word " * 100, "word " * 59 + "word…", id="short"),
        pytest.param("x" * 1000, "x" * 299 + "…", id="one-long-word"),
    ],
)
@pytest.mark.parametrize("answer", [pytest.param(value, id="value"), pytest.param(lambda m: fault(17, m), id="fault")])
def test_what_the_far_side_says_is_plain_and_short(
    site: Site, client: Client, answer: Callable[[str], bytes], given: str, message: str
) -> None:
    outcome = outcome_of(site, answer(given), client)
    assert outcome.message == message
    assert len(outcome.message) <= 300


# The target


@pytest.mark.parametrize(
    ("answer", "status", "code", "words"),
    [
        pytest.param(page(b"<p>hello"), "unsupported", None, "advertises no endpoint", id="nothing-advertised"),
        pytest.param(page(status=401), "unsupported", 401, "HTTP status 401", id="401"),
        pytest.param(page(status=403), "unsupported", 403, "HTTP status 403", id="403"),
        pytest.param(page(status=404, headers={"X-Pingback": "/rpc"}), "unsupported", 404, "HTTP status 404", id="404"),
        pytest.param(page(status=410), "unsupported", 410, "HTTP status 410", id="410"),
        pytest.param(page(status=408), "failed", 408, "HTTP status 408", id="408"),
        pytest.param(page(status=429), "failed", 429, "HTTP status 429", id="429"),
        pytest.param(page(status=500), "failed", 500, "HTTP status 500", id="500"),
        pytest.param(page(status=503), "failed", 503, "HTTP status 503", id="503"),
        pytest.param(redirect("/"), "failed", None, "more than 2 redirects", id="circle"),
        pytest.param(redirect("http://10.0.0.1/"), "blocked", None, "10.0.0.1 is not a public", id="redirects-inside"),
        pytest.param(redirect("file:///etc/passwd"), "blocked", None, "not an absolute HTTP URL", id="file"),
        pytest.param(b"", "failed", None, "could not be reached", id="hangs-up"),
    ],
)
def test_a_target_without_an_endpoint_gets_no_message(
    site: Site, client: Client, answer: bytes, status: str, code: int | None, words: str
) -> None:
    site.pages["/"] = answer
    outcome = outcome_of(site, value("never asked"), client)
    assert (outcome.status, outcome.fault) == (status, code)
    assert (outcome.attempts, outcome.protocol, outcome.endpoint) == (0, None, None)
    assert words in outcome.message
    assert posts(site) == []


def test_a_target_that_takes_too_long(site: Site, hurried: Client) -> None:
    site.pages["/"] = lambda request: site.silence()
    outcome = send(SOURCE, f"{site.url}/", client=hurried)
    assert (outcome.status, outcome.fault, outcome.attempts) == (OutcomeStatus.FAILED, None, 0)
    assert outcome.message == f"{site.url}/ did not answer within 0.1 seconds"


def test_nobody_listens(client: Client) -> None:
    port = free_port()
    outcome = send(SOURCE, f"http://127.0.0.1:{port}/", client=client)
    assert (outcome.status, outcome.attempts) == (OutcomeStatus.FAILED, 0)
    assert outcome.message == f"http://127.0.0.1:{port}/ could not be reached: the connection was refused"


def test_a_name_that_nobody_has() -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    with Client(resolver=resolver) as client:
        outcome = send(SOURCE, "http://nobody.example/", client=client)
    assert (outcome.status, outcome.message) == (
        OutcomeStatus.FAILED,
        "http://nobody.example/ could not be reached: no such host",
    )


def test_the_message_about_a_target_holds_no_control_characters(client: Client, site: Site) -> None:
    outcome = send(SOURCE, f"{site.url}/a\nERROR\x1b[31mb", client=client)
    assert outcome.status is OutcomeStatus.UNSUPPORTED
    assert outcome.message == f"{site.url}/aERROR%1B[31mb answered with HTTP status 404"


# The address guard: a page of a stranger names the endpoint


@pytest.fixture
def canary() -> Iterator[Site]:
    """What a stranger would like us to talk to."""
    with Site({"/rpc": value("caught")}, host="127.0.0.2") as canary:
        yield canary


@pytest.mark.parametrize(
    "endpoint",
    [
        pytest.param("http://127.0.0.2:{port}/rpc", id="loopback"),
        pytest.param("http://[::ffff:127.0.0.2]:{port}/rpc", id="mapped-loopback"),
        pytest.param("http://2130706434:{port}/rpc", id="as-an-integer"),
        pytest.param("http://0177.0.0.2:{port}/rpc", id="octal"),
        pytest.param("http://inside.example:{port}/rpc", id="a-name-for-loopback"),
        pytest.param("http://user:secret@127.0.0.1:{port}/rpc", id="credentials"),
        pytest.param("http://10.0.0.1/rpc", id="private"),
        pytest.param("http://169.254.169.254/latest/", id="metadata"),
    ],
)
@pytest.mark.parametrize("via", ["header", "link", "redirect"])
def test_an_endpoint_inside_is_blocked_and_hears_nothing(site: Site, canary: Site, endpoint: str, via: str) -> None:
    url = endpoint.format(port=canary.port)
    if via == "header":
        site.pages["/"] = page(headers={"X-Pingback": url})
    elif via == "link":
        site.pages["/"] = page(f'<link rel="pingback" href="{url}">'.encode())
    else:
        site.pages["/rpc"] = redirect(url, 307)
    addresses = {"inside.example": ["127.0.0.2"]}
    with Client(allow=["127.0.0.1"], resolver=lambda host, port: addresses[host]) as client:
        outcome = send(SOURCE, f"{site.url}/", client=client)
    assert (outcome.status, outcome.fault) == (OutcomeStatus.BLOCKED, None)
    assert outcome.attempts == len(posts(site))
    assert "secret" not in outcome.message
    assert canary.connections == 0


def test_nothing_of_loopback_is_asked_without_leave(site: Site) -> None:
    with Client(limits=Limits(ports={site.port})) as client:
        outcome = send(SOURCE, f"{site.url}/", client=client)
    assert (outcome.status, outcome.attempts, outcome.endpoint) == (OutcomeStatus.BLOCKED, 0, None)
    assert outcome.message.startswith(f"{site.url}/ is blocked: 127.0.0.1 is not a public address; ")
    assert site.connections == 0


# The call


def test_by_the_one_protocol_that_is_wanted(site: Site, client: Client) -> None:
    site.pages["/rpc"] = value("ok")
    outcome = send(SOURCE, f"{site.url}/", client=client, protocol=Protocol.PINGBACK)
    assert outcome.status is OutcomeStatus.ACCEPTED


def test_a_page_that_does_not_link_to_the_target_has_a_title_all_the_same(site: Site, client: Client) -> None:
    site.pages |= {
        "/6": page(b'<title>Six</title><meta property="og:site_name" content="Mine"><article>As they say'),
        "/tb": page(b"<response><error>0</error></response>"),
    }
    send(f"{site.url}/6", f"{site.url}/5", client=client, protocol=Protocol.TRACKBACK, endpoint=f"{site.url}/tb")
    form = parse_qs(posts(site)[0].body.decode())
    assert form == {"url": [f"{site.url}/6"], "title": ["Six"], "blog_name": ["Mine"]}


def test_the_second_time_it_is_known(site: Site, client: Client) -> None:
    answers = iter([value("Thanks"), fault(FaultCode.ALREADY_REGISTERED, "")])
    site.pages["/rpc"] = lambda request: next(answers)
    first, second = (send(SOURCE, f"{site.url}/", client=client) for _ in range(2))
    assert (first.status, second.status) == (OutcomeStatus.ACCEPTED, OutcomeStatus.ALREADY)
    assert second.message == "the ping is known already"


def test_one_line_in_the_log_for_a_ping(site: Site, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pingback")
    outcome_of(site, fault(17, "no&#10;link"), client)
    [record] = caplog.records
    assert record.getMessage() == f"ping from {SOURCE!r} to '{site.url}/': refused, no link"
