"""A small picture of mentions a day: bars, in the units of an SVG's `viewBox`."""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 300, 64
_GAP = 2
_LEAST = 2  # height of a day with none, so that it is seen to be there


class Bar(NamedTuple):
    x: float
    y: float
    width: float
    height: float


def bars(numbers: Sequence[int]) -> list[Bar]:
    """A bar for each number, side by side, the highest of them as high as the picture."""
    step = WIDTH / len(numbers)
    highest = max(*numbers, 1)
    heights = (_LEAST + round((HEIGHT - _LEAST) * number / highest) for number in numbers)
    return [
        Bar(x=round(place * step, 2), y=HEIGHT - height, width=round(step - _GAP, 2), height=height)
        for place, height in enumerate(heights)
    ]
