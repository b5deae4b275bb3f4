"""`pingback` itself: help with examples that work, what every command takes, and what each of them loads."""

import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from pingback.clock import now
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from tests.cli.conftest import ALLOW, Run
from tests.loopback import Site, page

COMMANDS = (
    "discover links verify send publish outbox retry serve passwd token worker sweep mentions reread moderate prune"
    " db advertise doctor demo".split()
)


# Help


def test_help_lists_the_commands(run: Run) -> None:
    done = run("--help")
    assert (done.code, done.err) == (0, "")
    listed = done.out.partition("Commands:")[2].split("\n")
    assert [line.split()[0] for line in listed if line.startswith("  ")] == COMMANDS
    assert run("-h").out == done.out


def test_version(run: Run) -> None:
    assert run("--version").out == "pingback, version 0.1.0\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_the_common_options_and_an_example_that_parses(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert (done.code, done.err) == (0, "")
    for option in ("--json", "--db URL", "--allow-network CIDR", "--timeout SECONDS", "--ca-bundle FILE", "-v,"):
        assert option in done.out
    example = " ".join(done.out.partition("Example: ")[2].split())
    program, name, *arguments = shlex.split(example)
    assert (program, name) == ("pingback", command)
    parsed: click.Command = import_module(f"pingback.cli.{command}").command
    parsed.make_context(command, arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param((), "Usage: pingback", id="nothing"),
        pytest.param(("publsh",), "No such command 'publsh'. Did you mean 'publish'?", id="letter-left-out"),
        pytest.param(("mention",), "No such command 'mention'. Did you mean 'mentions'?", id="singular"),
        pytest.param(("Discover",), "No such command 'Discover'. Did you mean 'discover'?", id="upper-case"),
        pytest.param(("xyzzy", "links"), "No such command 'xyzzy'.\n", id="nothing-like-it"),
        pytest.param(("--jsno",), "No such option", id="unknown-option"),
        pytest.param(("links", "--jsno"), "No such option", id="unknown-option-of-a-command"),
        pytest.param(("mentions", "--timeout"), "requires an argument", id="option-without-its-value"),
        pytest.param(("__init__",), "No such command", id="not-a-command"),
        pytest.param(("options",), "No such command", id="a-module-that-is-no-command"),
    ],
)
def test_wrong_usage(run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


# Settings


@pytest.mark.parametrize(
    ("options", "environ", "file", "words"),
    [
        pytest.param(("--timeout", "soon"), {}, "", "timeout: 'soon' is not a number", id="option"),
        pytest.param((), {"PINGBACK_TIMEOUT": "0"}, "", "PINGBACK_TIMEOUT: 0 seconds are not", id="environment"),
        pytest.param((), {}, "timeout = -1", "pingback.toml: timeout: -1 seconds are not", id="file"),
        pytest.param((), {}, "port = 99999", "pingback.toml: port: 99999 is not a port", id="file-for-serve"),
        pytest.param((), {}, "tiemout = 1", "pingback.toml: there is no setting 'tiemout'", id="unknown-in-the-file"),
        pytest.param((), {}, "timeout =", "pingback.toml cannot be read: ", id="broken-file"),
        pytest.param(("--allow-network", "home"), {}, "", "'home' is not a network", id="network"),
        pytest.param((), {"PINGBACK_JSON": "maybe"}, "", "PINGBACK_JSON: 'maybe' is neither", id="json"),
    ],
)
@pytest.mark.parametrize("command", [("mentions",), ("discover", "https://a.example/")], ids=["mentions", "discover"])
def test_a_setting_that_cannot_be_used(
    run: Run,
    tmp_path: Path,
    command: tuple[str, ...],
    options: tuple[str, ...],
    environ: dict[str, str],
    file: str,
    words: str,
) -> None:
    (tmp_path / "pingback.toml").write_text(file)
    done = run(*command, *options, environ=environ)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert not (tmp_path / "pingback.db").exists()


def test_a_bundle_that_is_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bundle.pem").write_text("no certificate")
    for name, why in (("no-such.pem", "there is no file no-such.pem"), ("bundle.pem", "it holds no certificates")):
        done = run("discover", "https://a.example/", "--ca-bundle", name)
        assert (done.code, done.out) == (2, "")
        assert done.err.endswith(f"ca_bundle {name!r} cannot be used: {why}\n")


def test_settings_from_the_file_and_the_environment(run: Run, tmp_path: Path, site: Site) -> None:
    site.pages["/"] = page(headers={"X-Pingback": "/rpc"})
    (tmp_path / "pingback.toml").write_text('allow_networks = ["127.0.0.1"]\njson = true\n')
    assert [found["url"] for found in run("discover", f"{site.url}/").printed] == [f"{site.url}/"]

    plain = run("discover", f"{site.url}/", environ={"PINGBACK_JSON": "no"})
    assert (plain.code, plain.out) == (0, f"pingback: {site.url}/rpc (header)\n")

    elsewhere = {"PINGBACK_ALLOW_NETWORKS": "10.0.0.0/8,fd00::/8"}  # in the place of the file's, not besides
    assert run("discover", f"{site.url}/", environ=elsewhere).code == 3
    assert run("discover", f"{site.url}/", *ALLOW, environ=elsewhere).code == 0


def test_the_database_of_each_place(run: Run, tmp_path: Path) -> None:
    for name in ("file", "environment", "option"):
        with Store(f"sqlite:///{tmp_path}/{name}.db") as store:
            store.mentions.keep(
                Mention(
                    source=f"https://a.example/{name}",
                    target="https://my.example/5",
                    protocol=Protocol.PINGBACK,
                    status=MentionStatus.PENDING,
                    received=now(),
                )
            )
    assert run("mentions", "--json").printed == []
    (tmp_path / "pingback.toml").write_text('db = "sqlite:///file.db"')
    environ = {"PINGBACK_DB": "sqlite:///environment.db"}
    sources = [
        mention["source"]
        for done in (
            run("mentions", "--json"),
            run("mentions", "--json", environ=environ),
            run("mentions", "--json", "--db", "sqlite:///option.db", environ=environ),
        )
        for mention in done.printed
    ]
    assert sources == ["https://a.example/file", "https://a.example/environment", "https://a.example/option"]


# A process of its own


def _python(*arguments: str, folder: Path, **environ: str) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env={"PATH": "", **environ}, capture_output=True, timeout=300)


def test_python_m_pingback(tmp_path: Path) -> None:
    done = _python("-m", "pingback", "discover", "/five", "--json", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"Usage: pingback discover [OPTIONS] TARGET\n")


def test_titles_on_a_terminal_that_has_no_letters_for_them(tmp_path: Path) -> None:
    title = "Zwölf Schläge, 十二"
    (tmp_path / "post.html").write_text(f'<a href="https://b.example/#{title}">x</a>')
    with Store(f"sqlite:///{tmp_path}/pingback.db") as store:
        store.mentions.keep(
            Mention(
                source="https://a.example/8",
                target="https://my.example/5",
                protocol=Protocol.PINGBACK,
                status=MentionStatus.APPROVED,
                title=title,
                received=now(),
            )
        )
    done = _python("-m", "pingback", "mentions", folder=tmp_path, PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Pingback: Zwölf Schläge, ??\n".encode("latin-1") in done.stdout


HEAVY = {
    *("alembic", "bs4", "feedparser", "jinja2", "limits", "lxml", "nh3", "prometheus_client", "requests"),
    *("sqlalchemy", "sqlite3", "urllib3", "waitress"),
}

_LOADED = f"""
import sys
from pingback.cli.group import main
try:
    main(sys.argv[1:], prog_name="pingback")
except SystemExit as end:
    print(end.code, *sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        pytest.param("--help", "0", id="help"),
        pytest.param("--version", "0", id="version"),
        *(pytest.param(f"{name} --help", "0", id=f"{name}-help") for name in COMMANDS),
        pytest.param("mentions", "0 sqlalchemy sqlite3", id="mentions"),
        pytest.param("links post.html --base-url https://a.example/", "0 lxml", id="links-of-a-file"),
        pytest.param("links {site}/6 {allow}", "0 lxml requests urllib3", id="links-of-a-page"),
        pytest.param("discover {site}/5 {allow}", "0 lxml requests urllib3", id="discover"),
        pytest.param("doctor {site}/6 {allow}", "1 lxml requests urllib3", id="doctor"),
        pytest.param("verify {site}/6 {site}/5 {allow}", "0 lxml requests urllib3", id="verify"),
        pytest.param("send {site}/6 {site}/5 {allow}", "0 lxml requests urllib3", id="send"),
    ],
)
def test_no_command_loads_what_it_does_not_use(tmp_path: Path, site: Site, arguments: str, loaded: str) -> None:
    (tmp_path / "post.html").write_text('<a href="https://b.example/">x</a>')
    (tmp_path / "pingback.db").touch()
    site.pages |= {
        "/5": page(b'<link rel="pingback" href="/rpc">'),
        "/6": page(b'<title>Six</title><a href="/5">five</a>'),
        "/rpc": page(b"<methodResponse><params><param><value>ok</value></param></params></methodResponse>"),
    }
    words = arguments.format(site=site.url, allow=" ".join(ALLOW)).split()
    done = _python("-c", _LOADED, *words, folder=tmp_path)
    assert done.stderr.decode() == f"{loaded}\n"
