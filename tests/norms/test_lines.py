"""Every line of the norms is accounted for, and the page that says how is up to date."""

import pytest

from tests.norms.conformance import PAGE, Case, cases, page
from tests.norms.lines import NORMS, Line, Status

LINES = [line for lines in NORMS.values() for line in lines]
CASES = list(cases())


def test_all_lines_are_there() -> None:
    numbers = [f"{norm}{number}" for norm, last in (("P", 23), ("T", 13), ("W", 27)) for number in range(1, last + 1)]
    assert [line.number for line in LINES] == numbers


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.number)
def test_a_line_has_cases_or_a_reason_for_none(line: Line) -> None:
    held = any(case.line == line.number for case in CASES)
    assert held is (line.status is not Status.NOT_OURS)
    assert line.reason or line.status is Status.MET


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.line}-{case.name}")
def test_a_case_names_lines_that_there_are(case: Case) -> None:
    assert case.line in {line.number for line in LINES}
    assert case.name.startswith(f"test_{_first_line_of(case)}_")


def _first_line_of(case: Case) -> str:
    """By which a test of several lines is called."""
    return next(other.line for other in CASES if (other.file, other.name) == (case.file, case.name))


def test_the_page_is_what_would_be_written() -> None:
    assert PAGE.read_text() == page(), "python -m tests.norms writes it anew"
