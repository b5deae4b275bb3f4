"""How much of a target's page is read to find its endpoint, and what it costs to look for those of all protocols."""

from collections.abc import Collection, Mapping
from math import inf

from pingback.model import Endpoint, Protocol
from pingback.net.client import Client
from pingback.net.guard import OWNERS, Permit
from pingback.net.response import Response
from pingback.page.endpoints import endpoints_in
from pingback.page.scanner import FEED_BYTES
from pingback.protocols.table import EVERY
from pingback.sending.discover import discover
from tests.bench.bench_page import big_page
from tests.bench.timing import Row, compare, judge, show
from tests.loopback import Site, page

PAGE = (
    b'<!DOCTYPE html><html><head><meta charset="utf-8"><link rel="pingback" href="/xmlrpc"></head><body>'
    + b"<p>word</p>" * 90_000
)

TARGET = "https://blog.example/2026/part-five"
ADVERTISED = f"""<link rel="webmention" href="/webmention"><link rel="pingback" href="/xmlrpc">
<!--
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"
         xmlns:trackback="http://madskills.com/public/xml/rss/module/trackback/">
<rdf:Description rdf:about="{TARGET}" dc:identifier="{TARGET}" dc:title="Five" trackback:ping="/trackback/5" />
</rdf:RDF>
-->"""


class _Remembering(Client):
    """Keeps the last response, which knows how much of its page was taken."""

    last: Response | None = None

    def get(
        self, url: str, *, headers: Mapping[str, str] = {}, permit: Permit = OWNERS, seconds: float = inf
    ) -> Response:
        self.last = super().get(url, headers=headers)
        return self.last


def rows() -> list[Row]:
    with Site({"/header": page(PAGE, headers={"X-Pingback": "/xmlrpc"}), "/link": page(PAGE)}) as site:
        header, link = bytes_read(site.url + "/header"), bytes_read(site.url + "/link")
    big = big_page("https://nobody.example/").replace(b"</body>", ADVERTISED.encode() + b"</body>")
    if (len(found_in(big, [Protocol.PINGBACK])), len(found_in(big, EVERY))) != (1, 3):
        raise AssertionError("not all endpoints were found")
    one, three = compare(lambda: found_in(big, [Protocol.PINGBACK]), lambda: found_in(big, EVERY), rounds=100)
    return [
        Row("discover, header: bytes read of a 1 MB page", header, "0", most=0),
        Row("discover, link in the head: bytes read of a 1 MB page", link, "at most 32768", most=32768),
        Row(
            "discover, all three protocols at the end of a 200 KB page: times finding one",
            three / one,
            "at most 1.3",
            most=1.3,
        ),
    ]


def bytes_read(target: str) -> int:
    with _Remembering(allow=["127.0.0.1"]) as client:
        if not discover(target, client=client, wanted=[Protocol.PINGBACK]).endpoints or client.last is None:
            raise AssertionError("no endpoint was found")
        return client.last.bytes_read


def found_in(page: bytes, wanted: Collection[Protocol]) -> tuple[Endpoint, ...]:
    return endpoints_in(
        TARGET,
        target=TARGET,
        headers=lambda name: (),
        content_type="text/html; charset=utf-8",
        chunks=(page[start : start + FEED_BYTES] for start in range(0, len(page), FEED_BYTES)),
        wanted=wanted,
    )


if __name__ == "__main__":
    judge(show(rows()))
