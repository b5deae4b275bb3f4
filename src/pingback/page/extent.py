"""How much of a stranger's page has to be read, and which of its elements kept, for what it says of a target.

Most pages have no microformats. Of those the words around the link are wanted, and the page is read to the link.
"""

import re
from collections.abc import Callable, Mapping

from pingback.page.links import Wanted

# The list of mentions received, as classes or ids of ours, of WordPress, and of others.
COMMENT_LISTS = frozenset(
    "pingback-mentions comments comment-list commentlist comments-list comments-area comment-area comment-body respond"
    " comment-respond comments-section comment-section comments-wrapper comments-container post-comments"
    " wp-block-comments wp-block-latest-comments comment-thread comment-item comment-content comment-wrapper"
    " entry-comments article-comments disqus_thread isso-thread mentions webmentions webmention-list pingbacks replies"
    " u-comment p-comment".split()
)

COMMENT = "comment"  # a class, and a property of schema.org

# The way to the posts before and after, where it is no <nav>.
PAGERS = frozenset("ablog__prev-next blog-pager pager pagination post-nav post-navigation prev-next".split())

# What has no words of the entry that it stands in.
UNSAID = frozenset(
    "annotation annotation-xml audio button canvas dialog embed form head input map meter nav object option progress"
    " select svg title video".split()
)
FOR_SCREEN_READERS = frozenset(
    "screen-reader-text sr-only visually-hidden visuallyhidden".split()
)  # “opens in a new tab”
# What themes call the box with the post that is answered.
CONTEXTS = frozenset("in-reply-to reply-context response-context note-context post-response".split())

# Of what an entry says at length, the characters at its beginning in which no element is skipped: somewhat more than
# are ever shown, as some of it may not be its own.
MAX_BEGINNING = 12_000

# Elements that get no node where nothing is told by them: in a page that speaks as a whole, and behind the beginning of
# what an entry says.
SKIPPED = frozenset(
    "a b bdi bdo big br caption cite code dd dfn div dl dt em fieldset figcaption figure font hr i img kbd label legend"
    " link li mark ol p pre q s samp section small span strong sub summary sup table tbody td tfoot th thead tr u"
    " ul".split()
)
# Where parts of a page may speak, what only looks so, unless it is an answer: its words are shown with their emphasis.
_SKIPPED_OF_PARTS = frozenset(
    "b bdi bdo big cite code dfn em font i kbd mark q s samp small span strong sub sup u".split()
)
_TELLING = frozenset("class id itemprop itemscope itemtype typeof property rel hidden style role".split())
_ANSWERS = (b"in-reply-to", b"p-rsvp", b"bookmark-of")
# What stands in these, or in what has one of the attributes, may be beside the page's words, or others'.
_BESIDE = frozenset("aside nav header footer dialog form blockquote".split())
_UNSAYING = frozenset({"role", "hidden", "aria-hidden", "itemprop", "itemtype"})
_HIDING = frozenset({"role", "hidden", "aria-hidden", "style"})

_ITEMS = frozenset(
    "h-entry hentry h-cite h-card vcard h-event vevent h-review hreview h-feed hfeed published"
    " wp-block-post-author-name wp-block-post-author__name".split()
)
_RELS = frozenset({"author", "schema:author", "bookmark", "me"})
_CANONICAL = "canonical"  # a rel, which no part of a page has
# What is told by classes and attributes; a link to the target is told of alone.
_PART, _BOX, ENTRY, CONTENT, _PROPERTY, WANTED, _UNSAID = (1 << place for place in range(7))
_ENTRIES = frozenset({"h-entry", "hentry"})
_ENTRY = re.compile(rb"""class=(?:["'][^"'<>]{0,200}?)?\bh-?entry\b""")
MAX_HEAD = 32 * 1024  # bytes in which the first entry is looked for
_CONTENTS = frozenset({"e-content", "entry-content"})
# What may be a property of an item, by the prefixes of microformats2 or by its name in classic ones, and what is not to
# be pinged.
_PROPERTIES = re.compile(
    r"(?:h|p|u|dt|e)-[a-z]|(?:author|byline|bookmark|description|dtreviewed|entry-[a-z]+|(?:family|given)-name|fn"
    r"|in-reply-to|logo|n|nickname|no-ping|org|photo|reviewer|summary|uid|url|value|value-title|wm-nosend"
    r"|wp-block-post)\Z"
)
HIDDEN_STYLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_REFERENCES = frozenset({"href", "src"})
_NAMING = frozenset({"class", "rel"})
# What other attributes tell, some only by some values.
_TOLD = {
    **dict.fromkeys(("itemprop", "itemscope", "itemtype", "typeof"), _PART),
    **dict.fromkeys(("id", "role", "hidden", "aria-hidden", "style"), _BOX),
    **dict.fromkeys(("property", "data-no-ping", "data-wm-nosend"), _PROPERTY),
}
_TOLD_BY: Mapping[str, Callable[[str], object]] = {"id": COMMENT_LISTS.__contains__, "style": HIDDEN_STYLE.search}
# What may say behind the link who speaks, and when: in lower case, and roughly.
_SIGNS = tuple(b"entry card cite event review feed bookmark author <time published ld+json <meta <article".split())
_SURE = re.compile(
    rb"\bh-?(?:entry|feed|review)\b|\b[hv]-?(?:card|event)\b|\bh-cite\b"
    rb"|(?:rel|itemprop|property)\s*=[^<>]{0,100}?(?:author|bookmark)"
    rb"|wp-block-post-author|<time\b|published|ld\+json|<meta\b|<article\b"
)


class Extent:
    """Whether a page in UTF-8 that may link to the target speaks as a whole, as far as it is read.

    While it does, only few of its elements get a node, and it may end behind the link. `is_plain` is false once
    something says that a part of it may speak: it has to be read anew then, and all of it.
    """

    def __init__(self, utf8: bytes, target: str, *, fragment: str = "") -> None:
        self._utf8 = utf8
        self._known: dict[str, int] = {}  # classes and rels that were looked at; pages have them again and again
        self._articles = 0
        self.wanted = Wanted(target)
        self.base = ""  # of the page's references
        self.is_brief = False  # what is read is behind the beginning of what an entry says at length
        self.may_be_brief = not fragment  # which may name any element
        self.is_plain = True
        self.skipped: frozenset[str] = SKIPPED
        if fragment or _begins_an_entry(utf8[:MAX_HEAD]):
            self.widen()

    def told(self, attributes: Mapping[str, str]) -> int:
        """What the attributes of an element tell that may be skipped: it gets a node for that, or as a link to the
        target (`WANTED`).

        Called for each that has any, so it is plain.
        """
        told, known = 0, self._known
        for name, value in attributes.items():
            if name in _REFERENCES:
                if self.wanted.is_meant(value, self.base):
                    return WANTED
            elif name in _NAMING:
                told |= known[value] if value in known else self.told_by(value)
            elif name in _TOLD and (name not in _TOLD_BY or _TOLD_BY[name](value)):
                told |= _TOLD[name]
        if self.is_plain:
            self.is_plain = not told & _PART
        elif not self.is_brief and not _TELLING.isdisjoint(attributes):
            return told | _PROPERTY
        return told

    def sees(self, tag: str) -> None:
        """Take note of what makes parts: `<time>`, a title that is a link, articles but for one within the `<main>`."""
        self._articles += tag == "article"
        if self._articles > 1 or tag not in ("article", "main") or (tag == "main" and self._articles):
            self.is_plain = False

    def is_beside(self, tag: str, attributes: Mapping[str, str]) -> bool:
        """What stands in an element may be others' words, or beside those of the page."""
        if tag in _BESIDE or not _HIDING.isdisjoint(attributes):
            return True
        return bool(self.told_by(attributes.get("class", "")) & _BOX) or attributes.get("id") in COMMENT_LISTS

    def is_unsaid(self, tag: str, attributes: Mapping[str, str]) -> bool:
        """What stands in an element of an entry may be none of what the entry says."""
        if tag in UNSAID or tag == "noscript" or not _UNSAYING.isdisjoint(attributes):
            return True
        if attributes.get("id") in COMMENT_LISTS or HIDDEN_STYLE.search(attributes.get("style", "")):
            return True
        return bool(self.told_by(attributes.get("class", "")) & (_BOX | _PROPERTY | _UNSAID))

    def widen(self) -> None:
        """All of the page is to be read."""
        is_answer = any(mark in self._utf8 for mark in _ANSWERS)
        self.is_plain, self.skipped = False, frozenset() if is_answer else _SKIPPED_OF_PARTS
        self.wanted.again()

    def ends_at(self, read: int) -> bool:
        """Nothing behind so many bytes can say who speaks."""
        rest = self._utf8[max(self._utf8.rfind(b"<", 0, read), 0) :].lower()  # from a tag on that may be cut in two
        self.is_plain = not (any(sign in rest for sign in _SIGNS) and _SURE.search(rest))
        return self.is_plain

    def told_by(self, value: str) -> int:
        """What classes or rels say."""
        told = self._known.get(value)
        if told is None:
            names = value.split()
            told = _PART if not (_ITEMS.isdisjoint(names) and _RELS.isdisjoint(value.lower().split())) else 0
            told |= _BOX if not (COMMENT_LISTS.isdisjoint(names) and PAGERS.isdisjoint(names)) else 0
            told |= _BOX if COMMENT in names else 0
            told |= ENTRY if not _ENTRIES.isdisjoint(names) else 0
            told |= CONTENT if not _CONTENTS.isdisjoint(names) else 0
            told |= _PROPERTY if any(map(_PROPERTIES.match, names)) or _CANONICAL in value.lower() else 0
            told |= _UNSAID if not (CONTEXTS.isdisjoint(names) and FOR_SCREEN_READERS.isdisjoint(names)) else 0
            self._known[value] = told
        return told


def _begins_an_entry(head: bytes) -> bool:
    """At a glance: a page with entries need not be read as one without, and then anew."""
    return (b"h-entry" in head or b"hentry" in head) and _ENTRY.search(head) is not None
