"""`pingback.page.scanner`: how far a page is read that was made to cost CPU, and what it does not cost."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import get_ident

import pytest

from pingback.page.scanner import EVERY, MAX_NAMED, Passing, for_a_dom, scan

LINK = b'<a href="/last">x</a>'


class Elements:
    """Counts what passes, and sees whether the last link of the page did."""

    tags = ends = EVERY
    done = False

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0
        self.saw_last = False

    def element(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.begun += 1
        self.saw_last = self.saw_last or attributes.get("href") == "/last"

    def end(self, tag: str) -> None:
        self.ended += 1


def passed(page: bytes) -> Elements:
    elements = Elements()
    scan([page], Passing("https://other.example/"), [elements], charset="utf-8")
    return elements


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(b"<b>" * 40_000, id="only-opened"),
        pytest.param(b"<div>" * 400 + b"<p>a <i>b</i> c</p>" * 20_000 + b"</div>" * 400, id="400-deep"),
        pytest.param(b"<p>" * 90_000 + b"</b>" * 90_000, id="ends-of-nothing-in-a-flat-page"),
        pytest.param(b"<table><tr>" + b"<td>1</td>" * 100_000, id="dense"),
        pytest.param(b"<font>" * 300 + b"<p>a<br>b</i></p>" * 20_000, id="a-few-hundred-never-ended"),
    ],
)
def test_all_of_a_page_counts(page: bytes) -> None:
    assert passed(page + LINK).saw_last


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(b"<b>" * 100_000 + b"</i>" * 100_000, id="ends-of-nothing"),
        pytest.param(b"<b>" * 100_000 + b"<body>" * 50_000, id="second-bodies"),
        pytest.param((b"<b>" * 900 + b"</i>" * 700) * 180, id="a-little-deeper-each-time"),
        pytest.param(b"<%b>" % (b"a" * 40) * 10_000 + b"</%bb>" % (b"a" * 39) * 10_000, id="long-names"),
    ],
)
def test_a_page_ends_where_each_tag_is_a_long_walk(page: bytes) -> None:
    assert not passed(page + LINK).saw_last


@pytest.mark.parametrize(
    ("host", "base"),
    [
        pytest.param(f"{'a.' * 122}example", f"https://{'a.' * 122}example/b", id="251-letters"),
        pytest.param(f"u@{'a.' * 122}example:8080", f"https://u@{'a.' * 122}example:8080/b", id="with-user-and-port"),
        pytest.param(f"{'xn--9ca-a.' * 780}example", "about:blank", id="too-many-labels"),
        pytest.param("a" * 300, "about:blank", id="too-long-a-label"),
    ],
)
def test_a_base_whose_host_no_server_can_have(host: str, base: str) -> None:
    passing = Passing("https://other.example/")
    scan([f"<base href='https://{host}/b'>".encode()], passing, [Elements()], charset="utf-8")
    assert passing.base == base


def test_wherever_the_chunks_are_cut() -> None:
    page = b"<div>" * 5000 + b"<p>x</p>" * 100 + LINK
    cuts = [0, 1, 16_383, 16_384, 25_000, len(page)]
    elements = Elements()
    scan([page[start:stop] for start, stop in pairwise(cuts)], Passing("https://a.example/"), [elements], charset=None)
    assert (elements.begun, elements.saw_last) == (5103, True)


def test_of_a_page_that_is_too_large_for_a_dom_the_beginning_is_left() -> None:
    usual, large = b"<p>word</p>" * 1000, b"<p>" * 100_000
    assert for_a_dom(usual, 30_000) == usual
    left = for_a_dom(large, 30_000)
    assert large.startswith(left)
    assert 30_000 <= left.count(b"<p>") <= 36_000


class Places(Elements):
    """Sees in which threads a page is read."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[int] = set()

    def element(self, tag: str, attributes: Mapping[str, str]) -> None:
        super().element(tag, attributes)
        self.threads.add(get_ident())


def test_names_of_many_pages_are_let_go_of_with_their_threads() -> None:
    page = b"<p>" + b"word " * 200_000 + LINK

    def read() -> tuple[int, list[Places]]:
        pages = [Places() for _ in range(MAX_NAMED // len(page) + 2)]
        for places in pages:
            scan([page], Passing("https://other.example/"), [places], charset="utf-8")
        return get_ident(), pages

    with ThreadPoolExecutor(1) as thread:
        here, pages = thread.submit(read).result()
    assert all(places.saw_last for places in pages)
    assert (pages[0].threads, here in pages[-1].threads) == ({here}, False)


def test_what_fails_in_such_a_thread_is_told_where_the_page_was_asked_for() -> None:
    def cut_off() -> Iterator[bytes]:
        yield b"<p>x"
        raise TimeoutError("too slow")

    def read() -> None:
        scan([b"word " * (MAX_NAMED // 5 + 1)], Passing("https://other.example/"), [Elements()], charset="utf-8")
        scan(cut_off(), Passing("https://other.example/"), [Elements()], charset="utf-8")

    with ThreadPoolExecutor(1) as thread, pytest.raises(TimeoutError, match="too slow"):
        thread.submit(read).result()
