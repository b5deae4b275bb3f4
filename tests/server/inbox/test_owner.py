"""`pingback.server.inbox.owner`: in by the password, out for good, and no guessing."""

import pytest

from pingback.server.inbox.passwords import hash_of
from pingback.store import Store
from tests.server.inbox.conftest import PASSWORD, Visitor, text_of


def is_in(visitor: Visitor) -> bool:
    return "<h1>Mentions</h1>" in text_of(visitor.get())


def test_the_password_lets_in(stranger: Visitor) -> None:
    assert not is_in(stranger)
    response = stranger.log_in()
    assert (response.status, response.headers["Location"]) == (303, "/mount/inbox")
    _, _, attributes = response.headers["Set-Cookie"].partition("; ")
    assert attributes == "Path=/mount/inbox; Max-Age=1209600; HttpOnly; SameSite=Lax; Secure"
    assert is_in(stranger)


@pytest.mark.parametrize("password", ["", "correct horsf", "CORRECT HORSE", "\0", "x" * 10_000])
def test_another_does_not(stranger: Visitor, password: str) -> None:
    response = stranger.log_in(password)
    assert (response.status, "Set-Cookie" in response.headers) == (403, False)
    assert "This is not the password." in text_of(response)
    assert not is_in(stranger)


def test_the_login_leads_to_the_page_that_was_asked_for(stranger: Visitor) -> None:
    page = text_of(stranger.get("/inbox?tab=spam&q=x"))
    assert 'name="to" value="/inbox?tab=spam&amp;q=x"' in page
    assert 'value="/inbox/outbox"' in text_of(stranger.post("/inbox/login", {"to": "/inbox/outbox"}))
    assert stranger.log_in(to="/inbox?tab=spam&q=x").headers["Location"] == "/mount/inbox?tab=spam&q=x"


def test_a_session_ends_after_14_days(owner: Visitor) -> None:
    owner.clock.pass_by(days=13, hours=23)
    assert is_in(owner)
    owner.clock.pass_by(hours=1)
    assert not is_in(owner)


def test_logged_out_is_out_also_for_a_copy_of_the_cookie(owner: Visitor) -> None:
    laptop = Visitor(owner.receiver, owner.clock)
    laptop.log_in()
    response = owner.send("/inbox/logout")
    assert (response.status, response.headers["Location"]) == (303, "/mount/inbox")
    assert response.headers["Set-Cookie"].startswith("pingback_inbox=; Path=/mount/inbox; Max-Age=0;")
    assert not is_in(owner)
    assert is_in(laptop)


def test_a_new_password_ends_all_sessions(owner: Visitor, store: Store) -> None:
    store.secrets.set_password(hash_of("battery staple"))
    assert not is_in(owner)
    assert owner.log_in().status == 403
    assert owner.log_in("battery staple").status == 303


def test_after_five_tries_a_client_has_to_wait(stranger: Visitor) -> None:
    for _ in range(5):
        assert stranger.log_in("wrong").status == 403
    response = stranger.log_in()  # the right one, too: or else the answer would tell
    assert (response.status, response.headers["Retry-After"]) == (429, "300")
    assert "The next one may be in 5 minutes." in text_of(response)
    assert Visitor(stranger.receiver, stranger.clock, address="192.0.2.8").log_in().status == 303
    stranger.clock.pass_by(minutes=4, seconds=30)
    assert "The next one may be in 1 minute." in text_of(stranger.log_in())
    stranger.clock.pass_by(seconds=30)
    assert stranger.log_in().status == 303


def test_the_right_password_clears_the_tries(stranger: Visitor) -> None:
    for _ in range(3):
        for _ in range(4):
            assert stranger.log_in("wrong").status == 403
        assert stranger.log_in().status == 303


def test_passwords_stand_in_no_log(stranger: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="pingback")
    stranger.log_in("a wrong password of mine")
    stranger.log_in()
    assert "from 192.0.2.7" in caplog.text
    assert "of mine" not in caplog.text
    assert PASSWORD not in caplog.text
    assert stranger.cookie not in caplog.text
