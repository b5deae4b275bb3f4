"""`pingback links`: the outbound links of a page or a file."""

from pathlib import Path

import pytest

from tests.cli.conftest import ALLOW, Run
from tests.loopback import Page, Site, page, redirect

POST = b"""<nav><a href="https://nav.example/">elsewhere</a></nav><article>
<a href="https://b.example/5">five</a> <a href="seven">seven</a> <a href="https://b.example/5">again</a>
<a href="https://ad.example/" rel="nofollow">ad</a> <a href="#top">up</a> <a href="mailto:a@b.example">mail</a>
</article>"""
NOFOLLOW = "pingback: links with rel=nofollow that are left out: 1; --nofollow takes them\n"


@pytest.mark.parametrize("path", ["/blog/6", "/old"])
def test_a_page(site: Site, run: Run, path: str) -> None:
    site.pages |= {"/blog/6": page(POST), "/old": redirect("/blog/6")}
    links = ["https://b.example/5", f"{site.url}/blog/seven"]
    done = run("links", site.url + path, *ALLOW)
    assert (done.code, done.out, done.err) == (0, "".join(f"{link}\n" for link in links), NOFOLLOW)
    done = run("links", site.url + path, "--json", *ALLOW)
    assert (done.code, done.printed, done.err) == (0, [{"source": site.url + path, "links": links}], NOFOLLOW)


def test_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "six.html").write_bytes(POST)
    links = ["https://b.example/5", "https://a.example/blog/seven"]
    done = run("links", "six.html", "--base-url", "https://a.example/blog/6")
    assert (done.code, done.out, done.err) == (0, "".join(f"{link}\n" for link in links), NOFOLLOW)
    done = run("links", "six.html", "--base-url", "https://a.example/blog/6", "--json")
    assert (done.code, done.printed) == (0, [{"source": "https://a.example/blog/6", "links": links}])


def test_a_selector(site: Site, run: Run, tmp_path: Path) -> None:
    site.pages["/6"] = page(POST)
    (tmp_path / "six.html").write_bytes(POST)
    for source in ((f"{site.url}/6",), ("six.html", "--base-url", f"{site.url}/6")):
        done = run("links", *source, "--selector", "article > a[href*='//']", *ALLOW)
        assert (done.code, done.out, done.err) == (0, "https://b.example/5\n", NOFOLLOW)
        done = run("links", *source, "--selector", "a[", *ALLOW)
        assert (done.code, done.out) == (2, "")
        assert "'a[' is not a CSS selector" in done.err


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_selector_that_finds_nothing(site: Site, run: Run, tmp_path: Path, form: tuple[str, ...]) -> None:
    site.pages["/6"] = page(POST)
    (tmp_path / "six.html").write_bytes(POST)
    for source in ((f"{site.url}/6",), ("six.html", "--base-url", f"{site.url}/6")):
        done = run("links", *source, "--selector", ".e-content", *ALLOW, *form)
        assert (done.code, done.err) == (1, f"pingback: '.e-content' finds nothing on {site.url}/6\n")
        assert done.out == (f'{{"source": "{site.url}/6", "links": []}}\n' if form else "")


def test_a_selector_that_finds_no_links(run: Run, tmp_path: Path) -> None:
    (tmp_path / "six.html").write_bytes(POST)
    done = run("links", "six.html", "--base-url", "https://a.example/6", "--selector", "a[rel=nofollow]")
    assert (done.code, done.out, done.err) == (0, "", NOFOLLOW)


def test_what_is_left_out_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "six.html").write_text("".join(f'<a href="/{number}">x</a>' for number in range(1200)))
    done = run("links", "six.html", "--base-url", "https://a.example/post", "--json")
    assert (done.code, len(done.printed[0]["links"])) == (0, 1000)
    assert done.err == "pingback: 200 more links are left out, a post pings 1000 at most\n"


@pytest.mark.parametrize(
    ("content", "links"),
    [
        pytest.param(b"", [], id="empty"),
        pytest.param(b"\0\xff" * 1000, [], id="rubbish"),
        pytest.param(b"<div>" * 100_000 + b'<a href="/x">', ["https://a.example/x"], id="deep"),
        pytest.param(b"x" * 2**20 + b'<a href="/x">', [], id="behind-the-first-mib"),
        pytest.param(
            '<meta charset="windows-1252"><a href="/\u00fc">'.encode("cp1252"),
            ["https://a.example/%C3%BC"],
            id="cp1252",
        ),
    ],
)
def test_files_of_all_kinds(run: Run, tmp_path: Path, content: bytes, links: list[str]) -> None:
    (tmp_path / "post.html").write_bytes(content)
    done = run("links", "post.html", "--base-url", "https://a.example/", "--json")
    assert (done.code, done.printed) == (0, [{"source": "https://a.example/", "links": links}])


@pytest.mark.parametrize(
    ("answer", "words", "code"),
    [
        pytest.param(page(POST, status=404), "answered with HTTP status 404", 1, id="404"),
        pytest.param(page(POST, status=503), "answered with HTTP status 503", 1, id="503"),
        pytest.param(redirect("http://10.0.0.1/"), "10.0.0.1 is not a public address", 3, id="guard"),
        pytest.param(b"", "could not be reached", 3, id="hangs-up"),
    ],
)
def test_no_page_to_look_at(site: Site, run: Run, answer: Page, words: str, code: int) -> None:
    site.pages["/"] = answer
    done = run("links", f"{site.url}/", *ALLOW)
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    done = run("links", f"{site.url}/", "--json", *ALLOW)
    assert (done.code, done.printed) == (code, [{"source": f"{site.url}/", "links": []}])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param((), "Missing argument 'SOURCE'", id="no-source"),
        pytest.param(("six.html",), "'six.html' is neither an absolute HTTP URL nor", id="neither-url-nor-file"),
        pytest.param(("six.html", "--base-url", "/blog"), "'/blog' is not an absolute HTTP URL", id="relative-base"),
        pytest.param(
            ("no-such.html", "--base-url", "https://a.example/"), "there is no file no-such.html\n", id="no-file"
        ),
        pytest.param((".", "--base-url", "https://a.example/"), ". is a folder, not a file\n", id="a-folder"),
        pytest.param(("a\0b", "--base-url", "https://a.example/"), "'a\\x00b' cannot be the name of a file", id="nul"),
        pytest.param(
            ("https://a.example/6", "--base-url", "https://a.example/"), "--base-url is for a file", id="url-as-file"
        ),
    ],
)
def test_wrong_usage(run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = run("links", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_links_with_nofollow(run: Run, tmp_path: Path) -> None:
    (tmp_path / "six.html").write_bytes(POST)
    done = run("links", "six.html", "--base-url", "https://a.example/6", "--nofollow")
    assert "https://ad.example/\n" in done.out
    assert (done.code, done.err) == (0, "")


def test_a_page_that_is_no_post(run: Run, tmp_path: Path) -> None:
    (tmp_path / "404.html").write_bytes(b"<!doctype html><title>No</title>" + POST)
    done = run("links", "404.html", "--base-url", "https://a.example/404.html", "--nofollow", "--json")
    assert (done.code, len(done.printed[0]["links"])) == (0, 3)
    said = "it is the page that a site shows where there is none, 404.html"
    assert done.err == f"pingback: of a site or sitemap, nothing is sent for this page: {said}\n"
