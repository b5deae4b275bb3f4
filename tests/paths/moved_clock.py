"""A site in this process whose clock is moved by hand, and a source whose name, network and server may fail."""

import socket
import socketserver
import struct
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import pingback
from pingback.model import Mention, Protocol
from pingback.net.client import Client, Limits
from tests.loopback import Page, Request, page
from tests.loopback import Site as Web
from tests.paths.outside import Row, mentions
from tests.paths.programs import PATIENCE, wait_until
from tests.receive.pages import Clock

SITE = "https://my.example/"
TARGET = f"{SITE}5"
LINKING = page(f'<title>Six</title><p>As said in <a href="{TARGET}">five</a>, it is so.'.encode())
RESET = "127.0.0.3"  # whoever connects there is cut off
MANY = 20
NOBODY = "127.0.0.9"  # nobody listens there


class Cutting(socketserver.TCPServer):
    allow_reuse_address = True  # the port is the page's, and was perhaps another's before


class Cut(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Source:
    """The page at `url`, and what stands between it and whoever asks: a name server, a network, a server."""

    def __init__(self, stack: ExitStack) -> None:
        self.answer: Page = LINKING
        self.address: str | None = "127.0.0.1"
        self.web, cutting = self._servers(stack)
        self.url = f"http://six.example:{self.web.port}/6"
        threading.Thread(target=cutting.serve_forever, kwargs={"poll_interval": 0.01}).start()
        stack.callback(cutting.shutdown)

    def _servers(self, stack: ExitStack) -> tuple[Web, Cutting]:
        """At one port of two addresses, which must be free at both."""
        for _ in range(MANY):
            with ExitStack() as own:
                web = own.enter_context(Web({"/6": self._answer}))
                with suppress(OSError):
                    cutting = own.enter_context(Cutting((RESET, web.port), Cut))
                    stack.enter_context(own.pop_all())
                    return web, cutting
        raise AssertionError("no port is free at both")

    @property
    def asked(self) -> int:
        return len(self.web.requests)

    def works(self, answer: Page = LINKING) -> None:
        self.answer, self.address = answer, "127.0.0.1"

    def resolve(self, host: str, port: int) -> list[str]:
        if self.address is None or host != "six.example":
            raise socket.gaierror(socket.EAI_NONAME, "no such host")
        return [self.address]

    def _answer(self, request: Request) -> bytes:
        answer = self.answer(request) if callable(self.answer) else self.answer
        return answer if isinstance(answer, bytes) else b"".join(answer)


class Blog:
    """A site with its database in `folder`, and what can be seen of it."""

    def __init__(self, folder: Path, source: Source, stack: ExitStack) -> None:
        self.clock = Clock()
        self.source = source
        self.heard: list[str] = []
        self._folder = folder
        self._stack = stack

    def begin(self, *, timeout: float = PATIENCE, decide: object = None, **settings: object) -> pingback.Site:
        limits = Limits(timeout=timeout)
        client = Client(allow=["127.0.0.0/8"], resolver=self.source.resolve, limits=limits)
        usual = {"verify": "queued", "approve": "all", "check_targets": False, "rate": "off", "source_rate": "off"}
        self.site = pingback.Site(
            SITE,
            store=f"sqlite:///{self._folder}/pingback.db",
            client=self._stack.enter_context(client),
            clock=self.clock,
            decide=decide,  # type: ignore[arg-type]
            **(usual | {"answer_within": PATIENCE} | settings),  # type: ignore[arg-type]
        )
        self._stack.enter_context(self.site)
        self.site.on_mention(lambda mention: self.heard.append(mention.source))
        return self.site

    def take(self, protocol: Protocol = Protocol.WEBMENTION, source: str | None = None) -> Mention:
        return self.site.receive(source or self.source.url, TARGET, client_ip="192.0.2.7", protocol=protocol)

    def standing(self) -> Row:
        """The one mention, as `pingback mentions` shows it once somebody has looked at its source."""
        wait_until(lambda: self._row()["status"] != "pending")
        return self._row()

    def pass_by(self, **time: float) -> int:
        """So much later; how often the source was asked meanwhile, once what is due then is done."""
        before = self.source.asked
        self.clock.pass_by(**time)
        for _ in range(MANY):  # what became due by what was done, and no more where that never ends
            if not self.site.run_due(PATIENCE):
                break
        return self.source.asked - before

    def until(self, status: str) -> Row:
        def is_so() -> bool:
            self.pass_by(minutes=1)
            return bool(self._row()["status"] == status)

        wait_until(is_so)
        return self._row()

    def _row(self) -> Row:
        [row] = mentions(self._folder).values()
        return row
