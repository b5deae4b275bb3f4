"""The outbox: what was sent, what came of it and why, and the wish to have it sent again."""

import re
from collections.abc import Collection, Mapping
from functools import partial
from typing import NamedTuple

from pingback.model import OutcomeStatus
from pingback.protocols.forms import Form
from pingback.protocols.table import retelling
from pingback.sending.transitions import again
from pingback.server.http import Response, plain
from pingback.server.inbox.pages import HEADERS, render
from pingback.server.inbox.visit import ROOT, Visit, query_of

PAGE = 50  # pings
TOGETHER = 500  # pings that are read and made due at once, so that others can write meanwhile
MOST_AGAIN = 2000  # by one click; they take about a second
PING = f"{ROOT}/outbox/"

# The tabs: which outcomes they show, none for all.
TABS: Mapping[str, tuple[OutcomeStatus, ...]] = {
    "all": (),
    "waiting": (OutcomeStatus.WAITING,),
    "failed": (OutcomeStatus.FAILED,),
    "accepted": (OutcomeStatus.ACCEPTED, OutcomeStatus.ALREADY),
    "refused": (OutcomeStatus.REFUSED, OutcomeStatus.BLOCKED, OutcomeStatus.GONE),
    "no endpoint": (OutcomeStatus.UNSUPPORTED, OutcomeStatus.SKIPPED),
}

# What the far side took, or is not to hear of, is not sent again (`Outbox.send_again`).
_SENDABLE = frozenset(OutcomeStatus) - {OutcomeStatus.ACCEPTED, OutcomeStatus.ALREADY, OutcomeStatus.SKIPPED}

_ID = re.compile(r"[0-9]{1,18}")


class View(NamedTuple):
    """Which pings are looked at."""

    tab: str
    search: str
    before: int | None

    def address(self, *, tab: str | None = None, before: int | None = None) -> str:
        """The address of this view without its place, or of the same search elsewhere."""
        return f"{ROOT}/outbox?{query_of(tab=tab or self.tab, q=self.search, before=before)}"

    @property
    def here(self) -> str:
        """The address of this view."""
        return self.address(before=self.before)


def show(visit: Visit) -> Response:
    """A page of pings, those that were planned last first."""
    view = _view_of(visit.query)
    box = visit.store.outbox
    pings, before = box.page(statuses=TABS[view.tab], search=view.search, before=view.before, size=PAGE)
    counts = box.counts()
    return render(
        "outbox.html",
        visit,
        view=view,
        pings=pings,
        older=before and view.address(before=before),
        tabs={tab: sum(counts[status] for status in statuses or counts) for tab, statuses in TABS.items()},
        sendable=_SENDABLE,
        can_send_found=bool(_found_in(view.tab)),
        did=visit.query.text("did"),
        number=_number(visit.query.text("n")) or 0,
    )


def show_ping(visit: Visit, number: str) -> Response:
    """One ping with all tries that are kept, the last one first, and what went over the wire."""
    ping = visit.store.outbox.at(int(number)) if _ID.fullmatch(number) else None
    if ping is None:
        return plain(404, "There is no such ping.", HEADERS)
    attempts = list(reversed(visit.store.outbox.attempts(ping)))
    return render("ping.html", visit, ping=ping, attempts=attempts, sendable=_SENDABLE, did=visit.query.text("did"))


def send_again(visit: Visit) -> Response:
    """The ping that a button stands beside, all that are selected, or all that are found, are due at once."""
    one = _number(visit.form.text("one"))
    word = visit.form.text("all")
    if one is None and not word:
        return visit.back()
    if one is None and word == "found":
        return _send_found(visit)
    selected = (value.decode(errors="replace") for name, value in visit.form.fields if name == b"id")
    ids = [int(value) for value in selected if _ID.fullmatch(value)] if one is None else [one]
    changed = _make_due(visit, ids)
    return visit.back(did="again", n=changed) if changed else visit.back(did="nothing")


def _send_found(visit: Visit) -> Response:
    """All that the view shows, on whichever of its pages; where these are very many, the newest of them."""
    view = _view_of(visit.form)
    before, changed = None, 0
    while statuses := _found_in(view.tab):
        pings, before = visit.store.outbox.page(statuses=statuses, search=view.search, before=before, size=TOGETHER)
        changed += _make_due(visit, [ping.id for ping in pings])
        if before is None or changed >= MOST_AGAIN:
            break
    if not changed:
        return visit.back(did="nothing")
    return visit.back(did="again" if before is None else "some", n=changed)


def _found_in(tab: str) -> frozenset[OutcomeStatus]:
    """What of a tab can be sent again. Among others, what waits is not counted: it is to be sent anyhow."""
    return _SENDABLE.intersection(TABS[tab] or _SENDABLE - {OutcomeStatus.WAITING})


def _make_due(visit: Visit, ids: Collection[int]) -> int:
    """How many were not due before."""
    becomes = partial(again, now=visit.now, retelling=retelling())
    return len(visit.store.outbox.send_again(ids, becomes=becomes, now=visit.now))


def _view_of(form: Form) -> View:
    """What a query or a form asks for; whatever in it means nothing is passed over."""
    tab = form.text("tab") or ""
    return View(
        tab=tab if tab in TABS else next(iter(TABS)),
        search=(form.text("q") or "").strip(),
        before=_number(form.text("before")),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and _ID.fullmatch(text) else None
