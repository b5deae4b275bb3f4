"""`pingback.settings`: who wins, and a sentence that names the place for whatever cannot be used."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pytest

from pingback.errors import SettingsError
from pingback.settings import Settings, load


def loaded(
    folder: Path,
    *,
    options: Mapping[str, object] = {},
    environ: Mapping[str, str] = {},
    file: str | bytes | None = None,
) -> Settings:
    if file is not None:
        (folder / "pingback.toml").write_bytes(file.encode() if isinstance(file, str) else file)
    return load(options, environ=environ, folder=folder)


def test_the_defaults_are_safe_on_the_open_internet(tmp_path: Path) -> None:
    assert asdict(loaded(tmp_path)) == {
        "json": False,
        "db": "sqlite:///pingback.db",
        "allow_networks": (),
        "timeout": 15.0,
        "ca_bundle": None,
        "verbose": False,
        "at": None,
        "wait": 60.0,
        "services": (),
        "websub": False,
        "site": (),
        "host": "127.0.0.1",
        "port": 8000,
        "verify": None,
        "trackback": "verified",
        "answer_within": 2.5,
        "rate": "60/minute; 300/hour",
        "source_rate": "10/minute",
        "trusted_proxies": (),
        "check_targets": True,
        "self_pings": True,
        "reverify_after_days": 30.0,
        "log_format": "plain",
        "metrics": True,
        "notify_mail": None,
        "smtp_url": "smtp://localhost",
        "notify_webhook": None,
        "notify_secret": None,
        "approve": "known",
        "block": (),
        "close_after": None,
        "akismet_key": None,
        "akismet_site": None,
    }


# Who wins, for each setting: its value in the file, the environment and the command line, and what each of them means

_FORMS = [
    pytest.param("json", "false", "1", False, [False, True, False], id="json"),
    pytest.param(
        "db", '"sqlite:///1"', "sqlite:///2", "sqlite:///3", ["sqlite:///1", "sqlite:///2", "sqlite:///3"], id="db"
    ),
    pytest.param(
        "allow_networks",
        '["10.0.0.0/8", "::1"]',
        "192.168.0.0/16, 127.0.0.1",
        ("fd00::/8",),
        [("10.0.0.0/8", "::1"), ("192.168.0.0/16", "127.0.0.1"), ("fd00::/8",)],
        id="allow_networks",
    ),
    pytest.param("timeout", "1", "2.5", "0.1", [1.0, 2.5, 0.1], id="timeout"),
    pytest.param("ca_bundle", '"a.pem"', "b.pem", "c.pem", ["a.pem", "b.pem", "c.pem"], id="ca_bundle"),
    pytest.param("verbose", "true", "no", True, [True, False, True], id="verbose"),
    pytest.param(
        "at",
        '"https://1.example"',
        "https://2.example",
        "https://3.example",
        ["https://1.example", "https://2.example", "https://3.example"],
        id="at",
    ),
    pytest.param("wait", "0", "1.5", "3", [0.0, 1.5, 3.0], id="wait"),
    pytest.param(
        "services",
        '["https://1.example/"]',
        "https://2.example/,http://3.example",
        ("https://4.example",),
        [("https://1.example/",), ("https://2.example/", "http://3.example"), ("https://4.example",)],
        id="services",
    ),
    pytest.param("websub", "true", "no", True, [True, False, True], id="websub"),
    pytest.param(
        "site",
        '["https://a.example/"]',
        "https://b.example/,http://c.example/blog",
        ("https://d.example",),
        [("https://a.example/",), ("https://b.example/", "http://c.example/blog"), ("https://d.example",)],
        id="site",
    ),
    pytest.param("host", '"::1"', "0.0.0.0", "localhost", ["::1", "0.0.0.0", "localhost"], id="host"),
    pytest.param("port", "1", "65535", "0", [1, 65535, 0], id="port"),
    pytest.param("verify", '"queued"', "inline", "queued", ["queued", "inline", "queued"], id="verify"),
    pytest.param(
        "trackback",
        '"unverified"',
        "verified",
        "unverified",
        ["unverified", "verified", "unverified"],
        id="trackback",
    ),
    pytest.param("answer_within", "0", "1.5", "3", [0.0, 1.5, 3.0], id="answer_within"),
    pytest.param("rate", '"1/second"', "off", "5 per 2 hours", ["1/second", "off", "5 per 2 hours"], id="rate"),
    pytest.param("source_rate", '"off"', "9/minute", "2/hour", ["off", "9/minute", "2/hour"], id="source_rate"),
    pytest.param(
        "trusted_proxies",
        '["10.0.0.0/8", "::1"]',
        "192.168.0.0/16, 127.0.0.1",
        ("fd00::/8",),
        [("10.0.0.0/8", "::1"), ("192.168.0.0/16", "127.0.0.1"), ("fd00::/8",)],
        id="trusted_proxies",
    ),
    pytest.param("check_targets", "false", "on", False, [False, True, False], id="check_targets"),
    pytest.param("self_pings", "false", "YES", False, [False, True, False], id="self_pings"),
    pytest.param("reverify_after_days", "0", "7", "0.5", [0.0, 7.0, 0.5], id="reverify_after_days"),
    pytest.param("log_format", '"json"', "plain", "json", ["json", "plain", "json"], id="log_format"),
    pytest.param("metrics", "false", "on", False, [False, True, False], id="metrics"),
    pytest.param("notify_mail", '"a@b.c"', "d@e.f", "g@h.i", ["a@b.c", "d@e.f", "g@h.i"], id="notify_mail"),
    pytest.param(
        "smtp_url", '"smtp://a"', "smtps://b", "smtp://c", ["smtp://a", "smtps://b", "smtp://c"], id="smtp_url"
    ),
    pytest.param(
        "notify_webhook",
        '"https://1.example/"',
        "https://2.example/",
        "https://3.example/",
        ["https://1.example/", "https://2.example/", "https://3.example/"],
        id="notify_webhook",
    ),
    pytest.param("notify_secret", '"a"', "b", "c", ["a", "b", "c"], id="notify_secret"),
    pytest.param("approve", '"all"', "known", "all", ["all", "known", "all"], id="approve"),
    pytest.param(
        "block",
        '["A.example", "*.b.example"]',
        "c.example,d.example/~e/",
        ("f.example",),
        [("a.example", "*.b.example"), ("c.example", "d.example/~e"), ("f.example",)],
        id="block",
    ),
    pytest.param("close_after", "14", "0.5", "30", [14.0, 0.5, 30.0], id="close_after"),
    pytest.param("akismet_key", '"1"', "2", "3", ["1", "2", "3"], id="akismet_key"),
    pytest.param(
        "akismet_site",
        '"https://a.example/"',
        "https://b.example/",
        "https://c.example/",
        ["https://a.example/", "https://b.example/", "https://c.example/"],
        id="akismet_site",
    ),
]


@pytest.mark.parametrize(("name", "file", "environment", "option", "means"), _FORMS)
def test_command_line_over_environment_over_file(
    tmp_path: Path, name: str, file: str, environment: str, option: object, means: list[object]
) -> None:
    toml = f"{name} = {file}\n"
    environ = {f"PINGBACK_{name.upper()}": environment}
    assert [
        getattr(loaded(tmp_path, file=toml), name),
        getattr(loaded(tmp_path, environ=environ, file=toml), name),
        getattr(loaded(tmp_path, options={name: option}, environ=environ, file=toml), name),
    ] == means


def test_every_setting_is_in_the_table() -> None:
    assert [case.values[0] for case in _FORMS] == list(asdict(Settings()))


def test_each_setting_is_looked_for_by_itself(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        options={"port": "3"},
        environ={"PINGBACK_PORT": "2", "PINGBACK_HOST": "::1", "PATH": "/bin", "PINGBACK_UNHEARD_OF": "x"},
        file='port = 1\nhost = "localhost"\ndb = "sqlite:///x"\n',
    )
    assert (settings.port, settings.host, settings.db) == (3, "::1", "sqlite:///x")


def test_an_empty_variable_is_none(tmp_path: Path) -> None:
    assert loaded(tmp_path, environ={"PINGBACK_TIMEOUT": "", "PINGBACK_DB": ""}) == Settings()


# What cannot be used


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        pytest.param("json", "maybe", "'maybe' is neither true nor false", id="json"),
        pytest.param("verbose", "2", "'2' is neither true nor false", id="verbose"),
        pytest.param("check_targets", "ja", "'ja' is neither true nor false", id="check_targets"),
        pytest.param("self_pings", "-", "'-' is neither true nor false", id="self_pings"),
        pytest.param("timeout", "0", "0 seconds are not between", id="timeout-none"),
        pytest.param("timeout", "-1", "-1 seconds are not between", id="timeout-below-zero"),
        pytest.param("timeout", "86401", "86401 seconds are not between", id="timeout-over-a-day"),
        pytest.param("timeout", "nan", "'nan' is not a number", id="timeout-nan"),
        pytest.param("timeout", "inf", "'inf' is not a number", id="timeout-infinite"),
        pytest.param("timeout", "soon", "'soon' is not a number", id="timeout-in-words"),
        pytest.param("answer_within", "-0.1", "-0.1 seconds are not between", id="answer_within-below-zero"),
        pytest.param("answer_within", "1e9", "1e9 seconds are not between", id="answer_within-over-a-day"),
        pytest.param("notify_mail", "me", "'me' is not the address of a mailbox", id="mail-without-a-host"),
        pytest.param("notify_mail", "a@b.c, d@e.f", "is not the address of a mailbox", id="mail-to-two"),
        pytest.param("notify_mail", "a@b.c\nBcc: d@e.f", "is not the address of a mailbox", id="mail-with-a-header"),
        pytest.param("notify_webhook", "/hook", "'/hook' is not an absolute HTTP URL", id="webhook-relative"),
        pytest.param("reverify_after_days", "-1", "-1 days are not between", id="reverify_after_days-below-zero"),
        pytest.param("reverify_after_days", "3651", "3651 days are not between", id="reverify_after_days-ten-years"),
        pytest.param("rate", "often", "'often' is not a rate like '60/minute; 300/hour'", id="rate-in-words"),
        pytest.param("rate", "0/minute", "'0/minute' is not a rate", id="rate-none"),
        pytest.param("rate", "1/month", "'1/month' is not a rate", id="rate-over-a-day"),
        pytest.param("source_rate", "10/fortnight", "'10/fortnight' is not a rate", id="rate-unknown-unit"),
        pytest.param("source_rate", "99999/hour", "'99999/hour' is not a rate", id="rate-too-much"),
        pytest.param("trusted_proxies", "proxy", "'proxy' is not a network", id="proxy-by-name"),
        pytest.param("port", "65536", "'65536' is not a port", id="port-too-high"),
        pytest.param("port", "-1", "'-1' is not a port", id="port-below-zero"),
        pytest.param("port", "80.5", "'80.5' is not a port", id="port-and-a-half"),
        pytest.param("port", "http", "'http' is not a number", id="port-by-name"),
        pytest.param("verify", "later", "'later' is neither inline nor queued", id="verify"),
        pytest.param("trackback", "no", "'no' is neither verified nor unverified", id="trackback"),
        pytest.param("allow_networks", "10.0.0.0/33", "'10.0.0.0/33' is not a network", id="network-too-narrow"),
        pytest.param("allow_networks", "10.0.0.1/8", "'10.0.0.1/8' is not a network", id="network-with-a-host"),
        pytest.param("allow_networks", "localhost", "'localhost' is not a network", id="network-by-name"),
        pytest.param("site", "blog.example", "'blog.example' is not an absolute HTTP URL", id="site-relative"),
        pytest.param("site", "ftp://a.example", "'ftp://a.example' is not an absolute HTTP", id="site-not-http"),
        pytest.param("site", "https://a.example,/b", "'/b' is not an absolute HTTP URL", id="site-second-of-two"),
        pytest.param("approve", "none", "'none' is neither known nor all", id="approve"),
        pytest.param("block", "a.example,/b", "'/b' is not of the form HOST or HOST/PATH", id="block-without-a-host"),
        pytest.param("close_after", "0", "0 days are not between", id="close_after-at-once"),
        pytest.param("close_after", "36526", "36526 days are not between", id="close_after-over-a-century"),
        pytest.param("close_after", "soon", "'soon' is not a number", id="close_after-in-words"),
        pytest.param("akismet_site", "a.example", "'a.example' is not an absolute HTTP URL", id="akismet_site"),
        pytest.param("db", "a\0b", "is not a text", id="db-nul"),
        pytest.param("host", "a\0b", "is not a text", id="host-nul"),
        pytest.param("ca_bundle", "a\0b", "is not a text", id="ca_bundle-nul"),
        pytest.param("site", "https://a.example/\0", "is not a text", id="site-nul"),
    ],
)
def test_bad_values(tmp_path: Path, name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        loaded(tmp_path, environ={f"PINGBACK_{name.upper()}": value})
    assert str(refused.value).startswith(f"PINGBACK_{name.upper()}: ")
    assert words in str(refused.value)
    with pytest.raises(SettingsError) as refused:
        loaded(tmp_path, options={name: value})
    assert str(refused.value).startswith(f"{name.replace('_', '-')}: ")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param("tiemout = 5", "pingback.toml: there is no setting 'tiemout'", id="unknown"),
        pytest.param('allow-networks = ["::1"]', "there is no setting 'allow-networks'", id="another-spelling"),
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
        pytest.param("verify = {}", "pingback.toml: verify: {} is neither inline nor queued", id="a-table-for-a-word"),
    ],
)
def test_bad_keys_and_values_in_the_file(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        loaded(tmp_path, file=line)
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
        loaded(tmp_path, file=file)


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "pingback.toml").mkdir()
    with pytest.raises(SettingsError, match=r"^pingback.toml cannot be read: "):
        loaded(tmp_path)


def test_one_network_or_site_needs_no_list(tmp_path: Path) -> None:
    settings = loaded(tmp_path, file='allow_networks = "127.0.0.0/8"\nsite = "https://a.example/"\n')
    assert (settings.allow_networks, settings.site) == (("127.0.0.0/8",), ("https://a.example/",))
