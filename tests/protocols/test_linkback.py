"""`pingback.protocols.linkback`: what a TrackBack (TrackBack 1.2) and a Webmention (§3.1.4) may get for an answer.

What a pingback's answer means is in `tests/sending/test_ping.py`, over sockets.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.model import OutcomeStatus, Protocol
from pingback.protocols.linkback import Answer, Verdict
from pingback.protocols.table import EVERY, linkback_of

ENDPOINT = "https://blog.example/endpoint"
HTML = b"<!doctype html><title>Log in</title>"
DUPLICATE = (
    b'<?xml version="1.0" encoding="UTF-8"?><error><code>wp_die</code><title>x</title>'
    b"<message><![CDATA[Duplicate comment detected]]></message><data><status>409</status></data></error>"
)


def verdict_on(given: Answer, protocol: Protocol) -> Verdict:
    """By the record of the protocol."""
    linkback = linkback_of(protocol)
    assert linkback is not None
    return linkback.verdict(given)


def answer(
    body: bytes = b"", *, status: int = 200, content_type: str | None = "text/plain", location: str | None = None
) -> Answer:
    return Answer(ENDPOINT, ENDPOINT, status, body, content_type, location)


def response(inside: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<response>{inside}</response>'.encode()


@pytest.mark.parametrize(
    ("given", "status", "fault", "words"),
    [
        pytest.param(answer(response("<error>0</error>")), "accepted", None, "accepted", id="t6-error-0"),
        pytest.param(
            answer(b"\n\n  " + response("<error> 0 </error>")), "accepted", None, "accepted", id="white-space-before"
        ),
        pytest.param(answer(response("<error>1</error><message>No.</message>")), "refused", 1, "No.", id="t7-error-1"),
        pytest.param(answer(response("<error>1</error>")), "refused", 1, "refused", id="t7-without-a-word"),
        pytest.param(
            answer(response("<error>2</error><message>No.</message>")), "refused", 2, "No.", id="another-number"
        ),
        pytest.param(
            answer(response("<error>1</error><message>No.</message>"), status=500),
            "refused",
            1,
            "No.",
            id="what-it-says-before-http-status",
        ),
        pytest.param(
            answer(response("<error>1</error><message>There is already a ping from that URL for this post.</message>")),
            "already",
            1,
            "already a ping",
            id="wordpress-duplicate",
        ),
        pytest.param(
            answer(response("<error>1</error><message>the ping is known already</message>")),
            "already",
            1,
            "known already",
            id="our-own-duplicate",
        ),
        pytest.param(answer(DUPLICATE, status=409), "already", 409, "known already", id="wordpress-409"),
        pytest.param(answer(DUPLICATE, status=429), "failed", 429, "HTTP status 429", id="wordpress-429"),
        pytest.param(answer(b""), "refused", 200, "no TrackBack response", id="wordpress-empty"),
        pytest.param(answer(b"\r\n"), "refused", 200, "no TrackBack response", id="wordpress-empty-but-for-a-line-end"),
        pytest.param(answer(HTML), "failed", 200, "no TrackBack response", id="html"),
        pytest.param(answer(b"Down for maintenance"), "failed", 200, "no TrackBack response", id="text"),
        pytest.param(
            answer(HTML + b"<textarea>" + response("<error>0</error>") + b"</textarea>"),
            "failed",
            200,
            "no TrackBack response",
            id="html-that-quotes-a-response",
        ),
        pytest.param(answer(HTML, status=403), "refused", 403, "HTTP status 403", id="403"),
        pytest.param(answer(HTML, status=404), "refused", 404, "HTTP status 404", id="404"),
        pytest.param(answer(HTML, status=500), "failed", 500, "HTTP status 500", id="500"),
        pytest.param(
            answer(response("<error>0</error>"), status=503), "failed", 503, "HTTP status 503", id="503-with-error-0"
        ),
    ],
)
def test_of_a_trackback(given: Answer, status: str, fault: int | None, words: str) -> None:
    verdict = verdict_on(given, Protocol.TRACKBACK)
    assert (verdict.status, verdict.fault) == (status, fault)
    assert words in verdict.message


STATUS_PAGE = "https://blog.example/status/1"


@pytest.mark.parametrize(
    ("given", "status", "fault", "message"),
    [
        pytest.param(answer(status=200), "accepted", None, "accepted", id="w14-200"),
        pytest.param(answer(status=202), "accepted", None, "accepted", id="w14-202"),
        pytest.param(answer(HTML, status=204), "accepted", None, "accepted", id="w6-any-2xx"),
        pytest.param(
            answer(status=201, location="/status/1"),
            "accepted",
            None,
            f"accepted; its status: {STATUS_PAGE}",
            id="w14-201-with-location",
        ),
        pytest.param(answer(status=201, location="http://["), "accepted", None, "accepted", id="201-location-no-url"),
        pytest.param(answer(b"no link\n", status=400), "refused", 400, "no link", id="w21-400-with-a-reason"),
        pytest.param(
            answer(
                b'{"error": "no_link_found", "error_description": "No link."}',
                status=400,
                content_type="application/json; charset=utf-8",
            ),
            "refused",
            400,
            "No link.",
            id="400-in-json",
        ),
        pytest.param(
            answer(b'{"error": "no_link_found"}', status=400, content_type="application/problem+json"),
            "refused",
            400,
            "no_link_found",
            id="400-in-json-one-word",
        ),
        pytest.param(
            answer(b'["no"]', status=400, content_type="application/json"),
            "refused",
            400,
            f"{ENDPOINT} answered with HTTP status 400",
            id="400-in-other-json",
        ),
        pytest.param(
            answer(b"[" * 100_000, status=400, content_type="application/json"),
            "refused",
            400,
            f"{ENDPOINT} answered with HTTP status 400",
            id="400-in-deep-json",
        ),
        pytest.param(
            answer(HTML, status=400, content_type="text/html"),
            "refused",
            400,
            f"{ENDPOINT} answered with HTTP status 400",
            id="400-in-html",
        ),
        pytest.param(answer(status=404), "refused", 404, f"{ENDPOINT} answered with HTTP status 404", id="404"),
        pytest.param(answer(status=304), "refused", 304, f"{ENDPOINT} answered with HTTP status 304", id="304-is-no"),
        pytest.param(answer(b"Slow down.", status=429), "failed", 429, "Slow down.", id="429"),
        pytest.param(answer(status=500), "failed", 500, f"{ENDPOINT} answered with HTTP status 500", id="w22-500"),
        pytest.param(answer(status=503), "failed", 503, f"{ENDPOINT} answered with HTTP status 503", id="503"),
    ],
)
def test_of_a_webmention(given: Answer, status: str, fault: int | None, message: str) -> None:
    verdict = verdict_on(given, Protocol.WEBMENTION)
    assert (verdict.status, verdict.fault, verdict.message) == (status, fault, message)


@pytest.mark.parametrize("protocol", EVERY)
@pytest.mark.parametrize(
    ("status", "absent"),
    [
        pytest.param(404, True, id="404"),
        pytest.param(405, True, id="405"),
        pytest.param(410, True, id="410"),
        pytest.param(400, False, id="400-says-no"),
        pytest.param(403, False, id="403-says-no"),
        pytest.param(500, False, id="500-may-be-back"),
        pytest.param(200, False, id="200"),
    ],
)
def test_where_there_is_no_endpoint_after_all(protocol: Protocol, status: int, absent: bool) -> None:
    assert verdict_on(answer(HTML, status=status), protocol).absent is absent


@given(
    protocol=st.sampled_from(list(EVERY)),
    status=st.integers(200, 599),
    body=st.binary(),
    content_type=st.sampled_from(["text/plain", "application/json", "text/xml", None]),
    location=st.none() | st.text(),
)
def test_any_answer_has_a_meaning(
    protocol: Protocol, status: int, body: bytes, content_type: str | None, location: str | None
) -> None:
    verdict = verdict_on(answer(body, status=status, content_type=content_type, location=location), protocol)
    assert verdict.status in OutcomeStatus
    assert verdict.message
