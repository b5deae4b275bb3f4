"""What the XML-RPC codec costs beside the standard library's, and why its reader stands on expat and not on lxml.

`python -m tests.bench.bench_xmlrpc` prints the rows.
"""

from collections.abc import Callable
from xmlrpc.client import Fault as TheirFault
from xmlrpc.client import dumps, loads

from lxml import etree

from pingback.errors import Fault, FaultCode
from pingback.protocols import xmlrpc
from pingback.protocols.linkback import Ping
from pingback.protocols.pingback import ping_of
from tests.bench.timing import Row, compare, judge, show

PING = b"""<?xml version="1.0"?>
<methodCall>
<methodName>pingback.ping</methodName>
<params>
<param><value><string>http://a.example/2026/11/24/a-post-that-links/</string></value></param>
<param><value><string>http://b.example/2026/11/20/the-post-linked-to/</string></value></param>
</params></methodCall>
"""
REPLY = "Pingback from http://a.example/2026/11/24/a-post-that-links/ registered."


def rows() -> list[Row]:
    return [
        Row(
            "XML-RPC: reading a ping, checks included / xmlrpc.client.loads",
            ratio(read, read_loads),
            "x, at most 1.2",
            most=1.2,
        ),
        Row(
            "XML-RPC: reading a ping / the same reader on lxml, as a stream",
            ratio(read, read_lxml),
            "x, under 1: expat",
            most=1,
        ),
        Row(
            "XML-RPC: reading a ping / the same reader on an lxml tree",
            ratio(read, read_lxml_tree),
            "x, under 1: expat",
            most=1,
        ),
        Row("XML-RPC: writing the reply / xmlrpc.client.dumps", ratio(write, write_dumps), "x, at most 1.0", most=1),
        Row(
            "XML-RPC: writing a fault / xmlrpc.client.dumps",
            ratio(write_fault, write_dumps_fault),
            "x, at most 1.0",
            most=1,
        ),
    ]


def ratio(ours: Callable[[], object], theirs: Callable[[], object]) -> float:
    one, other = compare(ours, theirs, rounds=60, times=200)
    return one / other


def read() -> Ping:
    return ping_of(xmlrpc.decode_call(PING))


def read_loads() -> object:
    return loads(PING)


class Target:
    """Our reader behind lxml's parser, refusing what ours refuses."""

    def __init__(self) -> None:
        self.reader = xmlrpc._Reader("a call")
        self.data = self.reader.text.append
        self.start = self.reader.start
        self.end = self.reader.end

    def doctype(self, *_: object) -> None:
        raise Fault(FaultCode.NOT_WELL_FORMED, "a document type declaration is not allowed")

    def close(self) -> list[xmlrpc.Value]:
        return self.reader.values


def read_lxml() -> Ping:
    target = Target()
    parser = etree.XMLParser(target=target, resolve_entities=False)  # type: ignore[arg-type]  # it may leave out comments
    parser.feed(PING)
    parser.close()
    return ping_in(target.reader)


SHARED_PARSER = etree.XMLParser(resolve_entities=False)


def read_lxml_tree() -> Ping:
    root = etree.fromstring(PING, SHARED_PARSER)
    if root.getroottree().docinfo.internalDTD is not None:
        raise Fault(FaultCode.NOT_WELL_FORMED, "a document type declaration is not allowed")
    reader = xmlrpc._Reader("a call")
    walk(root, reader)
    return ping_in(reader)


def walk(element: etree._Element, reader: xmlrpc._Reader) -> None:
    reader.start(element.tag, None)
    if element.text:
        reader.text.append(element.text)
    for child in element:
        walk(child, reader)
    reader.end(element.tag)


def ping_in(reader: xmlrpc._Reader) -> Ping:
    method, *params = reader.values
    return ping_of(xmlrpc.Call(str(method), tuple(params)))


def write() -> bytes:
    return xmlrpc.encode_response(REPLY)


def write_dumps() -> bytes:
    return dumps((REPLY,), methodresponse=True).encode()


def write_fault() -> bytes:
    return xmlrpc.encode_fault(FaultCode.NO_LINK, REPLY)


def write_dumps_fault() -> bytes:
    return dumps(TheirFault(17, REPLY), methodresponse=True).encode()


if __name__ == "__main__":
    judge(show(rows()))
