"""`pingback.server.turns`: whose request is next."""

from typing import NamedTuple

import pytest

from pingback.server.turns import RoundRobin


class Waiting(NamedTuple):
    client: str | None
    number: int = 0


@pytest.mark.parametrize(
    ("came", "went"),
    [
        pytest.param("a1 a2 a3", "a1 a2 a3", id="of-one-client-in-order"),
        pytest.param("a1 b1 c1", "a1 b1 c1", id="of-many-in-order"),
        pytest.param("a1 a2 a3 b1", "a1 b1 a2 a3", id="who-has-one-waits-for-one-of-each"),
        pytest.param("a1 a2 b1 b2 c1", "a1 b1 c1 a2 b2", id="in-turn"),
    ],
)
def test_round_robin(came: str, went: str) -> None:
    queue = RoundRobin()
    for word in came.split():
        queue.append(Waiting(word[0], int(word[1])))
    assert len(queue) == len(came.split())
    left = [queue.popleft() for _ in range(len(queue))]
    assert " ".join(f"{client}{number}" for client, number in left) == went
    assert not queue


def test_whoever_comes_back_is_behind_all_others() -> None:
    queue = RoundRobin()
    queue.append(Waiting("a"))
    queue.append(Waiting("b"))
    queue.popleft()
    queue.append(Waiting("a"))
    queue.append(Waiting(None))
    queue.append(Waiting("a"))
    assert [queue.popleft().client for _ in range(4)] == ["b", "a", None, "a"]


@pytest.mark.parametrize(
    ("came", "dropped", "left"),
    [
        pytest.param("a1", "a1", "", id="the-only-one"),
        pytest.param("a1 a2 b1", "a2", "a1 b1", id="of-whoever-has-most"),
        pytest.param("a1 b1 b2 b3 c1 c2", "b3", "a1 b1 c1 b2 c2", id="of-whoever-has-most-in-the-middle"),
        pytest.param("a1 b1 c1", "c1", "a1 b1", id="of-equals-the-last"),
        pytest.param("a1 b1 b2 a2", "b2", "a1 b1 a2", id="of-equals-the-last-that-came-to-have-any"),
    ],
)
def test_drop(came: str, dropped: str, left: str) -> None:
    queue = RoundRobin()
    for word in came.split():
        queue.append(Waiting(word[0], int(word[1])))
    client, number = queue.drop()
    assert f"{client}{number}" == dropped
    assert len(queue) == len(left.split())
    assert " ".join(f"{each.client}{each.number}" for each in [queue.popleft() for _ in range(len(queue))]) == left
