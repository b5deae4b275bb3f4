"""The message of Webmention §3: a form with a source and a target."""

from pingback.errors import Fault, FaultCode
from pingback.protocols.forms import decode_form, encode_form
from pingback.urls import same_url


def encode_webmention(source: str, target: str) -> bytes:
    """The body that tells the target's endpoint of the source (§3.1.3)."""
    return encode_form({"source": source, "target": target})


def decode_webmention(body: bytes, content_type: str | None) -> tuple[str, str]:
    """The source and the target; Fault, which says what is wrong with which, for all else (§3.2.1)."""
    form = decode_form(body, content_type)
    source, target = form.url("source"), form.url("target")
    if same_url(source, target):
        raise Fault(FaultCode.BAD_PARAMETERS, "source and target are the same page")
    return source, target
