"""How the benchmarks measure and print: what is compared runs in turns, and of each the best round counts."""

import gc
import sys
from collections.abc import Callable, Iterable
from math import inf
from time import perf_counter
from typing import NamedTuple


class Row(NamedTuple):
    """One figure: what it says, the value, and what it should be: in words, and as a number where there is one."""

    label: str
    value: float
    bound: str
    least: float = -inf
    most: float = inf

    @property
    def holds(self) -> bool:
        return self.least <= self.value <= self.most


def compare(
    *functions: Callable[[], object], rounds: int, times: int = 1, clock: Callable[[], float] = perf_counter
) -> list[float]:
    """Seconds that one call of each takes, in the best of `rounds`; a round calls each of them `times` times.

    By `process_time` as the clock these are seconds of CPU.
    """
    best = [float("inf")] * len(functions)
    gc.collect()
    for _ in range(rounds):
        for index, function in enumerate(functions):
            begin = clock()
            for _ in range(times):
                function()
            best[index] = min(best[index], (clock() - begin) / times)
    return best


def show(rows: Iterable[Row]) -> list[Row]:
    """Print each row as it comes; those that miss their bound."""
    missed = []
    for row in rows:
        sys.stdout.write(f"{row.value:10.2f}  {row.label} ({row.bound})\n")
        sys.stdout.flush()
        if not row.holds:
            missed.append(row)
    return missed


def judge(missed: Iterable[Row]) -> None:
    """End the process with 1 where a row missed its bound, and say which."""
    lines = [f"missed: {row.value:.4g}  {row.label} ({row.bound})" for row in missed]
    if lines:
        sys.exit("\n".join(lines))
