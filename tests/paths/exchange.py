"""One HTTP exchange as a bare sender has it: the path and the bytes go out as they are given."""

import http.client
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

FORM = "application/x-www-form-urlencoded"
PATIENCE = 60.0  # seconds for what takes a fraction of one


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: str


def ask(url: str, *, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] = {}) -> Answer:
    """The answer to one request, on a connection of its own."""
    authority, slash, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(authority, timeout=PATIENCE)
    try:
        connection.request(method, slash + path, body=body, headers=dict(headers))
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read().decode())
    finally:
        connection.close()


def post(url: str, body: bytes | Mapping[str, str], content_type: str = FORM) -> Answer:
    """The answer to a form, or to bytes that are to pass for one."""
    given = body if isinstance(body, bytes) else urlencode(body).encode()
    return ask(url, method="POST", body=given, headers={"Content-Type": content_type})
