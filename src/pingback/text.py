"""Plain text for display: white space folded, control characters gone, cut at whole words."""

import re

ELLIPSIS = "…"
EXCERPT_LENGTH = 200  # characters, ellipses included

# C0 and C1 controls are folded like white space or dropped; lone surrogates cannot be stored. Of the controls for the
# direction of writing, those go that turn around whatever follows until another ends them (UAX #9 §2): in a list, the
# next stranger's words. Marks, which the words of a right-to-left script can need, turn nothing around.
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_EMPTY_LINES = re.compile(r"\n{3,}")
_NEAR = 30  # characters given up at most to reach a word's edge; Chinese and Japanese have none to reach


def printable(text: str) -> str:
    """`text` with its white space as it is, without control characters, and in no other direction than its letters."""
    return text if text.isprintable() else _UNPRINTABLE.sub("", text)  # it says in no time that nothing is to be done


def plain(text: str) -> str:
    """`text` on one line, without control characters, and in no other direction than its letters have."""
    return " ".join(printable(text).split())


def shorten(text: str, length: int) -> str:
    """`text` if it fits, else its beginning up to a word's end and an ellipsis, `length` characters at most."""
    return text if len(text) <= length else _cut_end(text[: length - 1], text[length - 1]) + ELLIPSIS


def lines_of(text: str) -> str:
    """`text` on its own lines, printable, indented as they are, with no more than one empty line between any two."""
    lines = printable(text).replace("\x1f", " ").splitlines()  # white space that ends no line
    return _EMPTY_LINES.sub("\n\n", "\n".join([line.rstrip() for line in lines])).strip()


def clean(text: str | None, length: int) -> str | None:
    """`text` as one line of at most `length` characters; None when nothing is left of it."""
    return shorten(plain(text), length) or None if text else None


def excerpt_around(before: str, link: str, after: str) -> str:
    """The words around a link: all of them where they fit, else the link in the middle, with ellipses where cut."""
    text, middle = plain(before + link + after), plain(link)
    if len(text) <= EXCERPT_LENGTH:
        return text
    room = EXCERPT_LENGTH - 2 * (len(ELLIPSIS) + 1)
    link_start = max(text.find(middle, len(plain(before))), 0)
    start = link_start if len(middle) >= room else link_start + len(middle) // 2 - room // 2
    start = max(0, min(start, len(text) - room))
    stop = start + room
    window = text[start:stop]
    if start > 0:
        window = f"{ELLIPSIS} {_cut_start(window, text[start - 1])}"
    if stop < len(text):
        window = f"{_cut_end(window, text[stop])} {ELLIPSIS}"
    return window


def _cut_start(window: str, previous: str) -> str:
    if previous == " ":
        return window.lstrip()
    edge = window.find(" ", 0, _NEAR)
    return window[edge + 1 :] if edge >= 0 else window


def _cut_end(window: str, following: str) -> str:
    if following == " ":
        return window.rstrip()
    edge = window.rfind(" ", max(0, len(window) - _NEAR))
    return window[:edge].rstrip() if edge >= 0 else window
