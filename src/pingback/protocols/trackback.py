"""TrackBack 1.2: the ping, which is a form, its reply, the RSS listing, and the RDF for a page."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from html import unescape
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pingback.errors import BadResponse, Fault
from pingback.model import Advertisement, OutcomeStatus, Protocol, Words
from pingback.protocols.forms import FORM, decode_form, encode_form
from pingback.protocols.headers import NOSNIFF
from pingback.protocols.linkback import (
    Answer,
    Check,
    Linkback,
    Message,
    Ping,
    Probe,
    Reply,
    Surface,
    Taken,
    Verdict,
    status_of,
    verdict_of_status,
)
from pingback.protocols.markup import tree_of
from pingback.protocols.xmlrpc import MAX_BODY
from pingback.protocols.xmlrpc_scalars import encode_text
from pingback.text import clean, plain
from pingback.urls import tidy

if TYPE_CHECKING:
    from lxml import etree

CONTENT_TYPE = f"{FORM}; charset=utf-8"

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
TRACKBACK = "http://madskills.com/public/xml/rss/module/trackback/"

# Characters in a ping of ours: WordPress cuts there, and would cut a word in two.
LONGEST_TITLE = 250
LONGEST_EXCERPT = 252
LONGEST_BLOG_NAME = 250

# Characters that are kept of a stranger's.
MAX_TITLE = 500
MAX_EXCERPT = 1000
MAX_BLOG_NAME = 200

# What a message says, in lower case, when the ping is there already.
_DUPLICATES = (
    "already a ping from that ur",  # WordPress; it was URI once, and is URL now
    "already have a ping from that ur",  # older WordPress, and who learned from it: Pligg, XOOPS, Menéame
    "duplicate comment detected",  # WordPress, by the words: it does not know a source with "&" again
    "trackback is already registered",  # Zinnia
    "trackback already registered",  # BlogEngine.NET, DotNetNuke
    "trackback has already been registered",  # Dotclear
    "trackback already received",  # DokuWiki
    "trackback has already been received",  # SocialEngine
    "trackback seems to be a duplicate",  # b2evolution
    "duplicate trackback",  # small ones
    "the ping is known already",  # ours
)

# Elements that stand within a word or between words; around all others there is white space for a reader.
_INLINE = frozenset("a abbr b big cite code del em font i ins kbd mark q s small span strong sub sup tt u".split())
_TAG = re.compile(r"<[/!?]?+([A-Za-z-]++)[^<>]*+>")  # "a < b" holds none
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")  # "AT&T" holds none

_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")

_REPLY = '<?xml version="1.0" encoding="utf-8"?>\n<response>%s</response>\n'


class Response(NamedTuple):
    """What became of a ping: `error` is 0 where it was taken; else `message` may say why it was not."""

    error: int
    message: str


class Listed(NamedTuple):
    """A ping in a listing."""

    title: str
    link: str
    description: str


def encode_trackback(source: str, words: Words) -> bytes:
    """The form to send as `CONTENT_TYPE`, each field cut at a whole word.

    The norm wants no more than the url; as WordPress refuses a ping without a title, the url is the title then.
    """
    fields = {
        "url": source,
        "title": clean(words.title, LONGEST_TITLE) or clean(source, LONGEST_TITLE),
        "excerpt": clean(words.excerpt, LONGEST_EXCERPT),
        "blog_name": clean(words.site_name, LONGEST_BLOG_NAME),
    }
    return encode_form({name: value for name, value in fields.items() if value})


def decode_trackback(body: bytes, content_type: str | None) -> Ping:
    """The ping in a request's body; Fault where it is no form, or its url is missing or no absolute HTTP URL.

    The words are plain text, whatever was sent: WordPress sends HTML, as `A &#038; B`, others text.
    """
    form = decode_form(body, content_type)
    url = form.url("url")
    words = Words(
        title=_words(form.text("title"), MAX_TITLE),
        excerpt=_words(form.text("excerpt"), MAX_EXCERPT),
        site_name=_words(form.text("blog_name"), MAX_BLOG_NAME),
    )
    return Ping(url, words=words)


def encode_reply(error: int = 0, message: str = "") -> bytes:
    """A reply's body: well-formed XML whatever the message holds. With error 0 there is no message."""
    said = f"<message>{encode_text(message)}</message>" if error else ""
    return (_REPLY % f"<error>{error:d}</error>{said}").encode()


def decode_reply(body: bytes) -> Response:
    """The reply in a body, however it is wrapped; BadResponse where there is no `<response>` with an `<error>`."""
    if len(body) > MAX_BODY:
        raise BadResponse(f"the reply is longer than {MAX_BODY} bytes")
    for response in tree_of(body).iter("response"):
        error = response.find(".//error")
        if error is None:
            continue
        if number := _NUMBER.fullmatch((error.text or "").strip()):
            return Response(int(number[0]), _text(response.find(".//message")))
        if not (said := _text(error)):
            raise BadResponse("the reply is a TrackBack response that says nothing")
        return Response(1, said)  # BlogEngine.NET has its sentence where the number belongs
    raise BadResponse("the reply is not a TrackBack response")


def is_duplicate(message: str) -> bool:
    """The message of a reply says that the ping is there already; the norm has no number for it."""
    said = plain(message).lower()
    return any(duplicate in said for duplicate in _DUPLICATES)


def verdict_on(answer: Answer) -> Verdict:
    """What the number and the message in a reply mean, else its HTTP status."""
    try:
        reply = decode_reply(answer.body)
    except BadResponse as error:
        if answer.status == 409:  # WordPress has a comment with these words, and says so in an XML of its own
            return Verdict(OutcomeStatus.ALREADY, "the ping is known already", answer.status)
        if not answer.is_success:
            return verdict_of_status(answer)
        # WordPress gives nothing at all where it does not like the ping, and never will. A page is not an answer: it is
        # of a login or of maintenance, as with a pingback.
        status = OutcomeStatus.FAILED if answer.body.strip() else OutcomeStatus.REFUSED
        return Verdict(status, f"{answer.endpoint} gave no TrackBack response: {error}", answer.status)
    if reply.error:
        status = OutcomeStatus.ALREADY if is_duplicate(reply.message) else OutcomeStatus.REFUSED
        return Verdict(status, reply.message or "refused", reply.error)
    if not answer.is_success:
        return verdict_of_status(answer)
    return Verdict(OutcomeStatus.ACCEPTED, "accepted")


def reply_with(body: bytes, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})) -> Reply:
    """The response to whatever is asked: nearly always 200, as whatever is wrong is an error inside."""
    return Reply(status, {"Content-Type": "text/xml; charset=utf-8", **NOSNIFF, **headers}, body)


def encode_listing(*, title: str, link: str, description: str, items: Iterable[Listed]) -> bytes:
    """What `?__mode=rss` answers (TrackBack 1.1, left out of 1.2): the pings of a page as RSS 0.91."""
    listed = "".join([f"<item>{_described(*item)}</item>\n" for item in items])
    channel = f"<channel>\n{_described(title, link, description)}\n{listed}</channel>"
    return (_REPLY % f'<error>0</error>\n<rss version="0.91">{channel}</rss>').encode()


def encode_rdf(*, target: str, title: str, endpoint: str) -> str:
    """The block for the target's page that names its endpoint, in a comment, as HTML has no place for RDF."""
    about = {"rdf:about": target, "dc:identifier": target, "dc:title": plain(title), "trackback:ping": endpoint}
    attributes = "\n    ".join([f'{name}="{_attribute(value)}"' for name, value in about.items()])
    return (
        f'<!--\n<rdf:RDF xmlns:rdf="{RDF}"\n    xmlns:dc="{DC}"\n    xmlns:trackback="{TRACKBACK}">\n'
        f"<rdf:Description\n    {attributes} />\n</rdf:RDF>\n-->"
    )


def _words(html: str | None, length: int) -> str | None:
    """`html`, which may as well be plain text, without tags, its references resolved once."""
    text = _TAG.sub(lambda tag: "" if tag[1].lower() in _INLINE else " ", html or "")
    return clean(_REFERENCE.sub(lambda reference: unescape(reference[0]), text), length)


def _text(element: "etree._Element | None") -> str:
    return "" if element is None else plain("".join([str(text) for text in element.itertext()]))


def _described(title: str, link: str, description: str) -> str:
    elements = {"title": title, "link": link, "description": description}
    return "".join([f"<{name}>{encode_text(value)}</{name}>" for name, value in elements.items()])


def _attribute(value: str) -> str:
    """`value` in double quotes, and within a comment, which ends at two hyphens (XML 1.0 §2.5)."""
    return encode_text(value).replace('"', "&quot;").replace("--", "-&#45;")


def _message(source: str, target: str, words: Words) -> Message:
    return Message(encode_trackback(source, words), CONTENT_TYPE)


def _accepted(taken: Taken) -> Reply:
    return reply_with(encode_reply())


def _refused(fault: Fault) -> Reply:
    """200, but for a sender that may come again."""
    return reply_with(encode_reply(1, fault.message), *status_of(fault, 200))


def _advertisement(endpoint: str, target: str, title: str) -> Advertisement:
    """A block of RDF whose `dc:identifier` is the page."""
    return Advertisement(headers={}, html="", rdf=encode_rdf(target=tidy(target), title=title, endpoint=endpoint))


def _judge_empty(answer: Answer, seconds: float) -> Iterator[Check]:
    check = partial(Check, name="trackback-empty")
    try:
        reply = decode_reply(answer.body)
    except BadResponse as error:
        yield check(ok=False, message=f"a ping without a url must be answered with an error, but {error}")
        return
    if reply.error:
        yield check(ok=True, message="a ping without a url is an error")
    else:
        yield check(ok=False, message="a ping without a url is taken, which the norm forbids")


LINKBACK = Linkback(
    name=Protocol.TRACKBACK,
    message=_message,
    verdict=verdict_on,
    in_rdf=True,
    rels=frozenset({"trackback"}),  # in no norm, but in many themes
    carries_words=True,
    may_be_believed=True,
    surface=Surface(
        path="/trackback",
        target_in_path=True,  # the ping URL of each page is its own path
        decode=decode_trackback,
        accepted=_accepted,
        refused=_refused,
        advertisement=_advertisement,
    ),
    probes=(Probe(lambda target: Message(encode_form({"title": "A ping without a url"}), CONTENT_TYPE), _judge_empty),),
)
