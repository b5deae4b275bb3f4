"""A real WordPress for the tests: the session fixture `wordpress`.

`php -S` serves Debian's WordPress on a port of its own, a private MariaDB keeps its posts, and both end with the
session, however it ends. What it needs is brought by `python -m tests.wordpress.install`.
"""

import json
import re
import shutil
import socket
import xmlrpc.client
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

import pytest

from tests import debian
from tests.wordpress import install
from tests.wordpress.program import Program, ProgramError, tail

_HERE = Path(__file__).resolve().parent
_PATIENCE = 300.0  # seconds for an answer of WordPress; it pings one link after the other
_USER, _PASSWORD = "admin", "pingback-tests"
_LISTENING = re.compile(r"\(http://127\.0\.0\.1:(\d+)\) started")


class WordPressError(Exception):
    """WordPress cannot be run here, or does not do as it is told; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request that WordPress made, and its answer. `status` is None when there was none; `response` then says why."""

    method: str
    url: str
    status: int | None
    request: str
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment on a post. `type` is `pingback`, `trackback` or `comment`; `author` and `content` are HTML."""

    type: str
    author: str
    source: str
    content: str


class WordPress:
    """A running WordPress. Its posts take pings at once, from 127.0.0.1 only; its own go out with `send_due`."""

    def __init__(self, folder: Path) -> None:
        """Start one in an empty folder, where its logs stay; WordPressError or ProgramError when it cannot."""
        if needed := install.missing():
            raise WordPressError(f"WordPress's packages are missing ({', '.join(needed)}): run `{install.COMMAND}`")
        self._folder = folder
        self._exchanges = folder / "exchanges"
        self._theme = folder / "theme"
        self._ids: dict[str, str] = {}
        self._http = build_opener(ProxyHandler({}))  # no proxy, whatever the environment says
        with ExitStack() as stack:
            database = stack.enter_context(_database(folder))
            self.url = stack.enter_context(
                _php(folder, database=database, exchanges=self._exchanges, theme=self._theme)
            )
            self._install()
            self._running = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End its programs and remove its database; again does nothing."""
        self._running.close()

    @property
    def endpoint(self) -> str:
        """Where it takes pings."""
        return f"{self.url}/xmlrpc.php"

    def post(
        self,
        title: str,
        html: str,
        *,
        closed: bool = False,
        to_ping: Sequence[str] = (),
        with_rdf: bool = False,
        tags: Sequence[str] = (),
    ) -> str:
        """Publish a post, `closed` to pings or not; gives its permalink.

        `to_ping` are the TrackBack addresses its author typed in, the only ones that WordPress ever pings. `with_rdf`
        has its page hold the TrackBack RDF, which the themes of today leave out, for a closed post as well.
        """
        content = {
            "title": title,
            "description": html,
            "mt_allow_pings": "closed" if closed else "open",
            "mt_tb_ping_urls": list(to_ping),
            "mt_keywords": list(tags),
            "custom_fields": [{"key": "with_rdf", "value": "yes"}] if with_rdf else [],
        }
        made = self._call("metaWeblog.newPost", content, True)
        permalink: str = self._call("wp.getPost", made, ["link"])["link"]
        self._ids[permalink] = made
        return permalink

    def update(self, permalink: str, html: str) -> None:
        """Give a post another text; WordPress then pings anew what it does not remember to have pinged."""
        self._call("wp.editPost", self._ids[permalink], {"post_content": html})

    def page(self, title: str, html: str) -> str:
        """Publish a page that is no post; gives its permalink."""
        made = self._call(
            "wp.newPost", {"post_type": "page", "post_status": "publish", "post_title": title, "post_content": html}
        )
        permalink: str = self._call("wp.getPost", made, ["link"])["link"]
        return permalink

    @contextmanager
    def theme(self, name: str) -> Iterator[None]:
        """With another theme, of `install.themes()`."""
        self._theme.write_text(name)
        yield
        self._theme.unlink()

    def comment(self, permalink: str, html: str, *, author: str, url: str) -> None:
        """Comment on a post, as a visitor who gives a name and a website."""
        form = {"comment_post_ID": self._ids[permalink], "comment": html, "author": author, "url": url}
        self._fetch("wp-comments-post.php", urlencode(form | {"email": "visitor@example.com"}).encode())

    def comments(self, permalink: str) -> list[Comment]:
        """The approved comments of a post, oldest first."""
        found = self._call("wp.getComments", {"post_id": self._ids[permalink], "status": "approve", "number": 1000})
        return [
            Comment(type=each["type"], author=each["author"], source=each["author_url"], content=each["content"])
            for each in sorted(found, key=lambda each: int(each["comment_id"]))
        ]

    def send_due(self) -> list[Exchange]:
        """Have WordPress ping for what was posted or updated since the last time; gives all that it asked of others."""
        self._exchanges.write_text("")
        self._fetch("wp-cron.php")
        return [Exchange(**json.loads(line)) for line in self._exchanges.read_text().splitlines()]

    def _call(self, method: str, *arguments: object) -> Any:
        """A method of WordPress's own XML-RPC interface, as its administrator."""
        with xmlrpc.client.ServerProxy(self.endpoint) as server:
            return getattr(server, method)(1, _USER, _PASSWORD, *arguments)

    def _install(self) -> None:
        form = {
            "weblog_title": "A real WordPress",
            "user_name": _USER,
            "admin_password": _PASSWORD,
            "admin_password2": _PASSWORD,
            "pw_weak": "1",
            "admin_email": "admin@example.com",
            "blog_public": "1",
        }
        page = self._fetch("wp-admin/install.php?step=2", urlencode(form).encode())
        if "install-success" not in page:
            raise WordPressError(f"WordPress did not install itself:\n{page[-2000:]}")

    def _fetch(self, path: str, form: bytes | None = None) -> str:
        try:
            with self._http.open(f"{self.url}/{path}", form, timeout=_PATIENCE) as response:
                return str(response.read(), "utf-8", "replace")
        except HTTPError as error:
            log = tail(self._folder / "php-errors.log")
            raise WordPressError(f"{path} answered with HTTP status {error.code}:\n{log}") from error


@pytest.fixture(scope="session")
def wordpress(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WordPress]:
    """A WordPress for this run of the tests; fails, never skips, where it cannot run."""
    try:
        running = WordPress(tmp_path_factory.mktemp("wordpress"))
    except (WordPressError, ProgramError) as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    with running:
        yield running


@contextmanager
def _database(folder: Path) -> Iterator[str]:
    """An empty MariaDB for one client that needs no password; gives its socket's name."""
    data = folder / "database"
    (data / "wordpress").mkdir(parents=True)  # a folder is a database
    program = Program(
        _path_of("mariadbd"),
        "--no-defaults",
        "--user=root",  # read when root starts it, and only then
        "--datadir=.",
        "--socket=db.sock",
        "--skip-networking",
        "--skip-grant-tables",  # which also spares making the tables of users and rights
        "--character-set-server=utf8mb4",
        "--innodb-buffer-pool-size=64M",
        "--innodb-log-file-size=8M",
        "--innodb-flush-log-at-trx-commit=0",  # nobody will miss it
        "--innodb-use-native-aio=0",  # containers forbid io_uring
        folder=data,
        log=folder / "mariadbd.log",
        environment={},
    )
    with program:
        name = f"{program.folder}/db.sock"
        program.wait_until(lambda: _answers(name))
        yield name
    shutil.rmtree(data, ignore_errors=True)


@contextmanager
def _php(folder: Path, *, database: str, exchanges: Path, theme: Path) -> Iterator[str]:
    """PHP's own server over WordPress, on a free port; gives its URL."""
    settings = {"memory_limit": "256M", "date.timezone": "UTC", "log_errors": "1", "display_errors": "0"}
    settings["error_log"] = str(folder / "php-errors.log")
    program = Program(
        _path_of("php"),
        *(f"-d{name}={value}" for name, value in settings.items()),
        "-S",
        "127.0.0.1:0",
        "-t",
        str(install.wordpress_tree()),
        str(_HERE / "router.php"),
        folder=folder,
        log=folder / "php.log",
        environment={
            "PHP_CLI_SERVER_WORKERS": "4",  # it asks itself for its pages when it verifies a ping of its own
            "PINGBACK_TEST_WORDPRESS_CONFIG": str(_HERE / "wp-config.php"),
            "PINGBACK_TEST_WORDPRESS_DB": database,
            "PINGBACK_TEST_WORDPRESS_EXCHANGES": str(exchanges),
            "PINGBACK_TEST_WORDPRESS_THEME": str(theme),
            # A closed door to everywhere else, redirects included, which WordPress does not ask its own guard about.
            "http_proxy": "http://127.0.0.1:1",
            "https_proxy": "http://127.0.0.1:1",
            "no_proxy": "127.0.0.1",
        },
    )
    with program:
        program.wait_until(lambda: _LISTENING.search(program.log.read_text()) is not None)
        found = _LISTENING.search(program.log.read_text())
        assert found
        yield f"http://127.0.0.1:{found[1]}"


def _answers(name: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(name) == 0


def _path_of(name: str) -> str:
    path = debian.program(name)
    assert path, f"{name} was there a moment ago"
    return path
