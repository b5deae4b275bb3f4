"""Settings: one table, and who wins: the command line, the environment, `pingback.toml`, the default, in this order.

A field of `Settings` is a line of the table. The options of the commands, their help, and the tables of
docs/reference.md are made from it.
"""

import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias, TypedDict

from pingback.errors import SettingsError
from pingback.model import RELAYS, Protocol
from pingback.table import (
    AGE,
    BLOCK,
    COUNT,
    DATE,
    DAYS,
    HOST,
    MAILBOX,
    NETWORK,
    PORT,
    PROTOCOL,
    RATE,
    SECONDS,
    TIMEOUT,
    URL,
    Group,
    Setting,
    setting,
    setting_of,
    texts,
)

FILE = "pingback.toml"
MAX_FILE = 64 * 1024  # bytes; the parser takes time by the square of some lines

Verify: TypeAlias = Literal["inline", "queued"]
Trackback: TypeAlias = Literal["verified", "unverified"]
Approve: TypeAlias = Literal["known", "all"]
LogFormat: TypeAlias = Literal["plain", "json"]

_PUBLISH = ("publish",)
_SERVE = ("serve",)
_RECEIVE = ("serve", "worker")
_DECIDE = (*_RECEIVE, "reread")
COMMANDS = (  # of which each may have a table in the file
    *("discover", "links", "verify", "send", "publish", "outbox", "retry", "serve", "passwd", "token", "worker"),
    *("sweep", "mentions", "reread", "moderate", "prune", "db", "advertise", "doctor", "demo"),
)

POSTS = Group("Posts", _PUBLISH)
SITE = Group("Site", _DECIDE)
TARGETS = Group("Targets", _DECIDE)
SENDING = Group("Sending", _PUBLISH)
VERIFICATION = Group("Verification", _DECIDE)
LIMITS = Group("Limits", _DECIDE)
MODERATION = Group("Moderation", _DECIDE)
NOTIFICATIONS = Group("Notifications", _RECEIVE)
SERVER = Group("Server", _SERVE)
LOG = Group("Log and metrics", _RECEIVE)
WORKERS = Group("Workers", (*_RECEIVE, "sweep"))
GENERAL = Group("General options", COMMANDS)
GROUPS = (POSTS, SITE, TARGETS, SENDING, VERIFICATION, LIMITS, MODERATION, NOTIFICATIONS, SERVER, LOG, WORKERS, GENERAL)

# What names posts. One of them on the command line takes the place of all that the file and the environment name.
SOURCES = frozenset({"feeds", "sitemaps", "folder", "html"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the commands and a `pingback.Site` can be told, and what holds where they are not: safe on the internet."""

    feeds: tuple[str, ...] = setting(
        (), POSTS, "The posts of an RSS, Atom or JSON feed.", flag="--feed", of=texts("URL|FILE")
    )
    sitemaps: tuple[str, ...] = setting((), POSTS, "The pages of a sitemap.", flag="--sitemap", of=URL)
    folder: str | None = setting(
        None,
        POSTS,
        "The pages of a built static site that changed since the last time.",
        flag="--site",
        of=texts("DIR"),
    )
    html: str | None = setting(None, POSTS, "A post in a file.", of=texts("FILE"))
    base_url: str | None = setting(None, POSTS, "Where the folder or file will be found on the web.", of=URL)
    selector: str | None = setting(
        None,
        POSTS,
        "The post within its page.",
        of=texts("CSS"),
        commands=("publish", "links"),
        unset="its h-entry, <article> or <main>",
    )
    nofollow: bool = setting(False, POSTS, "Take links with rel=nofollow, too.", commands=("publish", "links"))
    include: tuple[str, ...] = setting(
        (), POSTS, "Only posts whose path is like this: '/posts/**'.", of=texts("PATTERN")
    )
    exclude: tuple[str, ...] = setting((), POSTS, "No posts whose path is like this.", of=texts("PATTERN"))
    since: datetime | None = setting(
        None,
        POSTS,
        "Of a site or sitemap, take older posts as told.",
        of=DATE,
        unset="30 days before the first run",
    )
    backfill: bool = setting(False, POSTS, "Send what was taken as told.")
    force: bool = setting(False, POSTS, "Send even for a post that is not public, or says noindex.")

    site: tuple[str, ...] = setting((), SITE, "Take pings for all pages below this address.", of=URL)
    at: str | None = setting(
        None,
        SITE,
        "Where senders reach `pingback serve`.",
        of=URL,
        commands=("advertise",),
        unset="the root of TARGET's host",
    )

    only: tuple[str, ...] = setting(
        (), TARGETS, "Only targets on hosts like this: '*.example'.", of=texts("PATTERN"), commands=_PUBLISH
    )
    excepted: tuple[str, ...] = setting(
        (), TARGETS, "No targets on hosts like this.", key="except", of=texts("PATTERN"), commands=_PUBLISH
    )
    check_targets: bool = setting(True, TARGETS, "Ask the site whether a target exists.")
    self_pings: bool = setting(
        True, TARGETS, "Pings between the site's own pages are sent and taken.", commands=(*_PUBLISH, *_DECIDE)
    )
    close_after: float | None = setting(
        None, TARGETS, "Take no pings for pages that were published longer ago.", of=AGE
    )

    protocol: Protocol | None = setting(
        None, SENDING, "Only by this protocol.", of=PROTOCOL, unset="auto, the first one that each target takes"
    )
    wait: float = setting(
        60.0, SENDING, "For hosts that take pings one by one.", of=SECONDS, commands=("publish", "retry", "reread")
    )
    again: bool = setting(False, SENDING, "Send once more what was sent for the SOURCEs, what was accepted included.")
    strict: bool = setting(False, SENDING, "End with 1 where a far side says no.", commands=("publish", "retry"))
    services: tuple[str, ...] = setting(
        (), SENDING, "An update service to tell of new posts.", flag="--service", of=URL
    )
    websub: bool = setting(False, SENDING, "Tell the hubs that the feed names of new posts.")

    verify: Verify | None = setting(
        None,
        VERIFICATION,
        "Verify before the answer or after it.",
        commands=_SERVE,
        unset="inline, but Webmentions queued",
    )
    answer_within: float = setting(
        2.5, VERIFICATION, "Verify what takes longer after the answer.", of=SECONDS, commands=_SERVE
    )
    trackback: Trackback = setting(
        "verified", VERIFICATION, "Unverified ones are kept as pending, with the sender's words."
    )
    reverify_after_days: float = setting(
        30.0,
        VERIFICATION,
        "Look again at the sources of old mentions, a few a minute; 0 for never.",
        of=DAYS,
        commands=_RECEIVE,
    )

    relays: tuple[str, ...] = setting(
        RELAYS,
        VERIFICATION,
        "A host that shows answers from elsewhere, whose addresses are believed; those named replace the default.",
        flag="--relay",
        of=HOST,
        commands=("verify", *_DECIDE),
    )

    rate: str = setting(
        "60/minute; 300/hour", LIMITS, "How often one sender may ping; 'off' for no limit.", of=RATE, commands=_SERVE
    )
    source_rate: str = setting(
        "10/minute", LIMITS, "How often the host of a source is asked at most; 'off' for no limit.", of=RATE
    )
    limits: str | None = setting(
        None,
        LIMITS,
        "Where processes count together how often: redis://…, database, or memory, where each counts alone.",
        flag=None,
        of=texts("URL"),
        secret=True,
        unset="database in PostgreSQL, else memory",
    )

    approve: Approve = setting("known", MODERATION, "Known: the first mention by anybody new waits for you.")
    approve_reactions: Approve | None = setting(
        None, MODERATION, "The same for likes and reposts, which show no more than a name.", unset="as approve"
    )
    block: tuple[str, ...] = setting((), MODERATION, "Take no pings from this host.", of=BLOCK)
    keep_days: float = setting(
        90.0,
        MODERATION,
        "Forget what was rejected, deleted or is spam after so many days; 0 for never.",
        of=DAYS,
        commands=_RECEIVE,
    )
    akismet_key: str | None = setting(None, MODERATION, "Ask Akismet, with this key.", flag=None, secret=True)
    akismet_site: str | None = setting(
        None, MODERATION, "The site that Akismet's key is for.", flag=None, of=URL, unset="the first site"
    )

    notify_mail: str | None = setting(
        None, NOTIFICATIONS, "Send a mail of new mentions, one an hour at most.", of=MAILBOX
    )
    smtp_url: str = setting(
        "smtp://localhost", NOTIFICATIONS, "The mail server: smtp://USER:PASSWORD@HOST:PORT.", flag=None, secret=True
    )
    notify_webhook: str | None = setting(None, NOTIFICATIONS, "POST each new mention to this URL, as JSON.", of=URL)
    notify_secret: str | None = setting(
        None, NOTIFICATIONS, "The key by which what goes to notify_webhook is signed.", flag=None, secret=True
    )

    host: str = setting("127.0.0.1", SERVER, "The address to listen at.", of=texts("HOST"))
    port: int = setting(8000, SERVER, "The port; 0 for any that is free.", of=PORT)
    trusted_proxies: tuple[str, ...] = setting(
        (),
        SERVER,
        "A proxy before us, whose X-Forwarded-For, -Proto and -Host are believed.",
        flag="--trusted-proxy",
        of=NETWORK,
    )

    log_format: LogFormat = setting("plain", LOG, "The log for people, or as JSON.")
    metrics: bool = setting(True, LOG, "Count and time, and answer at /metrics.", commands=_SERVE)

    broker: str | None = setting(
        None,
        WORKERS,
        "Have workers told of jobs by this broker: redis://… or amqp://….",
        flag=None,
        of=texts("URL"),
        secret=True,
        unset="none, threads of this process",
    )
    threads: int = setting(
        32, WORKERS, "Jobs at a time that one worker does for a broker.", of=COUNT, commands=("worker",)
    )

    json: bool = setting(False, GENERAL, "Print JSON, and nothing else, to standard output.")
    db: str = setting("sqlite:///pingback.db", GENERAL, "The database.", of=texts("URL"), secret=True)
    allow_networks: tuple[str, ...] = setting(
        (), GENERAL, "Exempt an address range from the address guard.", flag="--allow-network", of=NETWORK
    )
    timeout: float = setting(15.0, GENERAL, "For one HTTP exchange, redirects included.", of=TIMEOUT)
    ca_bundle: str | None = setting(None, GENERAL, "Certificates to trust instead of the usual ones.", of=texts("FILE"))
    verbose: bool = setting(False, GENERAL, "Say on standard error what is done.", flag="-v, --verbose")


class Keywords(TypedDict, total=False):
    """The settings that a `pingback.Site` takes by keyword, for `Unpack`.

    Type checkers see no fields of `Settings` here, so that they stand twice; a test compares the two.
    """

    at: str | None
    only: str | Iterable[str]
    excepted: str | Iterable[str]
    check_targets: bool
    self_pings: bool
    close_after: float | None
    selector: str | None
    nofollow: bool
    include: str | Iterable[str]
    exclude: str | Iterable[str]
    since: datetime | None
    backfill: bool
    force: bool
    protocol: str | None
    wait: float
    services: str | Iterable[str]
    websub: bool
    verify: Verify | None
    answer_within: float
    trackback: Trackback
    reverify_after_days: float
    relays: str | Iterable[str]
    rate: str
    source_rate: str
    limits: str | None
    approve: Approve
    approve_reactions: Approve | None
    block: str | Iterable[str]
    keep_days: float
    akismet_key: str | None
    akismet_site: str | None
    notify_mail: str | None
    smtp_url: str
    notify_webhook: str | None
    notify_secret: str | None
    trusted_proxies: str | Iterable[str]
    metrics: bool
    broker: str | None
    threads: int
    allow_networks: str | Iterable[str]
    timeout: float
    ca_bundle: str | None


TABLE = {each.name: setting_of(each) for each in fields(Settings)}
DEFAULTS = Settings()

_KEYS = {line.key: line for line in TABLE.values()}


def given(**values: object) -> Settings:
    """The settings that a program gives by keyword, and the defaults for all others.

    ValueError for a value that cannot be used, TypeError for a keyword that is no setting. A text in the place of
    several counts as one.
    """
    found: dict[str, object] = {}
    for name, value in values.items():
        line = TABLE.get(name)
        if line is None:
            raise TypeError(f"there is no setting {name!r}{_suggestion(name, TABLE)}")
        if value == line.default:
            continue
        if line.several and isinstance(value, Iterable):
            value = (value,) if isinstance(value, str) else tuple(value)
        try:
            found[name] = line.parse(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return Settings(**found)  # type: ignore[arg-type]  # the parsers give what the fields take


def load(
    options: Mapping[str, object],
    *,
    environ: Mapping[str, str],
    folder: Path,
    command: str | None = None,
    posts_named: bool = False,
) -> Settings:
    """The settings of this run: `options`, those given on the command line by the names of `Settings`, come first.

    Next come the environment, the file's table for this command, what its table `[publish]` says of posts, and the keys
    at its top. With `posts_named` the command line names posts otherwise than by an option.

    Raises SettingsError, which names the place, for a value that cannot be used and for an unknown key in the file.
    """
    found = _in_file(folder / FILE, command)
    for name, line in TABLE.items():
        if environ.get(line.environment):
            found[name] = _parsed(line, environ[line.environment], line.environment)
    if posts_named or not SOURCES.isdisjoint(options):
        found = {name: value for name, value in found.items() if name not in SOURCES}
    for name, value in options.items():
        found[name] = _parsed(TABLE[name], value, TABLE[name].flag or TABLE[name].key)
    return Settings(**found)  # type: ignore[arg-type]  # the parsers give what the fields take


def _in_file(path: Path, command: str | None) -> dict[str, object]:
    """What the file says by the names of `Settings`; all of it is checked, whatever the command.

    What `[publish]` says of posts and of what is sent for them holds for all who publish, as some do it later.
    """
    found: dict[str, object] = {}
    own: dict[str, object] = {}
    of_posts: dict[str, object] = {}
    for key, value in _read(path).items():
        if isinstance(value, dict):
            table = _in_table(key, value)
            own = table if key == command else own
            if key == "publish":
                of_posts = {name: said for name, said in table.items() if not _is_of_receivers(TABLE[name])}
        elif key in _KEYS:
            found[_KEYS[key].name] = _parsed(_KEYS[key], value, f"{FILE}: {key}")
        else:
            raise SettingsError(f"{FILE}: there is no setting {key!r}{_suggestion(key, _KEYS)}")
    return found | of_posts | own


def _is_of_receivers(line: Setting) -> bool:
    """Who takes pings can be told it, too, and may want it otherwise."""
    return not set(_RECEIVE).isdisjoint(line.commands)


def _in_table(command: str, table: Mapping[str, object]) -> dict[str, object]:
    if command not in COMMANDS:
        raise SettingsError(f"{FILE}: there is no command [{command}]{_suggestion(command, COMMANDS)}")
    lines = {spelling: line for line in TABLE.values() if command in line.commands for spelling in line.spellings}
    found: dict[str, object] = {}
    for key, value in table.items():
        line = lines.get(key.replace("-", "_"))
        if line is None:
            raise SettingsError(f"{FILE}: [{command}] has no option {key!r}{_suggestion(key, lines)}")
        if line.name in found:
            raise SettingsError(f"{FILE}: [{command}] {key}: {line.label} stands there twice")
        found[line.name] = _parsed(line, value, f"{FILE}: [{command}] {key}")
    return found


def _read(path: Path) -> dict[str, object]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would never end
            raise SettingsError(f"{FILE} cannot be read: it is no file")
        with path.open("rb") as file:
            written = file.read(MAX_FILE + 1)
        if len(written) > MAX_FILE:
            raise SettingsError(f"{FILE} cannot be read: it has more than {MAX_FILE} bytes")
        import tomllib  # takes 10 ms, and most have no file

        return tomllib.loads(written.decode("utf-8-sig").replace("\r\n", "\n"))  # as some editors of Windows write it
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:  # tomllib gives up on long numbers and on deep lists
        raise SettingsError(f"{FILE} cannot be read: {error}") from error


def _parsed(line: Setting, value: object, place: str) -> object:
    try:
        return line.parse(value)
    except ValueError as error:
        raise SettingsError(f"{place}: {error}") from None


def _suggestion(word: str, words: Iterable[str]) -> str:
    from difflib import get_close_matches  # only after a typing error

    nearest = get_close_matches(word, list(words), n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""
