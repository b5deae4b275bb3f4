"""An owner who asks the inbox for pages and sends its forms, without a server or a browser between."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from pingback.model import Mention, MentionStatus, Protocol
from pingback.server.http import Request, Response
from pingback.server.inbox.passwords import hash_of
from pingback.server.inbox.routes import answer
from pingback.store import Store
from tests.receive.lax import Receiver
from tests.receive.pages import Clock, Pages

SITE = "https://my.example/"
PASSWORD = "correct horse"
PASSWORD_HASH = hash_of(PASSWORD)
FORM = "application/x-www-form-urlencoded"

_TOKEN = re.compile(r'name="token" value="([^"]+)"')


class Visitor:
    """Someone at the inbox of `https://my.example/mount`, with the cookies of a browser."""

    def __init__(self, receiver: Receiver, clock: Clock, *, address: str = "192.0.2.7") -> None:
        self.receiver = receiver
        self.clock = clock
        self.address = address
        self.cookie = ""
        self.base = "https://my.example/mount"

    def get(self, path: str = "/inbox") -> Response:
        return self._ask("GET", path, b"", {})

    def post(
        self,
        path: str,
        fields: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        *,
        headers: Mapping[str, str] = {"origin": "https://my.example"},
    ) -> Response:
        return self._ask("POST", path, urlencode(fields).encode(), headers)

    def send(self, path: str, *fields: tuple[str, str]) -> Response:
        """A form of the page that is shown, with its token."""
        return self.post(path, [("token", self.token), *fields])

    def log_in(self, password: str = PASSWORD, **fields: str) -> Response:
        response = self.post("/inbox/login", {"password": password, **fields})
        self.cookie = response.headers.get("Set-Cookie", "").partition(";")[0]
        return response

    @property
    def token(self) -> str:
        found = _TOKEN.search(self.get("/inbox/blocked").body.decode())
        return found[1] if found else ""

    def _ask(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Response:
        path, _, query = target.partition("?")
        request = Request(
            method=method,
            path=path,
            raw_path=path,
            query=query,
            base=self.base,
            headers={**headers, **({"cookie": self.cookie} if self.cookie else {})},
            content_type=FORM if body else None,
            body=body,
            remote_addr=self.address,
        )
        return answer(request, self.receiver, clock=self.clock)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[Store]:
    with Store("sqlite://", clock=clock) as store:
        store.secrets.set_password(PASSWORD_HASH)
        yield store


@pytest.fixture
def stranger(store: Store, clock: Clock) -> Iterator[Visitor]:
    """A visitor who is not logged in."""
    with Receiver(site=SITE, store=store, client=Pages(), clock=clock) as receiver:
        yield Visitor(receiver, clock)


@pytest.fixture
def owner(stranger: Visitor) -> Visitor:
    """The same after the right password."""
    stranger.log_in()
    return stranger


def keep(store: Store, number: int, **given: object) -> int:
    """A mention that came `number` minutes after noon; gives its id."""
    at = Clock()() + timedelta(minutes=number)
    mention = Mention(
        source=f"https://a.example/{number}",
        target=f"{SITE}post",
        protocol=Protocol.PINGBACK,
        status=MentionStatus.PENDING,
        title=f"Title {number}",
        received=at,
        verified=at,
    )
    kept, _ = store.mentions.keep(replace(mention, **given))  # type: ignore[arg-type]  # as the test names them
    assert kept.id is not None
    return kept.id


def text_of(response: Response) -> str:
    return response.body.decode()
