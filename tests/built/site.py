"""A built site on the web, and the far site that its posts link to."""

import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl

from tests.built.hosts import Host
from tests.built.posts import Letter, letters
from tests.loopback import Request, Site, page
from tests.paths.programs import pingback

_ENDPOINT = "/webmention"
_TYPES = {".html": "text/html; charset=utf-8", ".xml": "application/xml"}


class Built:
    """A site with ten letters, built once, and never changed: `changed` gives a copy. To be used by `with`.

    Each letter links to a page of its own on the far site; frames of the pages link to other pages there.
    """

    def __init__(self, host: Host, folder: Path) -> None:
        self.host = host
        self._folder = folder
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self._web = self._running.enter_context(Site())
        self._far = self._running.enter_context(Site({_ENDPOINT: _taken}))
        for name in ("friend", "elsewhere", "Ada", "Ben", *(f"about-{number}" for number in range(1, 20))):
            self._far.pages[f"/{name}"] = page(
                f'<title>{name}</title><link rel="webmention" href="{_ENDPOINT}">'.encode()
            )
        self.letters = list(letters(11, far=self._far.url))
        self.host.lay(self._folder, base=self._web.url, far=self._far.url)
        self.host.write(self._folder, self.letters[:10])
        self.first = self.host.make(self._folder)
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def copy(self, folder: Path) -> Path:
        """The site's folder once more, to be changed and made by `host`."""
        return shutil.copytree(self._folder, folder)

    def deploy(self, public: Path) -> None:
        """Have the web serve what the host made."""
        self._web.pages = {}
        for path in public.rglob("*"):
            if path.suffix in _TYPES:
                self._web.pages[self._path_of(path.relative_to(public))] = page(
                    path.read_bytes(), headers={"Content-Type": _TYPES[path.suffix]}
                )

    def url(self, letter: Letter) -> str:
        return f"{self._web.url}/{self.host.path(letter)}"

    def told(self, letters: Iterable[Letter]) -> list[tuple[str, str]]:
        """What the far site is to hear of these: each from its own address, once."""
        return sorted((self.url(letter), letter.target) for letter in letters)

    def publish(self, folder: Path, *arguments: str) -> list[tuple[str, str]]:
        """A run with the database of `folder`; source and target of all that the far site heard."""
        before = len(self._far.requests)
        done = pingback(folder, "publish", *arguments)
        assert done.code == 0, done.err
        heard = [
            dict(parse_qsl(str(each.body, "ascii"))) for each in self._far.requests[before:] if each.method == "POST"
        ]
        return sorted((each["source"], each["target"]) for each in heard)

    @property
    def base(self) -> str:
        return f"{self._web.url}/"

    @staticmethod
    def _path_of(path: Path) -> str:
        return f"/{path.as_posix()}".removesuffix("index.html")


def _taken(_: Request) -> bytes:
    return page(b"Thanks.", status=202)
