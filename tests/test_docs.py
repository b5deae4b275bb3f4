"""Every example in README and docs runs, and its output is what stands there."""

import doctest
import io
import json
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import click
import pytest
import responses
from click.testing import CliRunner

import pingback
from pingback.cli.group import main
from pingback.clock import now
from pingback.protocols.table import remove
from pingback.protocols.xmlrpc import encode_response
from pingback.server.app import _ROUTES
from pingback.server.display import fragment
from pingback.server.shell import _FORWARDED_FOR, _FORWARDED_HOST, _FORWARDED_PROTO
from pingback.settings import TABLE, load
from tests import loopback
from tests.loopback import Site, free_port
from tests.paths import programs
from tests.sending.far_sides import FarSide, post
from tests.wordpress.program import Program

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINKED = re.compile(r"\]\((?!https?:)([^)#]+)")

FIVE = "https://blog.example/part-five"
SIX_URL = "https://other.example/part-six"
SIX = f'<title>Part six – Notes</title><p>As said in <a href="{FIVE}">part five</a>, it is so.</p>'


class Command(NamedTuple):
    line: str
    output: str


def blocks(text: str, language: str) -> list[str]:
    return [block for kind, block in _FENCED.findall(text) if kind == language]


def examples(text: str) -> Iterator[Command]:
    """The commands in the console blocks, and what they print."""
    for block in blocks(text, "console"):
        line, _, output = block.removeprefix("$ ").partition("\n")
        yield Command(line, output)


def as_pattern(output: str) -> str:
    """`…` in an example stands for what differs from run to run."""
    return ".*".join(re.escape(part) for part in output.split("…"))


@pytest.fixture
def web() -> Iterator[None]:
    """The pages that README speaks of. What is over sockets is tested elsewhere; here it is the words that count."""
    html = {"content_type": "text/html; charset=utf-8"}
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        mocked.get(FIVE, headers={"X-Pingback": "https://blog.example/xmlrpc"}, **html)
        mocked.get("https://other.example/part-six", body=SIX, **html)
        mocked.get("https://other.example/part-seven", body="<p>Not yet.", **html)
        registered = f"Pingback from https://other.example/part-six to {FIVE} registered."
        mocked.post("https://blog.example/xmlrpc", body=encode_response(registered))
        yield


def test_there_are_pages_and_examples() -> None:
    assert len(PAGES) == 16
    assert len(blocks(README, "python")) == 6
    assert len(blocks(README, "console")) == 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_docs_lead_somewhere(page: Path) -> None:
    for link in _LINKED.findall(page.read_text()):
        assert (page.parent / link).is_file(), link


@pytest.mark.usefixtures("web")
def test_readme_s_python() -> None:
    text = "".join(blocks(README, "python"))
    test = doctest.DocTestParser().get_doctest(text, {}, "README", "README.md", 0)
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(test)
    assert runner.summarize().attempted == 16
    assert runner.summarize().failed == 0


def test_the_python_about_display() -> None:
    (text,) = blocks((ROOT / "docs/display.md").read_text(), "python")
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(doctest.DocTestParser().get_doctest(text, {}, "display", "display.md", 0))
    assert (runner.summarize().attempted, runner.summarize().failed) == (5, 0)


def test_the_fragment_that_is_shown_is_what_comes() -> None:
    shown, _ = blocks((ROOT / "docs/display.md").read_text(), "html")
    mention = pingback.Mention(
        source="https://other.example/part-six",
        target=FIVE,
        protocol=pingback.Protocol.PINGBACK,
        status=pingback.MentionStatus.APPROVED,
        title="Part six – Notes",
        excerpt="As said in part five, it is so.",
        received=datetime(2026, 1, 2, tzinfo=UTC),
    )
    words = "I do not think so."
    reply = replace(
        mention,
        source="https://ann.example/notes/7",
        kind=pingback.MentionKind.REPLY,
        title=None,
        excerpt=words,
        content=pingback.Content(text=words, html="<p>I do <em>not</em> think so.</p>"),
        author=pingback.Author(name="Ann Bee", url="https://ann.example/"),
        published_as="2026-01-02T23:30-05:00",
    )
    like = replace(
        mention,
        source="https://cem.example/likes/3",
        kind=pingback.MentionKind.LIKE,
        author=pingback.Author(name="Cem"),
    )
    assert fragment([mention, reply, like], title="Part five") + "\n" == shown


@pytest.mark.usefixtures("web")
@pytest.mark.parametrize("command", list(examples(README)), ids=lambda command: command.line.split()[1])
def test_readme_s_commands(command: Command) -> None:
    result = CliRunner().invoke(main, shlex.split(command.line)[1:])
    assert (result.output, result.exit_code) == (command.output, 0)


@pytest.mark.usefixtures("web")
def test_the_publish_hook_s_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    block, hook = blocks((ROOT / "docs/publish.md").read_text(), "python")
    said = io.StringIO()
    with redirect_stdout(said):
        exec(compile(block.replace("https://blog.example/part-six", SIX_URL) + hook, "publish.md", "exec"), {})
    assert said.getvalue() == f"accepted {FIVE}\n"


COMMAND_LINES = [
    pytest.param(line, id=f"{page.name}-{line}")
    for page in PAGES
    for block in blocks(page.read_text(), "sh")
    for line in re.findall(r"\bpingback [a-z][^&\n]*", block)
]


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_commands_that_are_shown_can_be_given(line: str) -> None:
    name, *arguments = shlex.split(line)[1:]
    context = click.Context(main)
    command = main.get_command(context, name)
    assert command is not None
    command.make_context(name, arguments, parent=context)


def test_readme_s_picture_is_the_demo_s() -> None:
    (picture,) = blocks(README, "text")
    assert picture in CliRunner().invoke(main, ["demo", "--once"]).output


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_nobody_is_told_to_import_what_is_ours(page: Path) -> None:
    """Two inner modules are for whoever writes a protocol."""
    assert re.findall(r"(?:from|import) pingback\.(?!protocols\.(?:table|linkback)\b).*", page.read_text()) == []


def test_readme_s_two_commands_are_there() -> None:
    for line in blocks(README, "sh")[:2]:
        assert (ROOT / line.split()[0]).stat().st_mode & 0o111


def test_the_page_on_moderation_s_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (text,) = blocks((ROOT / "docs/moderation.md").read_text(), "python")
    made: dict[str, Any] = {}
    exec(text, made)
    with made["site"] as site, pytest.raises(pingback.Fault) as refused:
        site.receive("https://spam.example/", "https://my.blog/5")
    assert refused.value.code == pingback.FaultCode.ACCESS_DENIED


def test_the_reference_names_everything() -> None:
    text = (ROOT / "docs/reference.md").read_text()
    for name in {*pingback.__all__} - {"__version__"}:
        assert f"`{name}" in text, name
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        assert f"`{name}" in text
        for option in {
            max(parameter.opts, key=len) for parameter in command.params if isinstance(parameter, click.Option)
        }:
            assert option in text or option.replace("--", "--[no-]") in text, option


def started(text: str) -> Iterator[list[str]]:
    """What a service or a container starts, without the program's own name."""
    for block in blocks(text, "ini"):
        for line in re.findall(r"^ExecStart=(.+)$", block, re.MULTILINE):
            program, *arguments = shlex.split(line)
            assert program == "/opt/pingback/bin/pingback"
            yield arguments
    for block in blocks(text, "dockerfile"):
        (program,) = re.findall(r"^ENTRYPOINT (.+)$", block, re.MULTILINE)
        (arguments,) = re.findall(r"^CMD (.+)$", block, re.MULTILINE)
        assert json.loads(program) == ["pingback"]
        yield json.loads(arguments)


def test_what_services_and_containers_start_is_there() -> None:
    commands = list(started((ROOT / "docs/operation.md").read_text()))
    assert [name for name, *_ in commands] == ["serve", "worker", "prune", "serve"]
    for name, *arguments in commands:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        command.make_context(name, arguments)


def nginx() -> str:
    (block,) = blocks((ROOT / "docs/operation.md").read_text(), "nginx")
    return block


def test_nginx_is_shown_to_send_all_that_is_for_the_public() -> None:
    (pattern,) = re.findall(r"^location ~ (\S+) \{$", nginx(), re.MULTILINE)
    private = {"/metrics", "/healthz", "/readyz"}
    assert private < _ROUTES.keys()
    for path in [*_ROUTES, "/inbox/", "/xmlrpc", "/webmention", "/webmention/0", "/trackback/part-5"]:
        assert bool(re.search(pattern, path)) == (path not in private), path


def test_nginx_is_shown_to_set_every_header_that_a_trusted_proxy_is_believed() -> None:
    assert {_FORWARDED_FOR, _FORWARDED_PROTO, _FORWARDED_HOST} <= {
        name.lower() for name in re.findall(r"proxy_set_header (\S+) \$", nginx())
    }


def test_files_of_settings_can_be_read(tmp_path: Path) -> None:
    files = [block for page in PAGES for block in blocks(page.read_text(), "toml")]
    assert len(files) == 5
    for file in files:
        (tmp_path / "pingback.toml").write_text(file)
        load({}, environ={}, folder=tmp_path)


def test_settings_in_the_environment_are_there() -> None:
    known = {line.environment for line in TABLE.values()}
    for page in PAGES:
        for name in re.findall(r"\bPINGBACK_([A-Z_]+)", page.read_text()):
            assert f"PINGBACK_{name}" in known, name


def test_the_tutorial_from_beginning_to_end(tmp_path: Path) -> None:
    """As it stands there, but for the ports, which may be taken here."""
    text = (ROOT / "docs/tutorial.md").read_text()
    ports = {port: str(free_port()) for port in ("8001", "8002")}
    for written, free in ports.items():
        text = text.replace(written, free)
    names = re.findall(r"^`(\w+\.html)`:$", text, re.MULTILINE)
    for name, html in zip(names, blocks(text, "html"), strict=True):
        (tmp_path / name).write_text(html)
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with ExitStack() as running:
        for command in examples(text):
            words = shlex.split(command.line)
            if words[-1] == "&":
                port = words[words.index("--port") + 1] if "--port" in words else words[-2]
                program = Program(*words[:-1], folder=tmp_path, log=tmp_path / f"{port}.log", environment=path)
                running.enter_context(program).wait_until(partial(listening, int(port)))
                continue
            done = subprocess.run(
                words, cwd=tmp_path, env=os.environ | path, capture_output=True, text=True, timeout=300
            )
            assert done.stderr == ""
            assert re.fullmatch(as_pattern(command.output), done.stdout), done.stdout


def test_the_page_on_deploys_from_beginning_to_end(tmp_path: Path) -> None:
    """Each command as a shell runs it, at a server of ours; the answer that is shown is what comes in the end."""
    text = (ROOT / "docs/deploys.md").read_text()
    commands = re.findall(r"\bcurl .+", "".join(blocks(text, "sh") + blocks(text, "yaml")))
    (settings,), (shown,) = blocks(text, "toml"), blocks(text, "json")
    assert len(commands) == 6
    with FarSide("/part-five", host="127.0.0.1") as far, Site() as blog:
        blog.pages |= dict.fromkeys(("/part-six", "/part-seven"), post(f"{far.url}/part-five"))
        feed = {"version": "https://jsonfeed.org/version/1.1", "items": [{"url": f"{blog.url}/part-six"}]}
        blog.pages["/feed.xml"] = loopback.page(json.dumps(feed).encode())
        (tmp_path / "pingback.toml").write_text(settings.replace("https://my.blog", blog.url))
        (made,) = programs.pingback(tmp_path, "token").printed
        environ = {"PATH": os.environ["PATH"], "PUBLISH_TOKEN": made["token"]}
        with programs.Serving(tmp_path, blog.url) as server:
            real = {"https://my.blog/publish": f"{server.root}/publish", "https://my.blog": blog.url}
            answers = []
            for command in commands:
                for written, there in real.items():
                    command = command.replace(written, there)
                done = subprocess.run(["sh", "-c", command], env=environ, capture_output=True, check=True)
                answers.append(json.loads(done.stdout))
            _, named, *_ = answers
            programs.wait_until(lambda: fetched(named["location"])["status"] != "waiting")
            told = {(f"{blog.url}{path}", f"{far.url}/part-five") for path in ("/part-six", "/part-seven")}
            programs.wait_until(lambda: {*far.heard} == told)
            came = json.dumps(fetched(named["location"]))
        real |= {"https://other.example": far.url}
        for written, there in real.items():
            came = came.replace(there, written)
        found, expected = json.loads(came), json.loads(shown)
        assert found["location"].startswith(expected["location"].removesuffix("…"))
        expected["location"] = found["location"]
        expected["sources"][0]["outcomes"][0]["message"] = found["sources"][0]["outcomes"][0]["message"]
        assert found == expected


@pytest.mark.parametrize("number", [0, 1], ids=["keeps-its-database", "since"])
def test_the_recipes_for_a_build(tmp_path: Path, number: int) -> None:
    """Run as a build would: in a clone of two commits, with what a cache gave back, or nothing."""
    [command] = re.findall(r"- run: (.+)", blocks((ROOT / "docs/publish.md").read_text(), "yaml")[number])
    with FarSide("/1", "/2", host="127.0.0.1") as far, Site() as blog:
        environ = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "PINGBACK_ALLOW_NETWORKS": "127.0.0.1",
        }

        def run(script: str) -> None:
            script = script.replace("https://blog.example", blog.url)
            subprocess.run(["sh", "-ec", script], cwd=tmp_path, env=environ, check=True, capture_output=True)

        def write(name: str, target: str, days_ago: int) -> None:
            date = f'<meta property="article:published_time" content="{now() - timedelta(days=days_ago)}">'
            markup = f'<!doctype html><title>x</title>{date}<article><h1>x</h1><p><a href="{far.url}{target}">x</a></p>'
            file = tmp_path / "public/posts" / name / "index.html"
            file.parent.mkdir(parents=True)
            file.write_text(markup)
            blog.pages[f"/posts/{name}/"] = loopback.page(markup.encode())
            run(f"git add . && git -c user.name=x -c user.email=x@x.example commit -qm {name}")

        run("git init -q")
        write("old", "/1", days_ago=60)
        write("new", "/2", days_ago=0)
        run(command)
        assert far.heard == [(f"{blog.url}/posts/new/", f"{far.url}/2")]
        assert (tmp_path / "pingback.db").exists()
        if number == 0:
            run(command)
            assert len(far.heard) == 1


def fetched(url: str) -> Any:
    with urlopen(url, timeout=programs.PATIENCE) as answer:
        return json.load(answer)


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_page_on_protocols_own_one() -> None:
    (text,) = blocks((ROOT / "docs/protocols.md").read_text(), "python")
    with Site({"/5": loopback.page(b'<link rel="hail" href="/hail">'), "/hail": loopback.page(b"")}) as site:
        try:
            exec(text, {})
            with pingback.Client(allow=["127.0.0.1"]) as client:
                outcome = pingback.send("https://a.example/6", f"{site.url}/5", client=client)
        finally:
            remove(pingback.Protocol("hail"))
    assert (outcome.protocol, outcome.status, outcome.message) == ("hail", pingback.OutcomeStatus.ACCEPTED, "hailed")
    assert site.requests[-1].body == f"https://a.example/6 {site.url}/5".encode()
