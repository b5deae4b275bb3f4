"""A ping on its way out: `pingback send` in a process of its own, and a far side that keeps what it hears."""

import xmlrpc.client
from pathlib import Path

from pingback.net.client import USER_AGENT
from tests.loopback import Request, Site, page
from tests.paths.programs import pingback

SOURCE = "https://my.example/6?a=1&b=<ü>"


class FarSide:
    """An endpoint that registers each pair once, by the standard library's codec."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []

    def __call__(self, request: Request) -> bytes:
        pair, method = xmlrpc.client.loads(request.body)
        known = pair in self.heard
        self.heard.append(pair)  # type: ignore[arg-type]
        answer = xmlrpc.client.Fault(48, "") if known else (f"{method} registered",)
        body = xmlrpc.client.dumps(answer, methodresponse=True)
        return page(body.encode(), headers={"Content-Type": "text/xml"})


def test_discovered_sent_and_the_second_time_known(tmp_path: Path) -> None:
    far_side = FarSide()
    with Site({"/rpc": far_side}) as site:
        site.pages["/5?x=1&y=2"] = page(
            b'<!doctype html><link rel="pingback" href="/rpc?">', headers={"X-Pingback": "/rpc"}
        )
        target = f"{site.url}/5?x=1&y=2"
        first = pingback(tmp_path, "send", SOURCE, target)
        again = pingback(tmp_path, "send", SOURCE, target)

    outcome = {
        "source": SOURCE,
        "target": target,
        "protocol": "pingback",
        "endpoint": f"{site.url}/rpc",
        "attempts": 1,
        "next_try": None,
    }
    accepted = {"status": "accepted", "fault": None, "message": "pingback.ping registered"}
    already = {"status": "already", "fault": 48, "message": "the ping is known already"}
    assert first == (0, [outcome | accepted], "")
    assert again == (0, [outcome | already], "")
    assert far_side.heard == [(SOURCE, target)] * 2
    assert [(request.method, request.path) for request in site.requests[:2]] == [
        ("GET", "/5?x=1&y=2"),
        ("POST", "/rpc"),
    ]
    assert {request.headers["user-agent"] for request in site.requests} == {USER_AGENT}
    assert list(tmp_path.iterdir()) == []  # a sender needs no database


def test_links_of_a_file_are_pinged_one_by_one(tmp_path: Path) -> None:
    """What a publish hook does by hand: `links`, then `send` for each."""
    far_side = FarSide()
    with Site({"/rpc": far_side}) as site:
        site.pages["/5"] = page(headers={"X-Pingback": f"{site.url}/rpc"})
        (tmp_path / "six.html").write_text(f'<article><a href="{site.url}/5">five</a> <a href="#x">x</a></article>')
        [found] = pingback(tmp_path, "links", "six.html", "--base-url", "https://my.example/6").printed
        [link] = found["links"]
        [outcome] = pingback(tmp_path, "send", found["source"], link).printed
    assert outcome["status"] == "accepted"
    assert far_side.heard == [("https://my.example/6", f"{site.url}/5")]
