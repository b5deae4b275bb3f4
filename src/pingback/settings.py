"""Settings: the command line over the environment over `pingback.toml`, read once, at an edge.

A setting has one name in all three: `allow_networks` is `PINGBACK_ALLOW_NETWORKS` in the environment, several values
separated by commas, and `allow_networks = [...]` in the file.
"""

import ipaddress
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from pingback.errors import SettingsError
from pingback.store.blocklist import block_of
from pingback.urls import is_http

FILE = "pingback.toml"
PREFIX = "PINGBACK_"
OFF = "off"  # the rate that is none

LONGEST_TIMEOUT = 24 * 3600.0  # seconds
LONGEST_AGE = 36525.0  # days
MOST_DAYS = 3650.0

_ADDRESS = re.compile(r"[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+")  # enough that no second one hides in it
_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}

Verify: TypeAlias = Literal["inline", "queued"]
Trackback: TypeAlias = Literal["verified", "unverified"]
Approve: TypeAlias = Literal["known", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the commands and `pingback.Receiver` can be told, and what holds where they are not: safe on the internet.

    Times are in seconds; those of one command stand below.

    Without `verify`, sources are looked at before the answer, but for those of webmentions, whose norm wants a queue.
    `close_after` is in days. Akismet's are no options of the command line, where other users of the machine see them.
    """

    json: bool = False
    db: str = "sqlite:///pingback.db"
    allow_networks: tuple[str, ...] = ()
    timeout: float = 15.0
    ca_bundle: str | None = None
    verbose: bool = False

    at: str | None = None
    wait: float = 60.0
    services: tuple[str, ...] = ()
    websub: bool = False

    site: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8000
    verify: Verify | None = None
    trackback: Trackback = "verified"
    answer_within: float = 2.5
    rate: str = "60/minute; 300/hour"
    source_rate: str = "10/minute"
    trusted_proxies: tuple[str, ...] = ()
    check_targets: bool = True
    self_pings: bool = True
    reverify_after_days: float = 30.0
    log_format: str = "plain"
    metrics: bool = True
    notify_mail: str | None = None
    smtp_url: str = "smtp://localhost"
    notify_webhook: str | None = None
    notify_secret: str | None = None

    approve: Approve = "known"
    block: tuple[str, ...] = ()
    close_after: float | None = None
    akismet_key: str | None = field(default=None, repr=False)
    akismet_site: str | None = None


DEFAULTS = Settings()


def given(**values: object) -> Settings:
    """The settings that a program gives by keyword, and the defaults for all others; ValueError for what is none."""
    found: dict[str, object] = {}
    for name, value in values.items():
        try:
            found[name] = value if value == getattr(DEFAULTS, name) else _PARSERS[name](value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return Settings(**found)  # type: ignore[arg-type]  # the parsers give what the fields take


def load(options: Mapping[str, object], *, environ: Mapping[str, str], folder: Path) -> Settings:
    """The settings of this run; `options` are those given on the command line, by the names of `Settings`.

    Raises SettingsError, which names the place, for a value that cannot be used and for an unknown key in the file.
    """
    found: dict[str, object] = {}
    for name, value in _file(folder / FILE).items():
        if name not in _PARSERS:
            raise SettingsError(f"{FILE}: there is no setting {name!r}")
        found[name] = _parsed(name, value, f"{FILE}: {name}")
    for name in _PARSERS:
        if environ.get(PREFIX + name.upper()):
            found[name] = _parsed(name, environ[PREFIX + name.upper()], PREFIX + name.upper())
    for name, value in options.items():
        found[name] = _parsed(name, value, name.replace("_", "-"))
    return Settings(**found)  # type: ignore[arg-type]  # the parsers give what the fields take


def _file(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:  # tomllib gives up on long numbers and on deep lists
        raise SettingsError(f"{FILE} cannot be read: {error}") from error


def _parsed(name: str, value: object, place: str) -> object:
    try:
        return _PARSERS[name](value)
    except ValueError as error:
        raise SettingsError(f"{place}: {error}") from None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(f"{value!r} is not a text")
    return value


def _yes_or_no(value: object) -> bool:
    found = value if isinstance(value, bool) else _WORDS.get(str(value).lower())
    if found is None:
        raise ValueError(f"{value!r} is neither true nor false")
    return found


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{value!r} is not a number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise ValueError(f"{value!r} is not a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a number")
    return number


def _timeout(value: object) -> float:
    seconds = _number(value)
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise ValueError(f"{value} seconds are not between nothing and a day")
    return seconds


def _wait(value: object) -> float:
    seconds = _number(value)
    if not 0 <= seconds <= LONGEST_TIMEOUT:
        raise ValueError(f"{value} seconds are not between nothing and a day")
    return seconds


def _days(value: object) -> float:
    days = _number(value)
    if not 0 <= days <= MOST_DAYS:
        raise ValueError(f"{value} days are not between nothing and ten years")
    return days


def _port(value: object) -> int:
    number = _number(value)
    if number != int(number) or not 0 <= number <= 65535:
        raise ValueError(f"{value!r} is not a port")
    return int(number)


def _several(value: object) -> tuple[str, ...]:
    values = [item for item in value.split(",") if item.strip()] if isinstance(value, str) else value
    if not isinstance(values, list | tuple):
        raise ValueError(f"{value!r} is not a list")
    return tuple(_text(item.strip() if isinstance(item, str) else item) for item in values)


def _networks(value: object) -> tuple[str, ...]:
    networks = _several(value)
    for network in networks:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise ValueError(f"{network!r} is not a network: {error}") from None
    return networks


def _rate(value: object) -> str:
    rate = _text(value)
    if rate == OFF:
        return rate
    from pingback.receive.limits import limits_in  # loads a library, which only those who set a rate wait for

    try:
        limits_in(rate)
    except ValueError:
        raise ValueError(f"{value!r} is not a rate like '60/minute; 300/hour'") from None
    return rate


def _urls(value: object) -> tuple[str, ...]:
    urls = _several(value)
    for url in urls:
        if not is_http(url):
            raise ValueError(f"{url!r} is not an absolute HTTP URL")
    return urls


def _url(value: object) -> str:
    [url] = _urls([value])
    return url


def _blocks(value: object) -> tuple[str, ...]:
    return tuple(block_of(text) for text in _several(value))


def _age(value: object) -> float:
    days = _number(value)
    if not 0 < days <= LONGEST_AGE:
        raise ValueError(f"{value} days are not between nothing and a hundred years")
    return days


def _address(value: object) -> str:
    address = _text(value)
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"{address!r} is not the address of a mailbox")
    return address


def _one_of(one: str, other: str) -> Callable[[object], str]:
    def parsed(value: object) -> str:
        if value not in (one, other):
            raise ValueError(f"{value!r} is neither {one} nor {other}")
        return str(value)

    return parsed


_PARSERS: dict[str, Callable[[object], object]] = {
    "json": _yes_or_no,
    "db": _text,
    "allow_networks": _networks,
    "timeout": _timeout,
    "ca_bundle": _text,
    "verbose": _yes_or_no,
    "at": _text,
    "wait": _wait,
    "services": _urls,
    "websub": _yes_or_no,
    "site": _urls,
    "host": _text,
    "port": _port,
    "verify": _one_of("inline", "queued"),
    "trackback": _one_of("verified", "unverified"),
    "answer_within": _wait,
    "rate": _rate,
    "source_rate": _rate,
    "trusted_proxies": _networks,
    "check_targets": _yes_or_no,
    "self_pings": _yes_or_no,
    "reverify_after_days": _days,
    "log_format": _one_of("plain", "json"),
    "metrics": _yes_or_no,
    "notify_mail": _address,
    "smtp_url": _text,
    "notify_webhook": _url,
    "notify_secret": _text,
    "approve": _one_of("known", "all"),
    "block": _blocks,
    "close_after": _age,
    "akismet_key": _text,
    "akismet_site": _url,
}
