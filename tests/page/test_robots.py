"""Whether a page wants to be found (Google's robots specifications)."""

import pytest

from pingback.page.robots import RobotsCollector, says_noindex
from pingback.page.scanner import Passing, scan


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param([], False, id="none-at-all"),
        pytest.param(["noindex"], True, id="noindex"),
        pytest.param(["none"], True, id="none"),
        pytest.param(["nofollow, NoIndex"], True, id="of-several-rules"),
        pytest.param(["all", "noindex"], True, id="of-several-fields"),
        pytest.param(["noindexing, index, nofollow"], False, id="other-rules"),
        pytest.param(["googlebot: noindex"], False, id="another-robot"),
        pytest.param(["googlebot: nofollow, noindex"], False, id="a-name-holds-to-the-end"),
        pytest.param(["googlebot: noindex, pingback: none"], True, id="our-name"),
        pytest.param(["*: noindex"], True, id="any-robot"),
        pytest.param(["max-snippet:-1, max-image-preview:large, noindex"], True, id="rules-with-values"),
        pytest.param(["unavailable_after: Wed, 25 Jun 2031 15:00:00 GMT, noindex"], True, id="a-date-is-no-name"),
        pytest.param(["", ":", ",,:,", "noindex:"], False, id="rubbish"),
    ],
)
def test_x_robots_tag(fields: list[str], expected: bool) -> None:
    assert says_noindex(fields) is expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        pytest.param('<meta name="robots" content="noindex">', True, id="noindex"),
        pytest.param('<META NAME=Robots CONTENT="NoFollow, NONE">', True, id="capitals"),
        pytest.param('<meta name="robots" content="noindex nofollow">', True, id="blanks-between"),
        pytest.param('<meta name="robots" content="index"><meta name="robots" content="noindex">', True, id="second"),
        pytest.param(
            '<meta name="robots" content="noindex"><meta name="robots" content="index">', True, id="strictest"
        ),
        pytest.param('<meta name="pingback" content="noindex">', True, id="our-name"),
        pytest.param('<meta name="googlebot" content="noindex">', False, id="another-robot"),
        pytest.param('<meta name="robots" content="index, max-image-preview:large">', False, id="other-rules"),
        pytest.param('<meta name="robots"><meta content="noindex">', False, id="half"),
        pytest.param('<!-- <meta name="robots" content="noindex"> -->', False, id="comment"),
    ],
)
def test_meta(page: str, expected: bool) -> None:
    robots = RobotsCollector()
    scan([page.encode()], Passing("https://a.example/"), [robots], charset=None)
    assert robots.noindex is expected
