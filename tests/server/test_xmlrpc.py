"""`pingback.server.pings`: calls and their answers, read by the standard library's codec."""

import xmlrpc.client
from typing import Any

import pytest

from pingback.errors import Fault
from pingback.jobs.limits import Rate
from pingback.model import Mention, MentionStatus
from pingback.receive.policy import Gate
from pingback.server.app import handle
from pingback.server.http import Request
from pingback.store import Store
from tests.receive.lax import Receiver
from tests.receive.pages import Page, Pages
from tests.server.conftest import SITE, SOURCE, TARGET

WORDPRESS_PING = (
    '<?xml version="1.0"?>\n<methodCall>\n<methodName>pingback.ping</methodName>\n<params>\n<param><value><string>'
    "https://a.example/post?x=1&amp;y=2</string></value></param>\n<param><value><string>"
    "https://my.example/part-5?a=1&amp;b=2</string></value></param>\n</params></methodCall>\n"
)


def post(receiver: Receiver, body: bytes | str) -> bytes:
    """The body of the answer, which is always a 200 of text/xml."""
    given = body if isinstance(body, bytes) else body.encode()
    response = handle(Request(method="POST", path="/xmlrpc", body=given, remote_addr="192.0.2.7"), receiver)
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
    return response.body


def call(receiver: Receiver, method: str, *params: Any) -> Any:
    """What the method returns; raises `xmlrpc.client.Fault`."""
    [value], _ = xmlrpc.client.loads(post(receiver, xmlrpc.client.dumps(params, method)))
    return value


def fault_of(receiver: Receiver, body: bytes | str) -> int:
    with pytest.raises(xmlrpc.client.Fault) as refused:
        xmlrpc.client.loads(post(receiver, body))
    assert refused.value.faultString
    return int(refused.value.faultCode)


def test_a_sender_that_is_too_fast_is_49(pages: Pages) -> None:
    with (
        Store("sqlite://") as store,
        Receiver(site=SITE, store=store, client=pages, rate=Rate("1/day")) as receiver,
    ):
        post(receiver, WORDPRESS_PING)
        assert fault_of(receiver, WORDPRESS_PING) == 49


def test_a_ping_is_registered(receiver: Receiver, pages: Pages) -> None:
    [message], _ = xmlrpc.client.loads(post(receiver, WORDPRESS_PING))
    assert message == f"Pingback from {SOURCE} to {TARGET} registered."
    assert pages.asked[0][1]["X-Pingback-Forwarded-For"] == "192.0.2.7"
    assert call(receiver, "pingback.extensions.getPingbacks", TARGET) == [SOURCE]
    assert fault_of(receiver, WORDPRESS_PING) == 48


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        pytest.param("https://none.example/", TARGET, 16, id="16-source"),
        pytest.param("https://plain.example/", TARGET, 17, id="17-no-link"),
        pytest.param(SOURCE, "https://other.example/", 33, id="33-target"),
        pytest.param("https://broken.example/", TARGET, 50, id="50-upstream"),
    ],
)
def test_faults_of_the_ping(receiver: Receiver, pages: Pages, source: str, target: str, code: int) -> None:
    pages.web["https://plain.example/"] = Page("nothing")
    pages.web["https://broken.example/"] = Page(status=500)
    assert fault_of(receiver, xmlrpc.client.dumps((source, target), "pingback.ping")) == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param("", -32700, id="empty"),
        pytest.param("ping me", -32700, id="not-xml"),
        pytest.param("<methodCall><methodName>", -32700, id="unclosed"),
        pytest.param(b"\xff\xfe\x00\xd8", -32700, id="broken-utf-16"),
        pytest.param('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', -32700, id="entities"),
        pytest.param("<html/>", -32600, id="not-xml-rpc"),
        pytest.param(xmlrpc.client.dumps(("x",), methodresponse=True), -32600, id="a-response"),
        pytest.param(xmlrpc.client.dumps((), "pingback.pong"), -32601, id="no-such-method"),
        pytest.param(xmlrpc.client.dumps(([],), "system.multicall"), -32601, id="no-multicall"),
        pytest.param(xmlrpc.client.dumps((), "pingback.ping"), -32602, id="no-parameters"),
        pytest.param(xmlrpc.client.dumps((SOURCE,), "pingback.ping"), -32602, id="one-parameter"),
        pytest.param(xmlrpc.client.dumps((1, 2), "pingback.ping"), -32602, id="numbers"),
        pytest.param(xmlrpc.client.dumps(([SOURCE], TARGET), "pingback.ping"), -32602, id="an-array"),
        pytest.param(xmlrpc.client.dumps((), "pingback.extensions.getPingbacks"), -32602, id="list-of-what"),
        pytest.param(xmlrpc.client.dumps(("x",), "system.listMethods"), -32602, id="list-with-a-parameter"),
        pytest.param(xmlrpc.client.dumps(("nope",), "system.methodHelp"), -32602, id="help-for-what"),
        pytest.param(xmlrpc.client.dumps(("nope",), "system.methodSignature"), -32602, id="signature-of-what"),
    ],
)
def test_faults_of_the_message(receiver: Receiver, body: bytes | str, code: int) -> None:
    assert fault_of(receiver, body) == code


def test_introspection(receiver: Receiver) -> None:
    names = call(receiver, "system.listMethods")
    assert set(names) == {
        "pingback.ping",
        "pingback.extensions.getPingbacks",
        "system.listMethods",
        "system.methodHelp",
        "system.methodSignature",
    }
    assert call(receiver, "system.methodSignature", "pingback.ping") == [["string", "string", "string"]]
    for name in names:
        assert call(receiver, "system.methodHelp", name)
        assert call(receiver, "system.methodSignature", name)


def test_a_bug_is_32500_with_its_traceback_in_the_log_alone(pages: Pages, caplog: pytest.LogCaptureFixture) -> None:
    def broken(mention: Mention) -> MentionStatus:
        raise ZeroDivisionError("a secret")

    with Store("sqlite://") as store, Receiver(site=SITE, store=store, client=pages, decide=broken) as receiver:
        body = post(receiver, WORDPRESS_PING)
    with pytest.raises(xmlrpc.client.Fault) as refused:
        xmlrpc.client.loads(body)
    assert (refused.value.faultCode, "secret" in refused.value.faultString) == (-32500, False)
    assert "ZeroDivisionError: a secret" in caplog.text


def test_a_fault_of_the_blog_engine_goes_out_as_it_is(pages: Pages) -> None:
    def closed(target: str) -> bool:
        raise Fault(33, "comments are closed <here> \x01")

    with Store("sqlite://") as store, Receiver(site=SITE, store=store, client=pages, target_exists=closed) as receiver:
        assert fault_of(receiver, WORDPRESS_PING) == 33


def test_too_many_long_lists_at_once_are_50(receiver: Receiver) -> None:
    receiver.listing = Gate(at_once=1, in_hand=1)
    method = "pingback.extensions.getPingbacks"
    with receiver.listing():
        assert fault_of(receiver, xmlrpc.client.dumps((TARGET,), method)) == 50
        post(receiver, WORDPRESS_PING)  # which is no list
    assert call(receiver, method, TARGET) == [SOURCE]
