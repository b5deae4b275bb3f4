"""A page's bytes as UTF-8, whatever they were sent as.

The order is the HTML standard's: byte order mark, then the charset of the HTTP header, then what the first 1,024 bytes
declare. Without any of these a page is UTF-8 when its first characters beyond ASCII are, and windows-1252 otherwise:
statistical guesses name the wrong legacy encoding too often.
"""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator

import webencodings

HEAD_BYTES = 1024  # how far into a page the HTML standard looks for a declaration

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_MENTIONS_ENCODING = re.compile(rb"charset|encoding", re.IGNORECASE)
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


def to_utf8(chunks: Iterable[bytes], charset: str | None) -> Iterator[bytes]:
    """The page in UTF-8, chunk by chunk; `charset` is what the HTTP header says. Bad bytes become U+FFFD in time.

    The answer does not depend on where the chunks are cut.
    """
    chunks = iter(chunks)
    needed = len(codecs.BOM_UTF8) if _lookup(charset) else HEAD_BYTES
    head, ended = _read_head(chunks, needed)
    bom, encoding = _byte_order_mark(head)
    encoding = encoding or _lookup(charset) or _declared(head)
    decode = _Guess() if encoding is None else _transcoder(encoding)
    yield decode(head[len(bom) :], ended)
    if ended:
        return
    for chunk in chunks:
        yield decode(chunk, False)
    yield decode(b"", True)


def _read_head(chunks: Iterator[bytes], size: int) -> tuple[bytes, bool]:
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= size:
            return head, False
    return head, True


def _byte_order_mark(head: bytes) -> tuple[bytes, str | None]:
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return mark, encoding
    return b"", None


def _lookup(label: str | None) -> str | None:
    found = webencodings.lookup(label) if label else None
    return found.name if found else None


def _declared(head: bytes) -> str | None:
    """The encoding that a `<meta>` or an XML declaration names."""
    visible = _COMMENT.sub(b"", head[:HEAD_BYTES])
    if not _MENTIONS_ENCODING.search(visible):
        return None
    # bs4 takes longer to load than most pages take to read, and most servers name the charset in the header.
    from bs4.dammit import EncodingDetector

    encoding = _lookup(EncodingDetector.find_declared_encoding(visible, is_html=True))
    if encoding in {"utf-16le", "utf-16be"}:
        return "utf-8"  # who could read the declaration as ASCII is not reading UTF-16 (HTML standard §13.2.3.2)
    return "windows-1252" if encoding == "x-user-defined" else encoding


def _transcoder(encoding: str) -> Callable[[bytes, bool], bytes]:
    if encoding == "utf-8":
        return _as_it_is
    known = webencodings.lookup(encoding)  # by the web's names: Python's codecs lack some, and have others
    decoder = (known.codec_info if known else codecs.lookup(encoding)).incrementaldecoder("replace")
    return lambda chunk, final: decoder.decode(chunk, final).encode("utf-8", "replace")


def _as_it_is(chunk: bytes, final: bool) -> bytes:
    return chunk


class _Guess:
    """Undeclared: passes ASCII on, and settles at the first character beyond it."""

    def __init__(self) -> None:
        self._held = b""
        self._settled: Callable[[bytes, bool], bytes] | None = None

    def __call__(self, chunk: bytes, final: bool) -> bytes:
        if self._settled:
            return self._settled(chunk, final)
        chunk = self._held + chunk
        first = _BEYOND_ASCII.search(chunk)
        if first is None:
            self._held = b""
            return chunk
        # The longest UTF-8 character has four bytes: with fewer at hand, wait.
        if len(chunk) - first.start() < 4 and not final:
            self._held = chunk
            return b""
        self._held = b""
        self._settled = _transcoder("utf-8" if _begins_utf8(chunk[first.start() :]) else "windows-1252")
        return self._settled(chunk, final)


def _begins_utf8(rest: bytes) -> bool:
    for length in (2, 3, 4):
        try:
            rest[:length].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return True
    return False
