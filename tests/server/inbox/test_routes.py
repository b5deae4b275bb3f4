"""`pingback.server.inbox.routes`: nobody sees or does anything without a session."""

import logging

import pytest

from pingback.model import MentionStatus
from pingback.server.http import Response
from pingback.server.inbox.pages import HEADERS
from pingback.server.inbox.passwords import STRANGERS, hash_of
from pingback.server.inbox.visit import device_in
from pingback.store import Store
from tests.receive.lax import Receiver
from tests.receive.pages import Clock, Pages
from tests.server.inbox.conftest import PASSWORD, PASSWORD_HASH, SITE, Visitor, keep, text_of

PAGES = ["/inbox", "/inbox/", "/inbox?tab=spam", "/inbox/outbox", "/inbox/outbox/1", "/inbox/blocked", "/inbox/nothing"]
CHANGES = ["/inbox/decide", "/inbox/again", "/inbox/block", "/inbox/unblock", "/inbox/logout"]

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_sees_the_login_and_no_more(stranger: Visitor, store: Store, path: str) -> None:
    keep(store, 1)
    response = stranger.get(path)
    assert response.status == 200
    assert "<h1>Log in</h1>" in text_of(response)
    assert "a.example" not in text_of(response)


@pytest.mark.parametrize("path", CHANGES)
def test_a_stranger_changes_nothing(stranger: Visitor, store: Store, path: str) -> None:
    number = keep(store, 1)
    response = stranger.post(path, {"one": f"approve {number}", "block": "a.example", "token": ""})
    assert (response.status, response.headers["Location"]) == (303, "/mount/inbox")
    assert [mention.status for mention in store.mentions.list()] == [MentionStatus.PENDING]
    assert store.blocks.all() == []


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(
    "token",
    [
        pytest.param(None, id="csrf-no-token"),
        pytest.param("", id="csrf-empty"),
        pytest.param("WyJ4Il0.x", id="csrf-made-up"),
    ],
)
def test_without_the_token_nothing_changes(owner: Visitor, store: Store, path: str, token: str | None) -> None:
    number = keep(store, 1)
    fields = {"one": f"approve {number}", "block": "a.example"}
    response = owner.post(path, fields if token is None else fields | {"token": token})
    assert response.status == 403
    assert [mention.status for mention in store.mentions.list()] == [MentionStatus.PENDING]
    assert store.blocks.all() == []
    assert "<h1>Mentions</h1>" in text_of(owner.get())


def test_another_session_s_token_is_none(owner: Visitor, store: Store) -> None:
    token = owner.token
    owner.log_in()
    assert owner.post("/inbox/block", {"block": "a.example", "token": token}).status == 403
    assert store.blocks.all() == []


@pytest.mark.parametrize("path", [*CHANGES, "/inbox/login"])
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"origin": "https://evil.example"}, id="csrf-origin"),
        pytest.param({"origin": "null"}, id="csrf-null"),
        pytest.param({"sec-fetch-site": "cross-site"}, id="csrf-fetch-metadata"),
    ],
)
def test_a_page_of_another_site_changes_nothing(owner: Visitor, path: str, headers: dict[str, str]) -> None:
    response = owner.post(path, {"token": owner.token, "password": "correct horse"}, headers=headers)
    assert (response.status, "Set-Cookie" in response.headers) == (403, False)


@pytest.mark.parametrize("path", [*CHANGES, "/inbox/login"])
def test_what_is_changed_by_post_leads_to_the_inbox_by_get(owner: Visitor, path: str) -> None:
    response = owner.get(path)
    assert (response.status, response.headers["Location"]) == (303, "/mount/inbox")


@pytest.mark.parametrize(
    "path", ["/inbox/nothing", "/inbox/outbox/x", "/inbox/outbox/1", "/inbox/static/x", "/inbox/static/../pages.py"]
)
def test_rfc9110_15_5_5_404(owner: Visitor, path: str) -> None:
    assert owner.get(path).status == 404


def test_a_form_for_nothing_is_404(owner: Visitor) -> None:
    assert owner.send("/inbox/nothing").status == 404


@pytest.mark.parametrize(
    "path", [*PAGES, "/inbox/static/inbox.css", "/inbox/static/x", "/inbox?" + "&".join("x" * 101)]
)
def test_every_response_is_strict(owner: Visitor, path: str) -> None:
    headers = owner.get(path).headers
    assert headers["Content-Security-Policy"] == CSP
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_pages_are_not_kept_and_assets_are(owner: Visitor) -> None:
    assert owner.get().headers["Cache-Control"] == "no-store"
    for name, content_type in [("inbox.css", "text/css"), ("inbox.js", "text/javascript")]:
        response = owner.get(f"/inbox/static/{name}")
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response.headers["Content-Type"] == f"{content_type}; charset=utf-8"
        assert f"/mount/inbox/static/{name}?" in text_of(owner.get())


def test_without_a_password_the_page_says_how_to_set_one(clock: Clock) -> None:
    with Store("sqlite://") as fresh, Receiver(site=SITE, store=fresh, client=Pages()) as receiver:
        anybody = Visitor(receiver, clock)
        assert "pingback passwd" in text_of(anybody.get())
        assert anybody.log_in("").headers["Location"] == "/mount/inbox"


def test_too_many_fields_are_400(owner: Visitor) -> None:
    response = owner.get("/inbox?" + "x=&" * 101)
    assert (response.status, response.headers["Content-Security-Policy"]) == (400, HEADERS["Content-Security-Policy"])


def test_a_database_that_fails_is_503_and_in_the_log(
    owner: Visitor, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.close()
    response = owner.get()
    assert (response.status, b"closed" in response.body) == (503, False)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


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


# A device that logged in before


def device_of(response: Response) -> str:
    [cookie] = response.cookies
    return cookie.partition(";")[0]


def storm(store: Store, visitor: Visitor) -> None:
    """Strangers use up all that they have."""
    for number in range(600):
        store.logins.attempt(f"{number % 200 + 1}.0.2.{number // 200}", now=visitor.clock())


def test_a_storm_keeps_a_device_that_logged_in_before_from_nothing(owner: Visitor, store: Store) -> None:
    known = device_of(owner.log_in())
    owner.send("/inbox/logout")
    storm(store, owner)
    owner.cookie = ""
    assert owner.log_in().status == 429
    owner.cookie = known
    response = owner.log_in()
    assert response.status == 303
    assert is_in(owner)
    assert device_of(response).partition("=")[0] == "pingback_device"


def test_five_tries_of_a_device_and_the_right_password_clears_them(owner: Visitor, store: Store) -> None:
    known = device_of(owner.log_in())

    def tries(*passwords: str) -> list[int]:
        statuses = []
        for password in passwords:
            owner.cookie = known
            statuses.append(owner.log_in(password).status)
        return statuses

    assert tries("wrong", "wrong", "wrong", "wrong", PASSWORD) == [403] * 4 + [303]
    assert tries(*["wrong"] * 5, PASSWORD) == [403] * 5 + [429]
    owner.cookie = ""
    assert owner.log_in().status == 303  # as anybody else


def test_a_device_keeps_its_lane_when_it_logs_in_again(owner: Visitor) -> None:
    login = owner.receiver.store.secrets.login()
    assert login is not None
    owner.cookie = device_of(owner.log_in())
    before = device_in(owner.cookie, login, now=owner.clock())
    after = device_in(device_of(owner.log_in()), login, now=owner.clock())
    assert before == after is not None


def test_a_new_password_makes_all_devices_strangers(owner: Visitor, store: Store) -> None:
    known = device_of(owner.log_in())
    store.secrets.set_password(PASSWORD_HASH)
    storm(store, owner)
    owner.cookie = known
    assert owner.log_in().status == 429


def test_who_has_only_tried_is_not_known(stranger: Visitor) -> None:
    assert stranger.log_in("wrong").cookies == ()


def test_as_many_strangers_as_may_wait_to_be_looked_at(owner: Visitor) -> None:
    known = device_of(owner.log_in())
    owner.cookie = ""
    places = STRANGERS._places
    taken = 0
    while places.acquire(blocking=False):
        taken += 1
    try:
        response = owner.log_in()
        owner.cookie = known
        assert owner.log_in().status == 303
    finally:
        places.release(taken)
    assert (response.status, response.headers["Retry-After"]) == (503, "5")
    assert "Too many try to log in." in text_of(response)


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
