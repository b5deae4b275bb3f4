"""What a line of the table of settings is made of: the kinds of values, and all that is said of one.

What reads a kind takes whatever the command line, the environment, a file or a program gives, and raises ValueError,
which says why a value cannot be used. What is heavy is loaded by those who use it.
"""

import ipaddress
import math
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import Field, dataclass, field
from datetime import UTC, date, datetime
from types import NoneType
from typing import Literal, NamedTuple, TypeVar, get_args, get_origin

from pingback.model import Protocol
from pingback.urls import host_of, require_http, split

PREFIX = "PINGBACK_"  # of a setting in the environment
OFF = "off"  # the rate that is none
AUTO = "auto"  # the protocol that each target prefers
MOST_DAYS = 3650.0
MOST_THREADS = 1000

_DAY = 24 * 3600.0  # seconds
_CENTURY = 36525.0  # days
_ADDRESS = re.compile(r"[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+")  # enough that no second one hides in it
_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


T = TypeVar("T")
NO_WORDS: Callable[[], tuple[str, ...]] = tuple  # of a kind that takes any


class Kind(NamedTuple):
    """A kind of value. Where only some words are allowed, `words` gives them."""

    metavar: str
    parse: Callable[[object], object]
    words: Callable[[], tuple[str, ...]] = NO_WORDS


class Group(NamedTuple):
    """A heading of help and reference, and the commands that take most of what stands below it."""

    title: str
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A line of the table: all that there is to say of a setting."""

    name: str  # as a field, and as a keyword
    key: str  # in the file, and in capitals in the environment
    flag: str | None  # None: it has none
    kind: Kind  # of its value, or of each of several
    several: bool
    default: object
    unset: str  # what holds where the default is None
    group: Group
    commands: tuple[str, ...]
    help: str
    secret: bool

    @property
    def environment(self) -> str:
        return PREFIX + self.key.upper()

    @property
    def is_switch(self) -> bool:
        return self.kind is SWITCH

    @property
    def label(self) -> str:
        """What help and reference call the option, or the setting that has none."""
        if self.flag is None:
            return self.key
        flag = self.flag.replace("--", "--[no-]") if self.default is True else self.flag
        words = "|".join(self.kind.words())
        return f"{flag} {f'[{words}]' if words else self.kind.metavar}".rstrip()

    @property
    def default_text(self) -> str:
        """The default for a person; "" where there is none."""
        if isinstance(self.default, bool):
            return "yes" if self.default else "no"
        if self.default is None or self.default == ():
            return self.unset
        if isinstance(self.default, tuple):
            return ", ".join(map(str, self.default))
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default)

    @property
    def spellings(self) -> set[str]:
        """What may stand for it in a command's table of the file, where a dash is as good as `_`."""
        names = (self.key, self.name, (self.flag or self.key).rpartition("--")[2])
        return {name.replace("-", "_") for name in names}

    def parse(self, value: object) -> object:
        """The value as `Settings` has it, from whatever it was written in; ValueError where it cannot be used."""
        if self.several:
            return tuple(map(self.kind.parse, items(value)))
        try:
            return self.kind.parse(value)
        except ValueError:
            if self.secret:
                raise ValueError("what stands there is not a text") from None
            raise


def setting(
    default: T,
    group: Group,
    help: str,
    *,
    of: Kind | None = None,
    flag: str | None = "",
    key: str = "",
    commands: tuple[str, ...] = (),
    unset: str = "",
    secret: bool = False,
) -> T:
    """A line of the table, in the words of `Setting`.

    `of` is the kind of one value, where the type does not say enough. The flag is that of the name unless given, and
    None where nobody else on the machine should see the value; `commands` are those of the group unless given.
    """
    said = {"group": group, "help": help, "flag": flag, "key": key, "of": of, "commands": commands, "unset": unset}
    return field(default=default, repr=not secret, metadata=said)


def setting_of(each: Field[object]) -> Setting:
    """The line that a field declares; what it does not say follows from its name and type."""
    said = each.metadata
    [kind] = set(get_args(each.type)) - {NoneType} if NoneType in get_args(each.type) else {each.type}
    several = get_origin(kind) is tuple
    key = said["key"] or each.name
    return Setting(
        name=each.name,
        key=key,
        flag=said["flag"] if said["flag"] != "" else f"--{key.replace('_', '-')}",
        kind=said["of"]
        or (one_of(*get_args(kind)) if get_origin(kind) is Literal else SWITCH if kind is bool else TEXT),
        several=several,
        default=each.default,
        unset=said["unset"],
        group=said["group"],
        commands=said["commands"] or said["group"].commands,
        help=said["help"],
        secret=not each.repr,
    )


def text(value: object) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(f"{value!r} is not a text")
    return value


def yes_or_no(value: object) -> bool:
    found = value if isinstance(value, bool) else _WORDS.get(str(value).lower())
    if found is None:
        raise ValueError(f"{value!r} is neither true nor false")
    return found


def items(value: object) -> Iterable[object]:
    """The items of a list, or of a text with commas."""
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, list | tuple):
        raise ValueError(f"{value!r} is not a list")
    stripped = [item.strip() if isinstance(item, str) else item for item in found]
    return [item for item in stripped if item] if isinstance(value, str) else stripped


def one_of(*words: str) -> Kind:
    """One of these words."""

    def parse(value: object) -> str:
        if value not in words:
            raise ValueError(f"{value!r} is not one of {', '.join(map(repr, words))}")
        return str(value)

    return Kind("WORD", parse, lambda: words)


def texts(metavar: str) -> Kind:
    """Any text, called `metavar` in help."""
    return Kind(metavar, text)


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


def _span(metavar: str, most: float, *, or_none: bool) -> Kind:
    """So many seconds or days, at most; `or_none`: also none at all."""

    def parse(value: object) -> float:
        number = _number(value)
        if not 0 <= number <= most or not (number or or_none):
            raise ValueError(f"{value} {metavar.lower()} are not between 0 and {most:g}")
        return number

    return Kind(metavar, parse)


def _port(value: object) -> int:
    number = _number(value)
    if number != int(number) or not 0 <= number <= 65535:
        raise ValueError(f"{value!r} is not a port")
    return int(number)


def _count(value: object) -> int:
    number = _number(value)
    if number != int(number) or not 1 <= number <= MOST_THREADS:
        raise ValueError(f"{value!r} is not a number from 1 to {MOST_THREADS}")
    return int(number)


def _network(value: object) -> str:
    network = text(value)
    try:
        ipaddress.ip_network(network)
    except ValueError as error:
        raise ValueError(f"{network!r} is not a network: {error}") from None
    return network


def _rate(value: object) -> str:
    rate = text(value)
    if rate == OFF:
        return rate
    from pingback.jobs.limits import limits_in  # loads a library, which only those who set a rate wait for

    try:
        limits_in(rate)
    except ValueError:
        raise ValueError(f"{value!r} is not a rate like '60/minute; 300/hour'") from None
    return rate


def _url(value: object) -> str:
    return require_http(text(value))


def _host(value: object) -> str:
    written = text(value)
    try:
        parts = split(f"http://{written}/")
        if parts.has_credentials or parts.href != f"http://{host_of(parts.href)}/":
            raise ValueError("there is more than a host")
    except ValueError:
        raise ValueError(f"{written!r} is not a host") from None
    return host_of(parts.href)


def _block(value: object) -> str:
    from pingback.receive.blocklist import block_of

    return block_of(text(value))


def _date(value: object) -> datetime:
    """A date is its beginning, in UTC; so is a time that does not say otherwise."""
    instant: date | None = value if isinstance(value, date) else None
    with suppress(ValueError):
        instant = instant or datetime.fromisoformat(text(value))
    if instant is None:
        raise ValueError(f"{value!r} is not a date like 2026-01-31")
    if not isinstance(instant, datetime):
        instant = datetime(instant.year, instant.month, instant.day)  # noqa: DTZ001  # it is given below
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _mailbox(value: object) -> str:
    address = text(value)
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"{address!r} is not the address of a mailbox")
    return address


def _protocols() -> tuple[str, ...]:
    from pingback.protocols.table import EVERY  # parsers, which most commands do without

    return (AUTO, *EVERY)


def _protocol(value: object) -> Protocol | None:
    word = one_of(*_protocols()).parse(value)
    return None if word == AUTO else Protocol(str(word))


SWITCH = Kind("", yes_or_no)
TEXT = texts("TEXT")
URL = Kind("URL", _url)
SECONDS = _span("SECONDS", _DAY, or_none=True)
TIMEOUT = _span("SECONDS", _DAY, or_none=False)
DAYS = _span("DAYS", MOST_DAYS, or_none=True)
AGE = _span("DAYS", _CENTURY, or_none=False)
PORT = Kind("N", _port)
COUNT = Kind("N", _count)
NETWORK = Kind("CIDR", _network)
RATE = Kind("N/minute", _rate)
BLOCK = Kind("HOST", _block)
HOST = Kind("HOST", _host)
DATE = Kind("DATE", _date)
MAILBOX = Kind("ADDRESS", _mailbox)
PROTOCOL = Kind("NAME", _protocol, _protocols)
