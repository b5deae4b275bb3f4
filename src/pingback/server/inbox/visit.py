"""`Visit`: a request to the inbox, and who makes it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from pingback.protocols.forms import Form, decode_form, encode_form
from pingback.server.http import Request, Response
from pingback.server.inbox.sessions import Session, session_in, token_of
from pingback.store import Store
from pingback.store.secrets import Login
from pingback.urls import is_http, same_url

ROOT = "/inbox"

_BELOW = re.compile(r"/inbox(/(outbox(/[0-9]{1,18})?|blocked))?(\?[!-~]{0,2000})?")  # in ASCII: it goes into a header


@dataclass(frozen=True, kw_only=True)
class Visit:
    """`mount` is the path under which the application is, `session` None for who is not logged in.

    `login` is None where no password was set yet: then nobody can. `holds` says whether an HTTP URL is, or could be, a
    page of the owner's sites; `resume` sees to what the owner approved before it was verified.
    """

    request: Request
    store: Store
    now: datetime
    login: Login | None
    session: Session | None
    mount: str
    holds: Callable[[str], bool]
    resume: Callable[[], object]

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
    resume: Callable[[], object] = lambda: None,
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
        resume=resume,
    )


def query_of(**fields: str | int | None) -> str:
    """A query with the fields that are not empty."""
    return encode_form({name: str(value) for name, value in fields.items() if value}).decode()


def see(location: str) -> Response:
    """To another page, by GET (RFC 9110 §15.4.4)."""
    return Response(status=303, headers={"Location": location}, body=b"")
