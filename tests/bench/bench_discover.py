"""How much of a target's page is read to find its endpoint; a count, not a time."""

from collections.abc import Mapping

from pingback.net.client import Client
from pingback.net.response import Response
from pingback.sending.discover import discover
from tests.bench.timing import Row, show
from tests.loopback import Site, page

PAGE = (
    b'<!DOCTYPE html><html><head><meta charset="utf-8"><link rel="pingback" href="/xmlrpc"></head><body>'
    + b"<p>word</p>" * 90_000
)


class _Remembering(Client):
    """Keeps the last response, which knows how much of its page was taken."""

    last: Response | None = None

    def get(self, url: str, *, headers: Mapping[str, str] = {}) -> Response:
        self.last = super().get(url, headers=headers)
        return self.last


def rows() -> list[Row]:
    with Site({"/header": page(PAGE, headers={"X-Pingback": "/xmlrpc"}), "/link": page(PAGE)}) as site:
        return [
            Row("discover, header: bytes read of a 1 MB page", bytes_read(site.url + "/header"), "0"),
            Row(
                "discover, link in the head: bytes read of a 1 MB page", bytes_read(site.url + "/link"), "at most 32768"
            ),
        ]


def bytes_read(target: str) -> int:
    with _Remembering(allow=["127.0.0.1"]) as client:
        if not discover(target, client=client).endpoints or client.last is None:
            raise AssertionError("no endpoint was found")
        return client.last.bytes_read


if __name__ == "__main__":
    show(rows())
