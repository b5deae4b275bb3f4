"""The texts of XML-RPC's scalars: what is of its type, what is not, and how it is written."""

import contextlib
from datetime import UTC, datetime
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.protocols.xmlrpc_scalars import TAGS, Scalar, decode, encode

NOON = datetime(2004, 2, 29, 12, 0, 5)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [
        pytest.param("int", "2147483647", 2**31 - 1, id="spec-i4-largest"),
        pytest.param("i4", "-2147483648", -(2**31), id="spec-i4-smallest"),
        pytest.param("int", " \n12\t", 12, id="spec-i4-white-space-around"),
        pytest.param("int", "-0012", -12, id="spec-i4-leading-zeros"),
        pytest.param("i8", "-9223372036854775808", -(2**63), id="i8-smallest"),
        pytest.param("ex:i8", "9223372036854775807", 2**63 - 1, id="apache-i8-largest"),
        pytest.param("boolean", " 0 ", False, id="spec-boolean-false"),
        pytest.param("boolean", "1", True, id="spec-boolean-true"),
        pytest.param("double", "-.5", -0.5, id="spec-double-no-digit-before"),
        pytest.param("double", "3.", 3.0, id="spec-double-no-digit-after"),
        pytest.param("double", "3", 3.0, id="spec-double-no-point"),
        pytest.param("double", " 1.5e-7 ", 1.5e-7, id="python-writes-exponents"),
        pytest.param("double", "0" * 60_000 + "1", 1.0, id="spec-double-long"),
        pytest.param("dateTime.iso8601", "20040229T12:00:05", NOON, id="spec-dateTime"),
        pytest.param("dateTime.iso8601", " 2004-02-29T12:00:05Z ", NOON, id="dateTime-as-rfc3339"),
        pytest.param("base64", "", b"", id="spec-base64-empty"),
        pytest.param("base64", "\n  YW\r\nJj\n", b"abc", id="rfc2045-6.8-lines"),
        pytest.param("nil", " ", None, id="nil"),
    ],
)
def test_decode(tag: str, text: str, value: Scalar) -> None:
    decoded = decode(tag, text)
    assert decoded == value
    assert type(decoded) is type(value)


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        pytest.param("int", "", id="spec-i4-empty"),
        pytest.param("int", "1.0", id="spec-i4-point"),
        pytest.param("int", "1 2", id="spec-i4-two"),
        pytest.param("int", "--1", id="spec-i4-two-signs"),
        pytest.param("int", "0x10", id="spec-i4-hex"),
        pytest.param("int", "1_000", id="spec-i4-as-python-writes-it"),
        pytest.param("int", "١٢", id="spec-i4-arabic-digits"),
        pytest.param("i4", "2147483648", id="spec-i4-too-large"),
        pytest.param("i4", "-2147483649", id="spec-i4-too-small"),
        pytest.param("i8", "9223372036854775808", id="i8-too-large"),
        pytest.param("int", "9" * 60_000, id="spec-i4-digits-without-end"),
        pytest.param("int", "0" * 60_000, id="spec-i4-zeros-without-end"),
        pytest.param("boolean", "", id="spec-boolean-empty"),
        pytest.param("boolean", "2", id="spec-boolean-2"),
        pytest.param("boolean", "true", id="spec-boolean-word"),
        pytest.param("double", "1" * 60_000 + "x", id="spec-double-digits-without-end"),
        pytest.param("double", "", id="spec-double-empty"),
        pytest.param("double", ".", id="spec-double-point-alone"),
        pytest.param("double", "nan", id="spec-double-nan"),
        pytest.param("double", "-inf", id="spec-double-infinity"),
        pytest.param("double", "1e999", id="spec-double-too-large"),
        pytest.param("double", "9" * 60_000, id="spec-double-digits-without-end"),
        pytest.param("double", "1,5", id="spec-double-comma"),
        pytest.param("dateTime.iso8601", "", id="spec-dateTime-empty"),
        pytest.param("dateTime.iso8601", "20040229", id="spec-dateTime-no-time"),
        pytest.param("dateTime.iso8601", "20050229T12:00:05", id="spec-dateTime-no-such-day"),
        pytest.param("dateTime.iso8601", "20040229T24:00:00", id="spec-dateTime-no-such-hour"),
        pytest.param("dateTime.iso8601", "00000101T00:00:00", id="spec-dateTime-year-0"),
        pytest.param("dateTime.iso8601", "20040229T12:00:05+01:00", id="spec-dateTime-other-zone"),
        pytest.param("base64", "YW%Jj", id="rfc4648-3.3-other-letter"),
        pytest.param("base64", "YWI", id="rfc4648-3.2-no-padding"),
        pytest.param("base64", "YWI=YWI=", id="rfc4648-3.3-padding-within"),
        pytest.param("base64", "ÄÖÜ", id="rfc4648-3.3-not-ascii"),
        pytest.param("nil", "nil", id="nil-with-text"),
    ],
)
def test_not_of_its_type(tag: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"is no <{tag}>"):
        decode(tag, text)


@pytest.mark.parametrize(
    ("value", "element"),
    [
        pytest.param(-(2**31), "<int>-2147483648</int>", id="spec-i4"),
        pytest.param(2**31, "<i8>2147483648</i8>", id="i8"),
        pytest.param(False, "<boolean>0</boolean>", id="spec-boolean"),
        pytest.param(1e-7, "<double>0.0000001</double>", id="spec-double-no-exponent"),
        pytest.param(1e22, "<double>10000000000000000000000</double>", id="spec-double-large"),
        pytest.param(
            NOON.replace(microsecond=9), "<dateTime.iso8601>20040229T12:00:05</dateTime.iso8601>", id="spec-dateTime"
        ),
        pytest.param(
            NOON.replace(year=32), "<dateTime.iso8601>00320229T12:00:05</dateTime.iso8601>", id="spec-dateTime-early"
        ),
        pytest.param(b"a" * 58, f"<base64>{'YWFh' * 19}YQ==</base64>", id="spec-base64-one-line"),
        pytest.param(None, "<nil/>", id="nil"),
        pytest.param("]]>\0\r", "<string>]]&gt;\ufffd&#13;</string>", id="xml10-2.4-text"),
    ],
)
def test_encode(value: Scalar, element: str) -> None:
    assert encode(value) == element


@pytest.mark.parametrize(
    ("value", "error"),
    [
        pytest.param(2**63, ValueError, id="i8-too-large"),
        pytest.param(-(2**63) - 1, ValueError, id="i8-too-small"),
        pytest.param(nan, ValueError, id="spec-double-nan"),
        pytest.param(inf, ValueError, id="spec-double-infinity"),
        pytest.param(datetime(2004, 2, 29, tzinfo=UTC), ValueError, id="spec-dateTime-has-no-zone"),
        pytest.param({1}, TypeError, id="a-set"),
        pytest.param(1j, TypeError, id="a-complex-number"),
    ],
)
def test_what_cannot_be_carried(value: Scalar, error: type[Exception]) -> None:
    with pytest.raises(error, match="XML-RPC has no"):
        encode(value)


@given(st.sampled_from(TAGS), st.text() | st.text("0123456789+-.eETZ:= \n"))
def test_any_text_gives_a_value_or_a_value_error(tag: str, text: str) -> None:
    with contextlib.suppress(ValueError):
        decode(tag, text)
