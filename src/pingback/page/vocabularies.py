"""The formats in which a JSON document tells of posts: microformats (mf2 JSON, JF2) and ActivityStreams 2.

Each is a `Vocabulary`: what is an entry in it, what the entry answers, and what it says of itself. Whatever has another
type than its format wants says nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pingback.model import Author, MentionKind, Rsvp
from pingback.page.properties import name_of
from pingback.page.tree import ANSWERS
from pingback.protocols.headers import content_type as parse_content_type
from pingback.protocols.headers import profiles_in
from pingback.urls import is_http, tidy, without_credentials

MAX_VALUES = 100  # of one property

Item = Mapping[str, Any]
Answer = tuple[MentionKind, Rsvp | None]

_STREAMS = ("https://www.w3.org/ns/activitystreams", "http://www.w3.org/ns/activitystreams")
_STREAMS_TYPE = "application/activity+json"
_LINKED_TYPE = "application/ld+json"
_HTML = "text/html"


class Value(NamedTuple):
    """Words as a document gives them. Where it gives HTML, that is what they are."""

    text: str = ""
    html: str = ""


class Entry(NamedTuple):
    """What an entry says of itself. `words` are its content, else its summary, else its name; of its own `addresses`
    the better ones come first."""

    name: str | None
    words: Value
    author: Author | None
    published: str | None
    addresses: Sequence[str]


class Vocabulary(NamedTuple):
    """`parts` are the names under which an entry stands that speaks for itself; "" is the top.

    A `frame` is what is around entries and says something of them: a feed, or the activity that publishes them.
    """

    parts: frozenset[str]
    is_entry: Callable[[Item], bool]
    frame_parts: Callable[[Item], frozenset[str] | None]  # where its entries stand; None of what is no frame
    is_card: Callable[[Item], bool]
    addresses_of: Callable[[object], Iterator[str]]
    html_in: Callable[[Item], Iterator[str]]
    answer_of: Callable[[Item, Callable[[str], bool]], Answer]
    entry_of: Callable[[Item], Entry]
    frame_of: Callable[[Item], Entry]  # what a frame says of the entries within it
    card_of: Callable[[object], Author | None]


def vocabulary_of(document: object, content_type: str | None) -> Vocabulary:
    """That of a document; where it says nothing of ActivityStreams, it may still hold microformats."""
    contexts = values_of(document, "@context") if isinstance(document, dict) else []
    return STREAMS if _is_of_streams(content_type) or any(map(_is_streams, contexts)) else MICROFORMATS


def _is_of_streams(content_type: str | None) -> bool:
    """With such a type no context has to say it again (Activity Streams 2.0 §2.1, ActivityPub §3.2)."""
    media_type = parse_content_type(content_type).media_type
    is_linked = media_type == _LINKED_TYPE and any(map(_is_streams, profiles_in(content_type)))
    return is_linked or media_type == _STREAMS_TYPE


def _is_streams(name: object) -> bool:
    return isinstance(name, str) and name.rstrip("#") in _STREAMS


def values_of(item: Item, name: str) -> list[Any]:
    """A property's values. In JF2 and in ActivityStreams one value stands alone; mf2 keeps properties apart."""
    properties = item.get("properties")
    value = (properties if isinstance(properties, dict) else item).get(name)
    return value[:MAX_VALUES] if isinstance(value, list) else [] if value is None else [value]


def _first_text(values: Iterable[object]) -> str | None:
    return next((each for each in values if isinstance(each, str) and each.strip()), None)


def _addresses(values: Iterable[object]) -> Iterator[str]:
    """Of a stranger's addresses those that a page may show: never `javascript:`."""
    texts = (each.strip() for each in values if isinstance(each, str))
    return (without_credentials(tidy(each)) for each in texts if is_http(each))


def _first_address(values: Iterable[object]) -> str | None:
    return next(_addresses(values), None)


def _author(name: str | None, url: str | None, photo: str | None) -> Author | None:
    author = Author(name=name_of(name), url=url, photo=photo)
    return author if author != Author() else None


# Microformats: https://microformats.org/wiki/microformats2-parsing, https://www.w3.org/TR/jf2/

_ENTRIES = frozenset("entry cite event review".split())
_KINDS = tuple(MentionKind(name[2:]) for name in ANSWERS)  # each is a property's name
_FEED_PARTS = frozenset({"children", "items"})


def _types_of(item: Item) -> set[str]:
    """Without `h-`; in JF2 it is a word alone."""
    types = item.get("type")
    if isinstance(types, list) and isinstance(item.get("properties"), dict):
        return {each[2:] for each in types if isinstance(each, str) and each.startswith("h-")}
    return {types} if isinstance(types, str) and "properties" not in item else set()


def _is_entry(item: Item) -> bool:
    return not _ENTRIES.isdisjoint(_types_of(item))


def _feed_parts(item: Item) -> frozenset[str] | None:
    return _FEED_PARTS if "feed" in _types_of(item) else None


def _is_card(item: Item) -> bool:
    return "card" in _types_of(item)


def _addresses_of(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in (*values_of(value, "url"), *values_of(value, "uid"), value.get("value")):
            if isinstance(each, str):
                yield each


def _html_in(item: Item) -> Iterator[str]:
    if isinstance(html := item.get("html"), str):
        yield html


def _answer_of(item: Item, is_target: Callable[[str], bool]) -> Answer:
    def answers(name: str) -> bool:
        return any(is_target(address) for value in values_of(item, name) for address in _addresses_of(value))

    kind = next(filter(answers, _KINDS), MentionKind.MENTION)
    rsvp = (_first_text(map(_text_of, values_of(item, "rsvp"))) or "").strip().lower()
    if kind is MentionKind.REPLY and rsvp in set(Rsvp):
        return MentionKind.RSVP, Rsvp(rsvp)
    return kind, None


def _entry_of(item: Item) -> Entry:
    name = _first_text(map(_text_of, values_of(item, "name")))
    worded = (_value_of(value) for part in ("content", "summary") for value in values_of(item, part))
    words = next((value for value in worded if value.text.strip() or value.html.strip()), None)
    is_implied = name is not None and words is not None and "".join(name.split()) in "".join(words.text.split())
    return Entry(
        name=None if is_implied else name,  # a note has none, but parsers give it the beginning of its words
        words=words or Value(name or ""),
        author=next(filter(None, map(_card_of, values_of(item, "author"))), None),
        published=_first_text(map(_text_of, values_of(item, "published"))),
        addresses=list(_addresses((*values_of(item, "url"), *values_of(item, "uid")))),
    )


def _card_of(value: object) -> Author | None:
    if isinstance(value, str):
        url = _first_address([value])
        return _author(None if url else value, url, None)
    if not isinstance(value, dict):
        return None
    url = _first_address((*values_of(value, "url"), *values_of(value, "uid")))
    names = [*map(_text_of, values_of(value, "name")), value.get("value")]
    photo = _first_address(map(_text_of, (*values_of(value, "photo"), *values_of(value, "logo"))))
    return _author(_first_text(names), url, photo)


def _text_of(value: object) -> object:
    """An image is `{"value", "alt"}`, an item within has a `value`."""
    return value.get("value") if isinstance(value, dict) else value


def _value_of(value: object) -> Value:
    if not isinstance(value, dict):
        return Value(value) if isinstance(value, str) else Value()
    text = _first_text((value.get("value"), value.get("text")))  # the latter in JF2
    html = value.get("html")
    return Value(text or "", html if isinstance(html, str) else "")


MICROFORMATS = Vocabulary(
    parts=frozenset({"", "items", "children", "comment"}),
    is_entry=_is_entry,
    frame_parts=_feed_parts,
    is_card=_is_card,
    addresses_of=_addresses_of,
    html_in=_html_in,
    answer_of=_answer_of,
    entry_of=_entry_of,
    frame_of=lambda feed: _entry_of(feed)._replace(published=None),
    card_of=_card_of,
)


# ActivityStreams 2: https://www.w3.org/TR/activitystreams-vocabulary/

_POSTS = frozenset("Note Article Page Question Document Image Audio Video Event".split())
_REACTIONS = {"Like": MentionKind.LIKE, "Announce": MentionKind.REPOST}
_RSVPS = {"Accept": Rsvp.YES, "Reject": Rsvp.NO, "TentativeAccept": Rsvp.MAYBE}
_SPEAKING = _POSTS | _REACTIONS.keys() | _RSVPS.keys()
_PUBLISHING = frozenset({"Create", "Update"})
_INVITING = frozenset({"Invite", "Offer", "Join"})  # what is accepted or rejected in place of the event itself
_ACTORS = frozenset("Person Group Organization Service Application".split())
_PUBLISHED = frozenset({"object"})


def _stream_types(item: Item) -> set[str]:
    types = values_of(item, "type") or values_of(item, "@type")
    return {each.rpartition("#")[2].removeprefix("as:") for each in types if isinstance(each, str)}


def _speaks(item: Item) -> bool:
    return not _SPEAKING.isdisjoint(_stream_types(item))


def _published_parts(item: Item) -> frozenset[str] | None:
    return None if _PUBLISHING.isdisjoint(_stream_types(item)) else _PUBLISHED


def _is_actor(item: Item) -> bool:
    return not _ACTORS.isdisjoint(_stream_types(item))


def _references_in(value: object) -> Iterator[str]:
    """The addresses of an object or a link, which are its own."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in (value.get("id"), value.get("@id"), value.get("href"), *map(_href_of, values_of(value, "url"))):
            if isinstance(each, str):
                yield each


def _href_of(value: object) -> object:
    return value.get("href") if isinstance(value, dict) else value


def _markup_in(item: Item) -> Iterator[str]:
    """Content and summary are HTML, where their `mediaType` does not say otherwise."""
    if item.get("mediaType", _HTML) == _HTML:
        for name in ("content", "summary"):
            yield from _in_languages(item, name)


def _in_languages(item: Item, name: str) -> Iterator[str]:
    """A property's text, then those by language."""
    told = item.get(f"{name}Map")
    for value in (item.get(name), *(told.values() if isinstance(told, dict) else ())):
        if isinstance(value, str) and value.strip():
            yield value


def _reaction_of(item: Item, is_target: Callable[[str], bool]) -> Answer:
    types = _stream_types(item)
    objects = values_of(item, "object")
    invited = [
        each
        for one in objects
        if isinstance(one, dict)
        for each in values_of(one, "object")
        if not _INVITING.isdisjoint(_stream_types(one))
    ]

    def are_target(values: Iterable[object]) -> bool:
        return any(is_target(address) for value in values for address in _references_in(value))

    for name in types & _REACTIONS.keys():
        if are_target(objects):
            return _REACTIONS[name], None
    for name in types & _RSVPS.keys():
        if are_target([*objects, *invited]):
            return MentionKind.RSVP, _RSVPS[name]
    return MentionKind.REPLY if are_target(values_of(item, "inReplyTo")) else MentionKind.MENTION, None


def _post_of(item: Item) -> Entry:
    name = next(_in_languages(item, "name"), None)
    words = next(_in_languages(item, "content"), None)
    is_html = item.get("mediaType", _HTML) == _HTML or words is None
    words = words or next(_in_languages(item, "summary"), None)
    authors = (*values_of(item, "attributedTo"), *values_of(item, "actor"))
    return Entry(
        name=name,
        words=Value(name or "") if words is None else Value(html=words) if is_html else Value(words),
        author=next(filter(None, map(_actor_of, authors)), None),
        published=_first_text(values_of(item, "published")),
        addresses=list(_pages_of(item)),
    )


def _actor_of(value: object) -> Author | None:
    if not isinstance(value, dict):
        return _author(None, _first_address([value]), None)
    names = (*_in_languages(value, "name"), value.get("preferredUsername"))
    url = _page_of(value) or _first_address((value.get("id"), value.get("@id"), value.get("href")))
    icons = (*values_of(value, "icon"), *values_of(value, "image"))
    photos = (_page_of(each, "image/") or _href_of(each) if isinstance(each, dict) else each for each in icons)
    return _author(_first_text(names), url, _first_address(photos))


def _page_of(item: Item, media_type: str = _HTML) -> str | None:
    return next(_pages_of(item, media_type), None)


def _pages_of(item: Item, media_type: str = _HTML) -> Iterator[str]:
    """Where to see it: its links of that type, and then those without any."""
    urls = values_of(item, "url")
    typed = [each for each in urls if isinstance(each, dict) and str(each.get("mediaType")).startswith(media_type)]
    untyped = [each for each in urls if not isinstance(each, dict) or "mediaType" not in each]
    return _addresses(map(_href_of, (*typed, *untyped)))


STREAMS = Vocabulary(
    parts=frozenset({"", "items", "orderedItems", "@graph"}),
    is_entry=_speaks,
    frame_parts=_published_parts,
    is_card=_is_actor,
    addresses_of=_references_in,
    html_in=_markup_in,
    answer_of=_reaction_of,
    entry_of=_post_of,
    frame_of=_post_of,
    card_of=_actor_of,
)
