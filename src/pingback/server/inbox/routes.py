"""Who may see and do what below `/inbox`. Nobody sees or does anything there without a session, but logging in."""

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from pingback.clock import Clock, now
from pingback.errors import Fault, StoreError
from pingback.server.http import Request, Response, plain
from pingback.server.inbox import blocked, mentions, outbox, owner
from pingback.server.inbox.pages import HEADERS, asset, render
from pingback.server.inbox.sessions import is_token_of
from pingback.server.inbox.visit import ROOT, Visit, see, visit_of
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
    visit = visit_of(request, receiver.store, now=clock(), holds=partial(_holds, receiver), resume=receiver.resume)
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
    if visit.session is None:
        return owner.login_page(visit)
    if path in _PAGES:
        return _PAGES[path](visit)
    if path.startswith(outbox.PING):
        return outbox.show_ping(visit, path.removeprefix(outbox.PING))
    return plain(404, "There is nothing here.", HEADERS)


def _change(path: str, visit: Visit) -> Response:
    if not visit.is_own:
        return plain(403, "This was sent by a page of another site.", HEADERS)
    if path == _LOGIN:
        return owner.log_in(visit)
    if path not in _CHANGES:
        return plain(404, "There is nothing here.", HEADERS)
    if visit.session is None or visit.login is None:
        return see(visit.root)
    if not is_token_of(visit.session, visit.login, visit.form.text("token") or ""):
        return plain(403, "This form is from another session: go back, load the page anew, and try again.", HEADERS)
    return _CHANGES[path](visit)


_PAGES: dict[str, Handler] = {
    ROOT: mentions.show,
    f"{ROOT}/outbox": outbox.show,
    f"{ROOT}/blocked": blocked.show,
}

_CHANGES: dict[str, Handler] = {
    f"{ROOT}/decide": mentions.decide,
    f"{ROOT}/again": outbox.send_again,
    f"{ROOT}/block": blocked.block,
    f"{ROOT}/unblock": blocked.unblock,
    f"{ROOT}/logout": owner.log_out,
}
