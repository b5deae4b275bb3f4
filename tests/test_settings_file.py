"""`pingback.toml`: its keys, a table for each command, and whose posts it names."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pingback.errors import SettingsError
from pingback.model import Protocol
from pingback.settings import Settings, load


def loaded(
    folder: Path,
    file: str | bytes,
    command: str | None = None,
    *,
    options: Mapping[str, object] = {},
    environ: Mapping[str, str] = {},
    posts_named: bool = False,
) -> Settings:
    (folder / "pingback.toml").write_bytes(file.encode() if isinstance(file, str) else file)
    return load(options, environ=environ, folder=folder, command=command, posts_named=posts_named)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param("tiemout = 5", "there is no setting 'tiemout'; did you mean 'timeout'?", id="unknown"),
        pytest.param("qwertz = 5", "there is no setting 'qwertz'", id="unknown-and-like-none"),
        pytest.param('allow-networks = "::1"', "did you mean 'allow_networks'?", id="another-spelling"),
        pytest.param(
            'excepted = "a"', "there is no setting 'excepted'; did you mean 'except'?", id="its-name-as-a-field"
        ),
        pytest.param("serve = 1", "there is no setting 'serve'", id="a-command"),
        pytest.param("[[serve]]\nport = 1", "there is no setting 'serve'", id="several-tables"),
        pytest.param("[srve]\nport = 1", "there is no command [srve]; did you mean 'serve'?", id="unknown-command"),
        pytest.param("[serve]\nprot = 1", "[serve] has no option 'prot'; did you mean 'port'?", id="unknown-option"),
        pytest.param("[worker]\nport = 1", "pingback.toml: [worker] has no option 'port'", id="option-of-another"),
        pytest.param("[publish]\nno-websub = true", "[publish] has no option 'no-websub'", id="its-negation"),
        pytest.param("[serve]\nport = 80.5", "pingback.toml: [serve] port: 80.5 is not a port", id="value-in-a-table"),
        pytest.param("[publish.site]\na = 1", "[publish] site: {'a': 1} is not a text", id="a-table-in-a-table"),
        pytest.param(
            '[publish]\nfeed = "a"\nfeeds = "b"', "[publish] feeds: --feed URL|FILE stands there twice", id="two-names"
        ),
        pytest.param("db = 5", "pingback.toml: db: what stands there is not a text", id="a-number-for-a-text"),
        pytest.param('db = ""', "pingback.toml: db: what stands there is not a text", id="an-empty-text"),
        pytest.param('timeout = ["1"]', "pingback.toml: timeout: ['1'] is not a number", id="a-list-for-a-number"),
        pytest.param("timeout = true", "pingback.toml: timeout: True is not a number", id="true-for-a-number"),
        pytest.param("timeout = nan", "pingback.toml: timeout: nan is not a number", id="nan"),
        pytest.param(f"timeout = 1{'0' * 400}", "is not a number", id="a-number-beyond-floats"),
        pytest.param("port = 2026-01-01", "is not a number", id="a-date-for-a-number"),
        pytest.param("json = []", "pingback.toml: json: [] is neither true nor false", id="a-list-for-a-truth"),
        pytest.param("site = 5", "pingback.toml: site: 5 is not a list", id="a-number-for-a-list"),
        pytest.param(
            "allow_networks = [10]", "pingback.toml: allow_networks: 10 is not a text", id="numbers-in-a-list"
        ),
        pytest.param("verify = [{}]", "verify: [{}] is not one of 'inline', 'queued'", id="tables-for-a-word"),
    ],
)
def test_bad_keys_and_values_in_the_file(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        loaded(tmp_path, line)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(b"timeout = ", id="broken"),
        pytest.param(b"port = 1\nport = 2", id="twice"),
        pytest.param(b"db = '\xff'", id="not-utf-8"),
        pytest.param(b"db = '\0'", id="nul"),
        pytest.param(b"\0" * 100, id="binary"),
        pytest.param(b"port = 1" + b"0" * 5000, id="a-number-of-5000-digits"),
        pytest.param(b"site = " + b"[" * 50_000, id="deep"),
        pytest.param(b"#" * 65_537, id="too-large"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, file: bytes) -> None:
    with pytest.raises(SettingsError, match=r"^pingback.toml cannot be read: "):
        loaded(tmp_path, file)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda name: os.symlink("/dev/zero", name)])
def test_no_file_in_the_place_of_the_file(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "pingback.toml")
    with pytest.raises(SettingsError, match=r"^pingback.toml cannot be read: "):
        load({}, environ={}, folder=tmp_path)


def test_a_file_as_windows_writes_it(tmp_path: Path) -> None:
    assert loaded(tmp_path, b"\xef\xbb\xbftimeout = 5\r\nport = 1\r\n").port == 1


@pytest.mark.parametrize(
    "line", ["akismet_key = ['s3cret']", 'notify_secret = "s3cret\\u0000"', "smtp_url = ['s3cret']"]
)
def test_a_secret_that_cannot_be_used_is_not_shown(tmp_path: Path, line: str) -> None:
    with pytest.raises(SettingsError, match=r": what stands there is not a text$") as refused:
        loaded(tmp_path, line)
    assert "s3cret" not in str(refused.value)


def test_one_network_or_site_needs_no_list(tmp_path: Path) -> None:
    settings = loaded(tmp_path, 'allow_networks = "127.0.0.0/8"\nsite = "https://a.example/"\n')
    assert (settings.allow_networks, settings.site) == (("127.0.0.0/8",), ("https://a.example/",))


# A table for each command


@pytest.mark.parametrize(
    ("lines", "name", "means"),
    [
        pytest.param('feed = "feed.xml"', "feeds", ("feed.xml",), id="flag"),
        pytest.param('feeds = ["a.xml", "b.xml"]', "feeds", ("a.xml", "b.xml"), id="name"),
        pytest.param('site = "public"', "folder", "public", id="flag-that-is-another-setting"),
        pytest.param('folder = "public"', "folder", "public", id="name-beside-that-flag"),
        pytest.param('base-url = "https://a.example/"', "base_url", "https://a.example/", id="dashes"),
        pytest.param('base_url = "https://a.example/"', "base_url", "https://a.example/", id="underscores"),
        pytest.param('except = ["*.example"]', "excepted", ("*.example",), id="word-of-the-language"),
        pytest.param('service = "https://a.example/"', "services", ("https://a.example/",), id="singular"),
        pytest.param('allow-network = "::1"', "allow_networks", ("::1",), id="general"),
        pytest.param("verbose = true", "verbose", True, id="general-with-a-short-flag"),
        pytest.param("self-pings = false", "self_pings", False, id="switch"),
    ],
)
def test_an_option_in_the_table_of_its_command(tmp_path: Path, lines: str, name: str, means: object) -> None:
    file = f"[publish]\n{lines}\n"
    assert getattr(loaded(tmp_path, file, command="publish"), name) == means


_OF_POSTS = """
feed = "feed.xml"
site = "public"
base-url = "https://a.example/"
selector = ".post"
only = "*.example"
except = "b.example"
protocol = "pingback"
service = "https://c.example/"
websub = true
"""


@pytest.mark.parametrize("command", ["retry", "worker", "serve", None])
def test_what_the_table_of_publish_says_of_posts_holds_for_whoever_publishes(
    tmp_path: Path, command: str | None
) -> None:
    settings = loaded(tmp_path, f"except = []\nselector = '.all'\n[publish]{_OF_POSTS}", command=command)
    assert settings == Settings(
        feeds=("feed.xml",),
        folder="public",
        base_url="https://a.example/",
        selector=".post",
        only=("*.example",),
        excepted=("b.example",),
        protocol=Protocol.PINGBACK,
        services=("https://c.example/",),
        websub=True,
    )


@pytest.mark.parametrize(
    ("file", "command"),
    [
        pytest.param("[publish]\ntimeout = 5\ndb = 'a'\nverbose = true", "serve", id="general"),
        pytest.param("[publish]\nself-pings = false", "serve", id="what-serve-can-be-told-too"),
        pytest.param("[retry]\nwait = 9", "publish", id="of-another-sender"),
        pytest.param("[serve]\nport = 9\nsite = 'https://a.example/'", "worker", id="of-another-receiver"),
        pytest.param("[serve]\nport = 9\nsite = 'https://a.example/'", None, id="of-a-command-in-python"),
    ],
)
def test_all_else_in_a_table_holds_for_its_command(tmp_path: Path, file: str, command: str | None) -> None:
    assert loaded(tmp_path, file, command=command) == Settings()


def test_who_wins_with_tables(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        'timeout = 1\nwait = 1\nwebsub = true\ndb = "1"\n'
        "[publish]\ntimeout = 2\nwait = 2\nwebsub = false\n[retry]\nwait = 9\n",
        environ={"PINGBACK_TIMEOUT": "3", "PINGBACK_WAIT": "3"},
        options={"timeout": "4"},
        command="publish",
    )
    assert (settings.timeout, settings.wait, settings.websub, settings.db) == (4.0, 3.0, False, "1")


def test_the_table_of_verify_is_not_the_setting_of_this_name(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "[verify]\ntimeout = 5\n", command="verify")
    assert (settings.timeout, settings.verify) == (5.0, None)


# Whose posts


_POSTS = """
feeds = ["1.xml"]
base_url = "https://a.example/"
selector = ".post"
[publish]
site = "public"
html = "post.html"
"""


@pytest.mark.parametrize(
    ("options", "posts_named", "left"),
    [
        pytest.param({}, False, (("1.xml",), ("https://m.example/",), "public", "post.html"), id="none-named"),
        pytest.param({"wait": "1"}, False, (("1.xml",), ("https://m.example/",), "public", "post.html"), id="other"),
        pytest.param({}, True, ((), (), None, None), id="SOURCE"),
        pytest.param({"feeds": ["2.xml"]}, False, (("2.xml",), (), None, None), id="--feed"),
        pytest.param(
            {"sitemaps": ["https://n.example/"]}, False, ((), ("https://n.example/",), None, None), id="--sitemap"
        ),
        pytest.param({"folder": "out"}, False, ((), (), "out", None), id="--site"),
        pytest.param({"html": "a.html"}, True, ((), (), None, "a.html"), id="--html-and-SOURCE"),
    ],
)
def test_who_names_a_post_means_no_other(
    tmp_path: Path, options: dict[str, object], posts_named: bool, left: tuple[object, ...]
) -> None:
    settings = loaded(
        tmp_path,
        _POSTS,
        "publish",
        options=options,
        environ={"PINGBACK_SITEMAPS": "https://m.example/"},
        posts_named=posts_named,
    )
    assert (settings.feeds, settings.sitemaps, settings.folder, settings.html) == left
    assert (settings.base_url, settings.selector) == ("https://a.example/", ".post")
