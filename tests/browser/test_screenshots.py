"""`tests.browser.screenshots`: the pictures of the docs can be made, and those that are there are small."""

from pathlib import Path

from tests.browser.screenshots import FOLDER, PICTURES, take

MAX_BYTES = 150_000  # whoever clones the repository gets them all


def test_they_can_be_made_anew(tmp_path: Path) -> None:
    made = take(tmp_path)
    assert {path.name for path in made} == set(PICTURES)
    assert all(0 < path.stat().st_size <= MAX_BYTES for path in made)


def test_those_of_the_docs_are_there() -> None:
    assert {path.name for path in FOLDER.glob("*.png")} >= set(PICTURES)
    assert all(path.stat().st_size <= MAX_BYTES for path in FOLDER.glob("*.png"))
