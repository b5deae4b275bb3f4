"""What a package index shows of the project: README, where no file is beside it."""

import re
from email import message_from_bytes
from pathlib import Path

import hatchling.build
import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()

_ATTRIBUTE = re.compile(r"""(?:href|src)\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def description(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(ROOT)  # where a build backend is called (PEP 517)
    folder = hatchling.build.prepare_metadata_for_build_wheel(str(tmp_path))
    message = message_from_bytes((tmp_path / folder / "METADATA").read_bytes())
    assert message["Description-Content-Type"] == "text/markdown"
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def links(markdown: str) -> list[str]:
    """Whatever a reader could follow, and each image that is loaded."""
    inline = [child for token in MarkdownIt().parse(markdown) for child in [token, *(token.children or [])]]
    found = [str(value) for token in inline for name, value in token.attrs.items() if name in ("href", "src")]
    return found + [
        link for token in inline if token.type.startswith("html") for link in _ATTRIBUTE.findall(token.content)
    ]


def test_the_check_knows_a_link_when_it_sees_one() -> None:
    text = "[a](docs/a.md) ![b](b.png) [c] <a href='d.md'>d</a>\n\n<img src=e.png>\n\n[c]: c.md\n"
    assert links(text) == ["docs/a.md", "b.png", "c.md", "d.md", "e.png"]


def test_no_link_on_the_index_leads_nowhere(description: str) -> None:
    assert [link for link in links(README) if not link.startswith("https://")] != []
    assert [link for link in links(description) if not link.startswith("https://")] == []
    assert "a client that guards every connection (`docs/guard.md`)" in description
    assert description.endswith("\nThe files named here are part of the source distribution.\n")


def test_what_is_named_is_a_file(description: str) -> None:
    named = re.findall(r"\(`([^`]+)`\)", description)
    assert len(named) == len([link for link in links(README) if not link.startswith("https://")])
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_examples_stay_as_they_are(description: str) -> None:
    assert _FENCED.findall(description) == _FENCED.findall(README) != []
