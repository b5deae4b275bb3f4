"""Two of our own sites: `pingback send` for the post of the one, `pingback serve` for the page of the other."""

from pathlib import Path

import pytest

from tests.loopback import Site, page
from tests.paths.programs import Serving, pingback


@pytest.mark.parametrize("by_header", [pytest.param(True, id="header"), pytest.param(False, id="link")])
def test_sent_taken_and_the_second_time_known(tmp_path: Path, by_header: bool) -> None:
    with Site() as theirs, Site() as ours, Serving(tmp_path, f"{theirs.url}/") as serving:
        source, target = f"{ours.url}/zw%C3%B6lf?x=1&y=2", f"{theirs.url}/5?a=1&b=2"
        if by_header:
            theirs.pages["/5?a=1&b=2"] = page(b"<title>Five</title>", headers={"X-Pingback": serving.endpoint})
        else:
            theirs.pages["/5?a=1&b=2"] = page(f'<link rel="pingback" href="{serving.endpoint}">'.encode())
        ours.pages["/zw%C3%B6lf?x=1&y=2"] = page(
            "<title>Zwölf Schläge, 十二</title><p>As in"
            f' <a href="{theirs.url}/5?a=1&amp;b=2#top">part five</a> &amp; elsewhere.'.encode()
        )
        first, again = (pingback(tmp_path, "send", source, target) for _ in range(2))
        [mention] = pingback(tmp_path, "mentions", target, "--status", "approved").printed

    assert [
        (done.code, done.err, [(outcome["status"], outcome["fault"], outcome["endpoint"]) for outcome in done.printed])
        for done in (first, again)
    ] == [
        (0, "", [("accepted", None, serving.endpoint)]),
        (0, "", [("already", 48, serving.endpoint)]),
    ]
    assert first.printed[0]["message"] == f"Pingback from {source} to {target} registered."
    assert (mention["source"], mention["target"], mention["protocol"]) == (source, target, "pingback")
    assert (mention["title"], mention["excerpt"]) == ("Zwölf Schläge, 十二", "As in part five & elsewhere.")


def test_withdrawn_links_and_missing_ones_are_refused(tmp_path: Path) -> None:
    with Site() as theirs, Site({"/6": page(b"<p>no link")}) as ours, Serving(tmp_path, f"{theirs.url}/") as serving:
        theirs.pages["/5"] = page(headers={"X-Pingback": serving.endpoint})
        done = pingback(tmp_path, "send", f"{ours.url}/6", f"{theirs.url}/5")
        assert serving.mentions() == []
    assert (done.code, [(outcome["status"], outcome["fault"]) for outcome in done.printed]) == (1, [("refused", 17)])
