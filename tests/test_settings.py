"""`pingback.settings`: who wins, and a sentence that names the place for whatever cannot be used."""

import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import get_type_hints

import click
import pytest

from pingback.cli.group import main
from pingback.errors import SettingsError
from pingback.model import Protocol
from pingback.settings import COMMANDS, GROUPS, TABLE, Keywords, Settings, given, load


def loaded(
    folder: Path,
    *,
    options: Mapping[str, object] = {},
    environ: Mapping[str, str] = {},
    file: str | bytes | None = None,
    command: str | None = None,
) -> Settings:
    if file is not None:
        (folder / "pingback.toml").write_bytes(file.encode() if isinstance(file, str) else file)
    return load(options, environ=environ, folder=folder, command=command)


def test_the_defaults_are_safe_on_the_open_internet(tmp_path: Path) -> None:
    assert asdict(loaded(tmp_path)) == {
        "feeds": (),
        "sitemaps": (),
        "folder": None,
        "html": None,
        "base_url": None,
        "selector": None,
        "nofollow": False,
        "include": (),
        "exclude": (),
        "since": None,
        "backfill": False,
        "force": False,
        "site": (),
        "at": None,
        "only": (),
        "excepted": (),
        "check_targets": True,
        "self_pings": True,
        "close_after": None,
        "protocol": None,
        "wait": 60.0,
        "again": False,
        "strict": False,
        "services": (),
        "websub": False,
        "verify": None,
        "answer_within": 2.5,
        "trackback": "verified",
        "reverify_after_days": 30.0,
        "relays": ("brid.gy", "fed.brid.gy"),
        "rate": "60/minute; 300/hour",
        "source_rate": "10/minute",
        "limits": None,
        "approve": "known",
        "approve_reactions": None,
        "block": (),
        "keep_days": 90.0,
        "akismet_key": None,
        "akismet_site": None,
        "notify_mail": None,
        "smtp_url": "smtp://localhost",
        "notify_webhook": None,
        "notify_secret": None,
        "host": "127.0.0.1",
        "port": 8000,
        "trusted_proxies": (),
        "log_format": "plain",
        "metrics": True,
        "broker": None,
        "threads": 32,
        "json": False,
        "db": "sqlite:///pingback.db",
        "allow_networks": (),
        "timeout": 15.0,
        "ca_bundle": None,
        "verbose": False,
    }


# Who wins, for each setting: its value in the file, the environment and the command line, and what each of them means

_URLS = [
    pytest.param(
        name,
        '["https://1.example/"]',
        "https://2.example/,http://3.example",
        ("https://4.example",),
        [("https://1.example/",), ("https://2.example/", "http://3.example"), ("https://4.example",)],
        id=name,
    )
    for name in ("feeds", "sitemaps", "site", "services")
]
_URL = [
    pytest.param(
        name,
        '"https://1.example/"',
        "https://2.example/",
        "https://3.example/",
        ["https://1.example/", "https://2.example/", "https://3.example/"],
        id=name,
    )
    for name in ("base_url", "at", "notify_webhook", "akismet_site")
]
_TEXT = [
    pytest.param(name, '"a"', "b", "c", ["a", "b", "c"], id=name)
    for name in ("folder", "html", "selector", "ca_bundle", "akismet_key", "notify_secret", "broker", "limits")
]
_SWITCHES = [
    pytest.param(name, "true", "no", True, [True, False, True], id=name)
    for name in (
        *("nofollow", "backfill", "force", "again", "strict", "websub", "json", "verbose"),
        *("check_targets", "self_pings", "metrics"),
    )
]
_SECONDS = [
    pytest.param(name, "0", "1.5", "3", [0.0, 1.5, 3.0], id=name)
    for name in ("wait", "answer_within", "reverify_after_days", "keep_days")
]
_PATTERNS = [
    pytest.param(
        name, '["*.example"]', "a.example, b.*", ("c",), [("*.example",), ("a.example", "b.*"), ("c",)], id=name
    )
    for name in ("only", "excepted", "include", "exclude")
]
_NETWORKS = [
    pytest.param(
        name,
        '["10.0.0.0/8", "::1"]',
        "192.168.0.0/16, 127.0.0.1",
        ("fd00::/8",),
        [("10.0.0.0/8", "::1"), ("192.168.0.0/16", "127.0.0.1"), ("fd00::/8",)],
        id=name,
    )
    for name in ("allow_networks", "trusted_proxies")
]
_RATES = [
    pytest.param(name, '"1/second"', "off", "5 per 2 hours", ["1/second", "off", "5 per 2 hours"], id=name)
    for name in ("rate", "source_rate")
]
_FORMS = [
    *(*_URLS, *_URL, *_TEXT, *_SWITCHES, *_SECONDS, *_PATTERNS, *_NETWORKS, *_RATES),
    pytest.param(
        "db", '"sqlite:///1"', "sqlite:///2", "sqlite:///3", ["sqlite:///1", "sqlite:///2", "sqlite:///3"], id="db"
    ),
    pytest.param("timeout", "1", "2.5", "0.1", [1.0, 2.5, 0.1], id="timeout"),
    pytest.param(
        "protocol",
        '"pingback"',
        "auto",
        "webmention",
        [Protocol.PINGBACK, None, Protocol.WEBMENTION],
        id="protocol",
    ),
    pytest.param("host", '"::1"', "0.0.0.0", "localhost", ["::1", "0.0.0.0", "localhost"], id="host"),
    pytest.param("threads", "1", "8", "1000", [1, 8, 1000], id="threads"),
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
    pytest.param("log_format", '"json"', "plain", "json", ["json", "plain", "json"], id="log_format"),
    pytest.param("notify_mail", '"a@b.c"', "d@e.f", "g@h.i", ["a@b.c", "d@e.f", "g@h.i"], id="notify_mail"),
    pytest.param(
        "smtp_url", '"smtp://a"', "smtps://b", "smtp://c", ["smtp://a", "smtps://b", "smtp://c"], id="smtp_url"
    ),
    *(
        pytest.param(name, '"all"', "known", "all", ["all", "known", "all"], id=name)
        for name in ("approve", "approve_reactions")
    ),
    pytest.param(
        "relays",
        "[]",
        "A.example, b.example:8080",
        ("bücher.example",),
        [(), ("a.example", "b.example:8080"), ("xn--bcher-kva.example",)],
        id="relays",
    ),
    pytest.param(
        "block",
        '["A.example", "*.b.example"]',
        "c.example,d.example/~e/",
        ("f.example",),
        [("a.example", "*.b.example"), ("c.example", "d.example/~e"), ("f.example",)],
        id="block",
    ),
    pytest.param(
        "since",
        "2026-01-31",
        "2026-01-31T12:30:00+02:00",
        "2026-02-01",
        [
            datetime(2026, 1, 31, tzinfo=UTC),
            datetime(2026, 1, 31, 10, 30, tzinfo=UTC),
            datetime(2026, 2, 1, tzinfo=UTC),
        ],
        id="since",
    ),
    pytest.param("close_after", "14", "0.5", "30", [14.0, 0.5, 30.0], id="close_after"),
]
_KEYS = {"excepted": "except"}  # in the file and the environment, where it is no word of the language
_FLAGS = {
    "allow_networks": "--allow-network",
    "trusted_proxies": "--trusted-proxy",
    "sitemaps": "--sitemap",
    "relays": "--relay",
    "verbose": "-v, --verbose",
    "akismet_site": "akismet_site",  # no option
}


@pytest.mark.parametrize(("name", "file", "environment", "option", "means"), _FORMS)
def test_command_line_over_environment_over_file(
    tmp_path: Path, name: str, file: str, environment: str, option: object, means: list[object]
) -> None:
    key = _KEYS.get(name, name)
    toml = f"{key} = {file}\n"
    environ = {f"PINGBACK_{key.upper()}": environment}
    assert [
        getattr(loaded(tmp_path, file=toml), name),
        getattr(loaded(tmp_path, environ=environ, file=toml), name),
        getattr(loaded(tmp_path, options={name: option}, environ=environ, file=toml), name),
    ] == means


@pytest.mark.parametrize(("name", "file", "environment", "option", "means"), _FORMS)
def test_each_can_stand_in_the_table_of_every_command_that_takes_it(
    tmp_path: Path, name: str, file: str, environment: str, option: object, means: list[object]
) -> None:
    for command in TABLE[name].commands:
        toml = f"[{command}]\n{_KEYS.get(name, name)} = {file}\n"
        assert getattr(loaded(tmp_path, file=toml, command=command), name) == means[0]


def test_every_setting_is_in_the_table() -> None:
    assert sorted(str(case.values[0]) for case in _FORMS) == sorted(asdict(Settings()))


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
        pytest.param("keep_days", "-1", "-1 days are not between", id="keep_days-below-zero"),
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
        pytest.param("verify", "later", "'later' is not one of 'inline', 'queued'", id="verify"),
        pytest.param("trackback", "no", "'no' is not one of 'verified', 'unverified'", id="trackback"),
        pytest.param("allow_networks", "10.0.0.0/33", "'10.0.0.0/33' is not a network", id="network-too-narrow"),
        pytest.param("allow_networks", "10.0.0.1/8", "'10.0.0.1/8' is not a network", id="network-with-a-host"),
        pytest.param("allow_networks", "localhost", "'localhost' is not a network", id="network-by-name"),
        pytest.param("site", "blog.example", "'blog.example' is not an absolute HTTP URL", id="site-relative"),
        pytest.param("site", "ftp://a.example", "'ftp://a.example' is not an absolute HTTP", id="site-not-http"),
        pytest.param("site", "https://a.example,/b", "'/b' is not an absolute HTTP URL", id="site-second-of-two"),
        pytest.param("protocol", "smtp", "'smtp' is not one of 'auto', 'webmention', ", id="protocol"),
        pytest.param("sitemaps", "map.xml", "'map.xml' is not an absolute HTTP URL", id="sitemap-in-a-file"),
        pytest.param("base_url", "blog", "'blog' is not an absolute HTTP URL", id="base_url-relative"),
        pytest.param("approve", "none", "'none' is not one of 'known', 'all'", id="approve"),
        pytest.param("approve_reactions", "none", "'none' is not one of 'known', 'all'", id="approve_reactions"),
        pytest.param("relays", "https://a.example", "'https://a.example' is not a host", id="relay-with-a-scheme"),
        pytest.param("relays", "a.example/b", "'a.example/b' is not a host", id="relay-with-a-path"),
        pytest.param("relays", "me@a.example", "'me@a.example' is not a host", id="relay-with-a-user"),
        pytest.param("relays", "*.example b", "'*.example b' is not a host", id="relay-with-a-blank"),
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
    assert str(refused.value).startswith(f"{_FLAGS.get(name) or '--' + name.replace('_', '-')}: ")


# By keyword


@pytest.mark.parametrize(
    ("values", "name", "means"),
    [
        pytest.param({"site": "https://a.example/"}, "site", ("https://a.example/",), id="a-text-for-several"),
        pytest.param({"only": "a,b"}, "only", ("a,b",), id="a-comma-parts-nothing"),
        pytest.param({"only": ["a", "b"]}, "only", ("a", "b"), id="list"),
        pytest.param({"block": iter(["A.example"])}, "block", ("a.example",), id="iterator"),
        pytest.param({"wait": 5}, "wait", 5.0, id="number"),
        pytest.param({"protocol": "pingback"}, "protocol", Protocol.PINGBACK, id="protocol-by-its-name"),
        pytest.param({"protocol": Protocol.PINGBACK}, "protocol", Protocol.PINGBACK, id="protocol"),
        pytest.param({"close_after": None}, "close_after", None, id="none"),
    ],
)
def test_keywords(values: dict[str, object], name: str, means: object) -> None:
    assert getattr(given(**values), name) == means


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param({"approve": "some"}, "approve: 'some' is not one of 'known', 'all'", id="word"),
        pytest.param({"rate": None}, "rate: None is not a text", id="none"),
        pytest.param({"block": 5}, "block: 5 is not a list", id="no-list"),
        pytest.param({"site": ["a"]}, "site: 'a' is not an absolute HTTP URL", id="item"),
    ],
)
def test_a_keyword_with_a_bad_value(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        given(**values)


def test_a_keyword_that_is_no_setting() -> None:
    with pytest.raises(TypeError, match="there is no setting 'aprove'; did you mean 'approve'"):
        given(aprove="all")


def test_the_keywords_of_a_site_are_settings_of_the_same_types() -> None:
    """Those of the command line alone are left out, and `site` and `db`, which a site has other arguments for."""
    hints = get_type_hints(Settings)
    edges = "feeds sitemaps folder html base_url again strict site host port log_format json db verbose".split()
    wider = {tuple[str, ...]: str | Iterable[str], Protocol | None: str | None}
    assert get_type_hints(Keywords) == {
        name: wider.get(hints[name], hints[name]) for name in hints if name not in edges
    }


# The table


def test_the_commands_are_those_that_there_are() -> None:
    assert list(COMMANDS) == main.list_commands(click.Context(main))


def test_secrets_are_neither_options_nor_shown() -> None:
    mail, db = "smtp://me:s3cret@a.example", "postgresql://me:s3cret@a.example/x"
    shown = repr(Settings(akismet_key="s3cret", notify_secret="s3cret", smtp_url=mail, db=db))
    assert "s3cret" not in shown
    assert {TABLE[name].flag for name in ("akismet_key", "notify_secret", "smtp_url")} == {None}


def test_every_line_has_a_group_a_sentence_and_a_kind_that_fits() -> None:
    for name, line in TABLE.items():
        assert line.group in GROUPS, name
        assert line.help.endswith("."), name
        assert set(line.commands) <= set(COMMANDS), name
        assert line.default is None or line.parse(line.default) == line.default, name


_LOADED = """
import sys, pingback.settings
print(sorted({"click", "limits", "lxml", "requests", "sqlalchemy", "urllib3", "pingback.cli"} & set(sys.modules)))
"""


def test_the_settings_load_nothing_heavy() -> None:
    assert subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True).stdout == "[]\n"
