"""The session of an owner who logged in: a signed cookie (RFC 6265), and the token that each change must bring.

Only the cookie says who has a session; the store knows those that were ended before their time.
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

_SESSION, _CHANGE = "pingback inbox session", "pingback inbox change"  # what a signature is for
_ID_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login that is not over; `until` has whole seconds."""

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
    for cookie in cookies.split(";"):
        name, _, value = cookie.strip().partition("=")
        session = _session_of(value, login) if name == COOKIE else None
        if session is not None and session.until > now:
            return session
    return None


def token_of(session: Session, login: Login) -> str:
    """What a form of this session must hold: no other site can know it."""
    return _text(_serializer(login, _CHANGE).dumps(session.id))


def is_token_of(session: Session, login: Login, token: str) -> bool:
    """The token is that of this session."""
    return hmac.compare_digest(token.encode(errors="replace"), token_of(session, login).encode())


def cookie_header(value: str, *, path: str, secure: bool, lasts: timedelta) -> dict[str, str]:
    """`Set-Cookie`, out of the reach of scripts and of requests that other sites cause, but for links to us."""
    attributes = [f"Path={path}", f"Max-Age={int(lasts.total_seconds())}", "HttpOnly", "SameSite=Lax"]
    return {"Set-Cookie": "; ".join([f"{COOKIE}={value}", *attributes, *(["Secure"] if secure else [])])}


def _session_of(value: str, login: Login) -> Session | None:
    try:
        number, until = _serializer(login, _SESSION).loads(value)
    except BadData:
        return None
    return Session(id=number, until=datetime.fromtimestamp(until, UTC))


def _serializer(login: Login, purpose: str) -> URLSafeSerializer:
    signing = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    return URLSafeSerializer(login.key, salt=purpose, signer_kwargs=signing)


def _text(signed: str | bytes) -> str:
    return signed if isinstance(signed, str) else signed.decode()
