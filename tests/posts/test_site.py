"""The pages of a built site: which files are pages, and where they are published."""

import os
from pathlib import Path

import pytest

from pingback.posts.site import pages_of

BASE = "https://blog.example/notes"


def urls(folder: Path, base_url: str = BASE) -> list[str]:
    return [page.url for page in pages_of(folder, base_url=base_url)]


def write(path: Path, content: bytes = b"<p>x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "url"),
    [
        pytest.param("index.html", "/", id="the-root"),
        pytest.param("one/index.html", "/one/", id="the-index-of-a-folder"),
        pytest.param("one/index.htm", "/one/", id="htm"),
        pytest.param("one.html", "/one.html", id="the-suffix-is-kept"),
        pytest.param("One.HTML", "/One.HTML", id="capitals"),
        pytest.param("a b/fünf %20?#.html", "/a%20b/f%C3%BCnf%20%2520%3F%23.html", id="rfc3986-3.3-encoded"),
        pytest.param("a+b,c@d;e=~.html", "/a+b,c@d;e=~.html", id="rfc3986-3.3-plain"),
    ],
)
def test_addresses(tmp_path: Path, name: str, url: str) -> None:
    path = write(tmp_path / name)
    for base_url in (BASE, BASE + "/"):
        assert [(page.url, page.path) for page in pages_of(tmp_path, base_url=base_url)] == [(BASE + url, path)]


def test_all_pages_are_told_in_order(tmp_path: Path) -> None:
    for name in ("b.html", "a/z/1.html", "a/2.html", "style.css", "a.html.gz", "c.xhtml", "html"):
        write(tmp_path / name)
    (tmp_path / "folder.html").mkdir()
    os.mkfifo(tmp_path / "pipe.html")
    assert urls(tmp_path) == [f"{BASE}/a/2.html", f"{BASE}/a/z/1.html", f"{BASE}/b.html"]


def test_links_lead_nowhere_outside(tmp_path: Path) -> None:
    site = tmp_path / "site"
    write(site / "one.html")
    write(tmp_path / "private" / "secret.html")
    (site / "secret.html").symlink_to(tmp_path / "private" / "secret.html")
    (site / "private").symlink_to(tmp_path / "private")
    (site / "loop").symlink_to(site)
    (site / "broken.html").symlink_to("no.html")
    (site / "same.html").symlink_to("one.html")
    assert urls(site) == [f"{BASE}/one.html", f"{BASE}/same.html"]


def test_a_fingerprint_is_of_what_the_file_holds(tmp_path: Path) -> None:
    def fingerprints() -> list[str]:
        return [page.fingerprint for page in pages_of(tmp_path, base_url=BASE)]

    write(tmp_path / "1.html", b"<p>one")
    write(tmp_path / "2.html", b"<p>one")
    first, second = fingerprints()
    assert first == second
    write(tmp_path / "2.html", b"<p>two")
    assert fingerprints()[1] != first
    write(tmp_path / "1.html", b"x" * 2**20 + b"a")
    cut = fingerprints()[0]
    write(tmp_path / "1.html", b"x" * 2**20 + b"b")
    assert fingerprints()[0] == cut


def test_a_folder_that_cannot_be_read_is_not_an_empty_site(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        urls(tmp_path / "no")
    with pytest.raises(NotADirectoryError):
        urls(write(tmp_path / "one.html"))


@pytest.mark.parametrize("base_url", ["/notes", "ftp://blog.example/", "https://blog.example/?p=1", f"{BASE}/#x"])
def test_a_base_url_that_is_none(tmp_path: Path, base_url: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        urls(tmp_path, base_url)
