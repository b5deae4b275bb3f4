"""`pingback.server.http`: `ETag`, `Last-Modified` and 304 (RFC 9110 §8.8 and §13)."""

from datetime import UTC, datetime, timedelta

import pytest

from pingback.server.http import Request, Response, conditional

CHANGED = datetime(2026, 1, 2, 12, 0, 0, 500_000, tzinfo=UTC)
DATE = "Fri, 02 Jan 2026 12:00:00 GMT"
WHOLE = Response(
    status=200, headers={"Content-Type": "a/b", "Link": '<?x>; rel="next"', "Cache-Control": "max-age=60"}, body=b"body"
)
TAG = conditional(Request(method="GET", path="/"), WHOLE).headers["ETag"]


def ask(headers: dict[str, str], changed: datetime | None = CHANGED) -> Response:
    return conditional(Request(method="GET", path="/", headers=headers), WHOLE, changed=changed)


def test_the_first_time() -> None:
    assert ask({}) == Response(status=200, headers={**WHOLE.headers, "ETag": TAG, "Last-Modified": DATE}, body=b"body")
    assert "Last-Modified" not in ask({}, None).headers


def test_rfc9110_8_8_3_a_strong_tag_is_of_the_bytes() -> None:
    other = Response(status=200, headers=WHOLE.headers, body=b"bodY")
    assert TAG.startswith('"')
    assert conditional(Request(method="GET", path="/"), other).headers["ETag"] != TAG


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"if-none-match": TAG}, 304, id="rfc9110-13.1.2-the-tag"),
        pytest.param({"if-none-match": f'"x", W/{TAG} ,"y"'}, 304, id="rfc9110-13.1.2-weak-comparison-in-a-list"),
        pytest.param({"if-none-match": "*"}, 304, id="rfc9110-13.1.2-anything"),
        pytest.param({"if-none-match": '"x"'}, 200, id="rfc9110-13.1.2-another"),
        pytest.param({"if-none-match": ""}, 200, id="nothing"),
        pytest.param({"if-none-match": '"x"', "if-modified-since": DATE}, 200, id="rfc9110-13.2.2-tag-before-date"),
        pytest.param({"if-modified-since": DATE}, 304, id="rfc9110-13.1.3-not-since"),
        pytest.param({"if-modified-since": "Friday, 02-Jan-26 12:00:01 GMT"}, 304, id="rfc9110-5.6.7-rfc850-date"),
        pytest.param({"if-modified-since": "Fri Jan  2 12:00:00 2026"}, 304, id="rfc9110-5.6.7-asctime-date"),
        pytest.param({"if-modified-since": "Fri, 02 Jan 2026 11:59:59 GMT"}, 200, id="rfc9110-13.1.3-since"),
        pytest.param({"if-modified-since": "yesterday"}, 200, id="rfc9110-13.1.3-no-date"),
        pytest.param({"if-modified-since": "Fri, 99 Jan 99999 25:00:00 GMT"}, 200, id="rfc9110-13.1.3-no-such-date"),
    ],
)
def test_what_is_known_is_not_sent_again(headers: dict[str, str], status: int) -> None:
    response = ask(headers)
    assert response.status == status
    assert response.body == (b"body" if status == 200 else b"")


def test_rfc9110_15_4_5_headers_of_a_304() -> None:
    assert dict(ask({"if-none-match": TAG}).headers) == {
        "Cache-Control": "max-age=60",
        "ETag": TAG,
        "Last-Modified": DATE,
    }


def test_no_date_where_the_last_change_is_not_known() -> None:
    assert ask({"if-modified-since": DATE}, None).status == 200
    assert ask({"if-modified-since": DATE}, CHANGED + timedelta(seconds=1)).status == 200
