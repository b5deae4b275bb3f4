"""The pages of a static site, as its generator wrote them into a folder."""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from pingback.posts.values import BuiltPage
from pingback.urls import require_http

MAX_FILE = 1024 * 1024  # bytes; of a page on the web no more is read either

_CHUNK = 64 * 1024
_SUFFIXES = frozenset({".html", ".htm"})
_INDEXES = frozenset({"index.html", "index.htm"})
# What stands for itself in a segment of a path (RFC 3986 §3.3).
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@")


def pages_of(folder: Path, *, base_url: str) -> Iterator[BuiltPage]:
    """Every HTML file below `folder`, which is published at `base_url`, sorted by path.

    A page that is not told is a page that is gone, so nothing is passed over in silence: OSError where the folder, one
    below it or a file cannot be read. Links to files outside of the folder are not followed, nor are links to folders.
    ValueError where `base_url` is not an HTTP URL, or has a query or fragment.
    """
    root = require_http(base_url).removesuffix("/") + "/"
    if "?" in root or "#" in root:
        raise ValueError(f"{base_url!r} is not the URL of a folder")
    for path in sorted(_files_below(folder), key=lambda path: path.parts):
        yield BuiltPage(url=root + _relative_url(path.relative_to(folder)), path=path, fingerprint=_fingerprint(path))


def _files_below(folder: Path) -> Iterator[Path]:
    inside = folder.resolve(strict=True)
    for place, _, names in os.walk(folder, onerror=_raise):
        for path in (Path(place, name) for name in names if os.path.splitext(name)[1].lower() in _SUFFIXES):
            # Only links lead outside, and `walk` follows none; to resolve each file takes as long as to read it.
            if path.is_file() and not (path.is_symlink() and not path.resolve().is_relative_to(inside)):
                yield path


def _raise(error: OSError) -> None:
    raise error


def _relative_url(path: Path) -> str:
    """Where the file is found below the site's URL: the index of a folder is the folder."""
    segments = [_encoded(part) for part in path.parts]
    if path.name in _INDEXES:
        segments[-1] = ""
    return "/".join(segments)


def _encoded(name: str) -> str:
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in os.fsencode(name))


def _fingerprint(path: Path) -> str:
    said = sha256()
    with path.open("rb", buffering=0) as file:
        left = MAX_FILE
        while chunk := file.read(min(left, _CHUNK)):
            said.update(chunk)
            left -= len(chunk)
    return said.hexdigest()
