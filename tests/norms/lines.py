"""The lines of the three norms, in our own words, and how we stand to each; `python -m tests.norms` prints them.

A line is MUST where any part of it is one. What the authors of other programs do, and no norm says, is custom.
"""

from enum import StrEnum
from typing import NamedTuple


class Force(StrEnum):
    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"
    CUSTOM = "custom"


class Status(StrEnum):
    """`DEPARTED` is on purpose; `NOT_OURS` asks nothing of software like this."""

    MET = "met"
    DEPARTED = "departed"
    NOT_OURS = "not ours"


class Line(NamedTuple):
    """`reason` says why we depart, or why a line is not ours; of a line that is met, how far that goes."""

    number: str
    says: str
    force: Force
    status: Status = Status.MET
    reason: str = ""


PINGBACK = (
    Line("P1", "A page names its server by the header `X-Pingback`, by a `<link>`, or by both.", Force.MUST),
    Line(
        "P2",
        "The address is absolute, and all of the header's value.",
        Force.MUST,
        Status.DEPARTED,
        "what we advertise is absolute, but a relative address of others is resolved: a browser would do so, too",
    ),
    Line("P3", "The header makes what is not HTML pingable.", Force.MAY),
    Line("P4", "The `<link>` is written exactly as the expression of P9 wants it.", Force.MUST),
    Line("P5", "A page with the header may have the `<link>`, too.", Force.MAY),
    Line("P6", "Only four entities stand for characters in the address.", Force.MUST),
    Line("P7", "Nothing that looks like the `<link>` stands before it.", Force.MUST),
    Line("P8", "The first `X-Pingback` of the response counts, and the body is not asked then.", Force.MUST),
    Line(
        "P9",
        "Else the first match of an expression in the body counts.",
        Force.MUST,
        Status.DEPARTED,
        "a parser finds all that the expression does, and other orders, quotes and letters, but nothing in a comment,"
        " a script or escaped prose, where a stranger could have put it",
    ),
    Line(
        "P10",
        "Of that match the four entities are expanded, and no others.",
        Force.MUST,
        Status.DEPARTED,
        "all entities of HTML are: an address that holds another one means what a browser makes of it",
    ),
    Line(
        "P11",
        "Else the page takes no pings, and nothing is guessed.",
        Force.MUST,
        Status.DEPARTED,
        'an `<a rel="pingback">` counts where the page has neither the header nor a `<link>`; nothing else is guessed',
    ),
    Line("P12", "A client may ask by HEAD first, and may stop reading at the match.", Force.MAY, reason="by one GET"),
    Line(
        "P13", "The call is `pingback.ping` with two strings: source, and target as the source page has it.", Force.MUST
    ),
    Line("P14", "The answer is one string, for debugging, or a fault.", Force.MUST),
    Line("P15", "What fails is answered by a fault, with a code of P18.", Force.MUST),
    Line(
        "P16",
        "A client may ignore the answer, and should not bother its user with a success.",
        Force.SHOULD,
        reason="`publish` is silent about it, or counts on a terminal; `send` is a person's own question",
    ),
    Line(
        "P17",
        "A server may fetch the source, look for the link, check the target, refuse the known, record the ping.",
        Force.MAY,
        reason="all of it, but for building static pages anew, which is the site's",
    ),
    Line("P18", "The codes 0, 16, 17, 32, 33, 48, 49, 50; 32 only where the target is not there for sure.", Force.MUST),
    Line("P19", "The common codes of XML-RPC may be used for errors above the protocol.", Force.MAY),
    Line(
        "P20",
        "A server that fetches sources limits how much it looks at, and at which rate (erratum of 2007).",
        Force.SHOULD,
        reason="1 MiB of each, 10 requests a minute to a host (`source_rate`), and a bound on the time of each",
    ),
    Line(
        "P21",
        "Clients keep to P8 to P10, servers to P13 to P15, pages to P1 to P7.",
        Force.MUST,
        Status.DEPARTED,
        "in P2, P9 and P10, as said there, and in nothing else",
    ),
    Line(
        "P22", "A link is told by one protocol; where a sender uses two, the receiver hears of one pair.", Force.CUSTOM
    ),
    Line("P23", "`pingback.extensions.getPingbacks` gives the sources that link to a target.", Force.CUSTOM),
)

TRACKBACK = (
    Line("T1", "A ping is a POST, to an address whose form says nothing; a GET is none.", Force.MUST),
    Line("T2", "It is a form, and its `Content-Type` says in which charset.", Force.MUST),
    Line("T3", "`title`, `excerpt` and `blog_name` are optional; without `url` the answer is an error.", Force.MUST),
    Line("T4", "All fields are in that charset; a server may crop them.", Force.MUST),
    Line("T5", "Where there is no title, the address stands for it.", Force.CUSTOM),
    Line("T6", "Success is a `<response>` with `<error>` 0.", Force.MUST),
    Line("T7", "Failure is a `<response>` with `<error>` 1 and a message.", Force.MUST, reason="with HTTP status 200"),
    Line("T8", "A page embeds RDF with its own address and that for its pings.", Force.SHOULD),
    Line(
        "T9",
        "Of several blocks on a page, the one for the target counts.",
        Force.SHOULD,
        reason="scheme and trailing slash aside; no block for the target, no endpoint",
    ),
    Line("T10", "`__mode=rss` lists the pings of a page (left out since 1.2).", Force.CUSTOM),
    Line(
        "T11",
        "Items of a feed name whom to ping, and whom they ping.",
        Force.CUSTOM,
        reason="`trackback:about` is told; `trackback:ping` is the site's to write",
    ),
    Line(
        "T12",
        '`rel="trackback"` and RSD name the address, too.',
        Force.CUSTOM,
        reason="the `rel`, after RDF; RSD tells editors of a blog's interfaces, and senders need none",
    ),
    Line(
        "T13",
        "Nothing in the protocol shows that the source links to the target.",
        Force.CUSTOM,
        reason="so it is fetched and asked, as for a pingback",
    ),
)

WEBMENTION = (
    Line("W1", "A sender fetches the target, follows redirects, and looks for a `Link` header.", Force.MUST),
    Line("W2", "It looks for `<link>` and `<a>`, too; the header counts first, then the first element.", Force.MUST),
    Line("W3", "A relative endpoint is resolved against where the page was in the end.", Force.MUST),
    Line("W4", "The endpoint's query stays in its address, and does not go into the body.", Force.MUST),
    Line(
        "W5",
        "A sender may ask by HEAD first, and name Webmention in its `User-Agent`.",
        Force.MAY,
        reason="one GET, and the name",
    ),
    Line("W6", "A webmention is a POST of a form with source and target; any 2xx is success.", Force.MUST),
    Line(
        "W7",
        "After an update all earlier targets are told again, those that lost their link included, and the new ones.",
        Force.SHOULD,
    ),
    Line("W8", "The endpoint is looked for anew then.", Force.MUST),
    Line(
        "W9",
        "A response that a source page shows counts as an update of it.",
        Force.SHOULD,
        Status.DEPARTED,
        "what others said is not the post, and two sites that show each other's answers could go on for ever",
    ),
    Line(
        "W10",
        "A deleted source answers 410, shows a tombstone, and is told once more to all earlier targets.",
        Force.SHOULD,
        reason="page and status are the site's; we do the telling, and that of a 404 which lasts",
    ),
    Line("W11", "What was discovered is kept for as long as the target's cache headers allow.", Force.SHOULD),
    Line("W12", "Nothing is sent to loopback addresses, or to protected networks.", Force.SHOULD),
    Line("W13", "A receiver checks the parameters at once, and queues the rest.", Force.SHOULD),
    Line(
        "W14",
        "The answer is 201 with a status page, 202 when queued without one, 200 when verified inline.",
        Force.MUST,
        reason="202 is never needed, as what is queued has a status page",
    ),
    Line("W15", "Source and target are URLs of a known scheme, and differ.", Force.MUST),
    Line("W16", "Whether the target takes webmentions is checked at once, its fragment aside.", Force.SHOULD),
    Line("W17", "The source is fetched before any use of it, in the background, redirects followed.", Force.MUST),
    Line(
        "W18",
        "It is asked for with an `Accept` header, and searched as its media type wants.",
        Force.SHOULD,
        reason="HTML, JSON and plain text; feeds and all others hold no links",
    ),
    Line(
        "W19",
        "The source holds the target's URL letter for letter.",
        Force.MUST,
        Status.DEPARTED,
        "an equal URL will do: fragments, http and https, and spellings that RFC 3986 calls equivalent",
    ),
    Line(
        "W20",
        "What the source says may be published.",
        Force.MAY,
        reason="title, excerpt and author, as text, and a reply as cleaned HTML",
    ),
    Line("W21", "A sender's fault is a 400, which may say what is wrong.", Force.MUST),
    Line("W22", "A fault of one's own is a 500.", Force.SHOULD),
    Line(
        "W23",
        "The same pair again updates what was taken from the source, its properties included.",
        Force.MUST,
        reason="an approved page that has become something else waits for its owner, with what it says now",
    ),
    Line("W24", "A source that is 410, or lost the link, is withdrawn; twice is as good as once.", Force.SHOULD),
    Line(
        "W25",
        "What is shown is encoded against scripts; it may be moderated.",
        Force.MUST,
        reason="words are kept as text, and escaped where they are shown",
    ),
    Line("W26", "Redirects, size and time of a fetch are limited.", Force.SHOULD, reason="5, 1 MiB, 15 s"),
    Line(
        "W27",
        "An endpoint that takes more parameters, or acts with a user's rights, guards against forged requests.",
        Force.SHOULD,
        Status.NOT_OURS,
        "ours takes source and target only, and acts for nobody",
    ),
)

NORMS = {"Pingback 1.0": PINGBACK, "TrackBack 1.2": TRACKBACK, "Webmention": WEBMENTION}
