"""Why a file cannot be read, in words of its owner."""

import errno
from pathlib import Path

import pytest

from pingback.errors import unreadable


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        pytest.param("no-such.html", "there is no file no-such.html", id="missing"),
        pytest.param("no/such.html", "there is no file no/such.html", id="its-folder-is-missing"),
        pytest.param("folder", "folder is a folder, not a file", id="a-folder"),
        pytest.param("post.html/x", "post.html/x is not a folder, or below what is none", id="below-a-file"),
        pytest.param("loop", "loop cannot be read: Too many levels of symbolic links", id="a-circle-of-links"),
        pytest.param("a\0b", r"'a\x00b' cannot be the name of a file", id="nul"),
    ],
)
def test_what_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sentence: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "post.html").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises((OSError, ValueError)) as raised:
        open(name).close()
    assert unreadable(name, raised.value) == sentence  # type: ignore[arg-type]  # one of the two


def test_a_file_of_others() -> None:
    refused = PermissionError(errno.EACCES, "Permission denied")  # root, who runs tests at times, is never refused
    assert unreadable("post.html", refused) == "post.html may not be read by this user"
