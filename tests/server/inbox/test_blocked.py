"""`pingback.server.inbox.blocked`: the list of blocks."""

import pytest

from pingback.store import Store
from tests.server.inbox.conftest import Visitor, text_of


def test_block_and_unblock(owner: Visitor, store: Store) -> None:
    response = owner.send("/inbox/block", ("block", "https://Spam.example/~x"), ("to", "/inbox/blocked"))
    assert response.headers["Location"] == "/mount/inbox/blocked?did=block"
    assert store.moderation.blocks() == ["spam.example/~x"]
    page = text_of(owner.get("/inbox/blocked?did=block"))
    assert "Blocked. Pings from there are refused from now on." in page
    assert '<button name="block" value="spam.example/~x"' in page
    response = owner.send("/inbox/unblock", ("block", "spam.example/~x"), ("to", "/inbox/blocked"))
    assert response.headers["Location"] == "/mount/inbox/blocked?did=unblock"
    assert "Nothing is blocked." in text_of(owner.get("/inbox/blocked"))


@pytest.mark.parametrize("typed", ["", "a b", "x" * 600, "<b>", "https://u:p@a.example/"])
def test_what_names_no_host(owner: Visitor, store: Store, typed: str) -> None:
    response = owner.send("/inbox/block", ("block", typed), ("to", "/inbox/blocked"))
    assert response.headers["Location"] == "/mount/inbox/blocked?did=unclear"
    assert "This names no host" in text_of(owner.get("/inbox/blocked?did=unclear"))
    assert store.moderation.blocks() == []


def test_a_button_that_is_none_of_ours(owner: Visitor) -> None:
    assert owner.send("/inbox/unblock", ("block", "a b")).headers["Location"] == "/mount/inbox"
