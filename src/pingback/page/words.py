"""What a page that links to us says: the words around the link, or all that a reply says itself.

What a reply answers is not what it says. So the box, line or sentence is left out that only names it, where
microformats, or the words before the link, leave no doubt.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from pingback import text
from pingback.model import Content
from pingback.page.contents import LeftOut, content_of
from pingback.page.extent import CONTEXTS
from pingback.page.nodes import LINE_BREAK, Node, above
from pingback.page.properties import CARDS
from pingback.page.scanner import BLOCKS
from pingback.page.tree import ANSWER_CLASSES, CHROME, COMMENTS, ENTRIES, Item, Page
from pingback.text import EXCERPT_LENGTH, plain, shorten

MAX_BLOCKS = 100  # paragraphs gone through in all to find words for links that have none in their own
MAX_ANSWERED = 20  # nodes that name what a reply answers
MAX_AROUND = 30  # elements around such a node that are looked at
MAX_LINE = 600  # characters of a line, and pieces of it, on each side of a link that are looked at
MAX_PHRASE = 120  # characters of “In reply to …”
_BEGINNING = 1000  # characters of a content, in which its excerpt is

# What is answered has one of these.
_ANSWERS = ANSWER_CLASSES | {"u-rsvp-of", "p-rsvp-of"}
# What an entry says beside its words: who, when, where from, about what, and where else.
_BESIDE = frozenset(
    "p-author u-author author byline p-uid u-uid u-url dt-published dt-updated dt-accessed published updated entry-date"
    " u-syndication p-category u-category p-location u-location u-comment p-comment"
    " h-entry hentry h-cite h-feed hfeed".split()
)
_NAMING_RELS = frozenset({"author", "bookmark"})

# “In reply to”, and “re:”, in the languages of most of the web.
_REPLY = "|".join(
    (
        r"in (?:direct )?(?:reply|response|answer) to|(?:repl(?:y|ied|ies|ying)|respon(?:se|ded|ds|ding)) to|re:",
        r"(?:als |in )?(?:antwort|reaktion|erwiderung) (?:auf|an|zu)|(?:antwortete?|reagierte?) auf",
        r"(?:en )?réponse (?:à|au|aux)|(?:répond|répondu|répondant|a répondu) (?:à|au|aux)",
        r"(?:en )?(?:respuesta|resposta) (?:a|al|als|de)|(?:respondiendo|respondió|responde) (?:a|al)",
        r"(?:in )?risposta (?:a|ad|al|alla|allo|ai|alle|agli|all)|(?:risponde|risposto) (?:a|ad|al|alla)",
        r"(?:em )?resposta (?:a|à|ao|aos|às)|(?:respondendo|respondeu) (?:a|à|ao)",
        r"(?:in |als )?(?:antwoord|reactie) op|(?:antwoordde|antwoordt|reageert|reageerde) op",
        r"(?:som |ett |et )?svar (?:på|till|til)|(?:svarar|svarade|svarer|svarte|svarede) (?:på|til)",
        r"vastaus|vastauksena|vastasi|(?:w )?odpowied(?:ź|zi) (?:na|do|dla)|odpowiada na",
        r"(?:v )?odpově(?:ď|di) na|(?:reakce|odpoveď|odgovor) na|válaszul?|(?:ca )?răspuns (?:la|către)",
        r"(?:в )?ответ(?:ил|ила)? на|(?:у |в )?відповідь на|в отговор на|(?:σε )?απάντηση (?:σε|στο|στον|στην|στη)",
        r"返信(?:先)?|(?:回复|回覆|回復|回應|回应|答复)|답글|답장|رد[ًّ]?ا? على|در پاسخ به|בתגובה ל|תגובה ל",
        r"(?:sebagai )?balasan (?:untuk|kepada)|membalas|trả lời|bookmarked|bookmark(?: of|:)",
    )
)
_IN_REPLY_TO = re.compile(
    rf"\W*(?P<who>(?:\w+\W+){{0,3}}?)(?:this is )?(?:an? )?(?:{_REPLY})(?!\w)(?:\W+\w+){{0,5}}\W*\Z", re.IGNORECASE
)
# What may follow on the link: whose it is or where, and the end of the sentence. Some languages have the verb there.
_BY = "by|from|on|at|via|von|bei|par|de|sur|di|da|su|por|en|em|van|door|av|från|af|fra|på|od|от|на"
_END = re.compile(
    rf"(?:['’]s\b)?(?:\W*\b(?:{_BY})\s(?:[^.:!?…]|[.:](?=\S)){{1,80}}?)?(?:\s*\([^()]{{1,60}}\))?"
    r"\s*(?:[.:…–—]+(?:\s+|\Z)|[：。]\s*|\Z)",
    re.IGNORECASE,
)
_VERB = re.compile(r"\s*(?:への返信|に返信|さんへの返信|에 대한 답글|에게 보내는 답글|için yanıt|yanıt olarak)\W*\Z")
_NO_WORD = re.compile(r"[\s.:;,|>«»<←↩↪⤴↵–—\-()\[\]\"“”\ufe0e\ufe0f]*\Z")


def excerpt_around(page: Page, links: Sequence[Node]) -> tuple[Node, str | None]:
    """The first of some links, in document order, that has words beside it, and these; else the first with any words.

    A link that is an image or a whole block takes the words of a later paragraph of its entry.
    """
    found: tuple[Node, str] | None = None
    seen, left = -1, MAX_BLOCKS
    ends: dict[Item | None, int] = {None: len(page.texts)}
    for link in links:
        if link.tag != "a" or link.block <= seen:  # the first one of a paragraph has spoken for all of them
            continue
        number, last = link.block, _end_of_entry(link.item, ends)
        while True:
            seen = number
            start, stop = bisect_left(page.blocks, number), min(bisect_left(page.blocks, number + 1), last)
            first, behind = min(max(link.text, start), stop), min(max(link.text_stop, start), stop)
            before, linked, after = (
                "".join(page.texts[one:other]) for one, other in ((start, first), (first, behind), (behind, stop))
            )
            excerpt = text.excerpt_around(before, linked, after)
            if excerpt or stop >= last or (left := left - (page.blocks[stop] - number)) < 0:
                break
            number = page.blocks[stop]
        # A bare list of links says nothing of this one; another link to the target may stand in a sentence.
        if plain(before) or plain(after):
            return link, excerpt
        if found is None and excerpt:
            found = link, excerpt
    return found or (links[0], None)


def _end_of_entry(item: Item | None, ends: dict[Item | None, int]) -> int:
    """The piece at which the words end that may be those of a link in an item; `ends` are the known ones."""
    passed: list[Item] = []
    while item is not None and item not in ends and ENTRIES.isdisjoint(item.node.classes):
        passed.append(item)
        item = item.parent
    end = ends[item] if item is None or item in ends else item.node.text_stop
    ends.update(dict.fromkeys(passed, end))
    return end


def reply_of(page: Page, item: Item, answered: Sequence[Node]) -> Content | None:
    """What a reply says, whole: its `e-content`, else its summary, its name, or what is left of it without its author,
    its date and all that is not its own; but “yes, to Part five” is all said by the answer to an invitation.
    `answered` are nodes that name what it answers, beside its own properties."""
    named = list(islice(chain(item.answers(), answered), MAX_ANSWERED))
    boxes = {box.index: box for node in named if (box := _box_of(page, item.node, node)).tag in BLOCKS}
    for name in ("e-content", "p-summary", "p-name"):
        silent: Node | None = None
        for root in item.properties.get(name, ()):
            is_another_s = root in named or any(box.holds(root) for box in boxes.values())
            if is_another_s or root.parts & ~item.node.parts & COMMENTS or (silent is not None and silent.holds(root)):
                continue
            if (content := words_in(page, root, named)) is not None:
                return content
            silent = root
    if "p-rsvp" in item.properties:
        return None
    left_out = _left_out(page, item.node, named)
    left_out.nodes.update(_not_said_by(page, item, named))
    content = content_of(page, item.node, left_out)
    beside = content  # unless what is answered is in it
    if said := [node.index for node in named if node is not item.node and not _is_left_out(node, left_out)]:
        left_out.nodes.update(said)
        beside = content_of(page, item.node, left_out)
    return content if beside and not _NO_WORD.match(beside.text) else None


def words_in(page: Page, root: Node, answered: Sequence[Node]) -> Content | None:
    """The words in a part of a page, but for the boxes, lines and sentences that only name what they answer."""
    return content_of(page, root, _left_out(page, root, answered[:MAX_ANSWERED]))


def excerpt_of(content: Content) -> str:
    """The beginning of a content, for lists."""
    beginning = plain(content.text[:_BEGINNING])
    if len(beginning) <= EXCERPT_LENGTH:  # it is short, or has much white space
        beginning = plain(content.text)
    return shorten(beginning, EXCERPT_LENGTH)


def _is_left_out(node: Node, left_out: LeftOut) -> bool:
    return any(around.index in left_out.nodes for around in chain((node,), above(node)))


def _left_out(page: Page, root: Node, named: Sequence[Node]) -> LeftOut:
    """What of the words in a part of the page only names what they answer."""
    found = LeftOut()
    for node in named:
        if not root.holds(node) or node is root:
            continue
        box = _box_of(page, root, node)
        if box.tag in BLOCKS:
            found.nodes.add(box.index)
        else:
            _leave_out_line(page, root, box, found)
    return found


def _box_of(page: Page, root: Node, node: Node) -> Node:
    """The outermost element around a node, within a part of the page, that is marked as what is answered."""
    box = node
    for around in islice(above(node), MAX_AROUND):
        if around is root or not root.holds(around):
            break
        if "h-cite" in around.classes or not (_ANSWERS | CONTEXTS).isdisjoint(around.classes):
            box = around
    return box


def _leave_out_line(page: Page, root: Node, box: Node, found: LeftOut) -> None:
    """Leave out the line around a box where it is “In reply to …”, or where the box is marked and alone in it."""
    (start, stop), (before, after) = _line_around(page, root, box), _beside(page, root, box)
    before = plain(before)
    if len(before) > MAX_PHRASE:
        return
    is_marked = not (_ANSWERS | {"h-cite"}).isdisjoint(box.classes)
    is_first = _NO_WORD.match(before) is not None
    if (is_first and is_marked and _NO_WORD.match(after)) or (is_first and _VERB.match(after)):
        end = len(after)
    elif _is_in_reply_to(before, is_marked=is_marked) and (match := _END.match(after)):
        end = match.end()
    else:
        return
    found.nodes.add(box.index)
    found.pieces.update(range(start, box.text_stop))
    for place, piece in enumerate(page.texts[box.text_stop : stop], box.text_stop):
        if end < len(piece):
            found.cut[place] = end
            return
        found.pieces.add(place)
        end -= len(piece)


def _is_in_reply_to(before: str, *, is_marked: bool) -> bool:
    """The words before a link are “In reply to”, or “Ann replied to” before one that is marked as what is answered."""
    found = _IN_REPLY_TO.match(before)
    who = found["who"].split() if found is not None else ()
    return found is not None and (not who or (is_marked and who[0] != "I" and all(word[0].isupper() for word in who)))


def _line_around(page: Page, root: Node, box: Node) -> tuple[int, int]:
    """The pieces of the line that a box stands in; of a long one those that are near."""
    texts, blocks, block = page.texts, page.blocks, box.block
    start, left = box.text, MAX_LINE
    while start > root.text and left > 0 and blocks[start - 1] == block and texts[start - 1] != LINE_BREAK:
        start -= 1
        left -= len(texts[start]) + 1
    stop, left = box.text_stop, MAX_LINE
    while stop < root.text_stop and left > 0 and blocks[stop] == block and texts[stop] != LINE_BREAK:
        left -= len(texts[stop]) + 1
        stop += 1
    return start, stop


def _not_said_by(page: Page, item: Item, named: Sequence[Node]) -> Iterator[int]:
    """What stands in an entry without being what it says: other entries, chrome, properties, and the answered link."""
    root, left = item.node, MAX_ANSWERED
    parts = (CHROME | COMMENTS) & ~root.parts
    for node in page.nodes[root.index + 1 : root.stop]:
        if (
            node.parts & parts
            or not _BESIDE.isdisjoint(node.classes)
            or ("rel" in node.attributes and not _NAMING_RELS.isdisjoint(node.rels))
        ):
            yield node.index
        elif left and (node.tag == "time" or not CARDS.isdisjoint(node.classes)):
            left -= 1
            before, after = _beside(page, root, node)
            if _NO_WORD.match(before) and _NO_WORD.match(after):
                yield node.index
    for node in named:
        is_marked = root.holds(node) and node is not root and not _ANSWERS.isdisjoint(node.classes)
        if is_marked and _NO_WORD.match(_beside(page, root, node)[0]):  # else a sentence would lose its end
            yield node.index


def _beside(page: Page, root: Node, node: Node) -> tuple[str, str]:
    """The words of its line before and behind a node."""
    start, stop = _line_around(page, root, node)
    return "".join(page.texts[start : node.text]), "".join(page.texts[node.text_stop : stop])[:MAX_LINE]
