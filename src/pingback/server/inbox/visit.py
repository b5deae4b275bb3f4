"""`Visit`: a request to the inbox, and who makes it.

The session of an owner who logged in is a signed cookie (RFC 6265); each change must bring a token of it. Only the
cookie says who has a session; the store knows those that were ended before their time. A second cookie stays after the
session: it lets nobody in, but says that this device logged in before. A new password ends both.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from secrets import token_urlsafe

from itsdangerous import BadData, URLSafeSerializer

from pingback.protocols.forms import Form, decode_form, encode_form
from pingback.server.http import Request, Response
from pingback.store import Store
from pingback.store.secrets import Login
from pingback.urls import is_http, same_url

ROOT = "/inbox"

_BELOW = re.compile(r"/inbox(/(outbox(/[0-9]{1,18})?|blocked))?(\?[!-~]{0,2000})?")  # in ASCII: it goes into a header

COOKIE = "pingback_inbox"
LASTS = timedelta(days=14)
DEVICE_COOKIE = "pingback_device"
DEVICE_LASTS = timedelta(days=400)  # since the last login; browsers keep no cookie for longer

# What a signature is for.
_SESSION, _CHANGE, _DEVICE = "pingback inbox session", "pingback inbox change", "pingback inbox device"
_ID_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login that is not over, or a device that is remembered; `until` has whole seconds."""

    id: str
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Visit:
    """`mount` is the path under which the application is, `session` None for who is not logged in.

    `login` is None where no password was set yet: then nobody can. `holds` says whether an HTTP URL is, or could be, a
    page of the owner's sites; `wake` has somebody see to what the owner approved before it was verified.
    """

    request: Request
    store: Store
    now: datetime
    login: Login | None
    session: Session | None
    mount: str
    holds: Callable[[str], bool]
    wake: Callable[[], object]

    @property
    def root(self) -> str:
        """The path of the inbox, as browsers see it."""
        return self.mount + ROOT

    @property
    def token(self) -> str:
        """For the forms of a page; empty where there is nobody to give them to."""
        return token_of(self.session, self.login) if self.session and self.login else ""

    @cached_property
    def query(self) -> Form:
        """Fault where it has too many fields."""
        return decode_form(self.request.query.encode(), None)

    @cached_property
    def form(self) -> Form:
        """What was sent; Fault where that is no form."""
        return decode_form(self.request.body, self.request.content_type)

    @property
    def is_own(self) -> bool:
        """A page of ours caused the request, as far as the browser says; the token must say it, too.

        `Sec-Fetch-Site` comes over TLS and from this machine only. Of `Origin` the scheme does not count: it is
        another here where a proxy in front of us speaks TLS.
        """
        site, origin = self.request.headers.get("sec-fetch-site"), self.request.headers.get("origin")
        if site is not None:
            return site in ("same-origin", "none")
        return origin is None or (is_http(origin) and same_url(origin, self._host))

    @property
    def is_secure(self) -> bool:
        """The browser speaks TLS, to us or to a proxy in front of us."""
        return self.request.base.startswith("https:") or self.request.headers.get("origin", "").startswith("https:")

    @property
    def _host(self) -> str:
        return self.request.base.removesuffix(self.mount)

    def back(self, **said: str | int) -> Response:
        """To the page that a form names in its field `to`; `said` tells it what was done."""
        to = self.form.text("to") or ""
        if not _BELOW.fullmatch(to):
            to = ROOT
        if said:
            to += ("&" if "?" in to else "?") + query_of(**said)
        return see(self.mount + to)


def visit_of(
    request: Request,
    store: Store,
    *,
    now: datetime,
    holds: Callable[[str], bool],
    wake: Callable[[], object] = lambda: None,
) -> Visit:
    """The visit that a request is."""
    login = store.secrets.login()
    session = session_in(request.headers.get("cookie", ""), login, now=now) if login else None
    if session is not None and store.secrets.has_ended(session.id):
        session = None
    return Visit(
        request=request,
        store=store,
        now=now,
        login=login,
        session=session,
        mount=request.mount,
        holds=holds,
        wake=wake,
    )


def query_of(**fields: str | int | None) -> str:
    """A query with the fields that are not empty."""
    return encode_form({name: str(value) for name, value in fields.items() if value}).decode()


def see(location: str) -> Response:
    """To another page, by GET (RFC 9110 §15.4.4)."""
    return Response(status=303, headers={"Location": location}, body=b"")


def begun(*, now: datetime) -> Session:
    """A new session."""
    return Session(id=token_urlsafe(_ID_BYTES), until=(now + LASTS).replace(microsecond=0))


def cookie_of(session: Session, login: Login) -> str:
    """The value of the cookie that proves the session."""
    return _text(_serializer(login, _SESSION).dumps([session.id, int(session.until.timestamp())]))


def session_in(cookies: str, login: Login, *, now: datetime) -> Session | None:
    """The session that a `Cookie` header proves, unless its time is over."""
    return _proven(COOKIE, _SESSION, cookies, login, now)


def device_in(cookies: str, login: Login, *, now: datetime) -> str | None:
    """The id of the device that a `Cookie` header proves to have logged in before, unless that is long ago."""
    device = _proven(DEVICE_COOKIE, _DEVICE, cookies, login, now)
    return device.id if device else None


def device_cookie(login: Login, *, device: str | None, now: datetime, path: str, secure: bool) -> str:
    """A value of `Set-Cookie` by which this device, or a new one, is known when it logs in the next time."""
    until = int((now + DEVICE_LASTS).timestamp())
    value = _text(_serializer(login, _DEVICE).dumps([device or token_urlsafe(_ID_BYTES), until]))
    return _set_cookie(DEVICE_COOKIE, value, path=path, secure=secure, lasts=DEVICE_LASTS, same_site="Strict")


def token_of(session: Session, login: Login) -> str:
    """What a form of this session must hold: no other site can know it."""
    return _text(_serializer(login, _CHANGE).dumps(session.id))


def is_token_of(session: Session, login: Login, token: str) -> bool:
    """The token is that of this session."""
    return hmac.compare_digest(token.encode(errors="replace"), token_of(session, login).encode())


def cookie_header(value: str, *, path: str, secure: bool, lasts: timedelta) -> dict[str, str]:
    """`Set-Cookie`, out of the reach of scripts and of requests that other sites cause, but for links to us."""
    return {"Set-Cookie": _set_cookie(COOKIE, value, path=path, secure=secure, lasts=lasts, same_site="Lax")}


def _set_cookie(name: str, value: str, *, path: str, secure: bool, lasts: timedelta, same_site: str) -> str:
    attributes = [f"Path={path}", f"Max-Age={int(lasts.total_seconds())}", "HttpOnly", f"SameSite={same_site}"]
    return "; ".join([f"{name}={value}", *attributes, *(["Secure"] if secure else [])])


def _proven(name: str, purpose: str, cookies: str, login: Login, now: datetime) -> Session | None:
    for cookie in cookies.split(";"):
        given, _, value = cookie.strip().partition("=")
        if given != name:
            continue
        try:
            number, until = _serializer(login, purpose).loads(value)
        except BadData:
            continue
        session = Session(id=number, until=datetime.fromtimestamp(until, UTC))
        if session.until > now:
            return session
    return None


def _serializer(login: Login, purpose: str) -> URLSafeSerializer:
    return signed_by(login.key, purpose)


def signed_by(key: str, purpose: str) -> URLSafeSerializer:
    """What signs, and knows its own signature, for this purpose only."""
    signing = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    return URLSafeSerializer(key, salt=purpose, signer_kwargs=signing)


def _text(signed: str | bytes) -> str:
    return signed if isinstance(signed, str) else signed.decode()
