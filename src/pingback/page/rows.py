"""The part of a list that a link stands in, where it stands in no item: an article, or what is below a title."""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property

from pingback.page.items import Subject
from pingback.page.microdata import authors_around
from pingback.page.nature import title_over
from pingback.page.nodes import Node, above


class Place:
    """Where a link stands that is in no item and in no comment."""

    def __init__(self, subject: Subject, link: Node) -> None:
        self._subject = subject
        self._link = link
        self._article = article_around(link)

    @cached_property
    def title(self) -> Node | None:
        """The heading of a list over it, where it is in no article."""
        return title_over(self._subject, self._link) if self._article is None else None

    @cached_property
    def row(self) -> Node | None:
        """The part of a list, or of answers, which speaks for itself."""
        subject, article, title = self._subject, self._article, self.title
        told = authors_around(subject.page, self._link)
        if told is not None and told.is_answer:
            return told.thing
        if article is None:
            return None if title is None else _row_of(title, self._link, subject.page.of[title.tag])
        if len(subject.page.entries) < 2 or article.holds(subject.post):
            return None
        is_of_post = subject.post.holds(article) and (subject.post in subject.candidates or len(subject.in_region) < 2)
        return None if is_of_post else article


def article_around(node: Node) -> Node | None:
    return next((each for each in above(node) if each.tag == "article"), None)


def _row_of(title: Node, link: Node, titles: Sequence[Node]) -> Node | None:
    """All that is around a title and a link below it, but no other title."""
    row = None
    places = [each.index for each in titles]
    for around in above(title):
        if bisect_left(places, around.stop) - bisect_left(places, around.index) > 1:
            break
        row = around if around.holds(link) else None
    return row
