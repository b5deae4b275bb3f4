"""XML-RPC as bytes in, values out, and back (xmlrpc.com/spec.md, with `nil` and `i8`), hardened for strangers.

The reader walks the grammar below on the standard library's expat and never sees a DTD. `xmlrpc.client.Unmarshaller`
would take any tags in any order; a ping costs about as much here as its `loads`, and less than with lxml
(`python -m tests.bench.bench_xmlrpc`).

What a refused call hears: -32700 for what is not well-formed XML or has a DTD; -32600 for XML that is not a
`methodCall`, or exceeds a limit; -32602 for a value whose text is not of its type (`<int>many</int>`).
"""

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from xml.parsers import expat

import webencodings

from pingback.errors import BadResponse, Fault, FaultCode
from pingback.protocols import xmlrpc_scalars as scalars
from pingback.protocols.markup import tree_of

if TYPE_CHECKING:
    from lxml import etree

Value: TypeAlias = "scalars.Scalar | Sequence[Value] | Mapping[str, Value]"  # decoders give `list` and `dict`

MAX_BODY = 64 * 1024  # bytes; a ping has 300
MAX_DEPTH = 32  # arrays and structs within one another
MAX_VALUES = 2048  # values in one message; a struct's member counts as two
MAX_TRIED = 10  # elements that may be the reply, where something stands around it

# What may follow what. In each state, the elements that may begin; for each, the state that its parent is in from then
# on, and the state inside it. White space between elements does not count, nor does stray text.
_GRAMMAR: dict[str, dict[str, tuple[str, str]]] = {
    "a call": {"methodCall": ("end", "call")},
    "call": {"methodName": ("named", "text")},
    "named": {"params": ("full", "params")},
    "params": {"param": ("params", "param")},
    "param": {"value": ("full", "value")},
    "value": {
        "string": ("full", "text"),
        **dict.fromkeys(scalars.TAGS, ("full", "scalar")),
        "struct": ("full", "struct"),
        "array": ("full", "array"),
    },
    "struct": {"member": ("struct", "member")},
    "member": {"name": ("member named", "text")},
    "member named": {"value": ("full", "value")},
    "array": {"data": ("full", "data")},
    "data": {"value": ("data", "value")},
    "a response": {"methodResponse": ("end", "response")},
    "response": {"params": ("answered", "one param"), "fault": ("faulted", "fault")},
    "fault": {"value": ("full", "value")},
    "one param": {"param": ("full", "param")},
}
_SPELLED = {tag.lower(): tag for elements in _GRAMMAR.values() for tag in elements}  # in HTML → here
_MAY_END = {"named", "params", "full", "one param", "fault", "answered", "faulted"}  # besides those that end as a value

_BEFORE_XML = "\ufeff \t\r\n"  # old PHP senders put white space, a byte order mark or both before <?xml
_UTF16_STARTS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([^"'>]*)""")

_BEGUN = b"<methodresponse"
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_EMPTY_FAULT = "a fault that says nothing"

_PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n'
_STRING_RESPONSE = (
    _PROLOGUE + "<methodResponse><params><param><value><string>%s</string></value></param></params></methodResponse>\n"
)
_FAULT = (
    _PROLOGUE + "<methodResponse><fault><value><struct>"
    "<member><name>faultCode</name><value><int>%d</int></value></member>"
    "<member><name>faultString</name><value><string>%s</string></value></member>"
    "</struct></value></fault></methodResponse>\n"
)


class Call(NamedTuple):
    """A method that someone asks for, and the values given to it."""

    method: str
    params: tuple[Value, ...]


def decode_call(body: bytes) -> Call:
    """The call in a request's body; Fault as the top of this module says, and nothing else, for any bytes."""
    name, *params = _read(body, "a call").values
    method = str(name).strip()
    if not method:
        raise Fault(FaultCode.NOT_XMLRPC, "the call names no method")
    return Call(method, tuple(params))


def decode_response(body: bytes) -> Value:
    """The value in a reply's body, None where it has no parameter; whatever is printed around the reply is passed over.

    Raises the far side's Fault, its code any integer (also one written as a string, which WordPress accepts too),
    and BadResponse for bytes that are no XML-RPC response.
    """
    try:
        reader = _read(body, "a response")
    except Fault as refusal:
        reader = _read_wrapped(body, refusal)
    return _answered(reader)


def decode_strict_response(body: bytes) -> Value:
    """As `decode_response`, but only of a reply that is well-formed with nothing around it, as some senders want it.

    A fault that is empty is no reply to them.
    """
    try:
        reader = _read(body, "a response")
    except Fault as refusal:
        raise _no_response(refusal) from None
    if reader.ended == "faulted" and not reader.values:
        raise BadResponse(f"the reply is not an XML-RPC response: {_EMPTY_FAULT}")
    return _answered(reader)


def encode_call(method: str, params: Sequence[Value]) -> bytes:
    """A request's body. ValueError or TypeError for what XML-RPC cannot carry; see `encode_response`."""
    name = scalars.encode_text(method)
    inside = "".join([f"<param>{_element(value, 0)}</param>" for value in params])
    call = f"{_PROLOGUE}<methodCall><methodName>{name}</methodName><params>{inside}</params></methodCall>\n"
    return call.encode()


def encode_response(value: Value) -> bytes:
    """A reply's body: well-formed XML 1.0 whatever the strings hold (what XML cannot carry becomes U+FFFD).

    ValueError for integers over 64 bit, doubles that are not finite, aware times and more than `MAX_DEPTH` levels;
    TypeError for types that XML-RPC has not. Times are written to the second.
    """
    if isinstance(value, str):  # every ping's reply: one template
        return (_STRING_RESPONSE % scalars.encode_text(value)).encode()
    response = f"<methodResponse><params><param>{_element(value, 0)}</param></params></methodResponse>\n"
    return (_PROLOGUE + response).encode()


def encode_fault(code: int, message: str) -> bytes:
    """A refusal as a reply's body."""
    return (_FAULT % (code, scalars.encode_text(message))).encode()


class _Reader:
    """Follows the grammar while expat reads; `values` is what has been read, the method's name first in a call."""

    __slots__ = ("_marks", "_states", "ended", "folded", "text", "values")

    def __init__(self, state: str) -> None:
        self.values: list[Value] = []
        self.text: list[str] = []
        self.ended = ""  # the state of the element that ended last; after all, that of the root
        self.folded = 0  # how many values are inside of those in `values`
        self._states = [state]
        self._marks: list[int] = []  # where in `values` each open struct and array begins

    def start(self, tag: str, attributes: object) -> None:
        states = self._states
        try:
            states[-1], inside = _GRAMMAR[states[-1]][tag]
        except KeyError:
            raise Fault(FaultCode.NOT_XMLRPC, f"<{tag[:40]}> has no place there") from None
        if inside in ("struct", "data"):
            self._open()
        states.append(inside)
        self.text.clear()

    def end(self, tag: str) -> None:
        self.ended = state = self._states.pop()
        if state in ("text", "value"):  # a value without a type is a string
            self.values.append("".join(self.text))
        elif state == "scalar":
            try:
                self.values.append(scalars.decode(tag, "".join(self.text)))
            except ValueError as error:
                raise Fault(FaultCode.BAD_PARAMETERS, str(error)) from None
        elif state == "struct":
            items = self._close()
            self.values.append({str(name): value for name, value in zip(items[::2], items[1::2], strict=True)})
        elif state == "data":
            self.values.append(self._close())
        elif state not in _MAY_END:
            raise Fault(FaultCode.NOT_XMLRPC, f"<{tag}> lacks something")

    def _open(self) -> None:
        self._marks.append(len(self.values))
        if len(self._marks) > MAX_DEPTH:
            raise Fault(FaultCode.NOT_XMLRPC, f"more than {MAX_DEPTH} arrays and structs within one another")

    def _close(self) -> list[Value]:
        mark = self._marks.pop()
        items = self.values[mark:]
        del self.values[mark:]
        self.folded += len(items)
        return items


def _read(body: bytes, state: str) -> _Reader:
    if len(body) > MAX_BODY:
        raise Fault(FaultCode.NOT_XMLRPC, f"the message is longer than {MAX_BODY} bytes")
    document = _document(body)
    reader, parser = _Reader(state), _parser()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text.append
    try:
        _parse(parser, document)
    except Fault:
        _parse(_parser(), document)  # if the rest is not even XML, that is what the sender hears
        raise
    if reader.folded + len(reader.values) > MAX_VALUES:
        raise Fault(FaultCode.NOT_XMLRPC, f"more than {MAX_VALUES} values")
    return reader


def _read_wrapped(body: bytes, refusal: Fault) -> _Reader:
    """The reply that stands somewhere in the body, as programs print it among warnings of PHP and a cache's comments.

    It follows the grammar like any other, elements apart that XML-RPC has not. `refusal` is why the body is none.
    """
    for response in islice(tree_of(body).iter("methodresponse") if _may_wrap(body) else (), MAX_TRIED):
        reader = _Reader("a response")
        try:
            _walk(response, reader)
        except Fault as second:
            refusal = second
        else:
            return reader
    raise _no_response(refusal) from None


def _may_wrap(body: bytes) -> bool:
    """What has a document type before the reply is a page of its own; half a reply says nothing, as half a code would
    be another code."""
    before, begun, rest = body.lower().partition(_BEGUN)
    if _BEGUN in rest:  # what a notice names may come before it, and what a comment holds behind
        rest = _COMMENT.sub(b"", rest).rpartition(_BEGUN)[2]
    return len(body) <= MAX_BODY and bool(begun) and b"<!doctype" not in before and b"</methodresponse" in rest


def _walk(response: "etree._Element", reader: _Reader) -> None:
    from lxml import etree

    for event, element in etree.iterwalk(response, events=("start", "end")):
        tag = _SPELLED.get(element.tag)
        if event == "start":
            if tag:
                reader.start(tag, None)
            reader.text.append(element.text or "")
            continue
        # HTML has a <param> of its own, which is empty: the parser puts what stands in it behind it.
        if tag and tag != "param":
            reader.end(tag)
            if tag == "value" and element.getparent().tag == "params":
                reader.end("param")
        reader.text.append(element.tail or "")


def _no_response(refusal: Fault) -> BadResponse:
    return BadResponse(f"the reply is not an XML-RPC response: {refusal.message}")


def _answered(reader: _Reader) -> Value:
    """The value, or the far side's fault raised. One without a usable code is a refusal all the same: code 0."""
    value = reader.values[0] if reader.values else None
    if reader.ended != "faulted":
        return value
    if value is None:
        raise Fault(FaultCode.GENERIC, _EMPTY_FAULT)
    # Serendipity's is not a struct, but the number alone.
    code, message = (value.get("faultCode"), value.get("faultString")) if isinstance(value, Mapping) else (value, value)
    try:
        code = scalars.decode("i8", str(code))
    except ValueError:
        code = None
    raise Fault(code if isinstance(code, int) else FaultCode.GENERIC, message if isinstance(message, str) else "")


def _document(body: bytes) -> bytes | str:
    """The body without what old senders put before it; as text where it is not UTF-8.

    Expat is never left to find out the encoding: it would give a strange one to any codec that Python has.
    """
    try:
        if encoding := _UTF16_STARTS.get(body[:2]):
            return body.decode(encoding).lstrip(_BEFORE_XML)
        document = body.lstrip(_BEFORE_XML.encode())
        declared = _DECLARED.match(document)
        return _decoded(document, declared[1].decode()) if declared else document
    except UnicodeError as error:
        raise Fault(FaultCode.NOT_WELL_FORMED, f"the message is not in its encoding: {error}") from None


def _decoded(document: bytes, label: str) -> bytes | str:
    encoding = webencodings.lookup(label)
    if encoding is None:
        raise Fault(FaultCode.NOT_WELL_FORMED, f"the encoding {label[:40]!r} is unknown")
    if encoding.name.startswith("utf-"):  # .NET declares UTF-16 in what it sends as UTF-8
        return document
    text: str = encoding.codec_info.decode(document, "strict")[0]
    return text


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate("utf-8")
    parser.StartDoctypeDeclHandler = _refuse_dtd
    return parser


def _refuse_dtd(*_: object) -> None:
    """Without a DTD there are no entities to grow, and none to fetch."""
    raise Fault(FaultCode.NOT_WELL_FORMED, "a document type declaration is not allowed")


def _parse(parser: expat.XMLParserType, document: bytes | str) -> None:
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        raise Fault(FaultCode.NOT_WELL_FORMED, f"the message is not well-formed XML: {error}") from None


def _element(value: Value, depth: int) -> str:
    """`depth` counts the arrays and structs around it."""
    if isinstance(value, str):  # first, as a list of pingbacks has thousands, and the question below is a slow one
        return f"<value>{scalars.encode(value)}</value>"
    if not isinstance(value, Mapping | Sequence) or isinstance(value, bytes):
        return f"<value>{scalars.encode(value)}</value>"
    if depth == MAX_DEPTH:
        raise ValueError(f"more than {MAX_DEPTH} arrays and structs within one another")
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise TypeError("the names in a struct are strings")
        members = [
            f"<member><name>{scalars.encode_text(name)}</name>{_element(each, depth + 1)}</member>"
            for name, each in value.items()
        ]
        return f"<value><struct>{''.join(members)}</struct></value>"
    return f"<value><array><data>{''.join([_element(item, depth + 1) for item in value])}</data></array></value>"
