"""How the CPU that a reading costs grows with the length, for the tests: inputs of one shape and any length.

`process_time` at all of a length, and at a quarter of it before and after: four times the input may take six times as
long. What takes no 20 ms at its full length is bounded by that length, and its ratio says nothing.
"""

import gc
from collections.abc import Callable
from contextlib import suppress
from math import inf
from time import process_time

from pingback.errors import PingbackError

MEASURABLE = 0.02  # seconds
RATIO = 6
ROUNDS = 9

Shape = Callable[[int], bytes]


def times(unit: str, before: str = "", after: str = "") -> Shape:
    """`unit` again and again, as many bytes of it as fit."""

    def make(size: int) -> bytes:
        inside = size - len(before.encode()) - len(after.encode())
        return f"{before}{unit * (inside // len(unit.encode()))}{after}".encode()

    return make


def halves(one: str, other: str, before: str = "", after: str = "") -> Shape:
    """A stack of the one, and then the other again and again."""

    def make(size: int) -> bytes:
        inside = (size - len(before) - len(after)) // 2
        return f"{before}{one * (inside // len(one))}{other * (inside // len(other))}{after}".encode()

    return make


def numbered(unit: str, before: str = "", after: str = "") -> Shape:
    """`unit` again and again with another number in it each time."""

    def make(size: int) -> bytes:
        inside = size - len(before) - len(after)
        middle = "".join(unit % number for number in range(inside // len(unit % 100_000)))
        return f"{before}{middle}{after}".encode()

    return make


def nested(opened: str, closed: str, before: str = "", after: str = "") -> Shape:
    """As deep as it fits."""

    def make(size: int) -> bytes:
        count = (size - len(before) - len(after)) // len(opened + closed)
        return f"{before}{opened * count}{closed * count}{after}".encode()

    return make


def call(read: Callable[[bytes], object]) -> Callable[[bytes], None]:
    """Reads, and lets it be refused: a refusal costs CPU, too."""

    def reads(data: bytes) -> None:
        with suppress(PingbackError, ValueError):
            read(data)

    return reads


def growth(read: Callable[[bytes], None], shape: Shape, size: int) -> float:
    """How many times as long the whole takes as a quarter; measured anew for as long as noise may be the reason."""
    gc.freeze()  # what other tests left: to look at it costs more than the reading
    try:
        ratio = _growth(read, shape(size), shape(size // 4))
        return min(ratio, _growth_by_halves(read, shape, size)) if ratio > RATIO else ratio
    finally:
        gc.unfreeze()


def _growth(read: Callable[[bytes], None], whole: bytes, quarter: bytes) -> float:
    best = dict.fromkeys((whole, quarter), inf)
    for _ in range(ROUNDS):
        for data in (quarter, whole, quarter):
            best[data] = min(best[data], _seconds(read, data))
        if best[whole] < MEASURABLE or best[whole] <= RATIO * best[quarter]:
            return 1
        if best[whole] > 5:
            break
    return best[whole] / best[quarter]


def _growth_by_halves(read: Callable[[bytes], None], shape: Shape, size: int) -> float:
    """The square of the smaller step from a quarter to a half and from there to the whole.

    What grows with the square does so at each; a cache that others' programs have taken away costs at one of them.
    """
    parts = [shape(size // share) for share in (4, 2, 1)]
    best = [inf] * 3
    for _ in range(ROUNDS):
        best = [min(least, _seconds(read, data)) for least, data in zip(best, parts, strict=True)]
        if best[2] > 5:
            break
    return min(best[1] / best[0], best[2] / best[1]) ** 2


def _seconds(read: Callable[[bytes], None], data: bytes) -> float:
    # The collector's looks at all objects grow with the length, too, but a quarter may do without any.
    gc.collect()
    gc.disable()
    try:
        began = process_time()
        read(data)
        return process_time() - began
    finally:
        gc.enable()
