"""The options that are made from the table of settings, and the help that shows them."""

import re

import click
import pytest

from pingback.cli.group import main
from tests.cli.conftest import Run

GENERAL = ["--json", "--db", "--allow-network", "--timeout", "--ca-bundle", "-v", "-h"]

RETRY = """\
Usage: pingback retry [OPTIONS]

  Send what is due: pings that failed before and whose time has come, those that
  a crash left behind, and those of posts that a program left to be published.

  With --source, --target or --status, what matches is sent now, as with --all.

Options:
  --all                 Send now whatever was not accepted, final outcomes
                        included.
  --source URL          Only the pings of this post.
  --target URL          Only the pings to this page.
  --status [accepted|waiting|already|refused|unsupported|failed|gone|blocked|skipped]
                        Only the pings with this status.
  --wait SECONDS        For hosts that take pings one by one. [default: 60]
  --strict              End with 1 where a far side says no.

General options:
  --json                Print JSON, and nothing else, to standard output.
  --db URL              The database. [default: sqlite:///pingback.db]
  --allow-network CIDR  Exempt an address range from the address guard. May be
                        repeated.
  --timeout SECONDS     For one HTTP exchange, redirects included. [default: 15]
  --ca-bundle FILE      Certificates to trust instead of the usual ones.
  -v, --verbose         Say on standard error what is done.
  -h, --help            Show this message and exit.

  Example: pingback retry --status unsupported
"""


def sections(help_text: str) -> dict[str, list[str]]:
    """The options below each heading."""
    found: dict[str, list[str]] = {}
    for line in help_text.splitlines():
        if heading := re.fullmatch(r"(\w.*):", line):
            found[heading[1]] = options = []
        elif option := re.match(r"  (\S+?),? ", line):
            options.append(option[1]) if found and option[1] != "Example:" else None
    return found


def test_the_help_of_a_command_with_one_group_of_settings(run: Run) -> None:
    assert run("retry", "--help").out == RETRY


def test_help_has_a_short_name_in_whatever_context_it_was_first_asked_for(run: Run) -> None:
    command = main.get_command(click.Context(main), "retry")
    assert command is not None
    command.make_context("retry", [], parent=click.Context(click.Group()))
    assert run("retry", "-h").out == RETRY


@pytest.mark.parametrize(
    ("command", "headings"),
    [
        pytest.param("discover", {"Options": ["--protocol"]}, id="discover"),
        pytest.param("links", {"Options": ["--base-url", "--selector", "--nofollow"]}, id="links"),
        pytest.param("mentions", {"Options": ["--status"]}, id="mentions"),
        pytest.param("passwd", {}, id="passwd"),
        pytest.param("advertise", {"Options": ["--title", "--at"]}, id="advertise"),
        pytest.param(
            "publish",
            {
                "Options": ["--gone", "--dry-run"],
                "Posts": [
                    *("--feed", "--sitemap", "--site", "--html", "--base-url", "--selector", "--nofollow"),
                    *("--include", "--exclude", "--since", "--backfill", "--force"),
                ],
                "Targets": ["--only", "--except", "--[no-]self-pings"],
                "Sending": ["--protocol", "--wait", "--again", "--strict", "--service", "--websub"],
            },
            id="publish",
        ),
        pytest.param(
            "serve",
            {
                "Site": ["--site"],
                "Targets": ["--[no-]check-targets", "--[no-]self-pings", "--close-after"],
                "Verification": ["--verify", "--answer-within", "--trackback", "--reverify-after-days", "--relay"],
                "Limits": ["--rate", "--source-rate"],
                "Moderation": ["--approve", "--approve-reactions", "--block", "--keep-days"],
                "Notifications": ["--notify-mail", "--notify-webhook"],
                "Server": ["--host", "--port", "--trusted-proxy"],
                "Log and metrics": ["--log-format", "--[no-]metrics"],
                "In pingback.toml or the environment only": [
                    "limits",
                    "akismet_key",
                    "akismet_site",
                    "smtp_url",
                    "notify_secret",
                    "broker",
                ],
            },
            id="serve",
        ),
    ],
)
def test_options_stand_under_their_headings_and_the_general_ones_come_last(
    run: Run, command: str, headings: dict[str, list[str]]
) -> None:
    found = sections(run(command, "--help").out)
    assert list(found.items()) == [*headings.items(), ("General options", GENERAL)]


@pytest.mark.parametrize("command", ["serve", "publish", "worker"])
def test_help_fits_80_columns(run: Run, command: str) -> None:
    help_text = run(command, "--help").out
    assert max(map(len, help_text.splitlines())) <= 80
    assert not re.search(r"\[default:$", help_text, re.MULTILINE)


def test_the_list_of_commands_fits_80_columns(run: Run) -> None:
    assert max(map(len, run("--help").out.splitlines())) <= 80


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(
            "--rate N/minute How often one sender may ping; 'off' for no limit. [default: 60/minute;", id="text"
        ),
        pytest.param("--port N The port; 0 for any that is free. [default: 8000]", id="number"),
        pytest.param("--[no-]metrics Count and time, and answer at /metrics. [default: yes]", id="switch"),
        pytest.param(
            "--verify [inline|queued] Verify before the answer or after it. [default: inline, but", id="unset"
        ),
        pytest.param("--site URL Take pings for all pages below this address. May be repeated.", id="several"),
        pytest.param("--notify-mail ADDRESS Send a mail of new mentions, one an hour at most. --", id="no-default"),
        pytest.param("--json Print JSON, and nothing else, to standard output. --db URL", id="off"),
    ],
)
def test_help_says_what_holds_by_default(run: Run, said: str) -> None:
    assert said in " ".join(run("serve", "--help").out.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(("serve", "--notify-mial", "a@b.c"), "'--notify-mail'", id="serve"),
        pytest.param(("publish", "--feeed", "feed.xml"), "Did you mean '--feed'?", id="publish"),
        pytest.param(("mentions", "--jsno"), "'--json'", id="general"),
    ],
)
def test_a_misspelt_option_gets_a_suggestion(run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


@pytest.mark.parametrize("option", ["--akismet-key", "--notify-secret", "--smtp-url"])
def test_no_secret_can_stand_on_the_command_line(run: Run, option: str) -> None:
    done = run("serve", option, "x")
    assert (done.code, done.out) == (2, "")
    assert "No such option" in done.err
