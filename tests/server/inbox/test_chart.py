"""`pingback.server.inbox.chart`: bars that fit into their picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.server.inbox.chart import HEIGHT, WIDTH, Bar, bars


@pytest.mark.parametrize(
    ("numbers", "drawn"),
    [
        pytest.param([1], [Bar(0, 0, 298, 64)], id="one"),
        pytest.param([0, 0], [Bar(0, 62, 148, 2), Bar(150, 62, 148, 2)], id="none"),
        pytest.param([4, 2], [Bar(0, 0, 148, 64), Bar(150, 31, 148, 33)], id="the-highest-fills-the-height"),
    ],
)
def test_bars(numbers: list[int], drawn: list[Bar]) -> None:
    assert bars(numbers) == drawn


@given(st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=60))
def test_all_bars_fit(numbers: list[int]) -> None:
    for bar in bars(numbers):
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert 0 <= bar.y <= bar.y + bar.height <= HEIGHT
