"""Logging in and out."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from math import ceil

from pingback.protocols.headers import retry_after
from pingback.server.http import Response
from pingback.server.inbox.pages import render
from pingback.server.inbox.passwords import KNOWN_DEVICES, STRANGERS, Busy, is_right
from pingback.server.inbox.sessions import LASTS, begun, cookie_header, cookie_of, device_cookie, device_in
from pingback.server.inbox.visit import Visit, see

log = logging.getLogger(__name__)


def login_page(visit: Visit) -> Response:
    """The form, which leads to the page that was asked for."""
    query = f"?{visit.request.query}" if visit.request.query else ""
    return render("login.html", visit, to=visit.request.path + query, trouble=None)


def log_in(visit: Visit) -> Response:
    """A session for the right password. Before it is looked at, the try is counted."""
    login = visit.login
    if login is None:
        return see(visit.root)
    address, password = visit.request.remote_addr, visit.form.text("password") or ""
    device = device_in(visit.request.headers.get("cookie", ""), login, now=visit.now)
    if wait := visit.store.logins.attempt(address, device=device, now=visit.now):
        return _refused(visit, 429, _again_in(wait.total_seconds()), retry_after(wait.total_seconds()))
    try:
        with (KNOWN_DEVICES if device else STRANGERS).turn():
            right = is_right(password, login.password_hash)
    except Busy:
        return _refused(visit, 503, "Too many try to log in. Try again in a few seconds.", retry_after(5))
    if not right:
        log.info("a wrong password for the inbox, from %s", address)
        return _refused(visit, 403, "This is not the password.")
    visit.store.logins.forget(address, device=device)
    session = begun(now=visit.now)
    cookie = cookie_header(cookie_of(session, login), path=visit.root, secure=visit.is_secure, lasts=LASTS)
    known = device_cookie(login, device=device, now=visit.now, path=visit.root, secure=visit.is_secure)
    log.info("logged in to the inbox, from %s", address)
    return replace(_with(visit.back(), cookie), cookies=(known,))


def log_out(visit: Visit) -> Response:
    """The session is over, also for whoever has a copy of its cookie. The device stays one that logged in before."""
    if visit.session is not None:
        visit.store.secrets.end_session(visit.session.id, until=visit.session.until, now=visit.now)
    return _with(see(visit.root), cookie_header("", path=visit.root, secure=visit.is_secure, lasts=LASTS * 0))


def _refused(visit: Visit, status: int, trouble: str, headers: Mapping[str, str] = {}) -> Response:
    to = visit.form.text("to") or ""
    return render("login.html", visit, status=status, headers=headers, to=to, trouble=trouble)


def _again_in(seconds: float) -> str:
    minutes = ceil(seconds / 60)
    return f"Too many tries. The next one may be in {minutes} {'minute' if minutes == 1 else 'minutes'}."


def _with(response: Response, headers: Mapping[str, str]) -> Response:
    return replace(response, headers={**response.headers, **headers})
