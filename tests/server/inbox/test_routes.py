"""`pingback.server.inbox.routes`: nobody sees or does anything without a session."""

import logging

import pytest

from pingback.model import MentionStatus
from pingback.server.inbox.pages import HEADERS
from pingback.store import Store
from tests.receive.lax import Receiver
from tests.receive.pages import Clock, Pages
from tests.server.inbox.conftest import SITE, Visitor, keep, text_of

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
    assert [mention.status for mention in store.mentions()] == [MentionStatus.PENDING]
    assert store.moderation.blocks() == []


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
    assert [mention.status for mention in store.mentions()] == [MentionStatus.PENDING]
    assert store.moderation.blocks() == []
    assert "<h1>Mentions</h1>" in text_of(owner.get())


def test_another_session_s_token_is_none(owner: Visitor, store: Store) -> None:
    token = owner.token
    owner.log_in()
    assert owner.post("/inbox/block", {"block": "a.example", "token": token}).status == 403
    assert store.moderation.blocks() == []


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
