"""What a page as a whole is called: its `<title>`, its first heading, and what its `<meta>` elements say."""

from collections.abc import Mapping
from itertools import islice

from pingback.page.nodes import Node, above
from pingback.page.tree import Page

LONGEST_TITLE = 500  # characters; a page can make its title as long as itself
MAX_AROUND = 21  # elements around a title that are looked at

# `<meta>` names and properties, and what they say; of several for one thing the upper one counts.
_METAS = {
    "og:title": "title",
    "og:site_name": "site_name",
    "application-name": "site_name",
    "og:description": "description",
    "description": "description",
}


def title_of(page: Page) -> str | None:
    """The first `<title>` that says something; those of drawings are theirs."""
    for node in page.of["title"]:
        if not _is_drawn(node) and (text := page.text(node)):
            return text
    return None


def heading_of(page: Page) -> str | None:
    """The first `<h1>` that says something."""
    return next((text for node in page.of["h1"] if (text := page.text(node))), None)


def best_of(metas: Mapping[str, str]) -> dict[str, str]:
    """What `_METAS` calls the `<meta>` elements of these names → the text of the best one."""
    best: dict[str, str] = {}
    for name, meaning in _METAS.items():
        if name in metas:
            best.setdefault(meaning, metas[name])
    return best


def _is_drawn(node: Node) -> bool:
    return any(around.tag == "svg" for around in islice(above(node), MAX_AROUND))
