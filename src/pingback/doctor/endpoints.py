"""What an endpoint answers to pings that it must refuse (Pingback 1.0 §3, TrackBack 1.2, Webmention §3.2.3).

Nothing that is sent here leaves a mention behind at an endpoint that verifies: the source is under `.invalid`, a domain
that never exists (RFC 6761 §6.4).
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from pingback.doctor.checks import Check
from pingback.errors import BadResponse, Fault, FaultCode, FetchError
from pingback.model import Endpoint, Protocol
from pingback.protocols.forms import FORM, encode_form
from pingback.protocols.headers import content_type as parse_content_type
from pingback.protocols.pingback import MEANINGS, encode_ping
from pingback.protocols.trackback import CONTENT_TYPE, decode_reply
from pingback.protocols.xmlrpc import MAX_BODY, decode_strict_response
from pingback.text import plain, shorten

if TYPE_CHECKING:
    from pingback.net.client import Client

SOURCE = "https://nobody.invalid/pingback-doctor"
ELSEWHERE = "https://elsewhere.invalid/"
ANSWER_WITHIN = 3.0  # seconds; then WordPress hangs up

LONGEST_MESSAGE = 200  # characters of what the far side says

_XML = frozenset({"text/xml", "application/xml"})
_BEGINNING = re.compile(rb"(?:<\?xml[^>]*\?>\s*)?<methodResponse[\s>]")

# Right answers to a ping whose source does not exist: the norm's, and what others of good will say.
_NO_SUCH_SOURCE: dict[int, str] = {
    FaultCode.SOURCE_NOT_FOUND: "a source that does not exist is fault 16",
    FaultCode.UPSTREAM_ERROR: "a source that does not exist is fault 50, which is as good as 16",
    FaultCode.GENERIC: "a source that does not exist is fault 0; WordPress says so of everything",
}
# Wrong ones, and where to look.
_NOT_THIS_PAGE: dict[int, str] = {
    FaultCode.TARGET_NOT_FOUND: "the endpoint does not know this page (fault 32): does it know this site?",
    FaultCode.TARGET_NOT_PINGABLE: "the endpoint takes no pings for this page (fault 33): does it know this site?",
    FaultCode.ACCESS_DENIED: "the endpoint does not let us ping (fault 49)",
}
# Right answers to a ping for a page of another site.
_NOT_OURS = frozenset(
    {FaultCode.TARGET_NOT_PINGABLE, FaultCode.TARGET_NOT_FOUND, FaultCode.ACCESS_DENIED, FaultCode.GENERIC}
)


class _Answer(NamedTuple):
    status: int
    content_type: str | None
    body: bytes


def checks_of(endpoint: Endpoint, target: str, *, client: "Client", clock: Callable[[], float]) -> Iterator[Check]:
    """What is right and wrong with the endpoint of a target; ends early where it cannot be reached.

    Blocks for a few exchanges. `clock` gives seconds that never run backwards.
    """
    try:
        yield from _CHECKS[endpoint.protocol](endpoint.url, target, client, clock)
    except FetchError as error:
        yield Check(name=f"{endpoint.protocol}-endpoint", ok=False, message=plain(str(error)))


def _of_pingback(url: str, target: str, client: "Client", clock: Callable[[], float]) -> Iterator[Check]:
    with client.get(url) as response:
        yield _pingback_get(response.status)
    began = clock()
    answer = _post(client, url, encode_ping(SOURCE, target), "text/xml")
    seconds = clock() - began
    yield _pingback_answer(answer)
    yield _pingback_time(seconds)
    yield _pingback_source(answer)
    yield _pingback_target(_post(client, url, encode_ping(SOURCE, ELSEWHERE), "text/xml"))


def _of_webmention(url: str, target: str, client: "Client", clock: Callable[[], float]) -> Iterator[Check]:
    answer = _post(client, url, b"", FORM)
    message = f"a form without source and target is answered with {answer.status}"
    if answer.status != 400:
        message += "; it must be 400 (Webmention §3.2.3)"
    yield Check(name="webmention-empty", ok=answer.status == 400, message=message)


def _of_trackback(url: str, target: str, client: "Client", clock: Callable[[], float]) -> Iterator[Check]:
    check = partial(Check, name="trackback-empty")
    answer = _post(client, url, encode_form({"title": "A ping without a url"}), CONTENT_TYPE)
    try:
        reply = decode_reply(answer.body)
    except BadResponse as error:
        yield check(ok=False, message=f"a ping without a url must be answered with an error, but {error}")
        return
    if reply.error:
        yield check(ok=True, message="a ping without a url is an error")
    else:
        yield check(ok=False, message="a ping without a url is taken, which the norm forbids")


def _pingback_get(status: int) -> Check:
    message = f"a GET is answered with {status}"
    if status != 405:
        message += "; it should be 405, for an endpoint takes POST only: is this its address?"
    return Check(name="pingback-get", ok=status == 405, message=message)


def _pingback_answer(answer: _Answer) -> Check:
    check = partial(Check, name="pingback-answer", ok=False)
    if answer.status != 200:
        return check(message=f"a fault comes with HTTP status {answer.status}; senders want 200, for faults too")
    if parse_content_type(answer.content_type).media_type not in _XML:
        return check(
            message=f"the answer's Content-Type is {shorten(plain(answer.content_type or 'none'), 80)}, not text/xml"
        )
    if not _BEGINNING.match(answer.body):
        return check(
            message="something stands before the XML, or it is none; WordPress wants <?xml or <methodResponse> at once"
        )
    return check(ok=True, message="a ping is answered with HTTP status 200 and XML-RPC")


def _pingback_time(seconds: float) -> Check:
    message = f"a ping is answered after {seconds:.1f} seconds"
    if seconds > ANSWER_WITHIN:
        message += f"; WordPress hangs up after {ANSWER_WITHIN:g}"
    return Check(name="pingback-time", ok=seconds <= ANSWER_WITHIN, message=message)


def _pingback_source(answer: _Answer) -> Check:
    check = partial(Check, name="pingback-source")
    said = _said(answer)
    if said is None:
        return check(ok=True, message="a ping is accepted before its source is looked at, and has to be verified later")
    if isinstance(said, BadResponse):
        return check(ok=False, message=f"a ping is not answered in XML-RPC: {said}")
    if said.code in _NO_SUCH_SOURCE:
        return check(ok=True, message=_NO_SUCH_SOURCE[said.code])
    return check(ok=False, message=_NOT_THIS_PAGE.get(said.code) or f"instead of fault 16 there is {_shown(said)}")


def _pingback_target(answer: _Answer) -> Check:
    check = partial(Check, name="pingback-target")
    said = _said(answer)
    if said is None:
        return check(ok=False, message="a ping for a page of another site is accepted; it should be fault 33")
    if isinstance(said, BadResponse):
        return check(ok=False, message=f"a ping for a page of another site is not answered in XML-RPC: {said}")
    if said.code in _NOT_OURS:
        return check(ok=True, message=f"a ping for a page of another site is fault {said.code}")
    return check(ok=False, message=f"a ping for a page of another site should be fault 33, and is {_shown(said)}")


def _said(answer: _Answer) -> Fault | BadResponse | None:
    """The fault, or why there is no telling, as there is not for senders that pass nothing over; None for a success."""
    try:
        decode_strict_response(answer.body)
    except (Fault, BadResponse) as said:
        return said
    return None


def _shown(fault: Fault) -> str:
    message = plain(fault.message) or MEANINGS.get(fault.code, "without a word")
    return f"fault {fault.code}: {shorten(message, LONGEST_MESSAGE)}"


def _post(client: "Client", url: str, body: bytes, content_type: str) -> _Answer:
    with client.post(url, body, content_type=content_type) as response:
        return _Answer(response.status, response.content_type, response.read(MAX_BODY + 1))


_CHECKS: dict[Protocol, Callable[[str, str, "Client", Callable[[], float]], Iterator[Check]]] = {
    Protocol.PINGBACK: _of_pingback,
    Protocol.WEBMENTION: _of_webmention,
    Protocol.TRACKBACK: _of_trackback,
}
