"""How the CPU that a reading costs grows with the length, for the tests: inputs of one shape and any length.

`process_time` at all of a length, and at a quarter of it: four times the input may take six times as long. What takes
no 20 ms at its full length is bounded by that length, and its ratio says nothing.
"""

import gc
from collections.abc import Callable
from contextlib import suppress
from math import inf
from time import process_time

from pingback.errors import PingbackError

MEASURABLE = 0.02  # seconds
LONG = 5.0  # seconds: no need to measure that again
CLEAR = 4.5  # once measured, this is no square even where noise made the quarter long
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


def growth(
    read: Callable[[bytes], None], shape: Shape, size: int, *, clock: Callable[[], float] = process_time
) -> float:
    """How many times as long the whole takes as a quarter; 1 where that is nothing to worry about.

    What looks like a square is measured again, and then by halves.
    """
    whole, half, quarter = parts = [shape(size // share) for share in (1, 2, 4)]
    best = dict.fromkeys(parts, inf)

    def measure(*parts: bytes) -> None:
        for data in parts:
            best[data] = min(best[data], _seconds(read, data, clock))

    gc.freeze()  # what other tests left: to look at it costs more than the reading
    try:
        measure(whole)
        if best[whole] < MEASURABLE:
            return 1
        measure(quarter)
        if best[whole] <= CLEAR * best[quarter]:
            return 1
        for _ in range(ROUNDS):
            measure(quarter)
            if best[whole] < MEASURABLE or best[whole] <= RATIO * best[quarter]:
                return 1
            if best[whole] > LONG:
                break
            measure(whole)
        for _ in range(ROUNDS):
            measure(half, quarter, whole)
            if best[whole] > LONG:
                break
        # What grows with the square does so at both steps. A bound that is reached at one of them, and then costs as
        # much however long the input is, is no square. As a line and a square together have it, a step of 2⅓ is 6.
        step = min(best[whole] / best[half], best[half] / best[quarter])
        return min(best[whole] / best[quarter], 6 * step - 8)
    finally:
        gc.unfreeze()


def _seconds(read: Callable[[bytes], None], data: bytes, clock: Callable[[], float]) -> float:
    # The collector's looks at all objects grow with the length, too, but a quarter may do without any.
    gc.collect()
    gc.disable()
    try:
        began = clock()
        read(data)
        return clock() - began
    finally:
        gc.enable()
