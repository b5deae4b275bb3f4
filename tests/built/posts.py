"""What the sites of these tests say: posts with a link to somebody else's page each, as their authors write them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

TAGS = ("gardens", "rivers")
CATEGORIES = ("Walks", "Books")
AUTHORS = ("Ada", "Ben")

_REST = """
The path went on along the water for an hour, past the mill and the two bridges, and nobody was about but a man with
a dog. We sat down where the old ferry used to land. It was still warm, and there was bread.

## On the way back

We took the road through the village. The baker had closed, the church had not, and the bus was late as ever, so there
was time to read the last chapter once more. I shall write about it when I have slept.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A post in Markdown, which reStructuredText can have as well but for its link."""

    number: int
    date: datetime
    target: str
    said: str = "says more about it than I can"

    @property
    def slug(self) -> str:
        return f"letter-{self.number}"

    @property
    def title(self) -> str:
        return f"Letter {self.number} from the river"

    @property
    def tag(self) -> str:
        return TAGS[self.number % len(TAGS)]

    @property
    def category(self) -> str:
        return CATEGORIES[self.number % len(CATEGORIES)]

    @property
    def author(self) -> str:
        return AUTHORS[self.number % len(AUTHORS)]

    @property
    def markdown(self) -> str:
        return f"This is letter number {self.number}. [Somebody else]({self.target}) {self.said}.\n{_REST}"

    @property
    def rst(self) -> str:
        rest = _REST.replace("## On the way back", "On the way back\n---------------")
        return f"This is letter number {self.number}. `Somebody else <{self.target}>`__ {self.said}.\n{rest}"

    def edited(self) -> Self:
        return replace(self, said="says more about it than I can, and I have changed my mind about the rest")


def letters(count: int, *, far: str, first: int = 1) -> Iterator[Letter]:
    """Posts of the last days, one a day; each links to a page of its own on the far site."""
    now = datetime.now(UTC).replace(microsecond=0)
    for number in range(first, first + count):
        yield Letter(number=number, date=now - timedelta(days=20 - number), target=f"{far}/about-{number}")
