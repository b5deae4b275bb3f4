"""A mention as it comes to the deciders."""

from dataclasses import replace
from datetime import UTC, datetime

from pingback.model import Mention, MentionStatus, Opinion, Protocol, Sighting

PAGE = Sighting(url="https://a.example/post", size=20_000, outbound=12)
ARRIVED = Mention(
    source="https://a.example/post",
    target="https://my.example/blog/part-5",
    protocol=Protocol.PINGBACK,
    status=MentionStatus.PENDING,
    title="A post",
    excerpt="words around the link",
    received=datetime(2026, 1, 2, 12, tzinfo=UTC),
    client_ip="198.51.100.7",
    sighting=PAGE,
)


def arrived(source: str = ARRIVED.source, *, came_from: str | None = None, **words: object) -> Mention:
    """A verified mention, whose page was not redirected unless it `came_from` elsewhere."""
    sighting = replace(PAGE, url=came_from or source)
    return replace(ARRIVED, **{"source": source, "sighting": sighting, **words})  # type: ignore[arg-type]  # fields


def status_of(said: MentionStatus | Opinion) -> MentionStatus:
    """The status that a decider gives, with its reason or without."""
    return said.status if isinstance(said, Opinion) else said
