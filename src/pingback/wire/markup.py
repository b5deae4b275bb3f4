"""What real programs answer, as a tree: an answer in XML, and whatever else they print around it.

It is read as HTML is, by a parser that takes white space, warnings of PHP and a cache's comments before and behind the
answer, a bare "&", entities without a DTD, and elements that never end. What only quotes an answer, in a comment, a
script, a text area or as escaped text, holds none.
"""

import re
from html import escape

from lxml import etree

from pingback.wire.charset import decode_text

# How far into its declaration an answer may name its charset; a bound, as there may be declarations without end.
_DECLARED = re.compile(rb"""<\?xml[^>]{0,100}?\sencoding\s{0,9}=\s{0,9}["']([^"'>]{0,40})""")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
# Elements whose content is text to a reader of HTML; the parser, which is older than some, finds elements in it.
_RAW = ("iframe", "noembed", "noframes", "plaintext", "script", "style", "template", "textarea", "title", "xmp")


def tree_of(body: bytes) -> etree._Element:
    """The root of what is in the body; names are in lower case, and there are neither comments nor raw text."""
    declared = _DECLARED.search(body)
    text = decode_text(body, declared[1].decode("ascii", "replace") if declared else None)
    text = _CDATA.sub(lambda section: escape(section[1]), text)  # which HTML has not
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    # With an element of our own around it, there is a tree even for an empty answer.
    tree = etree.fromstring(f"<html>{_CONTROL.sub('', text)}".encode(), parser)
    etree.strip_elements(tree, *_RAW, with_tail=False)
    return tree
