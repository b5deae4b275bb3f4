"""docs/conformance.md: the lines of the norms, how we stand to each, and the tests that hold it."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from tests.norms import test_pingback, test_trackback, test_webmention
from tests.norms.lines import NORMS, Line

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
MODULES: tuple[ModuleType, ...] = (test_pingback, test_trackback, test_webmention)

_BEGINNING = """\
# How we stand to the norms

Each line of the three norms is here in our own words, with its force and the tests that hold us to it.
Where there is a reason to depart from one, it stands beside it; a line that is not ours asks nothing of a library.
MUST is that of RFC 2119; custom is what programs do and no norm says.

`python -m tests.norms` writes this page from `tests/norms/`.
"""


class Case(NamedTuple):
    """A test that holds a line, which is named by its number."""

    line: str
    file: str
    name: str


def cases() -> Iterator[Case]:
    """All of them, in the order in which they are written; a test of several lines is there for each."""
    for module in MODULES:
        file = f"{module.__name__.rpartition('.')[2]}.py"
        for name, value in vars(module).items():
            for mark in getattr(value, "pytestmark", []):
                if mark.name == "line":
                    yield from (Case(number, file, name) for number in mark.args)


def page() -> str:
    """The page as it should be."""
    by_line: dict[str, list[Case]] = {}
    for case in cases():
        by_line.setdefault(case.line, []).append(case)
    tables = [_table(norm, lines, by_line) for norm, lines in NORMS.items()]
    return "\n".join([_BEGINNING, *tables])


def _table(norm: str, lines: tuple[Line, ...], by_line: dict[str, list[Case]]) -> str:
    rows = [_row(line, by_line.get(line.number, [])) for line in lines]
    head = ["| | line | force | status | tests |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([f"## {norm}", "", *head, *rows, ""])


def _row(line: Line, held_by: list[Case]) -> str:
    status = f"{line.status}: {line.reason}" if line.reason else str(line.status)
    tests = "<br>".join(f"`{case.file}::{case.name}`" for case in held_by)
    return f"| {line.number} | {line.says} | {line.force} | {status} | {tests or '–'} |"
