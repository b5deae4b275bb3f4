"""The texts of the demo's blog: a series in eight parts. Titles and words are HTML, as a blog engine has them."""

from collections.abc import Mapping
from dataclasses import dataclass

BLOG = "The Slow Clock"
FIVE = 5  # the part that all the others link to


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One part of the series. In its words `{five}` stands for a link to part five; `update` was added later."""

    number: int
    slug: str
    title: str
    words: str
    update: str = ""


_TEXTS = (
    (
        "The Clock in the Attic",
        "It had stood under a sheet since before anyone could remember, and it said ten past four.",
        "<b>Later:</b> why it stopped at all is told in {five}.",
    ),
    (
        "Opening the “Case”",
        "Four screws, one of them rusted. Behind the door: dust, a key, and a moth.",
        "Whoever only wants to know what ticks may skip ahead to {five}.",
    ),
    (
        "What the Pendulum Doesn&#8217;t Say",
        "A pendulum keeps time, but it does not count. Something else has to do that.",
        "That something has its own post now: {five}.",
    ),
    (
        "Oil, Brass &amp; Patience",
        "A drop on every pivot, and none on the teeth. Then wait a night.",
        "The oil shows what it is good for in {five}.",
    ),
    (
        "The Escapement, or Why It Ticks",
        "Two pallets and a wheel with thirty teeth: one tooth may pass for every swing. The tick is the tooth landing.",
        "",
    ),
    (
        "A Spring from Besançon",
        "The old one was tired. As {five} says, without a steady push no tooth lands where it should.",
        "",
    ),
    (
        "“It Runs!” – for an Hour",
        "Then it stopped. I read {five} once more and found the pallet that I had put in the wrong way round.",
        "",
    ),
    (
        "Zwölf Schläge, 十二",
        "It strikes twelve now, most nights. Everything since {five} was only listening.",
        "",
    ),
)
_NUMBERS = "one two three four five six seven eight".split()

SERIES: Mapping[int, Post] = {
    number: Post(number=number, slug=f"part-{_NUMBERS[number - 1]}", title=title, words=words, update=update)
    for number, (title, words, update) in enumerate(_TEXTS, start=1)
}
