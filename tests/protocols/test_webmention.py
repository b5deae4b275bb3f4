"""The message of Webmention §3."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.errors import Fault, FaultCode
from pingback.protocols.forms import FORM
from pingback.protocols.linkback import Ping
from pingback.protocols.webmention import decode_webmention, encode_webmention

SOURCE, TARGET = "http://a.example/?p=1&q=ä", "https://b.example/post#more"


def test_written_as_the_norm_shows_it() -> None:
    assert encode_webmention("https://waterpigs.example/post-by-barnaby", "https://aaronpk.example/post-by-aaron") == (
        b"source=https%3A%2F%2Fwaterpigs.example%2Fpost-by-barnaby&target=https%3A%2F%2Faaronpk.example%2Fpost-by-aaron"
    )


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"source=http://a.example/1&target=http://b.example/2", id="W6-bare"),
        pytest.param(b"source=http%3A%2F%2Fa.example%2F1&target=http%3A%2F%2Fb.example%2F2", id="W6-encoded"),
        pytest.param(b"target=http://b.example/2&source=http://a.example/1", id="W6-any-order"),
        pytest.param(b"h=x&source=http://a.example/1&target=http://b.example/2&vouch=y", id="W6-more-fields"),
        pytest.param(b"source=+http://a.example/1%0A&target=%09http://b.example/2+", id="white-space-around"),
    ],
)
def test_read(body: bytes) -> None:
    assert decode_webmention(body, FORM) == Ping("http://a.example/1", "http://b.example/2")


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        pytest.param("", TARGET, "source is missing", id="W15-no-source"),
        pytest.param(SOURCE, "", "target is missing", id="W15-no-target"),
        pytest.param("1", TARGET, "source is not an absolute HTTP URL", id="W15-relative-source"),
        pytest.param(SOURCE, "mailto:a@b.example", "target is not an absolute HTTP URL", id="W15-mailto-target"),
        pytest.param(TARGET, TARGET, "source and target are the same page", id="W15-equal"),
        pytest.param(
            "http://b.example:80/a",
            "https://B.example/a#b",
            "source and target are the same page",
            id="W15-as-good-as-equal",
        ),
    ],
)
def test_refused(source: str, target: str, message: str) -> None:
    with pytest.raises(Fault) as refused:
        decode_webmention(encode_webmention(source, target), FORM)
    assert (refused.value.code, refused.value.message) == (FaultCode.BAD_PARAMETERS, message)


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        pytest.param(b"", FORM, "source is missing", id="W15-nothing"),
        pytest.param(b"source=a&source=b", FORM, "source is given more than once", id="W15-repeated"),
        pytest.param(
            b'{"source": "http://a.example/"}',
            "application/json",
            f"the message is not a form ({FORM}) but application/json",
            id="W6-json",
        ),
    ],
)
def test_no_webmention(body: bytes, content_type: str, message: str) -> None:
    with pytest.raises(Fault) as refused:
        decode_webmention(body, content_type)
    assert refused.value.message == message


PATHS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), max_size=100)


@given(PATHS.map("http://a.example/".__add__), PATHS.map("https://b.example/".__add__))
def test_webmentions_come_back_the_same(source: str, target: str) -> None:
    assert decode_webmention(encode_webmention(source, target), FORM) == Ping(source, target)


@given(st.binary() | st.binary().map(b"source=http://a.example/&target=http://b.example/".__add__))
def test_any_bytes_give_a_value_or_a_fault(body: bytes) -> None:
    with contextlib.suppress(Fault):
        decode_webmention(body, FORM)
