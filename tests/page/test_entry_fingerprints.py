"""What changes the fingerprints of a post and of its links."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.page.entry import read_post

SOURCE = "https://other.example/notes/six"

ARTICLE = """<nav><a href="/n">n</a></nav><article><h1>Six</h1>
<p>As said in <a href="/five" rel="a b" class="x y">part five</a>, it is so.</p><p>Not in <a href="/four">four</a>.</p>
<footer>f</footer></article><div id=comments>0</div>"""
FIVE, FOUR = "https://other.example/five", "https://other.example/four"


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        pytest.param("n</a>", "menu</a>", set(), id="navigation"),
        pytest.param("<footer>f", "<footer>g", set(), id="footer"),
        pytest.param("comments>0", "comments>a mention came", set(), id="mentions"),
        pytest.param("As said", "<em>As</em>\n  said", set(), id="white-space-and-markup"),
        pytest.param(' rel="a b" class="x y"', " class='y x' rel='b A'", set(), id="order-of-classes"),
        pytest.param("it is so", "it<br> is so", set(), id="a-line-break"),
        pytest.param("it is so", "it was so", {"entry", FIVE}, id="the-words-around"),
        pytest.param("part five<", "five<", {"entry", FIVE}, id="the-words-of-the-link"),
        pytest.param("a b", "a", {"entry", FIVE}, id="rel"),
        pytest.param("x y", "x z", {"entry", FIVE}, id="class"),
        pytest.param("Six", "Seven", {"entry"}, id="the-heading"),
        pytest.param("Not in", "Nor in", {"entry", FOUR}, id="another-link-s-words"),
        pytest.param("/five", "/5", {"entry", FIVE, "https://other.example/5"}, id="the-target"),
        pytest.param("it is so.", 'or <a href="/four">so</a>.', {"entry", FIVE, FOUR}, id="linked-once-more"),
    ],
)
def test_what_changes_a_fingerprint(old: str, new: str, changed: set[str]) -> None:
    before, after = fingerprints(ARTICLE), fingerprints(ARTICLE.replace(old, new))
    assert old in ARTICLE
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == changed


def test_what_an_entry_answers_changes_with_all_of_it() -> None:
    page = (
        '<div class=h-entry><p><a class=u-in-reply-to href="/five">5</a><div class=e-content>Yes <a href="/four">4</a>'
    )
    before, after = fingerprints(page), fingerprints(page + "<p>and no")
    assert before[FIVE] != after[FIVE]
    assert before[FOUR] == after[FOUR]


def fingerprints(page: str) -> dict[str, str]:
    found = read_post(page.encode(), url=SOURCE, content_type="text/html; charset=utf-8")
    return {"entry": found.fingerprint, **{link.target: link.fingerprint for link in found.links}}


@given(
    st.lists(st.sampled_from(ARTICLE.split(">")) | st.text(max_size=5), max_size=30), st.sampled_from([None, "p, div"])
)
def test_any_markup_gives_a_post(pieces: list[str], selector: str | None) -> None:
    page = ">".join(pieces).encode("utf-8", "replace")
    found = read_post(page, url=SOURCE, content_type=None, selector=selector)
    assert found == read_post(page, url=SOURCE, content_type=None, selector=selector)
    assert len(found.fingerprint) == 64
