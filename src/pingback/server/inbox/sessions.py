"""The session of an owner who logged in: a signed cookie (RFC 6265), and the token that each change must bring.

Only the cookie says who has a session; the store knows those that were ended before their time. A second cookie stays
after the session: it lets nobody in, but says that this device logged in before. A new password ends both.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe

from itsdangerous import BadData, URLSafeSerializer

from pingback.store.secrets import Login

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
        session = _session_of(value, login, purpose) if given == name else None
        if session is not None and session.until > now:
            return session
    return None


def _session_of(value: str, login: Login, purpose: str) -> Session | None:
    try:
        number, until = _serializer(login, purpose).loads(value)
    except BadData:
        return None
    return Session(id=number, until=datetime.fromtimestamp(until, UTC))


def _serializer(login: Login, purpose: str) -> URLSafeSerializer:
    signing = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    return URLSafeSerializer(login.key, salt=purpose, signer_kwargs=signing)


def _text(signed: str | bytes) -> str:
    return signed if isinstance(signed, str) else signed.decode()
