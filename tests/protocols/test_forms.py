"""Forms as strangers send them: in any charset, broken, too large, or no forms at all."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webencodings import LABELS

from pingback.errors import Fault, FaultCode
from pingback.protocols.forms import FORM, decode_form, encode_form

CHARSETS = sorted(LABELS)


def refusal(body: bytes, content_type: str | None = FORM) -> str:
    """What the sender hears: the reason for which there is no field "a" in it."""
    with pytest.raises(Fault) as refused:
        decode_form(body, content_type).text("a")
    assert refused.value.code == FaultCode.BAD_PARAMETERS
    return refused.value.message


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(b"a=b", "b", id="url-5.1-plain"),
        pytest.param(b"x=1&a=b&y", "b", id="url-5.1-among-others"),
        pytest.param(b"a=b+c%20d%2Be", "b c d+e", id="url-5.1-plus-is-a-blank"),
        pytest.param(b"a=b=c", "b=c", id="url-5.1-first-equals-sign-counts"),
        pytest.param(b"a", "", id="url-5.1-no-equals-sign"),
        pytest.param(b"a=", "", id="url-5.1-empty"),
        pytest.param(b"&&a=b&", "b", id="url-5.1-empty-sequences"),
        pytest.param(b"%61=b", "b", id="url-5.1-name-is-decoded"),
        pytest.param(b"a=%C3%A9%c3%a9", "éé", id="url-5.1-percent-encoded-utf-8"),
        pytest.param(b"a=\xc3\xa9", "é", id="url-5.1-bare-bytes"),
        pytest.param(b"a=%zz%4", "%zz%4", id="url-1.3-no-escape"),
        pytest.param(b"a=b;c=d", "b;c=d", id="url-5.1-semicolon-parts-nothing"),
        pytest.param(b"A=b", None, id="names-have-a-case"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_field(body: bytes, value: str | None) -> None:
    assert decode_form(body, FORM).text("a") == value


@pytest.mark.parametrize(
    ("body", "content_type", "value"),
    [
        pytest.param(b"a=%e9", f"{FORM}; charset=ISO-8859-1", "é", id="T2-latin-1"),
        pytest.param(b"a=%93", f"{FORM}; charset=ISO-8859-1", "“", id="encoding-4.2-latin-1-is-windows-1252"),
        pytest.param(b"a=%83%5c%83", f"{FORM}; charset=Shift_JIS", "ソ�", id="T2-shift-jis-cut"),
        pytest.param(b"a=%93%fa%96%7b", f'{FORM}; charset="shift_jis"', "日本", id="T2-shift-jis-quoted"),
        pytest.param(b"a=%93%FA%96{", f"{FORM}; charset=Shift_JIS", "日本", id="T2-shift-jis-second-byte-bare"),
        pytest.param(b"a=%c6%fc", f"{FORM}; charset=EUC-JP", "日", id="T2-euc-jp"),
        pytest.param(b"a=%c7%d1", f"{FORM}; charset=EUC-KR", "한", id="T2-euc-kr"),
        pytest.param(b"a=%ff", f"{FORM}; charset=utf-8", "�", id="T2-bad-bytes"),
        pytest.param(b"a=%e9&charset=utf-8", f"{FORM}; charset=latin1", "é", id="T2-header-before-field"),
        pytest.param(b"a=%93%fa&charset=Shift_JIS", FORM, "日", id="wordpress-charset-field"),
        pytest.param(b"charset=Shift_JIS&a=%93%fa", FORM, "日", id="wordpress-charset-field-before"),
        pytest.param(b"a=%93%fa&charset=Shift_JIS&charset=utf-8", FORM, "日", id="first-charset-field-counts"),
        pytest.param(b"a=%c3%a9", FORM, "é", id="guess-utf-8"),
        pytest.param(b"a=%e9", FORM, "é", id="guess-windows-1252"),
        pytest.param(b"a=%93%c3%a9", FORM, "“Ã©", id="guess-utf-8-strictly"),
        pytest.param(b"a=%81", FORM, "�", id="guess-windows-1252-has-gaps"),
        pytest.param(b"a=%2BAOk-", f"{FORM}; charset=UTF-7", "+AOk-", id="encoding-4.2-utf-7-is-none"),
        pytest.param(b"a=%e9&charset=latin1", f"{FORM}; charset=UTF-7", "é", id="encoding-4.2-utf-7-then-field"),
        pytest.param(b"a=%c3%a9&charset=bogus%ff", f"{FORM}; charset=bogus", "é", id="encoding-4.2-unknown"),
        pytest.param(b"a=%c3%a9", f"{FORM}; charset=rot13", "é", id="encoding-4.2-pythons-own-is-none"),
        pytest.param(b"a=b", f"{FORM}; charset=utf-16", "b", id="encoding-4.3-no-form-is-utf-16"),
        pytest.param(b"a=%c3%a9", f"{FORM}; charset=iso-2022-cn", "é", id="encoding-4.3-replacement-is-none"),
        pytest.param(b"a=%ef%bb%bfb", FORM, "b", id="byte-order-mark"),
    ],
)
def test_charset(body: bytes, content_type: str, value: str) -> None:
    assert decode_form(body, content_type).text("a") == value


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param(None, id="absent"),
        pytest.param("", id="empty"),
        pytest.param("Application/X-WWW-Form-URLencoded", id="any-case"),
        pytest.param(f"{FORM};charset=UTF-8;", id="parameters"),
    ],
)
def test_a_form(content_type: str | None) -> None:
    assert decode_form(b"a=b", content_type).text("a") == "b"


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        pytest.param(b"a=b", "text/plain", f"the message is not a form ({FORM}) but text/plain", id="T2-text"),
        pytest.param(
            b"a=b",
            "multipart/form-data; boundary=x",
            f"the message is not a form ({FORM}) but multipart/form-data",
            id="T2-multipart",
        ),
        pytest.param(b"a=" + b"b" * 65_535, FORM, "the form is longer than 65536 bytes", id="too-long"),
        pytest.param(b"&" * 100, FORM, "the form has more than 100 fields", id="too-many-fields"),
        pytest.param(b"a=b&c=d&a=b", FORM, "a is given more than once", id="repeated"),
    ],
)
def test_refused(body: bytes, content_type: str, message: str) -> None:
    assert refusal(body, content_type) == message


def test_as_large_as_may_be() -> None:
    assert decode_form(b"a=".ljust(65_536, b"b"), FORM).text("a") == "b" * 65_534
    assert decode_form(b"x&" * 99 + b"a=b", FORM).text("a") == "b"


@pytest.mark.parametrize(
    ("body", "url"),
    [
        pytest.param(b"a=http%3A%2F%2Fa.example%2F%3Fb%26c%23d", "http://a.example/?b&c#d", id="as-written"),
        pytest.param(b"a=%0A+https://a.example+", "https://a.example", id="white-space-around"),
        pytest.param(b"a=http://a.example/%C3%A9", "http://a.example/é", id="rfc3987"),
    ],
)
def test_url(body: bytes, url: str) -> None:
    assert decode_form(body, FORM).url("a") == url


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"b=http://a.example/", "a is missing", id="missing"),
        pytest.param(b"a=", "a is missing", id="empty"),
        pytest.param(b"a=+%09", "a is missing", id="blank"),
        pytest.param(b"a=http://a.example/&a=http://a.example/", "a is given more than once", id="repeated"),
        pytest.param(b"a=/b", "a is not an absolute HTTP URL", id="W15-relative"),
        pytest.param(b"a=//a.example/", "a is not an absolute HTTP URL", id="W15-no-scheme"),
        pytest.param(b"a=javascript:alert(1)", "a is not an absolute HTTP URL", id="W15-javascript"),
        pytest.param(b"a=ftp://a.example/", "a is not an absolute HTTP URL", id="W15-ftp"),
        pytest.param(b"a=http://", "a is not an absolute HTTP URL", id="W15-no-host"),
        pytest.param(b"a=http://a.example/%00", "a is not an absolute HTTP URL", id="W15-nul"),
        pytest.param(b"a=http://a.example/" + b"b" * 9000, "a is not an absolute HTTP URL", id="W15-too-long"),
    ],
)
def test_no_url(body: bytes, message: str) -> None:
    with pytest.raises(Fault) as refused:
        decode_form(body, FORM).url("a")
    assert (refused.value.code, refused.value.message) == (FaultCode.BAD_PARAMETERS, message)


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        pytest.param({"a": "b c", "d": "&=+%"}, b"a=b+c&d=%26%3D%2B%25", id="url-5.2-escapes"),
        pytest.param({"é": "日"}, b"%C3%A9=%E6%97%A5", id="url-5.2-utf-8"),
        pytest.param({}, b"", id="url-5.2-nothing"),
    ],
)
def test_encode(fields: dict[str, str], body: bytes) -> None:
    assert encode_form(fields) == body


def test_utf_8_cannot_carry_a_lone_surrogate() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        encode_form({"a": "\ud800"})


TEXT = st.text().filter(lambda text: not text.startswith("\ufeff"))


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: name != "charset"), TEXT, max_size=5))
def test_forms_come_back_the_same(fields: dict[str, str]) -> None:
    form = decode_form(encode_form(fields), FORM)
    assert {name: form.text(name) for name in fields} == fields
    assert len(form.fields) == len(fields)


@given(st.binary() | st.text("a=&+%0Ff").map(str.encode), st.none() | st.text() | st.sampled_from(CHARSETS))
def test_any_bytes_give_a_value_or_a_fault(body: bytes, charset: str | None) -> None:
    for content_type in (charset, f"{FORM}; charset={charset}"):
        with contextlib.suppress(Fault):
            decode_form(body, content_type).text("a")


@given(st.sampled_from(CHARSETS), st.binary())
def test_any_bytes_in_any_charset_are_text(label: str, value: bytes) -> None:
    body = b"a=" + "".join(f"%{byte:02x}" for byte in value).encode()
    assert isinstance(decode_form(body, f"{FORM}; charset={label}").text("a"), str)
