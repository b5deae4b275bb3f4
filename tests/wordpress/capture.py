"""Makes the vectors of `tests/vectors/wordpress` anew: `python -m tests.wordpress.capture`.

A WordPress is asked, and asks, over loopback; what went over the wire is kept byte for byte. What the JSON beside each
file says is written here by hand, from what was done, and never computed by our own codec.
"""

import json
import re
import socket
import socketserver
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Self
from urllib.parse import urlencode, urlsplit

from tests.loopback import page
from tests.wordpress.fixture import WordPress

FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "wordpress"

_TAKEN = '<?xml version="1.0"?><methodResponse><params><param><value>Taken</value></param></params></methodResponse>'

_RECEIVED = '<?xml version="1.0" encoding="utf-8"?>\n<response><error>0</error></response>'

_CALL = '<?xml version="1.0"?><methodCall><methodName>{method}</methodName><params>{params}</params></methodCall>'
_STRING = "<param><value><string>{}</string></value></param>"

# WordPress hides all fault codes but 48 unless told otherwise (mu-plugins/pingback-tests.php).
_STOCK, _TRUE = "/xmlrpc.php", "/xmlrpc.php?true-faults"

_XML, _FORM = "text/xml", "application/x-www-form-urlencoded; charset=utf-8"


def main() -> None:
    for old in [*FOLDER.glob("*.http"), *FOLDER.glob("*.json")]:
        old.unlink()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, WordPress(Path(folder)) as wordpress, _Site() as site:
        _what_it_sends(wordpress, site)
        _what_it_sends_as_trackback(wordpress, site)
        _what_it_answers(wordpress, site)
        _what_it_answers_to_a_trackback(wordpress, site)
    sys.stdout.write(f"{len(list(FOLDER.glob('*.http')))} exchanges in {FOLDER}\n")


class _Site(socketserver.ThreadingTCPServer):
    """Pages of ours on a free port. `requests` are those it got, byte for byte, in order."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, bytes] = {}
        self.requests: list[bytes] = []
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self._serving = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    def add(self, path: str, html: str, headers: Mapping[str, str] | None = None) -> str:
        """Serve a page; gives its URL."""
        self.pages[path.partition("#")[0]] = page(html.encode(), headers=headers)
        return self.url + path

    def __enter__(self) -> Self:
        self._serving.start()
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._serving.join()
        self.server_close()


class _Handler(socketserver.StreamRequestHandler):
    server: _Site
    timeout = 10

    def handle(self) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            if not (line := self.rfile.readline()):
                return
            head += line
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        self.server.requests.append(head + self.rfile.read(int(length[1]) if length else 0))
        method, path, _ = head.decode().split(" ", 2)
        answer = self.server.pages[path]
        self.wfile.write(answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if method == "HEAD" else answer)


def _what_it_sends(wordpress: WordPress, site: _Site) -> None:
    endpoint = site.add("/rpc", _TAKEN)
    header = {"X-Pingback": endpoint}
    targets = {
        "plain": site.add("/by-header", "<title>Ours</title>", header),
        "query": site.add("/by-query?a=1&b=2", "<title>Ours</title>", header),
        "fragment": site.add("/by-fragment#part-5", "<title>Ours</title>", header),
        "escaped": site.add("/caf%C3%A9", "<title>Ours</title>", header),
    }
    for name, target in targets.items():
        source = _ping(wordpress, site, name, target)
        head, call, _ = site.requests  # the last one looks for an enclosure
        _keep(f"ping-{name}.call", call, {"method": "pingback.ping", "params": [source, target]})
        _keep(f"discovery-{name}.fetch", head, {"method": "HEAD", "url": target})

    target = site.add("/by-link", f'<title>Ours</title><link rel="pingback" href="{endpoint}">')
    source = _ping(wordpress, site, "link", target)
    _, get, call, _ = site.requests
    _keep("discovery-link.fetch", get, {"method": "GET", "url": target})
    _keep("ping-link.call", call, {"method": "pingback.ping", "params": [source, target]})


def _ping(wordpress: WordPress, site: _Site, name: str, target: str) -> str:
    """Let WordPress ping a target, which leaves its requests in `site`; gives the source."""
    site.requests.clear()
    source = wordpress.post(f"Ping {name}", f'<p>It says <a href="{target.replace("&", "&amp;")}">this</a>.</p>')
    wordpress.send_due()
    return source


def _what_it_sends_as_trackback(wordpress: WordPress, site: _Site) -> None:
    endpoint = site.add("/trackback", _RECEIVED)
    for name, post_title, html, title, excerpt in (
        ("plain", "Part five", "<p>In the middle.</p>", "Part five", "In the middle."),
        ("markup", "Part <em>six</em>", "<h2>It</h2>\n\n<p>is <b>bold</b>.</p>", "Part six", "It is bold."),
        ("escaped", "Fish & “chips”, 1 < 2", "<p>AT&amp;T &lt;b&gt;</p>", "Fish & “chips”, 1 < 2", "AT&T <b>"),
        ("letters", "十二 naïve Schläge", "<p>Ещё раз</p>", "十二 naïve Schläge", "Ещё раз"),
        ("long", "Long", f"<p>{'A word. ' * 40}</p>", "Long", f"{'A word. ' * 31}A wo…"),  # cut at 252 characters
        ("no-title", "", "<p>Nameless.</p>", None, "Nameless."),
        ("no-text", "All in the title", "", "All in the title", None),
    ):
        site.requests.clear()
        source = wordpress.post(post_title, html, to_ping=[endpoint])
        wordpress.send_due()
        [form] = site.requests
        meant = {"url": source, "title": title, "excerpt": excerpt, "blog_name": "A real WordPress"}
        _keep(f"trackback-{name}.form", form, meant)


def _what_it_answers(wordpress: WordPress, site: _Site) -> None:
    target = wordpress.post("A target", "<p>To be linked to.</p>")
    closed = wordpress.post("A closed target", "<p>Not to be linked to.</p>", closed=True)
    link = f'<title>A source</title><p>Somebody said <a href="{target}">what counts</a> long ago.</p>'
    source = site.add("/source", link)
    twin = site.add("/twin", link)
    no_link = site.add("/no-link", "<title>No link</title><p>Nothing.</p>")
    no_title = site.add("/no-title", f'<p><a href="{target}">A link</a></p>')

    site.requests.clear()
    accepted = f"Pingback from {source} to {target} registered. Keep the web talking! :-)"
    _ask(wordpress, "accepted", _STOCK, (source, target), {"value": accepted})
    [fetch] = site.requests
    _keep("verification.fetch", fetch, {"method": "GET", "url": source})

    no_link_there = "The source URL does not contain a link to the target URL, and so cannot be used as a source."
    not_pingable = (
        "The specified target URL cannot be used as a target. "
        "It either does not exist, or it is not a pingback-enabled resource."
    )
    duplicate = "Duplicate comment detected; it looks as though you&#8217;ve already said that!"
    itself = "The source URL and the target URL cannot both point to the same resource."
    for name, path, pair, code, message in (
        ("48-already", _STOCK, (source, target), 48, "The pingback has already been registered."),
        ("409-duplicate", _STOCK, (twin, target), 409, duplicate),
        ("0-masked", _STOCK, (no_link, target), 0, ""),
        ("16-no-source", _TRUE, ("http://127.0.0.1:1/", target), 16, "The source URL does not exist."),
        ("17-no-link", _TRUE, (no_link, target), 17, no_link_there),
        ("32-no-title", _TRUE, (no_title, target), 32, "A title on that page cannot be found."),
        ("33-closed", _TRUE, (source, closed), 33, not_pingable),
        ("33-no-post", _TRUE, (source, f"{wordpress.url}/no-such-post/"), 33, not_pingable),
        ("0-foreign-target", _TRUE, (source, "http://other.example/"), 0, "Is there no link to us?"),
        ("0-itself", _TRUE, (target, target), 0, itself),
        ("0-no-url", _TRUE, ("ftp://127.0.0.1/", target), 0, "A valid URL was not provided."),
    ):
        _ask(wordpress, f"fault-{name}", path, pair, {"fault": code, "message": message})

    listing = "pingback.extensions.getPingbacks"
    _ask(wordpress, "get-pingbacks", _STOCK, (target,), {"value": [source]}, method=listing)
    _ask(wordpress, "get-pingbacks-none", _STOCK, (closed,), {"value": []}, method=listing)
    nowhere = "server error. requested method pingback.pong does not exist."
    _ask(wordpress, "fault-32601-no-method", _STOCK, (), {"fault": -32601, "message": nowhere}, method="pingback.pong")
    garbage = _exchange(wordpress.url, "POST", _STOCK, b"<methodCall>")
    _keep("fault-32700-not-xml.reply", garbage, {"fault": -32700, "message": "parse error. not well formed"})

    advertised = _exchange(wordpress.url, "HEAD", urlsplit(target).path)
    _keep("post-open.page", advertised, {"url": target, "endpoint": wordpress.endpoint})
    _keep(
        "post-closed.page", _exchange(wordpress.url, "HEAD", urlsplit(closed).path), {"url": closed, "endpoint": None}
    )


def _what_it_answers_to_a_trackback(wordpress: WordPress, site: _Site) -> None:
    target = f"{urlsplit(wordpress.post('A TrackBack target', '<p>To be told.</p>')).path}trackback/"
    closed = f"{urlsplit(wordpress.post('A deaf target', '<p>Not to be told.</p>', closed=True)).path}trackback/"
    known = {"url": f"{site.url}/a", "title": "A title", "excerpt": "An excerpt", "blog_name": "A blog"}
    already = "There is already a ping from that URL for this post."
    # What has no error number is no answer of TrackBack's; the HTTP status says then what there is to know.
    for name, path, form, status, error, message in (
        ("accepted", target, known, 200, 0, ""),
        ("already", target, known, 200, 1, already),
        ("closed", closed, known, 200, 1, "Sorry, trackbacks are closed for this item."),
        ("no-title", target, {"url": f"{site.url}/b"}, 200, None, None),
        ("409-duplicate", target, known | {"url": f"{site.url}/c"}, 409, None, None),
        ("429-too-quick", f"{target}?stock-pace", known | {"url": f"{site.url}/d", "title": "D"}, 429, None, None),
        ("404-no-id", "/wp-trackback.php", known, 404, 1, "I really need an ID for this to work."),
        ("404-no-post", "/no-such-post/trackback/", known, 404, None, None),
    ):
        response = _exchange(wordpress.url, "POST", path, urlencode(form).encode(), content_type=_FORM)
        _keep(f"trackback-{name}.response", response, {"status": status, "error": error, "message": message})


def _ask(
    wordpress: WordPress,
    name: str,
    path: str,
    arguments: tuple[str, ...],
    expected: Mapping[str, object],
    *,
    method: str = "pingback.ping",
) -> None:
    params = "".join(_STRING.format(each) for each in arguments)
    reply = _exchange(wordpress.url, "POST", path, _CALL.format(method=method, params=params).encode())
    _keep(f"{name}.reply", reply, expected)


def _exchange(url: str, method: str, path: str, body: bytes = b"", *, content_type: str = _XML) -> bytes:
    """All that comes back for a request, as it comes."""
    host = urlsplit(url)
    head = f"{method} {path} HTTP/1.1\r\nHost: {host.netloc}\r\nConnection: close\r\n"
    if body:
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection((str(host.hostname), int(host.port or 80)), timeout=300) as connection:
        connection.sendall(head.encode() + b"\r\n" + body)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def _keep(name: str, exchange: bytes, expected: Mapping[str, object]) -> None:
    (FOLDER / f"{name}.http").write_bytes(exchange)
    (FOLDER / f"{name}.json").write_text(json.dumps(expected, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
