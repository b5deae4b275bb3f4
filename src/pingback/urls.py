"""URLs as every room sees them: taken apart, resolved and compared by the WHATWG rules (ada-url).

One parser for the guard, the pages and the store, so that no two rooms can disagree about the host of a URL.
"""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

import ada_url

MAX_URL = 8192  # characters; longer ones are nobody's permalink

DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST_HOST = 253  # letters; nobody has a longer one (RFC 1035 §2.3.4), nor would an index of PostgreSQL hold any

_MAX_SHOWN = 200  # characters of a URL in a sentence
# ASCII: without it `ſ` and the Kelvin sign count as s and k, and stand for another host than they look like.
_USERINFO = re.compile(r"\A(\s*https?:[/\\]*)[^/\\?#]*@", re.IGNORECASE | re.ASCII)
_HOST = re.compile(r"\A\s*https?:[/\\]*(\[[^/\\?#]*\]|[^/\\?#:]*)", re.IGNORECASE | re.ASCII)
_PLAIN = re.compile(
    r"https?://(\[[0-9a-f:.]+\]|[a-z0-9\-._~!$&'()*+,;=]+)(?::[0-9]*)?(?:[/?#][a-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*)?",
    re.IGNORECASE | re.ASCII,
)
# A host that has no other spelling: no number, no punycode, and so no need to ask the parser, which takes ten times as
# long: `getPingbacks` shows 10,000 URLs at once.
_PLAINEST_HOST = r"https?://(?:(?!xn--)[a-z0-9-]+\.)*(?!xn--)[a-z][a-z0-9-]*"
_PLAINEST = re.compile(_PLAINEST_HOST + r"(?:[/?#][A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*)?", re.ASCII)
# Such a URL in its normal form, unless a segment is a dot: most links of pages are so.
_NORMAL_FORM = re.compile(
    _PLAINEST_HOST + r"/[A-Za-z0-9\-._~:/@!$&'()*+,;=]*(?:\?[A-Za-z0-9\-._~:/?@!$&()*+,;=%]*)?"
    r"(?:#[A-Za-z0-9\-._~:/?@!$&'()*+,;=%]*)?",
    re.ASCII,
)
# What runs on one's own machine rarely has a certificate.
_HERE = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?=[:/?#]|\Z)", re.IGNORECASE)
_FILE = re.compile(r"[^/]*\.(?:html?|xml|json)", re.IGNORECASE)
_HTTP = tuple(f"{scheme}://" for scheme in DEFAULT_PORTS)
# Escapes that a key spells otherwise, in upper case or as the letter that they stand for, and what has to be escaped.
_ODD = re.compile(
    r"%(?:[a-f][0-9A-Fa-f]|[0-9A-F][a-f]|2[DE]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E)"
    r"|[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]"
)
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class HttpUrl(NamedTuple):
    """An absolute HTTP URL, taken apart. `href` is its normal form; `host` is lower case, IDN as punycode."""

    href: str
    scheme: str
    host: str
    port: int
    has_credentials: bool


@lru_cache(maxsize=1024)
def split(url: str) -> HttpUrl:
    """The parts of an absolute `http` or `https` URL; ValueError for anything else."""
    if len(url) > MAX_URL:
        raise ValueError(f"a URL of {len(url)} characters is too long")
    if "\0" in url:
        raise ValueError("a URL cannot hold NUL")
    try:
        href = ada_url.URL(url).href
    except ValueError:
        raise ValueError(f"{url!r} is not an absolute URL") from None
    # The rest is read off the normal form: to ask the parser for each part takes three times as long.
    scheme, _, rest = href.partition("://")
    credentials, _, server = rest.partition("/")[0].rpartition("@")
    host, colon, port = (server, "", "") if server.endswith("]") else server.rpartition(":")
    if scheme not in DEFAULT_PORTS or not server or _host_is_too_long(href):
        raise ValueError(f"{url!r} is not an HTTP URL")
    return HttpUrl(
        href=href,
        scheme=scheme,
        host=host if colon else server,
        port=int(port) if colon else DEFAULT_PORTS[scheme],
        has_credentials=bool(credentials),
    )


def host_of(url: str) -> str:
    """The host of an HTTP URL as a server: lower case, with the port where that is not the default one."""
    parts = split(url)
    return parts.host if parts.port == DEFAULT_PORTS[parts.scheme] else f"{parts.host}:{parts.port}"


def server_of(url: str) -> str:
    """Whom a request would burden: whichever of its ports is named, and with the root's dot or without (RFC 1034 §3.1),
    a server is the same."""
    return split(url).host.rstrip(".")


def is_at(url: str, hosts: Collection[str]) -> bool:
    """An HTTP URL is at one of these hosts: with its port, as `host_of` gives it, or whichever port it has."""
    return host_of(url) in hosts or split(url).host in hosts


def origin_of(url: str) -> str:
    """Scheme, host and port of an HTTP URL, in normal form, without a slash at the end."""
    return f"{split(url).scheme}://{host_of(url)}"


def is_absolute(url: str) -> bool:
    """`url` has a scheme, whichever, and can be taken apart."""
    return "\0" not in url and len(url) <= MAX_URL and ada_url.check_url(url)


def is_http(url: str) -> bool:
    """`url` is an absolute HTTP URL."""
    try:
        split(url)
    except ValueError:
        return False
    return True


def require_absolute(url: str) -> str:
    """`url` itself; ValueError where it is not absolute. Which scheme it has is for the address guard to ask."""
    if not is_absolute(url):
        raise ValueError(f"{url[:_MAX_SHOWN]!r} is not an absolute URL{did_you_mean(url)}")
    return url


def require_http(url: str) -> str:
    """`url` itself; ValueError where it is not an absolute HTTP URL."""
    if not is_http(url):
        raise ValueError(f"{url[:_MAX_SHOWN]!r} is not an absolute HTTP URL{did_you_mean(url)}")
    return url


def did_you_mean(url: str) -> str:
    """“; did you mean …?”, where somebody left out the scheme of an HTTP URL, or misspelt it."""
    from difflib import get_close_matches  # for this sentence only

    scheme, colon, rest = url.partition("://")
    schemes = get_close_matches(scheme.lower(), DEFAULT_PORTS, n=1, cutoff=0.7) if colon else ["https"]
    if not colon:
        rest = url.removeprefix("//")
        schemes = ["http"] if _HERE.match(rest) else schemes
    meant = f"{schemes[0]}://{rest}" if schemes else ""
    if len(meant) > _MAX_SHOWN or not meant.isprintable() or not is_http(meant) or _FILE.fullmatch(rest):
        return ""
    parts = split(meant)
    named = _HERE.match(rest) or ("." in parts.host and all(parts.host.removesuffix(".").split(".")))
    return f"; did you mean {meant}?" if named and not parts.has_credentials else ""


def resolve(base: str, reference: str) -> str | None:
    """`reference` as an absolute URL, fragment kept; None where it cannot be one."""
    href = _resolved(base, reference)
    return None if href is None or _host_is_too_long(href) else href


def base_of(url: str, reference: str) -> str:
    """What a page's references resolve against, which came from `url` and has a `<base>` with this one."""
    href = _resolved(url, reference)
    if href is None:
        return url
    # Such a host names no server, and to parse it for each reference takes thirty times as long.
    return "about:blank" if _host_is_too_long(href) else href


def _resolved(base: str, reference: str) -> str | None:
    if len(reference) > MAX_URL:
        return None
    if _NORMAL_FORM.fullmatch(reference) and "/." not in reference:
        return reference
    try:
        return ada_url.URL(reference, base).href
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def key_of(url: str) -> str:
    """What is equal for equal HTTP URLs, and only for them; ValueError when `url` is not an HTTP URL.

    Folded are the scheme (`http` and `https`), the case of the host, IDN and punycode, the default port, dot
    segments, an empty path and `/`, and the spelling of percent-encoding (RFC 3986 §6.2.2). The fragment is gone.
    """
    return _key(split(url).href)


def resolve_with_key(reference: str, *, base: str) -> tuple[str, str] | None:
    """`reference` as an absolute URL, and its key, in half the time of two calls; None where it is no HTTP URL."""
    url = resolve(base, reference)
    return (url, _key(url)) if url is not None and url.startswith(_HTTP) and len(url) <= MAX_URL else None


def key_at(reference: str, *, base: str) -> str | None:
    """The key of `reference`, resolved against `base`; None where that is no HTTP URL."""
    url = resolve(base, reference)
    return _key(url) if url is not None and url.startswith(_HTTP) else None


def leads_to(reference: str, key: str, *, base: str) -> bool:
    """`reference`, resolved against `base`, is an HTTP URL that `key_of` gives this key for."""
    url = resolve(base, reference)
    # An escape has three letters for one, so what is longer cannot be equal: much cheaper to see than its key to make.
    if url is None or not url.startswith(_HTTP) or len(url.partition("#")[0]) > 3 * len(key) + len("https://"):
        return False
    return _key(url) == key


def same_url(one: str, other: str) -> bool:
    """Both name the same page; see `key_of`. False where either is not an HTTP URL."""
    try:
        return key_of(one) == key_of(other)
    except ValueError:
        return False


def tidy(url: str) -> str:
    """An HTTP URL as it was written where that is plain RFC 3986, else in its normal form, which any page can show.

    Either way the host that stands there is the one that is asked, IDN as punycode.
    """
    return url if _is_plain(url) else split(url).href


def as_written(reference: str, url: str) -> str:
    """`url`, which `reference` resolves to, as a page wrote it: where that is absolute and plain RFC 3986."""
    written = reference.strip(" \t\r\n\f")
    return written if _is_plain(written) else url


def without_credentials(url: str) -> str:
    """An HTTP URL without user and password: in `https://known.example@other.example/` they look like its host."""
    if "@" not in url or not split(url).has_credentials:
        return url
    parsed = ada_url.URL(url)
    parsed.username = parsed.password = ""
    return parsed.href


def shown(url: str) -> str:
    """`url`, which need not be one, as a sentence or a log can hold it: a stranger chose it, with a password maybe.

    The host of an HTTP URL is the one that is asked, IDN as punycode.
    """
    named = _USERINFO.sub(r"\1", url)
    if is_http(url) and not _names(split(url).host, _HOST.match(named)):
        named = without_credentials(split(url).href)
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in named[:_MAX_SHOWN])


def is_under(url: str, site: str) -> bool:
    """`url` is a page of `site`: same host and port, and the site's path is its path or a folder above it."""
    try:
        page, root = key_of(url), key_of(site)
    except ValueError:
        return False
    folder = root.partition("?")[0].removesuffix("/") + "/"
    path = page.partition("?")[0]
    return path.startswith(folder) or path + "/" == folder


def _host_is_too_long(href: str) -> bool:
    """The host of an HTTP URL in its normal form, with the root's dot and the port."""
    if len(href) <= _LONGEST_HOST or not href.startswith(_HTTP):
        return False
    return len(href.split("/", 3)[2].rpartition("@")[2]) > _LONGEST_HOST + len(".:65535")


def _is_plain(url: str) -> bool:
    """Plain RFC 3986, and no other spelling of its host but for upper case."""
    if len(url) <= MAX_URL and _PLAINEST.fullmatch(url) and not _host_is_too_long(url):
        return True
    found = _PLAIN.fullmatch(url)
    return found is not None and is_http(url) and _names(split(url).host, found)


def _names(host: str, found: re.Match[str] | None) -> bool:
    return found is not None and found[1].isascii() and found[1].lower() == host


def _key(href: str) -> str:
    """The key of a URL in its normal form."""
    _, _, rest = href.partition("#")[0].partition("://")
    authority, slash, path = rest.partition("/")
    return authority + slash + _ODD.sub(lambda found: _NORMAL[found[0]], path)


class _Normal(dict[str, str]):
    """Each escape, and each character that wants one, as it is spelled in a key; made when first met."""

    def __missing__(self, found: str) -> str:
        if len(found) == 1:
            return "".join(f"%{byte:02X}" for byte in found.encode())
        letter = chr(int(found[1:], 16))
        self[found] = normal = letter if letter in _UNRESERVED else found.upper()
        return normal


_NORMAL = _Normal()
