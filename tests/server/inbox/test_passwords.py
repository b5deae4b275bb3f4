"""`pingback.server.inbox.passwords`: argon2id, and what is a password at all."""

import pytest

from pingback.server.inbox.passwords import Busy, Turns, hash_of, is_right


def test_rfc9106_the_hash_is_argon2id_with_a_salt_of_its_own() -> None:
    one, other = hash_of("correct horse"), hash_of("correct horse")
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert one != other


@pytest.mark.parametrize(
    ("given", "right"),
    [
        pytest.param("correct horsé", True, id="itself"),
        pytest.param("correct horse\u0301", True, id="another-normal-form"),
        pytest.param("correct horse", False, id="another"),
        pytest.param("correct horsé ", False, id="a-space-more"),
        pytest.param("", False, id="nothing"),
        pytest.param("x" * 100_000, False, id="a-very-long-one"),
        pytest.param("\ud800", False, id="a-lone-surrogate"),
    ],
)
def test_right_or_wrong(given: str, right: bool) -> None:
    assert is_right(given, hash_of("correct horsé")) is right


def test_few_wait_for_their_turn() -> None:
    turns = Turns(waiting=0)
    with turns.turn(), pytest.raises(Busy), turns.turn():
        pass
    with turns.turn():
        pass


@pytest.mark.parametrize("damaged", ["", "$argon2id$", "plain text"])
def test_a_damaged_hash_lets_nobody_in(damaged: str) -> None:
    assert not is_right("correct horse", damaged)


@pytest.mark.parametrize("given", ["", "seven77", "x" * 1025])
def test_too_short_or_too_long(given: str) -> None:
    with pytest.raises(ValueError, match="a password has 8 to 1024 characters"):
        hash_of(given)
