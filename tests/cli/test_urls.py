"""URLs as somebody types them who has not read the reference: exit code 2, and what was meant."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run

FIVE = "https://blog.example/five"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("discover {}", id="discover"),
        pytest.param("links {}", id="links"),
        pytest.param("links post.html --base-url {}", id="links-base-url"),
        pytest.param(f"verify {{}} {FIVE}", id="verify-source"),
        pytest.param(f"verify {FIVE} {{}}", id="verify-target"),
        pytest.param(f"send {{}} {FIVE}", id="send-source"),
        pytest.param(f"send {FIVE} {{}}", id="send-target"),
        pytest.param("publish {}", id="publish"),
        pytest.param("publish --feed {}", id="publish-feed"),
        pytest.param("publish --sitemap {}", id="publish-sitemap"),
        pytest.param("publish --html post.html --base-url {}", id="publish-base-url"),
        pytest.param("outbox --source {}", id="outbox-source"),
        pytest.param("outbox --target {}", id="outbox-target"),
        pytest.param("mentions {}", id="mentions"),
        pytest.param("serve --site {}", id="serve"),
        pytest.param("worker --site {}", id="worker"),
        pytest.param("advertise {}", id="advertise"),
        pytest.param(f"advertise {FIVE} --at {{}}", id="advertise-at"),
        pytest.param("doctor {}", id="doctor"),
    ],
)
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        pytest.param("blog.example/part-six", "; did you mean https://blog.example/part-six?\n", id="no-scheme"),
        pytest.param("htps://blog.example/", "; did you mean https://blog.example/?\n", id="misspelt-scheme"),
        pytest.param("ftp://blog.example/", "'ftp://blog.example/' is not an absolute HTTP URL\n", id="another-scheme"),
    ],
)
def test_a_url_that_is_not_one_yet(run: Run, tmp_path: Path, command: str, typed: str, words: str) -> None:
    (tmp_path / "post.html").touch()
    done = run(*command.format(typed).split())
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith(words)
    assert [path.name for path in tmp_path.iterdir()] == ["post.html"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        pytest.param("discover post.html", "'post.html' is a file, not a URL\n", id="discover"),
        pytest.param("doctor public", "'public' is a folder, not a URL\n", id="doctor"),
        pytest.param(f"verify post.html {FIVE}", "'post.html' is a file, not a URL\n", id="verify"),
        pytest.param(f"send post.html {FIVE}", "'post.html' is a file, not a URL\n", id="send"),
        pytest.param(
            "links post.html",
            "'post.html' is a file, not a URL: give --base-url, the URL at which it will be published\n",
            id="links",
        ),
        pytest.param(
            "publish post.html",
            "'post.html' is a file, not a URL: give --html FILE --base-url URL for a post, --feed FILE for a feed\n",
            id="publish-a-file",
        ),
        pytest.param(
            "publish public", "'public' is a folder, not a URL: give --site DIR --base-url URL\n", id="publish-a-folder"
        ),
    ],
)
def test_a_file_in_the_place_of_a_url(run: Run, tmp_path: Path, command: str, words: str) -> None:
    (tmp_path / "post.html").touch()
    (tmp_path / "public").mkdir()
    done = run(*command.split())
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith(words)


@pytest.mark.parametrize("command", ["links no.html", "links public/no", "publish no.html"])
def test_a_missing_file_in_the_place_of_a_url(run: Run, command: str) -> None:
    done = run(*command.split())
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith(f"{command.split()[1]!r} is neither an absolute HTTP URL nor a file that is there\n")
