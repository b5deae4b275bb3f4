"""What a stranger's page or message costs in CPU at most: whole processes, their start included, on hostile shapes.

Each page has 1 MiB and each message 64 KiB, which is all that is read of them. Of the server counts what it does after
its answer, too.
"""

import gzip
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path

from tests.bench.timing import Row, judge, show
from tests.loopback import Site, page
from tests.paths.programs import ALLOW, Serving

PAGE = 1024 * 1024
BODY = 64 * 1024
UNPACKED = 16 * 1024 * 1024  # bytes of a sitemap, of which fewer are read
SETTLED_AFTER = 0.5  # seconds without any CPU
SETTLED_WITHIN = 60.0  # seconds
OF_PAGE = 1.5  # seconds of CPU
OF_BODY = 0.5

BLOG = "https://blog.example"
TARGET = f"{BLOG}/five"
LINK = f'<a href="{TARGET}">x</a>'

# How a page begins, and what it goes on with; of two, each has half of it.
PAGES: Mapping[str, tuple[str, ...]] = {
    "ends of nothing": (LINK, "<b>", "</i>"),
    "ends of nothing, long names": (LINK, f"<{'a' * 40}>", f"</{'a' * 39}b>"),
    "second bodies": (LINK, "<b>", "<body>"),
    "pairs on a stack": (LINK, "<li>", "<div></div>"),
    "blocks": (LINK, "<div></div>"),
    "paragraphs": (LINK, "<p>"),
    "entries in entries": (LINK, "<div class=h-entry>"),
    "cards in cards": (f"{LINK}<div class=h-entry>", "<div class='p-author h-card'>"),
    "links": (f"{LINK}<article>", "<a href=//x.example/>x</a> y "),
    "lines of an entry": (f"<div class=h-entry>{LINK}", "x<br>"),
    "links to the target": ("", f"<p>{LINK}</p>"),
    "entities": (LINK, "&amp;"),
    "NUL": (LINK, "\0"),
    "an endless reference on a stack": (f"{LINK}{'<b>' * 1100}&#", "1"),
    "links in five parts of a page": ("<main><article><div class=h-entry><div class=e-content>", "<area href=//a>"),
    "a DOM, and links to be asked for": (f"{LINK}<div class=h-entry>{'<img>' * 20_000}</div>", "<a href=%>"),
}
FEEDS: Mapping[str, tuple[str, ...]] = {
    "items": ("<rss><channel>", "<item><link>/1</link><description>x</description></item>"),
    "small elements": ("<rss><channel><item>", "<link/>"),
    "unknown elements": ("<rss><channel><item>", "<x/>"),
    "bare ampersands": ("<rss><channel><item><title>", "& "),
    "bases in a deep content": (f"<rss><channel><item><description xml:base='a'>{'<b>' * 240}", "<b xml:base='b'/>"),
    "contents": ("<rss><channel><item>", "<content src='a' xml:base='a'/>"),
    "a JSON feed": ('{"version":"https://jsonfeed.org/version/1","items":[', "{},"),
}
SITEMAPS: Mapping[str, tuple[str, ...]] = {
    "newlines": ("http://a.example/\n", "\n"),
    "one address": ("<urlset>", "<url><loc>//a.example/</loc></url>"),
    "small elements": ("<urlset>", "<a/>"),
    "entities": ("<urlset><url><loc>/a", "&amp;"),
    "attributes": ("<urlset>", "<url a='' b='' c=''/>"),
}
_CALL = "<methodCall><methodName>pingback.ping</methodName><params><param><value>"
MESSAGES: Mapping[str, tuple[str, ...]] = {
    "a double of digits": (f"{_CALL}<double>", "1"),
    "values": (f"{_CALL}<array><data>", "<value/>"),
    "arrays": (_CALL, "<array><data><value>"),
    "attributes": ("<methodCall ", "a='' "),
    "a form of ampersands": ("url=", "&"),
    "a form of escapes": ("url=https://a.example/&source=https://a.example/&target=", "%41"),
    "a form of tags": ("url=https://a.example/&title=", "<a &#"),
}
ROUTES = ("/xmlrpc", "/trackback/five", "/webmention", "/inbox/login", "/publish")
COMMANDS: Mapping[str, Callable[[str], list[str]]] = {
    "verify": lambda url: ["verify", url, TARGET],
    "discover": lambda url: ["discover", url],
    "links": lambda url: ["links", url],
    "publish": lambda url: ["publish", url, "--dry-run"],
}


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder, Site() as site:
        for command, arguments in COMMANDS.items():
            yield _worst(f"{command}: a page of 1 MiB", _of_command(Path(folder), site, arguments, PAGES))
        yield _worst(
            "publish --feed: 1 MiB",
            _of_command(Path(folder), site, lambda url: ["publish", "--dry-run", "--feed", url], FEEDS),
        )
        attributes = (
            "<rss><channel><item " + "".join(f"a{number}='' " for number in range(80_000)) + "/></channel></rss>"
        )
        site.pages["/attributes"] = page(attributes.encode())
        seconds = spent(Path(folder), ["publish", "--dry-run", "--feed", f"{site.url}/attributes"])
        yield Row("publish --feed: 80,000 attributes, s", seconds, f"at most {OF_PAGE}", most=OF_PAGE)
        yield _worst("publish --sitemap: gzipped", _of_sitemaps(Path(folder), site))
        with Serving(Path(folder), BLOG, "--no-check-targets", "--rate", "off", "--source-rate", "off") as server:
            yield _worst("serve: a ping whose source is a page of 1 MiB", _of_sources(server, site))
            yield _worst("serve: a body of 64 KiB to any route", _of_bodies(server), most=OF_BODY)


def filled(parts: tuple[str, ...], size: int) -> bytes:
    """The first part, and then the others again and again up to the size, one after the other."""
    begin, *units = (part.encode() for part in parts)
    room = (size - len(begin)) // len(units)
    return begin + b"".join(unit * (room // len(unit)) for unit in units)


def spent(folder: Path, arguments: list[str]) -> float:
    """Seconds of CPU that a command takes, from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "pingback", *arguments, *ALLOW]
    subprocess.run(command, cwd=folder, env={"PATH": ""}, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def spent_by(process: int) -> float:
    """Seconds of CPU that a running process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _worst(label: str, costs: Iterator[tuple[str, float]], most: float = OF_PAGE) -> Row:
    name, seconds = max(costs, key=lambda cost: cost[1])
    return Row(f"{label}, s; the worst: {name}", seconds, f"at most {most}", most=most)


def _of_command(
    folder: Path, site: Site, arguments: Callable[[str], list[str]], shapes: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, float]]:
    for name, parts in shapes.items():
        site.pages["/page"] = page(filled(parts, PAGE))
        yield name, spent(folder, arguments(f"{site.url}/page"))


def _of_sitemaps(folder: Path, site: Site) -> Iterator[tuple[str, float]]:
    """Of other hosts' pages, so that nothing else is asked for; the last one has as many addresses as go into 1 MiB."""
    many = "".join(f"http://a{number}.example/\n" for number in range(300_000)).encode()
    contents = {name: filled(parts, UNPACKED) for name, parts in SITEMAPS.items()} | {"addresses": many}
    for name, content in contents.items():
        site.pages["/sitemap"] = page(gzip.compress(content)[:PAGE])
        yield name, spent(folder, ["publish", "--dry-run", "--sitemap", f"{site.url}/sitemap"])


def _of_sources(server: Serving, site: Site) -> Iterator[tuple[str, float]]:
    for number, (name, parts) in enumerate(PAGES.items()):
        site.pages[f"/{number}"] = page(filled(parts, PAGE))
        values = "".join(f"<param><value>{url}</value></param>" for url in (f"{site.url}/{number}", TARGET))
        call = f"<methodCall><methodName>pingback.ping</methodName><params>{values}</params></methodCall>"
        yield name, _cost_of_post(server, "/xmlrpc", call.encode(), "text/xml")


def _of_bodies(server: Serving) -> Iterator[tuple[str, float]]:
    for route, (name, parts) in product(ROUTES, MESSAGES.items()):
        media_type = "text/xml" if route == "/xmlrpc" else "application/x-www-form-urlencoded"
        yield f"{name} to {route}", _cost_of_post(server, route, filled(parts, BODY), media_type)


def _cost_of_post(server: Serving, route: str, body: bytes, media_type: str) -> float:
    before = spent_by(server.process)
    request = urllib.request.Request(server.root + route, body, {"Content-Type": media_type})
    try:
        urllib.request.urlopen(request, timeout=120).read()
    except urllib.error.HTTPError as answer:
        answer.close()
    return _settled(server) - before


def _settled(server: Serving) -> float:
    """What the server has taken once it takes no more: after its answer it may go on with a ping in the background."""
    end, last = time.monotonic() + SETTLED_WITHIN, -1.0
    while (now := spent_by(server.process)) > last and time.monotonic() < end:
        last = now
        time.sleep(SETTLED_AFTER)
    return now


if __name__ == "__main__":
    judge(show(rows()))
