"""The pictures of docs/inbox.md, made anew: `python -m tests.browser.screenshots`."""

import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.browser.fixture import opened, started
from tests.browser.scene import scene

FOLDER = Path(__file__).parents[2] / "docs/images"

_LAPTOP = {"viewport": {"width": 1160, "height": 820}, "color_scheme": "light"}
_PHONE = {"viewport": {"width": 360, "height": 720}, "color_scheme": "dark", "is_mobile": True}
_READER = {"locale": "en-GB", "timezone_id": "Europe/Amsterdam"}


class Picture(NamedTuple):
    """`path` is the page's below the inbox, `context` the browser that shows it, `selected` are the items to tick."""

    path: str
    context: dict[str, Any]
    selected: tuple[int, ...] = ()


PICTURES = {
    "inbox.png": Picture("", _LAPTOP, selected=(1, 3)),
    "inbox-phone.png": Picture("", _PHONE),
    "outbox.png": Picture("/outbox", _LAPTOP),
}


def take(folder: Path) -> list[Path]:
    """All pictures, into a folder; gives their files."""
    with started() as browser, scene() as garden:
        for name, picture in PICTURES.items():
            with opened(browser, **picture.context, **_READER) as page:
                garden.log_in(page)
                page.goto(garden.inbox + picture.path)
                for number in picture.selected:
                    page.locator(".item").nth(number).get_by_role("checkbox").check()
                page.evaluate("scrollTo(0, 0)")
                page.screenshot(path=folder / name)
    return [folder / name for name in PICTURES]


if __name__ == "__main__":
    for path in take(FOLDER):
        sys.stdout.write(f"{path.name}: {path.stat().st_size} bytes\n")
