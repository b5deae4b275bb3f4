"""What a built site costs, of 2,000 and of 10,000 posts: CPU, memory and bytes read, beside reading and hashing them.

Whole processes of `pingback publish --site`. The first run sees a site that the database does not know, with one
post in a hundred of the last days, and sends what these link to; the second sees 50 posts with another text. Each post
has three foreign links; of the first ones of the posts one in ten takes Webmentions. In the end all of 2,000 are sent.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from time import process_time
from typing import NamedTuple

from tests.bench.timing import Row, judge, show
from tests.loopback import Request, Site, page
from tests.paths.programs import ALLOW

FEW, MANY = 2_000, 10_000
CHANGED, LINKS = 50, 3
RECENT = 100  # one in so many posts
TAKES = 10  # one in so many posts links to a page that takes pings
FLAT = 1.2  # times the memory that the fewer posts take

_WORDS = "The path went on along the water for an hour, past the mill and the two bridges, and nobody was about. " * 6
# A page of a usual theme: a head with what search engines ask for, menus, the post, posts beside it, and a footer.
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Letter {number} | The river</title><link rel="canonical" href="{base}{number}/">
<link rel="stylesheet" href="{base}style.css"><link rel="alternate" type="application/atom+xml" href="{base}feed.xml">
<meta property="og:type" content="article"><meta property="og:title" content="Letter {number}">
<meta property="article:published_time" content="{date}"><meta name="description" content="About the river.">
<script type="application/ld+json">{{"@context": "https://schema.org", "@type": "BlogPosting", "headline": "Letter",
"datePublished": "{date}", "author": {{"@type": "Person", "name": "Ada"}}}}</script></head>
<body class="post"><header class="site-header"><a class="site-title" rel="author" href="{base}">The river</a>
<nav class="site-nav"><ul>{menu}</ul></nav></header>
<main><article class="h-entry"><header><h1 class="p-name">Letter {number}</h1>
<p class="meta">By <a class="p-author h-card" href="{base}about/">Ada</a> on
<time class="dt-published" datetime="{date}">{date}</time></p></header>
<div class="e-content">{paragraphs}<p>{said}</p></div>
<footer><ul class="tags">{tags}</ul></footer></article>
<section class="related"><h2>Related</h2><ul>{related}</ul></section></main>
<aside class="sidebar"><h2>Recent posts</h2><ul>{recent}</ul><h2>Tags</h2><ul>{cloud}</ul></aside>
<footer class="site-footer"><p>Made with <a href="https://generator.example/">a generator</a>.</p></footer>
</body></html>
"""


_WITHOUT = page(b"<!doctype html><title>Hello</title>")
_WITH = page(b'<!doctype html><title>Hello</title><link rel="webmention" href="/webmention">')


class Cost(NamedTuple):
    cpu: float  # seconds
    memory: float  # MiB at most
    read: float  # MiB, its own files included


def rows() -> Iterator[Row]:
    costs: dict[int, tuple[Cost, Cost, float]] = {}
    for posts in (FEW, MANY):
        with tempfile.TemporaryDirectory() as folder:
            costs[posts] = runs(Path(folder), posts)
    for posts, (first, second, hashed) in costs.items():
        yield from _of(f"{posts} built posts, first run", first)
        yield from _of(f"{posts} built posts, {CHANGED} changed", second)
        yield Row(f"{posts} built posts, read and hashed: s of CPU", hashed, "for scale")
    for label, many, few in zip(("first run", f"{CHANGED} changed"), costs[MANY][:2], costs[FEW][:2], strict=True):
        growth = many.memory / few.memory
        yield Row(f"{MANY} beside {FEW} posts, {label}: times the memory", growth, f"at most {FLAT}", most=FLAT)
    with tempfile.TemporaryDirectory() as folder:
        yield from _of(f"{FEW} built posts, all told: {FEW * LINKS} links", everything(Path(folder), FEW))


def runs(folder: Path, posts: int) -> tuple[Cost, Cost, float]:
    """The first run and the second one; CPU of reading and hashing."""
    with Web(folder, posts) as web:
        first = web.published()
        for number in range(0, posts, posts // CHANGED):
            web.write(number, said="Corrected.")
        second = web.published()
        begin = process_time()
        for path in sorted(web.public.rglob("*.html")):
            sha256(path.read_bytes()).hexdigest()
        return first, second, process_time() - begin


def everything(folder: Path, posts: int) -> Cost:
    with Web(folder, posts) as web:
        return web.published("--backfill")


class Web(Site):
    """The site's folder, what the web has of it, and the pages that it links to."""

    def __init__(self, folder: Path, posts: int) -> None:
        super().__init__()
        self.public, self._folder = folder / "public", folder
        self._now = datetime.now(UTC)
        for number in range(posts):
            self.write(number, said="So it was.")
            self.pages[f"/{number}/"] = self._post
            for link in range(LINKS):
                self.pages[f"/far/{number * LINKS + link}"] = _WITH if link == 0 and number % TAKES == 0 else _WITHOUT
        self.pages["/webmention"] = page(b"Thanks.", status=202)

    def write(self, number: int, *, said: str) -> None:
        recent = number % RECENT == 0
        date = self._now - timedelta(days=2 if recent else 100 + number)
        base = f"{self.url}/"
        path = self.public / str(number) / "index.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        paragraphs = (
            f'<p>{_WORDS}<a href="{base}far/{number * LINKS + link}">Somebody else</a> {said}</p>'
            for link in range(LINKS)
        )
        items = {
            name: "".join(f'<li><a href="{base}{name}/{each}/">{name} number {each}</a></li>' for each in range(count))
            for name, count in {"menu": 6, "tags": 3, "related": 4, "recent": 10, "cloud": 30}.items()
        }
        text = _PAGE.format(
            number=number, base=base, date=date.isoformat(), said=said, paragraphs="".join(paragraphs), **items
        )
        path.write_text(text)

    def published(self, *arguments: str) -> Cost:
        command = ["publish", "--site", str(self.public), "--base-url", f"{self.url}/", *ALLOW, *arguments]
        with subprocess.Popen(
            [sys.executable, "-m", "pingback", *command, "--json"], cwd=self._folder, stdout=subprocess.DEVNULL
        ) as process:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # its figures are there until it is waited for
            fields = dict(line.split(": ") for line in Path(f"/proc/{process.pid}/io").read_text().splitlines())
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise AssertionError(f"publish ended with {process.returncode}")
        return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, int(fields["rchar"]) / 1024 / 1024)

    def _post(self, request: Request) -> bytes:
        return page((self.public / request.path.strip("/") / "index.html").read_bytes())


def _of(label: str, cost: Cost) -> Iterator[Row]:
    yield Row(f"{label}: s of CPU", cost.cpu, "for scale")
    yield Row(f"{label}: MiB of memory", cost.memory, "for scale")
    yield Row(f"{label}: MiB read", cost.read, "for scale")


if __name__ == "__main__":
    judge(show(rows()))
