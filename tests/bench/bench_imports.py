"""What it costs to start: whole processes, in turns, the best of each."""

import resource
import subprocess
import sys

from pingback.settings import COMMANDS
from tests.bench.timing import Row, compare, judge, show

ROUNDS = 15
HELP_ROUNDS = 5  # of each command


def rows() -> list[Row]:
    empty, package = compare(runner("-c", "pass"), runner("-c", "import pingback"), rounds=ROUNDS)
    click, usage = compare(runner("-c", "import click"), runner("-m", "pingback", "--help"), rounds=ROUNDS)
    helps = {name: spent(runner("-m", "pingback", name, "--help")) for name in COMMANDS}
    slowest = max(helps, key=lambda name: helps[name])
    bare = spent(runner("-c", "import click"))
    return [
        Row("import pingback: ms over an empty interpreter", (package - empty) * 1000, "at most 25", most=25),
        Row("pingback --help: times python -c 'import click'", usage / click, "at most 1.5", most=1.5),
        Row(f"pingback {slowest} --help, the slowest: ms of CPU", helps[slowest] * 1000, "for the record"),
        Row("the same: times python -c 'import click'", helps[slowest] / bare, "at most 4", most=4),
    ]


class runner:
    """Calls the interpreter with the given arguments."""

    def __init__(self, *arguments: str) -> None:
        self._command = [sys.executable, *arguments]

    def __call__(self) -> None:
        subprocess.run(self._command, check=True, stdout=subprocess.DEVNULL)


def spent(run: runner) -> float:
    """Seconds of CPU of the process, in the best round; the clock on the wall would count other processes, too."""
    return min(_spent_once(run) for _ in range(HELP_ROUNDS))


def _spent_once(run: runner) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    judge(show(rows()))
