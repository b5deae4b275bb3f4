"""A client whose web is a few pages in memory, and a clock that is moved by hand."""

import io
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf

import urllib3

from pingback.errors import FetchError, Unreachable
from pingback.net.budget import Budget
from pingback.net.client import Client
from pingback.net.guard import OWNERS, Permit
from pingback.net.response import Response

PATIENCE = 120.0  # seconds that a thread of a test may wait for another before the test fails


@dataclass(frozen=True)
class Page:
    body: str = ""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    url: str | None = None  # where it is after redirects, if there are any
    retry_after: str | None = None


class Pages(Client):
    """Gives the page or raises the error that `web` holds for a URL, and `Unreachable` for any other.

    While `gate` is not set, whoever asks has to wait, as if the server were slow; `asking` counts them in.
    """

    def __init__(self, web: Mapping[str, Page | FetchError] = {}) -> None:
        super().__init__()
        self.web = dict(web)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.senders: list[str | None] = []  # who is to share what strangers have, by the permit of each request
        self.gate = threading.Event()
        self.gate.set()
        self.asking = threading.Semaphore(0)

    def get(
        self, url: str, *, headers: Mapping[str, str] = {}, permit: Permit = OWNERS, seconds: float = inf
    ) -> Response:
        self.asked.append((url, dict(headers)))
        self.senders.append(permit.sender)
        self.asking.release()
        if not self.gate.wait(min(seconds, PATIENCE)):
            assert seconds < PATIENCE
            raise Unreachable(url, f"{url} did not answer within {seconds:g} seconds")
        answer = self.web.get(url) or Unreachable(url, f"{url} cannot be reached")
        if isinstance(answer, FetchError):
            raise answer
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(answer.body.encode()),
            headers={"Content-Type": answer.content_type}
            | ({} if answer.retry_after is None else {"Retry-After": answer.retry_after}),
            status=answer.status,
            preload_content=False,
        )
        return Response(
            raw, url=answer.url or url, budget=Budget(seconds=PATIENCE, max_received=2**20), max_bytes=2**20
        )

    def wait_until_asked(self) -> None:
        """Returns once one more request has come than at the last call."""
        assert self.asking.acquire(timeout=PATIENCE)


@dataclass
class Clock:
    instant: datetime = field(default_factory=lambda: datetime(2026, 1, 2, 12, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.instant

    def pass_by(self, **time: float) -> None:
        self.instant += timedelta(**time)
