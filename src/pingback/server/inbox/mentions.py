"""The mentions in tabs, what the owner decides of them, and the hosts and folders whose pings are refused."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import NamedTuple

from pingback.model import Mention, MentionStatus
from pingback.protocols.pingback import MEANINGS
from pingback.receive.blocklist import block_of, blocks, host_of_block
from pingback.server.http import Response
from pingback.server.inbox.pages import render
from pingback.server.inbox.visit import ROOT, Visit, query_of
from pingback.store.overview import Cursor
from pingback.store.rows import instant, micros
from pingback.urls import is_http, split

PAGE = 50  # mentions; a form with all of them selected has fewer fields than are read
DAYS = 30  # in the picture
TOP_HOSTS = 5

# The tabs: what they show, None for all.
TABS: Mapping[str, MentionStatus | None] = {
    "pending": MentionStatus.PENDING,
    "approved": MentionStatus.APPROVED,
    "spam": MentionStatus.SPAM,
    "all": None,
}

# What the buttons of the form decide.
DECISIONS: Mapping[str, MentionStatus] = {
    "approve": MentionStatus.APPROVED,
    "spam": MentionStatus.SPAM,
    "delete": MentionStatus.DELETED,
    "block": MentionStatus.SPAM,
}

_CURSOR = re.compile(r"([0-9]{1,18})-([0-9]{1,18})(-unverified)?")
# A mention in a form: its id, and when it last changed before it was read (microseconds since 1970).
_READ = re.compile(r"([0-9]{1,18})(?:@([0-9]{1,18}))?")
_ID = re.compile(r"[0-9]{1,18}")

WIDTH, HEIGHT = 300, 64
_GAP = 2
_LEAST = 2  # height of a day with none, so that it is seen to be there


class View(NamedTuple):
    """Which mentions are looked at."""

    tab: str
    search: str
    after: Cursor | None

    def address(self, *, tab: str | None = None, after: Cursor | None = None) -> str:
        """The address of this view without its place, or of the same search elsewhere."""
        return _address(tab or self.tab, self.search, after)

    @property
    def here(self) -> str:
        """The address of this view."""
        return _address(self.tab, self.search, self.after)


class Bar(NamedTuple):
    x: float
    y: float
    width: float
    height: float


def show(visit: Visit) -> Response:
    """A page of mentions, newest first; pending ones where no tab is named, the verified ones before all others."""
    view = _view_of(visit)
    overview = visit.store.overview
    if view.tab == "pending":
        found = overview.pending(search=view.search, after=view.after, size=PAGE)
    else:
        found = overview.page(status=TABS[view.tab], search=view.search, after=view.after, size=PAGE)
    counts = overview.counts()
    days = overview.days(DAYS, now=visit.now)
    return render(
        "mentions.html",
        visit,
        view=view,
        groups=_groups(view, found.mentions),
        on_their_word=visit.store.moderation.on_their_word,
        older=found.following and view.address(after=found.following),
        tabs={tab: counts[status] if status else sum(counts.values()) for tab, status in TABS.items()},
        bars=bars([number for _, number in days]),
        days=days,
        busiest=max(days, key=lambda day: day[1]),
        hosts=overview.top_hosts(TOP_HOSTS, since=datetime.combine(days[0][0], time(), UTC)),
        faults=MEANINGS,
        did=visit.query.text("did"),
        number=_number(visit.query.text("n")),
        later=_number(visit.query.text("later")),
        changed=_number(visit.query.text("changed")),
        read=_read,
    )


def decide(visit: Visit) -> Response:
    """What a button says, of the mention that it stands beside or of all that are selected."""
    word, read = _decision_in(visit)
    ids = list(read)
    if word not in DECISIONS:
        return visit.back()
    if word == "block" and any(_blocks_ours(visit, mention) for mention in visit.store.mentions.with_ids(ids)):
        return visit.back(did="ours")
    # Approved is what was read: between that and the click another ping may have brought other words.
    since = {number: at for number, at in read.items() if at is not None} if word == "approve" else {}
    decided = visit.store.moderation.decide(ids, DECISIONS[word], read=since)
    if word == "block":
        for host in {split(mention.source).host for mention in decided if is_http(mention.source)}:
            _block(visit, host)
    later = sum(mention.wanted for mention in decided)
    if later:
        visit.wake()
    changed = len(visit.store.mentions.with_ids(since)) - sum(mention.id in since for mention in decided)
    if not decided and not changed:
        return visit.back(did="nothing")
    return visit.back(did=word, n=len(decided) - later, later=later, changed=changed)


def show_blocked(visit: Visit) -> Response:
    """All blocks, and a form for one more."""
    return render("blocked.html", visit, blocks=visit.store.blocks.all(), did=visit.query.text("did"))


def block(visit: Visit) -> Response:
    """One more, as typed."""
    try:
        _block(visit, visit.form.text("block") or "")
    except ValueError:
        return visit.back(did="unclear")
    return visit.back(did="block")


def unblock(visit: Visit) -> Response:
    """Pings from there are taken again."""
    try:
        visit.store.blocks.remove(block_of(visit.form.text("block") or ""))
    except ValueError:  # it is no button of ours
        return visit.back()
    return visit.back(did="unblock")


def _block(visit: Visit, text: str) -> None:
    block = block_of(text)
    visit.store.blocks.add(block, host=host_of_block(block))


def _groups(view: View, mentions: list[Mention]) -> list[tuple[bool, list[Mention]]]:
    """The mentions in one list, or in two where some wait to be verified: these apart, marked by true."""
    if view.tab != "pending":
        return [(False, mentions)] if mentions else []
    parts = [(apart, [each for each in mentions if (each.verified is None) is apart]) for apart in (False, True)]
    return [(apart, part) for apart, part in parts if part]


def _decision_in(visit: Visit) -> tuple[str, dict[int, datetime | None]]:
    """What to decide, of which mentions, and when each had last changed as it was read, where that is said."""
    word, _, one = (visit.form.text("one") or "").partition(" ")
    if _READ.fullmatch(one):
        return word, _read_in([one])
    selected = (value.decode("ascii", "replace") for name, value in visit.form.fields if name == b"id")
    return visit.form.text("all") or "", _read_in(selected)


def _read(mention: Mention) -> str:
    return f"{mention.id}@{micros(mention.changed)}" if mention.changed else str(mention.id)


def _read_in(values: Iterable[str]) -> dict[int, datetime | None]:
    found = filter(None, map(_READ.fullmatch, values))
    return {int(each[1]): instant(int(each[2])) if each[2] else None for each in found}


def _blocks_ours(visit: Visit, mention: Mention) -> bool:
    """To block the host of this source would refuse the pings of one of the owner's own sites, too."""
    if not is_http(mention.source):
        return False
    return blocks(block_of(split(mention.source).host), mention.target) or visit.holds(mention.source)


def _view_of(visit: Visit) -> View:
    """What the query asks for; whatever in it means nothing is passed over."""
    tab = visit.query.text("tab") or ""
    after = _CURSOR.fullmatch(visit.query.text("after") or "")
    return View(
        tab=tab if tab in TABS else next(iter(TABS)),
        search=(visit.query.text("q") or "").strip(),
        after=Cursor(int(after[1]), int(after[2]), not after[3]) if after else None,
    )


def _address(tab: str, search: str, after: Cursor | None) -> str:
    place = f"{after.received}-{after.id}{'' if after.verified else '-unverified'}" if after else None
    return f"{ROOT}?{query_of(tab=tab, q=search, after=place)}"


def _number(text: str | None) -> int:
    return int(text) if text and _ID.fullmatch(text) else 0


def bars(numbers: Sequence[int]) -> list[Bar]:
    """A bar for each number, side by side, the highest of them as high as the picture."""
    step = WIDTH / len(numbers)
    highest = max(*numbers, 1)
    heights = (_LEAST + round((HEIGHT - _LEAST) * number / highest) for number in numbers)
    return [
        Bar(x=round(place * step, 2), y=HEIGHT - height, width=round(step - _GAP, 2), height=height)
        for place, height in enumerate(heights)
    ]
