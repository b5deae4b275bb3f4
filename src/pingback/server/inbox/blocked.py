"""The hosts and folders whose pings are refused."""

from pingback.server.http import Response
from pingback.server.inbox.pages import render
from pingback.server.inbox.visit import ROOT, Visit

HERE = f"{ROOT}/blocked"


def show(visit: Visit) -> Response:
    """All blocks, and a form for one more."""
    return render("blocked.html", visit, blocks=visit.store.moderation.blocks(), did=visit.query.text("did"))


def block(visit: Visit) -> Response:
    """One more, as typed."""
    try:
        visit.store.moderation.block(visit.form.text("block") or "")
    except ValueError:
        return visit.back(did="unclear")
    return visit.back(did="block")


def unblock(visit: Visit) -> Response:
    """Pings from there are taken again."""
    try:
        visit.store.moderation.unblock(visit.form.text("block") or "")
    except ValueError:  # it is no button of ours
        return visit.back()
    return visit.back(did="unblock")
