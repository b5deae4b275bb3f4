"""Who may see and do what below `/inbox`. Nobody sees or does anything there without a session, but logging in."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, TypeAlias

from pingback.clock import Clock, now
from pingback.errors import Fault, StoreError
from pingback.protocols.headers import retry_after
from pingback.server.http import Request, Response, plain
from pingback.server.inbox import mentions, outbox
from pingback.server.inbox.pages import HEADERS, asset, render
from pingback.server.inbox.passwords import KNOWN_DEVICES, STRANGERS, Busy, is_right
from pingback.server.inbox.visit import (
    LASTS,
    ROOT,
    Visit,
    begun,
    cookie_header,
    cookie_of,
    device_cookie,
    device_in,
    is_token_of,
    see,
    visit_of,
)
from pingback.urls import key_of, same_url

if TYPE_CHECKING:
    from pingback.receive.receiver import Receiver

Handler: TypeAlias = Callable[[Visit], Response]

_STATIC = f"{ROOT}/static/"
_LOGIN = f"{ROOT}/login"

log = logging.getLogger(__name__)


def answer(request: Request, receiver: "Receiver", *, clock: Clock = now) -> Response:
    """The response to whatever is asked of the inbox; raises nothing."""
    try:
        return _answer(request, receiver, clock)
    except Fault as fault:  # a form that is none
        return plain(400, fault.message, HEADERS)
    except StoreError as error:
        log.error("the inbox cannot be shown: %s", error)
        return plain(503, "The database cannot be used; the log says why.", HEADERS)
    except Exception:  # the end of a request
        log.exception("the inbox failed")
        return plain(500, "something went wrong here", HEADERS)


def _answer(request: Request, receiver: "Receiver", clock: Clock) -> Response:
    path = request.path.rstrip("/")
    if path.startswith(_STATIC):
        return asset(path.removeprefix(_STATIC))
    visit = visit_of(request, receiver.store, now=clock(), holds=partial(_holds, receiver), wake=receiver.wake)
    if request.method == "POST":
        return _change(path, visit)
    return _show(path, visit)


def _holds(receiver: "Receiver", url: str) -> bool:
    """Asked for the page with this path, at this host, the site names it."""
    _, _, path = key_of(url).partition("/")
    return same_url(receiver.target_at(f"/{path}", asked_at=url), url)


def _show(path: str, visit: Visit) -> Response:
    if path in _CHANGES or path == _LOGIN:
        return see(visit.root)
    if visit.login is None:
        return render("no_password.html", visit)
    if visit.session is None:  # the form leads to the page that was asked for
        query = f"?{visit.request.query}" if visit.request.query else ""
        return render("login.html", visit, to=visit.request.path + query, trouble=None)
    if path in _PAGES:
        return _PAGES[path](visit)
    if path.startswith(outbox.PING):
        return outbox.show_ping(visit, path.removeprefix(outbox.PING))
    return plain(404, "There is nothing here.", HEADERS)


def _change(path: str, visit: Visit) -> Response:
    if not visit.is_own:
        return plain(403, "This was sent by a page of another site.", HEADERS)
    if path == _LOGIN:
        return _log_in(visit)
    if path not in _CHANGES:
        return plain(404, "There is nothing here.", HEADERS)
    if visit.session is None or visit.login is None:
        return see(visit.root)
    if not is_token_of(visit.session, visit.login, visit.form.text("token") or ""):
        return plain(403, "This form is from another session: go back, load the page anew, and try again.", HEADERS)
    return _CHANGES[path](visit)


def _log_in(visit: Visit) -> Response:
    """A session for the right password. Before it is looked at, the try is counted."""
    login = visit.login
    if login is None:
        return see(visit.root)
    address, password = visit.request.remote_addr, visit.form.text("password") or ""
    device = device_in(visit.request.headers.get("cookie", ""), login, now=visit.now)
    if wait := visit.store.logins.attempt(address, device=device, now=visit.now):
        minutes = ceil(wait.total_seconds() / 60)
        trouble = f"Too many tries. The next one may be in {minutes} {'minute' if minutes == 1 else 'minutes'}."
        return _refused(visit, 429, trouble, retry_after(wait.total_seconds()))
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


def _log_out(visit: Visit) -> Response:
    """The session is over, also for whoever has a copy of its cookie. The device stays one that logged in before."""
    if visit.session is not None:
        visit.store.secrets.end_session(visit.session.id, until=visit.session.until, now=visit.now)
    return _with(see(visit.root), cookie_header("", path=visit.root, secure=visit.is_secure, lasts=LASTS * 0))


def _refused(visit: Visit, status: int, trouble: str, headers: Mapping[str, str] = {}) -> Response:
    to = visit.form.text("to") or ""
    return render("login.html", visit, status=status, headers=headers, to=to, trouble=trouble)


def _with(response: Response, headers: Mapping[str, str]) -> Response:
    return replace(response, headers={**response.headers, **headers})


_PAGES: dict[str, Handler] = {
    ROOT: mentions.show,
    f"{ROOT}/outbox": outbox.show,
    f"{ROOT}/blocked": mentions.show_blocked,
}

_CHANGES: dict[str, Handler] = {
    f"{ROOT}/decide": mentions.decide,
    f"{ROOT}/again": outbox.send_again,
    f"{ROOT}/block": mentions.block,
    f"{ROOT}/unblock": mentions.unblock,
    f"{ROOT}/logout": _log_out,
}
