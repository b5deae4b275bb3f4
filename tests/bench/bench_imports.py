"""What it costs to start: whole processes, in turns, the best of each."""

import subprocess
import sys

from tests.bench.timing import Row, compare, judge, show

ROUNDS = 15


def rows() -> list[Row]:
    empty, package = compare(runner("-c", "pass"), runner("-c", "import pingback"), rounds=ROUNDS)
    click, usage = compare(runner("-c", "import click"), runner("-m", "pingback", "--help"), rounds=ROUNDS)
    return [
        Row("import pingback: ms over an empty interpreter", (package - empty) * 1000, "at most 25", most=25),
        Row("pingback --help: times python -c 'import click'", usage / click, "at most 1.5", most=1.5),
    ]


class runner:
    """Calls the interpreter with the given arguments."""

    def __init__(self, *arguments: str) -> None:
        self._command = [sys.executable, *arguments]

    def __call__(self) -> None:
        subprocess.run(self._command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    judge(show(rows()))
