"""How a page is made of its template, and what each response of the inbox tells the browser.

Jinja escapes whatever stands in a template; words of strangers stand in `<bdi>`, so that their direction ends there.
"""

import hashlib
from collections.abc import Mapping
from functools import cache, partial
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from pingback.captions import VERBS, beginning_of, brief, speaker_of, via, written
from pingback.protocols.headers import NOSNIFF
from pingback.sanitized import sanitized
from pingback.server.http import Response, plain
from pingback.server.inbox.visit import Visit
from pingback.text import clean
from pingback.urls import is_http, split

# The referrer is for ourselves: with `no-referrer`, browsers would say of our own forms that their origin is "null".
HEADERS = NOSNIFF | {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

MAX_LINE = 400  # characters of a stranger that are shown in one place; what is received is mostly shorter

_FOLDER = files("pingback.server.inbox")
_ASSETS = {"inbox.css": "text/css; charset=utf-8", "inbox.js": "text/javascript; charset=utf-8"}
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}  # at the address with this digest


def render(
    template: str, visit: Visit, *, status: int = 200, headers: Mapping[str, str] = {}, **values: object
) -> Response:
    """The page that a template makes of `values`, and of the visit."""
    text = _environment().get_template(template).render(visit=visit, **values)
    return Response(
        status=status,
        headers=HEADERS | {"Content-Type": "text/html; charset=utf-8"} | dict(headers),
        body=text.encode(errors="replace"),
    )


def asset(name: str) -> Response:
    """The stylesheet or the script, which hold nothing that is anybody's."""
    if name not in _ASSETS:
        return plain(404, "There is nothing here.", HEADERS)
    return Response(status=200, headers=HEADERS | _FOR_EVER | {"Content-Type": _ASSETS[name]}, body=_content(name))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pingback.server.inbox"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["assets"] = {name: f"{name}?{_digest(name)}" for name in _ASSETS}
    environment.globals["verbs"] = VERBS
    environment.filters |= {"shown": brief, "host": _host, "line": partial(clean, length=MAX_LINE)}
    environment.filters |= {"sanitized": sanitized, "speaker": speaker_of, "via": via, "written": written}
    environment.filters |= {"beginning": beginning_of}
    environment.tests["http"] = lambda url: url is not None and is_http(url)
    return environment


@cache
def _content(name: str) -> bytes:
    return (_FOLDER / "static" / name).read_bytes()


def _digest(name: str) -> str:
    return hashlib.sha256(_content(name)).hexdigest()[:12]


def _host(url: str) -> str:
    return split(url).host if is_http(url) else ""
