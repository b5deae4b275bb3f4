"""How the benchmarks measure and print: what is compared runs in turns, and of each the best round counts."""

import gc
import sys
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import NamedTuple


class Row(NamedTuple):
    """One figure: what it says, the value, and what it should be."""

    label: str
    value: float
    bound: str


def compare(*functions: Callable[[], object], rounds: int, times: int = 1) -> list[float]:
    """Seconds that one call of each takes, in the best of `rounds`; a round calls each of them `times` times."""
    best = [float("inf")] * len(functions)
    gc.collect()
    for _ in range(rounds):
        for index, function in enumerate(functions):
            begin = perf_counter()
            for _ in range(times):
                function()
            best[index] = min(best[index], (perf_counter() - begin) / times)
    return best


def show(rows: Iterable[Row]) -> None:
    for row in rows:
        sys.stdout.write(f"{row.value:10.2f}  {row.label} ({row.bound})\n")
    sys.stdout.flush()
