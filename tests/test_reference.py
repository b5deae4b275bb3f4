"""The tables of docs/reference.md are those of the settings and the commands."""

from pingback.settings import GROUPS
from tests.reference import MARKED, PAGE, page


def test_every_group_of_settings_has_its_table() -> None:
    marked = [(what, group) for _, what, group, _ in MARKED.findall(PAGE.read_text())]
    assert sorted(marked) == sorted([("options", ""), *(("settings", group.title) for group in GROUPS)])


def test_the_page_is_what_would_be_written() -> None:
    text = PAGE.read_text()
    assert text == page(text), "python -m tests.reference writes it anew"


def test_what_stands_around_the_tables_is_left_as_it_is() -> None:
    text = "before\n<!-- settings: Site -->\nstale\n<!-- end -->\nbetween\n<!-- other -->\n<!-- end -->\n"
    written = page(text)
    assert written.startswith(
        "before\n<!-- settings: Site -->\n\n| setting | option | environment | default | what |\n"
    )
    assert "stale" not in written
    assert written.endswith("|\n\n<!-- end -->\nbetween\n<!-- other -->\n<!-- end -->\n")
    assert page(written) == written
