"""A Webmention site by other people: the package `webmentions`, which tests run as a program of its own.

`serve` takes mentions of its pages, one at every path, until it is stopped; its first line says where. `send SOURCE`
tells all that a page links to, and prints whom it told. Its memory is `webmentions.db` in the current folder.
"""

import json
import sys

from flask import Flask
from webmentions import WebmentionDirection, WebmentionsHandler
from webmentions.server.adapters.flask import bind_webmentions
from webmentions.storage.adapters.db import init_db_storage
from werkzeug.serving import make_server


def main() -> None:
    match sys.argv[1:]:
        case ["serve"]:
            _serve()
        case ["send", source]:
            _send(source)


def _serve() -> None:
    app = Flask(__name__)
    app.add_url_rule("/<path:path>", view_func=_page)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    bind_webmentions(app, _handler(url))
    sys.stdout.write(f"serving {url}\n")
    sys.stdout.flush()
    server.serve_forever()


def _page(path: str) -> str:
    return f"<title>Their page at {path}</title>"


def _send(source: str) -> None:
    handler = _handler()
    handler.process_outgoing_webmentions(source)
    told = handler.retrieve_stored_webmentions(source, WebmentionDirection.OUT)
    sys.stdout.write(json.dumps([mention.target for mention in told]))


def _handler(url: str | None = None) -> WebmentionsHandler:
    """As it comes, but that it may go to loopback, which it refuses by default as we do."""
    return WebmentionsHandler(init_db_storage("sqlite:///webmentions.db"), base_url=url, ssrf_protection=False)


if __name__ == "__main__":
    main()
