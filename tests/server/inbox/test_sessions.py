"""`pingback.server.inbox.visit`: what a cookie proves, and for how long."""

from datetime import UTC, datetime, timedelta

import pytest

from pingback.server.inbox.visit import (
    Session,
    begun,
    cookie_header,
    cookie_of,
    device_cookie,
    device_in,
    is_token_of,
    session_in,
    token_of,
)
from pingback.store.secrets import Login

NOON = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)
LOGIN = Login(password_hash="x", key="a" * 64)
OTHER = Login(password_hash="x", key="b" * 64)
SESSION = Session(id="one", until=datetime(2026, 1, 16, 12, tzinfo=UTC))


def test_a_session_lasts_14_days_and_has_a_name_of_its_own() -> None:
    one, other = begun(now=NOON), begun(now=NOON)
    assert one.until == datetime(2026, 1, 16, 12, tzinfo=UTC)
    assert one.id != other.id
    assert len(one.id) >= 22  # 128 bits


@pytest.mark.parametrize(
    ("cookies", "found"),
    [
        pytest.param("pingback_inbox={}", SESSION, id="alone"),
        pytest.param("a=b; pingback_inbox={}; c=d", SESSION, id="among-others"),
        pytest.param("pingback_inbox=x; pingback_inbox={}", SESSION, id="after-one-that-is-none"),
        pytest.param("other={}", None, id="another-name"),
        pytest.param("pingback_inbox={}x", None, id="longer"),
        pytest.param("pingback_inbox", None, id="no-value"),
        pytest.param("", None, id="nothing"),
        pytest.param(";;=;", None, id="broken"),
        pytest.param("pingback_inbox=Ä.ö", None, id="not-ascii"),
    ],
)
def test_rfc6265_5_4_which_cookie(cookies: str, found: Session | None) -> None:
    assert session_in(cookies.format(cookie_of(SESSION, LOGIN)), LOGIN, now=NOON) == found


def test_every_changed_letter_breaks_it() -> None:
    value = cookie_of(SESSION, LOGIN)
    for place, letter in enumerate(value[:-1]):  # of the last one, not all bits count
        forged = value[:place] + ("A" if letter != "A" else "B") + value[place + 1 :]
        assert session_in(f"pingback_inbox={forged}", LOGIN, now=NOON) is None


@pytest.mark.parametrize(
    ("login", "later"),
    [
        pytest.param(LOGIN, timedelta(days=14), id="14-days-later"),
        pytest.param(OTHER, timedelta(0), id="another-key"),
    ],
)
def test_when_it_is_over(login: Login, later: timedelta) -> None:
    cookies = f"pingback_inbox={cookie_of(SESSION, LOGIN)}"
    assert session_in(cookies, login, now=NOON + later) is None


def test_a_token_is_that_of_one_session() -> None:
    other = Session(id="two", until=SESSION.until)
    token = token_of(SESSION, LOGIN)
    assert is_token_of(SESSION, LOGIN, token)
    assert not is_token_of(other, LOGIN, token)
    assert not is_token_of(SESSION, OTHER, token)
    assert not is_token_of(SESSION, LOGIN, "")
    assert not is_token_of(SESSION, LOGIN, "\ud800é")
    assert not is_token_of(SESSION, LOGIN, cookie_of(SESSION, LOGIN))


def device(login: Login = LOGIN, *, known: str | None = "mine") -> str:
    """The cookie of a device, as a browser sends it."""
    given = device_cookie(login, device=known, now=NOON, path="/inbox", secure=True)
    return given.partition(";")[0]


def test_a_device_is_known_by_its_cookie() -> None:
    assert device_in(f"a=b; {device()}", LOGIN, now=NOON) == "mine"
    one, other = (device_in(device(known=None), LOGIN, now=NOON) for _ in range(2))
    assert one != other
    assert len(one or "") >= 22  # 128 bits


@pytest.mark.parametrize(
    ("cookies", "login", "later"),
    [
        pytest.param(device(), OTHER, timedelta(0), id="another-password-since"),
        pytest.param(device(), LOGIN, timedelta(days=400), id="400-days-later"),
        pytest.param(device() + "x", LOGIN, timedelta(0), id="longer"),
        pytest.param(device().replace("device", "inbox", 1), LOGIN, timedelta(0), id="another-name"),
        pytest.param(f"pingback_device={cookie_of(SESSION, LOGIN)}", LOGIN, timedelta(0), id="that-of-a-session"),
        pytest.param("pingback_device=", LOGIN, timedelta(0), id="nothing"),
    ],
)
def test_what_makes_no_device_known(cookies: str, login: Login, later: timedelta) -> None:
    assert device_in(cookies, login, now=NOON + later) is None


def test_a_device_has_no_session_by_its_cookie() -> None:
    value = device().partition("=")[2]
    assert session_in(f"pingback_inbox={value}", LOGIN, now=NOON) is None


@pytest.mark.parametrize(("secure", "end"), [(True, "; SameSite=Strict; Secure"), (False, "; SameSite=Strict")])
def test_rfc6265_4_1_the_cookie_of_a_device(secure: bool, end: str) -> None:
    given = device_cookie(LOGIN, device="mine", now=NOON, path="/mount/inbox", secure=secure)
    assert given.partition(";")[2] == f" Path=/mount/inbox; Max-Age=34560000; HttpOnly{end}"


@pytest.mark.parametrize(("secure", "end"), [(True, "; SameSite=Lax; Secure"), (False, "; SameSite=Lax")])
def test_rfc6265_4_1_the_header(secure: bool, end: str) -> None:
    header = cookie_header("x", path="/mount/inbox", secure=secure, lasts=timedelta(days=14))
    assert header == {"Set-Cookie": f"pingback_inbox=x; Path=/mount/inbox; Max-Age=1209600; HttpOnly{end}"}
