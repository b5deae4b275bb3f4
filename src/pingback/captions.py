"""What a list says of a mention in a line: who, what, when, and where to read it. The mentions are sanitized.

The title of a page that likes or answers another is mostly that other page's, so that it would tell of the wrong one.
"""

from collections.abc import Collection
from html import escape

from pingback.model import RELAYS, Mention, MentionKind
from pingback.sanitized import timestamp
from pingback.text import EXCERPT_LENGTH, clean, shorten
from pingback.urls import host_of, is_at, is_http, shown

MAX_WORDS = 120  # characters of what somebody says, in the place of a title
# Of a reply, shown whole where it stands among others.
MAX_OPEN = 2000  # characters
MAX_OPEN_LINES = 60

# What somebody did, of whom nothing else needs to be said.
DEEDS = {
    MentionKind.LIKE: "Like",
    MentionKind.REPOST: "Repost",
    MentionKind.BOOKMARK: "Bookmark",
    MentionKind.RSVP: "RSVP",
}
# The same in a sentence, about a target.
VERBS = {
    MentionKind.REPLY: "replied to",
    MentionKind.LIKE: "liked",
    MentionKind.REPOST: "reposted",
    MentionKind.BOOKMARK: "bookmarked",
    MentionKind.RSVP: "answered the invitation",
    MentionKind.MENTION: "mentioned",
}


def link_of(mention: Mention) -> str:
    """Where a reader finds it: the address that the entry names as its own, else that of its page."""
    return mention.permalink or mention.original or mention.source


def via(mention: Mention, relays: Collection[str] = RELAYS) -> str | None:
    """The host that says so, where the address to read it at is on another one; None where that host is a relay."""
    host = host_of(mention.source)
    return None if host == host_of(link_of(mention)) or is_at(mention.source, relays) else host


def speaker_of(mention: Mention) -> str | None:
    """Who says it by name: the author, else the site."""
    return (mention.author.name if mention.author else None) or mention.site_name


def name_of(mention: Mention) -> str:
    """Who says it: without a name the host, but never one that nobody can check."""
    return speaker_of(mention) or host_of(mention.url)


def words_of(mention: Mention) -> str | None:
    """What it says, as plain text: a reply all of it, in lines; another what stands around its link."""
    if mention.content:
        return mention.content.text
    return None if mention.kind is MentionKind.BOOKMARK and _is_its_link(mention) else mention.excerpt


def html_of(mention: Mention) -> str | None:
    """The same as HTML."""
    if mention.content:
        return mention.content.html
    words = words_of(mention)
    return escape(words) if words else None


def beginning_of(mention: Mention) -> str | None:
    """The first words of a reply that is too long to stand open among others; None for all else."""
    text = mention.content.text if mention.content else ""
    is_long = len(text) > MAX_OPEN or text.count("\n") >= MAX_OPEN_LINES
    return clean(text, EXCERPT_LENGTH) if is_long else None


def own_title(mention: Mention) -> str | None:
    """Its title, unless it is told by who did it, or by what somebody says."""
    return None if mention.kind in DEEDS or mention.content else mention.title


def title_of(mention: Mention) -> str:
    """Its title; else who says what; its address where nothing of that is known."""
    if title := own_title(mention):
        return title
    words = shorten(" ".join((words_of(mention) or "").split()), MAX_WORDS)
    who = name_of(mention) if mention.kind in DEEDS else speaker_of(mention)
    return ": ".join(filter(None, [who, words])) or mention.url


def headline(mention: Mention) -> str:
    """The same for who sees neither its kind nor its target: what somebody did is a sentence."""
    if mention.kind not in DEEDS:
        return title_of(mention)
    answer = f": {mention.rsvp}" if mention.rsvp else ""
    return f"{name_of(mention)} {VERBS[mention.kind]} {brief(mention.target)}{answer}"


def brief(url: str) -> str:
    """A URL for people, without what every one of them has."""
    return shown(url).removeprefix("https://").removeprefix("http://").removesuffix("/")


def label_of(mention: Mention) -> str:
    """What it is: a reply, a like, an answer to an invitation, or a ping by its protocol."""
    if mention.kind is MentionKind.REPLY:
        return "Reply"
    if mention.kind is MentionKind.RSVP and mention.rsvp:
        return f"RSVP {mention.rsvp}"
    return DEEDS.get(mention.kind) or mention.protocol.capitalize()


def line(mention: Mention) -> str:
    """One mention as readers know it from blogs: “Pingback: A title | A site”."""
    return f"{label_of(mention)}: {title_of(mention)}"


def written(mention: Mention) -> str | None:
    """When it was published, in ISO 8601: as its page says it, with a zone only where that has one; else in UTC."""
    return mention.published_as or (mention.published and timestamp(mention.published)) or None


def _is_its_link(mention: Mention) -> bool:
    """What stands around the link is no more than what the link is called."""
    said = (mention.excerpt or "").casefold()
    return said in (mention.title or "").casefold() or is_http(said)
