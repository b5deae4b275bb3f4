"""A page's bytes as UTF-8 (HTML standard §13.2.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webencodings.labels import LABELS

from pingback.page.encoding import to_utf8

META = '<meta charset="{}">'
HTTP_EQUIV = '<meta http-equiv="Content-Type" content="text/html; charset={}">'

CASES = [
    pytest.param(b"\xef\xbb\xbf\xc3\xa9", "iso-8859-1", "é", id="13.2.3.2-utf8-bom-beats-header"),
    pytest.param("\ufeffé".encode("utf-16-le"), None, "é", id="13.2.3.2-utf16le-bom"),
    pytest.param("\ufeffé".encode("utf-16-be"), "utf-8", "é", id="13.2.3.2-utf16be-bom"),
    pytest.param(b"\xe9", "iso-8859-1", "é", id="header"),
    pytest.param(b"\x93", "iso-8859-1", "“", id="encoding-4.2-latin1-means-windows-1252"),
    pytest.param(META.format("koi8-r").encode() + b"\xd0", "utf-8", "�", id="header-beats-meta"),
    pytest.param(META.format("koi8-r").encode() + b"\xd0", "no-such-charset", "п", id="unknown-header-leaves-meta"),
    pytest.param(META.format("koi8-r").encode() + b"\xd0", None, "п", id="13.2.3.2-meta-charset"),
    pytest.param(HTTP_EQUIV.format("shift_jis").encode() + b"\x82\xa0", None, "あ", id="13.2.3.2-meta-http-equiv"),
    pytest.param(b'<?xml version="1.0" encoding="iso-8859-2"?>\xb9', None, "š", id="xml-declaration"),
    pytest.param(META.format("utf-16").encode() + "é".encode(), None, "é", id="13.2.3.3-utf16-in-ascii-is-utf8"),
    pytest.param(b"<!-- " + META.format("koi8-r").encode() + b" -->\xe9", None, "é", id="meta-in-a-comment-is-none"),
    pytest.param(
        b" " * 1100 + META.format("koi8-r").encode() + b"\xe9", None, "é", id="meta-behind-1024-bytes-is-none"
    ),
    pytest.param("plain é".encode(), None, "é", id="guess-utf8"),
    pytest.param(b"plain \xe9", None, "é", id="guess-windows-1252"),
    pytest.param(b"x" * 3000 + "é".encode(), None, "é", id="guess-far-in"),
    pytest.param("x".encode("utf-16-le"), "utf-16", "x", id="header-utf16"),
]


@pytest.mark.parametrize(("page", "charset", "ending"), CASES)
def test_decoded(page: bytes, charset: str | None, ending: str) -> None:
    assert b"".join(to_utf8([page], charset)).decode("utf-8", "replace").endswith(ending)


@pytest.mark.parametrize(("page", "charset", "ending"), CASES)
def test_the_answer_does_not_depend_on_the_chunks(page: bytes, charset: str | None, ending: str) -> None:
    whole = b"".join(to_utf8([page], charset))
    for size in (1, 2, 3, 7, 1000):
        chunks = [page[start : start + size] for start in range(0, len(page), size)]
        assert b"".join(to_utf8(chunks, charset)) == whole


@given(
    page=st.binary(max_size=60), cut=st.integers(0, 60), charset=st.sampled_from([None, "utf-8", "big5", "utf-16", "x"])
)
def test_any_bytes_cut_anywhere(page: bytes, cut: int, charset: str | None) -> None:
    assert b"".join(to_utf8([page[:cut], page[cut:]], charset)) == b"".join(to_utf8([page], charset))


@pytest.mark.parametrize("label", sorted(LABELS))
def test_every_label_of_the_encoding_standard_gives_text(label: str) -> None:
    """Python's codecs lack some of the web's encodings: `replacement`, `x-user-defined`, `iso-8859-8-i`."""
    for page, charset in ((b"<p>abc\xe9\xff", label), (META.format(label).encode() + b"abc\xe9", None)):
        assert b"".join(to_utf8([page], charset))


def test_nothing_is_taken_before_it_is_needed() -> None:
    taken = to_utf8((part for part in [b"<p>enough"] + [b"x"] * 3), "utf-8")
    assert next(taken) == b"<p>enough"
