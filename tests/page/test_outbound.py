"""`pingback.page.outbound`: the figure that tells link farms."""

import pytest

from pingback.page.outbound import outbound_in

URL = "https://a.example:8443/post"


@pytest.mark.parametrize(
    ("page", "number"),
    [
        pytest.param("<p>none", 0, id="none"),
        pytest.param('<a href="https://b.example/">b</a><a href="http://c.example">c</a>', 2, id="both-schemes"),
        pytest.param("<a class=x\nhref=https://b.example>b</a>", 1, id="no-quotes"),
        pytest.param("<a title='x' href='https://b.example?x'>b</a>", 1, id="single-quotes"),
        pytest.param('<a href="/b">b</a><a href="b">b</a><a href="#b">b</a>', 0, id="relative"),
        pytest.param('<a href="https://a.example/b">b</a><a href="http://a.example:80/">b</a>', 0, id="own-host"),
        pytest.param('<a href="https://a.example.b.example/">b</a>', 1, id="own-host-as-a-beginning"),
        pytest.param('<a href="https://a.example">b</a><a href=https://a.example>b</a>', 0, id="own-root"),
        pytest.param('<img src="https://b.example/">', 0, id="images-lead-nowhere"),
        pytest.param('<a href="https://b.example/">b</a>' * 1000, 1000, id="all-of-them"),
        pytest.param('<a href="https://b.example/">' + "x" * 2**16 + '<a href="https://b.example/">', 1, id="bounded"),
    ],
)
def test_outbound(page: str, number: int) -> None:
    assert outbound_in(page.encode(), URL) == number
