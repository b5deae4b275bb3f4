"""Pages chosen by patterns of their paths."""

import pytest

from pingback.posts.paths import matching


@pytest.mark.parametrize(
    ("pattern", "paths", "others"),
    [
        pytest.param("/posts/**", ["/posts/", "/posts/a/", "/posts/2026/a.html"], ["/", "/blog/posts/a"], id="below"),
        pytest.param("/posts/*", ["/posts/a/", "/posts/a.html"], ["/posts/", "/posts/2026/a/"], id="one-part"),
        pytest.param("/posts/*/", ["/posts/a", "/posts/a/b"], ["/posts/"], id="a-slash-means-all-below"),
        pytest.param("/**/draft-*", ["/draft-1", "/a/b/draft-2/"], ["/draft-1/x"], id="any-depth"),
        pytest.param("tags/**", ["/tags", "/tags/x/", "/blog/tags/x/"], ["/hashtags/x"], id="begins-anywhere"),
        pytest.param("*.html", ["/a.html", "/a/b.html"], ["/a/", "/a.htm"], id="a-suffix"),
        pytest.param("/", ["/", ""], ["/a/"], id="the-home-page"),
        pytest.param("/20??/**/x", ["/2026/x", "/2026/1/2/x"], ["/202/x", "/2026/xx"], id="parts-in-between"),
        pytest.param("/**/a/**/b", ["/a/b", "/x/a/a/c/b"], ["/b/a", "/a/b/c"], id="twice"),
        pytest.param("/fünf*", ["/f%C3%BCnf", "/fünf"], ["/funf"], id="decoded"),
        pytest.param("/a", ["/a?page=2", "/a#x"], ["/A"], id="no-query-and-letters-as-they-are"),
        pytest.param("https://blog.example/a/*", ["/a/b"], ["/b/a"], id="a-whole-address"),
    ],
)
def test_patterns(pattern: str, paths: list[str], others: list[str]) -> None:
    assert [path for path in paths if matching(f"https://blog.example{path}", [pattern]) is None] == []
    assert [path for path in others if matching(f"https://blog.example{path}", [pattern])] == []


def test_the_first_pattern_that_fits_is_told() -> None:
    assert matching("https://blog.example/a/b", ["/b/**", "/a/**", "**"]) == "/a/**"
    assert matching("https://blog.example/a/b", []) is None


def test_a_path_that_was_made_to_take_long() -> None:
    assert matching(f"https://blog.example{'/a' * 4000}", ["/**/a/**/a/**/a/**/b"]) is None
