"""The XML-RPC codec: what it reads, what it refuses with which code, and that its own messages come back the same."""

import contextlib
from datetime import datetime
from html import escape
from xmlrpc.client import dumps, loads

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from webencodings import LABELS

from pingback.errors import BadResponse, Fault, FaultCode, PingbackError
from pingback.protocols.xmlrpc import (
    Value,
    decode_call,
    decode_response,
    decode_strict_response,
    encode_call,
    encode_fault,
    encode_response,
)

# Written by hand, not by `encode_call`: the tables below must not depend on the writer.
PING = (
    "<methodCall><methodName>pingback.ping</methodName><params>"
    "<param><value><string>http://a.example/ä</string></value></param>"
    "<param><value><string>http://b.example/</string></value></param></params></methodCall>"
)
READ = ("pingback.ping", ("http://a.example/ä", "http://b.example/"))


def call(value: str) -> bytes:
    """A call with one parameter: what stands within its `<value>`."""
    return f"<methodCall><methodName>m</methodName><params><param>{value}</param></params></methodCall>".encode()


def nested(depth: int) -> bytes:
    opening, closing = "<value><array><data>", "</data></array></value>"
    return call(opening * depth + closing * depth)


def refusal(body: bytes) -> Fault:
    with pytest.raises(Fault) as refused:
        decode_call(body)
    return refused.value


# Values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("<value><i4>-12</i4></value>", -12, id="spec-scalars-i4"),
        pytest.param("<value><int>+7</int></value>", 7, id="spec-scalars-int"),
        pytest.param("<value><boolean>1</boolean></value>", True, id="spec-scalars-boolean"),
        pytest.param("<value><string>a</string></value>", "a", id="spec-scalars-string"),
        pytest.param("<value><double>-12.214</double></value>", -12.214, id="spec-scalars-double"),
        pytest.param(
            "<value><dateTime.iso8601>19980717T14:08:55</dateTime.iso8601></value>",
            datetime(1998, 7, 17, 14, 8, 55),  # noqa: DTZ001
            id="spec-scalars-dateTime",
        ),
        pytest.param("<value><base64>YQBi/w==</base64></value>", b"a\0b\xff", id="spec-scalars-base64"),
        pytest.param("<value>a</value>", "a", id="spec-scalars-no-type-is-a-string"),
        pytest.param("<value/>", "", id="spec-scalars-nothing-is-a-string"),
        pytest.param("<value> a\n</value>", " a\n", id="spec-scalars-no-type-keeps-white-space"),
        pytest.param("<value><string> a </string></value>", " a ", id="spec-scalars-string-keeps-white-space"),
        pytest.param("<value>\n <string>a</string>\n </value>", "a", id="white-space-around-a-string"),
        pytest.param("<value>stray<string>a</string>text</value>", "a", id="stray-text"),
        pytest.param("<value>a<!-- b -->c<?d e?></value>", "ac", id="xml10-2.5-comment-in-text"),
        pytest.param("<value>a<![CDATA[<b>&]]>c</value>", "a<b>&c", id="xml10-2.7-cdata"),
        pytest.param("<value>&lt;&amp;&gt;&quot;&apos;</value>", "<&>\"'", id="xml10-4.6-predefined-entities"),
        pytest.param("<value>&#8217;&#x1F600;</value>", "’😀", id="xml10-4.1-character-references"),
        pytest.param("<value>a\r\nb\rc</value>", "a\nb\nc", id="xml10-2.11-line-ends"),
        pytest.param("<value><nil/></value>", None, id="nil"),
        pytest.param("<value><ex:nil/></value>", None, id="apache-nil"),
        pytest.param("<value><i8>9223372036854775807</i8></value>", 2**63 - 1, id="apache-i8"),
        pytest.param(
            "<value><struct><member><name>a</name><value><int>1</int></value></member>"
            "<member><name>b</name><value>c</value></member></struct></value>",
            {"a": 1, "b": "c"},
            id="spec-structs",
        ),
        pytest.param("<value><struct/></value>", {}, id="spec-structs-empty"),
        pytest.param(
            "<value><struct><member><name>a</name><value/></member>"
            "<member><name>a</name><value>last</value></member></struct></value>",
            {"a": "last"},
            id="spec-structs-a-name-twice",
        ),
        pytest.param(
            "<value><array><data><value><i4>12</i4></value><value>Egypt</value></data></array></value>",
            [12, "Egypt"],
            id="spec-arrays",
        ),
        pytest.param("<value><array><data/></array></value>", [], id="spec-arrays-empty"),
        pytest.param(
            "<value><array><data><value><struct><member><name>n</name>"
            "<value><array><data><value/><value><nil/></value></data></array></value></member></struct></value>"
            "<value>after</value></data></array></value>",
            [{"n": ["", None]}, "after"],
            id="spec-arrays-and-structs-within-one-another",
        ),
    ],
)
def test_value(value: str, expected: Value) -> None:
    _, (decoded,) = decode_call(call(value))
    assert decoded == expected
    assert type(decoded) is type(expected)


# Whole calls


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(PING.encode(), id="no-declaration-is-utf-8"),
        pytest.param(b'<?xml version="1.0"?>' + PING.encode(), id="no-encoding-is-utf-8"),
        pytest.param(b"\n\n " + PING.encode(), id="white-space-before"),
        pytest.param(b'\r\n<?xml version="1.0"?>' + PING.encode(), id="white-space-before-the-declaration"),
        pytest.param(b'\xef\xbb\xbf<?xml version="1.0"?>' + PING.encode(), id="bom"),
        pytest.param(b'\n\xef\xbb\xbf\n<?xml version="1.0"?>' + PING.encode(), id="bom-within-white-space"),
        pytest.param(PING.encode() + b"\n\n<!-- end -->\n", id="xml10-2.1-comment-after"),
        pytest.param(PING.replace("><", "> \r\n\t <").encode(), id="white-space-between"),
        pytest.param(PING.replace("<string>", "").replace("</string>", "").encode(), id="string-missing"),
        pytest.param(PING.replace("<methodCall>", '<methodCall a="b">').encode(), id="attributes"),
        pytest.param(PING.replace("pingback.ping", "\n pingback.ping ").encode(), id="white-space-around-the-method"),
        pytest.param(b"<?xml version='1.0' encoding='UTF-8' ?>" + PING.encode(), id="declared-utf-8"),
        pytest.param(b'<?xml version="1.0" encoding="utf8"?>' + PING.encode(), id="declared-utf8"),
        pytest.param(b'<?xml version="1.0" encoding="utf-16"?>' + PING.encode(), id="declared-utf-16-but-utf-8"),
        pytest.param(b'<?xml version="1.0" encoding="ISO-8859-1"?>' + PING.encode("latin-1"), id="latin-1"),
        pytest.param(b'<?xml version="1.0" encoding="windows-1252"?>' + PING.encode("cp1252"), id="windows-1252"),
        pytest.param(b'<?xml version="1.0" encoding="macintosh"?>' + PING.encode("mac-roman"), id="macintosh"),
        pytest.param(PING.encode("utf-16"), id="xml10-4.3.3-utf-16-with-bom"),
        pytest.param("\ufeff\n".encode("utf-16-be") + PING.encode("utf-16-be"), id="utf-16-be-with-bom-and-line"),
        pytest.param(PING.encode("utf-16-le"), id="utf-16-le-without-bom"),
        pytest.param(PING.encode("utf-16-be"), id="utf-16-be-without-bom"),
        pytest.param(f'<?xml version="1.0" encoding="UTF-16"?>{PING}'.encode("utf-16"), id="declared-utf-16"),
        pytest.param(f'<?xml version="1.0" encoding="latin1"?>{PING}'.encode("utf-16"), id="utf-16-declared-latin-1"),
    ],
)
def test_sloppy_senders_are_read(body: bytes) -> None:
    assert decode_call(body) == READ


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        pytest.param("shift_jis", "日本語", id="shift_jis"),
        pytest.param("euc-kr", "한국어", id="euc-kr"),
        pytest.param("gb2312", "汉语", id="gb2312"),
        pytest.param("big5", "漢語", id="big5"),
        pytest.param("koi8-r", "русский", id="koi8-r"),
        pytest.param("iso-8859-2", "česky", id="iso-8859-2"),
    ],
)
def test_declared_encodings(encoding: str, text: str) -> None:
    body = f'<?xml version="1.0" encoding="{encoding}"?><methodCall><methodName>{text}</methodName></methodCall>'
    assert decode_call(body.encode(encoding)).method == text


def test_params_may_be_missing() -> None:
    assert decode_call(b"<methodCall><methodName>system.listMethods</methodName></methodCall>").params == ()


# Refusals

BILLION_LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]><methodCall><methodName>&a9;</methodName></methodCall>"
).encode()
EXTERNAL = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + call("<value>&e;</value>")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" \n ", id="white-space"),
        pytest.param(b"\xef\xbb\xbf", id="bom-alone"),
        pytest.param(b"\xff\xfe", id="utf-16-bom-alone"),
        pytest.param(b"source=http://a.example/&target=http://b.example/", id="a-form"),
        pytest.param(b"\0" * 100, id="nul"),
        pytest.param(b"\x1f\x8b\x08\0\0\0\0\0", id="gzip"),
        pytest.param(b"<html><p>Not here</html>", id="html"),
        pytest.param(b"<foo/><bar/>", id="xml10-2.1-two-roots"),
        pytest.param(PING.encode() + b"junk", id="xml10-2.1-junk-after"),
        pytest.param(b"<!-- c --><?xml version='1.0'?>" + PING.encode(), id="xml10-2.8-declaration-too-late"),
        pytest.param(b"<!DOCTYPE methodCall>" + PING.encode(), id="plain-doctype"),
        pytest.param(b'<!DOCTYPE x SYSTEM "http://a.example/x.dtd">' + PING.encode(), id="external-dtd"),
        pytest.param(BILLION_LAUGHS, id="billion-laughs"),
        pytest.param(BILLION_LAUGHS.decode().encode("utf-16"), id="billion-laughs-in-utf-16"),
        pytest.param(b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://a.example/">%p;]><x/>', id="parameter-entity"),
        pytest.param(EXTERNAL, id="external-entity"),
        pytest.param(b'<?xml version="1.0" encoding="latin1"?>' + EXTERNAL, id="external-entity-in-latin-1"),
        pytest.param(call("<value>&nbsp;</value>"), id="xml10-4.1-undeclared-entity"),
        pytest.param(call("<value>&#0;</value>"), id="xml10-2.2-reference-to-nul"),
        pytest.param(call("<value>\x08</value>"), id="xml10-2.2-control-character"),
        pytest.param(call("<value>\ufffe</value>"), id="xml10-2.2-noncharacter"),
        pytest.param(call("<value>]]></value>"), id="xml10-2.4-end-of-cdata"),
        pytest.param(call('<value a="1" a="2">x</value>'), id="xml10-3.1-attribute-twice"),
        pytest.param(call("<value>-</value>").replace(b"-", b"\xe4"), id="latin-1-undeclared"),
        pytest.param(call("<value>-</value>").replace(b"-", b"\xed\xa0\x80"), id="utf-8-with-a-surrogate"),
        pytest.param(call("<value>-</value>").replace(b"-", b"\xc0\xbc"), id="utf-8-overlong"),
        pytest.param("\ufeff<a>".encode("utf-16-le") + b"\0\xd8", id="utf-16-lone-surrogate"),
        pytest.param(PING.encode("utf-16")[:-1], id="utf-16-odd-length"),
        pytest.param(PING.encode("utf-32"), id="utf-32"),
        pytest.param(b'<?xml version="1.0" encoding="utf-7"?>' + PING.encode("utf-7"), id="declared-utf-7"),
        pytest.param(b'<?xml version="1.0" encoding="x-unknown"?><a/>', id="xml10-4.3.3-unknown-encoding"),
        pytest.param(b'<?xml version="1.0" encoding="rot13"?><a/>', id="a-codec-of-python"),
        pytest.param(b'<?xml version="1.0" encoding="\xe4"?><a/>', id="xml10-4.3.3-encoding-not-ascii"),
        pytest.param(b'<?xml version="1.0" encoding=""?><a/>', id="xml10-4.3.3-encoding-empty"),
        pytest.param(b'<?xml version="1.0" encoding="shift_jis"?><a>\x81</a>', id="xml10-4.3.3-not-in-its-encoding"),
        pytest.param(call("<value><int>many</int></value>")[:-1], id="wrong-value-but-not-even-xml"),
        pytest.param(b"<foo><bar></foo>", id="wrong-root-but-not-even-xml"),
        pytest.param(nested(33)[:-1], id="too-deep-but-not-even-xml"),
    ],
)
def test_not_well_formed_is_32700(body: bytes) -> None:
    assert refusal(body).code == FaultCode.NOT_WELL_FORMED


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<foo/>", id="another-root"),
        pytest.param(b"<html><body><p>Not here</p></body></html>", id="xhtml"),
        pytest.param(encode_response("done"), id="a-response"),
        pytest.param(b"<methodCall/>", id="spec-request-empty"),
        pytest.param(b"<methodCall><params/></methodCall>", id="spec-request-no-method"),
        pytest.param(b"<methodCall><methodName/></methodCall>", id="spec-request-empty-method"),
        pytest.param(b"<methodCall><methodName> </methodName></methodCall>", id="spec-request-blank-method"),
        pytest.param(b"<methodCall><methodName>a<b/></methodName></methodCall>", id="spec-request-markup-in-method"),
        pytest.param(PING.replace("methodName>", "methodname>").encode(), id="xml10-1.2-case-counts"),
        pytest.param(PING.replace("</params>", "</params><params/>").encode(), id="spec-params-twice"),
        pytest.param(PING.replace("<methodCall>", '<methodCall xmlns:x="y"><x:a/>').encode(), id="foreign-element"),
        pytest.param(call(""), id="spec-param-without-value"),
        pytest.param(call("<value/><value/>"), id="spec-param-two-values"),
        pytest.param(call("<string>a</string>"), id="spec-param-value-left-out"),
        pytest.param(call("<value><text>a</text></value>"), id="spec-scalars-unknown-type"),
        pytest.param(call("<value><int>1</int><int>2</int></value>"), id="spec-scalars-two-types"),
        pytest.param(call("<value><string>a<b>c</b></string></value>"), id="spec-scalars-markup-in-string"),
        pytest.param(call("<value><array/></value>"), id="spec-arrays-without-data"),
        pytest.param(call("<value><array><value/></array></value>"), id="spec-arrays-data-left-out"),
        pytest.param(call("<value><array><data/><data/></array></value>"), id="spec-arrays-data-twice"),
        pytest.param(call("<value><struct><member/></struct></value>"), id="spec-structs-empty-member"),
        pytest.param(
            call("<value><struct><member><name>a</name></member></struct></value>"), id="spec-structs-no-value"
        ),
        pytest.param(call("<value><struct><member><value/></member></struct></value>"), id="spec-structs-no-name"),
        pytest.param(nested(33), id="one-level-too-deep"),
        pytest.param(nested(1000), id="far-too-deep"),
        pytest.param(
            call("<value><array><data>" + "<value/>" * 2047 + "</data></array></value>"), id="2049-with-array-and-name"
        ),
        pytest.param(call("<value/></param><param>" * 2047 + "<value/>"), id="2049-values-with-the-name"),
        pytest.param(PING.encode().ljust(65_537), id="one-byte-too-long"),
    ],
)
def test_not_a_call_is_32600(body: bytes) -> None:
    assert refusal(body).code == FaultCode.NOT_XMLRPC


@pytest.mark.parametrize(
    ("body", "count"),
    [
        pytest.param(PING.encode().ljust(65_536), 2, id="as-long-as-allowed"),
        pytest.param(nested(32), 1, id="as-deep-as-allowed"),
        pytest.param(call("<value/></param><param>" * 2046 + "<value/>"), 2047, id="2048-values-with-the-name"),
        pytest.param(
            call("<value><array><data>" + "<value/>" * 2046 + "</data></array></value>"),
            1,
            id="2048-with-array-and-name",
        ),
    ],
)
def test_at_the_limits(body: bytes, count: int) -> None:
    assert len(decode_call(body).params) == count


def test_wrong_value_is_32602() -> None:
    fault = refusal(call("<value><int>many</int></value>"))
    assert fault.code == FaultCode.BAD_PARAMETERS
    assert fault.message == "'many' is no <int>"


def test_messages_stay_short() -> None:
    assert len(refusal(call(f"<value><int>{'9' * 60_000}</int></value>")).message) < 100
    assert len(refusal(f"<{'a' * 60_000}/>".encode()).message) < 100


def test_truncated_at_every_byte() -> None:
    body = encode_call("pingback.ping", ["http://a.example/ä", {"n": [1, b"x", None]}])
    codes = {refusal(body[:length]).code for length in range(len(body.rstrip()))}
    assert codes == {FaultCode.NOT_WELL_FORMED}


# Responses


def fault_body(members: str) -> bytes:
    return f"<methodResponse><fault><value><struct>{members}</struct></value></fault></methodResponse>".encode()


def bare_fault(value: str) -> bytes:
    return f"<methodResponse><fault>{value}</fault></methodResponse>".encode()


NOTICE = b"<br />\n<b>Notice</b>: Undefined index: a in <b>/srv/x.php</b> on line <b>3</b><br />\n"
CODE, STRING = "<member><name>faultCode</name>%s</member>", "<member><name>faultString</name>%s</member>"


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        pytest.param(
            fault_body(CODE % "<value><int>4</int></value>" + STRING % "<value><string>Too many.</string></value>"),
            4,
            "Too many.",
            id="spec-fault-example",
        ),
        pytest.param(
            fault_body(STRING % "<value>no</value>" + CODE % "<value><i4>-32601</i4></value>"),
            -32601,
            "no",
            id="swapped",
        ),
        pytest.param(fault_body(CODE % "<value><string>48</string></value>"), 48, "", id="wordpress-code-as-string"),
        pytest.param(fault_body(CODE % "<value> 17 </value>"), 17, "", id="code-without-type"),
        pytest.param(fault_body(CODE % "<value>many</value>" + STRING % "<value>a</value>"), 0, "a", id="code-a-word"),
        pytest.param(
            fault_body(CODE % "<value><nil/></value>" + STRING % "<value><int>1</int></value>"), 0, "", id="odd"
        ),
        pytest.param(fault_body(CODE % "<value><i8>5000000000</i8></value>"), 5_000_000_000, "", id="code-of-64-bit"),
        pytest.param(fault_body(""), 0, "", id="P15-no-code-is-generic"),
        pytest.param(bare_fault("\n <value><i4>0</i4></value>\n "), 0, "", id="serendipity-the-code-alone"),
        pytest.param(bare_fault("<value><int>17</int></value>"), 17, "", id="another-code-alone"),
        pytest.param(bare_fault("<value><string>48</string></value>"), 48, "48", id="code-alone-as-string"),
        pytest.param(bare_fault("<value>no</value>"), 0, "no", id="a-sentence-alone"),
        pytest.param(bare_fault("<value><boolean>1</boolean></value>"), 0, "", id="something-else-alone"),
        pytest.param(bare_fault("<value><array><data/></array></value>"), 0, "", id="an-array"),
        *[
            pytest.param(body, 0, "a fault that says nothing", id=f"empty-{number}")
            for number, body in enumerate(
                (
                    bare_fault(""),
                    bare_fault(" \n"),
                    b"<methodResponse><fault/></methodResponse>",
                    NOTICE + bare_fault(""),
                    bare_fault("<value><nil/></value>"),
                )
            )
        ],
        pytest.param(
            b"Notice: <methodResponse> not sent\n" + encode_fault(48, "a"), 48, "a", id="behind-a-notice-that-names-it"
        ),
        pytest.param(NOTICE + bare_fault("<value><i4>0</i4></value>"), 0, "", id="serendipity-behind-a-notice"),
        pytest.param(NOTICE + encode_fault(48, "A & B").replace(b"&amp;", b"&"), 48, "A & B", id="behind-a-notice"),
    ],
)
def test_fault_of_the_far_side(body: bytes, code: int, message: str) -> None:
    with pytest.raises(Fault) as refused:
        decode_response(body)
    assert (refused.value.code, refused.value.message) == (code, message)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<!DOCTYPE html><title>Not found</title>", id="html"),
        pytest.param(PING.encode(), id="a-call"),
        pytest.param(b"<methodResponse/>", id="spec-response-empty"),
        pytest.param(b"<methodResponse><params><param/></params></methodResponse>", id="spec-response-no-value"),
        pytest.param(b"<methodResponse><fault>no</fault><fault/></methodResponse>", id="spec-two-faults"),
        pytest.param(
            NOTICE + b"no &lt;a&gt;, <methodResponse></methodResponse>" + encode_fault(48, "a")[:150],
            id="cut-off-behind-a-notice-that-names-it",
        ),
        pytest.param(b"no <methodResponse>" * 11 + encode_response("a"), id="behind-too-many"),
        pytest.param(
            b"<methodResponse><params><param><value/></param><param><value/></param></params></methodResponse>",
            id="P14-two-values",
        ),
        pytest.param(
            b"<methodResponse><params/><fault><value><struct/></value></fault></methodResponse>",
            id="spec-fault-and-params",
        ),
        pytest.param(encode_response("a").replace(b"string>", b"int>"), id="wrong-value"),
        pytest.param(encode_response("a" * 65_536), id="too-long"),
        pytest.param(NOTICE * 1000 + encode_response("a"), id="too-long-with-what-is-around"),
        pytest.param(NOTICE + encode_fault(48, "a")[:150], id="cut-off-behind-a-notice"),
        pytest.param(NOTICE + b"<methodResponse><params><param/></params></methodResponse>", id="notice-and-no-value"),
        pytest.param(NOTICE + encode_response("a").replace(b"string>", b"int>"), id="notice-and-wrong-value"),
        pytest.param(b"<!-- %s -->" % encode_response("a"), id="in-a-comment"),
        pytest.param(b"<p><![CDATA[%s]]></p>" % encode_response("a"), id="in-cdata"),
        pytest.param(b"<p title='%s'>x</p>" % encode_response("a").replace(b'"', b""), id="in-an-attribute"),
        *[
            pytest.param(f"<{tag}>{encode_response('a').decode()}</{tag}>".encode(), id=f"in-{tag}")
            for tag in ("iframe", "noembed", "noframes", "script", "style", "template", "textarea", "title", "xmp")
        ],
        pytest.param(b"<pre>%s</pre>" % escape(encode_response("a").decode()).encode(), id="escaped"),
        pytest.param(b"<!doctype html><p>x" + encode_response("a"), id="within-a-page"),
        pytest.param(b"<!doctype html><title>Log in</title><form><input name=methodResponse></form>", id="login"),
    ],
)
def test_no_response(body: bytes) -> None:
    with pytest.raises(BadResponse):
        decode_response(body)


def test_a_response_may_hold_nothing() -> None:
    assert decode_response(b"<methodResponse><params/></methodResponse>") is None


REPLY = "<methodResponse><params><param><value>日本</value></param></params></methodResponse>"
STRUCT: Value = {"flerror": False, "message": "hi", "more": [1, {"a": "b"}, b"x"]}


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(NOTICE + encode_response("done"), "done", id="php-notice-before"),
        pytest.param(
            b"\nNotice: a < b && c in /x.php on line 3\n" + encode_response("done"), "done", id="plain-notice"
        ),
        pytest.param(
            b"<font size='1'><table class='xdebug-error'><tr><th colspan=\"5\">( ! ) Notice</th></tr></table></font>"
            + encode_response("done"),
            "done",
            id="xdebug-table",
        ),
        pytest.param(
            b"<b>Notice</b>: <methodResponse> and </methodResponse>, <methodResponse><params> in x\n"
            + encode_response("done")
            + b"<!-- cached <methodResponse -->",
            "done",
            id="notices-that-name-it",
        ),
        pytest.param(
            encode_response("x").replace(b"x", b"<![CDATA[<!-- x]]>") + b"<p>", "<!-- x", id="cdata-with-a-comment"
        ),
        pytest.param(b"\xef\xbb\xbf<!-- a -->" + encode_response("done"), "done", id="bom-and-comment-before"),
        pytest.param(encode_response("done") + b"\n<!-- cached -->", "done", id="comment-behind"),
        pytest.param(encode_response("done") + b"<script>'<p>'</script>", "done", id="script-behind"),
        pytest.param(encode_response("done") + b"<!-- cut", "done", id="open-comment-behind"),
        pytest.param(encode_response("done") + b"<!DOCTYPE html><p>Ads</p>", "done", id="page-behind"),
        pytest.param(encode_response("x").replace(b"x", b"/?a=1&b=2 ok"), "/?a=1&b=2 ok", id="bare-ampersand"),
        pytest.param(encode_response("x").replace(b"x", b"a&nbsp;b&eacute;"), "a\xa0bé", id="entities-of-html"),
        pytest.param(encode_response("x").replace(b"x", b"a\x0b\x00b"), "ab", id="control-characters"),
        pytest.param(encode_response("x").replace(b"x", b"a < <b>b</b>"), "a < b", id="markup-within"),
        pytest.param(encode_response("x").replace(b"x", b"\xe9t\xe9"), "été", id="not-in-its-encoding"),
        pytest.param(encode_response("x").replace(b"<params>", NOTICE + b"<params>"), "x", id="notice-within"),
        pytest.param(encode_response("x").replace(b"x", b"<![CDATA[a & <b>]]>") + b"<p>", "a & <b>", id="cdata"),
        pytest.param(NOTICE + encode_response(STRUCT), STRUCT, id="struct-behind-a-notice"),
        pytest.param(NOTICE + encode_response(None), None, id="nil-behind-a-notice"),
        pytest.param(NOTICE + b"<methodResponse><params/></methodResponse>", None, id="no-parameter-behind-a-notice"),
        pytest.param(
            NOTICE + b"<?xml version='1.0' encoding='Shift_JIS'?>" + REPLY.encode("shift_jis"), "日本", id="charset"
        ),
    ],
)
def test_a_response_with_something_around_it(body: bytes, value: Value) -> None:
    assert decode_response(body) == value


def test_a_strict_response() -> None:
    assert decode_strict_response(encode_response("done")) == "done"
    with pytest.raises(Fault):
        decode_strict_response(encode_fault(17, "no"))
    with pytest.raises(BadResponse):
        decode_strict_response(NOTICE + encode_response("done"))
    with pytest.raises(BadResponse):
        decode_strict_response(bare_fault(""))


# As long as may be, and of what tempts a reader to look twice; the run's time limit would show it.
@pytest.mark.parametrize(
    "piece",
    [
        *("<", "<b", "<b>", "</i>", "&", "&a", "<!--", "<![CDATA[", "<?xml", "<?xml encoding", "<table><tr><td>", "\0"),
        *("<value>", "<methodResponse>", "</methodResponse>", "<textarea>", "<struct><member><name>", "<param>"),
        *("<methodResponse></methodResponse>", "<methodResponse><params>", "<methodResponse><!--"),
    ],
)
def test_long_rubbish_around_a_response_ends(piece: str) -> None:
    rubbish = (piece * 65_000)[:65_000].encode()
    for body in (rubbish, rubbish + encode_response("a"), encode_response("a") + rubbish):
        with contextlib.suppress(PingbackError):
            decode_response(body)


# The writer


def test_call_as_written() -> None:
    assert encode_call("m.n", ["<ä>&\r", 1, True, None]).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<methodCall><methodName>m.n</methodName><params>'
        "<param><value><string>&lt;ä&gt;&amp;&#13;</string></value></param><param><value><int>1</int></value></param>"
        "<param><value><boolean>1</boolean></value></param><param><value><nil/></value></param></params></methodCall>\n"
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("a", "<string>a</string>", id="spec-response-string"),
        pytest.param(
            {"n": ["a", ()]},
            "<struct><member><name>n</name><value><array><data><value><string>a</string></value>"
            "<value><array><data></data></array></value></data></array></value></member></struct>",
            id="spec-structs-and-arrays",
        ),
    ],
)
def test_response_as_written(value: Value, expected: str) -> None:
    assert encode_response(value).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<methodResponse><params><param><value>'
        f"{expected}</value></param></params></methodResponse>\n"
    )


def test_fault_as_written() -> None:
    assert encode_fault(FaultCode.NO_LINK, "no <a>\0").decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<methodResponse><fault><value><struct>'
        "<member><name>faultCode</name><value><int>17</int></value></member>"
        "<member><name>faultString</name><value><string>no &lt;a&gt;\ufffd</string></value></member>"
        "</struct></value></fault></methodResponse>\n"
    )


def arrays(depth: int) -> Value:
    value: Value = "x"
    for _ in range(depth):
        value = [value]
    return value


def test_as_deep_as_can_be_carried() -> None:
    assert decode_response(encode_response(arrays(32))) == arrays(32)


def array_in_itself() -> Value:
    array: list[Value] = []
    array.append(array)
    return array


@pytest.mark.parametrize(
    ("value", "error"),
    [
        pytest.param(array_in_itself(), ValueError, id="array-in-itself"),
        pytest.param(arrays(33), ValueError, id="one-level-too-deep"),
        pytest.param({"a": 2**63}, ValueError, id="integer-over-64-bit"),
        pytest.param([object()], TypeError, id="no-such-type"),
        pytest.param({1: "a"}, TypeError, id="spec-structs-names-are-strings"),
    ],
)
def test_what_cannot_be_carried(value: Value, error: type[Exception]) -> None:
    with pytest.raises(error):
        encode_response(value)
    with pytest.raises(error):
        encode_call("m", [value])


# Properties

XML_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n\r", exclude_characters="￾￿"))
SCALARS = (
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | XML_TEXT
    | st.binary(max_size=50)
    | st.datetimes().map(lambda instant: instant.replace(microsecond=0, fold=0))
)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
SHORT_NUMBERS = st.integers(-(2**31), 2**31 - 1)  # what the standard library writes


def values(scalars: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(XML_TEXT, inner, max_size=4),
        max_leaves=10,
    )


METHODS = st.from_regex(r"[A-Za-z0-9_.:/]+", fullmatch=True)


@given(METHODS, st.lists(values(SCALARS | NUMBERS), max_size=3))
def test_calls_come_back_the_same(method: str, params: list[Value]) -> None:
    decoded = decode_call(encode_call(method, params))
    assert decoded == (method, tuple(params))
    assert repr(decoded.params) == repr(tuple(params))  # 1 is not True, nor 1.0; -0.0 is not 0.0


@given(values(SCALARS | NUMBERS))
def test_responses_come_back_the_same(value: Value) -> None:
    assert repr(decode_response(encode_response(value))) == repr(value)


@given(st.sampled_from(FaultCode) | SHORT_NUMBERS, XML_TEXT)
def test_faults_come_back_the_same(code: int, message: str) -> None:
    with pytest.raises(Fault) as refused:
        decode_response(encode_fault(code, message))
    assert (refused.value.code, refused.value.message) == (code, message)


def as_xml_can(text: str) -> str:
    """What XML 1.0 §2.2 lets through, the rest replaced."""
    return "".join([letter if is_xml(ord(letter)) else "\ufffd" for letter in text])


def is_xml(code: int) -> bool:
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


@given(st.text(st.characters()))
def test_any_text_is_written_as_xml(text: str) -> None:
    for body in (encode_call(text, [text]), encode_response({text: text}), encode_fault(0, text)):
        etree.fromstring(body)  # strict, and not the parser we read with
    assert decode_response(encode_response(text)) == as_xml_can(text)
    assert decode_response(encode_response({text: [text]})) == {as_xml_can(text): [as_xml_can(text)]}


@given(METHODS, st.lists(values(SCALARS | NUMBERS), max_size=3))
def test_the_standard_library_reads_what_we_write(method: str, params: list[Value]) -> None:
    read, name = loads(encode_call(method, params), use_builtin_types=True)
    assert (name, repr(read)) == (method, repr(tuple(params)))


@given(METHODS, st.lists(values(SCALARS | SHORT_NUMBERS), max_size=3))
def test_we_read_what_the_standard_library_writes(method: str, params: list[Value]) -> None:
    body = dumps(tuple(params), method, allow_none=True).encode()  # type: ignore[arg-type]  # a narrower type than it takes
    read, name = loads(body, use_builtin_types=True)
    ours = decode_call(body)
    assert (ours.method, repr(ours.params)) == (name, repr(read))


@given(values(SCALARS | NUMBERS), st.data())
def test_where_both_read_both_read_the_same(value: Value, data: st.DataObject) -> None:
    body = bytearray(encode_call("m", [value]))
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        ours = decode_call(bytes(body))
    except Fault:
        return
    try:
        read, name = loads(bytes(body), use_builtin_types=True)
    except Exception:  # it raises whatever comes
        return
    assert (ours.method, repr(ours.params)) == ((name or "").strip(), repr(read))


TAGS = [
    *("methodCall", "methodResponse", "methodName", "params", "param", "value", "fault"),
    *("struct", "member", "name", "array", "data", "int", "string", "nil", "x"),
]
PIECES = [f"{opening}{tag}>" for tag in TAGS for opening in ("<", "</")] + ["1", " ", "&amp;", "<![CDATA[", "]]>"]
TREES = st.recursive(
    st.sampled_from(["", "1", "a", " ", "<value/>", "<nil/>"]),
    lambda inner: st.builds(
        lambda tag, children: f"<{tag}>{''.join(children)}</{tag}>", st.sampled_from(TAGS), st.lists(inner, max_size=3)
    ),
)


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.lists(st.sampled_from(PIECES)).map("".join).map(str.encode)
    | TREES.map(str.encode)
    | TREES.map(lambda inside: f"<methodCall><methodName>m</methodName>{inside}</methodCall>".encode())
    | TREES.map(lambda inside: f"<methodResponse>{inside}</methodResponse>".encode())
    | st.builds('<?xml version="1.0" encoding="{}"?>{}'.format, st.sampled_from(sorted(LABELS)), TREES).map(str.encode)
)
def test_any_bytes_give_a_value_or_a_pingback_error(body: bytes) -> None:
    for decode in (decode_call, decode_response):
        with contextlib.suppress(PingbackError):
            decode(body)


@given(st.sampled_from(sorted(LABELS)), st.binary())
def test_any_bytes_in_any_encoding_give_a_value_or_a_fault(label: str, text: bytes) -> None:
    head = f'<?xml version="1.0" encoding="{label}"?><methodCall><methodName>'.encode()
    with contextlib.suppress(Fault):
        decode_call(head + text + b"</methodName></methodCall>")
