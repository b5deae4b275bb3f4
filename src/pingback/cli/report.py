"""How outgoing pings are told: by JSON lines, on a terminal by a bar and a table, else only where a run went wrong."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import click

from pingback.cli.options import NO, UNREACHABLE, exit_code_of, print_json
from pingback.clock import now
from pingback.errors import FetchError, PingbackError
from pingback.model import Outcome, OutcomeStatus
from pingback.text import plain
from pingback.urls import host_of

if TYPE_CHECKING:
    from pingback.sending.values import Taken
    from pingback.store import Outbox
    from pingback.work import QueuedPing

WRONG = frozenset({OutcomeStatus.FAILED, OutcomeStatus.REFUSED, OutcomeStatus.GONE, OutcomeStatus.BLOCKED})
NOES = WRONG - {OutcomeStatus.FAILED}  # after these nothing more happens by itself
SHOWN_HOSTS = 3  # that are waited for, those with the most pings
_KINDS = {"no page": "other file"}
_DONE = frozenset({OutcomeStatus.ACCEPTED, OutcomeStatus.ALREADY})


class Report:
    """Tells of outcomes as they come, and keeps count. To be used by `with`.

    What far sides say no to, and what is tried again, is no failure of the run: without a terminal there is nothing to
    say of it. `strict`: a no is one.
    """

    def __init__(self, *, as_json: bool, strict: bool = False, outbox: "Outbox") -> None:
        self._as_json = as_json
        self._strict = strict
        self._outbox = outbox
        self._bar: _Bar | None = None
        self._counts: Counter[tuple[str, OutcomeStatus]] = Counter()
        self._codes: set[int] = set()
        self._blocked: str | None = None
        self._rest = _Rest()

    def tell(self, outcome: Outcome) -> None:
        self._counts[outcome.protocol or "", outcome.status] += 1
        if self._as_json:
            print_json(outcome.as_json())
        elif outcome.status in WRONG:
            line = f"{outcome.status}: {outcome.source} -> {outcome.target}: {outcome.message}"
            if self._bar is not None or (self._strict and outcome.status in NOES):
                self._say(line)
            elif outcome.status is OutcomeStatus.BLOCKED:
                self._blocked = line
        if self._bar is not None:
            self._bar.ended(outcome)

    def show(self, outcome: Outcome) -> None:
        """What would be sent, at once, and all else behind it: `show_rest`."""
        if self._as_json and outcome.protocol is None:
            self._rest.outcomes.append(outcome)
            return
        if self._as_json:
            self.tell(outcome)
            return
        if outcome.target is None:  # of a post as a whole, which `show_taken` hears of
            return
        self._counts[outcome.protocol or "", outcome.status] += 1
        if outcome.status in WRONG:
            self._rest.lines.append(f"{outcome.status}: {outcome.source} -> {outcome.target}: {outcome.message}")
        elif outcome.protocol is not None:
            click.echo(f"{outcome.source} -> {outcome.target}: {outcome.message}")

    def show_rest(self) -> None:
        """What would not be sent, and how much."""
        for outcome in self._rest.outcomes:
            self.tell(outcome)
        if not self._as_json:
            sent = sum(count for (protocol, _), count in self._counts.items() if protocol)
            others = [f"{count} {status}" for (protocol, status), count in sorted(self._counts.items()) if not protocol]
            self._say(f"{_many(sent, 'ping')} would be sent{'; left out: ' if others else ''}{', '.join(others)}")
        for line in (*self._rest.lines, *self._rest.counts()):
            self._say(line)

    def taken(self, taken: "Taken") -> None:
        """A post whose pings are to come, or to which none is sent."""
        self.note(taken)
        source = taken.publication.source
        if taken.is_planned and not self._as_json:  # the JSON lines tell it anyhow
            for left_out in taken.skipped:
                self._say(f"{source}: {left_out.message}")
        # A job that runs each night has nobody to tell that all is as it was.
        elif not taken.is_planned and taken.error is None and taken.skipped and taken.as_told is None:
            self.aside(f"nothing is sent for {source}: {taken.skipped[0].message}")
        if taken.nothing is not None and not taken.is_settled and taken.publication.root is None:
            self.aside(f"nothing is sent for {source}: {taken.nothing}")
        for each in taken.sources:
            self.expect_due(each)

    def aside(self, sentence: str) -> None:
        """What else is not published: to a person who looks on."""
        if self._bar is not None:
            self._say(sentence)

    def show_aside(self, sentence: str) -> None:
        """As `aside`, in a dry run."""
        self._rest.lines.append(sentence)

    def show_taken(self, taken: "Taken") -> None:
        """A post in a dry run."""
        self.note(taken)
        source = taken.publication.source
        if taken.left_out is not None:
            self._rest.lines.append(f"{source} is left out: {taken.left_out}")
        elif not taken.is_planned and taken.error is None and taken.skipped and taken.as_told is None:
            self._rest.lines.append(f"nothing is sent for {source}: {taken.skipped[0].message}")
        elif taken.nothing is not None and not taken.is_settled and taken.publication.root is None:
            self._rest.lines.append(f"nothing is sent for {source}: {taken.nothing}")

    def note(self, taken: "Taken") -> None:
        """A post that could not be read, or of which nothing is sent."""
        self._rest.add(taken)
        if taken.error is not None:
            self._codes.add(exit_code_of(taken.error))
            self._say(f"nothing is sent for {taken.publication.source}: {taken.error}")

    def unread(self, name: str, error: PingbackError) -> None:
        """A feed or sitemap that could not be read."""
        self._codes.add(exit_code_of(error) if isinstance(error, FetchError) else NO)
        click.echo(f"pingback: {plain(str(error))}", err=True)

    def expect_due(self, source: str | None = None) -> None:
        """The pings of a post, or all, that are due are to come."""
        self.expect(self._outbox.pings(source=source, due_before=now()))

    def expect(self, pings: "Iterable[QueuedPing]") -> None:
        """These are to come, but for those that were accepted."""
        if self._bar is not None:
            self._bar.expect(ping.target for ping in pings if ping.status not in _DONE)

    def _say(self, line: str) -> None:
        """A line for a person, which leaves the bar where it is."""
        if self._bar is not None:
            self._bar.say(plain(line))
        else:
            click.echo(plain(line), err=self._as_json)

    @contextmanager
    def running(self) -> Iterator[None]:
        """While pings go out: with a bar where somebody is looking, and a table in the end."""
        if self._as_json or sys.stderr is None or not sys.stderr.isatty():
            yield
            if self._is_all_blocked and self._blocked is not None:
                self._say(self._blocked)
            for line in self._rest.told():
                self._say(line)
            return
        with _Bar() as self._bar:
            yield
        self._bar = None
        _show_table(self._counts)
        for line in self._rest.counts():
            self._say(line)

    @property
    def exit_code(self) -> int:
        is_no = self._strict and any(status in NOES for _, status in self._counts)
        return NO if is_no or self._is_all_blocked else self.unread_code

    @property
    def _is_all_blocked(self) -> bool:
        return {status for _, status in self._counts} == {OutcomeStatus.BLOCKED}

    @property
    def unread_code(self) -> int:
        """The exit code for what could not be read: a page that said no counts before one that was not reached."""
        return next((code for code in (NO, UNREACHABLE) if code in self._codes), 0)


class _Rest:
    """What is not sent, and why."""

    def __init__(self) -> None:
        # Of a dry run, behind what would be sent.
        self.lines: list[str] = []
        self.outcomes: list[Outcome] = []
        self._kinds: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        self._others: Counter[str] = Counter()

    def add(self, taken: "Taken") -> None:
        if taken.left_out is not None:
            self._kinds[taken.left_out.kind] += 1
        elif taken.as_told is not None:
            self._told[taken.as_told] += 1
        elif taken.nothing is not None:
            self._others["nothing"] += 1
        elif taken.is_settled:
            self._others["as it was"] += 1
        if taken.post is not None:
            self._others["nofollow"] += taken.post.nofollow

    def told(self) -> Iterator[str]:
        """Of a first run, which a person has to know of in any case."""
        for kind, number in self._told.items():
            yield f"{_many(number, 'post')} {kind}: taken as told, --backfill sends what they link to"

    def counts(self) -> Iterator[str]:
        if number := self._others["as it was"]:
            yield f"as they were before: {_many(number, 'post')}"
        if number := self._others["nothing"]:
            yield f"without a link that is to be told: {_many(number, 'post')}"
        if number := self._others["nofollow"]:
            yield f"left out for rel=nofollow: {_many(number, 'link')}, --nofollow takes them"
        yield from self.told()
        if number := self._kinds.total():
            kinds = ", ".join(_many(number, _KINDS.get(kind, kind)) for kind, number in self._kinds.most_common())
            yield f"{_many(number, 'page')} {'is no post' if number == 1 else 'are no posts'}: {kinds}"


def _many(number: int, noun: str) -> str:
    """Of 1 copy, and of 2 copies."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun.removesuffix('y')}ies" if noun.endswith("y") else f"{number} {noun}s"


class _Bar:
    """A progress bar on standard error: done, accepted, failed, and which hosts are waited for."""

    def __init__(self) -> None:
        from rich.console import Console  # 60 ms, for a terminal only
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.table import Column

        rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")  # of the line: a narrow one shows fewer hosts
        self._progress = Progress(
            TextColumn("pings"),
            BarColumn(bar_width=20, table_column=Column(min_width=20)),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn(
                "{task.fields[accepted]} accepted, {task.fields[wrong]} failed", table_column=Column(no_wrap=True)
            ),
            TextColumn("{task.fields[waiting]}", style="dim", markup=False, table_column=rest),
            console=Console(stderr=True),
            transient=True,
            expand=True,
        )
        self._task = self._progress.add_task("pings", total=0, accepted=0, wrong=0, waiting="")
        self._waiting: Counter[str] = Counter()  # by host
        self._total = self._accepted = self._wrong = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def expect(self, targets: Iterable[str]) -> None:
        hosts = Counter(map(host_of, targets))
        self._waiting += hosts
        self._total += hosts.total()
        self._progress.update(self._task, total=self._total, waiting=self._hosts())

    def ended(self, outcome: Outcome) -> None:
        if outcome.target is None or not self._waiting[host_of(outcome.target)]:
            return  # it was not to be sent, and is only told
        self._waiting[host_of(outcome.target)] -= 1
        self._accepted += outcome.status in _DONE
        self._wrong += outcome.status in WRONG
        self._progress.update(self._task, advance=1, accepted=self._accepted, wrong=self._wrong, waiting=self._hosts())

    def _hosts(self) -> str:
        waiting = [f"{host} {count}" for host, count in self._waiting.most_common(SHOWN_HOSTS) if count]
        return f"waiting for {', '.join(waiting)}" if waiting else ""

    def say(self, line: str) -> None:
        self._progress.console.print(line, markup=False, highlight=False)


def _show_table(counts: Counter[tuple[str, OutcomeStatus]]) -> None:
    from rich.console import Console
    from rich.table import Table

    if not counts:
        click.echo("nothing to send")
        return
    table = Table("protocol", "status", "pings")
    table.columns[2].justify = "right"
    for (protocol, status), count in sorted(counts.items()):
        table.add_row(protocol or "–", status, str(count))
    Console().print(table)
