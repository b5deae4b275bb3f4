"""The rows of the benchmarks are held against their bounds, and a miss is not passed over."""

import ast
import re
from pathlib import Path

import pytest

from tests.bench.timing import Row, judge, show

BENCHES = sorted(Path(__file__).parent.glob("bench_*.py"))


@pytest.mark.parametrize(
    ("row", "holds"),
    [
        pytest.param(Row("x", 5, "for scale"), True, id="no-bound"),
        pytest.param(Row("x", 1.3, "at most 1.3", most=1.3), True, id="just-at-most"),
        pytest.param(Row("x", 1.31, "at most 1.3", most=1.3), False, id="too-much"),
        pytest.param(Row("x", 10, "at least 10", least=10), True, id="just-at-least"),
        pytest.param(Row("x", 9.9, "at least 10", least=10), False, id="too-little"),
        pytest.param(Row("x", 1, "0", most=0), False, id="not-nothing"),
        pytest.param(Row("x", float("nan"), "at most 1", most=1), False, id="not-a-number"),
    ],
)
def test_a_row_and_its_bound(row: Row, holds: bool) -> None:
    assert row.holds is holds


def test_all_are_shown_and_those_that_miss_given(capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = Row("one", 1, "at most 1", most=1), Row("two", 2.5, "at most 1", most=1)
    assert show([bad, good]) == [bad]
    assert capsys.readouterr().out == "      2.50  two (at most 1)\n      1.00  one (at most 1)\n"


def test_a_miss_ends_with_1_and_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    judge([])
    with pytest.raises(SystemExit) as ended:
        judge([Row("two", 2.5, "at most 1", most=1)])
    assert ended.value.code == "missed: 2.5  two (at most 1)"  # to standard error, with 1


@pytest.mark.parametrize("bench", BENCHES, ids=lambda path: path.stem)
def test_who_says_a_bound_gives_its_number(bench: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(bench.read_text())) if isinstance(node, ast.Call)]
    rows = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Row"]
    assert rows
    for row in rows:
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in row.keywords}
        words = ast.unparse(row.args[2])
        for pattern, name in ((r"(?:at most|under|below) ([\d.]+)", "most"), (r"at least ([\d.]+)", "least")):
            if said := re.search(pattern, words):
                assert float(given[name]) == float(said[1]), words
