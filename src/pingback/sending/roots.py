"""Built sites and sitemaps, in one run: of these only posts speak, and the first time only those that are new."""

from datetime import datetime, timedelta

from pingback.page.entry import Post
from pingback.work import POST, KnownPost

NEW = timedelta(days=30)  # how old a post may be that is told when its site is published for the first time
MOST_UNDATED = 50  # posts without a date that are told then: a blog whose pages bear none is not to tell all of them


class Root:
    """A built site or a sitemap at `url`. It counts the posts without a date that spoke: there is one for each run.

    `is_first`: it was never published to its end; `is_whole`: all of it is known now. A post that is new to us and
    older than `since`, or in a first run over 30 days old, is taken as told, unless `backfill` makes up for that.
    """

    def __init__(
        self, url: str, *, is_first: bool, is_whole: bool, since: datetime | None, backfill: bool, now: datetime
    ) -> None:
        self.url = url
        self.is_first = is_first
        self.is_whole = is_whole
        self.backfill = backfill
        self._since = since
        self._first_line = now - NEW
        self._undated = MOST_UNDATED

    def silences(self, post: Post, known: KnownPost | None, *, by: datetime | None = None) -> str | None:
        """Of which kind the post is, where the links that it has now are taken as told; None where they are not.
        Whatever its page says, it was not published after `by`.

        What turns up after the first run speaks, whatever its date; not so what was there then and was not read.
        """
        was_read = known is not None and known.kind == POST
        if was_read and not self.backfill:
            return None
        is_of_first = not self.backfill and (self.is_first or known is not None)
        line = self._since or (self._first_line if is_of_first else None)
        published = post.published or by
        if published is not None and line is not None and published < line:
            return f"older than {line:%Y-%m-%d}"
        if post.published is None and is_of_first and not self._undated:
            return f"without a date, behind the first {MOST_UNDATED} of these"
        return None

    def hear(self, post: Post, known: KnownPost | None) -> None:
        """The post speaks, or spoke in a first run that was broken off."""
        if post.published is None and post.links and (self.is_first or known is None or known.kind != POST):
            self._undated = max(self._undated - 1, 0)
