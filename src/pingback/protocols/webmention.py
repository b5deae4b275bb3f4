"""Webmention: a form with a source and a target (§3), the answer to it, and the page that says how it stands."""

import json
from collections.abc import Iterator, Mapping

from pingback.errors import Fault, FaultCode
from pingback.model import Advertisement, Mention, MentionStatus, OutcomeStatus, Protocol, Words
from pingback.protocols.forms import FORM, decode_form, encode_form
from pingback.protocols.headers import NOSNIFF, UNKEPT
from pingback.protocols.headers import content_type as parse_content_type
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
    link_element,
    status_of,
    text_reply,
    verdict_of_status,
)
from pingback.protocols.pingback import MEANINGS
from pingback.urls import resolve, same_url

# Where endpoints that answer in JSON keep the sentence for a person, the best first.
_JSON_REASONS = ("error_description", "message", "summary", "error")


def encode_webmention(source: str, target: str) -> bytes:
    """The body that tells the target's endpoint of the source (§3.1.3)."""
    return encode_form({"source": source, "target": target})


def decode_webmention(body: bytes, content_type: str | None) -> Ping:
    """The source and the target; Fault, which says what is wrong with which, for all else (§3.2.1)."""
    form = decode_form(body, content_type)
    source, target = form.url("source"), form.url("target")
    if same_url(source, target):
        raise Fault(FaultCode.BAD_PARAMETERS, "source and target are the same page")
    return Ping(source, target)


def verdict_on(answer: Answer) -> Verdict:
    """What the HTTP status means (§3.1.4), in the endpoint's own words where it has some."""
    if not answer.is_success:
        verdict = verdict_of_status(answer)
        return verdict._replace(message=_reason_in(answer) or verdict.message)
    status_page = resolve(answer.url, answer.location) if answer.location else None
    return Verdict(OutcomeStatus.ACCEPTED, f"accepted; its status: {status_page}" if status_page else "accepted")


def standing(mention: Mention) -> str:
    """How a mention stands, for anybody who knows source and target."""
    never_seen = mention.fault is not None and mention.verified is None  # whatever the owner decided since
    if mention.status is MentionStatus.REJECTED or never_seen:
        return f"refused: {MEANINGS.get(mention.fault or 0, MEANINGS[FaultCode.GENERIC])}"
    if mention.status is MentionStatus.PENDING and mention.verified is None:
        return "waiting to be verified"
    if mention.status is MentionStatus.APPROVED:
        return "shown"
    is_deleted = mention.status is MentionStatus.DELETED and mention.decision is not MentionStatus.DELETED
    if is_deleted or mention.fault is not None:
        return "withdrawn"
    return "received, and not shown"  # waiting, spam or deleted: what the owner thinks of it is nobody's business


def _reason_in(answer: Answer) -> str | None:
    """Why, in the endpoint's own words: §3.2.3 lets it say so, and leaves the form to it."""
    media_type = parse_content_type(answer.content_type).media_type
    if media_type == "text/plain":
        return answer.body.decode("utf-8", "replace").strip() or None
    if media_type != "application/json" and not media_type.endswith("+json"):
        return None
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, Mapping):
        return None
    return next((found[name] for name in _JSON_REASONS if isinstance(found.get(name), str)), None)


def _message(source: str, target: str, words: Words) -> Message:
    return Message(encode_webmention(source, target), FORM)


def _accepted(taken: Taken) -> Reply:
    """201 with a status page where the source is still to be looked at, 200 where it was (§3.2)."""
    if taken.mention.verified and not taken.queued:
        return text_reply(200, f"the webmention is {standing(taken.mention)}", NOSNIFF)
    page = taken.status_url or ""
    return text_reply(201, f"the webmention is accepted, {page} says how it stands", UNKEPT | {"Location": page})


def _refused(fault: Fault) -> Reply:
    """400 for all that is the sender's (§3.2.3)."""
    status, headers = status_of(fault, 500 if fault.code == FaultCode.INTERNAL_ERROR else 400)
    return text_reply(status, fault.message, NOSNIFF | headers)


def _advertisement(endpoint: str, target: str, title: str) -> Advertisement:
    """A `Link` header, or a `<link>`: §3.1.2."""
    header = {"Link": f'<{endpoint}>; rel="webmention"'}
    return Advertisement(headers=header, html=link_element("webmention", endpoint), rdf="")


def _judge_empty(answer: Answer, seconds: float) -> Iterator[Check]:
    message = f"a form without source and target is answered with {answer.status}"
    if answer.status != 400:
        message += "; it must be 400 (Webmention §3.2.3)"
    yield Check(name="webmention-empty", ok=answer.status == 400, message=message)


LINKBACK = Linkback(
    name=Protocol.WEBMENTION,
    message=_message,
    verdict=verdict_on,
    rels=frozenset(
        {
            "webmention",
            # From before the norm: as it was then, and as people write it.
            "http://webmention.org/",
            "http://webmention.org",
            "https://webmention.org/",
            "https://webmention.org",
        }
    ),
    in_link_header=True,
    empty_is_page=True,  # §3.1.2
    drops_fragment=True,  # it says nothing to a server
    hears_changes=True,  # §3.1.4
    hears_removals=True,  # §3.1.4 and, of a whole post, §3.1.5
    sources=frozenset({"text/plain", "application/json"}),  # §3.2.2
    is_queued=True,  # §3.2
    surface=Surface(
        path="/webmention",
        decode=decode_webmention,
        accepted=_accepted,
        refused=_refused,
        advertisement=_advertisement,
        knows_again=True,  # new or known is no difference to the sender (§3.2.4)
        standing=standing,
    ),
    probes=(Probe(lambda target: Message(b"", FORM), _judge_empty),),
)
