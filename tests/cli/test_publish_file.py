"""`pingback publish` with what `pingback.toml` says of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.loopback import Site, page


@pytest.fixture
def site() -> Iterator[Site]:
    """`/five` takes Webmentions; `/six.html` and `/seven.html` link to it."""
    with Site() as site:
        site.pages |= {
            "/five": page(b'<link rel="webmention" href="/wm">'),
            "/wm": page(status=202),
            "/six.html": page(post(site)),
            "/seven.html": page(post(site)),
        }
        yield site


def post(site: Site) -> bytes:
    return f'<article><p>As in <a href="{site.url}/five">five</a>.</p></article>'.encode()


@pytest.fixture
def toml(run: Run, site: Site) -> str:
    """A file that names `/six.html` by a folder."""
    Path("public").mkdir()
    Path("public/six.html").write_bytes(post(site))
    return f"""
allow_networks = ["127.0.0.1"]
[publish]
site = "public"
base-url = "{site.url}/"
"""


def sources(run: Run, *arguments: str) -> list[str]:
    done = run("publish", "--json", *arguments)
    assert (done.code, done.err) == (0, "")
    return [outcome["source"] for outcome in done.printed]


def test_what_the_file_names_is_published(run: Run, site: Site, toml: str) -> None:
    Path("pingback.toml").write_text(toml)
    assert sources(run) == [f"{site.url}/six.html"]


def test_a_post_on_the_command_line_takes_the_place_of_the_files(run: Run, site: Site, toml: str) -> None:
    Path("pingback.toml").write_text(toml)
    assert sources(run, f"{site.url}/seven.html") == [f"{site.url}/seven.html"]


def test_the_base_url_of_the_file_is_that_of_a_folder_on_the_command_line(run: Run, site: Site, toml: str) -> None:
    Path("pingback.toml").write_text(toml.replace("public", "no-such-folder"))
    assert sources(run, "--site", "public") == [f"{site.url}/six.html"]


@pytest.mark.parametrize(
    ("lines", "statuses"),
    [
        pytest.param('only = ["*.example"]', [], id="only"),
        pytest.param('except = "127.*"', [], id="except"),
        pytest.param("self-pings = false", [], id="self-pings"),
        pytest.param('protocol = "pingback"', ["unsupported"], id="protocol"),
        pytest.param('selector = "article"', ["accepted"], id="selector"),
    ],
)
def test_what_is_told_of_it(run: Run, toml: str, lines: str, statuses: list[str]) -> None:
    Path("pingback.toml").write_text(f"{toml}{lines}\n")
    assert [outcome["status"] for outcome in run("publish", "--json").printed] == statuses
