"""Pingback 1.0, line by line (P1 to P23 of `tests.norms.lines`)."""

import itertools
import re
import xml.etree.ElementTree as ET
import xmlrpc.client
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import pingback
from pingback import Client, Fault, Limits, Mention, MentionStatus, OutcomeStatus, Protocol, Store, Via
from pingback.cli.group import main
from tests.loopback import Site, head, page
from tests.norms.web import FIVE, XML, Serve, linking, posts, with_headers
from tests.paths.exchange import PATIENCE, Answer, post

# As the norm has it, letter for letter.
EXPRESSION = re.compile(r'<link rel="pingback" href="([^"]+)" ?/?>')

REGISTERED = page(xmlrpc.client.dumps(("Registered.",), methodresponse=True).encode(), headers=XML)
FIRST = '<link rel="pingback" href="/one">'


def found(site: Site, client: Client) -> list[tuple[str, Via]]:
    """The Pingback endpoint of the page at `/there`, as a path, and where it was advertised."""
    endpoints = pingback.discover(f"{site.url}/there", client=client)
    return [(endpoint.url.removeprefix(site.url), endpoint.via) for endpoint in endpoints]


def fault_in(answer: Answer) -> int:
    with pytest.raises(xmlrpc.client.Fault) as refused:
        xmlrpc.client.loads(answer.body)
    return refused.value.faultCode


# The page


@pytest.mark.line("P1", "P5")
@pytest.mark.parametrize(
    ("header", "link"),
    [
        pytest.param(True, False, id="P1-header"),
        pytest.param(False, True, id="P1-link"),
        pytest.param(True, True, id="P5-both"),
    ],
)
def test_P1_what_we_advertise_is_found(site: Site, client: Client, serve: Serve, header: bool, link: bool) -> None:
    taking = serve()
    advertised = pingback.advertise(f"{site.url}{FIVE}", at=taking.root)
    site.pages[FIVE] = page(advertised.html.encode() * link, headers=advertised.headers if header else {})
    sent = pingback.send(f"{site.url}/6", f"{site.url}{FIVE}", protocol=Protocol.PINGBACK, client=client)
    assert (sent.status, sent.endpoint) == (OutcomeStatus.ACCEPTED, f"{taking.root}/xmlrpc")
    assert [mention.target for mention in taking.mentions()] == [f"{site.url}{FIVE}"]


@pytest.mark.line("P2")
def test_P2_our_header_is_an_absolute_address_and_nothing_else() -> None:
    headers = pingback.advertise("https://blog.example/5?a=1", at="https://blog.example/pings/").headers
    assert headers["X-Pingback"] == "https://blog.example/pings/xmlrpc"


@pytest.mark.line("P2")
def test_P2_departed_a_relative_address_is_resolved(site: Site, client: Client) -> None:
    site.pages["/there"] = page(headers={"X-Pingback": " rpc?x=1 "})
    assert found(site, client) == [("/rpc?x=1", Via.HEADER)]


@pytest.mark.line("P3")
@pytest.mark.parametrize("media_type", ["image/png", "application/pdf", "text/plain", "application/octet-stream"])
def test_P3_what_is_not_html_by_its_header(site: Site, client: Client, media_type: str) -> None:
    site.pages["/there"] = with_headers(f"X-Pingback: {site.url}/one", content_type=media_type)
    assert found(site, client) == [("/one", Via.HEADER)]


@pytest.mark.line("P4")
def test_P4_our_link_letter_for_letter() -> None:
    [line] = [line for line in pingback.advertise("https://blog.example/5").html.splitlines() if "pingback" in line]
    assert line == '<link rel="pingback" href="https://blog.example/xmlrpc">'


@pytest.mark.line("P6")
@pytest.mark.parametrize("path", ["o'brien", "(x)", "caf%C3%A9", "~me"])
def test_P6_our_link_has_no_other_entities(path: str) -> None:
    html = pingback.advertise("https://blog.example/5", at=f"https://blog.example/{path}").html
    assert EXPRESSION.findall(html) == [f"https://blog.example/{path}/xmlrpc"]


@pytest.mark.line("P7")
def test_P7_nothing_that_we_advertise_looks_like_it() -> None:
    mine = pingback.advertise("https://blog.example/5", title='<link rel="pingback" href="https://evil.example/">')
    assert EXPRESSION.findall(mine.rdf + mine.html) == ["https://blog.example/xmlrpc"]


# The client: discovery


@pytest.mark.line("P8", "P21")
def test_P8_the_first_header_and_no_body(site: Site, client: Client) -> None:
    lines = [f"X-Pingback: {site.url}/one", f"X-Pingback: {site.url}/two"]
    start = "\r\n".join(["HTTP/1.1 200 -", "Content-Type: text/html", *lines, "", ""])
    # Who asked for the body would wait in vain.
    site.pages |= {"/there": lambda request: itertools.chain([start.encode()], site.silence()), "/one": REGISTERED}
    sent = pingback.send(f"{site.url}/6", f"{site.url}/there", protocol=Protocol.PINGBACK, client=client)
    assert (sent.status, sent.endpoint) == (OutcomeStatus.ACCEPTED, f"{site.url}/one")


@pytest.mark.line("P9", "P21")
@pytest.mark.parametrize(
    "markup",
    [
        pytest.param(FIRST, id="P9-html"),
        pytest.param('<link rel="pingback" href="/one" />', id="P9-xhtml"),
        pytest.param('<link rel="pingback" href="/one"/>', id="P9-without-a-space"),
        pytest.param(f'{FIRST}<link rel="pingback" href="/two">', id="P9-the-first-of-two"),
        pytest.param(f"<body><p>{FIRST}", id="P9-wherever-it-stands"),
        pytest.param('<link href="/one" rel="pingback">', id="P9-departed-href-first"),
        pytest.param("<LINK REL='Pingback' HREF=/one>", id="P9-departed-other-quotes-and-letters"),
        pytest.param('<link rel="alternate pingback" href="/one">', id="P9-departed-several-rels"),
        pytest.param(f'<!-- <link rel="pingback" href="/two"> -->{FIRST}', id="P9-departed-no-comment"),
        pytest.param(f'<script>\'<link rel="pingback" href="/two">\'</script>{FIRST}', id="P9-departed-no-script"),
        pytest.param(f'<textarea><link rel="pingback" href="/two"></textarea>{FIRST}', id="P9-departed-no-prose"),
    ],
)
def test_P9_the_link_in_the_body(site: Site, client: Client, markup: str) -> None:
    site.pages["/there"] = page(markup.encode())
    assert found(site, client) == [("/one", Via.LINK)]


@pytest.mark.line("P10")
@pytest.mark.parametrize(
    ("written", "path"),
    [
        pytest.param("/x?a=1&amp;b=2", "/x?a=1&b=2", id="P10-amp"),
        pytest.param("/x?&lt;", "/x?%3C", id="P10-lt"),
        pytest.param("/x?&gt;", "/x?%3E", id="P10-gt"),
        pytest.param("/x?&quot;", "/x?%22", id="P10-quot"),
        pytest.param("/x?&amp;amp;", "/x?&amp;", id="P10-once"),
        pytest.param("/x?a&#61;1&#x26;b", "/x?a=1&b", id="P10-departed-numbers"),
        pytest.param("/x?a&equals;1", "/x?a=1", id="P10-departed-other-names"),
    ],
)
def test_P10_entities_in_the_address(site: Site, client: Client, written: str, path: str) -> None:
    site.pages["/there"] = page(f'<link rel="pingback" href="{written}">'.encode())
    assert found(site, client) == [(path, Via.LINK)]


@pytest.mark.line("P11")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(page(b"<title>There</title>"), id="P11-no-link"),
        pytest.param(page(b'<area rel="pingback" href="/one">'), id="P11-no-other-element"),
        pytest.param(page(b'&lt;link rel="pingback" href="/one"&gt;'), id="P11-no-escaped-link"),
        pytest.param(page(FIRST.encode(), headers={"Content-Type": "text/plain"}), id="P11-no-html"),
        pytest.param(page(FIRST.encode(), status=404), id="P11-no-page"),
    ],
)
def test_P11_nothing_is_guessed(site: Site, client: Client, answer: bytes) -> None:
    site.pages |= {"/there": answer, "/xmlrpc.php": REGISTERED, "/one": REGISTERED}
    sent = pingback.send(f"{site.url}/6", f"{site.url}/there", client=client)
    assert (sent.status, sent.endpoint) == (OutcomeStatus.UNSUPPORTED, None)
    assert [(request.method, request.path) for request in site.requests] == [("GET", "/there")]


@pytest.mark.line("P11")
def test_P11_departed_an_a_where_there_is_nothing_else(site: Site, client: Client) -> None:
    site.pages |= {"/there": page(b'<p><a rel="pingback" href="/one">x</a>'), "/one": REGISTERED}
    sent = pingback.send(f"{site.url}/6", f"{site.url}/there", client=client)
    assert (sent.status, sent.endpoint) == (OutcomeStatus.ACCEPTED, f"{site.url}/one")


@pytest.mark.line("P12")
def test_P12_reading_stops_at_the_match(site: Site, client: Client) -> None:
    beginning = head(200, {"Content-Type": "text/html"}) + FIRST.encode() + b" " * 32 * 1024
    site.pages |= {"/there": lambda request: itertools.chain([beginning], site.silence()), "/one": REGISTERED}
    sent = pingback.send(f"{site.url}/6", f"{site.url}/there", protocol=Protocol.PINGBACK, client=client)
    assert sent.status is OutcomeStatus.ACCEPTED
    assert [request.method for request in site.requests] == ["GET", "POST"]


# The call


@pytest.mark.line("P13", "P21")
def test_P13_the_call_is_two_strings(site: Site, client: Client) -> None:
    source, target = "https://my.example/6?a=1&b=<ü>", f"{site.url}/there#part"
    site.pages |= {"/there": page(headers={"X-Pingback": "/one"}), "/one": REGISTERED}
    pingback.send(source, target, client=client)
    [request] = posts(site)
    assert request.headers["content-type"] == "text/xml"
    assert xmlrpc.client.loads(request.body) == ((source, target), "pingback.ping")


@pytest.mark.line("P13")
@pytest.mark.parametrize("written", ["/there#part", "/x/../there", "/th%65re"])
def test_P13_a_published_target_is_what_the_post_says(site: Site, client: Client, store: Store, written: str) -> None:
    site.pages |= {"/6": linking(site.url + written), "/there": page(headers={"X-Pingback": "/one"})}
    site.pages |= {"/th%65re": site.pages["/there"], "/one": REGISTERED}
    list(pingback.publish(f"{site.url}/6", client=client, store=store))
    [request] = posts(site)
    assert xmlrpc.client.loads(request.body)[0] == (f"{site.url}/6", site.url + written)


@pytest.mark.line("P16")
def test_P16_a_success_is_not_shown(site: Site, tmp_path: Path) -> None:
    site.pages |= {"/6": linking(f"{site.url}/there"), "/there": page(headers={"X-Pingback": "/one"})}
    site.pages["/one"] = REGISTERED
    store = ("--db", f"sqlite:///{tmp_path}/pingback.db")
    done = CliRunner().invoke(main, ["publish", f"{site.url}/6", "--allow-network", "127.0.0.1", *store])
    assert (done.exit_code, done.output, len(posts(site))) == (0, "", 1)


@pytest.mark.line("P18")
@pytest.mark.parametrize(
    ("code", "status"),
    [
        pytest.param(0, OutcomeStatus.REFUSED, id="P18-0"),
        pytest.param(16, OutcomeStatus.REFUSED, id="P18-16-no-source"),
        pytest.param(17, OutcomeStatus.REFUSED, id="P18-17-no-link"),
        pytest.param(32, OutcomeStatus.REFUSED, id="P18-32-no-target"),
        pytest.param(33, OutcomeStatus.REFUSED, id="P18-33-not-pingable"),
        pytest.param(48, OutcomeStatus.ALREADY, id="P18-48-registered"),
        pytest.param(49, OutcomeStatus.REFUSED, id="P18-49-access-denied"),
        pytest.param(50, OutcomeStatus.FAILED, id="P18-50-upstream-may-be-back"),
    ],
)
def test_P18_what_a_sender_makes_of_a_code(site: Site, client: Client, code: int, status: OutcomeStatus) -> None:
    refusal = xmlrpc.client.dumps(xmlrpc.client.Fault(code, "No."), methodresponse=True)
    site.pages |= {"/there": page(headers={"X-Pingback": "/one"}), "/one": page(refusal.encode(), headers=XML)}
    sent = pingback.send(f"{site.url}/6", f"{site.url}/there", client=client)
    assert (sent.status, sent.fault, sent.message) == (status, code, "No.")


@pytest.mark.line("P20")
def test_P20_a_host_is_asked_at_a_bounded_rate(site: Site, client: Client) -> None:
    sources = [f"/source/{number}" for number in range(15)]
    site.pages |= dict.fromkeys(sources, page(f'<a href="{site.url}{FIVE}">five</a>'.encode()))
    with pingback.Site(f"{site.url}/blog/", store="sqlite://", client=client, answer_within=PATIENCE) as usual:
        for source in sources:
            usual.receive(f"{site.url}{source}", f"{site.url}{FIVE}")
        assert [request.path for request in site.requests if request.path in sources] == sources[:10]


@pytest.mark.line("P22")
def test_P22_a_link_is_told_by_one_protocol(site: Site, client: Client) -> None:
    advertised = b'<link rel="webmention" href="/wm"><link rel="pingback" href="/one"><a rel="trackback" href="/tb">'
    site.pages |= {"/there": page(advertised), "/wm": page(status=202), "/one": REGISTERED}
    pingback.send(f"{site.url}/6", f"{site.url}/there", client=client)
    assert [request.path for request in posts(site)] == ["/wm"]


# The server


@pytest.mark.line("P14", "P21")
def test_P14_success_is_one_string(site: Site, serve: Serve) -> None:
    answer = serve().call("pingback.ping", f"{site.url}/6", f"{site.url}{FIVE}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    [parameter] = ET.fromstring(answer.body).findall("./params/param")
    [value] = parameter.findall("./value/*")
    assert (value.tag, value.text) == (
        "string",
        f"Pingback from {site.url}/6 to {site.url}{FIVE} registered.",
    )


@pytest.mark.line("P15", "P21")
def test_P15_failure_is_a_fault_and_nothing_else(site: Site, serve: Serve) -> None:
    answer = serve().call("pingback.ping", f"{site.url}/nowhere", f"{site.url}{FIVE}")
    assert answer.status == 200
    [fault] = ET.fromstring(answer.body)
    members = {member.findtext("name"): member.find("value") for member in fault.iter("member")}
    assert fault.tag == "fault"
    assert set(members) == {"faultCode", "faultString"}
    assert members["faultCode"] is not None
    assert members["faultCode"].findtext("int") == "16"


@pytest.mark.line("P17")
def test_P17_fetched_verified_recorded_and_not_twice(site: Site, serve: Serve) -> None:
    taking = serve()
    for _ in range(2):
        answer = taking.call("pingback.ping", f"{site.url}/6", f"{site.url}{FIVE}")
    assert fault_in(answer) == 48
    assert [request.path for request in site.requests].count("/6") == 1
    [mention] = taking.mentions()
    assert (mention.source, mention.title, mention.status) == (f"{site.url}/6", "Six", MentionStatus.APPROVED)


def _decide(mention: Mention) -> MentionStatus:
    if mention.title == "Unclear":
        raise Fault(0, "no way of telling")
    return MentionStatus.REJECTED if mention.title == "Rude" else MentionStatus.APPROVED


@pytest.mark.line("P18", "P15", "P17")
@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        pytest.param("/unclear", FIVE, 0, id="P18-0-the-site-s-own-reason"),
        pytest.param("/nowhere", FIVE, 16, id="P18-16-no-source"),
        pytest.param("/no-link", FIVE, 17, id="P18-17-no-link"),
        pytest.param("/6", "/blog/nowhere", 32, id="P18-32-no-target"),
        pytest.param("/6", "/elsewhere", 33, id="P18-33-not-of-this-site"),
        pytest.param("/known", FIVE, 48, id="P18-48-registered"),
        pytest.param("/rude", FIVE, 49, id="P18-49-access-denied"),
        pytest.param("/broken", FIVE, 50, id="P18-50-upstream"),
    ],
)
def test_P18_what_a_server_says(site: Site, serve: Serve, source: str, target: str, code: int) -> None:
    site.pages |= {
        "/unclear": linking(f"{site.url}{FIVE}", title="Unclear"),
        "/rude": linking(f"{site.url}{FIVE}", title="Rude"),
        "/known": linking(f"{site.url}{FIVE}"),
        "/no-link": page(b"<p>nothing"),
        "/broken": page(status=500),
    }
    taking = serve(decide=_decide)
    taking.call("pingback.ping", f"{site.url}/known", f"{site.url}{FIVE}")
    assert fault_in(taking.call("pingback.ping", site.url + source, site.url + target)) == code
    assert [mention.source for mention in taking.mentions()] == [f"{site.url}/known"]


@pytest.mark.line("P18")
@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_P18_32_is_for_what_is_not_there_for_sure(site: Site, serve: Serve, status: int) -> None:
    site.pages[FIVE] = page(status=status)
    answer = serve().call("pingback.ping", f"{site.url}/6", f"{site.url}{FIVE}")
    assert xmlrpc.client.loads(answer.body)[0] == (f"Pingback from {site.url}/6 to {site.url}{FIVE} registered.",)


def _broken(mention: Mention) -> MentionStatus:
    raise ZeroDivisionError


@pytest.mark.line("P19")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"<methodCall>", -32700, id="P19-not-well-formed"),
        pytest.param(b"<methodResponse/>", -32600, id="P19-not-a-call"),
        pytest.param(xmlrpc.client.dumps((), "pingback.pong").encode(), -32601, id="P19-no-such-method"),
        pytest.param(xmlrpc.client.dumps(("one",), "pingback.ping").encode(), -32602, id="P19-one-parameter"),
        pytest.param(xmlrpc.client.dumps((1, 2), "pingback.ping").encode(), -32602, id="P19-no-strings"),
    ],
)
def test_P19_errors_above_the_protocol(serve: Serve, body: bytes, code: int) -> None:
    answer = post(f"{serve().root}/xmlrpc", body, "text/xml")
    assert (answer.status, fault_in(answer)) == (200, code)


@pytest.mark.line("P19")
def test_P19_an_error_of_our_own(site: Site, serve: Serve) -> None:
    assert fault_in(serve(decide=_broken).call("pingback.ping", f"{site.url}/6", f"{site.url}{FIVE}")) == -32500


@pytest.mark.line("P20")
def test_P20_no_more_than_a_mebibyte_is_examined(site: Site, serve: Serve) -> None:
    link = f'<a href="{site.url}{FIVE}">five</a>'.encode()
    taking = serve()
    for path, before in {"/just": 2**20 - len(link), "/over": 2**20}.items():
        site.pages[path] = page(b" " * before + link)
    assert "registered" in taking.call("pingback.ping", f"{site.url}/just", f"{site.url}{FIVE}").body
    assert fault_in(taking.call("pingback.ping", f"{site.url}/over", f"{site.url}{FIVE}")) == 17


@pytest.mark.line("P20")
@pytest.mark.parametrize(
    "beginning", [b"", head(200, {"Content-Type": "text/html"}) + b"<p>"], ids=["P20-silence", "P20-in-the-middle"]
)
def test_P20_a_source_that_does_not_end_is_left(site: Site, serve: Serve, beginning: bytes) -> None:
    site.pages["/slow"] = lambda request: itertools.chain([beginning], site.silence())
    with Client(allow=["127.0.0.1"], limits=Limits(timeout=0.1)) as hasty:
        answer = serve(client=hasty).call("pingback.ping", f"{site.url}/slow", f"{site.url}{FIVE}")
    assert fault_in(answer) == 16


@pytest.mark.line("P22")
def test_P22_one_pair_by_two_protocols_is_one_mention(site: Site, serve: Serve) -> None:
    taking = serve()
    assert "<error>0</error>" in taking.trackback({"url": f"{site.url}/6"}).body
    assert fault_in(taking.call("pingback.ping", f"{site.url}/6", f"{site.url}{FIVE}")) == 48
    assert len(taking.mentions()) == 1


@pytest.mark.line("P23")
def test_P23_the_sources_that_link_to_a_target(site: Site, serve: Serve) -> None:
    taking = serve()
    site.pages["/7"] = linking(f"{site.url}{FIVE}")

    def listed() -> Any:
        answer = taking.call("pingback.extensions.getPingbacks", f"{site.url}{FIVE}")
        return xmlrpc.client.loads(answer.body)[0][0]

    assert listed() == []
    for path in ("/6", "/7"):
        taking.call("pingback.ping", site.url + path, f"{site.url}{FIVE}")
    assert listed() == [f"{site.url}/6", f"{site.url}/7"]
