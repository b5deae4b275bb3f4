"""`pingback advertise`."""

import pytest

from tests.cli.conftest import Run

TARGET = "https://blog.example/part-five"


def test_in_words(run: Run) -> None:
    done = run("advertise", TARGET, "--title", "Part five")
    assert (done.code, done.err) == (0, "")
    headers, html, rdf = done.out.rstrip("\n").split("\n\n")
    assert headers.splitlines() == [
        "X-Pingback: https://blog.example/xmlrpc",
        'Link: <https://blog.example/webmention>; rel="webmention"',
    ]
    assert html.splitlines() == [
        '<link rel="pingback" href="https://blog.example/xmlrpc">',
        '<link rel="webmention" href="https://blog.example/webmention">',
    ]
    assert 'dc:title="Part five"' in rdf


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        pytest.param(("--at", "https://pings.example/"), {}, id="option"),
        pytest.param((), {"PINGBACK_AT": "https://pings.example/"}, id="environment"),
    ],
)
def test_in_json(run: Run, arguments: tuple[str, ...], environ: dict[str, str]) -> None:
    done = run("advertise", TARGET, "--json", *arguments, environ=environ)
    [printed] = done.printed
    assert list(printed) == ["headers", "html", "rdf"]
    assert printed["headers"]["X-Pingback"] == "https://pings.example/xmlrpc"
    assert "https://pings.example/trackback/part-five" in printed["rdf"]


@pytest.mark.parametrize("arguments", [("/five",), (TARGET, "--at", "five"), ()])
def test_wrong_usage(run: Run, arguments: tuple[str, ...]) -> None:
    done = run("advertise", *arguments)
    assert (done.code, done.out) == (2, "")
