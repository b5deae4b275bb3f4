"""Writes the tables of docs/reference.md anew: `python -m tests.reference`. What stands around them is left as it is.

A table stands between `<!-- settings: GROUP -->` or `<!-- options -->` and `<!-- end -->`.
"""

import re
from importlib import import_module
from pathlib import Path

import click

from pingback.cli.options import SettingOption
from pingback.settings import COMMANDS, GENERAL, TABLE
from pingback.table import Setting

PAGE = Path(__file__).parents[1] / "docs" / "reference.md"
MARKED = re.compile(r"^(<!-- (settings|options)(?:: ([^\n]+?))? -->)\n.*?^(<!-- end -->)$", re.MULTILINE | re.DOTALL)


def page(text: str) -> str:
    """The page as it should be, made of how it is."""
    return MARKED.sub(_table, text)


def _table(marked: re.Match[str]) -> str:
    begin, what, group, end = marked.groups()
    lines = _options() if what == "options" else _settings(group)
    return "\n".join([begin, "", *lines, "", end])


def _settings(group: str) -> list[str]:
    rows = [_setting(line) for line in TABLE.values() if line.group.title == group]
    return ["| setting | option | environment | default | what |", "| --- | --- | --- | --- | --- |", *rows]


def _setting(line: Setting) -> str:
    option = "–" if line.flag is None else _code(line.label)
    is_value = line.default is not None and not isinstance(line.default, bool | tuple)
    default = _code(line.default_text) if is_value else line.default_text
    what = f"{line.help} May be repeated." if line.several and line.flag else line.help
    return f"| `{line.key}` | {option} | `{line.environment}` | {_cell(default) or '–'} | {_cell(what)} |"


def _options() -> list[str]:
    rows = [f"| `{command}` | {_options_of(command)} |" for command in COMMANDS]
    return ["| command | its options |", "| --- | --- |", *rows]


def _options_of(command: str) -> str:
    parsed: click.Command = import_module(f"pingback.cli.{command}").command
    options = [option for option in parsed.params if isinstance(option, click.Option)]
    labels = [_label(option) for option in options if not _is_general(option)]
    return ", ".join(map(_code, labels)) or "–"


def _is_general(option: click.Option) -> bool:
    return isinstance(option, SettingOption) and option.line.group == GENERAL


def _label(option: click.Option) -> str:
    if isinstance(option, SettingOption):
        return option.line.label
    words = option.metavar or option.type.get_metavar(option, click.Context(click.Command("")))
    return f"{option.opts[0]} {words or ''}".rstrip()


def _code(text: str) -> str:
    return f"`{_cell(text)}`"


def _cell(text: str) -> str:
    """What would end a cell, or begin an element, as letters."""
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
