"""`pingback.server.query`: the fields that webmention.io's API has, and no others' mistakes."""

from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.errors import Fault
from pingback.server.query import Query
from pingback.store.listing import Part, Place, Selection, SortBy

FIVE = "https://my.example/part-5"
ASKED = f"target={FIVE}"
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "selection"),
    [
        pytest.param(ASKED, Selection(targets=(FIVE,)), id="target"),
        pytest.param(f"target={quote(FIVE, safe='')}", Selection(targets=(FIVE,)), id="percent-encoded"),
        pytest.param(f"target=+{FIVE}%20", Selection(targets=(FIVE,)), id="white-space-around"),
        pytest.param(
            f"target[]={FIVE}&target%5B%5D=http://my.example/x&target=https://my.example/y",
            Selection(targets=(FIVE, "http://my.example/x", "https://my.example/y")),
            id="several-targets-however-they-are-named",
        ),
        pytest.param("target=//my.example/part-5", Selection(targets=(FIVE,)), id="protocol-relative"),
        pytest.param(f"target[]=my.example/part-5&{ASKED}", Selection(targets=(FIVE,)), id="one-that-is-no-url"),
        pytest.param("domain=My.Example", Selection(host="my.example"), id="domain"),
        pytest.param("domain=my.example:8443&token=x", Selection(host="my.example:8443"), id="domain-port-token"),
        pytest.param("domain=https://my.example/blog/", Selection(host="my.example"), id="domain-by-a-url"),
        pytest.param("domain=b%C3%BCcher.example", Selection(host="xn--bcher-kva.example"), id="domain-idn"),
        pytest.param(
            f"{ASKED}&wm-property=like-of", Selection(targets=(FIVE,), kinds=("like-of",)), id="a-kind-of-mention"
        ),
        pytest.param(
            f"{ASKED}&wm-property[]=like-of&wm-property[]=rsvp",
            Selection(targets=(FIVE,), kinds=("like-of", "rsvp")),
            id="kinds-that-we-do-not-know-too",
        ),
        pytest.param(f"{ASKED}&since_id=17", Selection(targets=(FIVE,), since_id=17), id="since-an-id"),
        pytest.param(f"{ASKED}&since=&since_id=&jsonp=x&_=1", Selection(targets=(FIVE,)), id="empty-and-unknown"),
    ],
)
def test_selections(query: str, selection: Selection) -> None:
    assert Query(query).selection == selection


@pytest.mark.parametrize(
    ("since", "instant"),
    [
        pytest.param("2026-01-02T12:00:00Z", NOON, id="utc"),
        pytest.param("2026-01-02T12:00:00", NOON, id="no-zone-is-utc"),
        pytest.param("2026-01-02 12:00:00", NOON, id="a-space-before-the-time"),
        pytest.param("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC), id="a-day"),
        pytest.param("2026-01-02T13:00:00%2B01:00", NOON, id="a-zone"),
        pytest.param("2026-01-02T13:00:00+01:00", NOON, id="a-zone-whose-plus-is-a-space"),
        pytest.param("2026-01-02T13:00:00.000001+0100", NOON.replace(microsecond=1), id="and-without-a-colon"),
    ],
)
def test_since(since: str, instant: datetime) -> None:
    assert Query(f"since={since}").since == instant


@pytest.mark.parametrize(
    ("query", "part"),
    [
        pytest.param("", Part(size=20), id="nothing-said"),
        pytest.param("per-page=5&page=2", Part(size=5, skip=10), id="a-page"),
        pytest.param("perPage=5&page=0", Part(size=5), id="its-other-name"),
        pytest.param("per-page=9001", Part(size=1000), id="more-than-we-give"),
        pytest.param("per-page=1000&page=100", Part(size=1000, skip=100_000), id="the-last-page-by-number"),
        pytest.param("sort-by=published&sort-dir=up", Part(size=20, sort_by=SortBy.PUBLISHED, upward=True), id="order"),
        pytest.param("sort-by=created&sort-dir=down", Part(size=20), id="the-usual-order"),
        pytest.param("sort-by=rsvp", Part(size=20), id="by-what-we-have-not"),
        pytest.param("after=-12_34&page=0", Part(size=20, after=Place(-12, 34)), id="after-a-place"),
    ],
)
def test_parts(query: str, part: Part) -> None:
    assert Query(query).part() == part


def test_the_usual_part_may_be_another() -> None:
    assert Query("").part(usual=200, upward=True) == Part(size=200, upward=True)
    assert Query("sort-dir=down&per-page=3").part(usual=200, upward=True) == Part(size=3)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param("", "which page", id="no-target"),
        pytest.param("target=&token=x", "which page", id="an-empty-target"),
        pytest.param("target=part-5", "not an absolute HTTP URL", id="relative"),
        pytest.param("target=mailto:a@b.example", "not an absolute HTTP URL", id="another-scheme"),
        pytest.param(f"target=https://{'a' * 9000}/", "not an absolute HTTP URL", id="too-long"),
        pytest.param("domain=a+b", "not the name of a host", id="domain"),
        pytest.param("domain=a.example&domain=b.example", "domain is given more than once", id="two-domains"),
        pytest.param(f"{ASKED}&since=yesterday", "since is not a time", id="since"),
        pytest.param(f"{ASKED}&since_id=-1", "since_id is not a number", id="since-id"),
        pytest.param(f"{ASKED}&per-page=many", "per-page is not a number", id="per-page"),
        pytest.param(f"{ASKED}&per-page=²", "per-page is not a number", id="per-page-of-other-digits"),
        pytest.param(f"{ASKED}&per-page=0", "at least 1", id="per-page-0"),
        pytest.param(f"{ASKED}&perPage=0", "at least 1", id="perPage-0"),
        pytest.param(f"{ASKED}&page={'9' * 19}", "page is not a number", id="page-of-19-digits"),
        pytest.param(f"{ASKED}&per-page=1000&page=101", "follow rel=next", id="page-too-far"),
        pytest.param(f"{ASKED}&after=1", "after is not from a link", id="after"),
        pytest.param(f"{ASKED}&after=1_2&page=1", "exclude one another", id="after-and-page"),
        pytest.param(f"{ASKED}&sort-by=size", "sort-by is one of created, updated, published", id="sort-by"),
        pytest.param(f"{ASKED}&sort-dir=left", "sort-dir is one of up, down", id="sort-dir"),
        pytest.param("&".join(["target=x"] * 101), "more than 100 fields", id="too-many-fields"),
    ],
)
def test_what_cannot_be_understood(query: str, message: str) -> None:
    with pytest.raises(Fault, match=message):
        _ = Query(query).part(), Query(query).selection


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (ASKED, f"?{ASKED}&after=5_7"),
        (f"page=0&{ASKED}&per-page=5&&", f"?{ASKED}&per-page=5&after=5_7"),
        (f"after=9_9&{ASKED}&sort-dir=up", f"?{ASKED}&sort-dir=up&after=5_7"),
        ("", "?after=5_7"),
    ],
)
def test_the_next_page(query: str, expected: str) -> None:
    assert Query(query).next(Place(5, 7)) == expected


@given(query=st.text() | st.from_regex(r"\A(target|since|page|after|per-page|domain|sort-by|since_id)=.*\Z"))
def test_any_query_gives_a_value_or_a_fault(query: str) -> None:
    with suppress(Fault):
        question = Query(query)
        assert question.part().size <= 1000
        assert question.selection.targets or question.selection.host
