"""Forms as bytes in, fields out, and back: `application/x-www-form-urlencoded` (URL standard §5), as strangers send it.

A form's bytes are percent-decoded first, and read in its charset then: of a character in Shift_JIS, one byte can be an
escape, and the other a letter that needs none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from pingback.errors import Fault, FaultCode
from pingback.protocols.headers import content_type as parse_content_type
from pingback.protocols.markup import decode_text
from pingback.protocols.xmlrpc import MAX_BODY
from pingback.urls import is_http

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 100  # in one form; a TrackBack has four


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Names and values as bytes, in the order sent; `charset` is what the `Content-Type` says they are in."""

    fields: tuple[tuple[bytes, bytes], ...]
    charset: str | None

    def text(self, name: str) -> str | None:
        """The field of that name, None where there is none; Fault where there are several.

        It is read in the charset of the `Content-Type`, else in that of the form's field `charset`, where WordPress
        looks, else by a guess; see `decode_text`.
        """
        values = [value for field, value in self.fields if field == name.encode()]
        if len(values) > 1:
            raise Fault(FaultCode.BAD_PARAMETERS, f"{name} is given more than once")
        named = next((value.decode("ascii", "replace") for field, value in self.fields if field == b"charset"), "")
        return decode_text(values[0], self.charset, named) if values else None

    def url(self, name: str) -> str:
        """The field of that name, white space around it removed; Fault where it is not an absolute HTTP URL."""
        url = (self.text(name) or "").strip()
        if not url:
            raise Fault(FaultCode.BAD_PARAMETERS, f"{name} is missing")
        if not is_http(url):
            raise Fault(FaultCode.BAD_PARAMETERS, f"{name} is not an absolute HTTP URL")
        return url


def decode_form(body: bytes, content_type: str | None) -> Form:
    """The form in a request's body; Fault where it is none, or exceeds a limit. Without a media type it is one."""
    media_type, charset = parse_content_type(content_type)
    if media_type not in ("", FORM):
        raise Fault(FaultCode.BAD_PARAMETERS, f"the message is not a form ({FORM}) but {media_type[:100]}")
    if len(body) > MAX_BODY:
        raise Fault(FaultCode.BAD_PARAMETERS, f"the form is longer than {MAX_BODY} bytes")
    # As Latin-1 every byte is a letter and comes back as the same byte.
    text = body.decode("latin-1")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, encoding="latin-1", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Fault(FaultCode.BAD_PARAMETERS, f"the form has more than {MAX_FIELDS} fields") from None
    fields = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs)
    return Form(fields=fields, charset=charset)


def encode_form(fields: Mapping[str, str]) -> bytes:
    """A request's body, in UTF-8; ValueError for a lone surrogate, which UTF-8 cannot carry."""
    return urlencode(fields).encode()
