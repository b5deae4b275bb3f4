"""`pingback.receive.blocklist`: which pages a block is of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.receive.blocklist import block_of, blocks, hosts_above


@pytest.mark.parametrize(
    ("text", "block"),
    [
        pytest.param("spam.example", "spam.example", id="host"),
        pytest.param(" SPAM.Example/ ", "spam.example", id="case-space-slash"),
        pytest.param("spam.example.", "spam.example", id="final-dot"),
        pytest.param("bücher.example", "xn--bcher-kva.example", id="idn"),
        pytest.param("https://spam.example/", "spam.example", id="url"),
        pytest.param("HTTP://spam.example/%7Ebad", "spam.example/~bad", id="url-with-path"),
        pytest.param("spam.example/a/../~bad/", "spam.example/~bad", id="folder"),
        pytest.param("*.spam.example", "*.spam.example", id="pattern"),
        pytest.param("*/casino*", "*/casino*", id="pattern-in-the-path"),
        pytest.param("0x7f.1", "127.0.0.1", id="odd-address"),
        pytest.param("\u212aernel.example", "kernel.example", id="kelvin-sign"),
    ],
)
def test_normal_form(text: str, block: str) -> None:
    assert block_of(text) == block
    assert block_of(block) == block


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("/path", id="only-a-path"),
        pytest.param("ftp://spam.example/", id="another-scheme"),
        pytest.param("http\u017f://spam.example/", id="a-scheme-with-a-long-s"),
        pytest.param("spam example", id="space"),
        pytest.param("spam.example:8080", id="port"),
        pytest.param("me@spam.example", id="credentials"),
        pytest.param("spam.example/?p=5", id="query"),
        pytest.param("spam.example/#top", id="fragment"),
        pytest.param("spam.example/" + "a" * 500, id="too-long"),
    ],
)
def test_what_is_no_block(text: str) -> None:
    with pytest.raises(ValueError, match=r"HOST/PATH|at most 500"):
        block_of(text)


_SOURCE = "https://www.spam.example/~bad/casino-royal?p=5"


@pytest.mark.parametrize(
    ("block", "blocked"),
    [
        pytest.param("spam.example", True, id="host-above"),
        pytest.param("www.spam.example", True, id="host"),
        pytest.param("example", True, id="all-of-a-domain"),
        pytest.param("ww.spam.example", False, id="another-host"),
        pytest.param("pam.example", False, id="part-of-a-label"),
        pytest.param("spam.exampl", False, id="part-of-the-end"),
        pytest.param("spam.example/~bad", True, id="folder"),
        pytest.param("spam.example/~ba", False, id="part-of-a-folder-s-name"),
        pytest.param("spam.example/~bad/casino-royal", True, id="page"),
        pytest.param("spam.example/~bad/casino-royal/5", False, id="below-the-page"),
        pytest.param("spam.example/~BAD", False, id="paths-have-case"),
        pytest.param("*", True, id="everybody"),
        pytest.param("*.example", True, id="pattern-over-labels"),
        pytest.param("w*.spam.*", True, id="several-stars"),
        pytest.param("w*.ham.*", False, id="several-stars-not-this"),
        pytest.param("*pam.example", True, id="pattern-within-a-label"),
        pytest.param("*/~bad", True, id="folder-on-any-host"),
        pytest.param("*/casino*", False, id="a-path-begins-at-the-root"),
        pytest.param("*/*casino*", True, id="words-in-the-path"),
        pytest.param("*/*sino*roy*l", True, id="more-words"),
        pytest.param("*/*royal*sino*", False, id="words-in-order"),
    ],
)
def test_blocks(block: str, blocked: bool) -> None:
    assert blocks(block_of(block), _SOURCE) is blocked


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("http://spam.example", id="scheme"),
        pytest.param("https://SPAM.example.:8443/x", id="final-dot-case-and-port"),
        pytest.param("https://spam.example/%0A/x", id="escaped-line-break"),
    ],
)
def test_no_spelling_escapes_a_block(source: str) -> None:
    assert blocks("spam.example", source)


@given(st.lists(st.sampled_from(["*", "a", "ab", "-"]), min_size=1, max_size=8), st.text("ab-", min_size=1))
def test_stars_stand_for_any_letters(pieces: list[str], text: str) -> None:
    """A simple reader as the measure: what of the text is left after each piece."""
    left = {text}
    for piece in pieces:
        if piece == "*":
            left = {rest[start:] for rest in left for start in range(len(rest) + 1)}
        else:
            left = {rest.removeprefix(piece) for rest in left if rest.startswith(piece)}
    block, source = block_of(f"a.example/x{''.join(pieces)}"), f"https://a.example/x{text}"
    assert blocks(block, source) is ("" in left)


def test_long_urls_take_no_time() -> None:
    """With backtracking this would take longer than anybody's life."""
    assert not blocks(block_of("*/" + "*a" * 20 + "*b"), "https://a.example/" + "a" * 8000)


def test_hosts_that_a_block_can_name() -> None:
    assert hosts_above("https://a.b.example./x") == ["a.b.example", "b.example", "example", ""]
