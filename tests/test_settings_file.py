"""`pingback.toml`: its keys and values, and files that are none."""

from pathlib import Path

import pytest

from pingback.errors import SettingsError
from pingback.settings import Settings, load


def loaded(folder: Path, file: str | bytes) -> Settings:
    (folder / "pingback.toml").write_bytes(file.encode() if isinstance(file, str) else file)
    return load({}, environ={}, folder=folder)


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
        pytest.param("[serve]\nport = 1", "there is no setting 'serve'", id="a-table"),
        pytest.param("db = 5", "pingback.toml: db: 5 is not a text", id="a-number-for-a-text"),
        pytest.param('db = ""', "pingback.toml: db: '' is not a text", id="an-empty-text"),
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
        pytest.param(b"site = " + b"[" * 100_000, id="deep"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, file: bytes) -> None:
    with pytest.raises(SettingsError, match=r"^pingback.toml cannot be read: "):
        loaded(tmp_path, file)


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "pingback.toml").mkdir()
    with pytest.raises(SettingsError, match=r"^pingback.toml cannot be read: "):
        load({}, environ={}, folder=tmp_path)


def test_one_network_or_site_needs_no_list(tmp_path: Path) -> None:
    settings = loaded(tmp_path, 'allow_networks = "127.0.0.0/8"\nsite = "https://a.example/"\n')
    assert (settings.allow_networks, settings.site) == (("127.0.0.0/8",), ("https://a.example/",))
