"""Text as strangers send it: bytes in a charset that somebody names, or that has to be guessed."""

import webencodings

_NEVER_SENT = {"utf-16le", "utf-16be", "replacement"}  # Encoding standard §4.3: no output is in these


def decode_text(value: bytes, *labels: str | None) -> str:
    """The text in the first charset that a label names, else UTF-8 if it is that, else windows-1252.

    Labels are the web's (Encoding standard §4.2): UTF-7 is none, and UTF-16 is not believed, as it is of text that is
    not. Bad bytes become U+FFFD; a byte order mark overrules the label.
    """
    found = filter(None, (webencodings.lookup(label) for label in labels if label))
    named = next((encoding for encoding in found if encoding.name not in _NEVER_SENT), None)
    text: str = webencodings.decode(value, named or _guess(value))[0]
    return text


def _guess(value: bytes) -> str:
    try:
        value.decode()
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"
