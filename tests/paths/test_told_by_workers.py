"""A program with a broker hears of the mentions that workers verified, which have nobody to tell themselves."""

import threading
from pathlib import Path
from typing import Any

import pingback
from tests.brokers.program import redis
from tests.paths.programs import wait_until
from tests.receive.pages import PATIENCE, Clock, Page, Pages

TARGET = "https://my.example/part-5"
SOURCE = "https://a.example/6"


def test_what_a_worker_verified_is_told_where_somebody_asked(tmp_path: Path) -> None:
    clock, stopped = Clock(), threading.Event()
    heard: list[tuple[str, str]] = []
    with redis() as broker:

        def made() -> pingback.Site:
            settings: dict[str, Any] = {"broker": broker.url, "verify": "queued", "approve": "all", "clock": clock}
            web = Pages({SOURCE: Page(f'<title>Six</title><a href="{TARGET}">five</a>')})
            return pingback.Site("https://my.example/", store=f"sqlite:///{tmp_path}/x.db", client=web, **settings)

        with made() as program, made() as worker:
            program.on_mention(lambda mention: heard.append((mention.source, mention.status)))
            thread = threading.Thread(target=worker.work, args=(stopped,))
            thread.start()
            try:
                program.receive(SOURCE, TARGET)
                wait_until(lambda: [each.source for each in program.mentions(TARGET)] == [SOURCE])
                clock.pass_by(seconds=10)  # in which the worker would have told it
                wait_until(lambda: bool(heard))
            finally:
                stopped.set()
                thread.join(PATIENCE)
    assert heard == [(SOURCE, "approved")]
