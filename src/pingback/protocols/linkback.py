"""What is to be known of a linkback protocol: one record, and the values that go into and out of its functions.

Each of our protocols has its record, and all else of it, in a module beside this one; `pingback.protocols.table` has
the records in order. Finding, sending, taking, advertising and checking pings read them there. All in here is pure.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from pingback.errors import BadStatus, Fault, FaultCode
from pingback.model import Advertisement, Mention, OutcomeStatus, Protocol, Words
from pingback.protocols.headers import NOSNIFF, retry_after

# What an HTTP status means for a ping. Whatever is not listed is a refusal: the same ping would be refused again.
OF_STATUS = dict.fromkeys((408, 425, 429, *range(500, 600)), OutcomeStatus.FAILED)
# Where nobody takes pings of this protocol, another one may be worth a try.
ABSENT = frozenset({404, 405, 410})
# Who takes no pings now may take them some day: a page or an endpoint that is not there yet, or behind a firewall.
AGING = frozenset({401, 403, 404, 405})


class Message(NamedTuple):
    """The body of a POST, and its `Content-Type`."""

    body: bytes
    content_type: str


class Answer(NamedTuple):
    """What came back for a ping; `url` is where it came from, after redirects."""

    endpoint: str
    url: str
    status: int
    body: bytes
    content_type: str | None = None
    location: str | None = None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class Verdict(NamedTuple):
    """What an answer means. `fault` as in `Outcome`; `absent`: there is no endpoint of this protocol, after all.

    `ages`: the same ping may be taken on another day, as nobody who takes pings has seen it.
    """

    status: OutcomeStatus
    message: str
    fault: int | None = None
    absent: bool = False
    ages: bool = False


class Ping(NamedTuple):
    """A ping as it came in. `target` is None where the path that it was sent to says it; `words` are the sender's."""

    source: str
    target: str | None = None
    words: Words = Words()


class Taken(NamedTuple):
    """The mention that a ping became, or was already.

    `status_url` is where its page is, if the protocol has such pages. `queued`: of all pings by this protocol the
    source is looked at after the reply.
    """

    mention: Mention
    status_url: str | None
    queued: bool


class Reply(NamedTuple):
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at; `message` says what was seen and, where it is not `ok`, what to do."""

    name: str
    ok: bool
    message: str

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "ok": self.ok, "message": self.message}


class Probe(NamedTuple):
    """What a check-up sends to the endpoint of a target, None for a GET, and what the answer says, after so many
    seconds. Nothing that is sent may leave a mention behind."""

    message: Callable[[str], Message] | None
    judge: Callable[[Answer, float], Iterable[Check]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """How a server takes pings of a protocol. The functions may be called by many threads at once.

    `path` is where it stands below the server's root; with `target_in_path` what follows it is path and query of the
    target. `decode` makes the ping of a request's body and `Content-Type`, and raises `Fault` for whatever is none.
    `accepted` and `refused` say what became of it; `refused` is also given what fails on our side. A pair that is known
    is refused with fault 48, unless `knows_again`: then it is taken as if it were new. `standing` says how the ping of
    a mention stands: it has a page for that, at `Taken.status_url`.

    `advertisement` is what the page of a target must carry, of its endpoint, its URL and its title.
    """

    path: str
    decode: Callable[[bytes, str | None], Ping]
    accepted: Callable[[Taken], Reply]
    refused: Callable[[Fault], Reply]
    advertisement: Callable[[str, str, str], Advertisement]
    target_in_path: bool = False
    knows_again: bool = False
    standing: Callable[[Mention], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Linkback:
    """A protocol. What is not given is not so: a name and two functions are enough to send.

    Found: `header` is a response header whose value is the endpoint; `rels` are what a `<link>` or `<a>` has that names
    it, in lower case, and with `in_link_header` a `Link` header, too; with `in_rdf` it is the `trackback:ping` of the
    block of RDF that is for the target, before any `<link>`. An address that is empty names no endpoint, unless
    `empty_is_page`; a fragment is part of it, unless `drops_fragment`. With `a_comes_last` an `<a>` counts only where
    the page has neither the header nor a `<link>`.

    Sent: `message` is made of source, target and words; with `carries_words` these are what the source's page says,
    where the caller gives none. `verdict` says what an answer means. A far side that was told is told again of a change
    where it `hears_changes`, and of a link that is gone where it `hears_removals`.

    Received: `sources` are the media types that count as a source, beside HTML: JSON is looked through for a string
    that is the target (`application/json` stands for all that is written in it, feeds aside), others as plain text.
    `is_queued`: pings are answered before their source is looked at, unless the site says otherwise. A ping that
    `may_be_believed` is kept on the word of its sender where the site wants it so. `surface` is for a server, None
    where it takes no such pings.

    Checked: `probes` are tried at an endpoint, one after the other.
    """

    name: Protocol
    message: Callable[[str, str, Words], Message]
    verdict: Callable[[Answer], Verdict]

    header: str | None = None
    rels: frozenset[str] = frozenset()
    in_link_header: bool = False
    in_rdf: bool = False
    empty_is_page: bool = False
    drops_fragment: bool = False
    a_comes_last: bool = False

    carries_words: bool = False
    hears_changes: bool = False
    hears_removals: bool = False

    sources: frozenset[str] = frozenset()
    is_queued: bool = False
    may_be_believed: bool = False
    surface: Surface | None = None

    probes: tuple[Probe, ...] = ()


def verdict_of_status(answer: Answer) -> Verdict:
    """What the HTTP status alone means."""
    status = OF_STATUS.get(answer.status, OutcomeStatus.REFUSED)
    message = str(BadStatus(answer.endpoint, answer.status))
    return Verdict(status, message, answer.status, absent=answer.status in ABSENT, ages=answer.status in AGING)


def text_reply(status: int, text: str, headers: Mapping[str, str] = NOSNIFF) -> Reply:
    """A line for a person."""
    content_type = {"Content-Type": "text/plain; charset=utf-8"}
    return Reply(status, content_type | dict(headers), f"{text}\n".encode(errors="replace"))


def status_of(fault: Fault, otherwise: int) -> tuple[int, dict[str, str]]:
    """The status of a refusal, and its headers: where the same ping is welcome later, 429 if the sender was too fast
    (RFC 6585 §4) and 503 if we have no room; else `otherwise`."""
    if fault.retry_after is None:
        return otherwise, {}
    return 429 if fault.code == FaultCode.ACCESS_DENIED else 503, retry_after(fault.retry_after)


def link_element(rel: str, url: str) -> str:
    """A `<link>` for the head of a page, in the spelling that all senders find.

    Of entities Pingback 1.0 §2.2 knows four, and no numeric ones. A URL's normal form has no double quote in it.
    """
    return f'<link rel="{rel}" href="{escape(url, quote=False)}">'
