"""`pingback.page.outbound`: the figure that tells link farms."""

import pytest

from pingback.page.outbound import outbound_in

URL = "https://a.example:8443/post"


@pytest.mark.parametrize(
    ("page", "number"),
    [
        pytest.param("<p>none", 0, id="none"),
        pytest.param('<a href="https://b.example/">b</a><a href="http://c.example">c</a>', 2, id="both-schemes"),
        pytest.param("<A CLASS=x\nHREF=HTTPS://B.EXAMPLE>b</A>", 1, id="upper-case-and-no-quotes"),
        pytest.param("<a title='x' href='https://b.example?x'>b</a>", 1, id="single-quotes"),
        pytest.param('<a href="/b">b</a><a href="b">b</a><a href="#b">b</a>', 0, id="relative"),
        pytest.param('<a href="https://A.example/b">b</a><a href="http://a.example:80/">b</a>', 0, id="own-host"),
        pytest.param('<a href="https://a.example.b.example/">b</a>', 1, id="own-host-as-a-beginning"),
        pytest.param('<link href="https://b.example/"><img src="https://b.example/">', 0, id="no-anchors"),
        pytest.param('<a href="https://b.example/">b</a>' * 1000, 1000, id="all-of-them"),
    ],
)
def test_outbound(page: str, number: int) -> None:
    assert outbound_in(page.encode(), URL) == number


@pytest.mark.parametrize("piece", [b"<a ", b"<a href=", b"<a x", b"<a href=http://", b"<a \xff"])
def test_a_hostile_page_takes_no_longer_than_its_size(piece: bytes) -> None:
    """With a second look at what was passed over, a megabyte would take minutes."""
    assert outbound_in(piece * (1024 * 1024 // len(piece)), URL) < 2
